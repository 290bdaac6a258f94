/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When each domain was last released. */
#include <stdio.h>

#include "controller/store/leases.h"
#include "controller/store/query.h"

int zl_releases_put(struct zl_db *db, const struct zl_uuid *domain, struct zl_wall when,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO release (domain, time_us) VALUES (?, ?)"
		" ON CONFLICT (domain) DO UPDATE SET time_us = excluded.time_us",
		reterr);

	zl_query_uuid(&q, domain);
	zl_query_i64(&q, when.us);
	return zl_query_run(&q, reterr);
}

int zl_releases_forget(struct zl_db *db, struct zl_wall before, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q =
		zl_query_make(db, "DELETE FROM release WHERE time_us < ?", reterr);

	zl_query_i64(&q, before.us);
	return zl_query_run(&q, reterr);
}

int zl_releases_each(struct zl_db *db,
	int (*each)(const struct zl_uuid *domain, struct zl_wall when, void *user),
	void *user, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT domain, time_us FROM release ORDER BY domain", reterr);
	int r;

	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_uuid domain = zl_query_get_uuid(&q, 0);

		r = each(&domain, zl_query_get_wall(&q, 1), user);
		if (r < 0)
			return r;
	}
	return r;
}
