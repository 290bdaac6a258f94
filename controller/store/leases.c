/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases on disk: NICs and blocked services as JSON, the rest as columns. */
#include "controller/store/leases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/store/query.h"

#define LEASE_COLUMNS                                                                  \
	"id, domain, domain_name, action, grade, backend, created_us, expires_us, "    \
	"nics,"                                                                        \
	" blocks, cause, state, host, actor, reason, incident, record_arrival_us,"     \
	" decided_us, committed_us, ended_us, n_elements, objects, error"

static json_t *format_nics(const struct zl_lease *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < l->n_nics; i++) {
		char mac[ZL_MAC_STR];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:s}", "mac",
				      zl_mac_format(&l->nics[i].mac, mac), "tap",
				      l->nics[i].tap));
	}
	return list;
}

static json_t *format_blocks(const struct zl_lease *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < l->n_blocks; i++) {
		const struct zl_block *b = &l->blocks[i];
		char dst[ZL_ADDR_STR];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:i, s:i}", "dst",
				      zl_addr_format(&b->dst, dst), "dport", b->dport,
				      "proto", b->proto));
	}
	return list;
}

static bool parse_nics(const json_t *list, struct zl_lease *ret)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > ZL_LEASE_NICS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *nic = json_array_get(list, i);
		const char *mac = json_string_value(json_object_get(nic, "mac"));
		const char *tap = json_string_value(json_object_get(nic, "tap"));

		if (mac == NULL || tap == NULL || !zl_mac_parse(mac, &ret->nics[i].mac))
			return false;
		(void)snprintf(ret->nics[i].tap, sizeof(ret->nics[i].tap), "%s", tap);
	}
	ret->n_nics = (uint16_t)n;
	return true;
}

static bool parse_blocks(const json_t *list, struct zl_lease *ret)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > ZL_LEASE_BLOCKS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *block = json_array_get(list, i);
		const char *dst = json_string_value(json_object_get(block, "dst"));
		json_int_t dport = json_integer_value(json_object_get(block, "dport"));
		json_int_t proto = json_integer_value(json_object_get(block, "proto"));

		if (dst == NULL || !zl_addr_parse(dst, &ret->blocks[i].dst) ||
			dport < 0 || dport > UINT16_MAX || proto < 0 ||
			proto > UINT8_MAX)
			return false;
		ret->blocks[i].dport = (uint16_t)dport;
		ret->blocks[i].proto = (uint8_t)proto;
	}
	ret->n_blocks = (uint16_t)n;
	return true;
}

int zl_leases_put(
	struct zl_db *db, const struct zl_lease_row *row, struct zl_error *reterr)
{
	ZL_AUTO(zl_query_json) json_t *nics = format_nics(&row->lease);
	ZL_AUTO(zl_query_json) json_t *blocks = format_blocks(&row->lease);
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO lease (" LEASE_COLUMNS ")"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET domain_name = excluded.domain_name,"
		" action = excluded.action, grade = excluded.grade, backend = "
		"excluded.backend,"
		" expires_us = excluded.expires_us, nics = excluded.nics,"
		" blocks = excluded.blocks, cause = excluded.cause, state = "
		"excluded.state,"
		" host = excluded.host, actor = excluded.actor, reason = "
		"excluded.reason,"
		" incident = excluded.incident,"
		" record_arrival_us = excluded.record_arrival_us,"
		" decided_us = excluded.decided_us, committed_us = "
		"excluded.committed_us,"
		" ended_us = excluded.ended_us, n_elements = excluded.n_elements,"
		" objects = excluded.objects, error = excluded.error",
		reterr);
	const struct zl_lease *l = &row->lease;

	if (json_array_size(nics) != l->n_nics ||
		json_array_size(blocks) != l->n_blocks)
		return zl_fail(reterr, -ENOMEM, "lease: out of memory");
	zl_query_uuid(&q, &l->id);
	zl_query_uuid(&q, &l->domain);
	zl_query_text(&q, l->domain_name);
	zl_query_text(&q, zl_action_name(l->action));
	zl_query_text(&q, zl_grade_name(l->grade));
	zl_query_text(&q, zl_backend_name(l->backend));
	zl_query_i64(&q, l->created.us);
	zl_query_i64(&q, l->expires.us);
	zl_query_json(&q, nics);
	zl_query_json(&q, blocks);
	zl_query_text(&q, l->cause);
	zl_query_text(&q, zl_lease_state_name(row->state));
	zl_query_text(&q, row->host);
	zl_query_text(&q, row->actor);
	zl_query_text(&q, row->reason);
	zl_query_u64(&q, row->incident);
	zl_query_i64(&q, row->record_arrival.us);
	zl_query_i64(&q, row->decided.us);
	zl_query_i64(&q, row->committed.us);
	zl_query_i64(&q, row->ended.us);
	zl_query_i64(&q, row->n_elements);
	zl_query_text(&q, row->objects);
	zl_query_text(&q, row->error);
	return zl_query_run(&q, reterr);
}

