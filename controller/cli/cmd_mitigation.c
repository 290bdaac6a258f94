/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about mitigations: mitigation-list, mitigation-show, quarantine, release. */
#include <string.h>

#include "controller/cli/cli.h"
#include "controller/cli/flows.h"

/* The reason that the host gave, or words for its absence. */
static const char *reason_of(const json_t *reply)
{
	const char *reason = zl_cli_text(reply, "reason");

	return reason[0] == '\0' ? "no reason given" : reason;
}

static const char *domain_of(const struct zl_args *args, const json_t *reply)
{
	const char *name = zl_cli_text(reply, "domain");

	return name[0] == '\0' ? zl_args_text(args, "domain") : name;
}

static const char *format_end(const json_t *reply, char buf[static ZL_WALL_STR])
{
	json_int_t ms = json_integer_value(json_object_get(reply, "expires_ms"));

	return zl_wall_format((struct zl_wall){ ms * ZL_US_PER_MS }, buf);
}

/* One row per state of a lease in which the daemon answers. */
static int print_quarantined(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	const char *domain = domain_of(args, reply);
	const char *host = zl_cli_text(reply, "host");
	const char *state = zl_cli_text(reply, "state");
	const char *lease = zl_cli_text(reply, "lease");
	char ends[ZL_WALL_STR];

	if (strcmp(state, "applied") == 0) {
		zl_cli_say(cli, "Domain '%s' quarantined (%s) on host '%s'", domain,
			zl_cli_text(reply, "grade"), host);
		zl_cli_say(
			cli, "Mitigation: %s, ends %s", lease, format_end(reply, ends));
		return ZL_EXIT_OK;
	}
	if (strcmp(state, "degraded") == 0) {
		zl_cli_complain(cli, "see: zonelock mitigation-show",
			"domain '%s' is quarantined on host '%s', "
			"but not as it should be: %s (mitigation %s)",
			domain, host, reason_of(reply), lease);
		return ZL_EXIT_DEGRADED;
	}
	if (strcmp(state, "pending") == 0) {
		zl_cli_complain(cli, "it is brought into force when the host is back",
			"host '%s' has not confirmed the quarantine "
			"of domain '%s': %s (mitigation %s)",
			host, domain, reason_of(reply), lease);
		return ZL_EXIT_UNREACHABLE;
	}
	zl_cli_complain(cli, "", "domain '%s' is not quarantined (%s): %s", domain,
		state[0] == '\0' ? "no state" : state, reason_of(reply));
	return ZL_EXIT_FAILURE;
}

