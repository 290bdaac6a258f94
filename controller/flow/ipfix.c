/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPFIX: a header of 16 bytes, then sets.
 *
 *	| 10 | length of the message | export time, seconds (u32) |
 *	| sequence (u32) | observation domain id (u32) |
 *
 * Over UDP one datagram is one message (RFC 7011, section 10.3.3), so the lengths must
 * agree.  `sequence` counts the data records sent before this message.
 */
#include "controller/flow/ipfix.h"

#include "controller/flow/flowset.h"

static const struct zl_flowset_ids ids = {
	.templates = 2,
	.options = 3,
	.format = ZL_TEMPLATE_IPFIX,
};

void zl_ipfix_decode(struct zl_decode *d, struct zl_cursor c)
{
	uint16_t length = zl_get_u16(&c);
	int64_t seconds = zl_get_u32(&c);
	uint32_t sequence = zl_get_u32(&c);

	d->key.odid = zl_get_u32(&c);
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_HEADER_SHORT);
		return;
	}
	if (length != d->datagram->n) {
		zl_decode_drop(d, ZL_DROP_MESSAGE_LENGTH);
		return;
	}
	d->clock = (struct zl_complete_clock){ .export_ms = seconds * 1000,
		.step_ms = 1000 };
	if (zl_flowset_decode(d, c, &ids) && d->stream != NULL)
		zl_decode_sequence(d, sequence, d->n_records, d->is_counted);
}
