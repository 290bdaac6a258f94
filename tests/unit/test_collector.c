/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector as a process: a datagram sent to its socket comes out of the ring,
 * with its system call filter on, and its statistics come over the channel.
 *
 * What the filter forbids is tried from inside, as code that took the collector over would:
 * a tracer puts another call in place of one that it makes itself while it serves.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ring.h"
#include "controller/flow/protocol.h"
#include "controller/flow/record.h"
#include "tests/support/flowgen.h"

enum { WAIT_MS = 5000, CHILD_FD = 10, SLOTS = 1024, FIRST_CALL = 5 };

struct process {
	pid_t pid;
	bool is_traced;
	int ring_fd, wake, engine, udp;
	struct sockaddr_in to, tcp_to;
	struct zl_ring *ring;
};

static const char *program(char buf[static 256])
{
	const char *b = getenv("B");

	(void)snprintf(
		buf, 256, "%s/bin/zonelock-collector", b != NULL ? b : "build/debug");
	return buf;
}

static void run_child(const int fds[5], bool is_traced)
{
	char path[256];
	char *argv[] = { program(path) != NULL ? path : NULL, NULL };

	for (int i = 0; i < 5; i++)
		if (dup2(fds[i], CHILD_FD + i) < 0)
			_exit(71);
	(void)setenv("ZL_FDS", "ring=10,wake=11,engine=12,udp=13,tcp=14", 1);
	(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if (is_traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(126);
	(void)execv(path, argv);
	_exit(127);
}

static int start(void **state, bool is_traced)
{
	static struct process p;
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(p.to);
	int pair[2], udp, tcp;

	assert_int_equal(
		0, zl_ring_create(sizeof(struct zl_flow), SLOTS, &p.ring_fd, NULL));
	assert_int_equal(
		0, zl_ring_map(p.ring_fd, sizeof(struct zl_flow), &p.ring, NULL));
	p.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(0, bind(udp, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, getsockname(udp, (struct sockaddr *)&p.to, &len));
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(0, bind(tcp, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, getsockname(tcp, (struct sockaddr *)&p.tcp_to, &len));
	assert_int_equal(0, listen(tcp, 8));
	p.engine = pair[0];
	p.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	p.pid = fork();
	if (p.pid == 0)
		run_child((const int[]){ p.ring_fd, p.wake, pair[1], udp, tcp },
			is_traced);
	p.is_traced = is_traced;
	(void)close(pair[1]);
	(void)close(udp);
	(void)close(tcp);
	*state = &p;
	return 0;
}

static int setup(void **state)
{
	return start(state, false);
}

static int setup_traced(void **state)
{
	return start(state, true);
}

static int teardown(void **state)
{
	struct process *p = *state;
	int status = 0;

	if (!p->is_traced) {
		(void)kill(p->pid, SIGTERM);
		(void)waitpid(p->pid, &status, 0);
	} else if (p->pid > 0) {
		(void)kill(p->pid, SIGKILL);
		(void)waitpid(p->pid, NULL, 0);
	}
	zl_ring_unmap(p->ring);
	(void)close(p->ring_fd);
	(void)close(p->wake);
	(void)close(p->engine);
	(void)close(p->udp);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void allow(struct process *p, const char *prefix)
{
	uint8_t buf[1024];
	struct zl_prefix parsed;
	struct zl_frame f;
	ssize_t n;

	assert_true(zl_prefix_parse(prefix, &parsed));
	zl_frame_start(&f, buf, sizeof(buf), ZL_COLLECTOR_EXPORTERS, 0);
	zl_collector_put_prefix(&f, &parsed);
	n = zl_frame_end(&f);
	assert_true(n > 0);
	assert_int_equal(n, send(p->engine, buf, (size_t)n, 0));
}

static void send_flow(struct process *p, uint32_t octets)
{
	const struct zl_flowgen_v5_record r = { .src = 0x0a000005, .octets = octets };
	struct zl_flowgen g;

	zl_flowgen_v5(&g, 1000, 1700000000, 0, 0, 0);
	zl_flowgen_v5_record(&g, &r);
	zl_flowgen_end(&g);
	assert_int_equal(g.n, sendto(p->udp, g.bytes, g.n, 0, (struct sockaddr *)&p->to,
				      sizeof(p->to)));
}

static bool wait_flow(struct process *p, struct zl_flow *ret)
{
	struct pollfd pfd = { .fd = p->wake, .events = POLLIN };
	uint64_t n;

	if (zl_ring_read(p->ring, ret))
		return true;
	if (zl_ring_sleep(p->ring) && poll(&pfd, 1, WAIT_MS) > 0)
		(void)!read(p->wake, &n, sizeof(n));
	return zl_ring_read(p->ring, ret);
}

/* The next report about an exporter; false when none comes. */
static bool wait_report(struct process *p, struct zl_collector_exporter *ret)
{
	static uint8_t buf[ZL_FRAME_MAX];

	for (int i = 0; i < 20; i++) {
		struct pollfd pfd = { .fd = p->engine, .events = POLLIN };
		struct zl_frame_in in;
		ssize_t n;

		if (poll(&pfd, 1, WAIT_MS) <= 0)
			return false;
		n = recv(p->engine, buf, sizeof(buf), 0);
		if (n <= 0 || zl_frame_parse(buf, (size_t)n, zl_collector_messages,
				      ZL_COLLECTOR_MESSAGE_N, &in, NULL) < 0)
			return false;
		if (in.type != ZL_COLLECTOR_EXPORTER)
			continue;
		zl_collector_get_exporter(&in, ret);
		return true;
	}
	return false;
}

/* What came before the list of exporters has waited for it. */
static void test_flow_to_ring(void **state)
{
	struct process *p = *state;
	struct zl_addr home = zl_addr_from_v4(INADDR_LOOPBACK);
	struct zl_collector_exporter x;
	struct zl_flow f;

	send_flow(p, 77);
	allow(p, "127.0.0.1");
	assert_true(wait_flow(p, &f));
	assert_int_equal(77, f.octets);
	assert_true(zl_addr_eq(&home, &f.exporter));
	assert_true(f.arrival.us > 0);
	assert_true(wait_report(p, &x));
	assert_true(x.is_allowed && zl_addr_eq(&home, &x.address));
	assert_int_equal(1, x.datagrams);
	assert_int_equal(1, x.records);
	assert_int_equal(5, x.version);
}

static void test_not_allowed(void **state)
{
	struct process *p = *state;
	struct zl_collector_exporter x;
	struct zl_flow f;

	allow(p, "192.0.2.1");
	send_flow(p, 77);
	assert_true(wait_report(p, &x));
	assert_false(x.is_allowed);
	assert_int_equal(1, x.drops[ZL_DROP_EXPORTER_UNKNOWN]);
	assert_false(zl_ring_read(p->ring, &f));
	/* Allowed from now on, without a restart. */
	allow(p, "127.0.0.0/8");
	send_flow(p, 78);
	assert_true(wait_flow(p, &f));
	assert_int_equal(78, f.octets);
}

static void test_rubbish(void **state)
{
	struct process *p = *state;
	struct zl_collector_exporter x;
	struct zl_flow f;

	allow(p, "127.0.0.1");
	assert_int_equal(7, sendto(p->udp, "rubbish", 7, 0, (struct sockaddr *)&p->to,
				    sizeof(p->to)));
	assert_int_equal(
		0, sendto(p->udp, "", 0, 0, (struct sockaddr *)&p->to, sizeof(p->to)));
	send_flow(p, 79);
	assert_true(wait_flow(p, &f));
	assert_int_equal(79, f.octets);
	assert_true(wait_report(p, &x));
	assert_int_equal(3, x.datagrams);
	assert_int_equal(1, x.drops[ZL_DROP_VERSION]);
	assert_int_equal(1, x.drops[ZL_DROP_HEADER_SHORT]);
}

/* Accepting is all that the system call filter lets it do with a listening socket. */
static void test_tcp(void **state)
{
	static const struct zl_flowgen_field octets[] = { { 1, 4, 0 } };
	struct process *p = *state;
	struct zl_collector_exporter x;
	struct zl_flowgen g;
	struct zl_flow f;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
		0, connect(fd, (struct sockaddr *)&p->tcp_to, sizeof(p->tcp_to)));
	zl_flowgen_ipfix(&g, 1700000000, 0, 1);
	zl_flowgen_set(&g, 2);
	zl_flowgen_template(&g, 256, octets, 1);
	zl_flowgen_set(&g, 256);
	zl_flowgen_u32(&g, 80);
	zl_flowgen_end(&g);
	assert_int_equal(g.n, send(fd, g.bytes, g.n, MSG_NOSIGNAL));
	allow(p, "127.0.0.1");
	assert_true(wait_flow(p, &f));
	assert_int_equal(80, f.octets);
	assert_int_equal(3, send(fd, "GET", 3, MSG_NOSIGNAL));
	assert_int_equal(0, recv(fd, g.bytes, 1, 0));
	(void)close(fd);
	assert_true(wait_report(p, &x));
	if (x.drops[ZL_DROP_CONNECTION_BROKEN] == 0)
		assert_true(wait_report(p, &x));
	assert_int_equal(1, x.drops[ZL_DROP_CONNECTION_BROKEN]);
}

/* --- from inside --- */

/* Until it stops again or ends: its status. */
static int await_stop(struct process *p)
{
	int status = 0;

	assert_int_equal(p->pid, waitpid(p->pid, &status, 0));
	if (!WIFSTOPPED(status))
		p->pid = 0;
	return status;
}

/* It serves: the filter is entered before its loop begins. */
static void await_serving(struct process *p)
{
	struct pollfd pfd = { .fd = p->engine, .events = POLLIN };

	assert_int_equal(1, poll(&pfd, 1, WAIT_MS));
}

/* Let it go on until it is about to make a system call. */
static void await_call(struct process *p)
{
	struct __ptrace_syscall_info info;
	int status;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(0, ptrace(PTRACE_SYSCALL, p->pid, NULL, NULL));
		status = await_stop(p);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) &&
			ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) >
				0 &&
			info.op == PTRACE_SYSCALL_INFO_ENTRY)
			return;
	}
	fail_msg("it makes no system calls");
}