/* What was written is checked on the way back: the file may have been edited. */
static int read_row(
	const struct zl_query *q, struct zl_lease_row *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query_json) json_t *nics = zl_query_get_json(q, 8);
	ZL_AUTO(zl_query_json) json_t *blocks = zl_query_get_json(q, 9);
	struct zl_lease_row row = { .incident = (uint64_t)zl_query_get_i64(q, 15),
		.record_arrival = zl_query_get_wall(q, 16),
		.decided = zl_query_get_wall(q, 17),
		.committed = zl_query_get_wall(q, 18),
		.ended = zl_query_get_wall(q, 19),
		.n_elements = (uint16_t)zl_query_get_i64(q, 20) };
	struct zl_lease *l = &row.lease;

	l->id = zl_query_get_uuid(q, 0);
	l->domain = zl_query_get_uuid(q, 1);
	l->created = zl_query_get_wall(q, 6);
	l->expires = zl_query_get_wall(q, 7);
	if (!zl_action_parse(zl_query_get_str(q, 3), &l->action) ||
		!zl_grade_parse(zl_query_get_str(q, 4), &l->grade) ||
		!zl_backend_parse(zl_query_get_str(q, 5), &l->backend) ||
		!zl_lease_state_parse(zl_query_get_str(q, 11), &row.state) ||
		!parse_nics(nics, l) || !parse_blocks(blocks, l))
		return zl_fail_id(reterr, -EBADMSG, "store.lease.damaged",
			"restore the database from a backup",
			"lease %s: its record in the database is not one of ours",
			zl_query_get_str(q, 0));
	zl_query_get_text(q, 2, l->domain_name, sizeof(l->domain_name));
	zl_query_get_text(q, 10, l->cause, sizeof(l->cause));
	zl_query_get_text(q, 12, row.host, sizeof(row.host));
	zl_query_get_text(q, 13, row.actor, sizeof(row.actor));
	zl_query_get_text(q, 14, row.reason, sizeof(row.reason));
	zl_query_get_text(q, 21, row.objects, sizeof(row.objects));
	zl_query_get_text(q, 22, row.error, sizeof(row.error));
	*ret = row;
	return 0;
}

int zl_leases_each(struct zl_db *db, bool all,
	int (*each)(const struct zl_lease_row *row, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		all ? "SELECT " LEASE_COLUMNS " FROM lease ORDER BY number"
		    : "SELECT " LEASE_COLUMNS " FROM lease"
		      " WHERE state NOT IN ('failed', 'released', 'expired')"
		      " ORDER BY number",
		reterr);
	int r;

	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_lease_row row;

		r = read_row(&q, &row, reterr);
		if (r >= 0)
			r = each(&row, user);
		if (r < 0)
			return r;
	}
	return r;
}

int zl_leases_get(struct zl_db *db, const struct zl_uuid *id, struct zl_lease_row *ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT " LEASE_COLUMNS " FROM lease WHERE id = ?", reterr);
	char text[ZL_UUID_STR];
	int r;

	zl_query_uuid(&q, id);
	r = zl_query_step(&q, reterr);
	if (r == 0)
		return zl_fail_id(reterr, -ENOENT, "store.lease.unknown", "",
			"lease %s: there is none", zl_uuid_format(id, text));
	return r < 0 ? r : read_row(&q, ret, reterr);
}
