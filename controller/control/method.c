/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking a call's parameters against the method's row. */
#include "controller/control/method.h"

#include <errno.h>
#include <string.h>

const char *zl_param_type_name(enum zl_param_type t)
{
	switch (t) {
	case ZL_PARAM_STRING: return "string";
	case ZL_PARAM_INT: return "int";
	case ZL_PARAM_BOOL: return "bool";
	case ZL_PARAM_TYPE_N: break;
	}
	return "?";
}

const struct zl_param *zl_method_param(const struct zl_method *m, const char *name)
{
	for (size_t i = 0; i < m->n_params; i++) {
		if (strcmp(m->params[i].name, name) == 0)
			return &m->params[i];
	}
	return NULL;
}

bool zl_param_is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	if (choices == NULL)
		return true;
	if (len == 0 || strchr(value, '|') != NULL)
		return false;
	for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == '\0'))
			return true;
	}
	return false;
}

static int check_value(
	const struct zl_param *p, const json_t *value, struct zl_error *reterr)
{
	bool fits = false;

	switch (p->type) {
	case ZL_PARAM_STRING: fits = json_is_string(value); break;
	case ZL_PARAM_INT: fits = json_is_integer(value); break;
	case ZL_PARAM_BOOL: fits = json_is_boolean(value); break;
	case ZL_PARAM_TYPE_N: break;
	}
	if (!fits)
		return zl_fail(reterr, -EINVAL, "parameter '%s' must be a %s", p->name,
			zl_param_type_name(p->type));
	if (p->type == ZL_PARAM_INT && json_integer_value(value) < 0)
		return zl_fail(reterr, -EINVAL, "parameter '%s' must not be negative",
			p->name);
	if (p->type == ZL_PARAM_STRING &&
		!zl_param_is_choice(p->choices, json_string_value(value)))
		return zl_fail(reterr, -EINVAL, "parameter '%s' must be one of %s",
			p->name, p->choices);
	return 0;
}

int zl_method_check(const struct zl_method *m, json_t *params, const char **ret_param,
	struct zl_error *reterr)
{
	const char *wrong = "parameters";
	void *at;
	int r = 0;

	if (!json_is_object(params)) {
		r = zl_fail(reterr, -EINVAL, "the parameters must be an object");
		goto out;
	}
	for (size_t i = 0; i < m->n_params && r == 0; i++) {
		const struct zl_param *p = &m->params[i];
		const json_t *value = json_object_get(params, p->name);

		wrong = p->name;
		if (value != NULL && !json_is_null(value))
			r = check_value(p, value, reterr);
		else if (p->required)
			r = zl_fail(
				reterr, -EINVAL, "parameter '%s' is missing", p->name);
	}
	for (at = json_object_iter(params); at != NULL && r == 0;
		at = json_object_iter_next(params, at)) {
		wrong = json_object_iter_key(at);
		if (zl_method_param(m, wrong) == NULL)
			r = zl_fail(reterr, -EINVAL, "unknown parameter '%s' of %s",
				wrong, m->name);
	}
out:
	if (r < 0 && ret_param != NULL)
		*ret_param = wrong;
	return r;
}
