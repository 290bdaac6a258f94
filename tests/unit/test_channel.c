/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channels: order, the queue and its limit, and every way in which the other side goes wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/channel.h"
#include "base/cleanup.h"

enum { M_NUMBER = 1, M_N };
enum { A_NUMBER = 1, A_FILL, A_N };

static const struct zl_attr number_attrs[A_N] = {
	[A_NUMBER] = { .name = "number", .type = ZL_ATTR_U32, .required = true },
	[A_FILL] = { .name = "fill", .type = ZL_ATTR_BYTES, .min = 1, .max = 60000 },
};

static const struct zl_message messages[M_N] = {
	[M_NUMBER] = { .name = "number", ZL_ATTRS(number_attrs) },
};

/* One channel, its other end as a plain socket, and what was heard. */
struct fixture {
	sd_event *event;
	struct zl_channel *c;
	int peer;
	uint32_t next; /* the number expected */
	unsigned n_closed;
	struct zl_error why;
	uint32_t close_at; /* close from within the handler at this number */
	bool answer, close_when_closed;
};

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct fixture *x = user;
	struct zl_frame f;
	uint32_t number = zl_attr_u32(in->tb[A_NUMBER]);

	assert_ptr_equal(x->c, c);
	assert_int_equal(x->next, number);
	x->next++;
	if (x->answer) {
		zl_channel_start(c, &f, M_NUMBER, in->seq);
		zl_frame_put_u32(&f, A_NUMBER, number);
		(void)zl_channel_send(c, &f);
	}
	if (x->close_at != 0 && number == x->close_at) {
		zl_channel_close(c);
		x->c = NULL;
	}
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct fixture *x = user;

	x->n_closed++;
	x->why = *why;
	if (x->close_when_closed) {
		zl_channel_close(c);
		x->c = NULL;
	}
}

static const struct zl_channel_handlers handlers = {
	.table = messages, .n_table = M_N, .on_frame = on_frame, .on_closed = on_closed
};

static int make_fixture(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	struct zl_error err;
	int pair[2];

	if (x == NULL || sd_event_new(&x->event) < 0 ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			pair) < 0 ||
		zl_channel_new(x->event, pair[0], &handlers, x, &x->c, &err) < 0)
		return -1;
	x->peer = pair[1];
	*state = x;
	return 0;
}

static int drop_fixture(void **state)
{
	struct fixture *x = *state;

	zl_channel_close(x->c);
	if (x->peer >= 0)
		(void)close(x->peer);
	(void)sd_event_unref(x->event);
	free(x);
	return 0;
}

/* Everything that is to be done now. */
static void turn(struct fixture *x)
{
	for (int i = 0; i < 100000; i++)
		if (sd_event_run(x->event, 0) <= 0)
			return;
	fail_msg("the event loop does not come to rest");
}

static int send_number(struct fixture *x, uint32_t number, size_t fill)
{
	static const uint8_t zeroes[60000];
	struct zl_frame f;

	zl_channel_start(x->c, &f, M_NUMBER, 0);
	zl_frame_put_u32(&f, A_NUMBER, number);
	if (fill > 0)
		zl_frame_put_bytes(&f, A_FILL, zeroes, fill);
	return zl_channel_send(x->c, &f);
}

/* The peer's side: send a frame of ours, or receive the next one's number. */
static void peer_send(struct fixture *x, uint32_t number)
{
	uint32_t buf[16];
	struct zl_frame f;
	ssize_t n;

	zl_frame_start(&f, buf, sizeof(buf), M_NUMBER, 0);
	zl_frame_put_u32(&f, A_NUMBER, number);
	n = zl_frame_end(&f);
	assert_int_equal(n, send(x->peer, buf, (size_t)n, MSG_NOSIGNAL));
}

static bool peer_receive(struct fixture *x, uint32_t *ret)
{
	static uint32_t buf[ZL_FRAME_MAX / 4];
	struct zl_frame_in in;
	struct zl_error err;
	ssize_t n = recv(x->peer, buf, sizeof(buf), MSG_DONTWAIT);

	if (n <= 0)
		return false;
	assert_int_equal(0, zl_frame_parse(buf, (size_t)n, messages, M_N, &in, &err));
	*ret = zl_attr_u32(in.tb[A_NUMBER]);
	return true;
}

