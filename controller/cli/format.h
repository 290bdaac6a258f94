/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a JSON value to the text of a cell, one function per kind of value.
 *
 * Each prints to `to`; the cell is escaped afterwards.  A value that is absent or of
 * another type than expected prints nothing, which a table shows as "-".
 */
#ifndef ZL_CLI_FORMAT_H
#define ZL_CLI_FORMAT_H
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"

struct zl_cell {
	json_t *value;	   /* may be NULL */
	const json_t *row; /* the object that the value is in */
	struct zl_wall now;
};

typedef void (*zl_format_fn)(FILE *to, const struct zl_cell *cell);

/* Strings and numbers as they are, lists with commas, objects as "key value". */
void zl_format_plain(FILE *to, const struct zl_cell *cell);
void zl_format_yes(FILE *to, const struct zl_cell *cell);   /* "yes", or nothing */
void zl_format_bytes(FILE *to, const struct zl_cell *cell); /* "1.2 MiB" */
void zl_format_proto(FILE *to, const struct zl_cell *cell); /* 6: "tcp" */
void zl_format_span(FILE *to, const struct zl_cell *cell);  /* seconds: "1h" */

/* Milliseconds since 1970, in local time. */
void zl_format_time(FILE *to, const struct zl_cell *cell); /* "2026-11-23 20:04:05" */
void zl_format_age(FILE *to, const struct zl_cell *cell);  /* "12s ago", "in 3m" */
void zl_format_stamp(
	FILE *to, const struct zl_cell *cell); /* both, with zone, for blocks */

/* Seconds in the largest fitting unit: "12s", "3m", "5h", "4d". */
void zl_format_seconds(FILE *to, int64_t seconds);

#endif
