/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: domains of a host come, change and go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/index_priv.h"

/* --- a domain's record --- */

static void free_domain(struct zl_index_domain_rec *d)
{
	if (d == NULL)
		return;
	free(d->nics);
	free(d->nic_list);
	free(d->zones);
	free(d);
}

static uint64_t mix(uint64_t h, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return h;
}

/* FNV-1a, only to tell scopes apart. */
uint64_t zl_index_scope_nr(const char *scope)
{
	return scope[0] == '\0' ? ZL_INDEX_SCOPE_NONE
				: mix(UINT64_C(0xcbf29ce484222325), scope) | 2;
}

/* A bridge is one segment on all hosts. */
static uint64_t number_of(const char *scope, const char *host)
{
	uint64_t h = mix(UINT64_C(0xcbf29ce484222325), scope);

	return strncmp(scope, "bridge:", 7) == 0 ? h : mix(h, host);
}

/* Which segment a NIC is on; see "Scopes" in the header. */
static void set_scope(struct zl_index_nic *n)
{
	bool network = n->nic.network[0] != '\0' &&
		       (n->nic.type == ZL_NIC_NETWORK || n->nic.bridge[0] == '\0');

	size_t used;

	n->scope[0] = '\0';
	if (network)
		(void)snprintf(
			n->scope, sizeof(n->scope), "network:%s", n->nic.network);
	else if (n->nic.bridge[0] != '\0')
		(void)snprintf(n->scope, sizeof(n->scope), "bridge:%s", n->nic.bridge);
	used = strlen(n->scope);
	if (used != 0 && n->nic.vlan != 0)
		(void)snprintf(
			n->scope + used, sizeof(n->scope) - used, "/%u", n->nic.vlan);
	n->scope_nr = zl_index_scope_nr(n->scope);
	n->segment = number_of(n->scope, n->domain->host->name);
}

/* Zeroed; from the beginning of a cache line. */
static void *allocate(size_t n, size_t size)
{
	void *p = aligned_alloc(ZL_INDEX_LINE, n * size);

	if (p != NULL)
		memset(p, 0, n * size);
	return p;
}

static struct zl_index_domain_rec *make_domain(
	struct zl_index_host_rec *h, const struct zl_domain *from, struct zl_wall now)
{
	struct zl_index_domain_rec *d = allocate(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->nics = allocate(from->n_nics + 1u, sizeof(*d->nics));
	d->nic_list = calloc(from->n_nics + 1u, sizeof(*d->nic_list));
	d->zones = calloc(from->n_zones + 1u, sizeof(*d->zones));
	if (d->nics == NULL || d->nic_list == NULL || d->zones == NULL) {
		free_domain(d);
		return NULL;
	}
	d->host = h;
	d->mark = h->list_mark;
	d->forwards_by_metadata = from->forwarding;
	d->pub = (struct zl_index_domain){ .host = &h->pub,
		.uuid = from->uuid,
		.state = from->state,
		.truncated = from->truncated,
		.n_zones = from->n_zones,
		.n_nics = from->n_nics,
		.n_left = from->n_left,
		.zones = (const char(*)[64])d->zones,
		.nics = d->nic_list };
	(void)snprintf(d->pub.name, sizeof(d->pub.name), "%s", from->name);
	(void)snprintf(d->pub.left, sizeof(d->pub.left), "%s", from->left);
	memcpy(d->zones, from->zones, from->n_zones * sizeof(*d->zones));
	for (unsigned i = 0; i < from->n_nics; i++) {
		d->nics[i].domain = d;
		d->nics[i].since = now;
		d->nics[i].pub.domain = &d->pub;
		d->nics[i].pub.nic = from->nics[i];
		set_scope(&d->nics[i].pub);
		d->nic_list[i] = &d->nics[i].pub;
	}
	return d;
}

static void name_key(const char *name, char key[static ZL_NAME_MAX])
{
	memset(key, 0, ZL_NAME_MAX);
	(void)snprintf(key, ZL_NAME_MAX, "%s", name);
}

static struct zl_index_name_key tap_key(const struct zl_index_nic_rec *nic)
{
	struct zl_index_name_key key = { .host = nic->domain->host->id };

