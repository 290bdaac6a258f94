/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of packets: what each kind tells, and every one cut at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/packet.h"

enum {
	MACS = ZL_FLOW_SRC_MAC | ZL_FLOW_DST_MAC,
	ADDRS = ZL_FLOW_SRC | ZL_FLOW_DST,
	IP = ADDRS | ZL_FLOW_PROTO | ZL_FLOW_TOS,
	PORTS = ZL_FLOW_SPORT | ZL_FLOW_DPORT,
	TCP = PORTS | ZL_FLOW_TCP_FLAGS,
};

/* Parts of packets, as they follow each other on the wire. */
#define ETHERNET 0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1
#define TYPE_4	 8, 0
#define TYPE_6	 0x86, 0xdd
#define IPV4_(words, fragment, proto)                                                  \
	0x40 | (words), 0x10, 0, 60, 0, 1, (fragment) >> 8, (fragment)&255, 64, proto, \
		0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define IPV4(proto) IPV4_(5, 0x4000, proto)
#define IPV6(next)                                                                     \
	0x61, 0, 0, 0, 0, 20, next, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
		0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define PORTS_	  0x9c, 0x40, 0, 22
#define TCP_	  PORTS_, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0
#define UDP_	  PORTS_, 0, 8, 0, 0
#define ICMP_	  8, 3, 0, 0
#define HOP(next) next, 0, 1, 4, 0, 0, 0, 0
#define BYTES(...)                                                                     \
	.bytes = (const uint8_t[]){ __VA_ARGS__ },                                     \
	.n = sizeof((uint8_t[]){ __VA_ARGS__ })

struct packet_case {
	const char *name;
	enum zl_packet_layer layer;
	const uint8_t *bytes;
	size_t n;
	uint32_t present;
	uint8_t ip_version, proto;
	uint16_t vlan, icmp;
};

