/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: fetching what questions will touch into the cache. */
#include "inventory/index_priv.h"

enum { LINE = 64 };

/*
 * gcc takes a function that only prefetches for one without effect and leaves its
 * calls out (gcc 12); inlined early enough, it does not.
 */
#define INLINE static inline __attribute__((always_inline))

INLINE void fetch(const void *at, size_t n)
{
	for (size_t i = 0; at != NULL && i < n; i += LINE)
		__builtin_prefetch((const char *)at + i);
}

static const struct zl_index_owner_rec *owner_of(const void *node)
{
	return zl_index_of(const struct zl_index_owner_rec, node, (uintptr_t)node);
}

/* An owner is part of its NIC; most NICs have one address, the first. */
INLINE void fetch_nic(const void *owner)
{
	const struct zl_index_nic_rec *nic;

	if (owner == NULL)
		return;
	nic = (const void *)((const char *)owner -
			     offsetof(struct zl_index_nic_rec, owners[0].node));
	fetch(nic, 3 * LINE); /* domain, segment, scope; MAC and tap */
	fetch(&nic->pub.addrs[0], sizeof(nic->pub.addrs[0]));
	fetch(&nic->owners[0], sizeof(nic->owners[0]));
}

INLINE void fetch_domain(const void *owner)
{
	if (owner != NULL)
		fetch(owner_of(owner)->nic->domain, sizeof(struct zl_index_domain));
}

void zl_index_fetch(const struct zl_index *ix, struct zl_index_fetch *f, unsigned step)
{
	struct zl_index_link_key key = { .host = f->host_id, .ifindex = f->ifindex };
	const struct zl_index_host_rec *h;

	switch (step) {
	case 0:
		h = zl_index_get_host(ix, f->host, NULL);
		key.host = f->host_id = h == NULL ? 0 : h->id;
		f->places[0] = zl_map_hint(&ix->links, &key);
		f->places[1] = zl_map_hint(&ix->by_addr, f->src);
		f->places[2] = zl_map_hint(&ix->by_addr, f->dst);
		return;
	case 1:
		fetch(zl_map_find_at(&ix->links, &key, f->places[0]),
			offsetof(struct zl_index_link_rec, of_host));
		f->owners[0] = zl_map_find_at(&ix->by_addr, f->src, f->places[1]);
		f->owners[1] = zl_map_find_at(&ix->by_addr, f->dst, f->places[2]);
		fetch_nic(f->owners[0]);
		fetch_nic(f->owners[1]);
		return;
	case 2:
		fetch_domain(f->owners[0]);
		fetch_domain(f->owners[1]);
		return;
	}
}
