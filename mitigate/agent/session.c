/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: who may connect, what is told first, and the requests. */
#include "mitigate/agent/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "mitigate/protocol.h"

enum { GROUPS_MAX = 1024 };

struct zl_session {
	struct zl_sessions *all;
	struct zl_channel *channel;
	uid_t uid;
	pid_t pid;
};

int zl_session_check_peer(int fd, gid_t group, struct zl_error *reterr)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);
	gid_t groups[GROUPS_MAX];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
		return zl_fail(reterr, -errno, "session: SO_PEERCRED: %m");
	if (cred.uid == 0 || cred.uid == geteuid() ||
		(group != (gid_t)-1 && cred.gid == group))
		return 0;
	n = sizeof(groups);
	if (group == (gid_t)-1 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
		n = 0;
	for (size_t i = 0; i < n / sizeof(gid_t); i++)
		if (groups[i] == group)
			return 0;
	return zl_fail(reterr, -EACCES,
		"uid %u (process %d) is neither root nor in the socket's group",
		(unsigned)cred.uid, (int)cred.pid);
}

/* --- telling ----------------------------------------------------------------------- */

static void send_frame(struct zl_session *s, struct zl_frame *f)
{
	(void)zl_channel_send(s->channel, f); /* a lost peer is told by on_closed */
}

static void send_link(struct zl_session *s, const struct zl_link *link, bool gone)
{
	const struct zl_links *links = &s->all->agent->links;
	struct zl_frame f;

	zl_channel_start(s->channel, &f, gone ? ZL_AGENT_LINK_GONE : ZL_AGENT_LINK, 0);
	zl_frame_put_u32(&f, ZL_AGENT_A_IFINDEX, link->ifindex);
	if (!gone) {
		zl_frame_put_str(&f, ZL_AGENT_A_NAME, link->name);
		zl_frame_put_bytes(
			&f, ZL_AGENT_A_MAC, link->mac.b, sizeof(link->mac.b));
		zl_frame_put_u32(&f, ZL_AGENT_A_MASTER, link->master);
		zl_frame_put_str(
			&f, ZL_AGENT_A_MASTER_NAME, zl_links_master_name(links, link));
		zl_frame_put_u32(&f, ZL_AGENT_A_FLAGS,
			(link->tap ? ZL_LINK_TAP : 0U) |
				(strcmp(link->kind, "bridge") == 0 ? ZL_LINK_BRIDGE
								   : 0U) |
				(link->up ? ZL_LINK_UP : 0U));
	}
	send_frame(s, &f);
}

static void send_neigh(struct zl_session *s, const struct zl_neigh *neigh, bool gone)
{
	struct zl_frame f;

	zl_channel_start(
		s->channel, &f, gone ? ZL_AGENT_NEIGH_GONE : ZL_AGENT_NEIGH, 0);
	zl_frame_put_u32(&f, ZL_AGENT_A_IFINDEX, neigh->ifindex);
	zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, neigh->mac.b, sizeof(neigh->mac.b));
	zl_frame_put_bytes(&f, ZL_AGENT_A_ADDR, neigh->addr.b, sizeof(neigh->addr.b));
	send_frame(s, &f);
}

static void send_report(struct zl_session *s, uint32_t seq,
	const struct zl_lease_report *report, const struct zl_lease *lease)
{
	struct zl_frame f;

	zl_channel_start(s->channel, &f, ZL_AGENT_LEASE_STATE, seq);
	zl_lease_report_put(&f, ZL_AGENT_A_REPORT, report);
	if (lease != NULL)
		zl_lease_put(&f, ZL_AGENT_A_LEASE, lease);
	send_frame(s, &f);
}

static void send_hello(struct zl_session *s)
{
	char host[256] = "", boot[ZL_BOOK_BOOT_ID];
	struct zl_frame frame;

	(void)gethostname(host, sizeof(host) - 1);
	zl_agent_boot_id(boot);
	zl_channel_start(s->channel, &frame, ZL_AGENT_HELLO, 0);
	zl_frame_put_str(&frame, ZL_AGENT_A_VERSION, ZL_VERSION);
	zl_frame_put_str(&frame, ZL_AGENT_A_HOSTNAME, host);
	zl_frame_put_str(&frame, ZL_AGENT_A_BOOT_ID, boot);
	send_frame(s, &frame);
}

