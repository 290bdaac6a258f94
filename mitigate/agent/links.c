/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTNETLINK: dumps and events into the table of link.c. */
#include "mitigate/agent/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

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
	struct zl_map *seen; /* interfaces of this dump, or NULL */
};

static int on_message(const struct nlmsghdr *nlh, void *user)
{
	static char there; /* any address */
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct taking *t = user;
	struct zl_link_event e;
	int r = zl_links_on_message(t->links, nlh, t->fresh, zl_mono_now(), &e);

	if (r >= 0 && t->seen != NULL && nlh->nlmsg_type == RTM_NEWLINK &&
		mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ifi)) {
		uint32_t ifindex = (uint32_t)ifi->ifi_index;

		r = zl_map_put(t->seen, &ifindex, &there);
	}
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

/* Interfaces that the dump did not show are gone. */
static int remove_unseen(struct taking *t)
{
	const struct zl_link *link;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0;
			(link = zl_map_next(&t->links->by_index, &i)) != NULL;) {
			struct zl_link_event e = { .change = ZL_LINK_REMOVED,
				.link = *link };

			if (zl_map_find(t->seen, &link->ifindex) != NULL)
				continue;
			free(zl_map_remove(&t->links->by_index, &e.link.ifindex));
			if (t->on != NULL)
				t->on(&e, t->user);
			again = true; /* the map has changed under the walk */
			break;
		}
	}
	return 0;
}

int zl_links_socket_dump(struct zl_links_socket *s, struct zl_links *l, bool fresh,
	zl_links_fn on, void *user, struct zl_error *reterr)
{
	struct zl_map seen;
	struct taking t = {
		.links = l, .fresh = fresh, .on = on, .user = user, .seen = &seen
	};
	int r = -EINTR;

	zl_map_init(&seen, sizeof(uint32_t), ZL_LINKS_MAX);
	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = dump(s, RTM_GETLINK, &t);
	if (r >= 0)
		r = remove_unseen(&t);
	t.seen = NULL;
	if (r >= 0)
		r = -EINTR;
	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = dump(s, RTM_GETNEIGH, &t);
	zl_map_done(&seen);
	if (r < 0)
		return zl_fail(reterr, r,
			"links: cannot list interfaces and neighbours: %s",
			strerror(-r));
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
