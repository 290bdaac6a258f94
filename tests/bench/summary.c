/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures into JSON. */
#include "tests/bench/summary.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 256 };

json_t *zl_summary_load(const char *path)
{
	json_t *s = json_load_file(path, 0, NULL);

	return s != NULL ? s : json_object();
}

int zl_summary_save(const json_t *s, const char *path, struct zl_error *reterr)
{
	if (json_dump_file(s, path, JSON_INDENT(1) | JSON_SORT_KEYS) < 0)
		return zl_fail(reterr, -EIO, "cannot write %s", path);
	return 0;
}

void zl_summary_set(json_t *s, double value, const char *name, ...)
{
	char path[NAME_MAX_BYTES], *at = path, *dot;
	va_list ap;

	va_start(ap, name);
	(void)vsnprintf(path, sizeof(path), name, ap);
	va_end(ap);
	while ((dot = strchr(at, '.')) != NULL) {
		*dot = '\0';
		if (!json_is_object(json_object_get(s, at)))
			(void)json_object_set_new(s, at, json_object());
		s = json_object_get(s, at);
		at = dot + 1;
	}
	/* Two decimals: what lies below is noise. */
	(void)json_object_set_new(
		s, at, json_real((double)(long long)(value * 100 + 0.5) / 100));
}

double zl_summary_get(const json_t *s, const char *name, ...)
{
	char path[NAME_MAX_BYTES], *at = path, *dot;
	va_list ap;

	va_start(ap, name);
	(void)vsnprintf(path, sizeof(path), name, ap);
	va_end(ap);
	while ((dot = strchr(at, '.')) != NULL) {
		*dot = '\0';
		s = json_object_get(s, at);
		at = dot + 1;
	}
	return json_number_value(json_object_get(s, at));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double zl_summary_median(double *values, unsigned n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
