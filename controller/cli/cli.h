/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of the zonelock command: parse, ask the daemon, show the answer.
 *
 * Answers go to `out`; "error: ..." and "hint: ..." go to `err`.  The exit codes are
 * those of enum zl_exit.
 */
#ifndef ZL_CLI_CLI_H
#define ZL_CLI_CLI_H
#include <stdio.h>

#include "base/clock.h"
#include "controller/cli/args.h"

#define ZL_CLI_SOCKET	  "/run/zonelock/control.sock"
#define ZL_CLI_SOCKET_ENV "ZONELOCK_SOCKET"

/* The world outside of the program; all borrowed. */
struct zl_cli {
	FILE *in, *out, *err;
	struct zl_wall now;
	bool quiet; /* set from the command line */
};

/* Returns the exit code. */
int zl_cli_main(struct zl_cli *cli, int argc, char **argv);

/* "error: ..." on cli->err, and "hint: ..." when `hint` is not empty; both escaped. */
void zl_cli_complain(struct zl_cli *cli, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A sentence about success on cli->out, escaped; nothing with --quiet. */
void zl_cli_say(struct zl_cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A string of the answer, "" when absent. */
const char *zl_cli_text(const json_t *reply, const char *key);

/* The exit code for a Varlink error; ZL_EXIT_FAILURE for "" and unknown ones. */
int zl_cli_exit_of(const char *fault);

/* What several nouns share: after a define, an undefine, a dumpxml; a text as it is. */
int zl_cli_print_defined(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply);
int zl_cli_print_undefined(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply);
int zl_cli_print_xml(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply);
int zl_cli_print_text(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply);

#endif
