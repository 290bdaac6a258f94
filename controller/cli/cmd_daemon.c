/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about the daemon and the command itself: daemon-status, help, version. */
#include <string.h>

#include "controller/cli/cli.h"
#include "controller/cli/help.h"
#include "controller/cli/view.h"

static int run_help(struct zl_cli *cli, const struct zl_args *args)
{
	const char *name = zl_args_text(args, "command");
	const struct zl_command *cmd;
	const char *nearest;

	if (name == NULL) {
		zl_help_all(cli->out);
		return ZL_EXIT_OK;
	}
	cmd = zl_command_find(name);
	if (cmd != NULL) {
		zl_help_command(cmd, cli->out);
		return ZL_EXIT_OK;
	}
	if (zl_help_group(name, cli->out))
		return ZL_EXIT_OK;
	nearest = zl_command_nearest(name);
	zl_cli_complain(cli, nearest == NULL ? "see: zonelock help" : "",
		"no command '%s'%s%s%s", name,
		nearest == NULL ? "" : "; did you mean '",
		nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
	return ZL_EXIT_USAGE;
}

static int run_version(struct zl_cli *cli, const struct zl_args *args)
{
	(void)args;
	(void)fprintf(cli->out, "%s\n", ZL_VERSION);
	return ZL_EXIT_OK;
}

/* clang-format off */
static const struct zl_column status_columns[] = {
	{ .title = "Version",  .key = "version" },
	{ .title = "Started",  .key = "started_ms", .format = zl_format_stamp },
	{ .title = "Database", .key = "database" },
	{ .title = "Hosts",    .key = "hosts" },
	{ .title = "Leases",   .key = "leases" },
	{ .title = "Flows",    .key = "flows" },
	{ .title = "Ring",     .key = "ring" },
	{ .title = "Collector", .key = "collector" },
};

static const struct zl_column role_columns[] = {
	{ .title = "Name",     .key = "name" },
	{ .title = "Pid",      .key = "pid" },
	{ .title = "State",    .key = "state" },
	{ .title = "Restarts", .key = "restarts" },
	{ .title = "Last end", .key = "ended" },
};

static const struct zl_view status_parts[] = {
	{ .title = "Processes", .list = "roles", ZL_COLUMNS(role_columns) },
};

static const struct zl_view status_view = {
	ZL_COLUMNS(status_columns), ZL_PARTS(status_parts),
};

static const struct zl_arg help_args[] = {
	{ .name = "command", .type = ZL_ARG_STRING, .positional = true,
	  .optional = true, .help = "a command, or the keyword of a group" },
};

const struct zl_command zl_commands_daemon[] = {
	{ .name = "daemon-status", .method = "DaemonStatus", .view = &status_view,
	  .summary = "show the daemon and its processes" },
	{ .name = "help",          .run = run_help, ZL_ARGS(help_args),
	  .summary = "print help, of a command when one is named" },
	{ .name = "metrics",       .method = "GetMetrics", .print = zl_cli_print_text,
	  .summary = "print metrics in the text format of Prometheus",
	  .description = "For node_exporter's textfile collector, or to look at: zonelock(1) has an example." },
	{ .name = "version",       .run = run_version,
	  .summary = "print the version of this command" },
};
/* clang-format on */
const size_t zl_commands_daemon_n = N_ITEMS(zl_commands_daemon);
