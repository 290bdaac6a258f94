/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of a record: what the tap says outweighs what the guest writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/correlate.h"

static const struct zl_wall now = { 1000000 };

static struct zl_mac mac_of(uint8_t first, uint8_t n)
{
	return (struct zl_mac){ { first, 0x54, 0, 0, 0, n } };
}

/* Domain `n` at tap "tapN" with index 10 + n, address 10.0.0.n by its metadata. */
static void add_domain(
	struct zl_index *ix, const char *host, uint8_t n, bool forwarding)
{
	struct zl_domain d = {
		.state = ZL_DOMAIN_RUNNING, .n_nics = 1, .forwarding = forwarding
	};
	struct zl_index_link link = { .ifindex = 10u + n, .mac = mac_of(0xfe, n) };

	d.uuid.b[15] = n;
	(void)snprintf(d.name, sizeof(d.name), "vm%u", n);
	d.nics[0].mac = mac_of(0x52, n);
	(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "tap%u", n);
	(void)snprintf(d.nics[0].bridge, sizeof(d.nics[0].bridge), "br0");
	d.nics[0].n_addrs = 1;
	d.nics[0].addrs[0].addr = zl_addr_from_v4(0x0a000000u + n);
	d.nics[0].addrs[0].source = ZL_ADDR_METADATA;
	(void)snprintf(link.name, sizeof(link.name), "tap%u", n);
	(void)snprintf(link.master, sizeof(link.master), "br0");
	assert_int_equal(0, zl_index_domain_put(ix, host, &d, now, NULL));
	assert_int_equal(0, zl_index_link_put(ix, host, &link, now, NULL));
}

static int setup(void **state)
{
	struct zl_index *ix = NULL;

	assert_int_equal(0, zl_index_new(NULL, NULL, &ix, NULL));
	assert_int_equal(0, zl_index_host_put(ix, "hv1", now, NULL));
	assert_int_equal(0, zl_index_host_put(ix, "hv2", now, NULL));
	add_domain(ix, "hv1", 1, false);
	add_domain(ix, "hv1", 2, false);
	add_domain(ix, "hv2", 3, false);
	add_domain(ix, "hv1", 4, true);
	*state = ix;
	return 0;
}

static int teardown(void **state)
{
	zl_index_free(*state);
	return 0;
}

/* The record: ingress interface, source MAC (0: none), last bytes of 10.0.0.x. */
struct correlate_case {
	const char *name;
	const char *host; /* NULL: exporter of no host */
	bool interfaces;
	uint32_t in_if;
	uint8_t mac, src, dst;
	uint8_t want_src; /* 0: nobody */
	enum zl_evidence want_evidence;
	uint8_t want_dst;
	bool want_spoofed, want_learned;
};

/* clang-format off */
static struct correlate_case cases[] = {
	{ "tap",				"hv1", true,  11, 1, 1, 2,    1, ZL_EVIDENCE_TAP,     2, false, false },
	{ "interface 0 is no evidence, the MAC is", "hv1", true, 0, 1, 1, 2,  1, ZL_EVIDENCE_MAC,  2, false, false },
	{ "no MAC: by address",			"hv1", true,   0, 0, 1, 2,    1, ZL_EVIDENCE_ADDRESS, 2, false, false },
	{ "numbers that are not the host's",	"hv1", false, 11, 0, 1, 2,    1, ZL_EVIDENCE_ADDRESS, 2, false, false },
	{ "exporter of no host",		NULL,  true,  11, 0, 1, 2,    1, ZL_EVIDENCE_ADDRESS, 2, false, false },
	{ "another host's number",		"hv2", true,  13, 3, 3, 1,    3, ZL_EVIDENCE_TAP,     1, false, false },
	{ "an unknown interface",		"hv1", true,  99, 0, 200, 2,  0, ZL_EVIDENCE_NONE,    2, false, false },
	{ "spoofed address: the liar's act",	"hv1", true,  11, 1, 2, 3,    1, ZL_EVIDENCE_TAP,     3, true,  false },
	{ "spoofed MAC: the liar's act",	"hv1", true,  11, 2, 1, 3,    1, ZL_EVIDENCE_TAP,     3, true,  false },
	{ "spoofed MAC and address",		"hv1", true,  11, 2, 2, 3,    1, ZL_EVIDENCE_TAP,     3, true,  false },
	{ "an address nobody owns is learned",	"hv1", true,  11, 1, 77, 2,   1, ZL_EVIDENCE_TAP,     2, false, true },
	{ "a router passes on",			"hv1", true,  14, 4, 3, 2,    3, ZL_EVIDENCE_ADDRESS, 2, false, false },
	{ "a router itself",			"hv1", true,  14, 4, 4, 2,    4, ZL_EVIDENCE_TAP,     2, false, false },
	{ "a router passes on strangers",	"hv1", true,  14, 4, 99, 2,   4, ZL_EVIDENCE_TAP,     2, false, false },
	{ "to the outside",			"hv1", true,  11, 1, 1, 250,  1, ZL_EVIDENCE_TAP,     0, false, false },
};
/* clang-format on */

