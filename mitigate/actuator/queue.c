/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One queue and one worker process for each hypervisor. */
#include "mitigate/actuator/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/worker.h"
#include "mitigate/actuator/contain.h"
#include "mitigate/actuator/serve.h"
#include "mitigate/protocol.h"

struct request {
	struct request *next;
	struct zl_uuid lease;
	uint32_t seq;
	bool is_put;
	char told[sizeof(
		((struct zl_error *)0)->msg)]; /* the last complaint reported */
	size_t n;
	uint8_t frame[];
};

/* One hypervisor. */
struct host {
	struct zl_queue *queue;
	struct host *next;
	struct zl_worker *worker; /* NULL: none runs */
	struct request *first;	  /* at work when `busy` */
	unsigned n;
	bool busy;
	unsigned tries;		/* failed in a row */
	sd_event_source *timer; /* the next try, or its own end */
	char *uri;
};

struct zl_queue {
	struct zl_queue_config config;
	struct host *hosts;
	unsigned n_hosts;
};

static void run_next(struct host *h);
static void remove_host(struct host *h);

/* --- reports --- */

static void report(struct zl_queue *q, uint32_t seq, const struct zl_lease_report *rep)
{
	uint8_t buf[ZL_SERVE_REPORT];
	ssize_t n = zl_serve_format(buf, seq, rep);

	if (n > 0)
		q->config.on_report(buf, (size_t)n, q->config.user);
}

/* An answer without having asked the hypervisor. */
static void refuse(struct zl_queue *q, const struct request *rq, int code,
	const char *what, const char *hint)
{
	struct zl_lease_report rep = { .id = rq->lease,
		.state = rq->is_put ? ZL_LEASE_FAILED : ZL_LEASE_RELEASING };

	(void)zl_fail_id(&rep.error, code, "actuator.refused", hint, "%s", what);
	report(q, rq->seq, &rep);
}

/* --- requests --- */

static struct request *new_request(const struct zl_frame_in *in)
{
	size_t n = in->nlh->nlmsg_len;
	struct request *rq = calloc(1, sizeof(*rq) + n);

	if (rq == NULL)
		return NULL;
	rq->seq = in->seq;
	rq->is_put = in->type == ZL_AGENT_LEASE_PUT;
	rq->n = n;
	memcpy(rq->frame, in->nlh, n);
	return rq;
}

/* The lease that a request is about: the id in its nest, or its own attribute. */
static int read_lease_id(const struct zl_frame_in *in, struct zl_uuid *ret)
{
	struct zl_lease lease;
	int r = 0;

	if (in->type == ZL_AGENT_LEASE_PUT) {
		r = zl_lease_get(in->tb[ZL_AGENT_A_LEASE], &lease, NULL);
		if (r >= 0)
			*ret = lease.id;
	} else
		zl_attr_copy(in->tb[ZL_AGENT_A_ID], ret->b, sizeof(ret->b));
	return r;
}

static struct request *take_first(struct host *h)
{
	struct request *rq = h->first;

	h->first = rq->next;
	rq->next = NULL;
	h->n--;
	h->busy = false;
	return rq;
}

static void add_last(struct host *h, struct request *rq)
{
	struct request **at = &h->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = rq;
	h->n++;
}

static bool has_newer(const struct host *h, const struct request *old)
{
	for (const struct request *rq = h->first; rq != NULL; rq = rq->next)
		if (zl_uuid_eq(&rq->lease, &old->lease))
			return true;
	return false;
}

/* What waits for the same lease is out of date; what is at work goes on. */
static void remove_older(struct host *h, const struct zl_uuid *lease)
{
	struct request **at = &h->first;

	if (h->busy && *at != NULL)
		at = &(*at)->next;
	while (*at != NULL) {
		struct request *rq = *at;

		if (zl_uuid_eq(&rq->lease, lease)) {
			*at = rq->next;
			h->n--;
			free(rq);
		} else
			at = &rq->next;
	}
}

/* --- the worker --- */

static int on_timer(sd_event_source *s, uint64_t usec, void *user)
{
	struct host *h = user;

	(void)s;
	(void)usec;
	h->timer = sd_event_source_disable_unref(h->timer);
	if (h->first != NULL)
		run_next(h);
	else
		remove_host(h); /* idle; the next request makes it anew */
	return 0;
}

static void set_timer(struct host *h, uint64_t ms)
{
	h->timer = sd_event_source_disable_unref(h->timer);
	/* Without a timer the next request makes up for it. */
	(void)sd_event_add_time_relative(h->queue->config.event, &h->timer,
		CLOCK_MONOTONIC, ms * (uint64_t)ZL_US_PER_MS, 0, on_timer, h);
}

/*
 * The first request cannot be done now: tell why, and try it again after the others.
 * One that came for the same lease meanwhile takes its place: a quarantine must not
 * come back after its release.
 */
