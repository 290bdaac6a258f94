/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPFIX: lengths, enterprise fields, each way to tell a time, options, sequence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"

enum { SECONDS = 1700000000 };
#define EXPORT_MS (SECONDS * INT64_C(1000))

/* One record whose every field is `values[i]`, with its template. */
static void build(struct zl_flowgen *g, const struct zl_flowgen_field *fields, size_t n,
	const uint64_t *values)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, fields, n);
	zl_flowgen_set(g, 256);
	for (size_t i = 0; i < n; i++)
		zl_flowgen_uint(g, values[i], fields[i].length);
	zl_flowgen_end(g);
}

static void test_biflow(void **state)
{
	static const struct zl_flowgen_field fields[] = { { 1, 4, 0 }, { 2, 4, 0 },
		{ 6, 1, 0 }, { 1, 4, 29305 }, { 2, 2, 29305 }, { 6, 2, 29305 },
		{ 1, 4, 12345 }, { 85, 8, 0 }, { 86, 8, 0 } };
	static const uint64_t values[] = { 100, 1, 2, 200, 3, 0x12, 999, 5000, 50 };
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];
	struct zl_flowgen g;

	build(&g, fields, N_ITEMS(fields), values);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(1, c->n);
	assert_int_equal(100, f->octets);
	assert_int_equal(1, f->packets);
	assert_int_equal(2, f->tcp_flags);
	assert_int_equal(200, f->rev_octets);
	assert_int_equal(3, f->rev_packets);
	assert_int_equal(0x12, f->rev_tcp_flags);
	assert_int_equal(5000, f->total_octets);
	assert_int_equal(50, f->total_packets);
	assert_int_equal(0, f->ip_version);
	assert_int_equal(0, f->present & (ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_AGE));
}

struct time_case {
	const char *name;
	struct zl_flowgen_field fields[4];
	uint64_t values[4];
	size_t n;
	int64_t first, last; /* 0: not known */
	int64_t age;	     /* -1: not known */
};

/* 32.32 bits since 1900 */
#define NTP(ms)                                                                        \
	((((uint64_t)(ms) / 1000 + UINT64_C(2208988800)) << 32) |                      \
		(((uint64_t)(ms) % 1000 << 32) / 1000 + 1))

/* clang-format off */
static struct time_case time_cases[] = {
	{ "seconds", { { 150, 4, 0 }, { 151, 4, 0 } }, { SECONDS - 9, SECONDS - 2 }, 2,
	  EXPORT_MS - 9000, EXPORT_MS - 2000, 2000 },
	{ "milliseconds", { { 152, 8, 0 }, { 153, 8, 0 } }, { EXPORT_MS - 700, EXPORT_MS - 20 }, 2,
	  EXPORT_MS - 700, EXPORT_MS - 20, 20 },
	{ "microseconds", { { 154, 8, 0 }, { 155, 8, 0 } }, { NTP(EXPORT_MS - 700), NTP(EXPORT_MS - 20) }, 2,
	  EXPORT_MS - 700, EXPORT_MS - 20, 20 },
	{ "nanoseconds", { { 156, 8, 0 }, { 157, 8, 0 } }, { NTP(EXPORT_MS - 700), NTP(EXPORT_MS - 20) }, 2,
	  EXPORT_MS - 700, EXPORT_MS - 20, 20 },
	{ "microseconds before export", { { 158, 4, 0 }, { 159, 4, 0 } }, { 700000, 20000 }, 2,
	  EXPORT_MS - 700, EXPORT_MS - 20, 20 },
	{ "uptime with the boot time before", { { 160, 8, 0 }, { 22, 4, 0 }, { 21, 4, 0 } }, { EXPORT_MS - 10000, 3000, 9000 }, 3,
	  EXPORT_MS - 7000, EXPORT_MS - 1000, 1000 },
	{ "uptime with the boot time behind", { { 22, 4, 0 }, { 21, 4, 0 }, { 160, 8, 0 } }, { 3000, 9000, EXPORT_MS - 10000 }, 3,
	  EXPORT_MS - 7000, EXPORT_MS - 1000, 1000 },
	{ "uptime that has wrapped", { { 160, 8, 0 }, { 22, 4, 0 }, { 21, 4, 0 } }, { EXPORT_MS - (INT64_C(1) << 32) - 500, UINT32_MAX - 99, 200 }, 3,
	  EXPORT_MS - 600, EXPORT_MS - 300, 300 },
	{ "uptime without a boot time", { { 22, 4, 0 }, { 21, 4, 0 }, { 1, 4, 0 } }, { 3000, 9000, 1 }, 3, 0, 0, -1 },
	{ "seconds and milliseconds: the finer", { { 150, 4, 0 }, { 152, 8, 0 }, { 151, 4, 0 }, { 153, 8, 0 } },
	  { SECONDS - 1, EXPORT_MS - 700, SECONDS - 1, EXPORT_MS - 20 }, 4,
	  EXPORT_MS - 700, EXPORT_MS - 20, 20 },
	{ "an end within the export second", { { 152, 8, 0 }, { 153, 8, 0 } }, { EXPORT_MS - 1, EXPORT_MS + 900 }, 2,
	  EXPORT_MS - 1, EXPORT_MS + 900, 0 },
	{ "an end after the export", { { 152, 8, 0 }, { 153, 8, 0 } }, { EXPORT_MS - 1, EXPORT_MS + 60000 }, 2,
	  EXPORT_MS - 1, EXPORT_MS + 60000, -1 },
	{ "a duration before the end", { { 153, 8, 0 }, { 161, 4, 0 } }, { EXPORT_MS - 300, 500 }, 2,
	  EXPORT_MS - 800, EXPORT_MS - 300, 300 },
	{ "a duration behind the start", { { 152, 8, 0 }, { 162, 4, 0 } }, { EXPORT_MS - 800, 500999 }, 2,
	  EXPORT_MS - 800, EXPORT_MS - 300, 300 },
	{ "a duration longer than time", { { 153, 8, 0 }, { 161, 8, 0 } }, { EXPORT_MS - 300, UINT64_MAX }, 2,
	  0, EXPORT_MS - 300, 300 },
	{ "a duration alone", { { 161, 4, 0 } }, { 500 }, 1, 0, 0, -1 },
	{ "start, end and another duration", { { 152, 8, 0 }, { 153, 8, 0 }, { 161, 4, 0 } },
	  { EXPORT_MS - 900, EXPORT_MS - 300, 5 }, 3, EXPORT_MS - 900, EXPORT_MS - 300, 300 },
	{ "before the export, to its end", { { 158, 4, 0 }, { 159, 4, 0 } }, { 2000000, 500000 }, 2,
	  EXPORT_MS - 2000, EXPORT_MS - 500, 500 },
	{ "uptime across its wrap", { { 160, 8, 0 }, { 22, 4, 0 }, { 21, 4, 0 } },
	  { EXPORT_MS - INT64_C(4294968296), UINT32_MAX - 1999, 500 }, 3, EXPORT_MS - 3000, EXPORT_MS - 500, 500 },
	{ "a boot time after the export", { { 160, 8, 0 }, { 22, 4, 0 }, { 21, 4, 0 } },
	  { EXPORT_MS + 400, 0, 100 }, 3, EXPORT_MS + 400, EXPORT_MS + 500, 0 },
	{ "zero", { { 152, 8, 0 }, { 153, 8, 0 } }, { 0, 0 }, 2, 0, 0, -1 },
};
/* clang-format on */

