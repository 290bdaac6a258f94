/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a datagram to flow records: NetFlow v5, v9 (RFC 3954), IPFIX (RFC 7011) and
 * sFlow v5.
 *
 *	zl_exporters_init(&exporters);
 *	r = zl_exporters_allow(&exporters, prefixes, n, &err);
 *	drops = zl_decode(&exporters, &datagram, sink, user);
 *
 * No clock, no socket, no log: times come with the datagram; what could not be used is
 * counted at its exporter by reason (drop.h).  A datagram whose own structure is
 * broken (header, set lengths) changes nothing but the counters.
 *
 * To add a version, write its file with one function as below, and add a row in
 * decode.c.
 */
#ifndef ZL_FLOW_DECODE_H
#define ZL_FLOW_DECODE_H
#include "controller/flow/complete.h"
#include "controller/flow/exporter.h"

struct zl_datagram {
	const uint8_t *bytes; /* borrowed */
	size_t n;
	bool is_cut; /* the receive buffer was too small */
	bool is_tcp; /* one message of a connection (tcp.h) */
	struct zl_addr from;
	uint16_t port;
	struct zl_wall arrival;
	struct zl_mono now;
};

/* Called for each record; `flow` is valid during the call. */
typedef void (*zl_decode_sink_fn)(const struct zl_flow *flow, void *user);

/* Called for each; `counters` is valid during the call. */
typedef void (*zl_decode_counters_fn)(
	const struct zl_if_counters *counters, void *user);

/*
 * For who shows what came rather than uses it: called for each record of flows and, with
 * `is_options`, of options data, with all that was read from it.
 */
typedef void (*zl_decode_show_fn)(
	const struct zl_flow_draft *draft, bool is_options, void *user);

/* Where everything goes that is read; NULL: nowhere. */
struct zl_decode_sinks {
	zl_decode_sink_fn flow;
	zl_decode_show_fn show;
	zl_decode_counters_fn counters;
	void *user;
};

/*
 * Decode one datagram.  Returns the reasons for which something in it was not
 * used, a bit each (1 << ZL_DROP_...); 0 when all of it was.
 */
zl_drop_mask zl_decode(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, zl_decode_sink_fn sink, void *user);

/* The same, with more than flows. */
zl_drop_mask zl_decode_to(struct zl_exporters *exporters,
	const struct zl_datagram *datagram, const struct zl_decode_sinks *sinks);

/* --- for the decoders --- */

/* One datagram on its way. */
struct zl_decode {
	const struct zl_datagram *datagram;
	struct zl_exporter *exporter;
	struct zl_stream *stream; /* NULL: no templates are known */
	struct zl_stream_key key;
	struct zl_complete_clock clock;
	const struct zl_decode_sinks *sinks;
	uint32_t n_records; /* flow and options data, read from this datagram */
	bool is_counted;    /* false: some records could not be counted */
};

/* Decode the body; `c` stands behind the version. */
typedef void (*zl_decode_fn)(struct zl_decode *d, struct zl_cursor c);

void zl_decode_drop(struct zl_decode *d, enum zl_drop why);

/* Account for the header's sequence number, as zl_stream_sequence() says. */
void zl_decode_sequence(
	struct zl_decode *d, uint32_t sequence, uint32_t step, bool is_known);

/* Complete a draft and hand it to the sink. */
void zl_decode_emit(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id);

/* Keep counters of an interface, and hand them to their sink, when there is one. */
void zl_decode_emit_counters(struct zl_decode *d, struct zl_if_counters *counters);

/* Options data, for who wants to see it. */
void zl_decode_emit_options(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id);

#endif
