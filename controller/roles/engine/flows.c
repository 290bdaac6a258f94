/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records out of the ring: who, who began, may they?
 *
 * A record is copied out once, checked, and then worked on.  What the collector writes
 * is hostile: it parses hostile bytes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/bulk.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/flow/moment.h"
#include "controller/roles/engine/engine.h"

/* In one go before the loop looks at anything else. */
enum { BATCHES_PER_WAKE = 16 };
enum { RING_MOST = 1 << 20 }; /* more records than any ring has room for */
/* Exporters that keep flows give the other direction away within this. */
#define DOUBT_US (4 * (uint64_t)ZL_US_PER_S)
/* The year 9999. */
#define START_MOST_MS INT64_C(253402300800000)

static bool is_sane(const struct zl_flow *f)
{
	const uint32_t needed = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO;

	return (f->present & needed) == needed && f->arrival.us > 0 &&
	       zl_flow_version_is_known(f->version);
}

/* A time that cannot be is none: differences of those that are left do not overflow. */
static void drop_absurd_start(struct zl_flow *f)
{
	if (f->first_ms > 0 && f->first_ms < START_MOST_MS)
		return;
	f->present &= ~(uint32_t)ZL_FLOW_FIRST;
	f->first_ms = 0;
}

/* What a record does not say of its sampling the admin says, or nobody. */
static void settle_sampling(struct zl_flow *f, uint32_t by_admin)
{
	if ((f->present & ZL_FLOW_SAMPLING) == 0 || f->sampling == 0)
		f->sampling = by_admin;
	if (f->sampling != 0)
		f->present |= ZL_FLOW_SAMPLING;
	else
		f->present &= ~(uint32_t)ZL_FLOW_SAMPLING;
}

/*
 * What the locks say, the addresses in the packet doing nobody any good: an initiator
 * has the rights of what it is for sure, and a responder is protected as whatever it
 * may be.  Only an initiator of which nothing is known for sure is given its address's
 * word against an automatic action.
 */
static void ask(struct zl_engine *e, struct zl_conversation *c,
	const struct zl_engine_class *from, const struct zl_engine_class *to,
	struct zl_verdict *ret, bool *ret_by_claim)
{
	struct zl_verdict v;

	*ret_by_claim = false;
	c->initiator = from->sure;
	c->responder = to->sure;
	zl_evaluate_memo(e->policy, c, ret);
	if (ret->kind != ZL_VERDICT_DENY && to->claimed != to->sure) {
		c->responder = to->claimed;
		zl_evaluate_memo(e->policy, c, ret);
	}
	if (!from->is_open)
		return;
	c->initiator = from->claimed;
	c->responder = to->claimed;
	zl_evaluate_memo(e->policy, c, &v);
	*ret_by_claim = ret->kind == ZL_VERDICT_DENY && v.kind != ZL_VERDICT_DENY;
	if (!*ret_by_claim)
		*ret = v;
}

/* For every record, so without the formatter. */
static void copy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

/* The service that the initiator wanted; `forward`: that is the source. */
static void evaluate(struct zl_engine *e, const struct zl_seen *s, bool forward,
	struct zl_verdict *ret, bool *ret_by_claim)
{
	const struct zl_flow *f = &s->flow;
	struct zl_conversation c = { .proto = f->proto,
		.dport = forward ? f->dport : f->sport };
	struct zl_engine_class src = zl_engine_classes_of(e, &s->sighting.src, &f->src);
	struct zl_engine_class dst = zl_engine_classes_of(e, &s->sighting.dst, &f->dst);

	ask(e, &c, forward ? &src : &dst, forward ? &dst : &src, ret, ret_by_claim);
}

