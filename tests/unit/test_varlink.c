/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of Varlink messages, error names, and the interface description. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/control/fault.h"
#include "controller/control/methods.h"
#include "controller/control/varlink.h"

#define DESCRIPTION "docs/org.zonelock.Controller.varlink"

/* --- framing --- */

struct frame_case {
	const char *name;
	const char *bytes;
	size_t n;
	size_t most;
	int fill;     /* what zl_varlink_fill() gives; 1 for any number */
	int next;     /* what the first zl_varlink_next() gives */
	size_t count; /* of messages */
};

#define BYTES(s) s, sizeof(s) - 1

/* clang-format off */
static struct frame_case frame_cases[] = {
	{ "one message",             BYTES("{\"a\":1}\0"),            64, 1,        1, 1 },
	{ "two messages",            BYTES("{\"a\":1}\0{\"b\":2}\0"), 64, 1,        1, 2 },
	{ "half a message",          BYTES("{\"a\":1}"),              64, 1,        0, 0 },
	{ "one and a half",          BYTES("{\"a\":1}\0{\"b"),        64, 1,        1, 1 },
	{ "nothing",                 BYTES(""),                       64, -EAGAIN,  0, 0 },
	{ "an empty message",        BYTES("\0"),                     64, 1, -EBADMSG, 0 },
	{ "no JSON",                 BYTES("hello\0"),                64, 1, -EBADMSG, 0 },
	{ "an array",                BYTES("[1]\0"),                  64, 1, -EBADMSG, 0 },
	{ "a string",                BYTES("\"x\"\0"),                64, 1, -EBADMSG, 0 },
	{ "garbage behind",          BYTES("{} x\0"),                 64, 1, -EBADMSG, 0 },
	{ "the same key twice",      BYTES("{\"a\":1,\"a\":2}\0"),    64, 1, -EBADMSG, 0 },
	{ "a NUL in a string",       BYTES("{\"a\":\"\\u0000\"}\0"),  64, 1, -EBADMSG, 0 },
	{ "invalid UTF-8",           BYTES("{\"a\":\"\xff\"}\0"),     64, 1, -EBADMSG, 0 },
	{ "a number out of range",   BYTES("{\"a\":99999999999999999999}\0"), 64, 1, -EBADMSG, 0 },
	{ "as long as allowed",      BYTES("{\"a\":1}\0"),             7, 1,        1, 1 },
	{ "a byte too long",         BYTES("{\"a\":12}\0"),            7, -E2BIG,   0, 0 },
	{ "long without an end",     BYTES("{\"aaaaaaaaaaaaaaaa"),     7, -E2BIG,   0, 0 },
};
/* clang-format on */

