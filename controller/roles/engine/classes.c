/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The class of an endpoint: kept per domain until the policy or the domain changes, so
 * that a flow costs one lookup.
 */
#include <string.h>

#include "controller/roles/engine/engine.h"

enum { CLASS_CACHE_MAX = 65536 };

void zl_engine_classes_forget(struct zl_engine *e)
{
	zl_map_done(&e->classes);
	zl_map_init(&e->classes, sizeof(struct zl_uuid), CLASS_CACHE_MAX);
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
	return r < 0 ? 0 : (uint32_t)r;
}

uint32_t zl_engine_classes_of(
	struct zl_engine *e, const struct zl_endpoint *end, const struct zl_addr *addr)
{
	uint32_t by_addr = zl_policy_class_of_addr(e->policy, addr), by_domain = 0;
	const struct zl_index_domain *d;
	uintptr_t kept;
	int both;

	if (end->evidence == ZL_EVIDENCE_NONE)
		return by_addr;
	kept = (uintptr_t)zl_map_find(&e->classes, &end->domain);
	if (kept != 0) {
		by_domain = (uint32_t)(kept - 1);
	} else {
		d = zl_index_find(e->index, NULL, &end->domain);
		if (d != NULL)
			by_domain = zl_engine_classes_of_domain(e, d);
		/* Full: it is worked out again next time. */
		(void)!zl_map_put(&e->classes, &end->domain,
			(void *)(uintptr_t)(by_domain + 1ul));
	}
	if (by_addr == 0)
		return by_domain;
	both = zl_policy_class_of_both(e->policy, by_domain, by_addr);
	return both < 0 ? by_domain : (uint32_t)both;
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
