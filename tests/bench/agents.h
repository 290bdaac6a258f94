/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's double of all agents of a fleet: one process, one socket for each host. */
#ifndef ZL_BENCH_AGENTS_H
#define ZL_BENCH_AGENTS_H
#include <sys/types.h>

#include "tests/bench/fleet.h"

/*
 * Listen at `folder`/bhNNNN for each host; tell the taps of its machines, answer pings.
 * Returns the pid of the child that does so, or a negative errno.
 */
pid_t zl_agents_start(const struct zl_fleet *f, const char *folder);

#endif
