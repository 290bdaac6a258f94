/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding built datagrams in tests. */
#include "tests/support/flowcase.h"

#include <assert.h>
#include <string.h>

void zl_flowcase_init(struct zl_flowcase *c)
{
	const struct zl_prefix all = { 0 }; /* ::/0 holds the IPv4 addresses too */
	int r;

	memset(c, 0, sizeof(*c));
	zl_exporters_init(&c->exporters);
	c->exporters.pending_most = 0;
	r = zl_exporters_allow(&c->exporters, &all, 1, NULL);
	assert(r == 0);
	(void)r;
	c->from = zl_addr_from_v4(0x0a000001);
	c->port = 50000;
	c->now.us = 1000000;
}

void zl_flowcase_done(struct zl_flowcase *c)
{
	zl_exporters_done(&c->exporters);
}

int zl_flowcase_setup(void **state)
{
	static struct zl_flowcase c;

	zl_flowcase_init(&c);
	*state = &c;
	return 0;
}

int zl_flowcase_teardown(void **state)
{
	zl_flowcase_done(*state);
	return 0;
}

static void keep(const struct zl_flow *flow, void *user)
{
	struct zl_flowcase *c = user;

	if (c->n < ZL_FLOWCASE_KEPT)
		c->flows[c->n] = *flow;
	c->n++;
}

zl_drop_mask zl_flowcase_send(struct zl_flowcase *c, const struct zl_flowgen *g)
{
	const struct zl_datagram dg = { .bytes = g->bytes,
		.n = g->n,
		.from = c->from,
		.port = c->port,
		.now = c->now,
		.arrival.us = 1700000000 * ZL_US_PER_S };

	c->n = 0;
	return zl_decode(&c->exporters, &dg, keep, c);
}

struct zl_exporter *zl_flowcase_exporter(struct zl_flowcase *c)
{
	enum zl_drop why;

	return zl_exporters_get(&c->exporters, &c->from, &why);
}
