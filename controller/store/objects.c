/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts, zones and locks as they were defined, with every revision. */
#include "controller/store/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/store/query.h"

static const char *const kind_names[ZL_OBJECT_KIND_N] = {
	[ZL_OBJECT_HOST] = "host", [ZL_OBJECT_ZONE] = "zone", [ZL_OBJECT_LOCK] = "lock"
};

#define OBJECT_COLUMNS "name, uuid, revision, created_us, updated_us, xml"

const char *zl_object_kind_name(enum zl_object_kind k)
{
	return k < ZL_OBJECT_KIND_N ? kind_names[k] : "?";
}

void zl_object_done(struct zl_object *o)
{
	free(o->xml);
	o->xml = NULL;
}

static int read_object(const struct zl_query *q, enum zl_object_kind kind,
	struct zl_object *ret, struct zl_error *reterr)
{
	struct zl_object o = { .kind = kind };

	zl_query_get_text(q, 0, o.name, sizeof(o.name));
	o.uuid = zl_query_get_uuid(q, 1);
	o.revision = (uint32_t)zl_query_get_i64(q, 2);
	o.created = zl_query_get_wall(q, 3);
	o.updated = zl_query_get_wall(q, 4);
	o.xml = strdup(zl_query_get_str(q, 5));
	if (o.xml == NULL)
		return zl_fail(reterr, -ENOMEM, "%s '%s': out of memory",
			kind_names[kind], o.name);
	*ret = o;
	return 0;
}

/* A live object has this name with another uuid, or this uuid with another name. */
static int check_taken(struct zl_db *db, enum zl_object_kind kind, const char *name,
	const struct zl_uuid *uuid, bool *ret_exists, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT name, uuid FROM object WHERE kind = ?1 AND (name = ?2 OR uuid "
		"= ?3)",
		reterr);
	bool exists = false;
	int r;

	zl_query_text(&q, kind_names[kind]);
	zl_query_text(&q, name);
	zl_query_uuid(&q, uuid);
	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_uuid other = zl_query_get_uuid(&q, 1);
		const char *other_name = zl_query_get_str(&q, 0);
		char text[ZL_UUID_STR];

		if (strcmp(other_name, name) != 0)
			return zl_fail_id(reterr, -EEXIST, "store.uuid.taken",
				"leave <uuid> out, or undefine the other one first",
				"%s '%s': its uuid is that of %s '%s'",
				kind_names[kind], name, kind_names[kind], other_name);
		if (!zl_uuid_eq(&other, uuid))
			return zl_fail_id(reterr, -EEXIST, "store.name.taken",
				"leave <uuid> out to keep it, or undefine it first",
				"%s '%s': defined already with uuid %s",
				kind_names[kind], name, zl_uuid_format(&other, text));
		exists = true;
	}
	if (r >= 0)
		*ret_exists = exists;
	return r;
}

/* Numbers go on after a removal, so that a revision names one text for ever. */
static int next_revision(struct zl_db *db, enum zl_object_kind kind, const char *name,
	uint32_t *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT coalesce(max(revision), 0) + 1 FROM object_history"
		" WHERE kind = ? AND name = ?",
		reterr);
	int r;

	zl_query_text(&q, kind_names[kind]);
	zl_query_text(&q, name);
	r = zl_query_step(&q, reterr);
	if (r > 0)
		*ret = (uint32_t)zl_query_get_i64(&q, 0);
	return r < 0 ? r : 0;
}

#define INSERT_OBJECT                                                                  \
	"INSERT INTO object (kind, name, uuid, revision, created_us, updated_us, xml)" \
	" VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)"                                         \
	" ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision,"        \
	" updated_us = excluded.updated_us, xml = excluded.xml"
#define INSERT_HISTORY                                                                 \
	"INSERT INTO object_history (kind, name, uuid, revision, time_us, xml)"        \
	" VALUES (?, ?, ?, ?, ?, ?)"

/* One of the two above; in the history `xml` is NULL where the object was removed. */
static int put(struct zl_db *db, const char *sql, enum zl_object_kind kind,
	const char *name, const struct zl_uuid *uuid, uint32_t revision,
	struct zl_wall now, const char *xml, struct zl_error *reterr)
{
	ZL_AUTO(zl_query) struct zl_query q = zl_query_make(db, sql, reterr);

