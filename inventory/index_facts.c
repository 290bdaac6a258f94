/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: what agents and DHCP servers tell of a host: links, neighbours, leases. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/index_priv.h"

/* --- links --- */

static struct zl_index_name_key link_name_key(
	const struct zl_index_host_rec *h, const struct zl_index_link *link)
{
	struct zl_index_name_key key = { .host = h->id };

	(void)snprintf(key.name, sizeof(key.name), "%s", link->name);
	return key;
}

/* Whoever's tap it is, it will not be. */
static void end_tap(struct zl_index *ix, const struct zl_index_host_rec *h,
	const struct zl_index_link_rec *l, struct zl_wall now)
{
	const struct zl_index_nic *nic = zl_index_find_tap(ix, h->id, &l->pub);

	if (nic != NULL)
		zl_index_history_tap(ix,
			zl_index_of(const struct zl_index_nic_rec, pub, (uintptr_t)nic),
			l->pub.ifindex, now);
}

static void remove_link(struct zl_index *ix, struct zl_index_host_rec *h,
	struct zl_index_link_rec *l, struct zl_wall now)
{
	struct zl_index_link_key key = { .host = h->id, .ifindex = l->pub.ifindex };
	struct zl_index_name_key name = link_name_key(h, &l->pub);

	end_tap(ix, h, l, now);
	ix->version++;
	zl_index_news_of_link(ix, &key);
	(void)zl_map_remove(&ix->links, &key);
	zl_index_list_remove(&ix->links_by_name, &name, &l->by_name);
	zl_index_chain_remove(&h->links, &l->of_host);
	h->n_links--;
	free(l);
}

void zl_index_remove_links(struct zl_index *ix, struct zl_index_host_rec *h,
	bool only_unmarked, struct zl_wall now)
{
	struct zl_index_node *n, *next;

	for (n = h->links; n != NULL; n = next) {
		struct zl_index_link_rec *l =
			zl_index_of(struct zl_index_link_rec, of_host, n);

		next = n->next;
		if (!only_unmarked || l->mark != h->agent_mark)
			remove_link(ix, h, l, now);
	}
}

