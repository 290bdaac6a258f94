/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases of the engine: written ahead, sent to the host, confirmed, ended.
 *
 *	begin:	database (pending) -> LEASE_PUT -> report -> database (applied, degraded, failed)
 *	end:	database (releasing) -> LEASE_DROP -> report -> database (released)
 *
 * Nothing is sent before the database has it.  A lease whose host cannot be reached
 * stays as it is and is sent again when the host comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/roles/engine/leases.h"

/* --- begin --- */

/* The domain's NICs into the lease, next to those that it has; true: one more. */
static bool take_nics(struct zl_lease *lease, const struct zl_index_domain *d)
{
	bool grown = false;

	for (unsigned n = 0; n < d->n_nics; n++) {
		const struct zl_nic *nic = &d->nics[n]->nic;
		unsigned k = 0;

		while (k < lease->n_nics && !zl_mac_eq(&lease->nics[k].mac, &nic->mac))
			k++;
		if (k == ZL_LEASE_NICS_MAX)
			continue;
		grown |= k == lease->n_nics;
		lease->n_nics += k == lease->n_nics;
		lease->nics[k].mac = nic->mac;
		zl_engine_leases_set_text(lease->nics[k].tap, ZL_TAP_NAME, nic->tap);
	}
	return grown;
}

static int fill_from_domain(struct zl_engine *e, const struct zl_lease_want *want,
	struct zl_lease_row *row, struct zl_error *reterr)
{
	const struct zl_index_domain *at = zl_index_find(e->index, NULL, &want->domain);
	char uuid[ZL_UUID_STR];

	if (at == NULL)
		return zl_fail_id(reterr, -ENOENT, "domain.unknown", "",
			"no host has a domain %s", zl_uuid_format(&want->domain, uuid));
	zl_engine_leases_set_text(row->host, sizeof(row->host), at->host->name);
	zl_engine_leases_set_text(
		row->lease.domain_name, sizeof(row->lease.domain_name), at->name);
	(void)take_nics(&row->lease, at);
	if (row->lease.n_nics == 0)
		return zl_fail_id(reterr, -EINVAL, "domain.no-nic", "",
			"domain '%s' has no network interface", at->name);
	return 0;
}

/* An enforcer that is away may come back; one that was never there does not. */
static int check_enforcer(
	struct zl_engine *e, const struct zl_lease_row *row, struct zl_error *reterr)
{
	const struct zl_engine_host *h = zl_engine_agents_find(e, row->host);
	const char *why;

	if (zl_engine_leases_enforcer_up(e, row->lease.backend, row->host, &why) ||
		(row->lease.backend == ZL_BACKEND_NFTABLES
				? h != NULL && h->agent != ZL_AGENT_NONE
				: e->actuator != NULL))
		return 0;
	return zl_fail_id(reterr, -EPERM, "enforcer.none", "",
		"domain '%s' on host '%s' cannot be contained: %s",
		row->lease.domain_name, row->host, why);
}

static int write_ahead(struct zl_engine *e, const struct zl_lease_want *want,
	struct zl_lease_row *row, struct zl_error *reterr)
{
	uint64_t incident = want->incident == NULL ? 0 : want->incident->row.id;
	int r = zl_db_begin(e->db, reterr);

	if (r >= 0 && want->incident != NULL) {
		r = zl_incidents_put(e->db, &want->incident->row, reterr);
		row->incident = want->incident->row.id;
	}
	if (r >= 0)
		r = zl_leases_put(e->db, row, reterr);
	if (r >= 0)
		r = zl_engine_leases_audit(e, row, want->actor,
			zl_action_name(want->action), want->cause, "pending",
			want->evidence, reterr);
	if (r >= 0)
		r = zl_db_commit(e->db, reterr);
	if (r < 0) {
		zl_db_rollback(e->db);
		if (want->incident != NULL)
			want->incident->row.id = incident;
		zl_error_prefix(
			reterr, "nothing was done, because it cannot be recorded");
	}
	return r;
}

static void fill_row(const struct zl_lease_want *want, struct zl_lease_row *row)
{
	struct zl_wall now = zl_wall_now();

	row->lease.id = zl_uuid_random();
	row->lease.domain = want->domain;
	row->lease.action = want->action;
	row->lease.grade = want->grade;
	row->lease.backend = want->backend;
	row->lease.created = now;
	row->lease.expires.us = now.us + (int64_t)want->ttl_s * ZL_US_PER_S;
	zl_engine_leases_set_text(
		row->lease.cause, sizeof(row->lease.cause), want->cause);
	if (want->block != NULL) {
		row->lease.blocks[0] = *want->block;
		row->lease.n_blocks = 1;
	}
	row->state = ZL_LEASE_PENDING;
	zl_engine_leases_set_text(row->actor, sizeof(row->actor), want->actor);
	zl_engine_leases_set_text(row->reason, sizeof(row->reason), want->reason);
	row->record_arrival = want->record_arrival;
	row->decided = now;
}