static int print_released(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	const json_t *released = json_object_get(reply, "released");
	size_t n = json_array_size(released);
	const char *domain = domain_of(args, reply);

	if (strcmp(zl_cli_text(reply, "state"), "releasing") == 0) {
		zl_cli_complain(cli, "it is released when the host is back",
			"host '%s' has not confirmed the release of domain '%s'",
			zl_cli_text(reply, "host"), domain);
		return ZL_EXIT_UNREACHABLE;
	}
	if (n == 0)
		zl_cli_say(cli, "Domain '%s' has no mitigation in force", domain);
	else
		zl_cli_say(cli, "Domain '%s' released (%zu mitigation%s ended)", domain,
			n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		zl_cli_say(cli, "Mitigation: %s",
			json_string_value(json_array_get(released, i)));
	return ZL_EXIT_OK;
}

/* "quarantine (forensic)" */
static void format_action(FILE *to, const struct zl_cell *cell)
{
	const char *grade = zl_cli_text(cell->row, "grade");

	zl_format_plain(to, cell);
	if (grade[0] != '\0' && strcmp(json_string_value(cell->value) == NULL
						? ""
						: json_string_value(cell->value),
					"quarantine") == 0)
		(void)fprintf(to, " (%s)", grade);
}

/* "decided after 0.412 ms, committed after 0.967 ms", from the record's arrival */
static void format_timings(FILE *to, const struct zl_cell *cell)
{
	json_int_t start =
		json_integer_value(json_object_get(cell->value, "record_arrival_us"));
	json_int_t decided =
		json_integer_value(json_object_get(cell->value, "decided_us"));
	json_int_t committed =
		json_integer_value(json_object_get(cell->value, "committed_us"));

	if (start <= 0 || decided < start)
		return;
	(void)fprintf(
		to, "record to decision %.3f ms", (double)(decided - start) / 1000);
	if (committed >= start)
		(void)fprintf(to, ", record to commit %.3f ms",
			(double)(committed - start) / 1000);
}

/* clang-format off */
static const struct zl_column list_columns[] = {
	{ .title = "Id",      .key = "id" },
	{ .title = "Action",  .key = "action",     .format = format_action },
	{ .title = "Domain",  .key = "domain" },
	{ .title = "Host",    .key = "host" },
	{ .title = "Backend", .key = "backend" },
	{ .title = "State",   .key = "state" },
	{ .title = "Cause",   .key = "cause" },
	{ .title = "Created", .key = "created_ms", .format = zl_format_age },
	{ .title = "Expires", .key = "expires_ms", .format = zl_format_age },
};

static const struct zl_view list_view = {
	.list = "mitigations", ZL_COLUMNS(list_columns),
};

static const struct zl_column show_columns[] = {
	{ .title = "Id",        .key = "id" },
	{ .title = "Action",    .key = "action",       .format = format_action },
	{ .title = "Domain",    .key = "domain" },
	{ .title = "UUID",      .key = "domain_uuid" },
	{ .title = "Host",      .key = "host" },
	{ .title = "Backend",   .key = "backend" },
	{ .title = "State",     .key = "state" },
	{ .title = "Reason",    .key = "reason" },
	{ .title = "Cause",     .key = "cause" },
	{ .title = "Actor",     .key = "actor" },
	{ .title = "Created",   .key = "created_ms",   .format = zl_format_stamp },
	{ .title = "Committed", .key = "committed_ms", .format = zl_format_stamp },
	{ .title = "Expires",   .key = "expires_ms",   .format = zl_format_stamp },
	{ .title = "Timings",   .key = "timings",      .format = format_timings },
	{ .title = "Read-back", .key = "readback" },
};

static const struct zl_column nic_columns[] = {
	{ .title = "MAC", .key = "mac" },
	{ .title = "Tap", .key = "tap" },
};

static const struct zl_column object_columns[] = {
	{ .title = "Object", .key = "" },
};

static const struct zl_view show_parts[] = {
	{ .title = "Interfaces",          .list = "nics",     ZL_COLUMNS(nic_columns) },
	{ .title = "Objects on the host", .list = "objects",  ZL_COLUMNS(object_columns) },
	{ .title = "Evidence",            .list = "evidence", ZL_COLUMNS(zl_flows_columns) },
};

static const struct zl_view show_view = {
	ZL_COLUMNS(show_columns), ZL_PARTS(show_parts),
};

static const struct zl_arg list_args[] = {
	{ .name = "all", .type = ZL_ARG_FLAG, .help = "also those that have ended" },
};

static const struct zl_arg show_args[] = {
	{ .name = "id", .type = ZL_ARG_STRING, .positional = true,
	  .help = "uuid of the mitigation, see mitigation-list" },
};

static const struct zl_arg quarantine_args[] = {
	{ .name = "domain",   .type = ZL_ARG_STRING, .positional = true,
	  .help = "name, host/name or uuid of the domain" },
	{ .name = "strict",   .type = ZL_ARG_FLAG, .param = "grade", .value = "strict",
	  .help = "nothing passes at all" },
	{ .name = "forensic", .type = ZL_ARG_FLAG, .param = "grade", .value = "forensic",
	  .help = "only the host's forensic addresses pass (default)" },
	{ .name = "ttl",      .type = ZL_ARG_SPAN,
	  .help = "when it ends by itself: 90, 15m, 2h, 1d" },
	{ .name = "reason",   .type = ZL_ARG_STRING,
	  .help = "why, for the audit log" },
	{ .name = "backend",  .type = ZL_ARG_STRING,
	  .help = "what enforces it" },
};

static const struct zl_arg release_args[] = {
	{ .name = "domain", .type = ZL_ARG_STRING, .positional = true,
	  .help = "name, host/name or uuid of the domain" },
	{ .name = "reason", .type = ZL_ARG_STRING,
	  .help = "why, for the audit log" },
};

const struct zl_command zl_commands_mitigation[] = {
	{ .name = "mitigation-list", .method = "ListMitigations", ZL_ARGS(list_args),
	  .view = &list_view,
	  .summary = "list mitigations in force" },
	{ .name = "mitigation-show", .method = "ShowMitigation", ZL_ARGS(show_args),
	  .view = &show_view,
	  .summary = "show a mitigation with its objects on the host" },
	{ .name = "quarantine",      .method = "Quarantine", ZL_ARGS(quarantine_args),
	  .print = print_quarantined,
	  .summary = "contain a domain on its host",
	  .description =
		"Waits until the host reports that the change is in force and was read back.\n"
		"    For a domain that is quarantined already it changes the grade or, with --ttl,\n"
		"    the end; the domain is not let out meanwhile.\n"
		"    The nftables backend cuts established connections at once, by one\n"
		"    transaction. The nwfilter backend needs no agent, but takes a second or two\n"
		"    per interface, and while libvirt exchanges the interface's filter for the\n"
		"    first time there is a gap of about 0.3 s in which no filter is in force." },
	{ .name = "release",         .method = "Release", ZL_ARGS(release_args),
	  .print = print_released,
	  .summary = "end all mitigations of a domain" },
};
/* clang-format on */
const size_t zl_commands_mitigation_n = N_ITEMS(zl_commands_mitigation);
