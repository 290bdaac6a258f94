/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running one command. */
#include "controller/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/help.h"
#include "controller/cli/params.h"
#include "controller/cli/text.h"
#include "controller/cli/view.h"
#include "controller/control/client.h"
#include "controller/control/methods.h"
#include "controller/control/varlink.h"

#define OURS ZL_METHODS_INTERFACE "."

/* The version of what --json prints; raised when a member changes its meaning. */
enum { JSON_SCHEMA = 1 };

/* clang-format off */
static const struct {
	const char *fault;
	int code;
} exits[] = {
	{ OURS "NotFound",    ZL_EXIT_NOT_FOUND },
	{ OURS "Refused",     ZL_EXIT_REFUSED },
	{ OURS "Unreachable", ZL_EXIT_UNREACHABLE },
	{ OURS "Degraded",    ZL_EXIT_DEGRADED },
};
/* clang-format on */

int zl_cli_exit_of(const char *fault)
{
	for (size_t i = 0; i < N_ITEMS(exits); i++) {
		if (strcmp(exits[i].fault, fault) == 0)
			return exits[i].code;
	}
	return ZL_EXIT_FAILURE;
}

static void print_safe(FILE *to, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void print_safe(FILE *to, const char *fmt, va_list ap)
{
	ZL_AUTO(zl_mem) char *text = NULL;
	ZL_AUTO(zl_mem) char *safe = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL; /* undefined otherwise, see asprintf(3) */
		return;
	}
	safe = zl_text_escape(text);
	if (safe != NULL)
		(void)fprintf(to, "%s\n", safe);
}

void zl_cli_complain(struct zl_cli *cli, const char *hint, const char *fmt, ...)
{
	va_list ap;

	(void)fflush(cli->out);
	(void)fputs("error: ", cli->err);
	va_start(ap, fmt);
	print_safe(cli->err, fmt, ap);
	va_end(ap);
	if (hint[0] != '\0') {
		ZL_AUTO(zl_mem) char *safe = zl_text_escape(hint);

		if (safe != NULL)
			(void)fprintf(cli->err, "hint: %s\n", safe);
	}
}

void zl_cli_say(struct zl_cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	print_safe(cli->out, fmt, ap);
	va_end(ap);
}

const char *zl_cli_text(const json_t *reply, const char *key)
{
	const char *s = json_string_value(json_object_get(reply, key));

	return s == NULL ? "" : s;
}

/* The noun of "zone-define", with a capital: "Zone". */
static const char *noun_of(const struct zl_command *cmd, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.*s", (int)strcspn(cmd->name, "-"), cmd->name);
	if (buf[0] >= 'a' && buf[0] <= 'z')
		buf[0] = (char)(buf[0] - 'a' + 'A');
	return buf;
}

int zl_cli_print_defined(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	const char *file = zl_args_text(args, "file");
	char noun[32];

	zl_cli_say(cli, "%s '%s' %s from %s", noun_of(args->cmd, noun, sizeof(noun)),
		zl_cli_text(reply, "name"),
		json_is_true(json_object_get(reply, "created")) ? "defined"
								: "redefined",
		strcmp(file, "-") == 0 ? "standard input" : file);
	return ZL_EXIT_OK;
}

int zl_cli_print_undefined(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	char noun[32];

	(void)reply;
	zl_cli_say(cli, "%s '%s' has been undefined",
		noun_of(args->cmd, noun, sizeof(noun)), args->text[0]);
	return ZL_EXIT_OK;
}

/* A file gets it byte by byte, a terminal without what it would act on. */
static int print_whole(struct zl_cli *cli, const char *text)
{
	size_t n = strlen(text);

	if (isatty(fileno(cli->out)))
		zl_text_print(cli->out, text);
	else
		(void)fputs(text, cli->out);
	if (n == 0 || text[n - 1] != '\n')
		(void)fputc('\n', cli->out);
	return ZL_EXIT_OK;
}

int zl_cli_print_xml(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	(void)args;
	return print_whole(cli, zl_cli_text(reply, "xml"));
}

int zl_cli_print_text(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	(void)args;
	return print_whole(cli, zl_cli_text(reply, "text"));
}

