/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the index, shared by the index_*.c files alone. */
#ifndef ZL_INVENTORY_INDEX_PRIV_H
#define ZL_INVENTORY_INDEX_PRIV_H
#include <stdalign.h>

#include "base/map.h"
#include "inventory/index.h"

/* Of the cache: what every flow needs of a record is in its first one. */
enum { ZL_INDEX_LINE = 64 };

/* A member of a list whose first member a map holds, or a host. */
struct zl_index_node {
	struct zl_index_node *next, *prev;
};

#define zl_index_of(type, member, node)                                                \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/* First in, first out. */
struct zl_index_queue {
	struct zl_index_node *first, *last;
	unsigned n;
};

struct zl_index_host_rec {
	struct zl_index_host pub;
	uint32_t id; /* never used again: keys of other maps hold it */
	struct zl_index_node *domains, *links, *facts;
	struct zl_index_queue formers, weak_formers; /* index_history.c */
	unsigned n_links, n_facts;
	unsigned list_mark, agent_mark; /* what was put since has the same mark */
	bool listing, reporting;
};

struct zl_index_nic_rec;

/* One of a NIC's addresses in by_addr; `at` is its place in pub.addrs. */
struct zl_index_owner_rec {
	struct zl_index_node node;
	struct zl_index_nic_rec *nic;
	uint8_t at, source; /* enum zl_addr_source of that */
};

struct zl_index_domain_rec;

struct zl_index_nic_rec {
	alignas(ZL_INDEX_LINE) struct zl_index_nic pub;
	struct zl_index_domain_rec *domain;
	struct zl_index_node by_mac, by_tap;
	struct zl_index_owner_rec owners[ZL_NIC_ADDRS_MAX];
	bool has_mac, has_tap; /* is in that list */
	struct zl_wall since;  /* it has been there, with this tap */
};

struct zl_index_domain_rec {
	alignas(ZL_INDEX_LINE) struct zl_index_domain pub;
	struct zl_index_host_rec *host;
	struct zl_index_nic_rec *nics;
	const struct zl_index_nic **nic_list; /* what pub.nics shows */
	char (*zones)[64];
	struct zl_index_node of_host, by_uuid, by_name;
	bool has_uuid, has_name;
	bool forwards_by_metadata;
	unsigned mark;
};

struct zl_index_link_rec {
	/* The answer of zl_index_tap(), good while `version` is the index's. */
	const struct zl_index_nic *tap;
	uint64_t version;
	struct zl_index_link pub;
	struct zl_index_node of_host, by_name;
	unsigned mark;
};

/* That an address belongs to a MAC, on one host: a DHCP lease or a neighbour. */
struct zl_index_fact_key {
	uint32_t host, source; /* enum zl_addr_source */
	uint64_t place; /* the interface's index, or a hash of the network's name */
	struct zl_addr addr;
};

struct zl_index_fact {
	struct zl_index_fact_key key;
	struct zl_mac mac;
	char network[ZL_NAME_MAX]; /* of a lease */
	struct zl_wall expires;	   /* 0: never */
	struct zl_index_node of_host, by_mac;
	unsigned mark;
};

struct zl_index_name_key {
	uint32_t host;
	char name[ZL_IFNAME_MAX];
};

struct zl_index_link_key {
	uint32_t host, ifindex;
};

struct zl_index_domain_key {
	uint32_t host;
	struct zl_uuid uuid;
};

struct zl_index_mac_key {
	uint32_t host;
	struct zl_mac mac;
	uint8_t zero[2];
};

struct zl_index {
	zl_index_change_fn on_change;
	void *user;
	uint32_t last_host_id;
	uint64_t seed[2];
	uint64_t version; /* of links, and of NICs and their taps; never 0 */
	uint32_t news[ZL_INDEX_NEWS + 1];  /* see zl_index_news() */
	struct zl_index_host_rec **recent; /* who was asked for last, or NULL */
	struct zl_map hosts;		   /* char[64] -> host */
	struct zl_map domains;		   /* domain_key -> domain */
	struct zl_map links;		   /* link_key -> link */
	struct zl_map facts;		   /* fact_key -> fact */
	struct zl_map forwarding; /* uuid of those declared by the admin -> the index */
	/* Of these the values are lists. */
	struct zl_map by_uuid, by_name, by_mac, by_tap,
		by_addr; /* domains, NICs, owners */
	struct zl_map links_by_name, facts_by_mac;
	/* What has ended (index_history.c). */
	struct zl_map formers;	   /* lists of them, by what they had */
	struct zl_wall newest_end; /* of anything */
	struct zl_wall forgotten;  /* the newest end that is not remembered any more */
	struct zl_wall *ended;	   /* the newest one, by a part of the hash */
};

