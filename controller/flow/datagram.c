/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From link layer to UDP payload. */
#include "controller/flow/datagram.h"

#include <net/ethernet.h>
#include <netinet/in.h>

#include "base/cleanup.h"

enum {
	MAC_BYTES = 12,
	COOKED_BEFORE = 14,
	COOKED2_BEHIND = 18,
	FAMILY_BYTES = 4,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	IPV4_HEADER = 20,
	UDP_HEADER = 8,
	IPV4_OFFSET_AND_MORE = 0x3fff,
	IPV6_OFFSET_AND_MORE = 0xfff9,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};

/* clang-format off */
const struct zl_datagram_kind_info zl_datagram_kinds[ZL_DATAGRAM_N] = {
	[ZL_DATAGRAM_UDP]	  = { "packet_udp", "the packet holds a UDP datagram" },
	[ZL_DATAGRAM_NOT_IP]	  = { "packet_not_ip", "the packet is neither IPv4 nor IPv6" },
	[ZL_DATAGRAM_NOT_UDP]	  = { "packet_not_udp", "the packet is IP, but not UDP" },
	[ZL_DATAGRAM_FRAGMENT]	  = { "packet_fragment", "the packet is a fragment; these are not put together" },
	[ZL_DATAGRAM_HEADERS_CUT] = { "packet_cut", "the packet was captured too short to hold its headers" },
	[ZL_DATAGRAM_MALFORMED]	  = { "packet_malformed", "a length in the packet's headers is impossible" },
};
/* clang-format on */

/* What the version in the first byte of an IP header says, as an Ethernet type. */
static uint16_t type_by_version(struct zl_cursor c)
{
	switch (zl_get_u8(&c) >> 4) {
	case 4: return ETHERTYPE_IP;
	case 6: return ETHERTYPE_IPV6;
	}
	return 0;
}

/* Step over the link layer; the Ethernet type of what is behind it. */
static uint16_t get_type(enum zl_datagram_link link, struct zl_cursor *c)
{
	uint16_t type = 0;

	switch (link) {
	case ZL_DATAGRAM_ETHERNET:
		zl_skip(c, MAC_BYTES);
		type = zl_get_u16(c);
		break;
	case ZL_DATAGRAM_COOKED:
		zl_skip(c, COOKED_BEFORE);
		type = zl_get_u16(c);
		break;
	case ZL_DATAGRAM_COOKED2:
		type = zl_get_u16(c);
		zl_skip(c, COOKED2_BEHIND);
		break;
	case ZL_DATAGRAM_LOOPBACK:
		/* the number for IPv6 differs between systems, IP's own version does not */
		zl_skip(c, FAMILY_BYTES);
		return type_by_version(*c);
	case ZL_DATAGRAM_RAW: return type_by_version(*c);
	}
	while (type == ETHERTYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
		zl_skip(c, 2);
		type = zl_get_u16(c);
	}
	return type;
}

/* Whatever stands behind the packet (padding of short frames) is not its payload. */
static void shorten(struct zl_cursor *c, size_t n)
{
	if (n < c->left)
		c->left = n;
}

static enum zl_datagram_kind read_ipv4(struct zl_cursor *c, struct zl_datagram_found *f)
{
	size_t header = (size_t)(zl_get_u8(c) & 15) * 4, total;
	uint16_t fragment;
	uint8_t protocol;

	zl_skip(c, 1);
	total = zl_get_u16(c);
	zl_skip(c, 2);
	fragment = zl_get_u16(c);
	zl_skip(c, 1);
	protocol = zl_get_u8(c);
	zl_skip(c, 2);
	f->src = zl_addr_from_v4(zl_get_u32(c));
	f->dst = zl_addr_from_v4(zl_get_u32(c));
	if (c->bad)
		return ZL_DATAGRAM_HEADERS_CUT;
	if (header < IPV4_HEADER || (total != 0 && total < header))
		return ZL_DATAGRAM_MALFORMED;
	if (total != 0) /* 0: segmentation was left to the hardware */
		shorten(c, total - IPV4_HEADER);
	zl_skip(c, header - IPV4_HEADER);
	if (protocol != IPPROTO_UDP)
		return ZL_DATAGRAM_NOT_UDP;
	return (fragment & IPV4_OFFSET_AND_MORE) != 0 ? ZL_DATAGRAM_FRAGMENT
						      : ZL_DATAGRAM_UDP;
}

