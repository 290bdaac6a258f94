/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The never-touch list and the forensic peers. */
#include "mitigate/agent/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/config.h"

static int hint_owner(const char *path, uid_t owner, struct zl_error *reterr)
{
	zl_error_hint(
		reterr, "chown %u %s && chmod go-w %s", (unsigned)owner, path, path);
	return -EPERM;
}

/* Can anybody but `owner` and root put another file where `path` leads to? */
static int check_directories(const char *path, uid_t owner, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *real = realpath(path, NULL);
	struct stat st;
	char *slash;

	if (real == NULL)
		return zl_fail(reterr, -errno, "cannot look at %s: %m", path);
	while ((slash = strrchr(real, '/')) != NULL) {
		const char *dir = slash == real ? "/" : real;

		*slash = '\0';
		if (stat(dir, &st) < 0)
			return zl_fail(reterr, -errno, "cannot look at %s: %m", dir);
		if ((st.st_uid == owner || st.st_uid == 0) &&
			((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
				(st.st_mode & S_ISVTX) != 0))
			continue;
		(void)zl_fail(reterr, -EPERM,
			"directory %s lets others replace %s, which holds "
			"the never-touch list",
			dir, path);
		return hint_owner(dir, owner, reterr);
	}
	return 0;
}

int zl_limits_check_file(const char *path, uid_t owner, struct zl_error *reterr)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return zl_fail(reterr, -errno, "cannot look at %s: %m", path);
	if (!S_ISREG(st.st_mode))
		return zl_fail(
			reterr, -EPERM, "%s must be a regular file, not a link", path);
	if (st.st_uid != owner || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)zl_fail(reterr, -EPERM,
			"%s must belong to uid %u and be writable by nobody else: it "
			"holds the never-touch list",
			path, (unsigned)owner);
		return hint_owner(path, owner, reterr);
	}
	return check_directories(path, owner, reterr);
}

/* A uuid, a MAC or else an interface's name. */
static int parse_never(const char *item, struct zl_limit *to)
{
	*to = (struct zl_limit){ 0 };
	if (zl_uuid_parse(item, &to->domain)) {
		to->kind = ZL_LIMIT_DOMAIN;
		return 0;
	}
	if (zl_mac_parse(item, &to->mac)) {
		to->kind = ZL_LIMIT_MAC;
		return 0;
	}
	if (strlen(item) >= sizeof(to->interface) || strpbrk(item, " \t/:") != NULL)
		return -EINVAL;
	to->kind = ZL_LIMIT_INTERFACE;
	memcpy(to->interface, item, strlen(item) + 1);
	return 0;
}

/* ADDRESS or ADDRESS@MAC. */
static int parse_peer(char *item, struct zl_peer *to)
{
	char *mac = strchr(item, '@');
	bool well = true;

	*to = (struct zl_peer){ 0 };
	if (mac != NULL) {
		*mac++ = '\0';
		well = zl_mac_parse(mac, &to->mac) && (to->mac.b[0] & 1) == 0 &&
		       !zl_mac_is_zero(&to->mac);
	}
	well = well && zl_addr_parse(item, &to->addr) &&
	       !zl_addr_is_multicast(&to->addr) && !zl_addr_is_zero(&to->addr);
	if (mac != NULL)
		mac[-1] = '@'; /* whole again, for the sentence */
	return well ? 0 : -EINVAL;
}

int zl_limits_parse(const char *never, const char *peers, const char *path,
	struct zl_limits *ret, struct zl_error *reterr)
{
	char item[64];

	ret->n_never = ret->n_peers = 0;
	ret->path = path;
	while (zl_config_each(&never, item, sizeof(item))) {
		if (ret->n_never == ZL_LIMITS_MAX)
			return zl_fail(reterr, -E2BIG,
				"%s: never-touch has more than %d items", path,
				ZL_LIMITS_MAX);
		if (parse_never(item, &ret->never[ret->n_never++]) < 0)
			return zl_fail(reterr, -EINVAL,
				"%s: never-touch: '%s' is no uuid, MAC or interface",
				path, item);
	}
	while (zl_config_each(&peers, item, sizeof(item))) {
		if (ret->n_peers == ZL_LIMITS_MAX)
			return zl_fail(reterr, -E2BIG,
				"%s: forensic-address has more than %d items", path,
				ZL_LIMITS_MAX);
		if (parse_peer(item, &ret->peers[ret->n_peers]) < 0)
			return zl_fail(reterr, -EINVAL,
				"%s: forensic-address: '%s' is no machine's address, "
				"alone or with @ and its MAC",
				path, item);
		ret->n_peers++;
	}
	return 0;
}

static int refuse(const struct zl_limits *l, const char *what, struct zl_error *reterr)
{
	return zl_fail_id(reterr, -EPERM, "agent.never-touch",
		"the administrator of this host decides: edit the file there",
		"refused by never-touch %s in %s", what, l->path);
}

/* The 5 bytes that a NIC's MAC and its tap's have in common. */
static bool same_nic(const struct zl_mac *a, const struct zl_mac *b)
{
	return memcmp(a->b + 1, b->b + 1, 5) == 0;
}

int zl_limits_check_lease(const struct zl_limits *l, const struct zl_lease *lease,
	struct zl_error *reterr)
{
	char text[ZL_UUID_STR];

	for (size_t i = 0; i < l->n_never; i++) {
		const struct zl_limit *never = &l->never[i];

		if (never->kind == ZL_LIMIT_DOMAIN &&
			zl_uuid_eq(&never->domain, &lease->domain))
			return refuse(l, zl_uuid_format(&never->domain, text), reterr);
		for (unsigned k = 0; k < lease->n_nics; k++) {
			const struct zl_lease_nic *nic = &lease->nics[k];

			if (never->kind == ZL_LIMIT_MAC &&
				same_nic(&never->mac, &nic->mac))
				return refuse(
					l, zl_mac_format(&never->mac, text), reterr);
			if (never->kind == ZL_LIMIT_INTERFACE && nic->tap[0] != '\0' &&
				strcmp(never->interface, nic->tap) == 0)
				return refuse(l, never->interface, reterr);
		}
	}
	return 0;
}

int zl_limits_check_tap(const struct zl_limits *l, const char *interface,
	const struct zl_mac *tap, struct zl_error *reterr)
{
	char text[ZL_MAC_STR];

	for (size_t i = 0; i < l->n_never; i++) {
		const struct zl_limit *never = &l->never[i];

		if (never->kind == ZL_LIMIT_INTERFACE &&
			strcmp(never->interface, interface) == 0)
			return refuse(l, never->interface, reterr);
		if (never->kind == ZL_LIMIT_MAC && same_nic(&never->mac, tap))
			return refuse(l, zl_mac_format(&never->mac, text), reterr);
	}
	return 0;
}
