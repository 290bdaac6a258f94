/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between engine and enforcers, as a table. */
#include "mitigate/protocol.h"

enum { URI_MAX = 1023 };

/* clang-format off */
#define MAC	 { .name = "mac", .type = ZL_ATTR_BYTES, .max = 6, .required = true }
#define ADDR	 { .name = "addr", .type = ZL_ATTR_BYTES, .max = 16, .required = true }
#define DOMAIN	 { .name = "domain", .type = ZL_ATTR_BYTES, .max = 16, .required = true }
#define IFINDEX	 { .name = "ifindex", .type = ZL_ATTR_U32, .required = true }
#define URI	 { .name = "uri", .type = ZL_ATTR_STRING, .max = URI_MAX }
#define LEASE(r) { .name = "lease", .type = ZL_ATTR_NEST, .required = (r), \
		   .nested = zl_lease_attrs, .n_nested = ZL_LEASE_ATTRS }

static const struct zl_attr hello[] = {
	[ZL_AGENT_A_VERSION]  = { .name = "version", .type = ZL_ATTR_STRING, .max = 63, .required = true },
	[ZL_AGENT_A_HOSTNAME] = { .name = "hostname", .type = ZL_ATTR_STRING, .max = 255 },
	[ZL_AGENT_A_BOOT_ID]  = { .name = "boot-id", .type = ZL_ATTR_STRING, .max = 63 },
};
static const struct zl_attr link_[] = {
	[ZL_AGENT_A_IFINDEX]	 = IFINDEX,
	[ZL_AGENT_A_NAME]	 = { .name = "name", .type = ZL_ATTR_STRING, .max = 15, .required = true },
	[ZL_AGENT_A_MAC]	 = MAC,
	[ZL_AGENT_A_MASTER]	 = { .name = "master", .type = ZL_ATTR_U32 },
	[ZL_AGENT_A_MASTER_NAME] = { .name = "master-name", .type = ZL_ATTR_STRING, .max = 15 },
	[ZL_AGENT_A_FLAGS]	 = { .name = "flags", .type = ZL_ATTR_U32 },
};
static const struct zl_attr link_gone[] = { [ZL_AGENT_A_IFINDEX] = IFINDEX };
static const struct zl_attr neigh[] = {
	[ZL_AGENT_A_IFINDEX] = IFINDEX, [ZL_AGENT_A_MAC] = MAC, [ZL_AGENT_A_ADDR] = ADDR,
};
static const struct zl_attr lease_state[] = {
	[ZL_AGENT_A_REPORT] = { .name = "report", .type = ZL_ATTR_NEST, .required = true,
				.nested = zl_report_attrs, .n_nested = ZL_REPORT_ATTRS },
	[ZL_AGENT_A_LEASE]  = LEASE(false),
};
static const struct zl_attr lease_put[] = { [ZL_AGENT_A_LEASE] = LEASE(true), [ZL_AGENT_A_URI] = URI };
static const struct zl_attr lease_drop[] = {
	[ZL_AGENT_A_ID]	    = { .name = "id", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[ZL_AGENT_A_DOMAIN] = { .name = "domain", .type = ZL_ATTR_BYTES, .max = 16 },
	[ZL_AGENT_A_TEXT]   = { .name = "text", .type = ZL_ATTR_STRING, .max = 255 },
	[ZL_AGENT_A_URI]    = URI,
};
static const struct zl_attr known[] = {
	[ZL_AGENT_A_DOMAIN] = DOMAIN,
	[ZL_AGENT_A_MAC]    = { .name = "mac", .type = ZL_ATTR_BYTES, .max = 6, .repeated = true },
};
static const struct zl_attr known_gone[] = { [ZL_AGENT_A_DOMAIN] = DOMAIN };

const struct zl_message zl_agent_messages[ZL_AGENT_MESSAGE_N] = {
	[ZL_AGENT_HELLO]       = { .name = "hello", ZL_ATTRS(hello) },
	[ZL_AGENT_READY]       = { .name = "ready" },
	[ZL_AGENT_LINK]	       = { .name = "link", ZL_ATTRS(link_) },
	[ZL_AGENT_LINK_GONE]   = { .name = "link-gone", ZL_ATTRS(link_gone) },
	[ZL_AGENT_NEIGH]       = { .name = "neigh", ZL_ATTRS(neigh) },
	[ZL_AGENT_NEIGH_GONE]  = { .name = "neigh-gone", ZL_ATTRS(neigh) },
	[ZL_AGENT_LEASE_STATE] = { .name = "lease-state", ZL_ATTRS(lease_state) },
	[ZL_AGENT_PONG]	       = { .name = "pong" },
	[ZL_AGENT_LEASE_PUT]   = { .name = "lease-put", ZL_ATTRS(lease_put) },
	[ZL_AGENT_LEASE_DROP]  = { .name = "lease-drop", ZL_ATTRS(lease_drop) },
	[ZL_AGENT_KNOWN]       = { .name = "known", ZL_ATTRS(known) },
	[ZL_AGENT_KNOWN_GONE]  = { .name = "known-gone", ZL_ATTRS(known_gone) },
	[ZL_AGENT_PING]	       = { .name = "ping" },
};
/* clang-format on */
