/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peer credentials of the control socket and the level they give. */
#include "controller/control/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* NGROUPS_MAX is 65536; a process with more of them does not exist. */
enum { GROUPS_MOST = 65536, GROUPS_FIRST = 64 };

const char *zl_access_name(enum zl_access a)
{
	switch (a) {
	case ZL_ACCESS_NONE: return "none";
	case ZL_ACCESS_READ: return "read";
	case ZL_ACCESS_ADMIN: return "admin";
	case ZL_ACCESS_N: break;
	}
	return "none";
}

static gid_t find_group(const char *name)
{
	const struct group *g = getgrnam(name);

	return g == NULL ? (gid_t)-1 : g->gr_gid;
}

void zl_access_rules_init(struct zl_access_rules *rules)
{
	rules->daemon = geteuid();
	rules->admin = find_group(ZL_ACCESS_GROUP_ADMIN);
	rules->read = find_group(ZL_ACCESS_GROUP_READ);
}

static bool is_among(gid_t want, const gid_t *gids, size_t n)
{
	if (want == (gid_t)-1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (gids[i] == want)
			return true;
	}
	return false;
}

enum zl_access zl_access_of(const struct zl_access_rules *rules, uid_t uid,
	const gid_t *gids, size_t n_gids)
{
	if (uid == 0 || uid == rules->daemon || is_among(rules->admin, gids, n_gids))
		return ZL_ACCESS_ADMIN;
	if (is_among(rules->read, gids, n_gids))
		return ZL_ACCESS_READ;
	return ZL_ACCESS_NONE;
}

void zl_access_actor(uid_t uid, char *buf, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw == NULL)
		(void)snprintf(buf, size, "uid %lu", (unsigned long)uid);
	else
		(void)snprintf(
			buf, size, "uid %lu (%s)", (unsigned long)uid, pw->pw_name);
}

/* The primary group first, then the supplementary ones. */
static int read_groups(int fd, gid_t primary, gid_t **ret, size_t *ret_n)
{
	size_t room = GROUPS_FIRST;

	for (;;) {
		ZL_AUTO(zl_mem) gid_t *gids = calloc(room + 1, sizeof(*gids));
		socklen_t len = (socklen_t)(room * sizeof(*gids));

		if (gids == NULL)
			return -ENOMEM;
		gids[0] = primary;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &len) == 0) {
			*ret_n = 1 + len / sizeof(*gids);
			*ret = zl_take_ptr(gids);
			return 0;
		}
		if (errno != ERANGE || room >= GROUPS_MOST)
			return -errno;
		room *= 4;
	}
}

int zl_access_peer(const struct zl_access_rules *rules, int fd, struct zl_peer *ret,
	struct zl_error *reterr)
{
	struct zl_peer peer = { 0 };
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	ZL_AUTO(zl_mem) gid_t *gids = NULL;
	size_t n_gids = 0;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return zl_fail(
			reterr, -errno, "control: read the peer's credentials: %m");
	r = read_groups(fd, cred.gid, &gids, &n_gids);
	if (r < 0) {
		errno = -r;
		return zl_fail(reterr, r, "control: read the peer's groups: %m");
	}
	peer.uid = cred.uid;
	peer.access = zl_access_of(rules, cred.uid, gids, n_gids);
	/* A stranger must not make us ask the user database. */
	if (peer.access == ZL_ACCESS_NONE)
		(void)snprintf(peer.actor, sizeof(peer.actor), "uid %lu",
			(unsigned long)cred.uid);
	else
		zl_access_actor(cred.uid, peer.actor, sizeof(peer.actor));
	*ret = peer;
	return 0;
}
