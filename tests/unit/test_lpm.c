/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Longest prefix match: a table, and the same answer as trying every prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/lpm.h"

static const char *const prefixes[] = { "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24",
	"10.1.2.3", "192.168.0.0/16", "fd00::/8", "fd00:1::/32", "fd00:1::1",
	"fe80::/10" };

struct find_case {
	const char *addr, *want; /* want NULL: none */
};

/* clang-format off */
static struct find_case find_cases[] = {
	{ "10.2.3.4", "10.0.0.0/8" },
	{ "10.1.3.4", "10.1.0.0/16" },
	{ "10.1.2.4", "10.1.2.0/24" },
	{ "10.1.2.3", "10.1.2.3" },
	{ "10.1.2.2", "10.1.2.0/24" },
	{ "11.0.0.0", NULL },
	{ "9.255.255.255", NULL },
	{ "192.168.255.255", "192.168.0.0/16" },
	{ "192.169.0.0", NULL },
	{ "fd00:2::1", "fd00::/8" },
	{ "fd00:1::2", "fd00:1::/32" },
	{ "fd00:1::1", "fd00:1::1" },
	{ "fe80::1", "fe80::/10" },
	{ "febf::1", "fe80::/10" },
	{ "fec0::1", NULL },
	{ "::1", NULL },
	{ "0.0.0.0", NULL },
};
/* clang-format on */

static void put(struct zl_lpm *t, const char *text, uint32_t value)
{
	struct zl_prefix p;

	assert_true(zl_prefix_parse(text, &p));
	assert_int_equal(0, zl_lpm_put(t, &p, value));
}

static uint32_t find(const struct zl_lpm *t, const char *text)
{
	struct zl_addr a;

	assert_true(zl_addr_parse(text, &a));
	return zl_lpm_find(t, &a);
}

static void test_find(void **state)
{
	const struct find_case *c = *state;
	uint32_t want = ZL_LPM_NONE;

	/* In both orders: the tree must not depend on it. */
	for (int order = 0; order < 2; order++) {
		struct zl_lpm t = { 0 };

		for (size_t i = 0; i < N_ITEMS(prefixes); i++) {
			size_t at = order == 0 ? i : N_ITEMS(prefixes) - 1 - i;

			put(&t, prefixes[at], (uint32_t)at);
			if (c->want != NULL && strcmp(prefixes[at], c->want) == 0)
				want = (uint32_t)at;
		}
		assert_int_equal(want, find(&t, c->addr));
		zl_lpm_done(&t);
	}
}

static void test_edges(void **state)
{
	struct zl_lpm t = { 0 };

	(void)state;
	assert_int_equal(ZL_LPM_NONE, find(&t, "10.0.0.1"));
	put(&t, "10.0.0.0/8", 1);
	put(&t, "10.0.0.0/8", 2); /* the last one counts */
	assert_int_equal(2, find(&t, "10.0.0.1"));
	assert_int_equal(ZL_LPM_NONE, find(&t, "11.0.0.1"));
	put(&t, "0.0.0.0/0", 3);
	assert_int_equal(3, find(&t, "11.0.0.1"));
	assert_int_equal(ZL_LPM_NONE, find(&t, "fd00::1"));
	put(&t, "::/0", 4);
	assert_int_equal(4, find(&t, "fd00::1"));
	assert_int_equal(3, find(&t, "11.0.0.1"));
	put(&t, "255.255.255.255", 5);
	put(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6);
	assert_int_equal(5, find(&t, "255.255.255.255"));
	assert_int_equal(3, find(&t, "255.255.255.254"));
	assert_int_equal(6, find(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	zl_lpm_done(&t);
}

enum { N_RANDOM = 600 };

static uint32_t random_bits(void)
{
	static uint64_t s = 88172645463325252; /* xorshift64: the same on every run */

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return (uint32_t)(s >> 32);
}

/* Few distinct bits, so that prefixes nest and addresses hit them. */
static struct zl_addr random_addr(void)
{
	struct zl_addr a = { { 0 } };

	for (unsigned i = 0; i < 16; i++)
		a.b[i] = (uint8_t)(random_bits() & (i % 4 == 0 ? 0x81 : 0));
	return a;
}

static uint32_t by_trying_all(const struct zl_prefix *all, const struct zl_addr *a)
{
	uint32_t best = ZL_LPM_NONE;

	for (uint32_t i = 0; i < N_RANDOM; i++)
		if (zl_prefix_has(&all[i], a) &&
			(best == ZL_LPM_NONE || all[i].len >= all[best].len))
			best = i;
	return best;
}

static void test_like_trying_all(void **state)
{
	struct zl_prefix all[N_RANDOM];
	struct zl_lpm t = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N_RANDOM; i++) {
		struct zl_addr a = random_addr();

		all[i] = zl_prefix_make(&a, (uint8_t)(random_bits() % 129));
		assert_int_equal(0, zl_lpm_put(&t, &all[i], i));
	}
	assert_true(t.n <= 2 * N_RANDOM + 1);
	for (unsigned i = 0; i < 20000; i++) {
		struct zl_addr a = random_addr();

		assert_int_equal(by_trying_all(all, &a), zl_lpm_find(&t, &a));
	}
	zl_lpm_done(&t);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_like_trying_all),
	};
	struct CMUnitTest tests[N_ITEMS(find_cases) + N_ITEMS(others)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(find_cases); i++)
		tests[i] = (struct CMUnitTest){ .name = find_cases[i].addr,
			.test_func = test_find,
			.initial_state = &find_cases[i] };
	memcpy(tests + N_ITEMS(find_cases), others, sizeof(others));
	return cmocka_run_group_tests_name("lpm", tests, NULL, NULL);
}
