/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The logger on standard error: levels, one line whatever is in the text, errno kept. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"

enum { TIME_LEN = sizeof("2026-11-23T20:04:05.123Z ") - 1 };

static char text[8192];

/* Where standard error goes meanwhile. */
static int begin_capture(int *ret_saved)
{
	char path[] = "/tmp/zl-test-log.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)unlink(path);
	*ret_saved = dup(STDERR_FILENO);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	return fd;
}

/* What was written, without the time of the (only) line. */
static const char *end_capture(int fd, int saved)
{
	ssize_t n;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	(void)close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return n < TIME_LEN ? text : text + TIME_LEN;
}

#define LOGGED(call)                                                                   \
	__extension__({                                                                \
		int saved_, fd_ = begin_capture(&saved_);                              \
		call;                                                                  \
		end_capture(fd_, saved_);                                              \
	})

static int open_log(void **state)
{
	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	return zl_log_open("test", "info", NULL);
}

static void test_line(void **state)
{
	(void)state;
	assert_string_equal("test: hello 7\n", LOGGED(zl_log(LOG_INFO, "hello %d", 7)));
	assert_int_equal('Z', text[TIME_LEN - 2]);
	assert_int_equal('T', text[10]);
	assert_string_equal(
		"test: warning: careful\n", LOGGED(zl_log(LOG_WARNING, "careful")));
	assert_string_equal("test: error: broken\n", LOGGED(zl_log(LOG_ERR, "broken")));
}

static void test_levels(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	assert_string_equal("", LOGGED(zl_log(LOG_DEBUG, "details")));
	assert_int_equal(0, zl_log_open("test", "debug", &err));
	assert_string_equal("test: details\n", LOGGED(zl_log(LOG_DEBUG, "details")));
	assert_int_equal(0, zl_log_open("test", "err", &err));
	assert_string_equal("", LOGGED(zl_log(LOG_WARNING, "careful")));
	assert_int_equal(-EINVAL, zl_log_open("test", "loud", &err));
	assert_string_equal(
		"log-level = loud: not one of debug, info, notice, warning, err",
		err.msg);
	assert_int_equal(-EINVAL, zl_log_open("test", "", &err));
	assert_int_equal(0, zl_log_open("test", "info", &err));
}

/* A guest's name cannot forge a line, nor colour a terminal. */
static void test_one_line(void **state)
{
	char lengthy[4096];

	(void)state;
	assert_string_equal("test: a?b?[31mc?d\n",
		LOGGED(zl_log(LOG_INFO, "%s", "a\nb\033[31mc\177d")));
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = '\0';
	(void)LOGGED(zl_log(LOG_INFO, "%s", lengthy));
	assert_true(strlen(text) < 1200);
	assert_ptr_equal(text + strlen(text) - 1, strchr(text, '\n'));
}

static void test_error(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	(void)zl_fail(&err, -ENOENT, "zone 'a' is unknown");
	assert_string_equal("test: error: zone 'a' is unknown\n",
		LOGGED(zl_log_error(LOG_ERR, &err, NULL)));
	zl_error_hint(&err, "define it");
	assert_string_equal(
		"test: warning: lock 'b': zone 'a' is unknown (define it)\n",
		LOGGED(zl_log_error(LOG_WARNING, &err, "lock 'b'")));
}

static void test_errno_is_kept(void **state)
{
	struct zl_log_field fields[40] = { 0 };
	int after = 0;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(fields); i++)
		fields[i] = (struct zl_log_field){ "ZONELOCK_X", "y" };
	assert_string_equal("test: No space left on device\n",
		LOGGED(errno = ENOSPC; zl_log(LOG_INFO, "%m"); after = errno));
	assert_int_equal(ENOSPC, after);
	errno = EIO;
	zl_log(LOG_DEBUG, "not written");
	assert_int_equal(EIO, errno);
	assert_string_equal("test: with fields\n",
		LOGGED(zl_log_with(LOG_INFO, fields, N_ITEMS(fields), "with fields")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_errno_is_kept),
	};

	return cmocka_run_group_tests_name("log", tests, open_log, NULL);
}