static void judge(struct zl_engine *e, struct zl_seen *s, struct zl_verdict *ret)
{
	bool forward = s->initiator.side != ZL_SIDE_DST;

	/* Expanded just now: nothing but who began may be another than it was. */
	if (s->brief.is_known && s->brief.is_forward == forward) {
		*ret = (struct zl_verdict){
			.kind = (enum zl_verdict_kind)s->brief.verdict
		};
		return;
	}
	evaluate(e, s, forward, ret, &s->by_claim);
	s->brief.is_known = false;
	s->brief.is_ruled = true;
	s->brief.is_forward = forward;
	s->brief.verdict = (uint8_t)ret->kind;
	copy(s->verdict, zl_evaluate_kind_name(ret->kind), sizeof(s->verdict));
	copy(s->lock, ret->lock == NULL ? "" : ret->lock->name, sizeof(s->lock));
}

static void judge_and_act(struct zl_engine *e, struct zl_seen *s)
{
	struct zl_verdict verdict;

	judge(e, s, &verdict);
	zl_engine_replay_count(e, s, verdict.kind);
	if (verdict.kind == ZL_VERDICT_DENY)
		zl_engine_incidents_violation(e, s, &verdict);
}

/* The oldest have to make way for the batch that is worked on. */
struct zl_seen *zl_engine_flows_brief(struct zl_engine *e, uint64_t number)
{
	return number == 0 || e->n_seen - number >= ZL_WINDOW - ZL_FLOWS_BATCH
		       ? NULL
		       : &e->window[(number - 1) % ZL_WINDOW];
}

struct zl_seen *zl_engine_flows_seen(struct zl_engine *e, uint64_t number)
{
	struct zl_seen *s = zl_engine_flows_brief(e, number);

	if (s != NULL)
		zl_engine_settle_expand(e, s);
	return s;
}

/* Does a record of the other direction say that the sender of the earlier one began? */
static bool overturns(const struct zl_initiator *is, const struct zl_initiator *other)
{
	return !zl_stitch_is_certain(other->confidence) && !other->answers &&
	       (is->proves || (is->side == ZL_SIDE_DST && other->side != ZL_SIDE_SRC));
}

/*
 * The other direction of an earlier record has come.  When it says that the sender of
 * the earlier one began, and that did not say so for sure, the earlier one is judged
 * again: its tap is evidence, and that of who answered is not.
 */
static void look_back(struct zl_engine *e, const struct zl_seen *s)
{
	struct zl_seen *other = zl_engine_flows_brief(e, s->initiator.other);

	if (other == NULL)
		return;
	other->answered = true;
	if (!overturns(&s->initiator, &other->initiator))
		return;
	zl_engine_settle_expand(e, other);
	other->initiator.side = ZL_SIDE_SRC;
	other->initiator.confidence =
		s->initiator.proves ? s->initiator.confidence : ZL_CONFIDENCE_GUESS;
	judge_and_act(e, other);
}

/* A datagram from a server's port passes for an answer: may it be the beginning? */
static bool may_ask(struct zl_engine *e, const struct zl_seen *s)
{
	const struct zl_sighting *at = &s->sighting;
	struct zl_verdict verdict;
	bool by_claim;

	/* Only where we would have seen what it answers. */
	if (s->flow.proto != IPPROTO_UDP || !s->initiator.first ||
		zl_stitch_is_certain(s->initiator.confidence) ||
		at->src.evidence != ZL_EVIDENCE_TAP ||
		(strcmp(at->dst.host, at->host) != 0 &&
			!zl_engine_exporters_watch(e, at->dst.host)))
		return false;
	evaluate(e, s, true, &verdict, &by_claim);
	return verdict.kind == ZL_VERDICT_DENY;
}

/*
 * An answer names the domain that it goes to by its address, which is not what anybody
 * acts on, and may be what another one asked in that name.  The domain's own record
 * says more.  It is waited for, because exporters do not keep the order; who is not
 * seen to ask is blamed for it only then.
 */
