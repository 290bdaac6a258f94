/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases, incidents and releases: what was written comes back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/store/leases.h"
#include "tests/support/tempdb.h"

/* Every field set, every list full. */
static struct zl_lease_row make_lease(uint8_t n, enum zl_lease_state state)
{
	struct zl_lease_row row = { .state = state,
		.host = "hv1",
		.actor = "lock db-lock",
		.reason = "ssh to db1",
		.incident = 42,
		.record_arrival = { 11 },
		.decided = { 12 },
		.committed = { 13 },
		.ended = { 14 },
		.n_elements = 15,
		.objects = "element bridge zonelock forensic { \"vnet0\" }\nline 2",
		.error = "nft: No such file or directory" };
	struct zl_lease *l = &row.lease;

	l->id = (struct zl_uuid){ { 0xaa, n } };
	l->domain = (struct zl_uuid){ { 0xbb, n } };
	(void)snprintf(l->domain_name, sizeof(l->domain_name), "web\xc3\xa4%d", n);
	l->action = ZL_ACTION_BLOCK_FLOW;
	l->grade = ZL_GRADE_STRICT;
	l->backend = ZL_BACKEND_NWFILTER;
	l->created.us = 1700000000000000 + n;
	l->expires.us = 1700003600000000 + n;
	(void)snprintf(l->cause, sizeof(l->cause), "uid 1000: it's \"odd\"");
	l->n_nics = ZL_LEASE_NICS_MAX;
	for (uint8_t i = 0; i < ZL_LEASE_NICS_MAX; i++) {
		l->nics[i].mac = (struct zl_mac){ { 0x52, 0x54, 0, 0, n, i } };
		(void)snprintf(l->nics[i].tap, sizeof(l->nics[i].tap), "vnet%d", i);
	}
	l->n_blocks = ZL_LEASE_BLOCKS_MAX;
	for (uint8_t i = 0; i < ZL_LEASE_BLOCKS_MAX; i++) {
		l->blocks[i].dst = i % 2 == 0 ? zl_addr_from_v4(0x0a000000u + i)
					      : (struct zl_addr){ { 0xfd, i } };
		l->blocks[i].dport = (uint16_t)(65535 - i);
		l->blocks[i].proto = (uint8_t)(255 - i);
	}
	return row;
}

static void test_round_trip(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_lease_row want = make_lease(1, ZL_LEASE_APPLIED), got;

	assert_int_equal(0, zl_leases_put(t->db, &want, NULL));
	zl_tempdb_reopen(t);
	assert_int_equal(0, zl_leases_get(t->db, &want.lease.id, &got, NULL));
	assert_memory_equal(&want, &got, sizeof(want));
	/* the same id again: one row, the new contents */
	want.state = ZL_LEASE_RELEASED;
	want.lease.n_nics = 0;
	memset(want.lease.nics, 0, sizeof(want.lease.nics));
	assert_int_equal(0, zl_leases_put(t->db, &want, NULL));
	assert_int_equal(0, zl_leases_get(t->db, &want.lease.id, &got, NULL));
	assert_memory_equal(&want, &got, sizeof(want));
	assert_int_equal(1, zl_tempdb_count(t, "SELECT count(*) FROM lease"));
}

static void test_lease_names(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_lease_row got;

	for (unsigned s = 0; s < ZL_LEASE_STATE_N; s++) {
		struct zl_lease_row row = make_lease(1, (enum zl_lease_state)s);

		row.lease.action = (enum zl_action)(s % ZL_ACTION_N);
		row.lease.grade = (enum zl_grade)(s % ZL_GRADE_N);
		row.lease.backend = (enum zl_backend_id)(s % ZL_BACKEND_N);
		assert_int_equal(0, zl_leases_put(t->db, &row, NULL));
		assert_int_equal(0, zl_leases_get(t->db, &row.lease.id, &got, NULL));
		assert_memory_equal(&row, &got, sizeof(row));
	}
}

static int collect(const struct zl_lease_row *row, void *user)
{
	char *ids = user;
	size_t n = strlen(ids);

	(void)snprintf(ids + n, 64 - n, "%d ", row->lease.id.b[1]);
	return 0;
}

static void test_leases_each(void **state)
{
	static const enum zl_lease_state states[] = { ZL_LEASE_APPLIED, ZL_LEASE_FAILED,
		ZL_LEASE_PENDING, ZL_LEASE_RELEASED, ZL_LEASE_DEGRADED,
		ZL_LEASE_EXPIRED, ZL_LEASE_RELEASING };
	struct zl_tempdb *t = *state;
	char all[64] = "", live[64] = "";

	for (size_t i = 0; i < N_ITEMS(states); i++) {
		struct zl_lease_row row = make_lease((uint8_t)(9 - i), states[i]);

		assert_int_equal(0, zl_leases_put(t->db, &row, NULL));
	}
	assert_int_equal(0, zl_leases_each(t->db, true, collect, all, NULL));
	assert_string_equal("9 8 7 6 5 4 3 ", all);
	assert_int_equal(0, zl_leases_each(t->db, false, collect, live, NULL));
	assert_string_equal("9 7 5 3 ", live);
}

