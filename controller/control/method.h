/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row per method of the control interface: name, access, parameters.
 *
 * To add a method: a row in methods.c (and its id in methods.h), its lines in
 * docs/org.zonelock.Controller.varlink, and its handler in the engine.  Who may call it
 * and which parameters it takes is checked from the row, before the handler runs.
 */
#ifndef ZL_CONTROL_METHOD_H
#define ZL_CONTROL_METHOD_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "controller/control/access.h"

enum zl_param_type {
	ZL_PARAM_STRING,
	ZL_PARAM_INT, /* never negative */
	ZL_PARAM_BOOL,
	ZL_PARAM_TYPE_N
};

struct zl_param {
	const char *name;
	enum zl_param_type type;
	bool required;
	const char
		*choices; /* "strict|forensic": the only values of a string; or NULL */
	const char *summary; /* lower-case, no full stop */
};

struct zl_method {
	const char *name; /* without the interface: "ListDomains" */
	enum zl_access access;
	const struct zl_param *params;
	size_t n_params;
	const char *summary;
};

#define ZL_PARAMS(a) .params = (a), .n_params = N_ITEMS(a)

const char *zl_param_type_name(enum zl_param_type t); /* as Varlink says it */

const struct zl_param *zl_method_param(const struct zl_method *m, const char *name);

/* Whether `value` is one of "a|b|c"; NULL choices allow everything. */
bool zl_param_is_choice(const char *choices, const char *value);

/*
 * Check `params` (an object, unchanged) against the row.  A JSON null counts as absent.
 *
 * -EINVAL: unknown, missing or of the wrong type; `ret_param` (may be NULL) is
 * set to the name of the first wrong one, borrowed from the row or from `params`.
 */
int zl_method_check(const struct zl_method *m, json_t *params, const char **ret_param,
	struct zl_error *reterr) ZL_CHECKED;

#endif
