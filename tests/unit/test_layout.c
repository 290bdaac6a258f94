/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records read at fixed places are those that the cursor reads, for any template. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/layout.h"
#include "tests/support/flowgen.h"

enum { ROUNDS = 20000, FIELDS_MAX = 12, ID = 256, SET_HEADER = 4, HEADER = 16 };

/* A cheap generator, so that a failure can be repeated. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Known elements in any width they may have, and some that nobody knows. */
static size_t make_fields(uint32_t *seed, struct zl_flowgen_field *ret)
{
	size_t n = 1 + next_random(seed) % FIELDS_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct zl_element *e =
			&zl_elements[next_random(seed) % zl_elements_len];

		ret[i] = (struct zl_flowgen_field){ .id = e->id,
			.pen = e->pen,
			.length = (uint16_t)(e->min + next_random(seed) %
							      (e->max - e->min + 1u)) };
		if (next_random(seed) % 8 == 0)
			ret[i] = (struct zl_flowgen_field){ 9999, 7, 0 };
	}
	return n;
}

/* Mostly small numbers and zeros, as in life. */
static void make_record(uint32_t *seed, uint8_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = next_random(seed) % 3 == 0 ? (uint8_t)next_random(seed) : 0;
}

static const struct zl_template *learn(
	struct zl_templates *t, struct zl_flowgen *g, uint32_t *seed)
{
	struct zl_flowgen_field fields[FIELDS_MAX];
	struct zl_drop_counts drops = { 0 };
	size_t n = make_fields(seed, fields);

	zl_flowgen_ipfix(g, 0, 0, 0);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, ID, fields, n);
	zl_flowgen_end(g);
	assert_int_equal(
		1, zl_templates_learn(t,
			   (struct zl_cursor){ .at = g->bytes + HEADER + SET_HEADER,
				   .left = g->n - HEADER - SET_HEADER },
			   ZL_TEMPLATE_IPFIX, false, (struct zl_mono){ 1 }, &drops));
	return zl_templates_find(t, ID, (struct zl_mono){ 1 }, &drops);
}

/* The same template, to be read with a cursor. */
static struct zl_template *copy_without_layout(const struct zl_template *t)
{
	size_t size = sizeof(*t) + t->n_ops * sizeof(t->ops[0]);
	struct zl_template *copy = malloc(size);

	assert_non_null(copy);
	memcpy(copy, t, size);
	copy->is_fixed = false;
	return copy;
}

static void test_as_with_a_cursor(void **state)
{
	ZL_AUTO(zl_mem) struct zl_flowgen *g = calloc(1, sizeof(*g));
	struct zl_template_room room = { .most = ZL_TEMPLATE_ROOM };
	struct zl_templates t;
	uint8_t record[FIELDS_MAX * UINT8_MAX];
	uint32_t seed = 1;

	(void)state;
	assert_non_null(g);
	zl_templates_init(&t, &room);
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct zl_template *fixed = learn(&t, g, &seed);
		struct zl_template *plain = copy_without_layout(fixed);
		struct zl_flow_draft a = { .export_ms = 7777777 };
		struct zl_flow_draft b = { .export_ms = 7777777 };
		struct zl_cursor at_a = { .at = record, .left = fixed->min_length };
		struct zl_cursor at_b = at_a;

		assert_true(fixed->is_fixed);
		make_record(&seed, record, fixed->min_length);
		assert_true(zl_template_read(fixed, &at_a, &a));
		assert_true(zl_template_read(plain, &at_b, &b));
		assert_int_equal(0, at_a.left);
		assert_memory_equal(&b, &a, sizeof(a));
		free(plain);
	}
	zl_templates_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_with_a_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
