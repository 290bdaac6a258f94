/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an answer is shown: a table of a list's rows, or a block of one object's members
 * with tables below it.  One view per command that reads, as data.
 */
#ifndef ZL_CLI_VIEW_H
#define ZL_CLI_VIEW_H
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "controller/cli/format.h"

struct zl_column {
	const char *title;
	const char *key;     /* member of the row */
	zl_format_fn format; /* NULL: zl_format_plain */
};

struct zl_view {
	const char *title; /* heading of a part; NULL for a whole answer */
	const char *list; /* member with the rows; NULL: a block of the answer itself */
	const struct zl_column *columns;
	size_t n_columns;
	const struct zl_view
		*parts; /* what follows a block; empty lists are left out */
	size_t n_parts;
};

#define ZL_COLUMNS(a) .columns = (a), .n_columns = N_ITEMS(a)
#define ZL_PARTS(a)   .parts = (a), .n_parts = N_ITEMS(a)

/* `quiet`: no headers.  A list of strings goes into a column with the key "". */
int zl_view_print(const struct zl_view *view, json_t *reply, struct zl_wall now,
	bool quiet, FILE *to) ZL_CHECKED;

#endif
