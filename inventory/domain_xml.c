/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From libvirt's domain XML to struct zl_domain. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/xml.h"
#include "base/xml_object.h"
#include "inventory/domain.h"

/* An address once; false when there is no room. */
static bool add_addr(
	struct zl_nic *nic, const struct zl_addr *addr, enum zl_addr_source source)
{
	for (unsigned i = 0; i < nic->n_addrs; i++)
		if (zl_addr_eq(&nic->addrs[i].addr, addr)) {
			if (source < nic->addrs[i].source)
				nic->addrs[i].source = source;
			return true;
		}
	if (nic->n_addrs == ZL_NIC_ADDRS_MAX)
		return false;
	nic->addrs[nic->n_addrs++] =
		(struct zl_nic_addr){ .addr = *addr, .source = source };
	return true;
}

static bool add_addr_text(
	struct zl_nic *nic, const char *text, enum zl_addr_source source)
{
	char trimmed[ZL_ADDR_STR];
	struct zl_addr addr;

	return text != NULL && zl_xml_trim(text, trimmed, sizeof(trimmed)) &&
	       zl_addr_parse(trimmed, &addr) && !zl_addr_is_zero(&addr) &&
	       !zl_addr_is_multicast(&addr) && add_addr(nic, &addr, source);
}

static enum zl_nic_type parse_type(const char *type)
{
	static const struct {
		const char *name;
		enum zl_nic_type type;
	} rows[] = {
		{ "bridge", ZL_NIC_BRIDGE },
		{ "direct", ZL_NIC_DIRECT },
		{ "ethernet", ZL_NIC_BRIDGE },
		{ "network", ZL_NIC_NETWORK },
	};

	for (size_t i = 0; type != NULL && i < N_ITEMS(rows); i++)
		if (strcmp(type, rows[i].name) == 0)
			return rows[i].type;
	return ZL_NIC_OTHER;
}

/* Attribute `attr` of child `child`, or "" without one. */
static bool copy_attr(
	const xmlNode *n, const char *child, const char *attr, char *to, size_t size)
{
	const xmlNode *c = zl_xml_first(n, child);
	const char *text = c == NULL ? NULL : zl_xml_attr(c, attr);

	to[0] = '\0';
	return text == NULL || zl_domain_copy_text(to, size, text);
}

/*
 * Interface names identify kernel objects, so one that had to be changed to fit is no
 * name at all.
 */
static bool copy_ifname(const xmlNode *n, const char *child, const char *attr,
	char to[static ZL_IFNAME_MAX])
{
	if (copy_attr(n, child, attr, to, ZL_IFNAME_MAX) && strchr(to, '?') == NULL)
		return true;
	memset(to, 0, ZL_IFNAME_MAX);
	return false;
}

/*
 *	<filterref filter='clean-traffic'>
 *	  <parameter name='IP' value='10.0.0.5'/>	once for each address
 *	</filterref>
 */
static bool parse_filter(const xmlNode *interface, struct zl_nic *nic)
{
	const xmlNode *ref = zl_xml_first(interface, "filterref"), *p;
	bool whole = copy_attr(
		interface, "filterref", "filter", nic->filter, sizeof(nic->filter));

	if (ref == NULL)
		return true;
	for (p = zl_xml_first(ref, "parameter"); p != NULL;
		p = zl_xml_next(p, "parameter")) {
		const char *name = zl_xml_attr(p, "name");

		if (name == NULL ||
			(strcmp(name, "IP") != 0 && strcmp(name, "IPV6") != 0))
			continue;
		whole &= add_addr_text(nic, zl_xml_attr(p, "value"), ZL_ADDR_NWFILTER);
	}
	return whole;
}

/*
 *	<vlan><tag id='42'/></vlan>
 *
 * With several, or as a trunk, the guest tags its frames itself: no VLAN is its own.
 */
static bool parse_vlan(const xmlNode *interface, struct zl_nic *nic)
{
	const xmlNode *vlan = zl_xml_first(interface, "vlan"), *tag;
	const char *trunk = vlan == NULL ? NULL : zl_xml_attr(vlan, "trunk"), *id;
	unsigned long n;
	char *end;

	tag = vlan == NULL ? NULL : zl_xml_first(vlan, "tag");
	if (tag == NULL || zl_xml_next(tag, "tag") != NULL ||
		(trunk != NULL && strcmp(trunk, "yes") == 0))
		return true;
	id = zl_xml_attr(tag, "id");
	if (id == NULL || id[0] < '0' || id[0] > '9')
		return false;
	n = strtoul(id, &end, 10);
	if (*end != '\0' || n > ZL_VLAN_LAST)
		return false;
	nic->vlan = (uint16_t)n;
	return true;
}

/* One <interface>; false: it has no MAC.  What did not fit is told by *whole. */
static bool parse_nic(
	const xmlNode *interface, bool active, struct zl_nic *ret, bool *whole)
{
	const xmlNode *mac = zl_xml_first(interface, "mac");
	const char *text = mac == NULL ? NULL : zl_xml_attr(mac, "address");

	memset(ret, 0, sizeof(*ret));
	if (text == NULL || !zl_mac_parse(text, &ret->mac))
		return false;
	ret->type = parse_type(zl_xml_attr(interface, "type"));
	if (active)
		*whole &= copy_ifname(interface, "target", "dev", ret->tap);
	*whole &= copy_ifname(interface, "source", "bridge", ret->bridge);
	*whole &= copy_attr(
		interface, "source", "network", ret->network, sizeof(ret->network));
	*whole &= parse_filter(interface, ret);
	*whole &= parse_vlan(interface, ret);
	return true;
}

