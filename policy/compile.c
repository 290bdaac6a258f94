/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones and locks into a policy, and endpoints into classes. */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compiled.h"

enum { VERDICT_BITS = 17 }; /* 256 Ki verdicts, 4 MiB */

static int compare_zones(const void *a, const void *b)
{
	const struct zl_zone *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int compare_lock_names(const void *a, const void *b)
{
	const struct zl_lock *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The order in which locks are asked, so that the first denial is the one to name. */
static int compare_locks(const void *a, const void *b)
{
	const struct zl_compiled_lock *x = a, *y = b;

	if (x->lock->mode != y->lock->mode)
		return x->lock->mode == ZL_LOCK_ENFORCE ? -1 : 1;
	return strcmp(x->lock->name, y->lock->name);
}

static int compare_name(const void *name, const void *zone)
{
	const struct zl_zone *const *z = zone;

	return strcmp(name, (*z)->name);
}

/* A zone's index among the sorted, or ZL_PEER_ANY. */
static uint32_t find_zone(
	const struct zl_zone *const *sorted, size_t n_zones, const char *name)
{
	const struct zl_zone *const *z;

	if (n_zones == 0)
		return ZL_PEER_ANY;
	z = bsearch(name, sorted, n_zones, sizeof(*sorted), compare_name);
	return z == NULL ? ZL_PEER_ANY : (uint32_t)(z - sorted);
}

static int unknown_zone(
	struct zl_error *reterr, const struct zl_lock *l, long line, const char *zone)
{
	char hint[128];

	(void)snprintf(hint, sizeof(hint), "define zone '%s' first", zone);
	(void)zl_fail_id(reterr, -ENOENT, "policy.zone.unknown", hint,
		"lock '%s' line %ld: unknown zone '%s'", l->name, line, zone);
	zl_error_where(reterr, "%s:%ld", l->name, line);
	return -ENOENT;
}

static int check_lock(const struct zl_zone *const *sorted, size_t n_zones,
	const struct zl_lock *l, struct zl_error *reterr)
{
	if (find_zone(sorted, n_zones, l->zone) == ZL_PEER_ANY)
		return unknown_zone(reterr, l, l->zone_line, l->zone);
	for (int d = 0; d < ZL_DIRECTION_N; d++)
		for (size_t i = 0; i < l->side[d].n; i++) {
			const struct zl_rule *rule = &l->side[d].rules[i];

			if (rule->peer[0] == '\0' || strcmp(rule->peer, "any") == 0)
				continue;
			if (find_zone(sorted, n_zones, rule->peer) == ZL_PEER_ANY)
				return unknown_zone(reterr, l, rule->line, rule->peer);
		}
	return 0;
}

static int check_names(const struct zl_zone *const *zones, size_t n_zones,
	const struct zl_lock *const *locks, size_t n_locks, struct zl_error *reterr)
{
	for (size_t i = 1; i < n_zones; i++)
		if (strcmp(zones[i - 1]->name, zones[i]->name) == 0)
			return zl_fail(reterr, -EEXIST,
				"policy: two zones are called '%s'", zones[i]->name);
	for (size_t i = 1; i < n_locks; i++)
		if (strcmp(locks[i - 1]->name, locks[i]->name) == 0)
			return zl_fail(reterr, -EEXIST,
				"policy: two locks are called '%s'", locks[i]->name);
	return 0;
}

/* A sorted copy of an array of pointers; an empty one is not NULL. */
static void *sorted_copy(
	const void *of, size_t n, int (*compare)(const void *, const void *))
{
	void **copy = calloc(n + 1, sizeof(*copy));

	if (copy == NULL || n == 0)
		return copy;
	memcpy(copy, of, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), compare);
	return copy;
}

int zl_policy_check(const struct zl_zone *const *zones, size_t n_zones,
	const struct zl_lock *const *locks, size_t n_locks, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) const struct zl_zone **by_name = NULL;
	ZL_AUTO(zl_mem) const struct zl_lock **locks_by_name = NULL;
	int r;

	if (n_zones > ZL_POLICY_ZONES_MAX)
		return zl_fail(reterr, -E2BIG, "policy: more than %d zones",
			ZL_POLICY_ZONES_MAX);
	if (n_locks > ZL_POLICY_LOCKS_MAX)
		return zl_fail(reterr, -E2BIG, "policy: more than %d locks",
			ZL_POLICY_LOCKS_MAX);
	by_name = sorted_copy(zones, n_zones, compare_zones);
	locks_by_name = sorted_copy(locks, n_locks, compare_lock_names);
	if (by_name == NULL || locks_by_name == NULL)
		return zl_fail(reterr, -ENOMEM, "policy: out of memory");
	r = check_names(by_name, n_zones, locks_by_name, n_locks, reterr);
	for (size_t i = 0; i < n_locks && r >= 0; i++)
		r = check_lock(by_name, n_zones, locks[i], reterr);
	return r;
}

