/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The libvirt source against a real libvirtd of our own (its test driver over a Unix
 * socket, as an unprivileged user): events, hangs, death and return.
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/clock.h"
#include "tests/support/watchkit.h"

#define LIBVIRTD   "/usr/sbin/libvirtd"
#define URI_FORMAT "test+unix:///default?socket=%s/libvirt/libvirt-sock"

enum { PATIENCE_MS = 20000, DEADLINE_MS = 600, TICK_MS = 100, NOBODY = 65534 };

struct daemon {
	char folder[64], socket[128], uri[192];
	pid_t pid;
	virConnectPtr admin; /* a second connection that makes things happen */
	struct zl_watchkit kit;
};

static void silent(void *user, virErrorPtr e)
{
	(void)user;
	(void)e;
}

/* In the child: a session daemon keeps all it has below these folders. */
static void exec_daemon(const struct daemon *d)
{
	static const char *const names[] = { "HOME", "XDG_RUNTIME_DIR",
		"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME" };
	int null = open("/dev/null", O_RDWR);

	if (getuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(126);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)clearenv();
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	for (size_t i = 0; i < N_ITEMS(names); i++)
		(void)setenv(names[i], d->folder, 1);
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	(void)execl(LIBVIRTD, LIBVIRTD, "--timeout", "120", (char *)NULL);
	_exit(127);
}

/* Start it and wait until it answers. */
static void start_daemon(struct daemon *d)
{
	assert_true((d->pid = fork()) >= 0);
	if (d->pid == 0)
		exec_daemon(d);
	for (int i = 0; i < PATIENCE_MS / 50 && d->admin == NULL; i++) {
		if (access(d->socket, F_OK) == 0)
			d->admin = virConnectOpen(d->uri);
		if (d->admin == NULL)
			(void)usleep(50000);
	}
	if (d->admin == NULL)
		fail_msg("libvirtd does not answer at %s", d->socket);
}

static void end_daemon(struct daemon *d, int with)
{
	if (d->admin != NULL)
		(void)virConnectClose(d->admin);
	d->admin = NULL;
	if (d->pid > 0) {
		(void)kill(d->pid, with);
		(void)waitpid(d->pid, NULL, 0);
	}
	d->pid = 0;
}

static int setup(void **state)
{
	static const struct zl_watch_config quick = { .deadline_ms = DEADLINE_MS,
		.first_ms = 50,
		.most_ms = 200,
		.source = { .tick_ms = TICK_MS, .list_ticks = 100000 } };
	static struct daemon d;

	memset(&d, 0, sizeof(d));
	*state = &d;
	if (access(LIBVIRTD, X_OK) < 0)
		return 0;
	(void)snprintf(d.folder, sizeof(d.folder), "/tmp/zl-libvirtd-XXXXXX");
	assert_non_null(mkdtemp(d.folder));
	assert_int_equal(0, chmod(d.folder, 0700));
	if (getuid() == 0)
		assert_int_equal(0, chown(d.folder, NOBODY, NOBODY));
	(void)snprintf(d.socket, sizeof(d.socket), "%s/libvirt/libvirt-sock", d.folder);
	(void)snprintf(d.uri, sizeof(d.uri), URI_FORMAT, d.folder);
	virSetErrorFunc(NULL, silent);
	start_daemon(&d);
	zl_watchkit_init(&d.kit, quick);
	zl_watchkit_put(&d.kit, "hv1", d.uri);
	assert_true(zl_watchkit_wait_state(&d.kit, PATIENCE_MS, "hv1", ZL_HOST_UP));
	return 0;
}

static int teardown(void **state)
{
	struct daemon *d = *state;
	char command[128];

	if (d->folder[0] == '\0')
		return 0;
	zl_watchkit_done(&d->kit);
	end_daemon(d, SIGKILL);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", d->folder);
	assert_int_equal(0, system(command));
	return 0;
}

static struct daemon *need(void **state)
{
	struct daemon *d = *state;

