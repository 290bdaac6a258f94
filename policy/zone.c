/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones: XML to struct zl_zone and back. */
#include "policy/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"

ZL_EMBED(zl_zone_rng, "policy/zone.rng");

/* clang-format off */
static const struct zl_xml_child zone_children[] = {
	ZL_XML_OBJECT_CHILDREN,
	{ .name = "members", .max = 1 },
};
static const struct zl_xml_shape zone_shape = {
	.children = zone_children, .n_children = N_ITEMS(zone_children),
};

static const struct zl_xml_child members_children[] = {
	{ .name = "domain" },
	{ .name = "metadata" },
	{ .name = "network" },
	{ .name = "bridge" },
	{ .name = "cidr" },
};
static const struct zl_xml_shape members_shape = {
	.children = members_children, .n_children = N_ITEMS(members_children),
};

#define ATTRS(a) { .attrs = (a), .n_attrs = N_ITEMS(a) }

static const struct zl_xml_attr domain_attrs[] = { { .name = "name" }, { .name = "uuid" } };
static const struct zl_xml_attr zone_attr[] = { { .name = "zone", .required = true } };
static const struct zl_xml_attr name_attr[] = { { .name = "name", .required = true } };
static const struct zl_xml_attr cidr_attrs[] = {
	{ .name = "address", .required = true }, { .name = "prefix", .required = true },
};

/*
 * The members: element, attribute that holds the value, and how long it may be.  To
 * add one, add its row, its type, and what it means in compile.c.
 */
static const struct {
	const char *element, *attr;
	struct zl_xml_shape shape;
	size_t max; /* 0: no text, read by its own function */
} members[ZL_MEMBER_N] = {
	[ZL_MEMBER_DOMAIN]   = { "domain",   "name",    ATTRS(domain_attrs), ZL_MEMBER_TEXT_MAX },
	[ZL_MEMBER_UUID]     = { "domain",   "uuid",    ATTRS(domain_attrs), 0 },
	[ZL_MEMBER_METADATA] = { "metadata", "zone",    ATTRS(zone_attr),    ZL_NAME - 1 },
	[ZL_MEMBER_NETWORK]  = { "network",  "name",    ATTRS(name_attr),    ZL_MEMBER_TEXT_MAX },
	[ZL_MEMBER_BRIDGE]   = { "bridge",   "name",    ATTRS(name_attr),    15 /* IFNAMSIZ */ },
	[ZL_MEMBER_CIDR]     = { "cidr",     "address", ATTRS(cidr_attrs),   0 },
};
/* clang-format on */

static int read_cidr(const struct zl_xml *x, const xmlNode *n, struct zl_member *m,
	struct zl_error *reterr)
{
	const char *text = zl_xml_attr(n, "address");
	char shown[ZL_ADDR_STR];
	struct zl_addr addr;
	unsigned len = 0;
	bool v4;
	int r;

	if (!zl_addr_parse(text, &addr))
		return zl_xml_fail(reterr, x, n,
			"attribute 'address' is not an IP address: '%.64s'", text);
	v4 = zl_addr_is_v4(&addr);
	r = zl_xml_object_get_number(x, n, "prefix", 0, v4 ? 32 : 128, &len, reterr);
	if (r < 0)
		return r;
	m->prefix = zl_prefix_make(&addr, (uint8_t)(v4 ? 96 + len : len));
	if (!zl_addr_eq(&m->prefix.addr, &addr))
		return zl_xml_fail(reterr, x, n,
			"address '%s' has bits beyond prefix %u; write '%s'", text, len,
			zl_addr_format(&m->prefix.addr, shown));
	return 0;
}

static int read_text(const struct zl_xml *x, const xmlNode *n, struct zl_member *m,
	struct zl_error *reterr)
{
	const char *attr = members[m->type].attr;
	const char *text = zl_xml_attr(n, attr);
	char zone[ZL_NAME];
	int r;

