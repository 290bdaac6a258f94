/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the metrics keep Prometheus' rules for names, and docs/metrics.md lists them as
 * they are; ZL_GOLDEN_UPDATE=1 rewrites its tables.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/roles/engine/metrics.h"
#include "tests/support/textfile.h"

#define DOCUMENT "docs/metrics.md"
#define BEGIN	 "<!-- begin of the table, written by make golden-update -->\n"
#define END	 "<!-- end of the table -->\n"

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void check_row(const struct zl_metric *m)
{
	/* What has a base unit says it; Prometheus has no milliseconds, no percent. */
	static const char *const bases[] = { "seconds", "bytes", "ratio" };
	size_t help = strlen(m->help);

	if (strncmp(m->name, "zonelock_", 9) != 0)
		fail_msg("%s: no prefix", m->name);
	for (const char *s = m->name; *s != '\0'; s++)
		if (!islower((unsigned char)*s) && *s != '_')
			fail_msg("%s: '%c'", m->name, *s);
	if (ends_in(m->name, "_total") != (m->type == ZL_EXPOSITION_COUNTER))
		fail_msg("%s: _total is for counters", m->name);
	for (size_t i = 0; i < N_ITEMS(bases); i++) {
		char end[32];

		(void)snprintf(end, sizeof(end), "_%s", bases[i]);
		if (strcmp(m->unit, bases[i]) == 0 && !ends_in(m->name, end))
			fail_msg("%s: does not end in its unit", m->name);
	}
	if (!isalnum((unsigned char)m->help[0]) || m->help[help - 1] != '.' ||
		strchr(m->help, '|') != NULL)
		fail_msg("%s: its help is no sentence", m->name);
	if ((m->one != NULL) + (m->exporter != NULL) + (m->each != NULL) != 1)
		fail_msg("%s: not exactly one function", m->name);
	if (m->one != NULL)
		assert_string_equal("", m->labels);
	if (m->exporter != NULL)
		assert_string_equal("exporter, host", m->labels);
	if (m->type == ZL_EXPOSITION_HISTOGRAM)
		assert_non_null(m->each);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t g = 0; g < zl_metric_groups_n; g++)
		for (size_t i = 0; i < *zl_metric_groups[g].n; i++) {
			const struct zl_metric *m = &zl_metric_groups[g].metrics[i];

			check_row(m);
			for (size_t h = 0; h <= g; h++)
				for (size_t k = 0; k < *zl_metric_groups[h].n; k++)
					if (h < g || k < i)
						assert_string_not_equal(
							m->name, zl_metric_groups[h]
									 .metrics[k]
									 .name);
		}
}

static char *format_tables(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	for (size_t g = 0; g < zl_metric_groups_n; g++) {
		(void)fprintf(to,
			"\n## %s\n\n| name | type | unit | labels | meaning |\n"
			"|---|---|---|---|---|\n",
			zl_metric_groups[g].title);
		for (size_t i = 0; i < *zl_metric_groups[g].n; i++) {
			const struct zl_metric *m = &zl_metric_groups[g].metrics[i];

			(void)fprintf(to, "| `%s` | %s | %s | %s | %s |\n", m->name,
				zl_exposition_type_name(m->type), m->unit, m->labels,
				m->help);
		}
	}
	(void)fputc('\n', to);
	(void)fclose(to);
	return text;
}

static void test_document(void **state)
{
	ZL_AUTO(zl_mem) char *want = format_tables();
	ZL_AUTO(zl_mem) char *document = textfile_read(DOCUMENT);
	char *from = strstr(document, BEGIN), *to = strstr(document, END);

	(void)state;
	assert_non_null(from);
	assert_non_null(to);
	from += strlen(BEGIN);
	if (getenv("ZL_GOLDEN_UPDATE") != NULL) {
		FILE *f = fopen(DOCUMENT, "we");

		assert_non_null(f);
		(void)fprintf(
			f, "%.*s%s%s", (int)(from - document), document, want, to);
		assert_int_equal(0, fclose(f));
		return;
	}
	*to = '\0';
	assert_string_equal(want, from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests_name("metrics table", tests, NULL, NULL);
}
