/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict reader of Prometheus' text format. */
#include "tests/support/promtext.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool complain(struct zl_promtext *p, const char *line, const char *why)
{
	(void)snprintf(p->error, sizeof(p->error), "%s: %.*s", why,
		(int)strcspn(line, "\n"), line);
	return false;
}

/* A name at *at, which goes behind it. */
static bool read_name(const char **at, bool with_colon, char *ret, size_t size)
{
	const char *s = *at;
	size_t n = 0;

	while (isalpha((unsigned char)s[n]) || s[n] == '_' ||
		(with_colon && s[n] == ':') || (n > 0 && isdigit((unsigned char)s[n])))
		n++;
	if (n == 0 || n >= size)
		return false;
	(void)snprintf(ret, size, "%.*s", (int)n, s);
	*at = s + n;
	return true;
}

/* Up to the closing quote. */
static bool read_value(const char **at, char *ret, size_t size)
{
	size_t n = 0;

	for (; **at != '"'; (*at)++) {
		char c = **at;

		if (c == '\0' || c == '\n' || n + 1 >= size)
			return false;
		if (c == '\\') {
			(*at)++;
			if (**at == 'n')
				c = '\n';
			else if (**at == '\\' || **at == '"')
				c = **at;
			else
				return false;
		}
		ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

static bool read_labels(const char **at, struct zl_promtext_series *s)
{
	if (**at != '{')
		return true;
	do {
		struct zl_promtext_label *l = &s->labels[s->n_labels++];

		(*at)++;
		if (s->n_labels > ZL_PROMTEXT_LABELS ||
			!read_name(at, false, l->name, sizeof(l->name)) ||
			strncmp(*at, "=\"", 2) != 0)
			return false;
		*at += 2;
		if (!read_value(at, l->value, sizeof(l->value)))
			return false;
		(*at)++;
		for (size_t i = 0; i + 1 < s->n_labels; i++)
			if (strcmp(s->labels[i].name, l->name) == 0)
				return false;
	} while (**at == ',');
	if (**at != '}')
		return false;
	(*at)++;
	return true;
}

static bool is_same(
	const struct zl_promtext_series *a, const struct zl_promtext_series *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_labels != b->n_labels)
		return false;
	for (size_t i = 0; i < a->n_labels; i++)
		if (strcmp(a->labels[i].name, b->labels[i].name) != 0 ||
			strcmp(a->labels[i].value, b->labels[i].value) != 0)
			return false;
	return true;
}

static bool belongs(const struct zl_promtext_family *f, const char *name)
{
	size_t n = strlen(f->name);

	if (strcmp(f->type, "histogram") != 0)
		return strcmp(name, f->name) == 0;
	return strncmp(name, f->name, n) == 0 &&
	       (strcmp(name + n, "_bucket") == 0 || strcmp(name + n, "_sum") == 0 ||
		       strcmp(name + n, "_count") == 0);
}

static bool read_series(struct zl_promtext *p, const char *line)
{
	struct zl_promtext_series *s = &p->series[p->n_series];
	const char *at = line;
	char *end;

	if (p->n_series == ZL_PROMTEXT_SERIES)
		return complain(p, line, "too many series");
	*s = (struct zl_promtext_series){ .family = p->n_families - 1 };
	if (!read_name(&at, true, s->name, sizeof(s->name)))
		return complain(p, line, "no name");
	if (p->n_families == 0 || p->families[s->family].type[0] == '\0' ||
		!belongs(&p->families[s->family], s->name))
		return complain(p, line, "not of the family before");
	if (!read_labels(&at, s))
		return complain(p, line, "labels");
	if (*at != ' ' || isspace((unsigned char)at[1]))
		return complain(p, line, "no single blank before the value");
	s->value = strtod(at + 1, &end);
	if (end == at + 1 || *end != '\n')
		return complain(p, line, "value");
	for (size_t i = 0; i < p->n_series; i++)
		if (is_same(&p->series[i], s))
			return complain(p, line, "a series twice");
	p->n_series++;
	return true;
}

static bool read_comment(struct zl_promtext *p, const char *line)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	bool is_help = strncmp(line, "# HELP ", 7) == 0;
	const char *at = line + 7;
	struct zl_promtext_family *f;
	char name[128];
	size_t n;

	if ((!is_help && strncmp(line, "# TYPE ", 7) != 0) ||
		!read_name(&at, true, name, sizeof(name)) || *at++ != ' ')
		return complain(p, line, "neither HELP nor TYPE nor a series");
	n = strcspn(at, "\n");
	if (!is_help) {
		f = p->n_families == 0 ? NULL : &p->families[p->n_families - 1];
		if (f == NULL || strcmp(f->name, name) != 0 || f->type[0] != '\0')
			return complain(p, line, "TYPE is not behind its HELP");
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (n == strlen(types[i]) && memcmp(types[i], at, n) == 0)
				(void)snprintf(
					f->type, sizeof(f->type), "%s", types[i]);
		return f->type[0] != '\0' || complain(p, line, "no such type");
	}
	for (size_t i = 0; i < p->n_families; i++)
		if (strcmp(p->families[i].name, name) == 0)
			return complain(p, line, "a family twice");
	if (n == 0 || p->n_families == ZL_PROMTEXT_FAMILIES)
		return complain(p, line, "no help, or too many families");
	f = &p->families[p->n_families++];
	*f = (struct zl_promtext_family){ 0 };
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	(void)snprintf(f->help, sizeof(f->help), "%.*s", (int)n, at);
	return true;
}

