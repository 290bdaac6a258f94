/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan: leases, interfaces and limits in, elements and reports out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/agent/plan.h"

enum { BRIDGE = 3, OVS = 4, HOLD_MS = 5000 };

struct tap_row {
	uint32_t index;
	uint8_t last; /* byte of the MAC */
	uint32_t master;
	bool fresh;
};

struct lease_row {
	uint8_t id, domain;
	uint8_t nics[3];
	const char *hint;
	enum zl_action action;
	enum zl_grade grade;
};

struct plan_case {
	const char *name;
	struct tap_row taps[4];
	struct lease_row leases[3];
	uint8_t known[3][2]; /* domain, NIC */
	const char *never;
	const char *elems;	   /* "strict 12, held 13" */
	enum zl_lease_state state; /* of the first lease */
	const char *problem;	   /* part of its sentence */
};

/* clang-format off */
#define TAP(i, l, m) { .index = (i), .last = (l), .master = (m) }
#define QUARANTINE .action = ZL_ACTION_QUARANTINE, .grade = ZL_GRADE_STRICT, .hint = ""
static struct plan_case cases[] = {
	{ "nothing", .elems = "" },
	{ "strict", { TAP(12, 1, BRIDGE) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "strict 12", .state = ZL_LEASE_APPLIED },
	{ "forensic", { TAP(12, 1, BRIDGE) },
	  { { 1, 1, { 1 }, "", ZL_ACTION_QUARANTINE, ZL_GRADE_FORENSIC } },
	  .elems = "forensic 12, forensic_nics 12", .state = ZL_LEASE_APPLIED },
	{ "block-flow", { TAP(12, 1, BRIDGE) },
	  { { 1, 1, { 1 }, "", ZL_ACTION_BLOCK_FLOW, 0 } },
	  .elems = "block_taps 12, block4 12", .state = ZL_LEASE_APPLIED },
	{ "all NICs", { TAP(12, 1, BRIDGE), TAP(13, 2, BRIDGE), TAP(14, 3, BRIDGE) },
	  { { 1, 1, { 1, 2 }, QUARANTINE } },
	  .elems = "strict 12, strict 13", .state = ZL_LEASE_APPLIED },
	{ "two leases, one tap", { TAP(12, 1, BRIDGE) },
	  { { 1, 1, { 1 }, QUARANTINE }, { 2, 1, { 1 }, QUARANTINE } },
	  .elems = "strict 12", .state = ZL_LEASE_APPLIED },
	{ "domain is off", { TAP(13, 2, BRIDGE) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "", .state = ZL_LEASE_APPLIED },
	{ "named tap is missing", { TAP(13, 2, BRIDGE) },
	  { { 1, 1, { 1 }, "vnet12", ZL_ACTION_QUARANTINE, ZL_GRADE_STRICT } },
	  .elems = "", .state = ZL_LEASE_FAILED, .problem = "no tap with libvirt's MAC" },
	{ "one of two is missing", { TAP(12, 1, BRIDGE) },
	  { { 1, 1, { 1, 2 }, "vnet12", ZL_ACTION_QUARANTINE, ZL_GRADE_STRICT } },
	  .elems = "strict 12", .state = ZL_LEASE_DEGRADED, .problem = "for NIC 52:54:00:00:00:02" },
	{ "two taps, no name", { TAP(12, 1, BRIDGE), TAP(13, 1, BRIDGE) },
	  { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "", .state = ZL_LEASE_FAILED, .problem = "two taps" },
	{ "two taps, one named", { TAP(12, 1, BRIDGE), TAP(13, 1, BRIDGE) },
	  { { 1, 1, { 1 }, "vnet13", ZL_ACTION_QUARANTINE, ZL_GRADE_STRICT } },
	  .elems = "strict 13", .state = ZL_LEASE_APPLIED },
	{ "no bridge yet", { TAP(12, 1, 0) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "strict 12", .state = ZL_LEASE_DEGRADED, .problem = "not a port of a bridge" },
	{ "Open vSwitch", { TAP(12, 1, OVS) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "strict 12", .state = ZL_LEASE_FAILED, .problem = "which is no Linux bridge" },
	{ "another's NIC", { TAP(12, 1, BRIDGE) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .known = { { 7, 1 } }, .elems = "", .state = ZL_LEASE_FAILED,
	  .problem = "belongs to domain 07" },
	{ "shared NIC is ours too", { TAP(12, 1, BRIDGE) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .known = { { 7, 1 }, { 1, 1 } }, .elems = "strict 12", .state = ZL_LEASE_APPLIED },
	{ "never-touch by interface", { TAP(12, 1, BRIDGE) }, { { 1, 1, { 1 }, QUARANTINE } },
	  .never = "vnet12", .elems = "", .state = ZL_LEASE_FAILED, .problem = "never-touch vnet12" },
	{ "known NIC joins a quarantine", { TAP(12, 1, BRIDGE), TAP(13, 2, BRIDGE) },
	  { { 1, 1, { 1 }, QUARANTINE } }, .known = { { 1, 2 } },
	  .elems = "strict 12, strict 13", .state = ZL_LEASE_APPLIED },
	{ "known NIC does not join a block", { TAP(12, 1, BRIDGE), TAP(13, 2, BRIDGE) },
	  { { 1, 1, { 1 }, "", ZL_ACTION_BLOCK_FLOW, 0 } }, .known = { { 1, 2 } },
	  .elems = "block_taps 12, block4 12", .state = ZL_LEASE_APPLIED },
	{ "fresh and unclaimed", { TAP(12, 1, BRIDGE), { 13, 2, BRIDGE, true } },
	  { { 1, 1, { 1 }, QUARANTINE } },
	  .elems = "strict 12, held 13", .state = ZL_LEASE_APPLIED },
	{ "fresh but known", { TAP(12, 1, BRIDGE), { 13, 2, BRIDGE, true } },
	  { { 1, 1, { 1 }, QUARANTINE } }, .known = { { 5, 2 } },
	  .elems = "strict 12", .state = ZL_LEASE_APPLIED },
	{ "fresh but never-touch", { TAP(12, 1, BRIDGE), { 13, 2, BRIDGE, true } },
	  { { 1, 1, { 1 }, QUARANTINE } }, .never = "vnet13",
	  .elems = "strict 12", .state = ZL_LEASE_APPLIED },
	{ "fresh without a quarantine", { TAP(12, 1, BRIDGE), { 13, 2, BRIDGE, true } },
	  { { 1, 1, { 1 }, "", ZL_ACTION_BLOCK_FLOW, 0 } },
	  .elems = "block_taps 12, block4 12", .state = ZL_LEASE_APPLIED },
};
/* clang-format on */

static struct zl_mac mac_of(uint8_t first, uint8_t last)
{
	return (struct zl_mac){ { first, 0x54, 0, 0, 0, last } };
}

static void add_link(struct zl_links *l, uint32_t index, const char *name,
	const char *kind, struct zl_mac mac, uint32_t master, bool fresh)
{
	struct zl_link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	*link = (struct zl_link){ .ifindex = index,
		.master = master,
		.mac = mac,
		.up = true,
		.fresh = fresh,
		.tap = strcmp(kind, "tun") == 0,
		.judged = { 1000 },
		.judged_mac = mac };
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	(void)snprintf(link->kind, sizeof(link->kind), "%s", kind);
	assert_int_equal(0, zl_map_put(&l->by_index, &index, link));
}

static void make_world(
	const struct plan_case *c, struct zl_book *book, struct zl_links *links)
{
	struct zl_book_lease *l;
	char name[16];
	bool grown;

	zl_links_init(links);
	add_link(links, BRIDGE, "br0", "bridge", mac_of(0x02, 0), 0, false);
	add_link(links, OVS, "ovs-system", "openvswitch", mac_of(0x02, 1), 0, false);
	for (size_t i = 0; i < N_ITEMS(c->taps) && c->taps[i].index != 0; i++) {
		(void)snprintf(name, sizeof(name), "vnet%u", c->taps[i].index);
		add_link(links, c->taps[i].index, name, "tun",
			mac_of(0xfe, c->taps[i].last), c->taps[i].master,
			c->taps[i].fresh);
	}
	for (size_t i = 0; i < N_ITEMS(c->known) && c->known[i][0] != 0; i++) {
		struct zl_known k = { .domain = { { c->known[i][0] } },
			.n_macs = 1,
			.macs = { mac_of(0x52, c->known[i][1]) } };

		assert_int_equal(0, zl_book_know(book, &k, &grown));
	}
	for (size_t i = 0; i < N_ITEMS(c->leases) && c->leases[i].id != 0; i++) {
		const struct lease_row *row = &c->leases[i];
		struct zl_lease lease = { .id = { { row->id } },
			.domain = { { row->domain } },
			.action = row->action,
			.grade = row->grade };

		for (size_t n = 0; n < N_ITEMS(row->nics) && row->nics[n] != 0; n++) {
			struct zl_lease_nic *nic = &lease.nics[lease.n_nics++];

			nic->mac = mac_of(0x52, row->nics[n]);
			(void)snprintf(nic->tap, sizeof(nic->tap), "%s", row->hint);
		}
		if (row->action == ZL_ACTION_BLOCK_FLOW) {
			lease.n_blocks = 1;
			lease.blocks[0] =
				(struct zl_block){ .dst = zl_addr_from_v4(0x0a000001),
					.dport = 22,
					.proto = 6 };
		}
		assert_int_equal(
			0, zl_book_put(book, &lease, (struct zl_wall){ 1 }, &l));
	}
}

static void describe(const struct zl_nft_elems *l, char *to, size_t size)
{
	size_t n = 0;

	to[0] = '\0';
	for (size_t i = 0; i < l->n; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s %u", i == 0 ? "" : ", ",
			zl_nft_sets[l->at[i].set].name, zl_nft_elem_ifindex(&l->at[i]));
}

static void test_plan(void **state)
{
	const struct plan_case *c = *state;
	ZL_AUTO(zl_plan) struct zl_plan plan = { 0 };
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems elems = { 0 };
	static struct zl_limits limits;
	struct zl_book *book = zl_book_new();
	struct zl_links links;
	struct zl_plan_in in = { .book = book,
		.links = &links,
		.limits = &limits,
		.now = { 2000 },
		.hold_ms = HOLD_MS };
	struct zl_lease_report report;
	struct zl_error err;
	char text[256];

	make_world(c, book, &links);
	assert_int_equal(0, zl_limits_parse(c->never == NULL ? "" : c->never, "",
				    "agent.conf", &limits, &err));
	assert_int_equal(0, zl_plan_make(&in, &plan, &err));
	describe(&plan.elems, text, sizeof(text));
	assert_string_equal(c->elems, text);
	assert_int_equal(strstr(c->elems, "held") != NULL, plan.holds);
	if (book->n_leases > 0) {
		assert_int_equal(
			0, zl_plan_lease(&in, book->leases[0], &elems, &report));
		assert_int_equal(c->state, report.state);
		assert_int_equal(c->state == ZL_LEASE_APPLIED, report.error.code == 0);
		assert_non_null(
			strstr(report.error.msg, c->problem == NULL ? "" : c->problem));
	}
	/* Nothing is held for longer than that. */
	in.now.us += HOLD_MS * ZL_US_PER_MS;
	zl_plan_done(&plan);
	plan = (struct zl_plan){ 0 };
	assert_int_equal(0, zl_plan_make(&in, &plan, &err));
	assert_false(plan.holds);
	zl_book_free(book);
	zl_links_done(&links);
}

static void test_adopted(void **state)
{
	struct plan_case world = { .taps = { TAP(12, 1, BRIDGE), TAP(13, 2, BRIDGE) },
		.leases = { { 1, 1, { 1 }, QUARANTINE } } };
	struct zl_nft_elem found[] = { zl_nft_elem_tap(ZL_SET_FORENSIC, 12),
		zl_nft_elem_tap(ZL_SET_STRICT, 13),
		zl_nft_elem_tap(ZL_SET_STRICT, 99) };
	struct zl_nft_elems adopted = { .at = found, .n = N_ITEMS(found) };
	ZL_AUTO(zl_plan) struct zl_plan plan = { 0 };
	static struct zl_limits limits;
	struct zl_book *book = zl_book_new();
	struct zl_links links;
	struct zl_plan_in in = {
		.book = book, .links = &links, .limits = &limits, .adopted = &adopted
	};
	struct zl_error err;
	char text[256];

	(void)state;
	make_world(&world, book, &links);
	assert_int_equal(0, zl_plan_make(&in, &plan, &err));
	describe(&plan.elems, text, sizeof(text));
	/* 12 has a lease now, 99 is no interface any more, 13 stays. */
	assert_string_equal("strict 12, strict 13", text);
	zl_book_free(book);
	zl_links_done(&links);
}

static void test_check(void **state)
{
	static struct zl_limits limits;
	struct zl_lease l = { .action = ZL_ACTION_QUARANTINE };
	struct zl_error err;

	(void)state;
	assert_int_equal(0, zl_plan_check(&l, &limits, &err));
	l.backend = ZL_BACKEND_NWFILTER;
	assert_int_equal(-EOPNOTSUPP, zl_plan_check(&l, &limits, &err));
	l.backend = ZL_BACKEND_NFTABLES;
	l.action = ZL_ACTION_ALERT;
	assert_int_equal(-EOPNOTSUPP, zl_plan_check(&l, &limits, &err));
	l.action = ZL_ACTION_BLOCK_FLOW;
	assert_int_equal(-EINVAL, zl_plan_check(&l, &limits, &err));
	l.n_blocks = 1;
	l.blocks[0] = (struct zl_block){ .proto = 6 };
	assert_int_equal(
		-EINVAL, zl_plan_check(&l, &limits, &err)); /* TCP without a port */
	l.blocks[0] = (struct zl_block){ .proto = 1, .dport = 8 };
	assert_int_equal(-EINVAL, zl_plan_check(&l, &limits, &err)); /* ICMP with one */
	l.blocks[0] = (struct zl_block){ .proto = 1 };
	assert_int_equal(0, zl_plan_check(&l, &limits, &err));
}

static void test_end(void **state)
{
	struct zl_book_lease l = { .taken = { 10 * ZL_US_PER_S },
		.lease.expires = { 20 * ZL_US_PER_S } };

	(void)state;
	assert_int_equal(20 * ZL_US_PER_S, zl_book_end(&l, 100).us);
	assert_int_equal(15 * ZL_US_PER_S, zl_book_end(&l, 5).us);
}

int main(void)
{
	static const struct CMUnitTest fixed[] = { cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_check), cmocka_unit_test(test_end) };
	struct CMUnitTest tests[N_ITEMS(fixed) + N_ITEMS(cases)] = { 0 };

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[N_ITEMS(fixed) + i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_plan,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("agent_plan", tests, NULL, NULL);
}
