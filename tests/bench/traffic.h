/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who talks to whom in the pretended fleet, conversation by conversation. */
#ifndef ZL_BENCH_TRAFFIC_H
#define ZL_BENCH_TRAFFIC_H
#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/fleet.h"

/* Addresses are IPv4 in host order; times are milliseconds after the exporter's boot. */
struct zl_traffic_record {
	uint32_t src, dst, packets, octets, first_ms, last_ms;
	uint16_t in_if, out_if, sport, dport;
	uint8_t proto, tcp_flags;
};

enum { ZL_TRAFFIC_UPTIME_S = 100000 }; /* the exporters' age when a run begins */

/*
 * One direction of a conversation, as the exporter of host `conversation % n_hosts`
 * sees it: out of its machine, or (`back`) into it.  Pure: the same arguments give
 * the same record.  One conversation in 20 000 is telnet, which no lock allows.
 */
void zl_traffic_record(const struct zl_fleet *f, uint64_t seed, unsigned conversation,
	bool back, struct zl_traffic_record *ret);

#endif
