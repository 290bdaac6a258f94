/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates: what is learned, what is refused, bounds, and reading by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/template.h"

#define SET(...)                                                                       \
	.set = (const uint8_t[]){ __VA_ARGS__ },                                       \
	.n = sizeof((const uint8_t[]){ __VA_ARGS__ })

/* learn_cases[].drop of a set with which nothing is wrong */
#define FINE ZL_DROP_N

struct learn_case {
	const char *name;
	enum zl_template_format format;
	bool is_options;
	const uint8_t *set;
	size_t n;
	unsigned want; /* templates learned */
	enum zl_drop drop;
};

#define V9    .format = ZL_TEMPLATE_V9
#define IPFIX .format = ZL_TEMPLATE_IPFIX

/* clang-format off */
static struct learn_case learn_cases[] = {
	{ "ipfix: one field", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 8), .want = 1, .drop = FINE },
	{ "ipfix: two templates", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 8,  1, 1, 0, 1,  0, 2, 0, 8), .want = 2, .drop = FINE },
	{ "ipfix: three bytes of pad", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 8,  0, 0, 0), .want = 1, .drop = FINE },
	{ "ipfix: eight bytes of pad", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 8,  0, 0, 0, 0, 0, 0, 0, 0), .want = 1, .drop = FINE },
	{ "ipfix: enterprise field", IPFIX, SET(1, 0, 0, 1,  0x80, 1, 0, 8,  0, 0, 0x72, 0x79), .want = 1, .drop = FINE },
	{ "ipfix: variable field", IPFIX, SET(1, 0, 0, 1,  0, 83, 0xff, 0xff), .want = 1, .drop = FINE },
	{ "ipfix: unknown field", IPFIX, SET(1, 0, 0, 1,  0x7f, 0xff, 0, 3), .want = 1, .drop = FINE },
	{ "ipfix: options", IPFIX, .is_options = true, SET(1, 0, 0, 2, 0, 1,  0, 149, 0, 4,  0, 160, 0, 8), .want = 1, .drop = FINE },
	{ "ipfix: nothing", IPFIX, .set = NULL, .want = 0, .drop = FINE },
	{ "ipfix: id below 256", IPFIX, SET(0, 255, 0, 1,  0, 1, 0, 8), .drop = ZL_DROP_TEMPLATE_ID },
	{ "ipfix: field cut short", IPFIX, SET(1, 0, 0, 2,  0, 1, 0, 8), .drop = ZL_DROP_TEMPLATE_CUT },
	{ "ipfix: enterprise number cut", IPFIX, SET(1, 0, 0, 1,  0x80, 1, 0, 8,  0, 0), .drop = ZL_DROP_TEMPLATE_CUT },
	{ "ipfix: more fields than the set", IPFIX, SET(1, 0, 0xff, 0xff,  0, 1, 0, 8), .drop = ZL_DROP_TEMPLATE_CUT },
	{ "ipfix: record would be empty", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 0), .drop = ZL_DROP_TEMPLATE_LENGTH },
	{ "ipfix: record longer than a datagram", IPFIX, SET(1, 0, 0, 2,  0, 200, 0xff, 0xfe,  0, 201, 0xff, 0xfe), .drop = ZL_DROP_TEMPLATE_LENGTH },
	{ "ipfix: withdrawal", IPFIX, SET(1, 0, 0, 0), .drop = ZL_DROP_TEMPLATE_WITHDRAWN },
	{ "ipfix: withdrawal of all", IPFIX, SET(0, 2, 0, 0), .drop = ZL_DROP_TEMPLATE_WITHDRAWN },
	{ "ipfix: withdrawal, then a template", IPFIX, SET(1, 0, 0, 0,  1, 0, 0, 1,  0, 1, 0, 8), .want = 1, .drop = ZL_DROP_TEMPLATE_WITHDRAWN },
	{ "ipfix: options without scope", IPFIX, .is_options = true, SET(1, 0, 0, 1, 0, 0,  0, 160, 0, 8), .drop = ZL_DROP_TEMPLATE_SCOPE },
	{ "ipfix: more scope than fields", IPFIX, .is_options = true, SET(1, 0, 0, 1, 0, 2,  0, 160, 0, 8), .drop = ZL_DROP_TEMPLATE_SCOPE },
	{ "ipfix: options head cut", IPFIX, .is_options = true, SET(1, 0, 0, 1, 0), .drop = ZL_DROP_TEMPLATE_CUT },
	{ "ipfix: address of three bytes", IPFIX, SET(1, 0, 0, 1,  0, 8, 0, 3), .want = 1, .drop = ZL_DROP_ELEMENT_LENGTH },
	{ "ipfix: counter of nine bytes", IPFIX, SET(1, 0, 0, 1,  0, 1, 0, 9), .want = 1, .drop = ZL_DROP_ELEMENT_LENGTH },
	{ "v9: one field", V9, SET(1, 0, 0, 1,  0, 1, 0, 8), .want = 1, .drop = FINE },
	{ "v9: type above 32767", V9, SET(1, 0, 0, 1,  0x80, 1, 0, 8), .want = 1, .drop = FINE },
	{ "v9: options", V9, .is_options = true, SET(1, 0, 0, 4, 0, 4,  0, 1, 0, 4,  0, 34, 0, 4), .want = 1, .drop = FINE },
	{ "v9: options, two bytes of pad", V9, .is_options = true, SET(1, 0, 0, 4, 0, 4,  0, 1, 0, 4,  0, 34, 0, 4,  0, 0), .want = 1, .drop = FINE },
	{ "v9: scope field of no length", V9, .is_options = true, SET(1, 0, 0, 4, 0, 4,  0, 1, 0, 0,  0, 34, 0, 4), .want = 1, .drop = FINE },
	{ "v9: options with half a field", V9, .is_options = true, SET(1, 0, 0, 4, 0, 6,  0, 1, 0, 4,  0, 34, 0, 4), .drop = ZL_DROP_TEMPLATE_SCOPE },
	{ "v9: options cut", V9, .is_options = true, SET(1, 0, 0, 4, 0, 8,  0, 1, 0, 4,  0, 34, 0, 4), .drop = ZL_DROP_TEMPLATE_CUT },
	{ "v9: no fields", V9, SET(1, 0, 0, 0), .drop = ZL_DROP_TEMPLATE_LENGTH },
	{ "v9: id below 256", V9, SET(0, 1, 0, 1,  0, 1, 0, 8), .drop = ZL_DROP_TEMPLATE_ID },
};
/* clang-format on */

