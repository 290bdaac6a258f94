/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sFlow: samples, the records in them, interfaces, counters, sequence numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/flowcase.h"
#include "tests/support/sflowgen.h"

enum { AGENT = 0x0a0000fe, INTERNAL = 0x3fffffff };

/* 10.0.0.1:40000 -> 10.0.0.2:22, SYN, tagged 42. */
static const uint8_t syn[] = { 0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 0x81, 0,
	0, 42, 8, 0, 0x45, 0x10, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0,
	0, 2, 0x9c, 0x40, 0, 22, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0 };
enum { UNTAGGED = 18 }; /* where its IPv4 header begins */

static struct zl_sflowgen s;

static zl_drop_mask send(struct zl_flowcase *c)
{
	zl_sflowgen_end(&s);
	return zl_flowcase_send(c, &s.g);
}

static void put_sample(bool is_expanded, uint32_t in, uint32_t out)
{
	const struct zl_sflowgen_flow flow = { .is_expanded = is_expanded,
		.source = 7,
		.seq = 1,
		.sampling = 512,
		.in = in,
		.out = out };

	zl_sflowgen_flow(&s, &flow);
}

static void check_syn(const struct zl_flowcase *c, const struct zl_flow *f)
{
	const struct zl_addr src = zl_addr_from_v4(0x0a000001),
			     dst = zl_addr_from_v4(0x0a000002);

	assert_true(zl_addr_eq(&src, &f->src) && zl_addr_eq(&dst, &f->dst));
	assert_true(zl_addr_eq(&c->from, &f->exporter));
	assert_int_equal(ZL_FLOW_SFLOW, f->version);
	assert_int_equal(40000, f->sport);
	assert_int_equal(22, f->dport);
	assert_int_equal(6, f->proto);
	assert_int_equal(2, f->tcp_flags);
	assert_int_equal(0x10, f->tos);
	assert_int_equal(4, f->ip_version);
	assert_int_equal(1, f->packets);
	assert_int_equal(512, f->sampling);
	assert_int_equal(0, f->age_ms);
	assert_int_equal(1000, f->age_error_ms);
	assert_int_equal(0, f->present & (ZL_FLOW_FIRST | ZL_FLOW_LAST | ZL_FLOW_ICMP));
}

static void test_sample(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];

	for (int is_expanded = 0; is_expanded < 2; is_expanded++) {
		zl_sflowgen_start(&s, AGENT, 9, 1);
		put_sample(is_expanded != 0, 11, 12);
		zl_sflowgen_packet(&s, 1, 1500, syn, sizeof(syn));
		assert_int_equal(0, send(c));
		assert_int_equal(1, c->n);
		check_syn(c, f);
		assert_int_equal(9, f->odid);
		assert_int_equal(1500, f->octets);
		assert_int_equal(42, f->vlan);
		assert_int_equal(11, f->in_if);
		assert_int_equal(12, f->out_if);
		assert_int_equal(1, f->src_mac.b[5]);
		assert_int_equal(2, f->dst_mac.b[5]);
		assert_int_equal(ZL_FLOW_IN_IF | ZL_FLOW_OUT_IF,
			f->present & (ZL_FLOW_IN_IF | ZL_FLOW_IN_NO_IF |
					     ZL_FLOW_OUT_IF | ZL_FLOW_OUT_NO_IF));
	}
}

static void test_raw_ip(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start6(&s, 1, 1);
	put_sample(false, 11, 12);
	zl_sflowgen_packet(&s, 11, 40, syn + UNTAGGED, sizeof(syn) - UNTAGGED);
	assert_int_equal(0, send(c));
	assert_int_equal(1, c->n);
	check_syn(c, &c->flows[0]);
	assert_int_equal(0, c->flows[0].present &
				    (ZL_FLOW_SRC_MAC | ZL_FLOW_DST_MAC | ZL_FLOW_VLAN));
}

