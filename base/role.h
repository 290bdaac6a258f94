/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a role process of zonelockd finds when it starts: descriptors by name.
 *
 * The parent hands them down in the environment, ZL_FDS="engine=3,udp=4,udp=5".
 */
#ifndef ZL_BASE_ROLE_H
#define ZL_BASE_ROLE_H
#include "base/error.h"

/* The `nth` (from 0) descriptor of that name, made close-on-exec; -ENOENT. */
int zl_role_fd(const char *name, unsigned nth);

/* The same, but its absence is an error with a sentence. */
int zl_role_need_fd(const char *name, struct zl_error *reterr) ZL_CHECKED;

/* Become a dumpless process that dies with the parent; name it for `ps`. */
int zl_role_start(const char *name, struct zl_error *reterr) ZL_CHECKED;

#endif
