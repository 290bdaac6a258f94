/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about flow exporters: exporter-list. */
#include "controller/cli/cli.h"
#include "controller/cli/view.h"

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Address",   .key = "address" },
	{ .title = "Host",      .key = "host" },
	{ .title = "Version",   .key = "version" },
	{ .title = "Datagrams", .key = "datagrams" },
	{ .title = "Records",   .key = "records" },
	{ .title = "Lost",      .key = "lost" },
	{ .title = "Templates", .key = "templates" },
	{ .title = "Last seen", .key = "last_seen_ms", .format = zl_format_age },
	{ .title = "Drops",     .key = "drops" },
};

static const struct zl_view list_view = {
	.list = "exporters", ZL_COLUMNS(list_columns),
};

const struct zl_command zl_commands_exporter[] = {
	{ .name = "exporter-list", .method = "ListExporters", .view = &list_view,
	  .summary = "list flow exporters with their counters" },
};
/* clang-format on */
const size_t zl_commands_exporter_n = N_ITEMS(zl_commands_exporter);
