/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML documents that we do not trust, read with libxml2.
 *
 *	r = zl_xml_parse(text, strlen(text), "web.xml", &x, reterr);
 *	root = zl_xml_root(x);
 *	for (n = zl_xml_first(root, "nic"); n != NULL; n = zl_xml_next(n, "nic"))
 *		mac = zl_xml_attr(n, "mac");
 *
 * Nothing is fetched, no entity is expanded but the five of XML itself, and a
 * document with a DOCTYPE is refused before its first declaration is read.  At most
 * ZL_XML_SIZE_MAX bytes, ZL_XML_DEPTH_MAX levels.  Comments and processing
 * instructions are dropped; text around them is one text.
 *
 * The first fault refuses the whole document with -EBADMSG, message "web.xml:3: element
 * 'nic': ..." and `where` "web.xml:3"; nothing is printed.  Strings that getters return
 * are borrowed from the document, UTF-8.
 *
 * Ids: xml.malformed (not XML), xml.refused (a limit, or a DOCTYPE), xml.invalid
 * (XML, but not what is expected).
 */
#ifndef ZL_BASE_XML_H
#define ZL_BASE_XML_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <libxml/tree.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { ZL_XML_SIZE_MAX = 256 * 1024, ZL_XML_DEPTH_MAX = 64 };

struct zl_xml;

/* Parse `n` bytes; `file` is only for messages (NULL: "xml"). */
int zl_xml_parse(const char *text, size_t n, const char *file, struct zl_xml **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_xml_free(struct zl_xml *x);
ZL_DEFINE_AUTO(zl_xml, struct zl_xml, zl_xml_free);

/*
 * Check the whole document against a RELAX NG schema (our own, trusted text).
 * -EBADMSG: it does not match; -EINVAL: the schema itself is wrong.
 */
int zl_xml_validate(const struct zl_xml *x, const char *rng, size_t n_rng,
	struct zl_error *reterr) ZL_CHECKED;

/* Walking.  `name` NULL: any element.  Only elements without a namespace, but ... */
const xmlNode *zl_xml_root(const struct zl_xml *x);
const xmlNode *zl_xml_first(const xmlNode *parent, const char *name);
const xmlNode *zl_xml_next(const xmlNode *n, const char *name);
/* ... these, which want exactly the namespace `ns` (its URI). */
const xmlNode *zl_xml_first_ns(const xmlNode *parent, const char *ns, const char *name);
const xmlNode *zl_xml_next_ns(const xmlNode *n, const char *ns, const char *name);

const char *zl_xml_name(const xmlNode *n);	    /* without prefix */
bool zl_xml_is(const xmlNode *n, const char *name); /* and no namespace */
long zl_xml_line(const xmlNode *n);

/* An attribute without namespace; NULL when it is not there. */
const char *zl_xml_attr(const xmlNode *n, const char *name);

/* The text directly inside an element, as it stands; "" when there is none. */
const char *zl_xml_text(const xmlNode *n);

/* The text of `parent`'s first child `name`; NULL when there is no such child. */
const char *zl_xml_child_text(const xmlNode *parent, const char *name);

/* Copy text without the white space around it; false when it does not fit. */
bool zl_xml_trim(const char *text, char *buf, size_t size);

/*
 * What an element may hold.  Anything else, a child or attribute missing, one child
 * too many, or text where only elements belong is refused.
 */
struct zl_xml_child {
	const char *name;
	unsigned min, max; /* how many times; max 0: as often as one likes */
};

struct zl_xml_attr {
	const char *name;
	bool required;
};

struct zl_xml_shape {
	const struct zl_xml_child *children;
	size_t n_children;
	const struct zl_xml_attr *attrs;
	size_t n_attrs;
	bool text; /* holds text, and no elements */
};

int zl_xml_check(const struct zl_xml *x, const xmlNode *n,
	const struct zl_xml_shape *shape, struct zl_error *reterr) ZL_CHECKED;

/* Fail with -EBADMSG at node `n`: "file:line: element 'n': ...". */
int zl_xml_fail(struct zl_error *reterr, const struct zl_xml *x, const xmlNode *n,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
