/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is blamed, in the whole controller: no choice of ports and no forged address makes
 * it act against the one who was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { TCP = 6, UDP = 17, TAP_WEB1 = 11, TAP_DB1 = 12 };

/* One record, `ago` ms old at its beginning, over in 10 ms. */
static struct zl_flowgen_v5_record record(uint16_t in_if, uint32_t src, uint16_t sport,
	uint32_t dst, uint16_t dport, uint8_t proto, uint32_t ago)
{
	return (struct zl_flowgen_v5_record){ .src = src,
		.dst = dst,
		.packets = 5,
		.octets = 400,
		.first = ZL_RIG_UPTIME - ago,
		.last = ZL_RIG_UPTIME - ago + 10,
		.in_if = in_if,
		.sport = sport,
		.dport = dport,
		.tcp_flags = proto == TCP ? ZL_RIG_FULL : 0,
		.proto = proto };
}

static size_t count_mitigations(void)
{
	return zl_rig_count(
		"ListMitigations", json_pack("{s:b}", "all", 1), "mitigations");
}

/* The decision of the open incident of that domain and lock, "" when there is none. */
static const char *decision(
	const char *domain, const char *lock, char *reason, size_t size)
{
	static char text[32];
	json_t *doc = NULL, *item;
	size_t i;

	text[0] = '\0';
	zl_rig_must("ListIncidents", NULL, &doc);
	json_array_foreach(json_object_get(doc, "incidents"), i, item)
	{
		if (strcmp(zl_rig_text(item, "domain"), domain) != 0 ||
			strcmp(zl_rig_text(item, "lock"), lock) != 0 ||
			strcmp(zl_rig_text(item, "state"), "open") != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s", zl_rig_text(item, "decision"));
		(void)snprintf(
			reason, size, "%s", zl_rig_text(item, "decision_reason"));
	}
	json_decref(doc);
	return text;
}

static bool await_decision(const char *domain, const char *lock, const char *want,
	char *reason, size_t size)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		if (strcmp(decision(domain, lock, reason, size), want) == 0)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

/* web1 opens db1's port 50051 from its port 22: only db1's answers are seen. */
static void test_answer_to_a_low_port(void **state)
{
	struct zl_flowgen_v5_record r =
		record(TAP_DB1, ZL_RIG_DB1, 50051, ZL_RIG_WEB1, 22, TCP, 20);
	char reason[256];

	(void)state;
	zl_rig_must("DefineLock",
		json_pack("{s:s}", "xml",
			"<lock><name>web-lock</name><zone>web</zone>"
			"<mode>enforce</mode><inbound default='deny'/>"
			"<response action='quarantine'/></lock>"),
		NULL);
	/* It speaks, so that it has its address. */
	zl_rig_flow(TAP_WEB1, ZL_RIG_WEB1, ZL_RIG_DB1, 40000, 5432, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", 1));
	zl_rig_send(&r, 1);
	assert_true(await_decision("db1", "web-lock", "alert", reason, sizeof(reason)));
	assert_non_null(strstr(reason, "not sure enough (evidence: service)"));
	r.sport = 50052;
	r.proto = UDP;
	r.dport = 53;
	zl_rig_send(&r, 1);
	assert_true(zl_rig_await_count("ListFlows", "flows", 3));
	assert_int_equal(0, count_mitigations());
}

/* The same, and web1's own record is there too. */
static void test_question_from_a_low_port(void **state)
{
	struct zl_flowgen_v5_record r[2] = {
		record(TAP_DB1, ZL_RIG_DB1, 50053, ZL_RIG_WEB1, 22, TCP, 20),
		record(TAP_WEB1, ZL_RIG_WEB1, 22, ZL_RIG_DB1, 50053, TCP, 25),
	};

	(void)state;
	zl_rig_send(r, 2);
	/* It is web1 that may not, and by its own tap. */
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	assert_int_equal(1, count_mitigations());
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	(void)usleep(300000);
}

/* Whole connections of which both directions are seen, the question first. */
static void test_answer_proves_the_question(void **state)
{
	struct zl_flowgen_v5_record question =
		record(TAP_WEB1, ZL_RIG_WEB1, 41000, ZL_RIG_DB1, 22, TCP, 3000);
	struct zl_flowgen_v5_record answer =
		record(TAP_DB1, ZL_RIG_DB1, 22, ZL_RIG_WEB1, 41000, TCP, 1500);
	json_t *doc = NULL;

	(void)state;
	/* Not from before the release. */
	question.last = answer.last = ZL_RIG_UPTIME;
	zl_rig_send(&question, 1);
	(void)usleep(300000);
	assert_int_equal(1, count_mitigations());
	zl_rig_send(&answer, 1);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("ListMitigations", NULL, &doc);
	assert_string_equal("lock db-lock",
		zl_rig_text(
			zl_rig_pick(doc, "mitigations", "domain", "web1"), "actor"));
	json_decref(doc);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
}

/* How sure it is who began, of the one record from that port; "" when there is none. */
static void get_confidence(uint16_t sport, char *buf, size_t size)
{
	json_t *doc = NULL, *item;
	size_t i;

	buf[0] = '\0';
	zl_rig_must("ListFlows", NULL, &doc);
	json_array_foreach(json_object_get(doc, "flows"), i,
		item) if (json_integer_value(json_object_get(item, "sport")) ==
			  sport)(void)
		snprintf(buf, size, "%s", zl_rig_text(item, "confidence"));
	json_decref(doc);
}

/* A refusal, or half an opening, that nobody asked web1 for does not show that db1 did. */
static void test_answer_to_nothing(void **state)
{
	static const uint8_t flags[] = { 4, 4 | ZL_RIG_ACK, 2 | ZL_RIG_ACK };
	size_t before = count_mitigations();
	char confidence[16];

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		struct zl_flowgen_v5_record r = record(
			TAP_WEB1, ZL_RIG_WEB1, 40100 + i, ZL_RIG_DB1, 40200, TCP, 20);

		r.packets = 1;
		r.tcp_flags = flags[i];
		zl_rig_send(&r, 1);
		confidence[0] = '\0';
		for (int n = 0; n < ZL_RIG_TRIES && confidence[0] == '\0'; n++) {
			(void)usleep(ZL_RIG_TRY_US);
			get_confidence(40100 + i, confidence, sizeof(confidence));
		}
		assert_string_equal("guess", confidence);
	}
	assert_int_equal(before, count_mitigations());
}

/* From port 53 a datagram passes for an answer: not for long, and not as an act. */
static void test_datagram_that_answers_nothing(void **state)
{
	struct zl_flowgen_v5_record r =
		record(TAP_WEB1, ZL_RIG_WEB1, 53, ZL_RIG_DB1, 49999, UDP, 15);
	size_t before = count_mitigations();
	char reason[256];

	(void)state;
	zl_rig_send(&r, 1);
	assert_true(await_decision("web1", "db-lock", "alert", reason, sizeof(reason)));
	assert_non_null(strstr(reason, "evidence: guess"));
	assert_int_equal(before, count_mitigations());
}

/* And an answer is one, whichever is seen first. */
static void test_datagram_that_answers(void **state)
{
	struct zl_flowgen_v5_record answer =
		record(TAP_WEB1, ZL_RIG_WEB1, 123, ZL_RIG_DB1, 49998, UDP, 15);
	struct zl_flowgen_v5_record question =
		record(TAP_DB1, ZL_RIG_DB1, 49998, ZL_RIG_WEB1, 123, UDP, 20);
	char reason[256];

	(void)state;
	zl_rig_must("UndefineLock", json_pack("{s:s}", "name", "web-lock"), NULL);
	zl_rig_must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_rig_send(&answer, 1);
	(void)usleep(300000);
	zl_rig_send(&question, 1);
	(void)sleep(6);
	assert_string_equal("", decision("web1", "db-lock", reason, sizeof(reason)));
}

/* web1 uses web2's address: that is web1's act, also when db1's answer is seen first. */
static void test_forged_address(void **state)
{
	struct zl_flowgen_v5_record answer =
		record(TAP_DB1, ZL_RIG_DB1, 22, ZL_RIG_WEB2, 43000, TCP, 15);
	struct zl_flowgen_v5_record lie =
		record(TAP_WEB1, ZL_RIG_WEB2, 43000, ZL_RIG_DB1, 22, TCP, 15);
	size_t before = count_mitigations();
	char reason[256];

	(void)state;
	zl_rig_send(&answer, 1);
	(void)usleep(300000);
	zl_rig_send(&lie, 1);
	assert_true(
		await_decision("web1", "(spoofing)", "alert", reason, sizeof(reason)));
	assert_true(await_decision("web1", "db-lock", "alert", reason, sizeof(reason)));
	(void)sleep(6);
	assert_string_equal("", decision("web2", "db-lock", reason, sizeof(reason)));
	/* Nobody lies about this one. */
	answer.dport = 43001;
	zl_rig_send(&answer, 1);
	assert_true(await_decision("web2", "db-lock", "alert", reason, sizeof(reason)));
	assert_int_equal(before, count_mitigations());
}

/* An address in a zone's range gives a domain that is in another zone no rights. */
static void test_address_gives_no_rights(void **state)
{
	const uint32_t address = 0x0a090005; /* 10.9.0.5, nobody's */
	char reason[256];

	(void)state;
	zl_rig_must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>ops</name><members><cidr address='10.9.0.0' "
			"prefix='16'/></members></zone>"),
		NULL);
	zl_rig_must("DefineLock",
		json_pack("{s:s}", "xml",
			"<lock><name>db-lock</name><zone>db</zone><mode>enforce</mode>"
			"<inbound default='deny'><allow from='ops'/></inbound>"
			"<response action='quarantine' ttl='600'/></lock>"),
		NULL);
	/* From outside, it is what it is. */
	zl_rig_flow(99, address, ZL_RIG_DB1, 42001, 22, ZL_RIG_SYN, 0);
	(void)usleep(300000);
	assert_string_equal(
		"", decision("(outside)", "db-lock", reason, sizeof(reason)));
	zl_rig_flow(TAP_WEB1, address, ZL_RIG_DB1, 42000, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	(void)usleep(300000);
}

