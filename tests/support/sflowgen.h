/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build sFlow datagrams by verbs, on flowgen.
 *
 *	struct zl_sflowgen s;
 *
 *	zl_sflowgen_start(&s, 0x0a000001, 0, 1);	(agent, sub-agent, sequence)
 *	zl_sflowgen_flow(&s, &(struct zl_sflowgen_flow){ .sampling = 512 });
 *	zl_sflowgen_packet(&s, 1, 1500, bytes, n);	(protocol, frame length)
 *	zl_sflowgen_record(&s, 1001);
 *	zl_flowgen_u32(&s.g, 42);
 *	...
 *	zl_sflowgen_end(&s);				(s.g.bytes, s.g.n)
 *
 * A record ends where the next begins, a sample likewise; lengths and counts are
 * then filled in.  Lies: poke s.g.bytes after the end, at s.sample or s.record, which
 * are where the last ones began.
 */
#ifndef ZL_SUPPORT_SFLOWGEN_H
#define ZL_SUPPORT_SFLOWGEN_H
#include <stdbool.h>

#include "tests/support/flowgen.h"

enum {
	ZL_SFLOWGEN_MANY = 1u << 31,   /* an output interface: so many */
	ZL_SFLOWGEN_DROPPED = 1 << 30, /* for a reason */
};

struct zl_sflowgen_flow {
	bool is_expanded;
	uint32_t source, seq, sampling, in, out; /* compact: type and index in one */
};

struct zl_sflowgen {
	struct zl_flowgen g;
	size_t samples;	       /* where their count is */
	size_t sample, record; /* where the open ones begin; 0: none is open */
	size_t records;	       /* where the sample's count is */
};

void zl_sflowgen_start(
	struct zl_sflowgen *s, uint32_t agent, uint32_t sub_agent, uint32_t sequence);
/* With an IPv6 agent: ::ffff:0:0:N. */
void zl_sflowgen_start6(struct zl_sflowgen *s, uint8_t agent, uint32_t sequence);

/* A sample without contents, or with its head. */
void zl_sflowgen_sample(struct zl_sflowgen *s, uint32_t format);
void zl_sflowgen_flow(struct zl_sflowgen *s, const struct zl_sflowgen_flow *flow);
void zl_sflowgen_counters(
	struct zl_sflowgen *s, bool is_expanded, uint32_t source, uint32_t seq);

void zl_sflowgen_record(struct zl_sflowgen *s, uint32_t format);
void zl_sflowgen_packet(struct zl_sflowgen *s, uint32_t protocol, uint32_t length,
	const void *bytes, size_t n);
/* Generic counters of an interface: 1, 2, 3... in the order of the fields. */
void zl_sflowgen_generic(struct zl_sflowgen *s, uint32_t if_index);

void zl_sflowgen_end(struct zl_sflowgen *s);

void zl_sflowgen_poke(struct zl_sflowgen *s, size_t at, uint32_t v);

#endif
