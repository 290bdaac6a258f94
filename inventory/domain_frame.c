/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain as attributes of a frame. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/domain.h"

enum domain_attr {
	A_UUID = 1,
	A_NAME,
	A_STATE,
	A_FLAGS,
	A_ZONE, /* once for each zone */
	A_NIC,	/* once for each NIC */
	A_N_LEFT,
	A_LEFT,
	A_N
};
_Static_assert((int)A_N <= (int)ZL_DOMAIN_ATTRS, "zl_domain_attrs is too short");

enum { FLAG_FORWARDING = 1, FLAG_TRUNCATED = 2 };

enum nic_attr {
	N_MAC = 1,
	N_TYPE,
	N_TAP,
	N_BRIDGE,
	N_NETWORK,
	N_FILTER,
	N_ADDR,
	N_VLAN,
	N_N
};

enum addr_attr { I_ADDR = 1, I_SOURCE, I_SINCE, I_N };

/* clang-format off */
static const struct zl_attr addr_attrs[I_N] = {
	[I_ADDR]   = { .name = "addr",   .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[I_SOURCE] = { .name = "source", .type = ZL_ATTR_U8,    .required = true },
	[I_SINCE]  = { .name = "since",  .type = ZL_ATTR_U64 },
};

static const struct zl_attr nic_attrs[N_N] = {
	[N_MAC]     = { .name = "mac",     .type = ZL_ATTR_BYTES,  .max = 6, .required = true },
	[N_TYPE]    = { .name = "type",    .type = ZL_ATTR_U8,     .required = true },
	[N_TAP]     = { .name = "tap",     .type = ZL_ATTR_STRING, .max = ZL_IFNAME_MAX - 1 },
	[N_BRIDGE]  = { .name = "bridge",  .type = ZL_ATTR_STRING, .max = ZL_IFNAME_MAX - 1 },
	[N_NETWORK] = { .name = "network", .type = ZL_ATTR_STRING, .max = ZL_NAME_MAX - 1 },
	[N_FILTER]  = { .name = "filter",  .type = ZL_ATTR_STRING, .max = ZL_NAME_MAX - 1 },
	[N_ADDR]    = { .name = "address", .type = ZL_ATTR_NEST,   .repeated = true,
			ZL_NESTED(addr_attrs) },
	[N_VLAN]    = { .name = "vlan",    .type = ZL_ATTR_U16 },
};

const struct zl_attr zl_domain_attrs[ZL_DOMAIN_ATTRS] = {
	[A_UUID]  = { .name = "uuid",  .type = ZL_ATTR_BYTES,  .max = 16, .required = true },
	[A_NAME]  = { .name = "name",  .type = ZL_ATTR_STRING, .min = 1,
		      .max = ZL_NAME_MAX - 1, .required = true },
	[A_STATE] = { .name = "state", .type = ZL_ATTR_U8,     .required = true },
	[A_FLAGS] = { .name = "flags", .type = ZL_ATTR_U8 },
	[A_ZONE]  = { .name = "zone",  .type = ZL_ATTR_STRING, .min = 1, .max = 63,
		      .repeated = true },
	[A_NIC]   = { .name = "nic",   .type = ZL_ATTR_NEST,   .repeated = true,
		      ZL_NESTED(nic_attrs) },
	[A_N_LEFT] = { .name = "nics-left", .type = ZL_ATTR_U32 },
	[A_LEFT]  = { .name = "left",  .type = ZL_ATTR_STRING,
		      .max = ZL_DOMAIN_LEFT_MAX - 1 },
};
/* clang-format on */

static void put_nic(struct zl_frame *f, const struct zl_nic *nic)
{
	struct nlattr *nest = zl_frame_nest(f, A_NIC);

	zl_frame_put_bytes(f, N_MAC, nic->mac.b, sizeof(nic->mac.b));
	zl_frame_put_u8(f, N_TYPE, (uint8_t)nic->type);
	zl_frame_put_str(f, N_TAP, nic->tap);
	zl_frame_put_str(f, N_BRIDGE, nic->bridge);
	zl_frame_put_str(f, N_NETWORK, nic->network);
	zl_frame_put_str(f, N_FILTER, nic->filter);
	zl_frame_put_u16(f, N_VLAN, nic->vlan);
	for (unsigned i = 0; i < nic->n_addrs; i++) {
		const struct zl_nic_addr *a = &nic->addrs[i];
		struct nlattr *inner = zl_frame_nest(f, N_ADDR);

		zl_frame_put_bytes(f, I_ADDR, a->addr.b, sizeof(a->addr.b));
		zl_frame_put_u8(f, I_SOURCE, (uint8_t)a->source);
		zl_frame_put_u64(f, I_SINCE, (uint64_t)a->since.us);
		zl_frame_nest_end(f, inner);
	}
	zl_frame_nest_end(f, nest);
}

void zl_domain_put(struct zl_frame *f, uint16_t attr, const struct zl_domain *d)
{
	struct nlattr *nest = zl_frame_nest(f, attr);

	zl_frame_put_bytes(f, A_UUID, d->uuid.b, sizeof(d->uuid.b));
	zl_frame_put_str(f, A_NAME, d->name);
	zl_frame_put_u8(f, A_STATE, (uint8_t)d->state);
	zl_frame_put_u8(f, A_FLAGS,
		(uint8_t)((d->forwarding ? FLAG_FORWARDING : 0) |
			  (d->truncated ? FLAG_TRUNCATED : 0)));
	for (unsigned i = 0; i < d->n_zones; i++)
		zl_frame_put_str(f, A_ZONE, d->zones[i]);
	for (unsigned i = 0; i < d->n_nics; i++)
		put_nic(f, &d->nics[i]);
	if (d->n_left != 0) {
		zl_frame_put_u32(f, A_N_LEFT, d->n_left);
		zl_frame_put_str(f, A_LEFT, d->left);
	}
	zl_frame_nest_end(f, nest);
}

static int get_addr(
	const struct nlattr *nest, struct zl_nic *nic, struct zl_error *reterr)
{
	const struct nlattr *tb[I_N];
	struct zl_nic_addr *a;

	if (nic->n_addrs == ZL_NIC_ADDRS_MAX)
		return zl_fail(reterr, -EPROTO,
			"domain: a NIC has more than %d addresses", ZL_NIC_ADDRS_MAX);
	zl_frame_open_nest(nest, tb, N_ITEMS(tb));
	if (zl_attr_u8(tb[I_SOURCE]) >= ZL_ADDR_SOURCE_N)
		return zl_fail(reterr, -EPROTO,
			"domain: no such source of addresses: %u",
			zl_attr_u8(tb[I_SOURCE]));
	a = &nic->addrs[nic->n_addrs++];
	zl_attr_copy(tb[I_ADDR], a->addr.b, sizeof(a->addr.b));
	a->source = zl_attr_u8(tb[I_SOURCE]);
	a->since.us = (int64_t)zl_attr_u64(tb[I_SINCE]);
	return 0;
}

static int get_nic(
	const struct nlattr *nest, struct zl_domain *d, struct zl_error *reterr)
{
	const struct nlattr *tb[N_N], *a;
	struct zl_nic *nic;

	if (d->n_nics == ZL_DOMAIN_NICS_MAX)
		return zl_fail(reterr, -EPROTO, "domain: more than %d NICs",
			ZL_DOMAIN_NICS_MAX);
	zl_frame_open_nest(nest, tb, N_ITEMS(tb));
	if (zl_attr_u8(tb[N_TYPE]) >= ZL_NIC_TYPE_N)
		return zl_fail(reterr, -EPROTO, "domain: no such type of NIC: %u",
			zl_attr_u8(tb[N_TYPE]));
	if (zl_attr_u16(tb[N_VLAN]) > ZL_VLAN_LAST)
		return zl_fail(reterr, -EPROTO, "domain: no such VLAN: %u",
			zl_attr_u16(tb[N_VLAN]));
	nic = &d->nics[d->n_nics++];
	nic->vlan = zl_attr_u16(tb[N_VLAN]);
	zl_attr_copy(tb[N_MAC], nic->mac.b, sizeof(nic->mac.b));
	nic->type = zl_attr_u8(tb[N_TYPE]);
	(void)zl_domain_copy_text(nic->tap, sizeof(nic->tap), zl_attr_str(tb[N_TAP]));
	(void)zl_domain_copy_text(
		nic->bridge, sizeof(nic->bridge), zl_attr_str(tb[N_BRIDGE]));
	(void)zl_domain_copy_text(
		nic->network, sizeof(nic->network), zl_attr_str(tb[N_NETWORK]));
	(void)zl_domain_copy_text(
		nic->filter, sizeof(nic->filter), zl_attr_str(tb[N_FILTER]));
	zl_nest_each(a, nest, N_ADDR)
	{
		int r = get_addr(a, nic, reterr);

		if (r < 0)
			return r;
	}
	return 0;
}

int zl_domain_get(
	const struct nlattr *nest, struct zl_domain *ret, struct zl_error *reterr)
{
	const struct nlattr *tb[A_N], *a;
	struct zl_domain d = { 0 };
	int r;

	zl_frame_open_nest(nest, tb, N_ITEMS(tb));
	if (zl_attr_u8(tb[A_STATE]) >= ZL_DOMAIN_STATE_N)
		return zl_fail(reterr, -EPROTO, "domain: no such state: %u",
			zl_attr_u8(tb[A_STATE]));
	zl_attr_copy(tb[A_UUID], d.uuid.b, sizeof(d.uuid.b));
	(void)zl_domain_copy_text(d.name, sizeof(d.name), zl_attr_str(tb[A_NAME]));
	d.state = zl_attr_u8(tb[A_STATE]);
	d.forwarding = (zl_attr_u8(tb[A_FLAGS]) & FLAG_FORWARDING) != 0;
	d.truncated = (zl_attr_u8(tb[A_FLAGS]) & FLAG_TRUNCATED) != 0;
	d.n_left = (uint16_t)zl_attr_u32(tb[A_N_LEFT]);
	(void)zl_domain_copy_text(d.left, sizeof(d.left), zl_attr_str(tb[A_LEFT]));
	zl_nest_each(a, nest, A_ZONE)
	{
		if (d.n_zones == ZL_DOMAIN_ZONES_MAX)
			return zl_fail(reterr, -EPROTO, "domain: more than %d zones",
				ZL_DOMAIN_ZONES_MAX);
		(void)zl_domain_copy_text(
			d.zones[d.n_zones++], sizeof(d.zones[0]), zl_attr_str(a));
	}
	zl_nest_each(a, nest, A_NIC)
	{
		r = get_nic(a, &d, reterr);
		if (r < 0)
			return r;
	}
	*ret = d;
	return 0;
}
