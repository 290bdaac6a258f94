/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After a release: what is left of an old connection does nothing, one that lives on does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { SPORT = 40000, SSH = 22, FIN = 1, PSH = 8, RST = 4 };

/* Three packets of web1's connection to db1's ssh. */
static void send_packets(uint8_t flags)
{
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, SPORT, SSH, flags, 1);
}

static void test_leftovers(void **state)
{
	(void)state;
	send_packets(ZL_RIG_SYN);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	zl_rig_must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_true(zl_rig_await_count("ListMitigations", "mitigations", 0));
	(void)usleep(1000000); /* what comes now is from after the release */
	send_packets(ZL_RIG_ACK);
	send_packets(ZL_RIG_ACK);
	send_packets(FIN | PSH | ZL_RIG_ACK);
	send_packets(FIN | PSH | ZL_RIG_ACK);
	send_packets(RST);
	assert_true(zl_rig_await_count("ListFlows", "flows", 6));
	(void)usleep(500000);
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	/* Of the reasons to do nothing the last one is told. */
	zl_rig_flow(99, ZL_RIG_WEB1, ZL_RIG_DB1, SPORT + 1, SSH, ZL_RIG_SYN, 1);
	assert_true(zl_rig_await("ListIncidents", "incidents", "state", "open",
		"decision_reason",
		"the domain is named by its address, and nothing was seen at its tap: "
		"automatic action needs that"));
	/* It goes on sending: it was not cut for good, and is what the lock forbids. */
	send_packets(PSH | ZL_RIG_ACK);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leftovers),
	};

	return cmocka_run_group_tests_name(
		"engine release", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
