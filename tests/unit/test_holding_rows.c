/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who had an address, in the database: at a second, so many, and forgotten in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/store/holdings.h"
#include "tests/support/tempdb.h"

#define DAY_US (INT64_C(86400) * ZL_US_PER_S)

static struct zl_addr addr;

/* Under the name; returns its id. */
static int64_t put(struct zl_tempdb *t, const char *name, int64_t from, int64_t until)
{
	struct zl_holding h = { .addr = addr,
		.domain.b[0] = 1,
		.host = "hv1",
		.from.us = from,
		.until.us = until };

	(void)snprintf(h.name, sizeof(h.name), "%s", name);
	assert_int_equal(0, zl_holdings_insert(t->db, &h, NULL));
	return h.id;
}

static int collect(const struct zl_holding *h, void *user)
{
	char *to = user;

	(void)snprintf(to + strlen(to), 64 - strlen(to), "%s ", h->name);
	return 0;
}

static void assert_has(struct zl_tempdb *t, int64_t at, unsigned most, const char *want)
{
	char all[64] = "";

	assert_int_equal(0, zl_holdings_each(t->db, &addr, (struct zl_wall){ at }, most,
				    collect, all, NULL));
	assert_string_equal(want, all);
}

static void expire(struct zl_tempdb *t, int64_t now, unsigned most)
{
	assert_int_equal(
		0, zl_holdings_expire(t->db, (struct zl_wall){ now }, 90, most, NULL));
}

/* Times are printed in whole seconds, and asked for so. */
static void test_at_a_second(void **state)
{
	struct zl_tempdb *t = *state;

	(void)put(t, "before", 1000000, 5000000);
	(void)put(t, "short", 5300000, 5600000);
	(void)put(t, "from", 5700000, 0);
	(void)put(t, "after", 6000000, 0);
	assert_has(t, 5000000, 9, "short from ");
	assert_has(t, 5999999, 9, "short from ");
	assert_has(t, 4000000, 9, "before ");
	assert_has(t, 6000000, 9, "from after ");
	assert_has(t, 0, 9, "before short from after ");
}

static void test_the_newest(void **state)
{
	struct zl_tempdb *t = *state;

	(void)put(t, "b", 2, 0);
	(void)put(t, "a", 1, 0);
	(void)put(t, "c", 3, 0);
	assert_has(t, 0, 2, "b c ");
}

/* The clock was set back meanwhile. */
static void test_ends_before_it_begins(void **state)
{
	struct zl_tempdb *t = *state;
	int64_t id = put(t, "open", 7000000, 0);

	(void)put(t, "closed", 7000000, 6000000);
	assert_int_equal(
		0, zl_holdings_end(t->db, id, (struct zl_wall){ 6000000 }, NULL));
	assert_int_equal(
		2, zl_tempdb_count(
			   t, "SELECT count(*) FROM holding WHERE until_us = 7000000"));
}

static void test_expired(void **state)
{
	struct zl_tempdb *t = *state;
	int64_t now = 1000 * DAY_US;

	(void)put(t, "a", 1, now - 91 * DAY_US);
	(void)put(t, "b", 2, now - 89 * DAY_US);
	(void)put(t, "open", 3, 0);
	(void)put(t, "new", now, 0);
	expire(t, now, 9);
	assert_has(t, 0, 9, "b open new ");
}

/* Two years ahead: what was written down yesterday stays. */
static void test_clock_ahead(void **state)
{
	struct zl_tempdb *t = *state;
	int64_t now = 1000 * DAY_US;

	(void)put(t, "a", 1, now - 92 * DAY_US);
	(void)put(t, "b", 2, now - 3 * DAY_US);
	(void)put(t, "c", now - DAY_US, 0);
	expire(t, now + 730 * DAY_US, 9);
	assert_has(t, 0, 9, "b c ");
}

static void test_few_at_once(void **state)
{
	struct zl_tempdb *t = *state;

	for (int64_t i = 1; i <= 5; i++)
		(void)put(t, "x", i, i);
	(void)put(t, "new", 1000 * DAY_US, 0);
	expire(t, 1000 * DAY_US, 2);
	assert_has(t, 0, 9, "x x x new ");
	expire(t, 1000 * DAY_US, 9);
	assert_has(t, 0, 9, "new ");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, zl_tempdb_setup, zl_tempdb_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_at_a_second),
		CASE(test_the_newest),
		CASE(test_ends_before_it_begins),
		CASE(test_expired),
		CASE(test_clock_ahead),
		CASE(test_few_at_once),
	};

	addr = zl_addr_from_v4(0x0a000005);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
