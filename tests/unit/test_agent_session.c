/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zonelock-agent program from outside: a made-up engine on its socket, real
 * taps, real frames, and every way to kill it.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/agentkit.h"
#include "tests/support/tapnet.h"

enum {
	GUEST = ZL_AGENTKIT_GUEST,
	SECOND = ZL_AGENTKIT_SECOND,
	PEER = ZL_AGENTKIT_PEER
};

static struct zl_agentkit *const t = &zl_agentkit;

static void test_quarantine(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before = zl_wall_now();

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	assert_true(zl_agentkit_passes(GUEST, PEER));
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	assert_true(t->report.committed.us >= before.us);
	assert_int_equal(1, t->report.n_elements);
	assert_int_equal(0,
		strncmp(t->report.objects, "table bridge zonelock set strict { ", 35));
	assert_non_null(strstr(t->report.objects, "# vnet1 web1"));
	assert_false(zl_agentkit_passes(GUEST, PEER));
	assert_false(zl_agentkit_passes(PEER, GUEST));
	assert_true(zl_agentkit_passes(SECOND, PEER));

	l.grade = ZL_GRADE_FORENSIC; /* put again: replaces */
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	assert_true(zl_agentkit_passes(GUEST, PEER));
	assert_false(zl_agentkit_passes(GUEST, SECOND));

	assert_int_equal(0, zl_agentkit_run("list"));
	assert_true(zl_agentkit_printed("quarantine forensic applied"));
	assert_int_equal(0, zl_agentkit_run("list --json"));
	assert_true(zl_agentkit_printed("\"as_planned\": true"));

	zl_agentkit_await_state(zl_agentkit_drop(&l), ZL_LEASE_RELEASED);
	assert_true(zl_agentkit_passes(GUEST, SECOND));
	zl_agentkit_await_state(zl_agentkit_drop(&l),
		ZL_LEASE_RELEASED); /* again: unknown is released */
}

static void test_block(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	l.action = ZL_ACTION_BLOCK_FLOW;
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_FAILED); /* no service */
	l.n_blocks = 1;
	l.blocks[0] = (struct zl_block){ .dport = 22, .proto = 6 };
	assert_true(zl_addr_parse("10.0.0.9", &l.blocks[0].dst));
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	assert_true(zl_agentkit_passes(PEER, GUEST));
	assert_true(zl_agentkit_passes(GUEST, SECOND));
}

static void test_killed(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_kill();
	assert_false(zl_agentkit_passes(GUEST, PEER));
	assert_int_equal(0, zl_agentkit_run("list"));
	assert_true(zl_agentkit_printed("applied"));
	zl_agentkit_start();
	assert_int_equal(1, zl_agentkit_connect());
	assert_int_equal(ZL_LEASE_APPLIED, t->report.state);
	assert_true(zl_uuid_eq(&l.id, &t->lease.id));
	assert_false(zl_agentkit_passes(GUEST, PEER));
	assert_true(zl_agentkit_passes(SECOND, PEER));
	zl_agentkit_await_state(zl_agentkit_drop(&l), ZL_LEASE_RELEASED);
	assert_true(zl_agentkit_passes(GUEST, PEER));
}

/* The domain is stopped and started: a new tap, another index. */
static void test_restarted_domain(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	(void)snprintf(l.nics[0].tap, sizeof(l.nics[0].tap), "vnet1");
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	(void)close(t->taps[GUEST]);
	t->taps[GUEST] = -1;
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(0, t->report.n_elements);
	zl_agentkit_make_tap(GUEST);
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(1, t->report.n_elements);
	assert_true(t->report.committed.us > 0);
	assert_false(zl_agentkit_passes(GUEST, PEER));
}

static void test_flushed(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before;
	uint32_t seq;

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	if (zl_tapnet_run("command -v nft >/dev/null") != 0)
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	assert_int_equal(0, zl_tapnet_run("nft flush ruleset"));
	before = zl_wall_now();
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED);
	assert_string_equal("agent.repaired", t->report.error.id);
	assert_int_equal(0, t->report.error.code);
	assert_non_null(strstr(
		t->report.error.msg, "repaired after a change by nft (process "));
	assert_true(t->report.committed.us - before.us < 50 * ZL_US_PER_MS);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	/* "applied" is never from before a flush, even when nothing is to change. */
	(void)kill(t->agent, SIGSTOP);
	assert_int_equal(0, zl_tapnet_run("nft flush ruleset"));
	seq = zl_agentkit_put(&l);
	(void)kill(t->agent, SIGCONT);
	zl_agentkit_await_state(seq, ZL_LEASE_APPLIED);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	/* What is not ours is left alone. */
	assert_int_equal(0, zl_tapnet_run("nft add table inet other"));
	zl_agentkit_settle();
	assert_int_equal(0, zl_tapnet_run("nft list table inet other >/dev/null"));
}

