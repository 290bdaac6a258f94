/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state database: opening, transactions, and each way in which the disk can fail. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/store/audit.h"
#include "controller/store/leases.h"
#include "controller/store/schema.h"
#include "tests/support/tempdb.h"

static const struct zl_uuid someone = { { 1, 2, 3 } };

static void test_open(void **state)
{
	struct zl_tempdb *t = *state;
	struct stat st;

	assert_int_equal(0, stat(t->path, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	assert_int_equal(
		1, zl_tempdb_count(
			   t, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"));
	assert_int_equal(2, zl_tempdb_count(t, "PRAGMA synchronous"));
	assert_int_equal(1, zl_tempdb_count(t, "PRAGMA foreign_keys"));
	assert_int_equal(0, zl_tempdb_count(t, "PRAGMA trusted_schema"));
	assert_int_equal(zl_schema_rows_len, zl_tempdb_count(t, "PRAGMA user_version"));
	assert_int_equal(0, chmod(t->path, 0644));
	zl_tempdb_reopen(t);
	assert_int_equal(0, stat(t->path, &st));
	assert_int_equal(0600, st.st_mode & 07777);
}

static void test_schema_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < zl_schema_rows_len; i++) {
		assert_int_equal(i + 1, zl_schema_rows[i].version);
		assert_non_null(zl_schema_rows[i].name);
		assert_non_null(zl_schema_rows[i].sql);
	}
}

/* --- refusals on opening --- */

struct refusal {
	const char *name;
	const char *sql;   /* done to the file before */
	const char *bytes; /* or written over its beginning */
	int want;
	const char *says;
};

/* clang-format off */
static struct refusal refusals[] = {
	{ .name = "newer schema",     .sql = "PRAGMA user_version = 999",    .want = -ENOTSUP,
	  .says = "schema 999, and this zonelock knows only up to 6" },
	{ .name = "somebody else's",  .sql = "PRAGMA application_id = 4711", .want = -EBADMSG,
	  .says = "not a database of zonelock" },
	{ .name = "not a database",   .bytes = "once upon a time",           .want = -EBADMSG,
	  .says = "the file is not a database" },
};
/* clang-format on */

static void test_refusal(void **state)
{
	const struct refusal *c = *state;
	struct zl_db *db = NULL;
	struct zl_error err = { 0 };
	struct zl_tempdb *t;
	void *made;

	assert_int_equal(0, zl_tempdb_setup(&made));
	t = made;
	zl_db_close(t->db);
	t->db = NULL;
	if (c->sql != NULL)
		zl_tempdb_tamper(t, c->sql);
	if (c->bytes != NULL) {
		int fd = open(t->path, O_WRONLY | O_CLOEXEC);

		assert_int_equal(
			strlen(c->bytes), write(fd, c->bytes, strlen(c->bytes)));
		(void)close(fd);
	}
	assert_int_equal(c->want, zl_db_open(t->path, &db, &err));
	assert_null(db);
	assert_non_null(strstr(err.msg, c->says));
	assert_non_null(strstr(err.msg, t->path));
	assert_true(err.hint[0] != '\0');
	assert_int_equal(0, zl_tempdb_teardown(&made));
}

static void test_open_nowhere(void **state)
{
	struct zl_db *db = NULL;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(-ENOENT, zl_db_open("/tmp/zl-no-such/zonelock.db", &db, &err));
	assert_string_equal(
		"database /tmp/zl-no-such/zonelock.db: No such file or directory",
		err.msg);
	assert_true(err.hint[0] != '\0');
	assert_int_equal(-EINVAL, zl_db_open("/tmp", &db, &err));
	assert_string_equal("database /tmp: not a regular file", err.msg);
}

/* Damage in the middle is met when the page is read. */
static void test_damaged_page(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	uint8_t junk[4096];
	int fd, r;

	memset(junk, 0xa5, sizeof(junk));
	zl_db_close(t->db);
	t->db = NULL;
	fd = open(t->path, O_WRONLY | O_CLOEXEC);
	for (off_t page = 1; page < 40; page++)
		assert_int_equal(
			sizeof(junk), pwrite(fd, junk, sizeof(junk), page * 4096));
	(void)close(fd);
	r = zl_db_open(t->path, &t->db, &err);
	if (r >= 0)
		r = zl_releases_put(t->db, &someone, (struct zl_wall){ 1 }, &err);
	assert_int_equal(-EBADMSG, r);
	assert_non_null(strstr(err.msg, "the file is damaged"));
}

/* --- transactions --- */

static void put_release(struct zl_tempdb *t, uint8_t n, int want)
{
	struct zl_uuid u = { { n } };

	assert_int_equal(want, zl_releases_put(t->db, &u, (struct zl_wall){ 5 }, NULL));
}

static long long count_releases(const struct zl_tempdb *t)
{
	return zl_tempdb_count(t, "SELECT count(*) FROM release");
}

static void test_old_releases_are_forgotten(void **state)
{
	struct zl_tempdb *t = *state;

	put_release(t, 1, 0); /* at 5 us */
	assert_int_equal(0, zl_releases_forget(t->db, (struct zl_wall){ 5 }, NULL));
	assert_int_equal(1, count_releases(t));
	assert_int_equal(0, zl_releases_forget(t->db, (struct zl_wall){ 6 }, NULL));
	assert_int_equal(0, count_releases(t));
}

static void test_transaction(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	bool own = true;

	assert_int_equal(0, zl_db_begin(t->db, NULL));
	assert_int_equal(-EINVAL, zl_db_begin(t->db, &err));
	put_release(t, 1, 0);
	zl_db_rollback(t->db);
	zl_db_rollback(t->db);
	assert_int_equal(0, count_releases(t));
	assert_int_equal(-EINVAL, zl_db_commit(t->db, &err));

	assert_int_equal(0, zl_db_begin(t->db, NULL));
	put_release(t, 1, 0);
	assert_int_equal(0, zl_db_join(t->db, &own, NULL));
	assert_false(own);
	assert_int_equal(-ENOENT, zl_db_leave(t->db, own, -ENOENT, NULL));
	assert_int_equal(0, zl_db_commit(t->db, NULL));
	assert_int_equal(1, count_releases(t));

	assert_int_equal(0, zl_db_begin(t->db, NULL));
	put_release(t, 2, 0);
	assert_int_equal(-EPERM, zl_db_end(t->db, -EPERM, NULL));
	assert_int_equal(1, count_releases(t));

	/* without a commit nothing stays */
	assert_int_equal(0, zl_db_begin(t->db, NULL));
	put_release(t, 2, 0);
	zl_tempdb_reopen(t);
	assert_int_equal(1, count_releases(t));
}

static int put_more(const struct zl_uuid *domain, struct zl_wall when, void *user)
{
	struct zl_tempdb *t = user;

	(void)when;
	assert_true(domain->b[0] < 10);
	return count_releases(t) == 2 ? 1 : -EIO;
}

/* A walk may use the database, even the very statement that walks. */
static int walk_again(const struct zl_uuid *domain, struct zl_wall when, void *user)
{
	struct zl_tempdb *t = user;

	(void)domain;
	(void)when;
	return zl_releases_each(t->db, put_more, t, NULL);
}

static void test_nested_walk(void **state)
{
	struct zl_tempdb *t = *state;

	put_release(t, 1, 0);
	put_release(t, 2, 0);
	assert_int_equal(0, zl_releases_each(t->db, walk_again, t, NULL));
}

static void test_many_statements(void **state)
{
	struct zl_tempdb *t = *state;
	static char sql[200][32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 200; i++) {
			(void)snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
			assert_int_equal(i, zl_tempdb_count(t, sql[i]));
		}
}

/* --- full, busy, read-only --- */

static int append(struct zl_db *db, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *text = malloc(20000);
	struct zl_audit_record rec = { .actor = "test",
		.verb = "fill",
		.object = "-",
		.cause = text,
		.result = "-" };

	assert_non_null(text);
	memset(text, 'x', 19999);
	text[19999] = '\0';
	return zl_audit_append(db, &rec, reterr);
}

static void assert_sound(struct zl_db *db, uint64_t records)
{
	struct zl_audit_check check;

	assert_int_equal(0, zl_audit_verify(db, &check, NULL));
	if (!check.ok)
		print_error("%s\n", check.reason);
	assert_true(check.ok);
	assert_int_equal(records, check.records);
}

static void check_full(const struct zl_tempdb *t, const struct zl_error *err)
{
	char text[256];

	assert_int_equal(-ENOSPC, err->code);
	assert_string_equal("store.full", err->id);
	(void)snprintf(text, sizeof(text), "database %s: disk full", t->path);
	assert_string_equal(text, err->msg);
	(void)snprintf(text, sizeof(text),
		"free space on the file system of %s; enforcement waits until it can be"
		" recorded",
		t->path);
	assert_string_equal(text, err->hint);
}

static void test_full(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	uint64_t n = 0;
	int r;

	assert_int_equal(0, zl_db_exec(t->db, "PRAGMA max_page_count = 60", NULL));
	while (n < 1000 && (r = append(t->db, &err)) >= 0)
		n++;
	assert_int_equal(-ENOSPC, r);
	check_full(t, &err);
	assert_sound(t->db, n);

	/* in a transaction: all of it is undone, and the commit says why */
	assert_int_equal(0, zl_db_begin(t->db, NULL));
	put_release(t, 1, 0);
	assert_int_equal(-ENOSPC, append(t->db, &err));
	assert_int_equal(-ENOSPC, zl_db_commit(t->db, &err));
	assert_non_null(strstr(err.msg, "undone after an earlier failure"));
	assert_int_equal(0, count_releases(t));

	/* space again: it goes on */
	assert_int_equal(0, zl_db_exec(t->db, "PRAGMA max_page_count = 10000", NULL));
	assert_int_equal(0, append(t->db, NULL));
	assert_sound(t->db, n + 1);
}

static void test_busy(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	sqlite3 *other = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(t->path, &other));
	assert_int_equal(
		SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	assert_int_equal(-EBUSY, append(t->db, &err));
	assert_string_equal("store.busy", err.id);
	assert_non_null(strstr(err.msg, "locked by another program"));
	assert_non_null(strstr(err.hint, t->path));
	assert_int_equal(SQLITE_OK, sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL));
	(void)sqlite3_close(other);
	assert_int_equal(0, append(t->db, NULL));
	assert_sound(t->db, 1);
}

static void test_readonly(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };

	assert_int_equal(0, zl_db_exec(t->db, "PRAGMA query_only = ON", NULL));
	assert_int_equal(
		-EROFS, zl_releases_put(t->db, &someone, (struct zl_wall){ 1 }, &err));
	assert_string_equal("store.readonly", err.id);
	assert_non_null(strstr(err.msg, "read-only"));
	assert_sound(t->db, 0);
}

