/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent remembers: the leases of this host, whose MACs are whose, which
 * leases have ended, and which taps were there.  All of it is on disk (leasefile.h); no
 * lease names an interface index, which would mean nothing after a restart of the domain.
 *
 * A tombstone is a lease that was dropped here, perhaps by break-glass while
 * no controller listened: when somebody puts that id again, the answer is "released".
 */
#ifndef ZL_MITIGATE_AGENT_BOOK_H
#define ZL_MITIGATE_AGENT_BOOK_H
#include "base/map.h"
#include "mitigate/lease.h"

enum {
	ZL_BOOK_LEASES_MAX = 1024,
	ZL_BOOK_KNOWN_MAX = 4096,
	ZL_BOOK_TOMBS_MAX = 1024,
	ZL_BOOK_BOOT_ID = 40
};

struct zl_book_lease {
	struct zl_lease lease;
	struct zl_wall taken; /* when it first came: the hard cap counts from here */
	struct zl_wall committed; /* the last change that the kernel acknowledged */
	bool expected
		[ZL_LEASE_NICS_MAX]; /* the engine named a tap: its absence is a problem */
	bool overfull; /* more NICs are known of its domain than it has room for */
	struct zl_lease_report told; /* what was last said about it; not on disk */
};

/* One more than a lease can hold, so that it shows when there are too many. */
enum { ZL_KNOWN_MACS_MAX = ZL_LEASE_NICS_MAX + 1 };

struct zl_known {
	struct zl_uuid domain;
	struct zl_mac macs[ZL_KNOWN_MACS_MAX]; /* further ones are left out */
	size_t n_macs;
};

struct zl_tomb {
	struct zl_uuid id;
	struct zl_wall when;
	char reason[ZL_LEASE_TEXT];
};

struct zl_book {
	struct zl_book_lease
		*leases[ZL_BOOK_LEASES_MAX]; /* owned, in order of arrival */
	size_t n_leases;
	struct zl_map known;			 /* domain -> struct zl_known, owned */
	struct zl_tomb tombs[ZL_BOOK_TOMBS_MAX]; /* the oldest makes room */
	size_t n_tombs, next_tomb;
	/*
	 * Taps up to this index have been looked at, in this boot of the host.  Indexes only
	 * grow, so one beyond came while no agent ran.
	 */
	uint32_t seen_ifindex;
	char boot_id[ZL_BOOK_BOOT_ID];
};

/* Heap, because it is large; NULL: out of memory. */
struct zl_book *zl_book_new(void);
void zl_book_free(struct zl_book *b);

struct zl_book_lease *zl_book_find(struct zl_book *b, const struct zl_uuid *id);
/*
 * Add or replace, keeping `taken` of a known id.  -ENOBUFS: too many leases; -ENOMEM.
 * A quarantine also gets the NICs that are known of its domain.
 */
int zl_book_put(struct zl_book *b, const struct zl_lease *lease, struct zl_wall now,
	struct zl_book_lease **ret) ZL_CHECKED;
/* Take a lease out; the caller frees it.  NULL: not there. */
struct zl_book_lease *zl_book_take(struct zl_book *b, const struct zl_uuid *id);
bool zl_book_has_quarantine(const struct zl_book *b);

/* Replace what is known of a domain; its quarantines get new NICs, *ret_grown says so. */
int zl_book_know(
	struct zl_book *b, const struct zl_known *known, bool *ret_grown) ZL_CHECKED;
void zl_book_forget(struct zl_book *b, const struct zl_uuid *domain);
/* Is the tap's MAC that of a NIC of a known domain, or of a lease? */
bool zl_book_claims(const struct zl_book *b, const struct zl_mac *tap);
/* Is `nic` known of another domain, and not of `domain`?  Then *ret_owner is that one. */
bool zl_book_is_others(const struct zl_book *b, const struct zl_uuid *domain,
	const struct zl_mac *nic, struct zl_uuid *ret_owner);

void zl_book_bury(struct zl_book *b, const struct zl_uuid *id, struct zl_wall when,
	const char *reason);
const struct zl_tomb *zl_book_tomb(const struct zl_book *b, const struct zl_uuid *id);

/* When the lease ends: as it says, but no later than `cap_s` after it was taken. */
struct zl_wall zl_book_end(const struct zl_book_lease *l, int64_t cap_s);

#endif
