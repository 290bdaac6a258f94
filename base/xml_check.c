/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zl_xml_check(): what an element may hold, from a table. */
#include <string.h>

#include "base/xml.h"

static const struct zl_xml_child *find_child(
	const struct zl_xml_shape *shape, const xmlNode *n)
{
	for (size_t i = 0; i < shape->n_children; i++)
		if (zl_xml_is(n, shape->children[i].name))
			return &shape->children[i];
	return NULL;
}

/* How many elements called `name` `parent` holds, up to and including `last`. */
static unsigned count(const xmlNode *parent, const char *name, const xmlNode *last)
{
	unsigned n = 0;

	for (const xmlNode *c = zl_xml_first(parent, name); c != NULL;
		c = zl_xml_next(c, name)) {
		n++;
		if (c == last)
			break;
	}
	return n;
}

static bool has_text(const xmlNode *n)
{
	for (const xmlNode *c = n->children; c != NULL; c = c->next) {
		const char *text = (const char *)c->content;

		if (c->type == XML_TEXT_NODE && text != NULL &&
			text[strspn(text, " \t\r\n")] != '\0')
			return true;
	}
	return false;
}

static int check_children(const struct zl_xml *x, const xmlNode *n,
	const struct zl_xml_shape *shape, struct zl_error *reterr)
{
	for (const xmlNode *c = n->children; c != NULL; c = c->next) {
		const struct zl_xml_child *row;

		if (c->type != XML_ELEMENT_NODE)
			continue;
		row = find_child(shape, c);
		if (row == NULL)
			return zl_xml_fail(
				reterr, x, c, "not known inside '%s'", zl_xml_name(n));
		if (row->max > 0 && count(n, row->name, c) > row->max)
			return zl_xml_fail(reterr, x, c,
				row->max == 1 ? "stands twice inside '%s'"
					      : "too many inside '%s'",
				zl_xml_name(n));
	}
	for (size_t i = 0; i < shape->n_children; i++)
		if (shape->children[i].min > count(n, shape->children[i].name, NULL))
			return zl_xml_fail(reterr, x, n, "element '%s' is missing",
				shape->children[i].name);
	return 0;
}

static int check_attrs(const struct zl_xml *x, const xmlNode *n,
	const struct zl_xml_shape *shape, struct zl_error *reterr)
{
	for (const xmlAttr *a = n->properties; a != NULL; a = a->next) {
		size_t i = 0;

		while (i < shape->n_attrs &&
			strcmp(shape->attrs[i].name, (const char *)a->name) != 0)
			i++;
		if (i == shape->n_attrs || a->ns != NULL)
			return zl_xml_fail(reterr, x, n, "attribute '%s' is not known",
				(const char *)a->name);
	}
	for (size_t i = 0; i < shape->n_attrs; i++)
		if (shape->attrs[i].required &&
			zl_xml_attr(n, shape->attrs[i].name) == NULL)
			return zl_xml_fail(reterr, x, n, "attribute '%s' is missing",
				shape->attrs[i].name);
	return 0;
}

int zl_xml_check(const struct zl_xml *x, const xmlNode *n,
	const struct zl_xml_shape *shape, struct zl_error *reterr)
{
	int r = check_attrs(x, n, shape, reterr);

	if (r < 0)
		return r;
	if (!shape->text && has_text(n))
		return zl_xml_fail(reterr, x, n, "text does not belong here");
	return check_children(x, n, shape, reterr);
}
