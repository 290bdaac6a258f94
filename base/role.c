/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors by name, and how a role process begins. */
#include "base/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

int zl_role_fd(const char *name, unsigned nth)
{
	const char *at = getenv("ZL_FDS");
	size_t n = strlen(name);

	while (at != NULL && *at != '\0') {
		const char *comma = strchr(at, ',');

		if (strncmp(at, name, n) == 0 && at[n] == '=' && nth-- == 0) {
			char *end;
			long fd = strtol(at + n + 1, &end, 10);

			if (end == at + n + 1 || fd < 3 || fd > 65535)
				return -EINVAL;
			if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
				return -errno;
			return (int)fd;
		}
		at = comma == NULL ? NULL : comma + 1;
	}
	return -ENOENT;
}

int zl_role_need_fd(const char *name, struct zl_error *reterr)
{
	int fd = zl_role_fd(name, 0);

	if (fd < 0) {
		(void)zl_fail(reterr, fd, "no descriptor '%s' was handed down", name);
		zl_error_hint(reterr, "this program is started by zonelockd");
	}
	return fd;
}

int zl_role_start(const char *name, struct zl_error *reterr)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		prctl(PR_SET_NAME, name) < 0)
		return zl_fail(reterr, -errno, "prctl: %m");
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}
