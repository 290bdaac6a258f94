/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of fixed size that remembers verdicts. */
#include "policy/memo.h"

#include <stdlib.h>

bool zl_memo_init(struct zl_memo *m, unsigned bits)
{
	*m = (struct zl_memo){ .bits = bits };
	m->slots = calloc((size_t)2 << bits, sizeof(*m->slots));
	return m->slots != NULL;
}

void zl_memo_done(struct zl_memo *m)
{
	free(m->slots);
	m->slots = NULL;
}

/* Fibonacci hashing: the high bits of key * 2^64 / phi. */
static struct zl_memo_slot *pair_of(const struct zl_memo *m, uint64_t key)
{
	uint64_t h = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);

	return &m->slots[m->bits == 0 ? 0 : (h >> (64 - m->bits)) * 2];
}

bool zl_memo_find(struct zl_memo *m, uint64_t key, uint64_t *ret_value)
{
	struct zl_memo_slot *pair = pair_of(m, key);

	for (unsigned i = 0; i < 2; i++)
		if (pair[i].key == key) {
			m->hits++;
			*ret_value = pair[i].value;
			return true;
		}
	m->misses++;
	return false;
}

void zl_memo_put(struct zl_memo *m, uint64_t key, uint64_t value)
{
	struct zl_memo_slot *pair = pair_of(m, key);

	pair[1] = pair[0];
	pair[0] = (struct zl_memo_slot){ key, value };
}
