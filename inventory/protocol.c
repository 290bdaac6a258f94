/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between engine, inventory and workers, as a table. */
#include "inventory/protocol.h"

enum { HOST_MAX = 63, URI_MAX = 1023, TEXT_MAX = 511 };

/* clang-format off */
#define A_HOST                                                                         \
	[ZL_INV_A_HOST] = { .name = "host", .type = ZL_ATTR_STRING, .min = 1,          \
			    .max = HOST_MAX, .required = true }

static const struct zl_attr host_put[ZL_INV_A_N] = {
	A_HOST,
	[ZL_INV_A_URI] = { .name = "uri", .type = ZL_ATTR_STRING, .min = 1, .max = URI_MAX,
			   .required = true },
};

static const struct zl_attr host_only[ZL_INV_A_N] = {
	A_HOST,
};

static const struct zl_attr host_state[ZL_INV_A_N] = {
	A_HOST,
	[ZL_INV_A_STATE] = { .name = "state", .type = ZL_ATTR_U8, .required = true },
	[ZL_INV_A_TEXT]  = { .name = "text",  .type = ZL_ATTR_STRING, .max = TEXT_MAX },
};

static const struct zl_attr domain[ZL_INV_A_N] = {
	A_HOST,
	[ZL_INV_A_DOMAIN] = { .name = "domain", .type = ZL_ATTR_NEST, .required = true,
			      ZL_NESTED(zl_domain_attrs) },
};

static const struct zl_attr domain_gone[ZL_INV_A_N] = {
	A_HOST,
	[ZL_INV_A_UUID] = { .name = "uuid", .type = ZL_ATTR_BYTES, .max = 16,
			    .required = true },
};

static const struct zl_attr dhcp[ZL_INV_A_N] = {
	A_HOST,
	[ZL_INV_A_MAC]     = { .name = "mac",     .type = ZL_ATTR_BYTES, .max = 6,
			       .required = true },
	[ZL_INV_A_ADDR]    = { .name = "addr",    .type = ZL_ATTR_BYTES, .max = 16,
			       .required = true },
	[ZL_INV_A_TEXT]    = { .name = "network", .type = ZL_ATTR_STRING, .min = 1,
			       .max = ZL_NAME_MAX - 1, .required = true },
	[ZL_INV_A_EXPIRES] = { .name = "expires", .type = ZL_ATTR_U64, .required = true },
};

const struct zl_message zl_inventory_messages[ZL_INV_MESSAGE_N] = {
	[ZL_INV_HOST_PUT]    = { .name = "host-put",    ZL_ATTRS(host_put) },
	[ZL_INV_HOST_GONE]   = { .name = "host-gone",   ZL_ATTRS(host_only) },
	[ZL_INV_HOST_STATE]  = { .name = "host-state",  ZL_ATTRS(host_state) },
	[ZL_INV_LIST_BEGIN]  = { .name = "list-begin",  ZL_ATTRS(host_only) },
	[ZL_INV_LIST_END]    = { .name = "list-end",    ZL_ATTRS(host_only) },
	[ZL_INV_DOMAIN]      = { .name = "domain",      ZL_ATTRS(domain) },
	[ZL_INV_DOMAIN_GONE] = { .name = "domain-gone", ZL_ATTRS(domain_gone) },
	[ZL_INV_DHCP]        = { .name = "dhcp",        ZL_ATTRS(dhcp) },
};
/* clang-format on */

static const char *const state_names[ZL_HOST_STATE_N] = {
	[ZL_HOST_CONNECTING] = "connecting",
	[ZL_HOST_UP] = "up",
	[ZL_HOST_STALE] = "stale",
};

const char *zl_host_state_name(enum zl_host_state s)
{
	return state_names[s];
}
