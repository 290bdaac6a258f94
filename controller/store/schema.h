/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database's tables, as a table of migrations.
 *
 * A database carries the version of its last migration (PRAGMA user_version) and the
 * mark of our files (PRAGMA application_id).  zl_schema_migrate() runs what is missing,
 * each migration with its new version in one transaction.
 *
 * To change the schema, add a row; rows that were released never change.
 */
#ifndef ZL_STORE_SCHEMA_H
#define ZL_STORE_SCHEMA_H
#include <stddef.h>

#include "base/error.h"

struct zl_db;

enum { ZL_SCHEMA_MARK = 0x5a4c4b31 }; /* "ZLK1" */

struct zl_schema_row {
	int version; /* from 1, without holes */
	const char *name;
	const char *sql;
};

extern const struct zl_schema_row zl_schema_rows[];
extern const size_t zl_schema_rows_len;

/*
 * -ENOTSUP	the database is of a newer zonelock
 * -EBADMSG	it is a database, but not one of ours
 */
int zl_schema_migrate(struct zl_db *db, struct zl_error *reterr) ZL_CHECKED;

#endif
