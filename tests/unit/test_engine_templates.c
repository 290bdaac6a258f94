/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates over the death of the collector: known again, but no reason to act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 12, 4, 0 },
	{ 7, 2, 0 }, { 11, 2, 0 }, { 4, 1, 0 }, { 6, 1, 0 }, { 10, 4, 0 }, { 1, 4, 0 },
	{ 2, 4, 0 }, { 22, 4, 0 }, { 21, 4, 0 } };

static int fd = -1; /* one for all: templates belong to the exporter's port */

struct record {
	uint32_t src, dst;
	uint16_t sport, dport, in_if;
	uint8_t flags;
	uint32_t lasted_ms; /* until now */
};

static void put_record(
	struct zl_flowgen *g, uint16_t template_id, const struct record *r)
{
	zl_flowgen_set(g, template_id);
	zl_flowgen_u32(g, r->src);
	zl_flowgen_u32(g, r->dst);
	zl_flowgen_u16(g, r->sport);
	zl_flowgen_u16(g, r->dport);
	zl_flowgen_u8(g, 6);
	zl_flowgen_u8(g, r->flags);
	zl_flowgen_u32(g, r->in_if);
	zl_flowgen_u32(g, 60);
	zl_flowgen_u32(g, 1);
	zl_flowgen_u32(g, ZL_RIG_UPTIME - r->lasted_ms);
	zl_flowgen_u32(g, ZL_RIG_UPTIME);
}

static void send_record(
	uint16_t template_id, bool with_template, const struct record *r)
{
	static uint32_t sequence;
	static struct zl_flowgen g;

	zl_flowgen_v9(&g, ZL_RIG_UPTIME, (uint32_t)(zl_wall_now().us / ZL_US_PER_S),
		sequence++, 0);
	if (with_template) {
		zl_flowgen_set(&g, 0);
		zl_flowgen_template(&g, template_id, fields, N_ITEMS(fields));
	}
	put_record(&g, template_id, r);
	zl_flowgen_end(&g);
	zl_rig_send_datagram(fd, &g);
}

/* A SYN of web1 to db1 that was seen just now. */
static void send_v9_as(uint16_t template_id, bool with_template, uint16_t dport)
{
	const struct record syn = { .src = ZL_RIG_WEB1,
		.dst = ZL_RIG_DB1,
		.sport = 40000,
		.dport = dport,
		.in_if = 11,
		.flags = ZL_RIG_SYN };

	send_record(template_id, with_template, &syn);
}

static void send_v9(bool with_template, uint16_t dport)
{
	send_v9_as(300, with_template, dport);
}

