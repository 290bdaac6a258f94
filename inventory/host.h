/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host as the administrator enrols it: how to reach its libvirt and its agent, and
 * which flow exporters speak for it.
 *
 *	<host>
 *	  <name>hv1</name>
 *	  <uuid>…</uuid>				optional
 *	  <description>…</description>			optional
 *	  <libvirt uri='qemu+unix:///system?socket=/run/libvirt/libvirt-sock-ro'
 *		actuator-uri='qemu:///system'/>
 *	  <agent address='unix:///run/zonelock-agent/agent.sock'/>	optional
 *	  <exporter address='172.31.0.1' interfaces='ifindex' sampling='1'/>	any number
 *	</host>
 *
 * libvirt `uri` is opened read-only; `actuator-uri` (read-write, for the nwfilter
 * backend) is the same when absent.  An exporter's address may be a range,
 * 172.31.0.0/24.  `interfaces` says what the interface numbers in its flow records
 * are; only the host's own say at which tap a flow entered:
 *
 *	ifindex		the host's own: pmacctd with an interface map, Open vSwitch's IPFIX
 *			and sFlow, the physical port of elements 252 and 253
 *	name		the exporter's own, but its options data tell the name of each
 *			(interfaceName, 82): routers' software on a host, for one
 *	openflow	ports of a switch: NetFlow of Open vSwitch
 *	fixed		what somebody gave the exporter by hand, the same for what enters and
 *			what leaves: softflowd -i NUMBER:INTERFACE
 *	none		not known, or nothing; when absent
 *
 * `sampling` is for records that do not tell it themselves, nor the exporter's options:
 * one packet in so many stands behind them, 1: all.  Absent: nobody knows.
 *
 * Structure is that of host.rng.  parse(format(h)) = h.
 */
#ifndef ZL_INVENTORY_HOST_H
#define ZL_INVENTORY_HOST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/xml_object.h"

enum {
	ZL_HOST_EXPORTERS_MAX = 64,
	ZL_HOST_URI_MAX = 1023,
	ZL_HOST_PATH_MAX = 107,
	ZL_HOST_SAMPLING_MAX = 1000000000,
};

enum zl_host_interfaces {
	ZL_HOST_INTERFACES_NONE,
	ZL_HOST_INTERFACES_IFINDEX,
	ZL_HOST_INTERFACES_OPENFLOW,
	ZL_HOST_INTERFACES_FIXED,
	ZL_HOST_INTERFACES_NAME,
	ZL_HOST_INTERFACES_N
};

struct zl_host_exporter {
	struct zl_prefix prefix; /* one address: len 128 */
	enum zl_host_interfaces interfaces;
	uint32_t sampling; /* one in so many; 0: not told */
};

/* Owned by who parsed it; has no pointers to anything else. */
struct zl_host {
	char name[ZL_NAME];
	struct zl_uuid uuid;
	bool has_uuid;
	char *description; /* NULL: none */
	char *uri;
	char *actuator_uri; /* NULL: as `uri`; see zl_host_actuator_uri() */
	char *agent_path;   /* of a Unix socket; NULL: no agent */
	struct zl_host_exporter *exporters;
	size_t n_exporters;
};

/* `file` is only for messages.  -EBADMSG: not a host (see base/xml.h). */
int zl_host_parse(const char *xml, const char *file, struct zl_host **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_host_free(struct zl_host *h);
ZL_DEFINE_AUTO(zl_host, struct zl_host, zl_host_free);

/* The canonical XML, to be freed; NULL when out of memory. */
char *zl_host_format(const struct zl_host *h);

const char *zl_host_actuator_uri(const struct zl_host *h);
const char *zl_host_interfaces_name(enum zl_host_interfaces i); /* "ifindex" */

/* Can they say at which tap a flow entered? */
static inline bool zl_host_interfaces_show_taps(enum zl_host_interfaces i)
{
	return i == ZL_HOST_INTERFACES_IFINDEX || i == ZL_HOST_INTERFACES_NAME;
}

#endif
