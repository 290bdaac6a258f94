/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow-decode, the built program: what it prints where, and what it ends with. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "tests/support/textfile.h"

#define CAPTURES  "tests/unit/data/captures/lab/"
#define SOFTFLOWD CAPTURES "softflowd-v9.pcap"

enum { FLOWS = 19, OPTIONS = 1, WORDS = 6, PCAP_HEADER = 24 };

struct outcome {
	char *out, *err;
	int code;
};

static char folder[] = "/tmp/zonelock-flow-XXXXXX";

static void path_of(const char *name, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", folder, name);
}

/* Open what the child has as descriptor `to`. */
static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(99);
}

/* zonelock flow-decode WORDS..., with `input` as standard input. */
static void run(const char *const *words, const char *input, struct outcome *ret)
{
	const char *b = getenv("B");
	char program[256], out[64], err[64];
	char *argv[WORDS + 3] = { program, strdup("flow-decode") };
	int status;
	pid_t pid;

	(void)snprintf(program, sizeof(program), "%s/bin/zonelock",
		b != NULL ? b : "build/debug");
	for (size_t i = 0; i < WORDS && words[i] != NULL; i++)
		argv[i + 2] = strdup(words[i]);
	path_of("out", out, sizeof(out));
	path_of("err", err, sizeof(err));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		redirect(input != NULL ? input : "/dev/null", O_RDONLY, 0);
		redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
		redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2);
		(void)execv(program, argv);
		_exit(99);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	ret->code = WEXITSTATUS(status);
	ret->out = textfile_read(out);
	ret->err = textfile_read(err);
	for (size_t i = 1; argv[i] != NULL; i++)
		free(argv[i]);
}

