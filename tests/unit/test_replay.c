/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay, the built programs: what the lab's captures come to with a lock that they break. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "tests/support/textfile.h"

#define CAPTURES  "tests/unit/data/captures/lab/"
#define IMMEDIATE CAPTURES "pmacctd-ipfix-immediate.pcap"

enum { WORDS = 12, RECORDS = 38, SECONDS_MAX = 60 };

#define DOMAIN(name, last, tap, more)                                                  \
	"<domain type='kvm'><name>" name "</name>"                                     \
	"<uuid>bbbbbbbb-0000-4000-8000-00000000000" last "</uuid>"                     \
	"<memory>8192</memory>" more "<os><type>hvm</type></os><devices>"              \
	"<interface type='bridge'><mac address='52:54:00:00:00:0" last "'/>"           \
	"<source bridge='br0'/><target dev='" tap "'/></interface></devices></domain>"

static char folder[] = "/tmp/zonelock-replaytest-XXXXXX";

/* What the setup holds; %s is the folder. */
static const struct {
	const char *name, *text;
} files[] = {
	{ "setup/node.xml",
		"<node>" DOMAIN("web1", "5", "vnet0", "") DOMAIN("db1", "7", "vnet1",
			"<metadata><zonelock:domain xmlns:zonelock="
			"'http://zonelock.org/xmlns/libvirt/domain/1'>"
			"<zonelock:nic mac='52:54:00:00:00:07'>"
			"<zonelock:address>10.0.0.7</zonelock:address>"
			"<zonelock:address>fd00::7</zonelock:address>"
			"</zonelock:nic></zonelock:domain></metadata>") "</node>" },
	{ "setup/a.xml",
		"<!-- first by name, last to be defined -->\n<host><name>hv1</name>"
		"<libvirt uri='test://%s/setup/node.xml'/>"
		"<agent address='unix://%s/agent.sock'/>"
		"<exporter address='172.31.0.1' interfaces='ifindex' "
		"sampling='1'/></host>" },
	{ "setup/lock.xml",
		"<lock><name>db-lock</name><zone>db</zone><mode>enforce</mode>"
		"<inbound default='deny'>"
		"<allow from='web' protocol='tcp' ports='5432'/></inbound>"
		"<response action='quarantine' grade='strict' ttl='600'/></lock>" },
	{ "setup/web.xml", "<zone><name>web</name><members><domain name='web*'/>"
			   "</members></zone>" },
	{ "setup/db.xml", "<zone><name>db</name><members><domain name='db*'/>"
			  "</members></zone>" },
	{ "setup/hv1.links.json",
		"[{\"ifindex\":1,\"ifname\":\"lo\",\"address\":\"00:00:00:00:00:00\"},"
		"{\"ifindex\":6,\"ifname\":\"vnet0\",\"master\":\"br0\","
		"\"address\":\"fe:54:00:00:00:05\"},"
		"{\"ifindex\":5,\"ifname\":\"vnet1\",\"master\":\"br0\","
		"\"address\":\"fe:54:00:00:00:07\"}]" },
	{ "wrong/x.xml", "<domain><name>x</name></domain>" },
	{ "invalid/x.xml", "<zone><name>x</name><member/></zone>" },
};

struct outcome {
	char *out, *err;
	json_t *doc; /* of out, with --json */
	int code;
};

static const char *path_of(const char *name, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", folder, name);
	return buf;
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(99);
}

/* zonelock replay WORDS..., "@x" for a path in our folder. */
static pid_t begin(const char *const *words, int input)
{
	const char *b = getenv("B");
	char program[256], out[64], err[64], paths[WORDS][64];
	char *argv[WORDS + 3] = { program, strdup("replay") };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		free(argv[1]);
		return pid;
	}
	(void)snprintf(program, sizeof(program), "%s/bin/zonelock",
		b != NULL ? b : "build/debug");
	for (size_t i = 0; i < WORDS && words[i] != NULL; i++)
		if (words[i][0] == '@') {
			(void)path_of(words[i] + 1, paths[i], sizeof(paths[i]));
			argv[i + 2] = paths[i];
		} else {
			argv[i + 2] = strdup(words[i]);
		}
	if (input >= 0 && dup2(input, 0) < 0)
		_exit(99);
	redirect(path_of("out", out, sizeof(out)), O_WRONLY | O_CREAT | O_TRUNC, 1);
	redirect(path_of("err", err, sizeof(err)), O_WRONLY | O_CREAT | O_TRUNC, 2);
	(void)alarm(SECONDS_MAX);
	(void)execv(program, argv);
	_exit(99);
}

static void finish(pid_t pid, struct outcome *ret)
{
	char path[64];
	int status;

	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	ret->code = WEXITSTATUS(status);
	ret->out = textfile_read(path_of("out", path, sizeof(path)));
	ret->err = textfile_read(path_of("err", path, sizeof(path)));
	ret->doc = json_loads(ret->out, 0, NULL);
}

