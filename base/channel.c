/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A frame channel: one socket, one queue, one event source. */
#include "base/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"

/* A frame that the socket did not take yet. */
struct queued {
	struct queued *next;
	size_t n;
	uint8_t bytes[];
};

struct zl_channel {
	int fd;
	sd_event_source *io, *defer;
	const struct zl_channel_handlers *handlers;
	void *user;
	struct queued *first, **last;
	size_t queued_bytes;
	struct zl_error why; /* once broken: what on_closed will be told */
	bool broken;
	bool *freed; /* set when the owner closes us from within a handler */
	uint8_t out[ZL_FRAME_MAX], in[ZL_FRAME_MAX];
};

/* How many frames one wake-up handles before others get a turn. */
enum { FRAMES_PER_WAKE = 64 };

static void break_channel(struct zl_channel *c, const struct zl_error *why)
{
	if (c->broken)
		return;
	c->broken = true;
	c->why = *why;
	(void)sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(c->defer, SD_EVENT_ONESHOT);
}

static int on_broken(sd_event_source *s, void *user)
{
	struct zl_channel *c = user;

	(void)s;
	c->handlers->on_closed(c, &c->why, c->user);
	return 0;
}

static void want_write(struct zl_channel *c, bool wanted)
{
	(void)sd_event_source_set_io_events(c->io, EPOLLIN | (wanted ? EPOLLOUT : 0));
}

static void flush_queue(struct zl_channel *c)
{
	struct zl_error why = { 0 };

	while (c->first != NULL) {
		struct queued *q = c->first;
		ssize_t n = send(c->fd, q->bytes, q->n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			(void)zl_fail(&why, -errno, "cannot send: %m");
			break_channel(c, &why);
			return;
		}
		c->first = q->next;
		if (c->first == NULL)
			c->last = &c->first;
		c->queued_bytes -= q->n;
		free(q);
	}
	want_write(c, c->first != NULL);
}

/* One frame from the socket to the handler; 0 when there is none. */
static int receive_one(struct zl_channel *c, bool *freed)
{
	struct zl_error why = { 0 };
	struct zl_frame_in in;
	ssize_t n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT | MSG_TRUNC);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		r = zl_fail(&why, -errno, "cannot receive: %m");
	else if (n == 0)
		r = zl_fail(&why, -EPIPE, "the other side closed the connection");
	else
		r = zl_frame_parse(c->in, (size_t)n, c->handlers->table,
			c->handlers->n_table, &in, &why);
	if (r < 0) {
		break_channel(c, &why);
		return r;
	}
	c->handlers->on_frame(c, &in, c->user);
	return *freed ? 0 : 1;
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_channel *c = user;
	bool freed = false;

	(void)s;
	(void)fd;
	c->freed = &freed;
	if ((revents & EPOLLOUT) != 0)
		flush_queue(c);
	for (int i = 0; i < FRAMES_PER_WAKE && !c->broken; i++) {
		int r = receive_one(c, &freed);

		if (freed)
			return 0;
		if (r <= 0)
			break;
	}
	c->freed = NULL;
	return 0;
}

int zl_channel_new(sd_event *event, int fd, const struct zl_channel_handlers *handlers,
	void *user, struct zl_channel **ret, struct zl_error *reterr)
{
	struct zl_channel *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL) {
		(void)close(fd);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	c->fd = fd;
	c->handlers = handlers;
	c->user = user;
	c->last = &c->first;
	r = sd_event_add_io(event, &c->io, fd, EPOLLIN, on_io, c);
	if (r >= 0)
		r = sd_event_add_defer(event, &c->defer, on_broken, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->defer, SD_EVENT_OFF);
	if (r < 0) {
		zl_channel_close(c);
		return zl_fail(reterr, r, "cannot watch a channel: %s", strerror(-r));
	}
	*ret = c;
	return 0;
}

static int fill_sockaddr(
	const char *path, struct sockaddr_un *ret, struct zl_error *reterr)
{
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path) >=
		(int)sizeof(ret->sun_path))
		return zl_fail(reterr, -ENAMETOOLONG,
			"socket path %s is longer than %zu characters", path,
			sizeof(ret->sun_path) - 1);
	return 0;
}

int zl_channel_connect(sd_event *event, const char *path,
	const struct zl_channel_handlers *handlers, void *user, struct zl_channel **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int fd = -1;
	struct sockaddr_un sun;
	int r = fill_sockaddr(path, &sun, reterr);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return zl_fail(reterr, -errno, "cannot make a socket: %m");
	/* Unix sockets connect at once or not at all (EAGAIN: its backlog is full). */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return zl_fail(reterr, -errno, "cannot connect to %s: %m", path);
	return zl_channel_new(event, zl_take_fd(&fd), handlers, user, ret, reterr);
}

void zl_channel_remove_dead(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
}

int zl_channel_listen(
	const char *path, unsigned mode, int gid, int *ret_fd, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int fd = -1;
	ZL_AUTO(zl_fd) int probe = -1;
	struct sockaddr_un sun;
	int r = fill_sockaddr(path, &sun, reterr);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || probe < 0)
		return zl_fail(reterr, -errno, "cannot make a socket: %m");
	if (connect(probe, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return zl_fail(reterr, -EADDRINUSE,
			"somebody listens at %s already: is another one running?",
			path);
	if (errno == ECONNREFUSED)
		zl_channel_remove_dead(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return zl_fail(reterr, -errno, "cannot listen at %s: %m", path);
	if ((gid >= 0 && chown(path, (uid_t)-1, (gid_t)gid) < 0) ||
		chmod(path, mode) < 0 || listen(fd, 64) < 0)
		return zl_fail(reterr, -errno, "cannot listen at %s: %m", path);
	*ret_fd = zl_take_fd(&fd);
	return 0;
}

void zl_channel_close(struct zl_channel *c)
{
	if (c == NULL)
		return;
	if (c->freed != NULL)
		*c->freed = true;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->defer);
	while (c->first != NULL) {
		struct queued *q = c->first;

		c->first = q->next;
		free(q);
	}
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c);
}

void zl_channel_start(
	struct zl_channel *c, struct zl_frame *f, uint16_t type, uint32_t seq)
{
	zl_frame_start(f, c->out, sizeof(c->out), type, seq);
}

int zl_channel_send(struct zl_channel *c, struct zl_frame *f)
{
	ssize_t n = zl_frame_end(f);

	return n < 0 ? (int)n : zl_channel_send_raw(c, f->buf, (size_t)n);
}

int zl_channel_send_raw(struct zl_channel *c, const void *bytes, size_t n)
{
	struct zl_error why = { 0 };
	struct queued *q;

	if (c->broken)
		return -EPIPE;
	if (c->first == NULL) {
		if (send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR) {
			(void)zl_fail(&why, -errno, "cannot send: %m");
			break_channel(c, &why);
			return why.code;
		}
	}
	if (c->queued_bytes + n > ZL_CHANNEL_QUEUE_MAX) {
		(void)zl_fail(&why, -ENOBUFS, "the other side has stopped reading");
		break_channel(c, &why);
		return why.code;
	}
	q = malloc(sizeof(*q) + n);
	if (q == NULL)
		return -ENOMEM;
	q->next = NULL;
	q->n = n;
	memcpy(q->bytes, bytes, n);
	*c->last = q;
	c->last = &q->next;
	c->queued_bytes += n;
	want_write(c, true);
	return 0;
}

int zl_channel_peer(const struct zl_channel *c, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*ret_uid = cred.uid;
	*ret_pid = cred.pid;
	return 0;
}
