/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits of the host's own administrator, which no controller can lift: whom the
 * agent never touches, and whom a forensically quarantined domain may still reach.
 *
 * They come from the configuration file, which must belong to root and be writable by
 * nobody else, or the agent does not start.
 */
#ifndef ZL_MITIGATE_AGENT_LIMITS_H
#define ZL_MITIGATE_AGENT_LIMITS_H
#include <sys/types.h>

#include "base/addr.h"
#include "base/error.h"
#include "mitigate/lease.h"

enum { ZL_LIMITS_MAX = 256 };

struct zl_limit {
	enum { ZL_LIMIT_DOMAIN, ZL_LIMIT_MAC, ZL_LIMIT_INTERFACE } kind;
	struct zl_uuid domain;
	struct zl_mac mac;
	char interface[ZL_TAP_NAME];
};

/* Whom a forensically quarantined domain may still reach. */
struct zl_peer {
	struct zl_addr addr;
	struct zl_mac mac; /* its own, or that of the router to it; zero: not known */
};

struct zl_limits {
	struct zl_limit never[ZL_LIMITS_MAX];
	size_t n_never;
	struct zl_peer peers[ZL_LIMITS_MAX];
	size_t n_peers;
	const char *path; /* of the configuration file, for sentences; borrowed */
};

/*
 * Is `path` a regular file that belongs to `owner`, and can nobody but that one and
 * root write to it or, in one of the directories above, put another in its place?
 * -EPERM with a sentence.
 */
int zl_limits_check_file(
	const char *path, uid_t owner, struct zl_error *reterr) ZL_CHECKED;

/* Parse the lists never-touch and forensic-address; -EINVAL names the bad item. */
int zl_limits_parse(const char *never, const char *peers, const char *path,
	struct zl_limits *ret, struct zl_error *reterr) ZL_CHECKED;

/* -EPERM: the lease is for a domain or a NIC on the list. */
int zl_limits_check_lease(const struct zl_limits *l, const struct zl_lease *lease,
	struct zl_error *reterr) ZL_CHECKED;

/* -EPERM: this interface is on the list, by name or by its guest's MAC. */
int zl_limits_check_tap(const struct zl_limits *l, const char *interface,
	const struct zl_mac *tap, struct zl_error *reterr) ZL_CHECKED;

#endif