	(void)snprintf(key.name, sizeof(key.name), "%s", nic->pub.nic.tap);
	return key;
}

static void unlink_domain(struct zl_index *ix, struct zl_index_domain_rec *d)
{
	char name[ZL_NAME_MAX];

	ix->version++;
	zl_index_news_of_domain(ix, d);
	for (unsigned i = 0; i < d->pub.n_nics; i++) {
		struct zl_index_nic_rec *nic = &d->nics[i];
		struct zl_index_name_key tap = tap_key(nic);

		zl_index_drop_addrs(ix, nic);
		if (nic->has_mac)
			zl_index_list_remove(
				&ix->by_mac, &nic->pub.nic.mac, &nic->by_mac);
		if (nic->has_tap)
			zl_index_list_remove(&ix->by_tap, &tap, &nic->by_tap);
		nic->has_mac = nic->has_tap = false;
	}
	name_key(d->pub.name, name);
	if (d->has_uuid)
		zl_index_list_remove(&ix->by_uuid, &d->pub.uuid, &d->by_uuid);
	if (d->has_name)
		zl_index_list_remove(&ix->by_name, name, &d->by_name);
	d->has_uuid = d->has_name = false;
}

/* Into all lists; on failure unlink_domain() takes it out of those it came into. */
static int link_domain(struct zl_index *ix, struct zl_index_domain_rec *d)
{
	char name[ZL_NAME_MAX];

	ix->version++;
	name_key(d->pub.name, name);
	d->has_uuid = zl_index_list_add(&ix->by_uuid, &d->pub.uuid, &d->by_uuid) == 0;
	d->has_name = zl_index_list_add(&ix->by_name, name, &d->by_name) == 0;
	if (!d->has_uuid || !d->has_name)
		return -ENOMEM;
	for (unsigned i = 0; i < d->pub.n_nics; i++) {
		struct zl_index_nic_rec *nic = &d->nics[i];
		struct zl_index_name_key tap = tap_key(nic);

		nic->has_mac = zl_index_list_add(&ix->by_mac, &nic->pub.nic.mac,
				       &nic->by_mac) == 0;
		if (!nic->has_mac)
			return -ENOMEM;
		if (tap.name[0] == '\0')
			continue;
		nic->has_tap = zl_index_list_add(&ix->by_tap, &tap, &nic->by_tap) == 0;
		if (!nic->has_tap)
			return -ENOMEM;
	}
	zl_index_news_of_domain(ix, d);
	return 0;
}

/* --- domains --- */

static struct zl_index_domain_rec *find_domain(const struct zl_index *ix,
	const struct zl_index_host_rec *h, const struct zl_uuid *uuid)
{
	struct zl_index_domain_key key = { .host = h->id, .uuid = *uuid };

	return zl_map_find(&ix->domains, &key);
}

void zl_index_remove_domain(
	struct zl_index *ix, struct zl_index_domain_rec *d, struct zl_wall now)
{
	struct zl_index_domain_key key = { .host = d->host->id, .uuid = d->pub.uuid };

