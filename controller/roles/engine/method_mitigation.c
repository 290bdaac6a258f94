/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods about flows, incidents, mitigations and the audit log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"

enum { FLOWS_DEFAULT = 50, AUDIT_DEFAULT = 50 };

/* --- flows --- */

/* And who told of it with better evidence. */
static json_t *flow_to_json(const struct zl_seen *s, const struct zl_seen *best)
{
	json_t *flow = zl_engine_flows_to_json(s);
	char text[ZL_ADDR_STR];

	(void)json_object_set_new(flow, "copy_of",
		best == NULL ? json_null()
			     : json_string(zl_addr_format(&best->flow.exporter, text)));
	return flow;
}

int zl_method_list_flows(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const char *domain = zl_call_str(call, "domain");
	uint64_t limit = (uint64_t)zl_call_int(call, "limit", FLOWS_DEFAULT);
	uint64_t in_window = e->n_seen < ZL_WINDOW ? e->n_seen : ZL_WINDOW;
	const struct zl_index_domain *d = NULL;
	struct zl_map best;
	json_t *list;

	if (domain != NULL) {
		int r = zl_index_domain(e->index, domain, &d, reterr);

		if (r < 0)
			return r;
	}
	if (zl_engine_copies_gather(e, &best) < 0) {
		zl_map_done(&best);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	list = json_array();
	for (uint64_t i = 0; i < in_window && json_array_size(list) < limit; i++) {
		const struct zl_seen *s = zl_engine_flows_seen(e, e->n_seen - i);

		if (s == NULL)
			break;
		if (d != NULL && !zl_uuid_eq(&s->sighting.src.domain, &d->uuid) &&
			!zl_uuid_eq(&s->sighting.dst.domain, &d->uuid))
			continue;
		(void)json_array_insert_new(
			list, 0, flow_to_json(s, zl_engine_copies_of(&best, s)));
	}
	zl_map_done(&best);
	*ret = json_pack("{s:o}", "flows", list);
	return 0;
}

/* --- incidents --- */

static json_t *incident_to_json(const struct zl_incident_row *row)
{
	char uuid[ZL_UUID_STR], lease[ZL_UUID_STR];
	static const struct zl_uuid none;

	return json_pack(
		"{s:I, s:s, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:o, s:s}",
		"id", (json_int_t)row->id, "state", row->open ? "open" : "closed",
		"domain", zl_varlink_text(row->domain_name), "domain_uuid",
		zl_uuid_format(&row->domain, uuid), "host", row->host, "lock",
		row->lock, "rule", zl_varlink_text(row->rule), "opened_ms",
		(json_int_t)zl_wall_ms(row->opened), "updated_ms",
		(json_int_t)zl_wall_ms(row->updated), "count", (json_int_t)row->count,
		"decision", row->decision, "decision_reason",
		zl_varlink_text(row->decision_reason), "lease",
		zl_uuid_eq(&row->lease, &none) ? ""
					       : zl_uuid_format(&row->lease, lease));
}

static int append_incident(const struct zl_incident_row *row, void *user)
{
	return json_array_append_new(user, incident_to_json(row)) < 0 ? -ENOMEM : 0;
}

int zl_method_list_incidents(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	json_t *list = json_array();
	int r;

	(void)call;
	zl_engine_incidents_flush(e);
	r = zl_incidents_each(e->db, true, 1000, append_incident, list, reterr);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	*ret = json_pack("{s:o}", "incidents", list);
	return 0;
}

static int show_incident(const struct zl_incident_row *row, void *user)
{
	json_t *doc = incident_to_json(row), *timeline = json_array();

	(void)json_array_append_new(timeline,
		json_pack("{s:I, s:s}", "time_ms", (json_int_t)zl_wall_ms(row->opened),
			"text", "opened"));
	(void)json_array_append_new(timeline,
		json_pack("{s:I, s:s}", "time_ms", (json_int_t)zl_wall_ms(row->updated),
			"text", row->open ? "last violation" : "closed"));
	(void)json_object_set(doc, "evidence", row->evidence);
	(void)json_object_set_new(doc, "timeline", timeline);
	*(json_t **)user = doc;
	return 0;
}

int zl_method_show_incident(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;

	zl_engine_incidents_flush(e);
	return zl_incidents_get(e->db, (uint64_t)zl_call_int(call, "id", 0),
		show_incident, ret, reterr);
}

/* --- mitigations --- */

json_t *zl_engine_leases_to_json(const struct zl_lease_row *row)
{
	const struct zl_lease *l = &row->lease;
	char id[ZL_UUID_STR], domain[ZL_UUID_STR], readback[640];

	(void)snprintf(readback, sizeof(readback),
		"%u elements compared with the kernel%s%s", row->n_elements,
		row->error[0] == '\0' ? "" : "; ", row->error);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:s, s:I, "
			 "s:I, s:I, s:o, s:o}",
		"id", zl_uuid_format(&l->id, id), "lease", id, "action",
		zl_action_name(l->action), "grade", zl_grade_name(l->grade), "domain",
		zl_varlink_text(l->domain_name), "domain_uuid",
		zl_uuid_format(&l->domain, domain), "host", row->host, "backend",
		zl_backend_name(l->backend), "state", zl_lease_state_name(row->state),
		"cause", zl_varlink_text(l->cause), "actor", row->actor, "created_ms",
		(json_int_t)zl_wall_ms(l->created), "committed_ms",
		(json_int_t)zl_wall_ms(row->committed), "expires_ms",
		(json_int_t)zl_wall_ms(l->expires), "reason",
		zl_varlink_text(row->error[0] != '\0' ? row->error : row->reason),
		"readback",
		zl_varlink_text(row->n_elements == 0 ? row->error : readback));
}

