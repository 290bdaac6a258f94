/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hosts report about leases, and what follows from it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/leases.h"

/* As many as an agent keeps: more can only be made up. */
enum { ADOPT_MAX = 1024 };

/* --- reports about leases that we know --- */

/* Microseconds; the clock may have been set back between them. */
static uint64_t since(struct zl_wall later, struct zl_wall earlier)
{
	return later.us > earlier.us ? (uint64_t)(later.us - earlier.us) : 0;
}

/* Take it in; true when it says anything new. */
static bool note_report(struct zl_engine_lease *l, const struct zl_lease_report *rep)
{
	char error[sizeof(l->row.error)];
	bool is_new;

	(void)snprintf(error, sizeof(error), "%s%s%s", rep->error.msg,
		rep->error.hint[0] == '\0' ? "" : "; ", rep->error.hint);
	/* The same repair can happen twice; then it was committed twice. */
	is_new = l->row.state != rep->state || strcmp(error, l->row.error) != 0 ||
		 (error[0] != '\0' && l->reported.us != rep->committed.us);
	is_new |= l->changed;
	l->changed = false;
	l->answered = true;
	l->reported = rep->committed;
	l->row.n_elements = rep->n_elements;
	zl_engine_leases_set_text(l->row.objects, sizeof(l->row.objects), rep->objects);
	zl_engine_leases_set_text(l->row.error, sizeof(l->row.error), error);
	if (rep->committed.us != 0 && l->row.committed.us == 0 &&
		l->row.record_arrival.us != 0 && rep->state == ZL_LEASE_APPLIED)
		zl_engine_enforced(l->e, since(rep->committed, l->row.record_arrival));
	if (rep->committed.us != 0 &&
		(l->row.committed.us == 0 || rep->state != ZL_LEASE_APPLIED))
		l->row.committed = rep->committed;
	return is_new;
}

static void on_over(
	struct zl_engine_lease *l, const char *actor, enum zl_lease_state state)
{
	struct zl_engine *e = l->e;
	struct zl_uuid domain = l->row.lease.domain;
	char result[sizeof(l->row.error)];

	l->row.state = state;
	l->row.ended = zl_wall_now();
	(void)zl_engine_leases_note_release(&domain, l->row.ended, e);
	zl_engine_leases_drop_elsewhere(e, l, "it has ended");
	zl_engine_leases_set_text(result, sizeof(result),
		l->row.error[0] == '\0' ? zl_lease_state_name(state) : l->row.error);
	zl_engine_leases_finish(l, actor, l->row.reason, result);
	if (zl_engine_leases_of(e, &domain, ZL_ACTION_N) == NULL)
		zl_engine_incidents_close(e, &domain);
}

/* Its end was asked for or is due, and the host could not bring it about. */
static void on_releasing(struct zl_engine_lease *l, const char *actor, bool is_new)
{
	l->row.state = ZL_LEASE_RELEASING;
	if (is_new)
		(void)zl_engine_leases_record(l, actor,
			zl_engine_leases_verb(ZL_LEASE_RELEASING), l->row.reason,
			l->row.error, NULL);
}

/* It never was in force.  The host must not bring it into force later on its own. */
static void on_failed(struct zl_engine_lease *l, const char *actor)
{
	struct zl_engine *e = l->e;
	char result[sizeof(l->row.error) + 16];

	l->row.state = ZL_LEASE_FAILED;
	l->row.ended = zl_wall_now();
	(void)snprintf(result, sizeof(result), "failed: %s", l->row.error);
	zl_log(LOG_ERR, "domain '%s' is NOT contained on host '%s': %s",
		l->row.lease.domain_name, l->row.host, l->row.error);
	if (l->row.lease.backend == ZL_BACKEND_NFTABLES)
		zl_engine_leases_drop_at(e, l->row.host, &l->row.lease,
			"it could not be brought into force");
	zl_engine_leases_drop_elsewhere(e, l, "it could not be brought into force");
	zl_engine_incidents_on_failed(e, l->row.incident, l->row.error);
	zl_engine_leases_finish(l, actor, l->row.lease.cause, result);
}

