/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quarantine and Release in the whole controller: again, otherwise, many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/rig.h"

enum { SHELLS = 8 };

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void quarantine(const char *options, json_t **ret)
{
	json_t *params = json_loads(options, 0, NULL);

	assert_non_null(params);
	(void)json_object_set_new(params, "domain", json_string("web1"));
	zl_rig_must("Quarantine", params, ret);
	assert_string_equal("applied", zl_rig_text(*ret, "state"));
}

/* Another grade or end is a change of the lease that is there. */
static void test_change(void **state)
{
	json_t *first, *again, *strict, *shorter, *back;

	(void)state;
	quarantine("{\"ttl\": 600}", &first);
	assert_string_equal("forensic", zl_rig_text(first, "grade"));
	quarantine("{}", &again);
	assert_int_equal(number(first, "expires_ms"), number(again, "expires_ms"));
	quarantine("{\"grade\": \"strict\"}", &strict);
	assert_string_equal("strict", zl_rig_text(strict, "grade"));
	assert_int_equal(number(first, "expires_ms"), number(strict, "expires_ms"));
	quarantine("{\"ttl\": 60}", &shorter);
	assert_string_equal("strict", zl_rig_text(shorter, "grade"));
	assert_true(number(shorter, "expires_ms") < number(first, "expires_ms"));
	quarantine("{\"grade\": \"forensic\"}", &back);
	assert_string_equal("forensic", zl_rig_text(back, "grade"));
	assert_string_equal(zl_rig_text(first, "id"), zl_rig_text(back, "id"));
	assert_int_equal(1, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
	assert_int_equal(3, zl_rig_count_audit("quarantine-change"));
	assert_int_equal(4, zl_rig_count_audit("lease-applied"));
	json_decref(first);
	json_decref(again);
	json_decref(strict);
	json_decref(shorter);
	json_decref(back);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_rig_assert_audit_ok();
}

/* A change that the host cannot make leaves in force what is. */
static void test_change_fails(void **state)
{
	json_t *doc = NULL;

	(void)state;
	quarantine("{}", &doc);
	json_decref(doc);
	zl_rig_start_agent(ZL_LEASE_FAILED,
		&(struct zl_fakeagent){ .message = "the kernel is busy" });
	zl_rig_must("Quarantine",
		json_pack("{s:s, s:s}", "domain", "web1", "grade", "strict"), &doc);
	assert_string_equal("degraded", zl_rig_text(doc, "state"));
	json_decref(doc);
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
}

/* A process of its own asks; 0: it got what it wants, or a sentence that says why not. */
static int ask(const char *method, const char *fine)
{
	char path[256];
	struct zl_client *c = NULL;
	struct zl_error err = { 0 };
	json_t *reply = NULL, *params = json_pack("{s:s}", "domain", "web1");

	zl_rig_path("control.sock", path, sizeof(path));
	if (zl_client_open(path, &c, &err) < 0)
		return 1;
	if (zl_client_call(c, method, params, &reply, &err) >= 0)
		return strcmp(zl_rig_text(reply, "state"),
			       strcmp(method, "Release") == 0 ? "released"
							      : "applied") != 0;
	return fine == NULL || strstr(err.msg, fine) == NULL ? 2 : 0;
}

static void all_ask(
	const char *method, const char *fine, const char *other, const char *other_fine)
{
	pid_t pids[SHELLS];

	for (int i = 0; i < SHELLS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(i % 2 == 0 || other == NULL ? ask(method, fine)
							  : ask(other, other_fine));
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < SHELLS; i++) {
		int status = -1;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
	}
}

static void test_many_at_once(void **state)
{
	const char *none = "has no mitigation to release";

	(void)state;
	all_ask("Quarantine", NULL, NULL, NULL);
	assert_int_equal(1, zl_rig_count("ListMitigations", NULL, "mitigations"));
	all_ask("Release", none, NULL, NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	for (int i = 0; i < 5; i++)
		all_ask("Quarantine", "was released while its quarantine", "Release",
			none);
	(void)!zl_rig_call("Release", json_pack("{s:s}", "domain", "web1"), NULL, NULL);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_assert_audit_ok();
}

/* A release that hangs does not stop a new quarantine, and a release ends both. */
static void test_quarantine_while_releasing(void **state)
{
	json_t *doc = NULL;

	(void)state;
	zl_rig_start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .clings = true });
	quarantine("{}", &doc);
	json_decref(doc);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), &doc);
	assert_string_equal("releasing", zl_rig_text(doc, "state"));
	json_decref(doc);
	quarantine("{\"grade\": \"strict\"}", &doc);
	assert_string_equal("strict", zl_rig_text(doc, "grade"));
	json_decref(doc);
	assert_int_equal(2, zl_rig_count("ListMitigations", NULL, "mitigations"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), &doc);
	assert_int_equal(2, json_array_size(json_object_get(doc, "released")));
	json_decref(doc);
	zl_rig_start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(zl_rig_await_count("ListMitigations", "mitigations", 0));
}

/* The domain is gone and its lease is not: its last name will do. */
static void test_release_of_who_is_gone(void **state)
{
	struct zl_error err = { 0 };
	json_t *doc = NULL;

	(void)state;
	quarantine("{}", &doc);
	json_decref(doc);
	zl_rig_write("node.xml", zl_rig_node_without_web1);
	zl_rig_kill_role("inventory");
	assert_true(zl_rig_await_count("ListDomains", "domains", 1));
	assert_true(zl_rig_call("Release", json_pack("{s:s}", "domain", "web7"), NULL,
			    &err) < 0);
	assert_non_null(strstr(err.msg, "no domain 'web7'"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), &doc);
	assert_string_equal("released", zl_rig_text(doc, "state"));
	assert_int_equal(1, json_array_size(json_object_get(doc, "released")));
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_fails),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_quarantine_while_releasing),
		cmocka_unit_test(test_release_of_who_is_gone),
	};

	return cmocka_run_group_tests_name(
		"engine quarantine", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
