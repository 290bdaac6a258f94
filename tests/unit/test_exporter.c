/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporters: who may send, what is forgotten, and how much each may make us keep. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/exporter.h"

static struct zl_prefix prefix(const char *text)
{
	struct zl_prefix p;

	assert_true(zl_prefix_parse(text, &p));
	return p;
}

static struct zl_exporter *get(
	struct zl_exporters *x, const char *text, enum zl_drop *ret_drop)
{
	struct zl_addr a;

	assert_true(zl_addr_parse(text, &a));
	return zl_exporters_get(x, &a, ret_drop);
}

static void test_allowed(void **state)
{
	static const struct {
		const char *address;
		bool is_allowed;
	} cases[] = { { "10.1.2.3", true }, { "10.1.255.255", true },
		{ "10.2.0.0", false }, { "192.0.2.7", true }, { "192.0.2.8", false },
		{ "fd00::1", true }, { "fd01::1", false }, { "::a01:203", false } };
	const struct zl_prefix allowed[] = { prefix("10.1.0.0/16"), prefix("192.0.2.7"),
		prefix("fd00::/16") };
	struct zl_exporters x;

	(void)state;
	zl_exporters_init(&x);
	assert_int_equal(0, zl_exporters_allow(&x, allowed, N_ITEMS(allowed), NULL));
	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		enum zl_drop why;

		assert_non_null(get(&x, cases[i].address, &why));
		assert_int_equal(
			cases[i].is_allowed ? ZL_DROP_N : ZL_DROP_EXPORTER_UNKNOWN,
			why);
	}
	assert_int_equal(4, x.by_address.n);
	zl_exporters_done(&x);
}

/* Nobody may send before somebody says so. */
static void test_nobody_at_first(void **state)
{
	struct zl_exporters x;
	enum zl_drop why;

	(void)state;
	zl_exporters_init(&x);
	assert_non_null(get(&x, "127.0.0.1", &why));
	assert_int_equal(ZL_DROP_EXPORTER_UNKNOWN, why);
	assert_int_equal(0, x.by_address.n);
	zl_exporters_done(&x);
}

static void test_replace(void **state)
{
	const struct zl_prefix both[] = { prefix("10.0.0.1"), prefix("10.0.0.2") };
	struct zl_exporters x;
	struct zl_exporter *kept;
	struct zl_error err;
	enum zl_drop why;

	(void)state;
	zl_exporters_init(&x);
	assert_int_equal(0, zl_exporters_allow(&x, both, 2, NULL));
	(void)get(&x, "10.0.0.1", &why);
	kept = get(&x, "10.0.0.2", &why);
	kept->datagrams = 5;
	assert_int_equal(0, zl_exporters_allow(&x, both + 1, 1, NULL));
	assert_int_equal(1, x.by_address.n);
	assert_ptr_equal(kept, get(&x, "10.0.0.2", &why));
	assert_int_equal(5, kept->datagrams);
	assert_int_equal(-E2BIG,
		zl_exporters_allow(&x, both, ZL_EXPORTERS_ALLOWED_MAX + 1, &err));
	assert_ptr_equal(kept, get(&x, "10.0.0.2", &why)); /* as before */
	assert_int_equal(0, zl_exporters_allow(&x, NULL, 0, NULL));
	assert_int_equal(0, x.by_address.n);
	zl_exporters_done(&x);
}

/* The refused share a few entries; the one longest unseen goes. */
static void test_refused(void **state)
{
	struct zl_exporters x;
	enum zl_drop why;

	(void)state;
	zl_exporters_init(&x);
	for (uint32_t i = 1; i <= ZL_EXPORTERS_REFUSED + 3; i++) {
		struct zl_addr a = zl_addr_from_v4(i);
		struct zl_exporter *e = zl_exporters_get(&x, &a, &why);

		e->datagrams++;
		e->last_seen.us = i;
		assert_ptr_equal(e, zl_exporters_get(&x, &a, &why));
	}
	for (size_t i = 0; i < ZL_EXPORTERS_REFUSED; i++) {
		assert_int_equal(1, x.refused[i].datagrams);
		assert_true(x.refused[i].last_seen.us > 3);
	}
	zl_exporters_done(&x);
}