/* What is no Ethernet or IP is one packet all the same. */
static void test_unknown_protocol(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 11, 12);
	zl_sflowgen_packet(&s, 7, 40, syn, sizeof(syn));
	assert_int_equal(0, send(c));
	assert_int_equal(1, c->n);
	assert_int_equal(40, c->flows[0].octets);
	assert_int_equal(0, c->flows[0].ip_version);
	assert_int_equal(0, c->flows[0].present & (ZL_FLOW_SRC | ZL_FLOW_SRC_MAC));
}

struct interface_case {
	const char *name;
	uint32_t in, out, want_in, want_out, present;
};

/* clang-format off */
static struct interface_case interfaces[] = {
	{ "interfaces", 3, 4, 3, 4, 0 },
	{ "output dropped", 3, ZL_SFLOWGEN_DROPPED | 4, 3, 4, ZL_FLOW_OUT_NO_IF },
	{ "several outputs", 3, ZL_SFLOWGEN_MANY | 4, 3, 4, ZL_FLOW_OUT_NO_IF },
	{ "an unused format", 3, UINT32_C(3) << 30 | 4, 3, 4, ZL_FLOW_OUT_NO_IF },
	{ "to the device itself", 3, INTERNAL, 3, INTERNAL, ZL_FLOW_OUT_NO_IF },
	{ "from the device itself", INTERNAL, 4, INTERNAL, 4, ZL_FLOW_IN_NO_IF },
	{ "several inputs, which cannot be", ZL_SFLOWGEN_MANY | 3, 4, 3, 4, ZL_FLOW_IN_NO_IF },
	{ "not known", 0, 0, 0, 0, 0 },
};
/* clang-format on */

static void test_interface(void **state)
{
	static size_t at;
	const struct interface_case *ic = &interfaces[at++];
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];

	for (int is_expanded = 0; is_expanded < 2; is_expanded++) {
		zl_sflowgen_start(&s, AGENT, 0, 1);
		put_sample(is_expanded != 0, ic->in, ic->out);
		zl_sflowgen_packet(&s, 1, 64, syn, sizeof(syn));
		assert_int_equal(0, send(c));
		assert_int_equal(1, c->n);
		assert_int_equal(ic->want_in, f->in_if);
		assert_int_equal(ic->want_out, f->out_if);
		assert_int_equal(ic->present,
			f->present & (ZL_FLOW_IN_NO_IF | ZL_FLOW_OUT_NO_IF));
	}
}

static void put_frame(uint32_t length)
{
	zl_sflowgen_record(&s, 2);
	zl_flowgen_u32(&s.g, length);
	zl_flowgen_bytes(&s.g, "\x52\x54\0\0\0\3\0\0", 8);
	zl_flowgen_bytes(&s.g, "\x52\x54\0\0\0\4\0\0", 8);
	zl_flowgen_u32(&s.g, 0x0800);
}

static void put_ipv4(uint32_t proto)
{
	zl_sflowgen_record(&s, 3);
	zl_flowgen_u32(&s.g, 1000);
	zl_flowgen_u32(&s.g, proto);
	zl_flowgen_u32(&s.g, 0x0a000005);
	zl_flowgen_u32(&s.g, 0x0a000006);
	zl_flowgen_u32(&s.g, 1234);
	zl_flowgen_u32(&s.g, 443);
	zl_flowgen_u32(&s.g, 0x12);
	zl_flowgen_u32(&s.g, 0);
}

static void put_switch(uint32_t vlan)
{
	zl_sflowgen_record(&s, 1001);
	zl_flowgen_u32(&s.g, vlan);
	zl_flowgen_u32(&s.g, 0);
	zl_flowgen_u32(&s.g, 77);
	zl_flowgen_u32(&s.g, 0);
}

