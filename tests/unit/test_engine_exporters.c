/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the admin says of an exporter, in the whole controller. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/rig.h"
#include "tests/support/sflowgen.h"

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

static json_int_t exporter_number(const char *key)
{
	json_t *doc = NULL;
	json_int_t n;

	zl_rig_must("ShowExporter", json_pack("{s:s}", "address", "127.0.0.1"), &doc);
	n = json_integer_value(json_object_get(doc, key));
	json_decref(doc);
	return n;
}

/* 11 is a tap, 0 is nothing, and 99 the agent does not know. */
static void test_interfaces_are_counted(void **state)
{
	json_int_t taps = exporter_number("tap_records");
	size_t flows = zl_rig_count("ListFlows", NULL, "flows");

	(void)state;
	assert_true(exporter_number("last_tap_ms") > 0);
	zl_rig_flow(11, ZL_RIG_WEB1, 0x0a0000c8, 41002, 22, ZL_RIG_SYN, 0);
	zl_rig_flow(0, ZL_RIG_WEB1, 0x0a0000c8, 41003, 22, ZL_RIG_SYN, 0);
	zl_rig_flow(99, ZL_RIG_WEB1, 0x0a0000c8, 41004, 22, ZL_RIG_SYN, 0);
	zl_rig_flow(99, ZL_RIG_WEB1, 0x0a0000c8, 41005, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", flows + 4));
	assert_int_equal(taps + 1, exporter_number("tap_records"));
	assert_int_equal(1, exporter_number("no_interface"));
	assert_int_equal(2, exporter_number("unknown_interface"));
}

/* The state of the first answer to that check, "" when there is none; `text` has its own. */
static const char *diagnose(const char *check, char *text, size_t size)
{
	static char got[16];
	json_t *doc = NULL, *item;

	zl_rig_must("DiagnoseHost", json_pack("{s:s}", "name", "hv1"), &doc);
	item = zl_rig_pick(doc, "checks", "check", check);
	(void)snprintf(
		got, sizeof(got), "%s", item == NULL ? "" : zl_rig_text(item, "state"));
	(void)snprintf(text, size, "%s", item == NULL ? "" : zl_rig_text(item, "text"));
	json_decref(doc);
	return got;
}

static bool await_diagnosis(const char *check, const char *want)
{
	char text[512];

	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		if (strcmp(want, diagnose(check, text, sizeof(text))) == 0)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

/* The same host, well and ill. */
static void test_doctor(void **state)
{
	struct zl_error err = { 0 };
	char text[512];

	(void)state;
	assert_string_equal("ok", diagnose("libvirt", text, sizeof(text)));
	assert_string_equal("ok", diagnose("agent", text, sizeof(text)));
	assert_true(await_diagnosis("tap", "ok"));
	assert_true(await_diagnosis("sampling", "ok"));
	assert_string_equal("ok", diagnose("collector", text, sizeof(text)));
	assert_string_equal("warn", diagnose("known", text, sizeof(text)));
	assert_non_null(strstr(text, "2 of "));
	assert_string_equal("bad", diagnose("taps", text, sizeof(text)));
	assert_non_null(strstr(text, "3 of 3 network interfaces are no tap"));

	/* The test's own address is nobody's exporter now. */
	define_exporter("<exporter address='192.0.2.1'/>");
	zl_rig_flow(11, ZL_RIG_WEB1, 0x0a0000c8, 41006, 22, ZL_RIG_SYN, 0);
	assert_true(await_diagnosis("refused", "bad"));
	assert_string_equal("bad", diagnose("silence", text, sizeof(text)));
	assert_string_equal("bad", diagnose("numbering", text, sizeof(text)));
	assert_string_equal("", diagnose("tap", text, sizeof(text)));
	define_exporter("<exporter address='127.0.0.0/8' interfaces='ifindex'/>");
	zl_rig_flow(11, ZL_RIG_WEB1, 0x0a0000c8, 41007, 22, ZL_RIG_SYN, 0);
	assert_true(await_diagnosis("tap", "ok"));
	assert_true(await_diagnosis("sampling", "bad"));
	assert_string_equal("ok", diagnose("refused", text, sizeof(text)));
	assert_string_equal("ok", diagnose("known", text, sizeof(text)));
	assert_int_equal(
		-ENOENT, zl_rig_call("DiagnoseHost", json_pack("{s:s}", "name", "hv9"),
				 NULL, &err));
}

/* Until the exporter has that text in `key`; the rest of what it is in *ret. */
static void await_exporter(const char *key, json_int_t want, json_t **ret)
{
	json_t *doc = NULL;

	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		zl_rig_must("ShowExporter", json_pack("{s:s}", "address", "127.0.0.1"),
			&doc);
		*ret = doc;
		if (json_integer_value(json_object_get(doc, key)) == want)
			return;
		json_decref(doc);
		(void)usleep(ZL_RIG_TRY_US);
	}
	fail_msg("%s does not become %d", key, (int)want);
}

/* What an sFlow agent counts, what it lost and what it could not sample. */
static void test_sflow(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static struct zl_sflowgen s;
	json_t *doc = NULL, *item;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		const struct zl_sflowgen_flow flow = {
			.source = 11, .seq = 1 + 5 * i, .sampling = 1, .in = 11
		};

		zl_sflowgen_start(&s, 0x7f000001, 0, i);
		zl_sflowgen_flow(&s, &flow);
		zl_sflowgen_packet(&s, 1, 64, "", 0);
		zl_sflowgen_poke(&s, s.sample + 8 + 16, 3 * i);
		zl_sflowgen_counters(&s, false, 11, i);
		zl_sflowgen_generic(&s, 11);
		zl_sflowgen_end(&s);
		zl_rig_send_datagram(fd, &s.g);
	}
	(void)close(fd);
	await_exporter("samples_lost", 4, &doc);
	assert_int_equal(
		3, json_integer_value(json_object_get(doc, "samples_dropped")));
	assert_string_equal("sFlow 5", zl_rig_text(doc, "protocol"));
	assert_int_equal(5, json_integer_value(json_object_get(doc, "version")));
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		if (json_array_size(json_object_get(doc, "counters")) != 0)
			break;
		json_decref(doc);
		(void)usleep(ZL_RIG_TRY_US);
		await_exporter("samples_lost", 4, &doc);
	}
	assert_int_equal(1, json_array_size(json_object_get(doc, "counters")));
	item = json_array_get(json_object_get(doc, "counters"), 0);
	assert_int_equal(11, json_integer_value(json_object_get(item, "ifindex")));
	assert_int_equal(5, json_integer_value(json_object_get(
				    json_object_get(item, "in"), "octets")));
	assert_int_equal(12, json_integer_value(json_object_get(
				     json_object_get(item, "out"), "octets")));
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sampling_not_told),
		cmocka_unit_test(test_sampling_by_the_admin),
		cmocka_unit_test(test_interfaces_are_counted),
		cmocka_unit_test(test_doctor),
		cmocka_unit_test(test_sflow),
	};

	return cmocka_run_group_tests_name(
		"engine exporters", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
