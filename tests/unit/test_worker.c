/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: what hangs is ended and named, what ends is reaped, and the waits between. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/worker.h"

static const struct zl_attr ping_attrs[] = {
	[1] = { .name = "n", .type = ZL_ATTR_U32, .required = true },
};
static const struct zl_message messages[] = {
	[1] = { .name = "ping", ZL_ATTRS(ping_attrs) },
};

struct owner {
	sd_event *event;
	struct zl_worker *worker;
	unsigned n_frames;
	uint32_t last;
	bool stop_on_frame, gone;
	struct zl_error why;
};

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct owner *o = user;

	(void)c;
	o->n_frames++;
	o->last = zl_attr_u32(in->tb[1]);
	if (!o->stop_on_frame)
		return;
	zl_worker_stop(o->worker);
	o->worker = NULL;
	(void)sd_event_exit(o->event, 0);
}

static void on_gone(struct zl_worker *w, const struct zl_error *why, void *user)
{
	struct owner *o = user;

	assert_false(o->gone);
	o->gone = true;
	o->why = *why;
	zl_worker_stop(w); /* nothing to do any more */
	(void)sd_event_exit(o->event, 0);
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	(void)user;
	fail_msg("ten seconds are over");
	return 0;
}

/* Run a worker to its end; how long it took, in ms. */
static uint64_t run(struct owner *o, int (*child)(struct zl_worker_self *, void *),
	uint64_t deadline_ms)
{
	const struct zl_worker_config config = { .name = "hv1",
		.deadline_ms = deadline_ms,
		.main = child,
		.handlers = { .table = messages,
			.n_table = N_ITEMS(messages),
			.on_frame = on_frame },
		.on_gone = on_gone,
		.user = o };
	struct zl_mono start = zl_mono_now();
	struct zl_error err = { 0 };

	assert_true(sd_event_new(&o->event) >= 0);
	assert_true(sd_event_add_time_relative(o->event, NULL, CLOCK_MONOTONIC,
			    10000000, 0, on_timeout, NULL) >= 0);
	assert_int_equal(0, zl_worker_start(o->event, &config, &o->worker, &err));
	assert_true(sd_event_loop(o->event) >= 0);
	(void)sd_event_unref(o->event);
	return zl_mono_since(zl_mono_now(), start) / 1000;
}

static void send_ping(struct zl_worker_self *self, uint32_t n)
{
	_Alignas(8) uint8_t buf[256];
	struct zl_frame f;

	zl_frame_start(&f, buf, sizeof(buf), 1, 0);
	zl_frame_put_u32(&f, 1, n);
	(void)!send(self->fd, buf, (size_t)zl_frame_end(&f), 0);
}

static int hang(struct zl_worker_self *self, void *arg)
{
	(void)arg;
	zl_worker_begin(self, "virConnectGetLibVersion");
	zl_worker_end(self);
	zl_worker_begin(self, "virDomainGetXMLDesc");
	(void)sleep(30);
	return 0;
}

static void test_hang(void **state)
{
	struct owner o = { 0 };
	uint64_t ms = run(&o, hang, 200);

	(void)state;
	assert_true(o.gone);
	assert_int_equal(-ETIMEDOUT, o.why.code);
	assert_non_null(strstr(o.why.msg, "virDomainGetXMLDesc did not return"));
	assert_in_range(ms, 200, 1000);
}

/* It lives longer than the deadline, but no call does. */
static int work(struct zl_worker_self *self, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < 10; i++) {
		zl_worker_begin(self, "short call");
		(void)usleep(30000);
		zl_worker_end(self);
	}
	(void)usleep(300000);
	return 0;
}

static void test_short_calls(void **state)
{
	struct owner o = { 0 };

	(void)state;
	(void)run(&o, work, 200);
	assert_int_equal(-ECHILD, o.why.code);
	assert_non_null(strstr(o.why.msg, "exit code 0"));
}

enum { MANY = 500 };

/* All that was said is heard before the end is told. */
static int talk(struct zl_worker_self *self, void *arg)
{
	(void)arg;
	for (uint32_t i = 1; i <= MANY; i++)
		send_ping(self, i);
	return 3;
}

static void test_last_words(void **state)
{
	struct owner o = { 0 };

	(void)state;
	(void)run(&o, talk, 5000);
	assert_int_equal(MANY, o.n_frames);
	assert_int_equal(MANY, o.last);
	assert_non_null(strstr(o.why.msg, "exit code 3"));
}

static int crash(struct zl_worker_self *self, void *arg)
{
	(void)self;
	(void)arg;
	(void)raise(SIGKILL);
	return 0;
}

static void test_crash(void **state)
{
	struct owner o = { 0 };

	(void)state;
	(void)run(&o, crash, 5000);
	assert_non_null(strstr(o.why.msg, "signal 9"));
}

static int lie(struct zl_worker_self *self, void *arg)
{
	(void)arg;
	(void)!send(self->fd, "not a frame", 11, 0);
	(void)sleep(30);
	return 0;
}

static void test_broken_protocol(void **state)
{
	struct owner o = { 0 };

	(void)state;
	(void)run(&o, lie, 5000);
	assert_int_equal(-EPROTO, o.why.code);
}

static int ping_for_ever(struct zl_worker_self *self, void *arg)
{
	(void)arg;
	while (getppid() > 1)
		send_ping(self, 1);
	return 0;
}

static void test_stop_in_handler(void **state)
{
	struct owner o = { .stop_on_frame = true };

	(void)state;
	(void)run(&o, ping_for_ever, 5000);
	assert_int_equal(1, o.n_frames);
	assert_false(o.gone);
	zl_worker_stop(NULL);
}

/* Descriptors of the owner are not the child's. */
static int count_fds(struct zl_worker_self *self, void *arg)
{
	int n = 0;

	(void)arg;
	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n == 1 && fcntl(self->fd, F_GETFD) == FD_CLOEXEC ? 42 : 43;
}

static void test_no_foreign_fds(void **state)
{
	struct owner o = { 0 };
	int extra = open("/dev/null", O_RDONLY); /* not close-on-exec: on purpose */

	(void)state;
	(void)run(&o, count_fds, 5000);
	(void)close(extra);
	if (strstr(o.why.msg, "exit code 42") == NULL)
		fail_msg("%s", o.why.msg);
}

static void test_backoff(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 70; n++)
		for (unsigned i = 0; i < 50; i++) {
			uint64_t whole = n < 6 ? 500u << n : 30000;

			if (whole > 30000)
				whole = 30000;
			assert_in_range(zl_backoff_ms(n, 500, 30000), whole / 2, whole);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_short_calls),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_broken_protocol),
		cmocka_unit_test(test_stop_in_handler),
		cmocka_unit_test(test_no_foreign_fds),
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
