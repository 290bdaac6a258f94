/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporters that fall silent: by whose clock, and what a hijacked collector can make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/roles/engine/engine.h"
#include "tests/support/tempdb.h"

enum { SHOWN_MAX = 4096 + 64, MINUTE_S = 60, HOUR_S = 3600 };
#define START_US (INT64_C(1700000000) * ZL_US_PER_S)

static struct zl_engine engines[6], *e; /* one for each test */
static struct zl_channel *collector;
static int64_t now_us; /* the tests' clock; it never goes back */

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	(void)c;
	(void)in;
	(void)user;
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	(void)c;
	(void)why;
	(void)user;
	fail();
}

static const struct zl_channel_handlers handlers = {
	.table = zl_collector_messages,
	.n_table = ZL_COLLECTOR_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

static void pass(int64_t seconds)
{
	now_us += seconds * ZL_US_PER_S;
	zl_clock_tell((struct zl_wall){ now_us });
}

/* An engine with the host hv1, whose exporters are 10.0.0.0/8, and a collector. */
static int setup(void **state)
{
	static struct zl_host_exporter exporters = {
		.interfaces = ZL_HOST_INTERFACES_IFINDEX
	};
	static struct zl_host def = {
		.name = "hv1", .exporters = &exporters, .n_exporters = 1
	};
	static struct zl_engine_host host;
	struct zl_tempdb *t;
	int fds[2];

	if (zl_tempdb_setup(state) != 0)
		return -1;
	t = *state;
	if (now_us == 0)
		now_us = START_US;
	pass(0);
	e = e == NULL ? engines : e + 1;
	assert_true(e < engines + N_ITEMS(engines));
	e->db = t->db;
	assert_int_equal(0, zl_db_exec(e->db, "PRAGMA synchronous = OFF", NULL));
	zl_map_init(&e->hosts, ZL_NAME, 0);
	zl_map_init(&e->exporters, sizeof(struct zl_addr), 0);
	zl_map_init(&e->incidents, sizeof(struct zl_uuid) + 64, 65536);
	assert_true(zl_prefix_parse("10.0.0.0/8", &exporters.prefix));
	host = (struct zl_engine_host){ .e = e, .def = &def };
	assert_int_equal(0, zl_map_put(&e->hosts, def.name, &host));
	assert_true(sd_event_new(&e->event) >= 0);
	assert_int_equal(
		0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds));
	assert_int_equal(0, zl_engine_exporters_attach(e, fds[0], NULL));
	assert_int_equal(
		0, zl_channel_new(e->event, fds[1], &handlers, NULL, &collector, NULL));
	return 0;
}

static int teardown(void **state)
{
	zl_channel_close(collector);
	zl_channel_close(e->collector);
	(void)sd_event_unref(e->event);
	return zl_tempdb_teardown(state);
}

static void settle(void)
{
	for (unsigned i = 0; i < 10000 && sd_event_run(e->event, 1000) > 0; i++)
		;
}

static struct zl_collector_exporter stats_of(uint32_t n)
{
	return (struct zl_collector_exporter){ .address = zl_addr_from_v4(n),
		.is_allowed = true,
		.version = 9,
		.datagrams = 1,
		.silent_us = (uint64_t)MINUTE_S * ZL_US_PER_S,
		.last_seen.us = now_us };
}

static void tell(const struct zl_collector_exporter *x)
{
	struct zl_frame f;

	zl_channel_start(collector, &f, ZL_COLLECTOR_EXPORTER, 0);
	zl_collector_put_exporter(&f, x);
	assert_true(zl_channel_send(collector, &f) >= 0);
	settle();
}

static const struct zl_exporter_info *find(uint32_t n)
{
	struct zl_addr addr = zl_addr_from_v4(n);

	return zl_map_find(&e->exporters, &addr);
}

static bool is_silent(uint32_t n)
{
	return zl_engine_exporters_is_silent(find(n));
}

