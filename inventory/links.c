/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of interfaces and neighbours. */
#include "inventory/links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

struct neigh_key {
	uint32_t ifindex;
	struct zl_addr addr;
};

void zl_links_init(struct zl_links *l)
{
	zl_map_init(&l->by_index, sizeof(uint32_t), ZL_LINKS_MAX);
	zl_map_init(&l->neighs, sizeof(struct neigh_key), ZL_NEIGHS_MAX);
}

void zl_links_done(struct zl_links *l)
{
	void *value;

	for (size_t i = 0; (value = zl_map_next(&l->by_index, &i)) != NULL;)
		free(value);
	for (size_t i = 0; (value = zl_map_next(&l->neighs, &i)) != NULL;)
		free(value);
	zl_map_done(&l->by_index);
	zl_map_done(&l->neighs);
}

static void copy_text(const struct nlattr *a, char *to, size_t size)
{
	size_t n = mnl_attr_get_payload_len(a);

	if (n >= size)
		n = size - 1;
	memcpy(to, mnl_attr_get_payload(a), n);
	to[n] = '\0';
}

/* IFLA_LINKINFO: | IFLA_INFO_KIND "tun" | IFLA_INFO_DATA | IFLA_TUN_TYPE u8 1|2 | | */
static void read_info(const struct nlattr *nest, struct zl_link *to)
{
	const struct nlattr *a, *data = NULL;

	mnl_attr_for_each_nested(a, nest)
	{
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			copy_text(a, to->kind, sizeof(to->kind));
		else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	if (strcmp(to->kind, "tun") != 0 || data == NULL)
		return;
	mnl_attr_for_each_nested(a, data)
	{
		if (mnl_attr_get_type(a) == IFLA_TUN_TYPE &&
			mnl_attr_get_payload_len(a) == 1)
			to->tap = mnl_attr_get_u8(a) == IFF_TAP;
	}
}

static void read_link(
	const struct nlmsghdr *nlh, const struct ifinfomsg *ifi, struct zl_link *to)
{
	const struct nlattr *a;

	*to = (struct zl_link){ .ifindex = (uint32_t)ifi->ifi_index,
		.up = (ifi->ifi_flags & IFF_UP) != 0 };
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
	{
		size_t n = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME: copy_text(a, to->name, sizeof(to->name)); break;
		case IFLA_ADDRESS:
			if (n == sizeof(to->mac.b))
				memcpy(to->mac.b, mnl_attr_get_payload(a), n);
			break;
		case IFLA_MASTER:
			if (n == sizeof(uint32_t))
				to->master = mnl_attr_get_u32(a);
			break;
		case IFLA_LINKINFO: read_info(a, to); break;
		default: break;
		}
	}
}

static bool is_same(const struct zl_link *a, const struct zl_link *b)
{
	return a->master == b->master && a->tap == b->tap && a->up == b->up &&
	       zl_mac_eq(&a->mac, &b->mac) && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->kind, b->kind) == 0;
}

static int on_link(struct zl_links *l, const struct nlmsghdr *nlh, bool fresh,
	struct zl_mono now, struct zl_link_event *ret)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct zl_link link, *known;
	int r;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return -EBADMSG;
	if (ifi->ifi_family == AF_BRIDGE || ifi->ifi_index <= 0)
		return 0;
	read_link(nlh, ifi, &link);
	known = zl_map_find(&l->by_index, &link.ifindex);
	if (nlh->nlmsg_type == RTM_DELLINK) {
		if (known == NULL)
			return 0;
		ret->change = ZL_LINK_REMOVED;
		ret->link = *known;
		(void)zl_map_remove(&l->by_index, &link.ifindex);
		free(known);
		return 0;
	}
	link.round = l->round;
	link.fresh = known == NULL ? fresh : known->fresh;
	link.judged = now;
	link.judged_mac = link.mac;
	if (known != NULL && zl_mac_eq(&known->judged_mac, &link.mac))
		link.judged = known->judged;
	if (known == NULL) {
		known = malloc(sizeof(*known));
		if (known == NULL)
			return -ENOMEM;
		r = zl_map_put(&l->by_index, &link.ifindex, known);
		if (r < 0) {
			free(known);
			return r;
		}
		ret->change = ZL_LINK_CHANGED;
	} else if (!is_same(known, &link)) {
		ret->change = ZL_LINK_CHANGED;
	}
	*known = ret->link = link;
	return 0;
}

static bool read_neigh(
	const struct nlmsghdr *nlh, const struct ndmsg *nd, struct zl_neigh *to)
{
	const struct nlattr *a;
	bool has_addr = false;

	*to = (struct zl_neigh){ .ifindex = (uint32_t)nd->ndm_ifindex };
	mnl_attr_for_each(a, nlh, sizeof(*nd))
	{
		size_t n = mnl_attr_get_payload_len(a);
		const uint8_t *v = mnl_attr_get_payload(a);

		if (mnl_attr_get_type(a) == NDA_LLADDR && n == sizeof(to->mac.b)) {
			memcpy(to->mac.b, v, n);
		} else if (mnl_attr_get_type(a) == NDA_DST && (n == 4 || n == 16)) {
			to->addr = n == 4 ? zl_addr_from_v4_be(v) : zl_addr_from_v6(v);
			has_addr = true;
		}
	}
	return has_addr;
}

