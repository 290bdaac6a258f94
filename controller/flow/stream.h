/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: what must be remembered between the datagrams of one (exporter, version,
 * UDP source port, observation domain or v5 engine or sFlow sub-agent): templates, data
 * that waits for one, the sequence number, when the exporter booted and how it samples.
 *
 * The exporter's source port is part of the key because two of its processes may use
 * one observation domain (RFC 7011, section 8.4: the transport session).  Over TCP the
 * stream ends with its connection (zl_exporter_end_session).  An exporter
 * has at most ZL_STREAMS_MAX of each version; the one longest unseen makes room.
 */
#ifndef ZL_FLOW_STREAM_H
#define ZL_FLOW_STREAM_H
#include "controller/flow/pending.h"
#include "controller/flow/sampling.h"
#include "controller/flow/template.h"

enum {
	ZL_STREAMS_MAX = 32,
	/* A larger step forward is a restart of the exporter, not loss. */
	ZL_STREAM_GAP_MAX = 1 << 20,
};

struct zl_stream_key {
	struct zl_addr agent; /* sFlow: whom the datagram names; otherwise zero */
	uint32_t odid;
	uint16_t port;
	uint8_t version;
	bool is_tcp;
};

/*
 * The sources of sFlow samples number their own, flow and counter samples apart.  One
 * that shares its slot with another only synchronises when they take turns.
 */
enum { ZL_STREAM_SOURCES = 64 }; /* a power of two, half of them for counters */

struct zl_stream_source {
	uint64_t id;
	uint32_t next_seq, drops;
	bool seq_known, drops_known;
};

struct zl_stream {
	struct zl_stream_key key;
	struct zl_templates templates;
	struct zl_pending pending;
	struct zl_mono seen;
	uint32_t next_seq; /* what the next datagram should say */
	bool seq_known;
	uint64_t boot_ms; /* 0: not told */
	struct zl_sampling sampling;
	struct zl_stream_source *sources; /* sFlow; owned */
};

struct zl_stream *zl_stream_new(const struct zl_stream_key *key,
	struct zl_template_room *room, struct zl_pending_room *pending_room,
	struct zl_mono now); /* NULL: no memory */
void zl_stream_free(struct zl_stream *s);

/*
 * A datagram says `seq` and holds `step` units more, in the version's own units:
 * v5 counts records, v9 and sFlow datagrams, IPFIX data records sent before this one.
 * `is_known` false: the units of this datagram could not be counted (data without
 * template), so the next one only synchronises.
 * Returns how many units are missing.
 */
uint32_t zl_stream_sequence(
	struct zl_stream *s, uint32_t seq, uint32_t step, bool is_known);

/*
 * A flow sample or counter sample of source `id` says `seq`.  Returns how many of that
 * source and kind are missing; 0 too when there is no memory to tell.
 */
uint32_t zl_stream_source_sequence(
	struct zl_stream *s, uint64_t id, bool is_counters, uint32_t seq);

/*
 * And it says that `drops` packets, since it started, were to be sampled and could not be.
 * Called after the sequence.  Returns how many of them are new.
 */
uint32_t zl_stream_source_drops(struct zl_stream *s, uint64_t id, uint32_t drops);

#endif
