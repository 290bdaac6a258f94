/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of the way that flow records come: collector, ring, exporters. */
#include "controller/flow/health.h"
#include "controller/roles/engine/metrics.h"

#include "base/cleanup.h"

/* --- the collector --- */

#define TOTAL(member)                                                                  \
	static double total_##member(const struct zl_engine *e)                        \
	{                                                                              \
		return (double)e->totals.member;                                       \
	}

TOTAL(datagrams)
TOTAL(records)
TOTAL(kernel_drops)
TOTAL(ring_dropped)
TOTAL(buffer)
TOTAL(buffer_asked)

static double ring_used(const struct zl_engine *e)
{
	struct zl_ring_stats ring;

	zl_ring_stats(e->ring, &ring);
	return (double)ring.used;
}

static double ring_slots(const struct zl_engine *e)
{
	struct zl_ring_stats ring;

	zl_ring_stats(e->ring, &ring);
	return (double)ring.slots;
}

static double flows(const struct zl_engine *e)
{
	return (double)e->n_records;
}

static void dropped(struct zl_engine *e, struct zl_exposition *x)
{
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		zl_exposition_put(x, (double)e->drops[i], "reason", zl_drops[i].name,
			"unit", zl_drops[i].unit);
}

/* clang-format off */
#define COUNTER .type = ZL_EXPOSITION_COUNTER
#define GAUGE	.type = ZL_EXPOSITION_GAUGE

const struct zl_metric zl_metrics_collector[] = {
	{ "zonelock_collector_datagrams_total", COUNTER, "datagrams", "",
	  "Datagrams and messages received, from whomever.", .one = total_datagrams },
	{ "zonelock_collector_records_total", COUNTER, "records", "",
	  "Flow records decoded.", .one = total_records },
	{ "zonelock_collector_dropped_total", COUNTER, "as the label unit says", "reason, unit",
	  "What was received and not used, from all addresses, by reason.", .each = dropped },
	{ "zonelock_collector_kernel_drops_total", COUNTER, "datagrams", "",
	  "Datagrams that found a receive buffer full, by the kernel's count.", .one = total_kernel_drops },
	{ "zonelock_collector_receive_buffer_bytes", GAUGE, "bytes", "",
	  "The smallest receive buffer of the UDP sockets, as the kernel gave it.", .one = total_buffer },
	{ "zonelock_collector_receive_buffer_asked_bytes", GAUGE, "bytes", "",
	  "What receive-buffer in zonelockd.conf asks for.", .one = total_buffer_asked },
	{ "zonelock_ring_dropped_total", COUNTER, "records", "",
	  "Records that found the ring between collector and engine full.", .one = total_ring_dropped },
	{ "zonelock_ring_records", GAUGE, "records", "",
	  "Records that are in the ring now.", .one = ring_used },
	{ "zonelock_ring_slots", GAUGE, "records", "",
	  "Records that the ring has room for.", .one = ring_slots },
	{ "zonelock_flows_total", COUNTER, "records", "",
	  "Flow records that the engine has judged.", .one = flows },
};
const size_t zl_metrics_collector_n = N_ITEMS(zl_metrics_collector);
/* clang-format on */

/* --- exporters --- */

#define OF(name, value)                                                                \
	static double of_##name(const struct zl_exporter_info *x)                      \
	{                                                                              \
		return (double)(value);                                                \
	}

OF(datagrams, x->stats.datagrams)
OF(records, x->stats.records)
OF(options, x->stats.options)
OF(units, x->stats.units)
OF(lost, x->stats.lost)
OF(loss, zl_health_loss_ppm(x->stats.lost, x->stats.units) / 1e6)
OF(samples_lost, x->stats.samples_lost)
OF(samples_dropped, x->stats.samples_dropped)
OF(templates, x->stats.templates)
OF(pending, x->stats.pending)
OF(last_seen, x->stats.last_seen.us == 0 ? NAN : (double)x->stats.last_seen.us / 1e6)
OF(skew, x->stats.has_offset ? (double)x->stats.offset_us / 1e6 : NAN)
OF(silent, zl_engine_exporters_is_silent(x))
OF(sampling, x->stats.sampling != 0 ? x->stats.sampling
	     : x->sampling != 0	    ? (double)x->sampling
				    : NAN)
OF(interfaces, x->counters.by_index.n)
OF(tapped, x->tapped.all)
OF(no_interface, x->no_interface.all)
OF(unknown_interface, x->unknown_interface.all)

static void info(struct zl_engine *e, struct zl_exposition *x)
{
	const struct zl_exporter_info *at;
	char text[ZL_ADDR_STR];

	for (size_t i = 0; (at = zl_map_next(&e->exporters, &i)) != NULL;)
		if (at->host[0] != '\0')
			zl_exposition_put(x, 1, "exporter",
				zl_addr_format(&at->addr, text), "host", at->host,
				"protocol", zl_flow_version_name(at->stats.version),
				"interfaces", zl_host_interfaces_name(at->interfaces));
}

