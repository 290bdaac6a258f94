/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who had which address: over changes of the inventory and the death of the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/support/rig.h"

/* "domain source is-open ..." of all holders. */
static bool holders_are(const char *address, int64_t at_ms, const char *want)
{
	char got[512] = "";

	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		json_t *doc = NULL, *h;
		size_t k;

		zl_rig_must("ShowAddress",
			json_pack("{s:s, s:I}", "address", address, "at_ms",
				(json_int_t)at_ms),
			&doc);
		got[0] = '\0';
		json_array_foreach(json_object_get(doc, "holders"), k, h)(
			void) snprintf(got + strlen(got), sizeof(got) - strlen(got),
			"%s %s %s; ", zl_rig_text(h, "domain"),
			zl_rig_text(h, "source"),
			json_is_integer(json_object_get(h, "until_ms")) ? "ended"
									: "open");
		json_decref(doc);
		if (strcmp(got, want) == 0)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	print_message("%s: %s\n", address, got);
	return false;
}

static int64_t now_ms(void)
{
	return zl_wall_ms(zl_wall_now());
}

static void test_known_at_once(void **state)
{
	(void)state;
	assert_true(holders_are("10.0.0.2", 0, "db1 metadata open; "));
	assert_true(holders_are("10.0.0.1", 0, ""));
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 40000, 5432, ZL_RIG_SYN, 0);
	assert_true(holders_are("10.0.0.1", 0, "web1 learned open; "));
}

/* What it does not take waits, and that is said. */
static void test_database_fails(void **state)
{
	(void)state;
	zl_rig_block_database();
	zl_rig_flow(11, 0x0a0000c8, ZL_RIG_DB1, 40000, 5432, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await_database(false));
	zl_rig_unblock_database();
	assert_true(zl_rig_await_database(true));
	assert_true(holders_are("10.0.0.200", 0, "web1 learned open; "));
}

static void test_bad_address(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	assert_true(zl_rig_call("ShowAddress", json_pack("{s:s}", "address", "10.0.0"),
			    NULL, &err) < 0);
	assert_non_null(strstr(err.msg, "neither an IPv4 nor an IPv6 address"));
}

/* Known again from the disk, and what goes on goes on. */
static void test_engine_dies(void **state)
{
	(void)state;
	(void)usleep(1200000); /* the second's transaction */
	zl_rig_kill_role("engine");
	zl_client_close(zl_rig.client);
	zl_rig.client = NULL;
	zl_rig_connect();
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(holders_are("10.0.0.2", 0, "db1 metadata open; "));
}

static void test_undefined(void **state)
{
	int64_t before = now_ms();

	(void)state;
	(void)usleep(20000);
	zl_rig_must("UndefineHost", json_pack("{s:s}", "name", "hv1"), NULL);
	assert_true(holders_are("10.0.0.2", 0, "db1 metadata ended; "));
	assert_true(holders_are("10.0.0.2", before, "db1 metadata ended; "));
	(void)usleep(1020000); /* another second */
	assert_true(holders_are("10.0.0.2", now_ms(), ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_at_once),
		cmocka_unit_test(test_database_fails),
		cmocka_unit_test(test_bad_address),
		cmocka_unit_test(test_engine_dies),
		cmocka_unit_test(test_undefined),
	};

	return cmocka_run_group_tests_name(
		"engine holdings", tests, zl_rig_setup, zl_rig_teardown);
}
