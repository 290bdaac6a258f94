/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to the handler that answers it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/control/connection.h"
#include "controller/control/fault.h"

#define SERVICE "org.varlink.service"

/* What every Varlink service says of itself (https://varlink.org/Service). */
static const char service_description[] =
	"# The Varlink Service Interface\n"
	"interface org.varlink.service\n\n"
	"method GetInfo() -> (\n"
	"  vendor: string, product: string, version: string, url: string,\n"
	"  interfaces: []string\n"
	")\n\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n";

static json_t *service_error(const char *name, const char *key, const char *value)
{
	return json_pack("{s:s, s:{s:s}}", "error", name, "parameters", key, value);
}

static json_t *answer_info(void)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:[s, s]}}", "parameters", "vendor",
		"zonelock", "product", "zonelockd", "version", ZL_VERSION, "url",
		"https://zonelock.org/", "interfaces", SERVICE, ZL_METHODS_INTERFACE);
}

static json_t *answer_description(const json_t *params)
{
	const char *name = json_string_value(json_object_get(params, "interface"));
	const char *text = NULL;

	if (name == NULL)
		return service_error(
			SERVICE ".InvalidParameter", "parameter", "interface");
	if (strcmp(name, SERVICE) == 0)
		text = service_description;
	else if (strcmp(name, ZL_METHODS_INTERFACE) == 0)
		text = zl_methods_description();
	if (text == NULL)
		return service_error(SERVICE ".InterfaceNotFound", "interface", name);
	return json_pack("{s:{s:s}}", "parameters", "description", text);
}

/* `full` is "org.zonelock.Controller.ListHosts"; NULL and *ret_error when unknown. */
static const struct zl_method *find_method(const char *full, json_t **ret_error)
{
	const char *dot = strrchr(full, '.');
	size_t len = strlen(ZL_METHODS_INTERFACE);
	ZL_AUTO(zl_mem) char *interface = NULL;
	const struct zl_method *m = NULL;

	if (dot == NULL) {
		*ret_error = service_error(SERVICE ".MethodNotFound", "method", full);
		return NULL;
	}
	interface = strndup(full, (size_t)(dot - full));
	if (interface == NULL)
		return NULL;
	if (strcmp(interface, ZL_METHODS_INTERFACE) == 0 && full[len] == '.')
		m = zl_methods_find(dot + 1);
	else if (strcmp(interface, SERVICE) != 0) {
		*ret_error = service_error(
			SERVICE ".InterfaceNotFound", "interface", interface);
		return NULL;
	}
	if (m == NULL)
		*ret_error = service_error(SERVICE ".MethodNotFound", "method", full);
	return m;
}

/* NULL when the peer may make this call with these parameters, else the answer. */
static json_t *check(
	const struct zl_connection *c, const struct zl_method *m, json_t *params)
{
	const char *parameter = "parameters";
	struct zl_error err;
	int r;

	if (c->peer.access < m->access) {
		(void)zl_fail_id(&err, -EACCES, "control.access",
			m->access == ZL_ACCESS_ADMIN
				? "become root or a member of "
				  "group " ZL_ACCESS_GROUP_ADMIN
				: "become a member of group " ZL_ACCESS_GROUP_READ,
			"%s may not call %s: it needs %s access", c->peer.actor,
			m->name, zl_access_name(m->access));
		return zl_fault_message(&err);
	}
	r = zl_method_check(m, params, &parameter, &err);
	if (r == 0)
		return NULL;
	return json_pack("{s:s, s:{s:s, s:o}}", "error", SERVICE ".InvalidParameter",
		"parameters", "parameter", parameter, "message",
		zl_varlink_text(err.msg));
}

/* Run the handler; the call's ownership follows call.h. */
static void run(struct zl_connection *c, struct zl_call *call)
{
	struct zl_control *ctl = c->ctl;
	struct zl_error err = { 0 };
	json_t *ret = NULL;
	int r;

	c->call = call;
	c->in_handler = true;
	r = ctl->handlers[call->id](ctl->user, call, &ret, &err);
	/* `call` may be gone when it was deferred and answered: ask the connection */
	if (c->call != NULL && !call->deferred) {
		if (r == 0) {
			zl_call_reply(call, ret);
		} else {
			if (err.msg[0] == '\0')
				(void)zl_fail(&err, r < 0 ? r : -EIO, "%s failed",
					call->method->name);
			zl_call_fail(call, &err);
		}
	}
	c->in_handler = false;
}

static void call_method(struct zl_connection *c, const struct zl_method *m,
	json_t *message, const json_t *params)
{
	struct zl_call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		zl_connection_answer(c, NULL);
		return;
	}
	*call = (struct zl_call){
		.id = zl_methods_id(m),
		.method = m,
		.parameters = params,
		.peer = c->peer,
		.message = json_incref(message),
		.connection = c,
		.oneway = json_is_true(json_object_get(message, "oneway")),
	};
	run(c, call);
}

void zl_dispatch(struct zl_connection *c, json_t *message)
{
	ZL_AUTO(zl_json) json_t *owned = message;
	const char *full = json_string_value(json_object_get(message, "method"));
	bool oneway = json_is_true(json_object_get(message, "oneway"));
	const struct zl_method *m = NULL;
	json_t *params, *answer = NULL;

	params = json_object_get(message, "parameters");
	if (params == NULL || json_is_null(params)) {
		if (json_object_set_new(message, "parameters", json_object()) < 0) {
			zl_connection_answer(c, NULL);
			return;
		}
		params = json_object_get(message, "parameters");
	}
	if (full == NULL)
		answer = service_error(
			SERVICE ".InvalidParameter", "parameter", "method");
	else if (json_is_true(json_object_get(message, "upgrade")))
		answer = service_error(
			SERVICE ".InvalidParameter", "parameter", "upgrade");
	else if (strcmp(full, SERVICE ".GetInfo") == 0)
		answer = answer_info();
	else if (strcmp(full, SERVICE ".GetInterfaceDescription") == 0)
		answer = answer_description(params);
	else {
		m = find_method(full, &answer);
		if (m != NULL)
			answer = check(c, m, params);
		if (m != NULL && answer == NULL) {
			call_method(c, m, message, params);
			return;
		}
	}
	if (oneway)
		json_decref(answer);
	else
		zl_connection_answer(c, answer);
}
