/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases and incidents on disk: what the engine must know again after its death.
 */
#ifndef ZL_STORE_LEASES_H
#define ZL_STORE_LEASES_H
#include <jansson.h>

#include "controller/store/db.h"
#include "mitigate/lease.h"

/* A lease with what the engine knows about it beyond the enforcer's view. */
struct zl_lease_row {
	struct zl_lease lease;
	enum zl_lease_state state;
	char host[64];	/* where it was last brought into force */
	char actor[96]; /* "lock db-lock", "uid 0 (root)" */
	char reason[ZL_LEASE_TEXT];
	uint64_t incident;	       /* 0: none */
	struct zl_wall record_arrival; /* of the record that caused it; 0 */
	struct zl_wall decided, committed, ended;
	uint16_t n_elements; /* compared with the kernel's */
	char objects[1024];  /* as reported */
	char error[512];     /* message and hint of the last report, or "" */
};

/* Insert or update by id. */
int zl_leases_put(struct zl_db *db, const struct zl_lease_row *row,
	struct zl_error *reterr) ZL_CHECKED;
/* `all`: also released, expired and failed ones; newest last. */
int zl_leases_each(struct zl_db *db, bool all,
	int (*each)(const struct zl_lease_row *row, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;
int zl_leases_get(struct zl_db *db, const struct zl_uuid *id, struct zl_lease_row *ret,
	struct zl_error *reterr) ZL_CHECKED; /* -ENOENT */

struct zl_incident_row {
	uint64_t id; /* 0 on insert: assigned */
	bool open;
	struct zl_uuid domain;
	char domain_name[ZL_DOMAIN_NAME];
	char host[64];
	char lock[64];
	char rule[160];
	struct zl_wall opened, updated;
	uint64_t count;		   /* violations that it stands for */
	char decision[32];	   /* "alert", "quarantine", "block-flow", "none" */
	char decision_reason[256]; /* why this and not more */
	struct zl_uuid lease;	   /* zero: none */
	json_t *evidence; /* array of flow records; borrowed on put, borrowed in each */
};

int zl_incidents_put(struct zl_db *db, struct zl_incident_row *row,
	struct zl_error *reterr) ZL_CHECKED; /* sets row->id on insert */
/* `all`: closed ones too; newest last; `limit` 0: no limit. */
int zl_incidents_each(struct zl_db *db, bool all, uint64_t limit,
	int (*each)(const struct zl_incident_row *row, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;
int zl_incidents_get(struct zl_db *db, uint64_t id,
	int (*each)(const struct zl_incident_row *row, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED; /* -ENOENT */

/* When the domain was last released: flows from before must not act again. */
int zl_releases_put(struct zl_db *db, const struct zl_uuid *domain, struct zl_wall when,
	struct zl_error *reterr) ZL_CHECKED;
int zl_releases_forget(
	struct zl_db *db, struct zl_wall before, struct zl_error *reterr) ZL_CHECKED;
int zl_releases_each(struct zl_db *db,
	int (*each)(const struct zl_uuid *domain, struct zl_wall when, void *user),
	void *user, struct zl_error *reterr) ZL_CHECKED;

#endif
