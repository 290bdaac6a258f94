/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow between two hosts, told by both, in the whole controller: it counts once, and
 * nobody is blamed for the copy of a lie.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { TAP_WEB1 = 11, UPLINK = 2 };
/* An answer, or a record without a tap, is held back for so long, and a tick. */
enum { HELD_S = 6 };

#define HV1 "127.0.0.1"
#define HV2 "127.0.0.2"

/* Asks db1's port 22; the exporter at that address tells. */
static void tell(const char *exporter, uint16_t in_if, uint32_t src, uint16_t sport)
{
	const struct zl_flowgen_v5_record r = { .src = src,
		.dst = ZL_RIG_DB1,
		.packets = 3,
		.octets = 180,
		.first = ZL_RIG_UPTIME - 10,
		.last = ZL_RIG_UPTIME,
		.in_if = in_if,
		.sport = sport,
		.dport = 22,
		.tcp_flags = ZL_RIG_SYN,
		.proto = 6 };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct zl_flowgen g;

	assert_int_equal(1, inet_pton(AF_INET, exporter, &from.sin_addr));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof(from)));
	zl_flowgen_v5(&g, ZL_RIG_UPTIME, (uint32_t)(zl_wall_now().us / ZL_US_PER_S),
		zl_rig.sequence, 0, 0);
	zl_rig.sequence++;
	zl_flowgen_v5_record(&g, &r);
	zl_flowgen_end(&g);
	zl_rig_send_datagram(fd, &g);
	(void)close(fd);
	(void)usleep(300000);
}

/* The open incident of the domain with the lock, or NULL; owned. */
static json_t *get_incident(const char *domain)
{
	json_t *doc = NULL, *item, *ret = NULL;
	size_t i;

	zl_rig_must("ListIncidents", NULL, &doc);
	json_array_foreach(json_object_get(doc, "incidents"), i,
		item) if (strcmp(zl_rig_text(item, "domain"), domain) == 0 &&
			  strcmp(zl_rig_text(item, "lock"), "db-lock") == 0 &&
			  ret == NULL) zl_rig_must("ShowIncident",
		json_pack("{s:O}", "id", json_object_get(item, "id")), &ret);
	json_decref(doc);
	return ret;
}

static void assert_once(const char *domain, size_t n)
{
	json_t *inc = get_incident(domain), *evidence, *flow, *seen_at;

	assert_non_null(inc);
	evidence = json_object_get(inc, "evidence");
	assert_int_equal(n, json_integer_value(json_object_get(inc, "count")));
	assert_int_equal(n, json_array_size(evidence));
	flow = json_array_get(evidence, n - 1);
	assert_string_equal(HV1, zl_rig_text(flow, "exporter"));
	assert_string_equal("tap", zl_rig_text(flow, "src_evidence"));
	seen_at = json_object_get(flow, "seen_at");
	assert_int_equal(1, json_array_size(seen_at));
	assert_string_equal(HV2, zl_rig_text(json_array_get(seen_at, 0), "exporter"));
	assert_string_equal(
		"address", zl_rig_text(json_array_get(seen_at, 0), "src_evidence"));
	json_decref(inc);
}

static void assert_copies_in_list(uint16_t sport)
{
	json_t *doc = NULL, *item;
	unsigned n_copies = 0, n_best = 0;
	size_t i;

	zl_rig_must("ListFlows", NULL, &doc);
	json_array_foreach(json_object_get(doc, "flows"), i, item)
	{
		if (json_integer_value(json_object_get(item, "sport")) != sport)
			continue;
		if (strcmp(zl_rig_text(item, "exporter"), HV2) == 0) {
			assert_string_equal(HV1, zl_rig_text(item, "copy_of"));
			n_copies++;
		} else {
			assert_true(json_is_null(json_object_get(item, "copy_of")));
			n_best++;
		}
	}
	json_decref(doc);
	assert_int_equal(1, n_copies);
	assert_int_equal(1, n_best);
}

static void release(void)
{
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	(void)usleep(300000);
}

/* The source's own host first. */
static void test_tap_first(void **state)
{
	(void)state;
	tell(HV1, TAP_WEB1, ZL_RIG_WEB1, 40001);
	tell(HV2, UPLINK, ZL_RIG_WEB1, 40001);
	(void)sleep(HELD_S);
	assert_copies_in_list(40001);
	assert_once("web1", 1);
	release();
}

/* The other one first. */
static void test_uplink_first(void **state)
{
	(void)state;
	tell(HV2, UPLINK, ZL_RIG_WEB1, 40002);
	tell(HV1, TAP_WEB1, ZL_RIG_WEB1, 40002);
	(void)sleep(HELD_S);
	assert_copies_in_list(40002);
	assert_once("web1", 1);
	release();
}

/* web1 uses web2's address; the other host sees web2's only. */
static void test_copy_of_a_lie(void **state)
{
	(void)state;
	tell(HV2, UPLINK, ZL_RIG_WEB2, 40003);
	tell(HV1, TAP_WEB1, ZL_RIG_WEB2, 40003);
	(void)sleep(HELD_S);
	assert_null(get_incident("web2"));
	release();
}

/* Nobody saw it at a tap: then that is said, and nothing done. */
static void test_nothing_at_a_tap(void **state)
{
	json_t *inc;

	(void)state;
	tell(HV2, UPLINK, ZL_RIG_WEB2, 40004);
	assert_null(get_incident("web2"));
	(void)sleep(HELD_S);
	inc = get_incident("web2");
	assert_non_null(inc);
	assert_string_equal("alert", zl_rig_text(inc, "decision"));
	assert_non_null(strstr(
		zl_rig_text(inc, "decision_reason"), "nothing was seen at its tap"));
	assert_int_equal(1, json_integer_value(json_object_get(inc, "count")));
	json_decref(inc);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

static int setup(void **state)
{
	int r = zl_rig_setup_with_policy(state);

	zl_rig_write("empty.xml", zl_rig_node_empty);
	zl_rig_define_host("hv2", "empty.xml", "none.sock",
		"<exporter address='" HV2 "' interfaces='ifindex' sampling='1'/>");
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv2", "state", "up"));
	/* It speaks, so that it has its address. */
	zl_rig_flow(TAP_WEB1, ZL_RIG_WEB1, ZL_RIG_DB1, 40000, 5432, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", 1));
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tap_first),
		cmocka_unit_test(test_uplink_first),
		cmocka_unit_test(test_copy_of_a_lie),
		cmocka_unit_test(test_nothing_at_a_tap),
	};

	return cmocka_run_group_tests_name(
		"engine copies", tests, setup, zl_rig_teardown);
}
