/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about hosts: host-define, -doctor, -dumpxml, -exporter, -list, -undefine. */
#include <string.h>

#include "controller/cli/cli.h"
#include "controller/cli/host_exporter.h"
#include "controller/cli/view.h"

/* Why the host or its agent is not up. */
static void format_reason(FILE *to, const struct zl_cell *cell)
{
	const char *reason = zl_cli_text(cell->row, "reason");
	const char *agent = zl_cli_text(cell->row, "agent_reason");

	(void)fprintf(to, "%s%s%s", reason,
		reason[0] != '\0' && agent[0] != '\0' ? "; " : "", agent);
}

/* "ok   clock: exporter 172.31.0.1: its clock is right"; 7 when one is bad. */
static int print_checks(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	int code = ZL_EXIT_OK;
	const json_t *c;
	size_t i;

	(void)args;
	json_array_foreach(json_object_get(reply, "checks"), i, c)
	{
		const char *exporter = zl_cli_text(c, "exporter");
		const char *hint = zl_cli_text(c, "hint");
		const char *state = zl_cli_text(c, "state");

		if (strcmp(state, "bad") == 0)
			code = ZL_EXIT_DEGRADED;
		zl_cli_say(cli, "%-4s  %s: %s%s%s%s", state, zl_cli_text(c, "check"),
			exporter[0] == '\0' ? "" : "exporter ", exporter,
			exporter[0] == '\0' ? "" : ": ", zl_cli_text(c, "text"));
		if (hint[0] != '\0')
			zl_cli_say(cli, "      %s", hint);
	}
	return code;
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Name",      .key = "name" },
	{ .title = "State",     .key = "state" },
	{ .title = "Since",     .key = "since", .format = zl_format_age },
	{ .title = "Domains",   .key = "domains" },
	{ .title = "Agent",     .key = "agent" },
	{ .title = "Exporters", .key = "exporters" },
	{ .title = "Reason",    .key = "", .format = format_reason },
};

static const struct zl_view list_view = {
	.list = "hosts", ZL_COLUMNS(list_columns),
};

static const struct zl_arg define_args[] = {
	{ .name = "file", .type = ZL_ARG_FILE, .positional = true,
	  .help = "host in XML, - for standard input" },
};

static const struct zl_arg name_args[] = {
	{ .name = "host", .type = ZL_ARG_STRING, .positional = true, .param = "name",
	  .help = "name or uuid of the host" },
};

static const struct zl_arg exporter_args[] = {
	{ .name = "host", .type = ZL_ARG_STRING, .positional = true, .param = "name",
	  .help = "name or uuid of the host" },
	{ .name = "show", .type = ZL_ARG_FLAG, .local = true,
	  .help = "print it; nothing is done on the host" },
	{ .name = "collector", .type = ZL_ARG_STRING, .local = true,
	  .help = "address[:port] of this controller, as the host reaches it" },
	{ .name = "bridge", .type = ZL_ARG_STRING, .local = true,
	  .help = "bridge of Open vSwitch, br0 unless named" },
};

const struct zl_command zl_commands_host[] = {
	{ .name = "host-define",   .method = "DefineHost", ZL_ARGS(define_args),
	  .print = zl_cli_print_defined,
	  .summary = "define a host from XML, or replace it",
	  .description = "The XML binds the libvirt URI of a hypervisor, its zonelock-agent and its\n    flow exporters. The whole file is refused when anything in it is wrong." },
	{ .name = "host-doctor",   .method = "DiagnoseHost", ZL_ARGS(name_args),
	  .print = print_checks,
	  .summary = "say what a host lacks until its flows show taps",
	  .description = "One line a check: ok, warn or bad, and below it how to mend what is not ok." },
	{ .name = "host-dumpxml",  .method = "DumpHost", ZL_ARGS(name_args),
	  .print = zl_cli_print_xml,
	  .summary = "print a host in XML" },
	{ .name = "host-exporter", .method = "DumpHost", ZL_ARGS(exporter_args),
	  .print = zl_host_exporter_print,
	  .summary = "show what to type on a host so that it sends flow records" },
	{ .name = "host-list",     .method = "ListHosts", .view = &list_view,
	  .summary = "list hosts" },
	{ .name = "host-undefine", .method = "UndefineHost", ZL_ARGS(name_args),
	  .print = zl_cli_print_undefined,
	  .summary = "forget a host" },
};
/* clang-format on */
const size_t zl_commands_host_n = N_ITEMS(zl_commands_host);
