/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sFlow v5: a header, samples in it, records in these.  All numbers are 32 bits.
 *
 *	| 5 | address type: 1 or 2 | agent's address (4 or 16 bytes) | sub-agent |
 *	| sequence | uptime ms | samples | then | format | length | sample | ...
 *
 *	flow sample (1)		| sequence | source class:8 index:24 | sampling |
 *				| packets seen | drops | in | out | records |
 *	expanded (3)		| sequence | source class | source index | sampling |
 *				| packets seen | drops | in format | in | out format | out |
 *				| records |
 *	counter sample (2)	| sequence | source class:8 index:24 | records |
 *	expanded (4)		| sequence | source class | source index | records |
 *
 *	records			| format | length | record | ...
 *
 * A format is | enterprise:20 | number:12 |, an interface | format:2 | value:30 | or
 * two numbers.  Formats: 0 one interface, 1 dropped for a reason, 2 so many.
 */
#include "controller/flow/sflow.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/flow/packet.h"

enum {
	AGENT_IPV4 = 1,
	AGENT_IPV6 = 2,
	SAMPLE_FLOW = 1,
	SAMPLE_COUNTERS = 2,
	SAMPLE_FLOW_EXPANDED = 3,
	SAMPLE_COUNTERS_EXPANDED = 4,
	COUNTERS_GENERIC = 1,
	IF_SINGLE = 0,
	IF_FORMAT_SHIFT = 30,
	IF_VALUE = 0x3fffffff, /* as a value: the device itself */
	CLASS_SHIFT = 24,
	VID_LAST = 4094,
	DELAY_MAX_MS = 1000,
};

/* What `flow` does not have yet may be set; false: the record is too short. */
typedef bool (*read_record_fn)(struct zl_cursor c, struct zl_flow *flow);

static void set_octets(struct zl_flow *f, uint32_t octets)
{
	if ((f->present & ZL_FLOW_OCTETS) != 0)
		return;
	f->octets = octets;
	f->present |= ZL_FLOW_OCTETS;
}

static void set_mac(
	struct zl_flow *f, uint32_t bit, struct zl_mac *mac, const uint8_t *b)
{
	if ((f->present & bit) != 0)
		return;
	memcpy(mac->b, b, sizeof(mac->b));
	f->present |= bit;
}

/* | protocol | length of the frame | stripped | length of header | header ... | */
static bool read_header(struct zl_cursor c, struct zl_flow *f)
{
	static const struct {
		uint32_t protocol;
		enum zl_packet_layer layer;
	} layers[] = {
		{ 1, ZL_PACKET_ETHERNET },
		{ 11, ZL_PACKET_IPV4 },
		{ 12, ZL_PACKET_IPV6 },
		{ 13, ZL_PACKET_MPLS },
	};
	uint32_t protocol = zl_get_u32(&c), length = zl_get_u32(&c);
	struct zl_cursor packet;

	zl_skip(&c, 4);
	packet = zl_get_window(&c, zl_get_u32(&c));
	if (packet.bad)
		return false;
	set_octets(f, length);
	for (size_t i = 0; i < N_ITEMS(layers); i++)
		if (layers[i].protocol == protocol)
			zl_packet_read(packet, layers[i].layer, f);
	return true;
}

/* | length of the frame | source MAC (8 bytes, 6 used) | destination MAC | type | */
static bool read_frame(struct zl_cursor c, struct zl_flow *f)
{
	uint32_t length = zl_get_u32(&c);
	const uint8_t *src = zl_get_bytes(&c, 8), *dst = zl_get_bytes(&c, 8);

	if (src == NULL || dst == NULL)
		return false;
	set_octets(f, length);
	set_mac(f, ZL_FLOW_SRC_MAC, &f->src_mac, src);
	set_mac(f, ZL_FLOW_DST_MAC, &f->dst_mac, dst);
	return true;
}

/* | length | protocol | source | destination | source port | destination port | */
/* | tcp flags | tos or priority | */
static bool read_ip(struct zl_cursor c, bool is_v4, struct zl_flow *f)
{
	size_t width = is_v4 ? 4 : 16;
	uint32_t length = zl_get_u32(&c), proto = zl_get_u32(&c), sport, dport, flags;
	const uint8_t *src = zl_get_bytes(&c, width), *dst = zl_get_bytes(&c, width);

	sport = zl_get_u32(&c);
	dport = zl_get_u32(&c);
	flags = zl_get_u32(&c);
	zl_skip(&c, 4);
	if (c.bad || src == NULL || dst == NULL)
		return false;
	set_octets(f, length);
	/* The packet itself knows better. */
	if ((f->present & ZL_FLOW_SRC) != 0 || proto > UINT8_MAX)
		return true;
	f->src = is_v4 ? zl_addr_from_v4_be(src) : zl_addr_from_v6(src);
	f->dst = is_v4 ? zl_addr_from_v4_be(dst) : zl_addr_from_v6(dst);
	f->proto = (uint8_t)proto;
	f->present |= ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP)
		return true;
	f->sport = (uint16_t)sport;
	f->dport = (uint16_t)dport;
	f->present |= ZL_FLOW_SPORT | ZL_FLOW_DPORT;
	if (proto == IPPROTO_TCP) {
		f->tcp_flags = (uint8_t)flags;
		f->present |= ZL_FLOW_TCP_FLAGS;
	}
	return true;
}

