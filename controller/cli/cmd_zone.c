/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about zones: zone-define, -dumpxml, -list, -undefine. */
#include "controller/cli/cli.h"
#include "controller/cli/view.h"

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Name",        .key = "name" },
	{ .title = "UUID",        .key = "uuid" },
	{ .title = "Revision",    .key = "revision" },
	{ .title = "Domains",     .key = "domains" },
	{ .title = "Description", .key = "description" },
};

static const struct zl_view list_view = {
	.list = "zones", ZL_COLUMNS(list_columns),
};

static const struct zl_arg define_args[] = {
	{ .name = "file", .type = ZL_ARG_FILE, .positional = true,
	  .help = "zone in XML, - for standard input" },
};

static const struct zl_arg name_args[] = {
	{ .name = "zone", .type = ZL_ARG_STRING, .positional = true, .param = "name",
	  .help = "name or uuid of the zone" },
};

const struct zl_command zl_commands_zone[] = {
	{ .name = "zone-define",   .method = "DefineZone", ZL_ARGS(define_args),
	  .print = zl_cli_print_defined,
	  .summary = "define a zone from XML, or replace it",
	  .description = "A zone names domains and networks by name, uuid, metadata, libvirt network,\n    bridge or address range." },
	{ .name = "zone-dumpxml",  .method = "DumpZone", ZL_ARGS(name_args),
	  .print = zl_cli_print_xml,
	  .summary = "print a zone in XML" },
	{ .name = "zone-list",     .method = "ListZones", .view = &list_view,
	  .summary = "list zones" },
	{ .name = "zone-undefine", .method = "UndefineZone", ZL_ARGS(name_args),
	  .print = zl_cli_print_undefined,
	  .summary = "remove a zone" },
};
/* clang-format on */
const size_t zl_commands_zone_n = N_ITEMS(zl_commands_zone);
