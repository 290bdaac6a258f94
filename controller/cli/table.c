/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligning cells. */
#include "controller/cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "controller/cli/text.h"

enum { GAP = 3 }; /* blanks between two columns, as virsh has them */

struct zl_table {
	char **cells; /* escaped, owned */
	size_t n, size, n_columns;
	bool failed;
};

struct zl_table *zl_table_new(size_t n_columns)
{
	struct zl_table *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->n_columns = n_columns;
	return t;
}

void zl_table_free(struct zl_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void zl_table_add(struct zl_table *t, const char *text)
{
	if (t->n == t->size) {
		size_t size = t->size == 0 ? 64 : t->size * 2;
		char **cells = reallocarray(t->cells, size, sizeof(*cells));

		if (cells == NULL) {
			t->failed = true;
			return;
		}
		t->cells = cells;
		t->size = size;
	}
	t->cells[t->n] = zl_text_escape(text);
	if (t->cells[t->n] == NULL)
		t->failed = true;
	else
		t->n++;
}

static size_t width_of(const struct zl_table *t, size_t column, size_t first)
{
	size_t width = 0;

	for (size_t i = first * t->n_columns + column; i < t->n; i += t->n_columns) {
		size_t w = zl_text_width(t->cells[i]);

		width = w > width ? w : width;
	}
	return width;
}

static void print_pad(size_t n, int c, FILE *to)
{
	while (n-- > 0)
		(void)fputc(c, to);
}

static void print_row(
	const struct zl_table *t, size_t row, const size_t *widths, FILE *to)
{
	(void)fputc(' ', to);
	for (size_t c = 0; c < t->n_columns; c++) {
		const char *cell = t->cells[row * t->n_columns + c];

		(void)fputs(cell, to);
		if (c + 1 < t->n_columns)
			print_pad(widths[c] - zl_text_width(cell) + GAP, ' ', to);
	}
	(void)fputc('\n', to);
}

int zl_table_print(const struct zl_table *t, bool header, FILE *to)
{
	ZL_AUTO(zl_mem) size_t *widths = calloc(t->n_columns, sizeof(*widths));
	size_t n_rows = t->n / t->n_columns, line = 1, first = header ? 0 : 1;

	if (t->failed || widths == NULL)
		return -ENOMEM;
	for (size_t c = 0; c < t->n_columns; c++) {
		widths[c] = width_of(t, c, first);
		line += widths[c] + GAP;
	}
	for (size_t row = first; row < n_rows; row++) {
		print_row(t, row, widths, to);
		if (header && row == 0) {
			print_pad(line - GAP + 1, '-', to);
			(void)fputc('\n', to);
		}
	}
	return 0;
}

int zl_table_print_block(const struct zl_table *t, FILE *to)
{
	size_t width = width_of(t, 0, 0) + 1;

	if (t->failed)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < t->n; i += 2) {
		(void)fprintf(to, "%s:", t->cells[i]);
		print_pad(width - zl_text_width(t->cells[i]) + 1, ' ', to);
		(void)fprintf(to, "%s\n", t->cells[i + 1]);
	}
	return 0;
}
