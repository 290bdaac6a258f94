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
#include "controller/roles/engine/engine.h"

/* Policy may not know mitigate/, so its enums only have the same order. */
_Static_assert((int)ZL_RESPONSE_ALERT == (int)ZL_ACTION_ALERT &&
		       (int)ZL_RESPONSE_QUARANTINE == (int)ZL_ACTION_QUARANTINE &&
		       (int)ZL_RESPONSE_BLOCK_FLOW == (int)ZL_ACTION_BLOCK_FLOW &&
		       (int)ZL_RESPONSE_FORENSIC == (int)ZL_GRADE_FORENSIC &&
		       (int)ZL_RESPONSE_STRICT == (int)ZL_GRADE_STRICT &&
		       (int)ZL_RESPONSE_NFTABLES == (int)ZL_BACKEND_NFTABLES &&
		       (int)ZL_RESPONSE_NWFILTER == (int)ZL_BACKEND_NWFILTER,
	"a lock's response is not what mitigate/ makes of it");

/* One incident per domain and lock. */
struct incident_key {
	struct zl_uuid domain;
	char lock[64];
};

/* Records without a usable time are taken to be as old as exporters let them get. */
#define UNKNOWN_AGE_US (60 * ZL_US_PER_S)
/* From the header's time stamp to our socket, on a busy exporter. */
#define TRANSIT_US (100 * ZL_US_PER_MS)
/* How long a refused or failed action is not tried again for the same incident. */
#define RETRY_US (60 * (uint64_t)ZL_US_PER_S)
/*
 * An incident without a lease ends when nothing was seen for so long: what comes then is
 * another event, and is told anew.  Longer than exporters hold back a flow (1800 s).
 */
#define IDLE_US (3600 * (uint64_t)ZL_US_PER_S)

static struct incident_key make_key(const struct zl_uuid *domain, const char *lock)
{
	struct incident_key k;

	memset(&k, 0, sizeof(k));
	k.domain = *domain;
	(void)snprintf(k.lock, sizeof(k.lock), "%s", lock);
	return k;
}

static void free_incident(struct zl_engine_incident *inc)
{
	if (inc == NULL)
		return;
	json_decref(inc->evidence);
	free(inc);
}

static int load_one(const struct zl_incident_row *row, void *user)
{
	struct zl_engine *e = user;
	struct zl_engine_incident *inc = calloc(1, sizeof(*inc));
	struct incident_key key = make_key(&row->domain, row->lock);
	int r;

	if (inc == NULL)
		return -ENOMEM;
	inc->row = *row;
	inc->evidence =
		row->evidence == NULL ? json_array() : json_deep_copy(row->evidence);
	inc->row.evidence = inc->evidence;
	inc->seen = zl_mono_now();
	r = zl_map_put(&e->incidents, &key, inc);
	if (r < 0)
		free_incident(inc);
	return r;
}

int zl_engine_incidents_load(struct zl_engine *e, struct zl_error *reterr)
{
	return zl_incidents_each(e->db, false, 0, load_one, e, reterr);
}

/*
 * Who is no domain of ours shares one incident per lock with all others outside, under
 * this name and no uuid.  The domain at the other end is never named as if it were to
 * blame.
 */
static const struct zl_endpoint outside = { .name = "(outside)" };

/* Not a lock's name: what a domain does whatever the locks say. */
#define SPOOFING "(spoofing)"

static struct zl_engine_incident *open_incident(struct zl_engine *e,
	const struct zl_endpoint *who, const char *lock, const char *rule)
{
	struct incident_key key = make_key(&who->domain, lock);
	struct zl_engine_incident *inc = zl_map_find(&e->incidents, &key);

	if (inc != NULL)
		return inc;
	inc = calloc(1, sizeof(*inc));
	if (inc == NULL)
		return NULL;
	inc->evidence = json_array();
	inc->row.evidence = inc->evidence;
	inc->row.open = true;
	inc->row.domain = who->domain;
	inc->row.opened = zl_wall_now();
	(void)snprintf(
		inc->row.domain_name, sizeof(inc->row.domain_name), "%s", who->name);
	(void)snprintf(inc->row.host, sizeof(inc->row.host), "%s", who->host);
	(void)snprintf(inc->row.lock, sizeof(inc->row.lock), "%s", lock);
	(void)snprintf(inc->row.rule, sizeof(inc->row.rule), "%s", rule);
	(void)snprintf(inc->row.decision, sizeof(inc->row.decision), "none");
	if (zl_map_put(&e->incidents, &key, inc) < 0) {
		free_incident(inc);
		return NULL;
	}
	return inc;
}

