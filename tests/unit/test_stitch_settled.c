/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settled conversations: two tables are given the same records, and one of them is only
 * asked about those that are not settled.  Both say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/stitch.h"

enum { TCP = 6, UDP = 17, SYN = 2, RST = 4, ACK = 16, FULL = 27 };
enum { CONVERSATIONS = 12, PLACES = 4, RUNS = 3000, STEPS = 60 };

/* What is kept of a record, by its conversation, direction and the place of its exporter. */
struct kept {
	bool is_kept;
	struct zl_initiator is;
	struct zl_stitch_settled settled;
};

static const uint16_t ports[] = { 80, 40000, 50051, 53, 9999 };
static uint64_t dice_state;
static int64_t now_ms;

/* The same secret for both tables: which services they forget depends on it. */
ssize_t getrandom(void *to, size_t n, unsigned flags)
{
	(void)flags;
	memset(to, 0x5a, n);
	return (ssize_t)n;
}

static uint32_t dice(uint32_t n)
{
	uint64_t z = dice_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z >> 33) % n);
}

/* Places 0 and 1 are of one exporter, and 0 and 2 are taps. */
static struct zl_flow make_record(unsigned conversation, unsigned from, unsigned place)
{
	static const uint8_t flags[] = { FULL, FULL, FULL, ACK, ACK, SYN, SYN | ACK,
		RST };
	struct zl_flow f = { .present = ZL_FLOW_PACKETS,
		.packets = 1 + dice(2),
		.src = zl_addr_from_v4(0x0a000001 + from),
		.dst = zl_addr_from_v4(0x0a000002 - from),
		.sport = ports[(conversation + from) % N_ITEMS(ports)],
		.dport = ports[(conversation + 1 - from) % N_ITEMS(ports)],
		.proto = conversation % 2 == 0 ? TCP : UDP,
		.exporter = zl_addr_from_v4(0xac1f0001 + place / 2),
		.arrival = { now_ms * ZL_US_PER_MS } };

	if (dice(2) == 0) {
		f.present |= ZL_FLOW_FIRST;
		f.first_ms = now_ms - (int64_t)dice(4) * 10;
	}
	if (f.proto == TCP && dice(6) != 0) {
		f.present |= ZL_FLOW_TCP_FLAGS;
		f.tcp_flags = flags[dice(N_ITEMS(flags))];
	}
	return f;
}

static bool is_equal(const struct zl_initiator *a, const struct zl_initiator *b)
{
	return a->side == b->side && a->confidence == b->confidence &&
	       a->other == b->other && a->same == b->same && a->first == b->first &&
	       a->proves == b->proves && a->answers == b->answers &&
	       a->ends == b->ends && a->began.us == b->began.us;
}

static struct zl_initiator ask(struct zl_stitch *s, struct kept *k,
	const struct zl_flow *f, enum zl_evidence evidence, uint64_t number,
	unsigned *n_settled)
{
	struct zl_mono now = { (uint64_t)now_ms * 1000 };
	struct zl_initiator is, again;

	if (k->is_kept && zl_stitch_is_plain(f)) {
		zl_stitch_fetch_settled(s, f, &k->settled, 1);
		if (zl_stitch_is_settled(s, f, &k->settled)) {
			is = (struct zl_initiator){ .side = k->is.side,
				.confidence = k->is.confidence,
				.other = zl_stitch_last(s, f, &k->settled, ZL_SIDE_DST),
				.same = zl_stitch_last(s, f, &k->settled, ZL_SIDE_SRC),
				.proves = k->is.proves,
				.answers = zl_stitch_plain_answers(
					k->is.side, k->is.confidence),
				.ends = zl_stitch_ends(f),
				.began = zl_stitch_began(
					s, f, &k->settled, k->is.side) };
			zl_stitch_count(s, f, &k->settled, number, now);
			(*n_settled)++;
			return is;
		}
	}
	is = again = zl_stitch(s, f, 7, evidence, number, now);
	if (zl_stitch_is_plain(f) && !is.first &&
		zl_stitch_settle(s, f, 7, evidence, &again, &k->settled)) {
		k->is_kept = true;
		k->is = again;
	}
	return is;
}

static void run(unsigned *n_settled)
{
	static struct kept kept[CONVERSATIONS][2][PLACES];
	unsigned first = dice(CONVERSATIONS - 1);
	struct zl_stitch *a = NULL, *b = NULL;

	memset(kept, 0, sizeof(kept));
	assert_int_equal(0, zl_stitch_new(256, &a));
	assert_int_equal(0, zl_stitch_new(256, &b));
	for (uint64_t number = 1; number <= STEPS; number++) {
		unsigned c = first + dice(2), from = dice(2), place = dice(PLACES);
		enum zl_evidence evidence =
			place % 2 == 0 ? ZL_EVIDENCE_TAP : ZL_EVIDENCE_ADDRESS;
		struct zl_flow f = make_record(c, from, place);
		struct zl_mono now = { (uint64_t)now_ms * 1000 };
		struct zl_initiator x, y;

		now_ms += dice(2) == 0 ? 0 : dice(30);
		if (dice(30) == 0) {
			zl_stitch_forged(a, &f, 7, now);
			zl_stitch_forged(b, &f, 7, now);
		}
		x = ask(a, &kept[c][from][place], &f, evidence, number, n_settled);
		y = zl_stitch(b, &f, 7, evidence, number,
			(struct zl_mono){ (uint64_t)now_ms * 1000 });
		if (!is_equal(&x, &y))
			fail_msg("record %u: %s by %s, not %s by %s", (unsigned)number,
				zl_side_name(x.side), zl_confidence_name(x.confidence),
				zl_side_name(y.side), zl_confidence_name(y.confidence));
	}
	zl_stitch_free(a);
	zl_stitch_free(b);
}

static void test_same_answers(void **state)
{
	unsigned n_settled = 0;

	(void)state;
	now_ms = INT64_C(1700000000000);
	for (unsigned i = 0; i < RUNS; i++)
		run(&n_settled);
	print_message("%u of %u settled\n", n_settled, RUNS * STEPS);
	assert_true(n_settled > RUNS * STEPS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_answers),
	};

	return cmocka_run_group_tests_name("stitch settled", tests, NULL, NULL);
}
