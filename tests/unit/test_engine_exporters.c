/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the admin says of an exporter, in the whole controller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/rig.h"

static void define_exporter(const char *exporter)
{
	zl_rig_define_host("hv1", "node.xml", "agent.sock", exporter);
	(void)usleep(300000); /* it is connected to anew */
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
}

/* The newest flow's sampling; -1: null. */
static int newest_sampling(void)
{
	json_t *doc = NULL, *flows, *rate;
	int r;

	zl_rig_must("ListFlows", NULL, &doc);
	flows = json_object_get(doc, "flows");
	rate = json_object_get(
		json_array_get(flows, json_array_size(flows) - 1), "sampling");
	r = json_is_null(rate) ? -1 : (int)json_integer_value(rate);
	json_decref(doc);
	return r;
}

static void test_sampling_not_told(void **state)
{
	json_t *doc = NULL, *item;

	(void)state;
	define_exporter("<exporter address='127.0.0.1' interfaces='ifindex'/>");
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41000, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await(
		"ListIncidents", "incidents", "domain", "web1", "decision", "alert"));
	zl_rig_must("ListIncidents", NULL, &doc);
	item = zl_rig_pick(doc, "incidents", "domain", "web1");
	assert_non_null(
		strstr(zl_rig_text(item, "decision_reason"), "name sampling='1'"));
	json_decref(doc);
	assert_int_equal(-1, newest_sampling());
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
}

static void test_sampling_by_the_admin(void **state)
{
	(void)state;
	define_exporter(
		"<exporter address='127.0.0.1' interfaces='ifindex' sampling='1'/>");
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41001, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	assert_int_equal(1, newest_sampling());
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sampling_not_told),
		cmocka_unit_test(test_sampling_by_the_admin),
	};

	return cmocka_run_group_tests_name(
		"engine exporters", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
