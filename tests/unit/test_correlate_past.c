/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record is about the time of its traffic, and so is whom it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/correlate.h"

/* Seconds; what changes does so at CHANGE. */
enum { BEGIN = 10000, CHANGE = 20000, HOUR = 3600 };
enum { TAP = ZL_EVIDENCE_TAP, MAC = ZL_EVIDENCE_MAC, ADDR = ZL_EVIDENCE_ADDRESS };
#define SAME   ZL_INDEX_PAST_SAME
#define FORMER ZL_INDEX_PAST_FORMER
#define DOUBT  ZL_INDEX_PAST_DOUBT
#define LOST   ZL_INDEX_PAST_LOST

static struct zl_wall at(int64_t s)
{
	return (struct zl_wall){ s * ZL_US_PER_S };
}

static struct zl_mac mac_of(uint8_t first, uint8_t n)
{
	return (struct zl_mac){ { first, 0x54, 0, 0, 0, n } };
}

static struct zl_addr addr_of(uint8_t n)
{
	return zl_addr_from_v4(0x0a000000u + n);
}

/* Domain `n` on hv1: MAC `mac`, tap "tapN", and by metadata 10.0.0.`addr` (0: none). */
static void put(struct zl_index *ix, uint8_t n, uint8_t mac, uint8_t addr, int64_t when)
{
	struct zl_domain d = { .state = ZL_DOMAIN_RUNNING, .n_nics = 1 };

	d.uuid.b[15] = n;
	(void)snprintf(d.name, sizeof(d.name), "vm%u", n);
	d.nics[0].mac = mac_of(0x52, mac);
	(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "tap%u", n);
	(void)snprintf(d.nics[0].bridge, sizeof(d.nics[0].bridge), "br0");
	d.nics[0].n_addrs = addr != 0;
	d.nics[0].addrs[0].addr = addr_of(addr);
	d.nics[0].addrs[0].source = ZL_ADDR_METADATA;
	assert_int_equal(0, zl_index_domain_put(ix, "hv1", &d, at(when), NULL));
}

/* Interface `ifindex` is "tapN", of a NIC with that MAC. */
static void link_up(
	struct zl_index *ix, uint32_t ifindex, uint8_t n, uint8_t mac, int64_t when)
{
	struct zl_index_link link = { .ifindex = ifindex, .mac = mac_of(0xfe, mac) };

	(void)snprintf(link.name, sizeof(link.name), "tap%u", n);
	assert_int_equal(0, zl_index_link_put(ix, "hv1", &link, at(when), NULL));
}

static void gone(struct zl_index *ix, uint8_t n, int64_t when)
{
	struct zl_uuid uuid = { .b = { [15] = n } };

	assert_int_equal(0, zl_index_link_gone(ix, "hv1", 10u + n, at(when), NULL));
	assert_int_equal(0, zl_index_domain_gone(ix, "hv1", &uuid, at(when), NULL));
}

/* What happens at CHANGE. */
static void nothing(struct zl_index *ix)
{
	(void)ix;
}

static void one_goes(struct zl_index *ix)
{
	gone(ix, 1, CHANGE);
}

/* And another gets the number of its interface, its MAC and its address. */
static void all_is_another_s(struct zl_index *ix)
{
	gone(ix, 1, CHANGE);
	put(ix, 9, 1, 1, CHANGE);
	link_up(ix, 11, 9, 1, CHANGE);
}

static void restarted(struct zl_index *ix)
{
	gone(ix, 1, CHANGE);
	put(ix, 1, 1, 1, CHANGE);
	link_up(ix, 11, 1, 1, CHANGE);
}

/* 10.0.0.2 goes from 2 to 9, whose tap is 19. */
static void address_moves(struct zl_index *ix)
{
	put(ix, 2, 2, 22, CHANGE);
	put(ix, 9, 9, 2, CHANGE);
	link_up(ix, 19, 9, 9, CHANGE);
}