/* clang-format off */
static struct packet_case cases[] = {
	{ "TCP over IPv4", ZL_PACKET_ETHERNET, BYTES(ETHERNET, TYPE_4, IPV4(6), TCP_), MACS | IP | TCP, 4, 6 },
	{ "UDP over IPv4", ZL_PACKET_ETHERNET, BYTES(ETHERNET, TYPE_4, IPV4(17), UDP_), MACS | IP | PORTS, 4, 17 },
	{ "SCTP over IPv4", ZL_PACKET_ETHERNET, BYTES(ETHERNET, TYPE_4, IPV4(132), UDP_), MACS | IP | PORTS, 4, 132 },
	{ "ICMP", ZL_PACKET_ETHERNET, BYTES(ETHERNET, TYPE_4, IPV4(1), ICMP_), MACS | IP | ZL_FLOW_ICMP, 4, 1, .icmp = 0x803 },
	{ "ICMPv6 over IPv4 is nothing", ZL_PACKET_IPV4, BYTES(IPV4(58), ICMP_), IP, 4, 58 },
	{ "ICMP over IPv6 is nothing", ZL_PACKET_IPV6, BYTES(IPV6(1), ICMP_), IP, 6, 1 },
	{ "GRE", ZL_PACKET_IPV4, BYTES(IPV4(47), 0, 0, 8, 0), IP, 4, 47 },
	{ "options", ZL_PACKET_IPV4, BYTES(IPV4_(7, 0, 6), 1, 1, 1, 1, 1, 1, 1, 0, TCP_), IP | TCP, 4, 6 },
	{ "header of 16 bytes", ZL_PACKET_IPV4, BYTES(IPV4_(4, 0, 6), TCP_), 0 },
	{ "IPv6 where IPv4 was said", ZL_PACKET_IPV4, BYTES(IPV6(6), TCP_), 0 },
	{ "IPv4 where IPv6 was said", ZL_PACKET_IPV6, BYTES(IPV4(6), TCP_, TCP_), 0 },
	{ "first fragment", ZL_PACKET_IPV4, BYTES(IPV4_(5, 0x2000, 17), UDP_), IP | PORTS, 4, 17 },
	{ "later fragment", ZL_PACKET_IPV4, BYTES(IPV4_(5, 0x2001, 17), UDP_), IP, 4, 17 },
	{ "TCP over IPv6", ZL_PACKET_ETHERNET, BYTES(ETHERNET, TYPE_6, IPV6(6), TCP_), MACS | IP | TCP, 6, 6 },
	{ "ICMPv6", ZL_PACKET_IPV6, BYTES(IPV6(58), ICMP_), IP | ZL_FLOW_ICMP, 6, 58, .icmp = 0x803 },
	{ "hop by hop, destination options", ZL_PACKET_IPV6, BYTES(IPV6(0), HOP(60), HOP(17), UDP_), IP | PORTS, 6, 17 },
	{ "long routing header", ZL_PACKET_IPV6, BYTES(IPV6(43), 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, TCP_), IP | TCP, 6, 6 },
	{ "authentication header", ZL_PACKET_IPV6, BYTES(IPV6(51), 6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, TCP_), IP | TCP, 6, 6 },
	{ "no next header", ZL_PACKET_IPV6, BYTES(IPV6(59), TCP_), IP, 6, 59 },
	{ "first fragment of IPv6", ZL_PACKET_IPV6, BYTES(IPV6(44), 6, 0, 0, 1, 0, 0, 0, 1, TCP_), IP | TCP, 6, 6 },
	{ "later fragment of IPv6", ZL_PACKET_IPV6, BYTES(IPV6(44), 6, 0, 0, 9, 0, 0, 0, 1, TCP_), IP, 6, 6 },
	{ "later fragment behind which there is more", ZL_PACKET_IPV6, BYTES(IPV6(44), 60, 0, 0, 9, 0, 0, 0, 1, TCP_), ADDRS | ZL_FLOW_TOS, 6 },
	{ "extension headers without end", ZL_PACKET_IPV6, BYTES(IPV6(0),
		HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0),
		HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(0), HOP(6), TCP_), ADDRS | ZL_FLOW_TOS, 6 },
	{ "extension header that lies about its length", ZL_PACKET_IPV6, BYTES(IPV6(0), 6, 255, 0, 0, 0, 0, 0, 0, TCP_), ADDRS | ZL_FLOW_TOS, 6 },
	{ "one tag", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0x81, 0, 0x60, 42, TYPE_4, IPV4(6), TCP_), MACS | ZL_FLOW_VLAN | IP | TCP, 4, 6, .vlan = 42 },
	{ "two tags, the outer counts", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0x88, 0xa8, 0, 200, 0x81, 0, 0, 42, TYPE_6, IPV6(17), UDP_), MACS | ZL_FLOW_VLAN | IP | PORTS, 6, 17, .vlan = 200 },
	{ "old tag type", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0x91, 0, 0x0f, 0xff, TYPE_4, IPV4(6), TCP_), MACS | ZL_FLOW_VLAN | IP | TCP, 4, 6, .vlan = 4095 },
	{ "tags without end", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1,
		0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1,
		0x81, 0, 0, 1, TYPE_4, IPV4(6), TCP_), MACS | ZL_FLOW_VLAN, .vlan = 1 },
	{ "802.3, LLC and SNAP", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0, 48, 0xaa, 0xaa, 3, 0, 0, 0, TYPE_4, IPV4(6), TCP_), MACS | IP | TCP, 4, 6 },
	{ "802.3 of another organisation", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0, 48, 0xaa, 0xaa, 3, 0, 0, 0xc, TYPE_4, IPV4(6), TCP_), MACS },
	{ "802.3, spanning tree", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0), MACS },
	{ "ARP", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1), MACS },
	{ "MPLS, two labels", ZL_PACKET_ETHERNET, BYTES(ETHERNET, 0x88, 0x47, 0, 0x10, 0, 64, 0, 0x11, 1, 64, IPV4(6), TCP_), MACS | IP | TCP, 4, 6 },
	{ "MPLS by itself, IPv6", ZL_PACKET_MPLS, BYTES(0, 0x11, 1, 64, IPV6(17), UDP_), IP | PORTS, 6, 17 },
	{ "MPLS, something else below", ZL_PACKET_MPLS, BYTES(0, 0x11, 1, 64, 0, 0, 0, 0, ETHERNET), 0 },
	{ "MPLS without a bottom", ZL_PACKET_MPLS, BYTES(0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64,
		0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64,
		0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 1, 64, IPV4(6), TCP_), 0 },
	{ "nothing", ZL_PACKET_ETHERNET, BYTES(0), 0 },
};
/* clang-format on */

