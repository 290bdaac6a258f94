/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTNETLINK: dumps and events into the table of links.c. */
#include "inventory/links_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "base/cleanup.h"

enum {
	BUF_SIZE = 64 * 1024,
	QUEUE_SIZE = 8 * 1024 * 1024,
	DUMP_TRIES = 5,
	ANSWER_SECONDS = 5
};

static struct mnl_socket *open_one(unsigned groups)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int size = QUEUE_SIZE;

	if (nl == NULL)
		return NULL;
	(void)setsockopt(
		mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(
		mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;

		(void)mnl_socket_close(nl);
		errno = saved;
		return NULL;
	}
	return nl;
}

int zl_links_socket_open(struct zl_links_socket *s, struct zl_error *reterr)
{
	int r;

	*s = (struct zl_links_socket){ .buf = malloc(BUF_SIZE) };
	if (s->buf == NULL)
		return zl_fail(reterr, -ENOMEM, "links: out of memory");
	s->events = open_one(RTMGRP_LINK | RTMGRP_NEIGH);
	if (s->events != NULL)
		s->asks = open_one(0);
	if (s->asks != NULL)
		return 0;
	r = zl_fail(reterr, -errno, "links: cannot open a netlink socket: %m");
	zl_links_socket_close(s);
	return r;
}

void zl_links_socket_close(struct zl_links_socket *s)
{
	if (s->events != NULL)
		(void)mnl_socket_close(s->events);
	if (s->asks != NULL)
		(void)mnl_socket_close(s->asks);
	free(s->buf);
	*s = (struct zl_links_socket){ 0 };
}

struct taking {
	struct zl_links *links;
	bool fresh;
	zl_links_fn on;
	void *user;
};

static int on_message(const struct nlmsghdr *nlh, void *user)
{
	struct taking *t = user;
	struct zl_link_event e;
	int r = zl_links_on_message(t->links, nlh, t->fresh, zl_mono_now(), &e);

	if (r < 0) {
		errno = -r;
		return MNL_CB_ERROR;
	}
	if (e.change != ZL_LINK_SAME && t->on != NULL)
		t->on(&e, t->user);
	return MNL_CB_OK;
}

static int dump(struct zl_links_socket *s, uint16_t type, struct taking *t)
{
	char request[256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	int r = MNL_CB_OK;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++s->seq;
	if (type == RTM_GETLINK)
		(void)mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	else
		(void)mnl_nlmsg_put_extra_header(nlh, sizeof(struct ndmsg));
	if (mnl_socket_sendto(s->asks, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s->asks, s->buf, BUF_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = mnl_cb_run(s->buf, (size_t)n, nlh->nlmsg_seq,
			mnl_socket_get_portid(s->asks), on_message, t);
		if (r < 0 && (errno == EPROTO || errno == ESRCH))
			r = MNL_CB_OK; /* the rest of a dump that we gave up */
	}
	return r < 0 ? -errno : 0;
}

int zl_links_socket_dump(struct zl_links_socket *s, struct zl_links *l, bool fresh,
	zl_links_fn on, void *user, struct zl_error *reterr)
{
	static const uint16_t types[] = { RTM_GETLINK, RTM_GETNEIGH };
	struct taking t = { .links = l, .fresh = fresh, .on = on, .user = user };
	int r = 0;

	zl_links_start(l);
	for (size_t k = 0; k < N_ITEMS(types) && r >= 0; k++) {
		r = -EINTR;
		for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
			r = dump(s, types[k], &t);
	}
	if (r < 0)
		return zl_fail(reterr, r,
			"links: cannot list interfaces and neighbours: %s",
			strerror(-r));
	zl_links_sweep(l, on, user);
	return 0;
}

int zl_links_socket_events(
	struct zl_links_socket *s, struct zl_links *l, zl_links_fn on, void *user)
{
	struct taking t = { .links = l, .fresh = true, .on = on, .user = user };
	int fd = mnl_socket_get_fd(s->events);

	for (;;) {
		ssize_t n = recv(fd, s->buf, BUF_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (mnl_cb_run(s->buf, (size_t)n, 0, 0, on_message, &t) < 0)
			return -errno;
	}
}
