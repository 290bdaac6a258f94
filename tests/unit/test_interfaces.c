/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latest counters of each interface, and no more of them than there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/flow/interfaces.h"
#include "controller/flow/protocol.h"

static void note(struct zl_interfaces *x, uint32_t if_index, int64_t s, uint64_t octets)
{
	const struct zl_if_counters c = {
		.if_index = if_index, .arrival.us = s * ZL_US_PER_S, .in.octets = octets
	};

	zl_interfaces_note(x, &c);
}

static const struct zl_interface *find(const struct zl_interfaces *x, uint32_t if_index)
{
	return zl_map_find(&x->by_index, &if_index);
}

static void test_latest(void **state)
{
	struct zl_interfaces x;

	(void)state;
	zl_interfaces_init(&x);
	note(&x, 7, 1, 100);
	note(&x, 8, 1, 5);
	note(&x, 7, 2, 200);
	assert_int_equal(2, x.by_index.n);
	assert_int_equal(200, find(&x, 7)->counters.in.octets);
	assert_int_equal(5, find(&x, 8)->counters.in.octets);
	assert_true(x.n_untold >= 2);
	zl_interfaces_done(&x);
}

/* Made-up numbers push out one a second, and first what is longest unheard. */
static void test_bounded(void **state)
{
	struct zl_interfaces x;

	(void)state;
	zl_interfaces_init(&x);
	for (uint32_t i = 1; i <= ZL_INTERFACES_MAX; i++)
		note(&x, i, i == 5 ? 1 : 2, 0);
	for (uint32_t i = 0; i < 100000; i++)
		note(&x, 1000 + i, 10, 0);
	assert_int_equal(ZL_INTERFACES_MAX, x.by_index.n);
	assert_non_null(find(&x, 1000));
	assert_null(find(&x, 1001));
	assert_null(find(&x, 5));
	assert_non_null(find(&x, 6));
	note(&x, 2000, 12, 0);
	assert_non_null(find(&x, 2000));
	note(&x, 3000, 3, 0); /* the clock was set back */
	assert_non_null(find(&x, 3000));
	assert_int_equal(ZL_INTERFACES_MAX, x.by_index.n);
	zl_interfaces_done(&x);
}

static void assert_direction(
	const struct zl_if_direction *want, const struct zl_if_direction *got)
{
	assert_int_equal(want->octets, got->octets);
	assert_int_equal(want->unicast, got->unicast);
	assert_int_equal(want->multicast, got->multicast);
	assert_int_equal(want->broadcast, got->broadcast);
	assert_int_equal(want->discards, got->discards);
	assert_int_equal(want->errors, got->errors);
}

/* Every number comes over the channel as it is: none is forgotten, none is another's. */
static void test_frame(void **state)
{
	struct zl_if_counters sent = { .exporter = zl_addr_from_v4(0x0a000001),
		.arrival.us = 99,
		.odid = 1,
		.if_index = 2,
		.type = 3,
		.speed = UINT64_MAX - 4,
		.duplex = 5,
		.status = 6,
		.in = { UINT64_MAX - 7, 8, 9, 10, 11, 12 },
		.out = { UINT64_MAX - 13, 14, 15, 16, 17, 18 },
		.in_unknown = 19,
		.promiscuous = 20 };
	struct zl_if_counters got;
	struct zl_frame_in in;
	struct zl_frame f;
	uint8_t buf[2048];
	ssize_t n;

	(void)state;
	zl_frame_start(&f, buf, sizeof(buf), ZL_COLLECTOR_INTERFACE, 0);
	zl_collector_put_interface(&f, &sent);
	n = zl_frame_end(&f);
	assert_true(n > 0);
	assert_int_equal(0, zl_frame_parse(buf, (size_t)n, zl_collector_messages,
				    ZL_COLLECTOR_MESSAGE_N, &in, NULL));
	zl_collector_get_interface(&in, &got);
	assert_true(zl_addr_eq(&sent.exporter, &got.exporter));
	assert_int_equal(sent.arrival.us, got.arrival.us);
	assert_int_equal(sent.odid, got.odid);
	assert_int_equal(sent.if_index, got.if_index);
	assert_int_equal(sent.type, got.type);
	assert_int_equal(sent.speed, got.speed);
	assert_int_equal(sent.duplex, got.duplex);
	assert_int_equal(sent.status, got.status);
	assert_int_equal(sent.in_unknown, got.in_unknown);
	assert_int_equal(sent.promiscuous, got.promiscuous);
	assert_direction(&sent.in, &got.in);
	assert_direction(&sent.out, &got.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_latest),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests_name("interfaces", tests, NULL, NULL);
}
