/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the words of a command line to global options, a command and its arguments.
 *
 * Options may stand before and after the command and its arguments, as "--opt value" or
 * "--opt=value"; "--" ends them.  What is positional may also be named.
 */
#ifndef ZL_CLI_ARGS_H
#define ZL_CLI_ARGS_H
#include <stdint.h>

#include "controller/cli/command.h"

/* The values of one command's arguments, by the index of its row's args. */
struct zl_args {
	const struct zl_command *cmd; /* NULL: none was named */
	bool given[ZL_COMMAND_ARGS_MAX];
	const char *text[ZL_COMMAND_ARGS_MAX]; /* borrowed from argv */
	int64_t number[ZL_COMMAND_ARGS_MAX];   /* of numbers, spans, moments */
	/* all values of the argument that may be repeated; `text` has the last */
	const char *repeated[ZL_COMMAND_REPEATED_MAX];
	size_t n_repeated;

	/* global options */
	const char *connect; /* -c, --connect; NULL: not given */
	bool quiet;	     /* -q, --quiet */
	bool version;	     /* -v, --version */
	bool help;	     /* -h, --help */
	bool json;	     /* --json */
};

struct zl_global_option {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* what its value is called; NULL: it takes none */
	size_t offset;	   /* in struct zl_args */
	const char *help;
};

extern const struct zl_global_option zl_global_options[];
extern const size_t zl_global_options_n;

/*
 * Parse argv[1..argc).  -EINVAL: wrong usage, with a sentence and often a hint.
 * Required arguments are asked for only when neither help nor version is.
 */
int zl_args_parse(
	int argc, char **argv, struct zl_args *ret, struct zl_error *reterr) ZL_CHECKED;

/* The text of an argument by name, NULL when it was not given. */
const char *zl_args_text(const struct zl_args *args, const char *name);

/* Was the argument given?  What there is to ask of a flag. */
bool zl_args_given(const struct zl_args *args, const char *name);

#endif
