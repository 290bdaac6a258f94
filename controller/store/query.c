/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a prepared statement: binding by order, stepping, reading columns. */
#include "controller/store/query.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct zl_query zl_query_make(
	struct zl_db *db, const char *sql, struct zl_error *reterr)
{
	struct zl_query q = { .db = db };

	q.r = zl_db_prepare(db, sql, &q.stmt, reterr);
	return q;
}

void zl_query_done(struct zl_query *q)
{
	if (q->stmt == NULL)
		return;
	(void)sqlite3_reset(q->stmt);
	(void)sqlite3_clear_bindings(q->stmt);
	q->stmt = NULL;
}

/* A bind fails for want of memory, or when the text is over SQLite's limit. */
static void note(struct zl_query *q, int rc)
{
	if (rc != SQLITE_OK && q->r >= 0)
		q->r = rc == SQLITE_NOMEM ? -ENOMEM : -E2BIG;
}

void zl_query_i64(struct zl_query *q, int64_t v)
{
	if (q->r >= 0)
		note(q, sqlite3_bind_int64(q->stmt, ++q->at, v));
}

void zl_query_u64(struct zl_query *q, uint64_t v)
{
	zl_query_i64(q, v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

void zl_query_text(struct zl_query *q, const char *text)
{
	if (q->r >= 0)
		note(q, sqlite3_bind_text(
				q->stmt, ++q->at, text, -1, SQLITE_TRANSIENT));
}

void zl_query_blob(struct zl_query *q, const void *bytes, size_t n)
{
	if (q->r >= 0)
		note(q, sqlite3_bind_blob64(
				q->stmt, ++q->at, bytes, n, SQLITE_TRANSIENT));
}

void zl_query_uuid(struct zl_query *q, const struct zl_uuid *u)
{
	static const struct zl_uuid zero;
	char text[ZL_UUID_STR];

	zl_query_text(q, zl_uuid_eq(u, &zero) ? NULL : zl_uuid_format(u, text));
}

void zl_query_json(struct zl_query *q, const json_t *j)
{
	ZL_AUTO(zl_mem) char *text = NULL;

	if (j == NULL) {
		zl_query_text(q, "null");
		return;
	}
	text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (text == NULL)
		note(q, SQLITE_NOMEM);
	else
		zl_query_text(q, text);
}

int zl_query_step(struct zl_query *q, struct zl_error *reterr)
{
	if (q->stmt == NULL)
		return q->r; /* reterr was filled in by zl_query_make() */
	if (q->r < 0)
		return zl_fail(reterr, q->r, "database %s: %s", zl_db_path(q->db),
			q->r == -ENOMEM ? "out of memory" : "a value is too large");
	return zl_db_step(q->db, q->stmt, reterr);
}

int zl_query_run(struct zl_query *q, struct zl_error *reterr)
{
	int r = zl_query_step(q, reterr);

	return r < 0 ? r : 0;
}

int64_t zl_query_get_i64(const struct zl_query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

const char *zl_query_get_str(const struct zl_query *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q->stmt, column);

	return text != NULL ? text : "";
}

void zl_query_get_text(const struct zl_query *q, int column, char *to, size_t size)
{
	(void)snprintf(to, size, "%s", zl_query_get_str(q, column));
}

struct zl_wall zl_query_get_wall(const struct zl_query *q, int column)
{
	return (struct zl_wall){ zl_query_get_i64(q, column) };
}

struct zl_uuid zl_query_get_uuid(const struct zl_query *q, int column)
{
	struct zl_uuid u = { 0 };

	if (!zl_uuid_parse(zl_query_get_str(q, column), &u))
		memset(&u, 0, sizeof(u));
	return u;
}

json_t *zl_query_get_json(const struct zl_query *q, int column)
{
	return json_loads(zl_query_get_str(q, column), JSON_DECODE_ANY, NULL);
}
