/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build captured packets that hold a UDP datagram, and lie on purpose.
 *
 *	struct zl_packetgen p = { .payload = "hello" };
 *	zl_packetgen_build(&p, &g);			(g.bytes, g.n)
 *
 * From 10.0.0.1 port 1000 to 10.0.0.2 port 2055, or the same below fd00::.
 */
#ifndef ZL_SUPPORT_PACKETGEN_H
#define ZL_SUPPORT_PACKETGEN_H
#include <stdbool.h>

#include "controller/flow/datagram.h"
#include "tests/support/flowgen.h"

struct zl_packetgen {
	const char *payload; /* text, or `n_payload` bytes */
	size_t n_payload;
	enum zl_datagram_link link;
	uint16_t tags[3]; /* Ethernet types of VLAN tags, 0 ends */
	bool is_ipv6;
	uint8_t extensions
		[4]; /* of IPv6, or { 1 }: options of IPv4; 0 ends; 255: hop by hop */
	uint16_t fragment;		/* as it stands in the header */
	uint8_t protocol;		/* 0: UDP */
	uint16_t type;			/* of Ethernet; 0: the right one */
	uint8_t first;			/* byte of the IPv4 header; 0: the right one */
	uint16_t ip_length, udp_length; /* 0: the right ones; UINT16_MAX: 0 */
	size_t padding;			/* behind the IP packet */
	size_t cut;			/* bytes off the end of what was captured */
};

void zl_packetgen_build(const struct zl_packetgen *p, struct zl_flowgen *g);

#endif
