/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index: fetching what questions will touch into the cache.
 *
 * A place may hold another key's value, or nothing.  Then the wrong lines are fetched,
 * and the question is slower, no more: pointers are only followed where the map holds
 * them.
 */
#include "inventory/index_priv.h"

enum { LINE = 64 };

static void fetch(const void *at, size_t n)
{
	for (size_t i = 0; i < n; i += LINE)
		__builtin_prefetch((const char *)at + i);
}

/* An owner is part of its NIC; most NICs have one address, the first. */
static const struct zl_index_nic_rec *guess_nic(
	const struct zl_map *by_addr, size_t place)
{
	const char *node = zl_map_peek(by_addr, place);

	return node == NULL ? NULL
			    : (const void *)(node - offsetof(struct zl_index_nic_rec,
							    owners[0].node));
}

static void fetch_nic(const struct zl_index_nic_rec *nic)
{
	if (nic == NULL)
		return;
	fetch(nic, 3 * LINE); /* domain, segment, scope; MAC and tap */
	fetch(&nic->pub.addrs[0], sizeof(nic->pub.addrs[0]));
	fetch(&nic->owners[0], sizeof(nic->owners[0]));
}

/* The guess may be wrong, but the owner that the map holds has its NIC beside it. */
static void fetch_domain(const struct zl_map *by_addr, size_t place)
{
	const void *node = zl_map_peek(by_addr, place);
	const struct zl_index_owner_rec *o;

	if (node == NULL)
		return;
	o = zl_index_of(const struct zl_index_owner_rec, node, (uintptr_t)node);
	fetch(o->nic->domain, sizeof(struct zl_index_domain));
}

void zl_index_fetch(const struct zl_index *ix, struct zl_index_fetch *f, unsigned step)
{
	const struct zl_index_host_rec *h;
	struct zl_index_link_key key = { .ifindex = f->ifindex };

	switch (step) {
	case 0:
		h = zl_index_get_host(ix, f->host, NULL);
		key.host = h == NULL ? 0 : h->id;
		f->places[0] = zl_map_hint(&ix->links, &key);
		f->places[1] = zl_map_hint(&ix->by_addr, f->src);
		f->places[2] = zl_map_hint(&ix->by_addr, f->dst);
		return;
	case 1:
		fetch(zl_map_peek(&ix->links, f->places[0]),
			offsetof(struct zl_index_link_rec, of_host));
		fetch_nic(guess_nic(&ix->by_addr, f->places[1]));
		fetch_nic(guess_nic(&ix->by_addr, f->places[2]));
		return;
	case 2:
		fetch_domain(&ix->by_addr, f->places[1]);
		fetch_domain(&ix->by_addr, f->places[2]);
		return;
	}
}
