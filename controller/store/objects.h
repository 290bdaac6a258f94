/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts, zones and locks as they were defined: canonical XML with revisions.
 */
#ifndef ZL_STORE_OBJECTS_H
#define ZL_STORE_OBJECTS_H
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "controller/store/db.h"

enum zl_object_kind {
	ZL_OBJECT_HOST,
	ZL_OBJECT_ZONE,
	ZL_OBJECT_LOCK,
	ZL_OBJECT_KIND_N
};

const char *zl_object_kind_name(enum zl_object_kind k); /* "zone" */

struct zl_object {
	enum zl_object_kind kind;
	char name[64];
	struct zl_uuid uuid;
	uint32_t revision; /* from 1 */
	struct zl_wall created, updated;
	char *xml; /* owned */
};

void zl_object_done(struct zl_object *o);

/*
 * Define or replace by name; *ret_revision is the new one, *ret_created says which.
 * Revisions of a name go on counting over its removal.
 * -EEXIST: the name is taken with another uuid, or the uuid with another name.
 */
int zl_objects_put(struct zl_db *db, enum zl_object_kind kind, const char *name,
	const struct zl_uuid *uuid, const char *xml, struct zl_wall now,
	uint32_t *ret_revision, bool *ret_created, struct zl_error *reterr) ZL_CHECKED;
int zl_objects_remove(struct zl_db *db, enum zl_object_kind kind, const char *name,
	struct zl_wall now, struct zl_error *reterr) ZL_CHECKED; /* -ENOENT */

/* `name`: a name or a uuid.  The caller calls zl_object_done(). -ENOENT. */
int zl_objects_get(struct zl_db *db, enum zl_object_kind kind, const char *name,
	struct zl_object *ret, struct zl_error *reterr) ZL_CHECKED;

/* Call `each` for all of a kind, in name order; its negative result ends the walk. */
int zl_objects_each(struct zl_db *db, enum zl_object_kind kind,
	int (*each)(const struct zl_object *o, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;

#endif
