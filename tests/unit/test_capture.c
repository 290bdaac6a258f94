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
#include "tests/support/packetgen.h"

/* 2023-11-14T22:13:20.123456Z */
enum { SECONDS = 1700000000, US = 123456 };

enum { EPB = 6, PB = 2, SPB = 3 }; /* blocks of pcapng that hold a packet */

/* One way of writing a capture down. */
struct format {
	const char *name;
	bool is_big_endian, is_ng;
	uint32_t magic; /* pcap */
	uint32_t per_second;
	int tsresol; /* pcapng: the option's value; 0: none */
	int block;
	unsigned n_sections, n_interfaces; /* of pcapng */
	uint16_t dlt;			   /* as in the file */
	enum zl_datagram_link link;
};

/* clang-format off */
static struct format formats[] = {
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
	{ .name = "pcapng", .is_ng = true, .per_second = 1000000, .block = EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, big-endian", .is_ng = true, .is_big_endian = true, .per_second = 1000000, .block = EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, nanoseconds", .is_ng = true, .per_second = 1000000000, .tsresol = 9, .block = EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, 2^-20 s", .is_ng = true, .per_second = 1 << 20, .tsresol = 0x80 | 20, .block = EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, two interfaces", .is_ng = true, .per_second = 1000000, .block = EPB, .n_sections = 1, .n_interfaces = 2, .dlt = 1 },
	{ .name = "pcapng, two sections", .is_ng = true, .per_second = 1000000, .block = EPB, .n_sections = 2, .n_interfaces = 2, .dlt = 1 },
	{ .name = "pcapng, packet block", .is_ng = true, .per_second = 1000000, .block = PB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, simple packet block", .is_ng = true, .per_second = 1000000, .block = SPB, .n_sections = 1, .n_interfaces = 1, .dlt = 1 },
	{ .name = "pcapng, cooked", .is_ng = true, .per_second = 1000000, .block = EPB, .n_sections = 1, .n_interfaces = 1, .dlt = 113, .link = ZL_DATAGRAM_COOKED },
};
/* clang-format on */

static void put(struct zl_flowgen *g, const struct format *f, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		zl_flowgen_u8(
			g, (uint8_t)(v >> 8 * (f->is_big_endian ? n - 1 - i : i)));
}

/* A block of pcapng around its body. */
static void put_block(struct zl_flowgen *g, const struct format *f, uint32_t type,
	const struct zl_flowgen *body)
{
	size_t padded = (body->n + 3) / 4 * 4;

	put(g, f, type, 4);
	put(g, f, padded + 12, 4);
	zl_flowgen_bytes(g, body->bytes, body->n);
	put(g, f, 0, padded - body->n);
	put(g, f, padded + 12, 4);
}

static void put_section(struct zl_flowgen *g, const struct format *f)
{
	static struct zl_flowgen body;

	body.n = 0;
	put(&body, f, 0x1a2b3c4d, 4);
	put(&body, f, 1, 2);
	put(&body, f, 0, 2);
	put(&body, f, UINT64_MAX, 8);
	put_block(g, f, 0x0a0d0d0a, &body);
	for (unsigned i = 0; i < f->n_interfaces; i++) {
		body.n = 0;
		put(&body, f, f->dlt, 2);
		put(&body, f, 0, 2);
		put(&body, f, 65535, 4);
		if (f->tsresol != 0) {
			put(&body, f, 9, 2); /* if_tsresol */
			put(&body, f, 1, 2);
			zl_flowgen_u8(&body, (uint8_t)f->tsresol);
			put(&body, f, 0, 3);
			put(&body, f, 0, 4); /* end of options */
		}
		put_block(g, f, 1, &body);
	}
}

static void put_head(struct zl_flowgen *g, const struct format *f)
{
	if (f->is_ng) {
		put_section(g, f);
		return;
	}
	put(g, f, f->magic, 4);
	put(g, f, 2, 2);
	put(g, f, 4, 2);
	put(g, f, 0, 8);
	put(g, f, 65535, 4);
	put(g, f, f->dlt, 4);
}

static void put_packet(struct zl_flowgen *g, const struct format *f, unsigned i,
	const struct zl_flowgen *packet)
{
	static struct zl_flowgen body;
	uint32_t part = (uint32_t)((uint64_t)US * f->per_second / 1000000 + 1);
	uint64_t stamp = (uint64_t)SECONDS * f->per_second + part;

	if (!f->is_ng) {
		put(g, f, SECONDS, 4);
		put(g, f, f->per_second == 1000000 ? US : part, 4);
		put(g, f, packet->n, 4);
		put(g, f, packet->n, 4);
		zl_flowgen_bytes(g, packet->bytes, packet->n);
		return;
	}
	if (f->per_second == 1000000)
		stamp--;
	body.n = 0;
	if (f->block == EPB)
		put(&body, f, i % f->n_interfaces, 4);
	if (f->block == PB) {
		put(&body, f, i % f->n_interfaces, 2);
		put(&body, f, 0, 2);
	}
	if (f->block != SPB) {
		put(&body, f, stamp >> 32, 4);
		put(&body, f, stamp & UINT32_MAX, 4);
		put(&body, f, packet->n, 4);
	}
	put(&body, f, packet->n, 4);
	zl_flowgen_bytes(&body, packet->bytes, packet->n);
	put_block(g, f, (uint32_t)f->block, &body);
}

enum { N_PACKETS = 4 };

/* Four datagrams, with a packet that is none in the midst of them. */
static void build(const struct format *f, struct zl_flowgen *g)
{
	static const char *const texts[N_PACKETS] = { "one", "two", "three", "four" };
	static struct zl_flowgen packet;

	*g = (struct zl_flowgen){ 0 };
	put_head(g, f);
	for (unsigned i = 0; i < N_PACKETS; i++) {
		struct zl_packetgen p = { .payload = texts[i], .link = f->link };

		if (i == 2) {
			p.protocol = 6;
			zl_packetgen_build(&p, &packet);
			put_packet(g, f, i, &packet);
			p.protocol = 0;
			if (f->n_sections == 2)
				put_section(g, f);
		}
		zl_packetgen_build(&p, &packet);
		put_packet(g, f, i, &packet);
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

static void check_next(struct zl_capture *c, const struct format *f, const char *want)
{
	struct zl_captured got;
	struct zl_error err;

	assert_int_equal(1, zl_capture_next(c, &got, &err));
	assert_int_equal(strlen(want), got.udp.n);
	assert_memory_equal(want, got.udp.bytes, got.udp.n);
	assert_int_equal(2055, got.udp.dport);
	if (f->block != SPB) /* which has no time */
		assert_int_equal(SECONDS * ZL_US_PER_S + US, got.time.us);
}

static void test_format(void **state)
{
	static struct zl_flowgen g;
	const struct format *f = *state;
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
	static const struct format wifi = {
		.magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 105
	};
	static struct zl_flowgen g;
	struct zl_capture *c = NULL;
	struct zl_captured got;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(-EBADMSG, open_bytes("hello, this is not it", 21, &c, &err));
	assert_string_equal("x: not a capture: unknown file format", err.msg);
	put_head(&g, &wifi);
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
	assert_memory_equal("x: broken after 4 packets: truncated", err.msg, 36);
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
