/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts, zones and locks: parsed, checked as a whole, kept, and only then in force.
 *
 * The database holds the canonical XML; everything in memory is made from it.  A
 * definition that is refused changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/engine.h"

/* All zones and locks that are in force, and the policy made of them. */
struct rules {
	struct zl_zone **zones;
	struct zl_lock **locks;
	size_t n_zones, n_locks;
	struct zl_policy *policy;
};

static void free_rules(struct rules *rs)
{
	zl_policy_free(rs->policy);
	for (size_t i = 0; i < rs->n_zones; i++)
		zl_zone_free(rs->zones[i]);
	for (size_t i = 0; i < rs->n_locks; i++)
		zl_lock_free(rs->locks[i]);
	free(rs->zones);
	free(rs->locks);
	memset(rs, 0, sizeof(*rs));
}

static int append(void ***list, size_t *n, void *object)
{
	void **more = reallocarray(*list, *n + 1, sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	*list = more;
	more[(*n)++] = object;
	return 0;
}

static int add_zone(const struct zl_object *o, void *user)
{
	struct rules *rs = user;
	struct zl_zone *z = NULL;
	int r = zl_zone_parse(o->xml, o->name, &z, NULL);

	if (r >= 0)
		r = append((void ***)&rs->zones, &rs->n_zones, z);
	if (r < 0)
		zl_zone_free(z);
	return r;
}

static int add_lock(const struct zl_object *o, void *user)
{
	struct rules *rs = user;
	struct zl_lock *l = NULL;
	int r = zl_lock_parse(o->xml, o->name, &l, NULL);

	if (r >= 0)
		r = append((void ***)&rs->locks, &rs->n_locks, l);
	if (r < 0)
		zl_lock_free(l);
	return r;
}

/* Read all rules (those of an open transaction too) and compile them. */
static int read_rules(struct zl_engine *e, struct rules *ret, struct zl_error *reterr)
{
	struct rules rs = { 0 };
	int r = zl_objects_each(e->db, ZL_OBJECT_ZONE, add_zone, &rs, reterr);

	if (r >= 0)
		r = zl_objects_each(e->db, ZL_OBJECT_LOCK, add_lock, &rs, reterr);
	if (r >= 0)
		r = zl_policy_new((const struct zl_zone *const *)rs.zones, rs.n_zones,
			(const struct zl_lock *const *)rs.locks, rs.n_locks, &rs.policy,
			reterr);
	if (r < 0) {
		free_rules(&rs);
		return r;
	}
	*ret = rs;
	return 0;
}

static void put_in_force(struct zl_engine *e, struct rules *rs)
{
	struct rules old = { e->zones, e->locks, e->n_zones, e->n_locks, e->policy };

	e->zones = rs->zones;
	e->locks = rs->locks;
	e->n_zones = rs->n_zones;
	e->n_locks = rs->n_locks;
	e->policy = rs->policy;
	zl_engine_classes_forget(e);
	free_rules(&old);
}

static int enrol(struct zl_engine *e, const char *xml, struct zl_error *reterr)
{
	struct zl_host *h = NULL;
	int r = zl_host_parse(xml, "", &h, reterr);

	if (r >= 0)
		r = zl_index_host_put(e->index, h->name, zl_wall_now(), reterr);
	if (r < 0) {
		zl_host_free(h);
		return r;
	}
	return zl_engine_agents_add(e, h, reterr);
}

static int enrol_one(const struct zl_object *o, void *user)
{
	struct zl_error err = { 0 };

	if (enrol(user, o->xml, &err) < 0)
		zl_log_error(LOG_ERR, &err, o->name);
	return 0;
}

int zl_engine_objects_load(struct zl_engine *e, struct zl_error *reterr)
{
	struct rules rs;
	int r = read_rules(e, &rs, reterr);

	if (r < 0)
		return r;
	put_in_force(e, &rs);
	return zl_objects_each(e->db, ZL_OBJECT_HOST, enrol_one, e, reterr);
}

/* --- define --- */

/* What parsing gave, whatever the kind is. */
struct parsed {
	char name[ZL_NAME];
	struct zl_uuid uuid;
	char *xml; /* canonical */
};

/* Take the uuid that the object has in the database, or make one. */
static void settle_uuid(struct zl_engine *e, enum zl_object_kind kind, const char *name,
	bool *has_uuid, struct zl_uuid *uuid)
{
	struct zl_object old = { 0 };

	if (*has_uuid)
		return;
	*has_uuid = true;
	if (zl_objects_get(e->db, kind, name, &old, NULL) >= 0)
		*uuid = old.uuid;
	else
		*uuid = zl_uuid_random();
	zl_object_done(&old);
}

#define PARSE_AND_FORMAT(KIND, type)                                                   \
	struct zl_##type *o = NULL;                                                    \
	int r = zl_##type##_parse(xml, file, &o, reterr);                              \
                                                                                       \
	if (r < 0)                                                                     \
		return r;                                                              \
	settle_uuid(e, KIND, o->name, &o->has_uuid, &o->uuid);                         \
	(void)snprintf(ret->name, sizeof(ret->name), "%s", o->name);                   \
	ret->uuid = o->uuid;                                                           \
	ret->xml = zl_##type##_format(o);                                              \
	zl_##type##_free(o);                                                           \
	return ret->xml == NULL ? zl_fail(reterr, -ENOMEM, "out of memory") : 0

static int parse_host(struct zl_engine *e, const char *xml, const char *file,
	struct parsed *ret, struct zl_error *reterr)
{
	PARSE_AND_FORMAT(ZL_OBJECT_HOST, host);
}

static int parse_zone(struct zl_engine *e, const char *xml, const char *file,
	struct parsed *ret, struct zl_error *reterr)
{
	PARSE_AND_FORMAT(ZL_OBJECT_ZONE, zone);
}

static int parse_lock(struct zl_engine *e, const char *xml, const char *file,
	struct parsed *ret, struct zl_error *reterr)
{
	PARSE_AND_FORMAT(ZL_OBJECT_LOCK, lock);
}

/* What one kind of object may not say because of what else there is. */
static int check_lock(struct zl_engine *e, const char *xml, struct zl_error *reterr)
{
	struct zl_lock *l = NULL;
	int r = zl_lock_parse(xml, "", &l, reterr);

	(void)e;
	if (r >= 0 && l->response.action == ZL_RESPONSE_BLOCK_FLOW &&
		l->response.backend == ZL_RESPONSE_NWFILTER)
		r = zl_fail_id(reterr, -EINVAL, "lock.response",
			"use backend='nftables', or action='quarantine'",
			"lock '%s': the nwfilter backend cannot block single flows",
			l->name);
	zl_lock_free(l);
	return r;
}

/* Without its agent nobody would end the leases of a host. */
static int check_agent(
	struct zl_engine *e, const struct zl_host *h, struct zl_error *reterr)
{
	const struct zl_engine_lease *l;

	if (h->agent_path != NULL)
		return 0;
	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;)
		if (l->row.lease.backend == ZL_BACKEND_NFTABLES &&
			strcmp(l->row.host, h->name) == 0)
			return zl_fail_id(reterr, -EPERM, "host.has-leases",
				"release its domains first, or nobody would end their "
				"containment",
				"host '%s': its agent is needed: it has mitigations in "
				"force (domain '%s')",
				h->name, l->row.lease.domain_name);
	return 0;
}