static void take_answer(struct zl_engine *e, struct zl_seen *s)
{
	const struct zl_seen *asked = zl_engine_flows_seen(e, s->initiator.other);
	struct zl_doubt d = { .number = e->n_seen,
		.due = { zl_mono_now().us + DOUBT_US } };
	struct zl_verdict verdict;

	judge(e, s, &verdict);
	zl_engine_replay_count(e, s, verdict.kind);
	if (asked != NULL && asked->sighting.src.evidence == ZL_EVIDENCE_TAP)
		return;
	d.may_ask = asked == NULL && may_ask(e, s);
	if (verdict.kind != ZL_VERDICT_DENY && !d.may_ask)
		return;
	if (e->n_doubts < ZL_DOUBTS_MAX)
		e->doubts[e->n_doubts++] = d;
	else if (verdict.kind == ZL_VERDICT_DENY)
		zl_engine_incidents_violation(e, s, &verdict);
}

/*
 * Who is named by MAC or address only, but has a tap that is watched, will be seen there if
 * it was him.  That record is waited for: this one may be a copy of it, or of a lie.
 */
static void take_question(struct zl_engine *e, struct zl_seen *s)
{
	struct zl_verdict verdict;

	judge(e, s, &verdict);
	zl_engine_replay_count(e, s, verdict.kind);
	if (verdict.kind == ZL_VERDICT_DENY &&
		!zl_engine_copies_hold(
			e, s, (struct zl_mono){ zl_mono_now().us + DOUBT_US }))
		zl_engine_incidents_violation(e, s, &verdict);
}

static void settle_copy(struct zl_engine *e, struct zl_seen *s)
{
	if (!zl_stitch_is_forged(
		    e->stitch, &s->flow, s->sighting.true_scope, ZL_SIDE_SRC))
		judge_and_act(e, s);
	free(s);
}

static void settle(struct zl_engine *e, const struct zl_doubt *d)
{
	struct zl_seen *s = zl_engine_flows_seen(e, d->number);

	if (d->copy != NULL) {
		settle_copy(e, d->copy);
		return;
	}
	if (s == NULL || s->answered ||
		zl_stitch_is_forged(
			e->stitch, &s->flow, s->sighting.true_scope, ZL_SIDE_DST))
		return;
	if (d->may_ask) {
		s->initiator.side = ZL_SIDE_SRC;
		s->initiator.confidence = ZL_CONFIDENCE_GUESS;
	}
	judge_and_act(e, s);
}

void zl_engine_flows_tick(struct zl_engine *e, struct zl_mono now)
{
	unsigned n = 0;

	zl_stitch_tick(e->stitch);
	if (e->settled != NULL)
		zl_settled_tick(e->settled);
	while (n < e->n_doubts && e->doubts[n].due.us <= now.us)
		settle(e, &e->doubts[n++]);
	e->n_doubts -= n;
	memmove(e->doubts, e->doubts + n, e->n_doubts * sizeof(*e->doubts));
}

/* What a liar says is its own act, and none of whom it pretends to be. */
static void take_lie(struct zl_engine *e, struct zl_seen *s)
{
	zl_stitch_forged(e->stitch, &s->flow, s->sighting.true_scope, zl_mono_now());
	if (s->sighting.src.evidence == ZL_EVIDENCE_TAP)
		zl_engine_incidents_spoofing(e, s);
}

/* What the record shows, and what follows. */
static void take_sighting(struct zl_engine *e, struct zl_seen *s, struct zl_mono now)
{
	s->initiator = zl_stitch(e->stitch, &s->flow, s->sighting.scope,
		s->sighting.src.evidence, e->n_seen, now);
	if (zl_engine_copies_prefer(e, s) != e->n_seen)
		zl_stitch_restore(
			e->stitch, &s->flow, s->sighting.scope, s->initiator.same);
	if (s->sighting.spoofed)
		take_lie(e, s);
	if (s->sighting.held_by[0] != '\0')
		zl_engine_incidents_holder(e, s);
	look_back(e, s);
	if (s->initiator.side == ZL_SIDE_DST &&
		s->sighting.dst.evidence != ZL_EVIDENCE_NONE)
		take_answer(e, s);
	else
		take_question(e, s);
}

