/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine and the collector say to each other: frames of base/frame.h over
 * SOCK_SEQPACKET.
 *
 *	engine: EXPORTERS, at its start, at the collector's, and on every change: the
 *		whole list.  The collector reads no datagram before the first.  Before
 *		that, TEMPLATE for each that the collector may take back, the newest first.
 *	collector: once a second EXPORTER for each exporter that sent something since (of one
 *		that always sends, every four seconds), and
 *		TOTALS.  After EXPORTERS, EXPORTER for all.  TEMPLATE for each that is new
 *		or has changed, and again after ZL_TEMPLATE_TELL_S when it is still sent; at
 *		most ZL_COLLECTOR_TEMPLATES_MAX an exporter and second.  IFNAME for each name
 *		of an interface, under the same limit.  INTERFACE for each with new counters,
 *		at most ZL_COLLECTOR_INTERFACES_MAX.
 *
 * zonelock-replay, in place of the collector, says the same but TEMPLATE and INTERFACE, and
 * REPLAY: once a second, and at the end of its capture, after all records and everything else.
 *
 * Counters count from the collector's start, those of an exporter from its first_seen.  Drop reasons go by name, so that
 * both sides may know different tables.  An address that may not send is
 * reported like an exporter, with is_allowed 0 and only drops.
 */
#ifndef ZL_FLOW_PROTOCOL_H
#define ZL_FLOW_PROTOCOL_H
#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/frame.h"
#include "controller/flow/datagram.h"
#include "controller/flow/drop.h"
#include "controller/flow/exporter.h"
#include "controller/flow/portmap.h"
#include "controller/flow/stream.h"

enum zl_collector_message {
	ZL_COLLECTOR_EXPORTERS = 1, /* PREFIX repeated */
	ZL_COLLECTOR_EXPORTER,	    /* statistics of one */
	ZL_COLLECTOR_TOTALS,	    /* statistics of the collector */
	ZL_COLLECTOR_TEMPLATE,	    /* one template of a stream, as it came */
	ZL_COLLECTOR_REPLAY,	    /* how far a replay is */
	ZL_COLLECTOR_IFNAME,	    /* the name of one interface of an exporter */
	ZL_COLLECTOR_INTERFACE,	    /* counters of one, of one exporter */
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
	ZL_COLLECTOR_A_UNITS,	     /* u64, received: what "lost" is a share of */
	ZL_COLLECTOR_A_OFFSET,	     /* u64 of an int64, us; absent: not known */
	ZL_COLLECTOR_A_SILENT,	   /* u64, us of silence that are remarkable; 0: none */
	ZL_COLLECTOR_A_SAMPLING,   /* u32, one in so many; 0: not told */
	ZL_COLLECTOR_A_BUFFER,	   /* u64, bytes of the smallest receive buffer */
	ZL_COLLECTOR_A_ODID,	   /* u32 */
	ZL_COLLECTOR_A_PORT,	   /* u16, the exporter's */
	ZL_COLLECTOR_A_IS_OPTIONS, /* u8 */
	ZL_COLLECTOR_A_BYTES,	   /* template id, field count, fields */
	ZL_COLLECTOR_A_IS_ENDED,   /* u8 */
	ZL_COLLECTOR_A_ERROR,	   /* string */
	ZL_COLLECTOR_A_HINT,	   /* string */
	ZL_COLLECTOR_A_NUMBER,	   /* u32, of an interface, the exporter's own */
	ZL_COLLECTOR_A_NAME,	   /* string */
	ZL_COLLECTOR_A_SAMPLES_LOST,	/* u64 */
	ZL_COLLECTOR_A_SAMPLES_DROPPED, /* u64 */
	ZL_COLLECTOR_A_FIRST_SEEN, /* u64, wall microseconds: since when it is counted */
	ZL_COLLECTOR_A_PENDING,	   /* u32, data sets that wait for a template */
	ZL_COLLECTOR_A_BUFFER_ASKED, /* u64, bytes that the configuration asks for */
	/* An interface: u64 for octets and speed, else u32. */
	ZL_COLLECTOR_A_IF_INDEX,
	ZL_COLLECTOR_A_IF_TYPE,
	ZL_COLLECTOR_A_IF_SPEED,
	ZL_COLLECTOR_A_IF_DUPLEX,
	ZL_COLLECTOR_A_IF_STATUS,
	ZL_COLLECTOR_A_IF_IN_OCTETS,
	ZL_COLLECTOR_A_IF_IN_UNICAST,
	ZL_COLLECTOR_A_IF_IN_MULTICAST,
	ZL_COLLECTOR_A_IF_IN_BROADCAST,
	ZL_COLLECTOR_A_IF_IN_DISCARDS,
	ZL_COLLECTOR_A_IF_IN_ERRORS,
	ZL_COLLECTOR_A_IF_IN_UNKNOWN,
	ZL_COLLECTOR_A_IF_OUT_OCTETS,
	ZL_COLLECTOR_A_IF_OUT_UNICAST,
	ZL_COLLECTOR_A_IF_OUT_MULTICAST,
	ZL_COLLECTOR_A_IF_OUT_BROADCAST,
	ZL_COLLECTOR_A_IF_OUT_DISCARDS,
	ZL_COLLECTOR_A_IF_OUT_ERRORS,
	ZL_COLLECTOR_A_IF_PROMISCUOUS,
	ZL_COLLECTOR_A_N
};

