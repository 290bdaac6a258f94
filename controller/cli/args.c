/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing the command line by the tables. */
#include "controller/cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/suggest.h"
#include "controller/cli/when.h"
#include "controller/control/method.h"

/* clang-format off */
const struct zl_global_option zl_global_options[] = {
	{ .name = "connect", .letter = 'c', .value = "SOCKET",
	  .offset = offsetof(struct zl_args, connect),
	  .help = "the daemon's control socket" },
	{ .name = "help",    .letter = 'h', .offset = offsetof(struct zl_args, help),
	  .help = "help, of a command when one is named" },
	{ .name = "json",                   .offset = offsetof(struct zl_args, json),
	  .help = "print the answer as JSON" },
	{ .name = "quiet",   .letter = 'q', .offset = offsetof(struct zl_args, quiet),
	  .help = "no headers, no sentences about success" },
	{ .name = "version", .letter = 'v', .offset = offsetof(struct zl_args, version),
	  .help = "print the version" },
};
/* clang-format on */
const size_t zl_global_options_n = N_ITEMS(zl_global_options);

/* The words that are left. */
struct words {
	char **at;
	int left;
};

static const char *next_word(struct words *w)
{
	if (w->left == 0)
		return NULL;
	w->left--;
	return *w->at++;
}

static int parse_number(const struct zl_arg *arg, const char *text, int64_t *ret,
	struct zl_error *reterr)
{
	static const struct {
		char suffix;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end = NULL;
	int64_t value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || text[0] < '0' || text[0] > '9')
		return zl_fail(reterr, -EINVAL, "option --%s needs a number, not '%s'",
			arg->name, text);
	if (arg->type == ZL_ARG_SPAN && *end != '\0' && end[1] == '\0') {
		for (size_t i = 0; i < N_ITEMS(units); i++) {
			if (units[i].suffix != *end)
				continue;
			if (__builtin_mul_overflow(value, units[i].seconds, &value))
				break;
			end++;
			break;
		}
	}
	if (*end != '\0')
		return zl_fail_id(reterr, -EINVAL, "cli.number",
			arg->type == ZL_ARG_SPAN
				? "seconds, or with a unit: 90, 15m, 2h, 1d"
				: "",
			"option --%s needs a number, not '%s'", arg->name, text);
	*ret = value;
	return 0;
}

static int parse_when(const struct zl_arg *arg, const char *text, int64_t *ret,
	struct zl_error *reterr)
{
	struct zl_wall t;

	if (!zl_when_parse(text, zl_wall_now(), &t))
		return zl_fail_id(reterr, -EINVAL, "cli.when",
			"like 2026-11-23 20:04, @1795464245, or 15m for that long ago",
			"option --%s: '%s' is no time", arg->name, text);
	*ret = zl_wall_ms(t);
	return 0;
}

static int set_arg(
	struct zl_args *args, size_t i, const char *text, struct zl_error *reterr)
{
	const struct zl_arg *arg = &args->cmd->args[i];
	const char *choices = zl_command_choices(args->cmd, arg);
	int r = 0;

	if (args->given[i] && !arg->repeated)
		return zl_fail(reterr, -EINVAL, "'%s' is given twice", arg->name);
	if (arg->repeated && args->n_repeated == ZL_COMMAND_REPEATED_MAX)
		return zl_fail(reterr, -EINVAL, "'%s' is given more than %d times",
			arg->name, ZL_COMMAND_REPEATED_MAX);
	/* two flags for one parameter, like --strict and --forensic */
	for (size_t j = 0; j < args->cmd->n_args; j++) {
		const struct zl_arg *other = &args->cmd->args[j];

		if (args->given[j] && j != i &&
			strcmp(zl_arg_param(other), zl_arg_param(arg)) == 0)
			return zl_fail(reterr, -EINVAL,
				"options --%s and --%s exclude each other", other->name,
				arg->name);
	}
	if (arg->type == ZL_ARG_INT || arg->type == ZL_ARG_SPAN)
		r = parse_number(arg, text, &args->number[i], reterr);
	else if (arg->type == ZL_ARG_WHEN)
		r = parse_when(arg, text, &args->number[i], reterr);
	if (r < 0)
		return r;
	if (arg->type == ZL_ARG_STRING && !zl_param_is_choice(choices, text))
		return zl_fail(reterr, -EINVAL, "%s '%s': must be one of %s", arg->name,
			text, choices);
	args->given[i] = true;
	args->text[i] = text;
	if (arg->repeated)
		args->repeated[args->n_repeated++] = text;
	return 0;
}

static int set_positional(
	struct zl_args *args, const char *text, struct zl_error *reterr)
{
	for (size_t i = 0; i < args->cmd->n_args; i++) {
		if (args->cmd->args[i].positional && !args->given[i])
			return set_arg(args, i, text, reterr);
	}
	return zl_fail_id(reterr, -EINVAL, "cli.extra", "",
		"command '%s' does not take the argument '%s'", args->cmd->name, text);
}

static int set_global(struct zl_args *args, const struct zl_global_option *o,
	const char *value, struct words *w, struct zl_error *reterr)
{
	void *member = (char *)args + o->offset;

	if (o->value == NULL) {
		if (value != NULL)
			return zl_fail(
				reterr, -EINVAL, "option --%s takes no value", o->name);
		*(bool *)member = true;
		return 0;
	}
	if (value == NULL)
		value = next_word(w);
	if (value == NULL)
		return zl_fail(reterr, -EINVAL, "option --%s needs a value", o->name);
	*(const char **)member = value;
	return 0;
}