/* A tap that nobody knows is cut off until it is claimed. */
static void test_held(void **state)
{
	static const uint8_t guest_nics[] = { GUEST, 4 }, other_nics[] = { 5 };
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin("hold-unknown-ms = 600"))
		skip();
	zl_agentkit_make_tap(3);
	assert_true(zl_agentkit_becomes(
		3, PEER, true)); /* nobody is quarantined: nobody is held */
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	(void)usleep(700000);
	assert_true(zl_agentkit_passes(3, PEER)); /* was there before */
	zl_agentkit_know(5, other_nics, 1);
	zl_agentkit_settle();
	zl_agentkit_make_tap(5); /* known: free at once */
	zl_agentkit_make_tap(4);
	assert_true(zl_agentkit_becomes(4, PEER, false));
	assert_true(zl_agentkit_passes(5, PEER));
	zl_agentkit_know(
		GUEST, guest_nics, 2); /* it was a new NIC of the quarantined domain */
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(2, t->lease.n_nics);
	(void)usleep(800000);
	assert_false(zl_agentkit_passes(4, PEER));
	zl_agentkit_make_tap(6);
	assert_true(zl_agentkit_becomes(6, PEER, false));
	assert_true(zl_agentkit_becomes(6, PEER, true)); /* nobody claimed it in time */
}

/* A tap that came while no agent ran is new too; one that was there is not. */
static void test_held_after_restart(void **state)
{
	static const uint8_t other_nics[] = { 5 };
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin("hold-unknown-ms = 1500"))
		skip();
	zl_agentkit_know(5, other_nics, 1);
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_kill();
	zl_agentkit_make_tap(3);
	zl_agentkit_make_tap(5); /* known: free at once */
	assert_true(zl_agentkit_passes(3, PEER));
	zl_agentkit_start();
	assert_int_equal(1, zl_agentkit_connect());
	assert_false(zl_agentkit_passes(3, PEER));
	assert_true(zl_agentkit_passes(5, PEER));
	assert_true(zl_agentkit_passes(SECOND, PEER));
	(void)usleep(400000);
	zl_agentkit_kill(); /* no way out */
	zl_agentkit_start();
	assert_int_equal(1, zl_agentkit_connect());
	assert_false(zl_agentkit_passes(3, PEER));
	(void)usleep(1600000);
	assert_true(zl_agentkit_becomes(3, PEER, true)); /* nobody claimed it in time */
	(void)usleep(400000);
	zl_agentkit_kill(); /* once is enough */
	zl_agentkit_start();
	assert_int_equal(1, zl_agentkit_connect());
	assert_true(zl_agentkit_passes(3, PEER));
}

static void test_expiry(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease capped = zl_agentkit_lease(2, SECOND, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin("hard-cap = 2"))
		skip();
	l.expires.us = zl_wall_now().us + 700 * ZL_US_PER_MS;
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_await_state(zl_agentkit_put(&capped), ZL_LEASE_APPLIED);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	zl_agentkit_await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&l.id, &t->report.id));
	assert_true(zl_wall_now().us >= l.expires.us);
	assert_true(zl_wall_now().us < l.expires.us + 500 * ZL_US_PER_MS);
	assert_true(zl_agentkit_passes(GUEST, PEER));
	assert_false(zl_agentkit_passes(SECOND, PEER));
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_EXPIRED); /* too late */
	zl_agentkit_await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&capped.id, &t->report.id));
	assert_true(zl_agentkit_passes(SECOND, PEER));
	zl_agentkit_await_state(zl_agentkit_put(&capped),
		ZL_LEASE_RELEASED); /* the cap is not renewed */
	assert_true(zl_agentkit_passes(SECOND, PEER));
}

static void test_refused(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease twice = zl_agentkit_lease(3, PEER, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin("never-touch = 52:54:00:00:00:01, vnet2"))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_FAILED);
	assert_int_equal(-EPERM, t->report.error.code);
	assert_non_null(strstr(
		t->report.error.msg, "refused by never-touch 52:54:00:00:00:01 in "));
	l = zl_agentkit_lease(2, SECOND, ZL_GRADE_STRICT);
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_FAILED);
	assert_non_null(
		strstr(t->report.error.msg, "refused by never-touch vnet2 in "));
	assert_true(zl_agentkit_passes(GUEST, PEER));
	assert_true(zl_agentkit_passes(SECOND, PEER));

	/* Two taps with the MAC: only a named one is touched. */
	t->taps[10] = zl_tapnet_tap("vnet10", PEER, "br0");
	zl_agentkit_settle();
	zl_agentkit_await_state(zl_agentkit_put(&twice), ZL_LEASE_FAILED);
	assert_non_null(strstr(t->report.error.msg, "two taps have libvirt's MAC"));
	(void)snprintf(twice.nics[0].tap, sizeof(twice.nics[0].tap), "vnet9");
	zl_agentkit_await_state(zl_agentkit_put(&twice), ZL_LEASE_APPLIED);
	assert_non_null(strstr(t->report.objects, "# vnet9 web9"));
}

