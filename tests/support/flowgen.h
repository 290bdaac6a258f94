/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build NetFlow v5, v9 and IPFIX datagrams by verbs, and lie on purpose.
 *
 *	struct zl_flowgen g;
 *
 *	zl_flowgen_ipfix(&g, 1700000000, 0, 1);		(time, sequence, domain)
 *	zl_flowgen_set(&g, 2);
 *	zl_flowgen_template(&g, 256, fields, N_ITEMS(fields));
 *	zl_flowgen_set(&g, 256);
 *	zl_flowgen_u32(&g, 0x0a000001);
 *	...
 *	zl_flowgen_end(&g);				(g.bytes, g.n)
 *
 * A set ends where the next begins, or at the end; lengths and v5's count are then
 * filled in.  What is to be wrong is said after zl_flowgen_end() (set_length,
 * set_count, cut) or, for a set, before the next one (set_set_length).
 */
#ifndef ZL_SUPPORT_FLOWGEN_H
#define ZL_SUPPORT_FLOWGEN_H
#include <stddef.h>
#include <stdint.h>

struct zl_flowgen_field {
	uint16_t id, length;
	uint32_t pen; /* IPFIX only; 0: none */
};

struct zl_flowgen {
	uint8_t bytes[65536];
	size_t n;
	uint16_t version;
	size_t set;	   /* where the open set begins; 0: none is open */
	size_t set_length; /* what it shall claim; 0: the truth */
};

/* Headers.  Times are seconds since 1970 and milliseconds since boot. */
void zl_flowgen_v5(struct zl_flowgen *g, uint32_t uptime_ms, uint32_t seconds,
	uint32_t sequence, uint16_t engine, uint16_t sampling);
void zl_flowgen_v9(struct zl_flowgen *g, uint32_t uptime_ms, uint32_t seconds,
	uint32_t sequence, uint32_t source_id);
void zl_flowgen_ipfix(
	struct zl_flowgen *g, uint32_t seconds, uint32_t sequence, uint32_t odid);

/* One v5 record; the rest of its fields are zero. */
struct zl_flowgen_v5_record {
	uint32_t src, dst, packets, octets, first, last;
	uint16_t in_if, out_if, sport, dport;
	uint8_t tcp_flags, proto, tos;
};
void zl_flowgen_v5_record(struct zl_flowgen *g, const struct zl_flowgen_v5_record *r);

/* Sets of v9 and IPFIX. */
void zl_flowgen_set(struct zl_flowgen *g, uint16_t id);
void zl_flowgen_set_set_length(struct zl_flowgen *g, uint16_t length);
void zl_flowgen_template(struct zl_flowgen *g, uint16_t id,
	const struct zl_flowgen_field *fields, size_t n);
/* The first `n_scope` fields are the scope (v9: scope types). */
void zl_flowgen_options_template(struct zl_flowgen *g, uint16_t id,
	const struct zl_flowgen_field *fields, size_t n, size_t n_scope);

/* Contents. */
void zl_flowgen_u8(struct zl_flowgen *g, uint8_t v);
void zl_flowgen_u16(struct zl_flowgen *g, uint16_t v);
void zl_flowgen_u32(struct zl_flowgen *g, uint32_t v);
void zl_flowgen_u64(struct zl_flowgen *g, uint64_t v);
void zl_flowgen_uint(struct zl_flowgen *g, uint64_t v, size_t n); /* 1..8 bytes */
void zl_flowgen_bytes(struct zl_flowgen *g, const void *b, size_t n);

/* Close the set, fill in lengths and count. */
void zl_flowgen_end(struct zl_flowgen *g);

/* Lies. */
void zl_flowgen_set_version(struct zl_flowgen *g, uint16_t version);
void zl_flowgen_set_count(struct zl_flowgen *g, uint16_t count);   /* v5, v9 */
void zl_flowgen_set_length(struct zl_flowgen *g, uint16_t length); /* IPFIX */
void zl_flowgen_cut(struct zl_flowgen *g, size_t n); /* bytes off the end */

#endif
