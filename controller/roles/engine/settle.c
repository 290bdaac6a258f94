/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settled records in the engine: what is kept of a record of which nothing came, and what
 * is written of the next one like it.
 */
#include <errno.h>
#include <string.h>

#include "controller/roles/engine/engine.h"

int zl_engine_settle_init(struct zl_engine *e)
{
	int r = zl_parties_init(&e->parties);

	/* A replay is for being sure, not quick: every record in full. */
	return r < 0 || e->is_replay ? r : zl_settled_new(ZL_SETTLED_SETS, &e->settled);
}

uint32_t zl_engine_settle_news(
	const struct zl_engine *e, const struct zl_index_topics *topics)
{
	return zl_settled_news(zl_index_news(e->index), topics, e->epoch);
}

/*
 * What has ended is news of all that had it (inventory/index.h), so that traffic from after
 * the entry has no past that the entry has not.  Of earlier traffic that is so when nothing
 * has ended at all.
 */
bool zl_engine_settle_is_good(const struct zl_engine *e, const struct zl_settled *k,
	const struct zl_index_when *when, struct zl_wall now)
{
	return k->news == zl_engine_settle_news(e, &k->topics) &&
	       zl_settled_is_fresh(k, now) &&
	       (!zl_index_has_past(e->index, when, now) ||
		       (zl_settled_is_of_now(k, when) &&
			       !zl_index_is_long_ago(e->index, when, now)));
}

/* --- in brief --- */

void zl_engine_settle_note(
	struct zl_exporter_info *x, const struct zl_settled *known, struct zl_seen *s)
{
	s->answered = s->counted = s->by_claim = false;
	s->twin = ZL_TWIN_UNKNOWN;
	s->n_verdict = 0;
	s->brief = (struct zl_seen_brief){ .is_all = true,
		.verdict = known->verdict,
		.is_ruled = true,
		.is_forward = known->side != ZL_SIDE_DST,
		.src_evidence = known->src_evidence,
		.dst_evidence = known->dst_evidence,
		.src = known->src,
		.dst = known->dst,
		.host = x->party,
		.lock = known->lock };
	zl_engine_exporters_count(x,
		known->src_evidence == ZL_EVIDENCE_TAP	? ZL_EXPORTER_SHOWS_TAP
		: zl_correlate_interface(&s->flow) == 0 ? ZL_EXPORTER_SHOWS_NO_INTERFACE
		: known->unknown_interface		? ZL_EXPORTER_SHOWS_UNKNOWN
							: ZL_EXPORTER_SHOWS_OTHER,
		&s->flow);
}

/* The names of a party are gone when all parties are. */
static const char *keep_text(struct zl_sighting *at, const char *from)
{
	char *to = &at->text[at->n_text];
	size_t n = strlen(from) + 1;

	if (at->n_text + n > sizeof(at->text))
		return "";
	memcpy(to, from, n);
	at->n_text = (uint16_t)(at->n_text + n);
	return to;
}

static void fill(struct zl_sighting *at, struct zl_endpoint *end,
	const struct zl_party *party, uint8_t evidence)
{
	*end = party->end;
	end->evidence = (enum zl_evidence)evidence;
	end->name = keep_text(at, party->end.name);
	end->host = keep_text(at, party->end.host);
	end->tap = keep_text(at, party->end.tap);
}

void zl_engine_settle_expand(struct zl_engine *e, struct zl_seen *s)
{
	const struct zl_party *src, *dst, *host, *lock;
	struct zl_sighting *at = &s->sighting;

	if (!s->brief.is_all)
		return;
	src = zl_parties_get(&e->parties, s->brief.src);
	dst = zl_parties_get(&e->parties, s->brief.dst);
	host = zl_parties_get(&e->parties, s->brief.host);
	lock = zl_parties_get(&e->parties, s->brief.lock);
	s->brief.is_all = false;
	memset(at, 0, offsetof(struct zl_sighting, text));
	at->claimed = at->held_by = at->past.name = "";
	at->host = keep_text(at, host->end.name);
	fill(at, &at->src, src, s->brief.src_evidence);
	fill(at, &at->dst, dst, s->brief.dst_evidence);
	at->scope = at->true_scope =
		at->src.evidence != ZL_EVIDENCE_NONE ? src->scope : dst->scope;
	(void)snprintf(s->verdict, sizeof(s->verdict), "%s",
		zl_evaluate_kind_name((enum zl_verdict_kind)s->brief.verdict));
	(void)snprintf(s->lock, sizeof(s->lock), "%s", lock->end.name);
}

