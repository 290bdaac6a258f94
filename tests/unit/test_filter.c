/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nwfilter that contains a domain: its exact XML, and comparing it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/actuator/filter.h"

static const struct zl_uuid domain = { { 0xbb, 0xbb, 0xbb, 0xbb, 0, 0, 0x40, 0, 0x80, 0,
	0, 0, 0, 0, 0, 0x05 } };

#define HEAD                                                                           \
	"<filter name='zonelock-bbbbbbbb-0000-4000-8000-000000000005'"                 \
	" chain='mac-zonelock' priority='-1000'>\n"                                    \
	"  <uuid>e1f7f0fd-494c-1445-d21d-670b92e43cad</uuid>\n"
#define DROP                                                                           \
	"  <rule action='drop' direction='inout' priority='1000'>\n    <mac/>\n  "     \
	"</rule>\n"
#define RETURN(direction, match)                                                       \
	"  <rule action='return' direction='" direction                                \
	"' priority='-1000'>\n    <" match "/>\n  </rule>\n"

static const char strict[] = HEAD DROP "</filter>\n";

static const char forensic[] = HEAD RETURN("out", "arp arpdstipaddr='10.0.0.250'")
	RETURN("in", "arp arpsrcipaddr='10.0.0.250'") RETURN("out",
		"ip dstipaddr='10.0.0.250'") RETURN("in", "ip srcipaddr='10.0.0.250'")
		RETURN("out", "ipv6 dstipaddr='fd00::250'")
			RETURN("in", "ipv6 srcipaddr='fd00::250'") RETURN("out",
				"ipv6 dstipaddr='ff02::1:ff00:250' protocol='icmpv6'")
				DROP
	"  <filterref filter='a&apos;b&lt;'/>\n</filter>\n";

static void test_strict(void **state)
{
	ZL_AUTO(zl_mem) char *xml = zl_filter_format(&domain, NULL, NULL);

	(void)state;
	assert_string_equal(strict, xml);
	assert_true(zl_filter_is_ours(xml, &domain));
}

static void test_forensic(void **state)
{
	ZL_AUTO(zl_mem) char *xml = NULL;
	struct zl_filter_peers peers;

	(void)state;
	assert_int_equal(
		0, zl_filter_parse_peers("10.0.0.250, fd00::250", &peers, NULL));
	xml = zl_filter_format(&domain, &peers, "a'b<");
	assert_string_equal(forensic, xml);
	assert_true(zl_filter_is_same(forensic, xml));
	assert_false(zl_filter_is_same(strict, xml));
}

static void test_peers(void **state)
{
	struct zl_filter_peers peers = { .n = 7 };
	struct zl_error err = { 0 };
	char many[40 * 12] = "";

	(void)state;
	assert_int_equal(-EINVAL, zl_filter_parse_peers("10.0.0.1, x", &peers, &err));
	assert_string_equal("forensic address 'x': not an IP address", err.msg);
	assert_int_equal(7, peers.n);
	for (int i = 0; i < 33; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many),
			"10.0.0.%d,", i);
	assert_int_equal(-E2BIG, zl_filter_parse_peers(many, &peers, &err));
	assert_int_equal(0, zl_filter_parse_peers("", &peers, &err));
	assert_int_equal(0, peers.n);
}

static void test_names(void **state)
{
	struct zl_uuid a = zl_filter_uuid(&domain), b = zl_filter_uuid(&a);
	char name[ZL_FILTER_NAME];

	(void)state;
	assert_string_equal("zonelock-bbbbbbbb-0000-4000-8000-000000000005",
		zl_filter_name(&domain, name));
	assert_false(zl_uuid_eq(&domain, &a));
	assert_true(zl_uuid_eq(&domain, &b)); /* one to one */
}

/* --- comparing with what libvirt gives back --- */

struct compare_case {
	const char *name;
	const char *xml;
	bool same, ours;
};

#define RULE(r) HEAD "<rule " r "><mac/></rule></filter>"
#define UUID	"e1f7f0fd-494c-1445-d21d-670b92e43cad"
#define NAME	"zonelock-bbbbbbbb-0000-4000-8000-000000000005"

/* clang-format off */
static struct compare_case compare_cases[] = {
	{ "as we write it",   HEAD DROP "</filter>", true, true },
	{ "other spacing",    HEAD "<rule action='drop' direction='inout' priority='1000'><mac/></rule></filter>", true, true },
	{ "other order",      RULE("priority='1000' direction='inout' action='drop'"), true, true },
	{ "accepts",          RULE("action='accept' direction='inout' priority='1000'"), false, true },
	{ "one direction",    RULE("action='drop' direction='in' priority='1000'"), false, true },
	{ "one more attribute", RULE("action='drop' direction='inout' priority='1000' statematch='0'"), false, true },
	{ "one attribute less", RULE("action='drop' direction='inout'"), false, true },
	{ "a narrower match", HEAD "<rule action='drop' direction='inout' priority='1000'><mac protocolid='arp'/></rule></filter>", false, true },
	{ "one rule more",    HEAD "<rule action='accept' direction='inout' priority='-1000'/>" DROP "</filter>", false, true },
	{ "no rule",          HEAD "</filter>", false, true },
	{ "a reference more", HEAD DROP "<filterref filter='x'/></filter>", false, true },
	{ "another chain",    "<filter name='" NAME "' chain='ipv4' priority='-1000'><uuid>" UUID "</uuid>" DROP "</filter>", false, true },
	{ "another uuid",     "<filter name='" NAME "' chain='mac-zonelock' priority='-1000'>"
			      "<uuid>bbbbbbbb-0000-4000-8000-000000000005</uuid>" DROP "</filter>", false, false },
	{ "another name",     "<filter name='clean-traffic' chain='mac-zonelock' priority='-1000'><uuid>" UUID "</uuid>" DROP "</filter>", false, false },
	{ "deep",             HEAD "<rule><a><b><c><d><e/></d></c></b></a></rule></filter>", false, true },
	{ "not XML",          "<filter", false, false },
	{ "empty",            "", false, false },
};
/* clang-format on */

static void test_compare(void **state)
{
	const struct compare_case *c = *state;

	assert_int_equal(c->same, zl_filter_is_same(strict, c->xml));
	assert_int_equal(c->same, zl_filter_is_same(c->xml, strict));
	assert_int_equal(c->ours, zl_filter_is_ours(c->xml, &domain));
}

int main(void)
{
	struct CMUnitTest compare[N_ITEMS(compare_cases)] = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_forensic),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_names),
	};
	int failed;

	for (size_t i = 0; i < N_ITEMS(compare_cases); i++)
		compare[i] = (struct CMUnitTest){ .name = compare_cases[i].name,
			.test_func = test_compare,
			.initial_state = &compare_cases[i] };
	failed = cmocka_run_group_tests_name("filter comparing", compare, NULL, NULL);
	return failed + cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
