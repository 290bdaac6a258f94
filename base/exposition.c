/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as text. */
#include "base/exposition.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers up to there are exact. */
#define EXACT 9007199254740992.0

static const char *const types[ZL_EXPOSITION_TYPE_N] = {
	[ZL_EXPOSITION_COUNTER] = "counter",
	[ZL_EXPOSITION_GAUGE] = "gauge",
	[ZL_EXPOSITION_HISTOGRAM] = "histogram",
};

const char *zl_exposition_type_name(enum zl_exposition_type t)
{
	return types[t];
}

static void put_escaped(FILE *to, const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			(void)fputs("\\n", to);
			continue;
		}
		if (strchr(special, *text) != NULL)
			(void)fputc('\\', to);
		(void)fputc(*text, to);
	}
}

/* The shortest text that reads as the same number. */
static void put_number(FILE *to, double v)
{
	char text[32];

	if (isnan(v))
		(void)fputs("NaN", to);
	else if (isinf(v))
		(void)fputs(v > 0 ? "+Inf" : "-Inf", to);
	else if (v >= -EXACT && v <= EXACT && v == (double)(int64_t)v)
		(void)fprintf(to, "%" PRId64, (int64_t)v);
	else {
		(void)snprintf(text, sizeof(text), "%.15g", v);
		if (strtod(text, NULL) != v)
			(void)snprintf(text, sizeof(text), "%.17g", v);
		(void)fputs(text, to);
	}
}

void zl_exposition_family(struct zl_exposition *x, const char *name,
	enum zl_exposition_type type, const char *help)
{
	x->name = name;
	(void)fprintf(x->to, "# HELP %s ", name);
	put_escaped(x->to, help, "\\");
	(void)fprintf(x->to, "\n# TYPE %s %s\n", name, types[type]);
}

void zl_exposition_series(
	struct zl_exposition *x, double value, const char *const *labels)
{
	char before = '{';

	(void)fputs(x->name, x->to);
	for (; labels[0] != NULL; labels += 2) {
		(void)fprintf(x->to, "%c%s=\"", before, labels[0]);
		put_escaped(x->to, labels[1], "\\\"");
		(void)fputc('"', x->to);
		before = ',';
	}
	(void)fputs(before == ',' ? "} " : " ", x->to);
	put_number(x->to, value);
	(void)fputc('\n', x->to);
}

void zl_exposition_histogram(struct zl_exposition *x, const double *bounds,
	const uint64_t *counts, size_t n, double sum)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i <= n; i++) {
		so_far += counts[i];
		(void)fprintf(x->to, "%s_bucket{le=\"", x->name);
		put_number(x->to, i < n ? bounds[i] : (double)INFINITY);
		(void)fprintf(x->to, "\"} %" PRIu64 "\n", so_far);
	}
	(void)fprintf(x->to, "%s_sum ", x->name);
	put_number(x->to, sum);
	(void)fprintf(x->to, "\n%s_count %" PRIu64 "\n", x->name, so_far);
}
