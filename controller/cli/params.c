/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling in a method's parameters. */
#include "controller/cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/control/varlink.h"

/* The whole stream as text; `name` is for sentences. */
static int read_text(
	FILE *from, const char *name, json_t **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *text = malloc(ZL_PARAMS_FILE_MAX + 1);
	json_t *value;
	size_t n;

	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	n = fread(text, 1, ZL_PARAMS_FILE_MAX + 1, from);
	if (ferror(from))
		return zl_fail(reterr, -errno, "cannot read '%s': %m", name);
	if (n > ZL_PARAMS_FILE_MAX)
		return zl_fail(reterr, -EFBIG, "'%s' is longer than %d bytes", name,
			ZL_PARAMS_FILE_MAX);
	value = memchr(text, '\0', n) == NULL ? json_stringn(text, n) : NULL;
	if (value == NULL)
		return zl_fail_id(reterr, -EILSEQ, "cli.file.encoding",
			"convert it, for example with iconv(1)",
			"'%s' is not UTF-8 text", name);
	*ret = value;
	return 0;
}

/* We read the file: the daemon opens no path for anybody. */
static int put_file(
	json_t *params, const char *path, FILE *input, struct zl_error *reterr)
{
	bool is_input = strcmp(path, "-") == 0;
	ZL_AUTO(zl_file) FILE *opened = NULL;
	const char *name = is_input ? "<stdin>" : path;
	json_t *text = NULL;
	int r;

	if (!is_input) {
		opened = fopen(path, "re");
		if (opened == NULL)
			return zl_fail(reterr, -errno, "cannot open '%s': %m", path);
	}
	r = read_text(is_input ? input : opened, name, &text, reterr);
	if (r < 0)
		return r;
	if (json_object_set_new(params, "xml", text) < 0 ||
		json_object_set_new(params, "file", zl_varlink_text(name)) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	return 0;
}

static json_t *value_of(const struct zl_args *args, size_t i)
{
	const struct zl_arg *arg = &args->cmd->args[i];

	switch (arg->type) {
	case ZL_ARG_FLAG:
		return arg->value == NULL ? json_true() : json_string(arg->value);
	case ZL_ARG_STRING: return zl_varlink_text(args->text[i]);
	case ZL_ARG_INT:
	case ZL_ARG_WHEN:
	case ZL_ARG_SPAN: return json_integer(args->number[i]);
	case ZL_ARG_FILE:
	case ZL_ARG_TYPE_N: break;
	}
	return NULL;
}

int zl_params_new(
	const struct zl_args *args, FILE *input, json_t **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_json) json_t *params = json_object();
	int r = params == NULL ? zl_fail(reterr, -ENOMEM, "out of memory") : 0;

	for (size_t i = 0; i < args->cmd->n_args && r == 0; i++) {
		const struct zl_arg *arg = &args->cmd->args[i];

		if (!args->given[i] || arg->local)
			continue;
		if (arg->type == ZL_ARG_FILE)
			r = put_file(params, args->text[i], input, reterr);
		else if (json_object_set_new(
				 params, zl_arg_param(arg), value_of(args, i)) < 0)
			r = zl_fail(reterr, -ENOMEM, "out of memory");
	}
	if (r < 0)
		return r;
	*ret = zl_take_ptr(params);
	return 0;
}