static void test_not_here(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, 12, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(
		zl_agentkit_put(&l), ZL_LEASE_APPLIED); /* the domain is off */
	assert_int_equal(0, t->report.n_elements);
	(void)snprintf(l.nics[0].tap, sizeof(l.nics[0].tap), "vnet12");
	zl_agentkit_await_state(zl_agentkit_put(&l),
		ZL_LEASE_FAILED); /* it runs, and its tap is not here */
	assert_non_null(strstr(t->report.error.msg, "no tap with libvirt's MAC"));
	l = zl_agentkit_lease(2, 13, ZL_GRADE_STRICT);
	t->taps[13] = zl_tapnet_tap("vnet13", 13, NULL);
	zl_agentkit_settle();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_DEGRADED);
	assert_non_null(
		strstr(t->report.error.msg, "tap vnet13 is not a port of a bridge"));
}

static void test_break_glass(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = zl_agentkit_lease(2, SECOND, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_await_state(zl_agentkit_put(&m), ZL_LEASE_APPLIED);
	/* With the agent: the engine is told. */
	assert_int_equal(
		0, zl_agentkit_run("release d0010000-0000-0000-0000-000000000000"));
	assert_true(zl_agentkit_printed("released lease 01000000-"));
	zl_agentkit_await_state(0, ZL_LEASE_RELEASED);
	assert_non_null(strstr(t->report.error.msg, "break-glass by uid 0"));
	assert_true(zl_agentkit_passes(GUEST, PEER));
	assert_false(zl_agentkit_passes(SECOND, PEER));
	assert_int_equal(
		3, zl_agentkit_run("release d0010000-0000-0000-0000-000000000000"));
	assert_int_equal(2, zl_agentkit_run("release nonsense"));
	/* Without: by itself. */
	zl_agentkit_kill();
	assert_int_equal(0, zl_agentkit_run("release --all"));
	assert_true(zl_agentkit_passes(SECOND, PEER));
	zl_agentkit_start();
	assert_int_equal(0, zl_agentkit_connect());
	zl_agentkit_await_state(zl_agentkit_put(&m), ZL_LEASE_RELEASED);
	assert_non_null(strstr(t->report.error.msg, "break-glass"));
	assert_true(zl_agentkit_passes(SECOND, PEER));
	/* An agent that hangs is named. */
	(void)kill(t->agent, SIGSTOP);
	assert_int_equal(1, zl_agentkit_run("release --all"));
	assert_true(zl_agentkit_printed("does not answer"));
	assert_int_equal(0, zl_agentkit_run("list"));
}

/* What an operator gave as the reason is neither acted on nor a reason to list less. */
static void test_list_texts(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	/* red, and a character that was cut in two */
	(void)snprintf(l.cause, sizeof(l.cause), "uid 0: \033[31m\303");
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	assert_int_equal(0, zl_agentkit_run("list"));
	assert_true(zl_agentkit_printed("cause: uid 0: ?[31m?"));
	assert_int_equal(0, zl_agentkit_run("list --json"));
	assert_true(zl_agentkit_printed("\"id\": \"01000000-"));
	assert_int_equal(0, zl_agentkit_run("release --all"));
	assert_int_equal(0, zl_agentkit_run("release --all"));
	assert_true(zl_agentkit_printed("no lease to release"));
}

/* A config that others can write is no never-touch list. */
static void test_config(void **state)
{
	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	assert_int_equal(0, chmod(t->config, 0666));
	assert_int_equal(1, zl_agentkit_run("list"));
	assert_true(zl_agentkit_printed("writable by nobody else"));
	assert_int_equal(0, chmod(t->config, 0644));
	assert_int_equal(1, zl_agentkit_run("")); /* a second agent */
	assert_true(zl_agentkit_printed("error: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_quarantine, zl_agentkit_end),
		cmocka_unit_test_teardown(test_block, zl_agentkit_end),
		cmocka_unit_test_teardown(test_killed, zl_agentkit_end),
		cmocka_unit_test_teardown(test_restarted_domain, zl_agentkit_end),
		cmocka_unit_test_teardown(test_flushed, zl_agentkit_end),
		cmocka_unit_test_teardown(test_held, zl_agentkit_end),
		cmocka_unit_test_teardown(test_held_after_restart, zl_agentkit_end),
		cmocka_unit_test_teardown(test_expiry, zl_agentkit_end),
		cmocka_unit_test_teardown(test_refused, zl_agentkit_end),
		cmocka_unit_test_teardown(test_not_here, zl_agentkit_end),
		cmocka_unit_test_teardown(test_break_glass, zl_agentkit_end),
		cmocka_unit_test_teardown(test_list_texts, zl_agentkit_end),
		cmocka_unit_test_teardown(test_config, zl_agentkit_end),
	};

	return cmocka_run_group_tests_name("agent_session", tests, NULL, NULL);
}
