/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of XML documents: what it refuses, with which sentence, and its getters. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/xml.h"

struct parse_case {
	const char *name;
	const char *text;
	int want;
	const char *id, *msg; /* msg: how it starts */
};

/* clang-format off */
static struct parse_case parse_cases[] = {
	{ "smallest", "<a/>", 0, "", "" },
	{ "declaration and comment", "<?xml version='1.0'?><!-- c --><a>x</a>", 0, "", "" },
	{ "latin-1 declared", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", 0, "", "" },
	{ "empty", "", -EBADMSG, "xml.malformed", "f.xml:1: the document is empty" },
	{ "white space", "  \n", -EBADMSG, "xml.malformed", "f.xml:" },
	{ "text", "hello", -EBADMSG, "xml.malformed", "f.xml:1: Start tag expected" },
	{ "wrong end tag", "<a>\n<b>\n</a>", -EBADMSG, "xml.malformed",
	  "f.xml:3: Opening and ending tag mismatch" },
	{ "cut short", "<a>\n<b>", -EBADMSG, "xml.malformed", "f.xml:2: Premature end" },
	{ "two roots", "<a/>\n<b/>", -EBADMSG, "xml.malformed", "f.xml:2: Extra content" },
	{ "bare ampersand", "<a>\n\n&</a>", -EBADMSG, "xml.malformed", "f.xml:3: " },
	{ "unknown entity", "<a>&b;</a>", -EBADMSG, "xml.malformed", "f.xml:1: Entity 'b' not defined" },
	{ "bad UTF-8", "<a>\xff</a>", -EBADMSG, "xml.malformed", "f.xml:1: Input is not proper UTF-8" },
	{ "control character", "<a>\x01</a>", -EBADMSG, "xml.malformed", "f.xml:1: " },
	{ "doctype", "\n<!DOCTYPE a><a/>", -EBADMSG, "xml.refused", "f.xml:2: a DOCTYPE is not accepted" },
	{ "internal entities", "<!DOCTYPE a [<!ENTITY x 'xx'><!ENTITY y '&x;&x;'>]><a>&y;</a>",
	  -EBADMSG, "xml.refused", "f.xml:1: a DOCTYPE is not accepted" },
	{ "external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
	  -EBADMSG, "xml.refused", "f.xml:1: a DOCTYPE is not accepted" },
	{ "external subset", "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>",
	  -EBADMSG, "xml.refused", "f.xml:1: a DOCTYPE is not accepted" },
	{ "parameter entity", "<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///dev/zero'>%x;]><a/>",
	  -EBADMSG, "xml.refused", "f.xml:1: a DOCTYPE is not accepted" },
	{ "two names in one attribute list", "<a b='1' b='2'/>", -EBADMSG, "xml.malformed", "f.xml:1: " },
	{ "unbound prefix", "<x:a/>", -EBADMSG, "xml.malformed", "f.xml:1: " },
};
/* clang-format on */

/* Standard error into a pipe while `text` is parsed: nothing may come out. */
static int parse_silently(const char *text, struct zl_xml **ret, struct zl_error *err)
{
	int pipe_fd[2], saved = dup(STDERR_FILENO), r;
	char buf[64];
	ssize_t n;

	assert_int_equal(0, pipe2(pipe_fd, O_NONBLOCK | O_CLOEXEC));
	assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	r = zl_xml_parse(text, strlen(text), "f.xml", ret, err);
	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	n = read(pipe_fd[0], buf, sizeof(buf));
	(void)close(saved);
	(void)close(pipe_fd[0]);
	(void)close(pipe_fd[1]);
	assert_true(n <= 0);
	return r;
}

static void test_parse(void **state)
{
	const struct parse_case *c = *state;
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL, *again = NULL;
	struct zl_error err = { 0 };

	assert_int_equal(c->want, parse_silently(c->text, &x, &err));
	assert_int_equal(c->want, err.code);
	assert_string_equal(c->id, err.id);
	if (strncmp(c->msg, err.msg, strlen(c->msg)) != 0)
		fail_msg("message is: %s", err.msg);
	if (c->want < 0) {
		assert_null(x);
		assert_memory_equal("f.xml:", err.where, 6);
		assert_null(strchr(err.msg, '\n'));
	}
	assert_int_equal(
		c->want, zl_xml_parse(c->text, strlen(c->text), NULL, &again, NULL));
}

static char *repeat(const char *head, const char *piece, size_t n, const char *tail)
{
	size_t size = strlen(head) + n * strlen(piece) + strlen(tail) + 1;
	char *text = malloc(size), *at;

	assert_non_null(text);
	at = stpcpy(text, head);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, piece);
	(void)stpcpy(at, tail);
	return text;
}

static void test_size(void **state)
{
	ZL_AUTO(zl_mem) char *fits = repeat("<a>", "x", ZL_XML_SIZE_MAX - 7, "</a>");
	ZL_AUTO(zl_mem) char *large = repeat("<a>", "x", ZL_XML_SIZE_MAX - 6, "</a>");
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL, *none = NULL;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, zl_xml_parse(fits, strlen(fits), "f.xml", &x, &err));
	assert_int_equal(
		-EBADMSG, zl_xml_parse(large, strlen(large), "f.xml", &none, &err));
	assert_string_equal("xml.refused", err.id);
	assert_string_equal("f.xml:1: the document is larger than 256 KiB", err.msg);
}

