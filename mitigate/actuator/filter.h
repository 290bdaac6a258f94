/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nwfilter that contains one domain, as XML.
 *
 *	<filter name='zonelock-DOMAIN-UUID' chain='mac-zonelock' priority='-1000'>
 *	  <uuid>...</uuid>				derived from the domain's
 *	  <rule action='return' ...>			forensic grade: one peer
 *	  <rule action='drop' direction='inout' priority='1000'><mac/></rule>
 *	  <filterref filter='clean-traffic'/>		forensic grade: the user's own
 *	</filter>
 *
 * The chain's name begins with "mac", so libvirt makes it an ebtables chain that every
 * frame enters, whatever its ethertype or VLAN tag; with priority -1000 it comes before
 * the chains of any other filter.  Only such rules are used: those of the IP layer
 * depend on bridge-nf-call-iptables.  "return" leaves our chain and goes on to the
 * user's own filter, which therefore still holds for forensic peers: our filter only
 * ever drops.
 *
 * Parameters ($IP and so on) stay on the interface's <filterref>, from where libvirt
 * hands them to the filters below.
 */
#ifndef ZL_ACTUATOR_FILTER_H
#define ZL_ACTUATOR_FILTER_H
#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"
#include "mitigate/lease.h"

#define ZL_FILTER_PREFIX "zonelock-"

enum { ZL_FILTER_NAME = sizeof(ZL_FILTER_PREFIX) - 1 + ZL_UUID_STR };
enum { ZL_FILTER_PEERS_MAX = 32 };

/* The addresses that a forensically quarantined domain may still talk to. */
struct zl_filter_peers {
	struct zl_addr addr[ZL_FILTER_PEERS_MAX];
	unsigned n;
};

/* Parse "10.0.0.250, fd00::250".  -EINVAL: not an address; -E2BIG. */
int zl_filter_parse_peers(const char *list, struct zl_filter_peers *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* The filter's name and its uuid, both fixed by the domain's uuid. */
const char *zl_filter_name(
	const struct zl_uuid *domain, char buf[static ZL_FILTER_NAME]);
struct zl_uuid zl_filter_uuid(const struct zl_uuid *domain);

/*
 * Its XML, to be freed; NULL when out of memory.  `peers` NULL: nothing passes.
 * `include`: name of the user's own filter, or NULL.
 */
char *zl_filter_format(const struct zl_uuid *domain,
	const struct zl_filter_peers *peers, const char *include);

/* Is it a filter with our name and our uuid? */
bool zl_filter_is_ours(const char *xml, const struct zl_uuid *domain);

/* Do both say the same?  White space and the order of attributes do not count. */
bool zl_filter_is_same(const char *xml, const char *other);

#endif
