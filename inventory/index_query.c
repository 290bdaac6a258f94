/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: questions. */
#include <errno.h>
#include <string.h>

#include "inventory/index_priv.h"

static bool is_active(const struct zl_index_domain *d)
{
	return d->state != ZL_DOMAIN_SHUTOFF;
}

/* Running before paused before shut off. */
static unsigned state_rank(enum zl_domain_state s)
{
	return s == ZL_DOMAIN_RUNNING ? 0 : s == ZL_DOMAIN_PAUSED ? 1 : 2;
}

/* Which of two records to take: the one that runs, or else always the same one. */
static bool is_better(const struct zl_index_domain *a, const struct zl_index_domain *b)
{
	unsigned x = state_rank(a->state), y = state_rank(b->state);
	int hosts = strcmp(a->host->name, b->host->name);

	if (x != y)
		return x < y;
	return hosts != 0 ? hosts < 0 : memcmp(&a->uuid, &b->uuid, sizeof(a->uuid)) < 0;
}

/* --- taps --- */

const struct zl_index_nic *zl_index_find_tap(
	const struct zl_index *ix, uint32_t host_id, const struct zl_index_link *link)
{
	struct zl_index_name_key name = { .host = host_id };
	struct zl_index_node *n;

	(void)snprintf(name.name, sizeof(name.name), "%s", link->name);
	for (n = zl_map_find(&ix->by_tap, &name); n != NULL; n = n->next) {
		const struct zl_index_nic_rec *nic =
			zl_index_of(struct zl_index_nic_rec, by_tap, n);

		if (is_active(&nic->domain->pub) &&
			zl_mac_is_tap_of(&link->mac, &nic->pub.nic.mac))
			return &nic->pub;
	}
	return NULL;
}

const struct zl_index_nic *zl_index_tap(
	const struct zl_index *ix, const char *host, uint32_t ifindex)
{
	const struct zl_index_host_rec *h = zl_index_get_host(ix, host, NULL);
	struct zl_index_fetch f = { .ifindex = ifindex };
	struct zl_index_link_key key = { .ifindex = ifindex };

	if (h == NULL)
		return NULL;
	key.host = f.host_id = h->id;
	f.link_hash = zl_map_hash(&ix->links, &key);
	return zl_index_tap_fetched(ix, &f);
}

const struct zl_index_nic *zl_index_tap_fetched(
	const struct zl_index *ix, const struct zl_index_fetch *f)
{
	struct zl_index_link_key key = { .host = f->host_id, .ifindex = f->ifindex };
	struct zl_index_link_rec *l;

	if (f->host_id == 0 || f->ifindex == 0)
		return NULL;
	l = zl_map_find_hashed(&ix->links, &key, f->link_hash);
	if (l == NULL)
		return NULL;
	if (l->version != ix->version) {
		l->tap = zl_index_find_tap(ix, f->host_id, &l->pub);
		l->version = ix->version;
	}
	return l->tap;
}

const struct zl_index_link *zl_index_link(
	const struct zl_index *ix, const char *host, uint32_t ifindex)
{
	const struct zl_index_host_rec *h = zl_index_get_host(ix, host, NULL);
	struct zl_index_link_key key = { .ifindex = ifindex };
	const struct zl_index_link_rec *l;

	if (h == NULL || ifindex == 0)
		return NULL;
	key.host = h->id;
	l = zl_map_find(&ix->links, &key);
	return l == NULL ? NULL : &l->pub;
}

const struct zl_index_link *zl_index_link_named(
	const struct zl_index *ix, const char *host, const char *name)
{
	const struct zl_index_host_rec *h = zl_index_get_host(ix, host, NULL);
	struct zl_index_name_key key = { 0 };
	struct zl_index_node *n;

	if (h == NULL)
		return NULL;
	key.host = h->id;
	(void)snprintf(key.name, sizeof(key.name), "%s", name);
	n = zl_map_find(&ix->links_by_name, &key);
	return n == NULL ? NULL
			 : &zl_index_of(struct zl_index_link_rec, by_name, n)->pub;
}

