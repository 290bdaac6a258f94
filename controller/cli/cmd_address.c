/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about addresses: address-who. */
#include "controller/cli/cli.h"
#include "controller/cli/view.h"

/* clang-format off */
static const struct zl_column holder_columns[] = {
	{ .title = "Domain",      .key = "domain" },
	{ .title = "Host",        .key = "host" },
	{ .title = "MAC",         .key = "mac" },
	{ .title = "Tap",         .key = "tap" },
	{ .title = "Where",       .key = "scope" },
	{ .title = "Known from",  .key = "source" },
	{ .title = "Since",       .key = "from_ms", .format = zl_format_time },
	{ .title = "Until",       .key = "until_ms", .format = zl_format_time },
};

static const struct zl_view who_view = {
	.list = "holders", ZL_COLUMNS(holder_columns),
};

static const struct zl_arg who_args[] = {
	{ .name = "address", .type = ZL_ARG_STRING, .positional = true,
	  .help = "an IPv4 or IPv6 address" },
	{ .name = "at",      .type = ZL_ARG_WHEN, .param = "at_ms",
	  .help = "only who had it then: \"2026-11-23 20:04\", @seconds, or 15m for that long ago" },
};

const struct zl_command zl_commands_address[] = {
	{ .name = "address-who", .method = "ShowAddress", ZL_ARGS(who_args),
	  .view = &who_view,
	  .summary = "show who has an address, who had it, and how that is known" },
};
/* clang-format on */
const size_t zl_commands_address_n = N_ITEMS(zl_commands_address);