static void expect_closed(struct fixture *x, int code, const char *says)
{
	turn(x);
	assert_int_equal(1, x->n_closed);
	assert_int_equal(code, x->why.code);
	assert_non_null(strstr(x->why.msg, says));
	/* Once, and nothing goes out any more. */
	assert_int_equal(-EPIPE, send_number(x, 1, 0));
	turn(x);
	assert_int_equal(1, x->n_closed);
}

static void test_both_ways(void **state)
{
	struct fixture *x = *state;
	uint32_t got;

	x->answer = true;
	for (uint32_t i = 0; i < 200; i++) {
		peer_send(x, i);
		if (i % 7 == 0)
			turn(x);
		while (peer_receive(x, &got))
			;
	}
	turn(x);
	assert_int_equal(200, x->next);
	assert_int_equal(0, x->n_closed);
}

/* What the socket does not take waits, and comes in order. */
static void test_queue(void **state)
{
	enum { N = 150 };
	struct fixture *x = *state;
	uint32_t got, next = 0;

	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(0, send_number(x, i, 50000));
	for (int i = 0; i < 10 * N && next < N; i++) {
		turn(x);
		while (peer_receive(x, &got))
			assert_int_equal(next++, got);
	}
	assert_int_equal(N, next);
	assert_int_equal(0, x->n_closed);
	assert_int_equal(0, send_number(x, N, 0));
	assert_true(peer_receive(x, &got));
}

static void test_queue_limit(void **state)
{
	struct fixture *x = *state;
	int r = 0;
	uint32_t i = 0;

	for (; i < 10000 && r == 0; i++)
		r = send_number(x, i, 50000);
	assert_int_equal(-ENOBUFS, r);
	assert_true((size_t)i * 50000 > ZL_CHANNEL_QUEUE_MAX);
	assert_int_equal(0, x->n_closed); /* never from within a send */
	expect_closed(x, -ENOBUFS, "stopped reading");
}

static void test_frame_too_large(void **state)
{
	static const uint8_t much[ZL_FRAME_MAX];
	struct fixture *x = *state;
	struct zl_frame f;

	zl_channel_start(x->c, &f, M_NUMBER, 0);
	zl_frame_put_bytes(&f, A_FILL, much, 40000);
	zl_frame_put_bytes(&f, A_FILL, much, 40000);
	assert_int_equal(-ENOBUFS, zl_channel_send(x->c, &f));
	/* That was our mistake: the channel stays. */
	turn(x);
	assert_int_equal(0, x->n_closed);
	assert_int_equal(0, send_number(x, 1, 0));
}

static void test_peer_dies(void **state)
{
	struct fixture *x = *state;

	peer_send(x, 0);
	peer_send(x, 1);
	(void)close(x->peer);
	x->peer = -1;
	expect_closed(x, -EPIPE, "closed the connection");
	assert_int_equal(2, x->next); /* its last words were heard */
}

static void test_peer_dies_while_we_send(void **state)
{
	struct fixture *x = *state;

	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(0, send_number(x, i, 50000));
	(void)close(x->peer);
	x->peer = -1;
	turn(x);
	assert_int_equal(1, x->n_closed);
	assert_int_equal(-EPIPE, send_number(x, 1, 0));
}

static void test_malformed(void **state)
{
	struct fixture *x = *state;

	peer_send(x, 0);
	assert_int_equal(5, send(x->peer, "hello", 5, 0));
	peer_send(x, 1);
	expect_closed(x, -EPROTO, "wrong length");
	assert_int_equal(1, x->next); /* nothing after the malformed one */
}

static void test_too_large_to_receive(void **state)
{
	static uint32_t much[ZL_FRAME_MAX / 4 + 1];
	struct fixture *x = *state;

	much[0] = sizeof(much);
	assert_int_equal(sizeof(much), send(x->peer, much, sizeof(much), 0));
	expect_closed(x, -EPROTO, "wrong length");
}

static void test_close_in_handler(void **state)
{
	struct fixture *x = *state;

	x->close_at = 3;
	for (uint32_t i = 0; i < 10; i++)
		peer_send(x, i);
	turn(x);
	assert_int_equal(4, x->next);
	assert_int_equal(0, x->n_closed);
	assert_null(x->c);
}

