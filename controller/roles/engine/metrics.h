/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's metrics: one row each, of which the text for Prometheus and the table in
 * docs/metrics.md (checked) are made.
 *
 * To add a metric: a row in the file of its subject, and `make golden-update` for the
 * document.  Names follow Prometheus: zonelock_ in front, base units, _total behind counters.
 * Labels are few by nature: hosts, exporters of enrolled hosts, locks, states, reasons; never
 * what a packet says.
 */
#ifndef ZL_ENGINE_METRICS_H
#define ZL_ENGINE_METRICS_H
#include <math.h>

#include "base/exposition.h"
#include "controller/roles/engine/engine.h"

struct zl_metric {
	const char *name;
	enum zl_exposition_type type;
	const char *unit;   /* what it counts, or its base unit; "" for a state */
	const char *labels; /* their names, with a comma between; "" */
	const char *help;   /* a sentence */
	/* Exactly one: without labels; of each exporter (labels exporter, host); any.
	 * NAN: there is nothing to say. */
	double (*one)(const struct zl_engine *e);
	double (*exporter)(const struct zl_exporter_info *x);
	void (*each)(struct zl_engine *e, struct zl_exposition *x);
};

struct zl_metric_group {
	const char *title;
	const struct zl_metric *metrics;
	const size_t *n;
};

extern const struct zl_metric_group zl_metric_groups[];
extern const size_t zl_metric_groups_n;

/* One file for each subject. */
extern const struct zl_metric zl_metrics_daemon[], zl_metrics_collector[],
	zl_metrics_exporter[], zl_metrics_inventory[], zl_metrics_response[];
extern const size_t zl_metrics_daemon_n, zl_metrics_collector_n, zl_metrics_exporter_n,
	zl_metrics_inventory_n, zl_metrics_response_n;

#endif
