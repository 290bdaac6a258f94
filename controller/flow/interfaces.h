/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an exporter counted at its interfaces: the latest of each, by ifIndex.
 *
 * Bounded: ZL_INTERFACES_MAX of an exporter.  Then the one longest unheard makes room, at
 * most one a second, so that a sender who makes numbers up does not keep us busy.
 */
#ifndef ZL_FLOW_INTERFACES_H
#define ZL_FLOW_INTERFACES_H
#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/map.h"

enum { ZL_INTERFACES_MAX = 256 };

struct zl_if_direction {
	uint64_t octets;
	uint32_t unicast, multicast, broadcast, discards, errors;
};

/*
 * What an exporter counted at one of its interfaces (sFlow, generic interface
 * counters; RFC 2863, ifTable and ifXTable).  Counters wrap at their width, which is
 * 64 bits for octets, 32 for the rest; the highest value means "unknown".
 */
struct zl_if_counters {
	struct zl_addr exporter;
	struct zl_wall arrival;
	uint32_t odid; /* sub-agent */
	uint32_t if_index;
	uint32_t type;	 /* IANAifType: 6 is Ethernet */
	uint64_t speed;	 /* bits per second */
	uint32_t duplex; /* 0 unknown, 1 full, 2 half, 3 in, 4 out */
	uint32_t status; /* 1: administratively up, 2: operationally up */
	struct zl_if_direction in, out;
	uint32_t in_unknown; /* protocols */
	uint32_t promiscuous;
};

struct zl_interface {
	struct zl_if_counters counters;
	bool is_told; /* for the caller's use; false when they are new */
};

struct zl_interfaces {
	struct zl_map by_index; /* uint32_t -> struct zl_interface, owned */
	unsigned n_untold;	/* at most; for the caller to clear */
	struct zl_wall evicted; /* when one last made room */
};

void zl_interfaces_init(struct zl_interfaces *x);
void zl_interfaces_done(struct zl_interfaces *x);

/* Keep a copy in place of what was known of that interface. */
void zl_interfaces_note(struct zl_interfaces *x, const struct zl_if_counters *counters);

#endif
