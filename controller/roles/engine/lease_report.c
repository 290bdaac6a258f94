/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hosts report about leases, and what follows from it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/leases.h"

/* --- reports --- */

static void note_report(struct zl_engine_lease *l, const struct zl_lease_report *rep)
{
	l->row.n_elements = rep->n_elements;
	zl_engine_leases_set_text(l->row.objects, sizeof(l->row.objects), rep->objects);
	(void)snprintf(l->row.error, sizeof(l->row.error), "%s%s%s", rep->error.msg,
		rep->error.hint[0] == '\0' ? "" : "; ", rep->error.hint);
	if (rep->committed.us != 0 &&
		(l->row.committed.us == 0 || rep->state != ZL_LEASE_APPLIED))
		l->row.committed = rep->committed;
}

static void on_over(
	struct zl_engine_lease *l, const char *actor, const struct zl_lease_report *rep)
{
	struct zl_engine *e = l->e;
	const char *verb =
		rep->state == ZL_LEASE_EXPIRED ? "lease-expired" : "lease-released";
	struct zl_uuid domain = l->row.lease.domain;

	l->row.state = rep->state;
	l->row.ended = zl_wall_now();
	(void)zl_engine_leases_note_release(&domain, l->row.ended, e);
	zl_engine_leases_record(l, actor, verb, l->row.reason,
		l->row.error[0] == '\0' ? zl_lease_state_name(rep->state)
					: l->row.error,
		NULL);
	zl_engine_leases_forget(l);
	if (zl_engine_leases_of(e, &domain, ZL_ACTION_N) == NULL)
		zl_engine_incidents_close(e, &domain);
}

static void on_in_force(
	struct zl_engine_lease *l, const char *actor, const struct zl_lease_report *rep)
{
	static const char *const verbs[ZL_LEASE_STATE_N] = {
		[ZL_LEASE_PENDING] = "lease-pending",
		[ZL_LEASE_APPLIED] = "lease-applied",
		[ZL_LEASE_DEGRADED] = "lease-degraded",
		[ZL_LEASE_FAILED] = "lease-failed",
	};
	char result[600];
	bool is_new = l->row.state != rep->state || rep->error.msg[0] != '\0';

	l->row.state = rep->state;
	(void)snprintf(result, sizeof(result), "%s%s%s: %u elements read back",
		zl_lease_state_name(rep->state), l->row.error[0] == '\0' ? "" : ": ",
		l->row.error, rep->n_elements);
	if (is_new)
		zl_engine_leases_record(
			l, actor, verbs[rep->state], l->row.lease.cause, result, NULL);
	if (rep->state == ZL_LEASE_PENDING)
		return; /* no tap yet: the caller learns of it by its time limit */
	if (rep->state == ZL_LEASE_FAILED) {
		zl_log(LOG_ERR, "domain '%s' is NOT contained on host '%s': %s",
			l->row.lease.domain_name, l->row.host, l->row.error);
		zl_engine_incidents_on_failed(l->e, l->row.incident, l->row.error);
		zl_engine_leases_forget(l);
		return;
	}
	zl_engine_leases_answer(l);
}

/* The agent keeps a lease that our database does not know: never drop it unasked. */
static struct zl_engine_lease *adopt(struct zl_engine *e, const char *host,
	const char *actor, const struct zl_lease *lease)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_lease *l = NULL;

	if (row == NULL)
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
	zl_engine_leases_record(l, actor, "lease-adopted", lease->cause,
		"in force on the host, unknown to the database", NULL);
	return l;
}

/* A lease in force that is not in memory: one that failed before, has ended, or is unknown. */
static struct zl_engine_lease *recall(struct zl_engine *e, const char *host,
	const char *actor, const struct zl_lease *lease)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_lease *l = NULL;
	int r;

	if (row == NULL)
		return NULL;
	r = zl_leases_get(e->db, &lease->id, row, NULL);
	if (r == -ENOENT)
		return adopt(e, host, actor, lease);
	if (r < 0)
		return NULL;
	if (row->state == ZL_LEASE_FAILED) {
		(void)zl_engine_leases_remember(e, row, &l);
		return l;
	}
	zl_engine_leases_drop_at(e, host, lease, "it has ended");
	return NULL;
}

void zl_engine_leases_on_report(struct zl_engine *e, const char *host,
	const struct zl_lease_report *rep, const struct zl_lease *lease)
{
	struct zl_engine_lease *l = zl_map_find(&e->leases, &rep->id);
	bool over = zl_engine_leases_is_over(rep->state);
	char actor[96];

	(void)snprintf(actor, sizeof(actor), "%s %s",
		host == NULL ? "actuator" : "agent", host == NULL ? "" : host);
	if (l == NULL && (over || lease == NULL || host == NULL))
		return;
	if (l == NULL) {
		l = recall(e, host, actor, lease);
		if (l == NULL)
			return;
	}
	/* The host that it left has let go of it: that ends nothing. */
	if (host != NULL && strcmp(host, l->row.host) != 0)
		return;
	note_report(l, rep);
	if (l->row.state == ZL_LEASE_RELEASING && !over) {
		/* The answer to an older PUT; the DROP is under way, or goes again. */
		if (host != NULL && rep->state != ZL_LEASE_FAILED)
			return;
	}
	if (rep->state == ZL_LEASE_RELEASED || rep->state == ZL_LEASE_EXPIRED)
		on_over(l, actor, rep);
	else
		on_in_force(l, actor, rep);
}