static void test_close_in_closed(void **state)
{
	struct fixture *x = *state;

	x->close_when_closed = true;
	(void)close(x->peer);
	x->peer = -1;
	turn(x);
	assert_int_equal(1, x->n_closed);
	assert_null(x->c);
}

static void test_peer_credentials(void **state)
{
	struct fixture *x = *state;
	uid_t uid = 12345;
	pid_t pid = 0;

	assert_int_equal(0, zl_channel_peer(x->c, &uid, &pid));
	assert_int_equal(geteuid(), uid);
	assert_int_equal(getpid(), pid);
}

/* --- in the file system --- */

struct place {
	char dir[32], path[64];
	sd_event *event;
};

static void make_place(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/zl-channel.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/s", p->dir);
	assert_true(sd_event_new(&p->event) >= 0);
}

static void drop_place(struct place *p)
{
	(void)unlink(p->path);
	assert_int_equal(0, rmdir(p->dir));
	(void)sd_event_unref(p->event);
}

static void test_listen_and_connect(void **state)
{
	struct place p;
	struct fixture x = { 0 };
	struct zl_error err = { 0 };
	struct stat st;
	int fd = -1, other = -1;

	(void)state;
	make_place(&p);
	assert_int_equal(-ENOENT,
		zl_channel_connect(p.event, p.path, &handlers, &x, &x.c, &err));
	assert_non_null(strstr(err.msg, p.path));
	assert_int_equal(0, zl_channel_listen(p.path, 0600, -1, &fd, &err));
	assert_int_equal(0, stat(p.path, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	assert_int_equal(
		-EADDRINUSE, zl_channel_listen(p.path, 0600, -1, &other, &err));
	assert_non_null(strstr(err.msg, "is another one running?"));
	assert_int_equal(
		0, zl_channel_connect(p.event, p.path, &handlers, &x, &x.c, &err));
	zl_channel_close(x.c);
	/* The socket of one that died is taken over. */
	(void)close(fd);
	assert_int_equal(-ECONNREFUSED,
		zl_channel_connect(p.event, p.path, &handlers, &x, &x.c, &err));
	assert_int_equal(0, zl_channel_listen(p.path, 0660, -1, &fd, &err));
	(void)close(fd);
	drop_place(&p);
}

static void test_never_another_file(void **state)
{
	struct place p;
	struct zl_error err = { 0 };
	struct stat st;
	FILE *f;
	int fd = -1;

	(void)state;
	make_place(&p);
	f = fopen(p.path, "we");
	assert_non_null(f);
	(void)fclose(f);
	assert_int_not_equal(0, zl_channel_listen(p.path, 0600, -1, &fd, &err));
	assert_int_equal(-1, fd);
	assert_int_equal(0, stat(p.path, &st));
	assert_true(S_ISREG(st.st_mode));
	drop_place(&p);
}

static void test_path_too_long(void **state)
{
	struct zl_error err = { 0 };
	struct fixture x = { 0 };
	char path[200];
	int fd = -1;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, zl_channel_listen(path, 0600, -1, &fd, &err));
	assert_non_null(strstr(err.msg, "longer than 107 characters"));
	assert_int_equal(-ENAMETOOLONG,
		zl_channel_connect(NULL, path, &handlers, &x, &x.c, &err));
}

#define WITH_CHANNEL(f) cmocka_unit_test_setup_teardown(f, make_fixture, drop_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CHANNEL(test_both_ways),
		WITH_CHANNEL(test_queue),
		WITH_CHANNEL(test_queue_limit),
		WITH_CHANNEL(test_frame_too_large),
		WITH_CHANNEL(test_peer_dies),
		WITH_CHANNEL(test_peer_dies_while_we_send),
		WITH_CHANNEL(test_malformed),
		WITH_CHANNEL(test_too_large_to_receive),
		WITH_CHANNEL(test_close_in_handler),
		WITH_CHANNEL(test_close_in_closed),
		WITH_CHANNEL(test_peer_credentials),
		cmocka_unit_test(test_listen_and_connect),
		cmocka_unit_test(test_never_another_file),
		cmocka_unit_test(test_path_too_long),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