/* --- a real full and a real read-only file system, where root may mount --- */

static void on_full_tmpfs(struct zl_tempdb *t)
{
	struct zl_error err = { 0 };
	uint64_t n = 0;
	int r = 0;
	char filler[96];

	while (n < 1000 && (r = append(t->db, &err)) >= 0)
		n++;
	assert_int_equal(-ENOSPC, r);
	check_full(t, &err);
	assert_sound(t->db, n);
	/* somebody removes a file, and it goes on without a restart */
	(void)snprintf(filler, sizeof(filler), "%s/filler", t->dir);
	assert_int_equal(0, unlink(filler));
	assert_int_equal(0, append(t->db, NULL));
	assert_sound(t->db, n + 1);
	zl_tempdb_reopen(t);
	assert_sound(t->db, n + 1);
}

static void on_readonly_mount(struct zl_tempdb *t)
{
	struct zl_error err = { 0 };
	struct zl_db *db = NULL;

	zl_db_close(t->db);
	t->db = NULL;
	assert_int_equal(0, mount(NULL, t->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	assert_int_equal(-EROFS, zl_db_open(t->path, &db, &err));
	assert_string_equal("store.readonly", err.id);
	assert_int_equal(0, mount(NULL, t->dir, NULL, MS_REMOUNT, NULL));
}

static void on_full_before_open(struct zl_tempdb *t)
{
	struct zl_error err = { 0 };
	struct zl_db *db = NULL;
	char path[96], block[4096] = { 0 };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/more", t->dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/other.db", t->dir);
	assert_int_equal(-ENOSPC, zl_db_open(path, &db, &err));
	assert_string_equal("store.full", err.id);
}

static void mount_tmpfs(struct zl_tempdb *t)
{
	char path[96];
	int fd;

	zl_db_close(t->db);
	t->db = NULL;
	assert_int_equal(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	assert_int_equal(0, mount("zl", t->dir, "tmpfs", 0, "size=640k"));
	(void)snprintf(path, sizeof(path), "%s/filler", t->dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(0, ftruncate(fd, 0));
	assert_int_equal(0, posix_fallocate(fd, 0, 200 * 1024));
	(void)close(fd);
	assert_int_equal(0, zl_db_open(t->path, &t->db, NULL));
}

static void test_on_tmpfs(void **state, void (*run)(struct zl_tempdb *t))
{
	struct zl_tempdb *t = *state;
	static int here = -1;

	if (here < 0)
		here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (here < 0 || unshare(CLONE_NEWNS) < 0) {
		print_message("skip: a file system of its own needs root\n");
		skip();
	}
	mount_tmpfs(t);
	run(t);
	zl_db_close(t->db);
	t->db = NULL;
	assert_int_equal(0, umount2(t->dir, MNT_DETACH));
	assert_int_equal(0, setns(here, CLONE_NEWNS));
}

static void test_full_tmpfs(void **state)
{
	test_on_tmpfs(state, on_full_tmpfs);
}

static void test_full_before_open(void **state)
{
	test_on_tmpfs(state, on_full_before_open);
}

static void test_readonly_mount(void **state)
{
	test_on_tmpfs(state, on_readonly_mount);
}

/* --- SIGKILL in the middle --- */

/* One decision as the engine records it: all three or nothing. */
static int record_decision(struct zl_db *db, uint64_t n)
{
	struct zl_incident_row incident = { .open = true, .domain = someone };
	struct zl_lease_row lease = { .lease = { .id = { { 7 } }, .domain = someone } };
	struct zl_audit_record rec = { .actor = "lock", .verb = "quarantine" };
	int r = zl_db_begin(db, NULL);

	memcpy(lease.lease.id.b + 8, &n, sizeof(n));
	if (r >= 0)
		r = zl_incidents_put(db, &incident, NULL);
	lease.incident = incident.id;
	if (r >= 0)
		r = zl_leases_put(db, &lease, NULL);
	if (r >= 0)
		r = zl_audit_append(db, &rec, NULL);
	return zl_db_end(db, r, NULL);
}

/* Records until it is killed, and tells each commit. */
static void child(const char *path, int fd, uint64_t from)
{
	struct zl_db *db = NULL;

	if (zl_db_open(path, &db, NULL) < 0)
		_exit(1);
	for (uint64_t n = from;; n++)
		if (record_decision(db, n) < 0 || write(fd, &n, sizeof(n)) < 0)
			_exit(1);
}

/* Let one run for `us` after its first commit; returns the last commit it told. */
static uint64_t run_and_kill(const char *path, uint64_t from, useconds_t us)
{
	uint64_t n, last = 0;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(0, pipe2(fds, O_CLOEXEC));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(path, fds[1], from);
	(void)close(fds[1]);
	assert_int_equal(sizeof(n), read(fds[0], &last, sizeof(last)));
	(void)usleep(us);
	assert_int_equal(0, kill(pid, SIGKILL));
	while (read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	(void)close(fds[0]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
	return last;
}

static void test_sigkill(void **state)
{
	struct zl_tempdb *t = *state;
	uint64_t told = 0;

	for (unsigned round = 0; round < 30; round++) {
		long long records;

		zl_db_close(t->db);
		t->db = NULL;
		told = run_and_kill(t->path, told + 1000, 137 * (round + 1));
		zl_tempdb_reopen(t);
		records = zl_tempdb_count(t, "SELECT count(*) FROM audit");
		assert_sound(t->db, (uint64_t)records);
		assert_int_equal(
			records, zl_tempdb_count(t, "SELECT count(*) FROM incident"));
		assert_int_equal(records,
			zl_tempdb_count(t,
				"SELECT count(*) FROM lease"
				" WHERE incident IN (SELECT id FROM incident)"));
	}
	assert_true(told > 30 * 1000);
}

int main(void)
{
#define WITH_DB(f)                                                                     \
	cmocka_unit_test_setup_teardown(f, zl_tempdb_setup, zl_tempdb_teardown)
	struct CMUnitTest refused[N_ITEMS(refusals)] = { 0 };
	const struct CMUnitTest tests[] = {
		WITH_DB(test_open),
		cmocka_unit_test(test_schema_rows),
		cmocka_unit_test(test_open_nowhere),
		WITH_DB(test_damaged_page),
		WITH_DB(test_transaction),
		WITH_DB(test_old_releases_are_forgotten),
		WITH_DB(test_nested_walk),
		WITH_DB(test_many_statements),
		WITH_DB(test_full),
		WITH_DB(test_busy),
		WITH_DB(test_readonly),
		WITH_DB(test_full_tmpfs),
		WITH_DB(test_full_before_open),
		WITH_DB(test_readonly_mount),
		WITH_DB(test_sigkill),
	};
	int failed;

	for (size_t i = 0; i < N_ITEMS(refusals); i++)
		refused[i] = (struct CMUnitTest){ .name = refusals[i].name,
			.test_func = test_refusal,
			.initial_state = &refusals[i] };
	failed = cmocka_run_group_tests_name("db refusals", refused, NULL, NULL);
	return failed + cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
