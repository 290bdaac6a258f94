/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of what a lease is made of. */
#include "mitigate/lease.h"

#include <string.h>

static const char *const action_names[ZL_ACTION_N] = { [ZL_ACTION_ALERT] = "alert",
	[ZL_ACTION_QUARANTINE] = "quarantine",
	[ZL_ACTION_BLOCK_FLOW] = "block-flow" };
static const char *const grade_names[ZL_GRADE_N] = {
	[ZL_GRADE_FORENSIC] = "forensic", [ZL_GRADE_STRICT] = "strict"
};
static const char *const backend_names[ZL_BACKEND_N] = {
	[ZL_BACKEND_NFTABLES] = "nftables", [ZL_BACKEND_NWFILTER] = "nwfilter"
};
static const char *const state_names[ZL_LEASE_STATE_N] = { [ZL_LEASE_PENDING] =
								   "pending",
	[ZL_LEASE_APPLIED] = "applied",
	[ZL_LEASE_DEGRADED] = "degraded",
	[ZL_LEASE_FAILED] = "failed",
	[ZL_LEASE_RELEASING] = "releasing",
	[ZL_LEASE_RELEASED] = "released",
	[ZL_LEASE_EXPIRED] = "expired" };

static const char *name_of(const char *const *names, unsigned n, unsigned i)
{
	return i < n ? names[i] : "?";
}

static bool index_of(
	const char *const *names, unsigned n, const char *text, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

#define NAMES(what, type, names, N)                                                    \
	const char *zl_##what##_name(type v)                                           \
	{                                                                              \
		return name_of(names, N, (unsigned)v);                                 \
	}                                                                              \
	bool zl_##what##_parse(const char *text, type *ret)                            \
	{                                                                              \
		unsigned i;                                                            \
                                                                                       \
		if (!index_of(names, N, text, &i))                                     \
			return false;                                                  \
		*ret = (type)i;                                                        \
		return true;                                                           \
	}

NAMES(action, enum zl_action, action_names, ZL_ACTION_N)
NAMES(grade, enum zl_grade, grade_names, ZL_GRADE_N)
NAMES(backend, enum zl_backend_id, backend_names, ZL_BACKEND_N)
NAMES(lease_state, enum zl_lease_state, state_names, ZL_LEASE_STATE_N)