int zl_engine_leases_begin(struct zl_engine *e, const struct zl_lease_want *want,
	struct zl_engine_lease **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_lease *l;
	int r;

	if (row == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	fill_row(want, row);
	r = fill_from_domain(e, want, row, reterr);
	if (r >= 0)
		r = check_enforcer(e, row, reterr);
	if (r < 0)
		return r;
	if (want->incident != NULL)
		want->incident->row.lease = row->lease.id;
	r = write_ahead(e, want, row, reterr);
	if (r < 0) {
		if (want->incident != NULL)
			want->incident->row.lease = (struct zl_uuid){ 0 };
		zl_engine_leases_set_text(
			e->db_error, sizeof(e->db_error), reterr->msg);
		return r;
	}
	e->db_error[0] = '\0';
	r = zl_engine_leases_remember(e, row, &l);
	if (r < 0)
		return zl_fail(reterr, r, "out of memory for one more lease");
	zl_engine_leases_send(e, l);
	*ret = l;
	return 0;
}

/* One more blocked service for a lease that is there already. */
int zl_engine_leases_add_block(struct zl_engine_lease *l, const struct zl_block *block,
	const char *actor, json_t *evidence)
{
	struct zl_lease *lease = &l->row.lease;

	for (unsigned i = 0; i < lease->n_blocks; i++)
		if (memcmp(&lease->blocks[i], block, sizeof(*block)) == 0)
			return 0;
	if (lease->n_blocks == ZL_LEASE_BLOCKS_MAX)
		return -E2BIG;
	lease->blocks[lease->n_blocks++] = *block;
	zl_engine_leases_record(
		l, actor, "block-flow", lease->cause, "pending", evidence);
	zl_engine_leases_send(l->e, l);
	return 1;
}

/* --- end --- */

int zl_engine_leases_end(struct zl_engine *e, struct zl_engine_lease *l,
	const char *actor, const char *reason, struct zl_error *reterr)
{
	struct zl_lease_row before = l->row;
	int r;

	l->row.state = ZL_LEASE_RELEASING;
	zl_engine_leases_set_text(l->row.reason, sizeof(l->row.reason), reason);
	r = zl_db_begin(e->db, reterr);
	if (r >= 0)
		r = zl_leases_put(e->db, &l->row, reterr);
	if (r >= 0)
		r = zl_engine_leases_audit(
			e, &l->row, actor, "release", reason, "pending", NULL, reterr);
	if (r >= 0)
		r = zl_db_commit(e->db, reterr);
	if (r < 0) {
		zl_db_rollback(e->db);
		l->row = before;
		return r;
	}
	zl_engine_leases_send(e, l);
	return 0;
}

/* A NIC was added, or the domain runs elsewhere: the lease follows. */
void zl_engine_leases_on_domain(struct zl_engine *e, const struct zl_index_domain *d)
{
	struct zl_engine_lease *l;

	if (d->state == ZL_DOMAIN_SHUTOFF)
		return;
	for (size_t i = 0; (l = zl_map_next(&e->leases, &i)) != NULL;) {
		char left[64];
		bool moved, grown;

		if (!zl_uuid_eq(&l->row.lease.domain, &d->uuid))
			continue;
		moved = strcmp(l->row.host, d->host->name) != 0;
		grown = take_nics(&l->row.lease, d);
		if (!moved && !grown)
			continue;
		zl_engine_leases_set_text(left, sizeof(left), l->row.host);
		zl_engine_leases_set_text(
			l->row.host, sizeof(l->row.host), d->host->name);
		zl_engine_leases_record(l, "zonelockd",
			moved ? "lease-moved" : "lease-extended", l->row.lease.cause,
			moved ? "the domain runs on another host"
			      : "the domain has one more network interface",
			NULL);
		zl_engine_leases_send(e, l);
		if (moved && l->row.lease.backend == ZL_BACKEND_NFTABLES)
			zl_engine_leases_drop_at(e, left, &l->row.lease,
				"the domain runs on another host");
	}
}

/*
 * The actuator has no clock of its own: what has run out is ended here.  An agent ends
 * its leases itself; this only catches those whose agent never comes back.
 */
void zl_engine_leases_tick(struct zl_engine *e, struct zl_wall now)
{
	struct zl_engine_lease *l;
	struct zl_error err = { 0 };

	for (size_t i = 0; (l = zl_map_next(&e->leases, &i)) != NULL;) {
		if (l->row.lease.backend != ZL_BACKEND_NWFILTER ||
			l->row.state == ZL_LEASE_RELEASING ||
			l->row.lease.expires.us > now.us)
			continue;
		if (zl_engine_leases_end(e, l, "zonelockd", "its time is up", &err) < 0)
			zl_log_error(LOG_ERR, &err, "cannot end a lease");
	}
}
