/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index: what has ended, for as long as records of it may come.
 *
 * Each host has two queues, oldest first: one of what good sources said, one of what a
 * guest can make up, which so cannot push out the other.  What the first has no room for
 * leaves its time behind (`forgotten`): before it, nobody knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/index_priv.h"

enum { ENDED_N = 4096 };

struct former_key {
	uint32_t kind, host; /* enum zl_index_kind; of a tap, else 0 */
	uint8_t id[16];
};

struct former {
	struct zl_index_former pub;
	struct former_key key;
	struct zl_index_node by_key, of_host; /* of_host: next is the next younger */
};

int zl_index_history_init(struct zl_index *ix)
{
	zl_map_init(&ix->formers, sizeof(struct former_key), 0);
	ix->ended = calloc(ENDED_N, sizeof(*ix->ended));
	ix->newest_end.us = ix->forgotten.us = INT64_MIN;
	return ix->ended == NULL ? -ENOMEM : 0;
}

void zl_index_history_done(struct zl_index *ix)
{
	zl_map_done(&ix->formers);
	free(ix->ended);
}

/* --- keys --- */

static struct former_key tap_key(uint32_t host, uint32_t ifindex)
{
	struct former_key k = { .kind = ZL_INDEX_KIND_TAP, .host = host };

	memcpy(k.id, &ifindex, sizeof(ifindex));
	return k;
}

static struct former_key mac_key(const struct zl_mac *mac)
{
	struct former_key k = { .kind = ZL_INDEX_KIND_MAC };

	memcpy(k.id, mac->b, sizeof(mac->b));
	return k;
}

static struct former_key addr_key(const struct zl_addr *addr)
{
	struct former_key k = { .kind = ZL_INDEX_KIND_ADDR };

	memcpy(k.id, addr->b, sizeof(addr->b));
	return k;
}

/* When anything with this hash has ended last: most questions need no more. */
static struct zl_wall *ended_at(const struct zl_index *ix, uint64_t hash)
{
	return &ix->ended[hash % ENDED_N];
}

/* --- the queues --- */

static void push(struct zl_index_queue *q, struct zl_index_node *n)
{
	n->next = NULL;
	n->prev = q->last;
	if (q->last != NULL)
		q->last->next = n;
	else
		q->first = n;
	q->last = n;
	q->n++;
}

static void pull(struct zl_index_queue *q, struct zl_index_node *n)
{
	if (n->prev != NULL)
		n->prev->next = n->next;
	else
		q->first = n->next;
	if (n->next != NULL)
		n->next->prev = n->prev;
	else
		q->last = n->prev;
	q->n--;
}

static struct former *oldest(const struct zl_index_queue *q)
{
	return q->first == NULL ? NULL : zl_index_of(struct former, of_host, q->first);
}

static void forget(struct zl_index *ix, struct zl_index_queue *q, struct former *f)
{
	pull(q, &f->of_host);
	zl_index_list_remove(&ix->formers, &f->key, &f->by_key);
	free(f);
}

static void forget_all(struct zl_index *ix, struct zl_index_queue *q)
{
	while (q->first != NULL)
		forget(ix, q, oldest(q));
}

void zl_index_history_forget_host(struct zl_index *ix, struct zl_index_host_rec *h)
{
	forget_all(ix, &h->formers);
	forget_all(ix, &h->weak_formers);
}

static void expire(struct zl_index *ix, struct zl_index_queue *q, struct zl_wall now)
{
	while (q->first != NULL && now.us - oldest(q)->pub.until.us > ZL_INDEX_PAST_US)
		forget(ix, q, oldest(q));
}

void zl_index_history_expire(
	struct zl_index *ix, struct zl_index_host_rec *h, struct zl_wall now)
{
	expire(ix, &h->formers, now);
	expire(ix, &h->weak_formers, now);
}

static bool is_weak(enum zl_addr_source s)
{
	return s >= ZL_ADDR_NEIGHBOUR;
}

