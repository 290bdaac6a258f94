/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The never-touch list, the forensic peers, and whose the file must be. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/agent/limits.h"

#define UUID "bbbbbbbb-0000-4000-8000-000000000001"

struct parse_case {
	const char *name, *never, *peers;
	int want;
	size_t n_never, n_peers;
};

/* clang-format off */
static struct parse_case parse_cases[] = {
	{ "nothing",		    "", "", 0, 0, 0 },
	{ "all three kinds",	    UUID ", 52:54:00:00:00:01,br0", "", 0, 3, 0 },
	{ "peers of both families", "", "10.0.0.250, fd00::250", 0, 0, 2 },
	{ "peers with their MACs",  "", "10.0.0.250@52:54:00:00:00:fa, fd00::250@52:54:00:00:00:fa",
	  0, 0, 2 },
	{ "peer with a bad MAC",    "", "10.0.0.250@52:54", -EINVAL, 0, 0 },
	{ "peer with a group MAC",  "", "10.0.0.250@01:00:5e:00:00:01", -EINVAL, 0, 0 },
	{ "peer without a MAC",	    "", "10.0.0.250@", -EINVAL, 0, 0 },
	{ "name too long",	    "abcdefghijklmnop", "", -EINVAL, 0, 0 },
	{ "name with a colon",	    "52:54:00:00:00", "", -EINVAL, 0, 0 },
	{ "network as peer",	    "", "10.0.0.0/8", -EINVAL, 0, 0 },
	{ "group as peer",	    "", "224.0.0.1", -EINVAL, 0, 0 },
	{ "broadcast as peer",	    "", "255.255.255.255", -EINVAL, 0, 0 },
	{ "everybody as peer",	    "", "::", -EINVAL, 0, 0 },
	{ "name as peer",	    "", "gateway", -EINVAL, 0, 0 },
};
/* clang-format on */

static void test_parse(void **state)
{
	const struct parse_case *c = *state;
	static struct zl_limits l;
	struct zl_error err = { 0 };

	assert_int_equal(
		c->want, zl_limits_parse(c->never, c->peers, "agent.conf", &l, &err));
	if (c->want < 0) {
		assert_non_null(strstr(err.msg, "agent.conf: "));
		return;
	}
	assert_int_equal(c->n_never, l.n_never);
	assert_int_equal(c->n_peers, l.n_peers);
}

static void test_check(void **state)
{
	static struct zl_limits l;
	struct zl_lease lease = { .n_nics = 1 };
	struct zl_mac tap;
	struct zl_error err;

	(void)state;
	assert_int_equal(0, zl_limits_parse(UUID ", 52:54:00:00:00:01, vnet7", "",
				    "agent.conf", &l, &err));
	assert_int_equal(0, zl_limits_check_lease(&l, &lease, &err));
	assert_true(zl_uuid_parse(UUID, &lease.domain));
	assert_int_equal(-EPERM, zl_limits_check_lease(&l, &lease, &err));
	assert_string_equal(err.msg, "refused by never-touch " UUID " in agent.conf");
	lease.domain.b[0] = 0;
	assert_true(zl_mac_parse("52:54:00:00:00:01", &lease.nics[0].mac));
	assert_int_equal(-EPERM, zl_limits_check_lease(&l, &lease, &err));
	lease.nics[0].mac.b[5] = 2;
	assert_int_equal(0, zl_limits_check_lease(&l, &lease, &err));
	(void)snprintf(lease.nics[0].tap, sizeof(lease.nics[0].tap), "vnet7");
	assert_int_equal(-EPERM, zl_limits_check_lease(&l, &lease, &err));

	assert_true(zl_mac_parse("fe:54:00:00:00:01", &tap));
	assert_int_equal(-EPERM, zl_limits_check_tap(&l, "vnet1", &tap, &err));
	tap.b[5] = 3;
	assert_int_equal(0, zl_limits_check_tap(&l, "vnet1", &tap, &err));
	assert_int_equal(-EPERM, zl_limits_check_tap(&l, "vnet7", &tap, &err));
}

static void test_file(void **state)
{
	char path[] = "/tmp/zl-limits-XXXXXX";
	ZL_AUTO(zl_fd) int fd = mkstemp(path);
	struct zl_error err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(0, zl_limits_check_file(path, getuid(), &err));
	assert_int_equal(-EPERM, zl_limits_check_file(path, getuid() + 1, &err));
	assert_int_equal(0, fchmod(fd, 0664));
	assert_int_equal(-EPERM, zl_limits_check_file(path, getuid(), &err));
	assert_int_equal(0, fchmod(fd, 0602));
	assert_int_equal(-EPERM, zl_limits_check_file(path, getuid(), &err));
	assert_non_null(strstr(err.hint, "chmod go-w"));
	assert_int_equal(0, unlink(path));
	assert_int_equal(-ENOENT, zl_limits_check_file(path, getuid(), &err));
}

/* Who can replace the file has the never-touch list in his hands, too. */
static void test_place(void **state)
{
	char dir[] = "/tmp/zl-limits-XXXXXX", path[64], link[64];
	struct zl_error err;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/agent.conf", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(0, close(fd));
	assert_int_equal(0, zl_limits_check_file(path, getuid(), &err));
	assert_int_equal(0, chmod(dir, 0777));
	assert_int_equal(-EPERM, zl_limits_check_file(path, getuid(), &err));
	assert_non_null(strstr(err.msg, dir));
	assert_non_null(strstr(err.hint, "chmod go-w"));
	assert_int_equal(0, chmod(dir, 01777)); /* as /tmp: nobody can rename it */
	assert_int_equal(0, zl_limits_check_file(path, getuid(), &err));
	assert_int_equal(0, symlink(path, link));
	assert_int_equal(-EPERM, zl_limits_check_file(link, getuid(), &err));
	assert_int_equal(0, unlink(link));
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, rmdir(dir));
}

int main(void)
{
	static const struct CMUnitTest fixed[] = { cmocka_unit_test(test_check),
		cmocka_unit_test(test_file), cmocka_unit_test(test_place) };
	struct CMUnitTest tests[N_ITEMS(fixed) + N_ITEMS(parse_cases)] = { 0 };

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < N_ITEMS(parse_cases); i++)
		tests[N_ITEMS(fixed) + i] =
			(struct CMUnitTest){ .name = parse_cases[i].name,
				.test_func = test_parse,
				.initial_state = &parse_cases[i] };
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
