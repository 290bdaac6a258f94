/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The open incidents in memory, and their records on disk. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/roles/engine/incidents.h"

/* One incident per domain and lock. */
struct incident_key {
	struct zl_uuid domain;
	char lock[64];
};

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

struct zl_engine_incident *zl_engine_incidents_find(
	struct zl_engine *e, const struct zl_uuid *domain, const char *lock)
{
	struct incident_key key = make_key(domain, lock);

	return zl_map_find(&e->incidents, &key);
}

struct zl_engine_incident *zl_engine_incidents_open(struct zl_engine *e,
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

static bool is_number(const json_t *o, const char *key, int64_t value)
{
	return json_integer_value(json_object_get(o, key)) == value;
}

static bool is_text(const json_t *o, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL && strcmp(text, value) == 0;
}

static bool is_addr(const json_t *o, const char *key, const struct zl_addr *addr)
{
	char text[ZL_ADDR_STR];

	return is_text(o, key, zl_addr_format(addr, text));
}

/* The record in the evidence that tells of this flow, or (`itself`) is this one. */
static size_t find_flow(const json_t *evidence, const struct zl_seen *s, bool itself)
{
	const struct zl_flow *f = &s->flow;
	size_t i;

	for (i = 0; i < json_array_size(evidence); i++) {
		const json_t *o = json_array_get(evidence, i);

		if (is_number(o, "sport", f->sport) &&
			is_number(o, "dport", f->dport) &&
			is_number(o, "proto", f->proto) &&
			(!itself || is_number(o, "arrival_us", f->arrival.us)) &&
			is_addr(o, "src", &f->src) && is_addr(o, "dst", &f->dst) &&
			(!itself || is_addr(o, "exporter", &f->exporter)))
			break;
	}
	return i;
}

/* Is it from that place? */
static bool is_at(const json_t *o, const json_t *place)
{
	return json_equal(json_object_get(o, "exporter"),
		       json_object_get(place, "exporter")) &&
	       json_equal(json_object_get(o, "in_if"), json_object_get(place, "in_if"));
}

/* `best` was seen there too, once for each place. */
static void add_place(json_t *best, const json_t *copy)
{
	static const char *const keys[] = { "exporter", "host", "in_if", "src_evidence",
		"arrival_ms" };
	json_t *list = json_object_get(best, "seen_at"), *at;

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(best, "seen_at", list);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_at(json_array_get(list, i), copy))
			return;
	if (json_array_size(list) == ZL_PLACES_MAX)
		return;
	at = json_object();
	for (size_t i = 0; i < N_ITEMS(keys); i++)
		(void)json_object_set(at, keys[i], json_object_get(copy, keys[i]));
	(void)json_array_append_new(list, at);
}

/* The record that counts takes the place of its copy; it is taken. */
static void put_best(json_t *evidence, size_t i, json_t *best)
{
	const json_t *copy = json_array_get(evidence, i);
	const json_t *others = json_object_get(copy, "seen_at");

	add_place(best, copy);
	for (size_t k = 0; k < json_array_size(others); k++)
		add_place(best, json_array_get(others, k));
	(void)json_array_set_new(evidence, i, best);
}

/* True: it has been counted, itself or as the flow that it tells of. */
static bool merge(json_t *evidence, const struct zl_seen *s)
{
	bool is_twin = s->twin == ZL_TWIN_COPY || s->twin == ZL_TWIN_BETTER;
	json_t *flow;
	size_t i;

	if (!is_twin && !s->counted)
		return false;
	i = find_flow(evidence, s, !is_twin);
	if (i == json_array_size(evidence))
		return i == ZL_EVIDENCE_MAX; /* it was not kept */
	flow = zl_engine_flows_to_json(s);
	if (!is_twin) {
		(void)json_array_set_new(evidence, i, flow);
	} else if (s->twin == ZL_TWIN_BETTER) {
		put_best(evidence, i, flow);
	} else {
		add_place(json_array_get(evidence, i), flow);
		json_decref(flow);
	}
	return true;
}

/* One more record counts for it, unless it tells of a flow that was counted. */
void zl_engine_incidents_count(struct zl_engine_incident *inc, const struct zl_seen *s)
{
	inc->row.updated = zl_wall_now();
	inc->seen = zl_mono_now();
	inc->dirty = true;
	if (merge(inc->evidence, s))
		return;
	inc->row.count++;
	if (json_array_size(inc->evidence) < ZL_EVIDENCE_MAX)
		(void)json_array_append_new(inc->evidence, zl_engine_flows_to_json(s));
}

/* A new incident, or one whose decision changed: at once, with an audit record. */
int zl_engine_incidents_write(
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
		zl_engine_incidents_is_finding(inc) ? "zonelockd " : "lock ",
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
		zl_engine_database_works(e);
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
	zl_engine_database_failed(e, &err, "an incident cannot be recorded");
	return r;
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
		if (inc->row.id == 0 &&
			zl_engine_incidents_write(e, inc, "incident-open") < 0)
			return;
		dirty |= inc->dirty;
	}
	if (!dirty)
		return;
	if (flush_counts(e, &err) < 0) {
		zl_engine_database_failed(e, &err, "counts of incidents");
		return; /* they stay dirty */
	}
	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;)
		inc->dirty = false;
	zl_engine_database_works(e);
}

/* Out of memory with it, once that is recorded; else it stays open. */
bool zl_engine_incidents_close_one(struct zl_engine *e, struct zl_engine_incident *inc)
{
	struct incident_key key = make_key(&inc->row.domain, inc->row.lock);

	if (inc->row.id == 0 && zl_engine_incidents_write(e, inc, "incident-open") < 0)
		return false;
	inc->row.open = false;
	if (zl_engine_incidents_write(e, inc, "incident-close") < 0) {
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
		if (zl_engine_incidents_close_one(e, inc))
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
		if (!zl_engine_incidents_close_one(e, inc))
			return; /* nor could the others be recorded */
		i--;		/* the next one may have moved into its slot */
	}
}
