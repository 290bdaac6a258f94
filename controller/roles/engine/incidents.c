/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Violations into incidents, and what is done about them.
 *
 * One open incident per domain and lock, one lease per domain and action, however many
 * flows: the rest is counted, and the counts are written once a second.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/flow/moment.h"
#include "controller/roles/engine/incidents.h"
#include "controller/roles/engine/tally.h"

/* Policy may not know mitigate/, so its enums only have the same order. */
_Static_assert((int)ZL_RESPONSE_ALERT == (int)ZL_ACTION_ALERT &&
		       (int)ZL_RESPONSE_QUARANTINE == (int)ZL_ACTION_QUARANTINE &&
		       (int)ZL_RESPONSE_BLOCK_FLOW == (int)ZL_ACTION_BLOCK_FLOW &&
		       (int)ZL_RESPONSE_FORENSIC == (int)ZL_GRADE_FORENSIC &&
		       (int)ZL_RESPONSE_STRICT == (int)ZL_GRADE_STRICT &&
		       (int)ZL_RESPONSE_NFTABLES == (int)ZL_BACKEND_NFTABLES &&
		       (int)ZL_RESPONSE_NWFILTER == (int)ZL_BACKEND_NWFILTER,
	"a lock's response is not what mitigate/ makes of it");

/* How long a refused or failed action is not tried again for the same incident. */
#define RETRY_US (60 * (uint64_t)ZL_US_PER_S)
/*
 * Who is no domain of ours shares one incident per lock with all others outside, under
 * this name and no uuid.  The domain at the other end is never named as if it were to
 * blame.
 */
static const struct zl_endpoint outside = {
	.name = "(outside)", .host = "", .tap = ""
};

static void count_leftover(
	struct zl_engine_release *r, struct zl_case *c, const struct zl_flow *f)
{
	uint64_t each = f->sampling > 1 ? f->sampling : 1, n;

	if (!c->ends && c->began.us != 0 && c->began.us <= r->when.us &&
		c->seen.us > r->when.us) {
		if (__builtin_mul_overflow(f->packets, each, &n) ||
			__builtin_add_overflow(r->leftover, n, &r->leftover))
			r->leftover = UINT64_MAX;
	}
	c->leftover = r->leftover;
}

static void fill_case(struct zl_engine *e, const struct zl_seen *s,
	const struct zl_endpoint *who, const struct zl_verdict *verdict,
	struct zl_case *c)
{
	const struct zl_response *resp = &verdict->lock->response;
	struct zl_engine_release *released = zl_map_find(&e->releases, &who->domain);
	const struct zl_index_host *host = zl_index_host(e->index, who->host);
	const char *why;

	*c = (struct zl_case){ .lock = verdict->lock->name,
		.enforce = verdict->lock->mode == ZL_LOCK_ENFORCE,
		.response = (enum zl_action)resp->action,
		.backend = (enum zl_backend_id)resp->backend,
		.offender_known = who->evidence != ZL_EVIDENCE_NONE,
		.initiator_certain = zl_stitch_is_certain(s->initiator.confidence),
		.confidence = zl_confidence_name(s->initiator.confidence),
		.evidence = who->evidence,
		.provisional = s->flow.is_provisional != 0,
		.sampling_known = s->flow.sampling != 0,
		.forwarding = who->forwarding,
		.by_claim = s->by_claim,
		.seen = zl_moment(&s->flow, ZL_MOMENT_NO_OFFSET).earliest,
		.past = s->sighting.past,
		.began = s->initiator.began,
		.ends = s->initiator.ends,
		.host_fresh = host != NULL && host->state == ZL_HOST_UP,
		.n_nics = who->n_nics };
	/* In the future: the clock was set back.  Wait no longer than from now on. */
	if (released != NULL && released->when.us > zl_wall_now().us)
		released->when = zl_wall_now();
	if (released != NULL) {
		c->released = released->when;
		count_leftover(released, c, &s->flow);
	}
	c->replayed = e->is_replay;
	c->enforcer_up = e->is_replay ||
			 zl_engine_leases_enforcer_up(e, c->backend, who->host, &why);
}

static void note_decision(struct zl_engine_incident *inc, const struct zl_decision *d)
{
	(void)snprintf(inc->row.decision, sizeof(inc->row.decision), "%s",
		zl_action_name(d->action));
	(void)snprintf(inc->row.decision_reason, sizeof(inc->row.decision_reason), "%s",
		d->reason);
}

static struct zl_block block_of(const struct zl_flow *f, bool forward)
{
	struct zl_block b;

	memset(&b, 0, sizeof(b));
	b.dst = forward ? f->dst : f->src;
	b.dport = forward ? f->dport : f->sport;
	b.proto = f->proto;
	return b;
}

/* What was decided cannot be done: not again at once, and said once. */
static void note_failure(
	struct zl_engine_incident *inc, uint64_t wait_us, const struct zl_error *err)
{
	inc->retry_after.us = zl_mono_now().us + wait_us;
	if (strcmp(inc->row.decision_reason, err->msg) != 0)
		zl_log_error(LOG_ERR, err, inc->row.domain_name);
	(void)snprintf(inc->row.decision_reason, sizeof(inc->row.decision_reason), "%s",
		err->msg);
}

