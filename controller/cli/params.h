/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From parsed arguments to a method's parameters. */
#ifndef ZL_CLI_PARAMS_H
#define ZL_CLI_PARAMS_H
#include <stdio.h>

#include "controller/cli/args.h"

/* Leaves room for JSON's escapes in the daemon's longest message. */
enum { ZL_PARAMS_FILE_MAX = 512 * 1024 };

/*
 * A new object, the caller's.  Reads the file of a ZL_ARG_FILE, `input` for "-".
 * -EFBIG: more than ZL_PARAMS_FILE_MAX bytes; -EILSEQ: no UTF-8.
 */
int zl_params_new(const struct zl_args *args, FILE *input, json_t **ret,
	struct zl_error *reterr) ZL_CHECKED;

#endif
