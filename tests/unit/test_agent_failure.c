/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zonelock-agent program when something is in its way: the disk, the kernel, limits.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/agentkit.h"
#include "tests/support/tapnet.h"

enum {
	GUEST = ZL_AGENTKIT_GUEST,
	SECOND = ZL_AGENTKIT_SECOND,
	PEER = ZL_AGENTKIT_PEER
};

static struct zl_agentkit *const t = &zl_agentkit;

static void test_damaged_file(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	char command[256];

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_kill();
	(void)snprintf(command, sizeof(command),
		"printf X | dd of=%s/state/leases bs=1 seek=60 conv=notrunc "
		"2>/dev/null",
		t->dir);
	assert_int_equal(0, zl_tapnet_run(command));
	assert_int_equal(7, zl_agentkit_run("list"));
	assert_true(zl_agentkit_printed("01000000-")); /* what can be read is listed */
	assert_true(zl_agentkit_printed("/state/leases: damaged: "));
	assert_true(zl_agentkit_printed("zonelock-agent release --all"));
	assert_int_equal(7, zl_agentkit_run("list --json"));
	assert_true(zl_agentkit_printed("\"damaged\": \"lease file "));
	zl_agentkit_start();
	assert_int_equal(0, zl_agentkit_connect());
	assert_false(
		zl_agentkit_passes(GUEST, PEER)); /* nobody knows why, but it stays */
	(void)snprintf(command, sizeof(command),
		"ls %s/state | grep -q leases.damaged-", t->dir);
	assert_int_equal(0, zl_tapnet_run(command));
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_await_state(zl_agentkit_drop(&l), ZL_LEASE_RELEASED);
	assert_false(zl_agentkit_passes(
		GUEST, PEER)); /* still kept for the unknown lease ... */
	assert_int_equal(0, zl_agentkit_run("release --all"));
	assert_true(zl_agentkit_passes(GUEST, PEER)); /* ... until somebody says so */
}

static void test_disk_full(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	char path[96];

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	(void)snprintf(path, sizeof(path), "%s/state/leases.new", t->dir);
	assert_int_equal(0, mkdir(path, 0700)); /* no file can be made there */
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_DEGRADED);
	assert_string_equal("agent.leasefile.write", t->report.error.id);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	assert_int_equal(0, rmdir(path));
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED); /* tried again by itself */
}

/*
 * What cannot be taken out of the file comes back: that is said, with the agent and
 * without it.
 */
static void test_disk_full_release(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = zl_agentkit_lease(2, SECOND, ZL_GRADE_STRICT);
	char path[96];

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_await_state(zl_agentkit_put(&m), ZL_LEASE_APPLIED);
	(void)snprintf(path, sizeof(path), "%s/state/leases.new", t->dir);
	assert_int_equal(0, mkdir(path, 0700));
	assert_int_equal(
		7, zl_agentkit_run("release d0010000-0000-0000-0000-000000000000"));
	assert_true(zl_agentkit_printed("released lease 01000000-"));
	assert_true(zl_agentkit_printed("it comes back if the agent starts again"));
	assert_true(zl_agentkit_passes(GUEST, PEER));
	zl_agentkit_await_state(zl_agentkit_drop(&m), ZL_LEASE_RELEASED);
	assert_string_equal("agent.released.unwritten", t->report.error.id);
	assert_int_not_equal(0, t->report.error.code);
	/* Indeed. */
	zl_agentkit_kill();
	zl_agentkit_start();
	assert_int_equal(2, zl_agentkit_connect());
	assert_false(zl_agentkit_passes(GUEST, PEER));
	zl_agentkit_kill();
	assert_int_equal(7, zl_agentkit_run("release --all"));
	assert_true(zl_agentkit_printed("released lease 01000000-"));
	assert_true(zl_agentkit_printed("released lease 02000000-"));
	assert_true(zl_agentkit_printed("error: lease 01000000-0000-0000-0000-"
					"000000000000: released, but it comes back"));
	assert_true(zl_agentkit_printed("error: lease 02000000-0000-0000-0000-"
					"000000000000: released, but it comes back"));
	assert_true(zl_agentkit_printed("release it again"));
	assert_int_equal(0, rmdir(path));
	assert_int_equal(0, zl_agentkit_run("release --all"));
	zl_agentkit_start();
	assert_int_equal(0, zl_agentkit_connect());
	assert_true(zl_agentkit_passes(GUEST, PEER));
}

