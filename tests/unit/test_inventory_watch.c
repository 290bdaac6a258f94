/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real workers with libvirt's test driver inside of them: listing, states, reasons,
 * reconnecting.  (What only a daemon can show is in test_source_libvirtd.c.)
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/watchkit.h"

enum { PATIENCE_MS = 10000 };

/* The URI of the node in our test data. */
static const char *node_uri(void)
{
	static char uri[4096 + 64];
	char cwd[4096];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(uri, sizeof(uri),
		"test://%s/tests/unit/data/domain/test-node.xml", cwd);
	return uri;
}

static const struct zl_watch_config quick = {
	.deadline_ms = 5000,
	.first_ms = 20,
	.most_ms = 100,
	.source = { .tick_ms = 50, .leases_ticks = 2, .list_ticks = 4 },
};

static void test_listing(void **state)
{
	struct zl_watchkit k;
	const struct zl_index_domain *d = NULL;
	struct zl_error err;

	(void)state;
	zl_watchkit_init(&k, quick);
	zl_watchkit_put(&k, "hv1", node_uri());
	assert_int_equal(ZL_HOST_CONNECTING, zl_index_host(k.index, "hv1")->state);
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	assert_string_equal("", zl_index_host(k.index, "hv1")->reason);
	assert_int_equal(2, zl_index_host(k.index, "hv1")->n_domains);
	assert_int_equal(0, zl_index_domain(k.index, "web1", &d, &err));
	assert_int_equal(ZL_DOMAIN_RUNNING, d->state);
	assert_int_equal(1, d->n_zones);
	assert_string_equal("web", d->zones[0]);
	assert_int_equal(2, d->n_nics);
	assert_string_equal("tap7", d->nics[0]->nic.tap);
	assert_string_equal("bridge:br0", d->nics[0]->scope);
	assert_int_equal(1, d->nics[0]->n_addrs);
	assert_int_equal(ZL_ADDR_METADATA, d->nics[0]->addrs[0].source);
	assert_string_equal("default", d->nics[1]->nic.network);
	assert_int_equal(0, zl_index_domain(k.index, "db1", &d, &err));
	assert_int_equal(ZL_DOMAIN_SHUTOFF, d->state);
	zl_watchkit_done(&k);
}

static bool never(struct zl_watchkit *k, void *arg)
{
	(void)k;
	(void)arg;
	return false;
}

/* Listing again and again tells nothing that was told. */
static void test_nothing_new(void **state)
{
	struct zl_watchkit k;

	(void)state;
	zl_watchkit_init(&k, quick);
	zl_watchkit_put(&k, "hv1", "test:///default");
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	(void)zl_watchkit_wait(&k, 600, never, NULL);
	assert_int_equal(1, k.n_frames[ZL_INV_DOMAIN]);
	assert_int_equal(0, k.n_frames[ZL_INV_DOMAIN_GONE]);
	assert_int_equal(1, k.n_frames[ZL_INV_LIST_END]);
	assert_int_equal(2, k.n_states);
	zl_watchkit_done(&k);
}

static bool has_reason(struct zl_watchkit *k, void *arg)
{
	return strstr(zl_index_host(k->index, "hv1")->reason, arg) != NULL;
}

struct unreachable_case {
	const char *name, *uri, *want;
};

/* clang-format off */
static struct unreachable_case unreachable_cases[] = {
	{ "no socket", "qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro",
	  "cannot connect to libvirtd at qemu+unix:///system?socket=/nonexistent/"
	  "libvirt-sock-ro: " },
	{ "what to do", "qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro",
	  "is libvirtd running" },
	{ "refused", "qemu+tcp://127.0.0.1:1/system", "is libvirtd running" },
	{ "not a URI", "::::", "cannot connect to libvirtd at ::::" },
	{ "no such node", "test:///nonexistent/node.xml", "is the URI right" },
};
/* clang-format on */

static void test_unreachable(void **state)
{
	const struct unreachable_case *c = *state;
	struct zl_watchkit k;

	zl_watchkit_init(&k, quick);
	zl_watchkit_put(&k, "hv1", c->uri);
	if (!zl_watchkit_wait(&k, PATIENCE_MS, has_reason, (void *)(uintptr_t)c->want))
		fail_msg("reason is: %s", zl_index_host(k.index, "hv1")->reason);
	/* Never up: not stale.  The same reason again is not told again. */
	(void)zl_watchkit_wait(&k, 300, never, NULL);
	assert_int_equal(ZL_HOST_CONNECTING, zl_index_host(k.index, "hv1")->state);
	assert_int_equal(2, k.n_states);
	/* The admin corrects the URI. */
	zl_watchkit_put(&k, "hv1", "test:///default");
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	zl_watchkit_done(&k);
}

/* The pid of our only child: the worker. */
static pid_t worker_pid(void)
{
	char path[64];
	FILE *f;
	int pid = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	return pid;
}

static void test_killed_worker(void **state)
{
	struct zl_watchkit k;

	(void)state;
	zl_watchkit_init(&k, quick);
	zl_watchkit_put(&k, "hv1", node_uri());
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	if (worker_pid() == 0) {
		print_message("skip: /proc does not list our children\n");
		zl_watchkit_done(&k);
		skip();
	}
	assert_int_equal(0, kill(worker_pid(), SIGKILL));
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_STALE));
	/* Stale, never empty. */
	assert_int_equal(2, zl_index_host(k.index, "hv1")->n_domains);
	assert_true(has_reason(&k, (void *)(uintptr_t) "signal 9"));
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	assert_int_equal(2, k.n_frames[ZL_INV_LIST_END]);
	zl_watchkit_done(&k);
}

static void test_two_hosts(void **state)
{
	struct zl_watchkit k;
	struct zl_error err;

	(void)state;
	zl_watchkit_init(&k, quick);
	zl_watchkit_put(&k, "hv1", node_uri());
	zl_watchkit_put(&k, "hv2", "test:///default");
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv1", ZL_HOST_UP));
	assert_true(zl_watchkit_wait_state(&k, PATIENCE_MS, "hv2", ZL_HOST_UP));
	assert_true(zl_watchkit_wait_domain(&k, 0, "hv2/test", ZL_DOMAIN_RUNNING));
	zl_watch_remove(k.watch, "hv2");
	zl_watch_remove(k.watch, "hv2");
	assert_int_equal(0, zl_index_host_remove(k.index, "hv2", &err));
	(void)zl_watchkit_wait(&k, 200, never, NULL); /* a frame about it would fail */
	assert_int_equal(-EINVAL, zl_watch_put(k.watch, "", "test:///default", &err));
	zl_watchkit_done(&k);
}

int main(void)
{
	enum { N_CASES = sizeof(unreachable_cases) / sizeof(unreachable_cases[0]) };
	struct CMUnitTest tests[4 + N_CASES] = {
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_nothing_new),
		cmocka_unit_test(test_killed_worker),
		cmocka_unit_test(test_two_hosts),
	};

	for (size_t i = 0; i < N_CASES; i++)
		tests[4 + i] = (struct CMUnitTest){ .name = unreachable_cases[i].name,
			.test_func = test_unreachable,
			.initial_state = &unreachable_cases[i] };
	return cmocka_run_group_tests_name("inventory_watch", tests, NULL, NULL);
}