static int compile_lock(const struct zl_policy *p, struct zl_compiled_lock *c)
{
	const struct zl_lock *l = c->lock;

	c->zone = find_zone(p->zones, p->n_zones, l->zone);
	for (int d = 0; d < ZL_DIRECTION_N; d++) {
		c->peers[d] = calloc(l->side[d].n + 1, sizeof(*c->peers[d]));
		if (c->peers[d] == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < l->side[d].n; i++)
			c->peers[d][i] = find_zone(
				p->zones, p->n_zones, l->side[d].rules[i].peer);
	}
	return 0;
}

static int compile_locks(
	struct zl_policy *p, const struct zl_lock *const *locks, size_t n_locks)
{
	int r = 0;

	p->locks = calloc(n_locks + 1, sizeof(*p->locks));
	if (p->locks == NULL)
		return -ENOMEM;
	p->n_locks = n_locks;
	for (size_t i = 0; i < n_locks && r >= 0; i++) {
		p->locks[i].lock = locks[i];
		r = compile_lock(p, &p->locks[i]);
	}
	if (r >= 0)
		qsort(p->locks, n_locks, sizeof(*p->locks), compare_locks);
	return r;
}

/* One address range of one zone. */
struct range {
	struct zl_prefix prefix;
	uint32_t zone;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	int r = memcmp(x->prefix.addr.b, y->prefix.addr.b, sizeof(x->prefix.addr.b));

	return r != 0 ? r : (int)x->prefix.len - (int)y->prefix.len;
}

static size_t collect_ranges(const struct zl_policy *p, struct range *ret)
{
	size_t n = 0;

	for (size_t z = 0; z < p->n_zones; z++)
		for (size_t i = 0; i < p->zones[z]->n_members; i++) {
			const struct zl_member *m = &p->zones[z]->members[i];

			if (m->type != ZL_MEMBER_CIDR)
				continue;
			if (ret != NULL)
				ret[n] = (struct range){ m->prefix, (uint32_t)z };
			n++;
		}
	return n;
}