/* One more record counts for it. */
static void note_record(struct zl_engine_incident *inc, const struct zl_seen *s)
{
	inc->row.count += !s->counted;
	inc->row.updated = zl_wall_now();
	inc->seen = zl_mono_now();
	inc->dirty = true;
	if (json_array_size(inc->evidence) < ZL_EVIDENCE_MAX)
		(void)json_array_append_new(inc->evidence, zl_engine_flows_to_json(s));
}

/* When was the traffic, at the earliest that its last packet can have been? */
static struct zl_wall seen_at(const struct zl_flow *f)
{
	struct zl_wall t = f->arrival;

	t.us -= TRANSIT_US;
	if ((f->present & ZL_FLOW_AGE) == 0)
		t.us -= UNKNOWN_AGE_US;
	else
		t.us -= ((int64_t)f->age_ms + f->age_error_ms) * ZL_US_PER_MS;
	return t;
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
		.forwarding = who->forwarding,
		.by_claim = s->by_claim,
		.seen = seen_at(&s->flow),
		.host_fresh = host != NULL && host->state == ZL_HOST_UP,
		.n_nics = who->n_nics };
	/* In the future: the clock was set back.  Wait no longer than from now on. */
	if (released != NULL && released->when.us > zl_wall_now().us)
		released->when = zl_wall_now();
	if (released != NULL)
		c->released = released->when;
	c->enforcer_up = zl_engine_leases_enforcer_up(e, c->backend, who->host, &why);
}

/* A new incident, or one whose decision changed: at once, with an audit record. */
static int write_incident(
	struct zl_engine *e, struct zl_engine_incident *inc, const char *verb)
{
	char object[ZL_DOMAIN_NAME + 64], uuid[ZL_UUID_STR], actor[80];
	struct zl_audit_record a = { .time = zl_wall_now(),
		.actor = actor,
		.verb = verb,
		.object = object,
		.cause = inc->row.rule,
		.result = inc->row.decision_reason,
		.evidence = inc->evidence };
	struct zl_error err = { 0 };
	uint64_t id = inc->row.id;
	int r = zl_db_begin(e->db, &err);

	(void)snprintf(actor, sizeof(actor), "%s%s",
		strcmp(inc->row.lock, SPOOFING) == 0 ? "zonelockd " : "lock ",
		inc->row.lock);
	(void)snprintf(object, sizeof(object), "domain %s %s", inc->row.domain_name,
		zl_uuid_format(&inc->row.domain, uuid));
	if (r >= 0)
		r = zl_incidents_put(e->db, &inc->row, &err);
	if (r >= 0)
		r = zl_audit_append(e->db, &a, &err);
	if (r >= 0)
		r = zl_db_commit(e->db, &err);
	if (r >= 0) {
		inc->dirty = false;
		zl_log(LOG_NOTICE,
			"incident %llu: domain '%s' on host '%s', lock '%s', %s: %s",
			(unsigned long long)inc->row.id, inc->row.domain_name,
			inc->row.host, inc->row.lock, inc->row.rule,
			inc->row.decision_reason);
		return 0;
	}
	zl_db_rollback(e->db);
	inc->row.id = id;
	inc->dirty = true;
	if (strcmp(e->db_error, err.msg) != 0)
		zl_log_error(LOG_ERR, &err, "an incident cannot be recorded");
	(void)snprintf(e->db_error, sizeof(e->db_error), "%s", err.msg);
	return r;
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
			(void)write_incident(e, inc, "incident-open");
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

