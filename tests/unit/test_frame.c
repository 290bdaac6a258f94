/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames: what is put in comes out, and each way to be malformed is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/frame.h"

enum { M_EMPTY = 1, M_THING = 3, M_N };
enum {
	A_U8 = 1,
	A_U16,
	A_U32,
	A_U64,
	A_TEXT,
	A_ADDR,
	A_BLOB,
	A_NEST,
	A_MANY,
	A_HOLE,
	A_N
};
enum { N_NAME = 1, N_PORT, N_N };

/* clang-format off */
static const struct zl_attr nest_attrs[N_N] = {
	[N_NAME] = { .name = "name", .type = ZL_ATTR_STRING, .min = 1, .max = 8, .required = true },
	[N_PORT] = { .name = "port", .type = ZL_ATTR_U16 },
};

static const struct zl_attr thing_attrs[A_N] = {
	[A_U8]   = { .name = "u8",   .type = ZL_ATTR_U8 },
	[A_U16]  = { .name = "u16",  .type = ZL_ATTR_U16 },
	[A_U32]  = { .name = "u32",  .type = ZL_ATTR_U32, .required = true },
	[A_U64]  = { .name = "u64",  .type = ZL_ATTR_U64 },
	[A_TEXT] = { .name = "text", .type = ZL_ATTR_STRING, .max = 5 },
	[A_ADDR] = { .name = "addr", .type = ZL_ATTR_BYTES, .max = 16 },
	[A_BLOB] = { .name = "blob", .type = ZL_ATTR_BYTES, .min = 1, .max = 4 },
	[A_NEST] = { .name = "nest", .type = ZL_ATTR_NEST, .repeated = true, ZL_NESTED(nest_attrs) },
	[A_MANY] = { .name = "many", .type = ZL_ATTR_U8, .repeated = true },
};

static const struct zl_message messages[M_N] = {
	[M_EMPTY] = { .name = "empty" },
	[M_THING] = { .name = "thing", ZL_ATTRS(thing_attrs) },
};
/* clang-format on */

static union {
	uint32_t align;
	uint8_t b[ZL_FRAME_MAX + 64];
} buf;

static int parse(struct zl_frame *f, struct zl_frame_in *in, struct zl_error *err)
{
	ssize_t n = zl_frame_end(f);

	assert_true(n > 0);
	return zl_frame_parse(f->buf, (size_t)n, messages, M_N, in, err);
}

static void start(struct zl_frame *f)
{
	zl_frame_start(f, buf.b, ZL_FRAME_MAX, M_THING, 42);
	zl_frame_put_u32(f, A_U32, 0xdeadbeef);
}

static void put_nest(struct zl_frame *f, const char *name, uint16_t port)
{
	struct nlattr *nest = zl_frame_nest(f, A_NEST);

	zl_frame_put_str(f, N_NAME, name);
	zl_frame_put_u16(f, N_PORT, port);
	zl_frame_nest_end(f, nest);
}

