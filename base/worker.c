/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Worker processes: fork, watch the page, end what hangs, reap, say why. */
#include "base/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum {
	CALL_NAME = 64,
	CHILD_FD = 3, /* where the child keeps its end */
	/* After everything the child has said was read: a lower priority. */
	GONE_PRIORITY = SD_EVENT_PRIORITY_NORMAL + 10,
};

/*
 * Shared with the child, which alone writes.  `since_us` is 0 outside of calls; it
 * is written after `call`, so who reads a time also reads the call's name.
 */
struct zl_worker_page {
	_Atomic uint64_t since_us;
	char call[CALL_NAME];
};

struct zl_worker {
	struct zl_worker_config config;
	char name[64]; /* what config.name points to */
	struct zl_channel_handlers handlers;
	struct zl_channel *channel;
	sd_event_source *gone, *timer;
	struct zl_worker_page *page;
	struct zl_error why; /* why we ended it; code 0: we did not */
	pid_t pid;	     /* 0: reaped */
	int pidfd;
	bool in_gone;
};

void zl_worker_begin(struct zl_worker_self *self, const char *call)
{
	if (self->page == NULL)
		return;
	(void)snprintf(self->page->call, sizeof(self->page->call), "%s", call);
	atomic_store_explicit(
		&self->page->since_us, zl_mono_now().us, memory_order_release);
}

void zl_worker_end(struct zl_worker_self *self)
{
	if (self->page != NULL)
		atomic_store_explicit(&self->page->since_us, 0, memory_order_release);
}

static void end_worker(struct zl_worker *w, const struct zl_error *why)
{
	if (w->why.code == 0)
		w->why = *why;
	if (w->pid > 0)
		(void)kill(w->pid, SIGKILL);
}

static void check_deadline(struct zl_worker *w)
{
	uint64_t since = atomic_load_explicit(&w->page->since_us, memory_order_acquire);
	struct zl_error why = { 0 };
	char call[CALL_NAME];

	if (since == 0)
		return;
	if (zl_mono_since(zl_mono_now(), (struct zl_mono){ since }) / ZL_US_PER_MS <
		w->config.deadline_ms)
		return;
	memcpy(call, w->page->call, sizeof(call));
	call[sizeof(call) - 1] = '\0';
	(void)zl_fail(&why, -ETIMEDOUT, "%s did not return within %.1f s", call,
		(double)w->config.deadline_ms / 1000);
	end_worker(w, &why);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *user)
{
	struct zl_worker *w = user;

	(void)usec;
	check_deadline(w);
	(void)sd_event_source_set_time_relative(
		s, w->config.deadline_ms * (uint64_t)ZL_US_PER_MS / 4);
	(void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_worker *w = user;

	w->config.handlers.on_frame(c, in, w->config.user);
}

/* A child that has closed its end, or breaks the protocol, is of no use any more. */
static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct zl_worker *w = user;

	(void)c;
	if (why->code == -EPIPE || why->code == -ECONNRESET)
		return; /* it is about to end, and its exit status says more */
	end_worker(w, why);
}

