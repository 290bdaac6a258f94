/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: parse(format(x)) = x, what must be refused, and prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"

static void test_addr_round_trip(void **state)
{
	static const char *const texts[] = { "10.0.0.1", "255.255.255.255", "::1",
		"fd00::11", "2001:db8::1", "0.0.0.0" };
	char buf[ZL_ADDR_STR];
	struct zl_addr a;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(texts); i++) {
		assert_true(zl_addr_parse(texts[i], &a));
		assert_string_equal(texts[i], zl_addr_format(&a, buf));
	}
	assert_false(zl_addr_parse("10.0.0", &a));
	assert_false(zl_addr_parse("10.0.0.256", &a));
	assert_false(zl_addr_parse("", &a));
}

static void test_prefix(void **state)
{
	char buf[ZL_PREFIX_STR];
	struct zl_prefix p;
	struct zl_addr in, out;

	(void)state;
	assert_true(zl_prefix_parse("10.1.2.3/20", &p));
	assert_string_equal("10.1.0.0/20", zl_prefix_format(&p, buf));
	assert_true(zl_addr_parse("10.1.15.255", &in));
	assert_true(zl_addr_parse("10.1.16.0", &out));
	assert_true(zl_prefix_has(&p, &in));
	assert_false(zl_prefix_has(&p, &out));
	assert_true(zl_prefix_parse("fd00::/7", &p));
	assert_string_equal("fc00::/7", zl_prefix_format(&p, buf));
	assert_true(zl_prefix_parse("10.9.9.9", &p));
	assert_int_equal(128, p.len);
	assert_false(zl_prefix_parse("10.0.0.0/33", &p));
	assert_false(zl_prefix_parse("10.0.0.0/", &p));
	assert_false(zl_prefix_parse("10.0.0.0/-1", &p));
}

static void test_mac_and_uuid(void **state)
{
	static const char *uuid = "bbbbbbbb-0000-4000-8000-0000000000ff";
	struct zl_mac nic, tap, other;
	struct zl_uuid u;
	char mac_text[ZL_MAC_STR], uuid_text[ZL_UUID_STR];

	(void)state;
	assert_true(zl_mac_parse("52:54:00:0a:bc:Ff", &nic));
	assert_string_equal("52:54:00:0a:bc:ff", zl_mac_format(&nic, mac_text));
	assert_true(zl_mac_parse("fe:54:00:0a:bc:ff", &tap));
	assert_true(zl_mac_parse("fe:54:00:0a:bc:fe", &other));
	assert_true(zl_mac_is_tap_of(&tap, &nic));
	assert_false(zl_mac_is_tap_of(&other, &nic));
	assert_false(zl_mac_is_tap_of(&nic, &nic));
	assert_false(zl_mac_parse("52:54:00:0a:bc", &nic));
	assert_false(zl_mac_parse("52-54-00-0a-bc-ff", &nic));
	assert_true(zl_uuid_parse(uuid, &u));
	assert_string_equal(uuid, zl_uuid_format(&u, uuid_text));
	assert_false(zl_uuid_parse("bbbbbbbb-0000-4000-8000-0000000000f", &u));
	assert_false(zl_uuid_parse("", &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_round_trip),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_mac_and_uuid),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