/* The flows are in their places in the window already: those that come next. */
struct batch {
	struct zl_seen *seen[ZL_FLOWS_BATCH];
	struct zl_index_fetch fetch[ZL_FLOWS_BATCH];
	struct zl_exporter_info *exporters[ZL_FLOWS_BATCH];
	struct zl_settled known[ZL_FLOWS_BATCH];
	struct zl_stitch_settled stitched[ZL_FLOWS_BATCH];
	bool is_known[ZL_FLOWS_BATCH];
	uint64_t hash[ZL_FLOWS_BATCH];
};

/* Who sent them?  Those that are no use are left out; how many are left. */
static unsigned choose(struct zl_engine *e, struct batch *b, unsigned n)
{
	struct zl_exporter_info *x = NULL;
	struct zl_addr before;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct zl_flow *f = &b->seen[i]->flow;

		/* A datagram's records follow each other. */
		if (i == 0 || !zl_addr_eq(&f->exporter, &before))
			x = zl_engine_exporters_find(e, &f->exporter);
		before = f->exporter;
		e->n_records++;
		if (!is_sane(f) || x == NULL)
			continue;
		if (kept != i) {
			b->seen[kept]->flow = *f;
			f = &b->seen[kept]->flow;
		}
		drop_absurd_start(f);
		settle_sampling(f, x->sampling);
		b->exporters[kept] = x;
		b->fetch[kept++] = (struct zl_index_fetch){ .host = x->host,
			.ifindex = zl_engine_ifnames_index(
				e, x, zl_correlate_interface(f)),
			.src = &f->src,
			.dst = &f->dst,
			.when = zl_moment(f, x->stats.has_offset
						     ? x->stats.offset_us
						     : ZL_MOMENT_NO_OFFSET) };
	}
	return kept;
}

static void fetch_class(struct zl_engine *e, const struct zl_endpoint *end)
{
	if (end->evidence != ZL_EVIDENCE_NONE)
		zl_map_fetch(&e->classes, zl_map_hash(&e->classes, &end->domain));
}

/* Which of them are settled?  For good, once each has its turn. */
static void look_up(
	struct zl_engine *e, struct batch *b, unsigned n, struct zl_wall now)
{
	const struct zl_settled *k;

	for (unsigned i = 0; i < n; i++) {
		b->known[i].key = zl_settled_key(
			e->settled, &b->seen[i]->flow, b->exporters[i]->number);
		zl_settled_fetch(e->settled, &b->known[i].key, 0);
	}
	for (unsigned i = 0; i < n; i++)
		zl_settled_fetch(e->settled, &b->known[i].key, 1);
	for (unsigned i = 0; i < n; i++) {
		k = zl_stitch_is_plain(&b->seen[i]->flow)
			    ? zl_settled_find(e->settled, &b->known[i].key)
			    : NULL;
		b->is_known[i] = k != NULL &&
				 zl_engine_settle_is_good(e, k, &b->fetch[i].when, now);
		if (!b->is_known[i])
			continue;
		b->known[i] = *k;
		b->stitched[i] = zl_settled_stitched(k);
		zl_stitch_fetch_settled(
			e->stitch, &b->seen[i]->flow, &b->stitched[i], 0);
	}
}

/* Who was it?  Known, or asked. */
static void identify(
	struct zl_engine *e, struct batch *b, unsigned i, struct zl_wall wall)
{
	struct zl_exporter_info *x = b->exporters[i];
	struct zl_settled *k = &b->known[i];
	struct zl_seen *s = b->seen[i];
	uint32_t present = s->flow.present;