/* Another call in place of the one that it is about to make, with nothing as arguments. */
static bool replace_call(struct process *p, long number)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;

	assert_int_equal(0, ptrace(PTRACE_GETREGS, p->pid, NULL, &regs));
	regs.orig_rax = (unsigned long long)number;
	regs.rdi = regs.rsi = regs.rdx = regs.r10 = regs.r8 = regs.r9 = 0;
	return ptrace(PTRACE_SETREGS, p->pid, NULL, &regs) == 0;
#elif defined(__aarch64__)
	int call = (int)number;
	struct iovec iov = { &call, sizeof(call) };

	return ptrace(PTRACE_SETREGSET, p->pid, (void *)0x404, &iov) == 0;
#else
	(void)p;
	(void)number;
	return false;
#endif
}

/* How it ends, or stops behind the call. */
static int make_it_call(struct process *p, long number)
{
	int status = await_stop(p); /* at its start */

	if (!WIFSTOPPED(status)) {
		(void)puts("skip: collector: nobody may be traced here");
		skip();
	}
	assert_int_equal(0, ptrace(PTRACE_SETOPTIONS, p->pid, NULL,
				    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	assert_int_equal(0, ptrace(PTRACE_CONT, p->pid, NULL, NULL));
	await_serving(p);
	assert_int_equal(0, kill(p->pid, SIGSTOP));
	status = await_stop(p);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	await_call(p);
	if (!replace_call(p, number)) {
		(void)puts("skip: collector: no way to replace a call on this machine");
		skip();
	}
	assert_int_equal(0, ptrace(PTRACE_SYSCALL, p->pid, NULL, NULL));
	return await_stop(p);
}

static struct call_case {
	const char *name;
	long number;
} calls[] = {
	{ "opens a file", SYS_openat },
	{ "makes a socket", SYS_socket },
	{ "executes a program", SYS_execve },
	{ "executes a program by its descriptor", SYS_execveat },
	{ "connects", SYS_connect },
	{ "binds", SYS_bind },
	{ "forks", SYS_clone },
	{ "signals", SYS_kill },
	{ "traces", SYS_ptrace },
	{ "removes a file", SYS_unlinkat },
	{ "uses io_uring", SYS_io_uring_setup },
	{ "maps another's memory", SYS_process_vm_writev },
};

static void test_forbidden(void **state)
{
	const struct call_case *call = *state;
	void *p = NULL;
	int status;

	assert_int_equal(0, setup_traced(&p));
	status = make_it_call(p, call->number);
	/* Newer kernels let the tracer see that the call came back, without effect. */
	for (int i = 0; i < 3 && WIFSTOPPED(status); i++) {
		assert_int_equal(
			0, ptrace(PTRACE_CONT, ((struct process *)p)->pid, NULL, NULL));
		status = await_stop(p);
	}
	assert_true(WIFSIGNALED(status));
	assert_int_equal(SIGSYS, WTERMSIG(status));
	assert_int_equal(0, teardown(&p));
}

/* The tracer does not kill it: what it may call comes back. */
static void test_allowed(void **state)
{
	struct process *p = *state;
	struct __ptrace_syscall_info info = { 0 };
	int status = make_it_call(p, SYS_getpid);

	assert_true(WIFSTOPPED(status));
	assert_int_equal(SIGTRAP | 0x80, WSTOPSIG(status));
	assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) > 0);
	assert_int_equal(PTRACE_SYSCALL_INFO_EXIT, info.op);
	assert_int_equal(p->pid, info.exit.rval);
}

int main(void)
{
	static struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flow_to_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rubbish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allowed, setup_traced, teardown),
		[FIRST_CALL + N_ITEMS(calls) - 1] = { 0 },
	};

	for (size_t i = 0; i < N_ITEMS(calls); i++)
		tests[FIRST_CALL + i] = (struct CMUnitTest){ .name = calls[i].name,
			.test_func = test_forbidden,
			.initial_state = &calls[i] };

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
