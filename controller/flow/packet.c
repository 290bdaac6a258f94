/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the headers of one packet. */
#include "controller/flow/packet.h"

#include <netinet/in.h>
#include <string.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_TAG = 0x8100,	   /* 802.1Q */
	TYPE_TAG_SERVICE = 0x88a8, /* 802.1ad */
	TYPE_TAG_OLD = 0x9100,	   /* QinQ before 802.1ad */
	TYPE_FIRST = 0x0600,	   /* below, it is a length (802.3) */
	LLC_SNAP = 0xaaaa03,
	VID_MASK = 0x0fff,
	MPLS_BOTTOM = 1 << 8,
	FRAGMENT_OFFSET_4 = 0x1fff,
	FRAGMENT_OFFSET_6 = 0xfff8,
};

static void read_ports(struct zl_cursor *c, struct zl_flow *f)
{
	uint16_t sport = zl_get_u16(c), dport = zl_get_u16(c);

	if (c->bad)
		return;
	f->sport = sport;
	f->dport = dport;
	f->present |= ZL_FLOW_SPORT | ZL_FLOW_DPORT;
}

/*
 *	| source port | destination port | sequence (u32) | acknowledgement (u32) |
 *	| data offset, reserved | flags (u8) | ...
 */
static void read_tcp(struct zl_cursor c, struct zl_flow *f)
{
	uint8_t flags;

	read_ports(&c, f);
	zl_skip(&c, 9);
	flags = zl_get_u8(&c);
	if (c.bad)
		return;
	f->tcp_flags = flags;
	f->present |= ZL_FLOW_TCP_FLAGS;
}

static void read_icmp(struct zl_cursor c, struct zl_flow *f)
{
	uint16_t type_code = zl_get_u16(&c);

	if (c.bad)
		return;
	f->icmp = type_code;
	f->present |= ZL_FLOW_ICMP;
}

static void read_transport(struct zl_cursor c, uint8_t proto, struct zl_flow *f)
{
	if (proto == IPPROTO_TCP)
		read_tcp(c, f);
	else if (proto == IPPROTO_UDP || proto == IPPROTO_SCTP)
		read_ports(&c, f);
	else if ((proto == IPPROTO_ICMP && f->ip_version == 4) ||
		 (proto == IPPROTO_ICMPV6 && f->ip_version == 6))
		read_icmp(c, f);
}

static void set_proto(struct zl_flow *f, uint8_t proto)
{
	f->proto = proto;
	f->present |= ZL_FLOW_PROTO;
}

static void set_tos(struct zl_flow *f, uint8_t tos)
{
	f->tos = tos;
	f->present |= ZL_FLOW_TOS;
}

/*
 *	| version:4 words of header:4 | tos | length (u16) | id (u16) | fragment (u16) |
 *	| ttl | protocol | checksum (u16) | source | destination | options ...
 */
static void read_ipv4(struct zl_cursor c, struct zl_flow *f)
{
	uint8_t first = zl_get_u8(&c), tos = zl_get_u8(&c), proto;
	unsigned words = first & 15;
	uint16_t fragment;
	uint32_t src, dst;

	zl_skip(&c, 4);
	fragment = zl_get_u16(&c);
	zl_skip(&c, 1);
	proto = zl_get_u8(&c);
	if (c.bad || first >> 4 != 4 || words < 5)
		return;
	set_tos(f, tos);
	set_proto(f, proto);
	zl_skip(&c, 2);
	src = zl_get_u32(&c);
	dst = zl_get_u32(&c);
	if (c.bad)
		return;
	f->ip_version = 4;
	f->src = zl_addr_from_v4(src);
	f->dst = zl_addr_from_v4(dst);
	f->present |= ZL_FLOW_SRC | ZL_FLOW_DST;
	zl_skip(&c, (size_t)(words - 5) * 4);
	if ((fragment & FRAGMENT_OFFSET_4) == 0)
		read_transport(c, proto, f);
}

static bool is_extension(uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case 139: /* host identity (RFC 7401) */
	case 140: /* shim6 (RFC 5533) */ return true;
	default: return false;
	}
}

/*
 *	fragment	| next | reserved | offset:13 0:2 more:1 | id (u32) |
 *	authentication	| next | words of 4 bytes - 2 | ...
 *	others		| next | words of 8 bytes - 1 | ...
 *
 * Returns the next header; *ret_later: these bytes are not the packet's first.
 */
static uint8_t read_extension(struct zl_cursor *c, uint8_t what, bool *ret_later)
{
	uint8_t next = zl_get_u8(c), length = zl_get_u8(c);

	if (what == IPPROTO_FRAGMENT) {
		*ret_later = (zl_get_u16(c) & FRAGMENT_OFFSET_6) != 0;
		zl_skip(c, 4);
	} else if (what == IPPROTO_AH) {
		zl_skip(c, (size_t)length * 4 + 6);
	} else {
		zl_skip(c, (size_t)length * 8 + 6);
	}
	return next;
}