/* An exporter speaks for one host. */
static int check_host(struct zl_engine *e, const char *xml, struct zl_error *reterr)
{
	const struct zl_engine_host *other;
	struct zl_host *h = NULL;
	char text[ZL_PREFIX_STR];
	int r = zl_host_parse(xml, "", &h, reterr);

	if (r >= 0 && e->hosts.n >= ZL_INDEX_HOSTS_MAX &&
		zl_engine_agents_find(e, h->name) == NULL)
		r = zl_fail_id(reterr, -E2BIG, "host.too-many", "",
			"host '%s': there are %d hosts already", h->name,
			ZL_INDEX_HOSTS_MAX);
	if (r >= 0)
		r = check_agent(e, h, reterr);

	for (size_t i = 0; r >= 0 && (other = zl_map_next(&e->hosts, &i)) != NULL;) {
		if (strcmp(other->def->name, h->name) == 0)
			continue;
		for (size_t k = 0;
			r >= 0 && k < h->n_exporters * other->def->n_exporters; k++) {
			const struct zl_prefix *a =
				&h->exporters[k % h->n_exporters].prefix;
			const struct zl_prefix *b =
				&other->def->exporters[k / h->n_exporters].prefix;

			if (a->len == b->len && zl_addr_eq(&a->addr, &b->addr))
				r = zl_fail_id(reterr, -EEXIST, "host.exporter", "",
					"host '%s': exporter %s is that of host '%s' "
					"already",
					h->name, zl_prefix_format(a, text),
					other->def->name);
		}
	}
	zl_host_free(h);
	return r;
}