static void done(struct outcome *o)
{
	free(o->out);
	free(o->err);
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* --- table: words, and what comes --- */

struct decode_case {
	const char *name;
	const char *words[WORDS];
	const char *input;
	int code;
	size_t lines, options;
	const char *err; /* all of it */
};

/* clang-format off */
static struct decode_case cases[] = {
	{ .name = "a capture", .words = { SOFTFLOWD }, .lines = FLOWS, .err = "{}\n" },
	{ .name = "with options", .words = { SOFTFLOWD, "--options" },
	  .lines = FLOWS + OPTIONS, .options = OPTIONS, .err = "{}\n" },
	{ .name = "standard input", .words = { "-" }, .input = SOFTFLOWD, .lines = FLOWS, .err = "{}\n" },
	{ .name = "a further port", .words = { "--port", "9995=ipfix", SOFTFLOWD }, .lines = FLOWS, .err = "{}\n" },
	{ .name = "IPFIX to NetFlow's port", .words = { CAPTURES "softflowd-ipfix.pcap" }, .lines = FLOWS, .err = "{}\n" },
	{ .name = "NetFlow to a port for IPFIX", .words = { SOFTFLOWD, "--port", "2055=ipfix" }, .lines = FLOWS, .err = "{}\n" },
	{ .name = "data without template", .words = { CAPTURES "ovs-ipfix.pcap", "-q" },
	  .lines = 8, .err = "{\"template_unknown\":30}\n" },
	{ .name = "not a port", .words = { SOFTFLOWD, "--port", "0=netflow" }, .code = 2,
	  .err = "error: port '0=netflow': not PORT=PROTOCOL with a port of 1 to 65535\n"
		 "hint: write it like 9995=netflow\n" },
	{ .name = "not a protocol", .words = { SOFTFLOWD, "--port=2055=netflo" }, .code = 2,
	  .err = "error: port '2055=netflo': the protocol is one of netflow, ipfix, sflow\n" },
	{ .name = "no file named", .words = { "--options" }, .code = 2,
	  .err = "error: command 'flow-decode' needs <file>\nhint: see: zonelock help flow-decode\n" },
	{ .name = "no such file", .words = { "/nonexistent/x.pcap" }, .code = 1,
	  .err = "error: /nonexistent/x.pcap: No such file or directory\n" },
	{ .name = "not a capture", .words = { "README.md" }, .code = 1,
	  .err = "error: README.md: not a capture: unknown file format\nhint: pcap and pcapng can be read\n" },
	{ .name = "a folder", .words = { "docs" }, .code = 1,
	  .err = "error: docs: not a capture: error reading dump file: Is a directory\nhint: pcap and pcapng can be read\n" },
	{ .name = "nothing on standard input", .words = { "-" }, .code = 1,
	  .err = "error: standard input: not a capture: truncated dump file; tried to read 4 file header bytes, only got 0\n"
		 "hint: pcap and pcapng can be read\n" },
};
/* clang-format on */

static void test_case(void **state)
{
	const struct decode_case *c = *state;
	struct outcome o;

	run(c->words, c->input, &o);
	assert_string_equal(c->err, o.err);
	assert_int_equal(c->code, o.code);
	assert_int_equal(c->lines, count_of(o.out, "\n"));
	assert_int_equal(c->options, count_of(o.out, "\"options\":true"));
	done(&o);
}

/* --- captures made wrong --- */

/* A copy of the capture with one change; its name, which is static. */
static const char *copy_capture(const char *from, size_t cut, uint16_t port)
{
	static char path[64];
	static uint8_t bytes[1 << 20];
	ZL_AUTO(zl_file) FILE *in = fopen(from, "re");
	ZL_AUTO(zl_file) FILE *to = NULL;
	size_t n;

	assert_non_null(in);
	n = fread(bytes, 1, sizeof(bytes), in) - cut;
	/* Ethernet and IPv4 without options: the destination port of every packet */
	for (size_t at = PCAP_HEADER; port != 0 && at + 16 + 38 <= n;) {
		uint32_t length;

		memcpy(&length, bytes + at + 8, sizeof(length));
		bytes[at + 16 + 36] = (uint8_t)(port >> 8);
		bytes[at + 16 + 37] = (uint8_t)port;
		at += 16 + length;
	}
	path_of("x.pcap", path, sizeof(path));
	to = fopen(path, "we");
	assert_non_null(to);
	assert_int_equal(n, fwrite(bytes, 1, n, to));
	return path;
}

static void test_cut(void **state)
{
	const char *path = copy_capture(CAPTURES "pmacctd-ipfix-cached.pcap", 20, 0);
	const char *words[WORDS] = { path };
	struct outcome whole, o;
	char want[128];

	(void)state;
	run((const char *const[WORDS]){ CAPTURES "pmacctd-ipfix-cached.pcap" }, NULL,
		&whole);
	run(words, NULL, &o);
	assert_int_equal(1, o.code);
	/* what came before stands, and is the same */
	assert_true(strlen(o.out) < strlen(whole.out) && o.out[0] == '{');
	assert_memory_equal(whole.out, o.out, strlen(o.out));
	(void)snprintf(
		want, sizeof(want), "{}\nerror: %s: cannot be read after ", path);
	assert_memory_equal(want, o.err, strlen(want));
	assert_int_equal(2, count_of(o.err, "\n"));
	done(&whole);
	done(&o);
}

static void test_other_port(void **state)
{
	const char *path = copy_capture(SOFTFLOWD, 0, 9995);
	struct outcome o;

	(void)state;
	run((const char *const[WORDS]){ path }, NULL, &o);
	assert_int_equal(0, o.code);
	assert_string_equal("", o.out);
	assert_memory_equal("{\"packet_other_port\":", o.err, 21);
	done(&o);
	run((const char *const[WORDS]){ path, "--port", "9996=ipfix", "--port",
		    "9995=netflow" },
		NULL, &o);
	assert_int_equal(0, o.code);
	assert_int_equal(FLOWS, count_of(o.out, "\n"));
	assert_string_equal("{}\n", o.err);
	done(&o);
}

/* From a pipe whose writer goes on: what has come is printed, not kept. */
static void test_stream(void **state)
{
	static uint8_t bytes[1 << 16];
	ZL_AUTO(zl_file) FILE *f = fopen(SOFTFLOWD, "re");
	const char *b = getenv("B");
	char program[256], command[] = "flow-decode", dash[] = "-", got[16];
	char *argv[] = { program, command, dash, NULL };
	struct pollfd out = { .events = POLLIN };
	int in[2], to[2], status;
	size_t n;
	pid_t pid;

	(void)state;
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	(void)snprintf(program, sizeof(program), "%s/bin/zonelock",
		b != NULL ? b : "build/debug");
	assert_int_equal(0, pipe2(in, O_CLOEXEC));
	assert_int_equal(0, pipe2(to, O_CLOEXEC));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(in[0], 0) < 0 || dup2(to[1], 1) < 0)
			_exit(99);
		redirect("/dev/null", O_WRONLY, 2);
		(void)execv(program, argv);
		_exit(99);
	}
	assert_int_equal(n, write(in[1], bytes, n));
	out.fd = to[0];
	assert_int_equal(1, poll(&out, 1, 20000));
	assert_true(read(to[0], got, sizeof(got)) == sizeof(got));
	assert_memory_equal("{\"exporter\":", got, 12);
	(void)close(in[0]);
	(void)close(in[1]);
	(void)close(to[0]); /* who does not read on ends it */
	(void)close(to[1]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
}

static void test_members(void **state)
{
	const char *words[WORDS] = { CAPTURES "ovs-v5.pcap" };
	struct outcome o;
	json_t *first;

	(void)state;
	run(words, NULL, &o);
	first = json_loads(o.out, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(first);
	assert_string_equal(
		"127.0.0.1", json_string_value(json_object_get(first, "exporter")));
	assert_int_equal(5, json_integer_value(json_object_get(first, "ver")));
	assert_non_null(json_object_get(first, "src"));
	assert_non_null(json_object_get(first, "first_ms"));
	/* v5 has none of these */
	assert_null(json_object_get(first, "odid"));
	assert_null(json_object_get(first, "tmpl"));
	assert_null(json_object_get(first, "vlan"));
	assert_null(json_object_get(first, "rev_bytes"));
	json_decref(first);
	done(&o);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "out", "err", "x.pcap" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < N_ITEMS(names); i++) {
		path_of(names[i], path, sizeof(path));
		(void)unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases) + 4] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_stream),
	};

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i + 4] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name(
		"flow_decode", tests, make_folder, remove_folder);
}
