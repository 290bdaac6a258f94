/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we know of one libvirt domain on one host: the typed form of its XML.
 *
 * Made in the inventory's worker from virDomainGetXMLDesc(), sent to the engine in
 * frames (domain_frame.c), kept there by the index.  A plain value: no pointers,
 * bounded sizes; what does not fit is cut and `truncated` says so.
 */
#ifndef ZL_INVENTORY_DOMAIN_H
#define ZL_INVENTORY_DOMAIN_H
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/frame.h"

enum {
	ZL_DOMAIN_NICS_MAX = 32, /* as many as fit on a PCI bus of QEMU */
	ZL_NIC_ADDRS_MAX = 16,
	ZL_DOMAIN_ZONES_MAX = 16,
	ZL_DOMAIN_LEFT_MAX = 80,
	ZL_NAME_MAX = 128, /* with the NUL */
	ZL_IFNAME_MAX = 16,
	ZL_VLAN_LAST = 4094,
};

enum zl_domain_state {
	ZL_DOMAIN_SHUTOFF,
	ZL_DOMAIN_RUNNING,
	ZL_DOMAIN_PAUSED,
	ZL_DOMAIN_STATE_N
};

/* How we know an address, strongest first. */
enum zl_addr_source {
	ZL_ADDR_METADATA,  /* the admin said so in <zonelock:nic> */
	ZL_ADDR_NWFILTER,  /* IP parameter of the NIC's filterref */
	ZL_ADDR_DHCP,	   /* lease of a libvirt network */
	ZL_ADDR_NEIGHBOUR, /* the host's neighbour table, by the agent */
	ZL_ADDR_LEARNED,   /* first seen as source in a tap-evidenced flow */
	ZL_ADDR_SOURCE_N
};

enum zl_nic_type {
	ZL_NIC_BRIDGE,	/* <interface type='bridge'>, or ethernet */
	ZL_NIC_NETWORK, /* a libvirt network */
	ZL_NIC_DIRECT,	/* macvtap */
	ZL_NIC_OTHER,	/* user, vhostuser, hostdev, vdpa...: nftables cannot see it */
	ZL_NIC_TYPE_N
};

struct zl_nic_addr {
	struct zl_addr addr;
	enum zl_addr_source source;
	struct zl_wall since;
};

struct zl_nic {
	struct zl_mac mac;
	uint16_t vlan; /* <vlan><tag id>; 0: none, or several, of which it chooses */
	enum zl_nic_type type;
	char tap[ZL_IFNAME_MAX];    /* <target dev>, only while it runs */
	char bridge[ZL_IFNAME_MAX]; /* <source bridge> */
	char network[ZL_NAME_MAX];  /* <source network> */
	char filter[ZL_NAME_MAX];   /* <filterref filter>, or "" */
	struct zl_nic_addr addrs[ZL_NIC_ADDRS_MAX];
	uint8_t n_addrs;
};

struct zl_domain {
	struct zl_uuid uuid;
	char name[ZL_NAME_MAX];
	enum zl_domain_state state;
	bool forwarding; /* <zonelock:forwarding/> */
	bool truncated;
	char zones[ZL_DOMAIN_ZONES_MAX][64]; /* <zonelock:zone name=> */
	uint8_t n_zones;
	struct zl_nic nics[ZL_DOMAIN_NICS_MAX];
	uint8_t n_nics;
	uint16_t n_left; /* NICs for which there was no room, or that have no MAC */
	char left[ZL_DOMAIN_LEFT_MAX]; /* their taps or MACs: "vnet32, vnet33" */
};

const char *zl_domain_state_name(enum zl_domain_state s);
const char *zl_addr_source_name(enum zl_addr_source s);
const char *zl_nic_type_name(enum zl_nic_type t);

/*
 * Copy text that others wrote: control characters and those that turn the direction of
 * writing become '?', what does not fit is cut between characters.  False: it was cut.
 */
bool zl_domain_copy_text(char *to, size_t size, const char *from);

#define ZL_METADATA_URI "http://zonelock.org/xmlns/libvirt/domain/1"

/*
 * Parse what virDomainGetXMLDesc() gave (guest-influenced, tenant-written text).
 * `state` comes from the caller: the XML does not say.  A domain that is shut off has
 * no taps, whatever its XML names.  A part that makes no sense (a zone that is no
 * name, an address that is none, a NIC without MAC) is left out and `truncated` set.
 * -EBADMSG: no domain XML, or one of more than ZL_XML_SIZE_MAX bytes.
 */
int zl_domain_parse(const char *xml, size_t n, enum zl_domain_state state,
	struct zl_domain *ret, struct zl_error *reterr) ZL_CHECKED;

/*
 * A domain as a nest of a frame.  zl_domain_get() takes a nest that zl_frame_parse()
 * has accepted; -EPROTO: more of something than fits, or a number out of range.
 */
enum { ZL_DOMAIN_ATTRS = 9 };
extern const struct zl_attr zl_domain_attrs[ZL_DOMAIN_ATTRS];
void zl_domain_put(struct zl_frame *f, uint16_t attr, const struct zl_domain *d);
int zl_domain_get(const struct nlattr *nest, struct zl_domain *ret,
	struct zl_error *reterr) ZL_CHECKED;

#endif
