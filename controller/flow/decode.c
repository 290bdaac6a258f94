/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dispatch by version, and what the versions have in common. */
#include "controller/flow/decode.h"

#include "base/cleanup.h"
#include "controller/flow/ipfix.h"
#include "controller/flow/netflow5.h"
#include "controller/flow/netflow9.h"
#include "controller/flow/sflow.h"

/* A datagram begins with its version: in two bytes, sFlow's in four. */
static const struct {
	uint32_t number;
	uint16_t width;
	uint16_t version; /* ours: enum zl_flow_version */
	zl_decode_fn decode;
} versions[] = {
	{ 5, 2, ZL_FLOW_V5, zl_netflow5_decode },
	{ 9, 2, ZL_FLOW_V9, zl_netflow9_decode },
	{ 10, 2, ZL_FLOW_IPFIX, zl_ipfix_decode },
	{ 5, 4, ZL_FLOW_SFLOW, zl_sflow_decode },
};

void zl_decode_drop(struct zl_decode *d, enum zl_drop why)
{
	zl_drop_count(&d->exporter->drops, why);
}

void zl_decode_sequence(
	struct zl_decode *d, uint32_t sequence, uint32_t step, bool is_known)
{
	struct zl_health *h = &d->exporter->health;

	h->lost += zl_stream_sequence(d->stream, sequence, step, is_known);
	h->units += step;
}

static void identify(const struct zl_decode *d, struct zl_flow *f, uint16_t template_id)
{
	f->exporter = d->exporter->address;
	f->exporter_port = d->datagram->port;
	f->arrival = d->datagram->arrival;
	f->odid = d->key.odid;
	f->version = (uint8_t)d->key.version;
	f->template_id = template_id;
}

void zl_decode_emit(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	identify(d, &draft->flow, template_id);
	zl_complete(draft, &d->clock);
	if ((draft->flow.present & ZL_FLOW_SAMPLING) != 0)
		d->exporter->sampling = draft->flow.sampling;
	d->exporter->records++;
	d->n_records++;
	if (d->sinks->flow != NULL)
		d->sinks->flow(&draft->flow, d->sinks->user);
	if (d->sinks->show != NULL)
		d->sinks->show(draft, false, d->sinks->user);
}

void zl_decode_emit_options(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	if (d->sinks->show == NULL)
		return;
	identify(d, &draft->flow, template_id);
	zl_complete(draft, &d->clock);
	d->sinks->show(draft, true, d->sinks->user);
}

void zl_decode_emit_counters(struct zl_decode *d, struct zl_if_counters *counters)
{
	counters->exporter = d->exporter->address;
	counters->arrival = d->datagram->arrival;
	counters->odid = d->key.odid;
	zl_interfaces_note(&d->exporter->interfaces, counters);
	if (d->sinks->counters != NULL)
		d->sinks->counters(counters, d->sinks->user);
}

static void dispatch(struct zl_decode *d)
{
	const struct zl_cursor all = { .at = d->datagram->bytes,
		.left = d->datagram->n };

	if (d->datagram->is_cut) {
		zl_decode_drop(d, ZL_DROP_DATAGRAM_CUT);
		return;
	}
	for (size_t i = 0; i < N_ITEMS(versions); i++) {
		struct zl_cursor c = all;

		if (zl_get_uint(&c, versions[i].width) != versions[i].number || c.bad)
			continue;
		d->exporter->version = versions[i].version;
		d->key.version = (uint8_t)versions[i].version;
		versions[i].decode(d, c);
		return;
	}
	zl_decode_drop(d,
		all.left < sizeof(uint16_t) ? ZL_DROP_HEADER_SHORT : ZL_DROP_VERSION);
}

zl_drop_mask zl_decode_to(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, const struct zl_decode_sinks *sinks)
{
	struct zl_decode d = {
		.datagram = datagram, .sinks = sinks, .is_counted = true
	};
	enum zl_drop why;

	d.exporter = zl_exporters_get(exporters, &datagram->from, &why);
	d.exporter->drops.seen = 0;
	d.exporter->datagrams++;
	d.exporter->last_seen = datagram->arrival;
	if (d.exporter->first_seen.us == 0)
		d.exporter->first_seen = datagram->arrival;
	d.key.port = datagram->port;
	d.key.is_tcp = datagram->is_tcp;
	if (why != ZL_DROP_N)
		zl_decode_drop(&d, why);
	else
		dispatch(&d);
	zl_health_datagram(&d.exporter->health, datagram->now, datagram->arrival,
		d.clock.export_ms, d.clock.step_ms);
	return d.exporter->drops.seen;
}

zl_drop_mask zl_decode(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, zl_decode_sink_fn sink, void *user)
{
	const struct zl_decode_sinks sinks = { .flow = sink, .user = user };

	return zl_decode_to(exporters, datagram, &sinks);
}
