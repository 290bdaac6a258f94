/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of who had which address. */
#include "controller/store/holdings.h"

#include <string.h>

#include "controller/store/query.h"

#define HOLDING_COLUMNS                                                                \
	"id, addr, host, scope, domain, name, mac, tap, source, from_us, until_us"

int zl_holdings_insert(struct zl_db *db, struct zl_holding *h, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO holding (addr, host, scope, domain, name, mac, tap, "
		"source,"
		" from_us, until_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING "
		"id",
		reterr);
	int r;

	zl_query_blob(&q, h->addr.b, sizeof(h->addr.b));
	zl_query_text(&q, h->host);
	zl_query_text(&q, h->scope);
	zl_query_uuid(&q, &h->domain);
	zl_query_text(&q, h->name);
	zl_query_blob(&q, h->mac.b, sizeof(h->mac.b));
	zl_query_text(&q, h->tap);
	zl_query_i64(&q, h->source);
	zl_query_i64(&q, h->from.us);
	zl_query_i64(&q, h->until.us != 0 && h->until.us < h->from.us ? h->from.us
								      : h->until.us);
	r = zl_query_step(&q, reterr);
	if (r > 0)
		h->id = zl_query_get_i64(&q, 0);
	return r < 0 ? r : 0;
}

int zl_holdings_end(
	struct zl_db *db, int64_t id, struct zl_wall until, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"UPDATE holding SET until_us = max(?, from_us) WHERE id = ?", reterr);

	zl_query_i64(&q, until.us);
	zl_query_i64(&q, id);
	return zl_query_run(&q, reterr);
}

static void get_bytes(const struct zl_query *q, int column, void *to, size_t n)
{
	const void *from = sqlite3_column_blob(q->stmt, column);

	memset(to, 0, n);
	if (from != NULL && sqlite3_column_bytes(q->stmt, column) == (int)n)
		memcpy(to, from, n);
}

static int walk(struct zl_query *q, int (*each)(const struct zl_holding *h, void *user),
	void *user, struct zl_error *reterr)
{
	int r;

	while ((r = zl_query_step(q, reterr)) > 0) {
		struct zl_holding h = {
			.id = zl_query_get_i64(q, 0),
			.domain = zl_query_get_uuid(q, 4),
			.source = (enum zl_addr_source)zl_query_get_i64(q, 8),
			.from = zl_query_get_wall(q, 9),
			.until = zl_query_get_wall(q, 10),
		};

		get_bytes(q, 1, h.addr.b, sizeof(h.addr.b));
		zl_query_get_text(q, 2, h.host, sizeof(h.host));
		zl_query_get_text(q, 3, h.scope, sizeof(h.scope));
		zl_query_get_text(q, 5, h.name, sizeof(h.name));
		get_bytes(q, 6, h.mac.b, sizeof(h.mac.b));
		zl_query_get_text(q, 7, h.tap, sizeof(h.tap));
		if ((unsigned)h.source >= ZL_ADDR_SOURCE_N)
			continue;
		r = each(&h, user);
		if (r < 0)
			return r;
	}
	return r;
}

int zl_holdings_each_open(struct zl_db *db,
	int (*each)(const struct zl_holding *h, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT " HOLDING_COLUMNS
		" FROM holding WHERE until_us = 0 ORDER BY id",
		reterr);

	return walk(&q, each, user, reterr);
}

int zl_holdings_each(struct zl_db *db, const struct zl_addr *addr, struct zl_wall at,
	unsigned most, int (*each)(const struct zl_holding *h, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT * FROM (SELECT " HOLDING_COLUMNS " FROM holding WHERE addr = ?1"
		"  AND (?2 = 0 OR (from_us < ?2 - ?2 % 1000000 + 1000000"
		"   AND (until_us = 0 OR until_us > ?2 - ?2 % 1000000)))"
		"  ORDER BY from_us DESC, id DESC LIMIT ?3)"
		" ORDER BY from_us, id",
		reterr);

	zl_query_blob(&q, addr->b, sizeof(addr->b));
	zl_query_i64(&q, at.us);
	zl_query_i64(&q, most);
	return walk(&q, each, user, reterr);
}

int zl_holdings_expire(struct zl_db *db, struct zl_wall now, unsigned days,
	unsigned most, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"DELETE FROM holding WHERE id IN (SELECT id FROM holding"
		" WHERE until_us <> 0 AND until_us < ?2 + min(?1, max("
		"  (SELECT max(until_us) FROM holding WHERE until_us <> 0),"
		"  (SELECT from_us FROM holding ORDER BY id DESC LIMIT 1)))"
		" ORDER BY until_us LIMIT ?3)",
		reterr);

	zl_query_i64(&q, now.us);
	zl_query_i64(&q, (int64_t)days * INT64_C(-86400) * ZL_US_PER_S);
	zl_query_i64(&q, most);
	return zl_query_run(&q, reterr);
}