static int append_lease(const struct zl_lease_row *row, void *user)
{
	return json_array_append_new(user, zl_engine_leases_to_json(row)) < 0 ? -ENOMEM
									      : 0;
}

int zl_method_list_mitigations(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	json_t *list = json_array();
	int r = zl_leases_each(
		e->db, zl_call_bool(call, "all"), append_lease, list, reterr);

	if (r < 0) {
		json_decref(list);
		return r;
	}
	*ret = json_pack("{s:o}", "mitigations", list);
	return 0;
}

static json_t *lines_to_json(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char line[512];

		(void)snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (n != 0)
			(void)json_array_append_new(list, zl_varlink_text(line));
		text += n + (text[n] == '\n');
	}
	return list;
}

static int take_evidence(const struct zl_incident_row *row, void *user)
{
	(void)json_object_set(user, "evidence", row->evidence);
	return 0;
}

int zl_method_show_mitigation(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	struct zl_lease_row row;
	struct zl_uuid id;
	json_t *doc, *nics;
	char mac[ZL_MAC_STR];
	int r;

	if (!zl_uuid_parse(zl_call_str(call, "id"), &id))
		return zl_fail_id(reterr, -EINVAL, "lease.id",
			"see mitigation-list --all",
			"'%s' is not the id of a mitigation", zl_call_str(call, "id"));
	r = zl_leases_get(e->db, &id, &row, reterr);
	if (r < 0)
		return r;
	doc = zl_engine_leases_to_json(&row);
	nics = json_array();
	for (unsigned i = 0; i < row.lease.n_nics; i++)
		(void)json_array_append_new(
			nics, json_pack("{s:s, s:s, s:[]}", "mac",
				      zl_mac_format(&row.lease.nics[i].mac, mac), "tap",
				      row.lease.nics[i].tap, "addresses"));
	(void)json_object_set_new(doc, "nics", nics);
	(void)json_object_set_new(doc, "objects", lines_to_json(row.objects));
	(void)json_object_set_new(doc, "timings",
		json_pack("{s:I, s:I, s:I}", "record_arrival_us",
			(json_int_t)row.record_arrival.us, "decided_us",
			(json_int_t)row.decided.us, "committed_us",
			(json_int_t)row.committed.us));
	(void)json_object_set_new(doc, "evidence", json_array());
	if (row.incident != 0) {
		zl_engine_incidents_flush(e);
		(void)!zl_incidents_get(e->db, row.incident, take_evidence, doc, NULL);
	}
	*ret = doc;
	return 0;
}

/* --- audit --- */

static json_t *audit_to_json(const struct zl_audit_record *a)
{
	char hash[2 * ZL_AUDIT_HASH + 1];

	for (size_t i = 0; i < ZL_AUDIT_HASH; i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", a->hash[i]);
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s}", "seq",
		(json_int_t)a->seq, "time_ms", (json_int_t)zl_wall_ms(a->time), "actor",
		zl_varlink_text(a->actor), "verb", zl_varlink_text(a->verb), "object",
		zl_varlink_text(a->object), "cause", zl_varlink_text(a->cause),
		"result", zl_varlink_text(a->result), "hash", hash);
}

static int append_audit(const struct zl_audit_record *a, void *user)
{
	return json_array_append_new(user, audit_to_json(a)) < 0 ? -ENOMEM : 0;
}

int zl_method_list_audit(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	json_t *list = json_array();
	int r = zl_audit_each(e->db,
		(uint64_t)zl_call_int(call, "limit", AUDIT_DEFAULT), append_audit, list,
		reterr);

	if (r < 0) {
		json_decref(list);
		return r;
	}
	*ret = json_pack("{s:o}", "records", list);
	return 0;
}

static int show_audit(const struct zl_audit_record *a, void *user)
{
	json_t *doc = audit_to_json(a);

	if (a->evidence != NULL)
		(void)json_object_set(doc, "evidence", a->evidence);
	*(json_t **)user = doc;
	return 0;
}

int zl_method_show_audit(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;

	return zl_audit_get(
		e->db, (uint64_t)zl_call_int(call, "seq", 0), show_audit, ret, reterr);
}

int zl_method_verify_audit(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	struct zl_audit_check check;
	int r = zl_audit_verify(e->db, &check, reterr);

	(void)call;
	if (r < 0)
		return r;
	e->audit_verified = zl_wall_now();
	e->audit_is_ok = check.ok;
	*ret = json_pack("{s:b, s:I, s:I, s:s}", "ok", check.ok, "records",
		(json_int_t)check.records, "first_bad", (json_int_t)check.first_bad,
		"reason", check.reason);
	return 0;
}
