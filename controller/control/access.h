/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of the control socket, and what may they do.
 *
 *	root, the daemon's own uid, members of group "zonelock"	admin
 *	members of group "zonelock-view"			read
 *	everybody else						none
 *
 * Groups are those of the peer's process when it connected (SO_PEERCRED and
 * SO_PEERGROUPS, see unix(7) and socket(7)), so supplementary groups count.
 */
#ifndef ZL_CONTROL_ACCESS_H
#define ZL_CONTROL_ACCESS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define ZL_ACCESS_GROUP_ADMIN "zonelock"
#define ZL_ACCESS_GROUP_READ  "zonelock-view"

/* Ordered: who may do more may also do less. */
enum zl_access { ZL_ACCESS_NONE, ZL_ACCESS_READ, ZL_ACCESS_ADMIN, ZL_ACCESS_N };

const char *zl_access_name(enum zl_access a); /* "none", "read", "admin" */

/* What decides; a group that does not exist is (gid_t)-1 and admits nobody. */
struct zl_access_rules {
	uid_t daemon;
	gid_t admin, read;
};

/* Our own uid and the two groups, looked up by name.  Once, at the start. */
void zl_access_rules_init(struct zl_access_rules *rules);

/* Pure: the level of a process with this uid and these groups. */
enum zl_access zl_access_of(const struct zl_access_rules *rules, uid_t uid,
	const gid_t *gids, size_t n_gids);

struct zl_peer {
	uid_t uid;
	enum zl_access access;
	char actor
		[96]; /* for the audit: "uid 0 (root)", "uid 1234" when it has no name */
};

/* Ask the kernel about the peer of a connected unix socket. */
int zl_access_peer(const struct zl_access_rules *rules, int fd, struct zl_peer *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* Name the actor of `uid`; looks into the user database. */
void zl_access_actor(uid_t uid, char *buf, size_t size);

#endif
