/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash map from fixed-size keys to pointers, with an optional hard size.
 *
 *	struct zl_map by_uuid = { 0 };
 *	r = zl_map_init(&by_uuid, sizeof(struct zl_uuid), 1000);
 *	r = zl_map_put(&by_uuid, &d->uuid, d);
 *	d = zl_map_find(&by_uuid, &uuid);
 *	for (size_t i = 0; (d = zl_map_next(&by_uuid, &i)) != NULL;) ...
 *
 * Keys are compared byte by byte and copied in, so padding in them must be zero.
 * Values are borrowed.  The hash is keyed with random bytes (SipHash-1-3), so an
 * outsider who chooses keys cannot make them collide.  Open addressing, linear
 * probing, deletion by shifting back; iteration order means nothing, and the map must
 * not change during it.
 */
#ifndef ZL_BASE_MAP_H
#define ZL_BASE_MAP_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct zl_map {
	/* n_slots times the value (a pointer; NULL: the slot is free) and its key, side
	 * by side, so that a search touches one place. */
	uint8_t *slots;
	size_t stride;
	size_t n_slots; /* a power of two, or 0 */
	size_t n;
	size_t key_size;
	size_t most; /* 0: no limit */
	uint64_t seed[2];
};

void zl_map_init(struct zl_map *m, size_t key_size, size_t most);
void zl_map_done(struct zl_map *m); /* frees the slots, never the values */

/* Set key -> value (not NULL).  -ENOBUFS when `most` is reached, -ENOMEM. */
int zl_map_put(struct zl_map *m, const void *key, void *value) ZL_CHECKED;
void *zl_map_find(const struct zl_map *m, const void *key);
void *zl_map_remove(struct zl_map *m, const void *key); /* the old value or NULL */

/*
 * In steps, for who has many keys to look up, or one several times: zl_map_hash() is
 * good as long as the map is, zl_map_fetch() has the place fetched into the cache and
 * does not wait, zl_map_find_hashed() is otherwise zl_map_find().
 */
uint64_t zl_map_hash(const struct zl_map *m, const void *key);
void zl_map_fetch(const struct zl_map *m, uint64_t hash);
void *zl_map_find_hashed(const struct zl_map *m, const void *key, uint64_t hash);

/* The next value at or after slot *at, or NULL; start with *at = 0. */
void *zl_map_next(const struct zl_map *m, size_t *at);

/* SipHash-1-3 of `n` bytes (Aumasson, Bernstein: "SipHash", 2012). */
uint64_t zl_hash(const uint64_t seed[static 2], const void *bytes, size_t n);

/*
 * The same with a result of 128 bits.  While the seed is a secret nobody finds two inputs
 * with one result, so it may stand for what it was made of.
 */
struct zl_digest {
	uint64_t a, b;
};
struct zl_digest zl_hash_wide(
	const uint64_t seed[static 2], const void *bytes, size_t n);

#endif
