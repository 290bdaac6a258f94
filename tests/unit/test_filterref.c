/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces in domain XML: reading their filterref, exchanging it, putting it back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/actuator/filterref.h"

#define NIC(inside)                                                                    \
	"<interface type='bridge'>\n      <mac address='52:54:00:00:00:05'/>\n"        \
	"      <source bridge='br0'/>\n      <target dev='vnet0'/>\n" inside           \
	"      <model type='virtio'/>\n    </interface>"
#define DOMAIN(nics)                                                                   \
	"<domain type='qemu' id='1'>\n  <name>web1</name>\n"                           \
	"  <metadata><z:x xmlns:z='urn:z'/></metadata>\n"                              \
	"  <devices>\n    <interface><!-- no --><mac address='52:54:00:00:00:09'/>"    \
	"</interface>\n    " nics "\n  </devices>\n</domain>"

#define CLEAN                                                                          \
	"<filterref filter='clean-traffic'><parameter name='CTRL_IP_LEARNING'"         \
	" value='dhcp'/><parameter name='IP' value='10.0.0.5'/><parameter name='IP'"   \
	" value='10.0.0.6'/></filterref>"
#define CLEAN_SPACED                                                                   \
	"      <filterref filter='clean-traffic'>\n"                                   \
	"        <parameter name='CTRL_IP_LEARNING' value='dhcp'/>\n"                  \
	"        <parameter name='IP' value='10.0.0.5'/>\n"                            \
	"        <parameter name='IP' value='10.0.0.6'/>\n      </filterref>\n"

static const struct zl_mac mac = { { 0x52, 0x54, 0, 0, 0, 5 } };

/* What the second interface of `xml` has. */
static char *ref_of(const char *xml)
{
	struct zl_filterref_list list = { .n = 0 };
	char *ref;

	assert_int_equal(0, zl_filterref_read(xml, &list, NULL));
	assert_int_equal(2, list.n);
	ref = list.nic[1].ref == NULL ? NULL : strdup(list.nic[1].ref);
	zl_filterref_done(&list);
	return ref;
}

static void test_read(void **state)
{
	struct zl_filterref_list list = { .n = 0 };

	(void)state;
	assert_int_equal(0, zl_filterref_read(DOMAIN(NIC(CLEAN_SPACED)), &list, NULL));
	assert_int_equal(2, list.n);
	assert_string_equal("", list.nic[0].type);
	assert_false(zl_filterref_is_possible(&list.nic[0]));
	assert_null(list.nic[0].ref);
	assert_true(zl_mac_eq(&mac, &list.nic[1].mac));
	assert_string_equal("bridge", list.nic[1].type);
	assert_string_equal("vnet0", list.nic[1].tap);
	assert_string_equal("clean-traffic", list.nic[1].filter);
	assert_string_equal(CLEAN, list.nic[1].ref);
	assert_true(zl_filterref_is_possible(&list.nic[1]));
	zl_filterref_done(&list);
}

/* Wrapped and unwrapped: the same domain as before, to the byte of its filterref. */
struct wrap_case {
	const char *name;
	const char *inside;
	const char *ref, *wrapped;
};

/* clang-format off */
static struct wrap_case wrap_cases[] = {
	{ "no filter", "", NULL, "<filterref filter='zonelock-x'/>" },
	{ "filter alone", "<filterref filter='a'/>", "<filterref filter='a'/>", "<filterref filter='zonelock-x'/>" },
	{ "parameters", CLEAN_SPACED, CLEAN,
	  "<filterref filter='zonelock-x'><parameter name='CTRL_IP_LEARNING' value='dhcp'/>"
	  "<parameter name='IP' value='10.0.0.5'/><parameter name='IP' value='10.0.0.6'/></filterref>" },
	{ "to be escaped", "<filterref filter='a&apos;&amp;&lt;b'><parameter name='N' value='&quot;&#9;x'/></filterref>",
	  "<filterref filter='a&apos;&amp;&lt;b'><parameter name='N' value='\"&#9;x'/></filterref>",
	  "<filterref filter='zonelock-x'><parameter name='N' value='\"&#9;x'/></filterref>" },
};
/* clang-format on */

static void test_wrap(void **state)
{
	const struct wrap_case *c = *state;
	ZL_AUTO(zl_mem) char *wrapped = zl_filterref_rename(c->ref, "zonelock-x");
	ZL_AUTO(zl_mem) char *nic = NULL;
	ZL_AUTO(zl_mem) char *back = NULL;
	ZL_AUTO(zl_mem) char *before = NULL;
	ZL_AUTO(zl_mem) char *now = NULL;
	ZL_AUTO(zl_mem) char *after = NULL;
	char xml[2048], there[2048];

	assert_string_equal(c->wrapped, wrapped);
	(void)snprintf(xml, sizeof(xml), DOMAIN(NIC("%s")), c->inside);
	before = ref_of(xml);
	assert_int_equal(c->ref == NULL, before == NULL);
	if (c->ref != NULL)
		assert_string_equal(c->ref, before);

	assert_int_equal(0, zl_filterref_replace(xml, &mac, wrapped, &nic, NULL));
	(void)snprintf(there, sizeof(there), DOMAIN("%s"), nic);
	now = ref_of(there);
	assert_string_equal(c->wrapped, now);

	assert_int_equal(0, zl_filterref_replace(there, &mac, before, &back, NULL));
	(void)snprintf(xml, sizeof(xml), DOMAIN("%s"), back);
	after = ref_of(xml);
	assert_int_equal(before == NULL, after == NULL);
	if (before != NULL)
		assert_string_equal(before, after);
}

