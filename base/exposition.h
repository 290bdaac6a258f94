/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text, for Prometheus and what reads its format (text exposition format
 * 0.0.4: a /metrics page, or a file of node_exporter's textfile collector).
 *
 *	struct zl_exposition x = { .to = file };
 *
 *	zl_exposition_family(&x, "zonelock_hosts", ZL_EXPOSITION_GAUGE, "Hosts by state.");
 *	zl_exposition_put(&x, 3, "state", "up");
 *
 *	# HELP zonelock_hosts Hosts by state.
 *	# TYPE zonelock_hosts gauge
 *	zonelock_hosts{state="up"} 3
 *
 * Label values may be any text: backslashes, quotes and newlines are escaped.  That no series
 * comes twice is the caller's business.
 */
#ifndef ZL_BASE_EXPOSITION_H
#define ZL_BASE_EXPOSITION_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum zl_exposition_type {
	ZL_EXPOSITION_COUNTER, /* only grows, but for restarts: its name ends in _total */
	ZL_EXPOSITION_GAUGE,
	ZL_EXPOSITION_HISTOGRAM,
	ZL_EXPOSITION_TYPE_N
};

const char *zl_exposition_type_name(enum zl_exposition_type t); /* "counter" */

struct zl_exposition {
	FILE *to;	  /* borrowed */
	const char *name; /* of the open family, borrowed */
};

/* Begin a family; all its series follow before the next one. */
void zl_exposition_family(struct zl_exposition *x, const char *name,
	enum zl_exposition_type type, const char *help);

/* One series; behind its value the names and values of its labels in turn. */
#define zl_exposition_put(x, value, ...)                                               \
	zl_exposition_series(                                                          \
		(x), (value), (const char *const[]){ "", ##__VA_ARGS__, NULL } + 1)
void zl_exposition_series(
	struct zl_exposition *x, double value, const char *const *labels);

/*
 * A histogram without labels: counts[i] observations were at most bounds[i] and more than the
 * bound before, counts[n] more than all; `sum` is of all of them.
 */
void zl_exposition_histogram(struct zl_exposition *x, const double *bounds,
	const uint64_t *counts, size_t n, double sum);

#endif
