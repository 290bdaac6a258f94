/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the zonelock command prints and exits with, against a real control server whose
 * answers are the files tests/unit/data/cli/NAME.json.
 *
 * The expected output of the case "x" is tests/unit/data/cli/x.txt; ZL_GOLDEN_UPDATE=1
 * rewrites these files, and the difference is what a reviewer reads.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/cli/cli.h"
#include "controller/control/control.h"
#include "controller/control/varlink.h"

#define DATA "tests/unit/data/cli/"
#define DEAD "/nonexistent/zonelock.sock"
#define ECHO "echo"

/* 2026-11-23T21:00:00Z */
static const struct zl_wall now = { INT64_C(1795467600000000) };

enum { WORDS = 9 };

struct cli_case {
	const char *name;
	const char *words[WORDS];
	const char *reply; /* a file, or ECHO: what was called with which parameters */
	int want;	   /* exit code */
	int code;	   /* what the handler fails with, 0: it answers */
	const char *message, *hint;
	const char *input; /* standard input */
};

/* The handler answers with a file. */
#define ANSWERED(name_, want_, reply_, ...)                                            \
	{                                                                              \
		.name = name_, .want = want_, .reply = reply_, .words = {              \
			__VA_ARGS__                                                    \
		}                                                                      \
	}

/* The handler fails. */
#define FAILS(name_, want_, code_, message_, hint_, ...)                               \
	{                                                                              \
		.name = name_, .want = want_, .code = code_, .message = message_,      \
		.hint = hint_, .words = {                                              \
			__VA_ARGS__                                                    \
		}                                                                      \
	}

/* It does not come to a call. */
#define LOCAL(name_, want_, ...)                                                       \
	{                                                                              \
		.name = name_, .want = want_, .words = { __VA_ARGS__ }                 \
	}

