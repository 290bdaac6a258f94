/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: all formats give the same datagrams and times; broken ones say so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/flow/capture.h"
#include "tests/support/capturegen.h"
#include "tests/support/packetgen.h"

/* clang-format off */
static struct zl_capturegen formats[] = {
	{ .name = "pcap", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 1 },
	{ .name = "pcap, big-endian", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 1, .is_big_endian = true },
	{ .name = "pcap, nanoseconds", .magic = 0xa1b23c4d, .per_second = 1000000000, .dlt = 1 },
	{ .name = "pcap, nanoseconds, big-endian", .magic = 0xa1b23c4d, .per_second = 1000000000, .dlt = 1, .is_big_endian = true },
	{ .name = "pcap, cooked", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 113, .link = ZL_DATAGRAM_COOKED },
	{ .name = "pcap, cooked v2", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 276, .link = ZL_DATAGRAM_COOKED2 },
	{ .name = "pcap, null", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 0, .link = ZL_DATAGRAM_LOOPBACK },
	{ .name = "pcap, loop", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 108, .link = ZL_DATAGRAM_LOOPBACK },
	{ .name = "pcap, raw", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 101, .link = ZL_DATAGRAM_RAW },
	{ .name = "pcap, IPv4", .magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 228, .link = ZL_DATAGRAM_RAW },
	{ .name = "pcapng", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, big-endian", .is_ng = true, .is_big_endian = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, nanoseconds", .is_ng = true, .per_second = 1000000000, .tsresol = 9, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, 2^-20 s", .is_ng = true, .per_second = 1 << 20, .tsresol = 0x80 | 20, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, two interfaces", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 2, .dlt = 1 },
	{ .name = "pcapng, two sections", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 2, .n_interfaces = 2, .dlt = 1 },
	{ .name = "pcapng, packet block", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_PB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, simple packet block", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_SPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, raw", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 101, .link = ZL_DATAGRAM_RAW },
	{ .name = "pcapng, cooked", .is_ng = true, .per_second = 1000000, .block = ZL_CAPTUREGEN_EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 113, .link = ZL_DATAGRAM_COOKED },
};
/* clang-format on */

enum { N_PACKETS = 4 };

/* Four datagrams, with a packet that is none in the midst of them. */
static void build(const struct zl_capturegen *f, struct zl_flowgen *g)
{
	static const char *const texts[N_PACKETS] = { "one", "two", "three", "four" };
	static struct zl_flowgen packet;

	*g = (struct zl_flowgen){ 0 };
	zl_capturegen_head(g, f);
	for (unsigned i = 0; i < N_PACKETS; i++) {
		struct zl_packetgen p = { .payload = texts[i], .link = f->link };

		if (i == 2) {
			p.protocol = 6;
			zl_packetgen_build(&p, &packet);
			zl_capturegen_packet(g, f, i, &packet);
			p.protocol = 0;
			if (f->n_sections == 2)
				zl_capturegen_section(g, f);
		}
		zl_packetgen_build(&p, &packet);
		zl_capturegen_packet(g, f, i, &packet);
	}
}

static int open_bytes(
	const void *bytes, size_t n, struct zl_capture **ret, struct zl_error *reterr)
{
	void *lent;
	FILE *f;

	memcpy(&lent, &bytes, sizeof(lent)); /* opened for reading only */
	f = fmemopen(lent, n, "r");
	assert_non_null(f);
	return zl_capture_new(f, "x", ret, reterr);
}

static void check_next(
	struct zl_capture *c, const struct zl_capturegen *f, const char *want)
{
	struct zl_captured got;
	struct zl_error err;

	assert_int_equal(1, zl_capture_next(c, &got, &err));
	assert_int_equal(strlen(want), got.udp.n);
	assert_memory_equal(want, got.udp.bytes, got.udp.n);
	assert_int_equal(2055, got.udp.dport);
	if (f->block != ZL_CAPTUREGEN_SPB) /* which has no time */
		assert_int_equal(ZL_CAPTUREGEN_SECONDS * ZL_US_PER_S + ZL_CAPTUREGEN_US,
			got.time.us);
}

static void test_format(void **state)
{
	static struct zl_flowgen g;
	const struct zl_capturegen *f = *state;
	ZL_AUTO(zl_capture) struct zl_capture *c = NULL;
	struct zl_captured got;
	struct zl_error err = { 0 };

	build(f, &g);
	if (open_bytes(g.bytes, g.n, &c, &err) < 0)
		fail_msg("%s", err.msg);
	check_next(c, f, "one");
	check_next(c, f, "two");
	check_next(c, f, "three");
	check_next(c, f, "four");
	assert_int_equal(0, zl_capture_next(c, &got, &err));
	assert_int_equal(4, zl_capture_counts(c)[ZL_DATAGRAM_UDP]);
	assert_int_equal(1, zl_capture_counts(c)[ZL_DATAGRAM_NOT_UDP]);
}

/* Cut at every byte: as many datagrams as there are, then a sentence or a good end. */
static void test_cut_anywhere(void **state)
{
	static struct zl_flowgen g;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(formats); i++) {
		build(&formats[i], &g);
		for (size_t n = 1; n < g.n; n++) {
			ZL_AUTO(zl_capture) struct zl_capture *c = NULL;
			struct zl_captured got;
			struct zl_error err = { 0 };
			int r = open_bytes(g.bytes, n, &c, &err);

			while (r >= 0 && (r = zl_capture_next(c, &got, &err)) == 1)
				;
			assert_true(r == 0 || r == -EBADMSG);
			assert_int_equal(r < 0, err.msg[0] != '\0');
		}
	}
}

static void test_sentences(void **state)
{
	static const struct zl_capturegen wifi = {
		.magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 105
	};
	static struct zl_flowgen g;
	struct zl_capture *c = NULL;
	struct zl_captured got;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(-EBADMSG, open_bytes("hello, this is not it", 21, &c, &err));
	assert_string_equal("x: not a capture: unknown file format", err.msg);
	zl_capturegen_head(&g, &wifi);
	assert_int_equal(-EOPNOTSUPP, open_bytes(g.bytes, g.n, &c, &err));
	assert_string_equal("x: captured on a link of type 105 (IEEE802_11), "
			    "which cannot be read",
		err.msg);
	assert_int_equal(-ENOENT, zl_capture_open("/nonexistent/x", &c, &err));
	assert_string_equal("/nonexistent/x: No such file or directory", err.msg);
	assert_null(c);

	build(&formats[0], &g);
	assert_int_equal(0, open_bytes(g.bytes, g.n - 1, &c, &err));
	for (int i = 0; i < 3; i++)
		assert_int_equal(1, zl_capture_next(c, &got, &err));
	assert_int_equal(-EBADMSG, zl_capture_next(c, &got, &err));
	assert_memory_equal(
		"x: cannot be read after 4 packets: truncated", err.msg, 44);
	zl_capture_free(c);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(formats) + 2] = {
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_sentences),
	};

	for (size_t i = 0; i < N_ITEMS(formats); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = formats[i].name,
			.test_func = test_format,
			.initial_state = &formats[i] };
	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
