/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pretended fleet: what hypervisors, machines and rules there are, as numbers.
 *
 * The generator, the doubles of inventory and agents, and who defines the objects
 * all ask here, so that they speak of the same machines.  Nothing is stored: all
 * follows from the counts.
 *
 *	host h		bhNNNN, exporter 127.100+h/65536.h/256.h, in_if 100 + v: vnetV
 *	machine n	zZZZ-vmN, n = h * n_vms + v, in zone n % n_zones, 10.1.0.0 + n
 */
#ifndef ZL_BENCH_FLEET_H
#define ZL_BENCH_FLEET_H
#include "base/addr.h"
#include "inventory/domain.h"

struct zl_fleet {
	unsigned n_hosts, n_vms; /* machines of each host, one NIC each */
	unsigned n_zones, n_rules;
};

enum {
	ZL_FLEET_UPLINK = 2, /* the interface index of every host's way out */
	ZL_FLEET_FIRST_TAP = 100,
	ZL_FLEET_NAME = 32,
	ZL_FLEET_XML = 8192,
};

const char *zl_fleet_host(unsigned host, char buf[static ZL_FLEET_NAME]);
uint32_t zl_fleet_exporter(unsigned host);   /* IPv4, host order */
uint32_t zl_fleet_address(unsigned machine); /* the same */
struct zl_mac zl_fleet_mac(unsigned machine);
const char *zl_fleet_tap(unsigned vm, char buf[static ZL_IFNAME_MAX]);

/* Machine `machine` as libvirt would tell it. */
void zl_fleet_domain(const struct zl_fleet *f, unsigned machine, struct zl_domain *ret);

/* Objects as their XML; `agents` is the folder with a socket for each host. */
void zl_fleet_host_xml(const struct zl_fleet *f, unsigned host, const char *agents,
	char buf[static ZL_FLEET_XML]);
void zl_fleet_zone_xml(unsigned zone, char buf[static ZL_FLEET_XML]);
/*
 * A lock has n_rules / n_zones rules.  They allow all services of the generator but
 * telnet, the last of them only at the end.
 */
void zl_fleet_lock_xml(
	const struct zl_fleet *f, unsigned zone, char buf[static ZL_FLEET_XML]);

#endif
