/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: what is built is what is parsed (no kernel), what is committed is what is
 * read back, and every foreign change is seen and repaired (kernel).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"
#include "mitigate/agent/firewall.h"
#include "mitigate/agent/monitor.h"
#include "tests/support/tapnet.h"

static bool enter(void)
{
	const char *why = "";

	if (zl_tapnet_enter(&why))
		return true;
	(void)printf("skip: test_nft_table: %s\n", why);
	return false;
}

static struct zl_nft_elems some_elems(void)
{
	struct zl_nft_elems l = { 0 };
	const struct zl_mac mac = { { 0x52, 0x54, 0, 0, 0, 0xfa } };
	struct zl_addr v4, v6;
	struct zl_nft_elem e;

	assert_true(zl_addr_parse("10.0.0.9", &v4));
	assert_true(zl_addr_parse("fd00::9", &v6));
	e = zl_nft_elem_tap(ZL_SET_STRICT, 12);
	zl_nft_elem_comment(&e, "vnet3 web\"1");
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_tap(ZL_SET_FORENSIC, 77);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_tap(ZL_SET_BLOCK_TAPS, 13);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_block(13, 6, &v4, 22);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_block(13, 6, &v6, 22);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_block(13, 1, &v4, 0);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_block(13, 58, &v6, 0);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_nic(77, &mac);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_peer_mac(&v4, &mac);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_peer_mac(&v6, &mac);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_peer(&v4);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	e = zl_nft_elem_peer(&v6);
	assert_int_equal(0, zl_nft_elems_add(&l, &e));
	assert_int_equal(0, zl_nft_elems_add(&l, &e)); /* twice */
	zl_nft_elems_sort(&l);
	assert_int_equal(12, l.n);
	return l;
}

/* Each rule's message, parsed as a dump of the kernel would be, is the row again. */
static void test_build_parse(void **state)
{
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	struct zl_present *p = zl_readback_new();
	struct zl_error err = { 0 };
	int left;

	(void)state;
	assert_non_null(p);
	zl_nft_batch_start(&b, 1);
	zl_nft_batch_static(&b);
	assert_false(b.failed);
	left = (int)b.len;
	for (const struct nlmsghdr *nlh = (const void *)b.buf; mnl_nlmsg_ok(nlh, left);
		nlh = mnl_nlmsg_next(nlh, &left)) {
		switch (nlh->nlmsg_type & 0xff) {
		case NFT_MSG_NEWCHAIN:
			assert_int_equal(MNL_CB_OK, zl_readback_on_chain(nlh, p));
			break;
		case NFT_MSG_NEWSET:
			assert_int_equal(MNL_CB_OK, zl_readback_on_set(nlh, p));
			break;
		case NFT_MSG_NEWRULE:
			assert_int_equal(MNL_CB_OK, zl_readback_on_rule(nlh, p));
			break;
		default: break;
		}
	}
	p->table = true;
	if (zl_readback_compare_static(p, &err) < 0)
		fail_msg("%s", err.msg);
	zl_readback_free(p);
}

