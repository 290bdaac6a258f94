/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's leases in memory: found, kept, recorded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/leases.h"

/* Longer than any exporter keeps a flow, and then some. */
#define RELEASE_KEPT_US (INT64_C(24) * 3600 * ZL_US_PER_S)

void zl_engine_leases_set_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from == NULL ? "" : from);
}

struct zl_engine_lease *zl_engine_leases_of(
	struct zl_engine *e, const struct zl_uuid *domain, enum zl_action action)
{
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;)
		if (zl_uuid_eq(&l->row.lease.domain, domain) &&
			(action == ZL_ACTION_N || l->row.lease.action == action))
			return l;
	return NULL;
}

struct zl_engine_lease *zl_engine_leases_next(struct zl_engine *e, size_t *at)
{
	struct zl_engine_lease *l;

	while ((l = zl_map_next(&e->leases, at)) != NULL)
		if (!zl_engine_leases_is_over(l->row.state))
			return l;
	return NULL;
}

/* --- memory --- */

int zl_engine_leases_remember(struct zl_engine *e, const struct zl_lease_row *row,
	struct zl_engine_lease **ret)
{
	struct zl_engine_lease *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL)
		return -ENOMEM;
	l->e = e;
	l->row = *row;
	r = zl_map_put(&e->leases, &row->lease.id, l);
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void zl_engine_leases_forget(struct zl_engine_lease *l)
{
	(void)zl_map_remove(&l->e->leases, &l->row.lease.id);
	zl_engine_leases_answer(l); /* it is not found among those that end any more */
	free(l);
}

bool zl_engine_leases_is_over(enum zl_lease_state s)
{
	return s == ZL_LEASE_RELEASED || s == ZL_LEASE_EXPIRED || s == ZL_LEASE_FAILED;
}

bool zl_engine_leases_is_adopted(const struct zl_engine_lease *l)
{
	return strncmp(l->row.actor, "agent ", 6) == 0;
}

static int load_one(const struct zl_lease_row *row, void *user)
{
	struct zl_engine_lease *l;

	return zl_engine_leases_is_over(row->state)
		       ? 0
		       : zl_engine_leases_remember(user, row, &l);
}

int zl_engine_leases_note_release(
	const struct zl_uuid *domain, struct zl_wall when, void *user)
{
	struct zl_engine *e = user;
	struct zl_engine_release *release = zl_map_find(&e->releases, domain);
	int r;

	if (release != NULL) {
		release->when = when;
		return 0;
	}
	release = malloc(sizeof(*release));
	if (release == NULL)
		return -ENOMEM;
	*release = (struct zl_engine_release){ *domain, when };
	r = zl_map_put(&e->releases, domain, release);
	if (r < 0)
		free(release);
	return r;
}

void zl_engine_leases_forget_releases(struct zl_engine *e, struct zl_wall now)
{
	const struct zl_wall before = { now.us - RELEASE_KEPT_US };
	struct zl_engine_release *release;

	for (size_t i = 0; (release = zl_map_next(&e->releases, &i)) != NULL;) {
		if (release->when.us >= before.us)
			continue;
		(void)zl_map_remove(&e->releases, &release->domain);
		free(release);
		i--; /* the next one may have moved into its slot */
	}
	(void)!zl_releases_forget(e->db, before, NULL); /* or at the next time */
}

int zl_engine_leases_load(struct zl_engine *e, struct zl_error *reterr)
{
	int r = zl_leases_each(e->db, false, load_one, e, reterr);

	return r < 0 ? r
		     : zl_releases_each(
			       e->db, zl_engine_leases_note_release, e, reterr);
}

/* --- audit --- */

static void describe_domain(const struct zl_lease *l, char *buf, size_t size)
{
	char uuid[ZL_UUID_STR];

	(void)snprintf(buf, size, "domain %s %s", l->domain_name,
		zl_uuid_format(&l->domain, uuid));
}

int zl_engine_leases_audit(struct zl_engine *e, const struct zl_lease_row *row,
	const char *actor, const char *verb, const char *cause, const char *result,
	json_t *evidence, struct zl_error *reterr)
{
	char object[ZL_DOMAIN_NAME + 64], id[ZL_UUID_STR];
	struct zl_audit_record a = { .time = zl_wall_now(),
		.actor = actor,
		.verb = verb,
		.object = object,
		.cause = cause,
		.result = result };
	ZL_AUTO(zl_json)
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s}", "lease",
		zl_uuid_format(&row->lease.id, id), "host", row->host, "action",
		zl_action_name(row->lease.action), "grade",
		zl_grade_name(row->lease.grade), "backend",
		zl_backend_name(row->lease.backend));
	int r;

	if (doc == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (evidence != NULL)
		(void)json_object_set(doc, "flows", evidence);
	describe_domain(&row->lease, object, sizeof(object));
	a.evidence = doc;
	r = zl_audit_append(e->db, &a, reterr);
	if (r >= 0)
		zl_log(LOG_NOTICE, "audit %llu: %s %s by %s: %s",
			(unsigned long long)a.seq, verb, object, actor, result);
	return r;
}

const char *zl_engine_leases_verb(enum zl_lease_state s)
{
	static const char *const verbs[ZL_LEASE_STATE_N] = {
		[ZL_LEASE_PENDING] = "lease-pending",
		[ZL_LEASE_APPLIED] = "lease-applied",
		[ZL_LEASE_DEGRADED] = "lease-degraded",
		[ZL_LEASE_FAILED] = "lease-failed",
		[ZL_LEASE_RELEASING] = "lease-releasing",
		[ZL_LEASE_RELEASED] = "lease-released",
		[ZL_LEASE_EXPIRED] = "lease-expired",
	};

	return verbs[s];
}

int zl_engine_leases_record(struct zl_engine_lease *l, const char *actor,
	const char *verb, const char *cause, const char *result, json_t *evidence)
{
	struct zl_engine *e = l->e;
	struct zl_error err = { 0 };
	int r = zl_db_begin(e->db, &err);

	if (r >= 0)
		r = zl_leases_put(e->db, &l->row, &err);
	if (r >= 0 && zl_engine_leases_is_over(l->row.state) &&
		l->row.state != ZL_LEASE_FAILED)
		r = zl_releases_put(e->db, &l->row.lease.domain, l->row.ended, &err);
	if (r >= 0)
		r = zl_engine_leases_audit(
			e, &l->row, actor, verb, cause, result, evidence, &err);
	if (r >= 0)
		r = zl_db_commit(e->db, &err);
	l->unrecorded = r < 0;
	if (r < 0) {
		zl_db_rollback(e->db);
		zl_engine_database_failed(
			e, &err, "a lease's change is in force but not recorded yet");
	}
	return r;
}

void zl_engine_leases_finish(struct zl_engine_lease *l, const char *actor,
	const char *cause, const char *result)
{
	if (zl_engine_leases_record(l, actor, zl_engine_leases_verb(l->row.state),
		    cause, result, NULL) >= 0)
		zl_engine_leases_forget(l);
	else
		zl_engine_leases_answer(l);
}
