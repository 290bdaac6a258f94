/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about incidents: incident-list, incident-show. */
#include "controller/cli/cli.h"
#include "controller/cli/flows.h"

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Id",       .key = "id" },
	{ .title = "State",    .key = "state" },
	{ .title = "Domain",   .key = "domain" },
	{ .title = "Host",     .key = "host" },
	{ .title = "Lock",     .key = "lock" },
	{ .title = "Count",    .key = "count" },
	{ .title = "Decision", .key = "decision" },
	{ .title = "Opened",   .key = "opened_ms",  .format = zl_format_time },
	{ .title = "Updated",  .key = "updated_ms", .format = zl_format_age },
};

static const struct zl_view list_view = {
	.list = "incidents", ZL_COLUMNS(list_columns),
};

static const struct zl_column show_columns[] = {
	{ .title = "Id",         .key = "id" },
	{ .title = "State",      .key = "state" },
	{ .title = "Domain",     .key = "domain" },
	{ .title = "UUID",       .key = "domain_uuid" },
	{ .title = "Host",       .key = "host" },
	{ .title = "Lock",       .key = "lock" },
	{ .title = "Rule",       .key = "rule" },
	{ .title = "Opened",     .key = "opened_ms",  .format = zl_format_stamp },
	{ .title = "Updated",    .key = "updated_ms", .format = zl_format_stamp },
	{ .title = "Violations", .key = "count" },
	{ .title = "Decision",   .key = "decision" },
	{ .title = "Because",    .key = "decision_reason" },
	{ .title = "Mitigation", .key = "lease" },
};

static const struct zl_column timeline_columns[] = {
	{ .title = "Time",  .key = "time_ms", .format = zl_format_time },
	{ .title = "Event", .key = "text" },
};

static const struct zl_view show_parts[] = {
	{ .title = "Evidence", .list = "evidence", ZL_COLUMNS(zl_flows_columns) },
	{ .title = "Timeline", .list = "timeline", ZL_COLUMNS(timeline_columns) },
};

static const struct zl_view show_view = {
	ZL_COLUMNS(show_columns), ZL_PARTS(show_parts),
};

static const struct zl_arg show_args[] = {
	{ .name = "id", .type = ZL_ARG_INT, .positional = true,
	  .help = "number of the incident" },
};

const struct zl_command zl_commands_incident[] = {
	{ .name = "incident-list", .method = "ListIncidents", .view = &list_view,
	  .summary = "list incidents, newest last" },
	{ .name = "incident-show", .method = "ShowIncident", ZL_ARGS(show_args),
	  .view = &show_view,
	  .summary = "show an incident with its evidence" },
};
/* clang-format on */
const size_t zl_commands_incident_n = N_ITEMS(zl_commands_incident);