static void neighbour(struct zl_index *ix, uint8_t addr, uint8_t mac, int64_t when)
{
	struct zl_addr a = addr_of(addr);
	struct zl_mac m = mac_of(0x52, mac);

	assert_int_equal(
		0, zl_index_neighbour_put(ix, "hv1", 3, &a, &m, at(when), NULL));
}

/* Domain 3 says by ARP that it has the address of 2, and takes that back. */
static void liar_claims_address(struct zl_index *ix)
{
	struct zl_addr a = addr_of(2);

	neighbour(ix, 2, 3, CHANGE - 1);
	assert_int_equal(
		0, zl_index_neighbour_gone(ix, "hv1", 3, &a, at(CHANGE), NULL));
}

/* 10.0.0.50 was 3's by a lease that stays; then the admin gives it to 9. */
static void displaced(struct zl_index *ix)
{
	put(ix, 9, 9, 50, CHANGE);
}

static void lease_to_three(struct zl_index *ix)
{
	struct zl_addr a = addr_of(50);
	struct zl_mac m = mac_of(0x52, 3);

	assert_int_equal(
		0, zl_index_dhcp(ix, "hv1", &m, &a, "", at(1000000), at(BEGIN), NULL));
}

/* More ends than are remembered, of which that of domain 1 was the first. */
static void forgotten(struct zl_index *ix)
{
	all_is_another_s(ix);
	for (unsigned i = 0; i < ZL_INDEX_FORMERS_MAX; i++) {
		struct zl_domain d = { .state = ZL_DOMAIN_RUNNING, .n_nics = 1 };

		d.uuid.b[14] = 1 + (uint8_t)(i >> 8);
		d.uuid.b[15] = (uint8_t)i;
		d.nics[0].mac = (struct zl_mac){ { 0x52, 0x54, 1, 0, (uint8_t)(i >> 8),
			(uint8_t)i } };
		(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "x%u", i);
		assert_int_equal(
			0, zl_index_domain_put(ix, "hv1", &d, at(CHANGE), NULL));
		assert_int_equal(0,
			zl_index_domain_gone(ix, "hv1", &d.uuid, at(CHANGE + 1), NULL));
	}
}

/* The record comes `arrival` s after CHANGE, and its end is `age` s old (-1: unknown). */
struct past_case {
	const char *name;
	void (*change)(struct zl_index *ix);
	int64_t arrival, age;
	uint32_t in_if;
	uint8_t mac, src, dst; /* 0: no MAC */
	uint8_t want_src, want_evidence, want_dst;
	enum zl_index_past want;
	bool about_dst, spoofed;
	int64_t lasted; /* s */
};