/* Step over extension headers; each takes bytes, so the packet bounds them. */
static enum zl_datagram_kind skip_extensions(struct zl_cursor *c, uint8_t next)
{
	bool is_fragment = false;

	for (; !c->bad;) {
		uint8_t behind = next;

		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_MH:
		case NEXT_HIP:
		case NEXT_SHIM6:
			behind = zl_get_u8(c);
			zl_skip(c, 8 * ((size_t)zl_get_u8(c) + 1) - 2);
			break;
		case IPPROTO_AH: /* counts otherwise: RFC 4302, 2.2 */
			behind = zl_get_u8(c);
			zl_skip(c, 4 * ((size_t)zl_get_u8(c) + 2) - 2);
			break;
		case IPPROTO_FRAGMENT:
			behind = zl_get_u8(c);
			zl_skip(c, 1);
			if ((zl_get_u16(c) & IPV6_OFFSET_AND_MORE) != 0)
				is_fragment = true;
			zl_skip(c, 4);
			if (is_fragment && !c->bad)
				return behind == IPPROTO_UDP ? ZL_DATAGRAM_FRAGMENT
							     : ZL_DATAGRAM_NOT_UDP;
			break;
		case IPPROTO_UDP: return ZL_DATAGRAM_UDP;
		default: return ZL_DATAGRAM_NOT_UDP;
		}
		next = behind;
	}
	return ZL_DATAGRAM_HEADERS_CUT;
}

static enum zl_datagram_kind read_ipv6(struct zl_cursor *c, struct zl_datagram_found *f)
{
	const uint8_t *src, *dst;
	uint8_t next;
	size_t n;

	zl_skip(c, 4);
	n = zl_get_u16(c);
	next = zl_get_u8(c);
	zl_skip(c, 1);
	src = zl_get_bytes(c, sizeof(f->src.b));
	dst = zl_get_bytes(c, sizeof(f->dst.b));
	if (src == NULL || dst == NULL)
		return ZL_DATAGRAM_HEADERS_CUT;
	f->src = zl_addr_from_v6(src);
	f->dst = zl_addr_from_v6(dst);
	if (n != 0)
		shorten(c, n);
	return skip_extensions(c, next);
}

static enum zl_datagram_kind read_udp(struct zl_cursor *c, struct zl_datagram_found *f)
{
	size_t n;

	f->sport = zl_get_u16(c);
	f->dport = zl_get_u16(c);
	n = zl_get_u16(c);
	zl_skip(c, 2);
	if (c->bad)
		return ZL_DATAGRAM_HEADERS_CUT;
	if (n < UDP_HEADER)
		return ZL_DATAGRAM_MALFORMED;
	n -= UDP_HEADER;
	f->is_cut = n > c->left;
	shorten(c, n);
	f->bytes = c->at;
	f->n = c->left;
	return ZL_DATAGRAM_UDP;
}

enum zl_datagram_kind zl_datagram_find(enum zl_datagram_link link,
	struct zl_cursor packet, struct zl_datagram_found *ret)
{
	struct zl_datagram_found found = { 0 };
	uint16_t type = get_type(link, &packet);
	enum zl_datagram_kind kind = ZL_DATAGRAM_NOT_IP;

	if (packet.bad)
		return ZL_DATAGRAM_HEADERS_CUT;
	if (type == ETHERTYPE_IP)
		kind = read_ipv4(&packet, &found);
	else if (type == ETHERTYPE_IPV6)
		kind = read_ipv6(&packet, &found);
	if (kind == ZL_DATAGRAM_UDP)
		kind = read_udp(&packet, &found);
	if (kind == ZL_DATAGRAM_UDP)
		*ret = found;
	return kind;
}
