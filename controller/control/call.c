/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters of a call, and answering it later. */
#include "controller/control/call.h"

#include <stdlib.h>

#include "controller/control/connection.h"
#include "controller/control/fault.h"

const char *zl_call_str(const struct zl_call *call, const char *name)
{
	return json_string_value(json_object_get(call->parameters, name));
}

int64_t zl_call_int(const struct zl_call *call, const char *name, int64_t absent)
{
	const json_t *value = json_object_get(call->parameters, name);

	return json_is_integer(value) ? json_integer_value(value) : absent;
}

bool zl_call_bool(const struct zl_call *call, const char *name)
{
	return json_is_true(json_object_get(call->parameters, name));
}

struct zl_call *zl_call_defer(struct zl_call *call)
{
	call->deferred = true;
	return call;
}

/* Take `message`, give it to the client if it is still there, end the call. */
static void finish(struct zl_call *call, json_t *message)
{
	struct zl_connection *c = call->connection;

	if (c == NULL) {
		json_decref(message);
	} else {
		c->call = NULL;
		if (call->oneway)
			json_decref(message);
		else
			zl_connection_answer(c, message);
		if (!c->in_handler)
			zl_connection_advance(c);
	}
	json_decref(call->message);
	free(call);
}

void zl_call_reply(struct zl_call *call, json_t *reply)
{
	if (reply == NULL)
		reply = json_object();
	finish(call, reply == NULL ? NULL : json_pack("{s:o}", "parameters", reply));
}

void zl_call_fail(struct zl_call *call, const struct zl_error *err)
{
	finish(call, zl_fault_message(err));
}
