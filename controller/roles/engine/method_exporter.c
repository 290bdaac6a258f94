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

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:I, s:o, s:o, s:I, "
			 "s:I, s:o, s:s, s:o, s:I, s:I, s:I, s:I}",
		"address", zl_addr_format(&x->addr, text), "host", x->host, "state",
		x->host[0] == '\0'		   ? "refused"
		: zl_engine_exporters_is_silent(x) ? "silent"
						   : "up",
		"version", (json_int_t)s->version, "datagrams",
		(json_int_t)s->datagrams, "records", (json_int_t)s->records, "lost",
		(json_int_t)s->lost, "loss_percent",
		zl_health_loss_ppm(s->lost, s->units) / 1e4, "last_seen_ms",
		(json_int_t)zl_wall_ms(s->last_seen), "offset_ms",
		s->has_offset ? json_real((double)s->offset_us / 1e3) : json_null(),
		"sampling", rate_to_json(s->sampling), "silent_after_s",
		(json_int_t)(s->silent_us / ZL_US_PER_S), "templates",
		(json_int_t)s->templates, "drops", drops_to_json(s), "interfaces",
		zl_host_interfaces_name(x->interfaces), "sampling_default",
		rate_to_json(x->sampling), "tap_records", (json_int_t)x->tapped.all,
		"last_tap_ms", (json_int_t)zl_wall_ms(x->last_tapped), "no_interface",
		(json_int_t)x->no_interface.all, "unknown_interface",
		(json_int_t)x->unknown_interface.all);
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
	return 0;
}
