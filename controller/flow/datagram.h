/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the UDP datagram in a captured packet.
 *
 *	Ethernet	| destination | source | type (u16) |
 *	cooked v1	| 14 bytes | protocol (u16) |
 *	cooked v2	| protocol (u16) | 18 bytes |
 *	loopback	| address family, in whatever order its writer had |
 *	raw		nothing: IPv4 or IPv6 by the version in its first byte
 *
 * Behind them VLAN tags, IPv4 or IPv6 with extension headers, UDP (RFC 791, 8200, 768).
 * Fragments are not put together: each of them is one packet that was not used.
 *
 * Not the headers inside of sFlow samples: these become fields of a flow.
 */
#ifndef ZL_FLOW_DATAGRAM_H
#define ZL_FLOW_DATAGRAM_H
#include "base/addr.h"
#include "base/cursor.h"

enum zl_datagram_link {
	ZL_DATAGRAM_ETHERNET,
	ZL_DATAGRAM_COOKED,  /* Linux, capture on "any" */
	ZL_DATAGRAM_COOKED2, /* the same since libpcap 1.10 */
	ZL_DATAGRAM_LOOPBACK,
	ZL_DATAGRAM_RAW,
};

/* What a packet is to us. */
enum zl_datagram_kind {
	ZL_DATAGRAM_UDP,
	ZL_DATAGRAM_NOT_IP,
	ZL_DATAGRAM_NOT_UDP,
	ZL_DATAGRAM_FRAGMENT,
	ZL_DATAGRAM_HEADERS_CUT,
	ZL_DATAGRAM_MALFORMED,
	ZL_DATAGRAM_N
};

struct zl_datagram_kind_info {
	const char *name;     /* stable: in JSON */
	const char *sentence; /* for people */
};

extern const struct zl_datagram_kind_info zl_datagram_kinds[ZL_DATAGRAM_N];

struct zl_datagram_found {
	struct zl_addr src, dst;
	uint16_t sport, dport;
	const uint8_t *bytes; /* the payload, borrowed from the packet */
	size_t n;
	bool is_cut; /* it was longer */
};

/* *ret is set for ZL_DATAGRAM_UDP only. */
enum zl_datagram_kind zl_datagram_find(enum zl_datagram_link link,
	struct zl_cursor packet, struct zl_datagram_found *ret);

#endif
