/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data before its template: read when it comes, as old as it is, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"

enum { SECONDS = 1700000000, ID = 300, UPTIME = 50000 };

static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 11, 2, 0 },
	{ 21, 4, 0 } };

static int setup(void **state)
{
	static struct zl_flowcase c;

	zl_flowcase_init(&c);
	c.exporters.pending_most = ZL_PENDING_ROOM;
	*state = &c;
	return 0;
}

static int teardown(void **state)
{
	zl_flowcase_done(*state);
	return 0;
}

static void put_data(struct zl_flowgen *g, uint16_t id, uint16_t port, uint32_t last)
{
	zl_flowgen_set(g, id);
	zl_flowgen_u32(g, 0x0a000005);
	zl_flowgen_u16(g, port);
	zl_flowgen_u32(g, last);
}

/* One record that ended 40 ms before it was sent. */
static zl_drop_mask send_data(struct zl_flowcase *c, uint16_t id, uint16_t port)
{
	static struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 7);
	put_data(&g, id, port, UPTIME - 40);
	zl_flowgen_end(&g);
	return zl_flowcase_send(c, &g);
}

/* The template `late` microseconds after that, by all clocks. */
static zl_drop_mask send_template(struct zl_flowcase *c, uint16_t id, uint64_t late)
{
	static struct zl_flowgen g;

	c->now.us += late;
	zl_flowgen_v9(&g, UPTIME + (uint32_t)(late / 1000),
		SECONDS + (uint32_t)(late / 1000000), 1, 7);
	zl_flowgen_set(&g, 0);
	zl_flowgen_template(&g, id, fields, N_ITEMS(fields));
	zl_flowgen_end(&g);
	return zl_flowcase_send(c, &g);
}

static void test_read_when_it_comes(void **state)
{
	struct zl_flowcase *c = *state;

	assert_int_equal(0, send_data(c, ID, 22));
	assert_int_equal(0, c->n);
	assert_int_equal(0, send_data(c, ID, 23));
	assert_int_equal(0, send_template(c, ID, 5000000));
	assert_int_equal(2, c->n);
	assert_int_equal(22, c->flows[0].dport);
	assert_int_equal(23, c->flows[1].dport);
	/* by the clock of the datagram that held it, not of the template's */
	assert_int_equal(SECONDS * INT64_C(1000) - 40, c->flows[0].last_ms);
	assert_int_equal(40, c->flows[0].age_ms);
	assert_int_equal(0, zl_flowcase_exporter(c)->pending_room.used);
	/* once */
	assert_int_equal(0, send_template(c, ID, 1000));
	assert_int_equal(0, c->n);
}

static void test_same_datagram(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 7);
	put_data(&g, ID, 22, UPTIME);
	zl_flowgen_set(&g, 0);
	zl_flowgen_template(&g, ID, fields, N_ITEMS(fields));
	put_data(&g, ID, 23, UPTIME);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(2, c->n);
	assert_int_equal(23, c->flows[0].dport); /* what waited comes last */
	assert_int_equal(22, c->flows[1].dport);
}

/* Other templates, domains and ports mean nothing to it. */
static void test_own_template_only(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	assert_int_equal(0, send_data(c, ID, 22));
	assert_int_equal(0, send_template(c, ID + 1, 0));
	assert_int_equal(0, c->n);
	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 8);
	zl_flowgen_set(&g, 0);
	zl_flowgen_template(&g, ID, fields, N_ITEMS(fields));
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(0, c->n);
	c->port++;
	assert_int_equal(0, send_template(c, ID, 0));
	assert_int_equal(0, c->n);
	c->port--;
	assert_int_equal(0, send_template(c, ID, 0));
	assert_int_equal(1, c->n);
}

static void test_too_late(void **state)
{
	struct zl_flowcase *c = *state;

	assert_int_equal(0, send_data(c, ID, 22));
	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN,
		send_template(c, ID, (ZL_PENDING_TTL_S + 1) * UINT64_C(1000000)));
	assert_int_equal(0, c->n);
	assert_int_equal(0, zl_flowcase_exporter(c)->pending_room.used);
}

/* A stream that never speaks again: somebody else has to look. */
static void test_stream_is_gone(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_exporter *e;
	struct zl_mono late = c->now;

	assert_int_equal(0, send_data(c, ID, 22));
	e = zl_flowcase_exporter(c);
	late.us += ZL_PENDING_TTL_S * UINT64_C(1000000);
	zl_exporter_tidy(e, late);
	assert_true(e->pending_room.used > 0);
	late.us++;
	zl_exporter_tidy(e, late);
	assert_int_equal(0, e->pending_room.used);
	assert_int_equal(1, e->drops.n[ZL_DROP_TEMPLATE_UNKNOWN]);
}

/* A set without a byte holds no record, and is neither kept nor counted. */
static void test_empty_set(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 7);
	zl_flowgen_set(&g, ID);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(c, &g));
	assert_int_equal(0, zl_flowcase_exporter(c)->pending_room.used);
	assert_int_equal(0, zl_flowcase_exporter(c)->streams.n);
}

/* So many sets wait that all of them can be looked at whenever a template comes. */
static void test_few_of_a_stream(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_stream *s;

	for (uint16_t i = 0; i < 3 * ZL_PENDING_MAX; i++)
		(void)send_data(c, ID, i);
	s = zl_map_next(&zl_flowcase_exporter(c)->streams, &(size_t){ 0 });
	assert_int_equal(ZL_PENDING_MAX, s->pending.n);
}

/* Whatever is sent, no more is kept than the room, and the newest of it. */
static void test_bounded(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_exporter *e;
	uint64_t dropped;

	for (unsigned i = 0; i < 20000; i++) {
		(void)send_data(c, ID, (uint16_t)i);
		assert_true(
			zl_flowcase_exporter(c)->pending_room.used <= ZL_PENDING_ROOM);
	}
	e = zl_flowcase_exporter(c);
	dropped = e->drops.n[ZL_DROP_TEMPLATE_UNKNOWN];
	assert_true(dropped > 0);
	assert_int_equal(0, send_template(c, ID, 0));
	assert_int_equal(20000 - dropped, e->records);
	assert_int_equal((uint16_t)dropped, c->flows[0].dport);
	assert_int_equal(0, e->pending_room.used);
}

/* One domain may fill the room; the other's data is dropped then, not the memory's bound. */
static void test_other_stream_full(void **state)
{
	struct zl_flowcase *c = *state;
	struct zl_flowgen g;

	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 7);
	for (unsigned i = 0; i < 200; i++)
		put_data(&g, ID, 22, UPTIME);
	zl_flowgen_end(&g);
	for (unsigned i = 0; i < ZL_PENDING_MAX; i++)
		(void)zl_flowcase_send(c, &g);
	zl_flowgen_v9(&g, UPTIME, SECONDS, 0, 8);
	for (unsigned i = 0; i < 100; i++)
		put_data(&g, ID, 22, UPTIME);
	zl_flowgen_end(&g);
	assert_int_equal(1 << ZL_DROP_TEMPLATE_UNKNOWN, zl_flowcase_send(c, &g));
	assert_true(zl_flowcase_exporter(c)->pending_room.used <= ZL_PENDING_ROOM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_read_when_it_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_own_template_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_of_a_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_other_stream_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
