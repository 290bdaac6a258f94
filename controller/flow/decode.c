/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dispatch by version, and what the versions have in common. */
#include "controller/flow/decode.h"

#include "base/cleanup.h"
#include "controller/flow/ipfix.h"
#include "controller/flow/netflow5.h"
#include "controller/flow/netflow9.h"

static const struct {
	uint16_t version;
	zl_decode_fn decode;
} versions[] = {
	{ ZL_FLOW_V5, zl_netflow5_decode },
	{ ZL_FLOW_V9, zl_netflow9_decode },
	{ ZL_FLOW_IPFIX, zl_ipfix_decode },
};

void zl_decode_drop(struct zl_decode *d, enum zl_drop why)
{
	zl_drop_count(&d->exporter->drops, why);
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
	d->exporter->records++;
	d->n_records++;
	if (d->show != NULL)
		d->show(draft, false, d->user);
	else
		d->sink(&draft->flow, d->user);
}

void zl_decode_emit_options(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	if (d->show == NULL)
		return;
	identify(d, &draft->flow, template_id);
	zl_complete(draft, &d->clock);
	d->show(draft, true, d->user);
}

static void dispatch(struct zl_decode *d)
{
	struct zl_cursor c = { .at = d->datagram->bytes, .left = d->datagram->n };
	uint16_t version = zl_get_u16(&c);

	if (d->datagram->is_cut) {
		zl_decode_drop(d, ZL_DROP_DATAGRAM_CUT);
		return;
	}
	if (c.bad) {
		zl_decode_drop(d, ZL_DROP_HEADER_SHORT);
		return;
	}
	for (size_t i = 0; i < N_ITEMS(versions); i++)
		if (versions[i].version == version) {
			d->exporter->version = version;
			d->key.version = version;
			versions[i].decode(d, c);
			return;
		}
	zl_decode_drop(d, ZL_DROP_VERSION);
}

static zl_drop_mask decode(struct zl_exporters *exporters, struct zl_decode *d)
{
	const struct zl_datagram *datagram = d->datagram;
	enum zl_drop why;

	d->is_counted = true;
	d->exporter = zl_exporters_get(exporters, &datagram->from, &why);
	d->exporter->drops.seen = 0;
	d->exporter->datagrams++;
	d->exporter->last_seen = datagram->arrival;
	d->key.port = datagram->port;
	if (why != ZL_DROP_N)
		zl_decode_drop(d, why);
	else
		dispatch(d);
	return d->exporter->drops.seen;
}

zl_drop_mask zl_decode(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, zl_decode_sink_fn sink, void *user)
{
	struct zl_decode d = { .datagram = datagram, .sink = sink, .user = user };

	return decode(exporters, &d);
}

zl_drop_mask zl_decode_show(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, zl_decode_show_fn show, void *user)
{
	struct zl_decode d = { .datagram = datagram, .show = show, .user = user };

	return decode(exporters, &d);
}
