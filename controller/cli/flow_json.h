/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow record as one line of JSON: a member for each field that the record has.
 *
 * Written by hand because a capture holds millions of them; every value is a number, an
 * address, a MAC or a literal, so there is nothing to escape.
 */
#ifndef ZL_CLI_FLOW_JSON_H
#define ZL_CLI_FLOW_JSON_H
#include <stdbool.h>
#include <stdio.h>

#include "controller/flow/element.h"

/* Options data are marked by "options":true. */
void zl_flow_json_write(const struct zl_flow_draft *d, bool is_options, FILE *to);

#endif
