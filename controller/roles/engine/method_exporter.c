/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods about flow exporters. */
#include <errno.h>

#include "controller/control/varlink.h"
#include "controller/flow/health.h"
#include "controller/roles/engine/engine.h"
#include "controller/roles/engine/methods.h"

static json_t *drops_to_json(const struct zl_collector_exporter *x)
{
	json_t *drops = json_object();

	for (unsigned i = 0; i < ZL_DROP_N; i++)
		if (x->drops[i] != 0)
			(void)json_object_set_new(drops, zl_drops[i].name,
				json_integer((json_int_t)x->drops[i]));
	return drops;
}

static json_t *rate_to_json(uint32_t sampling)
{
	return sampling == 0 ? json_null() : json_integer((json_int_t)sampling);
}

static json_t *exporter_to_json(const struct zl_exporter_info *x)
{
	const struct zl_collector_exporter *s = &x->stats;
	char text[ZL_ADDR_STR];

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, "
			 "s:o, s:o, s:I, s:I, s:I, s:o, s:s, s:o, s:I, s:I, s:I, s:I}",
		"address", zl_addr_format(&x->addr, text), "host", x->host, "state",
		x->host[0] == '\0'		   ? "refused"
		: zl_engine_exporters_is_silent(x) ? "silent"
						   : "up",
		"protocol", zl_flow_version_name(s->version), "version",
		(json_int_t)(s->version == ZL_FLOW_SFLOW ? 5 : s->version), "datagrams",
		(json_int_t)s->datagrams, "records", (json_int_t)s->records, "lost",
		(json_int_t)s->lost, "loss_percent",
		zl_health_loss_ppm(s->lost, s->units) / 1e4, "samples_lost",
		(json_int_t)s->samples_lost, "samples_dropped",
		(json_int_t)s->samples_dropped, "last_seen_ms",
		(json_int_t)zl_wall_ms(s->last_seen), "offset_ms",
		s->has_offset ? json_real((double)s->offset_us / 1e3) : json_null(),
		"sampling", rate_to_json(s->sampling), "silent_after_s",
		(json_int_t)(s->silent_us / ZL_US_PER_S), "templates",
		(json_int_t)s->templates, "pending", (json_int_t)s->pending, "drops",
		drops_to_json(s), "interfaces", zl_host_interfaces_name(x->interfaces),
		"sampling_default", rate_to_json(x->sampling), "tap_records",
		(json_int_t)x->tapped.all, "last_tap_ms",
		(json_int_t)zl_wall_ms(x->last_tapped), "no_interface",
		(json_int_t)x->no_interface.all, "unknown_interface",
		(json_int_t)x->unknown_interface.all);
}

/* All ones: the exporter does not know; more than JSON can have: nor do we. */
static json_t *count_to_json(uint64_t n, uint64_t unknown)
{
	return n == unknown || n > INT64_MAX ? json_null()
					     : json_integer((json_int_t)n);
}

static json_t *direction_to_json(const struct zl_if_direction *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "octets",
		count_to_json(d->octets, UINT64_MAX), "unicast",
		count_to_json(d->unicast, UINT32_MAX), "multicast",
		count_to_json(d->multicast, UINT32_MAX), "broadcast",
		count_to_json(d->broadcast, UINT32_MAX), "discards",
		count_to_json(d->discards, UINT32_MAX), "errors",
		count_to_json(d->errors, UINT32_MAX));
}

static json_t *counters_to_json(const struct zl_exporter_info *x)
{
	const struct zl_interface *i;
	json_t *list = json_array();

	for (size_t at = 0; (i = zl_map_next(&x->counters.by_index, &at)) != NULL;) {
		const struct zl_if_counters *c = &i->counters;

		(void)json_array_append_new(list,
			json_pack("{s:I, s:I, s:o, s:I, s:b, s:o, s:o}", "ifindex",
				(json_int_t)c->if_index, "type", (json_int_t)c->type,
				"speed", count_to_json(c->speed, UINT64_MAX), "seen_ms",
				(json_int_t)zl_wall_ms(c->arrival), "up",
				(c->status & 2) != 0, "in", direction_to_json(&c->in),
				"out", direction_to_json(&c->out)));
	}
	return list;
}

int zl_method_list_exporters(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_engine *e = user;
	const struct zl_exporter_info *x;
	json_t *list = json_array();

	(void)call;
	(void)reterr;
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		(void)json_array_append_new(list, exporter_to_json(x));
	*ret = json_pack("{s:o}", "exporters", list);
	return 0;
}

int zl_method_show_exporter(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	const char *address = zl_call_str(call, "address");
	const struct zl_exporter_info *x = NULL;
	struct zl_engine *e = user;
	json_t *reasons = json_array();
	struct zl_addr addr;

	if (zl_addr_parse(address, &addr))
		x = zl_map_find(&e->exporters, &addr);
	if (x == NULL) {
		json_decref(reasons);
		return zl_fail_id(reterr, -ENOENT, "exporter.unknown",
			"see: zonelock exporter-list",
			"exporter '%s': nothing has come from that address", address);
	}
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		if (x->stats.drops[i] != 0)
			(void)json_array_append_new(
				reasons, json_pack("{s:s, s:I, s:s, s:s}", "reason",
						 zl_drops[i].name, "count",
						 (json_int_t)x->stats.drops[i], "unit",
						 zl_drops[i].unit, "text",
						 zl_drops[i].sentence));
	*ret = exporter_to_json(x);
	(void)json_object_set_new(*ret, "dropped", reasons);
	(void)json_object_set_new(*ret, "counters", counters_to_json(x));
	return 0;
}
