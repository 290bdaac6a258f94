/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between parent and engine, as a table. */
#include "controller/roles/protocol.h"

/* clang-format off */
static const struct zl_attr role[] = {
	[ZL_PARENT_A_NAME]     = { .name = "name", .type = ZL_ATTR_STRING, .max = 31, .required = true },
	[ZL_PARENT_A_PID]      = { .name = "pid", .type = ZL_ATTR_U32, .required = true },
	[ZL_PARENT_A_RESTARTS] = { .name = "restarts", .type = ZL_ATTR_U32 },
	[ZL_PARENT_A_TEXT]     = { .name = "text", .type = ZL_ATTR_STRING, .max = 255 },
};

const struct zl_message zl_parent_messages[ZL_PARENT_MESSAGE_N] = {
	[ZL_PARENT_READY] = { .name = "ready" },
	[ZL_PARENT_ROLE]  = { .name = "role", ZL_ATTRS(role) },
};
/* clang-format on */