static void test_frame(void **state)
{
	const struct frame_case *c = *state;
	struct zl_varlink_in in = { .most = c->most };
	size_t count = 0;
	int pair[2], r;
	json_t *message = NULL;

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (c->n > 0)
		assert_int_equal(c->n, write(pair[0], c->bytes, c->n));
	r = zl_varlink_fill(&in, pair[1]);
	assert_int_equal(c->fill, r > 0 ? 1 : r);
	if (r != -E2BIG) {
		r = zl_varlink_next(&in, &message, NULL);
		assert_int_equal(c->next, r);
		while (r == 1) {
			count++;
			json_decref(message);
			r = zl_varlink_next(&in, &message, NULL);
		}
		assert_int_equal(c->count, count);
	}
	zl_varlink_in_done(&in);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void test_end_of_stream(void **state)
{
	struct zl_varlink_in in = { .most = 64 };
	int pair[2];

	(void)state;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	(void)close(pair[0]);
	assert_int_equal(0, zl_varlink_fill(&in, pair[1]));
	(void)close(pair[1]);
	zl_varlink_in_done(&in);
}

/* The buffer is given back when nothing is left in it. */
static void test_idle_holds_nothing(void **state)
{
	struct zl_varlink_in in = { .most = 64 };
	json_t *message = NULL;
	int pair[2];

	(void)state;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	assert_int_equal(3, write(pair[0], "{}", 3));
	assert_int_equal(3, zl_varlink_fill(&in, pair[1]));
	assert_int_equal(1, zl_varlink_next(&in, &message, NULL));
	json_decref(message);
	assert_null(in.bytes);
	assert_int_equal(64, in.most);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void test_put(void **state)
{
	ZL_AUTO(zl_json) json_t *message = json_pack("{s:s}", "a", "b");
	struct zl_varlink_out out = { 0 };
	char got[16];
	int pair[2];

	(void)state;
	assert_int_equal(-E2BIG, zl_varlink_put(&out, message, 8));
	assert_false(zl_varlink_is_pending(&out));
	assert_int_equal(0, zl_varlink_put(&out, message, 9));
	assert_true(zl_varlink_is_pending(&out));
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	assert_int_equal(0, zl_varlink_flush(&out, pair[0]));
	assert_false(zl_varlink_is_pending(&out));
	assert_int_equal(10, read(pair[1], got, sizeof(got)));
	assert_memory_equal("{\"a\":\"b\"}", got, 10);
	(void)close(pair[1]);
	/* who is gone is an error, never a signal */
	assert_int_equal(0, zl_varlink_put(&out, message, 9));
	assert_int_equal(-EPIPE, zl_varlink_flush(&out, pair[0]));
	zl_varlink_out_done(&out);
	(void)close(pair[0]);
}

struct text_case {
	const char *name, *text, *want;
};

/* clang-format off */
static struct text_case text_cases[] = {
	{ "plain",               "web1",                "web1" },
	{ "empty",               "",                    "" },
	{ "UTF-8",               "b\xc3\xa4r \xe2\x82\xac \xf0\x9f\x90\xbb", "b\xc3\xa4r \xe2\x82\xac \xf0\x9f\x90\xbb" },
	{ "cut in a sequence",   "b\xc3",               "b?" },
	{ "a lone continuation", "\x80x",               "?x" },
	{ "overlong",            "\xc0\xaf",            "??" },
	{ "overlong, 3 bytes",   "\xe0\x80\xaf",        "???" },
	{ "a surrogate",         "\xed\xa0\x80",        "???" },
	{ "beyond Unicode",      "\xf4\x90\x80\x80",    "????" },
	{ "Latin-1",             "b\xe4r",              "b?r" },
};
/* clang-format on */

static void test_text(void **state)
{
	const struct text_case *c = *state;
	ZL_AUTO(zl_json) json_t *value = zl_varlink_text(c->text);

	assert_string_equal(c->want, json_string_value(value));
}

/* --- errors --- */

struct fault_case {
	const char *name; /* of the error, and the test */
	int code, back;
};

#define OURS "org.zonelock.Controller."

/* clang-format off */
static struct fault_case fault_cases[] = {
	{ OURS "NotFound",         -ENOENT,       -ENOENT },
	{ OURS "Refused",          -EPERM,        -EPERM },
	{ OURS "PermissionDenied", -EACCES,       -EACCES },
	{ OURS "Invalid",          -EINVAL,       -EINVAL },
	{ OURS "Invalid",          -EBADMSG,      -EINVAL },
	{ OURS "Invalid",          -EEXIST,       -EINVAL },
	{ OURS "Unreachable",      -EHOSTUNREACH, -EHOSTUNREACH },
	{ OURS "Unreachable",      -ETIMEDOUT,    -EHOSTUNREACH },
	{ OURS "Degraded",         -ESTALE,       -ESTALE },
	{ OURS "Failed",           -ENOSPC,       -EIO },
	{ OURS "Failed",           -ENOMEM,       -EIO },
};
/* clang-format on */

static void test_fault(void **state)
{
	const struct fault_case *c = *state;
	ZL_AUTO(zl_json) json_t *message = NULL;
	struct zl_error err, back;

	(void)zl_fail_id(&err, c->code, "some.id", "do this", "domain '%s'", "b\xe4r");
	assert_string_equal(c->name, zl_fault_name(c->code));
	message = zl_fault_message(&err);
	assert_string_equal(
		c->name, json_string_value(json_object_get(message, "error")));
	assert_int_equal(c->back, zl_fault_read(message, &back));
	assert_string_equal("some.id", back.id);
	assert_string_equal("domain 'b?r'", back.msg);
	assert_string_equal("do this", back.hint);
}

static void test_fault_where(void **state)
{
	ZL_AUTO(zl_json) json_t *message = NULL;
	struct zl_error err, back;

	(void)state;
	(void)zl_fail(&err, -EBADMSG, "element 'foo' is not allowed");
	zl_error_where(&err, "web.xml:3");
	message = zl_fault_message(&err);
	assert_int_equal(-EINVAL, zl_fault_read(message, &back));
	assert_string_equal("web.xml:3: element 'foo' is not allowed", back.msg);
}

/* Whatever a server says, a sentence comes out. */
static void test_fault_odd(void **state)
{
	static const char *const odd[] = { "{}", "{\"error\":7}",
		"{\"error\":\"com.example.Odd\",\"parameters\":[]}",
		"{\"error\":\"org.varlink.service.MethodNotFound\"}",
		"{\"error\":\"org.varlink.service.InvalidParameter\","
		"\"parameters\":{\"parameter\":\"ttl\"}}" };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(odd); i++) {
		ZL_AUTO(zl_json) json_t *message = json_loads(odd[i], 0, NULL);
		struct zl_error err = { 0 };

		assert_non_null(message);
		assert_true(zl_fault_read(message, &err) < 0);
		assert_true(err.msg[0] != '\0');
	}
}

/* --- the table and the description --- */

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZL_METHOD_N; i++) {
		const struct zl_method *m = &zl_methods[i];

		assert_non_null(m->name);
		assert_true(i == 0 || strcmp(zl_methods[i - 1].name, m->name) < 0);
		assert_true(m->access > ZL_ACCESS_NONE && m->access < ZL_ACCESS_N);
		assert_true(islower((unsigned char)m->summary[0]));
		assert_true(m->summary[strlen(m->summary) - 1] != '.');
		assert_ptr_equal(m, zl_methods_find(m->name));
		for (size_t j = 0; j < m->n_params; j++) {
			const struct zl_param *p = &m->params[j];

			assert_ptr_equal(p, zl_method_param(m, p->name));
			assert_true(islower((unsigned char)p->summary[0]));
			assert_true(p->choices == NULL || p->type == ZL_PARAM_STRING);
		}
	}
	assert_null(zl_methods_find("Nonsense"));
}

