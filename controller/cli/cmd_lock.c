/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about locks: lock-define, -dumpxml, -list, -mode, -undefine. */
#include "controller/cli/cli.h"
#include "controller/cli/view.h"

static int print_mode(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	(void)reply;
	zl_cli_say(cli, "Lock '%s' is in mode %s", zl_args_text(args, "lock"),
		zl_args_text(args, "mode"));
	return ZL_EXIT_OK;
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Name",     .key = "name" },
	{ .title = "Zone",     .key = "zone" },
	{ .title = "Mode",     .key = "mode" },
	{ .title = "Action",   .key = "action" },
	{ .title = "Grade",    .key = "grade" },
	{ .title = "Lifetime", .key = "ttl", .format = zl_format_span },
	{ .title = "Backend",  .key = "backend" },
	{ .title = "Revision", .key = "revision" },
};

static const struct zl_view list_view = {
	.list = "locks", ZL_COLUMNS(list_columns),
};

static const struct zl_arg define_args[] = {
	{ .name = "file", .type = ZL_ARG_FILE, .positional = true,
	  .help = "lock in XML, - for standard input" },
};

static const struct zl_arg name_args[] = {
	{ .name = "lock", .type = ZL_ARG_STRING, .positional = true, .param = "name",
	  .help = "name or uuid of the lock" },
};

static const struct zl_arg mode_args[] = {
	{ .name = "lock", .type = ZL_ARG_STRING, .positional = true, .param = "name",
	  .help = "name or uuid of the lock" },
	{ .name = "mode", .type = ZL_ARG_STRING, .positional = true,
	  .help = "only record violations, or answer them" },
};

const struct zl_command zl_commands_lock[] = {
	{ .name = "lock-define",   .method = "DefineLock", ZL_ARGS(define_args),
	  .print = zl_cli_print_defined,
	  .summary = "define a lock from XML, or replace it",
	  .description = "A lock says what may cross the border of a zone or happen inside it, and what\n    to do about the rest." },
	{ .name = "lock-dumpxml",  .method = "DumpLock", ZL_ARGS(name_args),
	  .print = zl_cli_print_xml,
	  .summary = "print a lock in XML" },
	{ .name = "lock-list",     .method = "ListLocks", .view = &list_view,
	  .summary = "list locks" },
	{ .name = "lock-mode",     .method = "SetLockMode", ZL_ARGS(mode_args),
	  .print = print_mode,
	  .summary = "switch a lock between monitor and enforce" },
	{ .name = "lock-undefine", .method = "UndefineLock", ZL_ARGS(name_args),
	  .print = zl_cli_print_undefined,
	  .summary = "remove a lock" },
};
/* clang-format on */
const size_t zl_commands_lock_n = N_ITEMS(zl_commands_lock);
