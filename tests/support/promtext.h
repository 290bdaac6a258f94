/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict reader of Prometheus' text format (0.0.4), stricter than Prometheus: every line
 * is HELP, TYPE or a series; HELP and TYPE once and before the series of their family; the
 * series of a family together; none twice; a histogram cumulative and complete.
 */
#ifndef ZL_SUPPORT_PROMTEXT_H
#define ZL_SUPPORT_PROMTEXT_H
#include <stdbool.h>
#include <stddef.h>

enum { ZL_PROMTEXT_FAMILIES = 256, ZL_PROMTEXT_SERIES = 4096, ZL_PROMTEXT_LABELS = 8 };

struct zl_promtext_label {
	char name[64], value[256]; /* as it was before it was escaped */
};

struct zl_promtext_series {
	char name[128]; /* with _bucket, _sum, _count of a histogram */
	struct zl_promtext_label labels[ZL_PROMTEXT_LABELS];
	size_t n_labels, family;
	double value;
};

struct zl_promtext_family {
	char name[128], type[16], help[512];
};

struct zl_promtext {
	struct zl_promtext_family families[ZL_PROMTEXT_FAMILIES];
	struct zl_promtext_series series[ZL_PROMTEXT_SERIES];
	size_t n_families, n_series;
	char error[256]; /* with the line, when it could not be read */
};

bool zl_promtext_read(const char *text, struct zl_promtext *ret);

/* `labels` as they are written, a="b",c="d", without braces; NULL: there is none. */
const struct zl_promtext_series *zl_promtext_find(
	const struct zl_promtext *p, const char *name, const char *labels);

#endif