/* clang-format off */
static struct cli_case cases[] = {
	/* readers: text */
	ANSWERED("host-list", ZL_EXIT_OK, "ListHosts.json", "host-list"),
	ANSWERED("host-doctor", ZL_EXIT_DEGRADED, "DiagnoseHost.json", "host-doctor", "hv1"),
	ANSWERED("host-doctor-ok", ZL_EXIT_OK, "DiagnoseHost_ok.json", "host-doctor", "hv1"),
	ANSWERED("host-exporter", ZL_EXIT_OK, "DumpHost.json", "host-exporter", "hv1", "--show", "--collector", "10.0.0.1:2055"),
	ANSWERED("host-exporter-ipv6", ZL_EXIT_OK, "DumpHost.json",
		"host-exporter", "hv1", "--show", "--collector=fd00::1", "--bridge=ovs-lan"),
	ANSWERED("host-exporter-no-show", ZL_EXIT_USAGE, "DumpHost.json", "host-exporter", "hv1"),
	ANSWERED("host-exporter-no-collector", ZL_EXIT_USAGE, "DumpHost.json", "host-exporter", "hv1", "--show"),
	ANSWERED("host-exporter-wildcard", ZL_EXIT_USAGE, "DumpHost.json",
		"host-exporter", "hv1", "--show", "--collector", "0.0.0.0:4739"),
	ANSWERED("host-exporter-bridge", ZL_EXIT_USAGE, "DumpHost.json",
		"host-exporter", "hv1", "--show", "--collector", "10.0.0.1", "--bridge", "br0;reboot"),
	ANSWERED("domain-list", ZL_EXIT_OK, "ListDomains.json", "domain-list"),
	ANSWERED("domain-info", ZL_EXIT_OK, "ShowDomain.json", "domain-info", "web1"),
	ANSWERED("zone-list", ZL_EXIT_OK, "ListZones.json", "zone-list"),
	ANSWERED("lock-list", ZL_EXIT_OK, "ListLocks.json", "lock-list"),
	ANSWERED("flow-list", ZL_EXIT_OK, "ListFlows.json", "flow-list"),
	ANSWERED("incident-list", ZL_EXIT_OK, "ListIncidents.json", "incident-list"),
	ANSWERED("incident-show", ZL_EXIT_OK, "ShowIncident.json", "incident-show", "1"),
	ANSWERED("mitigation-list", ZL_EXIT_OK, "ListMitigations.json", "mitigation-list"),
	ANSWERED("mitigation-show", ZL_EXIT_OK, "ShowMitigation.json",
		"mitigation-show", "dddddddd-0000-4000-8000-000000000001"),
	ANSWERED("audit-list", ZL_EXIT_OK, "ListAudit.json", "audit-list"),
	ANSWERED("audit-show", ZL_EXIT_OK, "ShowAudit.json", "audit-show", "2"),
	ANSWERED("audit-show-object", ZL_EXIT_OK, "ShowAudit_object.json", "audit-show", "3"),
	ANSWERED("audit-verify", ZL_EXIT_OK, "verified.json", "audit-verify"),
	ANSWERED("audit-verify-broken", ZL_EXIT_AUDIT_BROKEN, "verified_broken.json", "audit-verify"),
	ANSWERED("exporter-list", ZL_EXIT_OK, "ListExporters.json", "exporter-list"),
	ANSWERED("address-who", ZL_EXIT_OK, "ShowAddress.json", "address-who", "10.0.0.5"),
	ANSWERED("address-who-truncated", ZL_EXIT_OK, "ShowAddress_truncated.json", "address-who", "10.0.0.5"),
	ANSWERED("exporter-show", ZL_EXIT_OK, "ShowExporter.json", "exporter-show", "172.31.0.2"),
	ANSWERED("daemon-status", ZL_EXIT_OK, "DaemonStatus.json", "daemon-status"),
	ANSWERED("metrics", ZL_EXIT_OK, "GetMetrics.json", "metrics"),
	ANSWERED("json-metrics", ZL_EXIT_OK, "GetMetrics.json", "metrics", "--json"),
	ANSWERED("zone-dumpxml", ZL_EXIT_OK, "dumped.json", "zone-dumpxml", "db"),
	ANSWERED("nothing-to-list", ZL_EXIT_OK, "empty.json", "zone-list"),
	ANSWERED("quiet-list", ZL_EXIT_OK, "ListZones.json", "-q", "zone-list"),
	ANSWERED("quiet-after", ZL_EXIT_OK, "ListZones.json", "zone-list", "--quiet"),

	/* readers: JSON */
	ANSWERED("json-domain-list", ZL_EXIT_OK, "ListDomains.json", "domain-list", "--json"),
	ANSWERED("json-zone-dumpxml", ZL_EXIT_OK, "dumped.json", "zone-dumpxml", "db", "--json"),
	ANSWERED("json-audit-verify-broken", ZL_EXIT_AUDIT_BROKEN, "verified_broken.json", "audit-verify", "--json"),
	ANSWERED("json-before", ZL_EXIT_OK, "verified.json", "--json", "audit-verify"),

