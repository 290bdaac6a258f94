/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files (INI, read with inih) from a table of options.
 *
 * Every program has one table; defaults, ranges, help and the member of the
 * program's struct come from its rows (at most 64).  An unknown section or key, a key
 * given twice, a value out of range, a line that is no "key = value" or longer than inih
 * takes (198 characters) refuses the whole file with its line.  A list may be given
 * several times, or go on in indented lines: its parts add up.
 */
#ifndef ZL_BASE_CONFIG_H
#define ZL_BASE_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum zl_option_type {
	ZL_OPTION_STRING, /* char *, owned by the struct */
	ZL_OPTION_INT,	  /* long, within min..max */
	ZL_OPTION_BOOL,	  /* bool: yes/no/true/false/1/0/on/off */
	ZL_OPTION_LIST,	  /* char *: comma separated, see zl_config_each */
};

struct zl_option {
	const char *section, *name;
	enum zl_option_type type;
	size_t offset; /* of the member in the program's struct */
	long min, max; /* ZL_OPTION_INT */
	const char *def;
	const char *help; /* lower-case, no full stop */
};

/*
 * Fill `into` with defaults, then with `path` (NULL, or absent while `optional`: only
 * defaults).  The strings are owned by `into`: zl_config_done() frees them.
 */
int zl_config_read(const char *path, bool optional, const struct zl_option *options,
	size_t n_options, void *into, struct zl_error *reterr) ZL_CHECKED;
/* What --help says of them, a line each. */
void zl_config_help(const struct zl_option *options, size_t n_options, FILE *to);
void zl_config_done(const struct zl_option *options, size_t n_options, void *of);

/*
 * Walk a comma-separated list: copies the next item, trimmed, into `item` and
 * returns true; *at moves on.  Items that do not fit are cut.
 */
bool zl_config_each(const char **at, char *item, size_t size);

#endif
