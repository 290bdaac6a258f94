/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receiving datagrams in batches. */
#include "controller/flow/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"

enum { DATAGRAM_MAX = 65536 };

union control {
	struct cmsghdr align;
	char b[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t))];
};

struct zl_receive {
	struct mmsghdr msgs[ZL_RECEIVE_BATCH];
	struct iovec iov[ZL_RECEIVE_BATCH];
	struct sockaddr_storage from[ZL_RECEIVE_BATCH];
	union control control[ZL_RECEIVE_BATCH];
	uint8_t bytes[ZL_RECEIVE_BATCH][DATAGRAM_MAX];
};

int zl_receive_new(struct zl_receive **ret, struct zl_error *reterr)
{
	struct zl_receive *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	*ret = r;
	return 0;
}

void zl_receive_free(struct zl_receive *r)
{
	free(r);
}

int zl_receive_prepare(int fd, struct zl_error *reterr)
{
	int on = 1, flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) < 0)
		return zl_fail(reterr, -errno, "udp socket %d: %m", fd);
	return 0;
}

uint64_t zl_receive_buffer(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len);
	return size > 0 ? (uint64_t)size / 2 : 0;
}

static void read_control(
	struct msghdr *m, struct zl_wall *arrival, uint32_t *ret_overflow)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			arrival->us =
				(int64_t)ts.tv_sec * ZL_US_PER_S + ts.tv_nsec / 1000;
		} else if (c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(ret_overflow, CMSG_DATA(c), sizeof(*ret_overflow));
		}
	}
}

int zl_receive_batch(struct zl_receive *r, int fd, zl_receive_fn each, void *user,
	uint32_t *ret_overflow)
{
	struct zl_mono now;
	struct zl_wall wall;
	int n;

	for (unsigned i = 0; i < ZL_RECEIVE_BATCH; i++) {
		r->iov[i] = (struct iovec){ r->bytes[i], DATAGRAM_MAX };
		r->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &r->from[i],
			.msg_namelen = sizeof(r->from[i]),
			.msg_iov = &r->iov[i],
			.msg_iovlen = 1,
			.msg_control = &r->control[i],
			.msg_controllen = sizeof(r->control[i]),
		};
	}
	n = recvmmsg(fd, r->msgs, ZL_RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	now = zl_mono_now();
	wall = zl_wall_now();
	for (int i = 0; i < n; i++) {
		struct msghdr *m = &r->msgs[i].msg_hdr;
		struct zl_datagram dg = { .bytes = r->bytes[i],
			.n = r->msgs[i].msg_len,
			.is_cut = (m->msg_flags & MSG_TRUNC) != 0,
			.now = now,
			.arrival = wall };

		dg.from = zl_addr_from_sockaddr(&r->from[i], &dg.port);
		read_control(m, &dg.arrival, ret_overflow);
		each(&dg, user);
	}
	return n;
}
