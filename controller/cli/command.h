/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row per command: what it is called, what it takes, which method it asks, and
 * how the answer is shown.
 *
 * To add a command: a row in cmd_<noun>.c, its lines in docs/man/zonelock.1.  Parsing,
 * help, completion, parameters and --json come from the row.  Arguments go to the method
 * under their own names; the values a parameter may have come from the method's row.
 */
#ifndef ZL_CLI_COMMAND_H
#define ZL_CLI_COMMAND_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct zl_cli;	/* cli.h */
struct zl_args; /* args.h */
struct zl_view; /* view.h */

/* Documented in zonelock(1); scripts rely on them. */
enum zl_exit {
	ZL_EXIT_OK = 0,
	ZL_EXIT_FAILURE = 1,
	ZL_EXIT_USAGE = 2,
	ZL_EXIT_NOT_FOUND = 3,
	ZL_EXIT_REFUSED = 4,
	ZL_EXIT_UNREACHABLE = 6,
	ZL_EXIT_DEGRADED = 7,
	ZL_EXIT_AUDIT_BROKEN = 8,
};

enum zl_arg_type {
	ZL_ARG_FLAG,   /* given or not: true, or the string `value` */
	ZL_ARG_STRING, /* as it is */
	ZL_ARG_INT,    /* 0 or more */
	ZL_ARG_SPAN,   /* seconds: 90, 15m, 2h, 1d */
	ZL_ARG_WHEN,   /* a moment as of when.h, in milliseconds since 1970 */
	ZL_ARG_FILE,   /* a file's text goes to `xml`, its name to `file`; - is stdin */
	ZL_ARG_TYPE_N
};

struct zl_arg {
	const char *name; /* --name */
	enum zl_arg_type type;
	bool positional;   /* may stand without --name */
	bool optional;	   /* a positional one that may be missing */
	bool repeated;	   /* may be given several times; one per command */
	bool local;	   /* for the command itself: no parameter of its method */
	const char *param; /* the method's parameter; NULL: the name itself */
	const char *value; /* what a flag sets its parameter to; NULL: true */
	const char *help;  /* lower-case, no full stop */
};

struct zl_command {
	const char *name;	 /* noun-verb */
	const char *summary;	 /* lower-case, no full stop */
	const char *description; /* more sentences for its help, or NULL */
	const struct zl_arg *args;
	size_t n_args;
	const char *method; /* of org.zonelock.Controller; NULL: a local command */
	/* Exactly one of the three: a view, a function that prints, a local command. */
	const struct zl_view *view;
	int (*print)(
		struct zl_cli *cli, const struct zl_args *args, const json_t *reply);
	int (*run)(struct zl_cli *cli, const struct zl_args *args);
};

#define ZL_ARGS(a) .args = (a), .n_args = N_ITEMS(a)

enum { ZL_COMMAND_ARGS_MAX = 8, ZL_COMMAND_REPEATED_MAX = 16 };

/* Commands of one noun, in the order in which help lists them. */
struct zl_command_group {
	const char *name, *title;
	const struct zl_command *commands;
	const size_t *n;
};

extern const struct zl_command_group zl_command_groups[];
extern const size_t zl_command_groups_n;

const struct zl_command *zl_command_find(const char *name);

/* The name nearest to `typed`, for "did you mean"; NULL when none is near. */
const char *zl_command_nearest(const char *typed);

/* "forensic|strict" for a parameter of the command's method; NULL: anything. */
const char *zl_command_choices(const struct zl_command *cmd, const struct zl_arg *arg);

static inline const char *zl_arg_param(const struct zl_arg *arg)
{
	return arg->param != NULL ? arg->param : arg->name;
}

/* One file per noun. */
extern const struct zl_command zl_commands_host[], zl_commands_domain[],
	zl_commands_address[], zl_commands_zone[], zl_commands_lock[],
	zl_commands_flow[], zl_commands_incident[], zl_commands_mitigation[],
	zl_commands_audit[], zl_commands_exporter[], zl_commands_daemon[];
extern const size_t zl_commands_host_n, zl_commands_domain_n, zl_commands_address_n,
	zl_commands_zone_n, zl_commands_lock_n, zl_commands_flow_n,
	zl_commands_incident_n, zl_commands_mitigation_n, zl_commands_audit_n,
	zl_commands_exporter_n, zl_commands_daemon_n;

#endif
