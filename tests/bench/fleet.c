/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pretended fleet, worked out from its counts. */
#include "tests/bench/fleet.h"

#include <stdio.h>
#include <string.h>

enum { EXPORTERS = 0x7f640000, MACHINES = 0x0a010000 };

const char *zl_fleet_host(unsigned host, char buf[static ZL_FLEET_NAME])
{
	(void)snprintf(buf, ZL_FLEET_NAME, "bh%04u", host);
	return buf;
}

uint32_t zl_fleet_exporter(unsigned host)
{
	return EXPORTERS + 256 + host;
}

uint32_t zl_fleet_address(unsigned machine)
{
	return MACHINES + machine;
}

struct zl_mac zl_fleet_mac(unsigned machine)
{
	return (struct zl_mac){ { 0x52, 0x54, 0, (uint8_t)(machine >> 16),
		(uint8_t)(machine >> 8), (uint8_t)machine } };
}

const char *zl_fleet_tap(unsigned vm, char buf[static ZL_IFNAME_MAX])
{
	(void)snprintf(buf, ZL_IFNAME_MAX, "vnet%u", vm);
	return buf;
}

void zl_fleet_domain(const struct zl_fleet *f, unsigned machine, struct zl_domain *ret)
{
	struct zl_nic *nic = &ret->nics[0];

	memset(ret, 0, sizeof(*ret));
	ret->uuid = (struct zl_uuid){ { 0xbe, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0,
		(uint8_t)(machine >> 24), (uint8_t)(machine >> 16),
		(uint8_t)(machine >> 8), (uint8_t)machine } };
	(void)snprintf(ret->name, sizeof(ret->name), "z%03u-vm%06u",
		machine % f->n_zones, machine);
	ret->state = ZL_DOMAIN_RUNNING;
	ret->n_nics = 1;
	nic->mac = zl_fleet_mac(machine);
	nic->type = ZL_NIC_BRIDGE;
	(void)zl_fleet_tap(machine % f->n_vms, nic->tap);
	(void)snprintf(nic->bridge, sizeof(nic->bridge), "br0");
	nic->n_addrs = 1;
	nic->addrs[0].addr = zl_addr_from_v4(zl_fleet_address(machine));
	nic->addrs[0].source = ZL_ADDR_METADATA;
}

void zl_fleet_host_xml(const struct zl_fleet *f, unsigned host, const char *agents,
	char buf[static ZL_FLEET_XML])
{
	struct zl_addr exporter = zl_addr_from_v4(zl_fleet_exporter(host));
	char name[ZL_FLEET_NAME], text[ZL_ADDR_STR];

	(void)zl_fleet_host(host, name);
	(void)snprintf(buf, ZL_FLEET_XML,
		"<host><name>%s</name><libvirt uri='test:///bench/%u/%u/%u'/>"
		"<agent address='unix://%s/%s'/>"
		"<exporter address='%s' interfaces='ifindex'/></host>",
		name, host, f->n_vms, f->n_zones, agents, name,
		zl_addr_format(&exporter, text));
}

void zl_fleet_zone_xml(unsigned zone, char buf[static ZL_FLEET_XML])
{
	(void)snprintf(buf, ZL_FLEET_XML,
		"<zone><name>z%03u</name><members><domain name='z%03u-*'/>"
		"<cidr address='198.18.%u.0' prefix='24'/></members></zone>",
		zone, zone, zone % 256);
	/* Every tenth zone also has a partner's network outside. */
	if (zone % 10 != 0)
		(void)snprintf(buf, ZL_FLEET_XML,
			"<zone><name>z%03u</name><members><domain name='z%03u-*'/>"
			"</members></zone>",
			zone, zone);
}

void zl_fleet_lock_xml(
	const struct zl_fleet *f, unsigned zone, char buf[static ZL_FLEET_XML])
{
	unsigned n = f->n_rules / f->n_zones;
	size_t at;

	(void)snprintf(buf, ZL_FLEET_XML,
		"<lock><name>l%03u</name><zone>z%03u</zone><mode>monitor</mode>"
		"<inbound default='deny'>",
		zone, zone);
	for (unsigned i = 0; i < n; i++) {
		at = strlen(buf);
		if (i + 2 >= n)
			(void)snprintf(buf + at, ZL_FLEET_XML - at,
				"<allow from='any' protocol='%s' "
				"ports='22,53,80,123,443,3306,5432,8080'/>",
				i + 1 == n ? "tcp" : "udp");
		else
			(void)snprintf(buf + at, ZL_FLEET_XML - at,
				"<deny from='z%03u' protocol='tcp' "
				"ports='135,445,%u'/>",
				(zone + 1 + i) % f->n_zones, 3389 + i);
	}
	at = strlen(buf);
	(void)snprintf(buf + at, ZL_FLEET_XML - at,
		"</inbound><outbound default='allow'/><intra default='allow'/>"
		"<response action='alert'/></lock>");
}
