/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nwfilter that contains one domain: writing it and comparing it. */
#include "mitigate/actuator/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/xml.h"
#include "base/xml_object.h"

/* A filter, its rules, what a rule matches. */
enum { DEPTH_MAX = 3 };

/* How frames from and to a peer look; `icmpv6` for its solicited-node address. */
struct peer_rule {
	const char *direction, *protocol, *attr;
};

static const struct peer_rule v4_rules[] = {
	{ "out", "arp", "arpdstipaddr" },
	{ "in", "arp", "arpsrcipaddr" },
	{ "out", "ip", "dstipaddr" },
	{ "in", "ip", "srcipaddr" },
};

static const struct peer_rule v6_rules[] = {
	{ "out", "ipv6", "dstipaddr" },
	{ "in", "ipv6", "srcipaddr" },
};

int zl_filter_parse_peers(
	const char *list, struct zl_filter_peers *ret, struct zl_error *reterr)
{
	struct zl_filter_peers peers = { .n = 0 };
	char item[ZL_ADDR_STR + 1];

	while (zl_config_each(&list, item, sizeof(item))) {
		if (peers.n == ZL_FILTER_PEERS_MAX)
			return zl_fail(reterr, -E2BIG,
				"more than %d forensic addresses", ZL_FILTER_PEERS_MAX);
		if (!zl_addr_parse(item, &peers.addr[peers.n++]))
			return zl_fail(reterr, -EINVAL,
				"forensic address '%s': not an IP address", item);
	}
	*ret = peers;
	return 0;
}

const char *zl_filter_name(
	const struct zl_uuid *domain, char buf[static ZL_FILTER_NAME])
{
	char uuid[ZL_UUID_STR];

	(void)snprintf(buf, ZL_FILTER_NAME, ZL_FILTER_PREFIX "%s",
		zl_uuid_format(domain, uuid));
	return buf;
}

/* Another name space for the same 128 bits: one filter for each domain, always. */
struct zl_uuid zl_filter_uuid(const struct zl_uuid *domain)
{
	static const struct zl_uuid mask = { { 0x5a, 0x4c, 0x4b, 0x46, 0x49, 0x4c, 0x54,
		0x45, 0x52, 0x1d, 0x67, 0x0b, 0x92, 0xe4, 0x3c, 0xa8 } };
	struct zl_uuid u = *domain;

	for (size_t i = 0; i < sizeof(u.b); i++)
		u.b[i] ^= mask.b[i];
	return u;
}

/* <rule action='return' direction='out' priority='-1000'><ip dstipaddr='A'/></rule> */
static void put_return(FILE *f, const struct peer_rule *rule, const struct zl_addr *a)
{
	char addr[ZL_ADDR_STR];

	(void)fprintf(f,
		"  <rule action='return' direction='%s' priority='-1000'>\n"
		"    <%s %s='%s'/>\n"
		"  </rule>\n",
		rule->direction, rule->protocol, rule->attr, zl_addr_format(a, addr));
}

/*
 * A neighbour is asked for at a group address made of its last three bytes (RFC 4291,
 * section 2.7.1); what it sends itself is covered by its source address.
 *
 * <rule action='return' direction='out' priority='-1000'>
 *   <ipv6 dstipaddr='ff02::1:ff00:250' protocol='icmpv6'/></rule>
 */
static void put_solicitation(FILE *f, const struct zl_addr *peer)
{
	struct zl_addr group = { { 0xff, 0x02, [11] = 1, 0xff } };
	char addr[ZL_ADDR_STR];

	memcpy(group.b + 13, peer->b + 13, 3);
	(void)fprintf(f,
		"  <rule action='return' direction='out' priority='-1000'>\n"
		"    <ipv6 dstipaddr='%s' protocol='icmpv6'/>\n"
		"  </rule>\n",
		zl_addr_format(&group, addr));
}

