/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's lease files share among themselves; everybody else uses engine.h.
 *
 *	leases.c	begin, end, follow the domain
 *	lease_book.c	the leases in memory, their records, and who waits for them
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
int zl_engine_leases_note_release(
	const struct zl_uuid *domain, struct zl_wall when, void *user);
void zl_engine_leases_answer(struct zl_engine_lease *l);
int zl_engine_leases_audit(struct zl_engine *e, const struct zl_lease_row *row,
	const char *actor, const char *verb, const char *cause, const char *result,
	json_t *evidence, struct zl_error *reterr);
/* State, and what is said about it, in one transaction. */
void zl_engine_leases_record(struct zl_engine_lease *l, const char *actor,
	const char *verb, const char *cause, const char *result, json_t *evidence);

/* lease_enforcer.c */
void zl_engine_leases_send(struct zl_engine *e, struct zl_engine_lease *l);
/* Tell a host to let go of a lease that is not its any more. */
void zl_engine_leases_drop_at(struct zl_engine *e, const char *host,
	const struct zl_lease *lease, const char *why);

#endif
