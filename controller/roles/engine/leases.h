/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's lease files share among themselves; everybody else uses engine.h.
 *
 *	leases.c	begin, end, follow the domain
 *	lease_book.c	the leases in memory and their records
 *	lease_wait.c	control calls that wait for them
 *	lease_enforcer.c	frames to agents and actuator
 *	lease_report.c	what the enforcers say
 */
#ifndef ZL_ENGINE_LEASES_H
#define ZL_ENGINE_LEASES_H
#include "controller/roles/engine/engine.h"

void zl_engine_leases_set_text(char *to, size_t size, const char *from);

/* lease_book.c */
int zl_engine_leases_remember(struct zl_engine *e, const struct zl_lease_row *row,
	struct zl_engine_lease **ret);
void zl_engine_leases_forget(struct zl_engine_lease *l);
bool zl_engine_leases_is_over(enum zl_lease_state s);
/* Found on a host and unknown to the database: it concerns that host alone. */
bool zl_engine_leases_is_adopted(const struct zl_engine_lease *l);
int zl_engine_leases_note_release(
	const struct zl_uuid *domain, struct zl_wall when, void *user);
int zl_engine_leases_audit(struct zl_engine *e, const struct zl_lease_row *row,
	const char *actor, const char *verb, const char *cause, const char *result,
	json_t *evidence, struct zl_error *reterr);
/*
 * State, and what is said about it, in one transaction.  When that fails the lease is
 * marked as unrecorded, and zl_engine_leases_tick() tries again.
 */
int zl_engine_leases_record(struct zl_engine_lease *l, const char *actor,
	const char *verb, const char *cause, const char *result, json_t *evidence);
const char *zl_engine_leases_verb(enum zl_lease_state s); /* "lease-applied" */
/* Recorded: out of memory with it.  Else it stays until the database takes it. */
void zl_engine_leases_finish(struct zl_engine_lease *l, const char *actor,
	const char *cause, const char *result);

/* lease_wait.c: all who wait; those of them that want a quarantine which ends. */
void zl_engine_leases_answer(struct zl_engine_lease *l);
void zl_engine_leases_disappoint(struct zl_engine_lease *l);

/* lease_enforcer.c */
void zl_engine_leases_send(struct zl_engine *e, struct zl_engine_lease *l);
/* To a host besides the lease's own, while the domain is on both. */
void zl_engine_leases_send_too(struct zl_engine *e, struct zl_engine_lease *l,
	const struct zl_index_domain *d);
/* Tell a host to let go of a lease that is not its any more. */
void zl_engine_leases_drop_at(struct zl_engine *e, const char *host,
	const struct zl_lease *lease, const char *why);
/* And all hosts but its own, where the domain may have been. */
void zl_engine_leases_drop_elsewhere(
	struct zl_engine *e, const struct zl_engine_lease *l, const char *why);

/* leases.c: the NICs of `d` into the lease, next to those that it has; true: one more. */
bool zl_engine_leases_take_nics(
	struct zl_lease *lease, const struct zl_index_domain *d);

#endif
