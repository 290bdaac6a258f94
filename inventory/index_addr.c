/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: which addresses a NIC has, by all that is known of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/index_priv.h"

/* Definition, facts and learned ones together. */
enum {
	CANDIDATES_MAX =
		ZL_NIC_ADDRS_MAX + ZL_INDEX_FACTS_MAC_MAX + ZL_INDEX_LEARNED_MAX,
};

bool zl_index_is_identity(const struct zl_addr *a)
{
	static const struct zl_addr loopback6 = { { [15] = 1 } };

	return !zl_addr_is_zero(a) && !zl_addr_is_multicast(a) &&
	       !zl_addr_is_link_local(a) && !zl_addr_eq(a, &loopback6) &&
	       !(zl_addr_is_v4(a) && (a->b[12] == 127 || a->b[12] == 0));
}

bool zl_index_same_nic(
	const struct zl_index_nic_rec *a, const struct zl_index_nic_rec *b)
{
	return zl_uuid_eq(&a->domain->pub.uuid, &b->domain->pub.uuid) &&
	       zl_mac_eq(&a->pub.nic.mac, &b->pub.nic.mac);
}

bool zl_index_same_segment(
	const struct zl_index_nic_rec *a, const struct zl_index_nic_rec *b)
{
	if (a->pub.scope_nr != b->pub.scope_nr)
		return false;
	return a->domain->host == b->domain->host ||
	       strncmp(a->pub.scope, "bridge:", 7) == 0;
}