	if (d->folder[0] == '\0') {
		print_message("skip: there is no " LIBVIRTD "\n");
		skip();
	}
	return d;
}

static virDomainPtr define(struct daemon *d, unsigned n)
{
	char xml[1024];
	virDomainPtr dom;

	(void)snprintf(xml, sizeof(xml),
		"<domain type='test'><name>vm%u</name>"
		"<uuid>aaaaaaaa-0000-4000-8000-00000000%04x</uuid>"
		"<memory>8192</memory><os><type>hvm</type></os>"
		"<devices><interface type='bridge'><mac "
		"address='52:54:00:00:%02x:%02x'/>"
		"<source bridge='br0'/></interface></devices></domain>",
		n, n, n >> 8, n & 0xff);
	dom = virDomainDefineXML(d->admin, xml);
	assert_non_null(dom);
	return dom;
}

/* Milliseconds until the domain is in that state here. */
static unsigned wait_ms(struct daemon *d, const char *name, enum zl_domain_state state)
{
	struct zl_mono start = zl_mono_now();

	if (!zl_watchkit_wait_domain(&d->kit, PATIENCE_MS, name, state))
		fail_msg("%s did not become %s", name, zl_domain_state_name(state));
	return (unsigned)(zl_mono_since(zl_mono_now(), start) / 1000);
}

static void test_lifecycle(void **state)
{
	struct daemon *d = need(state);
	const struct zl_index_domain *found = NULL;
	virDomainPtr dom = define(d, 1);
	unsigned worst = 0;
	struct zl_error err;

	(void)wait_ms(d, "vm1", ZL_DOMAIN_SHUTOFF);
	for (int i = 0; i < 10; i++) {
		unsigned ms;

		assert_int_equal(0, virDomainCreate(dom));
		ms = wait_ms(d, "vm1", ZL_DOMAIN_RUNNING);
		worst = ms > worst ? ms : worst;
		assert_int_equal(0, zl_index_domain(d->kit.index, "vm1", &found, &err));
		assert_string_not_equal("", found->nics[0]->nic.tap);
		assert_int_equal(0, virDomainSuspend(dom));
		(void)wait_ms(d, "vm1", ZL_DOMAIN_PAUSED);
		assert_int_equal(0, virDomainResume(dom));
		(void)wait_ms(d, "vm1", ZL_DOMAIN_RUNNING);
		assert_int_equal(0, virDomainDestroy(dom));
		(void)wait_ms(d, "vm1", ZL_DOMAIN_SHUTOFF);
	}
	print_message("a start is known after at most %u ms\n", worst);
	assert_true(worst < 500); /* on an idle machine it is a few */
	assert_int_equal(0, virDomainRename(dom, "vm1b", 0));
	(void)wait_ms(d, "vm1b", ZL_DOMAIN_SHUTOFF);
	(void)wait_ms(d, "vm1", ZL_DOMAIN_STATE_N);
	assert_int_equal(0, virDomainUndefine(dom));
	(void)wait_ms(d, "vm1b", ZL_DOMAIN_STATE_N);
	(void)virDomainFree(dom);
	assert_int_equal(1, d->kit.n_frames[ZL_INV_LIST_END]);
}

static bool has_zone(struct zl_watchkit *k, void *arg)
{
	const struct zl_index_domain *d = NULL;

	return zl_index_domain(k->index, arg, &d, NULL) == 0 && d->n_zones == 1 &&
	       strcmp(d->zones[0], "web") == 0;
}

static void test_metadata(void **state)
{
	struct daemon *d = need(state);
	virDomainPtr dom = define(d, 2);

	(void)wait_ms(d, "vm2", ZL_DOMAIN_SHUTOFF);
	assert_int_equal(0, virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT,
				    "<domain><zone name='web'/></domain>", "zonelock",
				    ZL_METADATA_URI, 0));
	assert_true(zl_watchkit_wait(
		&d->kit, PATIENCE_MS, has_zone, (void *)(uintptr_t) "vm2"));
	(void)virDomainFree(dom);
}

