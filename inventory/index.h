/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is who: all hosts, domains, NICs, taps and addresses, as the inventory and the
 * agents told them.  A pure data structure: no clock, no libvirt, no log; the engine
 * feeds it and asks it for both ends of each flow.  All lookups take constant time.
 *
 *	r = zl_index_new(on_change, engine, &ix, reterr);
 *	r = zl_index_host_put(ix, "hv1", now, reterr);		the admin enrolled it
 *	r = zl_index_apply(ix, in, now, reterr);		every frame of the inventory
 *	r = zl_index_link_put(ix, "hv1", &link, reterr);	what its agent reports
 *	nic = zl_index_tap(ix, "hv1", 17);			ingress interface of a record
 *
 * Identity.  A domain is (host, uuid): while it migrates, the same uuid is on two
 * hosts, and both are kept.  A NIC is (domain, MAC).
 *
 * Lifetime.  What queries return is borrowed and valid until the next call that changes
 * the index: copy what must live longer, or find it again by host and uuid.
 *
 * Order.  What is known of links, neighbours and leases is kept per host, beside the
 * domains, so it does not matter which of them is told first, or how often.
 *
 * Addresses of a NIC, strongest source first: metadata, nwfilter, DHCP, neighbour table,
 * learned.  At most ZL_NIC_ADDRS_MAX; the weakest give way.  Multicast, zero, loopback
 * and link-local addresses say nothing about identity and are left out, unless the
 * admin named one in the metadata.
 *
 * Scopes keep overlapping addresses apart.  A NIC on a bridge is in "bridge:NAME",
 * which is one segment on all hosts; one on a libvirt network that is no bridge of the
 * host (NAT, routed, isolated) is in "network:NAME", a segment of its own on each host.
 * The VLAN that libvirt gives a NIC is part of it: "bridge:NAME/42".
 *
 * A host that cannot be reached becomes stale and keeps all it had.
 *
 * The past.  A record tells of traffic that was some time ago.  What ended within the last
 * ZL_INDEX_PAST_US is remembered: whose interface, MAC or address it was, so that nobody is
 * taken for whom it got it from.  A guest cannot rewrite it: what it may have made up
 * itself (neighbours, learned addresses) says nothing against better sources.
 */
#ifndef ZL_INVENTORY_INDEX_H
#define ZL_INVENTORY_INDEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "inventory/domain.h"
#include "inventory/protocol.h"

enum {
	ZL_INDEX_HOSTS_MAX = 2048,
	ZL_INDEX_DOMAINS_MAX = 4096,	 /* of one host */
	ZL_INDEX_LINKS_MAX = 16384,	 /* of one host */
	ZL_INDEX_FACTS_MAX = 16384,	 /* neighbours and DHCP leases of one host */
	ZL_INDEX_FACTS_MAC_MAX = 64,	 /* of one MAC on one host */
	ZL_INDEX_LEARNED_MAX = 8,	 /* learned addresses of one NIC */
	ZL_INDEX_FORWARDING_MAX = 65536, /* declared by the admin */
	ZL_INDEX_FORMERS_MAX = 1024,	 /* of one host: what ended, by good sources */
	ZL_INDEX_WEAK_FORMERS_MAX = 256, /* and by those that a guest can make up */
	ZL_SCOPE_MAX = ZL_NAME_MAX + 16,
	ZL_INDEX_SCOPE_NONE = 1, /* the number of no scope */
};

/* A learned address that is not seen for so long is forgotten. */
#define ZL_INDEX_LEARNED_IDLE_US (INT64_C(24) * 3600 * ZL_US_PER_S)

#define ZL_INDEX_PAST_US (INT64_C(3600) * ZL_US_PER_S)

struct zl_index;

struct zl_index_host {
	char name[64];
	enum zl_host_state state;
	char reason[512];     /* why it is not up, or "" */
	struct zl_wall since; /* of the state */
	unsigned n_domains;
};

struct zl_index_addr {
	struct zl_addr addr;
	enum zl_addr_source source;
	struct zl_wall since, seen; /* seen: of learned ones, the last flow */
};

struct zl_index_domain;

struct zl_index_nic {
	/* What every flow needs is in the first 64 bytes, to the NIC's tap. */
	const struct zl_index_domain *domain;
	uint64_t segment;  /* a number for scope and, unless a bridge, host */
	uint64_t scope_nr; /* a number for the scope alone; ZL_INDEX_SCOPE_NONE: "" */
	uint8_t n_addrs;
	struct zl_nic nic; /* as libvirt has it; its addrs are only those of the XML */
	struct zl_index_addr addrs[ZL_NIC_ADDRS_MAX]; /* all, strongest first */
	char scope[ZL_SCOPE_MAX]; /* "bridge:NAME", "network:NAME/VLAN", or "" */
};

