/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit chain: its exact hash, and that every change behind its back is found. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/store/audit.h"
#include "tests/support/tempdb.h"

enum { N_RECORDS = 20 };

static int append(struct zl_db *db, unsigned n, struct zl_error *reterr)
{
	json_t *evidence =
		n % 2 == 0 ? NULL : json_pack("[{s:i, s:f}]", "dport", n, "x", 0.1);
	char object[32];
	struct zl_audit_record rec = { .time = { 1000000 + n },
		.actor = "uid 0 (root)",
		.verb = "quarantine",
		.object = object,
		.cause = "test",
		.result = "pending",
		.evidence = evidence };
	int r;

	(void)snprintf(object, sizeof(object), "domain web%u", n);
	r = zl_audit_append(db, &rec, reterr);
	json_decref(evidence);
	return r;
}

static int setup(void **state)
{
	struct zl_tempdb *t;
	int r = zl_tempdb_setup(state);

	t = *state;
	for (unsigned n = 1; n <= N_RECORDS && r >= 0; n++)
		r = append(t->db, n, NULL);
	return r;
}

/*
 * printf '{"actor":"uid 0 (root)","cause":"test",...}' >r; dd bs=32 count=1 if=/dev/zero >>r;
 * sha256sum r
 */
static void test_hash(void **state)
{
	static const uint8_t want[ZL_AUDIT_HASH] = {
		0xe4,
		0x7f,
		0x8c,
		0x99,
		0xf4,
		0xd4,
		0xe9,
		0x99,
		0x0b,
		0xc2,
		0x67,
		0xe4,
		0xca,
		0x29,
		0x7b,
		0xaf,
		0x80,
		0xd5,
		0x10,
		0x2e,
		0x82,
		0xca,
		0xe7,
		0xf9,
		0x5d,
		0xe0,
		0x56,
		0xd2,
		0x85,
		0x72,
		0x57,
		0x4e,
	};
	struct zl_tempdb *t = *state;
	json_t *evidence = json_pack("{s:i, s:s}", "zoo", 1, "ape", "\xc3\xa4");
	struct zl_audit_record rec = { .time = { 1700000000000001 },
		.actor = "uid 0 (root)",
		.verb = "quarantine",
		.object = "domain \"web1\"",
		.cause = "test",
		.result = "pending",
		.evidence = evidence };

	assert_int_equal(0, zl_audit_append(t->db, &rec, NULL));
	json_decref(evidence);
	assert_int_equal(1, rec.seq);
	assert_memory_equal(want, rec.hash, sizeof(want));
}

struct seen {
	unsigned n;
	uint64_t first, last;
	bool evidence;
};

static int see(const struct zl_audit_record *rec, void *user)
{
	struct seen *s = user;

	s->first = s->n++ == 0 ? rec->seq : s->first;
	s->last = rec->seq;
	s->evidence = rec->evidence != NULL;
	assert_string_equal("uid 0 (root)", rec->actor);
	assert_string_equal("test", rec->cause);
	assert_int_equal(1000000 + rec->seq, rec->time.us);
	return 0;
}

static void test_read(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	struct seen all = { 0 }, some = { 0 }, single = { 0 };

	assert_int_equal(0, zl_audit_each(t->db, 0, see, &all, NULL));
	assert_int_equal(N_RECORDS, all.n);
	assert_int_equal(1, all.first);
	assert_int_equal(0, zl_audit_each(t->db, 3, see, &some, NULL));
	assert_int_equal(3, some.n);
	assert_int_equal(N_RECORDS - 2, some.first);
	assert_int_equal(N_RECORDS, some.last);
	assert_int_equal(0, zl_audit_get(t->db, 7, see, &single, NULL));
	assert_int_equal(7, single.first);
	assert_true(single.evidence);
	assert_int_equal(-ENOENT, zl_audit_get(t->db, 99, see, &single, &err));
	assert_string_equal("audit record 99: there is none", err.msg);
}

/* --- what must be found --- */

