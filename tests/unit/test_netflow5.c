/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetFlow v5: fields, times across a wrap, and lengths that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"

enum { SECONDS = 1700000000 };

static const struct zl_flowgen_v5_record ssh = { .src = 0x0a000005,
	.dst = 0x0a000006,
	.packets = 3,
	.octets = 180,
	.first = 9000,
	.last = 9500,
	.in_if = 4,
	.out_if = 5,
	.sport = 40000,
	.dport = 22,
	.tcp_flags = 2,
	.proto = 6,
	.tos = 0x10 };

static void test_fields(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];
	struct zl_addr src = zl_addr_from_v4(ssh.src), dst = zl_addr_from_v4(ssh.dst);
	struct zl_flowgen g;

	zl_flowgen_v5(&g, 10000, SECONDS, 0, 0x0307, 1 << 14 | 100);
	zl_flowgen_v5_record(&g, &ssh);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(1, c->n);
	assert_true(zl_addr_eq(&src, &f->src) && zl_addr_eq(&dst, &f->dst));
	assert_true(zl_addr_eq(&c->from, &f->exporter));
	assert_int_equal(40000, f->sport);
	assert_int_equal(22, f->dport);
	assert_int_equal(6, f->proto);
	assert_int_equal(2, f->tcp_flags);
	assert_int_equal(0x10, f->tos);
	assert_int_equal(3, f->packets);
	assert_int_equal(180, f->octets);
	assert_int_equal(4, f->in_if);
	assert_int_equal(5, f->out_if);
	assert_int_equal(100, f->sampling);
	assert_int_equal(0x0307, f->odid);
	assert_int_equal(5, f->version);
	assert_int_equal(4, f->ip_version);
	assert_int_equal(0, f->template_id);
	assert_int_equal(c->port, f->exporter_port);
	assert_int_equal(SECONDS * INT64_C(1000) - 1000, f->first_ms);
	assert_int_equal(SECONDS * INT64_C(1000) - 500, f->last_ms);
	assert_int_equal(500, f->age_ms);
	assert_int_equal(1, f->age_error_ms);
	assert_int_equal(
		0, f->present & (ZL_FLOW_VLAN | ZL_FLOW_ICMP | ZL_FLOW_SRC_MAC));
}

/* The uptime wraps after 49.7 days; the flow began before. */
static void test_uptime_wraps(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen_v5_record r = ssh;
	struct zl_flowgen g;

	r.first = UINT32_MAX - 1999;
	r.last = 500;
	zl_flowgen_v5(&g, 1000, SECONDS, 0, 0, 0);
	zl_flowgen_v5_record(&g, &r);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(SECONDS * INT64_C(1000) - 3000, c->flows[0].first_ms);
	assert_int_equal(SECONDS * INT64_C(1000) - 500, c->flows[0].last_ms);
	assert_int_equal(500, c->flows[0].age_ms);
	assert_int_equal(0, c->flows[0].present & ZL_FLOW_SAMPLING);
}

/* One that was on its way when the exporter started: before the uptime's zero. */
static void test_before_boot(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen_v5_record r = ssh;
	struct zl_flowgen g;

	r.first = UINT32_MAX; /* 1 ms before */
	r.last = 0;
	zl_flowgen_v5(&g, 2000, SECONDS, 0, 0, 0);
	zl_flowgen_v5_record(&g, &r);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(SECONDS * INT64_C(1000) - 2001, c->flows[0].first_ms);
	assert_int_equal(SECONDS * INT64_C(1000) - 2000, c->flows[0].last_ms);
	assert_int_equal(2000, c->flows[0].age_ms);
}

static void test_icmp_in_port(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen_v5_record r = ssh;
	struct zl_flowgen g;

	r.proto = 1;
	r.dport = 0x0800;
	zl_flowgen_v5(&g, 10000, SECONDS, 0, 0, 0);
	zl_flowgen_v5_record(&g, &r);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(0x0800, c->flows[0].icmp);
	assert_true((c->flows[0].present & ZL_FLOW_ICMP) != 0);
}

static void test_count(void **state)
{
	static const struct {
		uint16_t claimed;
		size_t cut;
		bool is_fine;
	} cases[] = { { 3, 0, true }, { 2, 0, false }, { 4, 0, false }, { 0, 0, false },
		{ 3, 1, false }, { 3, 48, false }, { 2, 48, true }, { 65535, 0, false },
		{ 0, 3 * 48, false } };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		struct zl_flowgen g;

		zl_flowgen_v5(&g, 10000, SECONDS, 0, 0, 0);
		for (int k = 0; k < 3; k++)
			zl_flowgen_v5_record(&g, &ssh);
		zl_flowgen_end(&g);
		zl_flowgen_set_count(&g, cases[i].claimed);
		zl_flowgen_cut(&g, cases[i].cut);
		assert_int_equal(cases[i].is_fine ? 0 : 1 << ZL_DROP_V5_COUNT,
			zl_flowcase_send(c, &g));
		assert_int_equal(cases[i].is_fine ? cases[i].claimed : 0, c->n);
	}
}

/* The sequence counts records, for each engine on its own. */
static void test_sequence(void **state)
{
	struct zl_flowcase *c = *state;
	static const struct {
		uint32_t sequence;
		uint16_t engine;
		uint64_t lost;
	} sent[] = { { 100, 1, 0 }, { 102, 1, 0 }, { 500, 2, 0 }, { 110, 1, 6 },
		{ 112, 1, 6 }, { 90, 1, 6 }, { 92, 1, 6 }, { 502, 2, 6 },
		{ UINT32_MAX, 3, 6 }, { 2, 3, 7 } };

	for (size_t i = 0; i < N_ITEMS(sent); i++) {
		struct zl_flowgen g;

		zl_flowgen_v5(&g, 10000, SECONDS, sent[i].sequence, sent[i].engine, 0);
		zl_flowgen_v5_record(&g, &ssh);
		zl_flowgen_v5_record(&g, &ssh);
		zl_flowgen_end(&g);
		assert_int_equal(0, zl_flowcase_send(c, &g));
		assert_int_equal(sent[i].lost, zl_flowcase_exporter(c)->health.lost);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ZL_FLOWCASE(test_fields),
		ZL_FLOWCASE(test_uptime_wraps),
		ZL_FLOWCASE(test_before_boot),
		ZL_FLOWCASE(test_icmp_in_port),
		ZL_FLOWCASE(test_count),
		ZL_FLOWCASE(test_sequence),
	};

	return cmocka_run_group_tests_name("netflow5", tests, NULL, NULL);
}
