/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes: sets of zones, each known by a small number.
 *
 * Class 0 is the empty set.  A set gets its number when it is first seen and keeps it
 * as long as the policy lives.  At most ZL_CLASSES_MAX; a set that would be one more
 * is -ENOBUFS, so traffic cannot make us grow.
 */
#ifndef ZL_POLICY_CLASS_H
#define ZL_POLICY_CLASS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "policy/memo.h"

enum { ZL_CLASSES_MAX = 4096 };

struct zl_classes {
	size_t n_words; /* of 64 zones each, in one set */
	uint64_t *sets; /* n * n_words */
	size_t n, room;
	uint64_t *scratch;     /* one set, while it is put together */
	struct zl_map by_set;  /* set -> its number + 1 */
	struct zl_memo unions; /* two numbers -> that of their union */
};

int zl_classes_init(struct zl_classes *c, size_t n_zones) ZL_CHECKED;
void zl_classes_done(struct zl_classes *c);

/* The number of a set of n_words words; or -ENOBUFS, -ENOMEM. */
int zl_classes_intern(struct zl_classes *c, const uint64_t *set) ZL_CHECKED;

/* The number of what is in one of the two; or -EINVAL, -ENOBUFS, -ENOMEM. */
int zl_classes_union(struct zl_classes *c, uint32_t a, uint32_t b) ZL_CHECKED;

static inline void zl_classes_set_add(uint64_t *set, size_t zone)
{
	set[zone / 64] |= UINT64_C(1) << zone % 64;
}

/* Is the zone with that index in the class?  Nothing is in a class that is none. */
static inline bool zl_classes_has(
	const struct zl_classes *c, uint32_t class_, size_t zone)
{
	if (class_ >= c->n)
		return false;
	return c->sets[class_ * c->n_words + zone / 64] >> zone % 64 & 1;
}

#endif
