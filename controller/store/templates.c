/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of templates. */
#include "controller/store/templates.h"

#include <string.h>

#include "controller/store/query.h"

int zl_template_rows_put(
	struct zl_db *db, const struct zl_template_row *row, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT OR REPLACE INTO template"
		" (exporter, version, port, odid, id, is_options, bytes, told_us)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		reterr);

	zl_query_blob(&q, row->exporter.b, sizeof(row->exporter.b));
	zl_query_i64(&q, row->key.version);
	zl_query_i64(&q, row->key.port);
	zl_query_i64(&q, row->key.odid);
	zl_query_i64(&q, row->id);
	zl_query_i64(&q, row->is_options);
	zl_query_blob(&q, row->bytes, row->n);
	zl_query_i64(&q, row->told.us);
	return zl_query_run(&q, reterr);
}

int zl_template_rows_trim(struct zl_db *db, const struct zl_addr *exporter,
	unsigned most, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"DELETE FROM template WHERE rowid IN (SELECT rowid FROM template"
		" WHERE exporter = ? ORDER BY told_us DESC LIMIT -1 OFFSET ?)",
		reterr);

	zl_query_blob(&q, exporter->b, sizeof(exporter->b));
	zl_query_i64(&q, most);
	return zl_query_run(&q, reterr);
}

int zl_template_rows_trim_all(struct zl_db *db, unsigned most, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"DELETE FROM template WHERE rowid IN (SELECT rowid FROM template"
		" ORDER BY told_us DESC LIMIT -1 OFFSET ?)",
		reterr);

	zl_query_i64(&q, most);
	return zl_query_run(&q, reterr);
}

int zl_template_rows_expire(
	struct zl_db *db, struct zl_wall then, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q =
		zl_query_make(db, "DELETE FROM template WHERE told_us < ?", reterr);

	zl_query_i64(&q, then.us);
	return zl_query_run(&q, reterr);
}

int zl_template_rows_each(struct zl_db *db,
	int (*each)(const struct zl_template_row *row, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT exporter, version, port, odid, id, is_options, bytes, told_us"
		" FROM template ORDER BY told_us DESC",
		reterr);
	int r;

	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_template_row row = {
			.key.version = (uint16_t)zl_query_get_i64(&q, 1),
			.key.port = (uint16_t)zl_query_get_i64(&q, 2),
			.key.odid = (uint32_t)zl_query_get_i64(&q, 3),
			.id = (uint16_t)zl_query_get_i64(&q, 4),
			.is_options = zl_query_get_i64(&q, 5) != 0,
			.n = (uint16_t)sqlite3_column_bytes(q.stmt, 6),
			.bytes = sqlite3_column_blob(q.stmt, 6),
			.told = zl_query_get_wall(&q, 7),
		};

		if (sqlite3_column_bytes(q.stmt, 0) != sizeof(row.exporter.b))
			continue;
		memcpy(row.exporter.b, sqlite3_column_blob(q.stmt, 0),
			sizeof(row.exporter.b));
		r = each(&row, user);
		if (r < 0)
			return r;
	}
	return r;
}
