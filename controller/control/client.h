/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of the control socket: connect, call, wait.
 *
 * Blocking, one call at a time, for programs without a loop.
 */
#ifndef ZL_CONTROL_CLIENT_H
#define ZL_CONTROL_CLIENT_H
#include <jansson.h>

#include "base/cleanup.h"
#include "base/error.h"

enum {
	ZL_CLIENT_PATIENCE_S = 30,	     /* for one call */
	ZL_CLIENT_IN_MAX = 64 * 1024 * 1024, /* longest answer that we take */
};

struct zl_client;

/* Connect to the socket at `path`.  Says in its hint what may be wrong. */
int zl_client_open(
	const char *path, struct zl_client **ret, struct zl_error *reterr) ZL_CHECKED;
void zl_client_close(struct zl_client *c); /* NULL is fine */
ZL_DEFINE_AUTO(zl_client, struct zl_client, zl_client_close);

/*
 * Call org.zonelock.Controller.`method` with `params` (borrowed; NULL: none).  *ret is the
 * reply's parameters, an object, the caller's.
 *
 * An error from the daemon comes back as the errno of fault.c's table with the
 * daemon's id, message and hint; zl_client_fault() then gives its Varlink name.  Local
 * failures: -ETIMEDOUT, -ECONNRESET, -EPROTO, ...; zl_client_fault() is "" then.
 */
int zl_client_call(struct zl_client *c, const char *method, const json_t *params,
	json_t **ret, struct zl_error *reterr) ZL_CHECKED;

/* "org.zonelock.Controller.NotFound" of the last call, or "". */
const char *zl_client_fault(const struct zl_client *c);

#endif
