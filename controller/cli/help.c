/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing what the tables say. */
#include "controller/cli/help.h"

#include <string.h>

#include "controller/cli/args.h"
#include "controller/control/methods.h"

enum { NAME_WIDTH = 21, OPTION_WIDTH = 22 };

/* "--connect SOCKET" */
static void print_option(FILE *to, char letter, const char *name, const char *value,
	const char *choices, const char *help)
{
	char left[64];

	if (letter != 0)
		(void)snprintf(left, sizeof(left), "-%c, --%s%s%s", letter, name,
			value == NULL ? "" : " ", value == NULL ? "" : value);
	else
		(void)snprintf(left, sizeof(left), "--%s%s%s", name,
			value == NULL ? "" : " ", value == NULL ? "" : value);
	(void)fprintf(to, "    %-*s  %s", OPTION_WIDTH, left, help);
	if (choices != NULL)
		(void)fprintf(to, " (%s)", choices);
	(void)fputc('\n', to);
}

static const char *value_name(const struct zl_arg *arg)
{
	switch (arg->type) {
	case ZL_ARG_FLAG: return NULL;
	case ZL_ARG_STRING: return "TEXT";
	case ZL_ARG_INT: return "NUMBER";
	case ZL_ARG_SPAN: return "SECONDS";
	case ZL_ARG_WHEN: return "TIME";
	case ZL_ARG_FILE: return "FILE";
	case ZL_ARG_TYPE_N: break;
	}
	return NULL;
}

static void print_globals(FILE *to)
{
	for (size_t i = 0; i < zl_global_options_n; i++) {
		const struct zl_global_option *o = &zl_global_options[i];

		print_option(to, o->letter, o->name, o->value, NULL, o->help);
	}
}

static void print_group(const struct zl_command_group *group, FILE *to)
{
	(void)fprintf(to, "  %s (help keyword '%s'):\n", group->title, group->name);
	for (size_t i = 0; i < *group->n; i++)
		(void)fprintf(to, "    %-*s  %s\n", NAME_WIDTH, group->commands[i].name,
			group->commands[i].summary);
}

bool zl_help_group(const char *name, FILE *to)
{
	for (size_t g = 0; g < zl_command_groups_n; g++) {
		if (strcmp(zl_command_groups[g].name, name) != 0)
			continue;
		print_group(&zl_command_groups[g], to);
		return true;
	}
	return false;
}

void zl_help_all(FILE *to)
{
	(void)fputs("zonelock [OPTION]... COMMAND [ARGUMENT]...\n\n  options:\n", to);
	print_globals(to);
	for (size_t g = 0; g < zl_command_groups_n; g++) {
		(void)fputc('\n', to);
		print_group(&zl_command_groups[g], to);
	}
	(void)fputs("\nSee also: zonelock help COMMAND, zonelock(1)\n", to);
}

static void print_synopsis(const struct zl_command *cmd, FILE *to)
{
	(void)fprintf(to, "  SYNOPSIS\n    %s", cmd->name);
	for (size_t i = 0; i < cmd->n_args; i++) {
		const struct zl_arg *arg = &cmd->args[i];
		const char *value = value_name(arg);

		if (arg->positional)
			(void)fprintf(to, arg->optional ? " [%s]" : " <%s>", arg->name);
		else
			(void)fprintf(to, " [--%s%s%s]%s", arg->name,
				value == NULL ? "" : " ", value == NULL ? "" : value,
				arg->repeated ? "..." : "");
	}
	(void)fputs(cmd->method == NULL ? "\n" : " [--json]\n", to);
}

void zl_help_command(const struct zl_command *cmd, FILE *to)
{
	const struct zl_method *m =
		cmd->method == NULL ? NULL : zl_methods_find(cmd->method);

	(void)fprintf(to, "  NAME\n    %s - %s\n\n", cmd->name, cmd->summary);
	print_synopsis(cmd, to);
	if (cmd->description != NULL)
		(void)fprintf(to, "\n  DESCRIPTION\n    %s\n", cmd->description);
	if (m != NULL)
		(void)fprintf(to, "\n  ACCESS\n    %s\n",
			m->access == ZL_ACCESS_ADMIN
				? "root and group " ZL_ACCESS_GROUP_ADMIN
				: "root and the groups " ZL_ACCESS_GROUP_ADMIN
				  " and " ZL_ACCESS_GROUP_READ);
	if (cmd->n_args > 0)
		(void)fputs("\n  OPTIONS\n", to);
	for (size_t i = 0; i < cmd->n_args; i++) {
		const struct zl_arg *arg = &cmd->args[i];
		const char *choices =
			arg->type == ZL_ARG_FLAG ? NULL : zl_command_choices(cmd, arg);

		print_option(to, 0, arg->name, value_name(arg), choices, arg->help);
	}
}

static void offer(FILE *to, const char *before, const char *word, const char *typed)
{
	size_t n = strlen(before);

	if (strncmp(typed, before, strlen(typed) < n ? strlen(typed) : n) == 0 &&
		(strlen(typed) <= n ||
			strncmp(typed + n, word, strlen(typed) - n) == 0))
		(void)fprintf(to, "%s%s\n", before, word);
}

void zl_help_complete(int n_words, char **words, FILE *to)
{
	const char *typed = n_words > 0 ? words[n_words - 1] : "";
	const struct zl_command *cmd = NULL;

	for (int i = 0; i + 1 < n_words && cmd == NULL; i++)
		cmd = zl_command_find(words[i]);
	for (size_t i = 0; cmd != NULL && i < cmd->n_args; i++) {
		if (!cmd->args[i].positional)
			offer(to, "--", cmd->args[i].name, typed);
	}
	if (typed[0] == '-') {
		for (size_t i = 0; i < zl_global_options_n; i++)
			offer(to, "--", zl_global_options[i].name, typed);
	}
	for (size_t g = 0; cmd == NULL && g < zl_command_groups_n; g++) {
		const struct zl_command_group *group = &zl_command_groups[g];

		for (size_t i = 0; i < *group->n; i++)
			offer(to, "", group->commands[i].name, typed);
	}
}
