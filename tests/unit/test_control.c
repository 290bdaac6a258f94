/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control server: malformed and hostile clients, limits. */
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/control/client.h"
#include "controller/control/connection.h"
#include "tests/support/controlkit.h"

#define OURS	ZL_METHODS_INTERFACE "."
#define SERVICE "org.varlink.service."
#define CALL(method, params)                                                           \
	"{\"method\":\"" OURS method "\",\"parameters\":" params "}"
#define LIST "{\"method\":\"" OURS "ListHosts\"}"

/* --- what a client may send --- */

struct ask_case {
	const char *name, *text;
	const char *want;  /* the error's name, "" for a reply, "closed" */
	const char *which; /* the parameter that InvalidParameter names, or NULL */
};

/* clang-format off */
static struct ask_case ask_cases[] = {
	{ "no parameters",       LIST, "", NULL },
	{ "empty parameters",    CALL("ListHosts", "{}"), "", NULL },
	{ "null parameters",     CALL("ListHosts", "null"), "", NULL },
	{ "required only",       CALL("Quarantine", "{\"domain\":\"web1\"}"), "", NULL },
	{ "all parameters",      CALL("Quarantine", "{\"domain\":\"web1\",\"grade\":\"strict\",\"ttl\":60,\"reason\":\"r\",\"backend\":\"nftables\"}"), "", NULL },
	{ "null is absent",      CALL("ListFlows", "{\"limit\":null}"), "", NULL },
	{ "missing",             CALL("Quarantine", "{}"), SERVICE "InvalidParameter", "domain" },
	{ "null but required",   CALL("Quarantine", "{\"domain\":null}"), SERVICE "InvalidParameter", "domain" },
	{ "wrong type",          CALL("Quarantine", "{\"domain\":7}"), SERVICE "InvalidParameter", "domain" },
	{ "a real for an int",   CALL("ListFlows", "{\"limit\":1.5}"), SERVICE "InvalidParameter", "limit" },
	{ "a text for a bool",   CALL("ListMitigations", "{\"all\":\"yes\"}"), SERVICE "InvalidParameter", "all" },
	{ "negative",            CALL("ListFlows", "{\"limit\":-1}"), SERVICE "InvalidParameter", "limit" },
	{ "no such choice",      CALL("Quarantine", "{\"domain\":\"d\",\"grade\":\"mild\"}"), SERVICE "InvalidParameter", "grade" },
	{ "part of a choice",    CALL("Quarantine", "{\"domain\":\"d\",\"grade\":\"str\"}"), SERVICE "InvalidParameter", "grade" },
	{ "an empty choice",     CALL("Quarantine", "{\"domain\":\"d\",\"grade\":\"\"}"), SERVICE "InvalidParameter", "grade" },
	{ "two choices",         CALL("Quarantine", "{\"domain\":\"d\",\"grade\":\"strict|forensic\"}"), SERVICE "InvalidParameter", "grade" },
	{ "unknown parameter",   CALL("ListHosts", "{\"colour\":1}"), SERVICE "InvalidParameter", "colour" },
	{ "parameters a list",   CALL("ListHosts", "[]"), SERVICE "InvalidParameter", "parameters" },
	{ "no method",           "{}", SERVICE "InvalidParameter", "method" },
	{ "method a number",     "{\"method\":1}", SERVICE "InvalidParameter", "method" },
	{ "upgrade",             "{\"method\":\"" OURS "ListHosts\",\"upgrade\":true}", SERVICE "InvalidParameter", "upgrade" },
	{ "unknown method",      CALL("Explode", "{}"), SERVICE "MethodNotFound", NULL },
	{ "method without dot",  "{\"method\":\"ListHosts\"}", SERVICE "MethodNotFound", NULL },
	{ "empty method",        "{\"method\":\"\"}", SERVICE "MethodNotFound", NULL },
	{ "a method of service", "{\"method\":\"" SERVICE "Explode\"}", SERVICE "MethodNotFound", NULL },
	{ "unknown interface",   "{\"method\":\"com.example.Do\"}", SERVICE "InterfaceNotFound", NULL },
	{ "a longer interface",  "{\"method\":\"" OURS "X.ListHosts\"}", SERVICE "InterfaceNotFound", NULL },
	{ "description of none", "{\"method\":\"" SERVICE "GetInterfaceDescription\",\"parameters\":{\"interface\":\"a.b\"}}", SERVICE "InterfaceNotFound", NULL },
	{ "description, no name", "{\"method\":\"" SERVICE "GetInterfaceDescription\"}", SERVICE "InvalidParameter", "interface" },
	{ "no JSON",             "GET / HTTP/1.1\r\n\r\n", "closed", NULL },
	{ "a list",              "[]", "closed", NULL },
	{ "an empty message",    "", "closed", NULL },
	{ "cut JSON",            "{\"method\":", "closed", NULL },
	{ "invalid UTF-8",       "{\"method\":\"\xff\"}", "closed", NULL },
};
/* clang-format on */