	zl_index_history_domain(ix, d, NULL, now);
	unlink_domain(ix, d);
	(void)zl_map_remove(&ix->domains, &key);
	zl_index_chain_remove(&d->host->domains, &d->of_host);
	d->host->pub.n_domains--;
	zl_index_tell(ix, d, ZL_INDEX_GONE);
	free_domain(d);
}

static bool same_nics(const struct zl_index_domain_rec *d, const struct zl_domain *to)
{
	if (d->pub.n_nics != to->n_nics)
		return false;
	for (unsigned i = 0; i < to->n_nics; i++) {
		const struct zl_nic *a = &d->nics[i].pub.nic, *b = &to->nics[i];

		if (!zl_mac_eq(&a->mac, &b->mac) || a->type != b->type ||
			a->vlan != b->vlan || strcmp(a->tap, b->tap) != 0 ||
			strcmp(a->bridge, b->bridge) != 0 ||
			strcmp(a->network, b->network) != 0 ||
			strcmp(a->filter, b->filter) != 0)
			return false;
	}
	return true;
}

/* Are the addresses of the definitions the same?  NICs are. */
static bool same_nic_addrs(
	const struct zl_index_domain_rec *d, const struct zl_domain *to)
{
	for (unsigned i = 0; i < to->n_nics; i++) {
		const struct zl_nic *a = &d->nics[i].pub.nic, *b = &to->nics[i];

		if (a->n_addrs != b->n_addrs)
			return false;
		for (unsigned k = 0; k < b->n_addrs; k++)
			if (!zl_addr_eq(&a->addrs[k].addr, &b->addrs[k].addr) ||
				a->addrs[k].source != b->addrs[k].source)
				return false;
	}
	return true;
}

static unsigned compare(const struct zl_index_domain_rec *d, const struct zl_domain *to)
{
	unsigned what = 0;
	bool zones = d->pub.n_zones == to->n_zones &&
		     d->forwards_by_metadata == to->forwarding;

	for (unsigned i = 0; zones && i < to->n_zones; i++)
		zones = strcmp(d->zones[i], to->zones[i]) == 0;
	if (!zones)
		what |= ZL_INDEX_ZONES;
	if (d->pub.state != to->state)
		what |= ZL_INDEX_STATE;
	if (strcmp(d->pub.name, to->name) != 0)
		what |= ZL_INDEX_NAME;
	if (!same_nics(d, to) || d->pub.n_left != to->n_left ||
		strcmp(d->pub.left, to->left) != 0)
		what |= ZL_INDEX_NICS;
	else if (!same_nic_addrs(d, to))
		what |= ZL_INDEX_ADDRS;
	return what;
}

static const struct zl_index_nic_rec *find_nic(
	const struct zl_index_domain_rec *d, const struct zl_index_nic_rec *nic)
{
	for (unsigned i = 0; d != NULL && i < d->pub.n_nics; i++)
		if (zl_index_same_nic(&d->nics[i], nic))
			return &d->nics[i];
	return NULL;
}

/* The same NIC before: in the record that goes, or on the host it migrates from. */
static const struct zl_index_nic_rec *find_before(const struct zl_index *ix,
	const struct zl_index_domain_rec *old, const struct zl_index_nic_rec *nic)
{
	const struct zl_index_nic_rec *found = find_nic(old, nic);
	struct zl_index_node *n = zl_map_find(&ix->by_uuid, &nic->domain->pub.uuid);

	for (; found == NULL && n != NULL; n = n->next) {
		const struct zl_index_domain_rec *d =
			zl_index_of(struct zl_index_domain_rec, by_uuid, n);

		if (d != nic->domain)
			found = find_nic(d, nic);
	}
	return found;
}

/* Fill in the addresses of a new record, with what was learned of it before. */
static int inherit_addrs(struct zl_index *ix, struct zl_index_domain_rec *d,
	const struct zl_index_domain_rec *old, struct zl_wall now, bool *ret_changed)
{
	for (unsigned i = 0; i < d->pub.n_nics; i++) {
		const struct zl_index_nic_rec *before =
			find_before(ix, old, &d->nics[i]);
		int r = zl_index_refresh_addrs(ix, &d->nics[i],
			before == NULL ? NULL : before->pub.addrs,
			before == NULL ? 0 : before->pub.n_addrs, now);

		if (r < 0)
			return r;
		*ret_changed |= r > 0;
	}
	return 0;
}

/* The new record takes the place of the old one, if there is one. */
static int place_domain(struct zl_index *ix, struct zl_index_domain_rec *d,
	struct zl_index_domain_rec *old, struct zl_wall now)
{
	struct zl_index_domain_key key = { .host = d->host->id, .uuid = d->pub.uuid };
	int r = zl_map_put(&ix->domains, &key, d);

