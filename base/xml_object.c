/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The common part of hosts, zones and locks in XML, and writing XML. */
#include "base/xml_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By hand: isalnum() depends on the locale. */
static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

bool zl_xml_object_is_name(const char *text)
{
	size_t n = 1;

	if (!is_alnum(text[0]))
		return false;
	for (; text[n] != '\0'; n++)
		if (!is_alnum(text[n]) && text[n] != '.' && text[n] != '_' &&
			text[n] != '-')
			return false;
	return n < ZL_NAME;
}

/* What a message calls the place: "attribute 'from'" or "the text". */
static const char *place(const char *attr, char *buf, size_t size)
{
	if (attr == NULL)
		(void)snprintf(buf, size, "text");
	else
		(void)snprintf(buf, size, "attribute '%s'", attr);
	return buf;
}

int zl_xml_object_get_name(const struct zl_xml *x, const xmlNode *n, const char *attr,
	char ret[static ZL_NAME], struct zl_error *reterr)
{
	const char *text = attr == NULL ? zl_xml_text(n) : zl_xml_attr(n, attr);
	char name[ZL_NAME], where[48];

	if (text == NULL)
		return zl_xml_fail(reterr, x, n, "attribute '%s' is missing", attr);
	if (!zl_xml_trim(text, name, sizeof(name)) || !zl_xml_object_is_name(name))
		return zl_xml_fail(reterr, x, n,
			"%s is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a "
			"letter or "
			"a digit): '%.64s'",
			place(attr, where, sizeof(where)), text);
	memcpy(ret, name, sizeof(name));
	return 0;
}

static void list_words(const char *const *words, size_t n_words, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n_words && at < size; i++) {
		int n = snprintf(
			buf + at, size - at, "%s%s", i == 0 ? "" : ", ", words[i]);

		at += n < 0 ? 0 : (size_t)n;
	}
}

int zl_xml_object_get_word(const struct zl_xml *x, const xmlNode *n, const char *attr,
	const char *const *words, size_t n_words, int *ret, struct zl_error *reterr)
{
	const char *text = attr == NULL ? zl_xml_text(n) : zl_xml_attr(n, attr);
	char word[32], where[48], all[96];

	if (text == NULL) {
		*ret = -1;
		return 0;
	}
	if (zl_xml_trim(text, word, sizeof(word)))
		for (size_t i = 0; i < n_words; i++)
			if (strcmp(word, words[i]) == 0) {
				*ret = (int)i;
				return 0;
			}
	list_words(words, n_words, all, sizeof(all));
	return zl_xml_fail(reterr, x, n, "%s '%.64s' is none of: %s",
		place(attr, where, sizeof(where)), text, all);
}

int zl_xml_object_get_number(const struct zl_xml *x, const xmlNode *n, const char *attr,
	unsigned min, unsigned max, unsigned *ret, struct zl_error *reterr)
{
	const char *text = zl_xml_attr(n, attr);
	unsigned long v = 0;
	size_t i = 0;

	if (text == NULL)
		return 0;
	for (; text[i] >= '0' && text[i] <= '9' && i < 10; i++)
		v = v * 10 + (unsigned long)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || v < min || v > max)
		return zl_xml_fail(reterr, x, n,
			"attribute '%s' is not a number from %u to %u: '%.64s'", attr,
			min, max, text);
	*ret = (unsigned)v;
	return 0;
}

static int read_uuid(const struct zl_xml *x, const xmlNode *root,
	struct zl_xml_object *ret, struct zl_error *reterr)
{
	const xmlNode *n = zl_xml_first(root, "uuid");
	char text[ZL_UUID_STR];

	if (n == NULL)
		return 0;
	if (!zl_xml_trim(zl_xml_text(n), text, sizeof(text)) ||
		!zl_uuid_parse(text, &ret->uuid))
		return zl_xml_fail(reterr, x, n, "not a UUID: '%.64s'", zl_xml_text(n));
	ret->has_uuid = true;
	return 0;
}

static int read_description(const struct zl_xml *x, const xmlNode *root,
	struct zl_xml_object *ret, struct zl_error *reterr)
{
	const xmlNode *n = zl_xml_first(root, "description");
	char text[ZL_DESCRIPTION_MAX + 1];

	if (n == NULL)
		return 0;
	if (!zl_xml_trim(zl_xml_text(n), text, sizeof(text)))
		return zl_xml_fail(
			reterr, x, n, "longer than %d bytes", ZL_DESCRIPTION_MAX);
	if (text[0] == '\0')
		return 0;
	ret->description = strdup(text);
	if (ret->description == NULL)
		return zl_fail(reterr, -ENOMEM, "xml: out of memory");
	return 0;
}

int zl_xml_object_read(const struct zl_xml *x, const xmlNode *root,
	struct zl_xml_object *ret, struct zl_error *reterr)
{
	static const char *const children[] = { "name", "uuid", "description" };
	static const struct zl_xml_shape text_only = { .text = true };
	int r;

	for (size_t i = 0; i < N_ITEMS(children); i++) {
		const xmlNode *n = zl_xml_first(root, children[i]);

		r = n == NULL ? 0 : zl_xml_check(x, n, &text_only, reterr);
		if (r < 0)
			return r;
	}
	r = zl_xml_object_get_name(
		x, zl_xml_first(root, "name"), NULL, ret->name, reterr);
	if (r < 0)
		return r;
	r = read_uuid(x, root, ret, reterr);
	if (r < 0)
		return r;
	return read_description(x, root, ret, reterr);
}

void zl_xml_object_done(struct zl_xml_object *o)
{
	free(o->description);
	o->description = NULL;
}

void zl_xml_object_write(
	FILE *f, const char *name, const struct zl_uuid *uuid, const char *description)
{
	char text[ZL_UUID_STR];

	(void)fprintf(f, "  <name>%s</name>\n", name);
	if (uuid != NULL)
		(void)fprintf(f, "  <uuid>%s</uuid>\n", zl_uuid_format(uuid, text));
	if (description == NULL)
		return;
	(void)fputs("  <description>", f);
	zl_xml_put_text(f, description);
	(void)fputs("</description>\n", f);
}

static const char *entity_of(char c, bool in_attr)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '\r': return "&#13;";
	case '\'': return in_attr ? "&apos;" : NULL;
	case '\t': return in_attr ? "&#9;" : NULL;
	case '\n': return in_attr ? "&#10;" : NULL;
	default: return NULL;
	}
}

static void put(FILE *f, const char *text, bool in_attr)
{
	for (; *text != '\0'; text++) {
		const char *entity = entity_of(*text, in_attr);

		if (entity != NULL)
			(void)fputs(entity, f);
		else
			(void)fputc(*text, f);
	}
}

void zl_xml_put_text(FILE *f, const char *text)
{
	put(f, text, false);
}

void zl_xml_put_attr(FILE *f, const char *name, const char *value)
{
	(void)fprintf(f, " %s='", name);
	put(f, value, true);
	(void)fputc('\'', f);
}
