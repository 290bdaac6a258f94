/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of fixed size that remembers verdicts, from a 64-bit key to a small value.
 *
 * Two places for each key; a newcomer takes the older of the two.  Nothing grows and
 * nothing is searched, so whoever chooses the keys can make it forget, never slow.
 * A key of 0 is not possible: the table uses it for "empty".
 */
#ifndef ZL_POLICY_MEMO_H
#define ZL_POLICY_MEMO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zl_memo_slot {
	uint64_t key;
	uint64_t value;
};

struct zl_memo {
	struct zl_memo_slot *slots; /* pairs: 2i is the younger of 2i and 2i + 1 */
	unsigned bits;		    /* log2 of the number of pairs */
	uint64_t hits, misses;
};

/* 2^(bits + 1) slots of 16 bytes.  false when out of memory. */
bool zl_memo_init(struct zl_memo *m, unsigned bits);
void zl_memo_done(struct zl_memo *m);

bool zl_memo_find(struct zl_memo *m, uint64_t key, uint64_t *ret_value);
void zl_memo_put(struct zl_memo *m, uint64_t key, uint64_t value);

#endif
