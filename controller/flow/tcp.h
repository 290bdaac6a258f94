/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPFIX over TCP (RFC 7011, section 10.4): connections in, messages out.
 *
 *	r = zl_tcp_new(event, &exporters, &handlers, user, &tcp, &err);
 *	r = zl_tcp_listen(tcp, fd, &err);	(a listening socket, ours from then on)
 *	r = zl_tcp_start(tcp);
 *
 * A message ends where its header says, and the next begins.  What is no IPFIX header
 * cannot be skipped, so the connection is closed, as is one that stops within a
 * message, and one on which nothing came for long.  Templates belong to their connection.
 *
 * Only exporters that may send are accepted.  Bounded: ZL_TCP_MAX connections, of
 * which one exporter has ZL_TCP_PER_EXPORTER_MAX, with a buffer of ZL_TCP_BUFFER each.
 * What was refused or closed is counted at the exporter (drop.h).
 */
#ifndef ZL_FLOW_TCP_H
#define ZL_FLOW_TCP_H
#include <systemd/sd-event.h>

#include "base/error.h"
#include "controller/flow/receive.h"

enum {
	ZL_TCP_MAX = 256,
	ZL_TCP_PER_EXPORTER_MAX = 8,
	ZL_TCP_BUFFER = 65536, /* more than the longest message */
	ZL_TCP_MEMORY = ZL_TCP_MAX * (ZL_TCP_BUFFER + 1024), /* bytes, of all of them */
	ZL_TCP_STALL_S = 30,				     /* within a message */
	ZL_TCP_IDLE_S = 7200,				     /* between messages */
};

/*
 * The first message in what has come.  Returns how many bytes it has, 0 when it is not
 * whole yet, or -EBADMSG when it is none.
 */
int zl_tcp_frame(struct zl_cursor c) ZL_CHECKED;

struct zl_tcp_handlers {
	zl_receive_fn on_message;     /* is_tcp is set */
	void (*on_batch)(void *user); /* after one or several */
};

struct zl_tcp;

int zl_tcp_new(sd_event *event, struct zl_exporters *exporters,
	const struct zl_tcp_handlers *handlers, void *user, struct zl_tcp **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_tcp_free(struct zl_tcp *t); /* NULL is fine */

/* Take over a listening socket; nothing is accepted before zl_tcp_start(). */
int zl_tcp_listen(struct zl_tcp *t, int fd, struct zl_error *reterr) ZL_CHECKED;
void zl_tcp_start(struct zl_tcp *t);

/*
 * Once a second: close what is too old, and connections of exporters that may not send any
 * more.  When there was no descriptor or memory for a new one, listen again a second later.
 */
void zl_tcp_tidy(struct zl_tcp *t, struct zl_mono now);

unsigned zl_tcp_connections(const struct zl_tcp *t);

#endif
