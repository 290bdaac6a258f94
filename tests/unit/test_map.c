/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash map against the simplest thing that could work, and its limits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/map.h"

enum { KEYS = 300, STEPS = 60000 };

/* The model: an array indexed by the key. */
struct model {
	void *value[KEYS];
	size_t n;
};

/* A cheap generator, so that a failure can be repeated. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void check_same(const struct zl_map *m, const struct model *want)
{
	size_t at = 0, n = 0, seen[KEYS] = { 0 };
	void *v;

	assert_int_equal(want->n, m->n);
	while ((v = zl_map_next(m, &at)) != NULL) {
		uint16_t key;

		/* The iteration's slot is the one before. */
		memcpy(&key, m->slots + (at - 1) * m->stride + sizeof(void *),
			sizeof(key));
		assert_true(key < KEYS);
		assert_ptr_equal(want->value[key], v);
		seen[key]++;
		n++;
	}
	assert_int_equal(want->n, n);
	for (size_t i = 0; i < KEYS; i++)
		assert_int_equal(want->value[i] != NULL, seen[i]);
}

static void test_like_the_model(void **state)
{
	static char values[KEYS][2];
	struct zl_map m;
	struct model want = { 0 };
	uint32_t seed = 1;

	(void)state;
	zl_map_init(&m, sizeof(uint16_t), 0);
	for (int i = 0; i < STEPS; i++) {
		uint16_t key = (uint16_t)(next_random(&seed) % KEYS);
		void *value = &values[key][next_random(&seed) % 2];
		/* Phases that grow, and phases that shrink. */
		bool put = next_random(&seed) % 100 < ((i / 5000) % 2 == 0 ? 70 : 30);

		if (put) {
			assert_int_equal(0, zl_map_put(&m, &key, value));
			want.n += want.value[key] == NULL;
			want.value[key] = value;
		} else {
			assert_ptr_equal(want.value[key], zl_map_remove(&m, &key));
			want.n -= want.value[key] != NULL;
			want.value[key] = NULL;
		}
		key = (uint16_t)(next_random(&seed) % KEYS);
		assert_ptr_equal(want.value[key], zl_map_find(&m, &key));
		assert_ptr_equal(want.value[key],
			zl_map_find_hashed(&m, &key, zl_map_hash(&m, &key)));
		if (i % 1000 == 0)
			check_same(&m, &want);
	}
	check_same(&m, &want);
	zl_map_done(&m);
	assert_int_equal(0, m.n);
}

static void test_empty(void **state)
{
	struct zl_map m;
	uint32_t key = 7;
	size_t at = 0;

	(void)state;
	zl_map_init(&m, sizeof(key), 0);
	assert_null(zl_map_find(&m, &key));
	assert_null(zl_map_find_hashed(&m, &key, zl_map_hash(&m, &key)));
	assert_null(zl_map_remove(&m, &key));
	assert_null(zl_map_next(&m, &at));
	assert_int_equal(-EINVAL, zl_map_put(&m, &key, NULL));
	zl_map_done(&m);
	zl_map_done(&m);
}

static void test_limit(void **state)
{
	struct zl_map m;
	char value;

	(void)state;
	zl_map_init(&m, sizeof(uint32_t), 100);
	for (uint32_t key = 0; key < 100; key++)
		assert_int_equal(0, zl_map_put(&m, &key, &value));
	assert_int_equal(-ENOBUFS, zl_map_put(&m, &(uint32_t){ 100 }, &value));
	/* One that is in may change, and one that goes makes room. */
	assert_int_equal(0, zl_map_put(&m, &(uint32_t){ 99 }, &m));
	assert_ptr_equal(&m, zl_map_find(&m, &(uint32_t){ 99 }));
	assert_ptr_equal(&value, zl_map_remove(&m, &(uint32_t){ 0 }));
	assert_int_equal(0, zl_map_put(&m, &(uint32_t){ 100 }, &value));
	zl_map_done(&m);
}

/* All in one slot's neighbourhood: a hash that always collides. */
static void test_removal_in_a_cluster(void **state)
{
	struct zl_map m;
	char value[12];

	(void)state;
	for (uint32_t gone = 0; gone < 12; gone++) {
		zl_map_init(&m, sizeof(uint32_t), 0);
		for (uint32_t key = 0; key < 12; key++) /* of 16 slots */
			assert_int_equal(0, zl_map_put(&m, &key, &value[key]));
		assert_ptr_equal(&value[gone], zl_map_remove(&m, &gone));
		for (uint32_t key = 0; key < 12; key++)
			assert_ptr_equal(key == gone ? NULL : &value[key],
				zl_map_find(&m, &key));
		zl_map_done(&m);
	}
}

/* The first output of the reference's vectors: key 00 01 .. 0f, no input. */
static void test_siphash(void **state)
{
	const uint64_t seed[2] = { UINT64_C(0x0706050403020100),
		UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t text[24] = { 0 };

	(void)state;
	assert_true(zl_hash(seed, "", 0) == UINT64_C(0xabac0158050fc4dc));
	/* Every byte and the length count. */
	for (size_t i = 0; i < sizeof(text); i++) {
		uint64_t before = zl_hash(seed, text, sizeof(text));

		text[i] ^= 1;
		assert_true(zl_hash(seed, text, sizeof(text)) != before);
		text[i] ^= 1;
		assert_true(zl_hash(seed, text, i) != before);
	}
}

static void test_seeds_differ(void **state)
{
	struct zl_map a, b;

	(void)state;
	zl_map_init(&a, 4, 0);
	zl_map_init(&b, 4, 0);
	assert_memory_not_equal(a.seed, b.seed, sizeof(a.seed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_model),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_removal_in_a_cluster),
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_seeds_differ),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
