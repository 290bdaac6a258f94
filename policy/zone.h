/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zone: a named group of domains, networks and address ranges.
 *
 *	<zone>
 *	  <name>web</name>
 *	  <uuid>…</uuid>			optional
 *	  <description>…</description>		optional
 *	  <members>
 *	    <domain name='web*'/>		glob: * any text, ? one character
 *	    <domain uuid='…'/>
 *	    <metadata zone='web'/>		domains whose own metadata names this
 *	    <network name='default'/>		domains with a NIC in the libvirt network
 *	    <bridge name='br0'/>		domains with a NIC on the bridge
 *	    <cidr address='10.9.0.0' prefix='16'/>
 *	  </members>
 *	</zone>
 *
 * Structure is that of zone.rng; beyond it, host bits of a cidr must be zero, a member may
 * not stand twice, and "any" is no zone's name, since rules use it for everybody.
 * parse(format(z)) = z, apart from line numbers.
 */
#ifndef ZL_POLICY_ZONE_H
#define ZL_POLICY_ZONE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/xml_object.h"

enum { ZL_ZONE_MEMBERS_MAX = 4096, ZL_MEMBER_TEXT_MAX = 255 };

enum zl_member_type {
	ZL_MEMBER_DOMAIN,   /* text: glob over the domain's name */
	ZL_MEMBER_UUID,	    /* uuid */
	ZL_MEMBER_METADATA, /* text: zone name in the domain's metadata */
	ZL_MEMBER_NETWORK,  /* text: libvirt network */
	ZL_MEMBER_BRIDGE,   /* text: bridge's name on the host */
	ZL_MEMBER_CIDR,	    /* prefix */
	ZL_MEMBER_N
};

struct zl_member {
	enum zl_member_type type;
	char *text; /* owned; NULL where the type has none */
	struct zl_uuid uuid;
	struct zl_prefix prefix;
	long line;
};

/* Owned by who parsed it; has no pointers to anything else. */
struct zl_zone {
	char name[ZL_NAME];
	struct zl_uuid uuid;
	bool has_uuid;
	char *description; /* NULL: none */
	struct zl_member *members;
	size_t n_members;
};

/*
 * `file` is only for messages.  -EBADMSG: not a zone, reterr has line and reason
 * (see base/xml.h).
 */
int zl_zone_parse(const char *xml, const char *file, struct zl_zone **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_zone_free(struct zl_zone *z);
ZL_DEFINE_AUTO(zl_zone, struct zl_zone, zl_zone_free);

/* The canonical XML, to be freed; NULL when out of memory. */
char *zl_zone_format(const struct zl_zone *z);

/* Does `text` match a member's glob?  Time is at most glob times text. */
bool zl_zone_glob(const char *glob, const char *text);

#endif