/* How the child ended, when it was not us who ended it. */
static void explain_status(const struct zl_worker *w, int status, struct zl_error *ret)
{
	if (WIFEXITED(status))
		(void)zl_fail(ret, -ECHILD, "worker %s ended with exit code %d",
			w->name, WEXITSTATUS(status));
	else
		(void)zl_fail(ret, -ECHILD, "worker %s was ended by signal %d (%s)",
			w->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static int reap(struct zl_worker *w)
{
	int status = 0;

	while (w->pid > 0 && waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
	return status;
}

static void free_worker(struct zl_worker *w)
{
	if (w->pid > 0) {
		/* A killed process that only waits for sockets goes at once. */
		(void)kill(w->pid, SIGKILL);
		(void)reap(w);
	}
	sd_event_source_disable_unref(w->gone);
	sd_event_source_disable_unref(w->timer);
	zl_channel_close(w->channel);
	if (w->pidfd >= 0)
		(void)close(w->pidfd);
	if (w->page != NULL)
		(void)munmap(w->page, sizeof(*w->page));
	free(w);
}

static int on_gone(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_worker *w = user;
	struct zl_error why = { 0 };
	int status = reap(w);

	(void)s;
	(void)fd;
	(void)revents;
	if (w->why.code != 0)
		why = w->why;
	else
		explain_status(w, status, &why);
	w->in_gone = true;
	w->config.on_gone(w, &why, w->config.user);
	free_worker(w);
	return 0;
}

/* The child; never returns.  It must not touch the owner's event loop. */
static void run_child(struct zl_worker *w, int fd, pid_t owner)
{
	struct zl_worker_self self = { .fd = CHILD_FD, .page = w->page };
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != owner)
		_exit(127);
	(void)prctl(PR_SET_NAME, w->name);
	if (fd != CHILD_FD && dup3(fd, CHILD_FD, O_CLOEXEC) < 0)
		_exit(127);
	if (syscall(SYS_close_range, CHILD_FD + 1, ~0U, 0) < 0)
		_exit(127);
	/* The owner blocks signals for its loop, the child wants them as they are. */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(w->config.main(&self, w->config.arg));
}

/* Watch the child's channel, life and page. */
static int watch_child(
	sd_event *event, struct zl_worker *w, int *fd, struct zl_error *reterr)
{
	uint64_t period_us = w->config.deadline_ms * (uint64_t)ZL_US_PER_MS / 4;
	int r;

	w->handlers = w->config.handlers;
	w->handlers.on_frame = on_frame;
	w->handlers.on_closed = on_closed;
	r = zl_channel_new(event, zl_take_fd(fd), &w->handlers, w, &w->channel, reterr);
	if (r < 0)
		return r;
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0)
		return zl_fail(reterr, -errno, "cannot watch worker %s: %m", w->name);
	(void)fcntl(w->pidfd, F_SETFD, FD_CLOEXEC);
	r = sd_event_add_io(event, &w->gone, w->pidfd, EPOLLIN, on_gone, w);
	if (r >= 0)
		r = sd_event_source_set_priority(w->gone, GONE_PRIORITY);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &w->timer, CLOCK_MONOTONIC,
			period_us, period_us / 10 + 1, on_timer, w);
	if (r < 0)
		return zl_fail(
			reterr, r, "cannot watch worker %s: %s", w->name, strerror(-r));
	return 0;
}

static int new_worker(const struct zl_worker_config *config, struct zl_worker **ret)
{
	struct zl_worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	w->config = *config;
	w->pidfd = -1;
	(void)snprintf(w->name, sizeof(w->name), "%s", config->name);
	w->config.name = w->name;
	w->page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->page == MAP_FAILED) {
		free(w);
		return -ENOMEM;
	}
	*ret = w;
	return 0;
}

int zl_worker_start(sd_event *event, const struct zl_worker_config *config,
	struct zl_worker **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int ours = -1;
	struct zl_worker *w = NULL;
	pid_t owner = getpid();
	int pair[2], r;

	if (new_worker(config, &w) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r = zl_fail(reterr, -errno, "cannot make a channel to a worker: %m");
		free_worker(w);
		return r;
	}
	ours = pair[0];
	w->pid = fork();
	if (w->pid == 0)
		run_child(w, pair[1], owner);
	r = w->pid < 0 ? zl_fail(reterr, -errno, "cannot start a worker: %m") : 0;
	(void)close(pair[1]);
	if (r >= 0)
		r = watch_child(event, w, &ours, reterr);
	if (r < 0) {
		free_worker(w);
		return r;
	}
	*ret = w;
	return 0;
}

void zl_worker_stop(struct zl_worker *w)
{
	if (w != NULL && !w->in_gone)
		free_worker(w);
}

struct zl_channel *zl_worker_channel(struct zl_worker *w)
{
	return w->channel;
}

uint64_t zl_backoff_ms(unsigned n, uint64_t first, uint64_t most)
{
	uint64_t whole = first, random = 0;

	for (; n > 0 && whole < most; n--)
		whole *= 2;
	if (whole > most)
		whole = most;
	/* Without entropy there is no jitter, which is no reason to fail. */
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return whole / 2 + random % (whole - whole / 2 + 1);
}