static void add_block(struct zl_engine_incident *inc, struct zl_engine_lease *l,
	const struct zl_block *block, const char *actor)
{
	struct zl_error err = { 0 };
	int r = zl_engine_leases_add_block(l, block, actor, inc->evidence);

	if (r >= 0)
		return;
	if (r == -E2BIG)
		(void)zl_fail_id(&err, r, "block-flow.full", "quarantine the domain",
			"%d services are blocked for the domain, and no more can be",
			ZL_LEASE_BLOCKS_MAX);
	else
		(void)zl_fail(&err, r,
			"one more service is not blocked, because it cannot be "
			"recorded");
	note_failure(inc, r == -E2BIG ? RETRY_US : ZL_US_PER_S, &err);
}

/* The decision is to act: one lease, however many flows. */
static void act(struct zl_engine *e, struct zl_engine_incident *inc,
	const struct zl_seen *s, const struct zl_verdict *verdict,
	const struct zl_decision *d)
{
	const struct zl_response *resp = &verdict->lock->response;
	struct zl_engine_lease *l = zl_engine_leases_of(e, &inc->row.domain, d->action);
	struct zl_block block = block_of(&s->flow, s->initiator.side != ZL_SIDE_DST);
	char actor[80], cause[ZL_LEASE_TEXT];
	struct zl_error err = { 0 };
	struct zl_lease_want want = { .domain = inc->row.domain,
		.action = d->action,
		.grade = (enum zl_grade)resp->grade,
		.backend = (enum zl_backend_id)resp->backend,
		.ttl_s = resp->ttl_s,
		.actor = actor,
		.reason = d->reason,
		.cause = cause,
		.record_arrival = s->flow.arrival,
		.block = d->action == ZL_ACTION_BLOCK_FLOW ? &block : NULL,
		.incident = inc,
		.evidence = inc->evidence };

	(void)snprintf(actor, sizeof(actor), "lock %s", inc->row.lock);
	(void)snprintf(
		cause, sizeof(cause), "lock %s: %.80s", inc->row.lock, inc->row.rule);
	if (l != NULL) {
		inc->row.lease = l->row.lease.id;
		if (inc->row.id == 0)
			(void)zl_engine_incidents_write(e, inc, "incident-open");
		if (want.block != NULL)
			add_block(inc, l, &block, actor);
		return;
	}
	if (zl_engine_leases_begin(e, &want, &l, &err) >= 0) {
		inc->dirty = false;
		return;
	}
	note_failure(inc, ZL_US_PER_S, &err);
}

void zl_engine_incidents_violation(
	struct zl_engine *e, struct zl_seen *s, const struct zl_verdict *verdict)
{
	bool forward = s->initiator.side != ZL_SIDE_DST;
	const struct zl_endpoint *offender =
		forward ? &s->sighting.src : &s->sighting.dst;
	const struct zl_endpoint *who =
		offender->evidence != ZL_EVIDENCE_NONE ? offender : &outside;
	struct zl_engine_incident *inc;
	char rule[ZL_VERDICT_STR];
	struct zl_decision d;
	struct zl_case c;
	bool is_new;

	zl_tally_add(&e->violations, verdict->lock->name, !s->counted);
	inc = zl_engine_incidents_open(
		e, who, verdict->lock->name, zl_evaluate_format(verdict, rule));
	if (inc == NULL)
		return;
	is_new = inc->row.id == 0;
	(void)zl_engine_copies_note(e, s);
	zl_engine_incidents_count(inc, s);
	s->counted = true;
	fill_case(e, s, who, verdict, &c);
	zl_decide(&c, &d);
	if (d.action == ZL_ACTION_ALERT) {
		bool would_act = strcmp(d.guard, ZL_DECISION_REPLAY) == 0;
		const struct zl_uuid nothing = { 0 };

		/* What is in force, or would be but for the replay, stands against
		 * weaker evidence later; of the reasons to do nothing the last one is
		 * told. */
		if (!is_new && !would_act &&
			(e->is_replay || !zl_uuid_eq(&inc->row.lease, &nothing)))
			return;
		note_decision(inc, &d);
		if (is_new)
			(void)zl_engine_incidents_write(e, inc, "incident-open");
	} else if (inc->seen.us >= inc->retry_after.us) {
		note_decision(inc, &d);
		act(e, inc, s, verdict, &d);
	}
}

/* A lease of this incident came to nothing: not again at once. */
void zl_engine_incidents_on_failed(struct zl_engine *e, uint64_t id, const char *why)
{
	struct zl_engine_incident *inc;

	if (id == 0)
		return;
	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;) {
		if (inc->row.id != id)
			continue;
		inc->retry_after.us = zl_mono_now().us + RETRY_US;
		inc->row.lease = (struct zl_uuid){ 0 };
		(void)snprintf(inc->row.decision_reason,
			sizeof(inc->row.decision_reason), "%s", why);
		inc->dirty = true;
	}
}