static void test_commit_readback(void **state)
{
	struct zl_nft_elems wanted = some_elems();
	struct zl_firewall_result result = { 0 };
	struct zl_firewall fw;
	struct zl_error err;

	(void)state;
	if (!enter()) {
		zl_nft_elems_done(&wanted);
		skip();
	}
	assert_int_equal(0, zl_firewall_open(&fw, &err));
	assert_int_equal(0, zl_firewall_read(&fw, &err));
	if (zl_firewall_apply(&fw, &wanted, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(result.changed);
	assert_true(result.committed.us > 0);
	if (access("/usr/sbin/nft", X_OK) == 0)
		assert_int_equal(
			0, zl_tapnet_run(
				   "nft list table bridge zonelock | "
				   "tr -d '\n\t' | grep -q '"
				   "elements = { 12 comment \"vnet3 web?1\" }.*"
				   "elements = { 77 }.*"
				   "elements = { 77 . 52:54:00:00:00:fa }.*"
				   "elements = { 10.0.0.9 }.*elements = { fd00::9 }.*"
				   "elements = { 10.0.0.9 : 52:54:00:00:00:fa }.*"
				   "elements = { fd00::9 : 52:54:00:00:00:fa }.*"
				   "elements = { 13 }.*"
				   "elements = { 13 . tcp . 10.0.0.9 . 22 }.*"
				   "elements = { 13 . tcp . fd00::9 . 22 }.*"
				   "elements = { 13 . icmp . 10.0.0.9 }.*"
				   "elements = { 13 . ipv6-icmp . fd00::9 }'"));

	/* Nothing to do is no transaction. */
	result = (struct zl_firewall_result){ 0 };
	assert_int_equal(0, zl_firewall_apply(&fw, &wanted, &result, &err));
	assert_false(result.changed);

	/* One element less. */
	wanted.n--;
	assert_int_equal(0, zl_firewall_apply(&fw, &wanted, &result, &err));
	assert_true(result.changed);
	assert_false(result.repaired);
	zl_firewall_close(&fw);
	zl_nft_elems_done(&wanted);
}

struct foreign_case {
	const char *name, *command, *difference;
	bool anew; /* not repaired in place */
};

/* clang-format off */
static struct foreign_case foreign_cases[] = {
	{ "flush ruleset", "nft flush ruleset", "table bridge zonelock is missing", true },
	{ "element deleted", "nft delete element bridge zonelock strict { 12 }",
	  "element is missing: table bridge zonelock set strict { 12 } # vnet3 web?1", false },
	{ "element added", "nft add element bridge zonelock strict { 99 }",
	  "element is not ours: table bridge zonelock set strict { 99 }", false },
	{ "blocked service deleted",
	  "nft delete element bridge zonelock block4 { 13 . tcp . 10.0.0.9 . 22 }",
	  "element is missing: table bridge zonelock set block4 { 13 . 6 . 10.0.0.9 . 22 }", false },
	{ "peer's MAC changed", "nft delete element bridge zonelock forensic_macs4 { 10.0.0.9 }; "
	  "nft add element bridge zonelock forensic_macs4 { 10.0.0.9 : 52:54:00:00:00:01 }",
	  "element is not ours: table bridge zonelock set forensic_macs4 "
	  "{ 10.0.0.9 : 52:54:00:00:00:01 }", false },
	{ "set emptied", "nft flush set bridge zonelock forensic_peers6",
	  "element is missing: table bridge zonelock set forensic_peers6 { fd00::9 }", false },
	{ "chain emptied", "nft flush chain bridge zonelock prerouting",
	  "chain prerouting: rule 'iif @strict counter drop' is missing", false },
	{ "accept put first", "nft insert rule bridge zonelock prerouting accept", "instead of", false },
	{ "rule added last", "nft add rule bridge zonelock block_from accept", "instead of", false },
	{ "rule swapped", "nft flush chain bridge zonelock forensic_to; "
	  "for i in 1 2 3 4 5; do nft add rule bridge zonelock forensic_to counter accept; done",
	  "chain forensic_to: rule", false },
	{ "table dormant", "nft add table bridge zonelock '{ flags dormant; }'", "dormant", true },
	{ "table deleted", "nft delete table bridge zonelock", "is missing", true },
	{ "chain moved", "nft delete table bridge zonelock; nft add table bridge zonelock; "
	  "nft add chain bridge zonelock prerouting "
	  "'{ type filter hook prerouting priority 0; policy accept; }'", "set strict is missing", true },
	{ "foreign set", "nft add set bridge zonelock other '{ type ifname; }'", "instead of", true },
};
/* clang-format on */

static void test_foreign(void **state)
{
	const struct foreign_case *c = *state;
	struct zl_nft_elems wanted;
	struct zl_firewall_result result = { 0 };
	char who[ZL_MONITOR_WHO];
	struct zl_monitor monitor;
	struct zl_firewall fw;
	struct zl_error err;

	if (!enter())
		skip();
	if (access("/usr/sbin/nft", X_OK) != 0) {
		(void)printf("skip: test_nft_table: no nft\n");
		skip();
	}
	wanted = some_elems();
	assert_int_equal(0, zl_monitor_open(&monitor, &err));
	assert_int_equal(0, zl_firewall_open(&fw, &err));
	if (zl_firewall_apply(&fw, &wanted, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(zl_monitor_drain(&monitor, fw.socket.portid, who));
	/* Nobody asks for it: it is there for as long as the table is the same. */
	assert_int_equal(0, zl_tapnet_run("nft add counter bridge zonelock witness"));
	assert_true(zl_monitor_drain(&monitor, fw.socket.portid, who));

	assert_int_equal(0, zl_tapnet_run(c->command));
	assert_true(zl_monitor_drain(&monitor, fw.socket.portid, who));
	assert_int_equal(0, strncmp("nft (process ", who, 13));
	result = (struct zl_firewall_result){ 0 };
	if (zl_firewall_check(&fw, &wanted, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(result.repaired);
	if (strstr(result.difference.msg, c->difference) == NULL)
		fail_msg("found '%s'", result.difference.msg);

	assert_int_equal(c->anew ? 1 : 0,
		zl_tapnet_run("nft list counter bridge zonelock witness "
			      ">/dev/null 2>&1"));

	result = (struct zl_firewall_result){ 0 };
	assert_int_equal(0, zl_firewall_check(&fw, &wanted, &result, &err));
	assert_false(result.repaired);
	assert_false(zl_monitor_drain(&monitor, fw.socket.portid, who));
	zl_firewall_close(&fw);
	zl_monitor_close(&monitor);
	zl_nft_elems_done(&wanted);
}

/* The kernel's refusal is told with the message that it refused. */
static void test_refusal(void **state)
{
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	struct zl_nft_elem e = zl_nft_elem_tap(ZL_SET_STRICT, 4711);
	struct zl_nft_elems one = { .at = &e, .n = 1 };
	struct zl_firewall_result result = { 0 };
	struct zl_nft_elems none = { 0 };
	struct zl_wall committed = { 0 };
	struct zl_firewall fw;
	struct zl_error err;

	(void)state;
	if (!enter())
		skip();
	assert_int_equal(0, zl_firewall_open(&fw, &err));
	assert_int_equal(0, zl_firewall_apply(&fw, &none, &result, &err));
	zl_nft_batch_start(&b, fw.socket.seq + 1);
	zl_nft_batch_elems(&b, &one, false);
	assert_int_equal(
		-ENOENT, zl_nft_socket_commit(&fw.socket, &b, &committed, &err));
	assert_string_equal(err.msg,
		"nft: delete element table bridge zonelock set strict { 4711 }: "
		"No such file or directory");

	/* Behind our back: our model is wrong, the second try reads it back. */
	assert_int_equal(0, zl_firewall_apply(&fw, &one, &result, &err));
	if (access("/usr/sbin/nft", X_OK) == 0)
		assert_int_equal(
			0, zl_tapnet_run("nft flush set bridge zonelock strict"));
	assert_int_equal(0, zl_firewall_apply(&fw, &none, &result, &err));
	zl_firewall_close(&fw);
}

static void test_many(void **state)
{
	enum { N = 10000 };
	struct zl_firewall_result result = { 0 };
	struct zl_nft_elems wanted = { 0 }, none = { 0 };
	struct zl_firewall fw;
	struct zl_error err;

	(void)state;
	if (!enter())
		skip();
	for (uint32_t i = 1; i <= N; i++) {
		struct zl_nft_elem e = zl_nft_elem_tap(ZL_SET_STRICT, i);

		assert_int_equal(0, zl_nft_elems_add(&wanted, &e));
	}
	zl_nft_elems_sort(&wanted);
	assert_int_equal(0, zl_firewall_open(&fw, &err));
	if (zl_firewall_apply(&fw, &wanted, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(N, fw.read->elems.n);
	assert_int_equal(0, zl_firewall_apply(&fw, &none, &result, &err));
	assert_int_equal(0, fw.read->elems.n);
	zl_firewall_close(&fw);
	zl_nft_elems_done(&wanted);
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(test_build_parse),
		cmocka_unit_test(test_commit_readback),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_many),
	};
	struct CMUnitTest tests[N_ITEMS(fixed) + N_ITEMS(foreign_cases)] = { 0 };

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < N_ITEMS(foreign_cases); i++)
		tests[N_ITEMS(fixed) + i] =
			(struct CMUnitTest){ .name = foreign_cases[i].name,
				.test_func = test_foreign,
				.initial_state = &foreign_cases[i] };
	return cmocka_run_group_tests_name("nft_table", tests, NULL, NULL);
}
