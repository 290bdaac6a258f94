/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelock as a receiver: the real zonelockd, collector and engine.  Hosts, zones and
 * locks are in its database when it starts, the first of each kind comes again over the
 * control socket.
 *
 * Doubles stand only on the input side: an inventory that tells pretended machines
 * (inventory.c) in place of a thousand libvirt daemons, and agents (agents.c) in place
 * of a thousand hypervisors.  Their CPU time is not counted, the engine's for them is.
 */
#ifndef ZL_BENCH_CONTEST_ZONELOCK_H
#define ZL_BENCH_CONTEST_ZONELOCK_H
#include "tests/bench/contest.h"

int zl_contest_zonelock_start(struct zl_contest *c, struct zl_error *reterr) ZL_CHECKED;
void zl_contest_zonelock_inside(
	struct zl_contest *c, uint64_t *ret_lost, uint64_t *ret_waiting);
void zl_contest_zonelock_stop(struct zl_contest *c);

/* Flow records that the engine has taken, ever. */
uint64_t zl_contest_zonelock_flows(struct zl_contest *c);

#endif
