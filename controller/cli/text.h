/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for a terminal, out of strings that guests and tenants influence.
 *
 * A domain's name or a reason may hold escape sequences, newlines that would forge a
 * row, or Unicode marks that reverse what is shown.  Printable text stays as it is, UTF-8
 * included; the rest becomes \xNN (bytes) or \u{NNNN} (code points).
 */
#ifndef ZL_CLI_TEXT_H
#define ZL_CLI_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A copy that is safe to print, or NULL when memory is short. */
char *zl_text_escape(const char *text);

/* The columns that safe text takes: its code points. */
size_t zl_text_width(const char *safe);

/* Print `text` line by line, escaped but for newlines and tabs. */
void zl_text_print(FILE *to, const char *text);

#endif