static void test_ask(void **state)
{
	const struct ask_case *c = *state;
	ZL_AUTO(zl_json) json_t *answer = NULL;
	struct zl_kit k;
	const json_t *which;
	int fd;

	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	answer = zl_kit_ask(&k, fd, c->text);
	assert_string_equal(c->want, zl_kit_error(answer));
	assert_int_equal(c->want[0] == '\0' ? 1 : 0, k.calls);
	which = json_object_get(json_object_get(answer, "parameters"), "parameter");
	if (c->which != NULL)
		assert_string_equal(c->which, json_string_value(which));
	/* only a closed connection is of no more use */
	assert_int_equal(
		strcmp(c->want, "closed") == 0 ? 0 : 1, zl_control_connections(k.ctl));
	(void)close(fd);
	zl_kit_done(&k);
}

static void test_deep_nesting(void **state)
{
	enum { DEPTH = 500000 };
	struct zl_kit k;
	char *text = malloc(DEPTH + 1);
	int fd;

	(void)state;
	assert_non_null(text);
	memset(text, '[', DEPTH);
	text[DEPTH] = '\0';
	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	(void)zl_kit_send(&k, fd, text, DEPTH + 1);
	assert_int_equal(0, zl_control_connections(k.ctl));
	free(text);
	(void)close(fd);
	zl_kit_done(&k);
}

static void test_info(void **state)
{
	ZL_AUTO(zl_json) json_t *info = NULL;
	ZL_AUTO(zl_json) json_t *text = NULL;
	struct zl_kit k;
	const json_t *params;
	int fd;

	(void)state;
	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_NONE); /* introspection is for everybody */
	info = zl_kit_ask(&k, fd, "{\"method\":\"" SERVICE "GetInfo\"}");
	params = json_object_get(info, "parameters");
	assert_string_equal(
		"zonelock", json_string_value(json_object_get(params, "vendor")));
	assert_int_equal(2, json_array_size(json_object_get(params, "interfaces")));
	text = zl_kit_ask(&k, fd,
		"{\"method\":\"" SERVICE "GetInterfaceDescription\","
		"\"parameters\":{\"interface\":\"" ZL_METHODS_INTERFACE "\"}}");
	params = json_object_get(text, "parameters");
	assert_string_equal(zl_methods_description(),
		json_string_value(json_object_get(params, "description")));
	(void)close(fd);
	zl_kit_done(&k);
}

/* --- sizes --- */

/* A call whose text, without the NUL, has `size` bytes. */
static char *make_long_call(size_t size)
{
	static const char head[] = "{\"method\":\"" OURS "DefineZone\",\"parameters\":"
				   "{\"xml\":\"";
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + size - 3, "\"}}", 4);
	return text;
}

struct size_case {
	const char *name;
	enum zl_access access;
	size_t size;
	const char *want;
};

