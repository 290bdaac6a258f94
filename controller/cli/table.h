/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned text as virsh prints it: tables, and blocks of "Key:  value".
 *
 *	 Name   Host   State
 *	-----------------------
 *	 web1   hv1    running
 *
 * Cells are escaped (text.h) as they are added.  When memory runs out the table prints
 * nothing and zl_table_print() says so.
 */
#ifndef ZL_CLI_TABLE_H
#define ZL_CLI_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"

struct zl_table;

struct zl_table *zl_table_new(size_t n_columns);
void zl_table_free(struct zl_table *t); /* NULL is fine */
ZL_DEFINE_AUTO(zl_table, struct zl_table, zl_table_free);

/* The next cell, row by row; the first row of a table with a header is the header. */
void zl_table_add(struct zl_table *t, const char *text);

/* `header`: the first row is one; print it only when asked to. */
int zl_table_print(const struct zl_table *t, bool header, FILE *to) ZL_CHECKED;

/* Two columns: "Key:" padded to the longest, and the value. */
int zl_table_print_block(const struct zl_table *t, FILE *to) ZL_CHECKED;

#endif
