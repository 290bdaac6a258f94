/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command prints: escaping, alignment, times and amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/cli/format.h"
#include "controller/cli/table.h"
#include "controller/cli/text.h"
#include "controller/cli/view.h"

#define JSON(...) #__VA_ARGS__

/* 2026-11-23T21:00:00Z */
static const struct zl_wall now = { INT64_C(1795467600000000) };

/* --- escaping --- */

struct text_case {
	const char *name, *text, *want;
	size_t width;
};

/* clang-format off */
static struct text_case text_cases[] = {
	{ "plain",              "web1",                  "web1", 4 },
	{ "empty",              "",                      "", 0 },
	{ "umlaut",             "b\xc3\xa4r",            "b\xc3\xa4r", 3 },
	{ "euro and bear",      "\xe2\x82\xac\xf0\x9f\x90\xbb", "\xe2\x82\xac\xf0\x9f\x90\xbb", 2 },
	{ "escape sequence",    "\x1b[31m",              "\\x1b[31m", 8 },
	{ "newline",            "a\nb",                  "a\\x0ab", 6 },
	{ "tab",                "a\tb",                  "a\\x09b", 6 },
	{ "delete",             "a\x7f",                 "a\\x7f", 5 },
	{ "C1 in UTF-8",        "a\xc2\x9b" "31m",       "a\\u{9b}31m", 10 },
	{ "a bare C1 byte",     "a\x9b" "31m",           "a\\x9b31m", 8 },
	{ "right to left",      "a\xe2\x80\xae" "b",     "a\\u{202e}b", 10 },
	{ "isolate",            "\xe2\x81\xa6x",         "\\u{2066}x", 9 },
	{ "zero width space",   "a\xe2\x80\x8b" "b",     "a\\u{200b}b", 10 },
	{ "byte order mark",    "\xef\xbb\xbf",          "\\u{feff}", 8 },
	{ "tag character",      "\xf3\xa0\x81\x81",      "\\u{e0041}", 9 },
	{ "line separator",     "\xe2\x80\xa8",          "\\u{2028}", 8 },
	{ "cut sequence",       "a\xe2\x82",             "a\\xe2\\x82", 9 },
	{ "overlong",           "\xc0\xaf",              "\\xc0\\xaf", 8 },
	{ "surrogate",          "\xed\xa0\x80",          "\\xed\\xa0\\x80", 12 },
	{ "beyond Unicode",     "\xf4\x90\x80\x80",      "\\xf4\\x90\\x80\\x80", 16 },
	{ "backslash stays",    "a\\x",                  "a\\x", 3 },
};
/* clang-format on */

static void test_text(void **state)
{
	const struct text_case *c = *state;
	ZL_AUTO(zl_mem) char *safe = zl_text_escape(c->text);

	assert_string_equal(c->want, safe);
	assert_int_equal(c->width, zl_text_width(safe));
}

static void test_text_print(void **state)
{
	char *got = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&got, &n);

	(void)state;
	zl_text_print(to, "<a>\n\t<b>\x1b</b>\n</a>\n");
	(void)fclose(to);
	assert_string_equal("<a>\n\t<b>\\x1b</b>\n</a>\n", got);
	free(got);
}

/* --- cells --- */

struct cell_case {
	const char *name, *json;
	zl_format_fn format;
	const char *want;
};

