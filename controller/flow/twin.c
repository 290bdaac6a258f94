/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the records of one flow counts. */
#include "controller/flow/twin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/map.h"
#include "controller/flow/correlate.h"

/* Longer than exporters hold back a flow. */
#define SILENT_US (1800 * (uint64_t)ZL_US_PER_S)

struct place {
	struct zl_addr exporter;
	uint32_t interface;
	uint8_t direction, pad[3];
};

struct told {
	uint64_t flow, place; /* hashes; flow 0: free */
	struct zl_mono seen;
	unsigned rank;
};

struct zl_twins {
	uint64_t seed[2];
	size_t mask;
	struct told *table;
};

int zl_twins_new(size_t n, struct zl_twins **ret)
{
	struct zl_twins *t;

	if (n == 0 || (n & (n - 1)) != 0)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->table = calloc(n, sizeof(*t->table));
	if (t == NULL || t->table == NULL) {
		zl_twins_free(t);
		return -ENOMEM;
	}
	t->mask = n - 1;
	(void)!getrandom(t->seed, sizeof(t->seed), GRND_NONBLOCK);
	*ret = t;
	return 0;
}

void zl_twins_free(struct zl_twins *t)
{
	if (t == NULL)
		return;
	free(t->table);
	free(t);
}

static bool is_egress(const struct zl_flow *f)
{
	return (f->present & ZL_FLOW_DIRECTION) != 0 && f->direction == 1;
}

unsigned zl_twin_rank(const struct zl_flow *flow, enum zl_evidence evidence)
{
	return 2 * (unsigned)evidence + !is_egress(flow);
}

static struct place place_of(const struct zl_flow *f)
{
	struct place p;

	memset(&p, 0, sizeof(p));
	p.exporter = f->exporter;
	p.interface = zl_correlate_interface(f);
	p.direction = is_egress(f);
	return p;
}

bool zl_twin_is_place(const struct zl_flow *a, const struct zl_flow *b)
{
	const struct place x = place_of(a), y = place_of(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static uint64_t hash_flow(
	const struct zl_twins *t, const struct zl_flow *f, uint64_t scope)
{
	struct {
		struct zl_addr src, dst;
		uint64_t scope;
		uint16_t sport, dport, icmp;
		uint8_t proto, pad;
	} key;

	memset(&key, 0, sizeof(key));
	key.src = f->src;
	key.dst = f->dst;
	key.scope = scope;
	key.sport = f->sport;
	key.dport = f->dport;
	key.icmp = f->icmp;
	key.proto = f->proto;
	return zl_hash(t->seed, &key, sizeof(key)) | 1;
}

enum zl_twin zl_twins_note(struct zl_twins *t, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, struct zl_mono now)
{
	const uint64_t hash = hash_flow(t, flow, scope);
	const struct place place = place_of(flow);
	struct told *told = &t->table[(size_t)(hash >> 1) & t->mask];
	struct told is = { .flow = hash,
		.place = zl_hash(t->seed, &place, sizeof(place)),
		.seen = now,
		.rank = zl_twin_rank(flow, evidence) };
	const unsigned tap = 2 * ZL_EVIDENCE_TAP + 1;
	enum zl_twin twin = ZL_TWIN_COUNTS;

	if (told->flow == is.flow && told->place != is.place &&
		zl_mono_since(now, told->seen) < SILENT_US) {
		if (is.rank < told->rank || (is.rank == told->rank && is.rank != tap))
			return ZL_TWIN_COPY;
		if (is.rank > told->rank)
			twin = ZL_TWIN_BETTER;
	}
	*told = is;
	return twin;
}