/* --- keeping --- */

/* There are too many: all numbers are void, and what was kept with them. */
static void forget_parties(struct zl_engine *e)
{
	struct zl_exporter_info *x;

	for (unsigned i = 0; i < ZL_WINDOW; i++)
		zl_engine_settle_expand(e, &e->window[i]);
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		x->party = 0;
	zl_parties_forget(&e->parties);
	e->epoch++;
}

static int keep_name(struct zl_engine *e, const char *name, uint32_t *ret)
{
	const struct zl_endpoint end = { .name = name, .host = "", .tap = "" };

	return zl_parties_keep(&e->parties, &end, 0, ret);
}

static int keep_end(struct zl_engine *e, const struct zl_endpoint *end, uint64_t scope,
	uint32_t *ret)
{
	*ret = 0;
	return end->evidence == ZL_EVIDENCE_NONE
		       ? 0
		       : zl_parties_keep(&e->parties, end, scope, ret);
}

static int keep_parties(struct zl_engine *e, struct zl_exporter_info *x,
	const struct zl_seen *s, struct zl_settled *k)
{
	const struct zl_sighting *at = &s->sighting;
	bool by_src = at->src.evidence != ZL_EVIDENCE_NONE;
	int r = x->party != 0 ? 0 : keep_name(e, at->host, &x->party);

	if (r >= 0)
		r = keep_end(e, &at->src, at->scope, &k->src);
	if (r >= 0)
		r = keep_end(e, &at->dst, by_src ? 0 : at->scope, &k->dst);
	if (r >= 0 && s->lock[0] != '\0')
		r = keep_name(e, s->lock, &k->lock);
	return r;
}

/*
 * Is there nothing about it that the next one like it would have to be looked at for?  Most
 * conversations have one record in each direction: the second makes another likely.
 */
static bool is_nothing(const struct zl_seen *s)
{
	return !s->initiator.first && s->brief.is_ruled &&
	       s->brief.verdict != ZL_VERDICT_DENY && !s->by_claim &&
	       !s->sighting.spoofed && !s->sighting.learned && !s->sighting.excused &&
	       s->sighting.past.how == ZL_INDEX_PAST_SAME &&
	       zl_stitch_is_plain(&s->flow);
}

void zl_engine_settle_keep(struct zl_engine *e, struct zl_exporter_info *x,
	struct zl_settled *k, const struct zl_seen *s, struct zl_wall now)
{
	const struct zl_index_when at_once = { now, now, now };
	const struct zl_sighting *at = &s->sighting;
	struct zl_initiator is = s->initiator;
	struct zl_stitch_settled stitched;
	int r;

	/* What names of interfaces mean is told by nobody when it changes. */
	if (x->interfaces == ZL_HOST_INTERFACES_NAME || !is_nothing(s) ||
		zl_engine_settle_news(e, &k->topics) != k->news ||
		/* The clock was set back: the entry is to be after all that has ended. */
		zl_index_has_past(e->index, &at_once, now) ||
		!zl_stitch_settle(e->stitch, &s->flow, at->scope, at->src.evidence, &is,
			&stitched))
		return;
	k->lock = 0;
	r = keep_parties(e, x, s, k);
	if (r == -ENOBUFS)
		forget_parties(e);
	if (r < 0)
		return;
	k->verdict = s->brief.verdict;
	k->side = (unsigned)is.side & 3;
	k->confidence = (unsigned)is.confidence & 7;
	k->proves = is.proves;
	k->src_evidence = (unsigned)at->src.evidence & 3;
	k->dst_evidence = (unsigned)at->dst.evidence & 3;
	k->unknown_interface =
		zl_engine_exporters_shows(e, x, zl_correlate_interface(&s->flow), s) ==
		ZL_EXPORTER_SHOWS_UNKNOWN;
	zl_settled_set_stitched(k, &stitched);
	zl_settled_set_time(k, zl_settled_find(e->settled, &k->key), now);
	zl_settled_put(e->settled, k);
}