/* Records without the packet: each tells its part. */
static void test_records(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	put_switch(33);
	put_ipv4(6);
	put_frame(1018);
	zl_sflowgen_record(&s, 4413 << 12 | 1); /* of somebody else */
	zl_flowgen_u64(&s.g, 0);
	assert_int_equal(0, send(c));
	assert_int_equal(1, c->n);
	assert_int_equal(1018, f->octets);
	assert_int_equal(3, f->src_mac.b[5]);
	assert_int_equal(4, f->dst_mac.b[5]);
	assert_int_equal(1234, f->sport);
	assert_int_equal(443, f->dport);
	assert_int_equal(0x12, f->tcp_flags);
	assert_int_equal(4, f->ip_version);
	assert_int_equal(33, f->vlan);
	assert_int_equal(ZL_FLOW_VLAN_OF_PORT,
		f->present & (ZL_FLOW_VLAN | ZL_FLOW_VLAN_OF_PORT));
}

static void test_ipv4_record_of_udp(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	put_ipv4(17);
	put_sample(false, 1, 2);
	put_ipv4(47);
	assert_int_equal(0, send(c));
	assert_int_equal(2, c->n);
	assert_int_equal(1000, c->flows[0].octets);
	assert_int_equal(443, c->flows[0].dport);
	assert_int_equal(0, c->flows[0].present & ZL_FLOW_TCP_FLAGS);
	assert_int_equal(47, c->flows[1].proto);
	assert_int_equal(0, c->flows[1].present & (ZL_FLOW_SPORT | ZL_FLOW_TCP_FLAGS));
}

static void test_ipv6_record(void **state)
{
	static const uint8_t addrs[32] = { 0xfd, [15] = 1, [16] = 0xfd, [31] = 2 };
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(true, 1, 2);
	zl_sflowgen_record(&s, 4);
	zl_flowgen_u32(&s.g, 90);
	zl_flowgen_u32(&s.g, 17);
	zl_flowgen_bytes(&s.g, addrs, sizeof(addrs));
	zl_flowgen_u32(&s.g, 5353);
	zl_flowgen_u32(&s.g, 53);
	zl_flowgen_u64(&s.g, 0);
	assert_int_equal(0, send(c));
	assert_int_equal(1, c->n);
	assert_int_equal(6, f->ip_version);
	assert_int_equal(1, f->src.b[15]);
	assert_int_equal(2, f->dst.b[15]);
	assert_int_equal(53, f->dport);
	assert_int_equal(90, f->octets);
}

/* The packet counts, wherever in the sample it stands; of two, the first. */
static void test_packet_outweighs(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_flow *f = &c->flows[0];

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	put_ipv4(17);
	put_frame(1018);
	put_switch(33);
	zl_sflowgen_packet(&s, 1, 1500, syn, sizeof(syn));
	zl_sflowgen_packet(&s, 1, 99, syn, 14);
	assert_int_equal(0, send(c));
	assert_int_equal(1, c->n);
	check_syn(c, f);
	assert_int_equal(1500, f->octets);
	assert_int_equal(42, f->vlan);
	assert_int_equal(0, f->present & ZL_FLOW_VLAN_OF_PORT);
	assert_int_equal(1, f->src_mac.b[5]);
}

/* 0, all ones and what is no VLAN. */
static void test_no_vlan(void **state)
{
	static const uint32_t none[] = { 0, UINT32_MAX, 4095, 4096 };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(none); i++) {
		zl_sflowgen_start(&s, AGENT, 0, 1);
		put_sample(false, 1, 2);
		put_frame(64);
		put_switch(none[i]);
		assert_int_equal(0, send(c));
		assert_int_equal(0, c->flows[0].vlan);
		assert_int_equal(0, c->flows[0].present & ZL_FLOW_VLAN_OF_PORT);
	}
}

/* A short record is left out, and the sample is not. */
static void test_short_record(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	zl_sflowgen_packet(&s, 1, 1500, syn, sizeof(syn));
	zl_sflowgen_record(&s, 1001);
	zl_flowgen_u32(&s.g, 5);
	assert_int_equal(1 << ZL_DROP_SAMPLE_CUT, send(c));
	assert_int_equal(1, c->n);
	check_syn(c, &c->flows[0]);
}