const struct zl_index_link *zl_index_nic_link(
	const struct zl_index *ix, const struct zl_index_nic *nic)
{
	const struct zl_index_host_rec *h = zl_index_of(
		struct zl_index_host_rec, pub, (uintptr_t)nic->domain->host);
	struct zl_index_name_key key = { .host = h->id };
	struct zl_index_node *n;

	if (nic->nic.tap[0] == '\0' || !is_active(nic->domain))
		return NULL;
	(void)snprintf(key.name, sizeof(key.name), "%s", nic->nic.tap);
	for (n = zl_map_find(&ix->links_by_name, &key); n != NULL; n = n->next) {
		const struct zl_index_link_rec *l =
			zl_index_of(struct zl_index_link_rec, by_name, n);

		if (zl_mac_is_tap_of(&l->pub.mac, &nic->nic.mac))
			return &l->pub;
	}
	return NULL;
}

/* --- MACs and addresses --- */

size_t zl_index_mac(const struct zl_index *ix, const char *host,
	const struct zl_mac *mac, const struct zl_index_nic **ret, size_t most)
{
	struct zl_index_node *first = zl_map_find(&ix->by_mac, mac), *n;
	size_t found = 0;

	for (unsigned pass = 0; pass < 2; pass++)
		for (n = first; n != NULL; n = n->next) {
			const struct zl_index_nic_rec *nic =
				zl_index_of(struct zl_index_nic_rec, by_mac, n);

			if (is_active(&nic->domain->pub) != (pass == 0))
				continue;
			if (host != NULL &&
				strcmp(nic->domain->host->pub.name, host) != 0)
				continue;
			if (found < most)
				ret[found] = &nic->pub;
			found++;
		}
	return found;
}

/* How good a claim is, smaller is better; see zl_index_addr() in the header. */
static unsigned weigh(
	const struct zl_index_nic *nic, enum zl_addr_source source, const char *host)
{
	bool local = host != NULL && strcmp(nic->domain->host->name, host) == 0;
	bool foreign = host != NULL && !local && strncmp(nic->scope, "bridge:", 7) != 0;

	return (foreign ? 1000 : 0) + zl_index_rank(source) * 100 +
	       state_rank(nic->domain->state) * 10 + (local ? 0 : 1);
}

struct zl_index_owner zl_index_addr(const struct zl_index *ix, const char *host,
	const char *scope, const struct zl_addr *addr)
{
	return zl_index_addr_hashed(ix, host,
		scope == NULL ? 0 : zl_index_scope_nr(scope), addr,
		zl_map_hash(&ix->by_addr, addr));
}

static struct zl_index_owner find_owner(const struct zl_index *ix, const char *host,
	uint64_t scope_nr, uint16_t vlan, const struct zl_addr *addr, uint64_t hash)
{
	struct zl_index_node *n = zl_map_find_hashed(&ix->by_addr, addr, hash);
	struct zl_index_owner best = { .unknown = n == NULL };
	unsigned best_weight = 0;

	for (; n != NULL; n = n->next) {
		const struct zl_index_owner_rec *o =
			zl_index_of(struct zl_index_owner_rec, node, n);
		const struct zl_index_nic *nic = &o->nic->pub;
		enum zl_addr_source source = o->source;
		unsigned weight;

		if (scope_nr != 0 && nic->scope_nr != scope_nr)
			continue;
		if (vlan != 0 && nic->nic.vlan != 0 && nic->nic.vlan != vlan)
			continue;
		/* The only one need not be compared. */
		if (best.nic == NULL && n->next == NULL)
			return (struct zl_index_owner){ .nic = nic, .source = source };
		weight = weigh(nic, source, host);
		if (best.nic != NULL && weight == best_weight) {
			best.ambiguous |= !zl_uuid_eq(
				&nic->domain->uuid, &best.nic->domain->uuid);
			/* Of equals, one that does not depend on the order. */
			if (is_better(nic->domain, best.nic->domain))
				best.nic = nic;
		} else if (best.nic == NULL || weight < best_weight) {
			best = (struct zl_index_owner){ .nic = nic, .source = source };
			best_weight = weight;
		}
	}
	return best;
}

struct zl_index_owner zl_index_addr_hashed(const struct zl_index *ix, const char *host,
	uint64_t scope_nr, const struct zl_addr *addr, uint64_t hash)
{
	return find_owner(ix, host, scope_nr, 0, addr, hash);
}

struct zl_index_owner zl_index_addr_in_vlan(const struct zl_index *ix, const char *host,
	uint16_t vlan, const struct zl_addr *addr, uint64_t hash)
{
	return find_owner(ix, host, 0, vlan, addr, hash);
}

