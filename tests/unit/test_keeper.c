/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When pmacctd is started, told and ended, in virtual time; never two of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "exporter/keeper.h"

enum { SETTLE_MS = 100 };

static struct zl_mono at_ms(uint64_t ms)
{
	return (struct zl_mono){ (ms + 1) * (uint64_t)ZL_US_PER_MS };
}

static uint64_t wait_ms(unsigned n)
{
	return 500U << (n < 6 ? n : 6);
}

static enum zl_keeper_action next(const struct zl_keeper *k, uint64_t ms)
{
	struct zl_mono wake;

	return zl_keeper_next(k, at_ms(ms), &wake);
}

static uint64_t wakes(const struct zl_keeper *k, uint64_t ms)
{
	struct zl_mono wake;

	assert_int_equal(ZL_KEEPER_WAIT, zl_keeper_next(k, at_ms(ms), &wake));
	return wake.us == UINT64_MAX ? UINT64_MAX : wake.us / ZL_US_PER_MS - 1;
}

static struct zl_keeper running(void)
{
	struct zl_keeper k = { .settle_ms = SETTLE_MS };

	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(0));
	assert_int_equal(ZL_KEEPER_START, next(&k, 0));
	zl_keeper_did(&k, ZL_KEEPER_START, at_ms(0));
	assert_int_equal(UINT64_MAX, wakes(&k, 1));
	return k;
}

static void test_no_taps(void **state)
{
	struct zl_keeper k = { .settle_ms = SETTLE_MS };

	(void)state;
	zl_keeper_changed(&k, ZL_TAPMAP_SAME, false, at_ms(0));
	assert_int_equal(UINT64_MAX, wakes(&k, 0));
	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(5));
	assert_int_equal(ZL_KEEPER_START, next(&k, 5));
	k.leaving = true;
	assert_int_equal(ZL_KEEPER_EXIT, next(&k, 6));
}

static void test_added(void **state)
{
	struct zl_keeper k = running();

	(void)state;
	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(1000));
	assert_int_equal(1000 + SETTLE_MS, wakes(&k, 1000));
	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(1050));
	assert_int_equal(1050 + SETTLE_MS, wakes(&k, 1050));
	assert_int_equal(ZL_KEEPER_RELOAD, next(&k, 1050 + SETTLE_MS));
	zl_keeper_did(&k, ZL_KEEPER_RELOAD, at_ms(1150));
	assert_int_equal(UINT64_MAX, wakes(&k, 1150));
	/* Came and went again. */
	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(2000));
	zl_keeper_changed(&k, ZL_TAPMAP_SAME, true, at_ms(2010));
	assert_int_equal(UINT64_MAX, wakes(&k, 2010));
}

static void test_never_at_rest(void **state)
{
	struct zl_keeper k = running();
	uint64_t ms = 1000;

	(void)state;
	for (; next(&k, ms) == ZL_KEEPER_WAIT && ms < 9000; ms += 10)
		zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(ms));
	assert_in_range(ms, 1000 + SETTLE_MS, 1000 + 5 * SETTLE_MS);
}

static void test_other_map(void **state)
{
	struct zl_keeper k = running();

	(void)state;
	zl_keeper_changed(&k, ZL_TAPMAP_OTHER, true, at_ms(1000));
	assert_int_equal(ZL_KEEPER_STOP, next(&k, 1000 + SETTLE_MS));
	zl_keeper_did(&k, ZL_KEEPER_STOP, at_ms(1100));
	/* Whatever happens, there is no second one before the first has ended. */
	zl_keeper_changed(&k, ZL_TAPMAP_ADDED, true, at_ms(1110));
	assert_int_equal(1100 + 5000, wakes(&k, 1200));
	assert_int_equal(ZL_KEEPER_KILL, next(&k, 6100));
	zl_keeper_did(&k, ZL_KEEPER_STOP, at_ms(6100));
	assert_int_equal(6100 + 5000, wakes(&k, 6100));
	assert_false(zl_keeper_ended(&k, at_ms(6101), wait_ms));
	assert_int_equal(ZL_KEEPER_START, next(&k, 6101));
	zl_keeper_did(&k, ZL_KEEPER_START, at_ms(6101));
	assert_int_equal(UINT64_MAX, wakes(&k, 6101));
}

static void test_failures(void **state)
{
	struct zl_keeper k = running();
	uint64_t ms = 100;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		zl_keeper_failed(&k, at_ms(ms));
		assert_int_equal(ms + 5000, wakes(&k, ms)); /* the rest of it */
		assert_true(zl_keeper_ended(&k, at_ms(ms), wait_ms));
		assert_int_equal(ms + wait_ms(n), wakes(&k, ms));
		ms += wait_ms(n);
		assert_int_equal(ZL_KEEPER_START, next(&k, ms));
		zl_keeper_did(&k, ZL_KEEPER_START, at_ms(ms));
	}
	/* Who ran for long begins anew. */
	ms += 31000;
	zl_keeper_failed(&k, at_ms(ms));
	assert_true(zl_keeper_ended(&k, at_ms(ms), wait_ms));
	assert_int_equal(ms + wait_ms(0), wakes(&k, ms));
}

static void test_leaving(void **state)
{
	struct zl_keeper k = running();

	(void)state;
	k.leaving = true;
	assert_int_equal(ZL_KEEPER_STOP, next(&k, 10));
	zl_keeper_did(&k, ZL_KEEPER_STOP, at_ms(10));
	assert_int_equal(5010, wakes(&k, 20));
	assert_false(zl_keeper_ended(&k, at_ms(60), wait_ms));
	assert_int_equal(ZL_KEEPER_EXIT, next(&k, 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_taps),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_never_at_rest),
		cmocka_unit_test(test_other_map),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_leaving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
