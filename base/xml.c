/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing XML documents that we do not trust, and walking them. */
#include "base/xml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>

enum { FILE_SHOWN = 64 };

struct zl_xml {
	xmlDoc *doc;
	char file[FILE_SHOWN];
};

/* libxml2 2.12 made the argument of error functions const. */
#if LIBXML_VERSION >= 21200
#define XML_ERROR_ARG const xmlError
#else
#define XML_ERROR_ARG xmlError
#endif

/* What one run of the parser or the validator tells us. */
struct run {
	const char *file;
	struct zl_error *reterr;
	bool failed;
	unsigned depth;
	startElementNsSAX2Func start; /* libxml2's own, behind ours */
	endElementNsSAX2Func end;
};

/* One line of printable UTF-8, whatever came in and wherever it was cut. */
static void clean(char *text)
{
	size_t n = strlen(text), tail = 0;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
	while (tail < n && tail < 3 &&
		((unsigned char)text[n - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail < n) {
		unsigned char lead = (unsigned char)text[n - 1 - tail];
		size_t want = lead >= 0xf0   ? 3
			      : lead >= 0xe0 ? 2
			      : lead >= 0xc0 ? 1
					     : 0;

		if (want != tail)
			text[n - 1 - tail] = '\0';
	}
}

static int fail_at(struct zl_error *reterr, const char *id, const char *file, long line,
	const char *element, const char *what)
{
	if (reterr == NULL)
		return -EBADMSG;
	if (element != NULL && element[0] != '\0')
		(void)zl_fail_id(reterr, -EBADMSG, id, "", "%s:%ld: element '%s': %s",
			file, line, element, what);
	else
		(void)zl_fail_id(
			reterr, -EBADMSG, id, "", "%s:%ld: %s", file, line, what);
	clean(reterr->msg);
	zl_error_where(reterr, "%s:%ld", file, line);
	return -EBADMSG;
}

/* The first complaint is the cause; those after it are mostly its echo. */
static void on_parse_error(void *data, XML_ERROR_ARG *e)
{
	const xmlParserCtxt *ctxt = data;
	struct run *run = ctxt->_private;

	if (run->failed || e->level < XML_ERR_ERROR)
		return;
	run->failed = true;
	(void)fail_at(run->reterr, "xml.malformed", run->file, e->line, NULL,
		e->message == NULL ? "not well-formed XML" : e->message);
}

static void refuse(xmlParserCtxt *ctxt, const char *what)
{
	struct run *run = ctxt->_private;

	if (!run->failed)
		(void)fail_at(run->reterr, "xml.refused", run->file,
			xmlSAX2GetLineNumber(ctxt), NULL, what);
	run->failed = true;
	xmlStopParser(ctxt);
}

static void on_doctype(
	void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	refuse(data, "a DOCTYPE is not accepted");
}

static void on_start(void *data, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri, int n_namespaces, const xmlChar **namespaces, int n_attrs,
	int n_defaulted, const xmlChar **attrs)
{
	xmlParserCtxt *ctxt = data;
	struct run *run = ctxt->_private;

	if (++run->depth > ZL_XML_DEPTH_MAX) {
		refuse(ctxt, "elements are nested too deeply");
		return;
	}
	run->start(data, name, prefix, uri, n_namespaces, namespaces, n_attrs,
		n_defaulted, attrs);
}

static void on_end(
	void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	xmlParserCtxt *ctxt = data;
	struct run *run = ctxt->_private;

	run->depth--;
	run->end(data, name, prefix, uri);
}

static void set_file(struct zl_xml *x, const char *file)
{
	const char *slash;

	if (file == NULL || file[0] == '\0')
		file = "xml";
	slash = strrchr(file, '/');
	if (strlen(file) >= sizeof(x->file) && slash != NULL)
		file = slash + 1;
	(void)snprintf(x->file, sizeof(x->file), "%s", file);
	clean(x->file);
}

static int parse_into(
	struct zl_xml *x, const char *text, size_t n, struct zl_error *reterr)
{
	struct run run = { .file = x->file, .reterr = reterr };
	xmlParserCtxt *ctxt = xmlNewParserCtxt();

	if (ctxt == NULL)
		return zl_fail(reterr, -ENOMEM, "xml: out of memory");
	ctxt->_private = &run;
	run.start = ctxt->sax->startElementNs;
	run.end = ctxt->sax->endElementNs;
	ctxt->sax->serror = on_parse_error;
	ctxt->sax->internalSubset = on_doctype;
	ctxt->sax->startElementNs = on_start;
	ctxt->sax->endElementNs = on_end;
	ctxt->sax->comment = NULL;
	ctxt->sax->processingInstruction = NULL;
	x->doc = xmlCtxtReadMemory(ctxt, text, (int)n, x->file, NULL,
		XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
			XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES);
	xmlFreeParserCtxt(ctxt);
	if (run.failed)
		return -EBADMSG;
	if (x->doc == NULL || xmlDocGetRootElement(x->doc) == NULL)
		return fail_at(reterr, "xml.malformed", x->file, 1, NULL,
			"not an XML document");
	return 0;
}

int zl_xml_parse(const char *text, size_t n, const char *file, struct zl_xml **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = calloc(1, sizeof(*x));
	int r;

	if (x == NULL)
		return zl_fail(reterr, -ENOMEM, "xml: out of memory");
	set_file(x, file);
	if (n == 0)
		return fail_at(reterr, "xml.malformed", x->file, 1, NULL,
			"the document is empty");
	if (n > ZL_XML_SIZE_MAX)
		return fail_at(reterr, "xml.refused", x->file, 1, NULL,
			"the document is larger than 256 KiB");
	r = parse_into(x, text, n, reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(x);
	return 0;
}

void zl_xml_free(struct zl_xml *x)
{
	if (x == NULL)
		return;
	xmlFreeDoc(x->doc);
	free(x);
}

static void on_invalid(void *data, XML_ERROR_ARG *e)
{
	struct run *run = data;
	const xmlNode *n = e->node;

	if (run->failed || e->level < XML_ERR_ERROR)
		return;
	run->failed = true;
	(void)fail_at(run->reterr, "xml.invalid", run->file,
		n == NULL ? e->line : zl_xml_line(n),
		n == NULL || n->type != XML_ELEMENT_NODE ? NULL : zl_xml_name(n),
		e->message == NULL ? "does not match the schema" : e->message);
}

/* Our own text: that it is wrong is -EINVAL, whatever is wrong with it. */
static int load_schema(
	const char *rng, size_t n_rng, xmlRelaxNG **ret, struct zl_error *reterr)
{
	struct zl_error why = { 0 };
	struct run run = { .file = "schema", .reterr = &why };
	ZL_AUTO(zl_xml) struct zl_xml *text = NULL;
	xmlRelaxNGParserCtxt *ctxt;
	xmlRelaxNG *schema;

	/* By our own reader: libxml2's would print what is wrong with it. */
	if (zl_xml_parse(rng, n_rng, run.file, &text, &why) < 0)
		return zl_fail(reterr, -EINVAL, "%s", why.msg);
	ctxt = xmlRelaxNGNewDocParserCtxt(text->doc);
	if (ctxt == NULL)
		return zl_fail(reterr, -ENOMEM, "xml: out of memory");
	xmlRelaxNGSetParserStructuredErrors(ctxt, on_invalid, &run);
	schema = xmlRelaxNGParse(ctxt);
	xmlRelaxNGFreeParserCtxt(ctxt);
	if (schema == NULL)
		return zl_fail(reterr, -EINVAL, "%s",
			run.failed ? why.msg : "schema: not usable");
	*ret = schema;
	return 0;
}

int zl_xml_validate(
	const struct zl_xml *x, const char *rng, size_t n_rng, struct zl_error *reterr)
{
	struct run run = { .file = x->file, .reterr = reterr };
	xmlRelaxNG *schema = NULL;
	xmlRelaxNGValidCtxt *ctxt;
	int r = load_schema(rng, n_rng, &schema, reterr);

	if (r < 0)
		return r;
	ctxt = xmlRelaxNGNewValidCtxt(schema);
	if (ctxt == NULL) {
		xmlRelaxNGFree(schema);
		return zl_fail(reterr, -ENOMEM, "xml: out of memory");
	}
	xmlRelaxNGSetValidStructuredErrors(ctxt, on_invalid, &run);
	r = xmlRelaxNGValidateDoc(ctxt, x->doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlRelaxNGFree(schema);
	if (r == 0)
		return 0;
	if (!run.failed)
		return fail_at(reterr, "xml.invalid", x->file, 1, NULL,
			"does not match the schema");
	return -EBADMSG;
}

const xmlNode *zl_xml_root(const struct zl_xml *x)
{
	return xmlDocGetRootElement(x->doc);
}

const char *zl_xml_name(const xmlNode *n)
{
	return (const char *)n->name;
}

bool zl_xml_is(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && n->ns == NULL &&
	       strcmp(zl_xml_name(n), name) == 0;
}

long zl_xml_line(const xmlNode *n)
{
	return xmlGetLineNo(n);
}

/* `n` itself or the first sibling after it that fits. */
static const xmlNode *seek(const xmlNode *n, const char *ns, const char *name)
{
	for (; n != NULL; n = n->next) {
		const char *href = n->type == XML_ELEMENT_NODE && n->ns != NULL
					   ? (const char *)n->ns->href
					   : NULL;

		if (n->type != XML_ELEMENT_NODE)
			continue;
		if (name != NULL && strcmp(zl_xml_name(n), name) != 0)
			continue;
		if (ns == NULL ? href == NULL : href != NULL && strcmp(href, ns) == 0)
			return n;
	}
	return NULL;
}

const xmlNode *zl_xml_first(const xmlNode *parent, const char *name)
{
	return seek(parent->children, NULL, name);
}

const xmlNode *zl_xml_next(const xmlNode *n, const char *name)
{
	return seek(n->next, NULL, name);
}

const xmlNode *zl_xml_first_ns(const xmlNode *parent, const char *ns, const char *name)
{
	return seek(parent->children, ns, name);
}

const xmlNode *zl_xml_next_ns(const xmlNode *n, const char *ns, const char *name)
{
	return seek(n->next, ns, name);
}

/* Without entities and comments a value is one text node. */
static const char *text_of(const xmlNode *n)
{
	for (; n != NULL; n = n->next)
		if (n->type == XML_TEXT_NODE && n->content != NULL)
			return (const char *)n->content;
	return "";
}

const char *zl_xml_attr(const xmlNode *n, const char *name)
{
	for (const xmlAttr *a = n->properties; a != NULL; a = a->next)
		if (a->ns == NULL && strcmp((const char *)a->name, name) == 0)
			return text_of(a->children);
	return NULL;
}

const char *zl_xml_text(const xmlNode *n)
{
	return text_of(n->children);
}

const char *zl_xml_child_text(const xmlNode *parent, const char *name)
{
	const xmlNode *n = zl_xml_first(parent, name);

	return n == NULL ? NULL : zl_xml_text(n);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool zl_xml_trim(const char *text, char *buf, size_t size)
{
	size_t n;

	while (is_space(*text))
		text++;
	n = strlen(text);
	while (n > 0 && is_space(text[n - 1]))
		n--;
	if (n >= size)
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return true;
}

int zl_xml_fail(struct zl_error *reterr, const struct zl_xml *x, const xmlNode *n,
	const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return fail_at(
		reterr, "xml.invalid", x->file, zl_xml_line(n), zl_xml_name(n), what);
}
