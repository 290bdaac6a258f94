/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of engines and of the break-glass commands, and what is said on
 * them (mitigate/protocol.h).
 *
 * A peer may connect when it is root, the agent's own user, or a member of the
 * socket's group, also by a supplementary one.  All sessions are equal; what one asks
 * for is told to the others with seq 0.
 */
#ifndef ZL_MITIGATE_AGENT_SESSION_H
#define ZL_MITIGATE_AGENT_SESSION_H
#include <systemd/sd-event.h>

#include "mitigate/agent/agent.h"

enum { ZL_SESSIONS_MAX = 16 };

struct zl_session;

struct zl_sessions {
	sd_event *event; /* borrowed */
	struct zl_agent *agent;
	gid_t group; /* (gid_t)-1: none */
	struct zl_session *at[ZL_SESSIONS_MAX];
	const struct zl_session *asking; /* whose request is being worked on */
	/* Before a request: what the kernel has already told must count for it. */
	void (*before_request)(void *user);
	/* After it: timers may have to move. */
	void (*after_request)(void *user);
	void *user;
};

/* Take a connection that was just accepted (closes it when it may not connect). */
void zl_sessions_take(struct zl_sessions *s, int fd);
void zl_sessions_done(struct zl_sessions *s);

/* Tell everybody. */
void zl_sessions_link(struct zl_sessions *s, const struct zl_link_event *e);
void zl_sessions_report(struct zl_sessions *s, const struct zl_lease_report *report,
	const struct zl_lease *lease);

/* May this peer of a connected AF_UNIX socket talk to us?  -EACCES with a sentence. */
int zl_session_check_peer(int fd, gid_t group, struct zl_error *reterr) ZL_CHECKED;

#endif
