/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetFlow v9: templates and data, times, options, and a header that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"

enum { SECONDS = 1700000000, UPTIME = 50000 };

static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 12, 4, 0 },
	{ 7, 2, 0 }, { 11, 2, 0 }, { 4, 1, 0 }, { 6, 1, 0 }, { 10, 2, 0 }, { 14, 2, 0 },
	{ 1, 4, 0 }, { 2, 4, 0 }, { 22, 4, 0 }, { 21, 4, 0 } };

static void put_record(struct zl_flowgen *g, uint32_t first, uint32_t last)
{
	zl_flowgen_u32(g, 0x0a000005);
	zl_flowgen_u32(g, 0x0a000006);
	zl_flowgen_u16(g, 40000);
	zl_flowgen_u16(g, 22);
	zl_flowgen_u8(g, 6);
	zl_flowgen_u8(g, 0x12);
	zl_flowgen_u16(g, 4);
	zl_flowgen_u16(g, 5);
	zl_flowgen_u32(g, 180);
	zl_flowgen_u32(g, 3);
	zl_flowgen_u32(g, first);
	zl_flowgen_u32(g, last);
}

static void put_template(struct zl_flowgen *g)
{
	zl_flowgen_set(g, 0);
	zl_flowgen_template(g, 260, fields, N_ITEMS(fields));
}

static void test_template_and_data(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[1];
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
	put_template(&g);
	zl_flowgen_set(&g, 260);
	put_record(&g, UPTIME - 900, UPTIME - 800);
	put_record(&g, UPTIME - 600, UPTIME - 20);
	zl_flowgen_u16(&g, 0); /* pad */
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(2, c->n);
	assert_int_equal(22, f->dport);
	assert_int_equal(0x12, f->tcp_flags);
	assert_int_equal(180, f->octets);
	assert_int_equal(3, f->packets);
	assert_int_equal(4, f->in_if);
	assert_int_equal(SECONDS * INT64_C(1000) - 600, f->first_ms);
	assert_int_equal(SECONDS * INT64_C(1000) - 20, f->last_ms);
	assert_int_equal(20, f->age_ms);
	assert_int_equal(1, f->age_error_ms);
	assert_int_equal(260, f->template_id);
	assert_int_equal(7, f->odid);
	assert_int_equal(9, f->version);
	assert_int_equal(1, zl_exporter_templates(zl_flowcase_exporter(c)));
	assert_int_equal(2, zl_flowcase_exporter(c)->records);
}

/* Whatever the header's count says, what is there is read. */
static void test_count_is_not_used(void **state)
{
	static const uint16_t counts[] = { 0, 1, 2, 30, 65535 };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(counts); i++) {
		struct zl_flowgen g;

		zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
		put_template(&g);
		zl_flowgen_set(&g, 260);
		put_record(&g, 1, 2);
		zl_flowgen_end(&g);
		zl_flowgen_set_count(&g, counts[i]);
		assert_int_equal(0, zl_flowcase_send(c, &g));
		assert_int_equal(1, c->n);
	}
}

/* Source port, source id and address are each part of whose template it is. */
static void test_whose_template(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_addr home = c->from;
	struct zl_flowgen t, d, other;

	zl_flowgen_v9(&t, UPTIME, SECONDS, 1, 7);
	put_template(&t);
	zl_flowgen_end(&t);
	zl_flowgen_v9(&d, UPTIME, SECONDS, 2, 7);
	zl_flowgen_set(&d, 260);
	put_record(&d, 1, 2);
	zl_flowgen_end(&d);
	zl_flowgen_v9(&other, UPTIME, SECONDS, 2, 8);
	zl_flowgen_set(&other, 260);
	put_record(&other, 1, 2);
	zl_flowgen_end(&other);

	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN, zl_flowcase_send(c, &d));
	assert_int_equal(0, zl_flowcase_send(c, &t));
	assert_int_equal(0, zl_flowcase_send(c, &d));
	assert_int_equal(1, c->n);
	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN, zl_flowcase_send(c, &other));
	c->port++;
	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN, zl_flowcase_send(c, &d));
	c->port--;
	c->from = zl_addr_from_v4(0x0a000002);
	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN, zl_flowcase_send(c, &d));
	c->from = home;
	assert_int_equal(0, zl_flowcase_send(c, &d));
}