static void test_depth(void **state)
{
	ZL_AUTO(zl_mem) char *open_fits = repeat("", "<a>\n", ZL_XML_DEPTH_MAX, "");
	ZL_AUTO(zl_mem) char *fits = repeat(open_fits, "</a>", ZL_XML_DEPTH_MAX, "");
	ZL_AUTO(zl_mem) char *deep = repeat("", "<a>\n", 60000, "");
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL, *none = NULL;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, zl_xml_parse(fits, strlen(fits), "f.xml", &x, &err));
	assert_int_equal(-EBADMSG, parse_silently(deep, &none, &err));
	assert_string_equal("f.xml:65: elements are nested too deeply", err.msg);
}

/* More lines than a 16-bit line number holds. */
static void test_line_of_long_document(void **state)
{
	ZL_AUTO(zl_mem) char *text = repeat("<a>", "\n", 70000, "<b/></a>");
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;

	(void)state;
	assert_int_equal(0, zl_xml_parse(text, strlen(text), "f.xml", &x, NULL));
	assert_int_equal(70001, zl_xml_line(zl_xml_first(zl_xml_root(x), "b")));
}

static void test_file_in_messages(void **state)
{
	ZL_AUTO(zl_mem) char *path = repeat("/", "long/", 40, "web.xml");
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(-EBADMSG, zl_xml_parse("<a>", 3, path, &x, &err));
	assert_string_equal("web.xml:1", err.where);
	assert_int_equal(-EBADMSG, zl_xml_parse("<a>", 3, "a\nb\x1b[m", &x, &err));
	assert_string_equal("a b [m:1", err.where);
	assert_int_equal(-EBADMSG, zl_xml_parse("<a>", 3, NULL, &x, &err));
	assert_string_equal("xml:1", err.where);
}

/* A message that is cut must still be UTF-8. */
static void test_cut_message(void **state)
{
	ZL_AUTO(zl_mem) char *text = repeat("<a b='", "\xc3\xa9", 400, "'/>");
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_error err = { 0 };

	(void)state;
	for (int pad = 0; pad < 2; pad++) {
		zl_xml_free(zl_take_ptr(x));
		assert_int_equal(
			0, zl_xml_parse(text, strlen(text), "f.xml", &x, &err));
		assert_int_equal(-EBADMSG,
			zl_xml_fail(&err, x, zl_xml_root(x), "%s%s",
				pad == 0 ? "" : "x", zl_xml_attr(zl_xml_root(x), "b")));
		assert_true(xmlCheckUTF8((const unsigned char *)err.msg) == 1);
	}
}

static void test_getters(void **state)
{
	static const char text[] =
		"<r xmlns:z='urn:z' a='1&amp;2 &lt;&#10;&#233;' z:a='other'>\n"
		" <n>one</n><!-- no --><z:n>two</z:n>\n"
		" <n> th<!-- c -->re<![CDATA[<e>]]> </n><m/></r>";
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	const xmlNode *root, *n;
	char buf[8];

	(void)state;
	assert_int_equal(0, zl_xml_parse(text, strlen(text), "f.xml", &x, NULL));
	root = zl_xml_root(x);
	assert_true(zl_xml_is(root, "r"));
	assert_string_equal("1&2 <\n\xc3\xa9", zl_xml_attr(root, "a"));
	assert_null(zl_xml_attr(root, "b"));
	n = zl_xml_first(root, NULL);
	assert_string_equal("one", zl_xml_text(n));
	assert_int_equal(2, zl_xml_line(n));
	n = zl_xml_next(n, "n");
	assert_string_equal(" thre<e> ", zl_xml_text(n));
	assert_true(zl_xml_trim(zl_xml_text(n), buf, sizeof(buf)));
	assert_string_equal("thre<e>", buf);
	assert_false(zl_xml_trim(zl_xml_text(n), buf, sizeof(buf) - 1));
	assert_null(zl_xml_next(n, "n"));
	assert_string_equal("m", zl_xml_name(zl_xml_next(n, NULL)));
	n = zl_xml_first_ns(root, "urn:z", NULL);
	assert_string_equal("two", zl_xml_text(n));
	assert_false(zl_xml_is(n, "n"));
	assert_null(zl_xml_next_ns(n, "urn:z", "n"));
	assert_null(zl_xml_first_ns(root, "urn:y", "n"));
	assert_string_equal("one", zl_xml_child_text(root, "n"));
	assert_string_equal("", zl_xml_child_text(root, "m"));
	assert_null(zl_xml_child_text(root, "o"));
}

static void test_validate(void **state)
{
	static const char rng[] =
		"<element name='a' xmlns='http://relaxng.org/ns/structure/1.0'>"
		"<attribute name='b'><value>1</value></attribute></element>";
	static const char good[] = "<a b='1'/>", bad[] = "\n<a b='2'/>";
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL, *y = NULL;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, zl_xml_parse(good, strlen(good), "f.xml", &x, NULL));
	assert_int_equal(0, zl_xml_validate(x, rng, strlen(rng), &err));
	assert_int_equal(0, zl_xml_parse(bad, strlen(bad), "f.xml", &y, NULL));
	assert_int_equal(-EBADMSG, zl_xml_validate(y, rng, strlen(rng), &err));
	assert_string_equal("f.xml:2", err.where);
	assert_non_null(strstr(err.msg, "element 'a'"));
	assert_int_equal(-EINVAL, zl_xml_validate(x, rng, strlen(rng) - 1, NULL));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_line_of_long_document),
		cmocka_unit_test(test_file_in_messages),
		cmocka_unit_test(test_cut_message),
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_validate),
	};
	struct CMUnitTest tests[N_ITEMS(parse_cases) + N_ITEMS(others)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(parse_cases); i++)
		tests[i] = (struct CMUnitTest){ .name = parse_cases[i].name,
			.test_func = test_parse,
			.initial_state = &parse_cases[i] };
	memcpy(tests + N_ITEMS(parse_cases), others, sizeof(others));
	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