/* clang-format off */
static struct cell_case cell_cases[] = {
	{ "string",           JSON(["web"]),           zl_format_plain, "web" },
	{ "number",           JSON([-7]),              zl_format_plain, "-7" },
	{ "true",             JSON([true]),            zl_format_plain, "yes" },
	{ "false",            JSON([false]),           zl_format_plain, "no" },
	{ "null",             JSON([null]),            zl_format_plain, "" },
	{ "list",             JSON([["a", "b", 3]]),   zl_format_plain, "a,b,3" },
	{ "empty list",       JSON([[]]),              zl_format_plain, "" },
	{ "object",           JSON([{"a": 1, "b": "x"}]), zl_format_plain, "a 1, b x" },
	{ "nested list",      JSON([[["a"]]]),         zl_format_plain, "" },
	{ "yes",              JSON([true]),            zl_format_yes, "yes" },
	{ "not yes",          JSON([false]),           zl_format_yes, "" },
	{ "bytes",            JSON([1023]),            zl_format_bytes, "1023 B" },
	{ "kibibytes",        JSON([1536]),            zl_format_bytes, "1.5 KiB" },
	{ "exbibytes",        JSON([9223372036854775807]), zl_format_bytes, "8192.0 PiB" },
	{ "bytes of a text",  JSON(["many"]),          zl_format_bytes, "" },
	{ "tcp",              JSON([6]),               zl_format_proto, "tcp" },
	{ "icmpv6",           JSON([58]),              zl_format_proto, "icmpv6" },
	{ "a rare protocol",  JSON([99]),              zl_format_proto, "99" },
	{ "a named protocol", JSON(["tcp"]),           zl_format_proto, "tcp" },
	{ "90 seconds",       JSON([90]),              zl_format_span, "90s" },
	{ "15 minutes",       JSON([900]),             zl_format_span, "15m" },
	{ "an hour",          JSON([3600]),            zl_format_span, "1h" },
	{ "90 minutes",       JSON([5400]),            zl_format_span, "90m" },
	{ "a day",            JSON([86400]),           zl_format_span, "1d" },
	{ "36 hours",         JSON([129600]),          zl_format_span, "36h" },
	{ "no span",          JSON([0]),               zl_format_span, "" },
	{ "time",             JSON([1795467590456]),   zl_format_time, "2026-11-23 20:59:50" },
	{ "no time",          JSON([0]),               zl_format_time, "" },
	{ "time of a text",   JSON(["now"]),           zl_format_time, "" },
	{ "time out of range", JSON([9223372036854775807]), zl_format_time, "292278994-08-17 07:12:55" },
	{ "age",              JSON([1795467588000]),   zl_format_age, "12s ago" },
	{ "old age",          JSON([1795467600000]),   zl_format_age, "now" },
	{ "just now",         JSON([1795467599001]),   zl_format_age, "now" },
	{ "three days ago",   JSON([1795200000000]),   zl_format_age, "3d ago" },
	{ "to come",          JSON([1795467900000]),   zl_format_age, "in 5m" },
	{ "never",            JSON([0]),               zl_format_age, "" },
	{ "stamp",            JSON([1795467590456]),   zl_format_stamp, "2026-11-23T20:59:50.456+0000 (9s ago)" },
};
/* clang-format on */

static void test_cell(void **state)
{
	const struct cell_case *c = *state;
	json_t *list = json_loads(c->json, 0, NULL);
	struct zl_cell cell = { .now = now };
	char *got = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&got, &n);

	assert_non_null(list);
	cell.value = json_array_get(list, 0);
	c->format(to, &cell);
	(void)fclose(to);
	assert_string_equal(c->want, got);
	free(got);
	json_decref(list);
}

/* An absent member is as good as an odd one. */
static void test_cell_absent(void **state)
{
	static const zl_format_fn formats[] = { zl_format_plain, zl_format_yes,
		zl_format_bytes, zl_format_proto, zl_format_span, zl_format_time,
		zl_format_age, zl_format_stamp };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(formats); i++) {
		struct zl_cell cell = { .now = now };
		char *got = NULL;
		size_t n = 0;
		FILE *to = open_memstream(&got, &n);

		formats[i](to, &cell);
		(void)fclose(to);
		assert_string_equal("", got);
		free(got);
	}
}

/* --- tables --- */

static char *print_table(
	const char *const *cells, size_t n, size_t n_columns, bool header)
{
	ZL_AUTO(zl_table) struct zl_table *t = zl_table_new(n_columns);
	char *got = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&got, &size);

	for (size_t i = 0; i < n; i++)
		zl_table_add(t, cells[i]);
	assert_int_equal(0, zl_table_print(t, header, to));
	(void)fclose(to);
	return got;
}

