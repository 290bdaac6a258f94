/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing with linear probing; SipHash-1-3. */
#include "base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAP_SLOTS_FIRST = 16 };

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static inline void sip_take(uint64_t v[static 4], const uint64_t seed[static 2],
	const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t word = 0, last = (uint64_t)n << 56;

	v[0] = seed[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] ^= seed[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = seed[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = seed[1] ^ UINT64_C(0x7465646279746573);
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, p, n);
	last |= word;
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
}

static inline uint64_t sip_give(uint64_t v[static 4])
{
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t zl_hash(const uint64_t seed[static 2], const void *bytes, size_t n)
{
	uint64_t v[4] = { 0 };

	sip_take(v, seed, bytes, n);
	v[2] ^= 0xff;
	return sip_give(v);
}

struct zl_digest zl_hash_wide(
	const uint64_t seed[static 2], const void *bytes, size_t n)
{
	uint64_t v[4] = { [1] = 0xee };
	struct zl_digest d;

	sip_take(v, seed, bytes, n);
	v[2] ^= 0xee;
	d.a = sip_give(v);
	v[1] ^= 0xdd;
	d.b = sip_give(v);
	return d;
}

void zl_map_init(struct zl_map *m, size_t key_size, size_t most)
{
	memset(m, 0, sizeof(*m));
	m->key_size = key_size;
	m->stride = sizeof(void *) + (key_size + 7) / 8 * 8;
	m->most = most;
	/* Without entropy yet the map still works, with a guessable hash. */
	(void)!getrandom(m->seed, sizeof(m->seed), GRND_NONBLOCK);
}

void zl_map_done(struct zl_map *m)
{
	free(m->slots);
	m->slots = NULL;
	m->n_slots = m->n = 0;
}

static void **slot_value(const struct zl_map *m, size_t i)
{
	return (void **)(void *)(m->slots + i * m->stride);
}

static uint8_t *slot_key(const struct zl_map *m, size_t i)
{
	return m->slots + i * m->stride + sizeof(void *);
}

static void set_slot(struct zl_map *m, size_t i, const void *key, void *value)
{
	memcpy(slot_key(m, i), key, m->key_size);
	*slot_value(m, i) = value;
}

static size_t home_slot(const struct zl_map *m, const void *key)
{
	return (size_t)zl_hash(m->seed, key, m->key_size) & (m->n_slots - 1);
}

static inline bool is_same_16(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return x[0] == y[0] && x[1] == y[1];
}

/* The slot that holds `key`, or the free one where it would go. */
static size_t find_from(const struct zl_map *m, const void *key, size_t i)
{
	/* Addresses and UUIDs: most searches of all. */
	if (m->key_size == 16)
		while (*slot_value(m, i) != NULL && !is_same_16(slot_key(m, i), key))
			i = (i + 1) & (m->n_slots - 1);
	else
		while (*slot_value(m, i) != NULL &&
			memcmp(slot_key(m, i), key, m->key_size) != 0)
			i = (i + 1) & (m->n_slots - 1);
	return i;
}

static size_t find_slot(const struct zl_map *m, const void *key)
{
	return find_from(m, key, home_slot(m, key));
}

static int grow(struct zl_map *m)
{
	struct zl_map old = *m;
	size_t n_slots = old.n_slots == 0 ? MAP_SLOTS_FIRST : old.n_slots * 2;
	uint8_t *slots = calloc(n_slots, m->stride);

	if (slots == NULL)
		return -ENOMEM;
	m->slots = slots;
	m->n_slots = n_slots;
	for (size_t i = 0; i < old.n_slots; i++)
		if (*slot_value(&old, i) != NULL)
			set_slot(m, find_slot(m, slot_key(&old, i)), slot_key(&old, i),
				*slot_value(&old, i));
	free(old.slots);
	return 0;
}

int zl_map_put(struct zl_map *m, const void *key, void *value)
{
	size_t i;

	if (value == NULL)
		return -EINVAL;
	if (m->n_slots != 0) {
		i = find_slot(m, key);
		if (*slot_value(m, i) != NULL) {
			*slot_value(m, i) = value;
			return 0;
		}
	}
	if (m->most != 0 && m->n >= m->most)
		return -ENOBUFS;
	if ((m->n + 1) * 4 > m->n_slots * 3) {
		int r = grow(m);

		if (r < 0)
			return r;
	}
	set_slot(m, find_slot(m, key), key, value);
	m->n++;
	return 0;
}

void *zl_map_find(const struct zl_map *m, const void *key)
{
	return m->n == 0 ? NULL : *slot_value(m, find_slot(m, key));
}

void *zl_map_remove(struct zl_map *m, const void *key)
{
	size_t mask = m->n_slots - 1, hole, i;
	void *old;

	if (m->n == 0)
		return NULL;
	hole = find_slot(m, key);
	old = *slot_value(m, hole);
	if (old == NULL)
		return NULL;
	/* Shift back whatever probed past the hole. */
	for (i = (hole + 1) & mask; *slot_value(m, i) != NULL; i = (i + 1) & mask) {
		size_t home = home_slot(m, slot_key(m, i));

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		set_slot(m, hole, slot_key(m, i), *slot_value(m, i));
		hole = i;
	}
	*slot_value(m, hole) = NULL;
	m->n--;
	return old;
}

uint64_t zl_map_hash(const struct zl_map *m, const void *key)
{
	return zl_hash(m->seed, key, m->key_size);
}

void zl_map_fetch(const struct zl_map *m, uint64_t hash)
{
	const uint8_t *slot;

	if (m->n == 0)
		return;
	slot = m->slots + ((size_t)hash & (m->n_slots - 1)) * m->stride;
	__builtin_prefetch(slot);
	__builtin_prefetch(slot + m->stride - 1);
}

void *zl_map_find_hashed(const struct zl_map *m, const void *key, uint64_t hash)
{
	return m->n == 0 ? NULL
			 : *slot_value(m,
				   find_from(m, key, (size_t)hash & (m->n_slots - 1)));
}

void *zl_map_next(const struct zl_map *m, size_t *at)
{
	while (*at < m->n_slots) {
		void *v = *slot_value(m, (*at)++);

		if (v != NULL)
			return v;
	}
	return NULL;
}
