/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that the parent hands down by name. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/role.h"

static int fd[3];

static int open_three(void **state)
{
	char env[128];

	(void)state;
	for (int i = 0; i < 3; i++)
		fd[i] = open(
			"/dev/null", O_RDWR); /* not close-on-exec, as handed down */
	(void)snprintf(env, sizeof(env),
		"udp=%d,ring=%d,udp=%d,closed=987,text=abc,std=1", fd[0], fd[1], fd[2]);
	return fd[2] < 0 || setenv("ZL_FDS", env, 1) < 0 ? -1 : 0;
}

static int close_three(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		(void)close(fd[i]);
	return unsetenv("ZL_FDS");
}

static void test_by_name(void **state)
{
	(void)state;
	assert_int_equal(fd[1], zl_role_fd("ring", 0));
	assert_int_equal(-ENOENT, zl_role_fd("ring", 1));
	assert_int_equal(fd[0], zl_role_fd("udp", 0));
	assert_int_equal(fd[2], zl_role_fd("udp", 1));
	assert_int_equal(-ENOENT, zl_role_fd("udp", 2));
	assert_int_equal(FD_CLOEXEC, fcntl(fd[2], F_GETFD));
}

static void test_names_are_whole(void **state)
{
	(void)state;
	assert_int_equal(-ENOENT, zl_role_fd("rin", 0));
	assert_int_equal(-ENOENT, zl_role_fd("rings", 0));
	assert_int_equal(-ENOENT, zl_role_fd("ing", 0));
	assert_int_equal(-ENOENT, zl_role_fd("", 0));
}

static void test_bad_values(void **state)
{
	(void)state;
	assert_int_equal(-EBADF, zl_role_fd("closed", 0));
	assert_int_equal(-EINVAL, zl_role_fd("text", 0));
	assert_int_equal(-EINVAL, zl_role_fd("std", 0)); /* never 0, 1, 2 */
}

static void test_started_by_hand(void **state)
{
	struct zl_error err = { 0 };
	char *saved = strdup(getenv("ZL_FDS"));

	(void)state;
	assert_int_equal(fd[1], zl_role_need_fd("ring", &err));
	assert_int_equal(0, unsetenv("ZL_FDS"));
	assert_int_equal(-ENOENT, zl_role_need_fd("ring", &err));
	assert_string_equal("no descriptor 'ring' was handed down", err.msg);
	assert_string_equal("this program is started by zonelockd", err.hint);
	assert_int_equal(0, setenv("ZL_FDS", saved, 1));
	free(saved);
}

static void test_start(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct zl_error err = { 0 };
		char name[17] = { 0 };
		int sig = 0;

		_exit(zl_role_start("zl-test", &err) == 0 &&
					prctl(PR_GET_NAME, name) == 0 &&
					strcmp(name, "zl-test") == 0 &&
					prctl(PR_GET_DUMPABLE) == 0 &&
					prctl(PR_GET_PDEATHSIG, &sig) == 0 &&
					sig == SIGTERM
				? 0
				: 1);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_names_are_whole),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_started_by_hand),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests_name("role", tests, open_three, close_three);
}
