/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the kernel, and whether it is what we put there.
 *
 * The table, its flags, chains (hook, priority, policy), sets (key, flags), every
 * expression of every rule in order, and every element are read with a filter on
 * our table's name and parsed here with bounds; a library that crashes on
 * somebody else's newer objects is not in the way.  The ruleset's generation is read before
 * and after: a dump across a commit is repeated.
 */
#ifndef ZL_MITIGATE_AGENT_READBACK_H
#define ZL_MITIGATE_AGENT_READBACK_H
#include "mitigate/agent/nft_socket.h"

enum { ZL_READBACK_RULES = 64, ZL_READBACK_CHAINS = 16, ZL_READBACK_SETS = 32 };

struct zl_present_chain {
	char name[ZL_NFT_NAME], type[ZL_NFT_NAME];
	bool base;
	uint32_t hook, policy;
	int32_t priority;
};

struct zl_present_set {
	char name[ZL_NFT_NAME];
	uint32_t flags, key_len, key_type, data_len;
};

struct zl_present_rule {
	char chain[ZL_NFT_NAME];
	struct zl_nft_expr exprs[ZL_NFT_EXPRS_MAX];
	size_t n_exprs; /* may exceed ZL_NFT_EXPRS_MAX; the rest is not kept */
};

/* Counts may exceed the arrays: then there is more than we ever make. */
struct zl_present {
	bool table;
	uint32_t table_flags;
	struct zl_present_chain chains[ZL_READBACK_CHAINS];
	size_t n_chains;
	struct zl_present_set sets[ZL_READBACK_SETS];
	size_t n_sets;
	struct zl_present_rule rules[ZL_READBACK_RULES];
	size_t n_rules;
	struct zl_nft_elems elems; /* sorted */
	uint32_t generation;
};

struct zl_present *zl_readback_new(void);
void zl_readback_free(struct zl_present *p);

/*
 * Read everything.  An absent table is no error (ret->table is false).
 * -ESTALE: the ruleset changed all the time; -ETIMEDOUT, -EPERM, -ENOMEM.
 */
int zl_readback_read(struct zl_nft_socket *s, struct zl_present *ret,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * The table, chains, sets and rules against the rows of nft_table.c.
 * -ESTALE: reterr has the first difference as a sentence.
 */
int zl_readback_compare_static(
	const struct zl_present *p, struct zl_error *reterr) ZL_CHECKED;

/* The elements against `wanted` (sorted); -ESTALE likewise. */
int zl_readback_compare_elems(const struct zl_present *p,
	const struct zl_nft_elems *wanted, struct zl_error *reterr) ZL_CHECKED;

/* One message of a dump into `to`; for tests that feed made-up bytes. */
int zl_readback_on_chain(const struct nlmsghdr *nlh, void *to);
int zl_readback_on_set(const struct nlmsghdr *nlh, void *to);
int zl_readback_on_rule(const struct nlmsghdr *nlh, void *to);

#endif