static void test_times(void **state)
{
	const struct time_case *t = *state;
	struct zl_flowcase c;
	struct zl_flowgen g;

	zl_flowcase_init(&c);
	build(&g, t->fields, t->n, t->values);
	assert_int_equal(0, zl_flowcase_send(&c, &g));
	assert_int_equal(1, c.n);
	assert_int_equal(t->first, c.flows[0].first_ms);
	assert_int_equal(t->last, c.flows[0].last_ms);
	assert_int_equal(t->first != 0, (c.flows[0].present & ZL_FLOW_FIRST) != 0);
	assert_int_equal(t->age >= 0, (c.flows[0].present & ZL_FLOW_AGE) != 0);
	if (t->age >= 0) {
		assert_int_equal(t->age, c.flows[0].age_ms);
		assert_int_equal(1000, c.flows[0].age_error_ms);
	}
	zl_flowcase_done(&c);
}

/* The boot time comes in options, as softflowd sends it. */
static void test_boot_in_options(void **state)
{
	static const struct zl_flowgen_field options[] = { { 149, 4, 0 },
		{ 160, 8, 0 } };
	static const struct zl_flowgen_field fields[] = { { 22, 4, 0 }, { 21, 4, 0 } };
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_ipfix(&g, SECONDS, 0, 1);
	zl_flowgen_set(&g, 2);
	zl_flowgen_template(&g, 256, fields, N_ITEMS(fields));
	zl_flowgen_set(&g, 3);
	zl_flowgen_options_template(&g, 257, options, N_ITEMS(options), 1);
	zl_flowgen_set(&g, 257);
	zl_flowgen_u32(&g, 1);
	zl_flowgen_u64(&g, (uint64_t)EXPORT_MS - 10000);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(0, c->n);
	assert_int_equal(1, zl_flowcase_exporter(c)->options);

	zl_flowgen_ipfix(&g, SECONDS, 1, 1);
	zl_flowgen_set(&g, 256);
	zl_flowgen_u32(&g, 3000);
	zl_flowgen_u32(&g, 9000);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(EXPORT_MS - 7000, c->flows[0].first_ms);
	assert_int_equal(1000, c->flows[0].age_ms);
}

