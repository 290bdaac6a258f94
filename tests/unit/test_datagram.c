/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the UDP datagram in a packet: every link layer, every way of not being one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/packetgen.h"

struct find_case {
	const char *name;
	struct zl_packetgen packet;
	enum zl_datagram_kind want;
	const char *payload; /* NULL: all of the packet's */
	bool is_cut;
};

#define PACKET(...)                                                                    \
	{                                                                              \
		.payload = "hello", __VA_ARGS__                                        \
	}
#define V6 .is_ipv6 = true

/* clang-format off */
static struct find_case cases[] = {
	{ .name = "ethernet", .packet = PACKET(), .want = ZL_DATAGRAM_UDP },
	{ .name = "ethernet, IPv6", .packet = PACKET(V6), .want = ZL_DATAGRAM_UDP },
	{ .name = "ethernet, padded", .packet = PACKET(.padding = 18), .want = ZL_DATAGRAM_UDP },
	{ .name = "ethernet, padded, IPv6", .packet = PACKET(V6, .padding = 18), .want = ZL_DATAGRAM_UDP },
	{ .name = "one tag", .packet = PACKET(.tags = { 0x8100 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "two tags", .packet = PACKET(.tags = { 0x88a8, 0x8100 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "three tags", .packet = PACKET(.tags = { 0x9100, 0x8100, 0x8100 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "cooked", .packet = PACKET(.link = ZL_DATAGRAM_COOKED), .want = ZL_DATAGRAM_UDP },
	{ .name = "cooked, a tag", .packet = PACKET(.link = ZL_DATAGRAM_COOKED, .tags = { 0x8100 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "cooked v2", .packet = PACKET(.link = ZL_DATAGRAM_COOKED2), .want = ZL_DATAGRAM_UDP },
	{ .name = "cooked v2, IPv6", .packet = PACKET(V6, .link = ZL_DATAGRAM_COOKED2), .want = ZL_DATAGRAM_UDP },
	{ .name = "loopback", .packet = PACKET(.link = ZL_DATAGRAM_LOOPBACK), .want = ZL_DATAGRAM_UDP },
	{ .name = "loopback, IPv6", .packet = PACKET(V6, .link = ZL_DATAGRAM_LOOPBACK), .want = ZL_DATAGRAM_UDP },
	{ .name = "raw", .packet = PACKET(.link = ZL_DATAGRAM_RAW), .want = ZL_DATAGRAM_UDP },
	{ .name = "raw, IPv6", .packet = PACKET(V6, .link = ZL_DATAGRAM_RAW), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv4 options", .packet = PACKET(.extensions = { 1 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv4 length left to the hardware", .packet = PACKET(.ip_length = UINT16_MAX), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv4, do not fragment", .packet = PACKET(.fragment = 0x4000), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv6 hop by hop", .packet = PACKET(V6, .extensions = { 255 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv6 extensions", .packet = PACKET(V6, .extensions = { 255, 43, 51, 60 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv6 mobility", .packet = PACKET(V6, .extensions = { 135, 139, 140 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "IPv6 fragment that is whole", .packet = PACKET(V6, .extensions = { 44 }), .want = ZL_DATAGRAM_UDP },
	{ .name = "captured in part", .packet = PACKET(.cut = 3), .want = ZL_DATAGRAM_UDP, .payload = "he", .is_cut = true },
	{ .name = "longer than its packet", .packet = PACKET(.udp_length = 90), .want = ZL_DATAGRAM_UDP, .is_cut = true },
	{ .name = "shorter than its packet", .packet = PACKET(.udp_length = 10), .want = ZL_DATAGRAM_UDP, .payload = "he" },
	{ .name = "empty", .packet = { .payload = "" }, .want = ZL_DATAGRAM_UDP },

	{ .name = "ARP", .packet = PACKET(.type = 0x0806), .want = ZL_DATAGRAM_NOT_IP },
	{ .name = "802.3 length", .packet = PACKET(.type = 60), .want = ZL_DATAGRAM_NOT_IP },
	{ .name = "raw, another version", .packet = PACKET(.link = ZL_DATAGRAM_RAW, .first = 0x55), .want = ZL_DATAGRAM_NOT_IP },
	{ .name = "raw, nothing", .packet = PACKET(.link = ZL_DATAGRAM_RAW, .cut = 33), .want = ZL_DATAGRAM_NOT_IP },
	{ .name = "TCP", .packet = PACKET(.protocol = 6), .want = ZL_DATAGRAM_NOT_UDP },
	{ .name = "TCP, IPv6", .packet = PACKET(V6, .protocol = 6), .want = ZL_DATAGRAM_NOT_UDP },
	{ .name = "TCP, a fragment", .packet = PACKET(.protocol = 6, .fragment = 0x2000), .want = ZL_DATAGRAM_NOT_UDP },
	{ .name = "TCP, a fragment, IPv6", .packet = PACKET(V6, .protocol = 6, .extensions = { 44 }, .fragment = 1), .want = ZL_DATAGRAM_NOT_UDP },
	{ .name = "first fragment", .packet = PACKET(.fragment = 0x2000), .want = ZL_DATAGRAM_FRAGMENT },
	{ .name = "last fragment", .packet = PACKET(.fragment = 0x00b9), .want = ZL_DATAGRAM_FRAGMENT },
	{ .name = "first fragment, IPv6", .packet = PACKET(V6, .extensions = { 44 }, .fragment = 1), .want = ZL_DATAGRAM_FRAGMENT },
	{ .name = "last fragment, IPv6", .packet = PACKET(V6, .extensions = { 60, 44 }, .fragment = 8), .want = ZL_DATAGRAM_FRAGMENT },
	{ .name = "no link header", .packet = PACKET(.cut = 40), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "a tag cut", .packet = PACKET(.tags = { 0x8100 }, .cut = 35), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv4 header cut", .packet = PACKET(.cut = 14), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv6 header cut", .packet = PACKET(V6, .cut = 14), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv6 extension cut", .packet = PACKET(V6, .extensions = { 60 }, .cut = 20), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv6 fragment header cut", .packet = PACKET(V6, .extensions = { 44 }, .cut = 15), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "UDP header cut", .packet = PACKET(.cut = 6), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv4 packet ends before UDP", .packet = PACKET(.ip_length = 20), .want = ZL_DATAGRAM_HEADERS_CUT },
	{ .name = "IPv4 header length 16", .packet = PACKET(.first = 0x44), .want = ZL_DATAGRAM_MALFORMED },
	{ .name = "IPv4 total length 19", .packet = PACKET(.ip_length = 19), .want = ZL_DATAGRAM_MALFORMED },
	{ .name = "IPv4 length within its options", .packet = PACKET(.extensions = { 1 }, .ip_length = 24), .want = ZL_DATAGRAM_MALFORMED },
	{ .name = "UDP length 7", .packet = PACKET(.udp_length = 7), .want = ZL_DATAGRAM_MALFORMED },
	{ .name = "UDP length 0", .packet = PACKET(.udp_length = UINT16_MAX), .want = ZL_DATAGRAM_MALFORMED },
};
/* clang-format on */

static void check_found(const struct find_case *c, const struct zl_datagram_found *f)
{
	const char *want = c->payload != NULL ? c->payload : c->packet.payload;
	char src[ZL_ADDR_STR], dst[ZL_ADDR_STR];

	assert_string_equal(c->packet.is_ipv6 ? "fd00::1" : "10.0.0.1",
		zl_addr_format(&f->src, src));
	assert_string_equal(c->packet.is_ipv6 ? "fd00::2" : "10.0.0.2",
		zl_addr_format(&f->dst, dst));
	assert_int_equal(1000, f->sport);
	assert_int_equal(2055, f->dport);
	assert_int_equal(c->is_cut, f->is_cut);
	assert_int_equal(strlen(want), f->n);
	assert_memory_equal(want, f->bytes, f->n);
}

static void test_find(void **state)
{
	static struct zl_flowgen g;
	const struct find_case *c = *state;
	struct zl_datagram_found found = { .n = SIZE_MAX };
	enum zl_datagram_kind kind;

	zl_packetgen_build(&c->packet, &g);
	kind = zl_datagram_find(c->packet.link,
		(struct zl_cursor){ .at = g.bytes, .left = g.n }, &found);
	assert_int_equal(c->want, kind);
	if (kind == ZL_DATAGRAM_UDP)
		check_found(c, &found);
	else
		assert_true(found.n == SIZE_MAX); /* untouched */
}

/* A packet cut anywhere is one that was cut, never another. */
static void test_cut_anywhere(void **state)
{
	static struct zl_flowgen g;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		if (cases[i].want != ZL_DATAGRAM_UDP)
			continue;
		zl_packetgen_build(&cases[i].packet, &g);
		for (size_t n = 0; n < g.n; n++) {
			struct zl_datagram_found f;
			struct zl_cursor c = { .at = g.bytes, .left = n };

			switch (zl_datagram_find(cases[i].packet.link, c, &f)) {
			case ZL_DATAGRAM_UDP:
				assert_true(f.bytes + f.n <= g.bytes + n);
				break;
			case ZL_DATAGRAM_NOT_IP: /* raw: no byte says what it is */
				assert_true(n <= 4);
				break;
			case ZL_DATAGRAM_HEADERS_CUT: break;
			case ZL_DATAGRAM_NOT_UDP:
			case ZL_DATAGRAM_FRAGMENT:
			case ZL_DATAGRAM_MALFORMED:
			case ZL_DATAGRAM_N: fail();
			}
		}
	}
}

static void test_table(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(cases); i++)
		seen |= 1u << cases[i].want;
	assert_int_equal((1u << ZL_DATAGRAM_N) - 1, seen);
	for (size_t i = 0; i < ZL_DATAGRAM_N; i++) {
		assert_non_null(zl_datagram_kinds[i].name);
		assert_non_null(zl_datagram_kinds[i].sentence);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
				zl_datagram_kinds[i].name, zl_datagram_kinds[k].name);
	}
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 2] = {
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_table),
	};

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_find,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("datagram", tests, NULL, NULL);
}
