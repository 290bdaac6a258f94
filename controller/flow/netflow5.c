/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NetFlow v5: a header of 24 bytes and fixed records of 48 bytes.
 *
 *	| 5 | count | sysUptime ms (u32) | seconds (u32) | nanoseconds (u32) |
 *	| sequence (u32) | engine type (u8) | engine id (u8) | sampling (u16) |
 *
 *	| source | destination | next hop | in if (u16) | out if (u16) |
 *	| packets (u32) | octets (u32) | first ms (u32) | last ms (u32) |
 *	| source port | destination port | pad (u8) | tcp flags (u8) |
 *	| protocol (u8) | tos (u8) | AS (u16) | AS (u16) | masks (u16) | pad (u16) |
 *
 * The upper two bits of `sampling` are the mode, the others the interval.  Nothing else
 * tells whether a datagram is whole, so its length must be exactly that of `count`
 * records.
 */
#include "controller/flow/netflow5.h"

enum { RECORD_SIZE = 48, SAMPLING_MASK = 0x3fff, NS_PER_MS = 1000000 };

enum {
	RECORD_FIELDS = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_SPORT | ZL_FLOW_DPORT |
			ZL_FLOW_PROTO | ZL_FLOW_OCTETS | ZL_FLOW_PACKETS |
			ZL_FLOW_IN_IF | ZL_FLOW_OUT_IF | ZL_FLOW_TCP_FLAGS |
			ZL_FLOW_TOS | ZL_FLOW_SAMPLING,
};

static void read_record(struct zl_cursor *c, struct zl_flow_draft *draft)
{
	struct zl_flow *f = &draft->flow;

	f->src = zl_addr_from_v4(zl_get_u32(c));
	f->dst = zl_addr_from_v4(zl_get_u32(c));
	zl_skip(c, 4); /* next hop */
	f->in_if = zl_get_u16(c);
	f->out_if = zl_get_u16(c);
	f->packets = zl_get_u32(c);
	f->octets = zl_get_u32(c);
	draft->first_uptime = zl_get_u32(c);
	draft->last_uptime = zl_get_u32(c);
	f->sport = zl_get_u16(c);
	f->dport = zl_get_u16(c);
	zl_skip(c, 1);
	f->tcp_flags = zl_get_u8(c);
	f->proto = zl_get_u8(c);
	f->tos = zl_get_u8(c);
	zl_skip(c, 8); /* AS numbers, masks, pad */
	draft->present = RECORD_FIELDS | ZL_ASIDE_FIRST_UPTIME | ZL_ASIDE_LAST_UPTIME;
}

void zl_netflow5_decode(struct zl_decode *d, struct zl_cursor c)
{
	uint16_t count = zl_get_u16(&c), sampling;
	uint32_t uptime = zl_get_u32(&c);
	int64_t seconds = zl_get_u32(&c);
	int64_t ns = zl_get_u32(&c);
	uint32_t sequence = zl_get_u32(&c);

	d->key.odid = zl_get_u16(&c); /* engine type and id */
	sampling = zl_get_u16(&c) & SAMPLING_MASK;
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_HEADER_SHORT);
		return;
	}
	if (count == 0 || c.left != (size_t)count * RECORD_SIZE) {
		zl_decode_drop(d, ZL_DROP_V5_COUNT);
		return;
	}
	d->clock = (struct zl_complete_clock){ .has_uptime = true,
		.uptime_ms = uptime,
		.export_ms = seconds * 1000 + ns / NS_PER_MS,
		.step_ms = 1 };
	d->stream = zl_exporter_stream(d->exporter, &d->key, true, d->datagram->now);
	if (d->stream != NULL)
		zl_decode_sequence(d, sequence, count, true);
	while (c.left > 0) {
		struct zl_flow_draft draft = { .flow.sampling = sampling };

		read_record(&c, &draft);
		zl_decode_emit(d, &draft, 0);
	}
}
