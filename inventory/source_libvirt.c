/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libvirt source: connect, subscribe, loop, say why it ended. */
#include "inventory/source_libvirt.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "inventory/source_priv.h"

enum {
	KEEPALIVE_S = 5,
	KEEPALIVE_N = 3,
	TICK_MS = 2000,
	LEASES_TICKS = 5,
	LIST_TICKS = 150,
	BLIND_LIST_TICKS = 5, /* when the driver has no events */
};

/* --- frames --- */

void zl_source_start(
	struct zl_source *s, struct zl_frame *f, enum zl_inventory_message type)
{
	zl_frame_start(f, s->frame, sizeof(s->frame), (uint16_t)type, 0);
	zl_frame_put_str(f, ZL_INV_A_HOST, s->config.host);
}

void zl_source_send(struct zl_source *s, struct zl_frame *f)
{
	ssize_t n = zl_frame_end(f), sent;

	if (n < 0)
		return; /* our sizes are bounded so that every frame fits */
	do
		sent = send(s->self->fd, f->buf, (size_t)n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		s->over = true;
}

static void send_state(struct zl_source *s, enum zl_host_state state)
{
	struct zl_frame f;

	zl_source_start(s, &f, ZL_INV_HOST_STATE);
	zl_frame_put_u8(&f, ZL_INV_A_STATE, (uint8_t)state);
	zl_frame_put_str(&f, ZL_INV_A_TEXT, s->text);
	zl_source_send(s, &f);
}

void zl_source_stop(struct zl_source *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	s->over = true;
	if (s->text[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)zl_domain_copy_text(s->text, sizeof(s->text), text);
}

/* --- errors --- */

/* libvirt would print every error. */
static void on_error(void *user, virErrorPtr e)
{
	(void)user;
	(void)e;
}

static const char *error_text(void)
{
	const char *text = virGetLastErrorMessage();

	return text == NULL ? "unknown error" : text;
}

bool zl_source_is_lost(struct zl_source *s)
{
	if (virConnectIsAlive(s->conn) == 1)
		return false;
	zl_source_stop(s, "lost the connection to libvirtd at %s: %s", s->config.uri,
		error_text());
	return true;
}

/* What to do about a connection that cannot be made; libvirt tells the errno in int1. */
static void explain_open(struct zl_source *s)
{
	static const struct {
		int error;
		const char *advice;
	} rows[] = {
		{ ECONNREFUSED, "is libvirtd running?" },
		{ ENOENT, "is libvirtd running, and is this its socket?" },
		{ EACCES, "may _zonelock-inventory open the socket?" },
		{ EPERM, "may _zonelock-inventory open the socket?" },
		{ ETIMEDOUT, "is the host up, and does its firewall let us in?" },
		{ EHOSTUNREACH, "is the host up, and does its firewall let us in?" },
	};
	const char *advice = "is the URI right, is libvirtd running, and may "
			     "_zonelock-inventory connect to it?";
	const virError *e = virGetLastError();

	if (e != NULL && e->code == VIR_ERR_SYSTEM_ERROR)
		for (size_t i = 0; i < N_ITEMS(rows); i++)
			if (rows[i].error == e->int1)
				advice = rows[i].advice;
	zl_source_stop(s, "cannot connect to libvirtd at %s: %s; %s", s->config.uri,
		error_text(), advice);
}

/* --- callbacks: they only note --- */

static int on_lifecycle(
	virConnectPtr conn, virDomainPtr domain, int event, int detail, void *user)
{
	(void)conn;
	(void)event;
	(void)detail;
	zl_source_queue(user, domain);
	return 0;
}

static void on_device(
	virConnectPtr conn, virDomainPtr domain, const char *alias, void *user)
{
	(void)conn;
	(void)alias;
	zl_source_queue(user, domain);
}

static void on_metadata(
	virConnectPtr conn, virDomainPtr domain, int type, const char *uri, void *user)
{
	(void)conn;
	(void)type;
	(void)uri;
	zl_source_queue(user, domain);
}

static void on_close(virConnectPtr conn, int reason, void *user)
{
	static const char *const reasons[] = {
		[VIR_CONNECT_CLOSE_REASON_ERROR] = "the connection broke",
		[VIR_CONNECT_CLOSE_REASON_EOF] = "libvirtd closed the connection",
		[VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "libvirtd no longer answers",
		[VIR_CONNECT_CLOSE_REASON_CLIENT] = "we closed the connection",
	};
	struct zl_source *s = user;

	(void)conn;
	zl_source_stop(s, "lost the connection to libvirtd at %s: %s", s->config.uri,
		reason >= 0 && (size_t)reason < N_ITEMS(reasons) ? reasons[reason]
								 : "unknown reason");
}

static void on_tick(int timer, void *user)
{
	struct zl_source *s = user;

	(void)timer;
	s->tick_due = true;
}

static void on_busy(int timer, void *user)
{
	(void)timer;
	(void)user;
}

/* The owner sends nothing: when its end becomes readable, it is closed. */
static void on_owner(int watch, int fd, int events, void *user)
{
	struct zl_source *s = user;

	(void)watch;
	(void)fd;
	(void)events;
	s->over = true;
}

/* --- life --- */

static int open_connection(struct zl_source *s)
{
	zl_worker_begin(s->self, "virConnectOpenReadOnly");
	s->conn = virConnectOpenReadOnly(s->config.uri);
	zl_worker_end(s->self);
	if (s->conn == NULL) {
		explain_open(s);
		return -EHOSTUNREACH;
	}
	/* Drivers inside our process have neither. */
	zl_worker_begin(s->self, "virConnectSetKeepAlive");
	(void)virConnectSetKeepAlive(s->conn, KEEPALIVE_S, KEEPALIVE_N);
	zl_worker_end(s->self);
	zl_worker_begin(s->self, "virConnectRegisterCloseCallback");
	(void)virConnectRegisterCloseCallback(s->conn, on_close, s, NULL);
	zl_worker_end(s->self);
	return 0;
}

static void subscribe(struct zl_source *s)
{
	const struct {
		int id;
		virConnectDomainEventGenericCallback fn;
	} rows[] = {
		{ VIR_DOMAIN_EVENT_ID_LIFECYCLE,
			VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
			VIR_DOMAIN_EVENT_CALLBACK(on_device) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
			VIR_DOMAIN_EVENT_CALLBACK(on_device) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
			VIR_DOMAIN_EVENT_CALLBACK(on_device) },
		{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
			VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
	};

	for (size_t i = 0; i < N_ITEMS(rows) && !s->over; i++) {
		int r;

		zl_worker_begin(s->self, "virConnectDomainEventRegisterAny");
		r = virConnectDomainEventRegisterAny(
			s->conn, NULL, rows[i].id, rows[i].fn, s, NULL);
		zl_worker_end(s->self);
		if (r >= 0 || zl_source_is_lost(s))
			continue;
		s->config.list_ticks = BLIND_LIST_TICKS;
	}
}

static int watch_owner(struct zl_source *s)
{
	s->busy_timer = virEventAddTimeout(-1, on_busy, s, NULL);
	if (s->busy_timer < 0 ||
		virEventAddTimeout((int)s->config.tick_ms, on_tick, s, NULL) < 0 ||
		virEventAddHandle(s->self->fd, VIR_EVENT_HANDLE_READABLE, on_owner, s,
			NULL) < 0) {
		zl_source_stop(
			s, "libvirt's event loop does not work: %s", error_text());
		return -EIO;
	}
	return 0;
}

static void do_tick(struct zl_source *s)
{
	unsigned long version;
	int r;

	s->tick_due = false;
	s->ticks++;
	zl_worker_begin(s->self, "virConnectGetLibVersion");
	r = virConnectGetLibVersion(s->conn, &version);
	zl_worker_end(s->self);
	if (r < 0 && zl_source_is_lost(s))
		return;
	if (s->ticks % s->config.leases_ticks == 0)
		zl_source_poll_leases(s);
	zl_source_retry(s);
	if (!s->over && (s->ticks % s->config.list_ticks == 0 || s->queue_full)) {
		s->queue_full = false;
		zl_source_list_again(s);
	}
}

static void run_loop(struct zl_source *s)
{
	bool more = true;

	while (!s->over) {
		virEventUpdateTimeout(s->busy_timer, more ? 0 : -1);
		if (virEventRunDefaultImpl() < 0) {
			zl_source_stop(s, "libvirt's event loop does not work: %s",
				error_text());
			return;
		}
		if (!s->over && s->tick_due)
			do_tick(s);
		more = !s->over && zl_source_read_some(s);
	}
}

static int init_source(struct zl_source *s, struct zl_worker_self *self,
	const struct zl_source_libvirt_config *config)
{
	s->self = self;
	s->config = *config;
	if (s->config.tick_ms == 0)
		s->config.tick_ms = TICK_MS;
	if (s->config.leases_ticks == 0)
		s->config.leases_ticks = LEASES_TICKS;
	if (s->config.list_ticks == 0)
		s->config.list_ticks = LIST_TICKS;
	zl_map_init(&s->queued, sizeof(struct zl_uuid), ZL_SOURCE_QUEUE_MAX);
	zl_map_init(&s->sent, sizeof(struct zl_uuid), ZL_SOURCE_SENT_MAX);
	memcpy(s->seed, s->sent.seed, sizeof(s->seed));
	for (size_t i = 0; i < N_ITEMS(s->queues); i++)
		TAILQ_INIT(&s->queues[i]);
	virSetErrorFunc(NULL, on_error);
	/* Before the first connection, or it would have no events. */
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
		zl_source_stop(s, "libvirt cannot be used: %s", error_text());
		return -EIO;
	}
	return 0;
}

int zl_source_libvirt_main(struct zl_worker_self *self, void *arg)
{
	struct zl_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return 1;
	if (init_source(s, self, arg) == 0 && watch_owner(s) == 0 &&
		open_connection(s) == 0) {
		subscribe(s);
		if (!s->over)
			zl_source_list_first(s);
		if (!s->over)
			send_state(s, ZL_HOST_UP);
		if (!s->over)
			zl_source_poll_leases(s);
		run_loop(s);
	}
	/* The connection is not closed but left to the end of the process: closing may
	 * hang, too. */
	if (s->text[0] == '\0')
		return 0;
	send_state(s, ZL_HOST_STALE);
	return 1;
}