static void on_in_force(struct zl_engine_lease *l, const char *actor,
	const struct zl_lease_report *rep, bool is_new)
{
	char result[600];

	if (l->row.state != rep->state && rep->state == ZL_LEASE_DEGRADED)
		zl_log(LOG_ERR,
			"domain '%s' on host '%s' is not contained as it should be: %s",
			l->row.lease.domain_name, l->row.host, l->row.error);
	l->row.state = rep->state;
	(void)snprintf(result, sizeof(result), "%s%s%s: %u elements read back",
		zl_lease_state_name(rep->state), l->row.error[0] == '\0' ? "" : ": ",
		l->row.error, rep->n_elements);
	if (is_new)
		(void)zl_engine_leases_record(l, actor,
			zl_engine_leases_verb(rep->state), l->row.lease.cause, result,
			NULL);
	/* Not yet in force: the caller learns of it by its time limit. */
	if (rep->state != ZL_LEASE_PENDING)
		zl_engine_leases_answer(l);
}

/* The host did what it was told, and there was more than it could be told. */
static void note_left(const struct zl_engine_lease *l, struct zl_lease_report *rep)
{
	const struct zl_index_domain *d =
		zl_index_find(l->e->index, l->row.host, &l->row.lease.domain);

	if (rep->state != ZL_LEASE_APPLIED || d == NULL || d->n_left == 0)
		return;
	rep->state = ZL_LEASE_DEGRADED;
	(void)zl_fail_id(&rep->error, -E2BIG, "lease.interfaces", "",
		"%d interfaces of a domain can be contained; %u of '%s' are not: %s",
		ZL_DOMAIN_NICS_MAX, d->n_left, d->name, d->left);
}

static void handle_report(struct zl_engine_lease *l, const char *actor,
	const struct zl_lease_report *told)
{
	bool was_in_force =
		l->row.state == ZL_LEASE_APPLIED || l->row.state == ZL_LEASE_DEGRADED;
	bool over = told->state == ZL_LEASE_RELEASED || told->state == ZL_LEASE_EXPIRED;
	struct zl_lease_report rep = *told;
	struct zl_engine_host *h = l->row.lease.backend == ZL_BACKEND_NFTABLES
					   ? zl_engine_agents_find(l->e, l->row.host)
					   : NULL;
	bool is_new, was_asked;

	/* The answer to an older PUT; the DROP is under way, or goes again. */
	if (l->row.state == ZL_LEASE_RELEASING && !over &&
		rep.state != ZL_LEASE_RELEASING)
		return;
	/* What was in force is repaired by its host, and may not be forgotten here. */
	if (rep.state == ZL_LEASE_FAILED && was_in_force)
		rep.state = ZL_LEASE_DEGRADED;
	note_left(l, &rep);
	was_asked = !l->answered;
	is_new = note_report(l, &rep);
	if (is_new && !was_asked && h != NULL)
		zl_engine_agents_note_unasked(h);
	if (told->state == ZL_LEASE_FAILED &&
		l->row.lease.expires.us <= zl_wall_now().us) {
		on_over(l, actor, ZL_LEASE_EXPIRED); /* and nobody will end it */
		return;
	}
	switch (rep.state) {
	case ZL_LEASE_RELEASED:
	case ZL_LEASE_EXPIRED: on_over(l, actor, rep.state); return;
	case ZL_LEASE_RELEASING: on_releasing(l, actor, is_new); return;
	case ZL_LEASE_FAILED: on_failed(l, actor); return;
	case ZL_LEASE_PENDING:
	case ZL_LEASE_APPLIED:
	case ZL_LEASE_DEGRADED: on_in_force(l, actor, &rep, is_new); return;
	case ZL_LEASE_STATE_N: return;
	}
}

/* --- reports about others --- */

/*
 * May the host have a lease that our database does not know (it was lost, or restored
 * from a backup)?  Only of a domain that is there, as far as that is known, and only
 * as many as an agent keeps: the agent may be hijacked.
 */
static bool may_adopt(
	struct zl_engine *e, struct zl_engine_host *h, const struct zl_lease *lease)
{
	const struct zl_index_host *at = zl_index_host(e->index, h->def->name);