bool zl_index_is_sole_owner(const struct zl_index_nic *nic, const struct zl_addr *addr)
{
	const struct zl_index_nic_rec *rec =
		zl_index_of(const struct zl_index_nic_rec, pub, (uintptr_t)nic);

	for (unsigned i = 0; i < nic->n_addrs; i++)
		if (zl_addr_eq(&nic->addrs[i].addr, addr))
			return rec->owners[i].node.next == NULL &&
			       rec->owners[i].node.prev == NULL;
	return false;
}

/* --- domains and hosts --- */

size_t zl_index_find_all(const struct zl_index *ix, const struct zl_uuid *uuid,
	const struct zl_index_domain **ret, size_t most)
{
	struct zl_index_node *n = zl_map_find(&ix->by_uuid, uuid);
	size_t found = 0;

	for (; n != NULL; n = n->next) {
		if (found < most)
			ret[found] =
				&zl_index_of(struct zl_index_domain_rec, by_uuid, n)
					 ->pub;
		found++;
	}
	return found;
}

const struct zl_index_domain *zl_index_find(
	const struct zl_index *ix, const char *host, const struct zl_uuid *uuid)
{
	struct zl_index_node *n = zl_map_find(&ix->by_uuid, uuid);
	const struct zl_index_domain *best = NULL;

	for (; n != NULL; n = n->next) {
		const struct zl_index_domain *d =
			&zl_index_of(struct zl_index_domain_rec, by_uuid, n)->pub;

		if (host != NULL && strcmp(d->host->name, host) != 0)
			continue;
		if (best == NULL || is_better(d, best))
			best = d;
	}
	return best;
}

static int find_by_name(const struct zl_index *ix, const char *host, size_t n_host,
	const char *name, const struct zl_index_domain **ret, struct zl_error *reterr)
{
	const struct zl_index_domain *best = NULL, *other = NULL;
	char key[ZL_NAME_MAX] = { 0 };
	struct zl_index_node *n;

	if (snprintf(key, sizeof(key), "%s", name) >= (int)sizeof(key))
		return -ENOENT;
	for (n = zl_map_find(&ix->by_name, key); n != NULL; n = n->next) {
		const struct zl_index_domain *d =
			&zl_index_of(struct zl_index_domain_rec, by_name, n)->pub;

		if (host != NULL && (strncmp(d->host->name, host, n_host) != 0 ||
					    d->host->name[n_host] != '\0'))
			continue;
		if (best != NULL && !zl_uuid_eq(&best->uuid, &d->uuid))
			other = d;
		else if (best == NULL || is_better(d, best))
			best = d;
	}
	if (best == NULL)
		return -ENOENT;
	if (other != NULL)
		return zl_fail_id(reterr, -ENOTUNIQ, "inventory.domain.ambiguous",
			"name it as HOST/NAME or by its uuid",
			"several domains are called '%s', on hosts %s and %s", name,
			best->host->name, other->host->name);
	*ret = best;
	return 0;
}

int zl_index_domain(const struct zl_index *ix, const char *text,
	const struct zl_index_domain **ret, struct zl_error *reterr)
{
	const char *slash = strchr(text, '/');
	const struct zl_index_domain *found = NULL;
	struct zl_uuid uuid;
	int r;

	if (zl_uuid_parse(text, &uuid))
		found = zl_index_find(ix, NULL, &uuid);
	if (found != NULL) {
		*ret = found;
		return 0;
	}
	r = find_by_name(ix, NULL, 0, text, ret, reterr);
	if (r == -ENOENT && slash != NULL)
		r = find_by_name(
			ix, text, (size_t)(slash - text), slash + 1, ret, reterr);
	if (r == -ENOENT)
		return zl_fail_id(reterr, r, "inventory.domain.unknown",
			"`zonelock domain-list` shows all", "no domain '%s' is known",
			text);
	return r;
}

const struct zl_index_host *zl_index_host(const struct zl_index *ix, const char *host)
{
	const struct zl_index_host_rec *h = zl_index_get_host(ix, host, NULL);

	return h == NULL ? NULL : &h->pub;
}

const struct zl_index_domain *zl_index_next(const struct zl_index *ix, size_t *at)
{
	const struct zl_index_domain_rec *d = zl_map_next(&ix->domains, at);

	return d == NULL ? NULL : &d->pub;
}