/* To one of which nothing is known it gives none either, but the benefit of the doubt. */
static void test_address_of_a_domain_without_zone(void **state)
{
	size_t before = count_mitigations();
	char reason[256];

	(void)state;
	zl_rig_must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>web</name><members><domain name='other*'/>"
			"</members></zone>"),
		NULL);
	zl_rig_flow(TAP_WEB1, 0x0a090005, ZL_RIG_DB1, 42002, 22, ZL_RIG_SYN, 0);
	assert_true(await_decision("web1", "db-lock", "alert", reason, sizeof(reason)));
	assert_non_null(strstr(reason, "the zone of its address"));
	assert_int_equal(before, count_mitigations());
}

static bool is_forwarding(const char *name)
{
	json_t *doc = NULL;
	bool is;

	zl_rig_must("ListDomains", NULL, &doc);
	is = json_is_true(json_object_get(
		zl_rig_pick(doc, "domains", "name", name), "forwarding"));
	json_decref(doc);
	return is;
}

/* It is remembered over a restart, and what it passes on is not held against it. */
static void test_forwarding_by_the_admin(void **state)
{
	size_t before = count_mitigations();
	json_t *doc = NULL;

	(void)state;
	zl_rig_must("SetForwarding",
		json_pack("{s:s, s:s}", "domain", "web1", "forwarding", "on"), &doc);
	assert_true(json_is_true(json_object_get(doc, "forwarding")));
	json_decref(doc);
	assert_true(is_forwarding("web1"));
	assert_int_equal(1, zl_rig_count_audit("domain-set-forwarding"));
	zl_rig_kill_role("engine");
	zl_client_close(zl_rig.client);
	zl_rig.client = NULL;
	zl_rig_connect();
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	assert_true(is_forwarding("web1"));
	assert_false(is_forwarding("db1"));
	zl_rig_flow(TAP_WEB1, 0x0a0900c8, ZL_RIG_DB1, 42010, 23, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", 1));
	assert_int_equal(before, count_mitigations());
	zl_rig_must("SetForwarding",
		json_pack("{s:s, s:s}", "domain", "web1", "forwarding", "off"), NULL);
	assert_false(is_forwarding("web1"));
	zl_rig_assert_audit_ok();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_to_a_low_port),
		cmocka_unit_test(test_question_from_a_low_port),
		cmocka_unit_test(test_answer_proves_the_question),
		cmocka_unit_test(test_answer_to_nothing),
		cmocka_unit_test(test_datagram_that_answers_nothing),
		cmocka_unit_test(test_datagram_that_answers),
		cmocka_unit_test(test_forged_address),
		cmocka_unit_test(test_address_gives_no_rights),
		cmocka_unit_test(test_address_of_a_domain_without_zone),
		cmocka_unit_test(test_forwarding_by_the_admin),
	};

	return cmocka_run_group_tests_name(
		"engine evidence", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