	if (m->type == ZL_MEMBER_METADATA) {
		r = zl_xml_object_get_name(x, n, attr, zone, reterr);
		if (r < 0)
			return r;
		text = zone;
	}
	if (text[0] == '\0')
		return zl_xml_fail(reterr, x, n, "attribute '%s' is empty", attr);
	if (strlen(text) > members[m->type].max)
		return zl_xml_fail(reterr, x, n,
			"attribute '%s' is longer than %zu bytes", attr,
			members[m->type].max);
	m->text = strdup(text);
	return m->text == NULL ? zl_fail(reterr, -ENOMEM, "zone: out of memory") : 0;
}

static enum zl_member_type type_of(const xmlNode *n)
{
	for (int t = 0; t < ZL_MEMBER_N; t++)
		if (zl_xml_is(n, members[t].element) &&
			(t != ZL_MEMBER_DOMAIN || zl_xml_attr(n, "uuid") == NULL))
			return (enum zl_member_type)t;
	return ZL_MEMBER_N;
}

static int read_member(const struct zl_xml *x, const xmlNode *n, struct zl_member *m,
	struct zl_error *reterr)
{
	int r;

	m->type = type_of(n);
	m->line = zl_xml_line(n);
	if (m->type == ZL_MEMBER_N)
		return zl_xml_fail(reterr, x, n, "not known inside 'members'");
	r = zl_xml_check(x, n, &members[m->type].shape, reterr);
	if (r < 0)
		return r;
	if (zl_xml_is(n, "domain") &&
		(zl_xml_attr(n, "name") == NULL) == (zl_xml_attr(n, "uuid") == NULL))
		return zl_xml_fail(reterr, x, n,
			"wants either attribute 'name' or attribute 'uuid'");
	if (m->type == ZL_MEMBER_CIDR)
		return read_cidr(x, n, m, reterr);
	if (m->type != ZL_MEMBER_UUID)
		return read_text(x, n, m, reterr);
	if (!zl_uuid_parse(zl_xml_attr(n, "uuid"), &m->uuid))
		return zl_xml_fail(reterr, x, n,
			"attribute 'uuid' is not a UUID: '%.64s'",
			zl_xml_attr(n, "uuid"));
	return 0;
}

static bool same_member(const struct zl_member *a, const struct zl_member *b)
{
	if (a->type != b->type || (a->text == NULL) != (b->text == NULL))
		return false;
	if (a->text != NULL)
		return strcmp(a->text, b->text) == 0;
	if (a->type == ZL_MEMBER_UUID)
		return zl_uuid_eq(&a->uuid, &b->uuid);
	return a->prefix.len == b->prefix.len &&
	       zl_addr_eq(&a->prefix.addr, &b->prefix.addr);
}

static int read_members(const struct zl_xml *x, const xmlNode *list, struct zl_zone *z,
	struct zl_error *reterr)
{
	size_t n_members = 0;
	int r = zl_xml_check(x, list, &members_shape, reterr);

	if (r < 0)
		return r;
	for (const xmlNode *n = zl_xml_first(list, NULL); n != NULL;
		n = zl_xml_next(n, NULL))
		if (++n_members > ZL_ZONE_MEMBERS_MAX)
			return zl_xml_fail(reterr, x, n, "more than %d members",
				ZL_ZONE_MEMBERS_MAX);
	z->members = calloc(n_members + 1, sizeof(*z->members));
	if (z->members == NULL)
		return zl_fail(reterr, -ENOMEM, "zone: out of memory");
	for (const xmlNode *n = zl_xml_first(list, NULL); n != NULL;
		n = zl_xml_next(n, NULL)) {
		struct zl_member *m = &z->members[z->n_members++];

		r = read_member(x, n, m, reterr);
		if (r < 0)
			return r;
		for (size_t i = 0; i + 1 < z->n_members; i++)
			if (same_member(m, &z->members[i]))
				return zl_xml_fail(reterr, x, n,
					"the same member stands on line %ld already",
					z->members[i].line);
	}
	return 0;
}

