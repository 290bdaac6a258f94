/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about flow records: flow-list. */
#include "controller/cli/cli.h"
#include "controller/cli/flows.h"

/* clang-format off */
static const struct zl_view list_view = {
	.list = "flows", ZL_COLUMNS(zl_flows_columns),
};

static const struct zl_arg list_args[] = {
	{ .name = "domain", .type = ZL_ARG_STRING,
	  .help = "only flows from or to this domain" },
	{ .name = "limit",  .type = ZL_ARG_INT,
	  .help = "at most this many, the newest" },
};

const struct zl_command zl_commands_flow[] = {
	{ .name = "flow-list", .method = "ListFlows", ZL_ARGS(list_args),
	  .view = &list_view,
	  .summary = "list recent flow records, newest last",
	  .description = "The window is in memory and bounded: it is for looking now, not for history." },
};
/* clang-format on */
const size_t zl_commands_flow_n = N_ITEMS(zl_commands_flow);
