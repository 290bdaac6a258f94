/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about flow exporters: exporter-list, exporter-show. */
#include "controller/cli/cli.h"
#include "controller/cli/view.h"

static void format_loss(FILE *to, const struct zl_cell *cell)
{
	json_int_t lost = json_integer_value(cell->value);

	if (!json_is_integer(cell->value))
		return;
	(void)fprintf(to, "%" JSON_INTEGER_FORMAT, lost);
	if (lost != 0)
		(void)fprintf(to, " (%.3g%%)",
			json_number_value(json_object_get(cell->row, "loss_percent")));
}

static void format_offset(FILE *to, const struct zl_cell *cell)
{
	if (json_is_number(cell->value))
		(void)fprintf(to, "%+.1f s", json_number_value(cell->value) / 1e3);
}

/* What it tells, or what the XML of its host says for it. */
static void format_sampling(FILE *to, const struct zl_cell *cell)
{
	json_int_t told = json_integer_value(cell->value);
	json_int_t by_admin =
		json_integer_value(json_object_get(cell->row, "sampling_default"));
	json_int_t rate = told != 0 ? told : by_admin;

	if (rate == 1)
		(void)fputs("none", to);
	else if (rate > 1)
		(void)fprintf(to, "1:%" JSON_INTEGER_FORMAT, rate);
	else
		(void)fputs("not told", to);
	if (told == 0 && by_admin != 0)
		(void)fputs(" (by its host's XML)", to);
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Address",   .key = "address" },
	{ .title = "Host",      .key = "host" },
	{ .title = "State",     .key = "state" },
	{ .title = "Protocol",  .key = "protocol" },
	{ .title = "Datagrams", .key = "datagrams" },
	{ .title = "Records",   .key = "records" },
	{ .title = "Lost",      .key = "lost", .format = format_loss },
	{ .title = "Sampling",  .key = "sampling", .format = format_sampling },
	{ .title = "Templates", .key = "templates" },
	{ .title = "Last seen", .key = "last_seen_ms", .format = zl_format_age },
	{ .title = "Drops",     .key = "drops" },
};

static const struct zl_view list_view = {
	.list = "exporters", ZL_COLUMNS(list_columns),
};

static const struct zl_column show_columns[] = {
	{ .title = "Address",    .key = "address" },
	{ .title = "Host",       .key = "host" },
	{ .title = "State",      .key = "state" },
	{ .title = "Protocol",   .key = "protocol" },
	{ .title = "Datagrams",  .key = "datagrams" },
	{ .title = "Records",    .key = "records" },
	{ .title = "Lost",       .key = "lost", .format = format_loss },
	{ .title = "Samples lost", .key = "samples_lost" },
	{ .title = "Samples dropped", .key = "samples_dropped" },
	{ .title = "Last seen",  .key = "last_seen_ms", .format = zl_format_stamp },
	{ .title = "Silent after", .key = "silent_after_s", .format = zl_format_span },
	{ .title = "Clock is behind ours by", .key = "offset_ms", .format = format_offset },
	{ .title = "Sampling",   .key = "sampling", .format = format_sampling },
	{ .title = "Interface numbers", .key = "interfaces" },
	{ .title = "Of taps", .key = "tap_records" },
	{ .title = "Last of a tap", .key = "last_tap_ms", .format = zl_format_stamp },
	{ .title = "Of no interface", .key = "no_interface" },
	{ .title = "Of unknown interfaces", .key = "unknown_interface" },
	{ .title = "Templates",  .key = "templates" },
	{ .title = "Waiting for a template", .key = "pending" },
};

static const struct zl_column dropped_columns[] = {
	{ .title = "Reason", .key = "reason" },
	{ .title = "Count",  .key = "count" },
	{ .title = "Unit",   .key = "unit" },
	{ .title = "Means",  .key = "text" },
};

static const struct zl_view show_parts[] = {
	{ .title = "Not used", .list = "dropped", ZL_COLUMNS(dropped_columns) },
};

static const struct zl_view show_view = {
	ZL_COLUMNS(show_columns), ZL_PARTS(show_parts),
};

static const struct zl_arg show_args[] = {
	{ .name = "address", .type = ZL_ARG_STRING, .positional = true,
	  .help = "address that the datagrams come from" },
};

const struct zl_command zl_commands_exporter[] = {
	{ .name = "exporter-list", .method = "ListExporters", .view = &list_view,
	  .summary = "list flow exporters with their counters" },
	{ .name = "exporter-show", .method = "ShowExporter", ZL_ARGS(show_args),
	  .view = &show_view,
	  .summary = "show a flow exporter, and what of it was not used and why" },
};
/* clang-format on */
const size_t zl_commands_exporter_n = N_ITEMS(zl_commands_exporter);
