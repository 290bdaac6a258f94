/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agents' side of the protocol for a whole fleet. */
#include "tests/bench/agents.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mitigate/protocol.h"

enum { EVENTS = 64, CONNECTED = 1u << 31 };

static uint8_t out[ZL_FRAME_MAX], in_bytes[ZL_FRAME_MAX];

static bool finish(struct zl_frame *f, int fd)
{
	ssize_t n = zl_frame_end(f);

	return n > 0 && send(fd, out, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool greet(const struct zl_fleet *fleet, unsigned host, int fd)
{
	char tap[ZL_IFNAME_MAX];
	struct zl_frame f;
	bool ok;

	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_HELLO, 0);
	zl_frame_put_str(&f, ZL_AGENT_A_VERSION, "bench");
	ok = finish(&f, fd);
	for (unsigned v = 0; ok && v < fleet->n_vms; v++) {
		struct zl_mac mac = zl_fleet_mac(host * fleet->n_vms + v);

		mac.b[0] = 0xfe;
		zl_frame_start(&f, out, sizeof(out), ZL_AGENT_LINK, 0);
		zl_frame_put_u32(&f, ZL_AGENT_A_IFINDEX, ZL_FLEET_FIRST_TAP + v);
		zl_frame_put_str(&f, ZL_AGENT_A_NAME, zl_fleet_tap(v, tap));
		zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, mac.b, sizeof(mac.b));
		zl_frame_put_u32(&f, ZL_AGENT_A_FLAGS, ZL_LINK_TAP | ZL_LINK_UP);
		ok = finish(&f, fd);
	}
	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_READY, 0);
	return ok && finish(&f, fd);
}

/* False: the connection is over. */
static bool answer(int fd)
{
	ssize_t n = recv(fd, in_bytes, sizeof(in_bytes), MSG_DONTWAIT);
	struct zl_frame_in in;
	struct zl_frame f;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0 || zl_frame_parse(in_bytes, (size_t)n, zl_agent_messages,
			      ZL_AGENT_MESSAGE_N, &in, NULL) < 0)
		return false;
	if (in.type != ZL_AGENT_PING)
		return true;
	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_PONG, in.seq);
	return finish(&f, fd);
}

static bool watch(int epoll, int fd, uint32_t host, bool connected)
{
	struct epoll_event ev = { .events = EPOLLIN };

	ev.data.u64 = (uint64_t)(uint32_t)fd << 32 | host | (connected ? CONNECTED : 0);
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static int listen_at(const char *folder, unsigned host)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char name[ZL_FLEET_NAME];

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", folder,
		zl_fleet_host(host, name));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
		chmod(sun.sun_path, 0666) < 0 || listen(fd, 4) < 0)
		return -errno;
	return fd;
}

static void serve(const struct zl_fleet *f, int epoll)
{
	struct epoll_event ev[EVENTS];
	int n;

	while ((n = epoll_wait(epoll, ev, EVENTS, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++) {
			uint32_t host = (uint32_t)ev[i].data.u64;
			int fd = (int)(ev[i].data.u64 >> 32);

			if ((host & CONNECTED) != 0) {
				if (!answer(fd))
					(void)close(fd);
				continue;
			}
			fd = accept(fd, NULL, NULL);
			if (fd >= 0 &&
				(!greet(f, host, fd) || !watch(epoll, fd, host, true)))
				(void)close(fd);
		}
}

pid_t zl_agents_start(const struct zl_fleet *f, const char *folder)
{
	pid_t pid = fork();
	int epoll;

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned h = 0; h < f->n_hosts; h++) {
		int fd = listen_at(folder, h);

		if (fd < 0 || !watch(epoll, fd, h, false))
			_exit(1);
	}
	serve(f, epoll);
	_exit(1);
}
