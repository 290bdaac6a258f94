/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker for each host, started again when it ends; states and reasons. */
#include "inventory/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "inventory/protocol.h"

enum {
	DEADLINE_MS = 5000,
	FIRST_MS = 500,
	MOST_MS = 30000,
	SETTLED_MS = 10000, /* up for so long: the next wait is the first again */
	HOST_NAME = 64,
	TEXT = 512,
};

struct host {
	struct zl_watch *watch;
	char name[HOST_NAME]; /* zero-padded: the key */
	char *uri;
	struct zl_source_libvirt_config source; /* borrows name and uri */
	struct zl_worker *worker;
	sd_event_source *timer;
	unsigned n_failed;
	bool was_up, is_up;
	struct zl_mono up_since;
	bool explained; /* the worker has said why it ends */
	int told_state; /* -1: nothing yet */
	char told[TEXT];
};

struct zl_watch {
	sd_event *event;
	struct zl_watch_config config;
	struct zl_map hosts;
	_Alignas(8) uint8_t frame[ZL_FRAME_MAX];
};

static void start_worker(struct host *h);

/* --- telling --- */

/* The state, when it or its reason is new. */
static void tell_state(struct host *h, enum zl_host_state state, const char *text)
{
	struct zl_watch *w = h->watch;
	struct zl_frame f;
	char clean[TEXT];
	ssize_t n;

	(void)zl_domain_copy_text(clean, sizeof(clean), text);
	if (h->told_state == (int)state && strcmp(h->told, clean) == 0)
		return;
	h->told_state = (int)state;
	memcpy(h->told, clean, sizeof(clean));
	zl_frame_start(&f, w->frame, sizeof(w->frame), ZL_INV_HOST_STATE, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, h->name);
	zl_frame_put_u8(&f, ZL_INV_A_STATE, (uint8_t)state);
	zl_frame_put_str(&f, ZL_INV_A_TEXT, clean);
	n = zl_frame_end(&f);
	if (n > 0)
		w->config.on_frame(f.buf, (size_t)n, w->config.user);
	if (w->config.on_state != NULL)
		w->config.on_state(h->name, (int)state, clean, w->config.user);
}

static void tell_down(struct host *h, const char *text)
{
	tell_state(h, h->was_up ? ZL_HOST_STALE : ZL_HOST_CONNECTING, text);
}

/* --- the worker --- */

static int on_retry(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	start_worker(user);
	return 0;
}

static void retry_later(struct host *h)
{
	struct zl_watch *w = h->watch;
	uint64_t wait_us;
	int r;

	if (h->is_up && zl_mono_since(zl_mono_now(), h->up_since) >=
				SETTLED_MS * (uint64_t)ZL_US_PER_MS)
		h->n_failed = 0;
	h->is_up = false;
	wait_us = zl_backoff_ms(h->n_failed++, w->config.first_ms, w->config.most_ms) *
		  (uint64_t)ZL_US_PER_MS;
	h->timer = sd_event_source_disable_unref(h->timer);
	r = sd_event_add_time_relative(w->event, &h->timer, CLOCK_MONOTONIC, wait_us,
		wait_us / 20 + 1, on_retry, h);
	if (r < 0)
		tell_down(h, "out of memory: define the host again to retry");
}

static void on_gone(struct zl_worker *worker, const struct zl_error *why, void *user)
{
	struct host *h = user;
	char text[TEXT];

	(void)worker;
	h->worker = NULL;
	if (!h->explained) {
		if (why->code == -ETIMEDOUT)
			(void)snprintf(text, sizeof(text),
				"libvirtd at %s hangs: %s; look at it on that host",
				h->uri, why->msg);
		else
			(void)snprintf(text, sizeof(text), "lost libvirtd at %s: %s",
				h->uri, why->msg);
		tell_down(h, text);
	}
	retry_later(h);
}

/* A worker that misbehaves has met something that took it over. */
static void refuse_worker(struct host *h, const char *what)
{
	char text[TEXT];

	zl_worker_stop(h->worker);
	h->worker = NULL;
	(void)snprintf(
		text, sizeof(text), "worker for %s ended: it sent %s", h->uri, what);
	tell_down(h, text);
	retry_later(h);
}