/* Buckets that only grow, the last of them +Inf and the same as the count. */
static bool check_histogram(struct zl_promtext *p, size_t family)
{
	double last = 0, bound = -INFINITY, count = -1, all = -2;
	bool has_sum = false;

	for (size_t i = 0; i < p->n_series; i++) {
		const struct zl_promtext_series *s = &p->series[i];
		const char *end = strrchr(s->name, '_');

		if (s->family != family)
			continue;
		if (strcmp(end, "_bucket") == 0) {
			double le = strtod(s->labels[s->n_labels - 1].value, NULL);

			if (s->n_labels == 0 || le <= bound || s->value < last)
				return complain(p, s->name, "buckets");
			bound = le;
			last = s->value;
			all = isinf(le) ? s->value : all;
		}
		has_sum |= strcmp(end, "_sum") == 0;
		count = strcmp(end, "_count") == 0 ? s->value : count;
	}
	return (has_sum && count == all) || complain(p, "", "no whole histogram");
}

bool zl_promtext_read(const char *text, struct zl_promtext *p)
{
	p->n_families = p->n_series = 0;
	p->error[0] = '\0';
	while (*text != '\0') {
		const char *end = strchr(text, '\n');

		if (end == NULL)
			return complain(p, text, "no newline at the end");
		if (!(text[0] == '#' ? read_comment(p, text) : read_series(p, text)))
			return false;
		text = end + 1;
	}
	for (size_t i = 0; i < p->n_families; i++) {
		if (p->families[i].type[0] == '\0')
			return complain(p, p->families[i].name, "no TYPE");
		if (strcmp(p->families[i].type, "histogram") == 0 &&
			!check_histogram(p, i))
			return false;
	}
	return true;
}

const struct zl_promtext_series *zl_promtext_find(
	const struct zl_promtext *p, const char *name, const char *labels)
{
	for (size_t i = 0; i < p->n_series; i++) {
		const struct zl_promtext_series *s = &p->series[i];
		char text[1024] = "";
		size_t n = 0;

		for (size_t k = 0; k < s->n_labels && n < sizeof(text); k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=\"%s\"",
				k == 0 ? "" : ",", s->labels[k].name,
				s->labels[k].value);
		if (strcmp(s->name, name) == 0 && strcmp(text, labels) == 0)
			return s;
	}
	return NULL;
}