static int (*const checks[ZL_OBJECT_KIND_N])(
	struct zl_engine *e, const char *xml, struct zl_error *reterr) = {
	[ZL_OBJECT_HOST] = check_host,
	[ZL_OBJECT_LOCK] = check_lock,
};

static int (*const parsers[ZL_OBJECT_KIND_N])(struct zl_engine *e, const char *xml,
	const char *file, struct parsed *ret, struct zl_error *reterr) = {
	[ZL_OBJECT_HOST] = parse_host,
	[ZL_OBJECT_ZONE] = parse_zone,
	[ZL_OBJECT_LOCK] = parse_lock,
};

static int audit_object(struct zl_engine *e, enum zl_object_kind kind, const char *verb,
	const char *name, uint32_t revision, const char *actor, struct zl_error *reterr)
{
	char full_verb[48], object[ZL_NAME + 16], result[32];
	struct zl_audit_record a = { .time = zl_wall_now(),
		.actor = actor,
		.verb = full_verb,
		.object = object,
		.cause = "",
		.result = result };

	(void)snprintf(
		full_verb, sizeof(full_verb), "%s-%s", zl_object_kind_name(kind), verb);
	(void)snprintf(
		object, sizeof(object), "%s %s", zl_object_kind_name(kind), name);
	(void)snprintf(result, sizeof(result), "revision %u", revision);
	return zl_audit_append(e->db, &a, reterr);
}

/*
 * The rules as they would be are read from within the transaction: if they do not
 * make a policy, it is rolled back, and nothing has happened.
 */
static int finish(
	struct zl_engine *e, int r, bool rules_changed, struct zl_error *reterr)
{
	struct rules rs = { 0 };

	if (r >= 0 && rules_changed)
		r = read_rules(e, &rs, reterr);
	/* A zone that a lock names and nobody defined: the definition is wrong, not the call. */
	if (r == -ENOENT)
		r = -EINVAL;
	if (r < 0 && reterr != NULL)
		reterr->code = r;
	if (r >= 0)
		r = zl_db_commit(e->db, reterr);
	if (r < 0) {
		zl_db_rollback(e->db);
		free_rules(&rs);
		return r;
	}
	if (rules_changed)
		put_in_force(e, &rs);
	return 0;
}

int zl_engine_objects_define(struct zl_engine *e, enum zl_object_kind kind,
	const char *xml, const char *file, const char *actor, json_t **ret,
	struct zl_error *reterr)
{
	struct parsed p = { .xml = NULL };
	char uuid[ZL_UUID_STR];
	uint32_t revision = 0;
	bool created = false;
	int r = parsers[kind](e, xml, file == NULL ? "" : file, &p, reterr);

