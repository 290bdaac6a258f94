/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table: sound rows that agree with the methods and with the man page. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/cli/args.h"
#include "controller/cli/cli.h"
#include "controller/cli/suggest.h"
#include "controller/control/methods.h"

#define PAGE "docs/man/zonelock.1"

/* Call `each` for every command. */
static void for_all(void (*each)(const struct zl_command *cmd, void *user), void *user)
{
	for (size_t g = 0; g < zl_command_groups_n; g++) {
		for (size_t i = 0; i < *zl_command_groups[g].n; i++)
			each(&zl_command_groups[g].commands[i], user);
	}
}

static void check_help(const char *text)
{
	assert_true(islower((unsigned char)text[0]) || isdigit((unsigned char)text[0]));
	assert_true(text[strlen(text) - 1] != '.');
}

static void check_row(const struct zl_command *cmd, void *user)
{
	int ways = (cmd->view != NULL) + (cmd->print != NULL) + (cmd->run != NULL);

	(void)user;
	assert_ptr_equal(cmd, zl_command_find(cmd->name)); /* so it is unique */
	for (const char *s = cmd->name; *s != '\0'; s++)
		assert_true(islower((unsigned char)*s) || *s == '-');
	check_help(cmd->summary);
	assert_int_equal(1, ways);
	assert_int_equal(cmd->run == NULL, cmd->method != NULL);
	assert_true(cmd->n_args <= ZL_COMMAND_ARGS_MAX);
	for (size_t i = 0; i < cmd->n_args; i++) {
		check_help(cmd->args[i].help);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(cmd->args[i].name, cmd->args[j].name);
		for (size_t j = 0; j < zl_global_options_n; j++)
			assert_string_not_equal(
				cmd->args[i].name, zl_global_options[j].name);
	}
}

static void test_rows(void **state)
{
	(void)state;
	for_all(check_row, NULL);
}

static void test_sorted(void **state)
{
	(void)state;
	for (size_t g = 0; g < zl_command_groups_n; g++) {
		const struct zl_command_group *group = &zl_command_groups[g];

		for (size_t i = 1; i < *group->n; i++)
			assert_true(strcmp(group->commands[i - 1].name,
					    group->commands[i].name) < 0);
		assert_null(zl_command_find(group->name)); /* help tells them apart */
	}
	for (size_t i = 1; i < zl_global_options_n; i++)
		assert_true(strcmp(zl_global_options[i - 1].name,
				    zl_global_options[i].name) < 0);
}

/* --- agreement with the methods --- */

static bool is_fitting(const struct zl_arg *arg, const struct zl_param *p)
{
	switch (arg->type) {
	case ZL_ARG_FLAG:
		return arg->value == NULL
			       ? p->type == ZL_PARAM_BOOL
			       : p->type == ZL_PARAM_STRING &&
					 zl_param_is_choice(p->choices, arg->value);
	case ZL_ARG_STRING: return p->type == ZL_PARAM_STRING;
	case ZL_ARG_INT:
	case ZL_ARG_WHEN:
	case ZL_ARG_SPAN: return p->type == ZL_PARAM_INT;
	case ZL_ARG_FILE:
	case ZL_ARG_TYPE_N: break;
	}
	return false;
}

static void check_method(const struct zl_command *cmd, void *user)
{
	const struct zl_method *m;
	bool *used = user;

	if (cmd->method == NULL)
		return;
	m = zl_methods_find(cmd->method);
	assert_non_null(m);
	used[zl_methods_id(m)] = true;
	for (size_t i = 0; i < cmd->n_args; i++) {
		const struct zl_arg *arg = &cmd->args[i];
		const struct zl_param *p = zl_method_param(m, zl_arg_param(arg));

		if (arg->local) {
			assert_null(p);
			continue;
		}
		if (arg->type == ZL_ARG_FILE) {
			assert_non_null(zl_method_param(m, "xml"));
			assert_non_null(zl_method_param(m, "file"));
			continue;
		}
		assert_non_null(p);
		assert_true(is_fitting(arg, p));
		assert_int_equal(p->required, arg->positional);
	}
	/* every required parameter has its argument */
	for (size_t i = 0; i < m->n_params; i++) {
		bool found = !m->params[i].required;

		for (size_t j = 0; j < cmd->n_args; j++)
			found = found || cmd->args[j].type == ZL_ARG_FILE ||
				strcmp(zl_arg_param(&cmd->args[j]),
					m->params[i].name) == 0;
		assert_true(found);
	}
}

