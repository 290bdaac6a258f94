/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains that the admin declares as forwarding: on disk, in the audit log, in the index. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"
#include "controller/store/forwarding.h"

static int load_one(const struct zl_uuid *domain, void *user)
{
	struct zl_engine *e = user;

	return zl_index_set_forwarding(e->index, domain, true, zl_wall_now(), NULL);
}

int zl_engine_forwarding_load(struct zl_engine *e, struct zl_error *reterr)
{
	return zl_forwarding_each(e->db, load_one, e, reterr);
}

static int record(struct zl_engine *e, const struct zl_index_domain *d, bool on,
	const char *actor, struct zl_error *reterr)
{
	char uuid[ZL_UUID_STR], object[ZL_NAME_MAX + ZL_UUID_STR + 16];
	struct zl_wall now = zl_wall_now();
	struct zl_audit_record a = { .time = now,
		.actor = actor,
		.verb = "domain-set-forwarding",
		.object = object,
		.cause = "",
		.result = on ? "on" : "off" };
	int r = zl_db_begin(e->db, reterr);

	if (r < 0)
		return r;
	(void)snprintf(object, sizeof(object), "domain %s %s", d->name,
		zl_uuid_format(&d->uuid, uuid));
	r = on ? zl_forwarding_put(e->db, &d->uuid, now, reterr)
	       : zl_forwarding_remove(e->db, &d->uuid, reterr);
	if (r >= 0)
		r = zl_audit_append(e->db, &a, reterr);
	return zl_db_end(e->db, r, reterr);
}

ZL_METHOD(set_forwarding)
{
	bool on = strcmp(zl_call_str(call, "forwarding"), "on") == 0;
	const struct zl_index_domain *d;
	struct zl_engine *e = user;
	struct zl_uuid domain;
	int r = zl_index_domain(e->index, zl_call_str(call, "domain"), &d, reterr);

	if (r < 0)
		return r;
	domain = d->uuid;
	r = record(e, d, on, call->peer.actor, reterr);
	if (r >= 0)
		r = zl_index_set_forwarding(
			e->index, &domain, on, zl_wall_now(), reterr);
	if (r < 0)
		return r;
	d = zl_index_find(e->index, NULL, &domain);
	if (d == NULL)
		return zl_fail(reterr, -ENOENT, "the domain has gone meanwhile");
	*ret = json_pack("{s:o, s:s, s:b}", "domain", zl_varlink_text(d->name), "host",
		d->host->name, "forwarding", d->forwarding);
	return 0;
}
