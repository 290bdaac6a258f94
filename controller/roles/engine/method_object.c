/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods about the objects that people define: hosts, zones, locks. */
#include <errno.h>
#include <string.h>

#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"

static int define(struct zl_engine *e, enum zl_object_kind kind, struct zl_call *call,
	json_t **ret, struct zl_error *reterr)
{
	return zl_engine_objects_define(e, kind, zl_call_str(call, "xml"),
		zl_call_str(call, "file"), call->peer.actor, ret, reterr);
}

static int undefine(struct zl_engine *e, enum zl_object_kind kind, struct zl_call *call,
	struct zl_error *reterr)
{
	return zl_engine_objects_undefine(
		e, kind, zl_call_str(call, "name"), call->peer.actor, reterr);
}

static int dump(struct zl_engine *e, enum zl_object_kind kind, struct zl_call *call,
	json_t **ret, struct zl_error *reterr)
{
	struct zl_object o = { 0 };
	int r = zl_objects_get(e->db, kind, zl_call_str(call, "name"), &o, reterr);

	if (r >= 0)
		*ret = json_pack("{s:o}", "xml", zl_varlink_text(o.xml));
	zl_object_done(&o);
	return r;
}

#define OBJECT_METHODS(what, KIND)                                                     \
	ZL_METHOD(define_##what)                                                       \
	{                                                                              \
		return define(user, KIND, call, ret, reterr);                          \
	}                                                                              \
	ZL_METHOD(undefine_##what)                                                     \
	{                                                                              \
		(void)ret;                                                             \
		return undefine(user, KIND, call, reterr);                             \
	}                                                                              \
	ZL_METHOD(dump_##what)                                                         \
	{                                                                              \
		return dump(user, KIND, call, ret, reterr);                            \
	}

OBJECT_METHODS(host, ZL_OBJECT_HOST)
OBJECT_METHODS(zone, ZL_OBJECT_ZONE)
OBJECT_METHODS(lock, ZL_OBJECT_LOCK)

struct listing {
	struct zl_engine *e;
	json_t *list;
};

/* How many domains are in a zone now. */
static unsigned count_members(struct zl_engine *e, const char *zone)
{
	const struct zl_index_domain *d;
	unsigned n = 0;

	for (size_t i = 0; (d = zl_index_next(e->index, &i)) != NULL;)
		n += zl_engine_classes_is_in(e, d, zone);
	return n;
}

static json_t *object_to_json(const struct zl_object *o, const char *description)
{
	char uuid[ZL_UUID_STR];

	return json_pack("{s:s, s:s, s:I, s:o}", "name", o->name, "uuid",
		zl_uuid_format(&o->uuid, uuid), "revision", (json_int_t)o->revision,
		"description", zl_varlink_text(description == NULL ? "" : description));
}

static int append_zone(const struct zl_object *o, void *user)
{
	struct listing *ls = user;
	struct zl_zone *z = NULL;
	json_t *doc;

	if (zl_zone_parse(o->xml, o->name, &z, NULL) < 0)
		return -EBADMSG;
	doc = object_to_json(o, z->description);
	(void)json_object_set_new(
		doc, "domains", json_integer(count_members(ls->e, o->name)));
	zl_zone_free(z);
	return json_array_append_new(ls->list, doc) < 0 ? -ENOMEM : 0;
}

static int append_lock(const struct zl_object *o, void *user)
{
	struct listing *ls = user;
	struct zl_lock *l = NULL;
	json_t *doc, *more;

	if (zl_lock_parse(o->xml, o->name, &l, NULL) < 0)
		return -EBADMSG;
	doc = object_to_json(o, l->description);
	more = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "zone", l->zone, "mode",
		zl_lock_mode_name(l->mode), "action",
		zl_response_action_name(l->response.action), "grade",
		zl_response_grade_name(l->response.grade), "ttl",
		(json_int_t)l->response.ttl_s, "backend",
		zl_response_backend_name(l->response.backend));
	(void)json_object_update(doc, more);
	json_decref(more);
	zl_lock_free(l);
	return json_array_append_new(ls->list, doc) < 0 ? -ENOMEM : 0;
}

static int list(struct zl_engine *e, enum zl_object_kind kind, const char *plural,
	int (*each)(const struct zl_object *o, void *user), json_t **ret,
	struct zl_error *reterr)
{
	struct listing ls = { e, json_array() };
	int r = zl_objects_each(e->db, kind, each, &ls, reterr);

	if (r < 0) {
		json_decref(ls.list);
		return r;
	}
	*ret = json_pack("{s:o}", plural, ls.list);
	return 0;
}

ZL_METHOD(list_zones)
{
	(void)call;
	return list(user, ZL_OBJECT_ZONE, "zones", append_zone, ret, reterr);
}

ZL_METHOD(list_locks)
{
	(void)call;
	return list(user, ZL_OBJECT_LOCK, "locks", append_lock, ret, reterr);
}

ZL_METHOD(set_lock_mode)
{
	const char *name = zl_call_str(call, "name"), *text = zl_call_str(call, "mode");
	enum zl_lock_mode mode;
	int r;

	if (!zl_lock_mode_parse(text, &mode))
		return zl_fail_id(reterr, -EINVAL, "lock.mode", "",
			"mode '%s': neither monitor nor enforce", text);
	r = zl_engine_objects_set_mode(user, name, mode, call->peer.actor, reterr);
	if (r >= 0)
		*ret = json_pack("{s:s, s:s}", "name", name, "mode", text);
	return r;
}

/* One row for each method: who answers it. */
const zl_call_fn zl_engine_handlers[ZL_METHOD_N] = {
	[ZL_METHOD_DAEMON_STATUS] = zl_method_daemon_status,
	[ZL_METHOD_DEFINE_HOST] = zl_method_define_host,
	[ZL_METHOD_DEFINE_LOCK] = zl_method_define_lock,
	[ZL_METHOD_DEFINE_ZONE] = zl_method_define_zone,
	[ZL_METHOD_DIAGNOSE_HOST] = zl_method_diagnose_host,
	[ZL_METHOD_DUMP_HOST] = zl_method_dump_host,
	[ZL_METHOD_DUMP_LOCK] = zl_method_dump_lock,
	[ZL_METHOD_DUMP_ZONE] = zl_method_dump_zone,
	[ZL_METHOD_GET_METRICS] = zl_method_get_metrics,
	[ZL_METHOD_LIST_AUDIT] = zl_method_list_audit,
	[ZL_METHOD_LIST_DOMAINS] = zl_method_list_domains,
	[ZL_METHOD_LIST_EXPORTERS] = zl_method_list_exporters,
	[ZL_METHOD_LIST_FLOWS] = zl_method_list_flows,
	[ZL_METHOD_LIST_HOSTS] = zl_method_list_hosts,
	[ZL_METHOD_LIST_INCIDENTS] = zl_method_list_incidents,
	[ZL_METHOD_LIST_LOCKS] = zl_method_list_locks,
	[ZL_METHOD_LIST_MITIGATIONS] = zl_method_list_mitigations,
	[ZL_METHOD_LIST_ZONES] = zl_method_list_zones,
	[ZL_METHOD_QUARANTINE] = zl_method_quarantine,
	[ZL_METHOD_RELEASE] = zl_method_release,
	[ZL_METHOD_SET_FORWARDING] = zl_method_set_forwarding,
	[ZL_METHOD_SET_LOCK_MODE] = zl_method_set_lock_mode,
	[ZL_METHOD_SHOW_ADDRESS] = zl_method_show_address,
	[ZL_METHOD_SHOW_AUDIT] = zl_method_show_audit,
	[ZL_METHOD_SHOW_DOMAIN] = zl_method_show_domain,
	[ZL_METHOD_SHOW_EXPORTER] = zl_method_show_exporter,
	[ZL_METHOD_SHOW_INCIDENT] = zl_method_show_incident,
	[ZL_METHOD_SHOW_MITIGATION] = zl_method_show_mitigation,
	[ZL_METHOD_UNDEFINE_HOST] = zl_method_undefine_host,
	[ZL_METHOD_UNDEFINE_LOCK] = zl_method_undefine_lock,
	[ZL_METHOD_UNDEFINE_ZONE] = zl_method_undefine_zone,
	[ZL_METHOD_VERIFY_AUDIT] = zl_method_verify_audit,
};
