/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a run: numbers by dotted names, in a JSON file that other benches
 * write to as well.
 *
 *	zl_summary_set(s, 312.5, "ingest.%s.%s.cpu_ns_per_flow", "v9", "zonelock");
 *
 * makes {"ingest": {"v9": {"zonelock": {"cpu_ns_per_flow": 312.5}}}}.
 */
#ifndef ZL_BENCH_SUMMARY_H
#define ZL_BENCH_SUMMARY_H
#include <jansson.h>

#include "base/error.h"

/* What the file holds, or an empty object. */
json_t *zl_summary_load(const char *path);
int zl_summary_save(
	const json_t *s, const char *path, struct zl_error *reterr) ZL_CHECKED;

void zl_summary_set(json_t *s, double value, const char *name, ...)
	__attribute__((format(printf, 3, 4)));
/* 0 when it is not there. */
double zl_summary_get(const json_t *s, const char *name, ...)
	__attribute__((format(printf, 2, 3)));

/* The middle of `n` values, which are sorted by it. */
double zl_summary_median(double *values, unsigned n);

#endif
