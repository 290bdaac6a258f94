/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quarantine and release of one domain by nwfilter, from a lease to a report.
 *
 *	put	originals to disk -> filter defined -> live interfaces -> persistent ones
 *		-> both read back
 *	drop	live interfaces back -> persistent ones -> read back -> filter undefined
 *		-> originals removed
 *
 * Putting an interface under our filter for the first time, and back, exchanges its
 * reference, during which libvirt leaves it unfiltered for about 0.3 s when it had a
 * filter before; a change of the grade only redefines the filter and has no gap.  An
 * interface takes 0.3 to 2 s; every other nwfilter call on that host waits meanwhile.
 *
 * A shut-off domain is contained in its persistent definition, before its next start.
 *
 * Blocking calls: for the worker of one hypervisor.  All failures are in the report:
 *	applied		everything is in place and was read back
 *	degraded	some of it is, and error says what is not
 *	failed		nothing is
 *	pending, releasing	not yet; zl_contain_should_retry() says whether to try again
 */
#ifndef ZL_ACTUATOR_CONTAIN_H
#define ZL_ACTUATOR_CONTAIN_H
#include "mitigate/actuator/filter.h"
#include "mitigate/actuator/virt.h"
#include "mitigate/lease.h"

struct zl_contain {
	struct zl_virt virt;
	const char *dir; /* of the originals */
	const struct zl_filter_peers *peers;
};

void zl_contain_put(struct zl_contain *c, const struct zl_lease *lease,
	struct zl_lease_report *ret);

/* Another lease of the domain stays: *ret says "released" and nothing is changed. */
void zl_contain_drop(struct zl_contain *c, const struct zl_uuid *lease,
	const struct zl_uuid *domain, struct zl_lease_report *ret);

/* What the report complains of can be over in a while. */
bool zl_contain_should_retry(const struct zl_lease_report *report);

#endif
