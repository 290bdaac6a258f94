/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A collector that its sandbox kills, again and again: it is started again after growing
 * waits, each time with one sentence in the log, and works as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/support/rig.h"

enum { DEATHS = 4, FIRST_MS = 200 };

static char log_path[] = "/tmp/zl-supervisor-XXXXXX";

/* What the daemon writes goes to a file. */
static int setup(void **state)
{
	int fd = mkstemp(log_path), saved = dup(STDERR_FILENO), r;

	assert_true(fd >= 0 && saved >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	(void)close(fd);
	r = zl_rig_setup(state);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	return r;
}

static int teardown(void **state)
{
	int r = zl_rig_teardown(state);

	return unlink(log_path) < 0 ? -1 : r;
}

struct role {
	json_int_t pid, restarts;
	char ended[128];
};

static void get_collector(struct role *ret)
{
	json_t *doc = NULL, *item;

	zl_rig_must("DaemonStatus", NULL, &doc);
	item = zl_rig_pick(doc, "roles", "name", "collector");
	assert_non_null(item);
	ret->pid = json_integer_value(json_object_get(item, "pid"));
	ret->restarts = json_integer_value(json_object_get(item, "restarts"));
	(void)snprintf(
		ret->ended, sizeof(ret->ended), "%s", zl_rig_text(item, "ended"));
	json_decref(doc);
}

/* Kill it as the filter does; how long nobody was in its place, in ms. */
static uint64_t kill_it(unsigned n)
{
	struct role before, now;
	struct zl_mono killed;

	get_collector(&before);
	assert_true(before.pid > 0);
	killed = zl_mono_now();
	assert_int_equal(0, kill((pid_t)before.pid, SIGSYS));
	for (int i = 0; i < ZL_RIG_TRIES * 10; i++) {
		get_collector(&now);
		if (now.pid != 0 && now.pid != before.pid) {
			assert_int_equal(n + 1, now.restarts);
			assert_string_equal("signal 31 (a system call that its sandbox "
					    "forbids)",
				now.ended);
			return zl_mono_since(zl_mono_now(), killed) / ZL_US_PER_MS;
		}
		(void)usleep(ZL_RIG_TRY_US / 10);
	}
	fail_msg("it is not started again");
	return 0;
}

/* The n-th line of the log about it; how long it says that the wait is, in ms. */
static unsigned long get_wait(unsigned n)
{
	static const char says[] =
		"collector ended: signal 31 (a system call that its sandbox forbids); "
		"it is started again in ";
	FILE *f = fopen(log_path, "re");
	char line[512], *at = NULL, *end;
	unsigned long wait_ms;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		at = strstr(line, says);
		if (at != NULL && n-- == 0)
			break;
		at = NULL;
	}
	(void)fclose(f);
	if (at == NULL)
		fail_msg("the log does not say it");
	wait_ms = strtoul(at + strlen(says), &end, 10);
	assert_string_equal(" ms\n", end);
	return wait_ms;
}

static void test_backoff(void **state)
{
	unsigned long whole_ms = FIRST_MS;

	(void)state;
	for (unsigned n = 0; n < DEATHS; n++, whole_ms *= 2) {
		uint64_t took_ms = kill_it(n);
		unsigned long said_ms = get_wait(n);

		assert_in_range(said_ms, whole_ms / 2, whole_ms);
		assert_true(took_ms >= said_ms);
	}
	/* And it was told again who may send. */
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41000, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_count("ListFlows", "flows", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests_name("supervisor", tests, setup, teardown);
}
