/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be done, one queue and one worker process for each hypervisor.
 *
 * A libvirt call may take seconds or never return, so requests run in a worker
 * (base/worker.h) that has the connection of one hypervisor, one after the other.  What
 * failed for a reason that can pass (zl_contain_should_retry, or a worker that hung or
 * died) goes to the end of its queue and is tried again with backoff; the same complaint
 * is reported only once.  A request replaces those of the same lease that wait.
 *
 * A hypervisor without work is forgotten after a while, and its worker ended: nobody
 * needs an open read-write connection.
 */
#ifndef ZL_ACTUATOR_QUEUE_H
#define ZL_ACTUATOR_QUEUE_H
#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/frame.h"
#include "mitigate/actuator/filter.h"

enum {
	ZL_QUEUE_DEADLINE_MS = 60000, /* of one nwfilter call; seconds are normal */
	ZL_QUEUE_IDLE_MS = 60000,
	ZL_QUEUE_RETRY_MS = 500,
	ZL_QUEUE_RETRY_MOST_MS = 60000,
	ZL_QUEUE_HOSTS_MAX = 1024,
	ZL_QUEUE_REQUESTS_MAX = 4096, /* of one hypervisor */
};

struct zl_queue;

struct zl_queue_config {
	sd_event *event;
	unsigned hosts_max; /* at most that many have work or had some ... */
	unsigned idle_ms;   /* ... that long ago */
	const char *dir;    /* of the originals */
	const struct zl_filter_peers *peers; /* both must outlive the queue */
	/* A LEASE_STATE frame of `n` bytes for the engine. */
	void (*on_report)(const void *frame, size_t n, void *user);
	void *user;
};

int zl_queue_new(const struct zl_queue_config *config, struct zl_queue **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_queue_free(struct zl_queue *q); /* ends the workers */

/* Take a LEASE_PUT or LEASE_DROP; every one is answered by on_report, at once or later. */
void zl_queue_push(struct zl_queue *q, const struct zl_frame_in *in);

#endif
