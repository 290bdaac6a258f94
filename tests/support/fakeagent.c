/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's side of the protocol, and nothing behind it. */
#include "tests/support/fakeagent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mitigate/protocol.h"

static uint8_t out[ZL_FRAME_MAX], in_bytes[ZL_FRAME_MAX];

static void finish(struct zl_frame *f, int fd)
{
	ssize_t n = zl_frame_end(f);

	if (n < 0 || send(fd, out, (size_t)n, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void greet(const struct zl_fakeagent *a, int fd)
{
	struct zl_frame f;

	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_HELLO, 0);
	zl_frame_put_str(&f, ZL_AGENT_A_VERSION, "test");
	finish(&f, fd);
	for (unsigned i = 0; i < a->n_links; i++) {
		zl_frame_start(&f, out, sizeof(out), ZL_AGENT_LINK, 0);
		zl_frame_put_u32(&f, ZL_AGENT_A_IFINDEX, a->links[i].ifindex);
		zl_frame_put_str(&f, ZL_AGENT_A_NAME, a->links[i].name);
		zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, a->links[i].mac.b, 6);
		zl_frame_put_u32(&f, ZL_AGENT_A_FLAGS, ZL_LINK_TAP | ZL_LINK_UP);
		finish(&f, fd);
	}
	if (a->keeps != NULL) {
		struct zl_lease_report rep = { .id = a->keeps->id,
			.state = ZL_LEASE_APPLIED };

		zl_frame_start(&f, out, sizeof(out), ZL_AGENT_LEASE_STATE, 0);
		zl_lease_report_put(&f, ZL_AGENT_A_REPORT, &rep);
		zl_lease_put(&f, ZL_AGENT_A_LEASE, a->keeps);
		finish(&f, fd);
	}
	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_READY, 0);
	finish(&f, fd);
}

enum { TOMBS_MAX = 64 };

static struct zl_uuid tombs[TOMBS_MAX];
static unsigned n_tombs;

static bool is_buried(const struct zl_uuid *id)
{
	for (unsigned i = 0; i < n_tombs; i++)
		if (zl_uuid_eq(&tombs[i], id))
			return true;
	return false;
}

static void report(const struct zl_fakeagent *a, int fd, const struct zl_frame_in *in)
{
	struct zl_lease_report rep = { .state = ZL_LEASE_RELEASED };
	struct zl_lease lease;
	struct zl_frame f;

	if (in->type == ZL_AGENT_LEASE_PUT) {
		if (zl_lease_get(in->tb[ZL_AGENT_A_LEASE], &lease, NULL) < 0)
			_exit(1);
		rep.id = lease.id;
		rep.state = is_buried(&lease.id) ? ZL_LEASE_RELEASED : a->answer;
		rep.n_elements = lease.n_nics;
		if (a->message != NULL)
			(void)zl_fail(&rep.error, -EPERM, "%s", a->message);
	} else {
		zl_attr_copy(in->tb[ZL_AGENT_A_ID], rep.id.b, sizeof(rep.id.b));
		if (a->clings) {
			rep.state = ZL_LEASE_RELEASING;
			(void)zl_fail(&rep.error, -EBUSY, "the kernel is busy");
		} else if (n_tombs < TOMBS_MAX) {
			tombs[n_tombs++] = rep.id;
		}
	}
	rep.committed = zl_wall_now();
	(void)snprintf(rep.objects, sizeof(rep.objects), "%s", a->path);
	zl_frame_start(&f, out, sizeof(out), ZL_AGENT_LEASE_STATE, in->seq);
	zl_lease_report_put(&f, ZL_AGENT_A_REPORT, &rep);
	finish(&f, fd);
	for (unsigned i = 0; in->type == ZL_AGENT_LEASE_PUT && i < a->floods; i++) {
		rep.state = i % 2 == 0 ? ZL_LEASE_DEGRADED : ZL_LEASE_APPLIED;
		zl_frame_start(&f, out, sizeof(out), ZL_AGENT_LEASE_STATE, 0);
		zl_lease_report_put(&f, ZL_AGENT_A_REPORT, &rep);
		finish(&f, fd);
	}
}

static void serve(const struct zl_fakeagent *a, int fd)
{
	struct zl_frame_in in;
	struct zl_frame f;
	ssize_t n;

	greet(a, fd);
	while ((n = recv(fd, in_bytes, sizeof(in_bytes), 0)) > 0) {
		if (zl_frame_parse(in_bytes, (size_t)n, zl_agent_messages,
			    ZL_AGENT_MESSAGE_N, &in, NULL) < 0)
			_exit(1);
		if (in.type == ZL_AGENT_PING) {
			zl_frame_start(&f, out, sizeof(out), ZL_AGENT_PONG, in.seq);
			finish(&f, fd);
		} else if (in.type == ZL_AGENT_LEASE_PUT ||
			   in.type == ZL_AGENT_LEASE_DROP) {
			report(a, fd, &in);
		}
	}
}

pid_t zl_fakeagent_start(const struct zl_fakeagent *a)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", a->path);
	(void)unlink(a->path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
		chmod(a->path, 0666) < 0 || listen(fd, 4) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int peer = accept(fd, NULL, NULL);

			if (peer < 0)
				_exit(1);
			serve(a, peer);
			(void)close(peer);
		}
	}
	(void)close(fd);
	return pid;
}

void zl_fakeagent_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}