static bool read_ipv4(struct zl_cursor c, struct zl_flow *f)
{
	return read_ip(c, true, f);
}

static bool read_ipv6(struct zl_cursor c, struct zl_flow *f)
{
	return read_ip(c, false, f);
}

/* | source VLAN | source priority | destination VLAN | destination priority | */
static bool read_switch(struct zl_cursor c, struct zl_flow *f)
{
	uint32_t vlan = zl_get_u32(&c);

	zl_skip(&c, 12);
	if (c.bad)
		return false;
	/* 0: no VLAN; all ones: not known. */
	if ((f->present & ZL_FLOW_VLAN) == 0 && vlan != 0 && vlan <= VID_LAST) {
		f->vlan = (uint16_t)vlan;
		f->present |= ZL_FLOW_VLAN_OF_PORT;
	}
	return true;
}

/* In the order in which they count, whatever the order in the sample. */
static const struct {
	uint32_t format;
	read_record_fn read;
} flow_records[] = {
	{ 1, read_header },
	{ 2, read_frame },
	{ 3, read_ipv4 },
	{ 4, read_ipv6 },
	{ 1001, read_switch },
};

enum { FLOW_RECORDS_N = N_ITEMS(flow_records) };

/* The first of each format that we know; false: a record does not fit. */
static bool find_records(struct zl_cursor c, uint32_t n, struct zl_cursor *ret)
{
	for (uint32_t i = 0; i < n && !c.bad; i++) {
		uint32_t format = zl_get_u32(&c);
		struct zl_cursor record = zl_get_window(&c, zl_get_u32(&c));

		for (size_t k = 0; k < FLOW_RECORDS_N; k++)
			if (flow_records[k].format == format && ret[k].at == NULL)
				ret[k] = record;
	}
	return !c.bad;
}

struct source {
	uint32_t seq;
	uint64_t id;
};

static struct source read_source(struct zl_cursor *c, bool is_expanded)
{
	struct source s = { .seq = zl_get_u32(c) };
	uint64_t type = zl_get_u32(c);

	if (is_expanded)
		s.id = type << 32 | zl_get_u32(c);
	else
		s.id = type >> CLASS_SHIFT << 32 | (type & ((1 << CLASS_SHIFT) - 1));
	return s;
}

static void count_source(struct zl_decode *d, const struct source *s, bool is_counters)
{
	if (d->stream != NULL)
		d->exporter->samples_lost += zl_stream_source_sequence(
			d->stream, s->id, is_counters, s->seq);
}

/* Returns the number; *present gets `no_if` when it is not an interface's. */
static uint32_t read_interface(
	struct zl_cursor *c, bool is_expanded, uint64_t no_if, uint64_t *present)
{
	uint32_t format = zl_get_u32(c), value;

	if (is_expanded) {
		value = zl_get_u32(c);
	} else {
		value = format & IF_VALUE;
		format >>= IF_FORMAT_SHIFT;
	}
	if (format != IF_SINGLE || value == IF_VALUE)
		*present |= no_if;
	return value;
}

static void read_flow_sample(struct zl_decode *d, struct zl_cursor c, bool is_expanded)
{
	struct zl_cursor records[FLOW_RECORDS_N] = { 0 };
	struct source source = read_source(&c, is_expanded);
	struct zl_flow_draft draft = { .flow.packets = 1,
		.flow.age_error_ms = DELAY_MAX_MS,
		.present = ZL_FLOW_PACKETS | ZL_FLOW_IN_IF | ZL_FLOW_OUT_IF |
			   ZL_FLOW_SAMPLING | ZL_FLOW_AGE };
	struct zl_flow *f = &draft.flow;
	bool is_cut = false;
	uint32_t n, drops;

	f->sampling = zl_get_u32(&c);
	zl_skip(&c, 4); /* packets seen */
	drops = zl_get_u32(&c);
	f->in_if = read_interface(&c, is_expanded, ZL_FLOW_IN_NO_IF, &draft.present);
	f->out_if = read_interface(&c, is_expanded, ZL_FLOW_OUT_NO_IF, &draft.present);
	n = zl_get_u32(&c);
	if (c.bad || !find_records(c, n, records)) {
		zl_decode_drop(d, ZL_DROP_SAMPLE_CUT);
		return;
	}
	count_source(d, &source, false);
	if (d->stream != NULL)
		d->exporter->samples_dropped +=
			zl_stream_source_drops(d->stream, source.id, drops);
	for (size_t i = 0; i < FLOW_RECORDS_N; i++)
		if (records[i].at != NULL && !flow_records[i].read(records[i], f)) {
			is_cut = true;
			zl_decode_drop(d, ZL_DROP_SAMPLE_CUT);
		}
	draft.present |= f->present;
	if ((f->present & ZL_FLOW_OCTETS) != 0)
		zl_decode_emit(d, &draft, 0);
	else if (!is_cut)
		zl_decode_drop(d, ZL_DROP_RECORD_EMPTY);
}