/* clang-format off */
static struct size_case size_cases[] = {
	{ "longest message",        ZL_ACCESS_ADMIN, ZL_CONTROL_IN_MAX,          "" },
	{ "message too long",       ZL_ACCESS_ADMIN, ZL_CONTROL_IN_MAX + 1,      "closed" },
	{ "message far too long",   ZL_ACCESS_ADMIN, 4 * ZL_CONTROL_IN_MAX,      "closed" },
	{ "a stranger's longest",   ZL_ACCESS_NONE,  ZL_CONTROL_IN_STRANGER,     OURS "PermissionDenied" },
	{ "a stranger's too long",  ZL_ACCESS_NONE,  ZL_CONTROL_IN_STRANGER + 1, "closed" },
};
/* clang-format on */

static void test_size(void **state)
{
	const struct size_case *c = *state;
	ZL_AUTO(zl_mem) char *text = make_long_call(c->size);
	ZL_AUTO(zl_json) json_t *answer = NULL;
	struct zl_kit k;
	int fd;

	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, c->access);
	answer = zl_kit_ask(&k, fd, text);
	assert_string_equal(c->want, zl_kit_error(answer));
	(void)close(fd);
	zl_kit_done(&k);
}

static void test_byte_by_byte(void **state)
{
	ZL_AUTO(zl_json) json_t *answer = NULL;
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	for (size_t i = 0; i < sizeof(LIST); i++)
		assert_true(zl_kit_send(&k, fd, &LIST[i], 1));
	answer = zl_kit_receive(&k, fd);
	assert_string_equal("", zl_kit_error(answer));
	(void)close(fd);
	zl_kit_done(&k);
}

/* --- many, and slow --- */

static void test_many_connections(void **state)
{
	int fds[ZL_CONTROL_MAX];
	struct zl_kit k;
	size_t n = 0;

	(void)state;
	zl_kit_init(&k, NULL, NULL);
	for (size_t i = 0; i < ZL_CONTROL_STRANGERS; i++)
		assert_true((fds[n++] = zl_kit_connect(&k, ZL_ACCESS_NONE)) >= 0);
	assert_int_equal(-1, zl_kit_connect(&k, ZL_ACCESS_NONE));
	while (n < ZL_CONTROL_MAX - ZL_CONTROL_RESERVED)
		assert_true((fds[n++] = zl_kit_connect(&k, ZL_ACCESS_READ)) >= 0);
	assert_int_equal(-1, zl_kit_connect(&k, ZL_ACCESS_READ));
	while (n < ZL_CONTROL_MAX)
		assert_true((fds[n++] = zl_kit_connect(&k, ZL_ACCESS_ADMIN)) >= 0);
	assert_int_equal(-1, zl_kit_connect(&k, ZL_ACCESS_ADMIN));
	/* who is there is served, and who leaves makes room */
	for (size_t i = ZL_CONTROL_STRANGERS; i < n; i++) {
		json_t *answer = zl_kit_ask(&k, fds[i], LIST);

		assert_string_equal("", zl_kit_error(answer));
		json_decref(answer);
	}
	(void)close(fds[0]);
	zl_kit_turn(&k);
	assert_true((fds[0] = zl_kit_connect(&k, ZL_ACCESS_NONE)) >= 0);
	while (n > 0)
		(void)close(fds[--n]);
	zl_kit_turn(&k);
	assert_int_equal(0, zl_control_connections(k.ctl));
	zl_kit_done(&k);
}

/* A handler that counts and answers with `size` bytes. */
struct big {
	unsigned calls;
	size_t size;
};

static int answer_big(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct big *big = user;
	ZL_AUTO(zl_mem) char *text = malloc(big->size + 1);

	(void)call;
	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	memset(text, 'y', big->size);
	text[big->size] = '\0';
	big->calls++;
	*ret = json_pack("{s:s}", "text", text);
	return 0;
}

