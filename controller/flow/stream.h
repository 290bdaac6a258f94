/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: what must be remembered between the datagrams of one (exporter, version,
 * UDP source port, observation domain or v5 engine): templates, the sequence number,
 * when the exporter booted and how it samples.
 *
 * The exporter's source port is part of the key because two of its processes may use
 * one observation domain (RFC 7011, section 8.4: the transport session).  An exporter
 * has at most ZL_STREAMS_MAX of each version; the one longest unseen makes room.
 */
#ifndef ZL_FLOW_STREAM_H
#define ZL_FLOW_STREAM_H
#include "controller/flow/sampling.h"
#include "controller/flow/template.h"

enum {
	ZL_STREAMS_MAX = 32,
	/* A larger step forward is a restart of the exporter, not loss. */
	ZL_STREAM_GAP_MAX = 1 << 20,
};

struct zl_stream_key {
	uint32_t odid;
	uint16_t port;
	uint16_t version;
};

struct zl_stream {
	struct zl_stream_key key;
	struct zl_templates templates;
	struct zl_mono seen;
	uint32_t next_seq; /* what the next datagram should say */
	bool seq_known;
	uint64_t boot_ms; /* 0: not told */
	struct zl_sampling sampling;
};

struct zl_stream *zl_stream_new(const struct zl_stream_key *key,
	struct zl_template_room *room, struct zl_mono now); /* NULL: no memory */
void zl_stream_free(struct zl_stream *s);

/*
 * A datagram says `seq` and holds `step` units more, in the version's own units:
 * v5 counts records, v9 datagrams, IPFIX data records sent before this one.
 * `is_known` false: the units of this datagram could not be counted (data without
 * template), so the next one only synchronises.
 * Returns how many units are missing.
 */
uint32_t zl_stream_sequence(
	struct zl_stream *s, uint32_t seq, uint32_t step, bool is_known);

#endif
