/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of a method, as its handler sees it.
 *
 *	static int show(void *user, struct zl_call *call, json_t **ret,
 *		struct zl_error *reterr)
 *	{
 *		const char *name = zl_call_str(call, "domain");
 *		...
 *		return zl_fail(reterr, -ENOENT, "no domain '%s'", name);
 *	}
 *
 * Access and parameters were checked against the method's row before.  Who cannot
 * answer at once (a host has to report first) keeps the call:
 *
 *	waiting->call = zl_call_defer(call);
 *	return ZL_CALL_DEFERRED;
 *	...later...
 *	zl_call_reply(waiting->call, reply);	or	zl_call_fail(waiting->call, &err);
 *
 * exactly one of the two, at any time, also before the handler returns, also after the
 * client went away or the server was freed: then it only frees the call.  The
 * connection takes no further call meanwhile.  There is no time limit here; whoever
 * defers also knows what to wait for.
 */
#ifndef ZL_CONTROL_CALL_H
#define ZL_CONTROL_CALL_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/control/methods.h"

struct zl_connection;

enum { ZL_CALL_DEFERRED = 1 };

struct zl_call {
	enum zl_method_id id;
	const struct zl_method *method;
	const json_t *parameters; /* an object */
	struct zl_peer peer;	  /* peer.actor is the audit's actor */

	/* private */
	json_t *message;		  /* what `parameters` lies in, or NULL */
	struct zl_connection *connection; /* NULL: the client is gone */
	bool oneway, deferred;
};

/*
 * Handle a call: 0 and *ret (the caller's; NULL stands for {}), ZL_CALL_DEFERRED, or a
 * negative errno, which names the Varlink error by the table of fault.c.
 */
typedef int (*zl_call_fn)(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr);

/* Parameters by name; absent ones give NULL or `absent`. */
const char *zl_call_str(const struct zl_call *call, const char *name);
int64_t zl_call_int(const struct zl_call *call, const char *name, int64_t absent);
bool zl_call_bool(const struct zl_call *call, const char *name);

/* Keep the call beyond the handler's return; see above.  Returns `call`. */
struct zl_call *zl_call_defer(struct zl_call *call);

/* Answer a deferred call and free it; `reply` is taken, NULL stands for {}. */
void zl_call_reply(struct zl_call *call, json_t *reply);
void zl_call_fail(struct zl_call *call, const struct zl_error *err);

#endif
