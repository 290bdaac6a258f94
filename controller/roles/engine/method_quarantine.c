/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods Quarantine and Release. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"

enum { TTL_DEFAULT_S = 3600, TTL_MOST_S = 604800 };

/* What a call asks for; of what it does not name, what is given. */
struct quarantine_want {
	enum zl_grade grade;
	enum zl_backend_id backend;
	bool has_ttl;
	uint64_t ttl_s;
	char cause[ZL_LEASE_TEXT];
};

static int parse_want(struct zl_call *call, enum zl_grade grade,
	enum zl_backend_id backend, struct quarantine_want *ret,
	struct zl_error *reterr)
{
	const char *grade_text = zl_call_str(call, "grade");
	const char *backend_text = zl_call_str(call, "backend");
	const char *reason = zl_call_str(call, "reason");

	ret->grade = grade;
	ret->backend = backend;
	ret->has_ttl = zl_call_int(call, "ttl", -1) >= 0;
	ret->ttl_s = (uint64_t)zl_call_int(call, "ttl", TTL_DEFAULT_S);
	if (ret->ttl_s == 0 || ret->ttl_s > TTL_MOST_S)
		return zl_fail_id(reterr, -EINVAL, "quarantine.ttl", "",
			"ttl: not a number of seconds from 1 to %d", TTL_MOST_S);
	if (grade_text != NULL && !zl_grade_parse(grade_text, &ret->grade))
		return zl_fail(reterr, -EINVAL, "unknown grade '%s'", grade_text);
	if (backend_text != NULL && !zl_backend_parse(backend_text, &ret->backend))
		return zl_fail(reterr, -EINVAL, "unknown backend '%s'", backend_text);
	(void)snprintf(ret->cause, sizeof(ret->cause), "%s%s%s", call->peer.actor,
		reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
	return 0;
}

static int start_quarantine(struct zl_engine *e, struct zl_call *call,
	const struct zl_index_domain *d, struct zl_engine_lease **ret,
	struct zl_error *reterr)
{
	const char *reason = zl_call_str(call, "reason");
	struct quarantine_want asked;
	struct zl_lease_want want = { .domain = d->uuid,
		.action = ZL_ACTION_QUARANTINE,
		.actor = call->peer.actor,
		.reason = reason == NULL ? "" : reason,
		.cause = asked.cause };
	int r = parse_want(
		call, ZL_GRADE_FORENSIC, ZL_BACKEND_NFTABLES, &asked, reterr);

	if (r < 0)
		return r;
	want.grade = asked.grade;
	want.backend = asked.backend;
	want.ttl_s = asked.ttl_s;
	return zl_engine_leases_begin(e, &want, ret, reterr);
}

/* The domain's quarantine that is to stay, or NULL; and one that ends. */
static struct zl_engine_lease *find_quarantine(struct zl_engine *e,
	const struct zl_uuid *domain, struct zl_engine_lease **ret_ending)
{
	struct zl_engine_lease *l;

	*ret_ending = NULL;
	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;) {
		if (!zl_uuid_eq(&l->row.lease.domain, domain) ||
			l->row.lease.action != ZL_ACTION_QUARANTINE)
			continue;
		if (l->row.state != ZL_LEASE_RELEASING)
			return l;
		*ret_ending = l;
	}
	return NULL;
}

/* Grade and end as asked for; 1: they were so, and nothing has to be done. */
static int change_quarantine(
	struct zl_engine_lease *l, struct zl_call *call, struct zl_error *reterr)
{
	const struct zl_lease *lease = &l->row.lease;
	struct quarantine_want want;
	struct zl_wall expires = lease->expires;
	int r = parse_want(call, lease->grade, lease->backend, &want, reterr);

	if (r < 0)
		return r;
	if (want.backend != lease->backend)
		return zl_fail_id(reterr, -EEXIST, "quarantine.exists",
			"release it first to change that",
			"domain '%s' is quarantined already, by %s", lease->domain_name,
			zl_backend_name(lease->backend));
	if (want.has_ttl)
		expires.us = zl_wall_now().us + (int64_t)want.ttl_s * ZL_US_PER_S;
	if (want.grade == lease->grade && !want.has_ttl)
		return 1;
	return zl_engine_leases_change(
		l, want.grade, expires, call->peer.actor, want.cause, reterr);
}

