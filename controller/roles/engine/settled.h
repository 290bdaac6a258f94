/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records about which nothing is left to decide: of conversations that were correlated,
 * stitched and judged before, with the outcome that there is nothing to do.
 *
 * Most records that exporters send are of this kind.  An entry is found by all that
 * the decision looked at in the record itself, and says what came out.  What the decision
 * looked at elsewhere is in the entry too, as counters that have grown when any of it has
 * changed: an entry is good only while all are what they were.
 *
 *	in the key	addresses, ports, protocol, MACs, the interface, who exported it (an
 *			exporter's number changes with its host, numbering and sampling),
 *			its VLAN, who began by the record's own word
 *	news		the index, by topic (inventory/index.h): taps, NICs, addresses,
 *			domains; and all that the verdict depends on: zones, locks
 *	stitched	the conversation (controller/flow/stitch.h), both directions, forgery
 *			and the start times of its records included
 *	since		whatever was before: records of earlier traffic are served only if
 *			nothing at all has ended since then (inventory/index.h, the past)
 *	looked		nor any after ZL_SETTLED_FOR_S, so that what is only kept while it is
 *			seen is seen in full every now and then
 *
 * Only "nothing to do" may be kept.  A denial, a lie, an address just learned, a verdict
 * that needs the claim of an address, what is not plain (stitch.h), and what was
 * somebody else's at the time is not.  Who tells of a flow that others tell too
 * (flow/twin.h) is asked only of what is held against somebody, so not of these.
 *
 * The table has a fixed size.  The key is kept as its digest under a secret
 * (base/map.h); who chooses packets can make others be forgotten only by sending as
 * many as there are places.
 */
#ifndef ZL_ROLES_SETTLED_H
#define ZL_ROLES_SETTLED_H
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/map.h"
#include "controller/flow/correlate.h"
#include "controller/flow/record.h"
#include "controller/flow/stitch.h"
#include "inventory/index.h"
#include "policy/evaluate.h"

enum { ZL_SETTLED_FOR_S = 600 };

/* What came out.  One cache line. */
struct zl_settled {
	struct zl_digest key;
	uint32_t news; /* a sum of counters */
	uint32_t
		since; /* wall seconds: nothing has changed from then on, or just before */
	struct zl_index_topics topics;
	uint16_t looked; /* the last 16 bits of the second of the last full look */
	uint32_t place, changes; /* of the conversation */
	uint32_t src, dst, lock; /* numbers of parties.h; the lock's is of its name */
	uint32_t begins_lo; /* with begins_hi: first_ms of struct zl_stitch_settled */
	uint16_t begins_hi;
	/* enum zl_verdict_kind, zl_side, zl_confidence, zl_evidence */
	uint16_t verdict : 2, side : 2, confidence : 3, src_evidence : 2,
		dst_evidence : 2;
	uint16_t proves : 1, unknown_interface : 1;
	uint16_t asks_offers : 1, src_offers : 1, dst_offers : 1;
};

struct zl_settled_table;

/* Room for 16 * `n_sets`, a power of two. */
int zl_settled_new(size_t n_sets, struct zl_settled_table **ret) ZL_CHECKED;
void zl_settled_free(struct zl_settled_table *t);
/* Once a second or so: its memory goes with how much is in it. */
void zl_settled_tick(struct zl_settled_table *t);

/* The key of a record of the exporter with this number. */
struct zl_digest zl_settled_key(const struct zl_settled_table *t,
	const struct zl_flow *flow, uint32_t exporter);

/* Before many questions: step 0 for each, step 1 for each, then zl_settled_find(). */
void zl_settled_fetch(
	const struct zl_settled_table *t, const struct zl_digest *key, unsigned step);

/* NULL: there is none.  Whether it is still good the caller sees. */
const struct zl_settled *zl_settled_find(
	const struct zl_settled_table *t, const struct zl_digest *key);

/* In place of the one with the same key, of none, or of the oldest where it belongs. */
void zl_settled_put(struct zl_settled_table *t, const struct zl_settled *entry);

/* What `news` must be now; `epoch` is of what all entries depend on. */
static inline uint32_t zl_settled_news(
	const uint32_t *news, const struct zl_index_topics *t, uint64_t epoch)
{
	return (uint32_t)epoch + news[ZL_INDEX_NEWS] + news[t->src] + news[t->dst] +
	       news[t->link] + news[t->src_mac] + news[t->dst_mac];
}

/* Has it been looked at in full of late? */
bool zl_settled_is_fresh(const struct zl_settled *s, struct zl_wall now);
/* Is this traffic, all of it, from after the entry was made? */
bool zl_settled_is_of_now(const struct zl_settled *s, const struct zl_index_when *when);

/* It is `now`, and `before` (or NULL) was kept under the same key. */
void zl_settled_set_time(
	struct zl_settled *s, const struct zl_settled *before, struct zl_wall now);

struct zl_stitch_settled zl_settled_stitched(const struct zl_settled *s);
void zl_settled_set_stitched(
	struct zl_settled *s, const struct zl_stitch_settled *stitched);

#endif
