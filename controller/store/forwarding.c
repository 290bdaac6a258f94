/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains declared as forwarding. */
#include "controller/store/forwarding.h"

#include "controller/store/query.h"

int zl_forwarding_put(struct zl_db *db, const struct zl_uuid *domain,
	struct zl_wall since, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO forwarding (domain, since_us) VALUES (?, ?)"
		" ON CONFLICT (domain) DO NOTHING",
		reterr);

	zl_query_uuid(&q, domain);
	zl_query_i64(&q, since.us);
	return zl_query_run(&q, reterr);
}

int zl_forwarding_remove(
	struct zl_db *db, const struct zl_uuid *domain, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q =
		zl_query_make(db, "DELETE FROM forwarding WHERE domain = ?", reterr);

	zl_query_uuid(&q, domain);
	return zl_query_run(&q, reterr);
}

int zl_forwarding_each(struct zl_db *db,
	int (*each)(const struct zl_uuid *domain, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT domain FROM forwarding ORDER BY domain", reterr);
	int r;

	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_uuid domain = zl_query_get_uuid(&q, 0);

		r = each(&domain, user);
		if (r < 0)
			return r;
	}
	return r;
}
