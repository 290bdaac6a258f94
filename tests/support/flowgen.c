/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder of flow datagrams. */
#include "tests/support/flowgen.h"

#include <assert.h>
#include <string.h>

enum { V5_HEADER = 24, V5_RECORD = 48 };

void zl_flowgen_bytes(struct zl_flowgen *g, const void *b, size_t n)
{
	assert(n <= sizeof(g->bytes) - g->n);
	memcpy(g->bytes + g->n, b, n);
	g->n += n;
}

void zl_flowgen_uint(struct zl_flowgen *g, uint64_t v, size_t n)
{
	for (size_t i = n; i > 0; i--)
		zl_flowgen_u8(g, (uint8_t)(v >> 8 * (i - 1)));
}

void zl_flowgen_u8(struct zl_flowgen *g, uint8_t v)
{
	zl_flowgen_bytes(g, &v, 1);
}

void zl_flowgen_u16(struct zl_flowgen *g, uint16_t v)
{
	zl_flowgen_uint(g, v, 2);
}

void zl_flowgen_u32(struct zl_flowgen *g, uint32_t v)
{
	zl_flowgen_uint(g, v, 4);
}

void zl_flowgen_u64(struct zl_flowgen *g, uint64_t v)
{
	zl_flowgen_uint(g, v, 8);
}

static void poke_u16(struct zl_flowgen *g, size_t at, uint16_t v)
{
	g->bytes[at] = (uint8_t)(v >> 8);
	g->bytes[at + 1] = (uint8_t)v;
}

static void start(struct zl_flowgen *g, uint16_t version)
{
	g->n = g->set = g->set_length = 0;
	g->version = version;
	zl_flowgen_u16(g, version);
	zl_flowgen_u16(g, 0); /* count or length */
}

void zl_flowgen_v5(struct zl_flowgen *g, uint32_t uptime_ms, uint32_t seconds,
	uint32_t sequence, uint16_t engine, uint16_t sampling)
{
	start(g, 5);
	zl_flowgen_u32(g, uptime_ms);
	zl_flowgen_u32(g, seconds);
	zl_flowgen_u32(g, 0);
	zl_flowgen_u32(g, sequence);
	zl_flowgen_u16(g, engine);
	zl_flowgen_u16(g, sampling);
}

void zl_flowgen_v9(struct zl_flowgen *g, uint32_t uptime_ms, uint32_t seconds,
	uint32_t sequence, uint32_t source_id)
{
	start(g, 9);
	zl_flowgen_u32(g, uptime_ms);
	zl_flowgen_u32(g, seconds);
	zl_flowgen_u32(g, sequence);
	zl_flowgen_u32(g, source_id);
}

void zl_flowgen_ipfix(
	struct zl_flowgen *g, uint32_t seconds, uint32_t sequence, uint32_t odid)
{
	start(g, 10);
	zl_flowgen_u32(g, seconds);
	zl_flowgen_u32(g, sequence);
	zl_flowgen_u32(g, odid);
}

void zl_flowgen_v5_record(struct zl_flowgen *g, const struct zl_flowgen_v5_record *r)
{
	zl_flowgen_u32(g, r->src);
	zl_flowgen_u32(g, r->dst);
	zl_flowgen_u32(g, 0); /* next hop */
	zl_flowgen_u16(g, r->in_if);
	zl_flowgen_u16(g, r->out_if);
	zl_flowgen_u32(g, r->packets);
	zl_flowgen_u32(g, r->octets);
	zl_flowgen_u32(g, r->first);
	zl_flowgen_u32(g, r->last);
	zl_flowgen_u16(g, r->sport);
	zl_flowgen_u16(g, r->dport);
	zl_flowgen_u8(g, 0);
	zl_flowgen_u8(g, r->tcp_flags);
	zl_flowgen_u8(g, r->proto);
	zl_flowgen_u8(g, r->tos);
	zl_flowgen_u64(g, 0); /* AS numbers, masks, pad */
}

static void close_set(struct zl_flowgen *g)
{
	if (g->set == 0)
		return;
	poke_u16(g, g->set + 2,
		(uint16_t)(g->set_length != 0 ? g->set_length : g->n - g->set));
	g->set = g->set_length = 0;
}

void zl_flowgen_set(struct zl_flowgen *g, uint16_t id)
{
	close_set(g);
	g->set = g->n;
	zl_flowgen_u16(g, id);
	zl_flowgen_u16(g, 0);
}

void zl_flowgen_set_set_length(struct zl_flowgen *g, uint16_t length)
{
	g->set_length = length;
}

static void put_fields(
	struct zl_flowgen *g, const struct zl_flowgen_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		zl_flowgen_u16(
			g, (uint16_t)(fields[i].id | (fields[i].pen != 0) << 15));
		zl_flowgen_u16(g, fields[i].length);
		if (fields[i].pen != 0)
			zl_flowgen_u32(g, fields[i].pen);
	}
}

void zl_flowgen_template(struct zl_flowgen *g, uint16_t id,
	const struct zl_flowgen_field *fields, size_t n)
{
	zl_flowgen_u16(g, id);
	zl_flowgen_u16(g, (uint16_t)n);
	put_fields(g, fields, n);
}

void zl_flowgen_options_template(struct zl_flowgen *g, uint16_t id,
	const struct zl_flowgen_field *fields, size_t n, size_t n_scope)
{
	zl_flowgen_u16(g, id);
	if (g->version == 9) {
		zl_flowgen_u16(g, (uint16_t)(n_scope * 4));
		zl_flowgen_u16(g, (uint16_t)((n - n_scope) * 4));
	} else {
		zl_flowgen_u16(g, (uint16_t)n);
		zl_flowgen_u16(g, (uint16_t)n_scope);
	}
	put_fields(g, fields, n);
}

void zl_flowgen_end(struct zl_flowgen *g)
{
	close_set(g);
	if (g->version == 10)
		poke_u16(g, 2, (uint16_t)g->n);
	else if (g->version == 5)
		poke_u16(g, 2, (uint16_t)((g->n - V5_HEADER) / V5_RECORD));
}

void zl_flowgen_set_version(struct zl_flowgen *g, uint16_t version)
{
	poke_u16(g, 0, version);
}

void zl_flowgen_set_count(struct zl_flowgen *g, uint16_t count)
{
	poke_u16(g, 2, count);
}

void zl_flowgen_set_length(struct zl_flowgen *g, uint16_t length)
{
	poke_u16(g, 2, length);
}

void zl_flowgen_cut(struct zl_flowgen *g, size_t n)
{
	assert(n <= g->n);
	g->n -= n;
}
