/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop of zonelock-exporter. */
#include "exporter/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/worker.h"

enum {
	LOCK_TRIES = 100,
	LOCK_MS = 100, /* between tries: a pmacctd of before needs 2 s to end */
	READY_MS = 50,
	VERIFY_MS = 2000,
	FAILED_MS = 500,
	FAILED_MOST_MS = 30 * 1000,
	LIST_MS = 30 * 1000,
	ACCURACY_US = 1000,
};

/* --- taps ------------------------------------------------------------------------- */

/* Compare the taps that are there with those that pmacctd knows. */
static void compare(struct zl_exporter *x)
{
	enum zl_tapmap_change change;

	zl_tapmap_list(&x->links, &x->now);
	x->wanted = x->read;
	change = zl_tapmap_follow(&x->wanted, &x->now);
	if (change == ZL_TAPMAP_SAME)
		x->read = x->wanted; /* with what is gone */
	if (x->now.n_left_out > 0 && !x->told_left_out)
		zl_log(LOG_WARNING,
			"%zu taps are left out: pmacctd can hear %d, with plain names",
			x->now.n_left_out, ZL_TAPMAP_MAX);
	x->told_left_out = x->now.n_left_out > 0;
	zl_keeper_changed(
		&x->keeper, change, zl_tapmap_present(&x->wanted) > 0, zl_mono_now());
}

static void on_change(const struct zl_link_event *e, void *user)
{
	bool *taps = user;

	if ((e->change == ZL_LINK_CHANGED || e->change == ZL_LINK_REMOVED) &&
		e->link.tap)
		*taps = true;
}

static bool list_links(struct zl_exporter *x)
{
	struct zl_error err;
	bool taps = false;

	if (zl_links_socket_dump(&x->socket, &x->links, true, on_change, &taps, &err) <
		0)
		zl_log_error(LOG_ERR, &err, NULL);
	return taps;
}

/* --- pmacctd ---------------------------------------------------------------------- */

static int write_map(struct zl_exporter *x, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *text = malloc(ZL_TAPMAP_TEXT);
	size_t n;
	int r;

	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	n = zl_tapmap_format(&x->read, text, ZL_TAPMAP_TEXT);
	r = zl_file_replace(x->dir, ZL_PMACCTD_MAP, text, n);
	if (r < 0)
		return zl_fail(reterr, r, "cannot write %s/" ZL_PMACCTD_MAP ": %s",
			x->config->run_directory, strerror(-r));
	return 0;
}

static int write_config(struct zl_exporter *x, struct zl_error *reterr)
{
	char text[ZL_PMACCTD_TEXT];
	int r = zl_pmacctd_format(x->config, text, sizeof(text));

	if (r >= 0)
		r = zl_file_replace(x->dir, ZL_PMACCTD_CONFIG, text, strlen(text));
	if (r < 0)
		return zl_fail(reterr, r, "cannot write %s/" ZL_PMACCTD_CONFIG ": %s",
			x->config->run_directory, strerror(-r));
	return 0;
}

static uint64_t wait_ms(unsigned n)
{
	return zl_backoff_ms(n, FAILED_MS, FAILED_MOST_MS);
}

static void start(struct zl_exporter *x)
{
	struct zl_error err;
	int r;

	zl_tapmap_list(&x->links, &x->now);
	x->read.n = 0;
	(void)zl_tapmap_follow(&x->read, &x->now);
	r = write_map(x, &err);
	if (r >= 0)
		r = write_config(x, &err);
	if (r >= 0)
		r = zl_pmacctd_start(x->config, &x->pid, &err);
	zl_keeper_did(&x->keeper, ZL_KEEPER_START, zl_mono_now());
	x->verify.us = 0;
	if (r >= 0) {
		zl_log(LOG_NOTICE, "pmacctd (process %d) listens to %zu taps",
			(int)x->pid, x->read.n);
		return;
	}
	zl_log_error(LOG_ERR, &err, NULL);
	zl_keeper_failed(&x->keeper, zl_mono_now());
	(void)zl_keeper_ended(&x->keeper, zl_mono_now(), wait_ms);
}