static const struct zl_mono t0 = { 1000 };

static void test_learn(void **state)
{
	const struct learn_case *c = *state;
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;

	zl_templates_init(&t, &room);
	assert_int_equal(c->want,
		zl_templates_learn(&t, (struct zl_cursor){ .at = c->set, .left = c->n },
			c->format, c->is_options, t0, &drops));
	assert_int_equal(c->want, t.by_id.n);
	assert_int_equal(c->drop == FINE ? 0 : 1 << c->drop, drops.seen);
	zl_templates_done(&t);
	assert_int_equal(0, room.used);
}

/* Whatever is wrong with a redefinition, the old template must not be used on. */
static void test_invalid_removes(void **state)
{
	static const uint8_t good[] = { 1, 0, 0, 1, 0, 1, 0, 8 };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(learn_cases); i++) {
		const struct learn_case *c = &learn_cases[i];
		struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
		struct zl_drop_counts drops = { 0 };
		struct zl_templates t;
		bool is_kept = c->n == 0 || c->drop == ZL_DROP_TEMPLATE_ID ||
			       c->drop == ZL_DROP_TEMPLATE_WITHDRAWN || c->want != 0;

		zl_templates_init(&t, &room);
		assert_int_equal(1,
			zl_templates_learn(&t,
				(struct zl_cursor){ .at = good, .left = sizeof(good) },
				ZL_TEMPLATE_IPFIX, false, t0, &drops));
		(void)zl_templates_learn(&t,
			(struct zl_cursor){ .at = c->set, .left = c->n }, c->format,
			c->is_options, t0, &drops);
		if (is_kept != (zl_templates_find(&t, 256, t0, &drops) != NULL))
			fail_msg("%s: the old template %s", c->name,
				is_kept ? "is gone" : "is still there");
		zl_templates_done(&t);
	}
}

static void put_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* A template `id` of `n` fields of 4 bytes, all of type `type`. */
static size_t make_template(uint8_t *at, unsigned id, unsigned n, unsigned type)
{
	put_u16(at, id);
	put_u16(at + 2, n);
	for (unsigned i = 0; i < n; i++) {
		put_u16(at + 4 + (size_t)i * 4, type);
		put_u16(at + 6 + (size_t)i * 4, 4);
	}
	return 4 + (size_t)n * 4;
}