static void put_peer(FILE *f, const struct zl_addr *peer)
{
	if (zl_addr_is_v4(peer)) {
		for (size_t i = 0; i < N_ITEMS(v4_rules); i++)
			put_return(f, &v4_rules[i], peer);
		return;
	}
	for (size_t i = 0; i < N_ITEMS(v6_rules); i++)
		put_return(f, &v6_rules[i], peer);
	put_solicitation(f, peer);
}

char *zl_filter_format(const struct zl_uuid *domain,
	const struct zl_filter_peers *peers, const char *include)
{
	struct zl_uuid own = zl_filter_uuid(domain);
	char name[ZL_FILTER_NAME], uuid[ZL_UUID_STR], *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		return NULL;
	(void)fprintf(f,
		"<filter name='%s' chain='mac-zonelock' priority='-1000'>\n"
		"  <uuid>%s</uuid>\n",
		zl_filter_name(domain, name), zl_uuid_format(&own, uuid));
	for (unsigned i = 0; peers != NULL && i < peers->n; i++)
		put_peer(f, &peers->addr[i]);
	(void)fputs("  <rule action='drop' direction='inout' priority='1000'>\n"
		    "    <mac/>\n"
		    "  </rule>\n",
		f);
	if (include != NULL) {
		(void)fputs("  <filterref", f);
		zl_xml_put_attr(f, "filter", include);
		(void)fputs("/>\n", f);
	}
	(void)fputs("</filter>\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- comparing --- */

static bool has_attrs_of(const xmlNode *n, const xmlNode *other)
{
	for (const xmlAttr *a = other->properties; a != NULL; a = a->next) {
		const char *name = (const char *)a->name;
		const char *want = zl_xml_attr(other, name),
			   *got = zl_xml_attr(n, name);

		if (want == NULL || got == NULL || strcmp(want, got) != 0)
			return false;
	}
	return true;
}

/* Recursion is bounded by `depth`: what lies deeper is not what we write. */
static bool is_same_node(const xmlNode *a, const xmlNode *b, unsigned depth)
{
	const xmlNode *c = zl_xml_first(a, NULL), *d = zl_xml_first(b, NULL);

	if (depth > DEPTH_MAX || strcmp(zl_xml_name(a), zl_xml_name(b)) != 0 ||
		!has_attrs_of(a, b) || !has_attrs_of(b, a))
		return false;
	if (c == NULL && d == NULL && strcmp(zl_xml_text(a), zl_xml_text(b)) != 0)
		return false;
	while (c != NULL && d != NULL) {
		if (!is_same_node(c, d, depth + 1))
			return false;
		c = zl_xml_next(c, NULL);
		d = zl_xml_next(d, NULL);
	}
	return c == NULL && d == NULL;
}

bool zl_filter_is_same(const char *xml, const char *other)
{
	ZL_AUTO(zl_xml) struct zl_xml *a = NULL;
	ZL_AUTO(zl_xml) struct zl_xml *b = NULL;

	return zl_xml_parse(xml, strlen(xml), "filter", &a, NULL) >= 0 &&
	       zl_xml_parse(other, strlen(other), "filter", &b, NULL) >= 0 &&
	       is_same_node(zl_xml_root(a), zl_xml_root(b), 0);
}

bool zl_filter_is_ours(const char *xml, const struct zl_uuid *domain)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_uuid own = zl_filter_uuid(domain), got;
	char want[ZL_FILTER_NAME];
	const char *name, *uuid;

	if (zl_xml_parse(xml, strlen(xml), "filter", &x, NULL) < 0)
		return false;
	name = zl_xml_attr(zl_xml_root(x), "name");
	uuid = zl_xml_child_text(zl_xml_root(x), "uuid");
	return name != NULL && strcmp(name, zl_filter_name(domain, want)) == 0 &&
	       uuid != NULL && zl_uuid_parse(uuid, &got) && zl_uuid_eq(&own, &got);
}
