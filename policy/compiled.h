/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of struct zl_policy, for compile.c and evaluate*.c only. */
#ifndef ZL_POLICY_COMPILED_H
#define ZL_POLICY_COMPILED_H
#include "policy/class.h"
#include "policy/compile.h"
#include "policy/lpm.h"
#include "policy/memo.h"

#define ZL_PEER_ANY UINT32_MAX

struct zl_compiled_lock {
	const struct zl_lock *lock;
	uint32_t zone;			 /* index into the policy's zones */
	uint32_t *peers[ZL_DIRECTION_N]; /* for each rule: index, or ZL_PEER_ANY */
};

struct zl_policy {
	const struct zl_zone **zones; /* sorted by name */
	size_t n_zones;
	struct zl_compiled_lock *locks; /* enforce first, then by name */
	size_t n_locks;
	struct zl_classes classes;
	struct zl_lpm addrs; /* address -> class */
	uint64_t *scratch;   /* one set of zones */
	struct zl_memo verdicts;
};

#endif