/* Every distinct prefix leads to the class of all zones that name exactly it. */
static int compile_addrs(struct zl_policy *p)
{
	size_t n = collect_ranges(p, NULL), i = 0;
	ZL_AUTO(zl_mem) struct range *ranges = calloc(n + 1, sizeof(*ranges));

	if (ranges == NULL)
		return -ENOMEM;
	(void)collect_ranges(p, ranges);
	qsort(ranges, n, sizeof(*ranges), compare_ranges);
	while (i < n) {
		size_t first = i;
		int r;

		memset(p->scratch, 0, p->classes.n_words * sizeof(*p->scratch));
		for (; i < n && compare_ranges(&ranges[first], &ranges[i]) == 0; i++)
			zl_classes_set_add(p->scratch, ranges[i].zone);
		r = zl_classes_intern(&p->classes, p->scratch);
		if (r < 0)
			return r;
		r = zl_lpm_put(&p->addrs, &ranges[first].prefix, (uint32_t)r);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compile(struct zl_policy *p, const struct zl_zone *const *zones,
	size_t n_zones, const struct zl_lock *const *locks, size_t n_locks)
{
	int r;

	p->zones = sorted_copy(zones, n_zones, compare_zones);
	if (p->zones == NULL || !zl_memo_init(&p->verdicts, VERDICT_BITS))
		return -ENOMEM;
	p->n_zones = n_zones;
	r = zl_classes_init(&p->classes, n_zones);
	if (r < 0)
		return r;
	p->scratch = calloc(p->classes.n_words, sizeof(*p->scratch));
	if (p->scratch == NULL)
		return -ENOMEM;
	r = compile_locks(p, locks, n_locks);
	if (r < 0)
		return r;
	return compile_addrs(p);
}

int zl_policy_new(const struct zl_zone *const *zones, size_t n_zones,
	const struct zl_lock *const *locks, size_t n_locks, struct zl_policy **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_policy) struct zl_policy *p = NULL;
	int r = zl_policy_check(zones, n_zones, locks, n_locks, reterr);

	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	r = p == NULL ? -ENOMEM : compile(p, zones, n_zones, locks, n_locks);
	if (r == -ENOBUFS)
		return zl_fail(reterr, r,
			"policy: the zones' address ranges make more than %d "
			"combinations",
			ZL_CLASSES_MAX);
	if (r < 0)
		return zl_fail(reterr, r, "policy: out of memory");
	*ret = zl_take_ptr(p);
	return 0;
}

void zl_policy_free(struct zl_policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_locks; i++)
		for (int d = 0; d < ZL_DIRECTION_N; d++)
			free(p->locks[i].peers[d]);
	free(p->locks);
	free(p->zones);
	free(p->scratch);
	zl_classes_done(&p->classes);
	zl_lpm_done(&p->addrs);
	zl_memo_done(&p->verdicts);
	free(p);
}

static bool is_among(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static bool is_member(const struct zl_member *m, const struct zl_subject *s)
{
	switch (m->type) {
	case ZL_MEMBER_DOMAIN: return s->name != NULL && zl_zone_glob(m->text, s->name);
	case ZL_MEMBER_UUID: return zl_uuid_eq(&m->uuid, &s->uuid);
	case ZL_MEMBER_METADATA: return is_among(m->text, s->zones, s->n_zones);
	case ZL_MEMBER_NETWORK: return is_among(m->text, s->networks, s->n_networks);
	case ZL_MEMBER_BRIDGE: return is_among(m->text, s->bridges, s->n_bridges);
	case ZL_MEMBER_CIDR: return false; /* addresses are zl_policy_class_of_addr() */
	case ZL_MEMBER_N: break;
	}
	return false;
}

int zl_policy_class_of_domain(struct zl_policy *p, const struct zl_subject *s)
{
	memset(p->scratch, 0, p->classes.n_words * sizeof(*p->scratch));
	for (size_t z = 0; z < p->n_zones; z++)
		for (size_t i = 0; i < p->zones[z]->n_members; i++)
			if (is_member(&p->zones[z]->members[i], s)) {
				zl_classes_set_add(p->scratch, z);
				break;
			}
	return zl_classes_intern(&p->classes, p->scratch);
}

int zl_policy_class_of_both(struct zl_policy *p, uint32_t a, uint32_t b)
{
	return zl_classes_union(&p->classes, a, b);
}

uint32_t zl_policy_class_of_addr(const struct zl_policy *p, const struct zl_addr *addr)
{
	uint32_t found = zl_lpm_find(&p->addrs, addr);

	return found == ZL_LPM_NONE ? 0 : found;
}

size_t zl_policy_class_zones(
	const struct zl_policy *p, uint32_t class_, const char **ret, size_t most)
{
	size_t n = 0;

	for (size_t z = 0; z < p->n_zones; z++) {
		if (!zl_classes_has(&p->classes, class_, z))
			continue;
		if (n < most)
			ret[n] = p->zones[z]->name;
		n++;
	}
	return n;
}