	zl_query_text(&q, kind_names[kind]);
	zl_query_text(&q, name);
	zl_query_uuid(&q, uuid);
	zl_query_i64(&q, revision);
	zl_query_i64(&q, now.us);
	zl_query_text(&q, xml);
	return zl_query_run(&q, reterr);
}

int zl_objects_put(struct zl_db *db, enum zl_object_kind kind, const char *name,
	const struct zl_uuid *uuid, const char *xml, struct zl_wall now,
	uint32_t *ret_revision, bool *ret_created, struct zl_error *reterr)
{
	uint32_t revision = 0;
	bool own, exists = false;
	int r = zl_db_join(db, &own, reterr);

	if (r < 0)
		return r;
	r = check_taken(db, kind, name, uuid, &exists, reterr);
	if (r >= 0)
		r = next_revision(db, kind, name, &revision, reterr);
	if (r >= 0)
		r = put(db, INSERT_OBJECT, kind, name, uuid, revision, now, xml,
			reterr);
	if (r >= 0)
		r = put(db, INSERT_HISTORY, kind, name, uuid, revision, now, xml,
			reterr);
	r = zl_db_leave(db, own, r, reterr);
	if (r < 0)
		return r;
	*ret_revision = revision;
	*ret_created = !exists;
	return 0;
}

static int delete_object(struct zl_db *db, enum zl_object_kind kind, const char *name,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "DELETE FROM object WHERE kind = ? AND name = ?", reterr);

	zl_query_text(&q, kind_names[kind]);
	zl_query_text(&q, name);
	return zl_query_run(&q, reterr);
}

int zl_objects_remove(struct zl_db *db, enum zl_object_kind kind, const char *name,
	struct zl_wall now, struct zl_error *reterr)
{
	struct zl_object o = { 0 };
	uint32_t revision = 0;
	bool own;
	int r = zl_db_join(db, &own, reterr);

	if (r < 0)
		return r;
	r = zl_objects_get(db, kind, name, &o, reterr);
	if (r >= 0)
		r = next_revision(db, kind, o.name, &revision, reterr);
	if (r >= 0)
		r = put(db, INSERT_HISTORY, kind, o.name, &o.uuid, revision, now, NULL,
			reterr);
	if (r >= 0)
		r = delete_object(db, kind, o.name, reterr);
	zl_object_done(&o);
	return zl_db_leave(db, own, r, reterr);
}

int zl_objects_get(struct zl_db *db, enum zl_object_kind kind, const char *name,
	struct zl_object *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT " OBJECT_COLUMNS " FROM object"
		" WHERE kind = ?1 AND (name = ?2 OR uuid = ?3) ORDER BY name <> ?2",
		reterr);
	struct zl_uuid uuid = { 0 };
	int r;

	if (!zl_uuid_parse(name, &uuid))
		memset(&uuid, 0, sizeof(uuid)); /* NULL: matches nothing */
	zl_query_text(&q, kind_names[kind]);
	zl_query_text(&q, name);
	zl_query_uuid(&q, &uuid);
	r = zl_query_step(&q, reterr);
	if (r == 0)
		return zl_fail_id(reterr, -ENOENT, "store.object.unknown", "",
			"%s '%s': not defined", kind_names[kind], name);
	return r < 0 ? r : read_object(&q, kind, ret, reterr);
}

int zl_objects_each(struct zl_db *db, enum zl_object_kind kind,
	int (*each)(const struct zl_object *o, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT " OBJECT_COLUMNS " FROM object WHERE kind = ? ORDER BY name",
		reterr);
	int r;

	zl_query_text(&q, kind_names[kind]);
	while ((r = zl_query_step(&q, reterr)) > 0) {
		struct zl_object o;

		r = read_object(&q, kind, &o, reterr);
		if (r < 0)
			return r;
		r = each(&o, user);
		zl_object_done(&o);
		if (r < 0)
			return r;
	}
	return r;
}