/* What changes something is not for viewers. */
static void test_table_access(void **state)
{
	static const char *const reading[] = { "List", "Show", "Dump", "Verify",
		"Diagnose", "DaemonStatus", "GetMetrics" };

	(void)state;
	for (size_t i = 0; i < ZL_METHOD_N; i++) {
		bool reads = false;

		for (size_t j = 0; j < N_ITEMS(reading); j++)
			reads = reads || strncmp(zl_methods[i].name, reading[j],
						 strlen(reading[j])) == 0;
		assert_int_equal(
			reads ? ZL_ACCESS_READ : ZL_ACCESS_ADMIN, zl_methods[i].access);
	}
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n = 0;

	assert_non_null(f);
	if (getdelim(&text, &n, '\0', f) < 0)
		fail_msg("%s is empty", path);
	(void)fclose(f);
	return text;
}

/* What was built in is what the file says; an old object file would not be. */
static void test_description_is_current(void **state)
{
	ZL_AUTO(zl_mem) char *text = read_file(DESCRIPTION);

	(void)state;
	assert_string_equal(text, zl_methods_description());
}

/* "xml: string, file: ?string" of a row, as the description writes it. */
static void format_params(const struct zl_method *m, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < m->n_params; i++) {
		const struct zl_param *p = &m->params[i];

		n += (size_t)snprintf(buf + n, size - n, "%s%s:%s%s", i == 0 ? "" : ",",
			p->name, p->required ? "" : "?", zl_param_type_name(p->type));
		assert_true(n < size);
	}
}

static void test_description_agrees(void **state)
{
	const char *at = zl_methods_description();
	size_t i = 0;

	(void)state;
	while ((at = strstr(at, "\nmethod ")) != NULL) {
		char name[64], got[512], want[512];
		size_t n = 0;

		at += strlen("\nmethod ");
		assert_int_equal(1, sscanf(at, "%63[A-Za-z]", name));
		at += strlen(name);
		assert_int_equal('(', *at++);
		for (; *at != ')' && n + 1 < sizeof(got); at++) {
			if (!isspace((unsigned char)*at))
				got[n++] = *at;
		}
		got[n] = '\0';
		assert_true(i < ZL_METHOD_N);
		assert_string_equal(zl_methods[i].name, name);
		format_params(&zl_methods[i], want, sizeof(want));
		assert_string_equal(want, got);
		i++;
	}
	assert_int_equal(ZL_METHOD_N, i);
}

/* Every error that we send is declared. */
static void test_description_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ITEMS(fault_cases); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "\nerror %s (",
			fault_cases[i].name + strlen(OURS));
		assert_non_null(strstr(zl_methods_description(), line));
	}
}

int main(void)
{
	enum {
		FRAMES = N_ITEMS(frame_cases),
		TEXTS = N_ITEMS(text_cases),
		FAULTS = N_ITEMS(fault_cases)
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_idle_holds_nothing),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_fault_where),
		cmocka_unit_test(test_fault_odd),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_access),
		cmocka_unit_test(test_description_is_current),
		cmocka_unit_test(test_description_agrees),
		cmocka_unit_test(test_description_errors),
	};
	static struct CMUnitTest tests[FRAMES + TEXTS + FAULTS + N_ITEMS(more)];
	size_t n = 0;

	for (size_t i = 0; i < FRAMES; i++)
		tests[n++] = (struct CMUnitTest){ .name = frame_cases[i].name,
			.test_func = test_frame,
			.initial_state = &frame_cases[i] };
	for (size_t i = 0; i < TEXTS; i++)
		tests[n++] = (struct CMUnitTest){ .name = text_cases[i].name,
			.test_func = test_text,
			.initial_state = &text_cases[i] };
	for (size_t i = 0; i < FAULTS; i++)
		tests[n++] = (struct CMUnitTest){ .name = fault_cases[i].name,
			.test_func = test_fault,
			.initial_state = &fault_cases[i] };
	for (size_t i = 0; i < N_ITEMS(more); i++)
		tests[n++] = more[i];
	return _cmocka_run_group_tests("varlink", tests, n, NULL, NULL);
}