/* Whatever the wall clock was set to meanwhile, what comes is heard, and nothing is not. */
static void test_own_clock(void **state)
{
	struct zl_collector_exporter x = stats_of(0x0a000001);

	(void)state;
	tell(&x);
	assert_false(is_silent(0x0a000001));
	assert_true(zl_engine_exporters_watch(e, "hv1"));
	x.datagrams++;
	x.last_seen.us -= 2 * HOUR_S * ZL_US_PER_S;
	tell(&x);
	assert_false(is_silent(0x0a000001));
	assert_true(zl_engine_exporters_watch(e, "hv1"));
	x.last_seen.us += 4 * HOUR_S * ZL_US_PER_S;
	x.datagrams++;
	tell(&x);
	assert_int_equal(now_us, find(0x0a000001)->stats.last_seen.us);
	pass(MINUTE_S + 1);
	tell(&x); /* again, and nothing new */
	assert_true(is_silent(0x0a000001));
	assert_false(zl_engine_exporters_watch(e, "hv1"));
}

/* An engine that has just started is told of one that has been silent for long. */
static void test_silent_before_us(void **state)
{
	struct zl_collector_exporter x = stats_of(0x0a000001);

	(void)state;
	x.last_seen.us -= HOUR_S * ZL_US_PER_S;
	tell(&x);
	assert_true(is_silent(0x0a000001));
}

static void test_limits(void **state)
{
	struct zl_collector_exporter x = stats_of(0x0a000001);

	(void)state;
	x.silent_us = 1;
	x.last_seen.us = -5;
	tell(&x);
	assert_int_equal(MINUTE_S * ZL_US_PER_S, find(0x0a000001)->stats.silent_us);
	assert_int_equal(now_us, find(0x0a000001)->stats.last_seen.us);
	x.silent_us = UINT64_MAX;
	x.last_seen.us = INT64_MAX;
	tell(&x);
	assert_int_equal(
		7 * 24 * HOUR_S * ZL_US_PER_S, find(0x0a000001)->stats.silent_us);
	assert_int_equal(now_us, find(0x0a000001)->stats.last_seen.us);
}

static size_t n_on_disk(void **state)
{
	return (size_t)zl_tempdb_count(*state, "SELECT count(*) FROM incident");
}

/* All fall silent at once: it is said of all in the end, and not in one second. */
static void test_few_in_a_second(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct zl_collector_exporter x = stats_of(0x0a000001 + i);

		tell(&x);
	}
	pass(MINUTE_S + 1);
	zl_engine_exporters_tick(e);
	assert_int_equal(8, e->incidents.n);
	zl_engine_exporters_tick(e);
	zl_engine_exporters_tick(e);
	assert_int_equal(20, e->incidents.n);
	zl_engine_exporters_tick(e);
	assert_int_equal(20, n_on_disk(state));
}

/* It speaks, and falls silent again at once. */
static void test_not_again_soon(void **state)
{
	struct zl_collector_exporter x = stats_of(0x0a000001);

	tell(&x);
	for (unsigned minutes = 0; minutes < 28; minutes += 2) {
		pass(MINUTE_S + 1);
		zl_engine_exporters_tick(e);
		x.datagrams++;
		tell(&x);
		zl_engine_exporters_tick(e);
		assert_int_equal(0, e->incidents.n);
		pass(MINUTE_S - 1);
	}
	assert_int_equal(2, n_on_disk(state));
}

/* Addresses without end: neither the table nor the incidents are filled by them. */
static void test_many(void **state)
{
	struct zl_collector_exporter good = stats_of(0x0a000001);
	uint32_t n = 0x0a100000;

	good.silent_us = HOUR_S * (uint64_t)ZL_US_PER_S; /* it may take its time */
	tell(&good);
	for (unsigned minute = 0; minute < 3; minute++) {
		for (unsigned i = 0; i < SHOWN_MAX / 2; i++) {
			struct zl_collector_exporter x = stats_of(n++);

			tell(&x);
		}
		pass(MINUTE_S + 1);
		for (unsigned s = 0; s < 40; s++)
			zl_engine_exporters_tick(e);
		/* Longest unseen, and still the one that does not make room. */
		assert_non_null(find(0x0a000001));
		assert_true(e->exporters.n <= SHOWN_MAX);
		assert_true(e->incidents.n <= 256);
	}
	assert_int_equal(SHOWN_MAX, e->exporters.n);
	assert_true(e->incidents.n > 128);
	(void)state;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_own_clock),
		CASE(test_silent_before_us),
		CASE(test_limits),
		CASE(test_few_in_a_second),
		CASE(test_not_again_soon),
		CASE(test_many),
	};

	(void)zl_log_open("test", "err", NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
