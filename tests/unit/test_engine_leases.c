/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases in the whole controller: trouble on the host, migration, a full disk. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/rig.h"

/* What was in force and has trouble is still ours. */
static void test_trouble_does_not_end_a_lease(void **state)
{
	(void)state;
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_rig_start_agent(ZL_LEASE_FAILED,
		&(struct zl_fakeagent){
			.message = "the kernel is not as it should be" });
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "degraded"));
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

/* The host cannot end it: that is said, recorded, and tried until it can. */
static void test_release_is_tried_again(void **state)
{
	json_t *doc = NULL;

	(void)state;
	zl_rig_start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .clings = true });
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), &doc);
	assert_string_equal(
		"releasing", json_string_value(json_object_get(doc, "state")));
	json_decref(doc);
	zl_rig_must("ListAudit", NULL, &doc);
	assert_non_null(zl_rig_pick(doc, "records", "verb", "lease-releasing"));
	json_decref(doc);
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(zl_rig_await_count("ListMitigations", "mitigations", 0));
	zl_rig_assert_audit_ok();
}

/* Is the object on the host that the agent of this path has told? */
static bool await_object(const char *agent)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		json_t *doc = NULL, *lease;
		const char *got;
		bool is_so;

		zl_rig_must("ListMitigations", NULL, &doc);
		lease = json_incref(zl_rig_pick(doc, "mitigations", "domain", "web1"));
		json_decref(doc);
		zl_rig_must("ShowMitigation",
			json_pack("{s:O}", "id", json_object_get(lease, "id")), &doc);
		json_decref(lease);
		got = json_string_value(
			json_array_get(json_object_get(doc, "objects"), 0));
		is_so = got != NULL && strstr(got, agent) != NULL;
		json_decref(doc);
		if (is_so)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

static void move_web1(const char *on_hv1, const char *on_hv2, const char *to)
{
	zl_rig_write("node.xml", on_hv1);
	zl_rig_write("node2.xml", on_hv2);
	zl_rig_kill_role("inventory");
	assert_true(zl_rig_await(
		"ListMitigations", "mitigations", "domain", "web1", "host", to));
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
}

/* There and back again: contained on both ways, released on all hosts. */
static void test_lease_follows_the_domain(void **state)
{
	(void)state;
	zl_rig_write("node2.xml", zl_rig_node_empty);
	zl_rig.agent2 = zl_rig_run_agent("agent2.sock", ZL_LEASE_APPLIED, NULL);
	zl_rig_define_host("hv2", "node2.xml", "agent2.sock", "");
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv2", "agent", "up"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	move_web1(zl_rig_node_without_web1, zl_rig_node_of_web1, "hv2");
	assert_true(await_object("/agent2.sock"));
	move_web1(zl_rig_node, zl_rig_node_empty, "hv1");
	assert_true(await_object("/agent.sock"));
	(void)usleep(300000); /* no late report ends it */
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

/* More interfaces than can be contained: that is not "applied". */
static void test_more_interfaces_than_can_be(void **state)
{
	char text[16384];
	size_t n = 0;
	json_t *doc = NULL;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text),
		"<node><domain type='test'><name>many</name>"
		"<uuid>bbbbbbbb-0000-4000-8000-000000000009</uuid><memory>8192</memory>"
		"<os><type>hvm</type></os><devices>");
	for (unsigned i = 0; i < 34; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"<interface type='bridge'><mac address='52:54:00:00:09:%02x'/>"
			"<source bridge='br0'/><target dev='many%u'/></interface>",
			i, i);
	(void)snprintf(text + n, sizeof(text) - n, "</devices></domain></node>");
	zl_rig_write("node.xml", text);
	zl_rig_kill_role("inventory");
	assert_true(zl_rig_await(
		"ListDomains", "domains", "name", "many", "state", "running"));
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "many"), &doc);
	assert_string_equal("degraded", zl_rig_text(doc, "state"));
	assert_non_null(strstr(
		zl_rig_text(doc, "reason"), "2 of 'many' are not: many32, many33"));
	json_decref(doc);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "many"), NULL);
	zl_rig_write("node.xml", zl_rig_node);
	zl_rig_kill_role("inventory");
	assert_true(zl_rig_await(
		"ListDomains", "domains", "name", "web1", "state", "running"));
}