static void test_damaged_lease(void **state)
{
	static const char *const edits[] = { "state = 'gone'", "action = 'x'",
		"nics = '[{}]'", "nics = '{'", "blocks = '[{\"dst\":\"x\"}]'",
		"blocks = 'null'", "grade = ''" };
	struct zl_tempdb *t = *state;
	struct zl_lease_row row = make_lease(1, ZL_LEASE_APPLIED), got;
	struct zl_error err = { 0 };
	char sql[128];

	for (size_t i = 0; i < N_ITEMS(edits); i++) {
		assert_int_equal(0, zl_leases_put(t->db, &row, NULL));
		(void)snprintf(sql, sizeof(sql), "UPDATE lease SET %s", edits[i]);
		zl_tempdb_tamper(t, sql);
		assert_int_equal(
			-EBADMSG, zl_leases_get(t->db, &row.lease.id, &got, &err));
		assert_non_null(strstr(err.msg, "aa010000-0000-0000"));
	}
	row.lease.id.b[5] = 1;
	assert_int_equal(-ENOENT, zl_leases_get(t->db, &row.lease.id, &got, &err));
	assert_string_equal(
		"lease aa010000-0001-0000-0000-000000000000: there is none", err.msg);
}

/* --- incidents --- */

static struct zl_incident_row make_incident(uint64_t n, json_t *evidence)
{
	struct zl_incident_row row = { .open = true,
		.domain = { { 0xbb, (uint8_t)n } },
		.domain_name = "web1",
		.host = "hv1",
		.lock = "db-lock",
		.rule = "inbound deny tcp 22",
		.opened = { 100 },
		.updated = { 200 },
		.count = 3,
		.decision = "quarantine",
		.decision_reason = "enforce",
		.lease = { { 0xaa } },
		.evidence = evidence };

	return row;
}

struct want {
	const struct zl_incident_row *row;
	unsigned n;
};

static int compare(const struct zl_incident_row *got, void *user)
{
	struct want *w = user;
	struct zl_incident_row a = *w->row, b = *got;

	assert_true(json_equal(a.evidence, b.evidence));
	a.evidence = b.evidence = NULL;
	assert_memory_equal(&a, &b, sizeof(a));
	w->n++;
	return 7;
}

static void test_incident(void **state)
{
	struct zl_tempdb *t = *state;
	json_t *evidence = json_pack("[{s:s, s:i}]", "src", "10.0.0.5", "dport", 22);
	struct zl_incident_row row = make_incident(1, evidence);
	struct want want = { .row = &row };
	struct zl_error err = { 0 };

	assert_int_equal(0, zl_incidents_put(t->db, &row, NULL));
	assert_int_equal(1, row.id);
	row.count = 4;
	row.updated.us = 300;
	row.open = false;
	memset(&row.lease, 0, sizeof(row.lease));
	assert_int_equal(0, zl_incidents_put(t->db, &row, NULL));
	assert_int_equal(1, row.id);
	zl_tempdb_reopen(t);
	assert_int_equal(7, zl_incidents_get(t->db, 1, compare, &want, NULL));
	assert_int_equal(1, want.n);
	assert_int_equal(-ENOENT, zl_incidents_get(t->db, 2, compare, &want, &err));
	assert_string_equal("incident 2: there is none", err.msg);
	json_decref(evidence);
}

static int collect_incident(const struct zl_incident_row *row, void *user)
{
	char *ids = user;
	size_t n = strlen(ids);

	(void)snprintf(ids + n, 64 - n, "%d ", (int)row->id);
	return 0;
}

static void test_incidents_each(void **state)
{
	struct zl_tempdb *t = *state;
	char all[64] = "", open[64] = "", newest[64] = "";

	for (uint64_t i = 1; i <= 6; i++) {
		struct zl_incident_row row = make_incident(i, NULL);

		row.open = i % 2 == 0;
		assert_int_equal(0, zl_incidents_put(t->db, &row, NULL));
		assert_int_equal(i, row.id);
	}
	assert_int_equal(
		0, zl_incidents_each(t->db, true, 0, collect_incident, all, NULL));
	assert_string_equal("1 2 3 4 5 6 ", all);
	assert_int_equal(
		0, zl_incidents_each(t->db, false, 0, collect_incident, open, NULL));
	assert_string_equal("2 4 6 ", open);
	assert_int_equal(
		0, zl_incidents_each(t->db, true, 2, collect_incident, newest, NULL));
	assert_string_equal("5 6 ", newest);
}

/* --- releases --- */

static int sum(const struct zl_uuid *domain, struct zl_wall when, void *user)
{
	int64_t *total = user;

	*total += when.us * domain->b[0];
	return 0;
}

static void test_releases(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_uuid one = { { 1 } }, ten = { { 10 } };
	int64_t total = 0;

	assert_int_equal(0, zl_releases_put(t->db, &one, (struct zl_wall){ 5 }, NULL));
	assert_int_equal(0, zl_releases_put(t->db, &ten, (struct zl_wall){ 5 }, NULL));
	assert_int_equal(0, zl_releases_put(t->db, &one, (struct zl_wall){ 7 }, NULL));
	zl_tempdb_reopen(t);
	assert_int_equal(0, zl_releases_each(t->db, sum, &total, NULL));
	assert_int_equal(57, total);
}

int main(void)
{
#define WITH_DB(f)                                                                     \
	cmocka_unit_test_setup_teardown(f, zl_tempdb_setup, zl_tempdb_teardown)
	const struct CMUnitTest tests[] = {
		WITH_DB(test_round_trip),
		WITH_DB(test_lease_names),
		WITH_DB(test_leases_each),
		WITH_DB(test_damaged_lease),
		WITH_DB(test_incident),
		WITH_DB(test_incidents_each),
		WITH_DB(test_releases),
	};

	return cmocka_run_group_tests_name("leases", tests, NULL, NULL);
}