	if (b->is_known[i] && zl_engine_settle_is_good(e, k, &b->fetch[i].when, wall)) {
		zl_engine_settle_note(x, k, s);
		zl_stitch_fetch_settled(e->stitch, &s->flow, &b->stitched[i], 1);
		return;
	}
	/* Somebody before it in the batch has changed it. */
	if (b->is_known[i])
		zl_index_fetch(e->index, &b->fetch[i], 0);
	b->is_known[i] = false;
	memset(&s->initiator, 0,
		offsetof(struct zl_seen, sighting) -
			offsetof(struct zl_seen, initiator));
	zl_correlate_fetched(e->index, &b->fetch[i],
		zl_host_interfaces_show_taps(x->interfaces), &s->flow, wall,
		&s->sighting);
	zl_engine_exporters_count(
		x, zl_engine_exporters_shows(e, x, b->fetch[i].ifindex, s), &s->flow);
	if (e->settled != NULL) {
		k->topics = zl_index_topics(e->index, &b->fetch[i],
			(present & ZL_FLOW_SRC_MAC) != 0 ? &s->flow.src_mac : NULL,
			(present & ZL_FLOW_DST_MAC) != 0 ? &s->flow.dst_mac : NULL);
		k->news = zl_engine_settle_news(e, &k->topics);
	}
	zl_stitch_fetch(e->stitch, &s->flow, s->sighting.scope, 0, &b->hash[i]);
	fetch_class(e, &s->sighting.src);
	fetch_class(e, &s->sighting.dst);
}

/* Nothing is left to decide, unless what was stitched meanwhile says so. */
static bool take_settled(struct zl_engine *e, const struct zl_settled *k,
	const struct zl_stitch_settled *stitched, struct zl_seen *s, struct zl_mono now)
{
	struct zl_seen *other;

	if (!zl_stitch_is_settled(e->stitch, &s->flow, stitched))
		return false;
	s->initiator = (struct zl_initiator){ .side = (enum zl_side)k->side,
		.confidence = (enum zl_confidence)k->confidence,
		.other = zl_stitch_last(e->stitch, &s->flow, stitched, ZL_SIDE_DST),
		.same = zl_stitch_last(e->stitch, &s->flow, stitched, ZL_SIDE_SRC),
		.proves = k->proves,
		.ends = zl_stitch_ends(&s->flow) };
	s->initiator.answers =
		zl_stitch_plain_answers(s->initiator.side, s->initiator.confidence);
	/* What nobody judges again is not asked when it began. */
	if (!zl_stitch_is_certain(s->initiator.confidence))
		s->initiator.began = zl_stitch_began(
			e->stitch, &s->flow, stitched, s->initiator.side);
	other = zl_engine_flows_brief(e, s->initiator.other);
	if (other != NULL && overturns(&s->initiator, &other->initiator))
		return false;
	if (other != NULL)
		other->answered = true;
	e->n_settled++;
	zl_stitch_count(
		e->stitch, &s->flow, stitched, zl_engine_copies_prefer(e, s), now);
	return true;
}

/*
 * Each step for the whole batch before the next: what it will touch has been fetched
 * together by then.  What follows from the records is done in their order.
 */
static void take_batch(struct zl_engine *e, struct batch *b, unsigned n)
{
	struct zl_wall wall;
	struct zl_mono now;

	n = choose(e, b, n);
	if (e->is_replay && n != 0)
		zl_engine_replay_to(e, &b->seen[0]->flow, b->exporters[0]);
	wall = zl_wall_now();
	now = zl_mono_now();
	memset(b->is_known, 0, sizeof(b->is_known));
	if (e->settled != NULL)
		look_up(e, b, n, wall);
	for (unsigned step = 0; step < ZL_INDEX_FETCH_STEPS; step++)
		for (unsigned i = 0; i < n; i++)
			if (!b->is_known[i])
				zl_index_fetch(e->index, &b->fetch[i], step);
	for (unsigned i = 0; i < n; i++)
		identify(e, b, i, wall);
	for (unsigned i = 0; i < n; i++)
		if (!b->is_known[i])
			zl_stitch_fetch(e->stitch, NULL, 0, 1, &b->hash[i]);
	for (unsigned i = 0; i < n; i++) {
		struct zl_seen *s = b->seen[i];

		e->n_seen++;
		if (b->is_known[i] &&
			take_settled(e, &b->known[i], &b->stitched[i], s, now))
			continue;
		zl_engine_settle_expand(e, s);
		s->brief.is_known = b->is_known[i];
		take_sighting(e, s, now);
		s->brief.is_known = false;
		if (e->settled != NULL)
			zl_engine_settle_keep(
				e, b->exporters[i], &b->known[i], s, wall);
	}
}

