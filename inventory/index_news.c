/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: what has changed, by number. */
#include "inventory/index_priv.h"

const uint32_t *zl_index_news(const struct zl_index *ix)
{
	return ix->news;
}

/* Bits of the hash that no map uses for its places. */
static uint16_t topic_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48 & (ZL_INDEX_NEWS - 1));
}

/* No MAC was asked about: the interface was, and once more does no harm. */
static uint16_t topic_of_mac(const struct zl_index *ix, const struct zl_index_fetch *f,
	const struct zl_mac *mac)
{
	return topic_of(mac == NULL ? f->link_hash : zl_map_hash(&ix->by_mac, mac));
}

struct zl_index_topics zl_index_topics(const struct zl_index *ix,
	const struct zl_index_fetch *f, const struct zl_mac *src_mac,
	const struct zl_mac *dst_mac)
{
	return (struct zl_index_topics){ .src = topic_of(f->src_hash),
		.dst = topic_of(f->dst_hash),
		.link = topic_of(f->link_hash),
		.src_mac = topic_of_mac(ix, f, src_mac),
		.dst_mac = topic_of_mac(ix, f, dst_mac) };
}

static void add_news(struct zl_index *ix, const struct zl_map *m, const void *key)
{
	ix->news[topic_of(zl_map_hash(m, key))]++;
}

void zl_index_news_of_hash(struct zl_index *ix, uint64_t hash)
{
	ix->news[topic_of(hash)]++;
}

void zl_index_news_of_all(struct zl_index *ix)
{
	ix->news[ZL_INDEX_NEWS]++;
}

void zl_index_news_of_link(struct zl_index *ix, const struct zl_index_link_key *link)
{
	add_news(ix, &ix->links, link);
}

/* The interfaces that are, or would be, this NIC's tap. */
static void tell_taps(struct zl_index *ix, const struct zl_index_nic_rec *nic)
{
	struct zl_index_name_key name = { .host = nic->domain->host->id };
	struct zl_index_node *n;

	(void)snprintf(name.name, sizeof(name.name), "%s", nic->pub.nic.tap);
	for (n = zl_map_find(&ix->links_by_name, &name); n != NULL; n = n->next) {
		const struct zl_index_link_rec *l =
			zl_index_of(struct zl_index_link_rec, by_name, n);
		struct zl_index_link_key key = { .host = name.host,
			.ifindex = l->pub.ifindex };

		zl_index_news_of_link(ix, &key);
	}
}

static void tell_nics(struct zl_index *ix, const struct zl_index_domain_rec *d)
{
	for (unsigned i = 0; i < d->pub.n_nics; i++) {
		const struct zl_index_nic_rec *nic = &d->nics[i];

		add_news(ix, &ix->by_mac, &nic->pub.nic.mac);
		for (unsigned k = 0; k < nic->pub.n_addrs; k++)
			add_news(ix, &ix->by_addr, &nic->pub.addrs[k].addr);
		tell_taps(ix, nic);
	}
}

/* While it migrates, what one host knows of it counts on the other too. */
void zl_index_news_of_domain(struct zl_index *ix, const struct zl_index_domain_rec *d)
{
	struct zl_index_node *n = zl_map_find(&ix->by_uuid, &d->pub.uuid);

	tell_nics(ix, d);
	for (; n != NULL; n = n->next) {
		const struct zl_index_domain_rec *other =
			zl_index_of(struct zl_index_domain_rec, by_uuid, n);

		if (other != d)
			tell_nics(ix, other);
	}
}
