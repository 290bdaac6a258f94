/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pace of looking for datagrams: quiet, busy, and quiet again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/flow/pace.h"

static struct zl_mono at(uint64_t us)
{
	return (struct zl_mono){ 1000000 + us };
}

static void test_quiet_is_never_kept_waiting(void **state)
{
	struct zl_pace p = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(0, zl_pace(&p, at(i * ZL_PACE_NEAR_US), 50));
}

static void make_busy(struct zl_pace *p, uint64_t *now)
{
	for (unsigned i = 0; i < ZL_PACE_TURNS + 1; i++, *now += 10)
		assert_int_equal(0, zl_pace(p, at(*now), 1));
}

static void test_busy_pauses(void **state)
{
	struct zl_pace p = { 0 };
	uint64_t now = 0;

	(void)state;
	make_busy(&p, &now);
	/* One datagram a turn until now: that has not been a pause's harvest. */
	assert_int_equal(ZL_PACE_PAUSE_US, zl_pace(&p, at(now), 1));
	now += ZL_PACE_PAUSE_US + 100;
	for (unsigned i = 0; i < 100; i++, now += ZL_PACE_PAUSE_US + 100)
		assert_int_equal(ZL_PACE_PAUSE_US, zl_pace(&p, at(now), ZL_PACE_FEW));
}

static void test_quiet_again(void **state)
{
	struct zl_pace p = { 0 };
	uint64_t now = 0;

	(void)state;
	make_busy(&p, &now);
	assert_int_equal(ZL_PACE_PAUSE_US, zl_pace(&p, at(now), ZL_PACE_FEW));
	now += ZL_PACE_PAUSE_US;
	assert_int_equal(0, zl_pace(&p, at(now), ZL_PACE_FEW - 1));
	assert_int_equal(0, zl_pace(&p, at(now + 10), 100));
}

static void test_a_turn_without_datagrams_says_nothing(void **state)
{
	struct zl_pace p = { 0 };
	uint64_t now = 0;

	(void)state;
	make_busy(&p, &now);
	assert_int_equal(0, zl_pace(&p, at(now), 0));
	assert_int_equal(ZL_PACE_PAUSE_US, zl_pace(&p, at(now), ZL_PACE_FEW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet_is_never_kept_waiting),
		cmocka_unit_test(test_busy_pauses),
		cmocka_unit_test(test_quiet_again),
		cmocka_unit_test(test_a_turn_without_datagrams_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
