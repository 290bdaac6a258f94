/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state database in a directory of its own, for tests.
 */
#ifndef ZL_SUPPORT_TEMPDB_H
#define ZL_SUPPORT_TEMPDB_H
#include "controller/store/db.h"

struct zl_tempdb {
	char dir[64];
	char path[96];
	struct zl_db *db;
};

/* Setup and teardown of a cmocka test; *state is a struct zl_tempdb. */
int zl_tempdb_setup(void **state);
int zl_tempdb_teardown(void **state);

/* Close and open again, as after a restart. */
void zl_tempdb_reopen(struct zl_tempdb *t);

/* Change the file behind zonelock's back, with a connection that obeys no trigger. */
void zl_tempdb_tamper(const struct zl_tempdb *t, const char *sql);

/* The first column of the first row of a query. */
long long zl_tempdb_count(const struct zl_tempdb *t, const char *sql);

#endif
