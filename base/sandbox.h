/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a process does not need: identity, capabilities, system calls.
 */
#ifndef ZL_BASE_SANDBOX_H
#define ZL_BASE_SANDBOX_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Become `user` with its groups, keeping only the capabilities in `keep` (bits 1 <<
 * CAP_x, permitted, effective and ambient); no new privileges.  Without root it does
 * nothing and returns 0; -ENOENT: no such user.
 */
int zl_sandbox_become(
	const char *user, uint64_t keep, struct zl_error *reterr) ZL_CHECKED;

/* Stay who we are, but with the capabilities in `keep` only, children included. */
int zl_sandbox_keep(uint64_t keep, struct zl_error *reterr) ZL_CHECKED;

/* System calls by purpose; each set is a table in sandbox.c. */
enum zl_sandbox_set {
	ZL_SANDBOX_COLLECTOR, /* read, receive, accept, write, time, memory: no open, no socket, no exec */
};

/* Allow only that set from here on; anything else kills the process (SIGSYS). */
int zl_sandbox_enter(enum zl_sandbox_set set, struct zl_error *reterr) ZL_CHECKED;

#endif