static void test_table(void **state)
{
	static const char *const cells[] = { "Name", "Host", "b\xc3\xa4r", "hv1",
		"evil\nrow", "-" };
	ZL_AUTO(zl_mem) char *with = print_table(cells, N_ITEMS(cells), 2, true);
	ZL_AUTO(zl_mem) char *without = print_table(cells, N_ITEMS(cells), 2, false);

	(void)state;
	assert_string_equal(" Name          Host\n"
			    "--------------------\n"
			    " b\xc3\xa4r           hv1\n"
			    " evil\\x0arow   -\n",
		with);
	assert_string_equal(" b\xc3\xa4r           hv1\n"
			    " evil\\x0arow   -\n",
		without);
}

static void test_table_large(void **state)
{
	enum { ROWS = 5000 };
	ZL_AUTO(zl_table) struct zl_table *t = zl_table_new(1);
	char *got = NULL;
	size_t n = 0, lines = 0;
	FILE *to = open_memstream(&got, &n);

	(void)state;
	for (size_t i = 0; i <= ROWS; i++)
		zl_table_add(t, "x");
	assert_int_equal(0, zl_table_print(t, true, to));
	(void)fclose(to);
	for (const char *s = got; *s != '\0'; s++)
		lines += *s == '\n';
	assert_int_equal(ROWS + 2, lines);
	free(got);
}

/* An answer of another shape than expected prints less, and never crashes. */
static void test_view_odd(void **state)
{
	static const struct zl_column columns[] = {
		{ .title = "A", .key = "a", .format = zl_format_stamp },
		{ .title = "B", .key = "b" },
	};
	static const struct zl_view part[] = {
		{ .title = "Part", .list = "rows", ZL_COLUMNS(columns) },
	};
	static const struct zl_view views[] = {
		{ .list = "rows", ZL_COLUMNS(columns) },
		{ ZL_COLUMNS(columns), ZL_PARTS(part) },
	};
	static const char *const odd[] = { "{}", "{\"rows\":7}",
		"{\"rows\":[7,null,[]]}", "{\"rows\":{}}",
		"{\"a\":{\"x\":[]},\"b\":[[],{}]}",
		"{\"rows\":[{\"a\":\"x\",\"b\":{\"c\":{}}}]}" };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(odd); i++) {
		for (size_t v = 0; v < N_ITEMS(views); v++) {
			json_t *reply = json_loads(odd[i], 0, NULL);
			char *got = NULL;
			size_t n = 0;
			FILE *to = open_memstream(&got, &n);

			assert_non_null(reply);
			assert_int_equal(
				0, zl_view_print(&views[v], reply, now, false, to));
			(void)fclose(to);
			free(got);
			json_decref(reply);
		}
	}
}

int main(void)
{
	enum { TEXTS = N_ITEMS(text_cases), CELLS = N_ITEMS(cell_cases) };
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(test_text_print),
		cmocka_unit_test(test_cell_absent),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_large),
		cmocka_unit_test(test_view_odd),
	};
	static struct CMUnitTest tests[TEXTS + CELLS + N_ITEMS(more)];
	size_t n = 0;

	(void)setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < TEXTS; i++)
		tests[n++] = (struct CMUnitTest){ .name = text_cases[i].name,
			.test_func = test_text,
			.initial_state = &text_cases[i] };
	for (size_t i = 0; i < CELLS; i++)
		tests[n++] = (struct CMUnitTest){ .name = cell_cases[i].name,
			.test_func = test_cell,
			.initial_state = &cell_cases[i] };
	for (size_t i = 0; i < N_ITEMS(more); i++)
		tests[n++] = more[i];
	return _cmocka_run_group_tests("output", tests, n, NULL, NULL);
}
