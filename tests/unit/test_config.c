/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files: defaults, every type, and that each mistake names file and line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/config.h"

struct things {
	char *name, *list;
	long size;
	bool on;
};

#define AT(m) .offset = offsetof(struct things, m)
/* clang-format off */
static const struct zl_option options[] = {
	{ "a", "name", ZL_OPTION_STRING, AT(name), .def = "none",      .help = "a text" },
	{ "a", "list", ZL_OPTION_LIST,   AT(list), .def = "x, y",      .help = "a list" },
	{ "b", "size", ZL_OPTION_INT,    AT(size), -5, 1000, "10",     .help = "a number" },
	{ "b", "on",   ZL_OPTION_BOOL,   AT(on),   .def = "no",        .help = "a switch" },
};
/* clang-format on */

static char path[] = "/tmp/zl-test-config.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int read_text(const char *text, struct things *ret, struct zl_error *reterr)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
	memset(ret, 0, sizeof(*ret));
	return zl_config_read(path, false, options, N_ITEMS(options), ret, reterr);
}

static void test_defaults(void **state)
{
	struct things t = { 0 };
	struct zl_error err;

	(void)state;
	assert_int_equal(
		0, zl_config_read(NULL, false, options, N_ITEMS(options), &t, &err));
	assert_string_equal("none", t.name);
	assert_string_equal("x, y", t.list);
	assert_int_equal(10, t.size);
	assert_false(t.on);
	zl_config_done(options, N_ITEMS(options), &t);
	assert_null(t.name);
	assert_null(t.list);
}

static void test_all_types(void **state)
{
	struct things t;
	struct zl_error err;

	(void)state;
	assert_int_equal(
		0, read_text("# a comment\n; another\n\n[a]\nname =  two words  \n"
			     "list = 1,2\n[b]\nsize = -5\non = Yes\n",
			   &t, &err));
	assert_string_equal("two words", t.name);
	assert_string_equal("1,2", t.list);
	assert_int_equal(-5, t.size);
	assert_true(t.on);
	zl_config_done(options, N_ITEMS(options), &t);
}

static void test_missing_file(void **state)
{
	struct things t = { 0 };
	struct zl_error err;

	(void)state;
	assert_int_equal(-ENOENT, zl_config_read("/nowhere/x.conf", false, options,
					  N_ITEMS(options), &t, &err));
	assert_string_equal(
		"cannot read /nowhere/x.conf: No such file or directory", err.msg);
	zl_config_done(options, N_ITEMS(options), &t);
	assert_int_equal(0, zl_config_read("/nowhere/x.conf", true, options,
				    N_ITEMS(options), &t, &err));
	assert_int_equal(10, t.size);
	zl_config_done(options, N_ITEMS(options), &t);
}

struct bad_case {
	const char *name, *text;
	int line;
	const char *says;
};

/* clang-format off */
static struct bad_case bad_cases[] = {
	{ "unknown key",         "[a]\nname = x\ncolour = red\n",      3, "unknown option 'colour' in section [a]" },
	{ "unknown section",     "[c]\nname = x\n",                    2, "unknown option 'name' in section [c]" },
	{ "key of another one",  "[b]\n\nname = x\n",                  3, "unknown option 'name' in section [b]" },
	{ "before any section",  "name = x\n",                         1, "unknown option 'name' in section []" },
	{ "no key and value",    "[a]\nname = x\nhello\n",             3, "not a 'key = value' line" },
	{ "section not closed",  "[a]\nname = x\n[b\n",                3, "not a 'key = value' line" },
	{ "number is a word",    "[b]\nsize = many\n",                 2, "size = many: not a whole number from -5 to 1000" },
	{ "number with a unit",  "[b]\nsize = 10s\n",                  2, "size = 10s: not a whole number from -5 to 1000" },
	{ "number too small",    "[b]\nsize = -6\n",                   2, "size = -6: not a whole number from -5 to 1000" },
	{ "number too large",    "[b]\nsize = 1001\n",                 2, "size = 1001: not a whole number from -5 to 1000" },
	{ "number overflows",    "[b]\nsize = 99999999999999999999\n", 2, "not a whole number" },
	{ "number is empty",     "[b]\nsize =\n",                      2, "size = : not a whole number from -5 to 1000" },
	{ "neither yes nor no",  "[b]\non = maybe\n",                  2, "on = maybe: neither yes nor no" },
	{ "the first mistake",   "[b]\non = maybe\nsize = x\n",        2, "on = maybe" },
	{ "given twice",         "[a]\nname = x\nname = y\n",          3, "name is given twice" },
	{ "text goes on",        "[a]\nname = x\n  y\n",               3, "name is given twice" },
};
/* clang-format on */

