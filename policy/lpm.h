/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Longest prefix match: from an address to the value of the most specific prefix
 * that holds it.
 *
 * A binary tree with paths compressed: every node is a prefix, its children are longer
 * prefixes inside it that differ in the bit after it.  A search visits at most
 * 129 nodes and usually a dozen, however many prefixes there are; n prefixes take at
 * most 2n nodes.
 *
 *	0.0.0.0/0 --+-- 10.0.0.0/8 --+-- 10.1.0.0/16
 *		    |		     +-- 10.128.0.0/16
 *		    +-- 192.168.0.0/16
 */
#ifndef ZL_POLICY_LPM_H
#define ZL_POLICY_LPM_H
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

#define ZL_LPM_NONE UINT32_MAX

struct zl_lpm_node {
	struct zl_prefix prefix;
	uint32_t value;	   /* ZL_LPM_NONE: only a fork */
	uint32_t child[2]; /* by the bit after the prefix; 0: none */
};

/* All zero is an empty one. */
struct zl_lpm {
	struct zl_lpm_node *nodes; /* nodes[0] is ::/0, once there is any */
	size_t n, room;
};

void zl_lpm_done(struct zl_lpm *t);

/* Set the value (not ZL_LPM_NONE) of exactly this prefix.  -ENOMEM. */
int zl_lpm_put(
	struct zl_lpm *t, const struct zl_prefix *prefix, uint32_t value) ZL_CHECKED;

/* ZL_LPM_NONE: no prefix holds the address. */
uint32_t zl_lpm_find(const struct zl_lpm *t, const struct zl_addr *addr);

#endif
