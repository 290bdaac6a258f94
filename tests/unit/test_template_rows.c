/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates in the database: replaced by key, trimmed by exporter, expired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/store/templates.h"
#include "tests/support/tempdb.h"

static void put(struct zl_tempdb *t, uint32_t exporter, uint16_t port, uint16_t id,
	int64_t told, const char *bytes)
{
	const struct zl_template_row row = { .exporter = zl_addr_from_v4(exporter),
		.key = { .odid = 7, .port = port, .version = 9 },
		.id = id,
		.n = (uint16_t)strlen(bytes),
		.bytes = (const uint8_t *)bytes,
		.told.us = told };

	assert_int_equal(0, zl_template_rows_put(t->db, &row, NULL));
}

static int collect(const struct zl_template_row *row, void *user)
{
	char *to = user;

	assert_int_equal(7, row->key.odid);
	assert_int_equal(9, row->key.version);
	assert_false(row->is_options);
	(void)snprintf(to + strlen(to), 64 - strlen(to), "%u:%.*s ", row->id, row->n,
		(const char *)row->bytes);
	return 0;
}

static void assert_has(struct zl_tempdb *t, const char *want)
{
	char all[64] = "";

	assert_int_equal(0, zl_template_rows_each(t->db, collect, all, NULL));
	assert_string_equal(want, all);
}

static void test_replaced(void **state)
{
	struct zl_tempdb *t = *state;

	put(t, 1, 100, 256, 1, "abcd");
	put(t, 1, 100, 257, 2, "efgh");
	put(t, 1, 100, 256, 3, "newer");
	zl_tempdb_reopen(t);
	assert_has(t, "256:newer 257:efgh ");
}

static void test_trimmed_by_exporter(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_addr one = zl_addr_from_v4(1);

	put(t, 2, 100, 300, 1, "other");
	for (uint16_t i = 0; i < 5; i++)
		put(t, 1, (uint16_t)(100 + i), 256, 10 + i, "x");
	put(t, 1, 99, 258, 20, "last");
	assert_int_equal(0, zl_template_rows_trim(t->db, &one, 2, NULL));
	assert_has(t, "258:last 256:x 300:other ");
}

static void test_trimmed_in_all(void **state)
{
	struct zl_tempdb *t = *state;

	for (uint16_t i = 0; i < 5; i++)
		put(t, i, 100, 256 + i, 10 + (i + 2) % 5, "x");
	assert_int_equal(0, zl_template_rows_trim_all(t->db, 5, NULL));
	assert_has(t, "258:x 257:x 256:x 260:x 259:x ");
	assert_int_equal(0, zl_template_rows_trim_all(t->db, 2, NULL));
	assert_has(t, "258:x 257:x ");
}

static void test_expired(void **state)
{
	struct zl_tempdb *t = *state;

	put(t, 1, 100, 256, 10, "old");
	put(t, 1, 100, 257, 11, "new");
	assert_int_equal(
		0, zl_template_rows_expire(t->db, (struct zl_wall){ 11 }, NULL));
	assert_has(t, "257:new ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_replaced, zl_tempdb_setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_trimmed_by_exporter, zl_tempdb_setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_trimmed_in_all, zl_tempdb_setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_expired, zl_tempdb_setup, zl_tempdb_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
