/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INI files into structs, by a table. */
#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

struct reading {
	FILE *f;
	const struct zl_option *options;
	size_t n_options;
	char *into;
	uint64_t seen; /* bit i: the file gave options[i] */
	int line;      /* how many were read */
	int r;
	struct zl_error *reterr;
};

static int parse_bool(const char *value, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "yes", true }, { "true", true }, { "on", true }, { "1", true },
		{ "no", false }, { "false", false }, { "off", false }, { "0", false } };

	for (size_t i = 0; i < N_ITEMS(words); i++)
		if (strcasecmp(value, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	return -EINVAL;
}

/* A list may stand in several lines, also in indented ones that go on; they add up. */
static int append(char **list, const char *value, struct zl_error *reterr)
{
	char *longer;

	if (asprintf(&longer, "%s, %s", *list, value) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	free(*list);
	*list = longer;
	return 0;
}

static int set_option(const struct zl_option *o, char *into, const char *value,
	struct zl_error *reterr)
{
	void *member = into + o->offset;
	char *end, *copy;
	long number;

	switch (o->type) {
	case ZL_OPTION_STRING:
	case ZL_OPTION_LIST:
		copy = strdup(value);
		if (copy == NULL)
			return zl_fail(reterr, -ENOMEM, "out of memory");
		free(*(char **)member);
		*(char **)member = copy;
		return 0;
	case ZL_OPTION_INT:
		errno = 0;
		number = strtol(value, &end, 10);
		if (*value == '\0' || *end != '\0' || errno != 0 || number < o->min ||
			number > o->max)
			return zl_fail(reterr, -EINVAL,
				"%s = %s: not a whole number from %ld to %ld", o->name,
				value, o->min, o->max);
		*(long *)member = number;
		return 0;
	case ZL_OPTION_BOOL:
		if (parse_bool(value, member) < 0)
			return zl_fail(reterr, -EINVAL, "%s = %s: neither yes nor no",
				o->name, value);
		return 0;
	}
	return -EINVAL;
}

static int give_option(struct reading *rd, size_t i, const char *value)
{
	const struct zl_option *o = &rd->options[i];
	bool again = (rd->seen >> i & 1) != 0;

	rd->seen |= UINT64_C(1) << i;
	if (!again)
		return set_option(o, rd->into, value, rd->reterr);
	if (o->type == ZL_OPTION_LIST)
		return append((char **)(rd->into + o->offset), value, rd->reterr);
	return zl_fail(rd->reterr, -EINVAL, "%s is given twice", o->name);
}

/* inih's reader: it would take the end of a long line for a line of its own. */
static char *read_line(char *to, int size, void *user)
{
	struct reading *rd = user;

	if (rd->r < 0 || fgets(to, size, rd->f) == NULL)
		return NULL;
	rd->line++;
	if (strchr(to, '\n') != NULL || feof(rd->f))
		return to;
	rd->r = zl_fail(rd->reterr, -EINVAL,
		"longer than %d characters; a list may go on in an indented line",
		size - 2);
	return NULL;
}

/* inih's callback: 0 stops with an error at this line. */
static int on_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *rd = user;

	if (rd->r < 0)
		return 0;
	for (size_t i = 0; i < rd->n_options; i++) {
		const struct zl_option *o = &rd->options[i];

		if (strcmp(o->section, section) != 0 || strcmp(o->name, name) != 0)
			continue;
		rd->r = give_option(rd, i, value == NULL ? "" : value);
		return rd->r >= 0;
	}
	rd->r = zl_fail(rd->reterr, -EINVAL, "unknown option '%s' in section [%s]",
		name, section);
	return 0;
}

int zl_config_read(const char *path, bool optional, const struct zl_option *options,
	size_t n_options, void *into, struct zl_error *reterr)
{
	ZL_AUTO(zl_file) FILE *f = NULL;
	struct reading rd = { .options = options,
		.n_options = n_options,
		.into = into,
		.reterr = reterr };
	int line;

	for (size_t i = 0; i < n_options; i++) {
		int r = set_option(&options[i], into, options[i].def, reterr);

		if (r < 0)
			return r;
	}
	if (path == NULL)
		return 0;
	f = fopen(path, "re");
	if (f == NULL && errno == ENOENT && optional)
		return 0;
	if (f == NULL)
		return zl_fail(reterr, -errno, "cannot read %s: %m", path);
	rd.f = f;
	line = ini_parse_stream(read_line, &rd, on_line, &rd);
	if (line == 0 && rd.r >= 0)
		return 0;
	if (line == 0)
		line = rd.line;
	if (rd.r >= 0)
		rd.r = zl_fail(reterr, -EINVAL, "not a 'key = value' line");
	zl_error_prefix(reterr, "%s:%d", path, line);
	zl_error_where(reterr, "%s:%d", path, line);
	return rd.r;
}

void zl_config_help(const struct zl_option *options, size_t n_options, FILE *to)
{
	for (size_t i = 0; i < n_options; i++)
		(void)fprintf(to, "  %-18s %s (default: %s)\n", options[i].name,
			options[i].help,
			options[i].def[0] == '\0' ? "none" : options[i].def);
}

void zl_config_done(const struct zl_option *options, size_t n_options, void *of)
{
	for (size_t i = 0; i < n_options; i++) {
		char **member;

		if (options[i].type != ZL_OPTION_STRING &&
			options[i].type != ZL_OPTION_LIST)
			continue;
		member = (char **)((char *)of + options[i].offset);
		free(*member);
		*member = NULL;
	}
}

bool zl_config_each(const char **at, char *item, size_t size)
{
	const char *s = *at;
	size_t n;

	if (s == NULL)
		return false;
	s += strspn(s, " \t,\n\r");
	if (*s == '\0')
		return false;
	n = strcspn(s, ",");
	*at = s + n;
	while (n > 0 && strchr(" \t\n\r", s[n - 1]) != NULL)
		n--;
	(void)snprintf(item, size, "%.*s", (int)n, s);
	return true;
}
