/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations of which nothing new is said. */
#include <netinet/in.h>
#include <string.h>

#include "controller/flow/stitch_priv.h"

/* From when on a record may begin and is news of no beginning. */
static int64_t begins_of(
	const struct zl_stitch_start *start, const struct zl_flow *flow, bool at_tap)
{
	if (start->at_tap && !at_tap)
		return 0;
	if (start->ms == 0 || (at_tap && !start->at_tap))
		return INT64_MAX;
	return zl_addr_eq(&start->exporter, &flow->exporter) ? start->ms : 0;
}

bool zl_stitch_settle(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, struct zl_initiator *is,
	struct zl_stitch_settled *ret)
{
	const bool at_tap = evidence == ZL_EVIDENCE_TAP;
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	const struct zl_stitch_conversation *c = zl_stitch_find(s, &key);
	struct zl_stitch_conversation after;
	const struct zl_stitch_pulse *p;
	struct zl_initiator again;

	if (c == NULL)
		return false;
	p = zl_stitch_pulse_of(s, c);
	after = *c;
	again = zl_stitch_look(s, &after, p, src_side, flow, at_tap);
	if (!zl_stitch_is_same(c, &after) || again.side != is->side ||
		again.confidence != is->confidence)
		return false;
	*ret = (struct zl_stitch_settled){ .place = (uint32_t)(c - s->table),
		.changes = p->changes,
		.first_ms = begins_of(&c->start[src_side], flow, at_tap),
		.asks_offers =
			flow->proto == IPPROTO_UDP ||
			zl_stitch_by_time(c, src_side, at_tap) == ZL_SIDE_UNKNOWN };
	if (ret->asks_offers) {
		ret->src_offers = zl_stitch_is_offered(
			s, &flow->src, flow->sport, flow->proto, scope);
		ret->dst_offers = zl_stitch_is_offered(
			s, &flow->dst, flow->dport, flow->proto, scope);
	}
	*is = again;
	return true;
}

void zl_stitch_fetch_settled(const struct zl_stitch *s, const struct zl_flow *f,
	struct zl_stitch_settled *settled, unsigned step)
{
	const struct zl_stitch_pulse *p = &s->pulses[settled->place];
	struct zl_stitch_offer o;

	if (step == 0) {
		__builtin_prefetch(p, 1);
		return;
	}
	if (!settled->asks_offers)
		return;
	__builtin_prefetch(&s->table[settled->place].start[0]);
	__builtin_prefetch(&s->table[settled->place].start[1]);
	/* Another's scope, if the place is another's now: then it is not settled. */
	if (!settled->src_offers) {
		o = zl_stitch_make_offer(&f->src, f->sport, f->proto, p->scope);
		settled->src_offer =
			(uint32_t)(zl_stitch_offer_slot(s, &o) - s->offers);
		__builtin_prefetch(&s->offers[settled->src_offer]);
	}
	if (!settled->dst_offers) {
		o = zl_stitch_make_offer(&f->dst, f->dport, f->proto, p->scope);
		settled->dst_offer =
			(uint32_t)(zl_stitch_offer_slot(s, &o) - s->offers);
		__builtin_prefetch(&s->offers[settled->dst_offer]);
	}
}

static bool is_at(const struct zl_stitch_offer *at, const struct zl_addr *addr,
	uint16_t port, uint8_t proto, uint64_t scope)
{
	struct zl_stitch_offer o = zl_stitch_make_offer(addr, port, proto, scope);

	return memcmp(at, &o, sizeof(o)) == 0;
}

/* What was known to be offered stays so here, whatever else needed its place since. */
bool zl_stitch_is_settled(const struct zl_stitch *s, const struct zl_flow *f,
	const struct zl_stitch_settled *settled)
{
	const struct zl_stitch_pulse *p = &s->pulses[settled->place];

	if (p->changes != settled->changes ||
		(f->first_ms < settled->first_ms && zl_stitch_tells_start(f)))
		return false;
	if (!settled->asks_offers)
		return true;
	return (settled->src_offers || !is_at(&s->offers[settled->src_offer], &f->src,
					       f->sport, f->proto, p->scope)) &&
	       (settled->dst_offers || !is_at(&s->offers[settled->dst_offer], &f->dst,
					       f->dport, f->proto, p->scope));
}

uint64_t zl_stitch_last(const struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, enum zl_side whose)
{
	unsigned src_side = zl_stitch_side_of(flow);

	return s->pulses[settled->place]
		.number[whose == ZL_SIDE_SRC ? src_side : 1 - src_side];
}

struct zl_wall zl_stitch_began(const struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, enum zl_side side)
{
	unsigned src_side = zl_stitch_side_of(flow);
	const struct zl_stitch_start *start =
		&s->table[settled->place]
			 .start[side == ZL_SIDE_DST ? 1 - src_side : src_side];

	return start->ms != 0 ? start->arrival : (struct zl_wall){ 0 };
}

void zl_stitch_count(struct zl_stitch *s, const struct zl_flow *flow,
	const struct zl_stitch_settled *settled, uint64_t number, struct zl_mono now)
{
	struct zl_stitch_pulse *p = &s->pulses[settled->place];

	p->number[zl_stitch_side_of(flow)] = number;
	p->seen_ms = zl_stitch_ms_of(now);
}