static void test_only_unknown(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	zl_sflowgen_record(&s, 1002);
	zl_flowgen_u32(&s.g, 5);
	zl_sflowgen_sample(&s, 5); /* a discarded packet's notification */
	zl_flowgen_u64(&s.g, 0);
	put_sample(false, 1, 2);
	put_frame(64);
	assert_int_equal(
		1 << ZL_DROP_RECORD_EMPTY | 1 << ZL_DROP_SAMPLE_UNKNOWN, send(c));
	assert_int_equal(1, c->n);
}

/* --- counters --- */

struct counted {
	struct zl_if_counters last;
	unsigned n;
};

static void keep_counters(const struct zl_if_counters *counters, void *user)
{
	struct counted *k = user;

	k->last = *counters;
	k->n++;
}

static void no_flow(const struct zl_flow *flow, void *user)
{
	(void)flow;
	(void)user;
	fail();
}

static zl_drop_mask send_counters(struct zl_flowcase *c, struct counted *k)
{
	const struct zl_decode_sinks sinks = {
		.flow = no_flow, .counters = keep_counters, .user = k
	};
	struct zl_datagram dg = { .from = c->from, .port = c->port, .now = c->now };

	zl_sflowgen_end(&s);
	dg.bytes = s.g.bytes;
	dg.n = s.g.n;
	return zl_decode_to(&c->exporters, &dg, &sinks);
}

static void test_counters(void **state)
{
	struct zl_flowcase *c = *state;
	struct counted k = { 0 };
	const struct zl_if_counters *l = &k.last;

	zl_sflowgen_start(&s, AGENT, 5, 1);
	zl_sflowgen_counters(&s, false, 7, 1);
	zl_sflowgen_generic(&s, 7);
	zl_sflowgen_counters(&s, true, 8, 1);
	zl_sflowgen_record(&s, 2); /* Ethernet's */
	zl_flowgen_u64(&s.g, 0);
	zl_sflowgen_generic(&s, 8);
	assert_int_equal(0, send_counters(c, &k));
	assert_int_equal(2, k.n);
	assert_int_equal(2, zl_flowcase_exporter(c)->counters);
	assert_true(zl_addr_eq(&c->from, &l->exporter));
	assert_int_equal(5, l->odid);
	assert_int_equal(8, l->if_index);
	assert_int_equal(1, l->type);
	assert_int_equal(2, l->speed);
	assert_int_equal(3, l->duplex);
	assert_int_equal(4, l->status);
	assert_int_equal(5, l->in.octets);
	assert_int_equal(6, l->in.unicast);
	assert_int_equal(7, l->in.multicast);
	assert_int_equal(8, l->in.broadcast);
	assert_int_equal(9, l->in.discards);
	assert_int_equal(10, l->in.errors);
	assert_int_equal(11, l->in_unknown);
	assert_int_equal(12, l->out.octets);
	assert_int_equal(13, l->out.unicast);
	assert_int_equal(14, l->out.multicast);
	assert_int_equal(15, l->out.broadcast);
	assert_int_equal(16, l->out.discards);
	assert_int_equal(17, l->out.errors);
	assert_int_equal(18, l->promiscuous);
}

static void test_counters_cut(void **state)
{
	struct zl_flowcase *c = *state;
	struct counted k = { 0 };

	zl_sflowgen_start(&s, AGENT, 0, 1);
	zl_sflowgen_counters(&s, false, 7, 1);
	zl_sflowgen_record(&s, 1);
	zl_flowgen_u64(&s.g, 0);
	assert_int_equal(1 << ZL_DROP_SAMPLE_CUT, send_counters(c, &k));
	assert_int_equal(0, k.n);
	/* More records than there are. */
	zl_sflowgen_start(&s, AGENT, 0, 2);
	zl_sflowgen_counters(&s, false, 7, 2);
	zl_sflowgen_generic(&s, 7);
	zl_sflowgen_poke(&s, s.records, 2);
	assert_int_equal(1 << ZL_DROP_SAMPLE_CUT, send_counters(c, &k));
	assert_int_equal(1, k.n);
}

/* --- sequence numbers --- */