/* The same end again, of the same domain: it only moves on. */
static struct former *find_same(const struct zl_index *ix, const struct former_key *key,
	const struct zl_index_nic_rec *nic, enum zl_addr_source source, bool displaced)
{
	struct zl_index_node *n = zl_map_find(&ix->formers, key);

	for (; n != NULL; n = n->next) {
		struct former *f = zl_index_of(struct former, by_key, n);

		if (zl_uuid_eq(&f->pub.domain, &nic->domain->pub.uuid) &&
			strcmp(f->pub.host, nic->domain->host->pub.name) == 0 &&
			f->pub.scope_nr == nic->pub.scope_nr &&
			f->pub.displaced == displaced &&
			is_weak(f->pub.source) == is_weak(source))
			return f;
	}
	return NULL;
}

static void make_room(struct zl_index *ix, struct zl_index_queue *q, bool weak)
{
	struct former *f;

	if (q->n < (weak ? ZL_INDEX_WEAK_FORMERS_MAX : ZL_INDEX_FORMERS_MAX))
		return;
	f = oldest(q);
	if (!weak && f->pub.until.us > ix->forgotten.us)
		ix->forgotten = f->pub.until;
	forget(ix, q, f);
}

static void fill(struct former *f, const struct zl_index_nic_rec *nic)
{
	const struct zl_index_domain_rec *d = nic->domain;

	f->pub.domain = d->pub.uuid;
	f->pub.mac = nic->pub.nic.mac;
	f->pub.forwarding = d->pub.forwarding;
	f->pub.segment = nic->pub.segment;
	f->pub.scope_nr = nic->pub.scope_nr;
	memcpy(f->pub.name, d->pub.name, sizeof(f->pub.name));
	memcpy(f->pub.host, d->host->pub.name, sizeof(f->pub.host));
	memcpy(f->pub.tap, nic->pub.nic.tap, sizeof(f->pub.tap));
}

/* Without memory nothing is remembered of it, and it is as if it were long ago. */
static void end(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct former_key *key, uint64_t hash, enum zl_addr_source source,
	bool displaced, struct zl_wall from, struct zl_wall now)
{
	bool weak = is_weak(source);
	struct zl_index_queue *q =
		weak ? &nic->domain->host->weak_formers : &nic->domain->host->formers;
	struct former *f = find_same(ix, key, nic, source, displaced);

	zl_index_news_of_hash(ix, hash);
	if (now.us == 0)
		return;
	if (f != NULL) {
		pull(q, &f->of_host);
	} else {
		make_room(ix, q, weak);
		f = calloc(1, sizeof(*f));
		if (f == NULL || zl_index_list_add(&ix->formers, key, &f->by_key) < 0) {
			free(f);
			ix->forgotten = ix->newest_end = now;
			return;
		}
		f->key = *key;
		f->pub.from = from;
	}
	push(q, &f->of_host);
	fill(f, nic);
	f->pub.source = source;
	f->pub.displaced = displaced;
	f->pub.until = now;
	ix->newest_end = now;
	*ended_at(ix, hash) = now;
}

/* --- what ends --- */

void zl_index_history_tap(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	uint32_t ifindex, struct zl_wall now)
{
	struct zl_index_link_key link = { .host = nic->domain->host->id,
		.ifindex = ifindex };
	struct former_key key = tap_key(link.host, ifindex);

	end(ix, nic, &key, zl_map_hash(&ix->links, &link), ZL_ADDR_METADATA, false,
		nic->since, now);
}

void zl_index_history_mac(
	struct zl_index *ix, const struct zl_index_nic_rec *nic, struct zl_wall now)
{
	struct former_key key = mac_key(&nic->pub.nic.mac);

	end(ix, nic, &key, zl_map_hash(&ix->by_mac, &nic->pub.nic.mac),
		ZL_ADDR_METADATA, false, nic->since, now);
}

void zl_index_history_addr(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *addr, struct zl_wall now)
{
	struct former_key key = addr_key(&addr->addr);

	end(ix, nic, &key, zl_map_hash(&ix->by_addr, &addr->addr), addr->source, false,
		addr->since, now);
}

