/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of protocols and their usual ports. */
#include "controller/flow/portmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/flow/record.h"

/* clang-format off */
const struct zl_portmap_protocol zl_portmap_protocols[] = {
	{ "netflow", 2055, { ZL_FLOW_V5, ZL_FLOW_V9, ZL_FLOW_IPFIX }, 3 },
	{ "ipfix",   4739, { ZL_FLOW_V5, ZL_FLOW_V9, ZL_FLOW_IPFIX }, 3 },
	{ "sflow",   6343, { 0 }, 1 },
};
/* clang-format on */
const size_t zl_portmap_protocols_n = N_ITEMS(zl_portmap_protocols);

void zl_portmap_init(struct zl_portmap *p)
{
	*p = (struct zl_portmap){ 0 };
	for (size_t i = 0; i < N_ITEMS(zl_portmap_protocols); i++) {
		p->at[p->n].port = zl_portmap_protocols[i].port;
		p->at[p->n++].protocol = &zl_portmap_protocols[i];
	}
}

static const struct zl_portmap_protocol *find_protocol(const char *name)
{
	for (size_t i = 0; i < N_ITEMS(zl_portmap_protocols); i++)
		if (strcmp(zl_portmap_protocols[i].name, name) == 0)
			return &zl_portmap_protocols[i];
	return NULL;
}

static void list_protocols(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < N_ITEMS(zl_portmap_protocols) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i == 0 ? "" : ", ",
			zl_portmap_protocols[i].name);
}

int zl_portmap_parse(struct zl_portmap *p, const char *text, struct zl_error *reterr)
{
	const struct zl_portmap_protocol *protocol;
	char *end = NULL, names[64];
	unsigned long port = strtoul(text, &end, 10);
	size_t i;

	if (text[0] < '0' || text[0] > '9' || *end != '=' || port == 0 ||
		port > UINT16_MAX)
		return zl_fail_id(reterr, -EINVAL, "portmap.syntax",
			"write it like 9995=netflow",
			"port '%s': not PORT=PROTOCOL with a port of 1 to 65535", text);
	protocol = find_protocol(end + 1);
	if (protocol == NULL) {
		list_protocols(names, sizeof(names));
		return zl_fail(reterr, -EINVAL, "port '%s': the protocol is one of %s",
			text, names);
	}
	for (i = 0; i < p->n && p->at[i].port != port; i++)
		;
	if (i == ZL_PORTMAP_MAX)
		return zl_fail(reterr, -E2BIG, "port '%s': more than %d ports", text,
			ZL_PORTMAP_MAX);
	p->at[i].port = (uint16_t)port;
	p->at[i].protocol = protocol;
	if (i == p->n)
		p->n++;
	return 0;
}

const struct zl_portmap_protocol *zl_portmap_find(
	const struct zl_portmap *p, uint16_t port)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].port == port)
			return p->at[i].protocol;
	return NULL;
}

static bool can_be(const struct zl_portmap_protocol *p, struct zl_cursor datagram)
{
	uint16_t first = zl_get_u16(&datagram);

	for (size_t i = 0; i < p->n_first; i++)
		if (p->first[i] == first)
			return true;
	return datagram.bad;
}

bool zl_portmap_takes(const struct zl_portmap *p, uint16_t port,
	struct zl_cursor datagram, struct zl_portmap_refused *count)
{
	const struct zl_portmap_protocol *protocol = zl_portmap_find(p, port);

	if (protocol == NULL)
		count->other_port++;
	else if (!can_be(protocol, datagram))
		count->other_protocol++;
	else
		return true;
	return false;
}