unsigned zl_index_rank(enum zl_addr_source s)
{
	return s < ZL_ADDR_NEIGHBOUR ? s : ZL_ADDR_NEIGHBOUR;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct zl_index_addr *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

/* Everything that speaks for an address of this NIC. */
static size_t collect(const struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *old, uint8_t n_old, struct zl_index_addr *ret)
{
	struct zl_index_mac_key key = { .host = nic->domain->host->id,
		.mac = nic->pub.nic.mac };
	struct zl_index_node *f = zl_map_find(&ix->facts_by_mac, &key);
	size_t n = 0;

	for (unsigned i = 0; i < nic->pub.nic.n_addrs; i++)
		ret[n++] = (struct zl_index_addr){ .addr = nic->pub.nic.addrs[i].addr,
			.source = nic->pub.nic.addrs[i].source };
	for (; f != NULL && n < CANDIDATES_MAX; f = f->next) {
		const struct zl_index_fact *fact =
			zl_index_of(struct zl_index_fact, by_mac, f);

		if (fact->key.source == ZL_ADDR_DHCP &&
			strcmp(fact->network, nic->pub.nic.network) != 0)
			continue;
		ret[n++] = (struct zl_index_addr){ .addr = fact->key.addr,
			.source = fact->key.source };
	}
	/* Who is off has no traffic, and somebody else may get its address. */
	if (nic->domain->pub.state == ZL_DOMAIN_SHUTOFF || nic->domain->pub.forwarding)
		return n;
	for (unsigned i = 0; i < n_old && n < CANDIDATES_MAX; i++)
		if (old[i].source == ZL_ADDR_LEARNED)
			ret[n++] = old[i];
	return n;
}

static void drop_owners(struct zl_index *ix, struct zl_index_nic_rec *nic)
{
	for (unsigned i = 0; i < nic->pub.n_addrs; i++)
		zl_index_list_remove(
			&ix->by_addr, &nic->pub.addrs[i].addr, &nic->owners[i].node);
}

void zl_index_drop_addrs(struct zl_index *ix, struct zl_index_nic_rec *nic)
{
	drop_owners(ix, nic);
	nic->pub.n_addrs = 0;
}

static int set_addrs(struct zl_index *ix, struct zl_index_nic_rec *nic,
	const struct zl_index_addr *addrs, uint8_t n)
{
	int r = 0;

	zl_index_news_of_domain(ix, nic->domain);
	zl_index_drop_addrs(ix, nic);
	for (uint8_t i = 0; i < n; i++) {
		nic->owners[i].nic = nic;
		nic->owners[i].at = i;
		nic->owners[i].source = (uint8_t)addrs[i].source;
		nic->pub.addrs[i] = addrs[i];
		r = zl_index_list_add(
			&ix->by_addr, &addrs[i].addr, &nic->owners[i].node);
		if (r < 0)
			break; /* those before it stay */
		nic->pub.n_addrs++;
	}
	zl_index_news_of_domain(ix, nic->domain);
	return r;
}

static bool has_addr(
	const struct zl_index_addr *addrs, uint8_t n, const struct zl_addr *addr)
{
	for (unsigned i = 0; i < n; i++)
		if (zl_addr_eq(&addrs[i].addr, addr))
			return true;
	return false;
}

/* What it had and has no more; what it has and somebody else had before. */
static void note_changes(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *old, uint8_t n_old,
	const struct zl_index_addr *keep, uint8_t n, struct zl_wall now)
{
	for (unsigned i = 0; i < n_old; i++)
		if (!has_addr(keep, n, &old[i].addr))
			zl_index_history_addr(ix, nic, &old[i], now);
	for (unsigned i = 0; i < n; i++)
		if (!has_addr(old, n_old, &keep[i].addr))
			zl_index_history_displace(ix, nic, &keep[i], now);
}

int zl_index_refresh_addrs(struct zl_index *ix, struct zl_index_nic_rec *nic,
	const struct zl_index_addr *old, uint8_t n_old, struct zl_wall now)
{
	struct zl_index_addr all[CANDIDATES_MAX], keep[ZL_NIC_ADDRS_MAX];
	size_t n_all = collect(ix, nic, old, n_old, all);
	uint8_t n = 0;
	bool changed;
	int r;

	qsort(all, n_all, sizeof(*all), compare_candidates);
	for (size_t i = 0; i < n_all && n < ZL_NIC_ADDRS_MAX; i++) {
		bool twice = false;

		for (unsigned k = 0; k < n; k++)
			twice |= zl_addr_eq(&keep[k].addr, &all[i].addr);
		if (!twice)
			keep[n++] = all[i];
	}
	changed = n != n_old;
	for (unsigned i = 0; i < n; i++) {
		const struct zl_index_addr *before = NULL;

		for (unsigned k = 0; k < n_old && before == NULL; k++)
			if (zl_addr_eq(&old[k].addr, &keep[i].addr))
				before = &old[k];
		keep[i].since = before == NULL ? now : before->since;
		changed |= before == NULL || before->source != keep[i].source;
	}
	if (!changed && old == nic->pub.addrs)
		return 0;
	note_changes(ix, nic, old, n_old, keep, n, now);
	r = set_addrs(ix, nic, keep, n);
	return r < 0 ? r : changed;
}

/* --- learning --- */

static struct zl_index_addr *find_own(
	struct zl_index_nic_rec *nic, const struct zl_addr *addr)
{
	for (unsigned i = 0; i < nic->pub.n_addrs; i++)
		if (zl_addr_eq(&nic->pub.addrs[i].addr, addr))
			return &nic->pub.addrs[i];
	return NULL;
}

/* Another NIC on the segment whose claim is better than one of rank `rank`. */
static const struct zl_index_nic_rec *find_holder(const struct zl_index *ix,
	const struct zl_index_nic_rec *nic, const struct zl_addr *addr, unsigned rank)
{
	struct zl_index_node *n = zl_map_find(&ix->by_addr, addr);
	const struct zl_index_nic_rec *best = NULL;

	for (; n != NULL; n = n->next) {
		const struct zl_index_owner_rec *o =
			zl_index_of(struct zl_index_owner_rec, node, n);
		unsigned theirs = zl_index_rank(o->source);

		if (theirs >= rank || zl_index_same_nic(o->nic, nic) ||
			!zl_index_same_segment(o->nic, nic))
			continue;
		best = o->nic;
		rank = theirs;
	}
	return best;
}

int zl_index_learn(struct zl_index *ix, const struct zl_index_nic *nic,
	const struct zl_addr *addr, struct zl_wall now,
	const struct zl_index_nic **ret_holder)
{
	/* The record is ours: only its public view is const. */
	struct zl_index_nic_rec *rec =
		zl_index_of(struct zl_index_nic_rec, pub, (uintptr_t)nic);
	struct zl_index_addr *own = find_own(rec, addr), *a;
	const struct zl_index_nic_rec *holder;
	unsigned n_learned = 0;
	int r;

	if (nic->domain->forwarding || !zl_index_is_identity(addr))
		return 0;
	holder = own != NULL && zl_index_is_sole_owner(nic, addr)
			 ? NULL
			 : find_holder(ix, rec, addr,
				   own == NULL ? ZL_ADDR_SOURCE_N
					       : zl_index_rank(own->source));
	if (holder != NULL) {
		*ret_holder = &holder->pub;
		return -EEXIST;
	}
	if (own != NULL) {
		if (own->source == ZL_ADDR_LEARNED)
			own->seen = now;
		return 0;
	}
	for (unsigned i = 0; i < nic->n_addrs; i++)
		n_learned += nic->addrs[i].source == ZL_ADDR_LEARNED;
	if (n_learned == ZL_INDEX_LEARNED_MAX || nic->n_addrs == ZL_NIC_ADDRS_MAX)
		return -ENOBUFS;
	a = &rec->pub.addrs[rec->pub.n_addrs];
	*a = (struct zl_index_addr){
		.addr = *addr, .source = ZL_ADDR_LEARNED, .since = now, .seen = now
	};
	rec->owners[rec->pub.n_addrs].nic = rec;
	rec->owners[rec->pub.n_addrs].at = rec->pub.n_addrs;
	rec->owners[rec->pub.n_addrs].source = ZL_ADDR_LEARNED;
	r = zl_index_list_add(&ix->by_addr, addr, &rec->owners[rec->pub.n_addrs].node);
	if (r < 0)
		return r;
	rec->pub.n_addrs++;
	zl_index_news_of_domain(ix, rec->domain);
	zl_index_tell(ix, rec->domain, ZL_INDEX_ADDRS);
	return 1;
}

/* Learned addresses of one NIC that nobody has used for long. */
static void forget_idle(
	struct zl_index *ix, struct zl_index_nic_rec *nic, struct zl_wall now)
{
	struct zl_index_addr keep[ZL_NIC_ADDRS_MAX];
	uint8_t n = 0;

	for (unsigned i = 0; i < nic->pub.n_addrs; i++)
		if (nic->pub.addrs[i].source != ZL_ADDR_LEARNED ||
			now.us - nic->pub.addrs[i].seen.us < ZL_INDEX_LEARNED_IDLE_US)
			keep[n++] = nic->pub.addrs[i];
		else
			zl_index_history_addr(ix, nic, &nic->pub.addrs[i], now);
	if (n == nic->pub.n_addrs)
		return;
	(void)!set_addrs(ix, nic, keep, n); /* fewer than before: no memory needed */
	zl_index_tell(ix, nic->domain, ZL_INDEX_ADDRS);
}

void zl_index_expire(struct zl_index *ix, struct zl_wall now)
{
	struct zl_index_domain_rec *d;
	struct zl_index_host_rec *h;

	for (size_t i = 0; (h = zl_map_next(&ix->hosts, &i)) != NULL;)
		zl_index_expire_facts(ix, h, now);
	for (size_t i = 0; (h = zl_map_next(&ix->hosts, &i)) != NULL;)
		zl_index_history_expire(ix, h, now);
	for (size_t i = 0; (d = zl_map_next(&ix->domains, &i)) != NULL;)
		for (unsigned k = 0; k < d->pub.n_nics; k++)
			forget_idle(ix, &d->nics[k], now);
}
