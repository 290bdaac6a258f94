/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of a growing count is from the last minutes, so that what was mended is not
 * held against anybody for ever.
 *
 * Whoever owns the counts turns them every ZL_RECENT_TURN_S; what is recent is then at
 * least one and at most two of these spans old.
 */
#ifndef ZL_ROLES_RECENT_H
#define ZL_ROLES_RECENT_H
#include <stdint.h>

enum { ZL_RECENT_TURN_S = 300 };

struct zl_recent {
	uint64_t all;	     /* ever */
	uint64_t before, at; /* two turns ago, one turn ago */
};

/* From somebody who counts himself, and begins again at 0 when he is restarted. */
static inline void zl_recent_set(struct zl_recent *r, uint64_t all)
{
	if (all < r->all)
		r->before = r->at = 0;
	r->all = all;
}

static inline void zl_recent_turn(struct zl_recent *r)
{
	r->before = r->at;
	r->at = r->all;
}

static inline void zl_recent_forget(struct zl_recent *r)
{
	r->before = r->at = r->all;
}

static inline uint64_t zl_recent_count(const struct zl_recent *r)
{
	return r->all - r->before;
}

#endif
