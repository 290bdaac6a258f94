/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two kinds of time: differences never wrap, wall time is written as RFC 3339 wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

struct format_case {
	const char *name;
	int64_t us;
	const char *want;
};

/* clang-format off */
static struct format_case format_cases[] = {
	{ "epoch",                  INT64_C(0),                   "1970-01-01T00:00:00.000Z" },
	{ "milliseconds are cut",   INT64_C(1999),                "1970-01-01T00:00:00.001Z" },
	{ "leap day",               INT64_C(1709164800000000),    "2024-02-29T00:00:00.000Z" },
	{ "end of a day",           INT64_C(1700006399999999),    "2023-11-14T23:59:59.999Z" },
	{ "after 2038",             INT64_C(4102444800000000),    "2100-01-01T00:00:00.000Z" },
	{ "before 1970",            INT64_C(-1),                  "1969-12-31T23:59:59.999Z" },
	{ "a whole second before",  INT64_C(-1000000),            "1969-12-31T23:59:59.000Z" },
};
/* clang-format on */

static void test_format(void **state)
{
	const struct format_case *c = *state;
	char buf[ZL_WALL_STR];

	assert_string_equal(c->want, zl_wall_format((struct zl_wall){ c->us }, buf));
}

/* A date that no buffer holds and no calendar knows still gives a text. */
static void test_format_extremes(void **state)
{
	char buf[ZL_WALL_STR];

	(void)state;
	assert_true(zl_wall_format((struct zl_wall){ INT64_MAX }, buf)[0] != '\0');
	assert_true(zl_wall_format((struct zl_wall){ INT64_MIN }, buf)[0] != '\0');
}

/* The last test: the clocks do not go by themselves again. */
static void test_told(void **state)
{
	struct zl_mono before = zl_mono_now();
	struct zl_mono then;

	(void)state;
	zl_clock_tell((struct zl_wall){ 1000000 });
	assert_int_equal(1000000, zl_wall_now().us);
	then = zl_mono_now();
	assert_true(then.us >= before.us);
	zl_clock_tell((struct zl_wall){ 3000000 });
	assert_int_equal(3000000, zl_wall_now().us);
	assert_int_equal(2000000, zl_mono_since(zl_mono_now(), then));
	zl_clock_tell((struct zl_wall){ 2000000 });
	assert_int_equal(3000000, zl_wall_now().us);
	assert_int_equal(2000000, zl_mono_since(zl_mono_now(), then));
}

static void test_mono(void **state)
{
	struct zl_mono a = { 1000 }, b = { 5000 }, now = zl_mono_now();

	(void)state;
	assert_int_equal(4000, zl_mono_since(b, a));
	assert_int_equal(0, zl_mono_since(a, b));
	assert_int_equal(0, zl_mono_since(a, a));
	assert_int_equal(3001000, zl_mono_add_ms(a, 3000).us);
	assert_true(zl_mono_now().us >= now.us);
}

static void test_wall(void **state)
{
	(void)state;
	/* Later than this test was written, in milliseconds. */
	assert_true(zl_wall_ms(zl_wall_now()) > INT64_C(1700000000000));
	assert_int_equal(1, zl_wall_ms((struct zl_wall){ 1999 }));
}

int main(void)
{
	enum { N = N_ITEMS(format_cases) };
	struct CMUnitTest tests[N + 4] = {
		cmocka_unit_test(test_format_extremes),
		cmocka_unit_test(test_mono),
		cmocka_unit_test(test_wall),
	};

	for (size_t i = 0; i < N; i++)
		tests[3 + i] = (struct CMUnitTest){ .name = format_cases[i].name,
			.test_func = test_format,
			.initial_state = &format_cases[i] };
	tests[3 + N] = (struct CMUnitTest)cmocka_unit_test(test_told);
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