/* Who asks a hundred times and reads nothing is answered once. */
static void test_slow_reader(void **state)
{
	enum { ASKED = 100, SIZE = 4 * 1024 * 1024 };
	struct big big = { .size = SIZE };
	struct zl_kit k;
	int slow, quick;

	(void)state;
	zl_kit_init(&k, answer_big, &big);
	slow = zl_kit_connect(&k, ZL_ACCESS_READ);
	quick = zl_kit_connect(&k, ZL_ACCESS_READ);
	for (int i = 0; i < ASKED; i++)
		assert_true(zl_kit_send(&k, slow, LIST, sizeof(LIST)));
	assert_int_equal(1, big.calls);
	/* and does not keep others from their answers */
	for (unsigned i = 0; i < 3; i++) {
		json_t *answer = zl_kit_ask(&k, quick, LIST);

		assert_string_equal("", zl_kit_error(answer));
		json_decref(answer);
		assert_int_equal(2 + i, big.calls);
	}
	/* it reads after all: the next answer is made, and not more */
	json_decref(zl_kit_receive(&k, slow));
	zl_kit_turn(&k);
	assert_int_equal(5, big.calls);
	(void)close(slow);
	(void)close(quick);
	zl_kit_turn(&k);
	assert_int_equal(0, zl_control_connections(k.ctl));
	zl_kit_done(&k);
}

static void test_answer_too_big(void **state)
{
	struct big big = { .size = ZL_CONTROL_OUT_MAX };
	ZL_AUTO(zl_json) json_t *answer = NULL;
	ZL_AUTO(zl_json) json_t *again = NULL;
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_big, &big);
	fd = zl_kit_connect(&k, ZL_ACCESS_READ);
	answer = zl_kit_ask(&k, fd, LIST);
	assert_string_equal(OURS "Failed", zl_kit_error(answer));
	big.size = 10;
	again = zl_kit_ask(&k, fd, LIST);
	assert_string_equal("", zl_kit_error(again));
	(void)close(fd);
	zl_kit_done(&k);
}

/* Let the patience of the only connection be over now, when it runs at all. */
static bool is_patience_over(struct zl_kit *k)
{
	int on = SD_EVENT_OFF;

	zl_kit_turn(k);
	assert_int_equal(1, zl_control_connections(k->ctl));
	assert_true(sd_event_source_get_enabled(k->ctl->first->deadline, &on) >= 0);
	if (on == SD_EVENT_OFF)
		return false;
	assert_true(sd_event_source_set_time(k->ctl->first->deadline, 0) >= 0);
	zl_kit_turn(k);
	return zl_control_connections(k->ctl) == 0;
}

static void test_patience(void **state)
{
	struct big big = { .size = 4 * 1024 * 1024 };
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_big, &big);
	/* an idle viewer may stay, also after an answer */
	fd = zl_kit_connect(&k, ZL_ACCESS_READ);
	assert_false(is_patience_over(&k));
	json_decref(zl_kit_ask(&k, fd, LIST));
	assert_false(is_patience_over(&k));
	/* with half a message it may not */
	assert_true(zl_kit_send(&k, fd, LIST, 5));
	assert_true(is_patience_over(&k));
	assert_true(zl_kit_is_closed(&k, fd));
	(void)close(fd);
	/* nor with an answer that it does not read */
	fd = zl_kit_connect(&k, ZL_ACCESS_READ);
	assert_true(zl_kit_send(&k, fd, LIST, sizeof(LIST)));
	assert_true(is_patience_over(&k));
	(void)close(fd);
	/* nor may a stranger */
	fd = zl_kit_connect(&k, ZL_ACCESS_NONE);
	assert_true(is_patience_over(&k));
	(void)close(fd);
	zl_kit_done(&k);
}

/* --- the listening socket --- */

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&addr, sizeof(addr)));
	assert_int_equal(0, chmod(path, 0666));
	assert_int_equal(0, listen(fd, 8));
	return fd;
}