/* A lease that finds everything in the kernel already is in force from now on. */
static void test_second_lease(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = zl_agentkit_lease(2, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before;

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	before = zl_wall_now();
	zl_agentkit_await_state(zl_agentkit_put(&m), ZL_LEASE_APPLIED);
	assert_int_equal(1, t->report.n_elements);
	assert_true(t->report.committed.us >= before.us);
	zl_agentkit_await_state(zl_agentkit_drop(&l), ZL_LEASE_RELEASED);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	zl_agentkit_await_state(zl_agentkit_drop(&m), ZL_LEASE_RELEASED);
	assert_true(zl_agentkit_passes(GUEST, PEER));
}

/* More NICs than a lease has room for: what cannot be contained is said. */
static void test_overfull(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	uint8_t nics[ZL_LEASE_NICS_MAX + 1] = { GUEST };

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	for (uint8_t i = 1; i < N_ITEMS(nics); i++)
		nics[i] = 100 + i;
	zl_agentkit_know(GUEST, nics, N_ITEMS(nics) - 1);
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	zl_agentkit_know(GUEST, nics, N_ITEMS(nics));
	zl_agentkit_await_state(0, ZL_LEASE_DEGRADED);
	assert_string_equal("agent.lease.overfull", t->report.error.id);
	assert_false(zl_agentkit_passes(GUEST, PEER));
	(void)usleep(500000); /* what is known is written soon */
	zl_agentkit_kill();
	zl_agentkit_start();
	assert_int_equal(1, zl_agentkit_connect());
	assert_int_equal(ZL_LEASE_DEGRADED, t->report.state);
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_DEGRADED);
	zl_agentkit_know(GUEST, nics, 2);
	zl_agentkit_await_state(0, ZL_LEASE_APPLIED);
}

/* Somebody else owns our table, and the kernel refuses every change. */
static void test_refused_by_kernel(void **state)
{
	struct zl_lease l = zl_agentkit_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall end_of_refusal;
	FILE *owner;

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	if (zl_tapnet_run("command -v nft >/dev/null") != 0)
		skip();
	l.expires.us = zl_wall_now().us + 1500 * ZL_US_PER_MS;
	zl_agentkit_await_state(zl_agentkit_put(&l), ZL_LEASE_APPLIED);
	owner = popen("exec nft -i >/dev/null 2>&1", "we");
	assert_non_null(owner);
	(void)fprintf(owner, "delete table bridge zonelock; "
			     "add table bridge zonelock { flags owner; }\n");
	(void)fflush(owner);
	zl_agentkit_await_state(0, ZL_LEASE_FAILED);
	assert_true(l.expires.us > zl_wall_now().us);
	zl_agentkit_await_state(0, ZL_LEASE_RELEASING);
	assert_true(zl_uuid_eq(&l.id, &t->report.id));
	(void)pclose(owner);
	end_of_refusal = zl_wall_now();
	zl_agentkit_await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&l.id, &t->report.id));
	assert_true(t->report.committed.us >= end_of_refusal.us - ZL_US_PER_S);
	assert_true(zl_wall_now().us < end_of_refusal.us + 4 * ZL_US_PER_S);
	assert_int_equal(
		0, zl_tapnet_run("nft list set bridge zonelock strict >/dev/null"));
}

static long cpu_ticks(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	ZL_AUTO(zl_file) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(2,
		fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system));
	return (long)(user + system);
}

/* Without a descriptor for a connection the agent rests instead of trying all the time. */
static void test_no_descriptor(void **state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct rlimit old, none;
	long before;
	int engine;

	(void)state;
	if (!zl_agentkit_begin(""))
		skip();
	assert_int_equal(0, prlimit(t->agent, RLIMIT_NOFILE, NULL, &old));
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(0, prlimit(t->agent, RLIMIT_NOFILE, &none, NULL));
	engine = t->fd;
	memcpy(to.sun_path, t->socket, strlen(t->socket) + 1);
	t->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(0, connect(t->fd, (struct sockaddr *)&to, sizeof(to)));
	before = cpu_ticks(t->agent);
	assert_false(zl_agentkit_receive(1500));
	assert_true(cpu_ticks(t->agent) - before < sysconf(_SC_CLK_TCK) / 5);
	assert_int_equal(0, prlimit(t->agent, RLIMIT_NOFILE, &old, NULL));
	assert_true(
		zl_agentkit_receive(ZL_AGENTKIT_PATIENCE_MS)); /* nobody is forgotten */
	assert_int_equal(ZL_AGENT_HELLO, t->frame.type);
	(void)close(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_damaged_file, zl_agentkit_end),
		cmocka_unit_test_teardown(test_disk_full, zl_agentkit_end),
		cmocka_unit_test_teardown(test_disk_full_release, zl_agentkit_end),
		cmocka_unit_test_teardown(test_second_lease, zl_agentkit_end),
		cmocka_unit_test_teardown(test_overfull, zl_agentkit_end),
		cmocka_unit_test_teardown(test_refused_by_kernel, zl_agentkit_end),
		cmocka_unit_test_teardown(test_no_descriptor, zl_agentkit_end),
	};

	return cmocka_run_group_tests_name("agent_failure", tests, NULL, NULL);
}
