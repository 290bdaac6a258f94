/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Late records in the whole controller: nobody is blamed for what the former owner of its
 * interface did, and the incident says why nobody is acted upon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { TAP = 11, BEFORE_MS = 1500 };

/* In place of web1, with its tap, MAC and the number of its interface. */
static const char node_of_heir[] =
	"<node><domain type='test'><name>web9</name>"
	"<uuid>bbbbbbbb-0000-4000-8000-000000000009</uuid><memory>8192</memory>"
	"<os><type>hvm</type></os><devices><interface type='bridge'>"
	"<mac address='52:54:00:00:00:01'/><source bridge='br0'/>"
	"<target dev='tapweb'/></interface></devices></domain></node>";

static void violate(uint16_t sport, uint32_t age_ms)
{
	zl_rig_flow(TAP, ZL_RIG_WEB1, ZL_RIG_DB1, sport, 22, ZL_RIG_SYN, age_ms);
}

static bool is_known(const char *name)
{
	json_t *doc = NULL;
	bool is;

	zl_rig_must("ListDomains", NULL, &doc);
	is = zl_rig_pick(doc, "domains", "name", name) != NULL;
	json_decref(doc);
	return is;
}

static void give_to_heir(void)
{
	zl_rig_write("db.xml", zl_rig_node_without_web1);
	zl_rig_define_host("hv2", "db.xml", "none.sock", "");
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv2", "state", "up"));
	zl_rig_write("node.xml", node_of_heir);
	zl_rig_define_host("hv1", "node.xml", "agent.sock",
		"<exporter address='127.0.0.1' interfaces='ifindex' sampling='1'/> ");
	for (int i = 0; i < ZL_RIG_TRIES && (is_known("web1") || !is_known("web9"));
		i++)
		(void)usleep(ZL_RIG_TRY_US);
	assert_true(is_known("web9"));
	assert_false(is_known("web1"));
}

/* The open incident of that domain was opened for that reason, and nobody was touched. */
static void assert_only_alert(const char *domain, const char *why, const char *other)
{
	json_t *doc = NULL;

	assert_true(zl_rig_await(
		"ListIncidents", "incidents", "domain", domain, "decision", "alert"));
	zl_rig_must("ListIncidents", NULL, &doc);
	assert_non_null(
		strstr(zl_rig_text(zl_rig_pick(doc, "incidents", "domain", domain),
			       "decision_reason"),
			why));
	assert_null(zl_rig_pick(doc, "incidents", "domain", other));
	json_decref(doc);
	assert_int_equal(0, zl_rig_count("ListMitigations",
				    json_pack("{s:b}", "all", 1), "mitigations"));
}

/* What web1 did before web9 had its interface. */
static void test_late_record(void **state)
{
	struct zl_mono changed;

	(void)state;
	/* It speaks, so that it has its address. */
	zl_rig_flow(TAP, ZL_RIG_WEB1, ZL_RIG_DB1, 40000, 5432, ZL_RIG_SYN, 0);
	(void)usleep(2 * BEFORE_MS * 1000);
	changed = zl_mono_now();
	give_to_heir();
	violate(40001, BEFORE_MS + (uint32_t)(zl_mono_since(zl_mono_now(), changed) /
					      ZL_US_PER_MS));
	assert_only_alert("web1",
		"when the interface of the source was still that of domain 'web1'",
		"web9");
}

/* A flow that began before and ended after. */
static void test_perhaps_late_record(void **state)
{
	const struct zl_flowgen_v5_record r = { .src = ZL_RIG_WEB1,
		.dst = ZL_RIG_DB1,
		.packets = 3,
		.octets = 180,
		.first = ZL_RIG_UPTIME - 60000,
		.last = ZL_RIG_UPTIME,
		.in_if = TAP,
		.sport = 40002,
		.dport = 22,
		.tcp_flags = ZL_RIG_SYN,
		.proto = 6 };

	(void)state;
	(void)usleep(300000);
	zl_rig_send(&r, 1);
	assert_only_alert("web9", "and the traffic may be from before that", "");
}

/* And what web9 does itself is its own act. */
static void test_own_record(void **state)
{
	(void)state;
	violate(40003, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web9",
		"state", "applied"));
	/* That it took web1's address is told, and no more than that. */
	assert_true(zl_rig_await(
		"ListIncidents", "incidents", "lock", "(address)", "domain", "web9"));
	assert_true(zl_rig_await("ListIncidents", "incidents", "lock", "(address)",
		"rule",
		"it uses 10.0.0.1, which domain 'web1' had less than an hour before"));
	zl_rig_assert_audit_ok();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_record),
		cmocka_unit_test(test_perhaps_late_record),
		cmocka_unit_test(test_own_record),
	};

	return cmocka_run_group_tests_name(
		"engine owner", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