static void test_round_trip(void **state)
{
	static const uint8_t addr[16] = { 1, 2, 3, [15] = 16 };
	const struct nlattr *a, *tb[N_N];
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err;
	uint8_t copy[16];
	unsigned many = 0, ports = 0;

	(void)state;
	start(&f);
	zl_frame_put_u8(&f, A_U8, 8);
	zl_frame_put_u16(&f, A_U16, 1600);
	zl_frame_put_u64(&f, A_U64, UINT64_MAX);
	zl_frame_put_str(&f, A_TEXT, "hello");
	zl_frame_put_bytes(&f, A_ADDR, addr, sizeof(addr));
	zl_frame_put_bytes(&f, A_BLOB, addr, 3);
	put_nest(&f, "a", 1);
	put_nest(&f, "bb", 20);
	for (uint8_t i = 1; i <= 3; i++)
		zl_frame_put_u8(&f, A_MANY, i);
	assert_int_equal(0, parse(&f, &in, &err));
	assert_int_equal(M_THING, in.type);
	assert_int_equal(42, in.seq);
	assert_int_equal(8, zl_attr_u8(in.tb[A_U8]));
	assert_int_equal(1600, zl_attr_u16(in.tb[A_U16]));
	assert_int_equal(0xdeadbeef, zl_attr_u32(in.tb[A_U32]));
	assert_true(zl_attr_u64(in.tb[A_U64]) == UINT64_MAX);
	assert_string_equal("hello", zl_attr_str(in.tb[A_TEXT]));
	zl_attr_copy(in.tb[A_ADDR], copy, sizeof(copy));
	assert_memory_equal(addr, copy, sizeof(addr));
	assert_memory_equal(addr, zl_attr_bytes(in.tb[A_BLOB]), 3);
	zl_frame_each(a, &in, A_MANY) many = many * 10 + zl_attr_u8(a);
	assert_int_equal(123, many);
	zl_frame_each(a, &in, A_NEST)
	{
		zl_frame_open_nest(a, tb, N_N);
		assert_string_equal(ports == 0 ? "a" : "bb", zl_attr_str(tb[N_NAME]));
		ports = ports * 100 + zl_attr_u16(tb[N_PORT]);
	}
	assert_int_equal(120, ports);
}

static void test_absent_is_nothing(void **state)
{
	const struct nlattr *tb[N_N];
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err;
	uint8_t copy[4] = { 1, 1, 1, 1 }, zero[4] = { 0 };

	(void)state;
	start(&f);
	assert_int_equal(0, parse(&f, &in, &err));
	assert_int_equal(0, zl_attr_u8(in.tb[A_U8]));
	assert_int_equal(0, zl_attr_u16(in.tb[A_U16]));
	assert_true(zl_attr_u64(in.tb[A_U64]) == 0);
	assert_string_equal("", zl_attr_str(in.tb[A_TEXT]));
	assert_null(zl_attr_bytes(in.tb[A_ADDR]));
	zl_attr_copy(in.tb[A_ADDR], copy, sizeof(copy));
	assert_memory_equal(zero, copy, sizeof(copy));
	zl_frame_open_nest(in.tb[A_NEST], tb, N_N);
	assert_null(tb[N_NAME]);
	zl_frame_start(&f, buf.b, ZL_FRAME_MAX, M_EMPTY, 0);
	assert_int_equal(0, parse(&f, &in, &err));
}

/* A newer peer's attributes are passed over, in nests too. */
static void test_unknown_attributes(void **state)
{
	struct nlattr *nest;
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err;

	(void)state;
	start(&f);
	zl_frame_put_u32(&f, A_HOLE, 1);
	zl_frame_put_u32(&f, 63, 1);
	zl_frame_put_u32(&f, 64, 1);
	zl_frame_put_bytes(&f, 1000, "xyz", 3);
	nest = zl_frame_nest(&f, A_NEST);
	zl_frame_put_str(&f, N_NAME, "a");
	zl_frame_put_str(&f, 77, "from the future");
	zl_frame_nest_end(&f, nest);
	assert_int_equal(0, parse(&f, &in, &err));
}

struct bad_case {
	const char *name;
	void (*build)(struct zl_frame *f);
	const char *says;
};

static void no_u32(struct zl_frame *f)
{
	zl_frame_start(f, buf.b, ZL_FRAME_MAX, M_THING, 1);
}

static void u8_of_two(struct zl_frame *f)
{
	zl_frame_put_u16(f, A_U8, 1);
}

static void u16_of_one(struct zl_frame *f)
{
	zl_frame_put_u8(f, A_U16, 1);
}

static void u64_of_four(struct zl_frame *f)
{
	zl_frame_put_u32(f, A_U64, 1);
}

static void u64_of_none(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_U64, "", 0);
}

static void text_too_long(struct zl_frame *f)
{
	zl_frame_put_str(f, A_TEXT, "sixsix");
}

static void text_without_end(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_TEXT, "abc", 3);
}

static void text_with_two_ends(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_TEXT, "a\0b", 4);
}

static void text_of_nothing(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_TEXT, "", 0);
}

static void bytes_too_few(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_ADDR, "abcd", 4);
}

