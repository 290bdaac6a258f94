/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a violation in the whole controller.  What happens on a host is the lab's
 * business.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/rig.h"

static void test_objects(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	assert_true(zl_rig_call("DefineLock",
			    json_pack("{s:s, s:s}", "xml",
				    "<lock><name>l</name><zone>nowhere</zone></lock>",
				    "file", "l.xml"),
			    NULL, &err) < 0);
	assert_non_null(strstr(err.msg, "nowhere"));
	assert_int_equal(0, zl_rig_count("ListLocks", NULL, "locks"));
	zl_rig_define_policy();
	assert_true(zl_rig_call("UndefineZone", json_pack("{s:s}", "name", "db"), NULL,
			    &err) < 0);
	assert_int_equal(2, zl_rig_count("ListZones", NULL, "zones"));
}

static void test_allowed_and_replies(void **state)
{
	(void)state;
	/* What the lock allows; its reply; and db1's answer to a stranger. */
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 40000, 5432, ZL_RIG_FULL, 0);
	zl_rig_flow(12, ZL_RIG_DB1, ZL_RIG_WEB1, 5432, 40000, ZL_RIG_FULL, 0);
	zl_rig_flow(12, ZL_RIG_DB1, 0x0a0000c8, 22, 40001, ZL_RIG_FULL, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", 3));
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
}

static void test_reply_alone_is_an_alert_about_the_client(void **state)
{
	json_t *doc = NULL, *item;

	(void)state;
	zl_rig_flow(12, ZL_RIG_DB1, ZL_RIG_WEB1, 22, 40002, ZL_RIG_FULL, 0);
	assert_true(zl_rig_await_count("ListIncidents", "incidents", 2));
	zl_rig_must("ListIncidents", NULL, &doc);
	item = zl_rig_pick(doc, "incidents", "domain", "web1");
	assert_non_null(item);
	assert_string_equal(
		"alert", json_string_value(json_object_get(item, "decision")));
	json_decref(doc);
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
}

static void test_violation_quarantines_once(void **state)
{
	json_t *doc = NULL, *item;

	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, (uint16_t)(41000 + i), 22,
			ZL_RIG_SYN, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
	assert_int_equal(2, zl_rig_count("ListIncidents", NULL, "incidents"));
	zl_rig_must("ListMitigations", NULL, &doc);
	item = zl_rig_pick(doc, "mitigations", "domain", "web1");
	assert_string_equal(
		"lock db-lock", json_string_value(json_object_get(item, "actor")));
	assert_string_equal(
		"strict", json_string_value(json_object_get(item, "grade")));
	json_decref(doc);
}

/* The database is what counts: the engine dies and knows it all again. */
static void test_engine_killed(void **state)
{
	json_t *doc = NULL;

	(void)state;
	zl_rig_kill_role("engine");
	zl_client_close(zl_rig.client);
	zl_rig.client = NULL;
	zl_rig_connect();
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	zl_rig_must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}

static void test_release_holds(void **state)
{
	(void)state;
	zl_rig_must("Release",
		json_pack("{s:s, s:s}", "domain", "web1", "reason", "test"), NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	/* Records of traffic from before the release come late. */
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 42000, 22, ZL_RIG_SYN, 30000);
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 42001, 22, ZL_RIG_SYN, 5000);
	assert_true(zl_rig_await_count("ListIncidents", "incidents", 3));
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	(void)usleep(300000);
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 42002, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
}

/* The host refuses: said once, not tried for every record, and nothing is claimed. */
static void test_refused_by_the_host(void **state)
{
	json_t *doc = NULL;
	struct zl_error err = { 0 };

	(void)state;
	zl_rig_start_agent(ZL_LEASE_FAILED,
		&(struct zl_fakeagent){ .message = "refused by never-touch" });
	assert_true(zl_rig_call("Quarantine", json_pack("{s:s}", "domain", "web1"),
			    NULL, &err) < 0);
	assert_non_null(strstr(err.msg, "never-touch"));
	(void)usleep(300000);
	for (uint16_t i = 0; i < 10; i++)
		zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, (uint16_t)(43000 + i), 22,
			ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListIncidents", "incidents", 4));
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_must("ListMitigations", json_pack("{s:b}", "all", 1), &doc);
	assert_int_equal(4, json_array_size(json_object_get(doc, "mitigations")));
	json_decref(doc);
	zl_rig_must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}

/* Who waits for its restart does not come back while all are stopped. */
static void test_stop_while_a_role_is_down(void **state)
{
	pid_t ended = 0;

	(void)state;
	zl_rig_kill_role("collector");
	(void)usleep(50000);
	assert_int_equal(0, kill(zl_rig.daemon, SIGTERM));
	for (int i = 0; i < ZL_RIG_TRIES && ended == 0; i++) {
		ended = waitpid(zl_rig.daemon, NULL, WNOHANG);
		(void)usleep(ZL_RIG_TRY_US / 2);
	}
	assert_int_equal(zl_rig.daemon, ended);
	zl_rig.daemon = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_allowed_and_replies),
		cmocka_unit_test(test_reply_alone_is_an_alert_about_the_client),
		cmocka_unit_test(test_violation_quarantines_once),
		cmocka_unit_test(test_engine_killed),
		cmocka_unit_test(test_release_holds),
		cmocka_unit_test(test_refused_by_the_host),
		cmocka_unit_test(test_stop_while_a_role_is_down),
	};

	return cmocka_run_group_tests_name(
		"engine", tests, zl_rig_setup, zl_rig_teardown);
}