/* All that a new peer must know, ended by READY. */
static void send_all(struct zl_session *s)
{
	struct zl_agent *a = s->all->agent;
	const struct zl_link *link;
	const struct zl_neigh *neigh;
	struct zl_frame f;

	send_hello(s);
	for (size_t i = 0; (link = zl_map_next(&a->links.by_index, &i)) != NULL;)
		send_link(s, link, false);
	for (size_t i = 0; (neigh = zl_map_next(&a->links.neighs, &i)) != NULL;)
		send_neigh(s, neigh, false);
	for (size_t i = 0; i < a->book->n_leases; i++) {
		struct zl_lease_report report;

		zl_agent_report(a, a->book->leases[i], &report);
		send_report(s, 0, &report, &a->book->leases[i]->lease);
	}
	zl_channel_start(s->channel, &f, ZL_AGENT_READY, 0);
	send_frame(s, &f);
}

void zl_sessions_link(struct zl_sessions *s, const struct zl_link_event *e)
{
	for (unsigned i = 0; i < ZL_SESSIONS_MAX; i++) {
		if (s->at[i] == NULL)
			continue;
		switch (e->change) {
		case ZL_LINK_SAME: break;
		case ZL_LINK_CHANGED:
		case ZL_LINK_REMOVED:
			send_link(s->at[i], &e->link, e->change == ZL_LINK_REMOVED);
			break;
		case ZL_NEIGH_CHANGED:
		case ZL_NEIGH_REMOVED:
			send_neigh(s->at[i], &e->neigh, e->change == ZL_NEIGH_REMOVED);
			break;
		}
	}
}

void zl_sessions_report(struct zl_sessions *s, const struct zl_lease_report *report,
	const struct zl_lease *lease)
{
	for (unsigned i = 0; i < ZL_SESSIONS_MAX; i++)
		if (s->at[i] != NULL && s->at[i] != s->asking)
			send_report(s->at[i], 0, report, lease);
}

/* --- requests ------------------------------------------------------------------------ */

static void on_put(struct zl_session *s, const struct zl_frame_in *in)
{
	struct zl_agent *a = s->all->agent;
	struct zl_lease_report report = { .state = ZL_LEASE_FAILED };
	struct zl_book_lease *kept;
	struct zl_lease lease;

	if (zl_lease_get(in->tb[ZL_AGENT_A_LEASE], &lease, &report.error) < 0) {
		send_report(s, in->seq, &report, NULL);
		return;
	}
	zl_agent_put(a, &lease, zl_wall_now(), &report);
	kept = zl_book_find(a->book, &lease.id);
	send_report(s, in->seq, &report, kept == NULL ? &lease : &kept->lease);
	s->all->asking = s;
	zl_sessions_report(s->all, &report, kept == NULL ? &lease : &kept->lease);
	s->all->asking = NULL;
}

static void on_drop(struct zl_session *s, const struct zl_frame_in *in)
{
	struct zl_agent *a = s->all->agent;
	struct zl_book_lease *kept;
	struct zl_lease_report report;
	struct zl_lease lease;
	struct zl_uuid id;
	bool known;

	zl_attr_copy(in->tb[ZL_AGENT_A_ID], id.b, sizeof(id.b));
	kept = zl_book_find(a->book, &id);
	known = kept != NULL;
	if (known)
		lease = kept->lease;
	zl_agent_drop(
		a, &id, zl_attr_str(in->tb[ZL_AGENT_A_TEXT]), zl_wall_now(), &report);
	send_report(s, in->seq, &report, known ? &lease : NULL);
	if (!known)
		return;
	/* The others did not ask: they are told why. */
	if (report.error.msg[0] == '\0')
		(void)zl_fail_id(&report.error, 0, "agent.released", "",
			"released on the host: %s",
			zl_attr_str(in->tb[ZL_AGENT_A_TEXT]));
	s->all->asking = s;
	zl_sessions_report(s->all, &report, &lease);
	s->all->asking = NULL;
}

