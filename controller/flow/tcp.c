/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of IPFIX exporters. */
#include "controller/flow/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	LISTENERS_MAX = 16,
	ACCEPTS_MAX = 16, /* in one go, before others have their turn */
	HEADER_SIZE = 16,
};

struct connection {
	struct zl_tcp *tcp;
	int fd;
	struct zl_addr from;
	uint16_t port;
	struct zl_mono seen;
	sd_event_source *io;
	size_t n;
	uint8_t bytes[ZL_TCP_BUFFER];
};

struct zl_tcp {
	sd_event *event;
	struct zl_exporters *exporters;
	const struct zl_tcp_handlers *handlers;
	void *user;
	sd_event_source *listeners[LISTENERS_MAX];
	unsigned n_listeners, n_connections;
	struct zl_mono paused; /* no connection could be taken; 0: it is fine */
	struct connection *connections[ZL_TCP_MAX]; /* the first n_connections */
};

int zl_tcp_frame(struct zl_cursor c)
{
	size_t n = c.left;
	uint16_t version = zl_get_u16(&c), length = zl_get_u16(&c);

	if (n >= 2 && version != ZL_FLOW_IPFIX)
		return -EBADMSG;
	if (c.bad)
		return 0;
	if (length < HEADER_SIZE)
		return -EBADMSG;
	return length <= n ? length : 0;
}

/* As a datagram is counted that is not used. */
static void count_drop(struct zl_tcp *t, const struct zl_addr *from, enum zl_drop why)
{
	enum zl_drop refused;
	struct zl_exporter *e = zl_exporters_get(t->exporters, from, &refused);

	e->datagrams++;
	e->last_seen = zl_wall_now();
	if (e->first_seen.us == 0)
		e->first_seen = e->last_seen;
	zl_drop_count(&e->drops, refused != ZL_DROP_N ? refused : why);
}

static void close_connection(struct connection *c)
{
	struct zl_tcp *t = c->tcp;
	struct zl_exporter *e = zl_map_find(&t->exporters->by_address, &c->from);

	if (e != NULL)
		zl_exporter_end_session(e, c->port);
	for (unsigned i = 0; i < t->n_connections; i++)
		if (t->connections[i] == c) {
			t->connections[i] = t->connections[--t->n_connections];
			break;
		}
	(void)sd_event_source_disable_unref(c->io);
	(void)close(c->fd);
	free(c);
}

/* Hand out the whole messages; false when the connection can go on no more. */
static bool take_messages(struct connection *c)
{
	struct zl_datagram message = { .is_tcp = true,
		.from = c->from,
		.port = c->port,
		.arrival = zl_wall_now(),
		.now = c->seen };
	size_t at = 0;
	int n;

	for (;;) {
		n = zl_tcp_frame(
			(struct zl_cursor){ .at = c->bytes + at, .left = c->n - at });
		if (n <= 0)
			break;
		message.bytes = c->bytes + at;
		message.n = (size_t)n;
		c->tcp->handlers->on_message(&message, c->tcp->user);
		at += (size_t)n;
	}
	if (at != 0) {
		memmove(c->bytes, c->bytes + at, c->n - at);
		c->n -= at;
		c->tcp->handlers->on_batch(c->tcp->user);
	}
	return n == 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct connection *c = user;
	/* Never full: a message that fills the buffer is taken out of it. */
	ssize_t n = recv(fd, c->bytes + c->n, sizeof(c->bytes) - c->n, MSG_DONTWAIT);

	(void)source;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		c->n += (size_t)n;
		c->seen = zl_mono_now();
		if (take_messages(c))
			return 0;
	}
	if (c->n != 0)
		count_drop(c->tcp, &c->from, ZL_DROP_CONNECTION_BROKEN);
	close_connection(c);
	return 0;
}

static bool is_full(const struct zl_tcp *t, const struct zl_addr *from)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_connections; i++)
		n += zl_addr_eq(&t->connections[i]->from, from);
	return t->n_connections == ZL_TCP_MAX || n >= ZL_TCP_PER_EXPORTER_MAX;
}