	/* writers */
	ANSWERED("zone-define", ZL_EXIT_OK, "defined.json", "zone-define", DATA "zone.xml"),
	ANSWERED("zone-redefine", ZL_EXIT_OK, "redefined.json", "zone-define", "--file=" DATA "zone.xml"),
	{ .name = "zone-define-stdin", .words = { "zone-define", "-" }, .reply = "defined.json", .input = "<zone/>" },
	ANSWERED("zone-define-quiet", ZL_EXIT_OK, "defined.json", "zone-define", DATA "zone.xml", "-q"),
	ANSWERED("zone-undefine", ZL_EXIT_OK, "empty.json", "zone-undefine", "db"),
	ANSWERED("lock-mode", ZL_EXIT_OK, "SetLockMode.json", "lock-mode", "db-lock", "monitor"),
	ANSWERED("domain-set-forwarding", ZL_EXIT_OK, "SetForwarding.json", "domain-set-forwarding", "web1", "on"),
	ANSWERED("domain-set-forwarding-still", ZL_EXIT_OK, "SetForwarding.json", "domain-set-forwarding", "web1", "off"),
	ANSWERED("params-set-forwarding", ZL_EXIT_OK, ECHO, "domain-set-forwarding", "hv1/web1", "off", "--json"),
	LOCAL("bad-forwarding", ZL_EXIT_USAGE, "domain-set-forwarding", "web1", "maybe"),
	ANSWERED("quarantine", ZL_EXIT_OK, "quarantine_applied.json", "quarantine", "web1"),
	ANSWERED("quarantine-degraded", ZL_EXIT_DEGRADED, "quarantine_degraded.json", "quarantine", "web1"),
	ANSWERED("quarantine-pending", ZL_EXIT_UNREACHABLE, "quarantine_pending.json", "quarantine", "web1"),
	ANSWERED("quarantine-failed", ZL_EXIT_FAILURE, "quarantine_failed.json", "quarantine", "web1"),
	ANSWERED("quarantine-json", ZL_EXIT_DEGRADED, "quarantine_degraded.json", "quarantine", "web1", "--json"),
	ANSWERED("release", ZL_EXIT_OK, "released.json", "release", "web1"),
	ANSWERED("release-none", ZL_EXIT_OK, "released_none.json", "release", "web1"),
	ANSWERED("release-pending", ZL_EXIT_UNREACHABLE, "releasing.json", "release", "web1"),

	/* what is asked */
	ANSWERED("params-quarantine", ZL_EXIT_OK, ECHO,
		"quarantine", "hv1/web1", "--strict", "--ttl", "15m", "--reason=looks odd", "--backend", "nwfilter", "--json"),
	ANSWERED("params-forensic", ZL_EXIT_OK, ECHO, "quarantine", "--forensic", "web1", "--json"),
	ANSWERED("params-named", ZL_EXIT_OK, ECHO,
		"quarantine", "--domain", "--odd", "--ttl=0", "--json"),
	ANSWERED("params-dashes", ZL_EXIT_OK, ECHO, "--json", "domain-info", "--", "--odd"),
	ANSWERED("params-flow-list", ZL_EXIT_OK, ECHO,
		"flow-list", "--limit", "5", "--domain=web1", "--json"),
	ANSWERED("params-all", ZL_EXIT_OK, ECHO, "mitigation-list", "--all", "--json"),
	ANSWERED("params-define", ZL_EXIT_OK, ECHO, "lock-define", DATA "zone.xml", "--json"),
	ANSWERED("params-address-who", ZL_EXIT_OK, ECHO,
		"address-who", "fd00::5", "--at", "2026-11-23T20:04:05Z", "--json"),
	ANSWERED("params-host-exporter", ZL_EXIT_USAGE, ECHO,
		"host-exporter", "hv1", "--bridge", "br1", "--json"),
	ANSWERED("params-lock-mode", ZL_EXIT_OK, ECHO, "lock-mode", "db-lock", "enforce", "--json"),

	/* errors of the daemon */
	FAILS("not-found", ZL_EXIT_NOT_FOUND, -ENOENT,
		"no zone 'nope'", "see: zonelock zone-list",
		"zone-dumpxml", "nope"),
	FAILS("refused", ZL_EXIT_REFUSED, -EPERM,
		"domain 'web1' is on the never-touch list of host 'hv1'", "",
		"quarantine", "web1"),
	FAILS("unreachable", ZL_EXIT_UNREACHABLE, -EHOSTUNREACH,
		"host 'hv1' cannot be reached now: connection refused", "",
		"quarantine", "web1"),
	FAILS("degraded", ZL_EXIT_DEGRADED, -ESTALE,
		"somebody else changed the table", "",
		"release", "web1"),
	FAILS("invalid", ZL_EXIT_FAILURE, -EBADMSG,
		"zone.xml:1: element 'zone' lacks 'members'", "",
		"zone-define", DATA "zone.xml"),
	FAILS("failed", ZL_EXIT_FAILURE, -ENOSPC,
		"the disk of /var/lib/zonelock/zonelock.db is full", "make room",
		"zone-list"),
	FAILS("denied", ZL_EXIT_FAILURE, -EACCES,
		"uid 1234 may not call ListZones", "become a member of group zonelock-view",
		"zone-list"),
	FAILS("escaped-error", ZL_EXIT_FAILURE, -EIO,
		"zone '\x1b]0;owned\x07'\nerror: forged", "hint\x1b[2J",
		"zone-list"),
	LOCAL("no-daemon", ZL_EXIT_FAILURE, "zone-list", "-c", DEAD),
	LOCAL("no-daemon-equals", ZL_EXIT_FAILURE, "--connect=" DEAD, "zone-list"),
	LOCAL("no-daemon-glued", ZL_EXIT_FAILURE, "-c" DEAD, "zone-list"),