static void send_numbered(struct zl_flowcase *c, uint32_t agent, uint32_t datagram,
	uint32_t sample, uint32_t counters)
{
	const struct zl_sflowgen_flow flow = { .source = 7, .seq = sample };

	zl_sflowgen_start(&s, agent, 0, datagram);
	zl_sflowgen_flow(&s, &flow);
	put_frame(64);
	zl_sflowgen_counters(&s, false, 7, counters);
	zl_sflowgen_generic(&s, 7);
	assert_int_equal(0, send(c));
}

static void test_sequence(void **state)
{
	struct zl_flowcase *c = *state;
	const struct zl_exporter *e;

	send_numbered(c, AGENT, 100, 1000, 10);
	send_numbered(c, AGENT + 1, 7, 5, 3); /* numbers its own */
	send_numbered(c, AGENT, 101, 1001, 11);
	e = zl_flowcase_exporter(c);
	assert_int_equal(0, e->health.lost);
	assert_int_equal(0, e->samples_lost);
	send_numbered(c, AGENT, 104, 1006, 12); /* 102, 103, and 1002 to 1005 */
	assert_int_equal(2, e->health.lost);
	assert_int_equal(4, e->samples_lost);
	send_numbered(c, AGENT + 1, 8, 6, 4);
	send_numbered(c, AGENT, 1, 1, 1); /* it was restarted */
	assert_int_equal(2, e->health.lost);
	assert_int_equal(4, e->samples_lost);
	send_numbered(c, AGENT, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	send_numbered(c, AGENT, 1, 0, 0); /* 0 is lost in the wrap */
	assert_int_equal(3, e->health.lost);
	assert_int_equal(4, e->samples_lost);
	assert_int_equal(16, e->records + e->counters);
	assert_int_equal(2, e->streams.n);
}

/* What the agent could not sample, by its own count, which wraps and starts again. */
static void test_drops(void **state)
{
	static const struct {
		uint32_t seq, drops;
		uint64_t want;
	} sent[] = { { 1, 100, 0 }, { 2, 100, 0 }, { 3, 107, 7 }, { 4, 0, 7 },
		{ 5, UINT32_MAX, 7 }, { 6, 1, 9 } };
	struct zl_flowcase *c = *state;

	for (uint32_t i = 0; i < N_ITEMS(sent); i++) {
		const struct zl_sflowgen_flow flow = { .source = 7,
			.seq = sent[i].seq };

		zl_sflowgen_start(&s, AGENT, 0, i);
		zl_sflowgen_flow(&s, &flow);
		put_frame(64);
		zl_sflowgen_poke(&s, s.sample + 8 + 16, sent[i].drops);
		assert_int_equal(0, send(c));
		assert_int_equal(
			sent[i].want, zl_flowcase_exporter(c)->samples_dropped);
	}
}

/* Two sources in one slot take turns; what they send is not lost. */
static void test_sources_share(void **state)
{
	struct zl_flowcase *c = *state;

	for (uint32_t i = 0; i < 8; i++) {
		const struct zl_sflowgen_flow flow = {
			.source = i % 2 == 0 ? 7 : 7 + ZL_STREAM_SOURCES,
			.seq = i * 1000
		};

		zl_sflowgen_start(&s, AGENT, 0, i);
		zl_sflowgen_flow(&s, &flow);
		put_frame(64);
		assert_int_equal(0, send(c));
	}
	assert_int_equal(0, zl_flowcase_exporter(c)->samples_lost);
}

/* --- lies --- */

static void test_padding(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	put_frame(64);
	zl_sflowgen_end(&s);
	zl_flowgen_u64(&s.g, UINT64_MAX);
	assert_int_equal(0, zl_flowcase_send(c, &s.g));
	assert_int_equal(1, c->n);
}

/* As many samples and records as a number can say. */
static void test_counts(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	put_frame(64);
	zl_sflowgen_end(&s);
	zl_sflowgen_poke(&s, s.records, UINT32_MAX);
	assert_int_equal(1 << ZL_DROP_SAMPLE_CUT, zl_flowcase_send(c, &s.g));
	zl_sflowgen_poke(&s, s.samples, UINT32_MAX);
	assert_int_equal(1 << ZL_DROP_SAMPLE_LENGTH, zl_flowcase_send(c, &s.g));
	assert_int_equal(0, c->n);
}

static void test_header_longer_than_record(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start(&s, AGENT, 0, 1);
	put_sample(false, 1, 2);
	zl_sflowgen_packet(&s, 1, 1500, syn, sizeof(syn));
	zl_sflowgen_end(&s);
	zl_sflowgen_poke(&s, s.record + 20, UINT32_MAX);
	assert_int_equal(1 << ZL_DROP_SAMPLE_CUT, zl_flowcase_send(c, &s.g));
	assert_int_equal(0, c->n);
}

/* Another version, however its first two bytes look. */
static void test_other_versions(void **state)
{
	static const uint32_t versions[] = { 0, 2, 4, 6, 0x50005 };
	struct zl_flowcase *c = *state;

	for (size_t i = 0; i < N_ITEMS(versions); i++) {
		zl_sflowgen_start(&s, AGENT, 0, 1);
		zl_sflowgen_poke(&s, 0, versions[i]);
		assert_int_equal(versions[i] >> 16 == 5 ? 1 << ZL_DROP_V5_COUNT
							: 1 << ZL_DROP_VERSION,
			send(c));
	}
}

static void test_cut_anywhere(void **state)
{
	struct zl_flowcase *c = *state;

	zl_sflowgen_start6(&s, 1, 1);
	put_sample(true, 1, 2);
	zl_sflowgen_packet(&s, 1, 1500, syn, sizeof(syn));
	put_ipv4(6);
	put_switch(7);
	zl_sflowgen_counters(&s, true, 7, 1);
	zl_sflowgen_generic(&s, 7);
	zl_sflowgen_end(&s);
	for (size_t n = 0; n < s.g.n; n++) {
		uint8_t *exact = malloc(n == 0 ? 1 : n);
		const struct zl_datagram dg = {
			.bytes = exact, .n = n, .from = c->from, .now = c->now
		};

		assert_non_null(exact);
		memcpy(exact, s.g.bytes, n);
		assert_int_not_equal(0, zl_decode(&c->exporters, &dg, no_flow, NULL));
		free(exact);
	}
	assert_int_equal(0, zl_flowcase_exporter(c)->counters);
}

static const struct CMUnitTest others[] = {
	ZL_FLOWCASE(test_sample),
	ZL_FLOWCASE(test_raw_ip),
	ZL_FLOWCASE(test_unknown_protocol),
	ZL_FLOWCASE(test_records),
	ZL_FLOWCASE(test_ipv4_record_of_udp),
	ZL_FLOWCASE(test_ipv6_record),
	ZL_FLOWCASE(test_packet_outweighs),
	ZL_FLOWCASE(test_no_vlan),
	ZL_FLOWCASE(test_short_record),
	ZL_FLOWCASE(test_only_unknown),
	ZL_FLOWCASE(test_counters),
	ZL_FLOWCASE(test_counters_cut),
	ZL_FLOWCASE(test_sequence),
	ZL_FLOWCASE(test_drops),
	ZL_FLOWCASE(test_sources_share),
	ZL_FLOWCASE(test_padding),
	ZL_FLOWCASE(test_counts),
	ZL_FLOWCASE(test_header_longer_than_record),
	ZL_FLOWCASE(test_other_versions),
	ZL_FLOWCASE(test_cut_anywhere),
};

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(others) + N_ITEMS(interfaces)];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < N_ITEMS(interfaces); i++)
		tests[N_ITEMS(others) + i] =
			(struct CMUnitTest){ .name = interfaces[i].name,
				.test_func = test_interface,
				.setup_func = zl_flowcase_setup,
				.teardown_func = zl_flowcase_teardown };
	return cmocka_run_group_tests_name("sflow", tests, NULL, NULL);
}
