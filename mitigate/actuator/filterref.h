/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interfaces in a domain's XML, and the <filterref> of each.
 *
 *	<interface type='bridge'>
 *	  <mac address='52:54:00:00:00:05'/>
 *	  <target dev='vnet0'/>
 *	  <filterref filter='clean-traffic'>
 *	    <parameter name='IP' value='10.0.0.5'/>
 *	  </filterref>
 *	  ...
 *
 * A filterref is handled as text in one canonical form, `ref`:
 *
 *	<filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.5'/></filterref>
 *
 * so that "as it was before" is a comparison of strings.  An interface without one has
 * `ref` NULL.  Nothing else of the interface is ever changed.
 */
#ifndef ZL_ACTUATOR_FILTERREF_H
#define ZL_ACTUATOR_FILTERREF_H
#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"
#include "mitigate/lease.h"

/* A domain's running definition and its persistent one are changed apart. */
enum zl_filterref_scope {
	ZL_FILTERREF_LIVE,
	ZL_FILTERREF_CONFIG,
	ZL_FILTERREF_SCOPE_N
};

const char *zl_filterref_scope_name(
	enum zl_filterref_scope s); /* "live", "persistent" */

struct zl_filterref {
	struct zl_mac mac;
	char type[16];	       /* <interface type=>, "" when there is none */
	char tap[ZL_TAP_NAME]; /* or "" */
	char *ref;	       /* owned; NULL: no filter */
	char *filter;	       /* owned; its name; NULL: no filter */
};

struct zl_filterref_list {
	struct zl_filterref nic[ZL_LEASE_NICS_MAX];
	unsigned n;
};

/*
 * Read all interfaces.  -EBADMSG: no domain, an interface without MAC, a MAC twice, or a
 * filterref with something in it that we do not know; -E2BIG: more interfaces than
 * ZL_LEASE_NICS_MAX.
 */
int zl_filterref_read(const char *domain_xml, struct zl_filterref_list *ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_filterref_done(struct zl_filterref_list *nics);

/* Can libvirt filter an interface of this type, and change it while it runs? */
bool zl_filterref_is_possible(const struct zl_filterref *nic);

/* Do both say the same (NULL: no filter)? */
bool zl_filterref_is_same(const char *ref, const char *other);

/* `ref` (NULL: none) with another filter but the same parameters; NULL: out of memory. */
char *zl_filterref_rename(const char *ref, const char *filter);

/* The filter that `ref` names, to be freed; NULL: out of memory. */
char *zl_filterref_name(const char *ref);

/* The <interface> with this MAC, with `ref` (NULL: none) for its filterref. */
int zl_filterref_replace(const char *domain_xml, const struct zl_mac *mac,
	const char *ref, char **ret, struct zl_error *reterr) ZL_CHECKED;

#endif