	inc = open_incident(
		e, who, verdict->lock->name, zl_evaluate_format(verdict, rule));
	if (inc == NULL)
		return;
	is_new = inc->row.id == 0;
	note_record(inc, s);
	s->counted = true;
	fill_case(e, s, who, verdict, &c);
	zl_decide(&c, &d);
	if (d.action == ZL_ACTION_ALERT) {
		/* What was decided before stands against weaker evidence later. */
		if (!is_new)
			return;
		note_decision(inc, &d);
		(void)write_incident(e, inc, "incident-open");
	} else if (inc->seen.us >= inc->retry_after.us) {
		note_decision(inc, &d);
		act(e, inc, s, verdict, &d);
	}
}

/* Said once, and nothing more: what the lie was for is judged by the locks. */
void zl_engine_incidents_spoofing(struct zl_engine *e, const struct zl_seen *s)
{
	struct zl_engine_incident *inc;
	char rule[sizeof(inc->row.rule)];

	(void)snprintf(rule, sizeof(rule),
		"it uses an address or MAC of domain '%.100s'", s->sighting.claimed);
	inc = open_incident(e, &s->sighting.src, SPOOFING, rule);
	if (inc == NULL)
		return;
	note_record(inc, s);
	if (inc->row.id != 0)
		return;
	(void)snprintf(inc->row.decision, sizeof(inc->row.decision), "%s",
		zl_action_name(ZL_ACTION_ALERT));
	(void)snprintf(inc->row.decision_reason, sizeof(inc->row.decision_reason),
		"no lock asks for more than an alert about it");
	(void)write_incident(e, inc, "incident-open");
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

/* The counts of all in one transaction: a commit waits for the disk. */
static int flush_counts(struct zl_engine *e, struct zl_error *reterr)
{
	struct zl_engine_incident *inc;
	int r = zl_db_begin(e->db, reterr);

	for (size_t i = 0; r >= 0 && (inc = zl_map_next(&e->incidents, &i)) != NULL;)
		if (inc->dirty && inc->row.id != 0)
			r = zl_incidents_put(e->db, &inc->row, reterr);
	return zl_db_end(e->db, r, reterr);
}

void zl_engine_incidents_flush(struct zl_engine *e)
{
	struct zl_engine_incident *inc;
	struct zl_error err = { 0 };
	bool dirty = false;

	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;) {
		/* It could not be recorded when it was opened. */
		if (inc->row.id == 0 && write_incident(e, inc, "incident-open") < 0)
			return;
		dirty |= inc->dirty;
	}
	if (!dirty)
		return;
	if (flush_counts(e, &err) < 0) {
		(void)snprintf(e->db_error, sizeof(e->db_error), "%s", err.msg);
		return; /* they stay dirty */
	}
	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;)
		inc->dirty = false;
	e->db_error[0] = '\0';
}

/* Out of memory with it, once that is recorded; else it stays open. */
static bool close_one(struct zl_engine *e, struct zl_engine_incident *inc)
{
	struct incident_key key = make_key(&inc->row.domain, inc->row.lock);

	if (inc->row.id == 0 && write_incident(e, inc, "incident-open") < 0)
		return false;
	inc->row.open = false;
	if (write_incident(e, inc, "incident-close") < 0) {
		inc->row.open = true;
		return false;
	}
	(void)zl_map_remove(&e->incidents, &key);
	free_incident(inc);
	return true;
}

void zl_engine_incidents_close(struct zl_engine *e, const struct zl_uuid *domain)
{
	struct zl_engine_incident *inc;

	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;) {
		if (!zl_uuid_eq(&inc->row.domain, domain))
			continue;
		inc->row.updated = zl_wall_now();
		if (close_one(e, inc))
			i--; /* the next one may have moved into its slot */
	}
}

void zl_engine_incidents_close_idle(struct zl_engine *e)
{
	struct zl_engine_incident *inc;

	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;) {
		if (zl_mono_since(zl_mono_now(), inc->seen) < IDLE_US ||
			zl_map_find(&e->leases, &inc->row.lease) != NULL)
			continue;
		if (!close_one(e, inc))
			return; /* nor could the others be recorded */
		i--;		/* the next one may have moved into its slot */
	}
}
