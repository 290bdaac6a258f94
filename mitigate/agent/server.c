/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's event loop. */
#include "mitigate/agent/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/worker.h"

enum {
	CHECK_MS = 30 * 1000,
	WRITE_MS = 200,
	WRITE_AGAIN_MS = 3000,
	NEVER_MS = 3600 * 1000,
	PAUSE_MS = 1000,
	REFUSED_MS = 100,	/* the first try after a refusal of the kernel ... */
	REFUSED_MOST_MS = 1000, /* a try costs less than a millisecond */
	ACCURACY_US = 1000
};

/* --- time ---------------------------------------------------------------------------- */

/* `no_later`: an earlier time that is set already stays. */
static void arm(sd_event_source *source, int64_t ms_from_now, bool no_later)
{
	uint64_t now = 0, then = 0;
	int enabled = SD_EVENT_OFF;

	(void)sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &now);
	now += (uint64_t)(ms_from_now * ZL_US_PER_MS);
	(void)sd_event_source_get_enabled(source, &enabled);
	(void)sd_event_source_get_time(source, &then);
	if (no_later && enabled != SD_EVENT_OFF && then < now)
		return;
	(void)sd_event_source_set_time(source, now);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int64_t min_ms(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t until(struct zl_mono t)
{
	uint64_t now = zl_mono_now().us;

	return t.us <= now ? 0 : (int64_t)((t.us - now) / ZL_US_PER_MS) + 1;
}

/* Set both timers to the next thing that is due. */
static void rearm(struct zl_server *s)
{
	const struct zl_agent *a = &s->agent;
	struct zl_wall next;
	int64_t soon = NEVER_MS;

	zl_agent_expire(&s->agent, zl_wall_now(), &next);
	if (next.us == INT64_MAX) {
		(void)sd_event_source_set_enabled(s->end, SD_EVENT_OFF);
	} else {
		(void)sd_event_source_set_time(s->end, (uint64_t)next.us);
		(void)sd_event_source_set_enabled(s->end, SD_EVENT_ONESHOT);
	}
	if (a->dirty)
		soon = a->write_error.code == 0 ? WRITE_MS : WRITE_AGAIN_MS;
	if (a->kernel_error.code != 0)
		soon = min_ms(soon, (int64_t)zl_backoff_ms(a->n_refusals - 1,
					    REFUSED_MS, REFUSED_MOST_MS));
	if (a->plan.holds)
		soon = min_ms(soon, until(a->plan.hold_ends));
	if (a->adopted.n > 0 && a->adopted_until.us != 0)
		soon = min_ms(soon, until(a->adopted_until));
	if (soon == NEVER_MS)
		(void)sd_event_source_set_enabled(s->soon, SD_EVENT_OFF);
	else
		arm(s->soon, soon, true);
}

static int on_end(sd_event_source *source, uint64_t when, void *user)
{
	(void)source;
	(void)when;
	rearm(user);
	return 0;
}

static int on_soon(sd_event_source *source, uint64_t when, void *user)
{
	struct zl_server *s = user;

	(void)source;
	(void)when;
	(void)zl_agent_write(&s->agent); /* it has said so; the timer tries again */
	zl_agent_refresh(&s->agent);
	rearm(s);
	return 0;
}

/* --- events -------------------------------------------------------------------------- */

/* Who cannot be accepted stays in the queue and would wake us all the time. */
static void pause_listener(struct zl_server *s)
{
	zl_log(LOG_WARNING,
		"cannot accept a connection: %m; trying again in %d ms (pause %u)",
		PAUSE_MS, ++s->n_pauses);
	(void)sd_event_source_set_enabled(s->listener, SD_EVENT_OFF);
	arm(s->resume, PAUSE_MS, false);
}

static int on_resume(sd_event_source *source, uint64_t when, void *user)
{
	struct zl_server *s = user;

	(void)source;
	(void)when;
	(void)sd_event_source_set_enabled(s->listener, SD_EVENT_ON);
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct zl_server *s = user;
	int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)events;
	if (taken >= 0)
		zl_sessions_take(&s->sessions, taken);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		pause_listener(s);
	return 0;
}

static void on_link_change(const struct zl_link_event *e, void *user)
{
	struct zl_server *s = user;

	zl_agent_on_link(&s->agent, e);
	zl_sessions_link(&s->sessions, e);
}

static void list_links(struct zl_server *s)
{
	struct zl_error err;

	if (zl_links_socket_dump(&s->agent.links_socket, &s->agent.links, true,
		    on_link_change, s, &err) < 0)
		zl_log_error(LOG_ERR, &err, NULL);
}

/* Take in the interface events that wait. */
static void take_links(void *user)
{
	struct zl_server *s = user;
	int r = zl_links_socket_events(
		&s->agent.links_socket, &s->agent.links, on_link_change, s);

	if (r < 0) {
		zl_log(LOG_NOTICE, "interface events were lost (%s): listing all again",
			strerror(-r));
		list_links(s);
	}
}

static int on_links(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct zl_server *s = user;

	(void)source;
	(void)fd;
	(void)events;
	take_links(s);
	zl_agent_refresh(&s->agent);
	rearm(s);
	return 0;
}