/* {"schema":1, ...the answer as received...}; ASCII, so safe on a terminal too. */
static int print_json(struct zl_cli *cli, json_t *reply)
{
	ZL_AUTO(zl_json) json_t *whole = json_pack("{s:i}", "schema", JSON_SCHEMA);

	if (whole == NULL || json_object_update(whole, reply) < 0 ||
		json_dumpf(whole, cli->out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		return -ENOMEM;
	(void)fputc('\n', cli->out);
	return 0;
}

/*
 * The exit code comes from the command's own print function also with --json, whose
 * text replaces the sentences.
 */
static int show(struct zl_cli *cli, const struct zl_args *args, json_t *reply)
{
	const struct zl_command *cmd = args->cmd;
	int r = ZL_EXIT_OK;

	if (args->json) {
		if (print_json(cli, reply) < 0) {
			zl_cli_complain(cli, "", "cannot print the answer as JSON");
			return ZL_EXIT_FAILURE;
		}
		if (cmd->print == NULL || cmd->print == zl_cli_print_xml ||
			cmd->print == zl_cli_print_text)
			return ZL_EXIT_OK;
		cli->quiet = true;
		return cmd->print(cli, args, reply);
	}
	if (cmd->print != NULL)
		return cmd->print(cli, args, reply);
	if (zl_view_print(cmd->view, reply, cli->now, cli->quiet, cli->out) < 0) {
		zl_cli_complain(cli, "", "out of memory");
		r = ZL_EXIT_FAILURE;
	}
	if (json_is_true(json_object_get(reply, "truncated")))
		(void)fprintf(cli->err, "There are more: these are only the newest.\n");
	return r;
}

static const char *socket_path(const struct zl_args *args)
{
	const char *env = getenv(ZL_CLI_SOCKET_ENV);

	if (args->connect != NULL)
		return args->connect;
	return env != NULL && env[0] != '\0' ? env : ZL_CLI_SOCKET;
}

static int ask(struct zl_cli *cli, const struct zl_args *args)
{
	ZL_AUTO(zl_client) struct zl_client *client = NULL;
	ZL_AUTO(zl_json) json_t *params = NULL;
	ZL_AUTO(zl_json) json_t *reply = NULL;
	struct zl_error err = { 0 };
	int r;

	r = zl_params_new(args, cli->in, &params, &err);
	if (r == 0)
		r = zl_client_open(socket_path(args), &client, &err);
	if (r == 0)
		r = zl_client_call(client, args->cmd->method, params, &reply, &err);
	if (r < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return client == NULL ? ZL_EXIT_FAILURE
				      : zl_cli_exit_of(zl_client_fault(client));
	}
	return show(cli, args, reply);
}

static int run(struct zl_cli *cli, const struct zl_args *args)
{
	if (args->version) {
		(void)fprintf(cli->out, "%s\n", ZL_VERSION);
		return ZL_EXIT_OK;
	}
	if (args->cmd == NULL) {
		zl_help_all(cli->out);
		return ZL_EXIT_OK;
	}
	if (args->help) {
		zl_help_command(args->cmd, cli->out);
		return ZL_EXIT_OK;
	}
	if (args->cmd->run != NULL)
		return args->cmd->run(cli, args);
	return ask(cli, args);
}

int zl_cli_main(struct zl_cli *cli, int argc, char **argv)
{
	struct zl_args args = { 0 };
	struct zl_error err = { 0 };
	int code;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		zl_help_complete(argc - 2, argv + 2, cli->out);
		return fflush(cli->out) == 0 ? ZL_EXIT_OK : ZL_EXIT_FAILURE;
	}
	if (zl_args_parse(argc, argv, &args, &err) < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_USAGE;
	}
	cli->quiet = args.quiet;
	code = run(cli, &args);
	if (fflush(cli->out) != 0 || ferror(cli->out)) {
		if (errno != EPIPE) /* who closed the pipe has seen enough */
			zl_cli_complain(cli, "", "cannot write the output: %m");
		if (code == ZL_EXIT_OK)
			code = ZL_EXIT_FAILURE;
	}
	return code;
}
