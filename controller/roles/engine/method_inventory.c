/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods about hosts, domains and the daemon itself. */
#include <errno.h>
#include <string.h>

#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"

static const char *const agent_states[] = {
	[ZL_AGENT_NONE] = "none",
	[ZL_AGENT_DOWN] = "down",
	[ZL_AGENT_GREETING] = "down",
	[ZL_AGENT_UP] = "up",
};

static json_t *addrs_to_json(const struct zl_index_nic *nic)
{
	json_t *list = json_array();
	char text[ZL_ADDR_STR];

	for (unsigned i = 0; i < nic->n_addrs; i++)
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:I}", "address",
				zl_addr_format(&nic->addrs[i].addr, text), "source",
				zl_addr_source_name(nic->addrs[i].source), "since",
				(json_int_t)zl_wall_ms(nic->addrs[i].since)));
	return list;
}

static json_t *nic_to_json(struct zl_engine *e, const struct zl_index_nic *nic)
{
	const struct zl_index_link *link = zl_index_nic_link(e->index, nic);
	char mac[ZL_MAC_STR];

	return json_pack("{s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:o}", "mac",
		zl_mac_format(&nic->nic.mac, mac), "tap", zl_varlink_text(nic->nic.tap),
		"ifindex", (json_int_t)(link == NULL ? 0 : link->ifindex), "type",
		zl_nic_type_name(nic->nic.type), "network",
		zl_varlink_text(nic->nic.network), "bridge",
		zl_varlink_text(nic->nic.bridge), "filter",
		zl_varlink_text(nic->nic.filter), "addresses", addrs_to_json(nic));
}

static json_t *domain_to_json(struct zl_engine *e, const struct zl_index_domain *d)
{
	json_t *zones = json_array(), *nics = json_array();
	const char *names[64];
	char uuid[ZL_UUID_STR];
	size_t n;

	n = zl_policy_class_zones(
		e->policy, zl_engine_classes_of_domain(e, d), names, N_ITEMS(names));
	for (size_t i = 0; i < n && i < N_ITEMS(names); i++)
		(void)json_array_append_new(zones, json_string(names[i]));
	for (unsigned i = 0; i < d->n_nics; i++)
		(void)json_array_append_new(nics, nic_to_json(e, d->nics[i]));
	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:b, s:b, s:b}", "uuid",
		zl_uuid_format(&d->uuid, uuid), "name", zl_varlink_text(d->name),
		"host", d->host->name, "state", zl_domain_state_name(d->state), "zones",
		zones, "nics", nics, "quarantined",
		zl_engine_leases_of(e, &d->uuid, ZL_ACTION_QUARANTINE) != NULL, "stale",
		d->host->state != ZL_HOST_UP, "forwarding", d->forwarding);
}

int zl_method_list_domains(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const struct zl_index_domain *d;
	json_t *list = json_array();

	(void)call;
	(void)reterr;
	for (size_t i = 0; (d = zl_index_next(e->index, &i)) != NULL;)
		(void)json_array_append_new(list, domain_to_json(e, d));
	*ret = json_pack("{s:o}", "domains", list);
	return 0;
}

int zl_method_show_domain(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const struct zl_index_domain *d;
	int r = zl_index_domain(e->index, zl_call_str(call, "domain"), &d, reterr);

	if (r < 0)
		return r;
	*ret = domain_to_json(e, d);
	return 0;
}

static json_t *host_to_json(struct zl_engine *e, const struct zl_engine_host *h)
{
	const struct zl_index_host *at = zl_index_host(e->index, h->def->name);
	json_t *exporters = json_array();
	char uuid[ZL_UUID_STR], text[ZL_PREFIX_STR];

	for (size_t i = 0; i < h->def->n_exporters; i++) {
		const struct zl_prefix *p = &h->def->exporters[i].prefix;

		(void)json_array_append_new(exporters,
			json_string(p->len == 128 ? zl_addr_format(&p->addr, text)
						  : zl_prefix_format(p, text)));
	}
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:I, s:s, s:o, s:o, s:I}", "name",
		h->def->name, "uuid", zl_uuid_format(&h->def->uuid, uuid), "uri",
		zl_varlink_text(h->def->uri), "state",
		at == NULL ? "connecting" : zl_host_state_name(at->state), "reason",
		zl_varlink_text(at == NULL ? "" : at->reason), "domains",
		(json_int_t)(at == NULL ? 0 : at->n_domains), "agent",
		agent_states[h->agent], "agent_reason",
		zl_varlink_text(h->agent_reason), "exporters", exporters, "since",
		(json_int_t)(at == NULL ? 0 : zl_wall_ms(at->since)));
}

int zl_method_list_hosts(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const struct zl_engine_host *h;
	json_t *list = json_array();

	(void)call;
	(void)reterr;
	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		(void)json_array_append_new(list, host_to_json(e, h));
	*ret = json_pack("{s:o}", "hosts", list);
	return 0;
}

int zl_method_daemon_status(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	json_t *roles = json_array();
	struct zl_ring_stats ring;

	(void)call;
	(void)reterr;
	for (unsigned i = 0; i < e->n_roles; i++)
		(void)json_array_append_new(roles,
			json_pack("{s:s, s:I, s:s, s:I, s:s}", "name", e->roles[i].name,
				"pid", (json_int_t)e->roles[i].pid, "state",
				e->roles[i].pid == 0 ? "down" : "running", "restarts",
				(json_int_t)e->roles[i].restarts, "ended",
				e->roles[i].text));
	zl_ring_stats(e->ring, &ring);
	*ret = json_pack("{s:s, s:I, s:o, s:o, s:{s:I, s:I, s:I}, "
			 "s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:o*}",
		"version", ZL_VERSION, "started_ms", (json_int_t)zl_wall_ms(e->started),
		"roles", roles, "database",
		zl_varlink_text(e->db_error[0] == '\0' ? "ok" : e->db_error), "ring",
		"size", (json_int_t)ring.slots, "used", (json_int_t)ring.used,
		"dropped", (json_int_t)ring.dropped, "collector", "datagrams",
		(json_int_t)e->totals.datagrams, "records",
		(json_int_t)e->totals.records, "kernel_drops",
		(json_int_t)e->totals.kernel_drops, "receive_buffer",
		(json_int_t)e->totals.buffer, "flows", (json_int_t)e->n_records,
		"hosts", (json_int_t)e->hosts.n, "leases", (json_int_t)e->leases.n,
		"replay", zl_engine_replay_to_json(e));
	return 0;
}