static void bytes_too_many(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_BLOB, "abcde", 5);
}

static void bytes_none(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_BLOB, "", 0);
}

static void twice(struct zl_frame *f)
{
	zl_frame_put_u32(f, A_U32, 1);
}

static void nest_without_name(struct zl_frame *f)
{
	zl_frame_nest_end(f, zl_frame_nest(f, A_NEST));
}

static void nest_name_empty(struct zl_frame *f)
{
	put_nest(f, "", 1);
}

static void nest_no_attributes(struct zl_frame *f)
{
	zl_frame_put_bytes(f, A_NEST, "\1", 1);
}

static void nest_reaches_out(struct zl_frame *f)
{
	struct nlattr *nest = zl_frame_nest(f, A_NEST), *name;

	name = mnl_nlmsg_get_payload_tail(f->nlh);
	zl_frame_put_str(f, N_NAME, "a");
	zl_frame_nest_end(f, nest);
	name->nla_len += 40;
}

static void attribute_reaches_out(struct zl_frame *f)
{
	struct nlattr *a = mnl_nlmsg_get_payload_tail(f->nlh);

	zl_frame_put_u32(f, A_HOLE, 1);
	a->nla_len = 9;
}

static void attribute_without_length(struct zl_frame *f)
{
	struct nlattr *a = mnl_nlmsg_get_payload_tail(f->nlh);

	zl_frame_put_u32(f, A_HOLE, 1);
	a->nla_len = 0;
}

static void half_a_header(struct zl_frame *f)
{
	f->nlh->nlmsg_len += 2;
}

static void type_zero(struct zl_frame *f)
{
	f->nlh->nlmsg_type = 0;
}

static void type_is_a_hole(struct zl_frame *f)
{
	f->nlh->nlmsg_type = 2;
}

static void type_beyond(struct zl_frame *f)
{
	f->nlh->nlmsg_type = M_N;
}

/* clang-format off */
static struct bad_case bad_cases[] = {
	{ "required one is missing",   no_u32,                   "thing: attribute u32 is missing" },
	{ "u8 of two bytes",           u8_of_two,                "u8 has a wrong size" },
	{ "u16 of one byte",           u16_of_one,               "u16 has a wrong size" },
	{ "u64 of four bytes",         u64_of_four,              "u64 has a wrong size" },
	{ "u64 of nothing",            u64_of_none,              "u64 has a wrong size" },
	{ "text too long",             text_too_long,            "text has a wrong size" },
	{ "text without its NUL",      text_without_end,         "text has a wrong size" },
	{ "NUL within the text",       text_with_two_ends,       "text has a wrong size" },
	{ "text of no bytes",          text_of_nothing,          "text has a wrong size" },
	{ "too few bytes",             bytes_too_few,            "addr has a wrong size" },
	{ "too many bytes",            bytes_too_many,           "blob has a wrong size" },
	{ "no bytes",                  bytes_none,               "blob has a wrong size" },
	{ "comes twice",               twice,                    "u32 comes twice" },
	{ "required in a nest",        nest_without_name,        "name is missing" },
	{ "too short in a nest",       nest_name_empty,          "name has a wrong size" },
	{ "nest of one byte",          nest_no_attributes,       "cut short" },
	{ "attribute leaves its nest", nest_reaches_out,         "cut short" },
	{ "attribute leaves the frame", attribute_reaches_out,   "cut short" },
	{ "attribute without length",  attribute_without_length, "cut short" },
	{ "two bytes at the end",      half_a_header,            "cut short" },
	{ "type 0",                    type_zero,                "unknown type 0" },
	{ "type without a row",        type_is_a_hole,           "unknown type 2" },
	{ "type beyond the table",     type_beyond,              "unknown type 4" },
};
/* clang-format on */

static void test_bad(void **state)
{
	const struct bad_case *c = *state;
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err = { 0 };

	memset(&in, 0x5a, sizeof(in));
	start(&f);
	c->build(&f);
	assert_int_equal(-EPROTO, parse(&f, &in, &err));
	assert_non_null(strstr(err.msg, c->says));
	assert_int_equal(0x5a5a, in.type); /* untouched */
}

