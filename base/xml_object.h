/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all our XML objects (hosts, zones, locks) have in common: a name, a uuid, a
 * description; lists that grow; and writing them back.
 *
 *	<zone>
 *	  <name>web</name>
 *	  <uuid>5b5a8f8e-...</uuid>		optional, the daemon makes one
 *	  <description>...</description>	optional
 *
 * Names are 1 to 63 characters of [A-Za-z0-9._-], the first a letter or a digit.
 *
 * Writing is the canonical form: two spaces for each level, attributes in single
 * quotes, always in the same order, so that equal objects are equal texts.
 */
#ifndef ZL_BASE_XML_OBJECT_H
#define ZL_BASE_XML_OBJECT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/xml.h"

enum { ZL_NAME = 64, ZL_DESCRIPTION_MAX = 1024 };

struct zl_xml_object {
	char name[ZL_NAME];
	struct zl_uuid uuid;
	bool has_uuid;
	char *description; /* owned; NULL: none */
};

/* Rows for the shape of an object's root element. */
/* clang-format off */
#define ZL_XML_OBJECT_CHILDREN                                                         \
	{ .name = "name", .min = 1, .max = 1 },                                        \
	{ .name = "uuid", .max = 1 },                                                  \
	{ .name = "description", .max = 1 }
/* clang-format on */

bool zl_xml_object_is_name(const char *text);

/*
 * Read the three.  `ret` is zeroed by the caller; release with zl_xml_object_done(),
 * after a failure too.
 */
int zl_xml_object_read(const struct zl_xml *x, const xmlNode *root,
	struct zl_xml_object *ret, struct zl_error *reterr) ZL_CHECKED;
void zl_xml_object_done(struct zl_xml_object *o);

/* <name>, <uuid> (NULL: none), <description> (NULL: none), two spaces in. */
void zl_xml_object_write(
	FILE *f, const char *name, const struct zl_uuid *uuid, const char *description);

/*
 * The text of `n` (an element), or its attribute `attr`, as a name.
 */
int zl_xml_object_get_name(const struct zl_xml *x, const xmlNode *n, const char *attr,
	char ret[static ZL_NAME], struct zl_error *reterr) ZL_CHECKED;

/*
 * Which of the `n_words` words attribute `attr` (NULL: the element's text) is; a message
 * that lists them otherwise.  A missing attribute is -1 in *ret, and no error.
 */
int zl_xml_object_get_word(const struct zl_xml *x, const xmlNode *n, const char *attr,
	const char *const *words, size_t n_words, int *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* A whole decimal number without sign within min..max; missing attribute: *ret stays. */
int zl_xml_object_get_number(const struct zl_xml *x, const xmlNode *n, const char *attr,
	unsigned min, unsigned max, unsigned *ret, struct zl_error *reterr) ZL_CHECKED;

/* Write text, escaped; attributes also keep their tabs and newlines. */
void zl_xml_put_text(FILE *f, const char *text);
void zl_xml_put_attr(FILE *f, const char *name, const char *value); /*  name='value' */

#endif
