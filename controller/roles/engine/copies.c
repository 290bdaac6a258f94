/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that tell of a flow which another one tells of with better evidence.
 *
 * What counts is asked of flow/twin.h once for each record that is held against somebody;
 * what flow-list shows is worked out from its window when it is asked for.
 */
#include <string.h>

#include "controller/roles/engine/engine.h"

struct flow_key {
	struct zl_addr src, dst;
	uint64_t scope;
	uint16_t sport, dport, icmp;
	uint8_t proto, pad;
};

static struct flow_key make_key(const struct zl_seen *s)
{
	const struct zl_flow *f = &s->flow;
	struct flow_key k;

	memset(&k, 0, sizeof(k));
	k.src = f->src;
	k.dst = f->dst;
	k.scope = s->sighting.scope;
	k.sport = f->sport;
	k.dport = f->dport;
	k.icmp = f->icmp;
	k.proto = f->proto;
	return k;
}

static unsigned rank_of(const struct zl_seen *s)
{
	return zl_twin_rank(&s->flow, s->sighting.src.evidence);
}

enum zl_twin zl_engine_copies_note(struct zl_engine *e, struct zl_seen *s)
{
	if (s->twin == ZL_TWIN_UNKNOWN)
		s->twin = zl_twins_note(e->twins, &s->flow, s->sighting.scope,
			s->sighting.src.evidence, zl_mono_now());
	return s->twin;
}

/*
 * The conversation has to know the record with the tap, for that is judged again when the
 * answer comes, and not a copy of it that came later.
 */
void zl_engine_copies_prefer_tap(
	struct zl_engine *e, const struct zl_seen *s, const struct zl_seen *before)
{
	if (before != NULL && before->sighting.src.evidence == ZL_EVIDENCE_TAP)
		zl_stitch_restore(
			e->stitch, &s->flow, s->sighting.scope, s->initiator.same);
}

/* Is its source a machine whose own tap will tell of it, if it was that machine? */
bool zl_engine_copies_may_be(struct zl_engine *e, const struct zl_seen *s)
{
	const struct zl_endpoint *src = &s->sighting.src;

	return (src->evidence == ZL_EVIDENCE_MAC ||
		       src->evidence == ZL_EVIDENCE_ADDRESS) &&
	       zl_engine_exporters_watch(e, src->host);
}

int zl_engine_copies_gather(struct zl_engine *e, struct zl_map *best)
{
	uint64_t n = e->n_seen < ZL_WINDOW ? e->n_seen : ZL_WINDOW;

	zl_map_init(best, sizeof(struct flow_key), ZL_WINDOW);
	for (uint64_t i = 0; i < n; i++) {
		struct zl_seen *s = &e->window[(e->n_seen - 1 - i) % ZL_WINDOW];
		struct flow_key key = make_key(s);
		const struct zl_seen *other = zl_map_find(best, &key);
		int r;

		if (other != NULL && rank_of(other) > rank_of(s))
			continue;
		r = zl_map_put(best, &key, s);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct zl_seen *zl_engine_copies_of(
	const struct zl_map *best, const struct zl_seen *s)
{
	const unsigned tap = 2 * ZL_EVIDENCE_TAP + 1;
	struct flow_key key = make_key(s);
	const struct zl_seen *other = zl_map_find(best, &key);

	return other == NULL || rank_of(s) == tap ||
			       zl_twin_is_place(&other->flow, &s->flow)
		       ? NULL
		       : other;
}