/* An agent speaks for its host: what it makes up about others has no effect. */
static void test_hijacked_agent(void **state)
{
	struct zl_lease lie = { .action = ZL_ACTION_QUARANTINE, .n_nics = 1 };

	(void)state;
	lie.expires.us = INT64_MAX;
	lie.id.b[0] = 7;
	assert_true(zl_uuid_parse("bbbbbbbb-0000-4000-8000-000000000002", &lie.domain));
	zl_rig_replace_agent("hv2", &zl_rig.agent2, "agent2.sock", ZL_LEASE_APPLIED,
		&(struct zl_fakeagent){ .keeps = &lie });
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	/* Nor may it have the actuator act. */
	lie.backend = ZL_BACKEND_NWFILTER;
	zl_rig_start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .keeps = &lie });
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	/* What is really its own is kept, and can be released. */
	lie.backend = ZL_BACKEND_NFTABLES;
	zl_rig_start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .keeps = &lie });
	assert_true(zl_rig_await_count("ListMitigations", "mitigations", 1));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "db1"), NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

/* Another program holds the database, as a full disk would: for us the same failure. */
static sqlite3 *hold_database(void)
{
	sqlite3 *db = NULL;
	char path[256];

	zl_rig_path("state/zonelock.db", path, sizeof(path));
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	assert_int_equal(
		SQLITE_OK, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	return db;
}

/* Nothing is begun that is not recorded; what happens anyway is recorded later. */
static void test_database_cannot_be_written(void **state)
{
	struct zl_error err = { 0 };
	size_t n_opened, n_expired;
	sqlite3 *db;

	(void)state;
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	zl_rig_must("Quarantine", json_pack("{s:s, s:i}", "domain", "web1", "ttl", 600),
		NULL);
	n_opened = zl_rig_count_audit("incident-open");
	n_expired = zl_rig_count_audit("lease-expired");
	db = hold_database();
	assert_true(zl_rig_call("Quarantine", json_pack("{s:s}", "domain", "db1"), NULL,
			    &err) < 0);
	assert_non_null(strstr(err.msg, "nothing was done"));
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
	/* An incident opens, and the lease ends on its host. */
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 44000, 22, ZL_RIG_SYN, 0);
	zl_rig_start_agent(ZL_LEASE_EXPIRED, NULL);
	(void)usleep(500000);
	assert_int_equal(n_expired, zl_rig_count_audit("lease-expired"));
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
	assert_int_equal(SQLITE_OK, sqlite3_close(db));
	assert_true(zl_rig_await_audit("lease-expired", n_expired + 1));
	assert_true(zl_rig_await_audit("incident-open", n_opened + 1));
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_assert_audit_ok();
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
}

/* A host that never comes back can be let go of, once its domains are released. */
static void test_host_is_gone_for_good(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_fakeagent_stop(zl_rig.agent);
	zl_rig.agent = 0;
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "down"));
	assert_true(zl_rig_call("UndefineHost", json_pack("{s:s}", "name", "hv1"), NULL,
			    &err) < 0);
	assert_true(zl_rig_call("Release", json_pack("{s:s}", "domain", "web1"), NULL,
			    &err) < 0);
	assert_int_equal(-EHOSTUNREACH, err.code);
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_must("UndefineHost", json_pack("{s:s}", "name", "hv1"), NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_assert_audit_ok();
}

/* An agent may not fill log and audit with changes. */
static void test_agent_that_floods(void **state)
{
	size_t before = zl_rig_count_audit("lease-degraded");
	json_t *doc = NULL;

	(void)state;
	zl_rig.agent = zl_rig_run_agent("agent.sock", ZL_LEASE_APPLIED,
		&(struct zl_fakeagent){ .floods = 3000 });
	zl_rig_define_host("hv1", "node.xml", "agent.sock", "");
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	assert_true(
		zl_rig_await("ListDomains", "domains", "name", "web1", "host", "hv1"));
	(void)!zl_rig_call(
		"Quarantine", json_pack("{s:s}", "domain", "web1"), NULL, NULL);
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "down"));
	zl_rig_must("ListHosts", NULL, &doc);
	assert_non_null(strstr(
		zl_rig_text(zl_rig_pick(doc, "hosts", "name", "hv1"), "agent_reason"),
		"changes without end"));
	json_decref(doc);
	(void)sleep(2);
	assert_in_range(zl_rig_count_audit("lease-degraded"), before + 1, before + 40);
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trouble_does_not_end_a_lease),
		cmocka_unit_test(test_release_is_tried_again),
		cmocka_unit_test(test_lease_follows_the_domain),
		cmocka_unit_test(test_more_interfaces_than_can_be),
		cmocka_unit_test(test_hijacked_agent),
		cmocka_unit_test(test_database_cannot_be_written),
		cmocka_unit_test(test_host_is_gone_for_good),
		cmocka_unit_test(test_agent_that_floods),
	};

	return cmocka_run_group_tests_name(
		"engine leases", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
