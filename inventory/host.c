/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts: XML to struct zl_host and back. */
#include "inventory/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"

ZL_EMBED(zl_host_rng, "inventory/host.rng");

/* clang-format off */
static const char *const interfaces[ZL_HOST_INTERFACES_N] = {
	[ZL_HOST_INTERFACES_NONE]     = "none",
	[ZL_HOST_INTERFACES_IFINDEX]  = "ifindex",
	[ZL_HOST_INTERFACES_OPENFLOW] = "openflow",
	[ZL_HOST_INTERFACES_FIXED]    = "fixed",
	[ZL_HOST_INTERFACES_NAME]     = "name",
};

static const struct zl_xml_child host_children[] = {
	ZL_XML_OBJECT_CHILDREN,
	{ .name = "libvirt", .min = 1, .max = 1 },
	{ .name = "agent", .max = 1 },
	{ .name = "exporter" },
};
static const struct zl_xml_shape host_shape = {
	.children = host_children, .n_children = N_ITEMS(host_children),
};

static const struct zl_xml_attr libvirt_attrs[] = {
	{ .name = "uri", .required = true }, { .name = "actuator-uri" },
};
static const struct zl_xml_shape libvirt_shape = {
	.attrs = libvirt_attrs, .n_attrs = N_ITEMS(libvirt_attrs),
};

static const struct zl_xml_attr agent_attrs[] = { { .name = "address", .required = true } };
static const struct zl_xml_shape agent_shape = {
	.attrs = agent_attrs, .n_attrs = N_ITEMS(agent_attrs),
};

static const struct zl_xml_attr exporter_attrs[] = {
	{ .name = "address", .required = true }, { .name = "interfaces" }, { .name = "sampling" },
};
static const struct zl_xml_shape exporter_shape = {
	.attrs = exporter_attrs, .n_attrs = N_ITEMS(exporter_attrs),
};
/* clang-format on */

const char *zl_host_interfaces_name(enum zl_host_interfaces i)
{
	return interfaces[i];
}

const char *zl_host_actuator_uri(const struct zl_host *h)
{
	return h->actuator_uri != NULL ? h->actuator_uri : h->uri;
}

/* Printable, and of no more than `max` bytes: paths and URIs end up in logs. */
static bool is_plain(const char *text, size_t max)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if ((unsigned char)text[n] <= 0x20 || text[n] == 0x7f)
			return false;
	return n > 0 && n <= max;
}

/* scheme ":" ... (RFC 3986, section 3); libvirt judges the rest. */
static bool is_uri(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
	size_t n = strspn(text, more);

	return is_plain(text, ZL_HOST_URI_MAX) && n > 0 &&
	       strchr(letters, text[0]) != NULL && text[n] == ':' && text[n + 1] == '/';
}

static int copy(const char *text, char **ret, struct zl_error *reterr)
{
	*ret = strdup(text);
	return *ret == NULL ? zl_fail(reterr, -ENOMEM, "host: out of memory") : 0;
}

static int read_uri(const struct zl_xml *x, const xmlNode *n, const char *attr,
	char **ret, struct zl_error *reterr)
{
	const char *text = zl_xml_attr(n, attr);

	if (text == NULL)
		return 0;
	if (!is_uri(text))
		return zl_xml_fail(reterr, x, n,
			"attribute '%s' is not a libvirt URI such as "
			"'qemu:///system': '%.64s'",
			attr, text);
	return copy(text, ret, reterr);
}

static int read_libvirt(const struct zl_xml *x, const xmlNode *n, struct zl_host *h,
	struct zl_error *reterr)
{
	int r = zl_xml_check(x, n, &libvirt_shape, reterr);

	if (r < 0)
		return r;
	r = read_uri(x, n, "uri", &h->uri, reterr);
	if (r < 0)
		return r;
	return read_uri(x, n, "actuator-uri", &h->actuator_uri, reterr);
}

static int read_agent(const struct zl_xml *x, const xmlNode *n, struct zl_host *h,
	struct zl_error *reterr)
{
	static const char scheme[] = "unix://";
	const char *text;
	int r = zl_xml_check(x, n, &agent_shape, reterr);

	if (r < 0)
		return r;
	text = zl_xml_attr(n, "address");
	if (strncmp(text, scheme, strlen(scheme)) != 0 || text[strlen(scheme)] != '/')
		return zl_xml_fail(reterr, x, n,
			"attribute 'address' is not 'unix://' and "
			"an absolute path: '%.64s'",
			text);
	text += strlen(scheme);
	if (!is_plain(text, ZL_HOST_PATH_MAX))
		return zl_xml_fail(reterr, x, n,
			"attribute 'address' has a path that no socket can have: more "
			"than %d bytes, or spaces in it",
			ZL_HOST_PATH_MAX);
	return copy(text, &h->agent_path, reterr);
}

static int read_exporter(const struct zl_xml *x, const xmlNode *n,
	struct zl_host_exporter *e, struct zl_error *reterr)
{
	const char *text;
	unsigned sampling = 0;
	int word, r = zl_xml_check(x, n, &exporter_shape, reterr);

