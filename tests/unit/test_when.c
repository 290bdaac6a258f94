/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/cli/when.h"

#define NOW INT64_C(1795464245) /* 20:04:05 UTC */
enum { WEST = 5 * 3600 };

static const struct {
	const char *text;
	int64_t seconds; /* 0: refused */
} cases[] = {
	{ "@1795464245", NOW },
	{ "2026-11-23 20:04:05", NOW + WEST },
	{ "2026-11-23T20:04:05", NOW + WEST },
	{ "2026-11-23T20:04:05Z", NOW },
	{ "2026-11-23 20:04", NOW + WEST - 5 },
	{ "2026-11-23", NOW + WEST - 20 * 3600 - 4 * 60 - 5 },
	{ "90s", NOW - 90 },
	{ "-15m", NOW - 900 },
	{ "2h", NOW - 7200 },
	{ "1d", NOW - 86400 },
	{ "", 0 },
	{ "@", 0 },
	{ "@-1", 0 },
	{ "@99999999999999999999", 0 },
	{ "15", 0 },
	{ "15w", 0 },
	{ "15mm", 0 },
	{ "99999999999d", 0 },
	{ "2026-13-01", 0 },
	{ "2026-02-31", 0 },
	{ "2026-02-29 10:00", 0 },
	{ "2028-02-29Z", 1835395200 },
	{ "2026-06-31T10:00:00Z", 0 },
	{ "2026-11-23 25:00", 0 },
	{ "2026-11-23 20:04 tomorrow", 0 },
	{ "1900-01-01", 0 },
	{ "yesterday", 0 },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		struct zl_wall t = { 0 };
		bool is_good = zl_when_parse(
			cases[i].text, (struct zl_wall){ NOW * ZL_US_PER_S }, &t);

		if (is_good != (cases[i].seconds != 0) ||
			(is_good && t.us != cases[i].seconds * ZL_US_PER_S))
			fail_msg("'%s': %d, %lld", cases[i].text, is_good,
				(long long)(t.us / ZL_US_PER_S));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
	};

	/* Five hours behind UTC, always. */
	(void)setenv("TZ", "XXX5", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