static void test_too_many_fields(void **state)
{
	static uint8_t set[4 + 4 * (ZL_TEMPLATE_FIELDS_MAX + 1) + 8];
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;
	size_t n = make_template(set, 256, ZL_TEMPLATE_FIELDS_MAX + 1, 1);

	(void)state;
	n += make_template(set + n, 257, 1, 1); /* the one behind it is learned */
	zl_templates_init(&t, &room);
	assert_int_equal(
		1, zl_templates_learn(&t, (struct zl_cursor){ .at = set, .left = n },
			   ZL_TEMPLATE_V9, false, t0, &drops));
	assert_int_equal(1, drops.n[ZL_DROP_TEMPLATE_FIELDS]);
	assert_null(zl_templates_find(&t, 256, t0, &drops));
	assert_non_null(zl_templates_find(&t, 257, t0, &drops));
	zl_templates_done(&t);
}

static unsigned learn_one(struct zl_templates *t, unsigned id, unsigned n,
	struct zl_mono now, struct zl_drop_counts *drops)
{
	static uint8_t set[4 + 4 * ZL_TEMPLATE_FIELDS_MAX];
	size_t size = make_template(set, id, n, 1);

	return zl_templates_learn(t, (struct zl_cursor){ .at = set, .left = size },
		ZL_TEMPLATE_V9, false, now, drops);
}

static void test_oldest_makes_room(void **state)
{
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;
	struct zl_mono now = t0;

	(void)state;
	zl_templates_init(&t, &room);
	for (unsigned i = 0; i < ZL_TEMPLATES_MAX; i++, now.us++)
		assert_int_equal(1, learn_one(&t, 256 + i, 1, now, &drops));
	assert_int_equal(1, learn_one(&t, 256, 1, now, &drops)); /* seen again */
	assert_int_equal(0, drops.n[ZL_DROP_TEMPLATE_EVICTED]);
	assert_int_equal(1, learn_one(&t, 5000, 1, now, &drops));
	assert_int_equal(1, drops.n[ZL_DROP_TEMPLATE_EVICTED]);
	assert_int_equal(ZL_TEMPLATES_MAX, t.by_id.n);
	assert_non_null(zl_templates_find(&t, 256, now, &drops));
	assert_null(zl_templates_find(&t, 257, now, &drops));
	zl_templates_done(&t);
}

static void test_room(void **state)
{
	struct zl_template_room room = { .most = 3000 };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t, other;

	(void)state;
	zl_templates_init(&t, &room);
	zl_templates_init(&other, &room);
	assert_int_equal(1, learn_one(&t, 256, 100, t0, &drops));
	assert_int_equal(0, learn_one(&other, 256, 100, t0, &drops));
	assert_int_equal(1, drops.n[ZL_DROP_TEMPLATE_LIMIT]);
	assert_int_equal(1, learn_one(&t, 256, 100, t0, &drops)); /* in its own place */
	assert_int_equal(1, learn_one(&t, 256, 1, t0, &drops));
	assert_int_equal(1, learn_one(&other, 256, 100, t0, &drops));
	zl_templates_done(&t);
	zl_templates_done(&other);
	assert_int_equal(0, room.used);
}

static void test_expiry(void **state)
{
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;
	struct zl_mono end = { t0.us + (uint64_t)ZL_TEMPLATE_TTL_S * 1000000 };

	(void)state;
	zl_templates_init(&t, &room);
	assert_int_equal(1, learn_one(&t, 256, 1, t0, &drops));
	assert_non_null(zl_templates_find(&t, 256, end, &drops));
	end.us++;
	assert_null(zl_templates_find(&t, 256, end, &drops));
	assert_int_equal(1, drops.n[ZL_DROP_TEMPLATE_EXPIRED]);
	assert_int_equal(0, room.used);
	zl_templates_done(&t);
}

/* Learn `set` (IPFIX), and read the first record of `data`. */
struct read_case {
	const char *name;
	const uint8_t *set;
	size_t n;
	uint8_t data[64];
	size_t n_data;
	bool want;
	uint64_t octets;
	uint16_t sport;
	size_t left;
};

#define DATA(...)                                                                      \
	.data = { __VA_ARGS__ }, .n_data = sizeof((const uint8_t[]){ __VA_ARGS__ })

