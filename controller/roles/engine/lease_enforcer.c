/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases to and from those who enforce them: agents and the actuator. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/leases.h"

static bool is_actuator_running(const struct zl_engine *e)
{
	for (unsigned i = 0; i < e->n_roles; i++)
		if (strcmp(e->roles[i].name, "actuator") == 0)
			return e->actuator != NULL && e->roles[i].pid != 0;
	return false;
}

bool zl_engine_leases_enforcer_up(struct zl_engine *e, enum zl_backend_id backend,
	const char *host, const char **ret_reason)
{
	const struct zl_engine_host *h = zl_engine_agents_find(e, host);

	*ret_reason = "";
	if (h == NULL) {
		*ret_reason = "the host is not enrolled any more";
		return false;
	}
	if (backend == ZL_BACKEND_NWFILTER) {
		*ret_reason = e->actuator == NULL ? "the actuator is not enabled: set "
						    "actuator = yes in zonelockd.conf"
						  : "the actuator is not running: see "
						    "the log of zonelockd";
		return is_actuator_running(e);
	}
	*ret_reason = h->agent == ZL_AGENT_NONE ? "the host has no agent: add <agent "
						  "address=...> to its definition"
						: h->agent_reason;
	return h->agent == ZL_AGENT_UP;
}

/* --- what is told to the enforcer --- */

static struct zl_channel *enforcer_of(
	struct zl_engine *e, const struct zl_engine_lease *l)
{
	struct zl_engine_host *h;

	if (l->row.lease.backend == ZL_BACKEND_NWFILTER)
		return is_actuator_running(e) ? e->actuator : NULL;
	h = zl_engine_agents_find(e, l->row.host);
	return h != NULL && h->agent == ZL_AGENT_UP ? h->channel : NULL;
}

static const char *uri_of(struct zl_engine *e, const char *host)
{
	const struct zl_engine_host *h = zl_engine_agents_find(e, host);

	return h == NULL ? "" : zl_host_actuator_uri(h->def);
}

static void put_lease(
	struct zl_channel *c, const struct zl_lease *lease, const char *uri)
{
	struct zl_frame f;

	zl_channel_start(c, &f, ZL_AGENT_LEASE_PUT, 0);
	zl_lease_put(&f, ZL_AGENT_A_LEASE, lease);
	if (uri != NULL)
		zl_frame_put_str(&f, ZL_AGENT_A_URI, uri);
	if (zl_channel_send(c, &f) < 0)
		zl_log(LOG_ERR, "cannot send the lease of domain '%s'",
			lease->domain_name);
}

static void drop_lease(struct zl_channel *c, const struct zl_lease *lease,
	const char *why, const char *uri)
{
	struct zl_frame f;

	zl_channel_start(c, &f, ZL_AGENT_LEASE_DROP, 0);
	zl_frame_put_bytes(&f, ZL_AGENT_A_ID, lease->id.b, sizeof(lease->id.b));
	zl_frame_put_bytes(
		&f, ZL_AGENT_A_DOMAIN, lease->domain.b, sizeof(lease->domain.b));
	zl_frame_put_str(&f, ZL_AGENT_A_TEXT, why);
	if (uri != NULL)
		zl_frame_put_str(&f, ZL_AGENT_A_URI, uri);
	if (zl_channel_send(c, &f) < 0)
		zl_log(LOG_ERR, "cannot send the end of the lease of domain '%s'",
			lease->domain_name);
}

void zl_engine_leases_send(struct zl_engine *e, struct zl_engine_lease *l)
{
	struct zl_channel *c = enforcer_of(e, l);
	const char *uri = NULL;

	if (c == NULL)
		return;
	if (l->row.lease.backend == ZL_BACKEND_NWFILTER)
		uri = uri_of(e, l->row.host);
	if (l->row.state == ZL_LEASE_RELEASING)
		drop_lease(c, &l->row.lease, l->row.reason, uri);
	else
		put_lease(c, &l->row.lease, uri);
	l->sent = zl_mono_now();
	l->answered = false;
}

void zl_engine_leases_send_too(
	struct zl_engine *e, struct zl_engine_lease *l, const struct zl_index_domain *d)
{
	struct zl_engine_host *h = zl_engine_agents_find(e, d->host->name);
	struct zl_lease there = l->row.lease;

	if (l->row.lease.backend != ZL_BACKEND_NFTABLES ||
		l->row.state == ZL_LEASE_RELEASING || zl_engine_leases_is_adopted(l) ||
		h == NULL || h->agent != ZL_AGENT_UP)
		return;
	(void)zl_engine_leases_take_nics(&there, d); /* its taps are others there */
	put_lease(h->channel, &there, NULL);
}

void zl_engine_leases_drop_at(struct zl_engine *e, const char *host,
	const struct zl_lease *lease, const char *why)
{
	struct zl_engine_host *h = zl_engine_agents_find(e, host);

	if (h != NULL && h->channel != NULL)
		drop_lease(h->channel, lease, why, NULL);
}

void zl_engine_leases_drop_elsewhere(
	struct zl_engine *e, const struct zl_engine_lease *l, const char *why)
{
	struct zl_engine_host *h;

	if (l->row.lease.backend != ZL_BACKEND_NFTABLES)
		return;
	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		if (strcmp(h->def->name, l->row.host) != 0)
			zl_engine_leases_drop_at(e, h->def->name, &l->row.lease, why);
}

void zl_engine_leases_on_host_up(struct zl_engine *e, const char *host)
{
	const struct zl_index_domain *d;
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;) {
		if (l->row.lease.backend != ZL_BACKEND_NFTABLES)
			continue;
		d = zl_index_find(e->index, host, &l->row.lease.domain);
		if (strcmp(l->row.host, host) == 0)
			zl_engine_leases_send(e, l);
		else if (d != NULL && d->state != ZL_DOMAIN_SHUTOFF)
			zl_engine_leases_send_too(e, l, d);
	}
}

/* --- the actuator --- */

static void on_actuator_frame(
	struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_lease_report rep;
	struct zl_error err = { 0 };

	(void)c;
	if (in->type != ZL_AGENT_LEASE_STATE)
		return;
	if (zl_lease_report_get(in->tb[ZL_AGENT_A_REPORT], &rep, &err) < 0)
		zl_log_error(LOG_ERR, &err, "actuator");
	else
		zl_engine_leases_on_report(user, NULL, &rep, NULL);
}

static void on_actuator_closed(
	struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct zl_engine *e = user;

	zl_log_error(LOG_ERR, why, "channel to the actuator");
	zl_channel_close(c);
	e->actuator = NULL;
}

static const struct zl_channel_handlers actuator_handlers = {
	.table = zl_agent_messages,
	.n_table = ZL_AGENT_MESSAGE_N,
	.on_frame = on_actuator_frame,
	.on_closed = on_actuator_closed,
};

int zl_engine_leases_attach_actuator(
	struct zl_engine *e, int fd, struct zl_error *reterr)
{
	return zl_channel_new(
		e->event, fd, &actuator_handlers, e, &e->actuator, reterr);
}

/* The actuator has just started: all of its leases again. */
void zl_engine_leases_on_actuator_up(struct zl_engine *e)
{
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;)
		if (l->row.lease.backend == ZL_BACKEND_NWFILTER)
			zl_engine_leases_send(e, l);
}