static void test_bad(void **state)
{
	const struct bad_case *c = *state;
	struct things t;
	struct zl_error err = { 0 };
	char where[64];

	assert_int_equal(-EINVAL, read_text(c->text, &t, &err));
	(void)snprintf(where, sizeof(where), "%s:%d", path, c->line);
	assert_string_equal(where, err.where);
	assert_memory_equal(where, err.msg, strlen(where));
	assert_non_null(strstr(err.msg, c->says));
	zl_config_done(options, N_ITEMS(options), &t);
}

/* Lines that are too long are no two lines. */
static void test_long_line(void **state)
{
	char text[512] = "[a]\n\nname = ", where[64];
	struct things t;
	struct zl_error err = { 0 };
	size_t used = strlen(text);

	(void)state;
	for (size_t n = 150; n < 450; n++) {
		int r;

		memset(text + used, ' ', n);
		text[used + n - 1] = 'x';
		text[used + n] = '\0';
		memset(&t, 0, sizeof(t));
		r = read_text(text, &t, &err);
		if (n < 180)
			assert_int_equal(0, r);
		if (n > 200)
			assert_int_equal(-EINVAL, r);
		if (r < 0) {
			(void)snprintf(where, sizeof(where), "%s:3", path);
			assert_string_equal(where, err.where);
			assert_non_null(strstr(err.msg, "longer than 198 characters"));
		}
		zl_config_done(options, N_ITEMS(options), &t);
	}
}

/* A list of many addresses: in indented lines, or given again. */
static void test_long_list(void **state)
{
	char text[8192] = "[a]\nlist = 10.0.0.0\n", item[32];
	struct things t;
	struct zl_error err = { 0 };
	const char *at;
	int n = 0;

	(void)state;
	for (int i = 1; i < 200; i++) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s10.0.0.%d%s\n",
			i % 10 == 0 ? "list = " : "\t", i, i % 2 == 0 ? "," : "");
	}
	assert_int_equal(0, read_text(text, &t, &err));
	at = t.list;
	while (zl_config_each(&at, item, sizeof(item))) {
		char want[32];

		(void)snprintf(want, sizeof(want), "10.0.0.%d", n++);
		assert_string_equal(want, item);
	}
	assert_int_equal(200, n);
	zl_config_done(options, N_ITEMS(options), &t);
}

static void test_each(void **state)
{
	const char *at = " a ,b,, \tlong one\n,,c";
	char item[6];

	(void)state;
	assert_true(zl_config_each(&at, item, sizeof(item)));
	assert_string_equal("a", item);
	assert_true(zl_config_each(&at, item, sizeof(item)));
	assert_string_equal("b", item);
	assert_true(zl_config_each(&at, item, sizeof(item)));
	assert_string_equal("long ", item); /* cut */
	assert_true(zl_config_each(&at, item, sizeof(item)));
	assert_string_equal("c", item);
	assert_false(zl_config_each(&at, item, sizeof(item)));
	at = NULL;
	assert_false(zl_config_each(&at, item, sizeof(item)));
	at = " , ,";
	assert_false(zl_config_each(&at, item, sizeof(item)));
}

int main(void)
{
	enum { N = N_ITEMS(bad_cases) };
	struct CMUnitTest tests[N + 6] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_each),
	};

	for (size_t i = 0; i < N; i++)
		tests[6 + i] = (struct CMUnitTest){ .name = bad_cases[i].name,
			.test_func = test_bad,
			.initial_state = &bad_cases[i] };
	return cmocka_run_group_tests_name("config", tests, make_file, remove_file);
}
