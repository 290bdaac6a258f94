/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine and the collector say to each other: frames of base/frame.h over
 * SOCK_SEQPACKET.
 *
 *	engine: EXPORTERS, at its start, at the collector's, and on every change: the
 *		whole list.  The collector reads no datagram before the first.
 *	collector: once a second EXPORTER for each exporter that sent something since, and
 *		TOTALS.  After EXPORTERS, EXPORTER for all.
 *
 * Counters count from the collector's start.  Drop reasons go by name, so that
 * both sides may know different tables.  An address that may not send is
 * reported like an exporter, with is_allowed 0 and only drops.
 */
#ifndef ZL_FLOW_PROTOCOL_H
#define ZL_FLOW_PROTOCOL_H
#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/frame.h"
#include "controller/flow/drop.h"

enum zl_collector_message {
	ZL_COLLECTOR_EXPORTERS = 1, /* PREFIX repeated */
	ZL_COLLECTOR_EXPORTER,	    /* statistics of one */
	ZL_COLLECTOR_TOTALS,	    /* statistics of the collector */
	ZL_COLLECTOR_MESSAGE_N
};

enum zl_collector_attr {
	ZL_COLLECTOR_A_PREFIX = 1,   /* 17 bytes: address, prefix length of 128 */
	ZL_COLLECTOR_A_ADDRESS,	     /* 16 bytes */
	ZL_COLLECTOR_A_IS_ALLOWED,   /* u8 */
	ZL_COLLECTOR_A_VERSION,	     /* u16: enum zl_flow_version; 0: none known yet */
	ZL_COLLECTOR_A_DATAGRAMS,    /* u64 */
	ZL_COLLECTOR_A_RECORDS,	     /* u64, flow records */
	ZL_COLLECTOR_A_OPTIONS,	     /* u64, options data records */
	ZL_COLLECTOR_A_LOST,	     /* u64, by sequence number */
	ZL_COLLECTOR_A_TEMPLATES,    /* u32 */
	ZL_COLLECTOR_A_LAST_SEEN,    /* u64, wall microseconds */
	ZL_COLLECTOR_A_DROP,	     /* nest repeated: REASON, COUNT */
	ZL_COLLECTOR_A_REASON,	     /* string, a name of drop.c */
	ZL_COLLECTOR_A_COUNT,	     /* u64 */
	ZL_COLLECTOR_A_RING_DROPPED, /* u64, records that found the ring full */
	ZL_COLLECTOR_A_KERNEL_DROPS, /* u64, datagrams that found a socket buffer full */
	ZL_COLLECTOR_A_N
};

extern const struct zl_message zl_collector_messages[ZL_COLLECTOR_MESSAGE_N];

struct zl_collector_exporter {
	struct zl_addr address;
	bool is_allowed;
	uint16_t version;
	uint64_t datagrams, records, options, lost;
	uint32_t templates;
	struct zl_wall last_seen;
	uint64_t drops[ZL_DROP_N];
};

struct zl_collector_totals {
	uint64_t datagrams, records, ring_dropped, kernel_drops;
};

/* Put into a frame that was started with the message of that name. */
void zl_collector_put_prefix(struct zl_frame *f, const struct zl_prefix *p);
void zl_collector_put_exporter(
	struct zl_frame *f, const struct zl_collector_exporter *x);
void zl_collector_put_totals(struct zl_frame *f, const struct zl_collector_totals *t);

/*
 * Read an accepted frame.  For EXPORTERS: how many prefixes, of which the first
 * `most` are stored; -EPROTO when one is not a prefix.
 */
int zl_collector_get_prefixes(
	const struct zl_frame_in *in, struct zl_prefix *ret, size_t most) ZL_CHECKED;
void zl_collector_get_exporter(
	const struct zl_frame_in *in, struct zl_collector_exporter *ret);
void zl_collector_get_totals(
	const struct zl_frame_in *in, struct zl_collector_totals *ret);

#endif