static int read_zone(const struct zl_xml *x, struct zl_zone *z, struct zl_error *reterr)
{
	const xmlNode *root = zl_xml_root(x), *list;
	struct zl_xml_object common = { 0 };
	int r;

	if (!zl_xml_is(root, "zone"))
		return zl_xml_fail(reterr, x, root,
			"a zone starts with element 'zone', in no namespace");
	r = zl_xml_check(x, root, &zone_shape, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_read(x, root, &common, reterr);
	memcpy(z->name, common.name, sizeof(z->name));
	z->uuid = common.uuid;
	z->has_uuid = common.has_uuid;
	z->description = common.description;
	if (r < 0)
		return r;
	if (strcmp(z->name, "any") == 0)
		return zl_xml_fail(reterr, x, zl_xml_first(root, "name"),
			"'any' stands for everybody in rules and cannot name a zone");
	list = zl_xml_first(root, "members");
	return list == NULL ? 0 : read_members(x, list, z, reterr);
}

int zl_zone_parse(const char *xml, const char *file, struct zl_zone **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	ZL_AUTO(zl_zone) struct zl_zone *z = calloc(1, sizeof(*z));
	int r;

	if (z == NULL)
		return zl_fail(reterr, -ENOMEM, "zone: out of memory");
	r = zl_xml_parse(xml, strlen(xml), file, &x, reterr);
	if (r < 0)
		return r;
	r = read_zone(x, z, reterr);
	if (r < 0)
		return r;
	r = zl_xml_validate(x, zl_zone_rng, zl_zone_rng_size(), reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(z);
	return 0;
}

void zl_zone_free(struct zl_zone *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; i < z->n_members; i++)
		free(z->members[i].text);
	free(z->members);
	free(z->description);
	free(z);
}

static void write_member(FILE *f, const struct zl_member *m)
{
	const char *attr = members[m->type].attr;
	char addr[ZL_ADDR_STR], uuid[ZL_UUID_STR];

	(void)fprintf(f, "    <%s", members[m->type].element);
	if (m->text != NULL) {
		zl_xml_put_attr(f, attr, m->text);
	} else if (m->type == ZL_MEMBER_UUID) {
		zl_xml_put_attr(f, attr, zl_uuid_format(&m->uuid, uuid));
	} else {
		bool v4 = zl_addr_is_v4(&m->prefix.addr) && m->prefix.len >= 96;

		zl_xml_put_attr(f, attr, zl_addr_format(&m->prefix.addr, addr));
		(void)fprintf(
			f, " prefix='%u'", v4 ? m->prefix.len - 96u : m->prefix.len);
	}
	(void)fputs("/>\n", f);
}

char *zl_zone_format(const struct zl_zone *z)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	(void)fputs("<zone>\n", f);
	zl_xml_object_write(f, z->name, z->has_uuid ? &z->uuid : NULL, z->description);
	(void)fputs(z->n_members > 0 ? "  <members>\n" : "  <members/>\n", f);
	for (size_t i = 0; i < z->n_members; i++)
		write_member(f, &z->members[i]);
	if (z->n_members > 0)
		(void)fputs("  </members>\n", f);
	(void)fputs("</zone>\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

bool zl_zone_glob(const char *glob, const char *text)
{
	const char *star = NULL, *retry = NULL;

	/* One star to come back to is enough: an earlier one need not take more. */
	while (*text != '\0') {
		if (*glob == '*') {
			star = glob++;
			retry = text;
		} else if (*glob == '?') {
			glob++;
			text++;
			while (((unsigned char)*text & 0xc0) == 0x80)
				text++; /* the rest of a UTF-8 character */
		} else if (*glob == *text) {
			glob++;
			text++;
		} else if (star != NULL) {
			glob = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}