/* clang-format off */
static struct read_case read_cases[] = {
	{ "fixed", SET(1, 0, 0, 2,  0, 1, 0, 4,  0, 7, 0, 2),
	  DATA(0, 0, 1, 0,  0, 80,  9), true, 256, 80, 1 },
	{ "unknown fields around", SET(1, 0, 0, 4,  0, 83, 0, 2,  0, 1, 0, 4,  0, 83, 0, 3,  0, 84, 0, 1),
	  DATA(9, 9,  0, 0, 1, 0,  9, 9, 9,  9), true, 256, 0, 0 },
	{ "variable before", SET(1, 0, 0, 2,  0, 83, 0xff, 0xff,  0, 1, 0, 4),
	  DATA(3, 'a', 'b', 'c',  0, 0, 1, 0), true, 256, 0, 0 },
	{ "variable of no bytes", SET(1, 0, 0, 2,  0, 83, 0xff, 0xff,  0, 1, 0, 4),
	  DATA(0,  0, 0, 1, 0), true, 256, 0, 0 },
	{ "variable with a long length", SET(1, 0, 0, 2,  0, 83, 0xff, 0xff,  0, 1, 0, 4),
	  DATA(255, 0, 2, 'a', 'b',  0, 0, 1, 0), true, 256, 0, 0 },
	{ "variable beyond the end", SET(1, 0, 0, 2,  0, 83, 0xff, 0xff,  0, 1, 0, 4),
	  DATA(200, 'a', 'b', 'c',  0, 0, 1, 0), false, 0, 0, 0 },
	{ "variable length cut", SET(1, 0, 0, 1,  0, 83, 0xff, 0xff),
	  DATA(255, 1), false, 0, 0, 0 },
	{ "a stand-in is not used beside the real one", SET(1, 0, 0, 2,  0, 23, 0, 4,  0, 1, 0, 4),
	  DATA(0, 0, 9, 9,  0, 0, 1, 0), true, 256, 0, 0 },
	{ "nor when the real one is zero", SET(1, 0, 0, 2,  0, 1, 0, 4,  0, 23, 0, 4),
	  DATA(0, 0, 0, 0,  0, 0, 1, 0), true, 0, 0, 0 },
	{ "a stand-in alone", SET(1, 0, 0, 1,  0, 23, 0, 4),
	  DATA(0, 0, 1, 0), true, 256, 0, 0 },
	{ "the same field twice", SET(1, 0, 0, 3,  0, 7, 0, 2,  0, 7, 0, 2,  0, 7, 0, 2),
	  DATA(0, 0,  0, 22,  0, 23), true, 0, 22, 0 },
	{ "a field too wide is skipped", SET(1, 0, 0, 2,  0, 1, 0, 9,  0, 7, 0, 2),
	  DATA(1, 1, 1, 1, 1, 1, 1, 1, 1,  0, 22), true, 0, 22, 0 },
	{ "another enterprise is another field", SET(1, 0, 0, 2,  0x80, 1, 0, 4, 0, 0, 0, 9,  0, 7, 0, 2),
	  DATA(0, 0, 1, 0,  0, 22), true, 0, 22, 0 },
	{ "cut", SET(1, 0, 0, 2,  0, 1, 0, 4,  0, 7, 0, 2),
	  DATA(0, 0, 1, 0,  0), false, 256, 0, 0 },
};
/* clang-format on */

static void test_read(void **state)
{
	const struct read_case *c = *state;
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_flow_draft draft = { 0 };
	struct zl_cursor data = { .at = c->data, .left = c->n_data };
	const struct zl_template *found;
	struct zl_templates t;

	zl_templates_init(&t, &room);
	assert_int_equal(1,
		zl_templates_learn(&t, (struct zl_cursor){ .at = c->set, .left = c->n },
			ZL_TEMPLATE_IPFIX, false, t0, &drops));
	found = zl_templates_find(&t, 256, t0, &drops);
	assert_non_null(found);
	assert_true(found->min_length >= 1);
	assert_int_equal(c->want, zl_template_read(found, &data, &draft));
	assert_int_equal(c->octets, draft.flow.octets);
	assert_int_equal(c->sport, draft.flow.sport);
	assert_int_equal(c->left, data.left);
	zl_templates_done(&t);
}

