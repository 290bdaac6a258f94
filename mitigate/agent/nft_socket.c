/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nf_tables socket: commit a batch, ask for what is there. */
#include "mitigate/agent/nft_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libnftnl/batch.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"

/* A dump fills at most what the reader offers, up to 32 KiB. */
enum {
	REPLY_SIZE = 64 * 1024,
	QUEUE_SIZE = 8 * 1024 * 1024,
	ANSWER_SECONDS = 5,
	BATCH_END_ROOM = 64
};

int zl_nft_socket_explain(int r, struct zl_error *reterr)
{
	if (r != -ENOENT && r != -EINVAL && r != -EOPNOTSUPP && r != -EAFNOSUPPORT &&
		r != -EPROTONOSUPPORT)
		return r;
	zl_error_prefix(reterr,
		"the kernel lacks nftables for bridges, or cannot load the module");
	zl_error_hint(reterr,
		"'modprobe nft_meta_bridge' says why; after an update of the kernel, "
		"restart the machine");
	return r;
}

int zl_nft_socket_open(struct zl_nft_socket *s, struct zl_error *reterr)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int size = QUEUE_SIZE, fd;

	*s = (struct zl_nft_socket){ .seq = (uint32_t)time(NULL) };
	s->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (s->nl == NULL)
		return zl_nft_socket_explain(
			zl_fail(reterr, -errno,
				"nft: cannot open a netlink socket: %m"),
			reterr);
	s->buf = malloc(REPLY_SIZE);
	if (s->buf == NULL) {
		zl_nft_socket_close(s);
		return zl_fail(reterr, -ENOMEM, "nft: out of memory");
	}
	fd = mnl_socket_get_fd(s->nl);
	/* Needs CAP_NET_ADMIN in the first user namespace; smaller batches go without. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (mnl_socket_bind(s->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = zl_fail(
			reterr, -errno, "nft: cannot bind a netlink socket: %m");

		zl_nft_socket_close(s);
		return r;
	}
	s->portid = mnl_socket_get_portid(s->nl);
	return 0;
}

void zl_nft_socket_close(struct zl_nft_socket *s)
{
	if (s->nl != NULL)
		(void)mnl_socket_close(s->nl);
	free(s->buf);
	*s = (struct zl_nft_socket){ 0 };
}

static const char *intent_of(const struct zl_nft_batch *b, uint32_t seq)
{
	for (size_t i = 0; i < b->n_intents; i++)
		if (b->intents[i].seq == seq)
			return b->intents[i].text;
	return "the transaction"; /* memory, or the commit itself */
}

/* What the kernel said in one datagram of answers. */
struct answers {
	const struct zl_nft_batch *batch;
	uint32_t first_seq, last_seq;
	bool acked;
	int error;
	uint32_t error_seq;
};

static void read_answers(const char *buf, size_t n, struct answers *to)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	int left = (int)n;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type != NLMSG_ERROR ||
			mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) ||
			nlh->nlmsg_seq - to->first_seq > to->last_seq - to->first_seq)
			continue; /* of an earlier batch */
		if (e->error == 0 && nlh->nlmsg_seq == to->last_seq)
			to->acked = true;
		else if (e->error != 0 && to->error == 0) {
			to->error = e->error;
			to->error_seq = nlh->nlmsg_seq;
		}
	}
}

/* The kernel has answered when sendmsg() returns; nothing more will come. */
static int collect(struct zl_nft_socket *s, struct answers *to, struct zl_error *reterr)
{
	int fd = mnl_socket_get_fd(s->nl);

	for (;;) {
		ssize_t n = recv(fd, s->buf, REPLY_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS)
			return zl_fail(
				reterr, -ESTALE, "nft: the kernel's answer was lost");
		if (n < 0)
			break;
		read_answers(s->buf, (size_t)n, to);
	}
	if (to->error != 0)
		return zl_fail(reterr, to->error, "nft: %s: %s",
			intent_of(to->batch, to->error_seq), strerror(-to->error));
	if (!to->acked)
		return zl_fail(reterr, -ESTALE, "nft: the kernel did not answer");
	return 0;
}

int zl_nft_socket_commit(struct zl_nft_socket *s, struct zl_nft_batch *b,
	struct zl_wall *ret_committed, struct zl_error *reterr)
{
	struct answers answers = { .batch = b };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec iov;
	struct msghdr msg = { .msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = &iov,
		.msg_iovlen = 1 };
	ssize_t n;
	int r;

	if (b->failed || b->last == NULL || b->room - b->len < BATCH_END_ROOM)
		return zl_fail(reterr, -ENOMEM, "nft: out of memory");
	b->last->nlmsg_flags |= NLM_F_ACK;
	answers.first_seq = b->intents[0].seq - 1; /* that of BATCH_BEGIN */
	answers.last_seq = b->seq;
	nftnl_batch_end(b->buf + b->len, b->seq + 1);
	b->len += MNL_ALIGN(((struct nlmsghdr *)(void *)(b->buf + b->len))->nlmsg_len);
	s->seq = b->seq + 2;
	iov = (struct iovec){ b->buf, b->len };
	do
		n = sendmsg(mnl_socket_get_fd(s->nl), &msg, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return zl_fail(reterr, -errno,
			"nft: cannot send a transaction of %zu bytes: %m", b->len);
	r = collect(s, &answers, reterr);
	if (r >= 0)
		*ret_committed = zl_wall_now();
	return r;
}

int zl_nft_socket_ask(struct zl_nft_socket *s, uint16_t type, bool dump,
	void (*build)(struct nlmsghdr *nlh, const void *arg), const void *arg,
	mnl_cb_t on, void *user)
{
	char request[1024] = { 0 };
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(request, type,
		type == NFT_MSG_GETGEN ? NFPROTO_UNSPEC : NFPROTO_BRIDGE,
		dump ? NLM_F_DUMP : NLM_F_ACK, ++s->seq);
	int r = 1;

	if (build != NULL)
		build(nlh, arg);
	if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s->nl, s->buf, REPLY_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = mnl_cb_run(s->buf, (size_t)n, nlh->nlmsg_seq, s->portid, on, user);
		if (r < 0 && (errno == EPROTO || errno == ESRCH)) {
			r = MNL_CB_OK; /* an answer to an older request */
			continue;
		}
	}
	return r < 0 ? -errno : 0;
}