	if (r < 0)
		return r;
	zl_index_chain_add(&d->host->domains, &d->of_host);
	d->host->pub.n_domains++;
	if (old == NULL)
		return 0;
	zl_index_history_domain(ix, old, d, now);
	unlink_domain(ix, old);
	zl_index_chain_remove(&d->host->domains, &old->of_host);
	d->host->pub.n_domains--;
	free_domain(old);
	return 0;
}

static void settle_forwarding(const struct zl_index *ix, struct zl_index_domain_rec *d)
{
	d->pub.forwarding = d->forwards_by_metadata ||
			    zl_map_find(&ix->forwarding, &d->pub.uuid) != NULL;
}

int zl_index_set_forwarding(struct zl_index *ix, const struct zl_uuid *domain, bool on,
	struct zl_wall now, struct zl_error *reterr)
{
	int r = on ? zl_map_put(&ix->forwarding, domain, ix) : 0;

	if (r < 0)
		return zl_fail(reterr, r, "no room for one more forwarding domain");
	if (!on)
		(void)zl_map_remove(&ix->forwarding, domain);
	for (struct zl_index_node *n = zl_map_find(&ix->by_uuid, domain); n != NULL;
		n = n->next) {
		struct zl_index_domain_rec *d =
			zl_index_of(struct zl_index_domain_rec, by_uuid, n);
		bool before = d->pub.forwarding, addrs = false;

		settle_forwarding(ix, d);
		if (d->pub.forwarding == before)
			continue;
		zl_index_news_of_domain(ix, d);
		r = inherit_addrs(ix, d, d, now, &addrs);
		if (r < 0)
			return zl_fail(reterr, r, "out of memory");
		zl_index_tell(ix, d, ZL_INDEX_ZONES | (addrs ? ZL_INDEX_ADDRS : 0));
	}
	return 0;
}

int zl_index_domain_put(struct zl_index *ix, const char *host,
	const struct zl_domain *from, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_domain_rec *old, *d;
	unsigned what = ZL_INDEX_ADDED;
	bool addrs = false;
	int r;

	if (h == NULL)
		return -ENOENT;
	old = find_domain(ix, h, &from->uuid);
	if (old != NULL) {
		what = compare(old, from);
		old->mark = h->list_mark;
		old->pub.truncated = from->truncated;
		if (what == 0)
			return 0;
	} else if (h->pub.n_domains >= ZL_INDEX_DOMAINS_MAX) {
		return zl_fail(reterr, -ENOBUFS, "host %s has more than %d domains",
			host, ZL_INDEX_DOMAINS_MAX);
	}
	d = make_domain(h, from, now);
	if (d != NULL)
		settle_forwarding(ix, d);
	r = d == NULL ? -ENOMEM : link_domain(ix, d);
	if (r >= 0)
		r = inherit_addrs(ix, d, old, now, &addrs);
	if (r >= 0)
		r = place_domain(ix, d, old, now);
	if (r < 0) {
		if (d != NULL)
			unlink_domain(ix, d);
		free_domain(d);
		return zl_fail(reterr, r, "out of memory");
	}
	zl_index_tell(ix, d, what | (addrs ? ZL_INDEX_ADDRS : 0));
	return 0;
}

int zl_index_domain_gone(struct zl_index *ix, const char *host,
	const struct zl_uuid *uuid, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_domain_rec *d;

	if (h == NULL)
		return -ENOENT;
	d = find_domain(ix, h, uuid);
	if (d != NULL)
		zl_index_remove_domain(ix, d, now);
	return 0;
}

int zl_index_list_begin(struct zl_index *ix, const char *host, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);

	if (h == NULL)
		return -ENOENT;
	h->list_mark++;
	h->listing = true;
	return 0;
}

int zl_index_list_end(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_node *n, *next;

	if (h == NULL)
		return -ENOENT;
	if (!h->listing)
		return 0;
	h->listing = false;
	for (n = h->domains; n != NULL; n = next) {
		struct zl_index_domain_rec *d =
			zl_index_of(struct zl_index_domain_rec, of_host, n);

		next = n->next;
		if (d->mark != h->list_mark)
			zl_index_remove_domain(ix, d, now);
	}
	return 0;
}
