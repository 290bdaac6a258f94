/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which domains are at the two ends of a flow record, and how do we know?
 *
 * Evidence, strongest first: the tap that the record's ingress interface is; a MAC
 * that one domain alone has; an address that one domain alone has in its network.
 * Interface 0 is no evidence, nor is a number that stands for no interface.  What a
 * guest writes into its frames never outweighs the tap on which the host saw them: a
 * source MAC or address that belongs to another domain is spoofing by the tap's domain,
 * and not an act of the owner.
 *
 * Nor can a guest make itself the destination of its neighbours' traffic: an address that
 * was only learned for it, or is only in a neighbour table, counts when the frame's
 * destination MAC agrees, and neither it nor the MAC counts for a NIC whose addresses
 * of that family are known by metadata, filter parameter or lease.
 *
 * Identity is that of the time of the traffic.  When the interface, MAC or address was
 * another domain's then, the record is that domain's, and never its present owner's; when
 * that cannot be told, `past` says so.
 *
 * For a domain that is declared as forwarding many addresses are normal: what it
 * passes on counts as the owner's, by address only.
 */
#ifndef ZL_FLOW_CORRELATE_H
#define ZL_FLOW_CORRELATE_H
#include <stdbool.h>
#include <stdint.h>

#include "controller/flow/evidence.h"
#include "controller/flow/record.h"
#include "inventory/index.h"

/*
 * One end of a flow; identity is copied in at ingest and never looked up again.  Of who
 * is no domain that we know the names are "".
 */
struct zl_endpoint {
	enum zl_evidence evidence; /* NONE: not a domain that we know */
	bool forwarding;
	struct zl_mac mac;
	unsigned n_nics;
	struct zl_uuid domain;
	const char *name, *host, *tap;
};

enum {
	ZL_SIGHTING_TEXT = 2 * (ZL_NAME_MAX + 64 + ZL_IFNAME_MAX) + 64 + 2 * ZL_NAME_MAX
};

/* Stays where it is: the names point into `text`, of which only what they need is set. */
struct zl_sighting {
	struct zl_endpoint src, dst;
	const char *host;    /* of the exporter, "" when it is of none */
	uint64_t scope;	     /* hash of the network in which the addresses are meant, */
			     /* one of its own when the source is forged */
	uint64_t true_scope; /* the same, forged or not */
	bool spoofed; /* the source, known by tap or MAC, claimed to be another domain: */
	bool learned; /* the source address is new for its tap */
	bool excused; /* not spoofed only because the address was its own then */
	uint16_t n_text;
	const char *claimed;
	const char *held_by; /* learned: who else had it shortly before, or "" */
	struct zl_past past; /* of whom it is about, first of the source */
	char text[ZL_SIGHTING_TEXT];
};

/* The number of the interface at which it entered; 0: it names none. */
static inline uint32_t zl_correlate_interface(const struct zl_flow *f)
{
	if ((f->present & ZL_FLOW_IN_NO_IF) != 0)
		return 0;
	/* On a bridge some exporters name the bridge, and the tap as the physical one. */
	return (f->present & ZL_FLOW_IN_PHYS_IF) != 0 ? f->in_phys_if : f->in_if;
}

/* The VLAN in which it was sent; 0: not told. */
static inline uint16_t zl_correlate_vlan(const struct zl_flow *f)
{
	const uint32_t told = ZL_FLOW_VLAN | ZL_FLOW_VLAN_OF_PORT;

	return (f->present & told) != 0 ? f->vlan : 0;
}

/*
 * Resolve both ends, as they were at the time of the flow (flow/moment.h; here without an
 * offset).  `host` is the exporter's host or NULL; `interfaces`: its interface
 * numbers are the host's ifIndexes.  Learns source addresses seen at taps
 * (zl_index_learn), which is the only change to the index.
 */
void zl_correlate(struct zl_index *index, const char *host, bool interfaces,
	const struct zl_flow *flow, struct zl_wall now, struct zl_sighting *ret);

/* A copy that stays good when the other one goes. */
void zl_correlate_copy(struct zl_sighting *to, const struct zl_sighting *from);

/* The same, of one of a batch that zl_index_fetch() has prepared: `at` is of this flow,
 * and says when it was. */
void zl_correlate_fetched(struct zl_index *index, const struct zl_index_fetch *at,
	bool interfaces, const struct zl_flow *flow, struct zl_wall now,
	struct zl_sighting *ret);

#endif