static int say_unknown(
	const struct zl_args *args, const char *name, struct zl_error *reterr)
{
	struct zl_suggest s = { .typed = name };

	for (size_t i = 0; args->cmd != NULL && i < args->cmd->n_args; i++)
		zl_suggest_offer(&s, args->cmd->args[i].name);
	for (size_t i = 0; i < zl_global_options_n; i++)
		zl_suggest_offer(&s, zl_global_options[i].name);
	if (args->cmd == NULL)
		(void)zl_fail(reterr, -EINVAL, "unknown option --%s", name);
	else
		(void)zl_fail(reterr, -EINVAL, "command '%s' has no option --%s",
			args->cmd->name, name);
	if (s.best != NULL)
		zl_error_hint(reterr, "did you mean --%s?", s.best);
	else if (args->cmd != NULL)
		zl_error_hint(reterr, "see: zonelock help %s", args->cmd->name);
	return -EINVAL;
}

/* `word` is "--name" or "--name=value". */
static int parse_long(struct zl_args *args, const char *word, struct words *w,
	struct zl_error *reterr)
{
	const char *equals = strchr(word, '=');
	const char *value = equals == NULL ? NULL : equals + 1;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s",
		(int)(equals == NULL ? strlen(word + 2) : (size_t)(equals - word - 2)),
		word + 2);
	for (size_t i = 0; args->cmd != NULL && i < args->cmd->n_args; i++) {
		const struct zl_arg *arg = &args->cmd->args[i];

		if (strcmp(arg->name, name) != 0)
			continue;
		if (arg->type == ZL_ARG_FLAG && value != NULL)
			return zl_fail(
				reterr, -EINVAL, "option --%s takes no value", name);
		if (arg->type != ZL_ARG_FLAG && value == NULL)
			value = next_word(w);
		if (arg->type != ZL_ARG_FLAG && value == NULL)
			return zl_fail(
				reterr, -EINVAL, "option --%s needs a value", name);
		return set_arg(args, i, value, reterr);
	}
	for (size_t i = 0; i < zl_global_options_n; i++) {
		if (strcmp(zl_global_options[i].name, name) == 0)
			return set_global(
				args, &zl_global_options[i], value, w, reterr);
	}
	return say_unknown(args, name, reterr);
}

/* "-q", "-qv", "-c/path", "-c" "/path". */
static int parse_short(struct zl_args *args, const char *word, struct words *w,
	struct zl_error *reterr)
{
	for (const char *at = word + 1; *at != '\0'; at++) {
		const struct zl_global_option *o = NULL;
		const char *value = NULL;
		int r;

		for (size_t i = 0; i < zl_global_options_n; i++) {
			if (zl_global_options[i].letter == *at)
				o = &zl_global_options[i];
		}
		if (o == NULL)
			return zl_fail(reterr, -EINVAL, "unknown option -%c",
				*at > ' ' && *at <= '~' ? *at : '?');
		if (o->value != NULL && at[1] != '\0')
			value = at + 1;
		r = set_global(args, o, value, w, reterr);
		if (r < 0 || value != NULL)
			return r;
	}
	return 0;
}

static int set_command(struct zl_args *args, const char *word, struct zl_error *reterr)
{
	const char *nearest;

	args->cmd = zl_command_find(word);
	if (args->cmd != NULL)
		return 0;
	nearest = zl_command_nearest(word);
	(void)zl_fail(reterr, -EINVAL, "unknown command '%s'", word);
	if (nearest != NULL)
		zl_error_hint(reterr, "did you mean '%s'?", nearest);
	else
		zl_error_hint(reterr, "see: zonelock help");
	return -EINVAL;
}

static int check_required(const struct zl_args *args, struct zl_error *reterr)
{
	for (size_t i = 0; args->cmd != NULL && i < args->cmd->n_args; i++) {
		const struct zl_arg *arg = &args->cmd->args[i];

		if (arg->positional && !arg->optional && !args->given[i])
			return zl_fail_id(reterr, -EINVAL, "cli.missing", "",
				"command '%s' needs <%s>", args->cmd->name, arg->name);
	}
	return 0;
}

int zl_args_parse(int argc, char **argv, struct zl_args *ret, struct zl_error *reterr)
{
	struct zl_args args = { 0 };
	struct words w = { .at = argv + 1, .left = argc > 0 ? argc - 1 : 0 };
	bool options = true;
	const char *word;
	int r = 0;

	while (r == 0 && (word = next_word(&w)) != NULL) {
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strncmp(word, "--", 2) == 0)
			r = parse_long(&args, word, &w, reterr);
		else if (options && word[0] == '-' && word[1] != '\0')
			r = parse_short(&args, word, &w, reterr);
		else if (args.cmd == NULL)
			r = set_command(&args, word, reterr);
		else
			r = set_positional(&args, word, reterr);
	}
	if (r == 0 && !args.help && !args.version)
		r = check_required(&args, reterr);
	if (r < 0) {
		if (args.cmd != NULL && reterr != NULL && reterr->hint[0] == '\0')
			zl_error_hint(reterr, "see: zonelock help %s", args.cmd->name);
		return r;
	}
	*ret = args;
	return 0;
}

/* Its index; the commands' own code asks for arguments that their rows have. */
static size_t index_of(const struct zl_args *args, const char *name)
{
	size_t i = 0;

	while (i < args->cmd->n_args && strcmp(args->cmd->args[i].name, name) != 0)
		i++;
	return i;
}

const char *zl_args_text(const struct zl_args *args, const char *name)
{
	size_t i = index_of(args, name);

	return i < args->cmd->n_args && args->given[i] ? args->text[i] : NULL;
}

bool zl_args_given(const struct zl_args *args, const char *name)
{
	size_t i = index_of(args, name);

	return i < args->cmd->n_args && args->given[i];
}
