/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process for calls that may never return.
 *
 * libvirt calls have no time limit and a stuck one cannot be cancelled in a
 * thread, only by ending its process.  So each host's connection lives in a worker:
 * a fork of the caller with one SOCK_SEQPACKET channel to it and one shared page in
 * which it says since when it is inside which call.  The owner looks at the page
 * every quarter of the deadline; a call that exceeds the deadline is ended by
 * SIGKILL, and `on_gone` says which call it was.
 *
 * The owner restarts a worker, after waits of zl_backoff_ms().
 */
#ifndef ZL_BASE_WORKER_H
#define ZL_BASE_WORKER_H
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/channel.h"
#include "base/error.h"

struct zl_worker;

/* The child's side. */
struct zl_worker_self {
	int fd; /* SOCK_SEQPACKET, blocking */
	struct zl_worker_page *page;
};

/* Bracket every call that may hang. */
void zl_worker_begin(struct zl_worker_self *self, const char *call);
void zl_worker_end(struct zl_worker_self *self);

struct zl_worker_config {
	const char *name; /* for `ps` and messages, e.g. the host's name */
	uint64_t deadline_ms;
	int (*main)(struct zl_worker_self *self,
		void *arg); /* in the child; its exit code */
	void *arg;
	struct zl_channel_handlers handlers; /* on_frame, table; on_closed unused */
	void (*on_gone)(struct zl_worker *w, const struct zl_error *why, void *user);
	void *user; /* of on_frame and on_gone */
};

/*
 * Fork and run.  `config` is copied.  on_gone comes once, from the event loop, when the
 * child has ended or was ended; the worker is freed after it returns.
 */
int zl_worker_start(sd_event *event, const struct zl_worker_config *config,
	struct zl_worker **ret, struct zl_error *reterr) ZL_CHECKED;

/* End it and free it; on_gone does not come.  NULL is fine. */
void zl_worker_stop(struct zl_worker *w);

struct zl_channel *zl_worker_channel(struct zl_worker *w);

/*
 * Exponential backoff with jitter, in ms: the n-th wait (from 0) is between half of and the whole
 * of first * 2^n, at most `most`.
 */
uint64_t zl_backoff_ms(unsigned n, uint64_t first, uint64_t most);

#endif