static void test_many(void **state)
{
	enum { MANY = 150 };
	struct daemon *d = need(state);
	char name[16];

	for (unsigned n = 100; n < 100 + MANY; n++) {
		virDomainPtr dom = define(d, n);

		assert_int_equal(0, virDomainCreate(dom));
		(void)virDomainFree(dom);
	}
	for (unsigned n = 100; n < 100 + MANY; n++) {
		(void)snprintf(name, sizeof(name), "vm%u", n);
		(void)wait_ms(d, name, ZL_DOMAIN_RUNNING);
	}
	assert_int_equal(MANY + 1, zl_index_host(d->kit.index, "hv1")->n_domains);
}

/* It hangs: stale in time, nothing forgotten, and up again when it goes on. */
static void test_hang(void **state)
{
	struct daemon *d = need(state);
	virDomainPtr dom = define(d, 3);
	struct zl_mono start;
	uint64_t ms;

	(void)wait_ms(d, "vm3", ZL_DOMAIN_SHUTOFF);
	start = zl_mono_now();
	assert_int_equal(0, kill(d->pid, SIGSTOP));
	assert_true(zl_watchkit_wait_state(&d->kit, PATIENCE_MS, "hv1", ZL_HOST_STALE));
	ms = zl_mono_since(zl_mono_now(), start) / 1000;
	print_message("stale %lu ms after it was stopped: %s\n", (unsigned long)ms,
		zl_index_host(d->kit.index, "hv1")->reason);
	assert_in_range(ms, DEADLINE_MS, DEADLINE_MS * 5 / 4 + TICK_MS + 500);
	assert_non_null(
		strstr(zl_index_host(d->kit.index, "hv1")->reason, "did not return"));
	assert_int_equal(2, zl_index_host(d->kit.index, "hv1")->n_domains);
	/* Connecting to it hangs, too: it stays stale. */
	assert_false(zl_watchkit_wait_state(
		&d->kit, DEADLINE_MS * 2, "hv1", ZL_HOST_CONNECTING));
	assert_non_null(strstr(
		zl_index_host(d->kit.index, "hv1")->reason, "virConnectOpenReadOnly"));
	assert_int_equal(0, kill(d->pid, SIGCONT));
	assert_true(zl_watchkit_wait_state(&d->kit, PATIENCE_MS, "hv1", ZL_HOST_UP));
	assert_int_equal(2, zl_index_host(d->kit.index, "hv1")->n_domains);
	/* Events come again. */
	assert_int_equal(0, virDomainCreate(dom));
	(void)wait_ms(d, "vm3", ZL_DOMAIN_RUNNING);
	(void)virDomainFree(dom);
}

/* It dies: stale at once; the next one is listed anew. */
static void test_death(void **state)
{
	struct daemon *d = need(state);
	virDomainPtr dom = define(d, 4);

	(void)wait_ms(d, "vm4", ZL_DOMAIN_SHUTOFF);
	(void)virDomainFree(dom);
	end_daemon(d, SIGKILL);
	assert_true(zl_watchkit_wait_state(&d->kit, PATIENCE_MS, "hv1", ZL_HOST_STALE));
	assert_int_equal(2, zl_index_host(d->kit.index, "hv1")->n_domains);
	print_message("reason: %s\n", zl_index_host(d->kit.index, "hv1")->reason);
	start_daemon(d);
	assert_true(zl_watchkit_wait_state(&d->kit, PATIENCE_MS, "hv1", ZL_HOST_UP));
	/* The test driver keeps nothing: only its own domain is there now. */
	assert_int_equal(1, zl_index_host(d->kit.index, "hv1")->n_domains);
	assert_int_equal(2, d->kit.n_frames[ZL_INV_LIST_END]);
}

#define ROW(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_lifecycle),
		ROW(test_metadata),
		ROW(test_many),
		ROW(test_hang),
		ROW(test_death),
	};

	return cmocka_run_group_tests_name("source_libvirtd", tests, NULL, NULL);
}
