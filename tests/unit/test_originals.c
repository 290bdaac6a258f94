/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What interfaces had before, on disk: round trip, damage, no space, no directory. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/actuator/originals.h"

static const struct zl_uuid domain = { { 0xbb } }, lease = { { 0xaa } };
static const struct zl_mac one = { { 0x52, 1 } }, two = { { 0x52, 2 } };
static char dir[64], file[128];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/zl-originals.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file),
		"%s/bb000000-0000-0000-0000-000000000000.json", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(dir); /* nothing else is left there */
}

static void note(struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char *ref)
{
	assert_int_equal(0, zl_originals_note(o, mac, scope, ref, NULL));
}

static void assert_ref(const struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char *want)
{
	const char *ref = "";

	assert_true(zl_originals_find(o, mac, scope, &ref));
	if (want == NULL)
		assert_null(ref);
	else
		assert_string_equal(want, ref);
}

static void test_round_trip(void **state)
{
	struct zl_originals o, got;
	struct stat st;
	const char *ref;

	(void)state;
	assert_int_equal(0, zl_originals_read(dir, &domain, &o, NULL));
	assert_int_equal(0, o.n);
	o.lease = lease;
	o.committed.us = 1700000000000001;
	note(&o, &one, ZL_FILTERREF_LIVE, "<filterref filter='a&apos;\"'/>");
	note(&o, &one, ZL_FILTERREF_CONFIG, NULL);
	note(&o, &two, ZL_FILTERREF_LIVE, NULL);
	assert_int_equal(0, zl_originals_write(dir, &o, NULL));
	assert_false(o.changed);
	assert_int_equal(0, stat(file, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	zl_originals_done(&o);

	assert_int_equal(0, zl_originals_read(dir, &domain, &got, NULL));
	assert_true(zl_uuid_eq(&lease, &got.lease));
	assert_int_equal(1700000000000001, got.committed.us);
	assert_int_equal(2, got.n);
	assert_ref(&got, &one, ZL_FILTERREF_LIVE, "<filterref filter='a&apos;\"'/>");
	assert_ref(&got, &one, ZL_FILTERREF_CONFIG, NULL);
	assert_ref(&got, &two, ZL_FILTERREF_LIVE, NULL);
	assert_false(zl_originals_find(&got, &two, ZL_FILTERREF_CONFIG, &ref));
	/* the same again changes nothing, another filter does */
	note(&got, &one, ZL_FILTERREF_CONFIG, NULL);
	assert_false(got.changed);
	note(&got, &one, ZL_FILTERREF_CONFIG, "<filterref filter='b'/>");
	assert_true(got.changed);
	assert_ref(&got, &one, ZL_FILTERREF_CONFIG, "<filterref filter='b'/>");
	zl_originals_done(&got);

	assert_int_equal(0, zl_originals_remove(dir, &domain, NULL));
	assert_int_equal(0, zl_originals_remove(dir, &domain, NULL));
	assert_int_equal(-1, stat(file, &st));
}

static void write_text(const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	(void)close(fd);
}

#define GOOD                                                                           \
	"\"schema\":1,\"domain\":\"bb000000-0000-0000-0000-000000000000\","            \
	"\"lease\":\"aa000000-0000-0000-0000-000000000000\""

static void test_damaged(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{" GOOD "}",
		"{" GOOD ",\"nics\":[{}]}",
		"{" GOOD ",\"nics\":[{\"mac\":\"52:00:00:00:00:01\",\"live\":5}]}",
		"{\"schema\":2,\"domain\":\"bb000000-0000-0000-0000-000000000000\","
		"\"lease\":\"aa000000-0000-0000-0000-000000000000\",\"nics\":[]}",
		"{\"schema\":1,\"domain\":\"cc000000-0000-0000-0000-000000000000\","
		"\"lease\":\"aa000000-0000-0000-0000-000000000000\",\"nics\":[]}" };
	struct zl_originals o;
	struct zl_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(bad); i++) {
		write_text(bad[i]);
		assert_int_equal(-EBADMSG, zl_originals_read(dir, &domain, &o, &err));
		assert_non_null(strstr(err.msg, file));
		assert_non_null(strstr(err.hint, "virsh edit"));
	}
	write_text("{" GOOD ",\"nics\":[]}");
	assert_int_equal(0, zl_originals_read(dir, &domain, &o, &err));
}

/* What cannot be written leaves the old file. */
static void test_no_space(void **state)
{
	struct rlimit old, none;
	struct zl_originals o;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, zl_originals_read(dir, &domain, &o, NULL));
	note(&o, &one, ZL_FILTERREF_LIVE, "<filterref filter='a'/>");
	assert_int_equal(0, zl_originals_write(dir, &o, NULL));
	note(&o, &one, ZL_FILTERREF_LIVE, "<filterref filter='b'/>");
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	none = old;
	none.rlim_cur = 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &none));
	assert_int_equal(-EFBIG, zl_originals_write(dir, &o, &err));
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_non_null(strstr(err.msg, file));
	assert_true(o.changed);
	zl_originals_done(&o);
	assert_int_equal(0, zl_originals_read(dir, &domain, &o, NULL));
	assert_ref(&o, &one, ZL_FILTERREF_LIVE, "<filterref filter='a'/>");
	zl_originals_done(&o);
}

static void test_no_directory(void **state)
{
	struct zl_originals o;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(-EIO, zl_originals_read("/tmp/zl-no-such", &domain, &o, &err));
	assert_string_equal(
		"state directory /tmp/zl-no-such: No such file or directory", err.msg);
}

static void test_too_many(void **state)
{
	struct zl_originals o = { .n = 0 };
	struct zl_mac mac = { { 0 } };

	(void)state;
	for (uint8_t i = 0; i < ZL_ORIGINALS_MAX; i++) {
		mac.b[5] = i;
		note(&o, &mac, ZL_FILTERREF_LIVE, NULL);
	}
	mac.b[4] = 1;
	assert_int_equal(
		-E2BIG, zl_originals_note(&o, &mac, ZL_FILTERREF_LIVE, NULL, NULL));
	zl_originals_done(&o);
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_round_trip),
		IN_DIR(test_damaged),
		IN_DIR(test_no_space),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("originals", tests, NULL, NULL);
}