/* What is in the ring, up to a batch.  A replay moves its clock by each record. */
static unsigned take_some(struct zl_engine *e)
{
	static struct batch b;
	void *flows[ZL_FLOWS_BATCH];
	unsigned n = e->is_replay ? 1 : ZL_FLOWS_BATCH;

	for (unsigned i = 0; i < n; i++) {
		b.seen[i] = &e->window[(e->n_seen + i) % ZL_WINDOW];
		flows[i] = &b.seen[i]->flow;
	}
	n = zl_ring_read_to(e->ring, flows, n);
	if (n != 0)
		take_batch(e, &b, n);
	return n;
}

/*
 * False: there is more, and the rest of the loop has its turn first.  A producer that
 * lies can make the ring look neither empty nor readable, so tries are what is counted.
 */
static bool drain(struct zl_engine *e)
{
	for (unsigned i = 0; i < BATCHES_PER_WAKE; i++)
		if (take_some(e) == 0 && zl_ring_sleep(e->ring))
			return true;
	return false;
}

void zl_engine_flows_drain(struct zl_engine *e)
{
	for (unsigned left = RING_MOST; left > 0 && take_some(e) != 0; left--)
		;
}

static int on_wake(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_engine *e = user;
	eventfd_t n;

	(void)s;
	(void)revents;
	(void)eventfd_read(fd, &n);
	if (!drain(e))
		(void)eventfd_write(fd, 1);
	return 0;
}

int zl_engine_flows_attach(
	struct zl_engine *e, int ring, int wake, struct zl_error *reterr)
{
	int r = zl_ring_map(ring, sizeof(struct zl_flow), &e->ring, reterr);

	if (r < 0)
		return r;
	e->wake = wake;
	e->window = zl_bulk_new(ZL_WINDOW, sizeof(*e->window)).at;
	if (e->window == NULL || zl_stitch_new(ZL_STITCH_BUCKETS, &e->stitch) < 0 ||
		zl_twins_new(ZL_TWINS, &e->twins) < 0 || zl_engine_settle_init(e) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = sd_event_add_io(e->event, NULL, wake, EPOLLIN, on_wake, e);
	if (r < 0)
		return zl_fail(reterr, r, "cannot watch the ring: %s", strerror(-r));
	(void)eventfd_write(wake, 1); /* what came while we were away */
	return 0;
}

json_t *zl_engine_flows_to_json(const struct zl_seen *s)
{
	const struct zl_flow *f = &s->flow;
	const struct zl_sighting *at = &s->sighting;
	char exporter[ZL_ADDR_STR], src[ZL_ADDR_STR], dst[ZL_ADDR_STR];
	enum zl_evidence evidence =
		s->initiator.side == ZL_SIDE_DST ? at->dst.evidence : at->src.evidence;

	return json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}",
		"arrival_ms", (json_int_t)zl_wall_ms(f->arrival), "exporter",
		zl_addr_format(&f->exporter, exporter), "host", at->host, "src",
		zl_addr_format(&f->src, src), "dst", zl_addr_format(&f->dst, dst),
		"sport", (json_int_t)f->sport, "dport", (json_int_t)f->dport, "proto",
		(json_int_t)f->proto, "bytes", (json_int_t)f->octets, "packets",
		(json_int_t)f->packets, "tcp_flags", (json_int_t)f->tcp_flags, "in_if",
		(json_int_t)f->in_if, "arrival_us", (json_int_t)f->arrival.us,
		"src_domain", zl_varlink_text(at->src.name), "dst_domain",
		zl_varlink_text(at->dst.name), "src_tap", at->src.tap, "evidence",
		zl_evidence_name(evidence), "src_evidence",
		zl_evidence_name(at->src.evidence), "initiator",
		zl_side_name(s->initiator.side), "confidence",
		zl_confidence_name(s->initiator.confidence), "verdict", s->verdict,
		"lock", s->lock, "spoofed",
		zl_varlink_text(at->spoofed ? at->claimed : ""), "sampling",
		f->sampling == 0 ? json_null() : json_integer((json_int_t)f->sampling));
}