/* Takes `fd` over. */
static void admit(struct zl_tcp *t, int fd, const struct sockaddr_storage *ss)
{
	ZL_AUTO(zl_fd) int owned = fd;
	uint16_t port = 0;
	struct zl_addr from = zl_addr_from_sockaddr(ss, &port);
	struct connection *c;

	if (!zl_exporters_may_send(t->exporters, &from)) {
		count_drop(t, &from, ZL_DROP_EXPORTER_UNKNOWN);
		return;
	}
	c = is_full(t, &from) ? NULL : malloc(sizeof(*c));
	if (c == NULL) {
		count_drop(t, &from, ZL_DROP_CONNECTION_LIMIT);
		return;
	}
	/* The buffer stays as it is: memory that nothing has touched costs nothing. */
	c->tcp = t;
	c->fd = fd;
	c->from = from;
	c->port = port;
	c->seen = zl_mono_now();
	c->n = 0;
	c->io = NULL;
	if (sd_event_add_io(t->event, &c->io, fd, EPOLLIN, on_readable, c) < 0) {
		free(c);
		return;
	}
	(void)zl_take_fd(&owned);
	t->connections[t->n_connections++] = c;
}

static void listen_or_not(struct zl_tcp *t, int enabled)
{
	for (unsigned i = 0; i < t->n_listeners; i++)
		(void)sd_event_source_set_enabled(t->listeners[i], enabled);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct zl_tcp *t = user;

	(void)source;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t len = sizeof(ss);
		int one = accept4(
			fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (one < 0) {
			/* No descriptors, no memory: who waits would wake us at once. */
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM) {
				t->paused = zl_mono_now();
				listen_or_not(t, SD_EVENT_OFF);
			}
			break;
		}
		admit(t, one, &ss);
	}
	return 0;
}

int zl_tcp_new(sd_event *event, struct zl_exporters *exporters,
	const struct zl_tcp_handlers *handlers, void *user, struct zl_tcp **ret,
	struct zl_error *reterr)
{
	struct zl_tcp *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	t->event = event;
	t->exporters = exporters;
	t->handlers = handlers;
	t->user = user;
	*ret = t;
	return 0;
}

void zl_tcp_free(struct zl_tcp *t)
{
	if (t == NULL)
		return;
	while (t->n_connections > 0)
		close_connection(t->connections[0]);
	for (unsigned i = 0; i < t->n_listeners; i++)
		(void)sd_event_source_disable_unref(t->listeners[i]);
	free(t);
}

int zl_tcp_listen(struct zl_tcp *t, int fd, struct zl_error *reterr)
{
	sd_event_source **s = &t->listeners[t->n_listeners];
	int on = 1, r;

	if (t->n_listeners == LISTENERS_MAX)
		return zl_fail(
			reterr, -E2BIG, "more than %d tcp sockets", LISTENERS_MAX);
	/* What is accepted inherits it: exporters that vanished are noticed. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	r = sd_event_add_io(t->event, s, fd, EPOLLIN, on_connection, t);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(*s, true);
	if (r >= 0)
		r = sd_event_source_set_enabled(*s, SD_EVENT_OFF);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	t->n_listeners++;
	return 0;
}

void zl_tcp_start(struct zl_tcp *t)
{
	listen_or_not(t, SD_EVENT_ON);
}

void zl_tcp_tidy(struct zl_tcp *t, struct zl_mono now)
{
	if (t->paused.us != 0 &&
		zl_mono_since(now, t->paused) >= (uint64_t)ZL_US_PER_S) {
		t->paused.us = 0;
		listen_or_not(t, SD_EVENT_ON);
	}
	for (unsigned i = t->n_connections; i > 0; i--) {
		struct connection *c = t->connections[i - 1];
		uint64_t quiet_s = zl_mono_since(now, c->seen) / ZL_US_PER_S;

		if (c->n != 0 && quiet_s >= ZL_TCP_STALL_S)
			count_drop(t, &c->from, ZL_DROP_CONNECTION_BROKEN);
		else if (quiet_s < ZL_TCP_IDLE_S &&
			 zl_exporters_may_send(t->exporters, &c->from))
			continue;
		close_connection(c);
	}
}

unsigned zl_tcp_connections(const struct zl_tcp *t)
{
	return t->n_connections;
}
