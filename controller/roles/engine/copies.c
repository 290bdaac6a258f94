/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that tell of a flow which another one tells of with better evidence.
 *
 * What counts is asked of flow/twin.h once for each record that is held against somebody;
 * what flow-list shows is worked out from its window when it is asked for.
 */
#include <stdlib.h>
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

static enum zl_evidence evidence_of(const struct zl_seen *s)
{
	return s->brief.is_all ? (enum zl_evidence)s->brief.src_evidence
			       : s->sighting.src.evidence;
}

/*
 * The conversation has to know the record with the tap, for that is judged again when the
 * answer comes, and not a copy of it that came later.
 */
uint64_t zl_engine_copies_prefer(struct zl_engine *e, const struct zl_seen *s)
{
	enum zl_evidence evidence = evidence_of(s);
	const struct zl_seen *before;

	if (evidence != ZL_EVIDENCE_MAC && evidence != ZL_EVIDENCE_ADDRESS)
		return e->n_seen;
	before = zl_engine_flows_brief(e, s->initiator.same);
	return before != NULL && evidence_of(before) == ZL_EVIDENCE_TAP
		       ? s->initiator.same
		       : e->n_seen;
}

/* Is its source a machine whose own tap will tell of it, if it was that machine? */
static bool may_be_copy(struct zl_engine *e, const struct zl_seen *s)
{
	const struct zl_endpoint *src = &s->sighting.src;

	return (src->evidence == ZL_EVIDENCE_MAC ||
		       src->evidence == ZL_EVIDENCE_ADDRESS) &&
	       zl_engine_exporters_watch(e, src->host);
}

/* The window may have gone on when it is due. */
bool zl_engine_copies_hold(
	struct zl_engine *e, const struct zl_seen *s, struct zl_mono due)
{
	struct zl_seen *copy;

	if (e->n_doubts == ZL_DOUBTS_MAX || !may_be_copy(e, s))
		return false;
	copy = aligned_alloc(alignof(struct zl_seen), sizeof(*copy));
	if (copy == NULL)
		return false;
	memset(copy, 0, sizeof(*copy));
	memcpy(copy, s, offsetof(struct zl_seen, sighting));
	zl_correlate_copy(&copy->sighting, &s->sighting);
	e->doubts[e->n_doubts++] = (struct zl_doubt){ .due = due, .copy = copy };
	return true;
}

int zl_engine_copies_gather(struct zl_engine *e, struct zl_map *best)
{
	struct zl_seen *s;

	zl_map_init(best, sizeof(struct flow_key), ZL_WINDOW);
	for (uint64_t i = e->n_seen; (s = zl_engine_flows_seen(e, i)) != NULL; i--) {
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
