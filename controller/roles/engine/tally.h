/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each of some names: locks, mostly. */
#ifndef ZL_ENGINE_TALLY_H
#define ZL_ENGINE_TALLY_H
#include "base/map.h"

enum { ZL_TALLY_NAME = 64 };

struct zl_tally {
	char name[ZL_TALLY_NAME]; /* padded with zeros: it is the key too */
	uint64_t n;
};

/* `tallies` is name -> struct zl_tally, owned. */
void zl_tally_init(struct zl_map *tallies, size_t most);
void zl_tally_done(struct zl_map *tallies);

/* What there is no room for is not counted. */
void zl_tally_add(struct zl_map *tallies, const char *name, uint64_t n);
uint64_t zl_tally_of(const struct zl_map *tallies, const char *name);

#endif
