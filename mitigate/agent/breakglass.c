/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock-agent release: through the running agent, or in its place. */
#include "mitigate/agent/breakglass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/cleanup.h"
#include "base/sandbox.h"
#include "mitigate/agent/agent.h"
#include "mitigate/protocol.h"

enum { ANSWER_SECONDS = 5, REASON_MAX = 64 };

static const struct zl_uuid nil;

/* What is to be released; everything when `all`. */
struct wish {
	bool all;
	struct zl_uuid id; /* of a lease or a domain */
};

static bool is_wished(const struct wish *w, const struct zl_lease *l)
{
	return w->all || zl_uuid_eq(&w->id, &l->id) || zl_uuid_eq(&w->id, &l->domain);
}

static void say_reason(char to[static REASON_MAX])
{
	(void)snprintf(to, REASON_MAX, "break-glass by uid %u", (unsigned)getuid());
}

/* What `reterr` says would make room for what comes now; the last is the caller's. */
static void say_earlier(int earlier, const struct zl_error *reterr)
{
	if (earlier < 0)
		(void)fprintf(stderr, "error: %s\n", reterr->msg);
}

/*
 * Say what came of one lease.  One that cannot be released does not keep the others:
 * `earlier` is what came of those before, and the worst of all is returned.
 */
static int say_result(const struct zl_lease *l, const struct zl_lease_report *r,
	int earlier, struct zl_error *reterr)
{
	char id[ZL_UUID_STR];

	zl_uuid_format(&r->id, id);
	if (r->state != ZL_LEASE_RELEASED) {
		say_earlier(earlier, reterr);
		return zl_fail(reterr, r->error.code == 0 ? -EIO : r->error.code,
			"lease %s is not released: %s", id, r->error.msg);
	}
	(void)printf("released lease %s of %s\n", id, l->domain_name);
	if (r->error.code == 0)
		return earlier;
	if (earlier < 0) {
		(void)fprintf(stderr, "error: lease %s: %s\n", id, r->error.msg);
		return earlier;
	}
	return zl_fail_id(reterr, r->error.code, ZL_BREAKGLASS_DEGRADED, r->error.hint,
		"lease %s: %s", id, r->error.msg);
}

/* What was found in the kernel without a lease; told only when it stays. */
static int say_adopted(
	const struct zl_lease_report *r, int earlier, struct zl_error *reterr)
{
	if (r->state == ZL_LEASE_RELEASED)
		return earlier;
	say_earlier(earlier, reterr);
	return zl_fail(reterr, r->error.code == 0 ? -EIO : r->error.code,
		"what was found without a lease is not released: %s", r->error.msg);
}

static int nothing_there(const struct wish *w, struct zl_error *reterr)
{
	if (!w->all)
		return zl_fail(reterr, -ENOENT,
			"no such lease here, and no lease of such a domain");
	(void)printf("there was no lease to release\n");
	return 0;
}

/* How to get rid of an agent that is in the way; its process is not always known. */
static void hint_kill(pid_t pid, struct zl_error *reterr)
{
	if (pid > 0)
		zl_error_hint(reterr,
			"what it contains stays: 'kill -9 %d' and try again", (int)pid);
	else
		zl_error_hint(reterr, "what it contains stays: 'systemctl kill -s KILL "
				      "zonelock-agent' and try again");
}

/* --- in the agent's place ---------------------------------------------------------- */

static int release_here(
	struct zl_agent *a, const struct wish *w, struct zl_error *reterr)
{
	struct zl_lease_report report;
	char reason[REASON_MAX];
	size_t n = 0;
	int r = 0;

	say_reason(reason);
	for (size_t i = 0; i < a->book->n_leases;) {
		struct zl_lease lease = a->book->leases[i]->lease;

		if (!is_wished(w, &lease)) {
			i++;
			continue;
		}
		zl_agent_drop(a, &lease.id, reason, zl_wall_now(), &report);
		r = say_result(&lease, &report, r, reterr);
		n++;
	}
	if (w->all && a->adopted.n > 0) {
		zl_agent_drop(a, &nil, reason, zl_wall_now(), &report);
		r = say_adopted(&report, r, reterr);
		n++;
	}
	return r >= 0 && n == 0 ? nothing_there(w, reterr) : r;
}

/* --- through the agent --------------------------------------------------------------- */

struct client {
	int fd;
	uint32_t seq;
	char buf[ZL_FRAME_MAX] __attribute__((aligned(8)));
	char out[ZL_FRAME_MAX] __attribute__((aligned(8)));
};

static int no_answer(pid_t pid, struct zl_error *reterr)
{
	(void)zl_fail(reterr, -ETIMEDOUT, "the agent runs but does not answer");
	hint_kill(pid, reterr);
	return -ETIMEDOUT;
}

/* -ECONNREFUSED, -ENOENT: no agent listens there. */
static int connect_agent(
	struct client *c, const char *path, pid_t *ret_pid, struct zl_error *reterr)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct ucred cred = { 0 };
	socklen_t n = sizeof(cred);

	if (strlen(path) >= sizeof(to.sun_path))
		return zl_fail(reterr, -ENAMETOOLONG, "socket = %s is too long", path);
	memcpy(to.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return zl_fail(reterr, -errno, "socket: %m");
	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return zl_fail(
			reterr, -errno, "cannot connect to the agent at %s: %m", path);
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) >= 0)
		*ret_pid = cred.pid; /* who listens */
	return 0;
}

