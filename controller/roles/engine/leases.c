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

/* How long an enforcer may take to answer, before it is told again. */
enum { RESEND_NFTABLES_S = 10, RESEND_NWFILTER_S = 120 };
/* Clocks of hosts are not exactly alike. */
enum { EXPIRY_GRACE_S = 10 };

/* --- begin --- */

/* Where one more NIC can go: a free place, or that of a NIC which `d` has no more. */
static unsigned free_place(
	const struct zl_lease *lease, const struct zl_index_domain *d)
{
	for (unsigned k = 0; k < lease->n_nics; k++) {
		bool is_there = lease->n_nics < ZL_LEASE_NICS_MAX;

		for (unsigned n = 0; n < d->n_nics && !is_there; n++)
			is_there = zl_mac_eq(&lease->nics[k].mac, &d->nics[n]->nic.mac);
		if (!is_there)
			return k;
	}
	return lease->n_nics;
}

bool zl_engine_leases_take_nics(struct zl_lease *lease, const struct zl_index_domain *d)
{
	bool grown = false;

	for (unsigned n = 0; n < d->n_nics; n++) {
		const struct zl_nic *nic = &d->nics[n]->nic;
		unsigned k = 0;

		while (k < lease->n_nics && !zl_mac_eq(&lease->nics[k].mac, &nic->mac))
			k++;
		if (k == lease->n_nics) {
			k = free_place(lease, d);
			if (k == ZL_LEASE_NICS_MAX)
				continue; /* cannot be: see the assertion below */
			lease->n_nics += k == lease->n_nics;
			grown = true;
		}
		lease->nics[k].mac = nic->mac;
		zl_engine_leases_set_text(lease->nics[k].tap, ZL_TAP_NAME, nic->tap);
	}
	return grown;
}

_Static_assert((int)ZL_DOMAIN_NICS_MAX <= (int)ZL_LEASE_NICS_MAX,
	"a lease must have room for all NICs of a domain");

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
	(void)zl_engine_leases_take_nics(&row->lease, at);
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

/* A domain that migrates is on two hosts. */
static void send_where_else(struct zl_engine *e, struct zl_engine_lease *l)
{
	const struct zl_index_domain *at[8];
	size_t n = zl_index_find_all(e->index, &l->row.lease.domain, at, N_ITEMS(at));

	for (size_t i = 0; i < n && i < N_ITEMS(at); i++)
		if (at[i]->state != ZL_DOMAIN_SHUTOFF &&
			strcmp(at[i]->host->name, l->row.host) != 0)
			zl_engine_leases_send_too(e, l, at[i]);
}

int zl_engine_leases_begin(struct zl_engine *e, const struct zl_lease_want *want,
	struct zl_engine_lease **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_lease_row *row = calloc(1, sizeof(*row));
	struct zl_engine_lease *l;
	int r;

	if (row == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (e->is_replay)
		return zl_fail_id(reterr, -EPERM, "replay", "",
			"this is a replay: nothing is contained");
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
		zl_engine_database_failed(e, reterr, "a lease cannot be recorded");
		return r;
	}
	zl_engine_database_works(e);
	r = zl_engine_leases_remember(e, row, &l);
	if (r < 0)
		return zl_fail(reterr, r, "out of memory for one more lease");
	zl_engine_leases_send(e, l);
	send_where_else(e, l);
	*ret = l;
	return 0;
}

static bool is_same_block(const struct zl_block *a, const struct zl_block *b)
{
	return zl_addr_eq(&a->dst, &b->dst) && a->dport == b->dport &&
	       a->proto == b->proto;
}

/* One more blocked service for a lease that is there already. */
int zl_engine_leases_add_block(struct zl_engine_lease *l, const struct zl_block *block,
	const char *actor, json_t *evidence)
{
	struct zl_lease *lease = &l->row.lease;
	int r;

	if (l->row.state == ZL_LEASE_RELEASING)
		return 0;
	for (unsigned i = 0; i < lease->n_blocks; i++)
		if (is_same_block(&lease->blocks[i], block))
			return 0;
	if (lease->n_blocks == ZL_LEASE_BLOCKS_MAX)
		return -E2BIG;
	lease->blocks[lease->n_blocks++] = *block;
	r = zl_engine_leases_record(
		l, actor, "block-flow", lease->cause, "pending", evidence);
	if (r < 0) {
		lease->n_blocks--; /* nothing is done that is not recorded */
		return r;
	}
	zl_engine_leases_send(l->e, l);
	return 1;
}

