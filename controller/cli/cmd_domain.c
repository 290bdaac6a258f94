/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about domains: domain-info, domain-list, domain-set-forwarding. */
#include <string.h>

#include "controller/cli/cli.h"
#include "controller/cli/view.h"

/* The values of `key` of all interfaces, with commas. */
static void print_nics(FILE *to, const struct zl_cell *cell, const char *key)
{
	const char *comma = "";
	const json_t *nic;
	size_t i;

	json_array_foreach(cell->value, i, nic)
	{
		const char *text = zl_cli_text(nic, key);

		if (text[0] == '\0')
			continue;
		(void)fprintf(to, "%s%s", comma, text);
		comma = ",";
	}
}

static void format_taps(FILE *to, const struct zl_cell *cell)
{
	print_nics(to, cell, "tap");
}

/* "10.0.0.5,fd00::5" of one interface; a list of strings will do as well. */
static const char *print_addresses(FILE *to, const json_t *addresses, const char *comma)
{
	const json_t *item;
	size_t i;

	json_array_foreach(addresses, i, item)
	{
		const char *text = json_is_string(item) ? json_string_value(item)
							: zl_cli_text(item, "address");

		(void)fprintf(to, "%s%s", comma, text);
		comma = ",";
	}
	return comma;
}

static void format_all_addresses(FILE *to, const struct zl_cell *cell)
{
	const char *comma = "";
	const json_t *nic;
	size_t i;

	json_array_foreach(cell->value, i, nic) comma =
		print_addresses(to, json_object_get(nic, "addresses"), comma);
}

/* "10.0.0.5 (dhcp), fd00::5 (learned)" */
static void format_sources(FILE *to, const struct zl_cell *cell)
{
	const char *comma = "";
	const json_t *item;
	size_t i;

	json_array_foreach(cell->value, i, item)
	{
		(void)fprintf(to, "%s%s (%s)", comma, zl_cli_text(item, "address"),
			zl_cli_text(item, "source"));
		comma = ", ";
	}
}

static void format_network(FILE *to, const struct zl_cell *cell)
{
	const char *network = zl_cli_text(cell->row, "network");

	if (network[0] != '\0')
		(void)fprintf(to, "network %s", network);
	else if (zl_cli_text(cell->row, "bridge")[0] != '\0')
		(void)fprintf(to, "bridge %s", zl_cli_text(cell->row, "bridge"));
}

/* A host that does not answer leaves us with what we knew last: say so. */
static void format_state(FILE *to, const struct zl_cell *cell)
{
	zl_format_plain(to, cell);
	if (json_is_true(json_object_get(cell->row, "stale")))
		(void)fputs(" (stale)", to);
}

static int print_forwarding(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	bool is_on = json_is_true(json_object_get(reply, "forwarding"));
	const char *domain = zl_cli_text(reply, "domain");

	if (is_on && strcmp(zl_args_text(args, "forwarding"), "off") == 0)
		zl_cli_say(cli, "Domain '%s' is still forwarding: its metadata say so",
			domain);
	else
		zl_cli_say(cli, "Domain '%s' is %sforwarding", domain,
			is_on ? "" : "not ");
	return ZL_EXIT_OK;
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Name",        .key = "name" },
	{ .title = "Host",        .key = "host" },
	{ .title = "State",       .key = "state", .format = format_state },
	{ .title = "Zones",       .key = "zones" },
	{ .title = "Taps",        .key = "nics",  .format = format_taps },
	{ .title = "Addresses",   .key = "nics",  .format = format_all_addresses },
	{ .title = "Quarantined", .key = "quarantined", .format = zl_format_yes },
};

static const struct zl_view list_view = {
	.list = "domains", ZL_COLUMNS(list_columns),
};

static const struct zl_column info_columns[] = {
	{ .title = "Name",        .key = "name" },
	{ .title = "UUID",        .key = "uuid" },
	{ .title = "Host",        .key = "host" },
	{ .title = "State",       .key = "state", .format = format_state },
	{ .title = "Zones",       .key = "zones" },
	{ .title = "Quarantined", .key = "quarantined" },
	{ .title = "Forwarding",  .key = "forwarding" },
};

static const struct zl_column nic_columns[] = {
	{ .title = "MAC",       .key = "mac" },
	{ .title = "Tap",       .key = "tap" },
	{ .title = "Index",     .key = "ifindex" },
	{ .title = "Type",      .key = "type" },
	{ .title = "Source",    .key = "", .format = format_network },
	{ .title = "Filter",    .key = "filter" },
	{ .title = "Addresses", .key = "addresses", .format = format_sources },
};

static const struct zl_view info_parts[] = {
	{ .title = "Interfaces", .list = "nics", ZL_COLUMNS(nic_columns) },
};

static const struct zl_view info_view = {
	ZL_COLUMNS(info_columns), ZL_PARTS(info_parts),
};

static const struct zl_arg info_args[] = {
	{ .name = "domain", .type = ZL_ARG_STRING, .positional = true,
	  .help = "name, host/name or uuid of the domain" },
};

static const struct zl_arg forwarding_args[] = {
	{ .name = "domain", .type = ZL_ARG_STRING, .positional = true,
	  .help = "name, host/name or uuid of the domain" },
	{ .name = "forwarding", .type = ZL_ARG_STRING, .positional = true,
	  .help = "whether it carries the traffic of others" },
};

const struct zl_command zl_commands_domain[] = {
	{ .name = "domain-info", .method = "ShowDomain", ZL_ARGS(info_args),
	  .view = &info_view,
	  .summary = "show a domain with its interfaces and addresses" },
	{ .name = "domain-list", .method = "ListDomains", .view = &list_view,
	  .summary = "list the domains of all hosts" },
	{ .name = "domain-set-forwarding", .method = "SetForwarding", ZL_ARGS(forwarding_args),
	  .print = print_forwarding,
	  .summary = "declare a domain as forwarding, or take that back" },
};
/* clang-format on */
const size_t zl_commands_domain_n = N_ITEMS(zl_commands_domain);
