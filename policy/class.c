/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes: sets of zones, each known by a small number. */
#include "policy/class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNION_BITS = 12 };

int zl_classes_init(struct zl_classes *c, size_t n_zones)
{
	*c = (struct zl_classes){ .n_words = n_zones / 64 + 1, .room = 16 };
	zl_map_init(&c->by_set, c->n_words * sizeof(uint64_t), ZL_CLASSES_MAX);
	c->sets = calloc(c->room, c->n_words * sizeof(uint64_t));
	c->scratch = calloc(c->n_words, sizeof(uint64_t));
	if (c->sets == NULL || c->scratch == NULL ||
		!zl_memo_init(&c->unions, UNION_BITS))
		return -ENOMEM;
	/* The first row is all zero: class 0, no zone. */
	c->n = 1;
	return zl_map_put(&c->by_set, c->sets, (void *)(uintptr_t)1);
}

void zl_classes_done(struct zl_classes *c)
{
	zl_map_done(&c->by_set);
	zl_memo_done(&c->unions);
	free(c->sets);
	free(c->scratch);
	c->sets = c->scratch = NULL;
	c->n = 0;
}

static int grow(struct zl_classes *c)
{
	uint64_t *sets = reallocarray(c->sets, c->room * 2, c->n_words * sizeof(*sets));

	if (sets == NULL)
		return -ENOMEM;
	c->sets = sets;
	c->room *= 2;
	return 0;
}

int zl_classes_intern(struct zl_classes *c, const uint64_t *set)
{
	uintptr_t found = (uintptr_t)zl_map_find(&c->by_set, set);
	int r = 0;

	if (found != 0)
		return (int)(found - 1);
	if (c->n == ZL_CLASSES_MAX)
		return -ENOBUFS;
	if (c->n == c->room)
		r = grow(c);
	if (r < 0)
		return r;
	r = zl_map_put(&c->by_set, set, (void *)(uintptr_t)(c->n + 1));
	if (r < 0)
		return r;
	memcpy(c->sets + c->n * c->n_words, set, c->n_words * sizeof(*set));
	return (int)c->n++;
}

int zl_classes_union(struct zl_classes *c, uint32_t a, uint32_t b)
{
	uint64_t key = UINT64_C(1) << 63 | (uint64_t)a << 32 | b, known;
	int r;

	if (a >= c->n || b >= c->n)
		return -EINVAL;
	if (a == b || b == 0)
		return (int)a;
	if (a == 0)
		return (int)b;
	if (zl_memo_find(&c->unions, key, &known))
		return (int)known;
	for (size_t i = 0; i < c->n_words; i++)
		c->scratch[i] =
			c->sets[a * c->n_words + i] | c->sets[b * c->n_words + i];
	r = zl_classes_intern(c, c->scratch);
	if (r >= 0)
		zl_memo_put(&c->unions, key, (uint64_t)r);
	return r;
}