void zl_index_history_displace(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *addr, struct zl_wall now)
{
	struct former_key key = addr_key(&addr->addr);
	struct zl_index_node *n = zl_map_find(&ix->by_addr, &addr->addr);

	for (; n != NULL; n = n->next) {
		const struct zl_index_owner_rec *o =
			zl_index_of(struct zl_index_owner_rec, node, n);

		if (zl_index_rank(o->source) <= zl_index_rank(addr->source) ||
			zl_uuid_eq(&o->nic->domain->pub.uuid, &nic->domain->pub.uuid) ||
			!zl_index_same_segment(o->nic, nic))
			continue;
		end(ix, o->nic, &key, zl_map_hash(&ix->by_addr, &addr->addr), o->source,
			true, o->nic->pub.addrs[o->at].since, now);
	}
}

static bool is_active(const struct zl_index_domain_rec *d)
{
	return d->pub.state != ZL_DOMAIN_SHUTOFF;
}

static struct zl_index_nic_rec *find_mac(
	struct zl_index_domain_rec *d, const struct zl_mac *mac)
{
	for (unsigned i = 0; d != NULL && i < d->pub.n_nics; i++)
		if (zl_mac_eq(&d->nics[i].pub.nic.mac, mac))
			return &d->nics[i];
	return NULL;
}

/* The interfaces that were this NIC's tap. */
static void end_taps(
	struct zl_index *ix, const struct zl_index_nic_rec *nic, struct zl_wall now)
{
	struct zl_index_name_key key = { .host = nic->domain->host->id };
	struct zl_index_node *n;

	if (nic->pub.nic.tap[0] == '\0' || !is_active(nic->domain))
		return;
	memcpy(key.name, nic->pub.nic.tap, sizeof(key.name));
	for (n = zl_map_find(&ix->links_by_name, &key); n != NULL; n = n->next) {
		const struct zl_index_link_rec *l =
			zl_index_of(struct zl_index_link_rec, by_name, n);

		if (zl_mac_is_tap_of(&l->pub.mac, &nic->pub.nic.mac))
			zl_index_history_tap(ix, nic, l->pub.ifindex, now);
	}
}

void zl_index_history_domain(struct zl_index *ix, const struct zl_index_domain_rec *old,
	struct zl_index_domain_rec *d, struct zl_wall now)
{
	for (unsigned i = 0; i < old->pub.n_nics; i++) {
		const struct zl_index_nic_rec *nic = &old->nics[i];
		struct zl_index_nic_rec *next = find_mac(d, &nic->pub.nic.mac);

		if (next != NULL && is_active(old) == is_active(d) &&
			strcmp(next->pub.nic.tap, nic->pub.nic.tap) == 0) {
			next->since = nic->since;
			continue;
		}
		end_taps(ix, nic, now);
		if (next != NULL)
			continue;
		zl_index_history_mac(ix, nic, now);
		for (unsigned k = 0; k < nic->pub.n_addrs; k++)
			zl_index_history_addr(ix, nic, &nic->pub.addrs[k], now);
	}
}

/* --- questions --- */

bool zl_index_is_long_ago(
	const struct zl_index *ix, const struct zl_index_when *when, struct zl_wall now)
{
	return when->earliest.us <= ix->forgotten.us ||
	       now.us - when->earliest.us > ZL_INDEX_PAST_US;
}

bool zl_index_has_past(
	const struct zl_index *ix, const struct zl_index_when *when, struct zl_wall now)
{
	return when->start.us <= ix->newest_end.us ||
	       zl_index_is_long_ago(ix, when, now);
}

static struct former_key key_of(
	const struct zl_index *ix, const struct zl_index_claim *c, uint64_t *ret_hash)
{
	struct zl_index_link_key link = { .host = c->host_id, .ifindex = c->ifindex };

	switch (c->kind) {
	case ZL_INDEX_KIND_TAP:
		*ret_hash = zl_map_hash(&ix->links, &link);
		return tap_key(c->host_id, c->ifindex);
	case ZL_INDEX_KIND_MAC:
		*ret_hash = zl_map_hash(&ix->by_mac, c->mac);
		return mac_key(c->mac);
	case ZL_INDEX_KIND_ADDR: break;
	}
	*ret_hash = zl_map_hash(&ix->by_addr, c->addr);
	return addr_key(c->addr);
}

