/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of flow records as they were when a record came, each kept once, under a number.
 *
 * What a record showed is evidence of who it was then, whatever is called what now.  A
 * number stands for all of it: when anything is another, so is the number.  Numbers are
 * good until zl_parties_forget(); 0 is nobody.
 */
#ifndef ZL_ROLES_PARTIES_H
#define ZL_ROLES_PARTIES_H
#include <stdint.h>

#include "base/map.h"
#include "controller/flow/correlate.h"

enum { ZL_PARTIES_MAX = 1 << 18 };

struct zl_party {
	struct zl_endpoint end; /* its evidence is the record's and not kept here */
	uint64_t scope;		/* as in struct zl_sighting, where this end says it */
};

struct zl_parties {
	struct zl_map by_content; /* digest -> party */
	struct zl_party **list;	  /* ZL_PARTIES_MAX of them, by number */
	uint32_t n;
	uint64_t seed[2];
};

int zl_parties_init(struct zl_parties *p) ZL_CHECKED;
void zl_parties_done(struct zl_parties *p);

/* Its number; -ENOBUFS: forget them first; -ENOMEM. */
int zl_parties_keep(struct zl_parties *p, const struct zl_endpoint *end, uint64_t scope,
	uint32_t *ret) ZL_CHECKED;
const struct zl_party *zl_parties_get(const struct zl_parties *p, uint32_t number);
void zl_parties_forget(struct zl_parties *p);

#endif