	return lease->backend == ZL_BACKEND_NFTABLES &&
	       lease->action != ZL_ACTION_ALERT && h->adopted < ADOPT_MAX &&
	       (at == NULL || at->state != ZL_HOST_UP ||
		       zl_index_find(e->index, h->def->name, &lease->domain) != NULL);
}

/* The agent keeps a lease that our database does not know: never drop it unasked. */
static struct zl_engine_lease *adopt(struct zl_engine *e, const char *host,
	const char *actor, const struct zl_lease *lease)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_host *h = zl_engine_agents_find(e, host);
	struct zl_engine_lease *l = NULL;

	if (row == NULL || h == NULL || !may_adopt(e, h, lease))
		return NULL;
	row->lease = *lease;
	row->state = ZL_LEASE_PENDING;
	row->decided = lease->created;
	zl_engine_leases_set_text(row->host, sizeof(row->host), host);
	zl_engine_leases_set_text(row->actor, sizeof(row->actor), actor);
	zl_engine_leases_set_text(
		row->reason, sizeof(row->reason), "found in force on the host");
	if (zl_engine_leases_remember(e, row, &l) < 0)
		return NULL;
	h->adopted++;
	(void)zl_engine_leases_record(l, actor, "lease-adopted", lease->cause,
		"in force on the host, unknown to the database", NULL);
	return l;
}

/* In force on a host and not in memory: it has ended here, or is unknown. */
static struct zl_engine_lease *recall(struct zl_engine *e, const char *host,
	const char *actor, const struct zl_lease *lease)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_host *h = zl_engine_agents_find(e, host);
	int r;

	if (row == NULL)
		return NULL;
	if (h != NULL && h->agent == ZL_AGENT_UP) /* else it says what it has */
		zl_engine_agents_note_unasked(h);
	r = zl_leases_get(e->db, &lease->id, row, NULL);
	if (r == -ENOENT)
		return adopt(e, host, actor, lease);
	if (r >= 0)
		zl_engine_leases_drop_at(e, host, lease, "it has ended");
	return NULL;
}

/* An agent speaks for nftables on its host, the actuator for nwfilter. */
static bool is_enforcer(const struct zl_engine_lease *l, const char *host)
{
	if (host == NULL)
		return l->row.lease.backend == ZL_BACKEND_NWFILTER;
	return l->row.lease.backend == ZL_BACKEND_NFTABLES &&
	       strcmp(host, l->row.host) == 0;
}

/* The answer to a PUT before the grade was changed: that to the change comes too. */
static bool is_outdated(const struct zl_engine_lease *l,
	const struct zl_lease_report *rep, const struct zl_lease *lease)
{
	return l->changed && lease != NULL && lease->grade != l->row.lease.grade &&
	       (rep->state == ZL_LEASE_APPLIED || rep->state == ZL_LEASE_DEGRADED ||
		       rep->state == ZL_LEASE_PENDING);
}

void zl_engine_leases_on_report(struct zl_engine *e, const char *host,
	const struct zl_lease_report *rep, const struct zl_lease *lease)
{
	struct zl_engine_lease *l = zl_map_find(&e->leases, &rep->id);
	char actor[96];

	(void)snprintf(actor, sizeof(actor), "%s%s",
		host == NULL ? "actuator" : "agent ", host == NULL ? "" : host);
	if (l == NULL && host != NULL && lease != NULL &&
		zl_uuid_eq(&lease->id, &rep->id) &&
		(rep->state == ZL_LEASE_APPLIED || rep->state == ZL_LEASE_DEGRADED))
		l = recall(e, host, actor, lease);
	if (l == NULL)
		return;
	if (zl_engine_leases_is_over(l->row.state)) {
		/* Not recorded yet, and some host has it still. */
		if (host != NULL && rep->state != ZL_LEASE_RELEASED &&
			rep->state != ZL_LEASE_EXPIRED)
			zl_engine_leases_drop_at(
				e, host, &l->row.lease, "it has ended");
		return;
	}
	/* Another host that has it too, or had: what it says ends nothing. */
	if (is_enforcer(l, host) && !is_outdated(l, rep, lease))
		handle_report(l, actor, rep);
}