/*
 *	| version:4 traffic class:8 flow label:20 | length (u16) | next | hop limit |
 *	| source | destination | extension headers ...
 */
static void read_ipv6(struct zl_cursor c, struct zl_flow *f)
{
	uint32_t first = zl_get_u32(&c);
	const uint8_t *src, *dst;
	bool later = false;
	uint8_t next;

	zl_skip(&c, 2);
	next = zl_get_u8(&c);
	zl_skip(&c, 1);
	src = zl_get_bytes(&c, 16);
	dst = zl_get_bytes(&c, 16);
	if (first >> 28 != 6 || src == NULL || dst == NULL)
		return;
	f->ip_version = 6;
	f->src = zl_addr_from_v6(src);
	f->dst = zl_addr_from_v6(dst);
	f->present |= ZL_FLOW_SRC | ZL_FLOW_DST;
	set_tos(f, (uint8_t)(first >> 20));
	for (unsigned i = 0; is_extension(next) && !later; i++) {
		if (i == ZL_PACKET_EXTENSIONS_MAX)
			return;
		next = read_extension(&c, next, &later);
	}
	/* Of a later fragment the header before says the protocol, unless that was
	 * one more extension header, which is in the first fragment. */
	if (c.bad || is_extension(next))
		return;
	set_proto(f, next);
	if (!later)
		read_transport(c, next, f);
}

/* | label:20 traffic class:3 bottom:1 ttl:8 | ... and what is below is seen by itself. */
static void read_mpls(struct zl_cursor c, struct zl_flow *f)
{
	uint32_t entry = 0;
	struct zl_cursor peek;
	uint8_t version;

	for (unsigned i = 0; i < ZL_PACKET_LABELS_MAX && !c.bad; i++) {
		entry = zl_get_u32(&c);
		if ((entry & MPLS_BOTTOM) != 0)
			break;
	}
	if ((entry & MPLS_BOTTOM) == 0)
		return;
	peek = c;
	version = zl_get_u8(&peek) >> 4;
	if (version == 4)
		read_ipv4(c, f);
	else if (version == 6)
		read_ipv6(c, f);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_TAG || type == TYPE_TAG_SERVICE || type == TYPE_TAG_OLD;
}

/*
 *	| destination (6) | source (6) | type, or length below 1536 (u16) |
 *	tags:	| priority:3 drop:1 id:12 | type (u16) |
 *	802.3:	| aa | aa | 03 | organisation (3): 0 | type (u16) |
 */
static void read_ethernet(struct zl_cursor c, struct zl_flow *f)
{
	const uint8_t *dst = zl_get_bytes(&c, 6), *src;
	uint16_t type;

	if (dst != NULL) {
		memcpy(f->dst_mac.b, dst, sizeof(f->dst_mac.b));
		f->present |= ZL_FLOW_DST_MAC;
	}
	src = zl_get_bytes(&c, 6);
	if (src != NULL) {
		memcpy(f->src_mac.b, src, sizeof(f->src_mac.b));
		f->present |= ZL_FLOW_SRC_MAC;
	}
	type = zl_get_u16(&c);
	for (unsigned i = 0; is_tag(type) && i < ZL_PACKET_TAGS_MAX; i++) {
		uint16_t tag = zl_get_u16(&c);

		if (!c.bad && (f->present & ZL_FLOW_VLAN) == 0) {
			f->vlan = tag & VID_MASK;
			f->present |= ZL_FLOW_VLAN;
		}
		type = zl_get_u16(&c);
	}
	if (type < TYPE_FIRST) {
		if (zl_get_uint(&c, 3) != LLC_SNAP || zl_get_uint(&c, 3) != 0)
			return;
		type = zl_get_u16(&c);
	}
	if (type == TYPE_IPV4)
		read_ipv4(c, f);
	else if (type == TYPE_IPV6)
		read_ipv6(c, f);
	else if (type == TYPE_MPLS || type == TYPE_MPLS_MULTICAST)
		read_mpls(c, f);
}

void zl_packet_read(
	struct zl_cursor packet, enum zl_packet_layer layer, struct zl_flow *flow)
{
	switch (layer) {
	case ZL_PACKET_ETHERNET: read_ethernet(packet, flow); break;
	case ZL_PACKET_IPV4: read_ipv4(packet, flow); break;
	case ZL_PACKET_IPV6: read_ipv6(packet, flow); break;
	case ZL_PACKET_MPLS: read_mpls(packet, flow); break;
	}
}
