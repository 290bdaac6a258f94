/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NetFlow v9: a header of 20 bytes, then sets.
 *
 *	| 9 | count | sysUptime ms (u32) | seconds (u32) | sequence (u32) |
 *	| source id (u32) |
 *
 * `count` is not used: exporters count sets, templates or records in it, or nothing
 * that is there.  `sequence` counts datagrams.
 */
#include "controller/flow/netflow9.h"

#include "controller/flow/flowset.h"

static const struct zl_flowset_ids ids = {
	.templates = 0,
	.options = 1,
	.format = ZL_TEMPLATE_V9,
};

void zl_netflow9_decode(struct zl_decode *d, struct zl_cursor c)
{
	uint32_t uptime, sequence;
	int64_t seconds;

	zl_skip(&c, 2); /* count */
	uptime = zl_get_u32(&c);
	seconds = zl_get_u32(&c);
	sequence = zl_get_u32(&c);
	d->key.odid = zl_get_u32(&c);
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_HEADER_SHORT);
		return;
	}
	d->clock = (struct zl_complete_clock){ .has_uptime = true,
		.uptime_ms = uptime,
		.export_ms = seconds * 1000,
		.step_ms = 1000 };
	if (zl_flowset_decode(d, c, &ids) && d->stream != NULL)
		zl_decode_sequence(d, sequence, 1, true);
}
