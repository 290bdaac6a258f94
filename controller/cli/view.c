/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing an answer by its view. */
#include "controller/cli/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/table.h"

/* The text of one cell, the caller's; NULL when memory is short. */
static char *make_cell(const struct zl_column *column, json_t *row, struct zl_wall now)
{
	struct zl_cell cell = { .row = row, .now = now };
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (to == NULL)
		return NULL;
	cell.value = column->key[0] == '\0' ? row : json_object_get(row, column->key);
	if (column->format != NULL)
		column->format(to, &cell);
	else
		zl_format_plain(to, &cell);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int add_row(
	struct zl_table *t, const struct zl_view *view, json_t *row, struct zl_wall now)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		ZL_AUTO(zl_mem) char *text = make_cell(&view->columns[i], row, now);

		if (text == NULL)
			return -ENOMEM;
		zl_table_add(t, text[0] == '\0' ? "-" : text);
	}
	return 0;
}

static int print_list(const struct zl_view *view, json_t *rows, struct zl_wall now,
	bool quiet, FILE *to)
{
	ZL_AUTO(zl_table) struct zl_table *t = zl_table_new(view->n_columns);
	json_t *row;
	size_t i;

	if (t == NULL)
		return -ENOMEM;
	for (i = 0; i < view->n_columns; i++)
		zl_table_add(t, view->columns[i].title);
	json_array_foreach(rows, i, row)
	{
		int r = add_row(t, view, row, now);

		if (r < 0)
			return r;
	}
	return zl_table_print(t, !quiet, to);
}

/* Members that are absent or empty are left out. */
static int print_block(
	const struct zl_view *view, json_t *row, struct zl_wall now, FILE *to)
{
	ZL_AUTO(zl_table) struct zl_table *t = zl_table_new(2);

	if (t == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < view->n_columns; i++) {
		ZL_AUTO(zl_mem) char *text = make_cell(&view->columns[i], row, now);

		if (text == NULL)
			return -ENOMEM;
		if (text[0] == '\0')
			continue;
		zl_table_add(t, view->columns[i].title);
		zl_table_add(t, text);
	}
	return zl_table_print_block(t, to);
}

int zl_view_print(const struct zl_view *view, json_t *reply, struct zl_wall now,
	bool quiet, FILE *to)
{
	int r;

	if (view->list != NULL)
		return print_list(
			view, json_object_get(reply, view->list), now, quiet, to);
	r = print_block(view, reply, now, to);
	for (size_t i = 0; i < view->n_parts && r == 0; i++) {
		const struct zl_view *part = &view->parts[i];
		json_t *rows = json_object_get(reply, part->list);

		if (json_array_size(rows) == 0)
			continue;
		(void)fprintf(to, "\n%s:\n", part->title);
		r = print_list(part, rows, now, quiet, to);
	}
	return r;
}
