/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the traffic was: never later than it was said, and as much earlier as it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/moment.h"

enum { ARRIVAL_S = 1000000, NO = -1 };
#define NONE ZL_MOMENT_NO_OFFSET

/* Milliseconds; what is expected is before the arrival. */
struct moment_case {
	const char *name;
	int64_t age, error;
	int64_t first, last; /* by the exporter's clock, before the arrival */
	int64_t offset_us;
	int64_t want_start, want_earliest, want_latest;
};

/* clang-format off */
static struct moment_case cases[] = {
	{ "no times: as old as it may be", NO, 0, NO, NO, NONE, 60100, 60100, 0 },
	{ "an exact age",	 5000, 1, NO, NO, NONE,		5101, 5101, 4999 },
	{ "one by whole seconds", 5000, 1000, NO, NO, NONE,	6100, 6100, 4000 },
	{ "younger than that is exact", 500, 1000, NO, NO, NONE,	1600, 1600, 0 },
	{ "the beginning",	 5000, 1, 65000, 5000, NONE,	65101, 5101, 4999 },
	{ "a beginning after the end is none", 5000, 1, 5000, 65000, NONE, 5101, 5101, 4999 },
	{ "a clock that is wrong as always", 5000, 1, NO, 3605000, 3600000000, 5101, 5101, 4999 },
	{ "a datagram that took longer", 5000, 1, NO, 45000, 10000000, 35101, 35101, 4999 },
	{ "one that took a little longer", 5000, 1, NO, 6500, 0, 5101, 5101, 4999 },
	{ "one that came sooner", 5000, 1, NO, 5000, 10000000, 5101, 5101, 4999 },
	{ "a clock that was set", 5000, 1, NO, 9000000000, 0, 86405101, 86405101, 4999 },
};
/* clang-format on */

static void test_moment(void **state)
{
	const struct moment_case *c = *state;
	const int64_t arrival = ARRIVAL_S * INT64_C(1000);
	struct zl_flow f = { .arrival.us = arrival * ZL_US_PER_MS };
	struct zl_index_when w;

	if (c->age != NO) {
		f.age_ms = (uint32_t)c->age;
		f.age_error_ms = (uint32_t)c->error;
		f.present |= ZL_FLOW_AGE;
	}
	if (c->first != NO) {
		f.first_ms = arrival - c->first;
		f.present |= ZL_FLOW_FIRST;
	}
	if (c->last != NO) {
		f.last_ms = arrival - c->last;
		f.present |= ZL_FLOW_LAST;
	}
	w = zl_moment(&f, c->offset_us);
	assert_int_equal(c->want_start, arrival - w.start.us / ZL_US_PER_MS);
	assert_int_equal(c->want_earliest, arrival - w.earliest.us / ZL_US_PER_MS);
	assert_int_equal(c->want_latest, arrival - w.latest.us / ZL_US_PER_MS);
}

/* Times that cannot be do not come out as a moment that cannot be. */
static void test_absurd(void **state)
{
	struct zl_flow f = { .arrival.us = ARRIVAL_S * ZL_US_PER_S,
		.first_ms = INT64_MIN,
		.last_ms = INT64_MAX,
		.age_ms = UINT32_MAX,
		.age_error_ms = UINT32_MAX,
		.present = ZL_FLOW_FIRST | ZL_FLOW_LAST | ZL_FLOW_AGE };
	struct zl_index_when w = zl_moment(&f, INT64_MIN);

	(void)state;
	assert_true(w.start.us <= w.earliest.us);
	assert_true(w.earliest.us <= w.latest.us);
	assert_true(w.latest.us <= f.arrival.us);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 1] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_moment,
			.initial_state = &cases[i] };
	tests[N_ITEMS(cases)] = (struct CMUnitTest)cmocka_unit_test(test_absurd);
	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
