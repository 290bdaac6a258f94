/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a count is recent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/roles/engine/recent.h"

static void test_two_turns(void **state)
{
	struct zl_recent r = { 0 };

	(void)state;
	r.all = 5;
	assert_int_equal(5, zl_recent_count(&r));
	zl_recent_turn(&r);
	r.all = 7;
	assert_int_equal(7, zl_recent_count(&r));
	zl_recent_turn(&r);
	assert_int_equal(2, zl_recent_count(&r));
	zl_recent_turn(&r);
	assert_int_equal(0, zl_recent_count(&r));
}

static void test_restart_of_who_counts(void **state)
{
	struct zl_recent r = { 0 };

	(void)state;
	zl_recent_set(&r, 100);
	zl_recent_turn(&r);
	zl_recent_turn(&r);
	zl_recent_set(&r, 103);
	assert_int_equal(3, zl_recent_count(&r));
	zl_recent_set(&r, 4);
	assert_int_equal(4, zl_recent_count(&r));
}

static void test_forget(void **state)
{
	struct zl_recent r = { .all = 9, .before = 1, .at = 2 };

	(void)state;
	zl_recent_forget(&r);
	assert_int_equal(0, zl_recent_count(&r));
	r.all++;
	assert_int_equal(1, zl_recent_count(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_turns),
		cmocka_unit_test(test_restart_of_who_counts),
		cmocka_unit_test(test_forget),
	};

	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
