/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones: members, canonical XML, round trips, globs.  What is refused: test_xml_invalid.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/zone.h"

static const char full[] =
	"<zone>\n"
	"  <name>web.1_a-B</name>\n"
	"  <uuid>0123abcd-0000-4000-8000-0000000000ff</uuid>\n"
	"  <description>R&amp;D &lt;web&gt;\nsecond line</description>\n"
	"  <members>\n"
	"    <domain name='web*'/>\n"
	"    <domain name='it&apos;s \"&lt;\" &amp; &#9;&#10;é?'/>\n"
	"    <domain uuid='0123abcd-0000-4000-8000-000000000001'/>\n"
	"    <metadata zone='web'/>\n"
	"    <network name='my net'/>\n"
	"    <bridge name='br0'/>\n"
	"    <cidr address='10.9.0.0' prefix='16'/>\n"
	"    <cidr address='10.9.0.1' prefix='32'/>\n"
	"    <cidr address='0.0.0.0' prefix='0'/>\n"
	"    <cidr address='fc00::' prefix='7'/>\n"
	"    <cidr address='::' prefix='0'/>\n"
	"    <cidr address='2001:db8::1' prefix='128'/>\n"
	"  </members>\n"
	"</zone>\n";

struct canonical_case {
	const char *name, *xml, *want;
};

/* clang-format off */
static struct canonical_case canonical_cases[] = {
	{ "everything", full, full },
	{ "smallest", "<zone><name>a</name></zone>",
	  "<zone>\n  <name>a</name>\n  <members/>\n</zone>\n" },
	{ "order of elements does not matter",
	  "<zone><members><bridge name=\"b\"/></members><description> x </description>"
	  "<name> a\n</name></zone>",
	  "<zone>\n  <name>a</name>\n  <description>x</description>\n  <members>\n"
	  "    <bridge name='b'/>\n  </members>\n</zone>\n" },
	{ "uuid without dashes, in capitals",
	  "<zone><name>a</name><uuid>0123ABCD000040008000000000000001</uuid></zone>",
	  "<zone>\n  <name>a</name>\n  <uuid>0123abcd-0000-4000-8000-000000000001</uuid>\n"
	  "  <members/>\n</zone>\n" },
	{ "empty description", "<zone><name>a</name><description> </description></zone>",
	  "<zone>\n  <name>a</name>\n  <members/>\n</zone>\n" },
	{ "longest name",
	  "<zone><name>aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123</name></zone>",
	  "<zone>\n  <name>aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123</name>\n"
	  "  <members/>\n</zone>\n" },
	{ "mapped address is IPv4",
	  "<zone><name>a</name><members><cidr address='::ffff:10.0.0.0' prefix='8'/></members></zone>",
	  "<zone>\n  <name>a</name>\n  <members>\n    <cidr address='10.0.0.0' prefix='8'/>\n"
	  "  </members>\n</zone>\n" },
	{ "metadata name is trimmed",
	  "<zone><name>a</name><members><metadata zone=' web '/></members></zone>",
	  "<zone>\n  <name>a</name>\n  <members>\n    <metadata zone='web'/>\n  </members>\n</zone>\n" },
};
/* clang-format on */

static void test_canonical(void **state)
{
	const struct canonical_case *c = *state;
	ZL_AUTO(zl_zone) struct zl_zone *z = NULL, *again = NULL;
	ZL_AUTO(zl_mem) char *text = NULL, *twice = NULL;
	struct zl_error err = { 0 };

	if (zl_zone_parse(c->xml, "zone.xml", &z, &err) != 0)
		fail_msg("%s", err.msg);
	text = zl_zone_format(z);
	assert_non_null(text);
	assert_string_equal(c->want, text);
	assert_int_equal(0, zl_zone_parse(text, "zone.xml", &again, &err));
	twice = zl_zone_format(again);
	assert_string_equal(text, twice);
}

static void test_members(void **state)
{
	ZL_AUTO(zl_zone) struct zl_zone *z = NULL;
	char text[ZL_PREFIX_STR];
	struct zl_error err = { 0 };

	(void)state;
	if (zl_zone_parse(full, "zone.xml", &z, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal("web.1_a-B", z->name);
	assert_true(z->has_uuid);
	assert_string_equal("R&D <web>\nsecond line", z->description);
	assert_int_equal(12, z->n_members);
	assert_int_equal(ZL_MEMBER_DOMAIN, z->members[0].type);
	assert_int_equal(7, z->members[0].line);
	assert_string_equal("it's \"<\" & \t\né?", z->members[1].text);
	assert_int_equal(ZL_MEMBER_UUID, z->members[2].type);
	assert_int_equal(1, z->members[2].uuid.b[15]);
	assert_int_equal(ZL_MEMBER_NETWORK, z->members[4].type);
	assert_string_equal(
		"10.9.0.0/16", zl_prefix_format(&z->members[6].prefix, text));
	assert_int_equal(128, z->members[7].prefix.len);
	assert_int_equal(96, z->members[8].prefix.len);
	assert_int_equal(0, z->members[10].prefix.len);
}

struct glob_case {
	const char *name, *glob, *text;
	int want;
};

/* clang-format off */
static struct glob_case glob_cases[] = {
	{ "same", "web1", "web1", 1 },
	{ "shorter text", "web1", "web", 0 },
	{ "longer text", "web", "web1", 0 },
	{ "star alone", "*", "", 1 },
	{ "star at the end", "web*", "web", 1 },
	{ "star in the middle", "w*1", "web-11", 1 },
	{ "star in the middle, other end", "w*1", "web-12", 0 },
	{ "stars come back", "*ab*abc", "xabyababc", 1 },
	{ "question mark", "web?", "web1", 1 },
	{ "question mark wants one", "web?", "web", 0 },
	{ "question mark takes a character, not a byte", "?b", "\xc3\xa9" "b", 1 },
	{ "brackets are themselves", "web[1]", "web[1]", 1 },
	{ "case matters", "Web", "web", 0 },
	{ "no blow-up", "*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
};
/* clang-format on */

static void test_glob(void **state)
{
	const struct glob_case *c = *state;

	assert_int_equal(c->want, zl_zone_glob(c->glob, c->text));
}

int main(void)
{
	enum { C = N_ITEMS(canonical_cases), G = N_ITEMS(glob_cases) };
	struct CMUnitTest tests[C + G + 1] = { 0 };

	for (size_t i = 0; i < C; i++)
		tests[i] = (struct CMUnitTest){ .name = canonical_cases[i].name,
			.test_func = test_canonical,
			.initial_state = &canonical_cases[i] };
	for (size_t i = 0; i < G; i++)
		tests[C + i] = (struct CMUnitTest){ .name = glob_cases[i].name,
			.test_func = test_glob,
			.initial_state = &glob_cases[i] };
	tests[C + G] = (struct CMUnitTest)cmocka_unit_test(test_members);
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
