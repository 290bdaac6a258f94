/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who began: the reply of a server never looks like an act of the server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/stitch.h"

enum { SYN = 2, RST = 4, ACK = 16, PSH_ACK = 24, FULL = 27 };

/* One record; `from` 0 is 10.0.0.1, 1 is 10.0.0.2. */
struct step {
	int from;
	uint16_t sport, dport;
	uint8_t proto, flags;
	int64_t first_ms;
	uint16_t icmp;
	enum zl_side side;
	enum zl_confidence confidence;
	bool proves;	   /* that the sender of the other direction's record began */
	bool same, coarse; /* datagram as the step before; start in whole seconds */
	int biflow;	   /* two-way: 1, 2; -1: without saying who began */
	unsigned packets;  /* 0: not told */
	bool weak;	   /* not seen at its sender's tap */
};

struct stitch_case {
	const char *name;
	struct step steps[3];
};

#define SRC ZL_SIDE_SRC
#define DST ZL_SIDE_DST
/* clang-format off */
static struct stitch_case cases[] = {
	{ "a scan's SYN", { { 0, 40000, 9999, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "a refusal is no attack, and does not show who began", { { 1, 22, 40000, 6, RST | ACK, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "nor is one without ACK, on whatever port", { { 1, 40000, 22, 6, RST, 1000, 0, DST, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "a lone SYN-ACK shows nothing about who it goes to", { { 1, 22, 40000, 6, SYN | ACK, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE, .packets = 1 } } },
	{ "nor to a low port", { { 0, 40000, 22, 6, SYN | ACK, 1000, 0, DST, .confidence = ZL_CONFIDENCE_GUESS, .packets = 1 } } },
	{ "a scan without a SYN is no more than its ports", { { 0, 40000, 22, 6, 1 | 8 | 32, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "one without any flag, from a low port", { { 0, 53, 9999, 6, 0, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "half open: asked, answered, given up", {
		{ 0, 40000, 22, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 1, 22, 40000, 6, SYN | ACK, 1001, 0, DST, .confidence = ZL_CONFIDENCE_FLAGS, .packets = 1 },
		{ 0, 40000, 22, 6, RST, 1002, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "half open, the answer first", {
		{ 1, 22, 40000, 6, SYN | ACK, 1001, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE, .packets = 1 },
		{ 0, 40000, 22, 6, SYN | RST, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "half open and never answered, tried again", {
		{ 0, 40000, 22, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS, .packets = 1 },
		{ 0, 40000, 22, 6, SYN, 2000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS, .packets = 1 } } },
	{ "an opening in its name, seen at no tap, is not held against who refuses the answer", {
		{ 0, 40000, 22, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS, .weak = true },
		{ 1, 22, 40000, 6, SYN | ACK, 1001, 0, DST, .confidence = ZL_CONFIDENCE_FLAGS, .packets = 1 },
		{ 0, 40000, 22, 6, RST, 1002, 0, DST, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "nor who takes it for its own, by the times", {
		{ 0, 40000, 50000, 6, FULL, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS, .weak = true },
		{ 1, 50000, 40000, 6, FULL, 1005, 0, DST, .confidence = ZL_CONFIDENCE_TIME },
		{ 0, 40000, 50000, 6, PSH_ACK, 1010, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "its own opening counts for more", {
		{ 1, 22, 40000, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS, .weak = true },
		{ 0, 40000, 22, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 0, 40000, 22, 6, PSH_ACK, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "after an active timeout the beginning is known", {
		{ 0, 40000, 9999, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 1, 9999, 40000, 6, PSH_ACK, 61000, 0, DST, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 0, 40000, 9999, 6, PSH_ACK, 61000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "and also when the later part came first", {
		{ 1, 9999, 40000, 6, PSH_ACK, 61000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 0, 40000, 9999, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 1, 9999, 40000, 6, PSH_ACK, 121000, 0, DST, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "the client's reset is its own", {
		{ 0, 40000, 22, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 0, 40000, 22, 6, RST | ACK, 1005, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "a forged refusal makes no client of a server", {
		{ 0, 40000, 5432, 6, RST | ACK, 0, 0, DST, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 5432, 40000, 6, PSH_ACK, 0, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "nor does a forged SYN-ACK", {
		{ 0, 40000, 5432, 6, SYN | ACK, 0, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 5432, 40000, 6, PSH_ACK, 0, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "who has answered may be a server", {
		{ 1, 40000, 22, 6, RST | ACK, 0, 0, DST, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 40000, 22, 6, ACK, 0, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "the reply alone", { { 1, 22, 40000, 6, FULL, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "the request alone", { { 0, 40000, 22, 6, FULL, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "reply first, then request", {
		{ 1, 22, 40000, 6, FULL, 1005, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 0, 40000, 22, 6, FULL, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_TIME } } },
	{ "start times outweigh ports", {
		{ 1, 22, 40000, 6, FULL, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 0, 40000, 22, 6, FULL, 1005, 0, DST, ZL_CONFIDENCE_TIME, .proves = true } } },
	{ "but not of a connection that was there before", {
		{ 1, 22, 40000, 6, PSH_ACK, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 0, 40000, 22, 6, PSH_ACK, 1005, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 22, 40000, 6, PSH_ACK, 1010, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "a server on a high port, seen to answer, is no client later", {
		{ 0, 20, 40000, 6, FULL, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 40000, 20, 6, FULL, 1005, 0, DST, ZL_CONFIDENCE_TIME, .proves = true },
		{ 1, 40000, 21, 6, FULL, 0, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "flags of an earlier record stay", {
		{ 0, 40000, 9999, 6, SYN, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 1, 9999, 40000, 6, FULL, 900, 0, DST, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "two high ports are a guess", { { 0, 40000, 50000, 17, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "and its reply agrees", {
		{ 0, 40000, 50000, 17, 0, 0, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 50000, 40000, 17, 0, 0, 0, DST, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "one-way UDP to a service", { { 0, 40000, 53, 17, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "from a low port it may be a reply", { { 0, 9999, 53, 17, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "also when that is answered", {
		{ 0, 9999, 53, 17, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 53, 9999, 17, 0, 1005, 0, DST, .confidence = ZL_CONFIDENCE_TIME },
		{ 0, 9999, 53, 17, 0, 1010, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "the answer proves who asked", {
		{ 0, 40000, 22, 6, FULL, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 22, 40000, 6, FULL, 1005, 0, DST, ZL_CONFIDENCE_TIME, .proves = true } } },
	{ "from whatever port", {
		{ 0, 22, 40000, 6, FULL, 1000, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 40000, 22, 6, FULL, 1005, 0, DST, ZL_CONFIDENCE_TIME, .proves = true } } },
	{ "a start in the same datagram is exact", {
		{ 1, 22, 40000, 6, FULL, 1001, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 0, 40000, 22, 6, FULL, 1000, 0, SRC, ZL_CONFIDENCE_TIME, .same = true } } },
	{ "in two it is not, by a clock of whole seconds", {
		{ 0, 22, 40000, 6, FULL, 1900, 0, DST, ZL_CONFIDENCE_SERVICE, .coarse = true },
		{ 1, 40000, 22, 6, FULL, 1000, 0, SRC, ZL_CONFIDENCE_SERVICE, .coarse = true } } },
	{ "without TCP flags no start is one", {
		{ 0, 22, 40000, 132, 0, 1900, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 40000, 22, 6, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE } } },
	{ "the times of datagrams count when the ports agree", {
		{ 0, 40000, 53, 17, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 53, 40000, 17, 0, 1005, 0, DST, ZL_CONFIDENCE_TIME, .proves = true } } },
	{ "and not when they do not", {
		{ 0, 53, 40000, 17, 0, 1005, 0, DST, .confidence = ZL_CONFIDENCE_SERVICE },
		{ 1, 40000, 54000, 17, 0, 0, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS },
		{ 1, 40000, 53, 17, 0, 1010, 0, DST, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "two-way, and it says who began", { { 1, 40000, 22, 6, FULL, 0, 0, DST, ZL_CONFIDENCE_TIME, .biflow = 2 } } },
	{ "the same forward", { { 0, 40000, 22, 6, FULL, 0, 0, SRC, ZL_CONFIDENCE_TIME, .biflow = 1 } } },
	{ "a direction that may be arbitrary", { { 1, 22, 40000, 6, FULL, 0, 0, DST, ZL_CONFIDENCE_SERVICE, .biflow = -1 } } },
	{ "echo request", { { 0, 0, 0, 1, 0, 1000, 8 << 8, SRC, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "a lone echo reply is no attack, nor shows that anybody asked", { { 1, 0, 0, 58, 0, 1000, 129 << 8, DST, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "one to a request does", {
		{ 0, 0, 0, 58, 0, 1000, 128 << 8, SRC, .confidence = ZL_CONFIDENCE_FLAGS },
		{ 1, 0, 0, 58, 0, 1001, 129 << 8, DST, .confidence = ZL_CONFIDENCE_FLAGS } } },
	{ "an error is no question that anybody is sure of", { { 1, 0, 0, 1, 0, 1000, 3 << 8 | 3, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
	{ "ICMP without a type", { { 0, 0, 0, 1, 0, 1000, 0, SRC, .confidence = ZL_CONFIDENCE_GUESS } } },
};
/* clang-format on */

static void test_stitch(void **state)
{
	const struct stitch_case *c = *state;
	struct zl_stitch *s = NULL;

	assert_int_equal(0, zl_stitch_new(16, &s));
	for (size_t i = 0; i < N_ITEMS(c->steps) && c->steps[i].proto != 0; i++) {
		const struct step *t = &c->steps[i];
		struct zl_flow f = { .sport = t->sport,
			.dport = t->dport,
			.proto = t->proto,
			.tcp_flags = t->flags,
			.first_ms = t->first_ms,
			.arrival.us = 1000 + (int64_t)(t->same ? i - 1 : i),
			.biflow = (uint8_t)(t->biflow > 0 ? t->biflow : 0),
			.rev_packets = t->biflow != 0,
			.icmp = t->icmp,
			.packets = t->packets,
			.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO };
		struct zl_initiator is;

		f.src = zl_addr_from_v4(0x0a000001u + (unsigned)t->from);
		f.dst = zl_addr_from_v4(0x0a000002u - (unsigned)t->from);
		f.present |= t->proto == 6 ? ZL_FLOW_TCP_FLAGS : 0;
		f.present |= t->first_ms != 0 ? ZL_FLOW_FIRST : 0;
		f.present |= t->icmp != 0 ? ZL_FLOW_ICMP : 0;
		f.present |= t->packets != 0 ? ZL_FLOW_PACKETS : 0;
		f.present |= t->coarse ? ZL_FLOW_FIRST_COARSE : 0;
		f.present |= t->biflow != 0 ? ZL_FLOW_REV_PACKETS : 0;
		f.present |= t->biflow > 0 ? ZL_FLOW_BIFLOW : 0;
		is = zl_stitch(s, &f, 1, t->weak ? ZL_EVIDENCE_MAC : ZL_EVIDENCE_TAP,
			i + 1, (struct zl_mono){ 1000 + i });
		assert_int_equal(t->side, is.side);
		assert_int_equal(t->confidence, is.confidence);
		assert_int_equal(t->proves, is.proves);
	}
	zl_stitch_free(s);
}

/* When it began is known from its opening, and what closes it is told apart. */
static void test_ends(void **state)
{
	enum { FIN = 1 };
	static const struct {
		uint8_t flags;
		int64_t arrival, began;
		bool ends;
	} steps[] = {
		{ SYN, 100, 100, false },
		{ PSH_ACK, 200, 100, false },
		{ FULL, 300, 100, false }, /* it opens one too */
		{ FIN | PSH_ACK, 400, 100, true },
		{ RST, 500, 100, true },
	};
	struct zl_stitch *s = NULL;

	(void)state;
	assert_int_equal(0, zl_stitch_new(16, &s));
	for (size_t i = 0; i < N_ITEMS(steps); i++) {
		struct zl_flow f = { .sport = 40000,
			.dport = 22,
			.proto = 6,
			.tcp_flags = steps[i].flags,
			.first_ms = 1000 + (int64_t)i,
			.arrival.us = steps[i].arrival,
			.src = zl_addr_from_v4(0x0a000001),
			.dst = zl_addr_from_v4(0x0a000002),
			.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO |
				   ZL_FLOW_TCP_FLAGS | ZL_FLOW_FIRST };
		struct zl_initiator is = zl_stitch(
			s, &f, 1, ZL_EVIDENCE_TAP, i + 1, (struct zl_mono){ 1000 });

		assert_int_equal(ZL_SIDE_SRC, is.side);
		assert_int_equal(steps[i].ends, is.ends);
		assert_int_equal(steps[i].began, is.began.us);
	}
	zl_stitch_free(s);
}

/* Of one packet in many a reset may be the end of what the client began. */
static void test_sampled_reset(void **state)
{
	struct zl_flow f = { .sport = 40000,
		.dport = 22,
		.proto = 6,
		.tcp_flags = RST | ACK,
		.sampling = 100,
		.present = ZL_FLOW_PROTO | ZL_FLOW_TCP_FLAGS | ZL_FLOW_SAMPLING };
	struct zl_stitch *s = NULL;
	struct zl_initiator is;

	(void)state;
	assert_int_equal(0, zl_stitch_new(16, &s));
	f.src = zl_addr_from_v4(0x0a000001);
	f.dst = zl_addr_from_v4(0x0a000002);
	is = zl_stitch(s, &f, 1, ZL_EVIDENCE_TAP, 1, (struct zl_mono){ 1 });
	assert_int_equal(ZL_SIDE_SRC, is.side);
	assert_int_equal(ZL_CONFIDENCE_SERVICE, is.confidence);
	f.sampling = 1;
	is = zl_stitch(s, &f, 1, ZL_EVIDENCE_TAP, 2, (struct zl_mono){ 2 });
	assert_int_equal(ZL_SIDE_DST, is.side);
	assert_int_equal(ZL_CONFIDENCE_GUESS, is.confidence);
	zl_stitch_free(s);
}

/* Of one datagram in many nobody knows which was the first; a SYN shows that it was. */
static void test_sampled_start(void **state)
{
	static const struct {
		uint8_t proto;
		uint32_t sampling;
		enum zl_confidence confidence;
	} sampled[] = { { 17, 1, ZL_CONFIDENCE_TIME },
		{ 17, 100, ZL_CONFIDENCE_SERVICE }, { 6, 100, ZL_CONFIDENCE_TIME } };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(sampled); i++) {
		struct zl_flow f = { .sport = 40000,
			.dport = 53,
			.proto = sampled[i].proto,
			.tcp_flags = FULL,
			.first_ms = 1000,
			.sampling = sampled[i].sampling,
			.present = ZL_FLOW_PROTO | ZL_FLOW_TCP_FLAGS | ZL_FLOW_FIRST |
				   ZL_FLOW_SAMPLING };
		struct zl_stitch *s = NULL;
		struct zl_initiator is;

		assert_int_equal(0, zl_stitch_new(16, &s));
		f.src = zl_addr_from_v4(0x0a000001);
		f.dst = zl_addr_from_v4(0x0a000002);
		(void)zl_stitch(s, &f, 1, ZL_EVIDENCE_TAP, 1, (struct zl_mono){ 1 });
		f.src = zl_addr_from_v4(0x0a000002);
		f.dst = zl_addr_from_v4(0x0a000001);
		f.sport = 53;
		f.dport = 40000;
		f.first_ms = 1005;
		is = zl_stitch(s, &f, 1, ZL_EVIDENCE_TAP, 2, (struct zl_mono){ 2 });
		assert_int_equal(ZL_SIDE_DST, is.side);
		assert_int_equal(sampled[i].confidence, is.confidence);
		zl_stitch_free(s);
	}
}

static void test_table_is_bounded(void **state)
{
	struct zl_stitch *s = NULL;

	(void)state;
	assert_int_equal(-EINVAL, zl_stitch_new(3, &s));
	assert_int_equal(0, zl_stitch_new(4, &s));
	for (unsigned i = 0; i < 10000; i++) {
		struct zl_flow f = {
			.sport = (uint16_t)(i + 1024), .dport = 80, .proto = 6
		};

		f.src = zl_addr_from_v4(i);
		f.dst = zl_addr_from_v4(0x0a000002);
		(void)zl_stitch(
			s, &f, 0, ZL_EVIDENCE_TAP, i + 1, (struct zl_mono){ i });
	}
	zl_stitch_free(s);
}

/* What C gets for a question that was forged in its name shows nothing but that. */
static void test_forged_question(void **state)
{
	struct zl_flow f = { .src = zl_addr_from_v4(3),
		.dst = zl_addr_from_v4(2),
		.sport = 53,
		.dport = 50000,
		.proto = 17,
		.first_ms = 1000,
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO | ZL_FLOW_FIRST };
	struct zl_flow answer = f;
	struct zl_stitch *s = NULL;
	struct zl_initiator is;

	(void)state;
	answer.src = f.dst;
	answer.dst = f.src;
	answer.sport = f.dport;
	answer.dport = f.sport;
	assert_int_equal(0, zl_stitch_new(16, &s));
	assert_false(zl_stitch_is_forged(s, &answer, 1, ZL_SIDE_DST));
	zl_stitch_forged(s, &f, 1, (struct zl_mono){ 1 });
	assert_true(zl_stitch_is_forged(s, &answer, 1, ZL_SIDE_DST));
	assert_false(zl_stitch_is_forged(s, &answer, 2, ZL_SIDE_DST));
	assert_true(zl_stitch_is_forged(s, &f, 1, ZL_SIDE_SRC));
	assert_false(zl_stitch_is_forged(s, &answer, 1, ZL_SIDE_SRC));
	is = zl_stitch(s, &answer, 1, ZL_EVIDENCE_TAP, 1, (struct zl_mono){ 2 });
	assert_int_equal(ZL_CONFIDENCE_GUESS, is.confidence);
	/* C says that it did not ask: by the times it was asked first. */
	f.first_ms = 1005;
	f.arrival.us = 7;
	is = zl_stitch(s, &f, 1, ZL_EVIDENCE_TAP, 2, (struct zl_mono){ 3 });
	assert_int_equal(1, is.other);
	assert_false(is.proves);
	zl_stitch_free(s);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 5] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_stitch,
			.initial_state = &cases[i] };
	tests[N_ITEMS(cases)] =
		(struct CMUnitTest)cmocka_unit_test(test_table_is_bounded);
	tests[N_ITEMS(cases) + 1] =
		(struct CMUnitTest)cmocka_unit_test(test_sampled_reset);
	tests[N_ITEMS(cases) + 2] =
		(struct CMUnitTest)cmocka_unit_test(test_forged_question);
	tests[N_ITEMS(cases) + 3] = (struct CMUnitTest)cmocka_unit_test(test_ends);
	tests[N_ITEMS(cases) + 4] =
		(struct CMUnitTest)cmocka_unit_test(test_sampled_start);
	return cmocka_run_group_tests_name("stitch", tests, NULL, NULL);
}