static void on_known(struct zl_session *s, const struct zl_frame_in *in)
{
	struct zl_known known = { 0 };
	const struct nlattr *a;

	zl_attr_copy(in->tb[ZL_AGENT_A_DOMAIN], known.domain.b, sizeof(known.domain.b));
	zl_frame_each(a, in, ZL_AGENT_A_MAC) if (known.n_macs < ZL_KNOWN_MACS_MAX)
		zl_attr_copy(a, known.macs[known.n_macs++].b, 6);
	zl_agent_know(s->all->agent, &known);
}

static void on_known_gone(struct zl_session *s, const struct zl_frame_in *in)
{
	struct zl_uuid domain;

	zl_attr_copy(in->tb[ZL_AGENT_A_DOMAIN], domain.b, sizeof(domain.b));
	zl_agent_forget(s->all->agent, &domain);
}

static void on_ping(struct zl_session *s, const struct zl_frame_in *in)
{
	struct zl_frame f;

	zl_channel_start(s->channel, &f, ZL_AGENT_PONG, in->seq);
	send_frame(s, &f);
}

/* What a peer may send; anything else is ignored. */
static void (*const requests[ZL_AGENT_MESSAGE_N])(
	struct zl_session *s, const struct zl_frame_in *in) = {
	[ZL_AGENT_LEASE_PUT] = on_put,
	[ZL_AGENT_LEASE_DROP] = on_drop,
	[ZL_AGENT_KNOWN] = on_known,
	[ZL_AGENT_KNOWN_GONE] = on_known_gone,
	[ZL_AGENT_PING] = on_ping,
};

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_session *s = user;
	struct zl_sessions *all = s->all;

	(void)c;
	if (requests[in->type] == NULL)
		return;
	all->before_request(all->user);
	requests[in->type](s, in);
	all->after_request(all->user);
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct zl_session *s = user;

	(void)c;
	zl_log(LOG_INFO, "session of uid %u (process %d) has ended: %s",
		(unsigned)s->uid, (int)s->pid, why->msg);
	for (unsigned i = 0; i < ZL_SESSIONS_MAX; i++)
		if (s->all->at[i] == s)
			s->all->at[i] = NULL;
	zl_channel_close(s->channel);
	free(s);
}

static const struct zl_channel_handlers handlers = {
	.table = zl_agent_messages,
	.n_table = ZL_AGENT_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

void zl_sessions_take(struct zl_sessions *all, int taken)
{
	ZL_AUTO(zl_fd) int fd = taken;
	ZL_AUTO(zl_mem) struct zl_session *s = NULL;
	struct zl_error err;
	unsigned at = 0;

	if (zl_session_check_peer(fd, all->group, &err) < 0) {
		zl_log_error(LOG_WARNING, &err, "refused a connection");
		return;
	}
	while (at < ZL_SESSIONS_MAX && all->at[at] != NULL)
		at++;
	s = at == ZL_SESSIONS_MAX ? NULL : calloc(1, sizeof(*s));
	if (s == NULL) {
		zl_log(LOG_WARNING, "refused a connection: there are %d already",
			ZL_SESSIONS_MAX);
		return;
	}
	s->all = all;
	if (zl_channel_new(
		    all->event, zl_take_fd(&fd), &handlers, s, &s->channel, &err) < 0) {
		zl_log_error(LOG_WARNING, &err, "refused a connection");
		return;
	}
	(void)zl_channel_peer(s->channel, &s->uid, &s->pid);
	zl_log(LOG_INFO, "session of uid %u (process %d)", (unsigned)s->uid,
		(int)s->pid);
	all->at[at] = s;
	send_all(zl_take_ptr(s));
}

void zl_sessions_done(struct zl_sessions *all)
{
	for (unsigned i = 0; i < ZL_SESSIONS_MAX; i++) {
		if (all->at[i] == NULL)
			continue;
		zl_channel_close(all->at[i]->channel);
		free(all->at[i]);
		all->at[i] = NULL;
	}
}