	/* usage */
	LOCAL("unknown-command", ZL_EXIT_USAGE, "zone-lst"),
	LOCAL("unknown-nonsense", ZL_EXIT_USAGE, "xyzzy\x1b[31m"),
	LOCAL("unknown-option", ZL_EXIT_USAGE, "zone-list", "--jsno"),
	LOCAL("unknown-option-far", ZL_EXIT_USAGE, "zone-list", "--colour=yes"),
	LOCAL("unknown-option-global", ZL_EXIT_USAGE, "--quite", "zone-list"),
	LOCAL("unknown-letter", ZL_EXIT_USAGE, "-x", "zone-list"),
	LOCAL("missing-argument", ZL_EXIT_USAGE, "quarantine"),
	LOCAL("extra-argument", ZL_EXIT_USAGE, "zone-list", "db"),
	LOCAL("given-twice", ZL_EXIT_USAGE, "flow-list", "--limit=1", "--limit=2"),
	LOCAL("exclude-each-other", ZL_EXIT_USAGE, "quarantine", "web1", "--strict", "--forensic"),
	LOCAL("bad-choice", ZL_EXIT_USAGE, "lock-mode", "db-lock", "off"),
	LOCAL("bad-number", ZL_EXIT_USAGE, "flow-list", "--limit", "many"),
	LOCAL("negative-number", ZL_EXIT_USAGE, "flow-list", "--limit=-1"),
	LOCAL("huge-number", ZL_EXIT_USAGE, "flow-list", "--limit", "99999999999999999999"),
	LOCAL("huge-span", ZL_EXIT_USAGE, "quarantine", "web1", "--ttl=9999999999999999d"),
	LOCAL("bad-time", ZL_EXIT_USAGE, "address-who", "10.0.0.5", "--at=yesterday"),
	LOCAL("bad-span", ZL_EXIT_USAGE, "quarantine", "web1", "--ttl=1w"),
	LOCAL("value-for-flag", ZL_EXIT_USAGE, "quarantine", "web1", "--strict=yes"),
	LOCAL("value-missing", ZL_EXIT_USAGE, "flow-list", "--limit"),
	LOCAL("no-file", ZL_EXIT_FAILURE, "zone-define", "/nonexistent/zone.xml"),
	LOCAL("file-is-folder", ZL_EXIT_FAILURE, "zone-define", "tests"),
	LOCAL("file-not-utf8", ZL_EXIT_FAILURE, "zone-define", DATA "latin1.xml"),
	LOCAL("file-too-long", ZL_EXIT_FAILURE, "zone-define", "/dev/zero"),

	/* help */
	LOCAL("help", ZL_EXIT_OK, "help"),
	LOCAL("no-command", ZL_EXIT_OK, NULL),
	LOCAL("help-quarantine", ZL_EXIT_OK, "help", "quarantine"),
	LOCAL("help-option", ZL_EXIT_OK, "zone-define", "--help"),
	LOCAL("help-help", ZL_EXIT_OK, "help", "help"),
	LOCAL("help-group", ZL_EXIT_OK, "help", "lock"),
	LOCAL("help-unknown", ZL_EXIT_USAGE, "help", "quarantin"),
	LOCAL("complete-command", ZL_EXIT_OK, "--complete", "zone-d"),
	LOCAL("complete-option", ZL_EXIT_OK, "--complete", "quarantine", "--"),
	LOCAL("complete-argument", ZL_EXIT_OK, "--complete", "quarantine", ""),
};
/* clang-format on */