struct zl_index_domain {
	/* What every flow needs is in the first 64 bytes, most names too. */
	const struct zl_index_host *host;
	struct zl_uuid uuid;
	enum zl_domain_state state;
	bool forwarding, truncated;
	uint8_t n_zones, n_nics;
	char name[ZL_NAME_MAX];
	const char (*zones)[64];
	const struct zl_index_nic *const *nics; /* n_nics of them */
	uint16_t n_left;			/* as in struct zl_domain */
	char left[ZL_DOMAIN_LEFT_MAX];
};

/* A network interface of a host, from its agent. */
struct zl_index_link {
	uint32_t ifindex;
	char name[ZL_IFNAME_MAX];
	struct zl_mac mac;
	char master[ZL_IFNAME_MAX]; /* the bridge it is a port of, or "" */
};

/* --- changes --- */

/* What is different; several at once. */
enum {
	ZL_INDEX_ADDED = 1 << 0,
	ZL_INDEX_GONE = 1 << 1,	 /* the domain is still there during the call */
	ZL_INDEX_STATE = 1 << 2, /* started, stopped, paused */
	ZL_INDEX_NAME = 1 << 3,
	ZL_INDEX_ZONES = 1 << 4, /* zones or forwarding */
	ZL_INDEX_NICS = 1 << 5,	 /* a NIC came or went, or has another tap or network */
	ZL_INDEX_ADDRS = 1 << 6,
};

/* Comes after the index holds the change.  Must not change the index. */
typedef void (*zl_index_change_fn)(
	const struct zl_index_domain *d, unsigned what, void *user);

