/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one control connection: bytes in, calls, bytes out, patience. */
#include "controller/control/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "controller/control/fault.h"

static uint64_t patience_us(void)
{
	return (uint64_t)ZL_CONTROL_PATIENCE_S * 1000000;
}

void zl_connection_close(struct zl_connection *c)
{
	struct zl_control *ctl = c->ctl;

	if (c->call != NULL)
		c->call->connection = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else if (ctl->first == c)
		ctl->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	ctl->n--;
	(void)sd_event_source_disable_unref(c->io);
	(void)sd_event_source_disable_unref(c->again);
	(void)sd_event_source_disable_unref(c->deadline);
	zl_varlink_in_done(&c->in);
	zl_varlink_out_done(&c->out);
	(void)close(c->fd);
	free(c);
}

void zl_connection_answer(struct zl_connection *c, json_t *message)
{
	ZL_AUTO(zl_json) json_t *owned = message;
	int r;

	if (owned == NULL) {
		c->ended = true; /* no memory for an answer: the end is one, too */
		zl_varlink_in_done(&c->in);
		return;
	}
	r = zl_varlink_put(&c->out, owned, ZL_CONTROL_OUT_MAX);
	if (r < 0) {
		ZL_AUTO(zl_json) json_t *sorry = NULL;
		struct zl_error err;

		(void)zl_fail_id(&err, -ENOBUFS, "control.answer.size",
			"ask for less, for example with a limit",
			"the answer is longer than %d bytes", ZL_CONTROL_OUT_MAX);
		sorry = zl_fault_message(&err);
		if (sorry == NULL ||
			zl_varlink_put(&c->out, sorry, ZL_CONTROL_OUT_MAX) < 0)
			c->ended = true;
	}
}

/* The deadline runs while the peer owes us something. */
static int set_deadline(struct zl_connection *c, bool late, bool progress)
{
	int r = 0;

	if (late && (!c->is_late || progress))
		r = sd_event_source_set_time_relative(c->deadline, patience_us());
	if (r >= 0)
		r = sd_event_source_set_enabled(
			c->deadline, late ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	c->is_late = late;
	return r;
}

/* Ask the loop for what we wait for. */
static int wait_for(struct zl_connection *c, bool progress)
{
	bool writing = zl_varlink_is_pending(&c->out);
	bool more = zl_varlink_has(&c->in);
	bool reading = !writing && c->call == NULL && !c->ended && !more;
	bool late = writing || (reading && c->in.n > 0) ||
		    (c->peer.access == ZL_ACCESS_NONE && c->call == NULL);
	int r;

	r = sd_event_source_set_io_events(c->io, writing   ? EPOLLOUT
						 : reading ? EPOLLIN
							   : 0);
	if (r >= 0)
		r = sd_event_source_set_enabled(
			c->again, !writing && c->call == NULL && more ? SD_EVENT_ONESHOT
								      : SD_EVENT_OFF);
	if (r >= 0)
		r = set_deadline(c, late,
			writing && progress && c->peer.access > ZL_ACCESS_NONE);
	return r;
}

void zl_connection_advance(struct zl_connection *c)
{
	size_t before = c->out.at;
	json_t *message = NULL;
	int r = zl_varlink_flush(&c->out, c->fd);

	if (r == 0 && c->call == NULL) {
		r = zl_varlink_next(&c->in, &message, NULL);
		if (r > 0) {
			zl_dispatch(c, message);
			before = 0;
			r = zl_varlink_flush(&c->out, c->fd);
		}
	}
	if ((r < 0 && r != -EAGAIN) ||
		(c->ended && c->call == NULL && !zl_varlink_is_pending(&c->out) &&
			!zl_varlink_has(&c->in)) ||
		wait_for(c, c->out.at != before) < 0)
		zl_connection_close(c);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_connection *c = user;
	int r;

	(void)s;
	if ((revents & (EPOLLHUP | EPOLLERR)) != 0 &&
		(c->call != NULL || zl_varlink_is_pending(&c->out))) {
		zl_connection_close(c); /* nobody is left to read the answer */
		return 0;
	}
	if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
		r = zl_varlink_fill(&c->in, fd);
		if (r < 0 && r != -EAGAIN) {
			zl_connection_close(c);
			return 0;
		}
		c->ended = r == 0;
	}
	zl_connection_advance(c);
	return 0;
}

static int on_again(sd_event_source *s, void *user)
{
	(void)s;
	zl_connection_advance(user);
	return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	zl_connection_close(user);
	return 0;
}

static int add_sources(struct zl_connection *c)
{
	sd_event *event = c->ctl->event;
	int r = sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_io, c);

	if (r >= 0)
		r = sd_event_add_defer(event, &c->again, on_again, c);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &c->deadline, CLOCK_MONOTONIC,
			patience_us(), 0, on_deadline, c);
	return r < 0 ? r : wait_for(c, false);
}

int zl_connection_new(struct zl_control *ctl, int fd, const struct zl_peer *peer,
	struct zl_error *reterr)
{
	struct zl_connection *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL) {
		(void)close(fd);
		return zl_fail(reterr, -ENOMEM, "control: out of memory");
	}
	c->ctl = ctl;
	c->fd = fd;
	c->peer = *peer;
	c->in.most = peer->access == ZL_ACCESS_NONE ? ZL_CONTROL_IN_STRANGER
						    : ZL_CONTROL_IN_MAX;
	c->next = ctl->first;
	if (c->next != NULL)
		c->next->prev = c;
	ctl->first = c;
	ctl->n++;
	r = add_sources(c);
	if (r < 0) {
		errno = -r;
		(void)zl_fail(reterr, r, "control: watch a connection: %m");
		zl_connection_close(c);
	}
	return r < 0 ? r : 0;
}
