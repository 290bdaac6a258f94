/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something that an exporter sent was not used: one table of reasons.
 *
 * The packet path has no sentences: decoders count a reason, and `unit` says what
 * was lost with it.  To add a reason, add an enumerator here, a row in drop.c and a
 * case in tests/unit/test_drop.c, which fails for a reason that nothing produces.
 */
#ifndef ZL_FLOW_DROP_H
#define ZL_FLOW_DROP_H
#include <stdint.h>

enum zl_drop {
	ZL_DROP_EXPORTER_UNKNOWN,
	ZL_DROP_EXPORTER_LIMIT,
	ZL_DROP_DATAGRAM_CUT,
	ZL_DROP_HEADER_SHORT,
	ZL_DROP_VERSION,
	ZL_DROP_V5_COUNT,
	ZL_DROP_MESSAGE_LENGTH,
	ZL_DROP_SET_LENGTH,
	ZL_DROP_SET_ID,
	ZL_DROP_TEMPLATE_ID,
	ZL_DROP_TEMPLATE_CUT,
	ZL_DROP_TEMPLATE_FIELDS,
	ZL_DROP_TEMPLATE_SCOPE,
	ZL_DROP_TEMPLATE_LENGTH,
	ZL_DROP_TEMPLATE_LIMIT,
	ZL_DROP_TEMPLATE_EVICTED,
	ZL_DROP_TEMPLATE_EXPIRED,
	ZL_DROP_TEMPLATE_UNKNOWN,
	ZL_DROP_TEMPLATE_WITHDRAWN,
	ZL_DROP_ELEMENT_LENGTH,
	ZL_DROP_RECORD_CUT,
	ZL_DROP_RECORD_EMPTY,
	ZL_DROP_STREAM_EVICTED,
	ZL_DROP_AGENT_ADDRESS,
	ZL_DROP_SAMPLE_LENGTH,
	ZL_DROP_SAMPLE_UNKNOWN,
	ZL_DROP_SAMPLE_CUT,
	ZL_DROP_CONNECTION_LIMIT,
	ZL_DROP_CONNECTION_BROKEN,
	ZL_DROP_N
};

/* A set of reasons: one bit each. */
typedef uint32_t zl_drop_mask;
_Static_assert(ZL_DROP_N <= 32, "zl_drop_mask is too small");

struct zl_drop_info {
	const char *name;     /* stable: in metrics, JSON and messages */
	const char *unit;     /* what is lost: datagram, set, template, record, field */
	const char *source;   /* the rule broken */
	const char *sentence; /* for people */
};

extern const struct zl_drop_info zl_drops[ZL_DROP_N];

/* How often each was counted; `seen` is for the caller to clear and look at. */
struct zl_drop_counts {
	uint64_t n[ZL_DROP_N];
	zl_drop_mask seen;
};

static inline void zl_drop_count(struct zl_drop_counts *counts, enum zl_drop why)
{
	counts->n[why]++;
	counts->seen |= (zl_drop_mask)1 << why;
}

#endif