static void check_addrs(const struct zl_flow *f, uint8_t ip_version)
{
	static const uint8_t one[16] = { 0xfd, [15] = 1 }, two[16] = { 0xfd, [15] = 2 };
	const struct zl_addr src =
		ip_version == 4 ? zl_addr_from_v4(0x0a000001) : zl_addr_from_v6(one);
	const struct zl_addr dst =
		ip_version == 4 ? zl_addr_from_v4(0x0a000002) : zl_addr_from_v6(two);

	assert_true(zl_addr_eq(&src, &f->src));
	assert_true(zl_addr_eq(&dst, &f->dst));
	assert_int_equal(ip_version, f->ip_version);
}

static void test_read(void **state)
{
	const struct packet_case *c = *state;
	struct zl_flow f = { 0 };

	zl_packet_read(
		(struct zl_cursor){ .at = c->bytes, .left = c->n }, c->layer, &f);
	assert_int_equal(c->present, f.present);
	assert_int_equal(c->proto, f.proto);
	assert_int_equal(c->vlan, f.vlan);
	assert_int_equal(c->icmp, f.icmp);
	assert_int_equal((c->present & ZL_FLOW_SPORT) != 0 ? 40000 : 0, f.sport);
	assert_int_equal((c->present & ZL_FLOW_DPORT) != 0 ? 22 : 0, f.dport);
	assert_int_equal((c->present & ZL_FLOW_TCP_FLAGS) != 0 ? 2 : 0, f.tcp_flags);
	assert_int_equal((c->present & ZL_FLOW_TOS) != 0 ? 0x10 : 0, f.tos);
	assert_int_equal((c->present & ZL_FLOW_SRC_MAC) != 0 ? 1 : 0, f.src_mac.b[5]);
	assert_int_equal((c->present & ZL_FLOW_DST_MAC) != 0 ? 2 : 0, f.dst_mac.b[5]);
	if ((c->present & ZL_FLOW_SRC) != 0)
		check_addrs(&f, c->ip_version);
}

/* Cut anywhere: nothing is told that the whole does not tell, and nothing told twice. */
static void test_cut(void **state)
{
	const struct packet_case *c = *state;
	uint32_t before = 0;

	for (size_t n = 0; n < c->n; n++) {
		uint8_t *exact = malloc(n == 0 ? 1 : n);
		struct zl_flow f = { 0 };

		assert_non_null(exact);
		memcpy(exact, c->bytes, n);
		zl_packet_read(
			(struct zl_cursor){ .at = exact, .left = n }, c->layer, &f);
		assert_int_equal(0, f.present & ~c->present);
		assert_int_equal(0, before & ~f.present);
		before = f.present;
		free(exact);
	}
}

int main(void)
{
	static struct CMUnitTest tests[2 * N_ITEMS(cases)];
	static char names[N_ITEMS(cases)][80];

	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s, cut", cases[i].name);
		tests[2 * i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_read,
			.initial_state = &cases[i] };
		tests[2 * i + 1] = (struct CMUnitTest){ .name = names[i],
			.test_func = test_cut,
			.initial_state = &cases[i] };
	}
	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
