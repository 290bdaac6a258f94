/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of settled records. */
#include "controller/roles/engine/settled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bulk.h"

enum { WAYS = 16, LINE = 64 };

_Static_assert(sizeof(struct zl_settled) == LINE, "an entry is one cache line");

/* The tags of a set stand together: mostly they say which one it is, or that none is. */
struct tags {
	uint16_t of[WAYS]; /* 0: free */
};

struct zl_settled_table {
	uint64_t seed[2];
	size_t mask, n; /* n: places that have been in use */
	struct zl_bulk bulk[2];
	struct tags *tags;
	struct zl_settled *entries; /* WAYS for each */
};

/* Without holes, for it is hashed. */
struct key {
	struct zl_addr src, dst;
	uint32_t exporter, interface;
	uint16_t sport, dport;
	struct zl_mac src_mac, dst_mac;
	uint16_t vlan;
	uint8_t proto, biflow, unused[4];
};

_Static_assert(sizeof(struct key) == 2 * 16 + 2 * 4 + 2 * 2 + 2 * 6 + 8, "no holes");

int zl_settled_new(size_t n_sets, struct zl_settled_table **ret)
{
	struct zl_settled_table *t;

	if (n_sets == 0 || (n_sets & (n_sets - 1)) != 0)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->mask = n_sets - 1;
	t->bulk[0] = zl_bulk_new(n_sets, sizeof(*t->tags));
	t->bulk[1] = zl_bulk_new(n_sets * WAYS, sizeof(*t->entries));
	t->tags = t->bulk[0].at;
	t->entries = t->bulk[1].at;
	/* Without a secret the digest is no substitute for the key. */
	if (t->tags == NULL || t->entries == NULL ||
		getrandom(t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
		zl_settled_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void zl_settled_free(struct zl_settled_table *t)
{
	if (t == NULL)
		return;
	zl_bulk_free(&t->bulk[0]);
	zl_bulk_free(&t->bulk[1]);
	free(t);
}

void zl_settled_tick(struct zl_settled_table *t)
{
	for (unsigned i = 0; i < 2 && t->n > t->mask; i++)
		zl_bulk_enlarge(&t->bulk[i]);
}

struct zl_digest zl_settled_key(
	const struct zl_settled_table *t, const struct zl_flow *f, uint32_t exporter)
{
	struct key k = { .src = f->src,
		.dst = f->dst,
		.exporter = exporter,
		.interface = zl_correlate_interface(f),
		.sport = f->sport,
		.dport = f->dport,
		.vlan = zl_correlate_vlan(f),
		.proto = f->proto,
		.biflow = (uint8_t)zl_stitch_biflow(f) };

	if ((f->present & ZL_FLOW_SRC_MAC) != 0)
		k.src_mac = f->src_mac;
	if ((f->present & ZL_FLOW_DST_MAC) != 0)
		k.dst_mac = f->dst_mac;
	return zl_hash_wide(t->seed, &k, sizeof(k));
}

static uint16_t tag_of(const struct zl_digest *key)
{
	return (uint16_t)(key->a >> 48) | 1;
}

static size_t set_of(const struct zl_settled_table *t, const struct zl_digest *key)
{
	return (size_t)key->a & t->mask;
}

void zl_settled_fetch(
	const struct zl_settled_table *t, const struct zl_digest *key, unsigned step)
{
	const struct tags *tags = &t->tags[set_of(t, key)];

	if (step == 0) {
		__builtin_prefetch(tags);
		return;
	}
	for (unsigned i = 0; i < WAYS; i++)
		if (tags->of[i] == tag_of(key))
			__builtin_prefetch(&t->entries[set_of(t, key) * WAYS + i]);
}

const struct zl_settled *zl_settled_find(
	const struct zl_settled_table *t, const struct zl_digest *key)
{
	const struct tags *tags = &t->tags[set_of(t, key)];
	const struct zl_settled *set = &t->entries[set_of(t, key) * WAYS];

	for (unsigned i = 0; i < WAYS; i++)
		if (tags->of[i] == tag_of(key) && set[i].key.a == key->a &&
			set[i].key.b == key->b)
			return &set[i];
	return NULL;
}

static bool is_older(const struct zl_settled *a, const struct zl_settled *b)
{
	return (int16_t)(uint16_t)(a->looked - b->looked) < 0;
}

void zl_settled_put(struct zl_settled_table *t, const struct zl_settled *entry)
{
	struct tags *tags = &t->tags[set_of(t, &entry->key)];
	struct zl_settled *set = &t->entries[set_of(t, &entry->key) * WAYS];
	const struct zl_settled *same = zl_settled_find(t, &entry->key);
	unsigned at = same == NULL ? 0 : (unsigned)(same - set);

	for (unsigned i = 1; same == NULL && i < WAYS && tags->of[at] != 0; i++)
		if (tags->of[i] == 0 || is_older(&set[i], &set[at]))
			at = i;
	t->n += tags->of[at] == 0;
	tags->of[at] = tag_of(&entry->key);
	set[at] = *entry;
}

bool zl_settled_is_fresh(const struct zl_settled *s, struct zl_wall now)
{
	uint16_t second = (uint16_t)(now.us / ZL_US_PER_S);

	return (uint16_t)(second - s->looked) < ZL_SETTLED_FOR_S;
}

bool zl_settled_is_of_now(const struct zl_settled *s, const struct zl_index_when *when)
{
	return when->start.us >= (int64_t)s->since * ZL_US_PER_S;
}

void zl_settled_set_time(
	struct zl_settled *s, const struct zl_settled *before, struct zl_wall now)
{
	uint32_t second = (uint32_t)(now.us / ZL_US_PER_S);

	s->looked = (uint16_t)second;
	/* What changed in this second, before now, must be before it too. */
	s->since =
		before != NULL && before->news == s->news ? before->since : second + 1;
}

struct zl_stitch_settled zl_settled_stitched(const struct zl_settled *s)
{
	return (struct zl_stitch_settled){ .place = s->place,
		.changes = s->changes,
		.first_ms = (int64_t)s->begins_hi << 32 | s->begins_lo,
		.asks_offers = s->asks_offers,
		.src_offers = s->src_offers,
		.dst_offers = s->dst_offers };
}

/* 48 bits of milliseconds are more than any record has. */
void zl_settled_set_stitched(
	struct zl_settled *s, const struct zl_stitch_settled *stitched)
{
	const int64_t most = (INT64_C(1) << 48) - 1;
	int64_t begins = stitched->first_ms < most ? stitched->first_ms : most;

	s->place = stitched->place;
	s->changes = stitched->changes;
	s->begins_hi = (uint16_t)(begins >> 32);
	s->begins_lo = (uint32_t)begins;
	s->asks_offers = stitched->asks_offers;
	s->src_offers = stitched->src_offers;
	s->dst_offers = stitched->dst_offers;
}
