/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder of sFlow datagrams. */
#include "tests/support/sflowgen.h"

#include <string.h>

enum { HEAD = 8, UPTIME_MS = 60000 };

void zl_sflowgen_poke(struct zl_sflowgen *s, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		s->g.bytes[at + i] = (uint8_t)(v >> 8 * (3 - i));
}

static void add_one(struct zl_sflowgen *s, size_t at)
{
	s->g.bytes[at + 3]++;
}

static void close_record(struct zl_sflowgen *s)
{
	if (s->record == 0)
		return;
	while (s->g.n % 4 != 0)
		zl_flowgen_u8(&s->g, 0);
	zl_sflowgen_poke(s, s->record + 4, (uint32_t)(s->g.n - s->record - HEAD));
}

static void close_sample(struct zl_sflowgen *s)
{
	close_record(s);
	if (s->sample != 0)
		zl_sflowgen_poke(
			s, s->sample + 4, (uint32_t)(s->g.n - s->sample - HEAD));
}

static void put_rest(struct zl_sflowgen *s, uint32_t sub_agent, uint32_t sequence)
{
	zl_flowgen_u32(&s->g, sub_agent);
	zl_flowgen_u32(&s->g, sequence);
	zl_flowgen_u32(&s->g, UPTIME_MS);
	s->samples = s->g.n;
	zl_flowgen_u32(&s->g, 0);
}

void zl_sflowgen_start(
	struct zl_sflowgen *s, uint32_t agent, uint32_t sub_agent, uint32_t sequence)
{
	memset(s, 0, sizeof(*s));
	zl_flowgen_u32(&s->g, 5);
	zl_flowgen_u32(&s->g, 1);
	zl_flowgen_u32(&s->g, agent);
	put_rest(s, sub_agent, sequence);
}

void zl_sflowgen_start6(struct zl_sflowgen *s, uint8_t agent, uint32_t sequence)
{
	memset(s, 0, sizeof(*s));
	zl_flowgen_u32(&s->g, 5);
	zl_flowgen_u32(&s->g, 2);
	zl_flowgen_u64(&s->g, UINT64_C(0xfd00) << 48);
	zl_flowgen_u64(&s->g, agent);
	put_rest(s, 0, sequence);
}

void zl_sflowgen_sample(struct zl_sflowgen *s, uint32_t format)
{
	close_sample(s);
	s->record = 0;
	s->sample = s->g.n;
	zl_flowgen_u32(&s->g, format);
	zl_flowgen_u32(&s->g, 0);
	add_one(s, s->samples);
}

static void put_source(struct zl_sflowgen *s, bool is_expanded, uint32_t source)
{
	if (is_expanded)
		zl_flowgen_u32(&s->g, source >> 24);
	zl_flowgen_u32(&s->g, is_expanded ? source & 0xffffff : source);
}

static void put_interface(struct zl_sflowgen *s, bool is_expanded, uint32_t v)
{
	if (is_expanded)
		zl_flowgen_u32(&s->g, v >> 30);
	zl_flowgen_u32(&s->g, is_expanded ? v & 0x3fffffff : v);
}

static void put_count(struct zl_sflowgen *s)
{
	s->records = s->g.n;
	zl_flowgen_u32(&s->g, 0);
}

void zl_sflowgen_flow(struct zl_sflowgen *s, const struct zl_sflowgen_flow *flow)
{
	zl_sflowgen_sample(s, flow->is_expanded ? 3 : 1);
	zl_flowgen_u32(&s->g, flow->seq);
	put_source(s, flow->is_expanded, flow->source);
	zl_flowgen_u32(&s->g, flow->sampling);
	zl_flowgen_u64(&s->g, 0); /* packets seen, drops */
	put_interface(s, flow->is_expanded, flow->in);
	put_interface(s, flow->is_expanded, flow->out);
	put_count(s);
}

void zl_sflowgen_counters(
	struct zl_sflowgen *s, bool is_expanded, uint32_t source, uint32_t seq)
{
	zl_sflowgen_sample(s, is_expanded ? 4 : 2);
	zl_flowgen_u32(&s->g, seq);
	put_source(s, is_expanded, source);
	put_count(s);
}

void zl_sflowgen_record(struct zl_sflowgen *s, uint32_t format)
{
	close_record(s);
	s->record = s->g.n;
	zl_flowgen_u32(&s->g, format);
	zl_flowgen_u32(&s->g, 0);
	add_one(s, s->records);
}

void zl_sflowgen_packet(struct zl_sflowgen *s, uint32_t protocol, uint32_t length,
	const void *bytes, size_t n)
{
	zl_sflowgen_record(s, 1);
	zl_flowgen_u32(&s->g, protocol);
	zl_flowgen_u32(&s->g, length);
	zl_flowgen_u32(&s->g, 4); /* stripped: the checksum */
	zl_flowgen_u32(&s->g, (uint32_t)n);
	zl_flowgen_bytes(&s->g, bytes, n);
}

void zl_sflowgen_generic(struct zl_sflowgen *s, uint32_t if_index)
{
	static const uint8_t widths[] = { 4, 8, 4, 4, 8, 4, 4, 4, 4, 4, 4, 8, 4, 4, 4,
		4, 4, 4 };

	zl_sflowgen_record(s, 1);
	zl_flowgen_u32(&s->g, if_index);
	for (size_t i = 0; i < sizeof(widths); i++)
		zl_flowgen_uint(&s->g, i + 1, widths[i]);
}

void zl_sflowgen_end(struct zl_sflowgen *s)
{
	close_sample(s);
}