/* --- the daemon's side --- */

static int answer(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	const struct cli_case *c = user;
	char path[256];

	if (c->code != 0)
		return zl_fail_id(
			reterr, c->code, "test.case", c->hint, "%s", c->message);
	if (strcmp(c->reply, ECHO) == 0) {
		*ret = json_pack("{s:s, s:O, s:s}", "method", call->method->name,
			"parameters", call->parameters, "state", "applied");
		return 0;
	}
	(void)snprintf(path, sizeof(path), DATA "%s", c->reply);
	*ret = json_load_file(path, 0, NULL);
	return *ret == NULL ? zl_fail(reterr, -EIO, "cannot load %s", path) : 0;
}

/* Serve until we are killed. */
static _Noreturn void serve(int fd, struct cli_case *c)
{
	zl_call_fn handlers[ZL_METHOD_N];
	struct zl_control *ctl = NULL;
	sd_event *event = NULL;

	for (size_t i = 0; i < ZL_METHOD_N; i++)
		handlers[i] = answer;
	if (sd_event_new(&event) >= 0 &&
		zl_control_new(event, fd, handlers, c, &ctl, NULL) == 0)
		(void)sd_event_loop(event);
	_exit(1);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&addr, sizeof(addr)));
	assert_int_equal(0, listen(fd, 8));
	return fd;
}

/* --- the command's side --- */

struct outcome {
	int code;
	char *out, *err;
};

static void run_command(const struct cli_case *c, struct outcome *ret)
{
	char program[] = "zonelock";
	char *argv[WORDS + 2] = { program };
	size_t n_out = 0, n_err = 0;
	struct zl_cli cli = { .now = now };
	int argc = 1;

	for (size_t i = 0; i < WORDS && c->words[i] != NULL; i++)
		argv[argc++] = strdup(c->words[i]);
	cli.in = c->input == NULL
			 ? fopen("/dev/null", "re")
			 : fmemopen((char *)(uintptr_t)c->input, strlen(c->input), "r");
	cli.out = open_memstream(&ret->out, &n_out);
	cli.err = open_memstream(&ret->err, &n_err);
	ret->code = zl_cli_main(&cli, argc, argv);
	(void)fclose(cli.in);
	(void)fclose(cli.out);
	(void)fclose(cli.err);
	while (argc > 1)
		free(argv[--argc]);
}

/* "$ zonelock ...", what it printed, and how it ended */
static char *format_outcome(const struct cli_case *c, const struct outcome *o)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	(void)fputs("$ zonelock", to);
	for (size_t i = 0; i < WORDS && c->words[i] != NULL; i++) {
		(void)fputc(' ', to);
		for (const char *s = c->words[i]; *s != '\0'; s++)
			(void)fputc((unsigned char)*s < ' ' ? '?' : *s, to);
	}
	(void)fprintf(to, "\n%s--- stderr\n%s--- exit %d\n", o->out, o->err, o->code);
	(void)fclose(to);
	return text;
}

static char *read_golden(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n = 0;

	if (f == NULL)
		return NULL;
	if (getdelim(&text, &n, '\0', f) < 0)
		text[0] = '\0';
	(void)fclose(f);
	return text;
}

static void check_golden(const struct cli_case *c, const char *got)
{
	ZL_AUTO(zl_mem) char *want = NULL;
	char path[256];

	(void)snprintf(path, sizeof(path), DATA "%s.txt", c->name);
	if (getenv("ZL_GOLDEN_UPDATE") != NULL) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_true(fputs(got, f) >= 0);
		assert_int_equal(0, fclose(f));
		return;
	}
	want = read_golden(path);
	if (want == NULL)
		fail_msg("%s is missing: run with ZL_GOLDEN_UPDATE=1", path);
	assert_string_equal(want, got);
}

/* Nothing that a terminal would act on, whatever the daemon sent. */
static void check_safe(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true((unsigned char)*text >= ' ' || *text == '\n');
}