/* clang-format off */
static struct past_case cases[] = {
	{ "nothing has changed",		nothing,	  5,  10, 11, 1, 1, 2,   1, TAP, 2, SAME, false, false, 0 },
	{ "nor of what is long ago, within the hour", nothing,	  5, HOUR - 60, 11, 1, 1, 2, 1, TAP, 2, SAME, false, false, 0 },
	{ "longer ago than is remembered",	nothing,	  5, HOUR + 60, 11, 1, 1, 2, 1, TAP, 2, LOST, false, false, 0 },
	{ "whom it was has gone",		one_goes,	  5,  10, 11, 1, 1, 2,   1, TAP, 2, FORMER, false, false, 0 },
	{ "also when no time is told",		one_goes,	  5,  -1, 11, 1, 1, 2,   1, TAP, 2, FORMER, false, false, 0 },
	{ "its interface, MAC and address are another's", all_is_another_s, 5, 10, 11, 1, 1, 2, 1, TAP, 2, FORMER, false, false, 0 },
	{ "it was the other one's already",	all_is_another_s, 60, 10, 11, 1, 1, 2,   9, TAP, 2, SAME, false, false, 0 },
	{ "perhaps it was",			all_is_another_s, 10, 10, 11, 1, 1, 2,   9, TAP, 2, DOUBT, false, false, 0 },
	{ "when no time is told, for a minute",	all_is_another_s, 50, -1, 11, 1, 1, 2,   9, TAP, 2, DOUBT, false, false, 0 },
	{ "and no longer",			all_is_another_s, 70, -1, 11, 1, 1, 2,   9, TAP, 2, SAME, false, false, 0 },
	{ "of a flow that began before",	all_is_another_s, 60,  5, 11, 1, 1, 2,   9, TAP, 2, DOUBT, false, false, 300 },
	{ "by the MAC",				all_is_another_s,  5, 10,  0, 1, 1, 2,   1, MAC, 2, FORMER, false, false, 0 },
	{ "by the address",			all_is_another_s,  5, 10,  0, 0, 1, 2,   1, ADDR, 2, FORMER, false, false, 0 },
	{ "by the address, later",		all_is_another_s, 60, 10,  0, 0, 1, 2,   9, ADDR, 2, SAME, false, false, 0 },
	{ "as the destination",			all_is_another_s,  5, 10, 12, 2, 2, 1,   2, TAP, 1, FORMER, true, false, 0 },
	{ "the same one again is nobody else",	restarted,	   5, 10, 11, 1, 1, 2,   1, TAP, 2, SAME, false, false, 0 },
	{ "to where the address was",		address_moves,	   5, 10, 11, 1, 1, 2,   1, TAP, 2, FORMER, true, false, 0 },
	{ "to where it is",			address_moves,	  60, 10, 11, 1, 1, 2,   1, TAP, 9, SAME, false, false, 0 },
	{ "also when the flow began before: its last packet went there", address_moves, 60, 10, 11, 1, 1, 2, 1, TAP, 9, SAME, false, false, 300 },
	{ "what was its own is no lie",		address_moves,	   5, 10, 12, 2, 2, 1,   2, TAP, 1, SAME, false, false, 0 },
	{ "what is no more its own is one",	address_moves,	  60, 10, 12, 2, 2, 1,   2, TAP, 1, SAME, false, true, 0 },
	{ "a claim makes nobody doubtful",	liar_claims_address, 1, 1, 11, 1, 1, 2,  1, TAP, 2, SAME, false, false, 0 },
	{ "whom another stands before now",	displaced,	   5, 10, 11, 1, 1, 50,  1, TAP, 3, FORMER, true, false, 0 },
	{ "and what he himself did",		displaced,	   5, 10, 13, 3, 50, 1,  3, TAP, 1, SAME, false, false, 0 },
	{ "too much has changed since",		forgotten,	   5, 10, 11, 1, 1, 2,   9, TAP, 2, LOST, false, false, 0 },
};
/* clang-format on */