static void reload(struct zl_exporter *x)
{
	struct zl_error err;

	x->read = x->wanted;
	if (write_map(x, &err) < 0)
		zl_log_error(LOG_ERR, &err, NULL);
	else if (kill(x->pid, SIGUSR2) < 0)
		zl_log(LOG_ERR, "cannot tell pmacctd of new taps: %m");
	zl_keeper_did(&x->keeper, ZL_KEEPER_RELOAD, zl_mono_now());
	x->verify = zl_mono_add_ms(zl_mono_now(), VERIFY_MS);
	zl_log(LOG_NOTICE, "pmacctd is told of new taps: %zu now",
		zl_tapmap_present(&x->read));
}

/* To both its processes, even when the first has ended. */
static void end(struct zl_exporter *x, int signal)
{
	if (x->pid > 0)
		(void)kill(-x->pid, signal);
}

/* After it was told of new taps: if it does not hear them, it must start again. */
static void verify(struct zl_exporter *x, struct zl_mono now)
{
	if (x->verify.us == 0 || now.us < x->verify.us ||
		x->keeper.phase != ZL_KEEPER_UP)
		return;
	x->verify.us = 0;
	if (zl_pmacctd_hears(&x->read))
		return;
	zl_log(LOG_WARNING, "pmacctd does not hear the new taps: starting it again");
	zl_keeper_changed(&x->keeper, ZL_TAPMAP_OTHER, x->keeper.wanted, now);
}

static void wake_at(struct zl_exporter *x, struct zl_mono at, struct zl_mono now)
{
	uint64_t us = 0;

	if (x->verify.us != 0 && x->verify.us < at.us)
		at = x->verify;
	if (at.us == UINT64_MAX) {
		(void)sd_event_source_set_enabled(x->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_now(x->event, CLOCK_MONOTONIC, &us);
	(void)sd_event_source_set_time(x->timer, us + zl_mono_since(at, now));
	(void)sd_event_source_set_enabled(x->timer, SD_EVENT_ONESHOT);
}

/* Do what is due, and sleep until the next thing is. */
static void step(struct zl_exporter *x)
{
	struct zl_mono now = zl_mono_now(), wake;

	verify(x, now);
	switch (zl_keeper_next(&x->keeper, now, &wake)) {
	case ZL_KEEPER_WAIT: break;
	case ZL_KEEPER_START:
		start(x);
		wake = now;
		break;
	case ZL_KEEPER_RELOAD:
		if (zl_pmacctd_is_ready(x->pid))
			reload(x);
		wake = zl_mono_add_ms(now, READY_MS);
		break;
	case ZL_KEEPER_STOP:
		end(x, SIGINT);
		zl_keeper_did(&x->keeper, ZL_KEEPER_STOP, now);
		wake = now;
		break;
	case ZL_KEEPER_KILL:
		zl_log(LOG_WARNING, "pmacctd does not end: it is killed");
		end(x, SIGKILL);
		zl_keeper_did(&x->keeper, ZL_KEEPER_STOP, now);
		wake = now;
		break;
	case ZL_KEEPER_EXIT: (void)sd_event_exit(x->event, 0); return;
	}
	wake_at(x, wake, now);
}

/* --- events ----------------------------------------------------------------------- */

static int on_links(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct zl_exporter *x = user;
	bool taps = false;
	int r = zl_links_socket_events(&x->socket, &x->links, on_change, &taps);

	(void)source;
	(void)fd;
	(void)events;
	if (r < 0) {
		zl_log(LOG_NOTICE, "interface events were lost (%s): listing all again",
			strerror(-r));
		taps |= list_links(x);
	}
	if (taps)
		compare(x);
	step(x);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t when, void *user)
{
	(void)source;
	(void)when;
	step(user);
	return 0;
}

/* What no event told. */
static int on_period(sd_event_source *source, uint64_t when, void *user)
{
	struct zl_exporter *x = user;

	if (list_links(x))
		compare(x);
	step(x);
	(void)sd_event_source_set_time(source, when + LIST_MS * ZL_US_PER_MS);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* Orphans of pmacctd become our children, so it has ended when there are none. */
static int on_child(
	sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct zl_exporter *x = user;
	pid_t pid;
	int status;

	(void)source;
	(void)si;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != x->pid || x->keeper.phase != ZL_KEEPER_UP)
			continue;
		zl_log(LOG_WARNING, "pmacctd has ended of itself (%s %d)",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		zl_keeper_failed(&x->keeper, zl_mono_now());
		end(x, SIGINT);
	}
	if (pid < 0 && errno == ECHILD && x->keeper.phase == ZL_KEEPER_ENDING) {
		x->pid = 0;
		(void)zl_keeper_ended(&x->keeper, zl_mono_now(), wait_ms);
	}
	step(x);
	return 0;
}

static int on_signal(
	sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct zl_exporter *x = user;

	(void)source;
	(void)si;
	x->keeper.leaving = true;
	step(x);
	return 0;
}

/* --- life ------------------------------------------------------------------------- */

/* Not close-on-exec: as long as a pmacctd of ours lives, nobody starts another. */
static int take_lock(struct zl_exporter *x, struct zl_error *reterr)
{
	const char *path = x->config->run_directory;

	x->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->dir >= 0)
		x->lock = openat(x->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (x->dir < 0 || x->lock < 0)
		return zl_fail(reterr, -errno, "cannot use the directory %s: %m", path);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(x->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return zl_fail(reterr, -errno, "cannot lock %s: %m", path);
		(void)usleep(LOCK_MS * 1000);
	}
	return zl_fail(reterr, -EBUSY,
		"another zonelock-exporter, or its pmacctd, runs with %s", path);
}

static int add_sources(struct zl_exporter *x)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGCHLD };
	sd_event *e = x->event;
	sigset_t set;
	int r = 0;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < N_ITEMS(signals); i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; r >= 0 && i < N_ITEMS(signals); i++) {
		sd_event_source *source = NULL;

		r = sd_event_add_signal(e, &source, signals[i],
			signals[i] == SIGCHLD ? on_child : on_signal, x);
		if (r < 0)
			break;
		/* Who ends us may have ended pmacctd too: that is no failure. */
		if (signals[i] != SIGCHLD)
			(void)sd_event_source_set_priority(
				source, SD_EVENT_PRIORITY_IMPORTANT);
		(void)sd_event_source_set_floating(source, 1);
		(void)sd_event_source_unref(source);
	}
	if (r >= 0)
		r = sd_event_add_io(e, NULL, mnl_socket_get_fd(x->socket.events),
			EPOLLIN, on_links, x);
	if (r >= 0)
		r = sd_event_add_time_relative(e, NULL, CLOCK_MONOTONIC,
			LIST_MS * ZL_US_PER_MS, ACCURACY_US, on_period, x);
	if (r >= 0)
		r = sd_event_add_time(e, &x->timer, CLOCK_MONOTONIC, UINT64_MAX,
			ACCURACY_US, on_timer, x);
	return r;
}

