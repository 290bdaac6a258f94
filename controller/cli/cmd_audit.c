/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about the audit log: audit-list, audit-show, audit-verify. */
#include "controller/cli/cli.h"
#include "controller/cli/flows.h"

static int print_verified(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	json_int_t records = json_integer_value(json_object_get(reply, "records"));
	json_int_t bad = json_integer_value(json_object_get(reply, "first_bad"));

	(void)args;
	if (json_is_true(json_object_get(reply, "ok"))) {
		zl_cli_say(cli, "Audit chain intact: %" JSON_INTEGER_FORMAT " records",
			records);
		return ZL_EXIT_OK;
	}
	zl_cli_complain(cli, "compare with the heads of the chain in the journal",
		"audit chain broken at record %" JSON_INTEGER_FORMAT ": %s", bad,
		zl_cli_text(reply, "reason"));
	return ZL_EXIT_AUDIT_BROKEN;
}

/* Evidence is of any shape: as JSON, on one line. */
static void format_json(FILE *to, const struct zl_cell *cell)
{
	if (json_is_object(cell->value) && json_object_size(cell->value) > 0)
		(void)json_dumpf(cell->value, to, JSON_COMPACT);
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Seq",    .key = "seq" },
	{ .title = "Time",   .key = "time_ms", .format = zl_format_time },
	{ .title = "Actor",  .key = "actor" },
	{ .title = "Verb",   .key = "verb" },
	{ .title = "Object", .key = "object" },
	{ .title = "Cause",  .key = "cause" },
	{ .title = "Result", .key = "result" },
};

static const struct zl_view list_view = {
	.list = "records", ZL_COLUMNS(list_columns),
};

static const struct zl_column show_columns[] = {
	{ .title = "Seq",      .key = "seq" },
	{ .title = "Time",     .key = "time_ms", .format = zl_format_stamp },
	{ .title = "Actor",    .key = "actor" },
	{ .title = "Verb",     .key = "verb" },
	{ .title = "Object",   .key = "object" },
	{ .title = "Cause",    .key = "cause" },
	{ .title = "Result",   .key = "result" },
	{ .title = "Hash",     .key = "hash" },
	{ .title = "Evidence", .key = "evidence", .format = format_json },
};

static const struct zl_view show_parts[] = {
	{ .title = "Evidence", .list = "evidence", ZL_COLUMNS(zl_flows_columns) },
};

static const struct zl_view show_view = {
	ZL_COLUMNS(show_columns), ZL_PARTS(show_parts),
};

static const struct zl_arg list_args[] = {
	{ .name = "limit", .type = ZL_ARG_INT, .help = "at most this many, the newest" },
};

static const struct zl_arg show_args[] = {
	{ .name = "seq", .type = ZL_ARG_INT, .positional = true,
	  .help = "number of the record" },
};

const struct zl_command zl_commands_audit[] = {
	{ .name = "audit-list",   .method = "ListAudit", ZL_ARGS(list_args),
	  .view = &list_view,
	  .summary = "list audit records, newest last" },
	{ .name = "audit-show",   .method = "ShowAudit", ZL_ARGS(show_args),
	  .view = &show_view,
	  .summary = "show an audit record with its evidence" },
	{ .name = "audit-verify", .method = "VerifyAudit", .print = print_verified,
	  .summary = "recompute the hash chain of the audit log" },
};
/* clang-format on */
const size_t zl_commands_audit_n = N_ITEMS(zl_commands_audit);