static int templates_on_disk(void)
{
	char path[256];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int n = -1;

	zl_rig_path("state/zonelock.db", path, sizeof(path));
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "SELECT count(*) FROM template", -1, &stmt,
			NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

static void await_on_disk(int want)
{
	for (int i = 0; i < ZL_RIG_TRIES && templates_on_disk() != want; i++)
		(void)usleep(ZL_RIG_TRY_US);
	assert_int_equal(want, templates_on_disk());
}

static void test_kept(void **state)
{
	(void)state;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	send_v9(true, 5432);
	send_v9(true, 5432); /* again: nothing new */
	assert_true(zl_rig_await_count("ListFlows", "flows", 2));
	await_on_disk(1);
}

/* Nor is it lost when the database cannot be written for a while, and that is said. */
static void test_database_fails(void **state)
{
	(void)state;
	zl_rig_block_database();
	send_v9_as(301, true, 5432);
	assert_true(zl_rig_await_database(false));
	zl_rig_unblock_database();
	assert_true(zl_rig_await_database(true));
	await_on_disk(2);
}

/* Data alone is read after the collector's death, and reported, but not acted on. */
static void test_known_again_and_provisional(void **state)
{
	json_t *doc = NULL;

	(void)state;
	zl_rig_kill_role("collector");
	send_v9(false, 22);
	assert_true(zl_rig_await_count("ListFlows", "flows", 4));
	assert_true(zl_rig_await_count("ListIncidents", "incidents", 1));
	zl_rig_must("ListIncidents", NULL, &doc);
	assert_non_null(
		strstr(zl_rig_text(zl_rig_pick(doc, "incidents", "domain", "web1"),
			       "decision_reason"),
			"template from before a restart"));
	json_decref(doc);
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
}

/*
 * db1 is the client of web1:9999.  web1's answer is read with a template that was sent
 * again; that of db1's own record was not, so it may be read wrong, here as if db1 had
 * answered.  It is no proof that web1 began.
 */
static void test_proves_nothing(void **state)
{
	const struct record answer = { .src = ZL_RIG_WEB1,
		.dst = ZL_RIG_DB1,
		.sport = 9999,
		.dport = 50000,
		.in_if = 11,
		.flags = ZL_RIG_FULL,
		.lasted_ms = 5000 };
	const struct record asked = { .src = ZL_RIG_DB1,
		.dst = ZL_RIG_WEB1,
		.sport = 50000,
		.dport = 9999,
		.in_if = 12,
		.flags = ZL_RIG_FULL,
		.lasted_ms = 1000 };
	json_t *doc = NULL, *flow;

	(void)state;
	send_record(300, true, &answer);
	assert_true(zl_rig_await_count("ListFlows", "flows", 5));
	send_record(301, false, &asked);
	assert_true(zl_rig_await_count("ListFlows", "flows", 6));
	(void)usleep(1000000);
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
	zl_rig_must("ListFlows", NULL, &doc);
	flow = json_array_get(json_object_get(doc, "flows"), 4);
	assert_string_equal("10.0.0.1", zl_rig_text(flow, "src"));
	assert_string_equal("guess", zl_rig_text(flow, "confidence"));
	json_decref(doc);
}

/* An address that may be read out of the wrong place makes no liar; one that is not does. */
static void test_no_liar(void **state)
{
	const struct record lie = { .src = ZL_RIG_DB1,
		.dst = ZL_RIG_WEB2,
		.sport = 50001,
		.dport = 9999,
		.in_if = 11,
		.flags = ZL_RIG_SYN };
	size_t flows = zl_rig_count("ListFlows", NULL, "flows");
	size_t before = zl_rig_count("ListIncidents", NULL, "incidents");

	(void)state;
	send_record(301, false, &lie);
	assert_true(zl_rig_await_count("ListFlows", "flows", flows + 1));
	assert_int_equal(before, zl_rig_count("ListIncidents", NULL, "incidents"));
	send_record(301, true, &lie);
	assert_true(zl_rig_await_count("ListFlows", "flows", flows + 2));
	assert_true(zl_rig_await(
		"ListIncidents", "incidents", "lock", "(spoofing)", "domain", "web1"));
}

static void test_confirmed(void **state)
{
	(void)state;
	send_v9(true, 22);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
}

/* The whole controller again: from the disk. */
static void test_engine_and_collector_die(void **state)
{
	(void)state;
	zl_rig_kill_role("collector");
	zl_rig_kill_role("engine");
	zl_client_close(zl_rig.client);
	zl_rig.client = NULL;
	zl_rig_connect();
	send_v9(false, 5432);
	assert_true(zl_rig_await_count("ListFlows", "flows", 1));
}

/* Many exporters had some: the newest of all stay. */
static void test_bounded_in_all(void **state)
{
	char path[256], sql[512];
	sqlite3 *db = NULL;

	(void)state;
	zl_rig_path("state/zonelock.db", path, sizeof(path));
	(void)snprintf(sql, sizeof(sql),
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n"
		" WHERE i < 20000) INSERT INTO template SELECT "
		"CAST(printf('exporter%%08d',"
		" i / 32) AS BLOB), 9, 1, 1, 256 + i %% 32,"
		" 0, x'01000001000800040000', %lld FROM n",
		(long long)zl_wall_now().us - 1000000000);
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	(void)sqlite3_busy_timeout(db, 5000);
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
	(void)sqlite3_close(db);
	send_v9_as(302, true, 5432);
	await_on_disk(16384);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_database_fails),
		cmocka_unit_test(test_known_again_and_provisional),
		cmocka_unit_test(test_proves_nothing),
		cmocka_unit_test(test_no_liar),
		cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_engine_and_collector_die),
		cmocka_unit_test(test_bounded_in_all),
	};

	return cmocka_run_group_tests_name(
		"engine templates", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
