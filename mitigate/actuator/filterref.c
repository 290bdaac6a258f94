/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces in a domain's XML, and the <filterref> of each. */
#include "mitigate/actuator/filterref.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/xml.h"
#include "base/xml_object.h"

/* qemuDomainChangeNet() changes the filter of these only. */
static const char *const filterable[] = { "bridge", "ethernet", "network" };

static const struct zl_xml_child ref_children[] = { { .name = "parameter" } };
static const struct zl_xml_attr ref_attrs[] = { { .name = "filter",
	.required = true } };
static const struct zl_xml_attr parameter_attrs[] = {
	{ .name = "name", .required = true }, { .name = "value", .required = true }
};

static const struct zl_xml_shape ref_shape = { .children = ref_children,
	.n_children = N_ITEMS(ref_children),
	.attrs = ref_attrs,
	.n_attrs = N_ITEMS(ref_attrs) };
static const struct zl_xml_shape parameter_shape = { .attrs = parameter_attrs,
	.n_attrs = N_ITEMS(parameter_attrs) };

static const char *const scope_names[ZL_FILTERREF_SCOPE_N] = {
	[ZL_FILTERREF_LIVE] = "live", [ZL_FILTERREF_CONFIG] = "persistent"
};

const char *zl_filterref_scope_name(enum zl_filterref_scope s)
{
	return s < ZL_FILTERREF_SCOPE_N ? scope_names[s] : "?";
}

bool zl_filterref_is_possible(const struct zl_filterref *nic)
{
	for (size_t i = 0; i < N_ITEMS(filterable); i++)
		if (strcmp(nic->type, filterable[i]) == 0)
			return true;
	return false;
}

bool zl_filterref_is_same(const char *ref, const char *other)
{
	return ref == NULL || other == NULL ? ref == other : strcmp(ref, other) == 0;
}

void zl_filterref_done(struct zl_filterref_list *nics)
{
	for (unsigned i = 0; i < nics->n; i++) {
		free(nics->nic[i].ref);
		free(nics->nic[i].filter);
	}
	nics->n = 0;
}

/* A filterref in canonical form, under the name `filter`; NULL: out of memory. */
static char *format_ref(const xmlNode *ref, const char *filter)
{
	const xmlNode *p = ref == NULL ? NULL : zl_xml_first(ref, "parameter");
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		return NULL;
	(void)fputs("<filterref", f);
	zl_xml_put_attr(f, "filter", filter);
	(void)fputs(p == NULL ? "/>" : ">", f);
	for (const xmlNode *q = p; q != NULL; q = zl_xml_next(q, "parameter")) {
		(void)fputs("<parameter", f);
		zl_xml_put_attr(f, "name", zl_xml_attr(q, "name"));
		zl_xml_put_attr(f, "value", zl_xml_attr(q, "value"));
		(void)fputs("/>", f);
	}
	(void)fputs(p == NULL ? "" : "</filterref>", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int read_ref(const struct zl_xml *x, const xmlNode *ref,
	struct zl_filterref *ret, struct zl_error *reterr)
{
	int r = zl_xml_check(x, ref, &ref_shape, reterr);

	for (const xmlNode *p = zl_xml_first(ref, "parameter"); r >= 0 && p != NULL;
		p = zl_xml_next(p, "parameter"))
		r = zl_xml_check(x, p, &parameter_shape, reterr);
	if (r < 0)
		return r;
	ret->filter = strdup(zl_xml_attr(ref, "filter"));
	ret->ref = format_ref(ref, zl_xml_attr(ref, "filter"));
	if (ret->filter == NULL || ret->ref == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	return 0;
}

static bool read_mac(const xmlNode *interface, struct zl_mac *ret)
{
	const xmlNode *mac = zl_xml_first(interface, "mac");
	const char *address = mac == NULL ? NULL : zl_xml_attr(mac, "address");

	return address != NULL && zl_mac_parse(address, ret);
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from == NULL ? "" : from);
}

static int read_interface(const struct zl_xml *x, const xmlNode *interface,
	struct zl_filterref_list *all, struct zl_error *reterr)
{
	const xmlNode *ref = zl_xml_first(interface, "filterref");
	const xmlNode *target = zl_xml_first(interface, "target");
	struct zl_filterref *nic = &all->nic[all->n];

	if (all->n == ZL_LEASE_NICS_MAX)
		return zl_fail(reterr, -E2BIG, "more than %d network interfaces",
			ZL_LEASE_NICS_MAX);
	memset(nic, 0, sizeof(*nic));
	if (!read_mac(interface, &nic->mac))
		return zl_xml_fail(reterr, x, interface, "no MAC address");
	for (unsigned i = 0; i < all->n; i++)
		if (zl_mac_eq(&all->nic[i].mac, &nic->mac))
			return zl_xml_fail(
				reterr, x, interface, "a second one with the same MAC");
	copy(nic->type, sizeof(nic->type), zl_xml_attr(interface, "type"));
	copy(nic->tap, sizeof(nic->tap),
		target == NULL ? NULL : zl_xml_attr(target, "dev"));
	all->n++; /* from here on zl_filterref_done() frees it */
	return ref == NULL ? 0 : read_ref(x, ref, nic, reterr);
}

/* The first <interface>, or NULL. */
static const xmlNode *first_interface(const struct zl_xml *x)
{
	const xmlNode *root = zl_xml_root(x);
	const xmlNode *devices =
		zl_xml_is(root, "domain") ? zl_xml_first(root, "devices") : NULL;

	return devices == NULL ? NULL : zl_xml_first(devices, "interface");
}

int zl_filterref_read(
	const char *domain_xml, struct zl_filterref_list *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_filterref_list all = { .n = 0 };
	int r = zl_xml_parse(domain_xml, strlen(domain_xml), "domain", &x, reterr);

	if (r < 0)
		return r;
	if (!zl_xml_is(zl_xml_root(x), "domain"))
		return zl_xml_fail(reterr, x, zl_xml_root(x), "not a domain");
	for (const xmlNode *n = first_interface(x); n != NULL && r >= 0;
		n = zl_xml_next(n, "interface"))
		r = read_interface(x, n, &all, reterr);
	if (r < 0) {
		zl_filterref_done(&all);
		return r;
	}
	*ret = all;
	return 0;
}

char *zl_filterref_rename(const char *ref, const char *filter)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;

	if (ref == NULL)
		return format_ref(NULL, filter);
	if (zl_xml_parse(ref, strlen(ref), "filterref", &x, NULL) < 0)
		return NULL;
	return format_ref(zl_xml_root(x), filter);
}

char *zl_filterref_name(const char *ref)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	const char *name;

	if (zl_xml_parse(ref, strlen(ref), "filterref", &x, NULL) < 0)
		return NULL;
	name = zl_xml_attr(zl_xml_root(x), "filter");
	return name == NULL ? NULL : strdup(name);
}

