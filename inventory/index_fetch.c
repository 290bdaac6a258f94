/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: fetching what questions will touch into the cache. */
#include "inventory/index_priv.h"

/*
 * gcc takes a function that only prefetches for one without effect and leaves its
 * calls out (gcc 12); inlined early enough, it does not.
 */
#define INLINE static inline __attribute__((always_inline))

INLINE void fetch(const void *at, size_t n)
{
	for (size_t i = 0; at != NULL && i < n; i += ZL_INDEX_LINE)
		__builtin_prefetch((const char *)at + i);
}

_Static_assert(offsetof(struct zl_index_nic, nic.bridge) <= ZL_INDEX_LINE,
	"what is fetched of a NIC reaches to its tap");
_Static_assert(offsetof(struct zl_index_domain, name) < ZL_INDEX_LINE,
	"what is fetched of a domain reaches into its name");

static const struct zl_index_owner_rec *owner_of(const void *node)
{
	return zl_index_of(const struct zl_index_owner_rec, node, (uintptr_t)node);
}

/*
 * An owner is part of its NIC; most NICs have one address, the first.  Of another one the
 * place is wrong, which costs time and nothing else: it is no pointer to a NIC.
 */
INLINE void fetch_nic(const void *owner, bool with_addr)
{
	const char *nic;

	if (owner == NULL)
		return;
	nic = (const char *)owner - offsetof(struct zl_index_nic_rec, owners[0].node);
	fetch(nic, ZL_INDEX_LINE);
	if (with_addr)
		fetch(nic + offsetof(struct zl_index_nic_rec, pub.addrs[0].addr),
			sizeof(struct zl_addr));
	fetch(nic + offsetof(struct zl_index_nic_rec, owners[0]),
		sizeof(struct zl_index_owner_rec));
}

INLINE void fetch_domain(const void *owner)
{
	if (owner != NULL)
		fetch(owner_of(owner)->nic->domain, ZL_INDEX_LINE);
}

void zl_index_fetch(const struct zl_index *ix, struct zl_index_fetch *f, unsigned step)
{
	struct zl_index_link_key key = { .host = f->host_id, .ifindex = f->ifindex };
	const struct zl_index_host_rec *h;

	switch (step) {
	case 0:
		h = f->host == NULL ? NULL : zl_index_get_host(ix, f->host, NULL);
		key.host = f->host_id = h == NULL ? 0 : h->id;
		f->link_hash = zl_map_hash(&ix->links, &key);
		f->src_hash = zl_map_hash(&ix->by_addr, f->src);
		f->dst_hash = zl_map_hash(&ix->by_addr, f->dst);
		zl_map_fetch(&ix->links, f->link_hash);
		zl_map_fetch(&ix->by_addr, f->src_hash);
		zl_map_fetch(&ix->by_addr, f->dst_hash);
		return;
	case 1:
		fetch(zl_map_find_hashed(&ix->links, &key, f->link_hash), 1);
		f->owners[0] = zl_map_find_hashed(&ix->by_addr, f->src, f->src_hash);
		f->owners[1] = zl_map_find_hashed(&ix->by_addr, f->dst, f->dst_hash);
		fetch_nic(f->owners[0], true);
		fetch_nic(f->owners[1], false);
		return;
	case 2:
		fetch_domain(f->owners[0]);
		fetch_domain(f->owners[1]);
		return;
	}
}
