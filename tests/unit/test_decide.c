/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every guard objects on its own, and without an objection the lock gets its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/decide.h"

#define GOOD                                                                           \
	.lock = "db", .enforce = true, .response = ZL_ACTION_QUARANTINE,               \
	.offender_known = true, .initiator_certain = true, .confidence = "flags",      \
	.evidence = ZL_EVIDENCE_TAP, .seen = { 2000 }, .released = { 1000 },           \
	.host_fresh = true, .enforcer_up = true, .n_nics = 1, .sampling_known = true

struct decide_case {
	const char *name;
	struct zl_case c;
	const char *guard;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
/* clang-format off */
static struct decide_case cases[] = {
	{ "nothing objects",	  { GOOD }, "" },
	{ "never released",	  { GOOD, .released = { 0 } }, "" },
	{ "mode monitor",	  { GOOD, .enforce = false }, "mode" },
	{ "alert only",		  { GOOD, .response = ZL_ACTION_ALERT }, "response" },
	{ "offender unknown",	  { GOOD, .offender_known = false }, "offender" },
	{ "a guess",		  { GOOD, .initiator_certain = false, .confidence = "guess" }, "confidence" },
	{ "address evidence",	  { GOOD, .evidence = ZL_EVIDENCE_ADDRESS }, "evidence" },
	{ "MAC evidence",	  { GOOD, .evidence = ZL_EVIDENCE_MAC }, "evidence" },
	{ "another domain's interface then", { GOOD, .past = { ZL_INDEX_PAST_FORMER, ZL_INDEX_KIND_TAP, false, { 1 }, "vm1" } }, "owner" },
	{ "perhaps another domain's address", { GOOD, .past = { ZL_INDEX_PAST_DOUBT, ZL_INDEX_KIND_ADDR, true, { 1 }, "vm1" } }, "owner" },
	{ "too long ago",	  { GOOD, .past = { ZL_INDEX_PAST_LOST, ZL_INDEX_KIND_MAC, false, { 0 }, "" } }, "owner" },
	{ "provisional template",  { GOOD, .provisional = true }, "template" },
	{ "sampling not told",	  { GOOD, .sampling_known = false }, "sampling" },
	{ "a router",		  { GOOD, .forwarding = true }, "forwarding" },
	{ "an address that is said to be its own", { GOOD, .by_claim = true }, "claim" },
	{ "before the release",	  { GOOD, .seen = { 999 } }, "release" },
	{ "at the release",	  { GOOD, .seen = { 1000 } }, "release" },
	{ "the end of a connection from before it", { GOOD, .began = { 1000 }, .ends = true }, "ending" },
	{ "a few packets of one from before it", { GOOD, .began = { 1000 }, .leftover = 8 }, "ending" },
	{ "one from before it that lives on", { GOOD, .began = { 1000 }, .leftover = 9 }, "" },
	{ "the end of one of those", { GOOD, .began = { 1000 }, .leftover = 9, .ends = true }, "ending" },
	{ "the end of a later one", { GOOD, .began = { 1001 }, .ends = true }, "" },
	{ "the end of one whose beginning is not known", { GOOD, .ends = true }, "" },
	{ "the end of one, never released", { GOOD, .began = { 1000 }, .ends = true, .released = { 0 } }, "" },
	{ "no interfaces",	  { GOOD, .n_nics = 0 }, "interfaces" },
	{ "stale host",		  { GOOD, .host_fresh = false }, "inventory" },
	{ "agent unreachable",	  { GOOD, .enforcer_up = false }, "enforcer" },
	{ "a replay",		  { GOOD, .replayed = true }, "replay" },
	{ "a replay, and another guard", { GOOD, .replayed = true, .n_nics = 0 }, "interfaces" },
};
/* clang-format on */
#pragma GCC diagnostic pop

static void test_decide(void **state)
{
	const struct decide_case *c = *state;
	struct zl_decision d;

	zl_decide(&c->c, &d);
	assert_string_equal(c->guard, d.guard);
	assert_int_equal(
		c->guard[0] == '\0' ? ZL_ACTION_QUARANTINE : ZL_ACTION_ALERT, d.action);
	assert_true(d.reason[0] != '\0');
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_decide,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
