/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database's tables, as a table of migrations, and running them. */
#include "controller/store/schema.h"

#include <errno.h>
#include <stdio.h>

#include "controller/store/query.h"

/* clang-format off */
static const char objects_sql[] =
	"CREATE TABLE object ("
	"  kind TEXT NOT NULL, name TEXT NOT NULL, uuid TEXT NOT NULL,"
	"  revision INTEGER NOT NULL, xml TEXT NOT NULL,"
	"  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,"
	"  PRIMARY KEY (kind, name), UNIQUE (kind, uuid)) STRICT;"
	"CREATE TABLE object_history ("
	"  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,"
	"  uuid TEXT NOT NULL, revision INTEGER NOT NULL, time_us INTEGER NOT NULL,"
	"  xml TEXT," /* NULL: removed */
	"  UNIQUE (kind, name, revision)) STRICT;";

static const char leases_sql[] =
	"CREATE TABLE incident ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, open INTEGER NOT NULL,"
	"  domain TEXT," /* NULL: nobody of ours */
	"  domain_name TEXT NOT NULL, host TEXT NOT NULL,"
	"  lock TEXT NOT NULL, rule TEXT NOT NULL,"
	"  opened_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,"
	"  count INTEGER NOT NULL, decision TEXT NOT NULL, decision_reason TEXT NOT NULL,"
	"  lease TEXT," /* NULL: none */
	"  evidence TEXT NOT NULL) STRICT;"
	"CREATE INDEX incident_open ON incident (id) WHERE open = 1;"
	"CREATE TABLE lease ("
	"  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
	"  domain TEXT NOT NULL, domain_name TEXT NOT NULL, action TEXT NOT NULL,"
	"  grade TEXT NOT NULL, backend TEXT NOT NULL,"
	"  created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
	"  nics TEXT NOT NULL, blocks TEXT NOT NULL, cause TEXT NOT NULL,"
	"  state TEXT NOT NULL, host TEXT NOT NULL, actor TEXT NOT NULL,"
	"  reason TEXT NOT NULL, incident INTEGER NOT NULL,"
	"  record_arrival_us INTEGER NOT NULL, decided_us INTEGER NOT NULL,"
	"  committed_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,"
	"  n_elements INTEGER NOT NULL, objects TEXT NOT NULL, error TEXT NOT NULL) STRICT;"
	"CREATE INDEX lease_live ON lease (number)"
	"  WHERE state NOT IN ('failed', 'released', 'expired');"
	"CREATE TABLE release ("
	"  domain TEXT PRIMARY KEY, time_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* The head is one row; it moves by one, with the record that it is the head of. */
static const char audit_sql[] =
	"CREATE TABLE audit ("
	"  seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, actor TEXT NOT NULL,"
	"  verb TEXT NOT NULL, object TEXT NOT NULL, cause TEXT NOT NULL,"
	"  result TEXT NOT NULL, evidence TEXT NOT NULL,"
	"  hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;"
	"CREATE TABLE audit_head ("
	"  one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL,"
	"  hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;"
	"INSERT INTO audit_head VALUES (1, 0, zeroblob(32));"
	"CREATE TRIGGER audit_append BEFORE INSERT ON audit"
	"  WHEN NEW.seq IS NOT (SELECT seq + 1 FROM audit_head)"
	"  BEGIN SELECT RAISE(ABORT, 'audit records are appended only'); END;"
	"CREATE TRIGGER audit_update BEFORE UPDATE ON audit"
	"  BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;"
	"CREATE TRIGGER audit_delete BEFORE DELETE ON audit"
	"  BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END;"
	"CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head"
	"  WHEN NEW.seq IS NOT OLD.seq + 1"
	"  BEGIN SELECT RAISE(ABORT, 'the audit head only moves on'); END;"
	"CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head"
	"  BEGIN SELECT RAISE(ABORT, 'the audit head is never deleted'); END;";

