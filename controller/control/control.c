/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control server's listening end. */
#include "controller/control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "controller/control/connection.h"

enum { ACCEPT_BATCH = 16, BREATH_US = 500 * 1000 };

/* How many connections there may be of a level and of those below it. */
static const size_t most_of[ZL_ACCESS_N] = {
	[ZL_ACCESS_NONE] = ZL_CONTROL_STRANGERS,
	[ZL_ACCESS_READ] = ZL_CONTROL_MAX - ZL_CONTROL_RESERVED,
	[ZL_ACCESS_ADMIN] = ZL_CONTROL_MAX,
};

static bool has_room(const struct zl_control *ctl, enum zl_access access)
{
	size_t n = 0;

	for (const struct zl_connection *c = ctl->first; c != NULL; c = c->next)
		n += c->peer.access <= access;
	return n < most_of[access];
}

int zl_control_adopt(struct zl_control *ctl, int fd, const struct zl_peer *peer,
	struct zl_error *reterr)
{
	if (!has_room(ctl, peer->access)) {
		(void)close(fd);
		return zl_fail(reterr, -ENOBUFS, "control: too many connections");
	}
	return zl_connection_new(ctl, fd, peer, reterr);
}

/* Without descriptors the listener stays readable: look away for a moment. */
static void take_breath(struct zl_control *ctl)
{
	(void)sd_event_source_set_enabled(ctl->listening, SD_EVENT_OFF);
	(void)sd_event_source_set_time_relative(ctl->breath, BREATH_US);
	(void)sd_event_source_set_enabled(ctl->breath, SD_EVENT_ONESHOT);
}

static int on_breath(sd_event_source *s, uint64_t usec, void *user)
{
	struct zl_control *ctl = user;

	(void)s;
	(void)usec;
	(void)sd_event_source_set_enabled(ctl->listening, SD_EVENT_ON);
	return 0;
}

static int on_connect(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_control *ctl = user;

	(void)s;
	(void)revents;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct zl_peer peer;
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
				errno == ENOBUFS)
				take_breath(ctl);
			return 0;
		}
		if (zl_access_peer(&ctl->rules, conn, &peer, NULL) < 0)
			(void)close(conn);
		else if (zl_control_adopt(ctl, conn, &peer, NULL) < 0)
			continue; /* closed; the others may still fit */
	}
	return 0;
}

static int watch(struct zl_control *ctl, int fd)
{
	int r = sd_event_add_io(
		ctl->event, &ctl->listening, fd, EPOLLIN, on_connect, ctl);

	if (r >= 0)
		r = sd_event_add_time_relative(ctl->event, &ctl->breath,
			CLOCK_MONOTONIC, BREATH_US, 0, on_breath, ctl);
	if (r >= 0)
		r = sd_event_source_set_enabled(ctl->breath, SD_EVENT_OFF);
	return r;
}

int zl_control_new(sd_event *event, int fd, const zl_call_fn handlers[ZL_METHOD_N],
	void *user, struct zl_control **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_control) struct zl_control *ctl = NULL;
	int r;

	for (size_t i = 0; i < ZL_METHOD_N; i++) {
		if (handlers[i] == NULL)
			return zl_fail(reterr, -EINVAL, "control: no handler for %s",
				zl_methods[i].name);
	}
	ctl = calloc(1, sizeof(*ctl));
	if (ctl == NULL)
		return zl_fail(reterr, -ENOMEM, "control: out of memory");
	ctl->event = sd_event_ref(event);
	ctl->fd = -1;
	ctl->handlers = handlers;
	ctl->user = user;
	zl_access_rules_init(&ctl->rules);
	/* jansson seeds its hash tables from a file: now, while there are files */
	json_object_seed(0);
	r = fd < 0 ? 0 : watch(ctl, fd);
	if (r < 0) {
		errno = -r;
		return zl_fail(reterr, r, "control: watch the socket: %m");
	}
	ctl->fd = fd;
	*ret = zl_take_ptr(ctl);
	return 0;
}

void zl_control_free(struct zl_control *ctl)
{
	if (ctl == NULL)
		return;
	for (struct zl_connection *c = ctl->first, *next; c != NULL; c = next) {
		next = c->next;
		zl_connection_close(c);
	}
	(void)sd_event_source_disable_unref(ctl->listening);
	(void)sd_event_source_disable_unref(ctl->breath);
	if (ctl->fd >= 0)
		(void)close(ctl->fd);
	(void)sd_event_unref(ctl->event);
	free(ctl);
}

size_t zl_control_connections(const struct zl_control *ctl)
{
	return ctl->n;
}
