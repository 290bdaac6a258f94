/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program zonelock-inventory: what an engine gets from it, and how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/protocol.h"

enum { PATIENCE_MS = 20000 };

struct role {
	pid_t pid;
	int fd; /* the engine's end */
};

/* Start it with `argument` (may be NULL) and a channel as descriptor "engine". */
static void start_role(struct role *r, const char *option, const char *argument)
{
	const char *b = getenv("B");
	char path[512], fds[32];
	int pair[2], null;

	(void)snprintf(path, sizeof(path), "%s/bin/zonelock-inventory",
		b == NULL ? "build/debug" : b);
	if (access(path, X_OK) < 0) {
		print_message("skip: there is no %s\n", path);
		skip();
	}
	assert_int_equal(
		0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		null = open("/dev/null", O_RDWR);
		(void)dup2(null, STDERR_FILENO);
		(void)fcntl(pair[1], F_SETFD, 0);
		(void)snprintf(fds, sizeof(fds), "engine=%d", pair[1]);
		(void)setenv("ZL_FDS", fds, 1);
		(void)execl(path, path, option, argument, (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	r->fd = pair[0];
}

/* Its exit code (or minus its signal); `hang_up`: close the channel first. */
static int end_role(struct role *r, bool hang_up)
{
	int status = 0;

	if (hang_up)
		(void)close(r->fd);
	assert_int_equal(r->pid, waitpid(r->pid, &status, 0));
	if (!hang_up)
		(void)close(r->fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void send_host(struct role *r, enum zl_inventory_message type, const char *uri)
{
	_Alignas(8) uint8_t buf[1024];
	struct zl_frame f;

	zl_frame_start(&f, buf, sizeof(buf), (uint16_t)type, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, "hv1");
	if (uri != NULL)
		zl_frame_put_str(&f, ZL_INV_A_URI, uri);
	assert_true(send(r->fd, buf, (size_t)zl_frame_end(&f), 0) > 0);
}

/* The next frame's type; its first byte of state, if it has one, in *ret_state. */
static int receive(struct role *r, uint8_t *ret_state)
{
	static _Alignas(8) uint8_t buf[ZL_FRAME_MAX];
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	struct zl_frame_in in;
	struct zl_error err;
	ssize_t n;

	assert_int_equal(1, poll(&p, 1, PATIENCE_MS));
	n = recv(r->fd, buf, sizeof(buf), 0);
	assert_true(n > 0);
	assert_int_equal(0, zl_frame_parse(buf, (size_t)n, zl_inventory_messages,
				    ZL_INV_MESSAGE_N, &in, &err));
	*ret_state = zl_attr_u8(in.tb[ZL_INV_A_STATE]);
	return in.type;
}

static void test_run(void **state)
{
	static const int want[] = { ZL_INV_HOST_STATE, ZL_INV_LIST_BEGIN, ZL_INV_DOMAIN,
		ZL_INV_LIST_END, ZL_INV_HOST_STATE };
	struct role r;
	uint8_t host_state = 0;

	(void)state;
	start_role(&r, "--deadline", "2");
	send_host(&r, ZL_INV_HOST_PUT, "test:///default");
	for (size_t i = 0; i < N_ITEMS(want); i++)
		assert_int_equal(want[i], receive(&r, &host_state));
	assert_int_equal(ZL_HOST_UP, host_state);
	send_host(&r, ZL_INV_HOST_GONE, NULL);
	assert_int_equal(0, kill(r.pid, SIGTERM));
	assert_int_equal(0, end_role(&r, false));
}

/* Without its engine there is nothing to do. */
static void test_engine_gone(void **state)
{
	struct role r;

	(void)state;
	start_role(&r, NULL, NULL);
	assert_int_equal(1, end_role(&r, true));
}

static void test_usage(void **state)
{
	static const char *const wrong[] = { "0", "301", "", "5s", "-1", "x" };
	struct role r;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(wrong); i++) {
		start_role(&r, "--deadline", wrong[i]);
		assert_int_equal(2, end_role(&r, true));
	}
	start_role(&r, "--nonsense", NULL);
	assert_int_equal(2, end_role(&r, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_engine_gone),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests_name("inventory_role", tests, NULL, NULL);
}
