/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the wire said to a complete flow record: wall times, age, family, ICMP.
 *
 * Times after boot (21, 22) become wall times by the header's uptime (v5, v9) or by
 * the boot time that the exporter told (160; in the record, else in options).  They are
 * 32-bit milliseconds that wrap after 49.7 days; differences are signed, so a flow
 * that began before the wrap comes out right.  A duration (161, 162) gives the time that
 * is missing.
 *
 * The age is the exporter's export time minus the flow's end: by uptime where
 * both are (exact to 1 ms), else by wall time, where a header in whole seconds
 * makes it inexact by 1000 ms.  An end that lies more than that after the export
 * is no age.
 *
 * What is deduced is in flow.present only; draft.present stays what was sent, but for
 * the times.  `draft->flow` is complete for everybody else then.
 */
#ifndef ZL_FLOW_COMPLETE_H
#define ZL_FLOW_COMPLETE_H
#include "controller/flow/element.h"

struct zl_complete_clock {
	int64_t export_ms; /* the header's wall time; 0: it has none */
	uint32_t step_ms;  /* how finely it is told */
	bool has_uptime;
	uint32_t uptime_ms; /* at the same moment */
	uint64_t boot_ms;   /* told earlier in the stream; 0: not */
};

void zl_complete(struct zl_flow_draft *draft, const struct zl_complete_clock *clock);

#endif
