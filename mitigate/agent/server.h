/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running agent: one event loop that feeds struct zl_agent.
 *
 *	listening socket	a new session
 *	RTNETLINK		interfaces and neighbours; refresh
 *	NFNLGRP_NFTABLES	somebody else's commit; check
 *	every 30 s		check (what nobody announces)
 *	at the earliest end	expire (wall time)
 *	soon			end of a hold, a file that is behind, a refusal of the kernel
 *	SIGTERM, SIGINT		stop; the kernel keeps what it has
 */
#ifndef ZL_MITIGATE_AGENT_SERVER_H
#define ZL_MITIGATE_AGENT_SERVER_H
#include "mitigate/agent/agent.h"
#include "mitigate/agent/monitor.h"
#include "mitigate/agent/session.h"

struct zl_server {
	sd_event *event;
	struct zl_agent agent;
	struct zl_monitor monitor;
	struct zl_sessions sessions;
	int listen_fd;
	sd_event_source *end, *soon, *listener, *resume;
	unsigned n_pauses; /* of the listener: no descriptor was free */
};

/*
 * `listen_fd` is taken over.  -EBUSY: another agent runs, *ret_pid.
 */
int zl_server_open(struct zl_server *s, const struct zl_agent_config *config,
	const char *config_path, gid_t group, int listen_fd, pid_t *ret_pid,
	struct zl_error *reterr) ZL_CHECKED;
/* Until a signal; then 0. */
int zl_server_run(struct zl_server *s, struct zl_error *reterr) ZL_CHECKED;
void zl_server_close(struct zl_server *s);

#endif
