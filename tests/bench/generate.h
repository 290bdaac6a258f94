/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow records of a fleet, as fast as the kernel takes them.
 *
 *	r = zl_generate_new(&config, &g, &err);
 *	r = zl_generate_run(g, port, 250000, 4, &sent, &err);
 *
 * All datagrams are built before: a run only patches times and sequence numbers and
 * calls sendmmsg(), so that sending costs little beside receiving.  Each conversation
 * is two records of the exporter at its machine's host: out of the machine, entering
 * at its tap, and into it, entering at the uplink.  Half of them are with other
 * machines, half with the outside.  The same seed gives the same datagrams.
 *
 * Every exporter has an address of its own in 127.0.0.0/8, set for each datagram by
 * IP_PKTINFO.
 */
#ifndef ZL_BENCH_GENERATE_H
#define ZL_BENCH_GENERATE_H
#include "base/error.h"
#include "controller/flow/record.h"
#include "tests/bench/fleet.h"

struct zl_generate_config {
	struct zl_fleet fleet;
	enum zl_flow_version version;
	unsigned n_conversations; /* a multiple of the number of hosts */
	uint64_t seed;
};

struct zl_generate_sent {
	uint64_t datagrams, flows, bytes;
	double seconds;
};

struct zl_generate;

int zl_generate_new(const struct zl_generate_config *config, struct zl_generate **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_generate_free(struct zl_generate *g); /* NULL is fine */

/* The template of every exporter, slowly; nothing for v5. */
int zl_generate_templates(
	struct zl_generate *g, uint16_t port, struct zl_error *reterr) ZL_CHECKED;

/*
 * Send for so many seconds at so many flows a second (0: flat out), going on where the
 * last run ended.  Datagrams go out when they are due, evenly; a sender that was kept
 * from running for more than some milliseconds does not catch up.
 */
int zl_generate_run(struct zl_generate *g, uint16_t port, double flows_per_s,
	double seconds, struct zl_generate_sent *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* How many records there are before they repeat. */
uint64_t zl_generate_records(const struct zl_generate *g);

/* Datagram `i` (modulo how many there are), for use without a socket. */
const uint8_t *zl_generate_datagram(const struct zl_generate *g, size_t i,
	size_t *ret_n, uint32_t *ret_exporter, unsigned *ret_flows);

#endif
