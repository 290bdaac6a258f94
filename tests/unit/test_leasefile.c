/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lease file: what is written is read again, and no damage goes unnoticed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/agent/leasefile.h"

static char dir[32], path[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/zl-leasefile-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, ZL_LEASEFILE_NAME);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct zl_book *make_book(void)
{
	struct zl_book *b = zl_book_new();
	struct zl_lease lease = { .id = { { 1 } },
		.domain = { { 2 } },
		.action = ZL_ACTION_QUARANTINE,
		.grade = ZL_GRADE_STRICT,
		.created = { 5 },
		.expires = { 7000000 },
		.n_nics = 1,
		.nics = { { .mac = { { 0x52, 0x54, 0, 0, 0, 1 } }, .tap = "vnet3" } } };
	struct zl_known known = { .domain = { { 9 } },
		.n_macs = 2,
		.macs = { { { 0x52, 1 } }, { { 0x52, 2 } } } };
	struct zl_book_lease *l;
	bool grown;

	assert_non_null(b);
	assert_int_equal(0, zl_book_put(b, &lease, (struct zl_wall){ 11 }, &l));
	l->committed.us = 12;
	lease.id.b[0] = 3;
	lease.action = ZL_ACTION_BLOCK_FLOW;
	lease.n_blocks = 1;
	lease.blocks[0] = (struct zl_block){ .dport = 22, .proto = 6 };
	assert_int_equal(0, zl_book_put(b, &lease, (struct zl_wall){ 13 }, &l));
	assert_int_equal(0, zl_book_know(b, &known, &grown));
	for (uint8_t i = 0; i < 3; i++)
		zl_book_bury(b, &(struct zl_uuid){ { 0x70, i } }, (struct zl_wall){ i },
			"why");
	return b;
}

static void test_round_trip(void **state)
{
	struct zl_book *b = make_book(), *c = zl_book_new();
	struct zl_book_lease *l;
	struct zl_error err;
	struct stat st;

	(void)state;
	assert_int_equal(-ENOENT, zl_leasefile_read(dir, c, &err));
	assert_int_equal(0, zl_leasefile_write(dir, b, &err));
	assert_int_equal(0, zl_leasefile_write(dir, b, &err));
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(0, zl_leasefile_read(dir, c, &err));
	assert_int_equal(2, c->n_leases);
	l = zl_book_find(c, &(struct zl_uuid){ { 1 } });
	assert_non_null(l);
	assert_memory_equal(&b->leases[0]->lease, &l->lease, sizeof(l->lease));
	assert_int_equal(11, l->taken.us);
	assert_int_equal(12, l->committed.us);
	assert_false(l->expected[0]);
	assert_int_equal(22, c->leases[1]->lease.blocks[0].dport);
	assert_int_equal(1, c->known.n);
	assert_int_equal(3, c->n_tombs);
	assert_string_equal(
		"why", zl_book_tomb(c, &(struct zl_uuid){ { 0x70, 2 } })->reason);
	zl_book_free(b);
	zl_book_free(c);
}

static void write_bytes(const char *bytes, size_t n)
{
	ZL_AUTO(zl_fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(n, write(fd, bytes, n));
}

static void must_be_damaged(const char *what, size_t at)
{
	struct zl_book *b = zl_book_new();
	struct zl_error err;

	if (zl_leasefile_read(dir, b, &err) != -EBADMSG)
		fail_msg("%s at %zu was not noticed", what, at);
	assert_string_equal("agent.leasefile.damaged", err.id);
	zl_book_free(b);
}

/* Every byte flipped, every length cut, and bytes after the end. */
static void test_damage(void **state)
{
	struct zl_book *b = make_book();
	char bytes[8192], name[128];
	ZL_AUTO(zl_fd) int fd = -1;
	struct zl_error err;
	ssize_t n;

	(void)state;
	assert_int_equal(0, zl_leasefile_write(dir, b, &err));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(n > 0);
	for (size_t i = 0; i < (size_t)n; i++) {
		bytes[i] ^= 0x41;
		write_bytes(bytes, (size_t)n);
		/* The frames' flags, seq and version of END are not covered; all else is. */
		if (i + 64 < (size_t)n)
			must_be_damaged("a flipped byte", i);
		bytes[i] ^= 0x41;
	}
	for (size_t i = 0; i < (size_t)n; i++) {
		write_bytes(bytes, i);
		must_be_damaged("a cut", i);
	}
	bytes[n] = 0;
	write_bytes(bytes, (size_t)n + 1);
	must_be_damaged("a byte after the end", (size_t)n);
	assert_int_equal(0, zl_leasefile_set_aside(dir, name, sizeof(name), &err));
	assert_int_equal(0, access(name, F_OK));
	assert_int_equal(-ENOENT, zl_leasefile_read(dir, b, &err));
	zl_book_free(b);
}

static void test_lock(void **state)
{
	struct zl_error err;
	int first = -1, second = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(0, zl_leasefile_lock(dir, &first, &pid, &err));
	assert_int_equal(-EBUSY, zl_leasefile_lock(dir, &second, &pid, &err));
	assert_int_equal(getpid(), pid);
	(void)close(first);
	assert_int_equal(0, zl_leasefile_lock(dir, &second, &pid, &err));
	(void)close(second);
}

static void test_unwritable(void **state)
{
	struct zl_book *b = make_book();
	char tmp[96];
	struct zl_error err;

	(void)state;
	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	assert_int_equal(0, mkdir(tmp, 0700));
	assert_true(zl_leasefile_write(dir, b, &err) < 0);
	assert_string_equal("agent.leasefile.write", err.id);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(-ENOENT, zl_leasefile_write("/nowhere", b, &err));
	zl_book_free(b);
}

/* More tombs than there is room for: the oldest make room, also across a file. */
static void test_tombs(void **state)
{
	struct zl_book *b = zl_book_new(), *c = zl_book_new();
	struct zl_uuid id = { { 1 } };
	struct zl_error err;

	(void)state;
	for (int i = 0; i < ZL_BOOK_TOMBS_MAX + 10; i++) {
		memcpy(id.b + 1, &i, sizeof(i));
		zl_book_bury(b, &id, (struct zl_wall){ i }, "");
	}
	assert_int_equal(ZL_BOOK_TOMBS_MAX, b->n_tombs);
	assert_int_equal(0, zl_leasefile_write(dir, b, &err));
	assert_int_equal(0, zl_leasefile_read(dir, c, &err));
	assert_non_null(zl_book_tomb(c, &id));
	memset(id.b + 1, 0, 4);
	assert_null(zl_book_tomb(c, &id));
	assert_int_equal(10, c->tombs[0].when.us);
	zl_book_free(b);
	zl_book_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tombs, setup, teardown),
	};

	return cmocka_run_group_tests_name("leasefile", tests, NULL, NULL);
}