static void run(const char *const *words, const char *input, struct outcome *ret)
{
	int fd = open(input == NULL ? "/dev/null" : input, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	finish(begin(words, fd), ret);
	(void)close(fd);
}

static void done(struct outcome *o)
{
	json_decref(o->doc);
	free(o->out);
	free(o->err);
}

static json_int_t number(const struct outcome *o, const char *key)
{
	return json_integer_value(json_object_get(o->doc, key));
}

/* All records were judged; the breach is there, and nobody was touched for it. */
static void check_whole(const struct outcome *o)
{
	json_t *incidents = json_object_get(o->doc, "incidents"), *i;

	assert_string_equal("", o->err);
	assert_int_equal(0, o->code);
	assert_true(json_is_true(json_object_get(o->doc, "complete")));
	assert_int_equal(RECORDS, number(o, "records"));
	assert_int_equal(RECORDS,
		number(o, "allowed") + number(o, "denied") + number(o, "no_lock"));
	assert_true(number(o, "allowed") > 0 && number(o, "denied") > 0);
	assert_int_equal(1, json_array_size(incidents));
	i = json_array_get(incidents, 0);
	assert_string_equal("web1", json_string_value(json_object_get(i, "domain")));
	assert_string_equal("db-lock", json_string_value(json_object_get(i, "lock")));
	assert_string_equal("alert", json_string_value(json_object_get(i, "decision")));
	assert_string_equal("would be quarantine, as lock 'db-lock' asks for it, but "
			    "this is a replay",
		json_string_value(json_object_get(i, "decision_reason")));
	assert_string_equal("", json_string_value(json_object_get(i, "lease")));
}

/* The same to the last byte at any speed, and from a pipe or a file but for the name. */
static void test_speeds(void **state)
{
	struct outcome fast, paced;

	(void)state;
	run((const char *const[WORDS]){ IMMEDIATE, "--setup", "@setup", "--json" },
		NULL, &fast);
	run((const char *const[WORDS]){ IMMEDIATE, "--setup", "@setup", "--json",
		    "--speed", "capture" },
		NULL, &paced);
	check_whole(&fast);
	check_whole(&paced);
	assert_string_equal(fast.out, paced.out);
	done(&fast);
	done(&paced);
}

static void test_stdin(void **state)
{
	struct outcome o;

	(void)state;
	run((const char *const[WORDS]){ "-", "--setup", "@setup", "--json" }, IMMEDIATE,
		&o);
	check_whole(&o);
	assert_string_equal(
		"standard input", json_string_value(json_object_get(o.doc, "capture")));
	done(&o);
}

/* What flow-decode prints of it is what the engine took. */
static void test_records(void **state)
{
	static const char *const captures[] = { CAPTURES "pmacctd-v9-cached.pcap",
		CAPTURES "pmacctd-v5-cached.pcap",
		CAPTURES "pmacctd-ipfix-cached.pcap" };
	const char *b = getenv("B");

	(void)state;
	for (size_t i = 0; i < N_ITEMS(captures); i++) {
		char command[256];
		struct outcome o;
		json_int_t n = 0;
		FILE *p;

		(void)snprintf(command, sizeof(command),
			"%s/bin/zonelock flow-decode %s 2>/dev/null",
			b != NULL ? b : "build/debug", captures[i]);
		p = popen(command, "re");
		assert_non_null(p);
		for (int c; (c = fgetc(p)) != EOF;)
			n += c == '\n';
		assert_int_equal(0, pclose(p));
		run((const char *const[WORDS]){ captures[i], "--setup", "@setup",
			    "--json" },
			NULL, &o);
		assert_int_equal(0, o.code);
		assert_true(n > 0);
		assert_int_equal(n, number(&o, "records"));
		done(&o);
	}
}

static void test_database(void **state)
{
	const char *const words[WORDS] = { IMMEDIATE, "--setup", "@setup", "--json",
		"--state-directory", "@state" };
	struct outcome o;
	struct stat st;
	char path[64];

	(void)state;
	run(words, NULL, &o);
	check_whole(&o);
	done(&o);
	assert_int_equal(
		0, stat(path_of("state/zonelock.db", path, sizeof(path)), &st));
	assert_int_equal(0600, st.st_mode & 07777);
	run(words, NULL, &o);
	assert_int_equal(1, o.code);
	assert_string_equal("", o.out);
	assert_non_null(strstr(o.err, "a replay goes into a database of its own\n"));
	done(&o);
}

/* A pipe whose writer goes on: a Ctrl-C ends it, and says what there was. */
static void test_interrupted(void **state)
{
	static uint8_t bytes[1 << 16];
	ZL_AUTO(zl_file) FILE *f = fopen(IMMEDIATE, "re");
	struct outcome o;
	int fd[2];
	size_t n;
	pid_t pid;

	(void)state;
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	assert_int_equal(0, pipe2(fd, O_CLOEXEC));
	pid = begin((const char *const[WORDS]){ "-", "--setup", "@setup" }, fd[0]);
	assert_int_equal(n, write(fd[1], bytes, n));
	(void)sleep(3);
	assert_int_equal(0, kill(pid, SIGINT));
	finish(pid, &o);
	(void)close(fd[0]);
	(void)close(fd[1]);
	assert_int_equal(1, o.code);
	assert_string_equal(
		"error: interrupted: what came before has been replayed\n", o.err);
	assert_non_null(strstr(o.out, "\n 1    web1     hv1    db-lock "));
	done(&o);
}

static void test_cut(void **state)
{
	static uint8_t bytes[1 << 16];
	ZL_AUTO(zl_file) FILE *in = fopen(IMMEDIATE, "re");
	ZL_AUTO(zl_file) FILE *to = NULL;
	struct outcome o;
	char path[64];
	size_t n;

	(void)state;
	assert_non_null(in);
	n = fread(bytes, 1, sizeof(bytes), in) - 20;
	to = fopen(path_of("cut.pcap", path, sizeof(path)), "we");
	assert_non_null(to);
	assert_int_equal(n, fwrite(bytes, 1, n, to));
	assert_int_equal(0, fflush(to));
	run((const char *const[WORDS]){ "@cut.pcap", "--setup", "@setup", "--json" },
		NULL, &o);
	assert_int_equal(1, o.code);
	assert_true(json_is_false(json_object_get(o.doc, "complete")));
	assert_true(number(&o, "records") > 0 && number(&o, "records") < RECORDS);
	assert_non_null(strstr(o.err, "cut.pcap: cannot be read after 12 packets: "));
	done(&o);
}

/* --- table: what is refused --- */

struct refused_case {
	const char *name;
	const char *words[WORDS];
	int code;
	const char *err; /* part of it */
};

/* clang-format off */
static struct refused_case refused_cases[] = {
	{ "no file named", { "--speed", "max" }, 2, "error: command 'replay' needs <file>\n" },
	{ "no such speed", { IMMEDIATE, "--speed", "fast" }, 2, "error: speed 'fast': must be one of capture, max\n" },
	{ "not a port", { IMMEDIATE, "--port", "0=netflow" }, 2, "error: port '0=netflow': " },
	{ "no such file", { "/nonexistent/x.pcap" }, 1, "error: /nonexistent/x.pcap: No such file or directory\n" },
	{ "a folder", { "docs" }, 1, "error: docs: Is a directory\n" },
	{ "not a capture", { "README.md" }, 1, "error: README.md: not a capture: unknown file format\n" },
	{ "nothing", { "-" }, 1, "error: standard input: not a capture: truncated dump file" },
	{ "no such setup", { IMMEDIATE, "--setup", "/nonexistent" }, 1, "error: the folder '/nonexistent': No such file or directory\n" },
	{ "a setup of something else", { IMMEDIATE, "--setup", "@wrong" }, 1, "/wrong/x.xml' is neither a host nor a zone nor a lock\n" },
	{ "an invalid setup", { IMMEDIATE, "--setup", "@invalid" }, 1, "/invalid/x.xml" },
};
/* clang-format on */

static void test_refused(void **state)
{
	const struct refused_case *c = *state;
	struct outcome o;

	run(c->words, NULL, &o);
	assert_int_equal(c->code, o.code);
	assert_string_equal("", o.out);
	assert_memory_equal("error: ", o.err, 7);
	if (strstr(o.err, c->err) == NULL)
		fail_msg("%s", o.err);
	done(&o);
}

static int make_folder(void **state)
{
	static const char *const folders[] = { "", "setup", "wrong", "invalid" };
	char path[96];

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < N_ITEMS(folders); i++) {
		(void)mkdir(path_of(folders[i], path, sizeof(path)), 0755);
		(void)chmod(path, 0755);
	}
	for (size_t i = 0; i < N_ITEMS(files); i++) {
		const char *at = files[i].text, *mark;
		FILE *f = fopen(path_of(files[i].name, path, sizeof(path)), "we");

		if (f == NULL)
			return -1;
		for (; (mark = strstr(at, "%s")) != NULL; at = mark + 2)
			(void)fprintf(f, "%.*s%s", (int)(mark - at), at, folder);
		(void)fputs(at, f);
		(void)fclose(f);
		(void)chmod(path, 0644);
	}
	return 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	enum { OTHERS = 6 };
	struct CMUnitTest tests[OTHERS + N_ITEMS(refused_cases)] = {
		cmocka_unit_test(test_speeds),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_database),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_cut),
	};

	for (size_t i = 0; i < N_ITEMS(refused_cases); i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = refused_cases[i].name,
			.test_func = test_refused,
			.initial_state = &refused_cases[i] };
	return cmocka_run_group_tests_name("replay", tests, make_folder, remove_folder);
}