/*
 *	| ifIndex | type | speed (u64) | direction | status | in: octets (u64) | unicast |
 *	| multicast | broadcast | discards | errors | unknown protocols | out: octets (u64) |
 *	| unicast | multicast | broadcast | discards | errors | promiscuous |
 */
static bool read_counters(struct zl_cursor c, struct zl_if_counters *ret)
{
	ret->if_index = zl_get_u32(&c);
	ret->type = zl_get_u32(&c);
	ret->speed = zl_get_u64(&c);
	ret->duplex = zl_get_u32(&c);
	ret->status = zl_get_u32(&c);
	ret->in.octets = zl_get_u64(&c);
	ret->in.unicast = zl_get_u32(&c);
	ret->in.multicast = zl_get_u32(&c);
	ret->in.broadcast = zl_get_u32(&c);
	ret->in.discards = zl_get_u32(&c);
	ret->in.errors = zl_get_u32(&c);
	ret->in_unknown = zl_get_u32(&c);
	ret->out.octets = zl_get_u64(&c);
	ret->out.unicast = zl_get_u32(&c);
	ret->out.multicast = zl_get_u32(&c);
	ret->out.broadcast = zl_get_u32(&c);
	ret->out.discards = zl_get_u32(&c);
	ret->out.errors = zl_get_u32(&c);
	ret->promiscuous = zl_get_u32(&c);
	return !c.bad;
}

static void read_counter_sample(
	struct zl_decode *d, struct zl_cursor c, bool is_expanded)
{
	struct source source = read_source(&c, is_expanded);
	uint32_t n = zl_get_u32(&c);

	for (uint32_t i = 0; i < n && !c.bad; i++) {
		uint32_t format = zl_get_u32(&c);
		struct zl_cursor record = zl_get_window(&c, zl_get_u32(&c));
		struct zl_if_counters counters = { 0 };

		if (record.bad || format != COUNTERS_GENERIC)
			continue;
		if (read_counters(record, &counters))
			zl_decode_emit_counters(d, &counters);
		else
			zl_decode_drop(d, ZL_DROP_SAMPLE_CUT);
	}
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_SAMPLE_CUT);
		return;
	}
	count_source(d, &source, true);
	d->exporter->counters++;
}

static void read_sample(struct zl_decode *d, uint32_t format, struct zl_cursor c)
{
	switch (format) {
	case SAMPLE_FLOW:
	case SAMPLE_FLOW_EXPANDED:
		read_flow_sample(d, c, format == SAMPLE_FLOW_EXPANDED);
		break;
	case SAMPLE_COUNTERS:
	case SAMPLE_COUNTERS_EXPANDED:
		read_counter_sample(d, c, format == SAMPLE_COUNTERS_EXPANDED);
		break;
	default: zl_decode_drop(d, ZL_DROP_SAMPLE_UNKNOWN);
	}
}

/* Do all samples lie within the datagram?  What stands behind them is padding. */
static bool is_whole(struct zl_cursor c, uint32_t n)
{
	for (uint32_t i = 0; i < n && !c.bad; i++) {
		zl_skip(&c, 4);
		zl_skip(&c, zl_get_u32(&c));
	}
	return !c.bad;
}

/* The agent's address; false: there is no such type. */
static bool read_agent(struct zl_cursor *c, struct zl_addr *ret)
{
	uint32_t type = zl_get_u32(c);
	const uint8_t *b;

	if (!c->bad && type != AGENT_IPV4 && type != AGENT_IPV6)
		return false;
	b = zl_get_bytes(c, type == AGENT_IPV4 ? 4 : 16);
	if (b != NULL)
		*ret = type == AGENT_IPV4 ? zl_addr_from_v4_be(b) : zl_addr_from_v6(b);
	return true;
}

void zl_sflow_decode(struct zl_decode *d, struct zl_cursor c)
{
	uint32_t sequence, n;

	if (!read_agent(&c, &d->key.agent)) {
		zl_decode_drop(d, ZL_DROP_AGENT_ADDRESS);
		return;
	}
	d->key.odid = zl_get_u32(&c);
	sequence = zl_get_u32(&c);
	zl_skip(&c, 4); /* uptime */
	n = zl_get_u32(&c);
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_HEADER_SHORT);
		return;
	}
	if (!is_whole(c, n)) {
		zl_decode_drop(d, ZL_DROP_SAMPLE_LENGTH);
		return;
	}
	d->stream = zl_exporter_stream(d->exporter, &d->key, true, d->datagram->now);
	if (d->stream != NULL)
		zl_decode_sequence(d, sequence, 1, true);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t format = zl_get_u32(&c);

		read_sample(d, format, zl_get_window(&c, zl_get_u32(&c)));
	}
}
