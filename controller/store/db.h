/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state database: one SQLite file, WAL, synchronous=FULL, opened by the engine
 * alone.
 *
 * Tables (schema.c holds them as migrations, one row each):
 *	object		kind, name, uuid, revision, xml, created/updated us, deleted
 *	object_history	every revision of every object
 *	incident	open and closed incidents with their evidence (JSON)
 *	lease		every mitigation with its state and timings
 *	release		when a domain was last released (engine's gate)
 *	audit		append-only hash chain (triggers refuse UPDATE and DELETE)
 *
 * What belongs together is one transaction: zl_db_begin/commit; an error in
 * between, or zl_db_rollback(), undoes all of it.  -ENOSPC: the disk is full, with a
 * sentence that names the file and says what to do.  -EBUSY, -EIO, -EROFS likewise.
 */
#ifndef ZL_STORE_DB_H
#define ZL_STORE_DB_H
#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

struct zl_db;

/* Open or create `path` and migrate it.  A newer schema than ours is refused. */
int zl_db_open(const char *path, struct zl_db **ret, struct zl_error *reterr) ZL_CHECKED;
void zl_db_close(struct zl_db *db); /* NULL is fine */

int zl_db_begin(struct zl_db *db, struct zl_error *reterr) ZL_CHECKED;
int zl_db_commit(struct zl_db *db, struct zl_error *reterr) ZL_CHECKED; /* rolls back on failure */
void zl_db_rollback(struct zl_db *db); /* nothing when no transaction is open */

/* Prepared once per SQL text and kept; reset by the next use. */
int zl_db_prepare(struct zl_db *db, const char *sql, sqlite3_stmt **ret,
	struct zl_error *reterr) ZL_CHECKED;
/* sqlite3_step with our errors: 1 a row, 0 done, or negative. */
int zl_db_step(struct zl_db *db, sqlite3_stmt *stmt, struct zl_error *reterr) ZL_CHECKED;

#endif
