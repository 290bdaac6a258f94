/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pings: each is a beginning of its own, and who answers one has begun nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { ECHO = 8 << 8, ECHO_REPLY = 0 };

static void send_icmp(
	uint16_t in_if, uint32_t src, uint32_t dst, uint16_t type_code, uint32_t age_ms)
{
	const struct zl_flowgen_v5_record r = { .src = src,
		.dst = dst,
		.packets = 1,
		.octets = 84,
		.first = ZL_RIG_UPTIME - age_ms,
		.last = ZL_RIG_UPTIME - age_ms,
		.in_if = in_if,
		.dport = type_code,
		.proto = 1 };

	zl_rig_send(&r, 1);
}

/* web1 pinged db1 once and was cut off for it; now it answers db1's own ping. */
static void test_answer_after_release(void **state)
{
	(void)state;
	send_icmp(11, ZL_RIG_WEB1, ZL_RIG_DB1, ECHO, 1);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_true(zl_rig_await_count("ListMitigations", "mitigations", 0));
	(void)usleep(1000000); /* what comes now is from after the release */
	send_icmp(12, ZL_RIG_DB1, ZL_RIG_WEB1, ECHO, 3);
	send_icmp(11, ZL_RIG_WEB1, ZL_RIG_DB1, ECHO_REPLY, 1);
	assert_true(zl_rig_await_count("ListFlows", "flows", 3));
	(void)usleep(500000);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_after_release),
	};

	return cmocka_run_group_tests_name(
		"engine ping", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
