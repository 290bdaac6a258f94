/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables: which conversations there are, and who offers what. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "controller/flow/stitch_priv.h"

enum { LINE = 64 };

int zl_stitch_new(size_t n_buckets, struct zl_stitch **ret)
{
	struct zl_stitch *s;

	if (n_buckets == 0 || (n_buckets & (n_buckets - 1)) != 0)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->mask = n_buckets - 1;
	s->bulk[0] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->table));
	s->bulk[1] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->pulses));
	s->bulk[2] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->tags));
	s->bulk[3] = zl_bulk_new(n_buckets * ZL_STITCH_OFFERS, sizeof(*s->offers));
	s->table = s->bulk[0].at;
	s->pulses = s->bulk[1].at;
	s->tags = s->bulk[2].at;
	s->offers = s->bulk[3].at;
	if (s->table == NULL || s->pulses == NULL || s->tags == NULL ||
		s->offers == NULL) {
		zl_stitch_free(s);
		return -ENOMEM;
	}
	(void)!getrandom(s->seed, sizeof(s->seed), GRND_NONBLOCK);
	*ret = s;
	return 0;
}

void zl_stitch_free(struct zl_stitch *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < N_ITEMS(s->bulk); i++)
		zl_bulk_free(&s->bulk[i]);
	free(s);
}

/* In use everywhere, when there is one in each small page. */
void zl_stitch_tick(struct zl_stitch *s)
{
	for (unsigned i = 0; i < N_ITEMS(s->bulk) && s->n > s->mask; i++)
		zl_bulk_enlarge(&s->bulk[i]);
}

/* The side (0, 1) that the record's source is. */
unsigned zl_stitch_side_of(const struct zl_flow *f)
{
	int order = memcmp(f->src.b, f->dst.b, sizeof(f->src.b));

	return order > 0 || (order == 0 && f->sport > f->dport);
}

/* Fill the key; returns the side of the source. */
unsigned zl_stitch_make_key(
	const struct zl_flow *f, uint64_t scope, struct zl_stitch_key *ret)
{
	unsigned side = zl_stitch_side_of(f);

	memset(ret, 0, sizeof(*ret));
	ret->lo = side == 0 ? f->src : f->dst;
	ret->hi = side == 0 ? f->dst : f->src;
	ret->lo_port = side == 0 ? f->sport : f->dport;
	ret->hi_port = side == 0 ? f->dport : f->sport;
	ret->scope = scope;
	ret->proto = f->proto;
	/* One ping is one conversation, whatever its type and code are. */
	if (f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6)
		ret->lo_port = ret->hi_port = 0;
	return side;
}

static uint64_t hash_key(const struct zl_stitch *s, const struct zl_stitch_key *key)
{
	return zl_hash(s->seed, key, sizeof(*key));
}

/* The rest of the hash, never 0: a place with another tag need not be looked at. */
static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static struct zl_stitch_conversation *find_hashed(
	const struct zl_stitch *s, const struct zl_stitch_key *key, uint64_t hash)
{
	size_t first = ((size_t)hash & s->mask) * ZL_STITCH_WAYS;

	for (unsigned i = 0; i < ZL_STITCH_WAYS; i++)
		if (s->tags[first + i] == tag_of(hash) &&
			memcmp(&s->table[first + i].key, key, sizeof(*key)) == 0)
			return &s->table[first + i];
	return NULL;
}

struct zl_stitch_conversation *zl_stitch_find(
	const struct zl_stitch *s, const struct zl_stitch_key *key)
{
	return find_hashed(s, key, hash_key(s, key));
}

/* A free place, or that of the longest unseen. */
static size_t make_room(const struct zl_stitch *s, size_t first)
{
	size_t oldest = first;

	for (size_t i = first; i < first + ZL_STITCH_WAYS; i++) {
		if (s->tags[i] == 0)
			return i;
		if ((int32_t)(s->pulses[i].seen_ms - s->pulses[oldest].seen_ms) < 0)
			oldest = i;
	}
	return oldest;
}

struct zl_stitch_pulse *zl_stitch_pulse_of(
	const struct zl_stitch *s, const struct zl_stitch_conversation *c)
{
	return &s->pulses[c - s->table];
}

uint32_t zl_stitch_ms_of(struct zl_mono now)
{
	return (uint32_t)(now.us / (uint64_t)ZL_US_PER_MS);
}

struct zl_stitch_conversation *zl_stitch_get(
	struct zl_stitch *s, const struct zl_stitch_key *key, struct zl_mono now)
{
	uint64_t hash = hash_key(s, key);
	struct zl_stitch_conversation *c = find_hashed(s, key, hash);
	size_t at;

	if (c == NULL) {
		at = make_room(s, ((size_t)hash & s->mask) * ZL_STITCH_WAYS);
		s->n += s->tags[at] == 0;
		s->tags[at] = tag_of(hash);
		c = &s->table[at];
		memset(c, 0, sizeof(*c));
		c->key = *key;
		s->pulses[at].number[0] = s->pulses[at].number[1] = 0;
		s->pulses[at].scope = key->scope;
		s->pulses[at].changes++;
	}
	zl_stitch_pulse_of(s, c)->seen_ms = zl_stitch_ms_of(now);
	return c;
}

struct zl_stitch_offer zl_stitch_make_offer(
	const struct zl_addr *addr, uint16_t port, uint8_t proto, uint64_t scope)
{
	struct zl_stitch_offer o;

	memset(&o, 0, sizeof(o));
	o.addr = *addr;
	o.scope = scope;
	o.port = port;
	o.proto = proto;
	o.used = 1;
	return o;
}

struct zl_stitch_offer *zl_stitch_offer_slot(
	const struct zl_stitch *s, const struct zl_stitch_offer *o)
{
	return &s->offers[(size_t)zl_hash(s->seed, o, sizeof(*o)) &
			  ((s->mask + 1) * ZL_STITCH_OFFERS - 1)];
}

bool zl_stitch_is_offered(const struct zl_stitch *s, const struct zl_addr *addr,
	uint16_t port, uint8_t proto, uint64_t scope)
{
	struct zl_stitch_offer o = zl_stitch_make_offer(addr, port, proto, scope);

	return memcmp(zl_stitch_offer_slot(s, &o), &o, sizeof(o)) == 0;
}

void zl_stitch_fetch(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, unsigned step, uint64_t *hash)
{
	const struct zl_stitch_conversation *c;
	struct zl_stitch_offer src, dst;
	struct zl_stitch_key key;

	if (step == 0) {
		(void)zl_stitch_make_key(flow, scope, &key);
		*hash = hash_key(s, &key);
		__builtin_prefetch(
			&s->tags[((size_t)*hash & s->mask) * ZL_STITCH_WAYS]);
		src = zl_stitch_make_offer(&flow->src, flow->sport, flow->proto, scope);
		dst = zl_stitch_make_offer(&flow->dst, flow->dport, flow->proto, scope);
		__builtin_prefetch(zl_stitch_offer_slot(s, &src));
		__builtin_prefetch(zl_stitch_offer_slot(s, &dst));
		return;
	}
	for (size_t i = ((size_t)*hash & s->mask) * ZL_STITCH_WAYS,
		    end = i + ZL_STITCH_WAYS;
		i < end; i++) {
		if (s->tags[i] != 0 && s->tags[i] != tag_of(*hash))
			continue;
		c = &s->table[i];
		__builtin_prefetch(c, 1);
		__builtin_prefetch((const char *)c + LINE, 1);
		__builtin_prefetch((const char *)(c + 1) - 1, 1);
		__builtin_prefetch(zl_stitch_pulse_of(s, c), 1);
		return;
	}
}
