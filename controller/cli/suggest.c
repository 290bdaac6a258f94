/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Levenshtein distance between short words. */
#include "controller/cli/suggest.h"

#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t zl_suggest_distance(const char *a, const char *b)
{
	size_t row[WORD_MAX];
	size_t n_a = strlen(a), n_b = strlen(b);

	if (n_a >= WORD_MAX || n_b >= WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n_b];
}

void zl_suggest_offer(struct zl_suggest *s, const char *known)
{
	size_t d = zl_suggest_distance(s->typed, known);
	size_t n = strlen(s->typed), near = n < 4 ? 1 : n < 9 ? 2 : n / 3;

	if (d > near || (s->best != NULL && d >= s->distance))
		return;
	s->best = known;
	s->distance = d;
}
