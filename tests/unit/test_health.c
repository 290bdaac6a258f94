/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loss as a share, the clock's offset, and what silence is remarkable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/flow/health.h"

static void test_loss(void **state)
{
	(void)state;
	assert_int_equal(0, zl_health_loss_ppm(0, 0));
	assert_int_equal(0, zl_health_loss_ppm(0, 1000));
	assert_int_equal(250000, zl_health_loss_ppm(1, 3));
	assert_int_equal(1000000, zl_health_loss_ppm(7, 0));
	assert_int_equal(500000, zl_health_loss_ppm(UINT64_MAX / 2, UINT64_MAX / 2));
}

/* A clock 7 s behind ours, told in whole seconds; datagrams at any part of a second. */
static void test_offset(void **state)
{
	struct zl_health h = { 0 };

	(void)state;
	for (int64_t i = 0; i < 1000; i++) {
		struct zl_wall arrival = { .us = 1700000000000000 + i * 137000 };
		int64_t theirs_ms = (arrival.us - 7000000) / 1000000 * 1000;

		zl_health_datagram(&h, (struct zl_mono){ (uint64_t)i + 1 }, arrival,
			theirs_ms, 1000);
	}
	assert_true(h.has_offset);
	assert_in_range(h.offset_us, 6800000, 7200000);
}

static void test_no_time_told(void **state)
{
	struct zl_health h = { 0 };

	(void)state;
	zl_health_datagram(&h, (struct zl_mono){ 1 }, (struct zl_wall){ 1 }, 0, 0);
	assert_false(h.has_offset);
}

static void speak(struct zl_health *h, uint64_t *at_us, uint64_t gap_us)
{
	*at_us += gap_us;
	zl_health_datagram(h, (struct zl_mono){ *at_us }, (struct zl_wall){ 1 }, 0, 0);
}

static void test_silence(void **state)
{
	struct zl_health h = { 0 };
	uint64_t at = 1;

	(void)state;
	for (unsigned i = 0; i < ZL_HEALTH_SPOKEN_MIN - 1; i++)
		speak(&h, &at, 1000000);
	assert_int_equal(0, zl_health_silent_us(&h)); /* too early to say */
	speak(&h, &at, 1000000);
	assert_int_equal(60000000, zl_health_silent_us(&h));
	speak(&h, &at, 300000000); /* five minutes are usual for it, then */
	assert_int_equal(900000000, zl_health_silent_us(&h));
	for (unsigned i = 0; i < ZL_HEALTH_PERIOD_S; i++)
		speak(&h, &at, 1000000);
	assert_int_equal(900000000, zl_health_silent_us(&h));
	for (unsigned i = 0; i < 2 * ZL_HEALTH_PERIOD_S; i++)
		speak(&h, &at, 1000000);
	assert_int_equal(60000000, zl_health_silent_us(&h));
}

/* A thousand datagrams at once, each minute: one of those pauses is no silence. */
static void test_bursts(void **state)
{
	struct zl_health h = { 0 };
	uint64_t at = 1;

	(void)state;
	for (unsigned minute = 0; minute < 300; minute++) {
		for (unsigned i = 0; i < 1000; i++)
			speak(&h, &at, 10);
		if (zl_health_silent_us(&h) != 0)
			assert_true(zl_health_silent_us(&h) >= 170000000);
		at += 60000000;
	}
	assert_int_not_equal(0, zl_health_silent_us(&h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_no_time_told),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
