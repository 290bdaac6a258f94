/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state database: one SQLite file (mode 0600), WAL, synchronous=FULL, opened by
 * the engine alone.
 *
 * Tables (schema.c holds them as migrations, one row each):
 *	object		kind, name, uuid, revision, xml, created/updated us
 *	object_history	every revision of every object, its removal too
 *	incident	open and closed incidents with their evidence (JSON)
 *	lease		every mitigation with its state and timings
 *	release		when a domain was last released (engine's gate)
 *	audit		append-only hash chain (triggers refuse UPDATE and DELETE)
 *	audit_head	the chain's last seq and hash
 *
 * What belongs together is one transaction:
 *
 *	r = zl_db_begin(db, reterr);
 *	if (r >= 0)
 *		r = zl_incidents_put(db, ...);
 *	if (r >= 0)
 *		r = zl_audit_append(db, ...);
 *	r = zl_db_end(db, r, reterr);
 *
 * A failure of SQLite inside a transaction spoils it: a later zl_db_commit() undoes
 * everything and returns that failure again.  A -ENOENT or -EEXIST of ours does not.
 *
 * Failures that the operator can mend have a sentence that names the file and a hint
 * (the table in db.c): -ENOSPC disk full, -EBUSY another program holds it, -EROFS
 * read-only, -EIO, -EBADMSG damaged, -EACCES or -ENOENT cannot be opened.
 */
#ifndef ZL_STORE_DB_H
#define ZL_STORE_DB_H
#include <sqlite3.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

struct zl_db;

/* How long another program's lock is waited for before -EBUSY. */
enum { ZL_DB_BUSY_MS = 1000 };

/* Open or create `path` and migrate it.  -ENOTSUP: its schema is newer than ours. */
int zl_db_open(
	const char *path, struct zl_db **ret, struct zl_error *reterr) ZL_CHECKED;
void zl_db_close(struct zl_db *db); /* NULL is fine; undoes an open transaction */
ZL_DEFINE_AUTO(zl_db, struct zl_db, zl_db_close);

const char *zl_db_path(const struct zl_db *db);

int zl_db_begin(struct zl_db *db, struct zl_error *reterr) ZL_CHECKED;
int zl_db_commit(struct zl_db *db,
	struct zl_error *reterr) ZL_CHECKED; /* rolls back on failure */
void zl_db_rollback(struct zl_db *db);	     /* nothing when no transaction is open */
/* Commit when `r` is not negative, else roll back and return `r`. */
int zl_db_end(struct zl_db *db, int r, struct zl_error *reterr) ZL_CHECKED;

/*
 * For functions of several statements that work inside the caller's transaction as well
 * as alone: zl_db_join() begins one unless one is open and says so in *ret_own;
 * zl_db_leave() ends it as zl_db_end() does when it is our own.
 */
int zl_db_join(struct zl_db *db, bool *ret_own, struct zl_error *reterr) ZL_CHECKED;
int zl_db_leave(struct zl_db *db, bool own, int r, struct zl_error *reterr) ZL_CHECKED;

/*
 * Prepared once per SQL text (which must stay valid: a literal) and kept.  A statement
 * in the middle of its rows is not handed out again: walks may be nested.  The caller
 * resets it when it stops before the last row; query.h does that.
 */
int zl_db_prepare(struct zl_db *db, const char *sql, sqlite3_stmt **ret,
	struct zl_error *reterr) ZL_CHECKED;
/* sqlite3_step with our errors: 1 a row, 0 done, or negative. */
int zl_db_step(
	struct zl_db *db, sqlite3_stmt *stmt, struct zl_error *reterr) ZL_CHECKED;
/* Run statements that give no rows of interest. */
int zl_db_exec(struct zl_db *db, const char *sql, struct zl_error *reterr) ZL_CHECKED;

#endif