/* The kit's server, replaced by one that listens at `path`. */
static void listen_kit(struct zl_kit *k, const char *path)
{
	zl_kit_init(k, NULL, NULL);
	zl_control_free(k->ctl);
	assert_int_equal(0, zl_control_new(k->event, listen_at(path), k->handlers, k,
				    &k->ctl, NULL));
}

/* Connect and list hosts in a process of its own; its exit code says how it went. */
static pid_t start_client(const char *path, uid_t uid, const char *want)
{
	pid_t child = fork();
	struct zl_client *client = NULL;
	json_t *reply = NULL;
	struct zl_error err;

	assert_true(child >= 0);
	if (child != 0)
		return child;
	if (uid != 0 && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
		_exit(2);
	if (zl_client_open(path, &client, &err) < 0)
		_exit(3);
	(void)!zl_client_call(client, "ListHosts", NULL, &reply, &err);
	_exit(strcmp(want, zl_client_fault(client)) == 0 ? 0 : 1);
}

static void test_listening(void **state)
{
	static const struct {
		uid_t uid;
		const char *want;
		unsigned calls;
	} rows[] = { { 0, "", 1 }, { 65534, OURS "PermissionDenied", 0 } };
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/zonelock-control-%d", (int)getpid());
	for (size_t i = 0; i < N_ITEMS(rows); i++) {
		struct zl_kit k;
		int status = -1;
		pid_t child;

		if (rows[i].uid != 0 && geteuid() != 0) {
			print_message("skip: changing the uid needs root\n");
			continue;
		}
		listen_kit(&k, path);
		child = start_client(path, rows[i].uid, rows[i].want);
		for (int t = 0; t < 1000 && waitpid(child, &status, WNOHANG) == 0; t++)
			(void)sd_event_run(k.event, 10000);
		assert_true(WIFEXITED(status));
		assert_int_equal(0, WEXITSTATUS(status));
		assert_int_equal(rows[i].calls, k.calls);
		zl_kit_done(&k);
		(void)unlink(path);
	}
}

/* Without a free descriptor the loop does not spin, and the client waits. */
static void test_no_descriptors(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rlimit before, none;
	struct zl_kit k;
	int fd, next;

	(void)state;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/zonelock-control-%d",
		(int)getpid());
	listen_kit(&k, addr.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	next = dup(fd);
	(void)close(next);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	none = before;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
	assert_int_equal(0, connect(fd, (const struct sockaddr *)&addr, sizeof(addr)));
	zl_kit_turn(&k);
	assert_int_equal(0, zl_control_connections(k.ctl));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_true(sd_event_source_set_time(k.ctl->breath, 0) >= 0);
	zl_kit_turn(&k);
	assert_int_equal(1, zl_control_connections(k.ctl));
	(void)close(fd);
	zl_kit_done(&k);
	(void)unlink(addr.sun_path);
}

int main(void)
{
	enum { ASKS = N_ITEMS(ask_cases), SIZES = N_ITEMS(size_cases) };
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_many_connections),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_answer_too_big),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_listening),
		cmocka_unit_test(test_no_descriptors),
	};
	static struct CMUnitTest tests[ASKS + SIZES + N_ITEMS(more)];
	size_t n = 0;

	for (size_t i = 0; i < ASKS; i++)
		tests[n++] = (struct CMUnitTest){ .name = ask_cases[i].name,
			.test_func = test_ask,
			.initial_state = &ask_cases[i] };
	for (size_t i = 0; i < SIZES; i++)
		tests[n++] = (struct CMUnitTest){ .name = size_cases[i].name,
			.test_func = test_size,
			.initial_state = &size_cases[i] };
	for (size_t i = 0; i < N_ITEMS(more); i++)
		tests[n++] = more[i];
	return _cmocka_run_group_tests("control", tests, n, NULL, NULL);
}