/* Lists in a map.  Adding fails for want of memory; removing never. */
int zl_index_list_add(
	struct zl_map *m, const void *key, struct zl_index_node *n) ZL_CHECKED;
void zl_index_list_remove(struct zl_map *m, const void *key, struct zl_index_node *n);

/* Lists of a host. */
void zl_index_chain_add(struct zl_index_node **first, struct zl_index_node *n);
void zl_index_chain_remove(struct zl_index_node **first, struct zl_index_node *n);

/* The host, or NULL and a sentence. */
struct zl_index_host_rec *zl_index_get_host(
	const struct zl_index *ix, const char *name, struct zl_error *reterr);

void zl_index_tell(
	struct zl_index *ix, const struct zl_index_domain_rec *d, unsigned what);
/* `now` 0: what it had is not remembered; its host goes with it. */
void zl_index_remove_domain(
	struct zl_index *ix, struct zl_index_domain_rec *d, struct zl_wall now);
void zl_index_remove_links(struct zl_index *ix, struct zl_index_host_rec *h,
	bool only_unmarked, struct zl_wall now);
void zl_index_remove_facts(struct zl_index *ix, struct zl_index_host_rec *h);
void zl_index_expire_facts(
	struct zl_index *ix, struct zl_index_host_rec *h, struct zl_wall now);

/* --- news (index_news.c): before something is taken away, after it has come --- */
void zl_index_news_of_domain(struct zl_index *ix, const struct zl_index_domain_rec *d);
void zl_index_news_of_link(struct zl_index *ix, const struct zl_index_link_key *link);
void zl_index_news_of_hash(struct zl_index *ix, uint64_t hash); /* of any of these */
void zl_index_news_of_all(struct zl_index *ix);			/* hosts */

/* --- addresses (index_addr.c) --- */

/* Does an address say who somebody is? */
bool zl_index_is_identity(const struct zl_addr *a);

/* A scope's number; 0 is none's. */
uint64_t zl_index_scope_nr(const char *scope);

/* Are two NICs on one segment, so that they cannot both have an address? */
bool zl_index_same_segment(
	const struct zl_index_nic_rec *a, const struct zl_index_nic_rec *b);

/* Two NICs that are the same NIC of the same domain, on two hosts. */
bool zl_index_same_nic(
	const struct zl_index_nic_rec *a, const struct zl_index_nic_rec *b);

/* Strength of a source, smaller is stronger. */
unsigned zl_index_rank(enum zl_addr_source s);

/*
 * Work out a NIC's addresses anew from its definition, the host's facts and the learned
 * ones among `old` (which may be its own).  Returns 1 when they have changed, 0, -ENOMEM.
 */
int zl_index_refresh_addrs(struct zl_index *ix, struct zl_index_nic_rec *nic,
	const struct zl_index_addr *old, uint8_t n_old, struct zl_wall now) ZL_CHECKED;
void zl_index_drop_addrs(struct zl_index *ix, struct zl_index_nic_rec *nic);

/* --- what was (index_history.c) --- */

int zl_index_history_init(struct zl_index *ix) ZL_CHECKED;
void zl_index_history_done(struct zl_index *ix);
void zl_index_history_forget_host(struct zl_index *ix, struct zl_index_host_rec *h);
void zl_index_history_expire(
	struct zl_index *ix, struct zl_index_host_rec *h, struct zl_wall now);

/* The NIC ceases to be behind that interface; to be on its host; to have an address. */
void zl_index_history_tap(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	uint32_t ifindex, struct zl_wall now);
void zl_index_history_mac(
	struct zl_index *ix, const struct zl_index_nic_rec *nic, struct zl_wall now);
void zl_index_history_addr(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *addr, struct zl_wall now);
/* Who has this address on the segment of `nic` now has to stand back behind it. */
void zl_index_history_displace(struct zl_index *ix, const struct zl_index_nic_rec *nic,
	const struct zl_index_addr *addr, struct zl_wall now);
/* A domain's record makes way for another, or (NULL) for none. */
void zl_index_history_domain(struct zl_index *ix, const struct zl_index_domain_rec *old,
	struct zl_index_domain_rec *d, struct zl_wall now);

/* The NIC behind a link, under the conditions of zl_index_tap(). */
const struct zl_index_nic *zl_index_find_tap(
	const struct zl_index *ix, uint32_t host_id, const struct zl_index_link *link);

#endif