static int on_neigh(
	struct zl_links *l, const struct nlmsghdr *nlh, struct zl_link_event *ret)
{
	const uint16_t alive =
		NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	const struct ndmsg *nd = mnl_nlmsg_get_payload(nlh);
	struct neigh_key key = { 0 };
	struct zl_neigh neigh, *known;
	int r;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nd))
		return -EBADMSG;
	if ((nd->ndm_family != AF_INET && nd->ndm_family != AF_INET6) ||
		!read_neigh(nlh, nd, &neigh) || zl_addr_is_multicast(&neigh.addr))
		return 0;
	key.ifindex = neigh.ifindex;
	key.addr = neigh.addr;
	known = zl_map_find(&l->neighs, &key);
	if (nlh->nlmsg_type == RTM_DELNEIGH || (nd->ndm_state & alive) == 0 ||
		zl_mac_is_zero(&neigh.mac)) {
		if (known == NULL)
			return 0;
		ret->change = ZL_NEIGH_REMOVED;
		ret->neigh = *known;
		(void)zl_map_remove(&l->neighs, &key);
		free(known);
		return 0;
	}
	if (known != NULL)
		known->round = l->round;
	if (known != NULL && zl_mac_eq(&known->mac, &neigh.mac))
		return 0;
	if (known == NULL) {
		known = malloc(sizeof(*known));
		if (known == NULL)
			return -ENOMEM;
		r = zl_map_put(&l->neighs, &key, known);
		if (r < 0) {
			free(known);
			return r;
		}
	}
	neigh.round = l->round;
	*known = ret->neigh = neigh;
	ret->change = ZL_NEIGH_CHANGED;
	return 0;
}

int zl_links_on_message(struct zl_links *l, const struct nlmsghdr *nlh, bool fresh,
	struct zl_mono now, struct zl_link_event *ret)
{
	*ret = (struct zl_link_event){ .change = ZL_LINK_SAME };
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: return on_link(l, nlh, fresh, now, ret);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: return on_neigh(l, nlh, ret);
	default: return 0;
	}
}

void zl_links_start(struct zl_links *l)
{
	l->round++;
}

/* Take out one that was not listed; false: there is none. */
static bool take_unlisted(struct zl_links *l, struct zl_link_event *ret)
{
	struct zl_link *link;
	struct zl_neigh *neigh;

	for (size_t i = 0; (link = zl_map_next(&l->by_index, &i)) != NULL;) {
		if (link->round == l->round)
			continue;
		*ret = (struct zl_link_event){ .change = ZL_LINK_REMOVED,
			.link = *link };
		free(zl_map_remove(&l->by_index, &ret->link.ifindex));
		return true;
	}
	for (size_t i = 0; (neigh = zl_map_next(&l->neighs, &i)) != NULL;) {
		struct neigh_key key = { .ifindex = neigh->ifindex,
			.addr = neigh->addr };

		if (neigh->round == l->round)
			continue;
		*ret = (struct zl_link_event){ .change = ZL_NEIGH_REMOVED,
			.neigh = *neigh };
		free(zl_map_remove(&l->neighs, &key));
		return true;
	}
	return false;
}

void zl_links_sweep(struct zl_links *l, zl_links_fn on, void *user)
{
	struct zl_link_event e;

	while (take_unlisted(l, &e))
		if (on != NULL)
			on(&e, user);
}

void zl_links_mark_fresh(struct zl_links *l, uint32_t seen)
{
	struct zl_link *link;

	for (size_t i = 0; (link = zl_map_next(&l->by_index, &i)) != NULL;)
		if (link->tap && link->ifindex > seen)
			link->fresh = true;
}

const struct zl_link *zl_links_find(const struct zl_links *l, uint32_t ifindex)
{
	return zl_map_find(&l->by_index, &ifindex);
}

const char *zl_links_master_name(const struct zl_links *l, const struct zl_link *link)
{
	const struct zl_link *master =
		link->master == 0 ? NULL : zl_links_find(l, link->master);

	return master == NULL ? "" : master->name;
}

bool zl_links_on_bridge(const struct zl_links *l, const struct zl_link *link)
{
	const struct zl_link *master =
		link->master == 0 ? NULL : zl_links_find(l, link->master);

	return master != NULL && strcmp(master->kind, "bridge") == 0;
}

enum zl_tap_match zl_links_tap_of(const struct zl_links *l, const struct zl_mac *nic,
	const char *hint, const struct zl_link **ret)
{
	const struct zl_link *link, *found = NULL, *named = NULL;
	unsigned n = 0;

	for (size_t i = 0; (link = zl_map_next(&l->by_index, &i)) != NULL;) {
		if (!link->tap || !zl_mac_is_tap_of(&link->mac, nic))
			continue;
		found = link;
		n++;
		if (hint[0] != '\0' && strcmp(hint, link->name) == 0)
			named = link;
	}
	if (n == 0)
		return ZL_TAP_NONE;
	if (n > 1 && named == NULL)
		return ZL_TAP_AMBIGUOUS;
	*ret = n > 1 ? named : found;
	return ZL_TAP_ONE;
}
