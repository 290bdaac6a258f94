/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of a flow record. */
#include "controller/cli/flows.h"

#include <string.h>

#include "controller/cli/cli.h"

/* "web1 10.0.0.5:443" or "[fd00::5]:443"; ports only where the protocol has them */
static void print_end(FILE *to, const json_t *flow, const char *domain,
	const char *address, const char *port)
{
	const char *name = zl_cli_text(flow, domain);
	const char *text = zl_cli_text(flow, address);
	const json_t *number = json_object_get(flow, port);
	bool has_port = json_integer_value(number) > 0;
	bool brackets = has_port && strchr(text, ':') != NULL;

	if (name[0] != '\0')
		(void)fprintf(to, "%s ", name);
	(void)fprintf(to, "%s%s%s", brackets ? "[" : "", text, brackets ? "]" : "");
	if (has_port)
		(void)fprintf(to, ":%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

static void format_source(FILE *to, const struct zl_cell *cell)
{
	print_end(to, cell->row, "src_domain", "src", "sport");
}

static void format_destination(FILE *to, const struct zl_cell *cell)
{
	print_end(to, cell->row, "dst_domain", "dst", "dport");
}

/* "tap", "tap +1": seen at one place more; "mac, copy": of what another tells better */
static void format_evidence(FILE *to, const struct zl_cell *cell)
{
	size_t n = json_array_size(json_object_get(cell->row, "seen_at"));

	(void)fputs(zl_cli_text(cell->row, "evidence"), to);
	if (zl_cli_text(cell->row, "copy_of")[0] != '\0')
		(void)fputs(", copy", to);
	if (n != 0)
		(void)fprintf(to, " +%zu", n);
}

/* clang-format off */
const struct zl_column zl_flows_columns[ZL_FLOWS_COLUMNS] = {
	{ .title = "Time",        .key = "arrival_ms", .format = zl_format_time },
	{ .title = "Proto",       .key = "proto",      .format = zl_format_proto },
	{ .title = "Source",      .key = "",           .format = format_source },
	{ .title = "Destination", .key = "",           .format = format_destination },
	{ .title = "Packets",     .key = "packets" },
	{ .title = "Bytes",       .key = "bytes",      .format = zl_format_bytes },
	{ .title = "Evidence",    .key = "evidence",   .format = format_evidence },
	{ .title = "Verdict",     .key = "verdict" },
	{ .title = "Lock",        .key = "lock" },
};
/* clang-format on */