static void test_case(void **state)
{
	struct cli_case *c = *state;
	char folder[] = "/tmp/zonelock-cli-XXXXXX";
	ZL_AUTO(zl_mem) char *text = NULL;
	struct outcome o = { 0 };
	char path[64];
	int fd, status;
	pid_t server;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	fd = listen_at(path);
	assert_int_equal(0, setenv(ZL_CLI_SOCKET_ENV, path, 1));
	server = fork();
	assert_true(server >= 0);
	if (server == 0)
		serve(fd, c);
	(void)close(fd);
	run_command(c, &o);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, &status, 0);
	(void)unlink(path);
	(void)rmdir(folder);
	text = format_outcome(c, &o);
	check_safe(o.out);
	check_safe(o.err);
	free(o.out);
	free(o.err);
	assert_int_equal(c->want, o.code);
	check_golden(c, text);
}

/* A full disk is an error, not a success without output. */
static void test_full_output(void **state)
{
	char program[] = "zonelock", command[] = "help";
	char *argv[] = { program, command, NULL };
	struct zl_cli cli = { .now = now, .in = stdin };
	char *err = NULL;
	size_t n = 0;

	(void)state;
	cli.out = fopen("/dev/full", "we");
	cli.err = open_memstream(&err, &n);
	assert_int_equal(ZL_EXIT_FAILURE, zl_cli_main(&cli, 2, argv));
	(void)fclose(cli.out);
	(void)fclose(cli.err);
	assert_non_null(strstr(err, "error: cannot write the output"));
	free(err);
}

/* All three ways, with or without a command. */
static void test_version(void **state)
{
	static const struct cli_case ways[] = { { .words = { "version" } },
		{ .words = { "-v" } }, { .words = { "zone-list", "--version" } } };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(ways); i++) {
		struct outcome o = { 0 };

		run_command(&ways[i], &o);
		assert_int_equal(ZL_EXIT_OK, o.code);
		assert_string_equal(ZL_VERSION "\n", o.out);
		assert_string_equal("", o.err);
		free(o.out);
		free(o.err);
	}
}

/* A daemon that closes without a word, and one that talks nonsense. */
static void test_odd_daemon(void **state)
{
	static const char *const said[] = { "", "hello", "[]", "{}",
		"{\"parameters\":7}" };
	struct cli_case c = { .words = { "zone-list" } };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(said); i++) {
		char path[64];
		struct outcome o = { 0 };
		pid_t server;
		int fd, status;

		(void)snprintf(
			path, sizeof(path), "/tmp/zonelock-odd-%d.sock", (int)getpid());
		fd = listen_at(path);
		assert_int_equal(0, setenv(ZL_CLI_SOCKET_ENV, path, 1));
		server = fork();
		assert_true(server >= 0);
		if (server == 0) {
			int conn;
			char byte;

			/* the socket is non-blocking: the client connects soon */
			for (int try = 0; (conn = accept(fd, NULL, NULL)) < 0; try++) {
				if (try > 5000)
					_exit(1);
				(void)usleep(1000);
			}
			(void)recv(conn, &byte, 1, 0);
			if (said[i][0] != '\0')
				(void)send(conn, said[i], strlen(said[i]) + 1, 0);
			_exit(0);
		}
		(void)close(fd);
		run_command(&c, &o);
		(void)waitpid(server, &status, 0);
		(void)unlink(path);
		assert_int_equal(ZL_EXIT_FAILURE, o.code);
		assert_string_equal("", o.out);
		assert_non_null(strstr(o.err, "error: zonelockd "));
		free(o.out);
		free(o.err);
	}
}

int main(void)
{
	enum { CASES = N_ITEMS(cases) };
	static struct CMUnitTest tests[CASES + 3];
	size_t n = 0;

	(void)setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < CASES; i++)
		tests[n++] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &cases[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_full_output);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_odd_daemon);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_version);
	return _cmocka_run_group_tests("cli", tests, n, NULL, NULL);
}
