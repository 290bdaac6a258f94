/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy: all zones and locks, put into a form in which a flow is judged in
 * constant time.
 *
 * An endpoint is not asked for its name but for its class: the set of zones that it
 * is in, known by a small number (class 0: no zone).  Where the class comes from:
 *
 *	zl_policy_class_of_domain()	a domain that the inventory knows: name, uuid,
 *					metadata, networks, bridges.  Walks all
 *					members: once for each domain and policy.
 *	zl_policy_class_of_addr()	an address: the zones of the longest prefix
 *					that holds it.  For every flow.
 *	zl_policy_class_of_both()	a known domain with an address that is in a
 *					zone's range, where both count
 *
 * A class means something only to the policy that gave it.
 *
 * The policy borrows the zones and locks: they must live longer.  It changes only
 * inside (new classes, remembered verdicts); when a zone or lock changes, make a
 * new one and ask for all classes again.  Judging is evaluate.h.
 */
#ifndef ZL_POLICY_COMPILE_H
#define ZL_POLICY_COMPILE_H
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/lock.h"
#include "policy/zone.h"

enum { ZL_POLICY_ZONES_MAX = 4096, ZL_POLICY_LOCKS_MAX = 4096 };

struct zl_policy;

/*
 * Would these zones and locks make a policy?  To be asked before an object is kept,
 * with the new or without the undefined one.
 *	-ENOENT		a lock guards or names a zone that is not there; reterr has
 *			id "policy.zone.unknown" and the lock, line and zone
 *	-EEXIST		two zones, or two locks, with one name
 *	-E2BIG		too many
 */
int zl_policy_check(const struct zl_zone *const *zones, size_t n_zones,
	const struct zl_lock *const *locks, size_t n_locks,
	struct zl_error *reterr) ZL_CHECKED;

/* The same, and compile; also -ENOBUFS (too many classes of addresses) and -ENOMEM. */
int zl_policy_new(const struct zl_zone *const *zones, size_t n_zones,
	const struct zl_lock *const *locks, size_t n_locks, struct zl_policy **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_policy_free(struct zl_policy *p);
ZL_DEFINE_AUTO(zl_policy, struct zl_policy, zl_policy_free);

/* What a domain is known by.  All borrowed; `name` may be NULL. */
struct zl_subject {
	const char *name;
	struct zl_uuid uuid;
	const char *const *zones; /* in its own metadata */
	size_t n_zones;
	const char *const *networks; /* of any of its NICs */
	size_t n_networks;
	const char *const *bridges;
	size_t n_bridges;
};

/* A class, or -ENOBUFS (ZL_CLASSES_MAX reached), -ENOMEM. */
int zl_policy_class_of_domain(
	struct zl_policy *p, const struct zl_subject *s) ZL_CHECKED;
int zl_policy_class_of_both(struct zl_policy *p, uint32_t a, uint32_t b) ZL_CHECKED;
uint32_t zl_policy_class_of_addr(const struct zl_policy *p, const struct zl_addr *addr);

/* The names of a class's zones, sorted, borrowed; at most `most`.  How many there are. */
size_t zl_policy_class_zones(
	const struct zl_policy *p, uint32_t class_, const char **ret, size_t most);

#endif