static void on_state(struct host *h, const struct zl_frame_in *in)
{
	const char *text = zl_attr_str(in->tb[ZL_INV_A_TEXT]);

	if (zl_attr_u8(in->tb[ZL_INV_A_STATE]) != ZL_HOST_UP) {
		h->explained = true;
		tell_down(h, text);
		return;
	}
	h->was_up = h->is_up = true;
	h->up_since = zl_mono_now();
	tell_state(h, ZL_HOST_UP, text);
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct host *h = user;

	(void)c;
	if (strcmp(zl_attr_str(in->tb[ZL_INV_A_HOST]), h->name) != 0) {
		refuse_worker(h, "a message about another host");
		return;
	}
	switch ((enum zl_inventory_message)in->type) {
	case ZL_INV_HOST_STATE: on_state(h, in); return;
	case ZL_INV_LIST_BEGIN:
	case ZL_INV_LIST_END:
	case ZL_INV_DOMAIN:
	case ZL_INV_DOMAIN_GONE:
	case ZL_INV_DHCP:
		h->watch->config.on_frame(
			in->nlh, in->nlh->nlmsg_len, h->watch->config.user);
		return;
	case ZL_INV_HOST_PUT:
	case ZL_INV_HOST_GONE:
	case ZL_INV_MESSAGE_N: break;
	}
	refuse_worker(h, "a message that is not a worker's");
}

static void start_worker(struct host *h)
{
	struct zl_worker_config config = { .name = h->name,
		.deadline_ms = h->watch->config.deadline_ms,
		.main = zl_source_libvirt_main,
		.arg = &h->source,
		.handlers = { .table = zl_inventory_messages,
			.n_table = ZL_INV_MESSAGE_N,
			.on_frame = on_frame },
		.on_gone = on_gone,
		.user = h };
	struct zl_error err = { 0 };

	h->timer = sd_event_source_disable_unref(h->timer);
	h->explained = false;
	if (zl_worker_start(h->watch->event, &config, &h->worker, &err) < 0) {
		h->worker = NULL;
		tell_down(h, err.msg);
		retry_later(h);
	}
}

/* --- hosts --- */

static bool host_key(const char *name, char key[static HOST_NAME])
{
	size_t n = strnlen(name, HOST_NAME);

	if (n == 0 || n == HOST_NAME)
		return false;
	memset(key, 0, HOST_NAME);
	memcpy(key, name, n);
	return true;
}

static void stop_host(struct host *h)
{
	zl_worker_stop(h->worker);
	h->worker = NULL;
	h->timer = sd_event_source_disable_unref(h->timer);
	h->is_up = false;
}

static void free_host(struct host *h)
{
	if (h == NULL)
		return;
	stop_host(h);
	free(h->uri);
	free(h);
}

int zl_watch_new(sd_event *event, const struct zl_watch_config *config,
	struct zl_watch **ret, struct zl_error *reterr)
{
	struct zl_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	w->config = *config;
	if (w->config.deadline_ms == 0)
		w->config.deadline_ms = DEADLINE_MS;
	if (w->config.first_ms == 0)
		w->config.first_ms = FIRST_MS;
	if (w->config.most_ms == 0)
		w->config.most_ms = MOST_MS;
	w->event = sd_event_ref(event);
	zl_map_init(&w->hosts, HOST_NAME, ZL_WATCH_HOSTS_MAX);
	*ret = w;
	return 0;
}

void zl_watch_free(struct zl_watch *w)
{
	struct host *h;

	if (w == NULL)
		return;
	for (size_t i = 0; (h = zl_map_next(&w->hosts, &i)) != NULL;)
		free_host(h);
	zl_map_done(&w->hosts);
	(void)sd_event_unref(w->event);
	free(w);
}

static int add_host(
	struct zl_watch *w, const char *key, struct host **ret, struct zl_error *reterr)
{
	struct host *h = calloc(1, sizeof(*h));
	int r = h == NULL ? -ENOMEM : zl_map_put(&w->hosts, key, h);

	if (r < 0) {
		free(h);
		return r == -ENOBUFS ? zl_fail(reterr, r, "there are %d hosts already",
					       ZL_WATCH_HOSTS_MAX)
				     : zl_fail(reterr, r, "out of memory");
	}
	h->watch = w;
	h->told_state = -1;
	memcpy(h->name, key, HOST_NAME);
	*ret = h;
	return 0;
}

int zl_watch_put(
	struct zl_watch *w, const char *host, const char *uri, struct zl_error *reterr)
{
	char key[HOST_NAME], *copy;
	struct host *h;
	int r;

	if (!host_key(host, key))
		return zl_fail(reterr, -EINVAL, "a host's name has 1 to 63 characters");
	h = zl_map_find(&w->hosts, key);
	if (h == NULL) {
		r = add_host(w, key, &h, reterr);
		if (r < 0)
			return r;
	}
	copy = strdup(uri);
	if (copy == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	stop_host(h);
	free(h->uri);
	h->uri = copy;
	h->n_failed = 0;
	h->source = w->config.source;
	h->source.host = h->name;
	h->source.uri = h->uri;
	tell_down(h, "connecting to libvirtd");
	start_worker(h);
	return 0;
}

void zl_watch_remove(struct zl_watch *w, const char *host)
{
	char key[HOST_NAME];

	if (host_key(host, key))
		free_host(zl_map_remove(&w->hosts, key));
}