/* A rate that belongs to one selector is not everybody's. */
static void test_sampling_of_a_selector(void **state)
{
	static const struct zl_flowgen_field options[] = { { 302, 8, 0 },
		{ 34, 4, 0 } };
	static const struct zl_flowgen_field fields[] = { { 1, 4, 0 } };
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_ipfix(&g, SECONDS, 0, 1);
	zl_flowgen_set(&g, 3);
	zl_flowgen_options_template(&g, 257, options, N_ITEMS(options), 1);
	zl_flowgen_set(&g, 257);
	zl_flowgen_u64(&g, 5);
	zl_flowgen_u32(&g, 100);
	zl_flowgen_set(&g, 2);
	zl_flowgen_template(&g, 256, fields, N_ITEMS(fields));
	zl_flowgen_set(&g, 256);
	zl_flowgen_u32(&g, 60);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(1, c->n);
	assert_int_equal(0, c->flows[0].present & ZL_FLOW_SAMPLING);
}

/* Fields of both families, the unused ones zero. */
static void test_both_families(void **state)
{
	static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 12, 4, 0 },
		{ 27, 16, 0 }, { 28, 16, 0 } };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	static const uint8_t zero[16];
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_ipfix(&g, SECONDS, 0, 1);
	zl_flowgen_set(&g, 2);
	zl_flowgen_template(&g, 256, fields, N_ITEMS(fields));
	zl_flowgen_set(&g, 256);
	zl_flowgen_u64(&g, 0); /* 0.0.0.0 twice; then :: to ff02::1 */
	zl_flowgen_bytes(&g, zero, 16);
	zl_flowgen_bytes(&g, all_nodes, 16);
	zl_flowgen_u32(&g, 0); /* 0.0.0.0 to 255.255.255.255 */
	zl_flowgen_u32(&g, UINT32_MAX);
	zl_flowgen_bytes(&g, zero, 16);
	zl_flowgen_bytes(&g, zero, 16);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(2, c->n);
	assert_int_equal(6, c->flows[0].ip_version);
	assert_memory_equal(zero, c->flows[0].src.b, 16);
	assert_memory_equal(all_nodes, c->flows[0].dst.b, 16);
	assert_int_equal(4, c->flows[1].ip_version);
	assert_true(
		zl_addr_is_v4(&c->flows[1].src) && zl_addr_is_zero(&c->flows[1].src));
}

static void test_length(void **state)
{
	static const struct zl_flowgen_field fields[] = { { 1, 4, 0 } };
	static const uint64_t values[] = { 1 };
	static const uint16_t lengths[] = { 0, 15, 16, 35, 37, 65535 };
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	for (size_t i = 0; i < N_ITEMS(lengths); i++) {
		build(&g, fields, 1, values);
		assert_int_not_equal(lengths[i], g.n);
		zl_flowgen_set_length(&g, lengths[i]);
		assert_int_equal(1 << ZL_DROP_MESSAGE_LENGTH, zl_flowcase_send(c, &g));
	}
	build(&g, fields, 1, values);
	zl_flowgen_cut(&g, 1);
	assert_int_equal(1 << ZL_DROP_MESSAGE_LENGTH, zl_flowcase_send(c, &g));
	assert_int_equal(0, zl_exporter_templates(zl_flowcase_exporter(c)));
}

/* The sequence counts data records; data without a template cannot be counted. */
static void test_sequence(void **state)
{
	static const struct zl_flowgen_field fields[] = { { 1, 4, 0 } };
	static const struct {
		uint32_t sequence;
		uint16_t set;
		uint64_t lost;
	} sent[] = { { 10, 256, 0 }, { 12, 256, 0 }, { 17, 256, 3 }, { 19, 999, 3 },
		{ 50, 256, 3 }, { 52, 256, 3 }, { 55, 256, 4 } };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(sent); i++) {
		struct zl_flowgen g;

		zl_flowgen_ipfix(&g, SECONDS, sent[i].sequence, 1);
		zl_flowgen_set(&g, 2);
		zl_flowgen_template(&g, 256, fields, 1);
		zl_flowgen_set(&g, sent[i].set);
		zl_flowgen_u64(&g, 0x100000001); /* two records */
		zl_flowgen_end(&g);
		(void)zl_flowcase_send(c, &g);
		assert_int_equal(sent[i].lost, zl_flowcase_exporter(c)->health.lost);
	}
}

int main(void)
{
	enum { N = N_ITEMS(time_cases) };
	static struct CMUnitTest tests[N + 6] = {
		[N] = ZL_FLOWCASE(test_biflow),
		ZL_FLOWCASE(test_boot_in_options),
		ZL_FLOWCASE(test_sampling_of_a_selector),
		ZL_FLOWCASE(test_both_families),
		ZL_FLOWCASE(test_length),
		ZL_FLOWCASE(test_sequence),
	};

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = time_cases[i].name,
			.test_func = test_times,
			.initial_state = &time_cases[i] };
	return cmocka_run_group_tests_name("ipfix", tests, NULL, NULL);
}
