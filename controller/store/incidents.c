/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Incidents on disk, with their evidence. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/store/leases.h"
#include "controller/store/query.h"

#define INCIDENT_COLUMNS                                                               \
	"id, open, domain, domain_name, host, lock, rule, opened_us, updated_us, "     \
	"count,"                                                                       \
	" decision, decision_reason, lease, evidence"

/* NULL as id: SQLite gives the next, and RETURNING says it. */
int zl_incidents_put(
	struct zl_db *db, struct zl_incident_row *row, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO incident (" INCIDENT_COLUMNS ")"
		" VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET open = excluded.open, host = "
		"excluded.host,"
		" domain_name = excluded.domain_name, lock = excluded.lock,"
		" rule = excluded.rule, updated_us = excluded.updated_us,"
		" count = excluded.count, decision = excluded.decision,"
		" decision_reason = excluded.decision_reason, lease = excluded.lease,"
		" evidence = excluded.evidence"
		" RETURNING id",
		reterr);
	uint64_t id;
	int r;

	zl_query_u64(&q, row->id);
	zl_query_i64(&q, row->open);
	zl_query_uuid(&q, &row->domain);
	zl_query_text(&q, row->domain_name);
	zl_query_text(&q, row->host);
	zl_query_text(&q, row->lock);
	zl_query_text(&q, row->rule);
	zl_query_i64(&q, row->opened.us);
	zl_query_i64(&q, row->updated.us);
	zl_query_u64(&q, row->count);
	zl_query_text(&q, row->decision);
	zl_query_text(&q, row->decision_reason);
	zl_query_uuid(&q, &row->lease);
	zl_query_json(&q, row->evidence);
	r = zl_query_step(&q, reterr);
	if (r <= 0)
		return r;
	id = (uint64_t)zl_query_get_i64(&q, 0);
	r = zl_query_step(&q, reterr); /* only now the statement is complete */
	if (r >= 0)
		row->id = id;
	return r;
}

static int tell(const struct zl_query *q,
	int (*each)(const struct zl_incident_row *row, void *user), void *user)
{
	struct zl_incident_row row = {
		.id = (uint64_t)zl_query_get_i64(q, 0),
		.open = zl_query_get_i64(q, 1) != 0,
		.domain = zl_query_get_uuid(q, 2),
		.opened = zl_query_get_wall(q, 7),
		.updated = zl_query_get_wall(q, 8),
		.count = (uint64_t)zl_query_get_i64(q, 9),
		.lease = zl_query_get_uuid(q, 12),
		.evidence = zl_query_get_json(q, 13),
	};
	int r;

	zl_query_get_text(q, 3, row.domain_name, sizeof(row.domain_name));
	zl_query_get_text(q, 4, row.host, sizeof(row.host));
	zl_query_get_text(q, 5, row.lock, sizeof(row.lock));
	zl_query_get_text(q, 6, row.rule, sizeof(row.rule));
	zl_query_get_text(q, 10, row.decision, sizeof(row.decision));
	zl_query_get_text(q, 11, row.decision_reason, sizeof(row.decision_reason));
	r = each(&row, user);
	json_decref(row.evidence);
	return r;
}

int zl_incidents_each(struct zl_db *db, bool all, uint64_t limit,
	int (*each)(const struct zl_incident_row *row, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		all ? "SELECT * FROM (SELECT " INCIDENT_COLUMNS " FROM incident"
		      " ORDER BY id DESC LIMIT ?) ORDER BY id"
		    : "SELECT * FROM (SELECT " INCIDENT_COLUMNS " FROM incident"
		      " WHERE open = 1 ORDER BY id DESC LIMIT ?) ORDER BY id",
		reterr);
	int r;

	zl_query_i64(&q, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
	while ((r = zl_query_step(&q, reterr)) > 0) {
		r = tell(&q, each, user);
		if (r < 0)
			return r;
	}
	return r;
}

int zl_incidents_get(struct zl_db *db, uint64_t id,
	int (*each)(const struct zl_incident_row *row, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id = ?", reterr);
	int r;

	zl_query_u64(&q, id);
	r = zl_query_step(&q, reterr);
	if (r == 0)
		return zl_fail_id(reterr, -ENOENT, "store.incident.unknown", "",
			"incident %llu: there is none", (unsigned long long)id);
	return r < 0 ? r : tell(&q, each, user);
}
