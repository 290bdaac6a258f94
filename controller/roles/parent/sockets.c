/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets and directories that the parent opens before it gives up rights. */
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/addr.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "controller/roles/parent/parent.h"

enum { BACKLOG = 64 };

/* A socket of that type, bound. */
static int open_bound(
	const char *endpoint, int type, int *ret_fd, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int fd = -1;
	struct sockaddr_storage ss;
	unsigned len = 0;
	int on = 1;

	if (!zl_endpoint_parse(endpoint, &ss, &len))
		return zl_fail(reterr, -EINVAL,
			"listen = %s: not an ADDRESS:PORT or [ADDRESS]:PORT", endpoint);
	fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return zl_fail(reterr, -errno, "listen = %s: %m", endpoint);
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* Connections that were closed a moment ago do not hinder a restart. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) < 0) {
		(void)zl_fail(reterr, -errno, "listen = %s: %m", endpoint);
		zl_error_hint(reterr, "is another flow collector running?");
		return -EADDRINUSE;
	}
	*ret_fd = zl_take_fd(&fd);
	return 0;
}

int zl_parent_open_tcp(const char *endpoint, int *ret_fd, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int fd = -1;
	int r = open_bound(endpoint, SOCK_STREAM, &fd, reterr);

	if (r < 0)
		return r;
	if (listen(fd, BACKLOG) < 0)
		return zl_fail(reterr, -errno, "listen = tcp:%s: %m", endpoint);
	*ret_fd = zl_take_fd(&fd);
	return 0;
}

int zl_parent_open_udp(
	const char *endpoint, long buffer, int *ret_fd, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int fd = -1;
	int size = (int)buffer, got = 0, r;
	socklen_t got_len = sizeof(got);

	r = open_bound(endpoint, SOCK_DGRAM, &fd, reterr);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &got_len);
	if (got / 2 < size)
		zl_log(LOG_WARNING,
			"%s: receive buffer is %d of %d bytes: raise net.core.rmem_max",
			endpoint, got / 2, size);
	*ret_fd = zl_take_fd(&fd);
	return 0;
}

int zl_parent_make_directory(
	const char *path, const char *user, mode_t mode, struct zl_error *reterr)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(user) : NULL;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return zl_fail(reterr, -errno, "cannot make directory %s: %m", path);
	if (geteuid() == 0 && chmod(path, mode) < 0)
		return zl_fail(reterr, -errno, "cannot set the mode of %s: %m", path);
	if (pw != NULL && chown(path, pw->pw_uid, pw->pw_gid) < 0)
		return zl_fail(reterr, -errno, "cannot give %s to %s: %m", path, user);
	return 0;
}

int zl_parent_open_control(
	const struct zl_parent_config *cfg, int *ret_fd, struct zl_error *reterr)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	ZL_AUTO(zl_fd) int fd = -1;
	char dir[sizeof(sun.sun_path)], *slash;
	mode_t old;
	int r;

	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", cfg->control_socket) >=
		(int)sizeof(sun.sun_path))
		return zl_fail(reterr, -ENAMETOOLONG, "control-socket: path too long");
	(void)snprintf(dir, sizeof(dir), "%s", sun.sun_path);
	/* Only when it is missing: it may be one that others use too. */
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return zl_fail(
				reterr, -errno, "cannot make directory %s: %m", dir);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return zl_fail(reterr, -errno, "control socket: %m");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return zl_fail(reterr, -EADDRINUSE, "%s: zonelockd is running already",
			sun.sun_path);
	if (errno == ECONNREFUSED)
		zl_channel_remove_dead(sun.sun_path);
	/*
	 * Anybody may connect; who may do what is decided by the peer's credentials.  By
	 * umask, because a path could be another's by the time of a chmod().
	 */
	old = umask(0111);
	r = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	(void)umask(old);
	if (r >= 0 && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r < 0)
		return zl_fail(reterr, r, "control-socket = %s: %s", sun.sun_path,
			strerror(-r));
	*ret_fd = zl_take_fd(&fd);
	return 0;
}
