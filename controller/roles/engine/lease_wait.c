/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control calls that wait for what becomes of a lease. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/leases.h"

/* How long a control call waits for the host: nftables takes ms, nwfilter seconds. */
enum { WAIT_NFTABLES_MS = 3000, WAIT_NWFILTER_MS = 25000 };

static bool is_ending(const struct zl_engine_lease *l)
{
	return l->row.state == ZL_LEASE_RELEASING ||
	       l->row.state == ZL_LEASE_RELEASED || l->row.state == ZL_LEASE_EXPIRED;
}

static void fail_unreachable(
	const struct zl_engine_lease *l, const char *why, struct zl_call *call)
{
	struct zl_error err = { 0 };

	(void)zl_fail_id(&err, -EHOSTUNREACH, "host.unreachable",
		"it is recorded and will be carried out when the host answers",
		"host '%s' cannot be reached now: %s", l->row.host, why);
	zl_call_fail(call, &err);
}

/* Who asked for a quarantine and has none. */
static bool fail_quarantine(const struct zl_engine_lease *l, struct zl_call *call)
{
	struct zl_error err = { 0 };

	if (is_ending(l))
		(void)zl_fail_id(&err, -EBUSY, "quarantine.released",
			"say quarantine again if it shall be contained",
			"domain '%s' was released while its quarantine was waited for",
			l->row.lease.domain_name);
	else if (l->row.state == ZL_LEASE_FAILED)
		(void)zl_fail_id(&err, -EPERM, "lease.failed", "",
			"domain '%s' is not contained: %s", l->row.lease.domain_name,
			l->row.error);
	else
		return false;
	zl_call_fail(call, &err);
	return true;
}

/* What Quarantine and Release answer with. */
static void reply(const struct zl_engine_lease *l, const struct zl_engine_waiter *w)
{
	json_t *doc;

	if (w->released == NULL && fail_quarantine(l, w->call))
		return;
	doc = zl_engine_leases_to_json(&l->row);
	if (doc != NULL && w->released != NULL)
		(void)json_object_set_new(doc, "released", w->released);
	else
		json_decref(w->released);
	zl_call_reply(w->call, doc);
}

/* Another lease of the domain that is on its way out, or NULL. */
static struct zl_engine_lease *find_ending(const struct zl_engine_lease *l)
{
	struct zl_engine_lease *other;

	for (size_t i = 0; (other = zl_engine_leases_next(l->e, &i)) != NULL;)
		if (other != l && other->row.state == ZL_LEASE_RELEASING &&
			zl_uuid_eq(&other->row.lease.domain, &l->row.lease.domain))
			return other;
	return NULL;
}

void zl_engine_leases_answer(struct zl_engine_lease *l)
{
	struct zl_engine_waiter waiters[ZL_WAITERS_MAX];
	unsigned n = l->n_waiters;
	struct zl_engine_lease *next;

	memcpy(waiters, l->waiters, sizeof(waiters));
	l->n_waiters = 0;
	l->timer = sd_event_source_disable_unref(l->timer);
	for (unsigned i = 0; i < n; i++) {
		next = waiters[i].released == NULL || !is_ending(l) ? NULL
								    : find_ending(l);
		if (next == NULL)
			reply(l, &waiters[i]);
		else
			zl_engine_leases_wait(
				next, waiters[i].call, waiters[i].released);
	}
}

void zl_engine_leases_disappoint(struct zl_engine_lease *l)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n_waiters; i++)
		if (l->waiters[i].released != NULL ||
			!fail_quarantine(l, l->waiters[i].call))
			l->waiters[kept++] = l->waiters[i];
	l->n_waiters = kept;
}

static int on_wait_over(sd_event_source *s, uint64_t usec, void *user)
{
	struct zl_engine_lease *l = user;
	struct zl_engine_waiter waiters[ZL_WAITERS_MAX];
	unsigned n = l->n_waiters;
	const char *why;
	bool up = zl_engine_leases_enforcer_up(
		l->e, l->row.lease.backend, l->row.host, &why);

	(void)s;
	(void)usec;
	memcpy(waiters, l->waiters, sizeof(waiters));
	l->n_waiters = 0;
	l->timer = sd_event_source_disable_unref(l->timer);
	for (unsigned i = 0; i < n; i++) {
		if (up && l->answered) {
			reply(l, &waiters[i]); /* "not yet", and why */
			continue;
		}
		json_decref(waiters[i].released);
		fail_unreachable(l, up ? "it does not answer" : why, waiters[i].call);
	}
	return 0;
}

void zl_engine_leases_wait(
	struct zl_engine_lease *l, struct zl_call *call, json_t *released)
{
	const struct zl_engine_waiter w = { call, released };
	const char *why;
	uint64_t ms = l->row.lease.backend == ZL_BACKEND_NWFILTER ? WAIT_NWFILTER_MS
								  : WAIT_NFTABLES_MS;

	if (!call->deferred)
		(void)zl_call_defer(call);
	if (l->n_waiters == ZL_WAITERS_MAX) {
		reply(l, &w);
		return;
	}
	if (!zl_engine_leases_enforcer_up(
		    l->e, l->row.lease.backend, l->row.host, &why))
		ms = 0;
	l->waiters[l->n_waiters++] = w;
	l->timer = sd_event_source_disable_unref(l->timer);
	(void)sd_event_add_time_relative(l->e->event, &l->timer, CLOCK_BOOTTIME,
		ms * ZL_US_PER_MS, 0, on_wait_over, l);
}