static int receive(
	struct client *c, struct zl_frame_in *in, pid_t pid, struct zl_error *reterr)
{
	ssize_t n = recv(c->fd, c->buf, sizeof(c->buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return no_answer(pid, reterr);
	if (n <= 0)
		return zl_fail(reterr, -EPIPE,
			"the agent has closed the connection: it lets in "
			"root and members of socket-group");
	return zl_frame_parse(
		c->buf, (size_t)n, zl_agent_messages, ZL_AGENT_MESSAGE_N, in, reterr);
}

/* The leases that are wished, from what the agent says first. */
static int gather(struct client *c, const struct wish *w, pid_t pid,
	struct zl_lease *to, size_t *ret_n, struct zl_error *reterr)
{
	struct zl_frame_in in;
	size_t n = 0;
	int r;

	do {
		r = receive(c, &in, pid, reterr);
		if (r < 0)
			return r;
		if (in.type != ZL_AGENT_LEASE_STATE ||
			in.tb[ZL_AGENT_A_LEASE] == NULL || n == ZL_BOOK_LEASES_MAX)
			continue;
		r = zl_lease_get(in.tb[ZL_AGENT_A_LEASE], &to[n], reterr);
		if (r < 0)
			return r;
		if (is_wished(w, &to[n]))
			n++;
	} while (in.type != ZL_AGENT_READY);
	*ret_n = n;
	return 0;
}

static int drop(struct client *c, const struct zl_uuid *id, pid_t pid,
	struct zl_lease_report *ret, struct zl_error *reterr)
{
	char reason[REASON_MAX];
	struct zl_frame_in in;
	struct zl_frame f;
	ssize_t n;
	int r;

	say_reason(reason);
	zl_frame_start(&f, c->out, sizeof(c->out), ZL_AGENT_LEASE_DROP, ++c->seq);
	zl_frame_put_bytes(&f, ZL_AGENT_A_ID, id->b, sizeof(id->b));
	zl_frame_put_str(&f, ZL_AGENT_A_TEXT, reason);
	n = zl_frame_end(&f);
	if (n < 0 || send(c->fd, c->out, (size_t)n, MSG_NOSIGNAL) != n)
		return no_answer(pid, reterr);
	do {
		r = receive(c, &in, pid, reterr);
		if (r < 0)
			return r;
	} while (in.type != ZL_AGENT_LEASE_STATE || in.seq != c->seq);
	return zl_lease_report_get(in.tb[ZL_AGENT_A_REPORT], ret, reterr);
}

static int release_there(
	struct client *c, const struct wish *w, pid_t pid, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem)
	struct zl_lease *leases = calloc(ZL_BOOK_LEASES_MAX + 1, sizeof(*leases));
	struct zl_lease_report report;
	size_t n = 0;
	int r;

	if (leases == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = gather(c, w, pid, leases, &n, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		int answered = drop(c, &leases[i].id, pid, &report, reterr);

		if (answered < 0)
			return answered;
		r = say_result(&leases[i], &report, r, reterr);
	}
	if (w->all) {
		int answered = drop(c, &nil, pid, &report, reterr);

		if (answered < 0)
			return answered;
		r = say_adopted(&report, r, reterr);
	}
	return r >= 0 && n == 0 ? nothing_there(w, reterr) : r;
}

/* No agent listens: do its work, as its user, so that it can read what we write. */
static int release_alone(const struct zl_agent_config *config, const char *config_path,
	const struct wish *w, struct zl_error *reterr)
{
	struct zl_agent agent;
	pid_t pid = 0;
	int r = 0;

	if (config->user[0] != '\0')
		r = zl_sandbox_become(config->user, 1ULL << CAP_NET_ADMIN, reterr);
	if (r >= 0)
		r = zl_agent_open(&agent, config, config_path, &pid, reterr);
	if (r == -EBUSY) {
		(void)zl_fail(reterr, r, "an agent runs but does not listen at %s",
			config->socket);
		hint_kill(pid, reterr);
	}
	if (r < 0)
		return r;
	r = release_here(&agent, w, reterr);
	zl_agent_close(&agent);
	if (r < 0 && strcmp(reterr->id, ZL_BREAKGLASS_DEGRADED) == 0)
		zl_error_hint(reterr, "make room or mend the permissions there, and "
				      "release it again");
	return r;
}

int zl_breakglass_release(const struct zl_agent_config *config, const char *config_path,
	const char *what, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct client *c = calloc(1, sizeof(*c));
	struct wish wish = { .all = strcmp(what, "--all") == 0 };
	pid_t pid = 0;
	int r;

	if (!wish.all && !zl_uuid_parse(what, &wish.id))
		return zl_fail_id(reterr, -EINVAL, "agent.usage", "",
			"'%s' is neither a lease's id, a domain's uuid nor --all",
			what);
	if (c == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	/* Before giving up root: the socket is for root and its group. */
	r = connect_agent(c, config->socket, &pid, reterr);
	if (r >= 0)
		r = release_there(c, &wish, pid, reterr);
	else if (r == -ECONNREFUSED || r == -ENOENT)
		r = release_alone(config, config_path, &wish, reterr);
	else if (r == -EAGAIN)
		r = no_answer(pid, reterr);
	if (c->fd > 0)
		(void)close(c->fd);
	return r;
}
