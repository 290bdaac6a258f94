/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader over untrusted bytes: values, and that one short read ends all reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static struct zl_cursor over(size_t n)
{
	return (struct zl_cursor){ .at = bytes, .left = n };
}

static void test_network_order(void **state)
{
	struct zl_cursor c = over(15);

	(void)state;
	assert_int_equal(0x01, zl_get_u8(&c));
	assert_int_equal(0x0203, zl_get_u16(&c));
	assert_int_equal(0x04050607, zl_get_u32(&c));
	assert_true(zl_get_u64(&c) == UINT64_C(0x08090a0b0c0d0e0f));
	assert_int_equal(0, c.left);
	assert_false(c.bad);
}

/* Every width from 1 to 8 (RFC 7011, section 6.2), and none beyond. */
static void test_reduced_sizes(void **state)
{
	uint64_t want = 0;

	(void)state;
	for (size_t n = 1; n <= 8; n++) {
		struct zl_cursor c = over(15);

		want = want << 8 | n;
		assert_true(zl_get_uint(&c, n) == want);
		assert_int_equal(15 - n, c.left);
	}
	struct zl_cursor c = over(15);

	assert_true(zl_get_uint(&c, 9) == 0);
	assert_true(zl_get_uint(&c, 0) == 0);
	assert_false(c.bad);
}

static void test_short_read_sticks(void **state)
{
	struct zl_cursor c = over(3);

	(void)state;
	assert_int_equal(0x0102, zl_get_u16(&c));
	assert_int_equal(0, zl_get_u16(&c));
	assert_true(c.bad);
	/* One byte was left, but nobody gets it any more. */
	assert_int_equal(0, zl_get_u8(&c));
	assert_null(zl_get_bytes(&c, 0));
	assert_int_equal(0, c.left);
}

static void test_huge_lengths(void **state)
{
	struct zl_cursor c = over(15);

	(void)state;
	assert_null(zl_get_bytes(&c, SIZE_MAX));
	assert_true(c.bad);
	c = over(15);
	zl_skip(&c, SIZE_MAX - 1);
	assert_true(c.bad);
	c = over(15);
	zl_skip(&c, 15);
	assert_false(c.bad);
	zl_skip(&c, 0);
	assert_false(c.bad);
	zl_skip(&c, 1);
	assert_true(c.bad);
}

static void test_window(void **state)
{
	struct zl_cursor c = over(10), w = zl_get_window(&c, 4);

	(void)state;
	assert_int_equal(6, c.left);
	assert_int_equal(0x01020304, zl_get_u32(&w));
	/* A window's end is a wall, and its failure is its own. */
	assert_int_equal(0, zl_get_u8(&w));
	assert_true(w.bad);
	assert_false(c.bad);
	assert_int_equal(5, zl_get_u8(&c));
	w = zl_get_window(&c, 6);
	assert_true(w.bad);
	assert_true(c.bad);
	assert_int_equal(0, zl_get_u8(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network_order),
		cmocka_unit_test(test_reduced_sizes),
		cmocka_unit_test(test_short_read_sticks),
		cmocka_unit_test(test_huge_lengths),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