static const char templates_sql[] =
	"CREATE TABLE template ("
	"  exporter BLOB NOT NULL CHECK (length(exporter) = 16),"
	"  version INTEGER NOT NULL, port INTEGER NOT NULL, odid INTEGER NOT NULL,"
	"  id INTEGER NOT NULL, is_options INTEGER NOT NULL, bytes BLOB NOT NULL,"
	"  told_us INTEGER NOT NULL,"
	"  PRIMARY KEY (exporter, version, port, odid, id)) STRICT;";

static const char holdings_sql[] =
	"CREATE TABLE holding ("
	"  id INTEGER PRIMARY KEY, addr BLOB NOT NULL CHECK (length(addr) = 16),"
	"  host TEXT NOT NULL, scope TEXT NOT NULL, domain TEXT NOT NULL,"
	"  name TEXT NOT NULL, mac BLOB NOT NULL, tap TEXT NOT NULL,"
	"  source INTEGER NOT NULL, from_us INTEGER NOT NULL,"
	"  until_us INTEGER NOT NULL) STRICT;" /* 0: still */
	"CREATE INDEX holding_addr ON holding (addr, from_us);"
	"CREATE INDEX holding_open ON holding (id) WHERE until_us = 0;"
	"CREATE INDEX holding_ended ON holding (until_us) WHERE until_us <> 0;";

static const char forwarding_sql[] =
	"CREATE TABLE forwarding ("
	"  domain TEXT PRIMARY KEY, since_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

const struct zl_schema_row zl_schema_rows[] = {
	{ 1, "objects",              objects_sql },
	{ 2, "incidents and leases", leases_sql },
	{ 3, "audit chain",          audit_sql },
	{ 4, "templates",            templates_sql },
	{ 5, "holders of addresses", holdings_sql },
	{ 6, "forwarding domains",   forwarding_sql },
};
/* clang-format on */

const size_t zl_schema_rows_len = N_ITEMS(zl_schema_rows);

static int read_number(
	struct zl_db *db, const char *sql, int64_t *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query) struct zl_query q = zl_query_make(db, sql, reterr);
	int r = zl_query_step(&q, reterr);

	if (r < 0)
		return r;
	*ret = r > 0 ? sqlite3_column_int64(q.stmt, 0) : 0;
	return 0;
}

static int run_row(
	struct zl_db *db, const struct zl_schema_row *row, struct zl_error *reterr)
{
	char mark[96];
	int r = zl_db_begin(db, reterr);

	if (r < 0)
		return r;
	(void)snprintf(mark, sizeof(mark),
		"PRAGMA user_version = %d; PRAGMA application_id = %d", row->version,
		ZL_SCHEMA_MARK);
	r = zl_db_exec(db, row->sql, reterr);
	if (r >= 0)
		r = zl_db_exec(db, mark, reterr);
	return zl_db_end(db, r, reterr);
}

int zl_schema_migrate(struct zl_db *db, struct zl_error *reterr)
{
	int64_t version, mark, n_tables;
	int r = read_number(db, "PRAGMA user_version", &version, reterr);

	if (r >= 0)
		r = read_number(db, "PRAGMA application_id", &mark, reterr);
	if (r >= 0)
		r = read_number(
			db, "SELECT count(*) FROM sqlite_schema", &n_tables, reterr);
	if (r < 0)
		return r;
	if (mark != ZL_SCHEMA_MARK && (mark != 0 || version != 0 || n_tables != 0))
		return zl_fail_id(reterr, -EBADMSG, "store.foreign",
			"name another state-directory",
			"database %s: not a database of zonelock", zl_db_path(db));
	if (version < 0 || version > (int64_t)zl_schema_rows_len)
		return zl_fail_id(reterr, -ENOTSUP, "store.schema.newer",
			"install the zonelock that wrote it, or restore a backup",
			"database %s: schema %lld, and this zonelock knows only up to "
			"%zu",
			zl_db_path(db), (long long)version, zl_schema_rows_len);
	for (size_t i = (size_t)version; i < zl_schema_rows_len && r >= 0; i++)
		r = run_row(db, &zl_schema_rows[i], reterr);
	return r < 0 ? r : 0;
}
