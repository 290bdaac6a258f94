/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state database: opening, transactions, statements and what goes wrong. */
#include "controller/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/store/schema.h"

enum { STATEMENTS_MAX = 64 };

struct statement {
	const char *sql; /* borrowed: a literal */
	sqlite3_stmt *stmt;
	uint64_t used; /* when, counted in prepares */
};

struct zl_db {
	sqlite3 *handle;
	char *path;
	bool in_transaction;
	int spoiled; /* first failure of SQLite in this transaction, or 0 */
	uint64_t n_prepares;
	struct statement statements[STATEMENTS_MAX];
	unsigned n_statements;
};

/* What SQLite's primary result codes mean to the operator; `hint` may hold one %s. */
struct failure {
	int sqlite;
	int code;
	const char *id, *what, *hint;
};

/* clang-format off */
#define STOP_HINT "restore it from a backup, or move it away and start empty"
static const struct failure failures[] = {
	{ SQLITE_FULL,     -ENOSPC, "store.full",     "disk full",
	  "free space on the file system of %s; enforcement waits until it can be recorded" },
	{ SQLITE_BUSY,     -EBUSY,  "store.busy",     "locked by another program",
	  "end the program that has %s open (fuser shows it)" },
	{ SQLITE_LOCKED,   -EBUSY,  "store.busy",     "locked by a statement of our own", "" },
	{ SQLITE_IOERR,    -EIO,    "store.io",       "read or write error",
	  "look at the kernel's log for the disk of %s" },
	{ SQLITE_CORRUPT,  -EBADMSG, "store.corrupt", "the file is damaged", STOP_HINT },
	{ SQLITE_NOTADB,   -EBADMSG, "store.corrupt", "the file is not a database", STOP_HINT },
	{ SQLITE_READONLY, -EROFS,  "store.readonly", "the file or its file system is read-only",
	  "make %s and its directory writable for zonelock's user" },
	{ SQLITE_CANTOPEN, -EACCES, "store.open",     "cannot be opened",
	  "make the directory of %s and let zonelock's user write there" },
	{ SQLITE_PERM,     -EACCES, "store.open",     "no permission",
	  "let zonelock's user read and write %s" },
	{ SQLITE_NOMEM,    -ENOMEM, "",               "out of memory", "" },
	{ SQLITE_TOOBIG,   -E2BIG,  "store.too-big",  "a value is too large", "" },
};
/* clang-format on */

static int fail_as(
	const struct zl_db *db, const struct failure *f, struct zl_error *reterr)
{
	const char *at = strstr(f->hint, "%s");

	(void)zl_fail_id(
		reterr, f->code, f->id, "", "database %s: %s", db->path, f->what);
	if (at == NULL)
		zl_error_hint(reterr, "%s", f->hint);
	else
		zl_error_hint(reterr, "%.*s%s%s", (int)(at - f->hint), f->hint,
			db->path, at + 2);
	return f->code;
}

/* The last failure of SQLite as ours; spoils an open transaction. */
static int fail(struct zl_db *db, int rc, struct zl_error *reterr)
{
	int primary = rc & 0xff, code = 0;

	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) {
		int err = sqlite3_system_errno(db->handle);

		/* also met in fsync, and when the WAL or its index is made */
		if (err == ENOSPC || err == EDQUOT)
			primary = SQLITE_FULL;
	}
	for (size_t i = 0; i < N_ITEMS(failures) && code == 0; i++)
		if (failures[i].sqlite == primary)
			code = fail_as(db, &failures[i], reterr);
	if (code == 0)
		code = zl_fail_id(reterr, -EIO, "store.sqlite", "", "database %s: %s",
			db->path, sqlite3_errmsg(db->handle));
	if (db->in_transaction && db->spoiled == 0)
		db->spoiled = code;
	return code;
}

/*
 * SQLite would make the file with the process's umask.  An existing one is not opened
 * here: closing it again would drop the locks that this process has on it.
 */
static int make_file(const struct zl_db *db, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd)
	int fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return fail_as(db, &failures[0], reterr);
	if (errno != EEXIST || stat(db->path, &st) < 0)
		return zl_fail_id(reterr, -errno, "store.open",
			"make its directory and let zonelock's user write there",
			"database %s: %m", db->path);
	if (!S_ISREG(st.st_mode))
		return zl_fail_id(reterr, -EINVAL, "store.open", "",
			"database %s: not a regular file", db->path);
	if ((st.st_mode & 077) != 0 && chmod(db->path, 0600) < 0)
		return zl_fail_id(reterr, -errno, "store.open",
			"only zonelock's user may read it: chmod 0600",
			"database %s: others may read it, and chmod failed: %m",
			db->path);
	return 0;
}

static int set_wal(struct zl_db *db, struct zl_error *reterr)
{
	sqlite3_stmt *stmt;
	const char *mode;
	int r = zl_db_prepare(db, "PRAGMA journal_mode = WAL", &stmt, reterr);

	if (r >= 0)
		r = zl_db_step(db, stmt, reterr);
	if (r < 0)
		return r;
	mode = r > 0 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	r = mode != NULL && strcmp(mode, "wal") == 0 ? 0 : -ENOTSUP;
	(void)sqlite3_reset(stmt);
	if (r < 0)
		return zl_fail_id(reterr, r, "store.wal",
			"keep it on a local file system",
			"database %s: its file system cannot hold a write-ahead log",
			db->path);
	return 0;
}

