/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process has given up, it cannot do: each attempt in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sandbox.h"

static int pair[2]; /* two ends of a datagram socket, from before the sandbox */

/* Run `what` in a child and give its status; 99: it could not enter. */
static int run_in_child(int (*what)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct zl_error err;

		if (zl_sandbox_enter(ZL_SANDBOX_COLLECTOR, &err) < 0)
			_exit(99);
		_exit(what());
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	return status;
}

struct call_case {
	const char *name;
	int (*what)(void);
};

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0;
}

static int make_file(void)
{
	return open("/tmp/zl-sandbox-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0;
}

static int make_inet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0;
}

static int make_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0;
}

static int make_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0;
}

static int connect_out(void)
{
	const struct sockaddr sa = { .sa_family = AF_UNIX };

	return connect(pair[0], &sa, sizeof(sa)) < 0;
}

static int run_program(void)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/true", NULL };

	return execv(argv[0], argv);
}

static int fork_child(void)
{
	return fork() < 0;
}

static int remove_file(void)
{
	return unlink("/tmp/zl-sandbox-test") < 0;
}

static int trace_parent(void)
{
	return (int)syscall(SYS_ptrace, 16, getppid(), NULL, NULL);
}

static int signal_parent(void)
{
	return kill(getppid(), 0);
}

static int become_root(void)
{
	return setuid(0);
}

static struct call_case forbidden[] = {
	{ "opens a file", open_file },
	{ "makes a file", make_file },
	{ "removes a file", remove_file },
	{ "makes an internet socket", make_inet_socket },
	{ "makes a Unix socket", make_unix_socket },
	{ "makes a netlink socket", make_netlink_socket },
	{ "connects", connect_out },
	{ "starts a program", run_program },
	{ "forks", fork_child },
	{ "traces its parent", trace_parent },
	{ "signals its parent", signal_parent },
	{ "becomes another user", become_root },
};

static void test_forbidden(void **state)
{
	const struct call_case *c = *state;
	int status = run_in_child(c->what);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(SIGSYS, WTERMSIG(status));
}

static int receive_and_answer(void)
{
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	struct pollfd p = { .fd = pair[0], .events = POLLIN };

	if (poll(&p, 1, 1000) != 1 || recvmmsg(pair[0], &m, 1, 0, NULL) != 1 ||
		m.msg_len != 5)
		return 1;
	return send(pair[0], buf, 5, 0) == 5 ? 0 : 2;
}

static int use_memory_and_time(void)
{
	uint8_t *p = malloc(1 << 22);
	void *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == NULL || m == MAP_FAILED)
		return 1;
	memset(p, 1, 1 << 22);
	free(p);
	(void)munmap(m, 1 << 20);
	return zl_mono_now().us != 0 && zl_wall_now().us != 0 ? 0 : 2;
}

static int write_a_line(void)
{
	return write(pair[0], "line\n", 5) == 5 ? 0 : 1;
}

static struct call_case allowed[] = {
	{ "receives and answers", receive_and_answer },
	{ "uses memory and clocks", use_memory_and_time },
	{ "writes", write_a_line },
};

static void test_allowed(void **state)
{
	const struct call_case *c = *state;
	char buf[16];

	assert_int_equal(5, send(pair[1], "hello", 5, 0));
	assert_int_equal(0, run_in_child(c->what));
	while (recv(pair[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	while (recv(pair[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static uint64_t capabilities(void)
{
	struct __user_cap_header_struct head = { .version =
							 _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)syscall(SYS_capget, &head, data);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* In a child: nobody, with one capability, of which there is no way back. */
static int become_nobody(void)
{
	struct zl_error err;

	if (zl_sandbox_become("nobody", 1ULL << CAP_NET_ADMIN, &err) < 0)
		return 1;
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getegid() == 0)
		return 2;
	if (capabilities() != 1ULL << CAP_NET_ADMIN)
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	if (setuid(0) == 0 || setgid(0) == 0 || open("/etc/shadow", O_RDONLY) >= 0)
		return 5;
	return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 0 ? 0 : 6;
}

static int keep_one(void)
{
	struct zl_error err;

	if (zl_sandbox_keep(1ULL << CAP_KILL, &err) < 0)
		return 1;
	return capabilities() == 1ULL << CAP_KILL && getuid() == 0 ? 0 : 2;
}

static int become_unknown(void)
{
	struct zl_error err = { 0 };

	if (zl_sandbox_become("no-such-user", 0, &err) != -ENOENT)
		return 1;
	return strcmp(err.msg, "no such user: no-such-user") == 0 &&
			       strstr(err.hint, "systemd-sysusers") != NULL
		       ? 0
		       : 2;
}

static void in_plain_child(int (*what)(void))
{
	int status = -1;
	pid_t pid;

	if (geteuid() != 0) {
		(void)puts("skip: sandbox: without root there is no identity to drop");
		skip();
	}
	pid = fork();
	if (pid == 0)
		_exit(what());
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

static void test_become(void **state)
{
	(void)state;
	in_plain_child(become_nobody);
}

static void test_keep(void **state)
{
	(void)state;
	in_plain_child(keep_one);
}

static void test_unknown_user(void **state)
{
	(void)state;
	in_plain_child(become_unknown);
}

static int open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
}

static void add(struct CMUnitTest *tests, size_t *n, struct call_case *c,
	void (*f)(void **state))
{
	tests[(*n)++] = (struct CMUnitTest){
		.name = c->name, .test_func = f, .initial_state = c
	};
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(forbidden) + N_ITEMS(allowed) + 3] = {
		cmocka_unit_test(test_become),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_unknown_user),
	};
	size_t n = 3;

	for (size_t i = 0; i < N_ITEMS(allowed); i++)
		add(tests, &n, &allowed[i], test_allowed);
	for (size_t i = 0; i < N_ITEMS(forbidden); i++)
		add(tests, &n, &forbidden[i], test_forbidden);
	return cmocka_run_group_tests_name("sandbox", tests, open_pair, NULL);
}
