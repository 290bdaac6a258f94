/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one-way records to conversations: who began?
 *
 * The reply of a server must never look like an attack by the server, so every
 * record gets an initiator and a confidence before policy is asked.  Evidence, in
 * this order:
 *
 *	flags	SYN without ACK: its sender began; RST and nothing else: its sender
 *		refused (unless packets are sampled, when it may be the end of
 *		anything); ICMP echo request and reply
 *	time	the other direction was seen by the same exporter and began earlier
 *		or later by more than its clock's grain; of TCP only a record that has
 *		the SYN shows a beginning; of UDP the ports must say the same, because
 *		what was there before the exporter begins when it does
 *	biflow	a two-way record that says who began it (RFC 5103, 6.3); it counts as
 *		time.  Without that its direction may be arbitrary
 *	service	one port is a known service or below the ephemeral range, the other is
 *		ephemeral (RFC 6335: 49152..65535; Linux: 32768..60999)
 *	guess	nothing of the kind: the first record seen counts as the beginning;
 *		or the ports name the source, whose own is no ephemeral one or which
 *		was seen to answer: anybody can make a server send such a packet.
 *		For UDP from such a port no other evidence is better than this
 *
 * A SYN is remembered for its conversation.  A reset or a SYN-ACK is not: it says
 * something about the other side, which must not be blamed for what its peer sends: as
 * long as no packet of its own shows that it began, that is a guess, or what the ports say.
 * Where a host has no exporter that shows its taps, anybody can pass for anybody.  What
 * such a record says of its sender is not held against the same sender at its tap, where
 * it perhaps only answers what others made its peers send.
 * Records with a forged source have a scope of their own (flow/correlate.h), so that
 * they say nothing about the owner of the address.
 *
 * Neither a guess nor a service suffices for an automatic action: a client chooses its
 * port, and from a low one it makes a client of the server that answers it from a high
 * one.  What is on record as offered by a
 * host (an endpoint that answered with evidence of flags or time) outweighs
 * the port numbers: a server with a high port that answers a client with a low one
 * does not become the client.
 *
 * What was forged says nothing about whose address it bears, but something about who
 * answers it: zl_stitch_forged().  That answer is no beginning either, whatever it makes
 * the owner of the address do.
 *
 * The table has a fixed size; the longest unseen conversation of a bucket makes room.
 */
#ifndef ZL_FLOW_STITCH_H
#define ZL_FLOW_STITCH_H
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "controller/flow/evidence.h"
#include "controller/flow/record.h"

enum zl_side { ZL_SIDE_UNKNOWN, ZL_SIDE_SRC, ZL_SIDE_DST };

enum zl_confidence {
	ZL_CONFIDENCE_NONE,
	ZL_CONFIDENCE_GUESS,
	ZL_CONFIDENCE_SERVICE,
	ZL_CONFIDENCE_TIME,
	ZL_CONFIDENCE_FLAGS,
	ZL_CONFIDENCE_N
};

const char *zl_confidence_name(enum zl_confidence c);
const char *zl_side_name(enum zl_side s); /* "src", "dst", "unknown" */

struct zl_initiator {
	uint64_t other; /* the number of the other direction's last record; 0: none */
	uint64_t same;	/* and of this direction's one before; 0: none */
	struct zl_wall began; /* when we heard of the opening; 0: we did not */
	enum zl_side side : 8;
	enum zl_confidence confidence : 8;
	bool first;   /* none of this direction was there before */
	bool proves;  /* with it, that the sender of that record began */
	bool answers; /* it says of itself that it is an answer, by flags or type */
	bool ends;    /* of TCP: it closes, with no opening in it */
};

/* Does it suffice for an automatic action? */
static inline bool zl_stitch_is_certain(enum zl_confidence c)
{
	return c >= ZL_CONFIDENCE_TIME;
}

struct zl_stitch;

/* Room for `n_buckets` * 16 conversations; a power of two. */
int zl_stitch_new(size_t n_buckets, struct zl_stitch **ret) ZL_CHECKED;
void zl_stitch_free(struct zl_stitch *s);
/* Once a second or so: its memory goes with how much is in it. */
void zl_stitch_tick(struct zl_stitch *s);

/*
 * Who began the conversation that `flow` belongs to?  `scope` keeps overlapping
 * networks apart; `evidence` is of the source; `number` (not 0) is what the caller calls
 * the record.  What the record shows is remembered.
 */
struct zl_initiator zl_stitch(struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, uint64_t number, struct zl_mono now);

/*
 * Before a batch of zl_stitch(): fetch what it will touch into the cache; step 0 for
 * each of the batch, then step 1.  *hash is kept between them.
 */
void zl_stitch_fetch(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, unsigned step, uint64_t *hash);

/*
 * A record of which nothing new follows for its conversation: the next one that is like it
 * would say what it says, and change nothing.  Who keeps that may ask
 * zl_stitch_is_settled() about the next one, and zl_stitch_count() it in place of
 * zl_stitch().  What is not remembered again by that is which services are offered.
 *
 * Like it: with the same addresses, ports, protocol, scope and evidence, both plain, and
 * with the same zl_stitch_biflow().  Plain is what by itself says nothing about who began:
 * no lone SYN, SYN-ACK or reset, no ICMP, nothing of an unconfirmed template.
 */
struct zl_stitch_settled {
	uint32_t place, changes;
	int64_t first_ms; /* what begins earlier says something new */
	bool asks_offers; /* it depends on them: */
	bool src_offers, dst_offers;
	uint32_t src_offer, dst_offer; /* their places, of zl_stitch_fetch_settled() */
};
bool zl_stitch_is_plain(const struct zl_flow *flow);
enum zl_side zl_stitch_biflow(const struct zl_flow *flow);
/* True when a plain record that said who began said it as an answer (`answers`). */
static inline bool zl_stitch_plain_answers(
	enum zl_side side, enum zl_confidence confidence)
{
	return side == ZL_SIDE_DST && confidence == ZL_CONFIDENCE_FLAGS;
}
/* Does it close, with no opening in it? */
bool zl_stitch_ends(const struct zl_flow *flow);
/* After zl_stitch() of a plain record: would it say `*is` again?  Then *is is what. */
bool zl_stitch_settle(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, struct zl_initiator *is,
	struct zl_stitch_settled *ret);
/* Before that question about a batch: step 0 for each, then step 1, then the questions. */
void zl_stitch_fetch_settled(const struct zl_stitch *s, const struct zl_flow *flow,
	struct zl_stitch_settled *settled, unsigned step);
bool zl_stitch_is_settled(const struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled);
/*
 * As in struct zl_initiator: the number of the last record of the source or of the
 * destination; when we heard of the opening, which `side` sent.
 */
uint64_t zl_stitch_last(const struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, enum zl_side whose);
struct zl_wall zl_stitch_began(const struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, enum zl_side side);
void zl_stitch_count(struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, uint64_t number, struct zl_mono now);

/* The record before, `number`, is to be known as this direction's last one again. */
void zl_stitch_restore(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	uint64_t number);

/* Somebody else has sent this in the name of its source. */
void zl_stitch_forged(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	struct zl_mono now);
/* Has somebody else spoken in this conversation in the name of that end of `flow`? */
bool zl_stitch_is_forged(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_side whose);

#endif
