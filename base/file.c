/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing a file: write, fsync, rename, fsync of the directory. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static int write_all(int fd, const char *at, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, at, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		at += written;
		n -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int zl_file_replace(int dir, const char *name, const void *bytes, size_t n)
{
	char tmp[ZL_FILE_NAME_MAX + sizeof(".new")];
	ZL_AUTO(zl_fd) int fd = -1;
	int r;

	if (strlen(name) > ZL_FILE_NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(tmp, sizeof(tmp), "%s.new", name);
	fd = openat(
		dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, n);
	if (r >= 0 && renameat(dir, tmp, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, tmp, 0);
		return r;
	}
	return fsync(dir) < 0 ? -errno : 0;
}