static int configure(struct zl_db *db, struct zl_error *reterr)
{
	int r;

	(void)sqlite3_busy_timeout(db->handle, ZL_DB_BUSY_MS);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	if (sqlite3_db_readonly(db->handle, "main") == 1)
		return fail(db, SQLITE_READONLY, reterr);
	r = zl_db_exec(db,
		"PRAGMA trusted_schema = OFF;"
		"PRAGMA cell_size_check = ON;"
		"PRAGMA foreign_keys = ON;"
		/* so that REPLACE does not get round the triggers of audit */
		"PRAGMA recursive_triggers = ON;",
		reterr);
	if (r >= 0)
		r = set_wal(db, reterr);
	if (r >= 0)
		r = zl_db_exec(db,
			"PRAGMA synchronous = FULL;"
			"PRAGMA journal_size_limit = 16777216;",
			reterr);
	return r;
}

int zl_db_open(const char *path, struct zl_db **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_db) struct zl_db *db = calloc(1, sizeof(*db));
	int rc, r;

	if (db == NULL || (db->path = strdup(path)) == NULL)
		return zl_fail(reterr, -ENOMEM, "database %s: out of memory", path);
	r = make_file(db, reterr);
	if (r < 0)
		return r;
	rc = sqlite3_open_v2(db->path, &db->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL);
	if (rc != SQLITE_OK)
		return fail(db, rc, reterr);
	r = configure(db, reterr);
	if (r >= 0)
		r = zl_schema_migrate(db, reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(db);
	return 0;
}

void zl_db_close(struct zl_db *db)
{
	if (db == NULL)
		return;
	for (unsigned i = 0; i < db->n_statements; i++)
		(void)sqlite3_finalize(db->statements[i].stmt);
	(void)sqlite3_close(db->handle);
	free(db->path);
	free(db);
}

const char *zl_db_path(const struct zl_db *db)
{
	return db->path;
}

/* --- transactions --- */

int zl_db_begin(struct zl_db *db, struct zl_error *reterr)
{
	int r;

	if (db->in_transaction)
		return zl_fail(reterr, -EINVAL,
			"database %s: a transaction is open already", db->path);
	r = zl_db_exec(db, "BEGIN IMMEDIATE", reterr);
	if (r < 0)
		return r;
	db->in_transaction = true;
	db->spoiled = 0;
	return 0;
}

void zl_db_rollback(struct zl_db *db)
{
	if (!db->in_transaction)
		return;
	db->in_transaction = false;
	/* after some failures SQLite has done it already */
	if (sqlite3_get_autocommit(db->handle) == 0)
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int zl_db_commit(struct zl_db *db, struct zl_error *reterr)
{
	int r = db->spoiled;

	if (!db->in_transaction)
		return zl_fail(reterr, -EINVAL, "database %s: no transaction is open",
			db->path);
	if (r < 0)
		r = zl_fail(reterr, r, "database %s: undone after an earlier failure",
			db->path);
	else
		r = zl_db_exec(db, "COMMIT", reterr);
	if (r < 0)
		zl_db_rollback(db);
	db->in_transaction = false;
	return r;
}

int zl_db_end(struct zl_db *db, int r, struct zl_error *reterr)
{
	if (r >= 0)
		return zl_db_commit(db, reterr);
	zl_db_rollback(db);
	return r;
}

int zl_db_join(struct zl_db *db, bool *ret_own, struct zl_error *reterr)
{
	bool own = !db->in_transaction;
	int r = own ? zl_db_begin(db, reterr) : 0;

	if (r >= 0)
		*ret_own = own;
	return r;
}

int zl_db_leave(struct zl_db *db, bool own, int r, struct zl_error *reterr)
{
	return own ? zl_db_end(db, r, reterr) : r;
}

/* --- statements --- */

/* The slot for a new statement: an empty one, or that of the least recently used. */
static struct statement *find_slot(struct zl_db *db)
{
	struct statement *oldest = NULL;

	if (db->n_statements < STATEMENTS_MAX)
		return &db->statements[db->n_statements++];
	for (unsigned i = 0; i < db->n_statements; i++) {
		struct statement *s = &db->statements[i];

		if (sqlite3_stmt_busy(s->stmt) == 0 &&
			(oldest == NULL || s->used < oldest->used))
			oldest = s;
	}
	if (oldest != NULL)
		(void)sqlite3_finalize(oldest->stmt);
	return oldest;
}

int zl_db_prepare(
	struct zl_db *db, const char *sql, sqlite3_stmt **ret, struct zl_error *reterr)
{
	struct statement *s;
	sqlite3_stmt *stmt;
	int rc;

	db->n_prepares++;
	for (unsigned i = 0; i < db->n_statements; i++) {
		s = &db->statements[i];
		if ((s->sql == sql || strcmp(s->sql, sql) == 0) &&
			sqlite3_stmt_busy(s->stmt) == 0) {
			s->used = db->n_prepares;
			(void)sqlite3_reset(s->stmt);
			(void)sqlite3_clear_bindings(s->stmt);
			*ret = s->stmt;
			return 0;
		}
	}
	rc = sqlite3_prepare_v3(
		db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (rc != SQLITE_OK)
		return fail(db, rc, reterr);
	s = find_slot(db);
	if (s == NULL) {
		(void)sqlite3_finalize(stmt);
		return zl_fail(reterr, -ENOBUFS,
			"database %s: more than %d statements at work", db->path,
			STATEMENTS_MAX);
	}
	*s = (struct statement){ .sql = sql, .stmt = stmt, .used = db->n_prepares };
	*ret = stmt;
	return 0;
}

int zl_db_step(struct zl_db *db, sqlite3_stmt *stmt, struct zl_error *reterr)
{
	int rc = sqlite3_step(stmt), r;

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	r = fail(db, rc, reterr);
	(void)sqlite3_reset(stmt);
	return r;
}

int zl_db_exec(struct zl_db *db, const char *sql, struct zl_error *reterr)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(db, rc, reterr);
}