struct tamper {
	const char *name;
	const char *sql;
	uint64_t first_bad; /* 0: the chain is sound */
	const char *reason; /* how it begins */
};

#define CHANGED(n) "record " n " was changed"

/* clang-format off */
static struct tamper tampers[] = {
	{ "nothing",          "SELECT 1", 0, "" },
	{ "cause changed",    "UPDATE audit SET cause = 'other' WHERE seq = 17", 17, CHANGED("17") },
	{ "actor changed",    "UPDATE audit SET actor = 'uid 1' WHERE seq = 1", 1, CHANGED("1") },
	{ "time changed",     "UPDATE audit SET time_us = time_us + 1 WHERE seq = 5", 5, CHANGED("5") },
	{ "result changed",   "UPDATE audit SET result = 'applied' WHERE seq = 20", 20, CHANGED("20") },
	{ "evidence removed", "UPDATE audit SET evidence = 'null' WHERE seq = 3", 3, CHANGED("3") },
	{ "evidence respaced", "UPDATE audit SET evidence = ' null' WHERE seq = 4", 4, CHANGED("4") },
	{ "evidence doubled key", "UPDATE audit SET evidence = '[{\"dport\":9,\"dport\":3,\"x\":0.1}]' WHERE seq = 3", 3, CHANGED("3") },
	{ "evidence not JSON", "UPDATE audit SET evidence = '{' WHERE seq = 4", 4, CHANGED("4") },
	{ "text with a NUL",  "UPDATE audit SET actor = actor || char(0) || 'x' WHERE seq = 9", 9, CHANGED("9") },
	{ "hash changed",     "UPDATE audit SET hash = zeroblob(32) WHERE seq = 6", 6, CHANGED("6") },
	{ "one removed",      "DELETE FROM audit WHERE seq = 8", 8, "record 8 is missing" },
	{ "three removed",    "DELETE FROM audit WHERE seq BETWEEN 8 AND 10", 8, "records 8 to 10 are missing" },
	{ "first removed",    "DELETE FROM audit WHERE seq = 1", 1, "record 1 is missing" },
	{ "tail cut",         "DELETE FROM audit WHERE seq > 17", 18, "records 18 to 20 are missing" },
	{ "all removed",      "DELETE FROM audit", 1, "records 1 to 20 are missing" },
	{ "two exchanged",    "UPDATE audit SET seq = -1 WHERE seq = 11; UPDATE audit SET seq = 11 WHERE seq = 12;"
			      "UPDATE audit SET seq = 12 WHERE seq = -1", 11, CHANGED("11") },
	{ "moved up",         "DELETE FROM audit WHERE seq = 10; UPDATE audit SET seq = seq - 1 WHERE seq > 10",
			      10, CHANGED("10") },
	{ "one put in front", "INSERT INTO audit SELECT -3, time_us, actor, verb, object, cause, result, evidence, hash"
			      " FROM audit WHERE seq = 2", 1, "a record -3 was put before the first" },
	{ "one added",        "INSERT INTO audit SELECT 21, time_us, actor, verb, object, cause, result, evidence, hash"
			      " FROM audit WHERE seq = 20", 21, CHANGED("21") },
	{ "head set back",    "UPDATE audit_head SET seq = 15", 16, "records from 16 on are not known" },
	{ "tail and head cut", "DELETE FROM audit WHERE seq > 17; UPDATE audit_head SET seq = 17",
			      17, "the head of the chain was changed" },
	{ "head changed",     "UPDATE audit_head SET hash = zeroblob(32)", 20, "the head of the chain was changed" },
	{ "head removed",     "DELETE FROM audit_head", 1, "the head of the chain is missing" },
};
/* clang-format on */

