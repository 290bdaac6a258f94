/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state database in a directory of its own, for tests. */
#include "tests/support/tempdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int zl_tempdb_setup(void **state)
{
	struct zl_tempdb *t = calloc(1, sizeof(*t));
	struct zl_error err = { 0 };

	if (t == NULL)
		return -1;
	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/zl-db.XXXXXX");
	if (mkdtemp(t->dir) == NULL)
		return -1;
	(void)snprintf(t->path, sizeof(t->path), "%s/zonelock.db", t->dir);
	if (zl_db_open(t->path, &t->db, &err) < 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	*state = t;
	return 0;
}

int zl_tempdb_teardown(void **state)
{
	struct zl_tempdb *t = *state;
	DIR *dir = opendir(t->dir);
	const struct dirent *e;

	zl_db_close(t->db);
	while (dir != NULL && (e = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(t->dir);
	free(t);
	return 0;
}

void zl_tempdb_reopen(struct zl_tempdb *t)
{
	struct zl_error err = { 0 };

	zl_db_close(t->db);
	t->db = NULL;
	if (zl_db_open(t->path, &t->db, &err) < 0)
		fail_msg("%s", err.msg);
}

void zl_tempdb_tamper(const struct zl_tempdb *t, const char *sql)
{
	sqlite3 *other = NULL;
	char *message = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(t->path, &other));
	(void)sqlite3_db_config(other, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	if (sqlite3_exec(other, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	(void)sqlite3_close(other);
}

long long zl_tempdb_count(const struct zl_tempdb *t, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	long long n;

	assert_int_equal(0, zl_db_prepare(t->db, sql, &stmt, NULL));
	assert_int_equal(1, zl_db_step(t->db, stmt, NULL));
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return n;
}
