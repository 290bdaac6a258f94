/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's incident files share among themselves; everybody else uses engine.h.
 *
 *	incidents.c	violation -> incident -> decision -> action
 *	incident_book.c	the open incidents in memory and their records
 *	findings.c	incidents that no lock asked for
 */
#ifndef ZL_ENGINE_INCIDENTS_H
#define ZL_ENGINE_INCIDENTS_H
#include "controller/roles/engine/engine.h"

/*
 * In place of a lock's name, an incident that is no lock's has what it is about in
 * parentheses, which no lock's name can have.
 */
static inline bool zl_engine_incidents_is_finding(const struct zl_engine_incident *inc)
{
	return inc->row.lock[0] == '(';
}

/* The open one of this domain (or nobody's) and lock; made, without a record yet, when
 * there is none.  NULL: no memory. */
struct zl_engine_incident *zl_engine_incidents_open(struct zl_engine *e,
	const struct zl_endpoint *who, const char *lock, const char *rule);
struct zl_engine_incident *zl_engine_incidents_find(
	struct zl_engine *e, const struct zl_uuid *domain, const char *lock);
/* One more record counts for it. */
void zl_engine_incidents_count(struct zl_engine_incident *inc, const struct zl_seen *s);
/* A new incident, or one whose decision changed: at once, with an audit record. */
int zl_engine_incidents_write(
	struct zl_engine *e, struct zl_engine_incident *inc, const char *verb);
/* Out of memory with it, once that is recorded; else it stays open. */
bool zl_engine_incidents_close_one(struct zl_engine *e, struct zl_engine_incident *inc);

#endif
