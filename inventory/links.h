/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and neighbours of the host, as RTNETLINK tells them.
 *
 * struct zl_links is the table of both; zl_links_on_message() keeps it from the
 * bytes of a dump or of an event, so it can be fed without a kernel.
 *
 * Bridges send their own RTM_NEWLINK and RTM_DELLINK (family AF_BRIDGE) when a port
 * comes or goes, and forwarding entries as neighbours: both are ignored.
 */
#ifndef ZL_INVENTORY_LINKS_H
#define ZL_INVENTORY_LINKS_H
#include <stdbool.h>

#include <net/if.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/map.h"

struct nlmsghdr;

enum { ZL_LINKS_MAX = 65536, ZL_NEIGHS_MAX = 65536, ZL_LINK_KIND = 16 };

struct zl_link {
	uint32_t ifindex, master; /* master 0: none */
	char name[IFNAMSIZ];
	char kind[ZL_LINK_KIND]; /* "tun", "bridge", "veth", "macvtap", ... or "" */
	struct zl_mac mac;
	bool tap, up;
	bool fresh;	       /* nobody has looked at it before: may have to be held */
	struct zl_mono judged; /* since when it has its MAC: start of the hold */
	struct zl_mac judged_mac;
	unsigned round; /* the last listing that it was in */
};

struct zl_neigh {
	uint32_t ifindex;
	struct zl_addr addr;
	struct zl_mac mac;
	unsigned round;
};

struct zl_links {
	struct zl_map by_index; /* u32 -> struct zl_link, owned */
	struct zl_map neighs;	/* ifindex and address -> struct zl_neigh, owned */
	unsigned round;		/* counts the listings */
};

enum zl_link_change {
	ZL_LINK_SAME,
	ZL_LINK_CHANGED, /* new, or one of the members above is different */
	ZL_LINK_REMOVED,
	ZL_NEIGH_CHANGED,
	ZL_NEIGH_REMOVED,
};

/* What a message did; `link` or `neigh` is a copy of the entry (the old one if removed). */
struct zl_link_event {
	enum zl_link_change change;
	struct zl_link link;
	struct zl_neigh neigh;
};

void zl_links_init(struct zl_links *l);
void zl_links_done(struct zl_links *l);

/*
 * Take in one RTM_*LINK or RTM_*NEIGH message; others change nothing.  `fresh`: it is an
 * event, not part of the first dump.  -EBADMSG: malformed; -ENOBUFS: table full; -ENOMEM.
 */
int zl_links_on_message(struct zl_links *l, const struct nlmsghdr *nlh, bool fresh,
	struct zl_mono now, struct zl_link_event *ret) ZL_CHECKED;

typedef void (*zl_links_fn)(const struct zl_link_event *e, void *user);

/*
 * Before and after the messages of one whole listing: what was not in it is gone, and
 * `on` (may be NULL) is told.
 */
void zl_links_start(struct zl_links *l);
void zl_links_sweep(struct zl_links *l, zl_links_fn on, void *user);

/* Taps with an index beyond `seen` are fresh after all: they came while no agent ran. */
void zl_links_mark_fresh(struct zl_links *l, uint32_t seen);

const struct zl_link *zl_links_find(const struct zl_links *l, uint32_t ifindex);
/* The name of the bridge it is a port of, or "". */
const char *zl_links_master_name(const struct zl_links *l, const struct zl_link *link);
/* Is it a port of a Linux bridge, where the bridge table sees its frames? */
bool zl_links_on_bridge(const struct zl_links *l, const struct zl_link *link);

enum zl_tap_match { ZL_TAP_NONE, ZL_TAP_ONE, ZL_TAP_AMBIGUOUS };

/*
 * The tap that libvirt made for a NIC with this MAC: an interface of kind tun and type
 * tap with the MAC fe:....  Several: the one named `hint`, otherwise AMBIGUOUS.
 */
enum zl_tap_match zl_links_tap_of(const struct zl_links *l, const struct zl_mac *nic,
	const char *hint, const struct zl_link **ret);

#endif
