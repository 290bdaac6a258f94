/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The enrolled hosts and their workers: one libvirt source (source_libvirt.h) for each,
 * started again whenever it ends.
 *
 *	not yet up --worker says up--> up --worker gone--> stale --worker says up--> up
 *
 * `on_frame` gets everything for the engine: the workers' frames as they are (checked:
 * a worker speaks only for its own host), and HOST_STATE whenever the state or its
 * reason changes.  A host that was never up stays "connecting", with the reason why it
 * cannot be reached.
 *
 * A worker is ended when a libvirt call takes longer than `deadline_ms`.  The waits between
 * attempts grow from `first_ms` to `most_ms` (with jitter), and start anew when a host
 * was up for a while.
 */
#ifndef ZL_INVENTORY_WATCH_H
#define ZL_INVENTORY_WATCH_H
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "inventory/source_libvirt.h"

enum { ZL_WATCH_HOSTS_MAX = 2048 };

struct zl_watch;

struct zl_watch_config {
	uint64_t deadline_ms;			/* 0: 5000 */
	uint64_t first_ms, most_ms;		/* of the waits, 0: 500 and 30000 */
	struct zl_source_libvirt_config source; /* its intervals; host and uri unused */
	void (*on_frame)(const void *bytes, size_t n, void *user);
	/* For the log: a host's state or reason has changed.  May be NULL. */
	void (*on_state)(const char *host, int state, const char *reason, void *user);
	void *user;
};

int zl_watch_new(sd_event *event, const struct zl_watch_config *config,
	struct zl_watch **ret, struct zl_error *reterr) ZL_CHECKED;
void zl_watch_free(struct zl_watch *w); /* ends all workers; NULL is fine */
ZL_DEFINE_AUTO(zl_watch, struct zl_watch, zl_watch_free);

/*
 * Watch a host, or connect to it anew.  A worker that cannot be started is tried again
 * later like one that ended.  -ENOBUFS: too many hosts; -ENOMEM.
 */
int zl_watch_put(struct zl_watch *w, const char *host, const char *uri,
	struct zl_error *reterr) ZL_CHECKED;
void zl_watch_remove(struct zl_watch *w, const char *host);

#endif