	if (r < 0)
		return r;
	text = zl_xml_attr(n, "address");
	if (!zl_prefix_parse(text, &e->prefix))
		return zl_xml_fail(reterr, x, n,
			"attribute 'address' is not an address or a range such as "
			"'10.0.0.0/24': '%.64s'",
			text);
	r = zl_xml_object_get_word(
		x, n, "interfaces", interfaces, ZL_HOST_INTERFACES_N, &word, reterr);
	if (r < 0)
		return r;
	e->interfaces =
		word < 0 ? ZL_HOST_INTERFACES_NONE : (enum zl_host_interfaces)word;
	r = zl_xml_object_get_number(
		x, n, "sampling", 1, ZL_HOST_SAMPLING_MAX, &sampling, reterr);
	if (r < 0)
		return r;
	e->sampling = sampling;
	return 0;
}

static int read_exporters(const struct zl_xml *x, const xmlNode *root,
	struct zl_host *h, struct zl_error *reterr)
{
	h->exporters = calloc(ZL_HOST_EXPORTERS_MAX, sizeof(*h->exporters));
	if (h->exporters == NULL)
		return zl_fail(reterr, -ENOMEM, "host: out of memory");
	for (const xmlNode *n = zl_xml_first(root, "exporter"); n != NULL;
		n = zl_xml_next(n, "exporter")) {
		struct zl_host_exporter *e = &h->exporters[h->n_exporters];
		int r;

		if (h->n_exporters == ZL_HOST_EXPORTERS_MAX)
			return zl_xml_fail(reterr, x, n, "more than %d exporters",
				ZL_HOST_EXPORTERS_MAX);
		r = read_exporter(x, n, e, reterr);
		if (r < 0)
			return r;
		for (size_t i = 0; i < h->n_exporters; i++)
			if (h->exporters[i].prefix.len == e->prefix.len &&
				zl_addr_eq(
					&h->exporters[i].prefix.addr, &e->prefix.addr))
				return zl_xml_fail(
					reterr, x, n, "the same address stands twice");
		h->n_exporters++;
	}
	return 0;
}

static int read_host(const struct zl_xml *x, struct zl_host *h, struct zl_error *reterr)
{
	const xmlNode *root = zl_xml_root(x), *agent;
	struct zl_xml_object common = { 0 };
	int r;

	if (!zl_xml_is(root, "host"))
		return zl_xml_fail(reterr, x, root,
			"a host starts with element 'host', in no namespace");
	r = zl_xml_check(x, root, &host_shape, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_read(x, root, &common, reterr);
	memcpy(h->name, common.name, sizeof(h->name));
	h->uuid = common.uuid;
	h->has_uuid = common.has_uuid;
	h->description = common.description;
	if (r < 0)
		return r;
	r = read_libvirt(x, zl_xml_first(root, "libvirt"), h, reterr);
	if (r < 0)
		return r;
	agent = zl_xml_first(root, "agent");
	r = agent == NULL ? 0 : read_agent(x, agent, h, reterr);
	if (r < 0)
		return r;
	return read_exporters(x, root, h, reterr);
}

int zl_host_parse(const char *xml, const char *file, struct zl_host **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	ZL_AUTO(zl_host) struct zl_host *h = calloc(1, sizeof(*h));
	int r;

	if (h == NULL)
		return zl_fail(reterr, -ENOMEM, "host: out of memory");
	r = zl_xml_parse(xml, strlen(xml), file, &x, reterr);
	if (r < 0)
		return r;
	r = read_host(x, h, reterr);
	if (r < 0)
		return r;
	r = zl_xml_validate(x, zl_host_rng, zl_host_rng_size(), reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(h);
	return 0;
}

void zl_host_free(struct zl_host *h)
{
	if (h == NULL)
		return;
	free(h->description);
	free(h->uri);
	free(h->actuator_uri);
	free(h->agent_path);
	free(h->exporters);
	free(h);
}

static void write_exporter(FILE *f, const struct zl_host_exporter *e)
{
	char text[ZL_PREFIX_STR], number[16];

	(void)fputs("  <exporter", f);
	if (e->prefix.len == 128)
		zl_xml_put_attr(f, "address", zl_addr_format(&e->prefix.addr, text));
	else
		zl_xml_put_attr(f, "address", zl_prefix_format(&e->prefix, text));
	zl_xml_put_attr(f, "interfaces", interfaces[e->interfaces]);
	if (e->sampling != 0) {
		(void)snprintf(number, sizeof(number), "%u", e->sampling);
		zl_xml_put_attr(f, "sampling", number);
	}
	(void)fputs("/>\n", f);
}

char *zl_host_format(const struct zl_host *h)
{
	char agent[ZL_HOST_PATH_MAX + 8];
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	(void)fputs("<host>\n", f);
	zl_xml_object_write(f, h->name, h->has_uuid ? &h->uuid : NULL, h->description);
	(void)fputs("  <libvirt", f);
	zl_xml_put_attr(f, "uri", h->uri);
	if (h->actuator_uri != NULL)
		zl_xml_put_attr(f, "actuator-uri", h->actuator_uri);
	(void)fputs("/>\n", f);
	if (h->agent_path != NULL) {
		(void)snprintf(agent, sizeof(agent), "unix://%s", h->agent_path);
		(void)fputs("  <agent", f);
		zl_xml_put_attr(f, "address", agent);
		(void)fputs("/>\n", f);
	}
	for (size_t i = 0; i < h->n_exporters; i++)
		write_exporter(f, &h->exporters[i]);
	(void)fputs("</host>\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
