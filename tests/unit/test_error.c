/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failing: the code comes back, texts are cut and never overflow, context is put before. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_fail(void **state)
{
	struct zl_error err;

	(void)state;
	memset(&err, 'x', sizeof(err));
	assert_int_equal(-ENOENT, zl_fail(&err, -ENOENT, "zone '%s' is unknown", "a"));
	assert_int_equal(-ENOENT, err.code);
	assert_string_equal("zone 'a' is unknown", err.msg);
	/* What an earlier failure left is gone. */
	assert_string_equal("", err.id);
	assert_string_equal("", err.hint);
	assert_string_equal("", err.where);
}

static void test_fail_without_taker(void **state)
{
	(void)state;
	assert_int_equal(-EPERM, zl_fail(NULL, -EPERM, "x"));
	assert_int_equal(-EPERM, zl_fail_id(NULL, -EPERM, "a.b", "", "x"));
	zl_error_prefix(NULL, "x");
	zl_error_hint(NULL, "x");
	zl_error_where(NULL, "x");
}

static void test_errno_in_text(void **state)
{
	struct zl_error err;

	(void)state;
	errno = ENOSPC;
	(void)zl_fail(&err, -errno, "write: %m");
	assert_string_equal("write: No space left on device", err.msg);
	errno = EACCES;
	(void)zl_fail_id(&err, -errno, "x", "", "open: %m");
	assert_string_equal("open: Permission denied", err.msg);
}

static void test_id_and_hint(void **state)
{
	struct zl_error err;

	(void)state;
	assert_int_equal(
		-EEXIST, zl_fail_id(&err, -EEXIST, "zone.exists", "choose another name",
				 "zone '%s' exists", "a"));
	assert_string_equal("zone.exists", err.id);
	assert_string_equal("choose another name", err.hint);
	assert_string_equal("zone 'a' exists", err.msg);
	zl_error_hint(&err, "line %d", 3);
	zl_error_where(&err, "%s:%d", "a.xml", 3);
	assert_string_equal("line 3", err.hint);
	assert_string_equal("a.xml:3", err.where);
	assert_string_equal("zone.exists", err.id);
}

static void test_prefix(void **state)
{
	struct zl_error err;

	(void)state;
	(void)zl_fail(&err, -EIO, "bad");
	zl_error_prefix(&err, "file %d", 1);
	zl_error_prefix(&err, "reload");
	assert_string_equal("reload: file 1: bad", err.msg);
	assert_int_equal(-EIO, err.code);
}

static void test_long_texts_are_cut(void **state)
{
	struct zl_error err;
	char text[1024];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)zl_fail_id(&err, -EIO, text, text, "%s", text);
	zl_error_where(&err, "%s", text);
	assert_int_equal(sizeof(err.id) - 1, strlen(err.id));
	assert_int_equal(sizeof(err.msg) - 1, strlen(err.msg));
	assert_int_equal(sizeof(err.hint) - 1, strlen(err.hint));
	assert_int_equal(sizeof(err.where) - 1, strlen(err.where));
	zl_error_prefix(&err, "start");
	assert_int_equal(sizeof(err.msg) - 1, strlen(err.msg));
	assert_memory_equal("start: aaa", err.msg, 10);
	zl_error_prefix(&err, "%s", text);
	assert_int_equal(sizeof(err.msg) - 1, strlen(err.msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_fail_without_taker),
		cmocka_unit_test(test_errno_in_text),
		cmocka_unit_test(test_id_and_hint),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
