/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The class of an endpoint: kept per domain until the policy or the domain changes, so
 * that a flow costs one lookup.
 */
#include <string.h>

#include "controller/roles/engine/engine.h"

enum { CLASS_CACHE_MAX = 262144 };

void zl_engine_classes_forget(struct zl_engine *e)
{
	e->epoch++;
	zl_map_done(&e->classes);
	zl_map_init(&e->classes, sizeof(struct zl_uuid), CLASS_CACHE_MAX);
}

void zl_engine_classes_forget_domain(struct zl_engine *e, const struct zl_uuid *domain)
{
	(void)zl_map_remove(&e->classes, domain);
}

static uint32_t unite(struct zl_engine *e, uint32_t a, uint32_t b)
{
	int r = b == 0 ? (int)a : zl_policy_class_of_both(e->policy, a, b);

	return r < 0 ? a : (uint32_t)r;
}

/* Neither what a guest only used nor what it told its neighbours by ARP. */
static bool is_declared(const struct zl_index_addr *a)
{
	return a->source < ZL_ADDR_NEIGHBOUR;
}

static uint32_t add_declared(
	struct zl_engine *e, const struct zl_index_domain *d, uint32_t class_)
{
	for (unsigned i = 0; i < d->n_nics; i++)
		for (unsigned k = 0; k < d->nics[i]->n_addrs; k++)
			if (is_declared(&d->nics[i]->addrs[k]))
				class_ = unite(e, class_,
					zl_policy_class_of_addr(
						e->policy, &d->nics[i]->addrs[k].addr));
	return class_;
}

static bool has_declared(const struct zl_index_domain *d, bool is_v4)
{
	for (unsigned i = 0; i < d->n_nics; i++)
		for (unsigned k = 0; k < d->nics[i]->n_addrs; k++)
			if (is_declared(&d->nics[i]->addrs[k]) &&
				zl_addr_is_v4(&d->nics[i]->addrs[k].addr) == is_v4)
				return true;
	return false;
}

uint32_t zl_engine_classes_of_domain(
	struct zl_engine *e, const struct zl_index_domain *d)
{
	const char *zones[ZL_DOMAIN_ZONES_MAX];
	const char *networks[ZL_DOMAIN_NICS_MAX], *bridges[ZL_DOMAIN_NICS_MAX];
	struct zl_subject s = { .name = d->name,
		.uuid = d->uuid,
		.zones = zones,
		.networks = networks,
		.bridges = bridges };
	int r;

	for (; s.n_zones < d->n_zones; s.n_zones++)
		zones[s.n_zones] = d->zones[s.n_zones];
	for (unsigned i = 0; i < d->n_nics; i++) {
		if (d->nics[i]->nic.network[0] != '\0')
			networks[s.n_networks++] = d->nics[i]->nic.network;
		if (d->nics[i]->nic.bridge[0] != '\0')
			bridges[s.n_bridges++] = d->nics[i]->nic.bridge;
	}
	r = zl_policy_class_of_domain(e->policy, &s);
	return add_declared(e, d, r < 0 ? 0 : (uint32_t)r);
}

static uint32_t get_class(struct zl_engine *e, const struct zl_uuid *domain)
{
	uintptr_t kept = (uintptr_t)zl_map_find(&e->classes, domain);
	const struct zl_index_domain *d;
	uint32_t class_;

	if (kept != 0)
		return (uint32_t)(kept - 1);
	d = zl_index_find(e->index, NULL, domain);
	class_ = d == NULL ? 0 : zl_engine_classes_of_domain(e, d);
	/* Full: it is worked out again next time. */
	(void)!zl_map_put(&e->classes, domain, (void *)(uintptr_t)(class_ + 1ul));
	return class_;
}

struct zl_engine_class zl_engine_classes_of(
	struct zl_engine *e, const struct zl_endpoint *end, const struct zl_addr *addr)
{
	uint32_t by_addr = zl_policy_class_of_addr(e->policy, addr);
	struct zl_engine_class c = { by_addr, by_addr, false };
	const struct zl_index_domain *d;

	if (end->evidence == ZL_EVIDENCE_NONE)
		return c;
	c.sure = get_class(e, &end->domain);
	c.claimed = unite(e, c.sure, by_addr);
	if (c.sure == 0 && c.claimed != 0) {
		d = zl_index_find(e->index, NULL, &end->domain);
		c.is_open = d == NULL || !has_declared(d, zl_addr_is_v4(addr));
	}
	return c;
}

bool zl_engine_classes_is_in(
	struct zl_engine *e, const struct zl_index_domain *d, const char *zone)
{
	const char *zones[ZL_POLICY_ZONES_MAX];
	size_t n = zl_policy_class_zones(e->policy, zl_engine_classes_of_domain(e, d),
		zones, ZL_POLICY_ZONES_MAX);

	for (size_t i = 0; i < n && i < ZL_POLICY_ZONES_MAX; i++)
		if (strcmp(zones[i], zone) == 0)
			return true;
	return false;
}