int zl_index_new(zl_index_change_fn on_change, void *user, struct zl_index **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_index_free(struct zl_index *ix); /* NULL is fine; no changes are told */

/*
 * Feeding.  -ENOENT: the host is not enrolled; -ENOBUFS: a limit above; -ENOMEM; what
 * was there before stays then.
 */
int zl_index_host_put(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED; /* connecting; nothing when it is there */
int zl_index_host_remove(struct zl_index *ix, const char *host,
	struct zl_error *reterr) ZL_CHECKED; /* and all of its domains */

/* A message of the inventory: host-state, list-begin, list-end, domain, domain-gone, dhcp. */
int zl_index_apply(struct zl_index *ix, const struct zl_frame_in *in,
	struct zl_wall now, struct zl_error *reterr) ZL_CHECKED;

/* What zl_index_apply() does, one by one. */
int zl_index_host_state(struct zl_index *ix, const char *host, enum zl_host_state state,
	const char *reason, struct zl_wall now, struct zl_error *reterr) ZL_CHECKED;
int zl_index_list_begin(
	struct zl_index *ix, const char *host, struct zl_error *reterr) ZL_CHECKED;
int zl_index_list_end(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr)
	ZL_CHECKED; /* domains that were not put since list_begin are gone */
int zl_index_domain_put(struct zl_index *ix, const char *host,
	const struct zl_domain *d, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;
int zl_index_domain_gone(struct zl_index *ix, const char *host,
	const struct zl_uuid *uuid, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * The admin says that a domain forwards, or does not say it any more: known or not yet, and
 * wherever it is.  It forwards also when its metadata say so.
 */
int zl_index_set_forwarding(struct zl_index *ix, const struct zl_uuid *domain, bool on,
	struct zl_wall now, struct zl_error *reterr) ZL_CHECKED;

/* A lease of a libvirt network; `expires` 0: never; not after `now`: it is gone. */
int zl_index_dhcp(struct zl_index *ix, const char *host, const struct zl_mac *mac,
	const struct zl_addr *addr, const char *network, struct zl_wall expires,
	struct zl_wall now, struct zl_error *reterr) ZL_CHECKED;

/*
 * The agent's reports.  A (re)connected agent tells everything: between agent_begin and
 * agent_end; links and neighbours that were not put in between are gone.
 */
int zl_index_link_put(struct zl_index *ix, const char *host,
	const struct zl_index_link *link, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;
int zl_index_link_gone(struct zl_index *ix, const char *host, uint32_t ifindex,
	struct zl_wall now, struct zl_error *reterr) ZL_CHECKED;
int zl_index_agent_begin(
	struct zl_index *ix, const char *host, struct zl_error *reterr) ZL_CHECKED;
int zl_index_agent_end(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;
int zl_index_neighbour_put(struct zl_index *ix, const char *host, uint32_t ifindex,
	const struct zl_addr *addr, const struct zl_mac *mac, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;
int zl_index_neighbour_gone(struct zl_index *ix, const char *host, uint32_t ifindex,
	const struct zl_addr *addr, struct zl_wall now,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * A flow from the tap of `nic` had source `addr`.  The first holder of an address in
 * its scope keeps it.
 *
 * Returns 1 when it was learned, 0 when there was nothing to learn (it is the NIC's
 * already; the domain forwards; the address says nothing), or
 *	-EEXIST		another NIC holds it: *ret_holder
 *	-ENOBUFS	the NIC has ZL_INDEX_LEARNED_MAX or ZL_NIC_ADDRS_MAX already
 *	-ENOMEM
 */
int zl_index_learn(struct zl_index *ix, const struct zl_index_nic *nic,
	const struct zl_addr *addr, struct zl_wall now,
	const struct zl_index_nic **ret_holder) ZL_CHECKED;

/* Forget DHCP leases that have ended, learned addresses that are idle, and old history. */
void zl_index_expire(struct zl_index *ix, struct zl_wall now);

/* When the traffic was, by our clock: between which moments its last packet, and, at the
 * earliest, its first one. */
struct zl_index_when {
	struct zl_wall start, earliest, latest;
};

/*
 * Before many questions at once.  A question touches a dozen places in hundreds of
 * megabytes; fetched for a whole batch together they cost a tenth of one after the
 * other.  For each of a batch step 0, then for each step 1, then 2, then the questions
 * (zl_index_tap_fetched, _addr_hashed, _learn).  Nothing is answered or changed.  Who
 * asks about one flow alone needs step 0 only.
 */
enum { ZL_INDEX_FETCH_STEPS = 3 };
struct zl_index_fetch {
	const char *host; /* or NULL */
	uint32_t ifindex;
	const struct zl_addr *src, *dst;
	struct zl_index_when when; /* not asked for here, but with the flow's ends */
	/* Of step 0, good as long as no host is removed. */
	uint32_t host_id;
	uint64_t link_hash, src_hash, dst_hash;
	/* Kept from step to step. */
	const void *owners[2];
};
void zl_index_fetch(const struct zl_index *ix, struct zl_index_fetch *f, unsigned step);

/*
 * News: for who keeps an answer and wants to know whether it is still the answer.  What
 * was asked about has a number below ZL_INDEX_NEWS: an address, a MAC, an interface of a
 * host.  The counter of that number grows whenever anything changes on which an answer
 * about it may depend, a domain's state, name, zones and forwarding as well as who has it;
 * that of ZL_INDEX_NEWS when a host comes or goes.  Counters never shrink, so a sum of
 * some is the same only when all are.  Numbers are shared by hash: an answer may look
 * outdated that is not, never the other way round.  A domain's change is news of all that
 * its NICs have, on each host where it is.  What ends is news too: while a counter is what
 * it was, nothing that it stands for has come to have another past.
 */
enum { ZL_INDEX_NEWS = 4096 };
const uint32_t *zl_index_news(const struct zl_index *ix); /* good as long as `ix` is */
struct zl_index_topics {
	uint16_t src, dst, link, src_mac, dst_mac;
};
/* Of a question that has been through step 0; the MACs, or NULL, were asked about too. */
struct zl_index_topics zl_index_topics(const struct zl_index *ix,
	const struct zl_index_fetch *f, const struct zl_mac *src_mac,
	const struct zl_mac *dst_mac);

/* --- the past --- */

enum zl_index_kind { ZL_INDEX_KIND_TAP, ZL_INDEX_KIND_MAC, ZL_INDEX_KIND_ADDR };

/* Who had something and lost it; all copied. */
struct zl_index_former {
	struct zl_uuid domain;
	struct zl_mac mac;
	enum zl_addr_source source; /* of an address */
	bool forwarding;
	bool displaced; /* the address was given to another domain beside it */
	struct zl_wall from, until;
	uint64_t segment, scope_nr;
	char name[ZL_NAME_MAX], host[64], tap[ZL_IFNAME_MAX];
};

/* What is asked about: an interface, a MAC or an address, and who has it now. */
struct zl_index_claim {
	enum zl_index_kind kind;
	uint32_t host_id, ifindex; /* tap: as in zl_index_fetch */
	const struct zl_mac *mac;
	const struct zl_addr *addr;
	uint64_t scope_nr;	     /* of an address; 0: any */
	const struct zl_uuid *owner; /* who has it now, or NULL */
	enum zl_addr_source source;  /* by which it has the address */
	const struct zl_uuid *asker; /* who cannot make it doubtful; or NULL */
};

enum zl_index_past {
	ZL_INDEX_PAST_SAME,   /* nobody else is known to have had it since */
	ZL_INDEX_PAST_FORMER, /* at that time it was somebody else's */
	ZL_INDEX_PAST_DOUBT, /* somebody else had it shortly before or after, or then */
	ZL_INDEX_PAST_LOST,  /* that is so long ago that nobody knows */
};

/* False: nothing at all has ended since then, and it is not too long ago. */
bool zl_index_has_past(const struct zl_index *ix, const struct zl_index_when *when,
	struct zl_wall now);
/* Nobody knows any more what has ended since then. */
bool zl_index_is_long_ago(const struct zl_index *ix, const struct zl_index_when *when,
	struct zl_wall now);

/* Whose was it then?  *ret, borrowed like all else, when FORMER or DOUBT. */
enum zl_index_past zl_index_past(const struct zl_index *ix,
	const struct zl_index_claim *claim, const struct zl_index_when *when,
	struct zl_wall now, const struct zl_index_former **ret);

/* Had that domain the address then, so that it is no lie that it used it? */
bool zl_index_had_addr(const struct zl_index *ix, const struct zl_index_claim *claim,
	const struct zl_uuid *domain, const struct zl_index_when *when);

/* Who else had this address in the scope last, as far as that is not only what a neighbour
 * table said; or NULL. */
const struct zl_index_former *zl_index_last_holder(const struct zl_index *ix,
	const struct zl_addr *addr, uint64_t scope_nr, const struct zl_uuid *domain);

/* --- questions; NULL: not known --- */

/*
 * The NIC behind an interface of a host.  Only when the agent knows the link, its name
 * is the tap of a domain that is not shut off, and its MAC is that of libvirt's tap for
 * this NIC: a name alone may have been reused.
 */
const struct zl_index_nic *zl_index_tap(
	const struct zl_index *ix, const char *host, uint32_t ifindex);

/* The same for `host` and `ifindex` of step 0. */
const struct zl_index_nic *zl_index_tap_fetched(
	const struct zl_index *ix, const struct zl_index_fetch *f);
/* An interface of a host, whosever it is. */
const struct zl_index_link *zl_index_link(
	const struct zl_index *ix, const char *host, uint32_t ifindex);

/* The same, by its name. */
const struct zl_index_link *zl_index_link_named(
	const struct zl_index *ix, const char *host, const char *name);

/* The link of a NIC's tap, under the same conditions. */
const struct zl_index_link *zl_index_nic_link(
	const struct zl_index *ix, const struct zl_index_nic *nic);

/*
 * NICs with this MAC, on `host` or (NULL) everywhere: fills in at most `most`, those of
 * running domains first, and returns how many there are.
 */
size_t zl_index_mac(const struct zl_index *ix, const char *host,
	const struct zl_mac *mac, const struct zl_index_nic **ret, size_t most);

/*
 * Who has this address?  `scope` and `host` (where the flow was seen) may be NULL.  In
 * this order: owners that `host` can reach before those on a libvirt network of another
 * host; stronger sources before weaker (neighbour and learned count the same: a guest
 * can make up both); running domains before others; those on `host`.  `ambiguous`:
 * another domain has as good a claim, so the answer is no evidence.
 */
struct zl_index_owner {
	const struct zl_index_nic *nic; /* NULL: nobody */
	enum zl_addr_source source;
	bool ambiguous;
	bool unknown; /* nobody has it in any scope */
};
struct zl_index_owner zl_index_addr(const struct zl_index *ix, const char *host,
	const char *scope, const struct zl_addr *addr);

/* The same with the number of the scope (0: any) and the hash of step 0. */
struct zl_index_owner zl_index_addr_hashed(const struct zl_index *ix, const char *host,
	uint64_t scope_nr, const struct zl_addr *addr, uint64_t hash);

/*
 * The same in any scope, of a record from VLAN `vlan` (0: it says none): what is known to be
 * in another VLAN is left out.
 */
struct zl_index_owner zl_index_addr_in_vlan(const struct zl_index *ix, const char *host,
	uint16_t vlan, const struct zl_addr *addr, uint64_t hash);

/* Has this NIC the address, and nobody else at all?  Quicker than zl_index_addr(). */
bool zl_index_is_sole_owner(const struct zl_index_nic *nic, const struct zl_addr *addr);

/*
 * A domain by "uuid", "name" or "host/name".  Of the same domain on two hosts, the one
 * that runs.  -ENOENT; -ENOTUNIQ: different domains have that name.
 */
int zl_index_domain(const struct zl_index *ix, const char *text,
	const struct zl_index_domain **ret, struct zl_error *reterr) ZL_CHECKED;

/* By uuid on one host, or (NULL) the one that runs. */
const struct zl_index_domain *zl_index_find(
	const struct zl_index *ix, const char *host, const struct zl_uuid *uuid);

/* All hosts that have this uuid: fills in at most `most`, returns how many. */
size_t zl_index_find_all(const struct zl_index *ix, const struct zl_uuid *uuid,
	const struct zl_index_domain **ret, size_t most);

const struct zl_index_host *zl_index_host(const struct zl_index *ix, const char *host);

/* Walk: start with *at = 0; in no order; the index must not change meanwhile. */
const struct zl_index_domain *zl_index_next(const struct zl_index *ix, size_t *at);

#endif
