/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However many tell of a flow, it counts once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/twin.h"

enum { HV1 = 1, HV2, HV3, NODIR = 2 };
enum { TAP = ZL_EVIDENCE_TAP, MAC = ZL_EVIDENCE_MAC, ADDR = ZL_EVIDENCE_ADDRESS };
#define COUNTS ZL_TWIN_COUNTS
#define COPY   ZL_TWIN_COPY
#define BETTER ZL_TWIN_BETTER

struct step {
	uint8_t exporter;
	uint32_t in_if;
	uint8_t direction, evidence;
	enum zl_twin want;
	uint64_t after_s; /* the step before */
	uint16_t sport;
};

struct twin_case {
	const char *name;
	struct step steps[5];
};

/* clang-format off */
static struct twin_case cases[] = {
	{ "parts of one flow from one place", {
		{ HV1, 11, NODIR, TAP, COUNTS, 0, 0 }, { HV1, 11, NODIR, TAP, COUNTS, 60, 0 } } },
	{ "the tap first, then the other host's uplink", {
		{ HV1, 11, NODIR, TAP, COUNTS, 0, 0 }, { HV2, 2, NODIR, MAC, COPY, 1, 0 },
		{ HV1, 11, NODIR, TAP, COUNTS, 60, 0 }, { HV2, 2, NODIR, MAC, COPY, 1, 0 } } },
	{ "the uplink first", {
		{ HV2, 2, NODIR, ADDR, COUNTS, 0, 0 }, { HV1, 11, NODIR, TAP, BETTER, 1, 0 },
		{ HV2, 2, NODIR, ADDR, COPY, 60, 0 }, { HV1, 11, NODIR, TAP, COUNTS, 1, 0 } } },
	{ "where it enters and where it leaves one host", {
		{ HV1, 11, 0, TAP, COUNTS, 0, 0 }, { HV1, 11, 1, TAP, COPY, 0, 0 } } },
	{ "the same in the other order", {
		{ HV1, 11, 1, TAP, COUNTS, 0, 0 }, { HV1, 11, 0, TAP, BETTER, 0, 0 },
		{ HV1, 11, 1, TAP, COPY, 0, 0 } } },
	{ "only where it leaves", {
		{ HV1, 11, 1, TAP, COUNTS, 0, 0 }, { HV1, 11, 1, TAP, COUNTS, 1, 0 } } },
	{ "at four places", {
		{ HV1, 11, 0, TAP, COUNTS, 0, 0 }, { HV1, 11, 1, TAP, COPY, 0, 0 },
		{ HV2, 2, 0, MAC, COPY, 0, 0 }, { HV2, 2, 1, MAC, COPY, 0, 0 } } },
	{ "the machine has migrated", {
		{ HV1, 11, NODIR, TAP, COUNTS, 0, 0 }, { HV3, 17, NODIR, TAP, COUNTS, 5, 0 },
		{ HV2, 2, NODIR, MAC, COPY, 0, 0 } } },
	{ "two that say as little", {
		{ HV2, 2, NODIR, ADDR, COUNTS, 0, 0 }, { HV3, 2, NODIR, ADDR, COPY, 0, 0 } } },
	{ "who counted tells nothing any more", {
		{ HV1, 11, NODIR, TAP, COUNTS, 0, 0 }, { HV2, 2, NODIR, ADDR, COPY, 1700, 0 },
		{ HV2, 2, NODIR, ADDR, COUNTS, 200, 0 } } },
	{ "another flow", {
		{ HV1, 11, NODIR, TAP, COUNTS, 0, 0 }, { HV2, 2, NODIR, MAC, COUNTS, 0, 1 } } },
};
/* clang-format on */

static struct zl_flow flow_of(const struct step *t)
{
	return (struct zl_flow){ .src = zl_addr_from_v4(0x0a000001),
		.dst = zl_addr_from_v4(0x0a000002),
		.exporter = zl_addr_from_v4(0xac1f0000u + t->exporter),
		.sport = (uint16_t)(40000 + t->sport),
		.dport = 22,
		.proto = 6,
		.in_if = t->in_if,
		.direction = t->direction == 1,
		.present = ZL_FLOW_IN_IF |
			   (t->direction == NODIR ? 0u : ZL_FLOW_DIRECTION) };
}

static void test_twin(void **state)
{
	const struct twin_case *c = *state;
	struct zl_twins *t = NULL;
	struct zl_mono now = { ZL_US_PER_S };

	assert_int_equal(0, zl_twins_new(1024, &t));
	for (size_t i = 0; i < N_ITEMS(c->steps) && c->steps[i].exporter != 0; i++) {
		struct zl_flow f = flow_of(&c->steps[i]);

		now.us += c->steps[i].after_s * (uint64_t)ZL_US_PER_S;
		assert_int_equal(c->steps[i].want,
			zl_twins_note(t, &f, 1, c->steps[i].evidence, now));
	}
	zl_twins_free(t);
}

/* The same addresses on another network are another flow. */
static void test_scope(void **state)
{
	const struct step one = { HV1, 11, NODIR, TAP, COUNTS, 0, 0 };
	const struct step two = { HV2, 2, NODIR, MAC, COUNTS, 0, 0 };
	struct zl_flow f = flow_of(&one), g = flow_of(&two);
	struct zl_twins *t = NULL;

	(void)state;
	assert_int_equal(-EINVAL, zl_twins_new(1000, &t));
	assert_int_equal(0, zl_twins_new(1024, &t));
	assert_int_equal(COUNTS,
		zl_twins_note(t, &f, 1, ZL_EVIDENCE_TAP, (struct zl_mono){ 1 }));
	assert_int_equal(COUNTS,
		zl_twins_note(t, &g, 2, ZL_EVIDENCE_MAC, (struct zl_mono){ 1 }));
	assert_false(zl_twin_is_place(&f, &g));
	assert_true(zl_twin_is_place(&f, &f));
	zl_twins_free(t);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 1] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_twin,
			.initial_state = &cases[i] };
	tests[N_ITEMS(cases)] = (struct CMUnitTest)cmocka_unit_test(test_scope);
	return cmocka_run_group_tests_name("twin", tests, NULL, NULL);
}
