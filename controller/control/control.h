/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control server: Varlink on a unix stream socket, on an sd-event loop.
 *
 * It serves org.varlink.service (to everybody) and org.zonelock.Controller (by the
 * access level of the peer).  Handlers run on the loop, one call per wake-up of a
 * connection; a connection takes its next call when the answer to the last one is
 * out, so a client that does not read costs one answer of memory and no time.
 *
 * Limits, each of which closes the connection:
 *	ZL_CONTROL_IN_MAX	longest message; for peers without access
 *				ZL_CONTROL_IN_STRANGER
 *	ZL_CONTROL_PATIENCE_S	a message that does not end, or an answer of which nothing
 *				is read, for so long; a peer without access, anyhow
 *	ZL_CONTROL_MAX		connections at a time, ZL_CONTROL_RESERVED of them only for
 *				administrators, ZL_CONTROL_STRANGERS for peers without
 *				access
 * An answer longer than ZL_CONTROL_OUT_MAX becomes the error Failed.
 *
 * Malformed JSON closes the connection.  A call with wrong parameters is answered with
 * org.varlink.service.InvalidParameter, an unknown one with MethodNotFound, one beyond
 * the peer's level with org.zonelock.Controller.PermissionDenied.
 */
#ifndef ZL_CONTROL_CONTROL_H
#define ZL_CONTROL_CONTROL_H
#include <systemd/sd-event.h>

#include "controller/control/call.h"

enum {
	ZL_CONTROL_IN_MAX = 1024 * 1024,
	ZL_CONTROL_IN_STRANGER = 4 * 1024,
	ZL_CONTROL_OUT_MAX = 16 * 1024 * 1024,
	ZL_CONTROL_PATIENCE_S = 30,
	ZL_CONTROL_MAX = 64,
	ZL_CONTROL_RESERVED = 16,
	ZL_CONTROL_STRANGERS = 8,
};

struct zl_control;

/*
 * Serve on `fd`, a listening non-blocking unix stream socket (-1: none), which is taken
 * on success.  `handlers` has one function per method, all of them set; it and
 * `user` are borrowed.  Group names are looked up here, so call it before a
 * sandbox takes the files away.
 */
int zl_control_new(sd_event *event, int fd, const zl_call_fn handlers[ZL_METHOD_N],
	void *user, struct zl_control **ret, struct zl_error *reterr) ZL_CHECKED;

/* Closes all connections; deferred calls stay with who deferred them. */
void zl_control_free(struct zl_control *ctl); /* NULL is fine */
ZL_DEFINE_AUTO(zl_control, struct zl_control, zl_control_free);

/*
 * Serve a connected socket too, for a peer that the caller vouches for.  `fd` is taken
 * in any case.  -ENOBUFS: too many connections.
 */
int zl_control_adopt(struct zl_control *ctl, int fd, const struct zl_peer *peer,
	struct zl_error *reterr) ZL_CHECKED;

size_t zl_control_connections(const struct zl_control *ctl);

#endif