int zl_engine_leases_change(struct zl_engine_lease *l, enum zl_grade grade,
	struct zl_wall expires, const char *actor, const char *cause,
	struct zl_error *reterr)
{
	struct zl_lease before = l->row.lease;
	char when[ZL_WALL_STR], result[160];
	int r;

	l->row.lease.grade = grade;
	l->row.lease.expires = expires;
	(void)snprintf(result, sizeof(result), "pending: %s instead of %s, ends %s",
		zl_grade_name(grade), zl_grade_name(before.grade),
		zl_wall_format(expires, when));
	r = zl_engine_leases_record(l, actor, "quarantine-change", cause, result, NULL);
	if (r < 0) {
		l->row.lease = before;
		return zl_fail(
			reterr, r, "nothing was done, because it cannot be recorded");
	}
	l->changed = true;
	zl_engine_leases_send(l->e, l);
	send_where_else(l->e, l);
	return 0;
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
	zl_engine_leases_disappoint(l);
	zl_engine_leases_send(e, l);
	return 0;
}

/* --- the domain changes --- */

/*
 * Does the domain run elsewhere now?  While it migrates it is on both hosts; the lease
 * stays where it runs, until it does no more.
 */
static const struct zl_index_domain *find_new_place(
	const struct zl_engine *e, const struct zl_engine_lease *l)
{
	const struct zl_uuid *domain = &l->row.lease.domain;
	const struct zl_index_domain *here =
		zl_index_find(e->index, l->row.host, domain);
	const struct zl_index_domain *best = zl_index_find(e->index, NULL, domain);

	if (best == NULL || strcmp(best->host->name, l->row.host) == 0 ||
		best->state == ZL_DOMAIN_SHUTOFF || zl_engine_leases_is_adopted(l))
		return NULL;
	if (here == NULL || here->state == ZL_DOMAIN_SHUTOFF)
		return best;
	return best->state == ZL_DOMAIN_RUNNING && here->state != ZL_DOMAIN_RUNNING
		       ? best
		       : NULL;
}

/*
 * The host that it left keeps its copy until the lease ends: the domain may come back,
 * and an id that was dropped there could not be brought into force again.
 */
static void follow(
	struct zl_engine_lease *l, const struct zl_index_domain *d, unsigned what)
{
	const struct zl_index_domain *to = find_new_place(l->e, l);
	bool is_active = d->state != ZL_DOMAIN_SHUTOFF && (what & ZL_INDEX_GONE) == 0;
	struct zl_lease *lease = &l->row.lease;
	bool is_here, grown, renamed;

	if (to != NULL) {
		zl_engine_leases_set_text(
			l->row.host, sizeof(l->row.host), to->host->name);
		/* What was read back was so on the other one. */
		l->row.objects[0] = '\0';
		l->row.n_elements = 0;
	}
	is_here =
		(what & ZL_INDEX_GONE) == 0 && strcmp(d->host->name, l->row.host) == 0;
	grown = to != NULL	       ? zl_engine_leases_take_nics(lease, to)
		: is_here && is_active ? zl_engine_leases_take_nics(lease, d)
				       : false;
	renamed = is_here && strcmp(lease->domain_name, d->name) != 0;
	if (renamed)
		zl_engine_leases_set_text(
			lease->domain_name, sizeof(lease->domain_name), d->name);
	if (to != NULL || grown || renamed) {
		(void)zl_engine_leases_record(l, "zonelockd",
			to != NULL ? "lease-moved"
			: grown	   ? "lease-extended"
				   : "lease-renamed",
			lease->cause,
			to != NULL ? "the domain runs on another host"
			: grown	   ? "the domain has one more network interface"
				   : "the domain has another name",
			NULL);
		l->changed = true;
		zl_engine_leases_send(l->e, l);
	} else if (is_here && (what & (ZL_INDEX_ADDED | ZL_INDEX_NICS)) != 0) {
		l->changed |= (what & ZL_INDEX_NICS) != 0;
		zl_engine_leases_send(
			l->e, l); /* what is contained is another question now */
	}
	if (is_active && !is_here &&
		(what & (ZL_INDEX_ADDED | ZL_INDEX_STATE | ZL_INDEX_NICS)) != 0)
		zl_engine_leases_send_too(l->e, l, d);
}

