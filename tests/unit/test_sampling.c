/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sampling: each way of telling the rate, what it is told for, and what stays unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"

enum { SECONDS = 1700000000, OPTIONS_ID = 257, FLOWS_ID = 256, FIELDS = 4, SETS = 3 };

struct value {
	uint16_t id; /* 0 ends; in v9 the first of options is a scope type */
	uint32_t v;
};

struct sampling_case {
	const char *name;
	bool is_v9;
	struct value options[SETS][FIELDS]; /* told before, in this order */
	struct value flow[FIELDS];
	uint32_t want; /* 0: unknown */
};

/* clang-format off */
#define SYSTEM { 1, 0 }
static struct sampling_case cases[] = {
	{ .name = "nothing is told", .flow = { { 1, 60 } } },
	{ .name = "34 in the record", .flow = { { 34, 100 } }, .want = 100 },
	{ .name = "34 in the record, 0", .flow = { { 34, 0 } } },
	{ .name = "50 in the record", .flow = { { 50, 100 } }, .want = 100 },
	{ .name = "34 before 50", .flow = { { 50, 7 }, { 34, 100 } }, .want = 100 },
	{ .name = "305 and 306", .flow = { { 305, 1 }, { 306, 9 } }, .want = 10 },
	{ .name = "305 and 306, several", .flow = { { 305, 10 }, { 306, 990 } }, .want = 100 },
	{ .name = "305 of nothing", .flow = { { 305, 0 }, { 306, 9 } } },
	{ .name = "305 alone", .flow = { { 305, 64 } }, .want = 64 },
	{ .name = "306 alone", .flow = { { 306, 64 } } },
	{ .name = "306 too large", .flow = { { 305, 1 }, { 306, UINT32_MAX } } },
	{ .name = "307 and 308", .flow = { { 307, 1 }, { 308, 3 } }, .want = 4 },
	{ .name = "309 and 310", .flow = { { 309, 2 }, { 310, 256 } }, .want = 128 },
	{ .name = "309 of nothing", .flow = { { 309, 0 }, { 310, 256 } } },

	{ .name = "options for everything", .options = { { { 149, 1 }, { 34, 100 } } },
	  .flow = { { 1, 60 } }, .want = 100 },
	{ .name = "options for everything, 305 and 306", .options = { { { 149, 1 }, { 305, 1 }, { 306, 9 } } },
	  .flow = { { 1, 60 } }, .want = 10 },
	{ .name = "the record outweighs options", .options = { { { 149, 1 }, { 34, 100 } } },
	  .flow = { { 34, 7 } }, .want = 7 },
	{ .name = "a 0 in the record does not", .options = { { { 149, 1 }, { 34, 100 } } },
	  .flow = { { 34, 0 } }, .want = 100 },
	{ .name = "options change", .options = { { { 149, 1 }, { 34, 100 } }, { { 149, 1 }, { 34, 200 } } },
	  .flow = { { 1, 60 } }, .want = 200 },

	{ .name = "selector", .options = { { { 302, 5 }, { 34, 100 } }, { { 302, 6 }, { 34, 200 } } },
	  .flow = { { 302, 5 }, { 1, 60 } }, .want = 100 },
	{ .name = "another selector", .options = { { { 302, 5 }, { 34, 100 } } },
	  .flow = { { 302, 7 }, { 1, 60 } } },
	{ .name = "another selector, and everything", .options = { { { 302, 5 }, { 34, 100 } }, { { 149, 1 }, { 34, 9 } } },
	  .flow = { { 302, 7 }, { 1, 60 } } },
	{ .name = "a selector, record without", .options = { { { 302, 5 }, { 34, 100 } } },
	  .flow = { { 1, 60 } } },
	{ .name = "sampler", .options = { { { 48, 5 }, { 50, 100 } } },
	  .flow = { { 48, 5 }, { 1, 60 } }, .want = 100 },
	{ .name = "selector unknown, sampler known", .options = { { { 48, 5 }, { 50, 100 } } },
	  .flow = { { 302, 9 }, { 48, 5 } }, .want = 100 },
	{ .name = "selector before sampler", .options = { { { 48, 5 }, { 50, 100 } }, { { 302, 9 }, { 50, 7 } } },
	  .flow = { { 302, 9 }, { 48, 5 } }, .want = 7 },
	{ .name = "template", .options = { { { 145, FLOWS_ID }, { 305, 1 }, { 306, 999 } } },
	  .flow = { { 1, 60 } }, .want = 1000 },
	{ .name = "another template", .options = { { { 145, 300 }, { 305, 1 }, { 306, 999 } } },
	  .flow = { { 1, 60 } } },
	{ .name = "interface", .options = { { { 10, 3 }, { 34, 100 } } },
	  .flow = { { 10, 3 }, { 1, 60 } }, .want = 100 },
	{ .name = "another interface", .options = { { { 10, 3 }, { 34, 100 } } },
	  .flow = { { 10, 4 }, { 1, 60 } } },
	{ .name = "another interface, and everything", .options = { { { 10, 3 }, { 34, 100 } }, { { 149, 1 }, { 34, 9 } } },
	  .flow = { { 10, 4 }, { 1, 60 } }, .want = 9 },