/* Streams of one version make room among themselves. */
static void test_streams(void **state)
{
	const struct zl_prefix all = { 0 };
	struct zl_stream_key key = { .odid = 1, .port = 1, .version = 9 };
	const struct zl_stream_key first = key,
				   v5 = { .odid = 1, .port = 1, .version = 5 };
	struct zl_exporters x;
	struct zl_exporter *e;
	struct zl_mono now = { 1 };
	enum zl_drop why;

	(void)state;
	zl_exporters_init(&x);
	assert_int_equal(0, zl_exporters_allow(&x, &all, 1, NULL));
	e = get(&x, "10.0.0.1", &why);
	assert_null(zl_exporter_stream(e, &key, false, now));
	assert_non_null(zl_exporter_stream(e, &v5, true, now));
	for (unsigned i = 0; i < ZL_STREAMS_MAX; i++, now.us++) {
		key.port = (uint16_t)(i + 1);
		assert_non_null(zl_exporter_stream(e, &key, true, now));
	}
	assert_int_equal(0, e->drops.n[ZL_DROP_STREAM_EVICTED]);
	assert_non_null(zl_exporter_stream(e, &first, false, now)); /* seen again */
	key.odid = 2;
	assert_non_null(zl_exporter_stream(e, &key, true, now));
	assert_int_equal(1, e->drops.n[ZL_DROP_STREAM_EVICTED]);
	assert_non_null(zl_exporter_stream(e, &first, false, now));
	key = first;
	key.port = 2;
	assert_null(zl_exporter_stream(e, &key, false, now));
	assert_non_null(zl_exporter_stream(e, &v5, false, now));
	zl_exporters_done(&x);
}

/* The newest are given back first, and stay. */
static void test_recall(void **state)
{
	static const uint8_t raw[] = { 1, 0, 0, 1, 0, 8, 0, 4 };
	const struct zl_cursor c = { .at = raw, .left = sizeof(raw) };
	struct zl_stream_key key = { .odid = 1, .version = 9 };
	struct zl_exporters x;
	struct zl_addr addr;

	(void)state;
	zl_exporters_init(&x);
	assert_true(zl_addr_parse("10.0.0.1", &addr));
	for (unsigned i = 0; i < ZL_STREAMS_MAX + 5; i++) {
		key.port = (uint16_t)(i + 1);
		assert_int_equal(
			i < ZL_STREAMS_MAX, zl_exporters_recall(&x, &addr, &key, c,
						    false, (struct zl_mono){ i + 1 }));
	}
	key.port = 1; /* another template of a stream that is there */
	assert_true(zl_exporters_recall(
		&x, &addr, &key, c, false, (struct zl_mono){ 100 }));
	zl_exporters_done(&x);
}

struct sequence_case {
	const char *name;
	uint32_t first, step, second;
	bool is_known;
	uint32_t want;
};

/* clang-format off */
static struct sequence_case sequence_cases[] = {
	{ "in order", 10, 5, 15, true, 0 },
	{ "three are missing", 10, 5, 18, true, 3 },
	{ "again", 10, 5, 10, true, 0 },
	{ "late", 10, 5, 8, true, 0 },
	{ "across the wrap", UINT32_MAX - 1, 2, 0, true, 0 },
	{ "missing across the wrap", UINT32_MAX - 1, 2, 4, true, 4 },
	{ "restarted", 1000000, 5, 1, true, 0 },
	{ "restarted far ahead", 10, 5, 15 + ZL_STREAM_GAP_MAX + 1, true, 0 },
	{ "uncountable before", 10, 5, 18, false, 0 },
};
/* clang-format on */

static void test_sequence(void **state)
{
	const struct sequence_case *c = *state;
	struct zl_stream s = { 0 };

	assert_int_equal(0, zl_stream_sequence(&s, c->first, c->step, c->is_known));
	assert_int_equal(c->want, zl_stream_sequence(&s, c->second, 1, true));
}

int main(void)
{
	enum { N = N_ITEMS(sequence_cases) };
	static struct CMUnitTest tests[N + 6] = {
		[N] = cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_nobody_at_first),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_recall),
	};

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = sequence_cases[i].name,
			.test_func = test_sequence,
			.initial_state = &sequence_cases[i] };
	return cmocka_run_group_tests_name("exporter", tests, NULL, NULL);
}