/* Repair what others have changed, as far as the kernel has told. */
static void take_ruleset(struct zl_server *s)
{
	char who[ZL_MONITOR_WHO];

	if (zl_monitor_drain(&s->monitor, s->agent.firewall.socket.portid, who))
		zl_agent_check(&s->agent, who);
}

static int on_ruleset(sd_event_source *source, int fd, uint32_t events, void *user)
{
	(void)source;
	(void)fd;
	(void)events;
	take_ruleset(user);
	rearm(user);
	return 0;
}

/* What nobody announces. */
static int on_period(sd_event_source *source, uint64_t when, void *user)
{
	struct zl_server *s = user;

	(void)when;
	list_links(s);
	zl_agent_refresh(&s->agent);
	zl_agent_check(&s->agent, "");
	rearm(s);
	arm(source, CHECK_MS, false);
	return 0;
}

static int on_signal(
	sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	(void)si;
	(void)user;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static void before_request(void *user)
{
	struct zl_server *s = user;

	take_links(s);
	zl_agent_refresh(&s->agent); /* their event may not come any more */
	take_ruleset(s);	     /* "applied" must not be from before a flush */
}

static void after_request(void *user)
{
	rearm(user);
}

static void on_report(
	const struct zl_lease_report *report, const struct zl_lease *lease, void *user)
{
	struct zl_server *s = user;

	zl_sessions_report(&s->sessions, report, lease);
}

/* --- life ------------------------------------------------------------------------------ */

static int add_sources(struct zl_server *s)
{
	sigset_t signals;
	sd_event *e = s->event;
	int r;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(e, NULL, SIGTERM, on_signal, s);
	if (r >= 0)
		r = sd_event_add_signal(e, NULL, SIGINT, on_signal, s);
	if (r >= 0)
		r = sd_event_add_io(
			e, &s->listener, s->listen_fd, EPOLLIN, on_connection, s);
	if (r >= 0)
		r = sd_event_add_io(e, NULL,
			mnl_socket_get_fd(s->agent.links_socket.events), EPOLLIN,
			on_links, s);
	if (r >= 0)
		r = sd_event_add_io(e, NULL, mnl_socket_get_fd(s->monitor.nl), EPOLLIN,
			on_ruleset, s);
	if (r >= 0)
		r = sd_event_add_time_relative(e, NULL, CLOCK_MONOTONIC,
			CHECK_MS * ZL_US_PER_MS, ACCURACY_US, on_period, s);
	if (r >= 0)
		r = sd_event_add_time(
			e, &s->end, CLOCK_REALTIME, UINT64_MAX, ACCURACY_US, on_end, s);
	if (r >= 0)
		r = sd_event_add_time(e, &s->soon, CLOCK_MONOTONIC, UINT64_MAX,
			ACCURACY_US, on_soon, s);
	if (r >= 0)
		r = sd_event_add_time(e, &s->resume, CLOCK_MONOTONIC, UINT64_MAX,
			ACCURACY_US, on_resume, s);
	return r;
}

int zl_server_open(struct zl_server *s, const struct zl_agent_config *config,
	const char *config_path, gid_t group, int listen_fd, pid_t *ret_pid,
	struct zl_error *reterr)
{
	int r;

	*s = (struct zl_server){ .listen_fd = listen_fd, .agent.lock_fd = -1 };
	r = sd_event_new(&s->event);
	if (r < 0) {
		r = zl_fail(reterr, r, "cannot make an event loop: %s", strerror(-r));
		zl_server_close(s);
		return r;
	}
	/* Listen to changes before reading what is there. */
	r = zl_monitor_open(&s->monitor, reterr);
	if (r >= 0)
		r = zl_agent_open(&s->agent, config, config_path, ret_pid, reterr);
	if (r < 0) {
		zl_server_close(s);
		return r;
	}
	s->agent.on_report = on_report;
	s->agent.user = s;
	zl_agent_look_at_taps(&s->agent);
	s->sessions = (struct zl_sessions){ .event = s->event,
		.agent = &s->agent,
		.group = group,
		.before_request = before_request,
		.after_request = after_request,
		.user = s };
	r = add_sources(s);
	if (r < 0) {
		r = zl_fail(reterr, r, "cannot add an event source: %s", strerror(-r));
		zl_server_close(s);
		return r;
	}
	rearm(s);
	return 0;
}

int zl_server_run(struct zl_server *s, struct zl_error *reterr)
{
	int r = sd_event_loop(s->event);

	if (r < 0)
		return zl_fail(
			reterr, r, "the event loop has failed: %s", strerror(-r));
	(void)zl_agent_write(&s->agent);
	return 0;
}

void zl_server_close(struct zl_server *s)
{
	zl_sessions_done(&s->sessions);
	(void)sd_event_source_unref(s->end);
	(void)sd_event_source_unref(s->soon);
	(void)sd_event_source_unref(s->listener);
	(void)sd_event_source_unref(s->resume);
	if (s->agent.config != NULL)
		zl_agent_close(&s->agent);
	zl_monitor_close(&s->monitor);
	if (s->listen_fd >= 0)
		(void)close(s->listen_fd);
	(void)sd_event_unref(s->event);
	*s = (struct zl_server){ .listen_fd = -1, .agent.lock_fd = -1 };
}