/* --- an interface with another filterref --- */

static const xmlNode *find_interface(const struct zl_xml *x, const struct zl_mac *mac)
{
	struct zl_mac got;

	for (const xmlNode *n = first_interface(x); n != NULL;
		n = zl_xml_next(n, "interface"))
		if (read_mac(n, &got) && zl_mac_eq(&got, mac))
			return n;
	return NULL;
}

/* Put `ref` in the place of what `interface` has; both are ours to change. */
static bool replace_ref(xmlNode *interface, const char *ref)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	xmlNode *next, *added;

	for (xmlNode *n = interface->children; n != NULL; n = next) {
		next = n->next;
		if (zl_xml_is(n, "filterref")) {
			xmlUnlinkNode(n);
			xmlFreeNode(n);
		}
	}
	if (ref == NULL)
		return true;
	if (zl_xml_parse(ref, strlen(ref), "filterref", &x, NULL) < 0)
		return false;
	added = xmlDocCopyNode(
		xmlDocGetRootElement(zl_xml_root(x)->doc), interface->doc, 1);
	return added != NULL && xmlAddChild(interface, added) != NULL;
}

static char *format_node(xmlNode *n)
{
	xmlBuffer *buf = xmlBufferCreate();
	char *text = NULL;

	if (buf != NULL && xmlNodeDump(buf, n->doc, n, 0, 0) >= 0)
		text = strdup((const char *)xmlBufferContent(buf));
	xmlBufferFree(buf);
	return text;
}

int zl_filterref_replace(const char *domain_xml, const struct zl_mac *mac,
	const char *ref, char **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	char address[ZL_MAC_STR], *text = NULL;
	const xmlNode *found;
	xmlNode *interface;
	int r = zl_xml_parse(domain_xml, strlen(domain_xml), "domain", &x, reterr);

	if (r < 0)
		return r;
	found = find_interface(x, mac);
	if (found == NULL)
		return zl_fail(reterr, -ENOENT, "no interface with MAC %s",
			zl_mac_format(mac, address));
	interface = found->children->parent; /* the document is ours, so not const */
	if (replace_ref(interface, ref))
		text = format_node(interface);
	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	*ret = text;
	return 0;
}