static void test_lengths(void **state)
{
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err;
	size_t n;

	(void)state;
	start(&f);
	n = (size_t)zl_frame_end(&f);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(
			-EPROTO, zl_frame_parse(buf.b, cut, messages, M_N, &in, &err));
	assert_int_equal(
		-EPROTO, zl_frame_parse(buf.b, n + 4, messages, M_N, &in, &err));
	f.nlh->nlmsg_len = ZL_FRAME_MAX + 4;
	assert_int_equal(-EPROTO,
		zl_frame_parse(buf.b, ZL_FRAME_MAX + 4, messages, M_N, &in, &err));
}

/* Every byte of a frame changed to every value: never more than a refusal. */
static void test_any_byte(void **state)
{
	static union {
		uint32_t align;
		uint8_t b[256];
	} wrong;
	struct zl_frame f;
	struct zl_frame_in in;
	struct zl_error err;
	size_t n;

	(void)state;
	start(&f);
	zl_frame_put_str(&f, A_TEXT, "abc");
	put_nest(&f, "name", 80);
	n = (size_t)zl_frame_end(&f);
	assert_true(n < sizeof(wrong.b));
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 0; v < 256; v++) {
			int r;

			memcpy(wrong.b, buf.b, n);
			wrong.b[i] = (uint8_t)v;
			r = zl_frame_parse(wrong.b, n, messages, M_N, &in, &err);
			assert_true(r == 0 || r == -EPROTO);
		}
}

static void test_full_is_sticky(void **state)
{
	uint32_t small[12];
	struct zl_frame f;
	struct nlattr *nest;

	(void)state;
	zl_frame_start(&f, small, sizeof(small), M_THING, 0);
	nest = zl_frame_nest(&f, A_NEST);
	for (int i = 0; i < 10; i++)
		zl_frame_put_u64(&f, A_U64, 1);
	/* What would fit is not taken either. */
	zl_frame_put_u8(&f, A_U8, 1);
	zl_frame_nest_end(&f, nest);
	assert_null(zl_frame_nest(&f, A_NEST));
	zl_frame_nest_end(&f, NULL);
	assert_int_equal(-ENOBUFS, zl_frame_end(&f));
	zl_frame_start(&f, small, 15, M_THING, 0);
	zl_frame_put_u8(&f, A_U8, 1);
	assert_int_equal(-ENOBUFS, zl_frame_end(&f));
}

/* Lengths have 16 bits: neither a value nor a nest may wrap around. */
static void test_too_large_for_sixteen_bits(void **state)
{
	static uint8_t large[2 * ZL_FRAME_MAX];
	static uint32_t room[ZL_FRAME_MAX];
	struct zl_frame f;
	struct nlattr *nest;

	(void)state;
	zl_frame_start(&f, room, sizeof(room), M_THING, 0);
	zl_frame_put_bytes(&f, A_BLOB, large, UINT16_MAX - 3);
	assert_int_equal(-ENOBUFS, zl_frame_end(&f));
	zl_frame_start(&f, room, sizeof(room), M_THING, 0);
	nest = zl_frame_nest(&f, A_NEST);
	zl_frame_put_bytes(&f, A_BLOB, large, 40000);
	zl_frame_put_bytes(&f, A_BLOB, large, 40000);
	zl_frame_nest_end(&f, nest);
	assert_int_equal(-ENOBUFS, zl_frame_end(&f));
}

int main(void)
{
	enum { N = N_ITEMS(bad_cases) };
	struct CMUnitTest tests[N + 7] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_absent_is_nothing),
		cmocka_unit_test(test_unknown_attributes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_full_is_sticky),
		cmocka_unit_test(test_too_large_for_sixteen_bits),
	};

	for (size_t i = 0; i < N; i++)
		tests[7 + i] = (struct CMUnitTest){ .name = bad_cases[i].name,
			.test_func = test_bad,
			.initial_state = &bad_cases[i] };
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