int zl_exporter_open(struct zl_exporter *x, const struct zl_exporter_config *config,
	struct zl_error *reterr)
{
	int r;

	*x = (struct zl_exporter){ .config = config, .dir = -1, .lock = -1 };
	x->keeper.settle_ms = (uint64_t)config->settle_ms;
	zl_links_init(&x->links);
	r = take_lock(x, reterr);
	if (r >= 0)
		r = zl_links_socket_open(&x->socket, reterr);
	if (r >= 0)
		r = zl_links_socket_dump(
			&x->socket, &x->links, false, NULL, NULL, reterr);
	if (r >= 0) {
		r = sd_event_new(&x->event);
		if (r >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
			r = -errno;
		if (r >= 0)
			r = add_sources(x);
		if (r < 0)
			(void)zl_fail(reterr, r, "cannot make an event loop: %s",
				strerror(-r));
	}
	if (r < 0) {
		zl_exporter_close(x);
		return r;
	}
	compare(x);
	if (!x->keeper.wanted)
		zl_log(LOG_NOTICE, "there are no taps yet");
	return 0;
}

int zl_exporter_run(struct zl_exporter *x, struct zl_error *reterr)
{
	int r;

	step(x);
	(void)sd_notify(0, "READY=1");
	r = sd_event_loop(x->event);
	(void)sd_notify(0, "STOPPING=1");
	if (r < 0)
		return zl_fail(
			reterr, r, "the event loop has failed: %s", strerror(-r));
	return 0;
}

void zl_exporter_close(struct zl_exporter *x)
{
	(void)sd_event_source_unref(x->timer);
	(void)sd_event_unref(x->event);
	zl_links_socket_close(&x->socket);
	zl_links_done(&x->links);
	if (x->dir >= 0)
		(void)close(x->dir);
	if (x->lock >= 0)
		(void)close(x->lock);
	*x = (struct zl_exporter){ .dir = -1, .lock = -1 };
}
