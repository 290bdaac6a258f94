/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From leases and interfaces to the elements that must be in the kernel: a function
 * from values to values, without clock, socket or file.
 *
 *	lease		 for each NIC with its tap on this host
 *	quarantine	 strict { tap } | forensic { tap }, forensic_nics { tap . MAC }
 *	block-flow	 block_taps { tap }, block4|6 { tap . proto . dst . port }
 *	(no lease)	 held { tap } for a fresh tap that nobody claims, for a moment, and only
 *			 while some domain of the host is quarantined: it may be its new NIC
 *
 * A lease touches an interface only when that is a tap with libvirt's MAC for one of its
 * NICs, the NIC is not known to be another domain's, and it is not on the never-touch list.
 */
#ifndef ZL_MITIGATE_AGENT_PLAN_H
#define ZL_MITIGATE_AGENT_PLAN_H
#include "inventory/links.h"
#include "mitigate/agent/book.h"
#include "mitigate/agent/limits.h"
#include "mitigate/agent/nft_elem.h"

struct zl_plan_in {
	const struct zl_book *book;
	const struct zl_links *links;
	const struct zl_limits *limits;
	const struct zl_nft_elems
		*adopted; /* found in the kernel, owner unknown; or NULL */
	struct zl_mono now;
	uint64_t hold_ms;
};

struct zl_plan {
	struct zl_nft_elems elems; /* sorted */
	bool holds;		   /* some tap is held ... */
	struct zl_mono hold_ends;  /* ... the first until then */
};

/* -E2BIG: a set would be too small; -ENOMEM.  `ret` is the caller's: zl_plan_done(). */
int zl_plan_make(const struct zl_plan_in *in, struct zl_plan *ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_plan_done(struct zl_plan *plan);

static inline void zl_plan_autop(struct zl_plan *plan)
{
	zl_plan_done(plan);
}

/*
 * One lease: its elements are appended to `to`, and `ret` gets id, state, number
 * of elements, objects as text, and what is not as it should be:
 *	applied		every NIC that has a tap here is contained; one without is waited for
 *	degraded	some NIC cannot be, the others are
 *	failed		none is
 * A NIC without a tap is a problem only when the engine named its tap in the last put (the
 * domain runs, and that NIC may be one that no bridge sees) and this tap has not been
 * seen to go since: so one that was unplugged, or whose domain was stopped, is not.
 * More NICs than a lease has room for are always a problem.
 */
int zl_plan_lease(const struct zl_plan_in *in, const struct zl_book_lease *l,
	struct zl_nft_elems *to, struct zl_lease_report *ret) ZL_CHECKED;

/* Can this lease be kept at all?  -EINVAL, -EPERM, -EOPNOTSUPP with a sentence. */
int zl_plan_check(const struct zl_lease *lease, const struct zl_limits *limits,
	struct zl_error *reterr) ZL_CHECKED;

#endif