/* Options are counted, not exported; a sampling rate in them is used. */
static void test_options(void **state)
{
	static const struct zl_flowgen_field options[] = { { 1, 4, 0 }, { 34, 4, 0 } };
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
	zl_flowgen_set(&g, 1);
	zl_flowgen_options_template(&g, 300, options, N_ITEMS(options), 1);
	zl_flowgen_u16(&g, 0); /* pad */
	zl_flowgen_set(&g, 300);
	zl_flowgen_u32(&g, 1);
	zl_flowgen_u32(&g, 512);
	put_template(&g);
	zl_flowgen_set(&g, 260);
	put_record(&g, 1, 2);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(1, c->n);
	assert_int_equal(1, zl_flowcase_exporter(c)->options);
	assert_int_equal(512, c->flows[0].sampling);
	assert_true((c->flows[0].present & ZL_FLOW_SAMPLING) != 0);
}

/* Zeros for both times mean that the exporter keeps none. */
static void test_no_times(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
	put_template(&g);
	zl_flowgen_set(&g, 260);
	put_record(&g, 0, 0);
	put_record(&g, 0, 455);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(
		0, c->flows[0].present & (ZL_FLOW_FIRST | ZL_FLOW_LAST | ZL_FLOW_AGE));
	assert_int_equal(SECONDS * INT64_C(1000) - UPTIME, c->flows[1].first_ms);
}

/* The sequence counts datagrams. */
static void test_sequence(void **state)
{
	static const struct {
		uint32_t sequence;
		uint64_t lost;
	} sent[] = { { 7, 0 }, { 8, 0 }, { 11, 2 }, { 12, 2 }, { 3, 2 }, { 4, 2 },
		{ 0x80000000, 2 }, { 0x80000001, 2 } };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(sent); i++) {
		struct zl_flowgen g;

		zl_flowgen_v9(&g, UPTIME, SECONDS, sent[i].sequence, 7);
		put_template(&g);
		zl_flowgen_end(&g);
		assert_int_equal(0, zl_flowcase_send(c, &g));
		assert_int_equal(sent[i].lost, zl_flowcase_exporter(c)->health.lost);
	}
}

/* A set whose length is wrong: not even the good template before it is learned. */
static void test_broken_changes_nothing(void **state)
{
	static const uint16_t lengths[] = { 1, 3, 400, 65535 };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(lengths); i++) {
		struct zl_flowgen g;

		zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
		put_template(&g);
		zl_flowgen_set(&g, 260);
		put_record(&g, 1, 2);
		zl_flowgen_set_set_length(&g, lengths[i]);
		zl_flowgen_end(&g);
		assert_int_equal(1 << ZL_DROP_SET_LENGTH, zl_flowcase_send(c, &g));
		assert_int_equal(0, c->n);
		assert_int_equal(0, zl_exporter_templates(zl_flowcase_exporter(c)));
	}
}

/* A second datagram stuck behind the first looks like a set with a reserved id. */
static void test_trailing_bytes(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 1, 7);
	put_template(&g);
	zl_flowgen_set(&g, 260);
	put_record(&g, 1, 2);
	zl_flowgen_end(&g);
	zl_flowgen_u16(&g, 9);
	zl_flowgen_u16(&g, 4); /* the count, or the length of a set */
	zl_flowgen_u32(&g, UPTIME);
	assert_int_equal(1 << ZL_DROP_SET_LENGTH, zl_flowcase_send(c, &g));
	assert_int_equal(1, c->n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ZL_FLOWCASE(test_template_and_data),
		ZL_FLOWCASE(test_count_is_not_used),
		ZL_FLOWCASE(test_whose_template),
		ZL_FLOWCASE(test_options),
		ZL_FLOWCASE(test_no_times),
		ZL_FLOWCASE(test_sequence),
		ZL_FLOWCASE(test_broken_changes_nothing),
		ZL_FLOWCASE(test_trailing_bytes),
	};

	return cmocka_run_group_tests_name("netflow9", tests, NULL, NULL);
}
