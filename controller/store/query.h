/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of a prepared statement: binding by order, stepping, reading columns.
 *
 *	ZL_AUTO(zl_query) struct zl_query q = zl_query_make(db, sql, reterr);
 *
 *	zl_query_text(&q, name);
 *	zl_query_i64(&q, now.us);
 *	while ((r = zl_query_step(&q, reterr)) > 0)
 *		zl_query_get_text(&q, 0, buf, sizeof(buf));
 *
 * Sticky: after a failure the binds do nothing and zl_query_step() returns it.
 * Leaving the scope resets the statement.
 */
#ifndef ZL_STORE_QUERY_H
#define ZL_STORE_QUERY_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "controller/store/db.h"

struct zl_query {
	struct zl_db *db;
	sqlite3_stmt *stmt; /* NULL: it could not be prepared */
	int at;		    /* parameters bound so far */
	int r;		    /* the first failure, or 0 */
};

struct zl_query zl_query_make(
	struct zl_db *db, const char *sql, struct zl_error *reterr);
void zl_query_done(struct zl_query *q);

static inline void zl_query_autop(struct zl_query *q)
{
	zl_query_done(q);
}

/* For a json_t that this scope owns. */
static inline void zl_query_json_autop(json_t **j)
{
	json_decref(*j);
}

/* Bind the next parameter. */
void zl_query_i64(struct zl_query *q, int64_t v);
void zl_query_u64(struct zl_query *q, uint64_t v);
void zl_query_text(struct zl_query *q, const char *text); /* copied; NULL: SQL NULL */
void zl_query_blob(struct zl_query *q, const void *bytes, size_t n); /* copied */
void zl_query_uuid(struct zl_query *q, const struct zl_uuid *u); /* zero: SQL NULL */
void zl_query_json(struct zl_query *q, const json_t *j); /* canonical; NULL: "null" */

/* 1 a row, 0 no (more) row, or negative. */
int zl_query_step(struct zl_query *q, struct zl_error *reterr) ZL_CHECKED;
/* For statements without rows: 0 or negative. */
int zl_query_run(struct zl_query *q, struct zl_error *reterr) ZL_CHECKED;

/* Columns of the current row, from 0. */
int64_t zl_query_get_i64(const struct zl_query *q, int column);
const char *zl_query_get_str(
	const struct zl_query *q, int column); /* until the next step, never NULL */
void zl_query_get_text(const struct zl_query *q, int column, char *to, size_t size);
struct zl_wall zl_query_get_wall(const struct zl_query *q, int column);
struct zl_uuid zl_query_get_uuid(const struct zl_query *q, int column); /* or zero */
json_t *zl_query_get_json(
	const struct zl_query *q, int column); /* new; NULL when not JSON */

#endif