static void test_past(void **state)
{
	static size_t next;
	const struct past_case *c = &cases[next++];
	struct zl_flow f = { .in_if = c->in_if,
		.src = addr_of(c->src),
		.dst = addr_of(c->dst),
		.arrival = at(CHANGE + c->arrival),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	if (c->mac != 0) {
		f.src_mac = mac_of(0x52, c->mac);
		f.present |= ZL_FLOW_SRC_MAC;
	}
	if (c->age >= 0) {
		f.age_ms = (uint32_t)c->age * 1000;
		f.age_error_ms = 1000;
		f.present |= ZL_FLOW_AGE;
	}
	if (c->lasted != 0) {
		f.last_ms = zl_wall_ms(f.arrival);
		f.first_ms = f.last_ms - c->lasted * 1000;
		f.present |= ZL_FLOW_FIRST | ZL_FLOW_LAST;
	}
	c->change(*state);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_int_equal(c->want_src, s.src.domain.b[15]);
	assert_int_equal(c->want_evidence, s.src.evidence);
	assert_int_equal(c->want_dst, s.dst.domain.b[15]);
	assert_int_equal(c->want, s.past.how);
	assert_int_equal(c->about_dst, s.past.is_dst);
	assert_int_equal(c->spoofed, s.spoofed);
	if (c->want == FORMER || c->want == DOUBT) {
		char name[ZL_NAME_MAX];

		(void)snprintf(name, sizeof(name), "vm%u",
			c->want == DOUBT ? 1u
			: c->about_dst	 ? c->want_dst
					 : c->want_src);
		assert_string_equal(name, s.past.name);
		assert_int_equal(at(CHANGE).us, s.past.until.us);
	}
}

/* What may have been another's says nothing about the present owner's addresses. */
static void test_nothing_is_learned_in_doubt(void **state)
{
	struct zl_flow f = { .in_if = 11,
		.src = addr_of(77),
		.dst = addr_of(2),
		.arrival = at(CHANGE + 10),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	all_is_another_s(*state);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_false(s.learned);
	f.arrival = at(CHANGE + 100);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_true(s.learned);
}

/* An address that nobody has any more is learned, and who had it is told. */
static void test_change_of_holder(void **state)
{
	struct zl_flow f = { .in_if = 12,
		.src = addr_of(3),
		.dst = addr_of(1),
		.arrival = at(CHANGE + 100),
		.present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_IN_IF };
	struct zl_sighting s;

	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_true(s.spoofed);
	assert_string_equal("", s.held_by);
	gone(*state, 3, CHANGE + 101);
	f.arrival = at(CHANGE + 300);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_false(s.spoofed);
	assert_true(s.learned);
	assert_string_equal("vm3", s.held_by);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_string_equal("", s.held_by);
	/* Its own one, of before, is nothing. */
	gone(*state, 2, CHANGE + 400);
	put(*state, 2, 2, 2, CHANGE + 401);
	link_up(*state, 12, 2, 2, CHANGE + 401);
	f.arrival = at(CHANGE + 402);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_true(s.learned);
	assert_string_equal("vm3", s.held_by);
	f.src = addr_of(88);
	zl_correlate(*state, "hv1", true, &f, f.arrival, &s);
	assert_true(s.learned);
	assert_string_equal("", s.held_by);
}

/* What has ended long ago is forgotten, and a host that goes takes its past with it. */
static void test_forgets(void **state)
{
	struct zl_index_when when = { at(CHANGE - 5), at(CHANGE - 5), at(CHANGE - 5) };
	struct zl_addr a = addr_of(1);
	struct zl_uuid nine = { .b = { [15] = 9 } };
	const struct zl_index_claim claim = { .kind = ZL_INDEX_KIND_ADDR,
		.addr = &a,
		.owner = &nine,
		.source = ZL_ADDR_METADATA };
	const struct zl_index_former *f = NULL;

	all_is_another_s(*state);
	zl_index_expire(*state, at(CHANGE + HOUR - 10));
	assert_int_equal(
		FORMER, zl_index_past(*state, &claim, &when, at(CHANGE + 5), &f));
	assert_string_equal("vm1", f->name);
	zl_index_expire(*state, at(CHANGE + HOUR + 10));
	assert_int_equal(
		SAME, zl_index_past(*state, &claim, &when, at(CHANGE + 5), &f));
	gone(*state, 9, CHANGE + HOUR + 20);
	assert_int_equal(0, zl_index_host_remove(*state, "hv1", NULL));
}

static int setup(void **state)
{
	struct zl_index *ix = NULL;

	assert_int_equal(0, zl_index_new(NULL, NULL, &ix, NULL));
	assert_int_equal(0, zl_index_host_put(ix, "hv1", at(BEGIN), NULL));
	for (uint8_t n = 1; n <= 3; n++) {
		put(ix, n, n, n, BEGIN);
		link_up(ix, 10u + n, n, n, BEGIN);
	}
	lease_to_three(ix);
	*state = ix;
	return 0;
}

static int teardown(void **state)
{
	zl_index_free(*state);
	return 0;
}

static const struct CMUnitTest more[] = {
	cmocka_unit_test_setup_teardown(
		test_nothing_is_learned_in_doubt, setup, teardown),
	cmocka_unit_test_setup_teardown(test_change_of_holder, setup, teardown),
	cmocka_unit_test_setup_teardown(test_forgets, setup, teardown),
};

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + N_ITEMS(more)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_past,
			.setup_func = setup,
			.teardown_func = teardown };
	memcpy(tests + N_ITEMS(cases), more, sizeof(more));
	return cmocka_run_group_tests_name("correlate past", tests, NULL, NULL);
}