void zl_engine_leases_on_domain(
	struct zl_engine *e, const struct zl_index_domain *d, unsigned what)
{
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;)
		if (zl_uuid_eq(&l->row.lease.domain, &d->uuid))
			follow(l, d, what);
}

void zl_engine_leases_abandon(struct zl_engine *e, const char *host, const char *actor)
{
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;) {
		if (strcmp(l->row.host, host) != 0)
			continue;
		l->row.state = ZL_LEASE_RELEASED;
		l->row.ended = zl_wall_now();
		(void)zl_engine_leases_note_release(
			&l->row.lease.domain, l->row.ended, e);
		zl_engine_leases_drop_elsewhere(e, l, "it has ended");
		zl_engine_leases_answer(l);
		/* The next tick takes it out of memory. */
		(void)zl_engine_leases_record(l, actor,
			zl_engine_leases_verb(ZL_LEASE_RELEASED), l->row.reason,
			"not confirmed: its host was undefined", NULL);
		if (zl_engine_leases_of(e, &l->row.lease.domain, ZL_ACTION_N) == NULL)
			zl_engine_incidents_close(e, &l->row.lease.domain);
	}
}

/* --- the clock --- */

/*
 * Nothing was heard since it was sent, or its end has not been confirmed, or its time is
 * up and the agent, which ends leases by itself, has not said so.
 */
static bool must_send_again(
	const struct zl_engine_lease *l, struct zl_mono mono, struct zl_wall now)
{
	bool is_nftables = l->row.lease.backend == ZL_BACKEND_NFTABLES;
	uint64_t wait_s = is_nftables ? RESEND_NFTABLES_S : RESEND_NWFILTER_S;

	if (zl_mono_since(mono, l->sent) < wait_s * ZL_US_PER_S)
		return false;
	return !l->answered || l->row.state == ZL_LEASE_RELEASING ||
	       (is_nftables &&
		       l->row.lease.expires.us < now.us - EXPIRY_GRACE_S * ZL_US_PER_S);
}

/* The actuator has no clock of its own: what has run out is ended here. */
static bool must_end(const struct zl_engine_lease *l, struct zl_wall now)
{
	return l->row.lease.backend == ZL_BACKEND_NWFILTER &&
	       l->row.state != ZL_LEASE_RELEASING && l->row.lease.expires.us <= now.us;
}

void zl_engine_leases_tick(struct zl_engine *e, struct zl_wall now)
{
	struct zl_mono mono = zl_mono_now();
	struct zl_engine_lease *l;
	struct zl_error err = { 0 };
	bool is_writable = true;

	for (size_t i = 0; (l = zl_map_next(&e->leases, &i)) != NULL;) {
		if (l->unrecorded && is_writable)
			is_writable = zl_engine_leases_record(l, "zonelockd",
					      zl_engine_leases_verb(l->row.state),
					      l->row.lease.cause,
					      "recorded late: the database could not "
					      "be written before",
					      NULL) >= 0;
		if (zl_engine_leases_is_over(l->row.state)) {
			if (l->unrecorded)
				continue;
			zl_engine_leases_forget(l);
			i--; /* the next one may have moved into its slot */
			continue;
		}
		if (!must_end(l, now)) {
			if (must_send_again(l, mono, now))
				zl_engine_leases_send(e, l);
		} else if (zl_engine_leases_end(
				   e, l, "zonelockd", "its time is up", &err) < 0) {
			zl_engine_database_failed(e, &err, "cannot end a lease");
		}
	}
}
