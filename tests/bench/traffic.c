/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations of the pretended fleet. */
#include "tests/bench/traffic.h"

#include <netinet/in.h>
#include <stddef.h>

#include "base/cleanup.h"

enum { EPHEMERAL = 32768, EPHEMERALS = 28232, TELNET = 23, FORBIDDEN_ONE_IN = 20000 };
enum { SYN = 2, PSH = 8, ACK = 16, FIN = 1 };

/* Shares of 100. */
static const struct {
	uint8_t share, proto;
	uint16_t port;
} services[] = {
	{ 38, IPPROTO_TCP, 443 },
	{ 15, IPPROTO_TCP, 80 },
	{ 16, IPPROTO_UDP, 53 },
	{ 8, IPPROTO_TCP, 5432 },
	{ 6, IPPROTO_TCP, 3306 },
	{ 6, IPPROTO_TCP, 8080 },
	{ 5, IPPROTO_UDP, 443 },
	{ 3, IPPROTO_UDP, 123 },
	{ 3, IPPROTO_TCP, 22 },
};

/* Shares of 10: most talk within their zone, some to few others. */
static const unsigned neighbours[10] = { 0, 0, 0, 0, 0, 0, 1, 1, 7, 50 };

/* splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"). */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)((next(state) >> 32) * n >> 32);
}

static void choose_service(uint64_t *state, uint8_t *ret_proto, uint16_t *ret_port)
{
	unsigned at = below(state, 100);

	for (size_t i = 0; i < N_ITEMS(services); i++) {
		*ret_proto = services[i].proto;
		*ret_port = services[i].port;
		if (at < services[i].share)
			return;
		at -= services[i].share;
	}
}

/* A machine in a zone that this one talks to. */
static uint32_t choose_machine(const struct zl_fleet *f, uint64_t *state, unsigned from)
{
	unsigned zone = (from + neighbours[below(state, 10)]) % f->n_zones;
	unsigned n = f->n_hosts * f->n_vms;
	unsigned in_zone = n / f->n_zones;
	unsigned machine = in_zone == 0 ? below(state, n)
					: zone + f->n_zones * below(state, in_zone);

	return zl_fleet_address(machine < n ? machine : from);
}

static uint32_t choose_outside(uint64_t *state)
{
	/* One in twenty is a partner that some zone names. */
	if (below(state, 20) == 0)
		return 0xc6120000 + below(state, 50) * 2560 + below(state, 256);
	return 0x20000000 + below(state, 0x40000000);
}

void zl_traffic_record(const struct zl_fleet *f, uint64_t seed, unsigned conversation,
	bool back, struct zl_traffic_record *ret)
{
	uint64_t state = seed ^ (uint64_t)conversation << 20;
	unsigned host = conversation % f->n_hosts, vm = below(&state, f->n_vms);
	unsigned machine = host * f->n_vms + vm;
	bool outside = below(&state, 2) == 0;
	uint32_t own = zl_fleet_address(machine);
	uint32_t peer =
		outside ? choose_outside(&state) : choose_machine(f, &state, machine);
	uint16_t client_port = (uint16_t)(EPHEMERAL + below(&state, EPHEMERALS));
	bool is_client = below(&state, 10) < 6;
	uint32_t start = below(&state, 30000), last = below(&state, 5000);
	uint32_t end_ms = (ZL_TRAFFIC_UPTIME_S - 1) * 1000;
	uint16_t tap = (uint16_t)(ZL_FLEET_FIRST_TAP + vm), port;
	uint8_t proto;

	choose_service(&state, &proto, &port);
	if (conversation % FORBIDDEN_ONE_IN == 0) {
		proto = IPPROTO_TCP;
		port = TELNET;
	}
	*ret = (struct zl_traffic_record){
		.src = back ? peer : own,
		.dst = back ? own : peer,
		.in_if = back ? ZL_FLEET_UPLINK : tap,
		.out_if = back ? tap : ZL_FLEET_UPLINK,
		.packets = 1 + below(&state, 40),
		.proto = proto,
		.tcp_flags = proto == IPPROTO_TCP ? FIN | SYN | PSH | ACK : 0,
	};
	ret->sport = is_client == back ? port : client_port;
	ret->dport = is_client == back ? client_port : port;
	ret->octets = ret->packets * (60 + below(&state, 1400));
	/* Who was asked begins later. */
	ret->first_ms = end_ms - last - start + (is_client == back ? 5 : 0);
	ret->last_ms = end_ms - last;
}
