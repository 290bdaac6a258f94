/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An exporter with numbers of its own: the names that it tells say which tap is meant. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowgen.h"
#include "tests/support/rig.h"

enum { OPTIONS_ID = 257, FLOWS_ID = 256, NAME = 16, INTERFACE = 77, UNTOLD = 78 };

static int fd = -1;
static uint32_t sequence;

static void start(struct zl_flowgen *g)
{
	zl_flowgen_v9(g, ZL_RIG_UPTIME, (uint32_t)(zl_wall_now().us / ZL_US_PER_S),
		sequence++, 1);
}

/* Options for the scope "interface" (2): its name. */
static void tell_name(uint32_t number, const char *name)
{
	static const struct zl_flowgen_field fields[] = { { 2, 4, 0 },
		{ 82, NAME, 0 } };
	static struct zl_flowgen g;
	char padded[NAME] = "";

	(void)snprintf(padded, sizeof(padded), "%s", name);
	start(&g);
	zl_flowgen_set(&g, 1);
	zl_flowgen_options_template(&g, OPTIONS_ID, fields, N_ITEMS(fields), 1);
	zl_flowgen_set(&g, OPTIONS_ID);
	zl_flowgen_u32(&g, number);
	zl_flowgen_bytes(&g, padded, sizeof(padded));
	zl_flowgen_end(&g);
	zl_rig_send_datagram(fd, &g);
}

/* web1 opens ssh to db1, seen at an interface. */
static void open_ssh(uint32_t number, uint16_t sport)
{
	static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 12, 4, 0 },
		{ 7, 2, 0 }, { 11, 2, 0 }, { 4, 1, 0 }, { 6, 1, 0 }, { 10, 4, 0 },
		{ 1, 4, 0 }, { 2, 4, 0 }, { 22, 4, 0 }, { 21, 4, 0 } };
	static struct zl_flowgen g;

	start(&g);
	zl_flowgen_set(&g, 0);
	zl_flowgen_template(&g, FLOWS_ID, fields, N_ITEMS(fields));
	zl_flowgen_set(&g, FLOWS_ID);
	zl_flowgen_u32(&g, ZL_RIG_WEB1);
	zl_flowgen_u32(&g, ZL_RIG_DB1);
	zl_flowgen_u16(&g, sport);
	zl_flowgen_u16(&g, 22);
	zl_flowgen_u8(&g, IPPROTO_TCP);
	zl_flowgen_u8(&g, ZL_RIG_SYN);
	zl_flowgen_u32(&g, number);
	zl_flowgen_u32(&g, 60);
	zl_flowgen_u32(&g, 1);
	zl_flowgen_u32(&g, ZL_RIG_UPTIME - 1);
	zl_flowgen_u32(&g, ZL_RIG_UPTIME - 1);
	zl_flowgen_end(&g);
	zl_rig_send_datagram(fd, &g);
}

static void test_by_name(void **state)
{
	(void)state;
	zl_rig_define_host("hv1", "node.xml", "agent.sock",
		"<exporter address='127.0.0.1' interfaces='name' sampling='1'/>");
	tell_name(INTERFACE, "nosuch0");
	(void)usleep(1500000); /* names are told once a second */
	/* A name that the host does not have, none at all, and a number of the host's. */
	open_ssh(INTERFACE, 40000);
	open_ssh(UNTOLD, 40001);
	open_ssh(11, 40002);
	assert_true(zl_rig_await_count("ListFlows", "flows", 3));
	assert_int_equal(0, zl_rig_count("ListMitigations", NULL, "mitigations"));
	assert_true(zl_rig_await(
		"ListFlows", "flows", "src", "10.0.0.1", "evidence", "none"));

	tell_name(INTERFACE, "tapweb");
	(void)usleep(1500000);
	open_ssh(INTERFACE, 40003);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name),
	};
	int r;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = cmocka_run_group_tests_name(
		"engine ifnames", tests, zl_rig_setup_with_policy, zl_rig_teardown);
	(void)close(fd);
	return r;
}