/* Whoever made something up does not make doubtful what is better known. */
static bool counts(const struct zl_index_former *f, const struct zl_index_claim *c)
{
	if ((c->owner != NULL && zl_uuid_eq(&f->domain, c->owner)) ||
		(c->asker != NULL && zl_uuid_eq(&f->domain, c->asker)))
		return false;
	if (c->kind != ZL_INDEX_KIND_ADDR)
		return true;
	if (c->scope_nr != 0 && f->scope_nr != c->scope_nr)
		return false;
	if (f->displaced && !is_weak(f->source))
		return true;
	return c->owner == NULL ? !is_weak(f->source)
				: zl_index_rank(f->source) <= zl_index_rank(c->source);
}

enum zl_index_past zl_index_past(const struct zl_index *ix,
	const struct zl_index_claim *claim, const struct zl_index_when *when,
	struct zl_wall now, const struct zl_index_former **ret)
{
	const struct zl_index_former *then = NULL, *near = NULL;
	uint64_t hash;
	struct former_key key = key_of(ix, claim, &hash);
	struct zl_index_node *n;
	/* Of an interface the whole flow has to be its owner's. */
	struct zl_wall since =
		claim->kind == ZL_INDEX_KIND_TAP ? when->start : when->earliest;

	n = ended_at(ix, hash)->us < since.us ? NULL : zl_map_find(&ix->formers, &key);
	for (; n != NULL; n = n->next) {
		const struct zl_index_former *f =
			&zl_index_of(struct former, by_key, n)->pub;
		bool is_sure = claim->owner == NULL
				       ? f->until.us >= when->earliest.us &&
						 f->from.us <= when->latest.us
				       : f->until.us > when->latest.us &&
						 f->from.us <= when->earliest.us;

		if (f->until.us < since.us || !counts(f, claim))
			continue;
		if (is_sure && (then == NULL || f->until.us < then->until.us))
			then = f;
		if (near == NULL || f->until.us > near->until.us)
			near = f;
	}
	if (then != NULL || (near != NULL && claim->owner != NULL)) {
		*ret = then != NULL ? then : near;
		return then != NULL ? ZL_INDEX_PAST_FORMER : ZL_INDEX_PAST_DOUBT;
	}
	return claim->owner != NULL && zl_index_is_long_ago(ix, when, now)
		       ? ZL_INDEX_PAST_LOST
		       : ZL_INDEX_PAST_SAME;
}

bool zl_index_had_addr(const struct zl_index *ix, const struct zl_index_claim *claim,
	const struct zl_uuid *domain, const struct zl_index_when *when)
{
	struct former_key key = addr_key(claim->addr);
	struct zl_index_node *n = zl_map_find(&ix->formers, &key);

	for (; n != NULL; n = n->next) {
		const struct zl_index_former *f =
			&zl_index_of(struct former, by_key, n)->pub;

		if (zl_uuid_eq(&f->domain, domain) &&
			f->until.us >= when->earliest.us &&
			(f->displaced || zl_index_rank(f->source) <=
						 zl_index_rank(claim->source)))
			return true;
	}
	return false;
}

const struct zl_index_former *zl_index_last_holder(const struct zl_index *ix,
	const struct zl_addr *addr, uint64_t scope_nr, const struct zl_uuid *domain)
{
	struct former_key key = addr_key(addr);
	struct zl_index_node *n = zl_map_find(&ix->formers, &key);
	const struct zl_index_former *last = NULL;

	for (; n != NULL; n = n->next) {
		const struct zl_index_former *f =
			&zl_index_of(struct former, by_key, n)->pub;

		if (f->scope_nr == scope_nr && f->source != ZL_ADDR_NEIGHBOUR &&
			!zl_uuid_eq(&f->domain, domain) &&
			(last == NULL || f->until.us > last->until.us))
			last = f;
	}
	return last;
}
