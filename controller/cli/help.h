/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help and completion out of the command table. */
#ifndef ZL_CLI_HELP_H
#define ZL_CLI_HELP_H
#include <stdbool.h>
#include <stdio.h>

#include "controller/cli/command.h"

void zl_help_all(FILE *to);
bool zl_help_group(const char *name, FILE *to); /* false: no such group */
void zl_help_command(const struct zl_command *cmd, FILE *to);

/*
 * The words that may come next, one per line: `words` are those typed after "zonelock",
 * the last one, maybe "", is being completed.
 */
void zl_help_complete(int n_words, char **words, FILE *to);

#endif
