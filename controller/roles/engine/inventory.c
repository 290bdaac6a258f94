/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inventory's frames into the index, and what follows from a change. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "controller/roles/engine/engine.h"

/* The order matters: a lease that grows must reach the agent with, not after, the NIC. */
void zl_engine_inventory_on_change(
	const struct zl_index_domain *d, unsigned what, void *user)
{
	struct zl_engine *e = user;

	if ((what & (ZL_INDEX_ADDED | ZL_INDEX_GONE | ZL_INDEX_NAME | ZL_INDEX_ZONES |
			    ZL_INDEX_NICS | ZL_INDEX_ADDRS)) != 0)
		zl_engine_classes_forget_domain(e, &d->uuid);
	if ((what & (ZL_INDEX_ADDED | ZL_INDEX_NICS | ZL_INDEX_GONE)) != 0)
		zl_engine_agents_tell_known(e, d, (what & ZL_INDEX_GONE) != 0);
	zl_engine_leases_on_domain(e, d, what);
}

static void log_host_state(struct zl_engine *e, const struct zl_frame_in *in)
{
	const char *host = zl_attr_str(in->tb[ZL_INV_A_HOST]);
	uint8_t state = zl_attr_u8(in->tb[ZL_INV_A_STATE]);
	const struct zl_index_host *h = zl_index_host(e->index, host);
	const char *text = zl_attr_str(in->tb[ZL_INV_A_TEXT]);

	if (h != NULL && h->state == state && strcmp(h->reason, text) == 0)
		return;
	if (state == ZL_HOST_UP)
		zl_log(LOG_INFO, "host '%s': libvirt is up", host);
	else
		zl_log(state == ZL_HOST_STALE ? LOG_WARNING : LOG_INFO, "host '%s': %s",
			host, text);
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_engine *e = user;
	struct zl_error err = { 0 };
	int r;

	(void)c;
	if (in->type == ZL_INV_HOST_STATE)
		log_host_state(e, in);
	r = zl_index_apply(e->index, in, zl_wall_now(), &err);
	/* -ENOENT: a host that was undefined while its worker still spoke. */
	if (r < 0 && r != -ENOENT)
		zl_log_error(LOG_WARNING, &err, "inventory");
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	const struct zl_engine_host *h;
	struct zl_engine *e = user;

	/* It parses domain XML: what it says may not end the engine, which is needed. */
	zl_log_error(LOG_ERR, why,
		"channel to the inventory: hosts are stale until zonelockd is "
		"restarted");
	zl_channel_close(c);
	e->inventory = NULL;
	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		(void)!zl_index_host_state(e->index, h->def->name, ZL_HOST_STALE,
			"the inventory broke its protocol: restart zonelockd",
			zl_wall_now(), NULL);
}

static const struct zl_channel_handlers handlers = {
	.table = zl_inventory_messages,
	.n_table = ZL_INV_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

int zl_engine_inventory_attach(struct zl_engine *e, int fd, struct zl_error *reterr)
{
	return zl_channel_new(e->event, fd, &handlers, e, &e->inventory, reterr);
}

void zl_engine_inventory_tell_host(struct zl_engine *e, const struct zl_host *def)
{
	struct zl_frame f;

	if (e->inventory == NULL)
		return;
	zl_channel_start(e->inventory, &f, ZL_INV_HOST_PUT, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, def->name);
	zl_frame_put_str(&f, ZL_INV_A_URI, def->uri);
	(void)zl_channel_send(e->inventory, &f);
}

void zl_engine_inventory_tell_gone(struct zl_engine *e, const char *host)
{
	struct zl_frame f;

	if (e->inventory == NULL)
		return;
	zl_channel_start(e->inventory, &f, ZL_INV_HOST_GONE, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, host);
	(void)zl_channel_send(e->inventory, &f);
}

void zl_engine_inventory_tell_hosts(struct zl_engine *e)
{
	struct zl_engine_host *h;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		zl_engine_inventory_tell_host(e, h->def);
}
