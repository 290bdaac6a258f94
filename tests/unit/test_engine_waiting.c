/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has an address while the database takes nothing: what waits, and what never is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "controller/roles/engine/engine.h"
#include "tests/support/tempdb.h"

enum { WAITING_MAX = 65536 };

static const struct zl_index_host host = { .name = "hv1", .state = ZL_HOST_UP };

/* Domain `n` has so many addresses of its own. */
static void hold(struct zl_engine *e, uint32_t n, uint8_t n_addrs)
{
	static struct zl_index_nic nic;
	const struct zl_index_nic *nics[] = { &nic };
	struct zl_index_domain d = {
		.host = &host, .state = ZL_DOMAIN_RUNNING, .n_nics = 1, .nics = nics
	};

	memcpy(d.uuid.b + 1, &n, sizeof(n));
	d.uuid.b[0] = 1;
	nic.n_addrs = n_addrs;
	for (uint32_t i = 0; i < n_addrs; i++)
		nic.addrs[i] = (struct zl_index_addr){
			.addr = zl_addr_from_v4(n * ZL_NIC_ADDRS_MAX + i),
			.source = ZL_ADDR_DHCP
		};
	zl_engine_holdings_on_domain(e, &d, false);
}

static void test_waiting(void **state)
{
	static struct zl_engine e;
	const uint32_t enough = WAITING_MAX / ZL_NIC_ADDRS_MAX + 10;
	struct zl_tempdb *t = *state;
	sqlite3 *other = NULL;

	e.db = t->db;
	zl_map_init(&e.holders, sizeof(struct zl_uuid) + 64, 0);
	assert_int_equal(0, zl_engine_holdings_load(&e, NULL));
	hold(&e, 0, 2);
	zl_engine_holdings_flush(&e);
	assert_int_equal(2, zl_tempdb_count(t, "SELECT count(*) FROM holding"));
	assert_int_equal(SQLITE_OK, sqlite3_open(t->path, &other));
	assert_int_equal(
		SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	for (uint32_t n = 1; n <= enough; n++)
		hold(&e, n, ZL_NIC_ADDRS_MAX);
	hold(&e, 0, 1);
	zl_engine_holdings_flush(&e);
	assert_string_not_equal("", e.db_error);
	assert_int_equal(enough * ZL_NIC_ADDRS_MAX - WAITING_MAX, e.n_holdings_lost);
	assert_int_equal(WAITING_MAX, e.n_holdings);
	(void)sqlite3_close(other);
	zl_engine_holdings_flush(&e);
	assert_string_equal("", e.db_error);
	assert_int_equal(
		WAITING_MAX + 2, zl_tempdb_count(t, "SELECT count(*) FROM holding"));
	/* The end came when there was no room for beginnings any more. */
	assert_int_equal(1,
		zl_tempdb_count(t, "SELECT count(*) FROM holding WHERE until_us <> 0"));
	assert_int_equal(0, e.n_holdings_lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_waiting, zl_tempdb_setup, zl_tempdb_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