/* Commands fit their methods, and no method is without a command. */
static void test_methods(void **state)
{
	bool used[ZL_METHOD_N] = { false };

	(void)state;
	for_all(check_method, used);
	for (size_t i = 0; i < ZL_METHOD_N; i++) {
		if (!used[i])
			fail_msg("no command calls %s", zl_methods[i].name);
	}
}

/* --- agreement with the man page --- */

static char *read_page(void)
{
	FILE *f = fopen(PAGE, "re");
	char *text = NULL;
	size_t n = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &n, '\0', f) > 0);
	(void)fclose(f);
	return text;
}

/* "\n.It Nm zone-define Ar file" with all options in its section. */
static void check_page(const struct zl_command *cmd, void *user)
{
	const char *page = user, *at, *end;
	char heading[64];

	(void)snprintf(heading, sizeof(heading), "\n.It Ic %s", cmd->name);
	at = strstr(page, heading);
	if (at == NULL)
		fail_msg("%s does not describe %s", PAGE, cmd->name);
	at += strlen(heading);
	assert_true(*at == '\n' || *at == ' ');
	end = strstr(at, "\n.It Ic ");
	for (size_t i = 0; i < cmd->n_args; i++) {
		const struct zl_arg *arg = &cmd->args[i];
		char option[64];
		const char *found;

		(void)snprintf(option, sizeof(option),
			arg->positional ? "Ar %s" : "Fl -%s", arg->name);
		found = strstr(at, option);
		if (found == NULL || (end != NULL && found > end))
			fail_msg("%s: %s lacks '%s'", PAGE, cmd->name, option);
	}
}

static void test_page(void **state)
{
	ZL_AUTO(zl_mem) char *page = read_page();
	size_t n_items = 0, n_commands = 0;

	(void)state;
	for_all(check_page, page);
	/* and it describes no others */
	for (const char *at = page; (at = strstr(at, "\n.It Ic ")) != NULL; at++) {
		char name[64];

		assert_int_equal(1, sscanf(at, "\n.It Ic %63[a-z-]", name));
		if (zl_command_find(name) == NULL)
			fail_msg("%s describes '%s', which is no command", PAGE, name);
		n_items++;
	}
	for (size_t g = 0; g < zl_command_groups_n; g++)
		n_commands += *zl_command_groups[g].n;
	assert_int_equal(n_commands, n_items);
	for (size_t i = 0; i < zl_global_options_n; i++) {
		char option[64];

		(void)snprintf(
			option, sizeof(option), "Fl -%s", zl_global_options[i].name);
		assert_non_null(strstr(page, option));
	}
}

/* --- exit codes --- */

static void test_exit_codes(void **state)
{
	static const struct {
		const char *fault;
		int want;
	} rows[] = {
		{ ZL_METHODS_INTERFACE ".NotFound", 3 },
		{ ZL_METHODS_INTERFACE ".Refused", 4 },
		{ ZL_METHODS_INTERFACE ".Unreachable", 6 },
		{ ZL_METHODS_INTERFACE ".Degraded", 7 },
		{ ZL_METHODS_INTERFACE ".Invalid", 1 },
		{ ZL_METHODS_INTERFACE ".Failed", 1 },
		{ ZL_METHODS_INTERFACE ".PermissionDenied", 1 },
		{ "org.varlink.service.InvalidParameter", 1 },
		{ "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ITEMS(rows); i++)
		assert_int_equal(rows[i].want, zl_cli_exit_of(rows[i].fault));
}

/* --- suggestions --- */

static void test_suggest(void **state)
{
	static const struct {
		const char *typed, *want;
	} rows[] = {
		{ "zone-lst", "zone-list" },
		{ "qarantin", "quarantine" },
		{ "rlease", "release" },
		{ "audit-verfy", "audit-verify" },
		{ "mitigations-list", "mitigation-list" },
		{ "xyzzy", NULL },
		{ "", NULL },
		{ "z", NULL },
	};

	(void)state;
	assert_int_equal(0, zl_suggest_distance("lock", "lock"));
	assert_int_equal(4, zl_suggest_distance("", "lock"));
	assert_int_equal(3, zl_suggest_distance("kitten", "sitting"));
	for (size_t i = 0; i < N_ITEMS(rows); i++) {
		const char *got = zl_command_nearest(rows[i].typed);

		if (rows[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(rows[i].want, got);
	}
}

static void test_suggest_long(void **state)
{
	char word[200];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_true(zl_suggest_distance(word, "lock") == SIZE_MAX);
	assert_null(zl_command_nearest(word));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_suggest_long),
	};

	return cmocka_run_group_tests_name("command table", tests, NULL, NULL);
}