/* It cannot be kept: name it, as far as there is room. */
static void leave_nic(const xmlNode *interface, struct zl_domain *d)
{
	const xmlNode *target = zl_xml_first(interface, "target");
	const xmlNode *mac = zl_xml_first(interface, "mac");
	const char *name = target == NULL ? NULL : zl_xml_attr(target, "dev");
	char text[ZL_MAC_STR];
	size_t at = strlen(d->left);

	d->n_left += d->n_left < UINT16_MAX;
	if (name == NULL && mac != NULL)
		name = zl_xml_attr(mac, "address");
	if (name == NULL || at + sizeof(text) + 2 > sizeof(d->left))
		return;
	(void)zl_domain_copy_text(text, sizeof(text), name);
	(void)snprintf(
		d->left + at, sizeof(d->left) - at, "%s%s", at == 0 ? "" : ", ", text);
}

static void parse_nics(const xmlNode *root, struct zl_domain *d)
{
	const xmlNode *devices = zl_xml_first(root, "devices"), *n;
	bool active = d->state != ZL_DOMAIN_SHUTOFF, whole = true;

	if (devices == NULL)
		return;
	for (n = zl_xml_first(devices, "interface"); n != NULL;
		n = zl_xml_next(n, "interface")) {
		if (d->n_nics < ZL_DOMAIN_NICS_MAX &&
			parse_nic(n, active, &d->nics[d->n_nics], &whole))
			d->n_nics++;
		else
			leave_nic(n, d);
	}
	d->truncated |= !whole || d->n_left != 0;
}

/* <zonelock:nic mac='..'><zonelock:address>..</zonelock:address>..</zonelock:nic> */
static bool parse_nic_metadata(const xmlNode *n, struct zl_domain *d)
{
	const char *text = zl_xml_attr(n, "mac");
	const xmlNode *a;
	struct zl_mac mac;
	bool whole = true;

	if (text == NULL || !zl_mac_parse(text, &mac))
		return false;
	for (unsigned i = 0; i < d->n_nics; i++) {
		if (!zl_mac_eq(&d->nics[i].mac, &mac))
			continue;
		for (a = zl_xml_first_ns(n, ZL_METADATA_URI, "address"); a != NULL;
			a = zl_xml_next_ns(a, ZL_METADATA_URI, "address"))
			whole &= add_addr_text(
				&d->nics[i], zl_xml_text(a), ZL_ADDR_METADATA);
	}
	return whole;
}

static bool parse_zone(const xmlNode *n, struct zl_domain *d)
{
	const char *name = zl_xml_attr(n, "name");

	if (name == NULL || !zl_xml_object_is_name(name))
		return false;
	for (unsigned i = 0; i < d->n_zones; i++)
		if (strcmp(d->zones[i], name) == 0)
			return true;
	if (d->n_zones == ZL_DOMAIN_ZONES_MAX)
		return false;
	return zl_domain_copy_text(d->zones[d->n_zones++], sizeof(d->zones[0]), name);
}

/* After the NICs: the addresses are for those that are there. */
static void parse_metadata(const xmlNode *root, struct zl_domain *d)
{
	const xmlNode *metadata = zl_xml_first(root, "metadata"), *ours, *n;
	bool whole = true;

	ours = metadata == NULL ? NULL
				: zl_xml_first_ns(metadata, ZL_METADATA_URI, "domain");
	if (ours == NULL)
		return;
	for (n = zl_xml_first_ns(ours, ZL_METADATA_URI, "zone"); n != NULL;
		n = zl_xml_next_ns(n, ZL_METADATA_URI, "zone"))
		whole &= parse_zone(n, d);
	for (n = zl_xml_first_ns(ours, ZL_METADATA_URI, "nic"); n != NULL;
		n = zl_xml_next_ns(n, ZL_METADATA_URI, "nic"))
		whole &= parse_nic_metadata(n, d);
	d->forwarding = zl_xml_first_ns(ours, ZL_METADATA_URI, "forwarding") != NULL;
	d->truncated |= !whole;
}

int zl_domain_parse(const char *xml, size_t n, enum zl_domain_state state,
	struct zl_domain *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_domain d = { .state = state };
	const char *name, *uuid;
	const xmlNode *root;
	char trimmed[ZL_UUID_STR];
	int r = zl_xml_parse(xml, n, "domain", &x, reterr);

	if (r < 0)
		return r;
	root = zl_xml_root(x);
	if (!zl_xml_is(root, "domain"))
		return zl_xml_fail(reterr, x, root, "this is no domain");
	name = zl_xml_child_text(root, "name");
	if (name == NULL || name[0] == '\0')
		return zl_xml_fail(reterr, x, root, "the domain has no name");
	uuid = zl_xml_child_text(root, "uuid");
	if (uuid == NULL || !zl_xml_trim(uuid, trimmed, sizeof(trimmed)) ||
		!zl_uuid_parse(trimmed, &d.uuid))
		return zl_xml_fail(reterr, x, root, "the domain has no uuid");
	d.truncated = !zl_domain_copy_text(d.name, sizeof(d.name), name);
	parse_nics(root, &d);
	parse_metadata(root, &d);
	*ret = d;
	return 0;
}
