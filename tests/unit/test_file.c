/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing a file: the new one whole, or the old one and nothing beside it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"

static struct {
	char dir[64];
	int fd;
} t;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/zl-file.XXXXXX");
	if (mkdtemp(t.dir) == NULL)
		return -1;
	t.fd = open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlinkat(t.fd, "name", 0);
	(void)close(t.fd);
	return rmdir(t.dir); /* nothing else is left there */
}

static bool holds(const char *text)
{
	ZL_AUTO(zl_fd) int fd = openat(t.fd, "name", O_RDONLY | O_CLOEXEC);
	char buf[32] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
	return strcmp(buf, text) == 0;
}

static void test_replace(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(0, zl_file_replace(t.fd, "name", "first, long", 11));
	assert_true(holds("first, long"));
	assert_int_equal(0, zl_file_replace(t.fd, "name", "second", 6));
	assert_true(holds("second"));
	assert_int_equal(0, fstatat(t.fd, "name", &st, 0));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(0, zl_file_replace(t.fd, "name", "", 0));
	assert_true(holds(""));
}

/* A file that would be too large stands for a disk that is full. */
static void test_no_space(void **state)
{
	struct rlimit old, small = { .rlim_cur = 8 };

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, zl_file_replace(t.fd, "name", "old", 3));
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	small.rlim_max = old.rlim_max;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
	assert_int_equal(-EFBIG, zl_file_replace(t.fd, "name", "much longer", 11));
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_true(holds("old"));
}

static void test_in_the_way(void **state)
{
	char name[ZL_FILE_NAME_MAX + 2];

	(void)state;
	assert_int_equal(0, zl_file_replace(t.fd, "name", "old", 3));
	assert_int_equal(0, mkdirat(t.fd, "name.new", 0700));
	assert_int_equal(-EISDIR, zl_file_replace(t.fd, "name", "new", 3));
	assert_int_equal(0, unlinkat(t.fd, "name.new", AT_REMOVEDIR));
	/* a link that somebody put there is not followed */
	assert_int_equal(0, symlinkat("name", t.fd, "name.new"));
	assert_int_equal(-ELOOP, zl_file_replace(t.fd, "name", "new", 3));
	assert_int_equal(0, unlinkat(t.fd, "name.new", 0));
	assert_true(holds("old"));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, zl_file_replace(t.fd, name, "new", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_space, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_the_way, setup, teardown),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
