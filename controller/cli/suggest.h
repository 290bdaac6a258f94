/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which known word somebody probably meant. */
#ifndef ZL_CLI_SUGGEST_H
#define ZL_CLI_SUGGEST_H
#include <stddef.h>

/*
 * Edits (insert, delete, replace a byte) from `a` to `b`; words longer than 63
 * bytes are as far apart as can be (SIZE_MAX).
 */
size_t zl_suggest_distance(const char *a, const char *b);

/* The best candidate so far. */
struct zl_suggest {
	const char *typed;
	const char *best; /* NULL while nothing is near enough */
	size_t distance;
};

/* Consider one known word (borrowed): near are two edits, one in a
 * short word, a third of a long one. */
void zl_suggest_offer(struct zl_suggest *s, const char *known);

#endif