	if (r < 0)
		return r;
	if (checks[kind] != NULL)
		r = checks[kind](e, p.xml, reterr);
	if (r >= 0)
		r = zl_db_begin(e->db, reterr);
	if (r < 0) {
		free(p.xml);
		return r;
	}
	r = zl_objects_put(e->db, kind, p.name, &p.uuid, p.xml, zl_wall_now(),
		&revision, &created, reterr);
	if (r >= 0)
		r = audit_object(e, kind, "define", p.name, revision, actor, reterr);
	r = finish(e, r, kind != ZL_OBJECT_HOST, reterr);
	if (r >= 0 && kind == ZL_OBJECT_HOST) {
		r = enrol(e, p.xml, reterr);
		if (r >= 0)
			zl_engine_inventory_tell_host(
				e, zl_engine_agents_find(e, p.name)->def);
		zl_engine_exporters_tell(e);
	}
	if (r >= 0)
		*ret = json_pack("{s:s, s:s, s:I, s:b}", "name", p.name, "uuid",
			zl_uuid_format(&p.uuid, uuid), "revision", (json_int_t)revision,
			"created", created);
	free(p.xml);
	return r;
}

/* --- undefine, and the mode of a lock --- */

/* A lease that was released, but whose host cannot be reached, is no reason. */
static int may_undefine_host(
	struct zl_engine *e, const char *name, struct zl_error *reterr)
{
	struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_engine_leases_next(e, &i)) != NULL;)
		if (strcmp(l->row.host, name) == 0 &&
			l->row.state != ZL_LEASE_RELEASING)
			return zl_fail_id(reterr, -EPERM, "host.has-leases",
				"release its domains first, or nobody would end their "
				"containment",
				"host '%s' has mitigations in force (domain '%s')",
				name, l->row.lease.domain_name);
	return 0;
}

int zl_engine_objects_undefine(struct zl_engine *e, enum zl_object_kind kind,
	const char *name, const char *actor, struct zl_error *reterr)
{
	struct zl_object o = { 0 };
	int r = zl_objects_get(e->db, kind, name, &o, reterr);

	if (r >= 0 && kind == ZL_OBJECT_HOST)
		r = may_undefine_host(e, o.name, reterr);
	if (r >= 0)
		r = zl_db_begin(e->db, reterr);
	if (r < 0) {
		zl_object_done(&o);
		return r;
	}
	r = zl_objects_remove(e->db, kind, o.name, zl_wall_now(), reterr);
	if (r >= 0)
		r = audit_object(
			e, kind, "undefine", o.name, o.revision, actor, reterr);
	r = finish(e, r, kind != ZL_OBJECT_HOST, reterr);
	if (r >= 0 && kind == ZL_OBJECT_HOST) {
		zl_engine_leases_abandon(e, o.name, actor);
		zl_engine_inventory_tell_gone(e, o.name);
		zl_engine_agents_remove(e, o.name);
		(void)!zl_index_host_remove(e->index, o.name, NULL);
		zl_engine_exporters_tell(e);
	}
	zl_object_done(&o);
	return r;
}

int zl_engine_objects_set_mode(struct zl_engine *e, const char *name,
	enum zl_lock_mode mode, const char *actor, struct zl_error *reterr)
{
	struct zl_object o = { 0 };
	struct zl_lock *l = NULL;
	char *xml = NULL;
	json_t *ret = NULL;
	int r = zl_objects_get(e->db, ZL_OBJECT_LOCK, name, &o, reterr);

	if (r >= 0)
		r = zl_lock_parse(o.xml, o.name, &l, reterr);
	if (r >= 0) {
		l->mode = mode;
		xml = zl_lock_format(l);
		r = xml == NULL ? zl_fail(reterr, -ENOMEM, "out of memory")
				: zl_engine_objects_define(e, ZL_OBJECT_LOCK, xml,
					  o.name, actor, &ret, reterr);
	}
	json_decref(ret);
	free(xml);
	zl_lock_free(l);
	zl_object_done(&o);
	return r;
}