	{ .name = "v9, system", .is_v9 = true, .options = { { SYSTEM, { 34, 100 } } }, .flow = { { 1, 60 } }, .want = 100 },
	{ .name = "v9, sampler", .is_v9 = true, .options = { { SYSTEM, { 48, 5 }, { 50, 100 } } },
	  .flow = { { 48, 5 }, { 1, 60 } }, .want = 100 },
	{ .name = "v9, interface", .is_v9 = true, .options = { { { 2, 3 }, { 34, 100 } } },
	  .flow = { { 10, 3 }, { 1, 60 } }, .want = 100 },
	{ .name = "v9, another interface", .is_v9 = true, .options = { { { 2, 3 }, { 34, 100 } } },
	  .flow = { { 10, 4 }, { 1, 60 } } },
	{ .name = "v9, template", .is_v9 = true, .options = { { { 5, FLOWS_ID }, { 34, 100 } } },
	  .flow = { { 1, 60 } }, .want = 100 },
};
/* clang-format on */

static size_t get_fields(const struct value *values, struct zl_flowgen_field *ret)
{
	size_t n = 0;

	for (; n < FIELDS && values[n].id != 0; n++)
		ret[n] = (struct zl_flowgen_field){ .id = values[n].id, .length = 4 };
	return n;
}

static void put_values(struct zl_flowgen *g, uint16_t id, const struct value *values)
{
	zl_flowgen_set(g, id);
	for (size_t i = 0; i < FIELDS && values[i].id != 0; i++)
		zl_flowgen_u32(g, values[i].v);
}

static void start(struct zl_flowgen *g, const struct sampling_case *c, uint32_t n)
{
	if (c->is_v9)
		zl_flowgen_v9(g, 1000, SECONDS, n, 1);
	else
		zl_flowgen_ipfix(g, SECONDS, n, 1);
}

static void test_case(void **state)
{
	static struct zl_flowgen g;
	const struct sampling_case *c = *state;
	struct zl_flowgen_field fields[FIELDS];
	struct zl_flowcase t;
	size_t n;

	zl_flowcase_init(&t);
	start(&g, c, 0);
	for (size_t i = 0; i < SETS && c->options[i][0].id != 0; i++) {
		uint16_t id = (uint16_t)(OPTIONS_ID + i);

		n = get_fields(c->options[i], fields);
		zl_flowgen_set(&g, c->is_v9 ? 1 : 3);
		zl_flowgen_options_template(&g, id, fields, n, 1);
		put_values(&g, id, c->options[i]);
	}
	n = get_fields(c->flow, fields);
	zl_flowgen_set(&g, c->is_v9 ? 0 : 2);
	zl_flowgen_template(&g, FLOWS_ID, fields, n);
	put_values(&g, FLOWS_ID, c->flow);
	zl_flowgen_end(&g);
	assert_int_equal(0, zl_flowcase_send(&t, &g));
	assert_int_equal(1, t.n);
	assert_int_equal(c->want, t.flows[0].sampling);
	assert_int_equal(c->want != 0, (t.flows[0].present & ZL_FLOW_SAMPLING) != 0);
	zl_flowcase_done(&t);
}

/* More selectors than are kept: the newest are; memory stays within the room. */
static void test_bound(void **state)
{
	struct zl_template_room room = { .most = 4096 };
	struct zl_flow_draft d = { .present = ZL_ASIDE_SELECTOR | ZL_FLOW_SAMPLING };
	struct zl_sampling s;

	(void)state;
	zl_sampling_init(&s, &room);
	for (uint32_t i = 1; i <= 1000; i++) {
		d.selector = i;
		d.flow.sampling = i;
		zl_sampling_learn(&s, &d);
	}
	assert_true(room.used > 0 && room.used <= 1024);
	for (uint32_t i = 990; i <= 1000; i++) {
		struct zl_flow_draft flow = { .present = ZL_ASIDE_SELECTOR,
			.selector = i };

		zl_sampling_apply(&s, &flow, FLOWS_ID);
		assert_int_equal(i, flow.flow.sampling);
	}
	zl_sampling_done(&s);
	assert_int_equal(0, room.used);
}

/* No room: nothing is learned, nothing is lost. */
static void test_no_room(void **state)
{
	struct zl_template_room room = { .most = 4096, .used = 4090 };
	struct zl_flow_draft d = { .present = ZL_FLOW_SAMPLING, .flow.sampling = 5 };
	struct zl_flow_draft flow = { 0 };
	struct zl_sampling s;

	(void)state;
	zl_sampling_init(&s, &room);
	zl_sampling_learn(&s, &d);
	zl_sampling_apply(&s, &flow, FLOWS_ID);
	assert_int_equal(0, flow.flow.sampling);
	zl_sampling_done(&s);
	assert_int_equal(4090, room.used);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 2] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_no_room),
	};

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("sampling", tests, NULL, NULL);
}