static int add_link(struct zl_index *ix, struct zl_index_host_rec *h,
	const struct zl_index_link *link, struct zl_error *reterr)
{
	struct zl_index_link_key key = { .host = h->id, .ifindex = link->ifindex };
	struct zl_index_name_key name = link_name_key(h, link);
	ZL_AUTO(zl_mem) struct zl_index_link_rec *l = NULL;

	if (h->n_links >= ZL_INDEX_LINKS_MAX)
		return zl_fail(reterr, -ENOBUFS, "host %s has more than %d links",
			h->pub.name, ZL_INDEX_LINKS_MAX);
	l = calloc(1, sizeof(*l));
	if (l == NULL || zl_map_put(&ix->links, &key, l) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	l->pub = *link;
	if (zl_index_list_add(&ix->links_by_name, &name, &l->by_name) < 0) {
		(void)zl_map_remove(&ix->links, &key);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	l->mark = h->agent_mark;
	zl_index_chain_add(&h->links, &l->of_host);
	h->n_links++;
	zl_index_news_of_link(ix, &key);
	(void)zl_take_ptr(l);
	return 0;
}

int zl_index_link_put(struct zl_index *ix, const char *host,
	const struct zl_index_link *link, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_link_key key = { .ifindex = link->ifindex };
	struct zl_index_link_rec *l;

	if (h == NULL)
		return -ENOENT;
	key.host = h->id;
	l = zl_map_find(&ix->links, &key);
	if (l != NULL && strcmp(l->pub.name, link->name) == 0) {
		/* An agent that comes back tells all of them, mostly as they were. */
		if (!zl_mac_eq(&l->pub.mac, &link->mac)) {
			end_tap(ix, h, l, now);
			zl_index_news_of_link(ix, &key);
		}
		l->pub = *link;
		l->mark = h->agent_mark;
		l->version = 0;
		return 0;
	}
	if (l != NULL)
		remove_link(ix, h, l, now);
	return add_link(ix, h, link, reterr);
}

int zl_index_link_gone(struct zl_index *ix, const char *host, uint32_t ifindex,
	struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_link_key key = { .ifindex = ifindex };
	struct zl_index_link_rec *l;

	if (h == NULL)
		return -ENOENT;
	key.host = h->id;
	l = zl_map_find(&ix->links, &key);
	if (l != NULL)
		remove_link(ix, h, l, now);
	return 0;
}

/* --- facts --- */

static struct zl_index_mac_key fact_mac_key(const struct zl_index_fact *f)
{
	return (struct zl_index_mac_key){ .host = f->key.host, .mac = f->mac };
}

/* The NICs with this MAC on the host may have other addresses now. */
static int refresh_mac(struct zl_index *ix, const struct zl_index_host_rec *h,
	const struct zl_mac *mac, struct zl_wall now)
{
	struct zl_index_node *n = zl_map_find(&ix->by_mac, mac);
	int failed = 0;

	for (; n != NULL; n = n->next) {
		struct zl_index_nic_rec *nic =
			zl_index_of(struct zl_index_nic_rec, by_mac, n);
		struct zl_index_addr old[ZL_NIC_ADDRS_MAX];
		uint8_t n_old = nic->pub.n_addrs;
		int r;

		if (nic->domain->host != h)
			continue;
		memcpy(old, nic->pub.addrs, sizeof(old));
		r = zl_index_refresh_addrs(ix, nic, old, n_old, now);
		if (r < 0)
			failed = r;
		if (r > 0)
			zl_index_tell(ix, nic->domain, ZL_INDEX_ADDRS);
	}
	return failed;
}

static void remove_fact(
	struct zl_index *ix, struct zl_index_host_rec *h, struct zl_index_fact *f)
{
	struct zl_index_mac_key mac = fact_mac_key(f);

	(void)zl_map_remove(&ix->facts, &f->key);
	zl_index_list_remove(&ix->facts_by_mac, &mac, &f->by_mac);
	zl_index_chain_remove(&h->facts, &f->of_host);
	h->n_facts--;
	free(f);
}

/* And tell whom it concerned. */
static void forget_fact(struct zl_index *ix, struct zl_index_host_rec *h,
	struct zl_index_fact *f, struct zl_wall now)
{
	struct zl_mac mac = f->mac;

	remove_fact(ix, h, f);
	(void)!refresh_mac(ix, h, &mac, now); /* fewer addresses: no memory needed */
}

void zl_index_remove_facts(struct zl_index *ix, struct zl_index_host_rec *h)
{
	while (h->facts != NULL)
		remove_fact(
			ix, h, zl_index_of(struct zl_index_fact, of_host, h->facts));
}

static int check_room(const struct zl_index *ix, const struct zl_index_host_rec *h,
	const struct zl_index_fact *from, struct zl_error *reterr)
{
	struct zl_index_mac_key key = fact_mac_key(from);
	struct zl_index_node *n = zl_map_find(&ix->facts_by_mac, &key);
	unsigned n_mac = 0;

	for (; n != NULL; n = n->next)
		n_mac++;
	if (h->n_facts >= ZL_INDEX_FACTS_MAX)
		return zl_fail(reterr, -ENOBUFS,
			"host %s has more than %d neighbours and leases", h->pub.name,
			ZL_INDEX_FACTS_MAX);
	if (n_mac >= ZL_INDEX_FACTS_MAC_MAX)
		return zl_fail(reterr, -ENOBUFS,
			"one MAC on host %s has more than %d neighbours and leases",
			h->pub.name, ZL_INDEX_FACTS_MAC_MAX);
	return 0;
}

static int add_fact(struct zl_index *ix, struct zl_index_host_rec *h,
	const struct zl_index_fact *from, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_index_fact *f = NULL;
	struct zl_index_mac_key mac = fact_mac_key(from);
	int r = check_room(ix, h, from, reterr);

	if (r < 0)
		return r;
	f = malloc(sizeof(*f));
	if (f == NULL || zl_map_put(&ix->facts, &from->key, f) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	*f = *from;
	if (zl_index_list_add(&ix->facts_by_mac, &mac, &f->by_mac) < 0) {
		(void)zl_map_remove(&ix->facts, &from->key);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	zl_index_chain_add(&h->facts, &f->of_host);
	h->n_facts++;
	(void)zl_take_ptr(f);
	return 0;
}

/* The address at that place belongs to that MAC now, whoever had it. */
static int put_fact(struct zl_index *ix, struct zl_index_host_rec *h,
	const struct zl_index_fact *from, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_fact *f = zl_map_find(&ix->facts, &from->key);
	int r;

	if (f != NULL && zl_mac_eq(&f->mac, &from->mac)) {
		f->expires = from->expires;
		f->mark = h->agent_mark;
		return 0;
	}
	if (f != NULL)
		forget_fact(ix, h, f, now);
	r = add_fact(ix, h, from, reterr);
	if (r < 0)
		return r;
	r = refresh_mac(ix, h, &from->mac, now);
	return r < 0 ? zl_fail(reterr, r, "out of memory") : 0;
}

int zl_index_dhcp(struct zl_index *ix, const char *host, const struct zl_mac *mac,
	const struct zl_addr *addr, const char *network, struct zl_wall expires,
	struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_fact from = { .mac = *mac, .expires = expires }, *f;

	if (h == NULL)
		return -ENOENT;
	if (!zl_index_is_identity(addr))
		return 0;
	(void)zl_domain_copy_text(from.network, sizeof(from.network), network);
	from.key = (struct zl_index_fact_key){ .host = h->id,
		.source = ZL_ADDR_DHCP,
		.place = zl_hash(ix->seed, from.network, strlen(from.network)),
		.addr = *addr };
	from.mark = h->agent_mark;
	if (expires.us == 0 || expires.us > now.us)
		return put_fact(ix, h, &from, now, reterr);
	f = zl_map_find(&ix->facts, &from.key);
	if (f != NULL && zl_mac_eq(&f->mac, mac))
		forget_fact(ix, h, f, now);
	return 0;
}

int zl_index_neighbour_put(struct zl_index *ix, const char *host, uint32_t ifindex,
	const struct zl_addr *addr, const struct zl_mac *mac, struct zl_wall now,
	struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_fact from = { .mac = *mac };

	if (h == NULL)
		return -ENOENT;
	if (!zl_index_is_identity(addr))
		return 0;
	from.key = (struct zl_index_fact_key){ .host = h->id,
		.source = ZL_ADDR_NEIGHBOUR,
		.place = ifindex,
		.addr = *addr };
	from.mark = h->agent_mark;
	return put_fact(ix, h, &from, now, reterr);
}

int zl_index_neighbour_gone(struct zl_index *ix, const char *host, uint32_t ifindex,
	const struct zl_addr *addr, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_fact_key key = {
		.source = ZL_ADDR_NEIGHBOUR, .place = ifindex, .addr = *addr
	};
	struct zl_index_fact *f;

	if (h == NULL)
		return -ENOENT;
	key.host = h->id;
	f = zl_map_find(&ix->facts, &key);
	if (f != NULL)
		forget_fact(ix, h, f, now);
	return 0;
}

void zl_index_expire_facts(
	struct zl_index *ix, struct zl_index_host_rec *h, struct zl_wall now)
{
	struct zl_index_node *n, *next;

	for (n = h->facts; n != NULL; n = next) {
		struct zl_index_fact *f = zl_index_of(struct zl_index_fact, of_host, n);

		next = n->next;
		if (f->expires.us != 0 && f->expires.us <= now.us)
			forget_fact(ix, h, f, now);
	}
}

/* --- a report of everything --- */

int zl_index_agent_begin(struct zl_index *ix, const char *host, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);

	if (h == NULL)
		return -ENOENT;
	h->agent_mark++;
	h->reporting = true;
	return 0;
}

int zl_index_agent_end(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);
	struct zl_index_node *n, *next;

	if (h == NULL)
		return -ENOENT;
	if (!h->reporting)
		return 0;
	h->reporting = false;
	zl_index_remove_links(ix, h, true, now);
	for (n = h->facts; n != NULL; n = next) {
		struct zl_index_fact *f = zl_index_of(struct zl_index_fact, of_host, n);

		next = n->next;
		if (f->key.source == ZL_ADDR_NEIGHBOUR && f->mark != h->agent_mark)
			forget_fact(ix, h, f, now);
	}
	return 0;
}
