/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nf_tables notification socket. */
#include "mitigate/agent/monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "mitigate/agent/nft_socket.h"

enum { BUF_SIZE = 64 * 1024, QUEUE_SIZE = 8 * 1024 * 1024, NAME_MAX_LEN = 16 };

int zl_monitor_open(struct zl_monitor *m, struct zl_error *reterr)
{
	int size = QUEUE_SIZE, r;

	*m = (struct zl_monitor){ .buf = malloc(BUF_SIZE) };
	if (m->buf == NULL)
		return zl_fail(reterr, -ENOMEM, "nft: out of memory");
	m->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (m->nl != NULL) {
		(void)setsockopt(mnl_socket_get_fd(m->nl), SOL_SOCKET, SO_RCVBUFFORCE,
			&size, sizeof(size));
		if (mnl_socket_bind(m->nl, 1U << (NFNLGRP_NFTABLES - 1),
			    MNL_SOCKET_AUTOPID) >= 0)
			return 0;
	}
	r = zl_fail(reterr, -errno, "nft: cannot listen to changes of the ruleset: %m");
	zl_monitor_close(m);
	return zl_nft_socket_explain(r, reterr);
}

void zl_monitor_close(struct zl_monitor *m)
{
	if (m->nl != NULL)
		(void)mnl_socket_close(m->nl);
	free(m->buf);
	*m = (struct zl_monitor){ 0 };
}

/* NEWGEN: | nfgenmsg | GEN_ID be32 | GEN_PROC_PID be32 | GEN_PROC_NAME string | */
static void read_who(const struct nlmsghdr *nlh, char who[static ZL_MONITOR_WHO])
{
	char name[NAME_MAX_LEN + 1] = "";
	const struct nlattr *a;
	uint32_t pid = 0;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		size_t n = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && n == sizeof(pid))
			pid = ntohl(mnl_attr_get_u32(a));
		else if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME &&
			 n <= NAME_MAX_LEN)
			memcpy(name, mnl_attr_get_payload(a), n);
	}
	if (name[0] != '\0')
		(void)snprintf(who, ZL_MONITOR_WHO, "%s (process %u)", name, pid);
}

static bool read_datagram(const char *buf, size_t size, uint32_t own_portid,
	char who[static ZL_MONITOR_WHO])
{
	const uint16_t newgen = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	const struct nlmsghdr *nlh = (const void *)buf;
	int left = (int)size;
	bool foreign = false;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type != newgen || nlh->nlmsg_pid == own_portid ||
			mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
			continue;
		foreign = true;
		read_who(nlh, who);
	}
	return foreign;
}

bool zl_monitor_drain(
	struct zl_monitor *m, uint32_t own_portid, char who[static ZL_MONITOR_WHO])
{
	bool foreign = false;

	who[0] = '\0';
	for (;;) {
		ssize_t n =
			recv(mnl_socket_get_fd(m->nl), m->buf, BUF_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			foreign = true;
			continue;
		}
		if (n < 0)
			return foreign;
		if (read_datagram(m->buf, (size_t)n, own_portid, who))
			foreign = true;
	}
}