/* Those that there are: all reasons of all exporters would be many for nothing. */
static void exporter_dropped(struct zl_engine *e, struct zl_exposition *x)
{
	const struct zl_exporter_info *at;
	char text[ZL_ADDR_STR];

	for (size_t i = 0; (at = zl_map_next(&e->exporters, &i)) != NULL;)
		for (unsigned d = 0; d < ZL_DROP_N && at->host[0] != '\0'; d++)
			if (at->stats.drops[d] != 0)
				zl_exposition_put(x, (double)at->stats.drops[d],
					"exporter", zl_addr_format(&at->addr, text),
					"host", at->host, "reason", zl_drops[d].name);
}

/* clang-format off */
#define EXPORTER "exporter, host"

const struct zl_metric zl_metrics_exporter[] = {
	{ "zonelock_exporter_info", GAUGE, "", "exporter, host, protocol, interfaces",
	  "1; what it speaks, and what its interface numbers are by its host's XML.", .each = info },
	{ "zonelock_exporter_silent", GAUGE, "", EXPORTER,
	  "1 when it was silent for longer than three of its longest pauses, and a minute.", .exporter = of_silent },
	{ "zonelock_exporter_last_seen_timestamp_seconds", GAUGE, "seconds", EXPORTER,
	  "When its last datagram came, seconds since 1970.", .exporter = of_last_seen },
	{ "zonelock_exporter_clock_skew_seconds", GAUGE, "seconds", EXPORTER,
	  "Our clock minus its, with the way here; absent when it tells no time.", .exporter = of_skew },
	{ "zonelock_exporter_datagrams_total", COUNTER, "datagrams", EXPORTER,
	  "Datagrams and messages received from it.", .exporter = of_datagrams },
	{ "zonelock_exporter_records_total", COUNTER, "records", EXPORTER,
	  "Flow records decoded of what it sent.", .exporter = of_records },
	{ "zonelock_exporter_options_records_total", COUNTER, "records", EXPORTER,
	  "Records of options data decoded of what it sent.", .exporter = of_options },
	{ "zonelock_exporter_dropped_total", COUNTER, "as zonelock_collector_dropped_total", "exporter, host, reason",
	  "What it sent and was not used, by reason; reasons that were never counted are left out.", .each = exporter_dropped },
	{ "zonelock_exporter_sequence_units_total", COUNTER, "datagrams or records", EXPORTER,
	  "Received, in what its protocol numbers: datagrams (NetFlow 9, sFlow) or records.", .exporter = of_units },
	{ "zonelock_exporter_sequence_lost_total", COUNTER, "datagrams or records", EXPORTER,
	  "Lost on the way, by its sequence numbers, in the same unit.", .exporter = of_lost },
	{ "zonelock_exporter_loss_ratio", GAUGE, "ratio", EXPORTER,
	  "Share lost of all it sent since the collector started, 0 to 1.", .exporter = of_loss },
	{ "zonelock_exporter_samples_lost_total", COUNTER, "samples", EXPORTER,
	  "sFlow samples lost, by the numbers of their sources.", .exporter = of_samples_lost },
	{ "zonelock_exporter_samples_dropped_total", COUNTER, "packets", EXPORTER,
	  "Packets that the sFlow agent says it could not sample.", .exporter = of_samples_dropped },
	{ "zonelock_exporter_templates", GAUGE, "templates", EXPORTER,
	  "Templates of it that are known now.", .exporter = of_templates },
	{ "zonelock_exporter_pending_sets", GAUGE, "sets", EXPORTER,
	  "Data sets of it that wait for their template.", .exporter = of_pending },
	{ "zonelock_exporter_sampling_interval_packets", GAUGE, "packets", EXPORTER,
	  "It samples one packet in so many, as it tells or its host's XML says; absent when nobody does.", .exporter = of_sampling },
	{ "zonelock_exporter_counter_interfaces", GAUGE, "interfaces", EXPORTER,
	  "Interfaces that it told counters of (sFlow).", .exporter = of_interfaces },
	{ "zonelock_exporter_tap_records_total", COUNTER, "records", EXPORTER,
	  "Records that showed the tap of a domain.", .exporter = of_tapped },
	{ "zonelock_exporter_no_interface_records_total", COUNTER, "records", EXPORTER,
	  "Records that named no interface.", .exporter = of_no_interface },
	{ "zonelock_exporter_unknown_interface_records_total", COUNTER, "records", EXPORTER,
	  "Records that named an interface which the host's agent does not know.", .exporter = of_unknown_interface },
};
const size_t zl_metrics_exporter_n = N_ITEMS(zl_metrics_exporter);
/* clang-format on */
