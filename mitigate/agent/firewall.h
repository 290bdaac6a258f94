/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing the kernel to what is wanted, and making sure that it is there.
 *
 * Every change is one transaction, or two when something goes as well: first what is
 * added, then, when no frame is on its way that has not seen it, what goes.  Everything is
 * read back and compared.
 *
 * Whatever differs is repaired in one transaction: in place, with the rules made anew and
 * the elements corrected, or, where that is not enough, by making the whole table anew.
 *
 * In place no frame slips through.  A frame meets the rules of one generation, old or
 * new, and the elements that stay are never touched.  Between two tables one can: a frame that
 * was before the new chain when it was not yet in force, and is before the old one when
 * that is no more, meets neither (two per 300 tables made under a flood of frames in an
 * emulated machine with 6.1; none seen on real processors).  So a whole table is made
 * anew only when ours is gone, dormant, of other types, or has sets and chains that are not ours.
 */
#ifndef ZL_MITIGATE_AGENT_FIREWALL_H
#define ZL_MITIGATE_AGENT_FIREWALL_H
#include "mitigate/agent/readback.h"

struct zl_firewall {
	struct zl_nft_socket socket;
	struct zl_present *read; /* what the last read-back found */
};

struct zl_firewall_result {
	bool changed;		    /* a transaction was committed */
	bool repaired;		    /* because of a difference that nobody asked for */
	struct zl_wall committed;   /* right after the kernel's answer, if changed */
	struct zl_error difference; /* what it was, if repaired */
};

int zl_firewall_open(struct zl_firewall *fw, struct zl_error *reterr) ZL_CHECKED;
void zl_firewall_close(struct zl_firewall *fw);

/*
 * Make the elements `wanted` (sorted): wanted minus present by our own last reading, and
 * present minus wanted.  When the kernel refuses it, or its answer was lost, we read back and
 * try once more; then all is read back and compared, and repaired if need be.
 *
 * 0: the kernel holds the static table and exactly `wanted`.  Otherwise it does
 * not, and reterr says what is different or what failed.
 */
int zl_firewall_apply(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr) ZL_CHECKED;

/* Read back, compare, and repair what somebody else changed; the same result. */
int zl_firewall_check(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr) ZL_CHECKED;

/* Read what is there into fw->read, and say whether the static table is ours. */
int zl_firewall_read(struct zl_firewall *fw, struct zl_error *reterr) ZL_CHECKED;

#endif
