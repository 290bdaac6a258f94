/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which port carries what: the usual ones, the operator's, and what is no such thing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/portmap.h"

static void test_table(void **state)
{
	struct zl_portmap p;

	(void)state;
	zl_portmap_init(&p);
	for (size_t i = 0; i < zl_portmap_protocols_n; i++) {
		const struct zl_portmap_protocol *at = &zl_portmap_protocols[i];

		assert_ptr_equal(at, zl_portmap_find(&p, at->port));
		assert_true(at->n_first > 0 && at->n_first <= ZL_PORTMAP_VERSIONS_MAX);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(at->name, zl_portmap_protocols[k].name);
	}
	assert_null(zl_portmap_find(&p, 53));
}

static void test_parse(void **state)
{
	static const char *const bad[] = { "", "=netflow", "x=netflow", "0=netflow",
		"65536=netflow", "-1=netflow", "1", "1=", "1=netflow ", "1=NetFlow",
		" 1=netflow", "99999999999999999999=netflow" };
	struct zl_portmap p, before;
	struct zl_error err;

	(void)state;
	zl_portmap_init(&p);
	before = p;
	for (size_t i = 0; i < N_ITEMS(bad); i++)
		assert_int_equal(-EINVAL, zl_portmap_parse(&p, bad[i], &err));
	assert_memory_equal(&before, &p, sizeof(p));
	assert_int_equal(0, zl_portmap_parse(&p, "65535=ipfix", &err));
	assert_string_equal("ipfix", zl_portmap_find(&p, 65535)->name);
	assert_int_equal(0, zl_portmap_parse(&p, "2055=ipfix", &err));
	assert_string_equal("ipfix", zl_portmap_find(&p, 2055)->name);
}

static void test_limit(void **state)
{
	struct zl_portmap p;
	char text[32];

	(void)state;
	zl_portmap_init(&p);
	for (unsigned i = 1; p.n < ZL_PORTMAP_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%u=netflow", i);
		assert_int_equal(0, zl_portmap_parse(&p, text, NULL));
	}
	assert_int_equal(-E2BIG, zl_portmap_parse(&p, "9999=netflow", NULL));
	assert_int_equal(0, zl_portmap_parse(&p, "1=ipfix", NULL)); /* known */
}

static void test_first_bytes(void **state)
{
	static const uint8_t v9[] = { 0, 9, 0 }, other[] = { 0, 7 };
	struct zl_portmap_refused n = { 0 };
	struct zl_portmap ports;

	(void)state;
	zl_portmap_init(&ports);
	assert_true(zl_portmap_takes(
		&ports, 2055, (struct zl_cursor){ .at = v9, .left = sizeof(v9) }, &n));
	assert_true(zl_portmap_takes(/* the decoder says what is wrong with it */
		&ports, 2055, (struct zl_cursor){ .at = v9, .left = 1 }, &n));
	assert_int_equal(0, n.other_port + n.other_protocol);
	assert_false(zl_portmap_takes(&ports, 2055,
		(struct zl_cursor){ .at = other, .left = sizeof(other) }, &n));
	assert_int_equal(1, n.other_protocol);
	assert_false(zl_portmap_takes(
		&ports, 53, (struct zl_cursor){ .at = v9, .left = sizeof(v9) }, &n));
	assert_int_equal(1, n.other_port);
	assert_int_equal(1, n.other_protocol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_first_bytes),
	};

	return cmocka_run_group_tests_name("portmap", tests, NULL, NULL);
}