static void check_end(const struct zl_endpoint *end, uint8_t want)
{
	assert_int_equal(want != 0, end->evidence != ZL_EVIDENCE_NONE);
	assert_int_equal(want, end->domain.b[15]);
}

static void test_correlate(void **state)
{
	static size_t at;
	const struct correlate_case *c = &cases[at++];
	struct zl_flow f = { .in_if = c->in_if,
		.src = zl_addr_from_v4(0x0a000000u + c->src),
		.dst = zl_addr_from_v4(0x0a000000u + c->dst),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	if (c->mac != 0) {
		f.src_mac = mac_of(0x52, c->mac);
		f.present |= ZL_FLOW_SRC_MAC;
	}
	zl_correlate(*state, c->host, c->interfaces, &f, now, &s);
	check_end(&s.src, c->want_src);
	check_end(&s.dst, c->want_dst);
	assert_int_equal(c->want_evidence, s.src.evidence);
	assert_int_equal(c->want_spoofed, s.spoofed);
	assert_int_equal(c->want_learned, s.learned);
}

/* The second tap that shows a learned address does not get it. */
static void test_first_holder_wins(void **state)
{
	struct zl_flow f = { .in_if = 11,
		.src = zl_addr_from_v4(0x0a00004d),
		.dst = zl_addr_from_v4(0x0a000003),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	zl_correlate(*state, "hv1", true, &f, now, &s);
	assert_true(s.learned);
	f.in_if = 12;
	zl_correlate(*state, "hv1", true, &f, now, &s);
	assert_false(s.learned);
	assert_true(s.spoofed);
	assert_string_equal("vm1", s.claimed);
	check_end(&s.src, 2);
}

/* A forged packet is no part of the conversation that it pretends to be of. */
static void test_spoofed_scope(void **state)
{
	struct zl_flow f = { .in_if = 12,
		.src = zl_addr_from_v4(0x0a000002),
		.dst = zl_addr_from_v4(0x0a000003),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting own, forged;

	zl_correlate(*state, "hv1", true, &f, now, &own);
	f.in_if = 11;
	zl_correlate(*state, "hv1", true, &f, now, &forged);
	assert_false(own.spoofed);
	assert_true(forged.spoofed);
	assert_int_not_equal(own.scope, forged.scope);
}

/* A number that stands for no interface is no tap, whatever tap has that number. */
static void test_number_of_no_interface(void **state)
{
	struct zl_flow f = { .in_if = 11,
		.src = zl_addr_from_v4(0x0a00004d),
		.dst = zl_addr_from_v4(0x0a000003),
		.present =
			ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF | ZL_FLOW_IN_NO_IF };
	struct zl_sighting s;

	zl_correlate(*state, "hv1", true, &f, now, &s);
	assert_int_equal(ZL_EVIDENCE_NONE, s.src.evidence);
	assert_false(s.learned);
}

/* Domain 1 speaks as 10.0.0.77, then domain 3 sends there, to `mac`. */
static void squat(struct zl_index *ix, uint8_t mac, uint8_t want)
{
	struct zl_flow f = { .in_if = 11,
		.src = zl_addr_from_v4(0x0a00004d),
		.dst = zl_addr_from_v4(0x0a000003),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	zl_correlate(ix, "hv1", true, &f, now, &s);
	assert_true(s.learned);
	f = (struct zl_flow){ .in_if = 13,
		.src = zl_addr_from_v4(0x0a000003),
		.dst = zl_addr_from_v4(0x0a00004d),
		.dst_mac = mac_of(0x52, mac),
		.present =
			ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF | ZL_FLOW_DST_MAC };
	zl_correlate(ix, "hv2", true, &f, now, &s);
	check_end(&s.dst, want);
}

/* What a guest claims does not draw its neighbours' traffic to it, by MAC or without. */
static void test_squatter_is_no_destination(void **state)
{
	squat(*state, 200, 0);
}

static void test_poisoner_is_no_destination(void **state)
{
	squat(*state, 1, 0);
}

static void undeclare(struct zl_index *ix)
{
	struct zl_domain d = { .state = ZL_DOMAIN_RUNNING, .n_nics = 1 };

	d.uuid.b[15] = 1;
	(void)snprintf(d.name, sizeof(d.name), "vm1");
	d.nics[0].mac = mac_of(0x52, 1);
	(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "tap1");
	(void)snprintf(d.nics[0].bridge, sizeof(d.nics[0].bridge), "br0");
	assert_int_equal(0, zl_index_domain_put(ix, "hv1", &d, now, NULL));
}

/* Of a NIC without declared addresses, the learned one counts with its MAC. */
static void test_learned_destination(void **state)
{
	undeclare(*state);
	squat(*state, 1, 1);
}

static void test_learned_destination_elsewhere(void **state)
{
	undeclare(*state);
	squat(*state, 200, 0);
}

/* Domain `n` with tap 10 + n and 10.0.0.`addr`, on that network (or bridge) and VLAN. */
static void add_at(struct zl_index *ix, uint8_t n, uint8_t addr, const char *bridge,
	const char *network, uint16_t vlan)
{
	struct zl_domain d = { .state = ZL_DOMAIN_RUNNING, .n_nics = 1 };
	struct zl_index_link link = { .ifindex = 10u + n, .mac = mac_of(0xfe, n) };
	struct zl_nic *nic = &d.nics[0];

	d.uuid.b[15] = n;
	(void)snprintf(d.name, sizeof(d.name), "vm%u", n);
	nic->mac = mac_of(0x52, n);
	nic->vlan = vlan;
	nic->type = network[0] == '\0' ? ZL_NIC_BRIDGE : ZL_NIC_NETWORK;
	(void)snprintf(nic->tap, sizeof(nic->tap), "tap%u", n);
	(void)snprintf(nic->bridge, sizeof(nic->bridge), "%s", bridge);
	(void)snprintf(nic->network, sizeof(nic->network), "%s", network);
	nic->n_addrs = 1;
	nic->addrs[0].addr = zl_addr_from_v4(0x0a000000u + addr);
	nic->addrs[0].source = ZL_ADDR_METADATA;
	(void)snprintf(link.name, sizeof(link.name), "tap%u", n);
	assert_int_equal(0, zl_index_domain_put(ix, "hv1", &d, now, NULL));
	assert_int_equal(0, zl_index_link_put(ix, "hv1", &link, now, NULL));
}

/* From domain 4x on each place to 10.0.0.99, which domain 5x of the same place has. */
static void test_places_stay_apart(void **state)
{
	static const struct {
		const char *bridge, *network;
		uint16_t vlan;
	} places[] = { { "br0", "", 0 }, { "br1", "", 0 }, { "br0", "", 10 },
		{ "br0", "", 20 }, { "br1", "", 10 }, { "virbr0", "default", 0 },
		{ "virbr1", "other", 0 }, { "virbr1", "other", 10 } };

	for (uint8_t i = 0; i < N_ITEMS(places); i++) {
		add_at(*state, 40 + i, 140 + i, places[i].bridge, places[i].network,
			places[i].vlan);
		add_at(*state, 50 + i, 99, places[i].bridge, places[i].network,
			places[i].vlan);
	}
	for (uint8_t i = 0; i < N_ITEMS(places); i++) {
		struct zl_flow f = { .in_if = 50u + i,
			.src = zl_addr_from_v4(0x0a00008cu + i),
			.dst = zl_addr_from_v4(0x0a000063),
			.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
		struct zl_sighting s;

		zl_correlate(*state, "hv1", true, &f, now, &s);
		check_end(&s.src, 40 + i);
		check_end(&s.dst, 50 + i);
		assert_false(s.spoofed);
	}
}

/* At an uplink the VLAN of the record says which of two it is. */
static void test_vlan_of_the_record(void **state)
{
	static const struct {
		uint32_t told;
		uint16_t vlan;
		uint8_t want;
	} told[] = { { ZL_FLOW_VLAN, 10, 51 }, { ZL_FLOW_VLAN, 20, 52 },
		{ ZL_FLOW_VLAN_OF_PORT, 20, 52 }, { ZL_FLOW_VLAN, 30, 0 },
		{ 0, 0, 0 } };

	add_at(*state, 51, 99, "br0", "", 10);
	add_at(*state, 52, 99, "br0", "", 20);
	for (size_t i = 0; i < N_ITEMS(told); i++) {
		struct zl_flow f = { .in_if = 2,
			.src = zl_addr_from_v4(0x0a0000fa),
			.dst = zl_addr_from_v4(0x0a000063),
			.vlan = told[i].vlan,
			.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF |
				   told[i].told };
		struct zl_addr dst = f.dst;
		struct zl_sighting s;

		zl_correlate(*state, "hv1", true, &f, now, &s);
		check_end(&s.dst, told[i].want);
		f.dst = f.src;
		f.src = dst;
		zl_correlate(*state, "hv1", true, &f, now, &s);
		check_end(&s.src, told[i].want);
	}
}

/* And a machine of ours does not hide whom it speaks to behind a tag. */
static void test_tag_hides_nobody(void **state)
{
	struct zl_flow f = { .in_if = 11,
		.src = zl_addr_from_v4(0x0a000001),
		.dst = zl_addr_from_v4(0x0a000063),
		.vlan = 66,
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF | ZL_FLOW_VLAN };
	struct zl_sighting s;

	add_at(*state, 51, 99, "br0", "", 10);
	zl_correlate(*state, "hv1", true, &f, now, &s);
	check_end(&s.dst, 51);
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test_setup_teardown(test_places_stay_apart, setup, teardown),
	cmocka_unit_test_setup_teardown(test_vlan_of_the_record, setup, teardown),
	cmocka_unit_test_setup_teardown(test_tag_hides_nobody, setup, teardown),
	cmocka_unit_test_setup_teardown(test_first_holder_wins, setup, teardown),
	cmocka_unit_test_setup_teardown(test_spoofed_scope, setup, teardown),
	cmocka_unit_test_setup_teardown(test_number_of_no_interface, setup, teardown),
	cmocka_unit_test_setup_teardown(
		test_squatter_is_no_destination, setup, teardown),
	cmocka_unit_test_setup_teardown(
		test_poisoner_is_no_destination, setup, teardown),
	cmocka_unit_test_setup_teardown(test_learned_destination, setup, teardown),
	cmocka_unit_test_setup_teardown(
		test_learned_destination_elsewhere, setup, teardown),
};

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + N_ITEMS(more)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_correlate,
			.setup_func = setup,
			.teardown_func = teardown };
	memcpy(tests + N_ITEMS(cases), more, sizeof(more));
	return cmocka_run_group_tests_name("correlate", tests, NULL, NULL);
}