enum {
	ZL_COLLECTOR_TEMPLATES_MAX = 32,
	ZL_COLLECTOR_INTERFACES_MAX = 64,
	/* A head of 6 bytes and fields of 8 at most. */
	ZL_COLLECTOR_TEMPLATE_BYTES = 6 + 8 * ZL_TEMPLATE_FIELDS_MAX,
};

extern const struct zl_message zl_collector_messages[ZL_COLLECTOR_MESSAGE_N];

struct zl_collector_exporter {
	struct zl_addr address;
	bool is_allowed;
	uint16_t version;
	uint64_t datagrams, records, options, lost, units;
	uint64_t samples_lost, samples_dropped; /* exporter.h */
	int64_t offset_us;
	bool has_offset;
	uint64_t silent_us;
	uint32_t sampling;
	uint32_t templates, pending;
	struct zl_wall first_seen, last_seen;
	uint64_t drops[ZL_DROP_N];
};

struct zl_collector_totals {
	uint64_t datagrams, records, ring_dropped, kernel_drops, buffer, buffer_asked;
};

struct zl_collector_ifname {
	struct zl_addr exporter;
	uint32_t number;
	char name[ZL_IFNAME_SIZE]; /* zl_ifnames_is_name() */
};

/* What a capture held besides the datagrams of exporters. */
struct zl_collector_replay {
	uint64_t packets[ZL_DATAGRAM_N];
	struct zl_portmap_refused refused;
	bool is_ended;
	char error[256], hint[192]; /* "": all of it could be read */
};

/* Told for packets to other ports, like the name of a kind of packet. */
#define ZL_COLLECTOR_OTHER_PORT	    "packet_other_port"
#define ZL_COLLECTOR_OTHER_PROTOCOL "packet_other_protocol"

struct zl_collector_template {
	struct zl_addr exporter;
	struct zl_stream_key key;
	bool is_options;
	uint16_t n;
	const uint8_t *bytes; /* borrowed */
};

/* Put into a frame that was started with the message of that name. */
void zl_collector_put_prefix(struct zl_frame *f, const struct zl_prefix *p);
void zl_collector_put_exporter(
	struct zl_frame *f, const struct zl_collector_exporter *x);
void zl_collector_put_template(
	struct zl_frame *f, const struct zl_collector_template *t);
void zl_collector_put_ifname(struct zl_frame *f, const struct zl_collector_ifname *i);
void zl_collector_put_totals(struct zl_frame *f, const struct zl_collector_totals *t);
void zl_collector_put_interface(struct zl_frame *f, const struct zl_if_counters *x);
void zl_collector_put_replay(struct zl_frame *f, const struct zl_collector_replay *p);

/* What is told of an exporter. */
struct zl_collector_exporter zl_collector_exporter_of(
	struct zl_exporter *e, bool is_allowed);

/*
 * Read an accepted frame.  For EXPORTERS: how many prefixes, of which the first
 * `most` are stored; -EPROTO when one is not a prefix.
 */
int zl_collector_get_prefixes(
	const struct zl_frame_in *in, struct zl_prefix *ret, size_t most) ZL_CHECKED;
void zl_collector_get_exporter(
	const struct zl_frame_in *in, struct zl_collector_exporter *ret);
void zl_collector_get_template(
	const struct zl_frame_in *in, struct zl_collector_template *ret);
int zl_collector_get_ifname(const struct zl_frame_in *in,
	struct zl_collector_ifname *ret) ZL_CHECKED; /* -EPROTO: no name */
void zl_collector_get_totals(
	const struct zl_frame_in *in, struct zl_collector_totals *ret);
void zl_collector_get_interface(
	const struct zl_frame_in *in, struct zl_if_counters *ret);
void zl_collector_get_replay(
	const struct zl_frame_in *in, struct zl_collector_replay *ret);

#endif