static void retry_first(struct host *h, struct zl_lease_report *rep)
{
	struct request *rq = take_first(h);

	if (has_newer(h, rq)) {
		free(rq);
		run_next(h);
		return;
	}
	if (strcmp(rq->told, rep->error.msg) != 0) {
		(void)snprintf(rq->told, sizeof(rq->told), "%s", rep->error.msg);
		report(h->queue, rq->seq, rep);
	}
	add_last(h, rq);
	set_timer(
		h, zl_backoff_ms(h->tries, ZL_QUEUE_RETRY_MS, ZL_QUEUE_RETRY_MOST_MS));
	if (h->tries < 16)
		h->tries++;
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct host *h = user;
	struct zl_lease_report rep;

	(void)c;
	if (in->type != ZL_AGENT_LEASE_STATE || !h->busy ||
		zl_lease_report_get(in->tb[ZL_AGENT_A_REPORT], &rep, NULL) < 0)
		return;
	if (zl_contain_should_retry(&rep)) {
		retry_first(h, &rep);
		return;
	}
	h->tries = 0;
	h->queue->config.on_report(in->nlh, in->nlh->nlmsg_len, h->queue->config.user);
	free(take_first(h));
	if (h->first != NULL)
		run_next(h);
	else
		set_timer(h, h->queue->config.idle_ms);
}

static void on_gone(struct zl_worker *w, const struct zl_error *why, void *user)
{
	struct host *h = user;
	struct zl_lease_report rep = { .state = ZL_LEASE_RELEASING, .error = *why };

	(void)w;
	h->worker = NULL;
	if (!h->busy)
		return;
	rep.id = h->first->lease;
	if (h->first->is_put)
		rep.state = ZL_LEASE_PENDING;
	retry_first(h, &rep);
}

static int start_worker(struct host *h, struct zl_error *reterr)
{
	struct zl_serve_config serve = { .uri = h->uri,
		.dir = h->queue->config.dir,
		.peers = h->queue->config.peers };
	struct zl_worker_config config = {
		.name = "actuator-host",
		.deadline_ms = ZL_QUEUE_DEADLINE_MS,
		.main = zl_serve_main,
		.arg = &serve, /* the child has a copy of it */
		.handlers = { .table = zl_agent_messages,
			.n_table = ZL_AGENT_MESSAGE_N,
			.on_frame = on_frame },
		.on_gone = on_gone,
		.user = h,
	};

	return zl_worker_start(h->queue->config.event, &config, &h->worker, reterr);
}

static void run_next(struct host *h)
{
	struct zl_lease_report rep = { .state = ZL_LEASE_PENDING };
	int r = 0;

	if (h->busy || h->first == NULL)
		return;
	h->timer = sd_event_source_disable_unref(h->timer);
	h->busy = true;
	if (h->worker == NULL)
		r = start_worker(h, &rep.error);
	if (r >= 0)
		r = zl_channel_send_raw(
			zl_worker_channel(h->worker), h->first->frame, h->first->n);
	if (r >= 0)
		return;
	if (rep.error.code == 0)
		(void)zl_fail(
			&rep.error, r, "cannot talk to the worker: %s", strerror(-r));
	rep.id = h->first->lease;
	if (!h->first->is_put)
		rep.state = ZL_LEASE_RELEASING;
	retry_first(h, &rep);
}

/* --- hypervisors --- */

static void free_host(struct host *h)
{
	zl_worker_stop(h->worker);
	sd_event_source_disable_unref(h->timer);
	while (h->first != NULL)
		free(take_first(h));
	free(h->uri);
	free(h);
}

static void remove_host(struct host *h)
{
	struct host **at = &h->queue->hosts;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	h->queue->n_hosts--;
	free_host(h);
}

static struct host *find_host(struct zl_queue *q, const char *uri)
{
	struct host *h;

	for (h = q->hosts; h != NULL; h = h->next)
		if (strcmp(h->uri, uri) == 0)
			return h;
	if (q->n_hosts == q->config.hosts_max || (h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->queue = q;
	h->uri = strdup(uri);
	if (h->uri == NULL) {
		free(h);
		return NULL;
	}
	h->next = q->hosts;
	q->hosts = h;
	q->n_hosts++;
	return h;
}

int zl_queue_new(const struct zl_queue_config *config, struct zl_queue **ret,
	struct zl_error *reterr)
{
	struct zl_queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	q->config = *config;
	*ret = q;
	return 0;
}

void zl_queue_free(struct zl_queue *q)
{
	if (q == NULL)
		return;
	while (q->hosts != NULL) {
		struct host *h = q->hosts;

		q->hosts = h->next;
		free_host(h);
	}
	free(q);
}

void zl_queue_push(struct zl_queue *q, const struct zl_frame_in *in)
{
	const char *uri = zl_attr_str(in->tb[ZL_AGENT_A_URI]);
	ZL_AUTO(zl_mem) struct request *rq = new_request(in);
	struct host *h;

	if (rq == NULL || read_lease_id(in, &rq->lease) < 0)
		return; /* the engine sends it again */
	if (uri[0] == '\0') {
		refuse(q, rq, -EINVAL, "no libvirt URI is known for the host",
			"give the host's definition an actuator-uri");
		return;
	}
	h = find_host(q, uri);
	if (h != NULL)
		remove_older(h, &rq->lease);
	if (h == NULL || h->n >= ZL_QUEUE_REQUESTS_MAX) {
		refuse(q, rq, -ENOBUFS, "too many requests wait for the actuator", "");
		return;
	}
	add_last(h, zl_take_ptr(rq));
	/* a new wish does not wait for the next try of an old one */
	run_next(h);
}