static void test_tamper(void **state)
{
	const struct tamper *c = *state;
	struct zl_audit_check check = { 0 };
	struct zl_tempdb *t;
	void *made;

	assert_int_equal(0, setup(&made));
	t = made;
	zl_tempdb_tamper(t, c->sql);
	zl_tempdb_reopen(t);
	assert_int_equal(0, zl_audit_verify(t->db, &check, NULL));
	assert_int_equal(c->first_bad, check.first_bad);
	assert_int_equal(c->first_bad == 0, check.ok);
	if (strncmp(check.reason, c->reason, strlen(c->reason)) != 0)
		fail_msg("reason: %s", check.reason);
	assert_int_equal(0, zl_tempdb_teardown(&made));
}

/* --- what SQLite itself refuses --- */

static void test_triggers(void **state)
{
	static const char *const refused[] = {
		"UPDATE audit SET cause = 'x' WHERE seq = 3",
		"UPDATE OR REPLACE audit SET seq = 4 WHERE seq = 3",
		"DELETE FROM audit WHERE seq = 3",
		"DELETE FROM audit",
		"REPLACE INTO audit SELECT * FROM audit WHERE seq = 3",
		"INSERT INTO audit SELECT 30, time_us, actor, verb, object, cause, "
		"result,"
		" evidence, hash FROM audit WHERE seq = 3",
		"DELETE FROM audit_head",
		"UPDATE audit_head SET seq = 3",
		"INSERT INTO audit_head VALUES (2, 3, zeroblob(32))",
		"REPLACE INTO audit_head VALUES (1, 3, zeroblob(32))",
	};
	struct zl_tempdb *t = *state;
	struct zl_audit_check check;
	struct zl_error err;

	for (size_t i = 0; i < N_ITEMS(refused); i++) {
		if (zl_db_exec(t->db, refused[i], &err) >= 0)
			fail_msg("not refused: %s", refused[i]);
	}
	assert_int_equal(0, zl_audit_verify(t->db, &check, NULL));
	assert_true(check.ok);
	assert_int_equal(N_RECORDS, check.records);
}

static void test_head_missing(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };

	zl_tempdb_tamper(t, "DELETE FROM audit_head");
	assert_int_equal(-ENODATA, append(t->db, 1, &err));
	assert_string_equal("audit: the head of the chain is missing", err.msg);
}

/* In the caller's transaction: gone with it, and the chain goes on. */
static void test_rolled_back(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_audit_check check;

	assert_int_equal(0, zl_db_begin(t->db, NULL));
	assert_int_equal(0, append(t->db, 21, NULL));
	assert_int_equal(0, append(t->db, 22, NULL));
	zl_db_rollback(t->db);
	assert_int_equal(0, append(t->db, 23, NULL));
	assert_int_equal(0, zl_audit_verify(t->db, &check, NULL));
	assert_true(check.ok);
	assert_int_equal(N_RECORDS + 1, check.records);
}

static int see_ascii(const struct zl_audit_record *rec, void *user)
{
	(void)user;
	assert_string_equal("domain w?b", rec->object);
	assert_string_equal("", rec->cause);
	return 0;
}

static void test_not_utf8(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_audit_record rec = { .actor = "uid 0",
		.verb = "x",
		.object = "domain w\xff"
			  "b" };
	struct zl_audit_check check;

	assert_int_equal(0, zl_audit_append(t->db, &rec, NULL));
	assert_int_equal(0, zl_audit_get(t->db, rec.seq, see_ascii, NULL, NULL));
	assert_int_equal(0, zl_audit_verify(t->db, &check, NULL));
	assert_true(check.ok);
}

int main(void)
{
	struct CMUnitTest tampered[N_ITEMS(tampers)] = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_hash, zl_tempdb_setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_triggers, setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_head_missing, setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_rolled_back, setup, zl_tempdb_teardown),
		cmocka_unit_test_setup_teardown(
			test_not_utf8, setup, zl_tempdb_teardown),
	};
	int failed;

	for (size_t i = 0; i < N_ITEMS(tampers); i++)
		tampered[i] = (struct CMUnitTest){ .name = tampers[i].name,
			.test_func = test_tamper,
			.initial_state = &tampers[i] };
	failed = cmocka_run_group_tests_name("audit tampering", tampered, NULL, NULL);
	return failed + cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
