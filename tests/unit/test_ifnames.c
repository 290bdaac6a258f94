/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of an exporter's interfaces: what is one, what is kept, and what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/ifnames.h"

static void learn(struct zl_ifnames *names, uint32_t number, const char *name)
{
	struct zl_flow_draft d = {
		.flow.in_if = number,
		.present = ZL_ASIDE_IF_NAME | ZL_FLOW_IN_IF,
	};

	(void)snprintf(d.if_name, sizeof(d.if_name), "%s", name);
	zl_ifnames_learn(names, &d);
}

static void tell(struct zl_ifnames *names, uint32_t number, const char *name)
{
	struct zl_ifname *i = zl_ifnames_untold(names);

	assert_non_null(i);
	assert_int_equal(number, i->number);
	assert_string_equal(name, i->name);
	i->is_told = true;
	names->n_untold--;
}

static void test_names(void **state)
{
	static const char *const good[] = { "vnet0", "tap-a.1", "x",
		"abcdefghijklmno" };
	static const char *const bad[] = { "", ".", "..", "a b", "Gi0/1", "a:1", "a\nb",
		"a\"b", "abcdefghijklmnop" };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(good); i++)
		assert_true(zl_ifnames_is_name(good[i]));
	for (size_t i = 0; i < N_ITEMS(bad); i++)
		assert_false(zl_ifnames_is_name(bad[i]));
}

static void test_told_once(void **state)
{
	struct zl_template_room room = { .most = 1 << 20 };
	struct zl_ifnames names;

	(void)state;
	zl_ifnames_init(&names, &room);
	learn(&names, 7, "Gi0/1");
	learn(&names, 0, "vnet0");
	assert_null(zl_ifnames_untold(&names));
	assert_int_equal(0, room.used);
	learn(&names, 7, "vnet0");
	learn(&names, 8, "vnet1");
	tell(&names, 7, "vnet0");
	tell(&names, 8, "vnet1");
	learn(&names, 7, "vnet0");
	assert_null(zl_ifnames_untold(&names));
	learn(&names, 7, "vnet2"); /* it means another one now */
	tell(&names, 7, "vnet2");
	assert_null(zl_ifnames_untold(&names));
	zl_ifnames_tell_again(&names);
	tell(&names, 7, "vnet2");
	tell(&names, 8, "vnet1");
	zl_ifnames_done(&names);
	assert_int_equal(0, room.used);
}

/* A sender who names without end costs its own names, and no memory. */
static void test_bounded(void **state)
{
	struct zl_template_room room = { .most = 1 << 20 };
	struct zl_ifnames names;
	size_t used;

	(void)state;
	zl_ifnames_init(&names, &room);
	learn(&names, 1, "vnet0");
	used = room.used;
	for (uint32_t i = 2; i < 100000; i++)
		learn(&names, i, "vnet0");
	assert_int_equal(used, room.used);
	assert_int_equal(ZL_IFNAMES_MAX, names.n);
	assert_int_equal(ZL_IFNAMES_MAX, names.n_untold);
	zl_ifnames_done(&names);
	room.most = 1000; /* templates have taken it */
	learn(&names, 1, "vnet0");
	assert_null(zl_ifnames_untold(&names));
	zl_ifnames_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests_name("ifnames", tests, NULL, NULL);
}