int zl_method_quarantine(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const struct zl_index_domain *d;
	struct zl_engine_lease *l, *ending;
	int r = zl_index_domain(e->index, zl_call_str(call, "domain"), &d, reterr);

	if (r < 0)
		return r;
	l = find_quarantine(e, &d->uuid, &ending);
	if (l != NULL)
		r = change_quarantine(l, call, reterr);
	else if (ending != NULL && ending->row.lease.backend == ZL_BACKEND_NWFILTER)
		/* Of two that exchange the same filter the one that ends would win. */
		r = zl_fail_id(reterr, -EBUSY, "quarantine.releasing",
			"try again when it is released",
			"domain '%s' is just being released from a quarantine",
			d->name);
	else
		r = start_quarantine(e, call, d, &l, reterr);
	if (r < 0)
		return r;
	/* Asked for what is there already: that is its outcome. */
	if (r > 0 && !l->changed &&
		(l->row.state == ZL_LEASE_APPLIED ||
			l->row.state == ZL_LEASE_DEGRADED)) {
		*ret = zl_engine_leases_to_json(&l->row);
		return 0;
	}
	zl_engine_leases_wait(l, call, NULL);
	return ZL_CALL_DEFERRED;
}

static bool has_name(const struct zl_lease_row *row, const char *name)
{
	size_t n = strlen(row->host);

	return strcmp(row->lease.domain_name, name) == 0 ||
	       (strncmp(row->host, name, n) == 0 && name[n] == '/' &&
		       strcmp(row->lease.domain_name, name + n + 1) == 0);
}

/* A domain that is gone can still have a lease: by its uuid, or its last name. */
static int find_gone(struct zl_engine *e, const char *name, struct zl_uuid *ret,
	struct zl_error *reterr)
{
	const struct zl_engine_lease *l, *found = NULL;

	if (zl_uuid_parse(name, ret))
		return 0;
	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;) {
		if (!has_name(&l->row, name))
			continue;
		if (found != NULL &&
			!zl_uuid_eq(&found->row.lease.domain, &l->row.lease.domain))
			return zl_fail_id(reterr, -ENOTUNIQ, "release.ambiguous",
				"name it by its uuid, see mitigation-list --json",
				"mitigations of several domains '%s' are in force, and "
				"none of the domains is known any more",
				name);
		found = l;
	}
	if (found == NULL)
		return -ENOENT;
	*ret = found->row.lease.domain;
	return 0;
}

/* All leases of the domain are asked to end; the last one answers the call. */
int zl_method_release(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const char *name = zl_call_str(call, "domain");
	const char *reason = zl_call_str(call, "reason");
	struct zl_engine_lease *l, *first = NULL;
	const struct zl_index_domain *d;
	struct zl_error gone = { 0 };
	char id[ZL_UUID_STR];
	struct zl_uuid uuid;
	json_t *ids;
	int r = zl_index_domain(e->index, name, &d, reterr);

	(void)ret;
	if (r >= 0) {
		uuid = d->uuid;
	} else {
		int known = find_gone(e, name, &uuid, &gone);

		if (known == -ENOENT)
			return r;
		if (known < 0) {
			*reterr = gone;
			return known;
		}
	}
	ids = json_array();
	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;) {
		if (!zl_uuid_eq(&l->row.lease.domain, &uuid))
			continue;
		r = l->row.state == ZL_LEASE_RELEASING
			    ? 0
			    : zl_engine_leases_end(e, l, call->peer.actor,
				      reason == NULL ? "" : reason, reterr);
		if (r < 0) {
			json_decref(ids);
			return r;
		}
		(void)json_array_append_new(
			ids, json_string(zl_uuid_format(&l->row.lease.id, id)));
		first = first == NULL ? l : first;
	}
	if (first == NULL) {
		json_decref(ids);
		return zl_fail_id(reterr, -ENOENT, "release.none", "",
			"domain '%s' has no mitigation to release", name);
	}
	zl_engine_leases_wait(first, call, ids);
	return ZL_CALL_DEFERRED;
}