/* Nothing but the filterref is touched, and only that interface is given back. */
static void test_replace(void **state)
{
	ZL_AUTO(zl_mem) char *nic = NULL;
	struct zl_mac other = { { 1 } };
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(
		0, zl_filterref_replace(DOMAIN(NIC("")), &mac, NULL, &nic, NULL));
	assert_string_equal("<interface type=\"bridge\">\n"
			    "      <mac address=\"52:54:00:00:00:05\"/>\n"
			    "      <source bridge=\"br0\"/>\n"
			    "      <target dev=\"vnet0\"/>\n"
			    "      <model type=\"virtio\"/>\n    </interface>",
		nic);
	assert_int_equal(-ENOENT,
		zl_filterref_replace(DOMAIN(NIC("")), &other, NULL, &nic, &err));
	assert_string_equal("no interface with MAC 01:00:00:00:00:00", err.msg);
}

struct bad_case {
	const char *name;
	const char *xml;
	int want;
	const char *says;
};

/* clang-format off */
static struct bad_case bad_cases[] = {
	{ "not a domain",    "<network/>", -EBADMSG, "not a domain" },
	{ "no XML",          "hello", -EBADMSG, "domain:1" },
	{ "empty",           "", -EBADMSG, "empty" },
	{ "no MAC",          DOMAIN("<interface type='bridge'/>"), -EBADMSG, "no MAC address" },
	{ "bad MAC",         DOMAIN("<interface><mac address='x'/></interface>"), -EBADMSG, "no MAC address" },
	{ "same MAC twice",  DOMAIN(NIC("") NIC("")), -EBADMSG, "a second one with the same MAC" },
	{ "filterref without filter", DOMAIN(NIC("<filterref/>")), -EBADMSG, "filter" },
	{ "unknown part",    DOMAIN(NIC("<filterref filter='a'><new/></filterref>")), -EBADMSG, "new" },
	{ "unknown attribute", DOMAIN(NIC("<filterref filter='a' new='b'/>")), -EBADMSG, "new" },
	{ "half a parameter", DOMAIN(NIC("<filterref filter='a'><parameter name='IP'/></filterref>")), -EBADMSG, "value" },
};
/* clang-format on */

static void test_bad(void **state)
{
	const struct bad_case *c = *state;
	struct zl_filterref_list list = { .n = 77 };
	struct zl_error err = { 0 };

	assert_int_equal(c->want, zl_filterref_read(c->xml, &list, &err));
	if (strstr(err.msg, c->says) == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(77, list.n);
}

static void test_too_many(void **state)
{
	struct zl_filterref_list list = { .n = 0 };
	char xml[4096] = "<domain><devices>";

	(void)state;
	for (int i = 0; i <= ZL_LEASE_NICS_MAX; i++)
		(void)snprintf(xml + strlen(xml), 128,
			"<interface type='bridge'><mac address='52:54:00:00:01:%02x'/>"
			"<filterref filter='a'/></interface>",
			i);
	(void)snprintf(xml + strlen(xml), 32, "</devices></domain>");
	assert_int_equal(-E2BIG, zl_filterref_read(xml, &list, NULL));
}

static void test_types(void **state)
{
	static const char *const can[] = { "bridge", "network", "ethernet" };
	static const char *const cannot[] = { "user", "vhostuser", "direct", "hostdev",
		"vdpa", "mcast", "server", "" };
	struct zl_filterref nic = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(can); i++) {
		(void)snprintf(nic.type, sizeof(nic.type), "%s", can[i]);
		assert_true(zl_filterref_is_possible(&nic));
	}
	for (size_t i = 0; i < N_ITEMS(cannot); i++) {
		(void)snprintf(nic.type, sizeof(nic.type), "%s", cannot[i]);
		assert_false(zl_filterref_is_possible(&nic));
	}
}

int main(void)
{
	struct CMUnitTest rows[N_ITEMS(wrap_cases) + N_ITEMS(bad_cases)] = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_types),
	};
	int failed;

	for (size_t i = 0; i < N_ITEMS(wrap_cases); i++)
		rows[i] = (struct CMUnitTest){ .name = wrap_cases[i].name,
			.test_func = test_wrap,
			.initial_state = &wrap_cases[i] };
	for (size_t i = 0; i < N_ITEMS(bad_cases); i++)
		rows[N_ITEMS(wrap_cases) + i] =
			(struct CMUnitTest){ .name = bad_cases[i].name,
				.test_func = test_bad,
				.initial_state = &bad_cases[i] };
	failed = cmocka_run_group_tests_name("filterref rows", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("filterref", tests, NULL, NULL);
}
