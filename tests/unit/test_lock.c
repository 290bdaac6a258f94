/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks: canonical XML, round trips, defaults, words.  What is refused: test_xml_invalid.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/lock.h"
#include "policy/service.h"

static const char full[] =
	"<lock>\n"
	"  <name>db-lock</name>\n"
	"  <uuid>0123abcd-0000-4000-8000-0000000000ff</uuid>\n"
	"  <description>who may use the databases</description>\n"
	"  <zone>db</zone>\n"
	"  <mode>enforce</mode>\n"
	"  <inbound default='deny'>\n"
	"    <allow from='web' protocol='tcp' ports='22,80,8000-8100'/>\n"
	"    <deny from='any' protocol='tcp' ports='22'/>\n"
	"    <allow from='ops' protocol='any'/>\n"
	"    <allow from='any' protocol='47'/>\n"
	"  </inbound>\n"
	"  <outbound default='allow'>\n"
	"    <deny to='web' protocol='icmpv6'/>\n"
	"  </outbound>\n"
	"  <intra default='deny'>\n"
	"    <allow protocol='sctp' ports='1-65535'/>\n"
	"    <allow protocol='udp'/>\n"
	"  </intra>\n"
	"  <response action='quarantine' grade='strict' ttl='604800' "
	"backend='nwfilter'/>\n"
	"</lock>\n";

#define SIDES(i, o, n)                                                                 \
	"  <inbound default='" i "'/>\n  <outbound default='" o                        \
	"'/>\n  <intra default='" n "'/>\n"
#define RESPONSE                                                                       \
	"  <response action='alert' grade='forensic' ttl='3600' "                      \
	"backend='nftables'/>\n"

struct canonical_case {
	const char *name, *xml, *want;
};

/* clang-format off */
static struct canonical_case canonical_cases[] = {
	{ "everything", full, full },
	{ "smallest", "<lock><name>a</name><zone>z</zone></lock>",
	  "<lock>\n  <name>a</name>\n  <zone>z</zone>\n  <mode>monitor</mode>\n"
	  SIDES("allow", "allow", "allow") RESPONSE "</lock>\n" },
	{ "order of elements does not matter",
	  "<lock><response action='alert'/><mode> enforce </mode><intra default='deny'/>"
	  "<zone>z</zone><outbound default='deny'/><name>a</name><inbound default='deny'/></lock>",
	  "<lock>\n  <name>a</name>\n  <zone>z</zone>\n  <mode>enforce</mode>\n"
	  SIDES("deny", "deny", "deny") RESPONSE "</lock>\n" },
	{ "numbers become names, absent protocol any",
	  "<lock><name>a</name><zone>z</zone><inbound default='deny'>"
	  "<allow from='any' protocol='6' ports=' 22 , 80 - 90 '/><allow from='b'/></inbound></lock>",
	  "<lock>\n  <name>a</name>\n  <zone>z</zone>\n  <mode>monitor</mode>\n"
	  "  <inbound default='deny'>\n    <allow from='any' protocol='tcp' ports='22,80-90'/>\n"
	  "    <allow from='b' protocol='any'/>\n  </inbound>\n"
	  "  <outbound default='allow'/>\n  <intra default='allow'/>\n" RESPONSE "</lock>\n" },
	{ "rest of the response by default",
	  "<lock><name>a</name><zone>z</zone><response action='block-flow' ttl='60'/></lock>",
	  "<lock>\n  <name>a</name>\n  <zone>z</zone>\n  <mode>monitor</mode>\n"
	  SIDES("allow", "allow", "allow")
	  "  <response action='block-flow' grade='forensic' ttl='60' backend='nftables'/>\n</lock>\n" },
};
/* clang-format on */

static void test_canonical(void **state)
{
	const struct canonical_case *c = *state;
	ZL_AUTO(zl_lock) struct zl_lock *l = NULL, *again = NULL;
	ZL_AUTO(zl_mem) char *text = NULL, *twice = NULL;
	struct zl_error err = { 0 };

	if (zl_lock_parse(c->xml, "lock.xml", &l, &err) != 0)
		fail_msg("%s", err.msg);
	text = zl_lock_format(l);
	assert_non_null(text);
	assert_string_equal(c->want, text);
	assert_int_equal(0, zl_lock_parse(text, "lock.xml", &again, &err));
	twice = zl_lock_format(again);
	assert_string_equal(text, twice);
}

static void test_fields(void **state)
{
	ZL_AUTO(zl_lock) struct zl_lock *l = NULL;
	char rule[ZL_RULE_STR];

	(void)state;
	assert_int_equal(0, zl_lock_parse(full, "lock.xml", &l, NULL));
	assert_string_equal("db", l->zone);
	assert_int_equal(5, l->zone_line);
	assert_int_equal(ZL_LOCK_ENFORCE, l->mode);
	assert_int_equal(4, l->side[ZL_DIRECTION_INBOUND].n);
	assert_false(l->side[ZL_DIRECTION_INBOUND].allow);
	assert_true(l->side[ZL_DIRECTION_OUTBOUND].allow);
	assert_int_equal(9, l->side[ZL_DIRECTION_INBOUND].rules[1].line);
	assert_int_equal(ZL_PROTO_ANY, l->side[ZL_DIRECTION_INBOUND].rules[2].proto);
	assert_int_equal(47, l->side[ZL_DIRECTION_INBOUND].rules[3].proto);
	assert_int_equal(ZL_RESPONSE_QUARANTINE, l->response.action);
	assert_int_equal(ZL_RESPONSE_STRICT, l->response.grade);
	assert_int_equal(ZL_RESPONSE_NWFILTER, l->response.backend);
	assert_int_equal(604800, l->response.ttl_s);
	assert_string_equal("deny from any tcp/22",
		zl_lock_format_rule(ZL_DIRECTION_INBOUND,
			&l->side[ZL_DIRECTION_INBOUND].rules[1], rule));
	assert_string_equal("deny to web icmpv6",
		zl_lock_format_rule(ZL_DIRECTION_OUTBOUND,
			&l->side[ZL_DIRECTION_OUTBOUND].rules[0], rule));
	assert_string_equal("allow sctp/1-65535",
		zl_lock_format_rule(ZL_DIRECTION_INTRA,
			&l->side[ZL_DIRECTION_INTRA].rules[0], rule));
}

static void test_words(void **state)
{
	enum zl_lock_mode mode = ZL_LOCK_MONITOR;

	(void)state;
	assert_true(zl_lock_mode_parse("enforce", &mode));
	assert_int_equal(ZL_LOCK_ENFORCE, mode);
	assert_false(zl_lock_mode_parse("Enforce", &mode));
	assert_string_equal("intra", zl_direction_name(ZL_DIRECTION_INTRA));
	assert_string_equal(
		"block-flow", zl_response_action_name(ZL_RESPONSE_BLOCK_FLOW));
	assert_string_equal("strict", zl_response_grade_name(ZL_RESPONSE_STRICT));
	assert_string_equal("nwfilter", zl_response_backend_name(ZL_RESPONSE_NWFILTER));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_words),
	};
	struct CMUnitTest tests[N_ITEMS(canonical_cases) + N_ITEMS(others)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(canonical_cases); i++)
		tests[i] = (struct CMUnitTest){ .name = canonical_cases[i].name,
			.test_func = test_canonical,
			.initial_state = &canonical_cases[i] };
	memcpy(tests + N_ITEMS(canonical_cases), others, sizeof(others));
	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