/* v9's scope types are numbered on their own: 1 is "system", not octets. */
static void test_v9_scope_is_no_element(void **state)
{
	static const uint8_t set[] = { 1, 0, 0, 4, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4 };
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_flow_draft draft = { 0 };
	static const uint8_t data[] = { 0, 0, 0, 9, 0, 0, 0, 100 };
	struct zl_cursor c = { .at = data, .left = sizeof(data) };
	struct zl_templates t;

	(void)state;
	zl_templates_init(&t, &room);
	(void)zl_templates_learn(&t,
		(struct zl_cursor){ .at = set, .left = sizeof(set) }, ZL_TEMPLATE_V9,
		true, t0, &drops);
	assert_true(
		zl_template_read(zl_templates_find(&t, 256, t0, &drops), &c, &draft));
	assert_int_equal(ZL_FLOW_SAMPLING, draft.present);
	assert_int_equal(100, draft.flow.sampling);
	zl_templates_done(&t);
}

/* Untold until the caller says so, and again when it changes. */
static void test_told(void **state)
{
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;
	struct zl_template *at;
	struct zl_mono late;

	(void)state;
	zl_templates_init(&t, &room);
	assert_int_equal(1, learn_one(&t, 256, 3, t0, &drops));
	at = zl_map_find(&t.by_id, &(uint16_t){ 256 });
	assert_false(at->told.us != 0 || at->is_provisional);
	assert_int_equal(1, room.n_untold);
	assert_int_equal(16, at->n_raw);
	assert_memory_equal("\1\0\0\3\0\1\0\4", zl_template_raw(at), 8);
	at->told = t0;
	room.n_untold = 0;
	late.us = t0.us + (uint64_t)ZL_TEMPLATE_TELL_S * ZL_US_PER_S - 1;
	assert_int_equal(1, learn_one(&t, 256, 3, late, &drops));
	assert_int_equal(t0.us, zl_templates_find(&t, 256, late, &drops)->told.us);
	assert_int_equal(0, room.n_untold);
	/* after an hour: it is still in use */
	late.us++;
	assert_int_equal(1, learn_one(&t, 256, 3, late, &drops));
	assert_int_equal(0, zl_templates_find(&t, 256, late, &drops)->told.us);
	assert_int_equal(1, room.n_untold);
	at = zl_map_find(&t.by_id, &(uint16_t){ 256 });
	at->told = late;
	room.n_untold = 0;
	assert_int_equal(1, learn_one(&t, 256, 4, late, &drops));
	assert_int_equal(1, room.n_untold);
	zl_templates_done(&t);
	assert_int_equal(0, room.used);
}

static bool recall(struct zl_templates *t, const uint8_t *raw, size_t n,
	struct zl_drop_counts *drops)
{
	return zl_templates_recall(t, (struct zl_cursor){ .at = raw, .left = n },
		ZL_TEMPLATE_V9, false, t0, drops);
}

/* Provisional until it is sent again; never in place of one that was. */
static void test_recall(void **state)
{
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_drop_counts drops = { 0 };
	struct zl_templates t;
	uint8_t raw[64];
	size_t n = make_template(raw, 256, 3, 1);

	(void)state;
	zl_templates_init(&t, &room);
	assert_true(recall(&t, raw, n, &drops));
	assert_true(zl_templates_find(&t, 256, t0, &drops)->is_provisional);
	assert_int_equal(0, room.n_untold);
	assert_int_equal(1, learn_one(&t, 256, 3, t0, &drops));
	assert_false(zl_templates_find(&t, 256, t0, &drops)->is_provisional);
	assert_int_equal(t0.us, zl_templates_find(&t, 256, t0, &drops)->told.us);
	assert_true(recall(&t, raw, n, &drops));
	assert_false(zl_templates_find(&t, 256, t0, &drops)->is_provisional);
	assert_int_equal(0, drops.seen);
	/* one too short, one too long: no template of ours */
	(void)make_template(raw, 257, 3, 1);
	assert_false(recall(&t, raw, n - 1, &drops));
	assert_false(recall(&t, raw, n + 4, &drops));
	assert_null(zl_templates_find(&t, 257, t0, &drops));
	zl_templates_done(&t);
}

int main(void)
{
	enum { N = N_ITEMS(learn_cases), M = N_ITEMS(read_cases) };
	static struct CMUnitTest tests[N + M + 8] = {
		[N + M] = cmocka_unit_test(test_invalid_removes),
		cmocka_unit_test(test_too_many_fields),
		cmocka_unit_test(test_oldest_makes_room),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_v9_scope_is_no_element),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_recall),
	};

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = learn_cases[i].name,
			.test_func = test_learn,
			.initial_state = &learn_cases[i] };
	for (size_t i = 0; i < M; i++)
		tests[N + i] = (struct CMUnitTest){ .name = read_cases[i].name,
			.test_func = test_read,
			.initial_state = &read_cases[i] };
	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
