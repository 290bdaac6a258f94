/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control server: order of answers, answers that come later, odd handlers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/control/varlink.h"
#include "tests/support/controlkit.h"

#define OURS ZL_METHODS_INTERFACE "."
#define CALL(method, params)                                                           \
	"{\"method\":\"" OURS method "\",\"parameters\":" params "}"
#define LIST "{\"method\":\"" OURS "ListHosts\"}"

/* --- order, oneway, ends --- */

static int answer_name(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	(void)user;
	(void)reterr;
	*ret = json_pack("{s:s, s:I}", "name", call->method->name, "limit",
		(json_int_t)zl_call_int(call, "limit", -1));
	return 0;
}

static void test_pipelined(void **state)
{
	enum { N = 200 };
	struct zl_kit k;
	char text[256];
	int fd;

	(void)state;
	zl_kit_init(&k, answer_name, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_READ);
	for (int i = 0; i < N; i++) {
		int n = snprintf(text, sizeof(text),
			"{\"method\":\"" OURS "ListFlows\",\"oneway\":%s,"
			"\"parameters\":{\"limit\":%d}}",
			i % 2 == 0 ? "true" : "false", i);

		assert_true(send(fd, text, (size_t)n + 1, MSG_NOSIGNAL) > 0);
	}
	for (int i = 1; i < N; i += 2) {
		ZL_AUTO(zl_json) json_t *answer = zl_kit_receive(&k, fd);

		assert_int_equal(
			i, json_integer_value(json_object_get(
				   json_object_get(answer, "parameters"), "limit")));
	}
	assert_null(zl_kit_receive(&k, fd));
	(void)close(fd);
	zl_kit_done(&k);
}

/* What was asked before the end of the stream is answered. */
static void test_half_close(void **state)
{
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, ZL_ACCESS_READ);
	assert_true(send(fd, LIST "\0" LIST, 2 * sizeof(LIST), MSG_NOSIGNAL) > 0);
	(void)shutdown(fd, SHUT_WR);
	for (int i = 0; i < 2; i++) {
		ZL_AUTO(zl_json) json_t *answer = zl_kit_receive(&k, fd);

		assert_string_equal("", zl_kit_error(answer));
	}
	assert_true(zl_kit_is_closed(&k, fd));
	assert_int_equal(2, k.calls);
	(void)close(fd);
	zl_kit_done(&k);
}

/* --- answers that come later --- */

struct later {
	struct zl_call *call;
	unsigned calls;
	bool at_once;
};

static int answer_later(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct later *later = user;

	(void)ret;
	(void)reterr;
	later->calls++;
	later->call = zl_call_defer(call);
	if (later->at_once)
		zl_call_reply(zl_take_ptr(later->call), NULL);
	return ZL_CALL_DEFERRED;
}

static void test_later(void **state)
{
	struct later later = { 0 };
	ZL_AUTO(zl_json) json_t *first = NULL;
	ZL_AUTO(zl_json) json_t *second = NULL;
	struct zl_error err;
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_later, &later);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	assert_true(zl_kit_send(&k, fd,
		CALL("Quarantine", "{\"domain\":\"web1\"}") "\0" LIST,
		sizeof(CALL("Quarantine", "{\"domain\":\"web1\"}")) + sizeof(LIST)));
	/* the second call waits for the first one's answer */
	assert_int_equal(1, later.calls);
	assert_string_equal("web1", zl_call_str(later.call, "domain"));
	assert_null(zl_call_str(later.call, "grade"));
	assert_string_equal("uid 1234", later.call->peer.actor);
	zl_call_reply(zl_take_ptr(later.call), json_pack("{s:s}", "state", "applied"));
	first = zl_kit_receive(&k, fd);
	assert_string_equal(
		"applied", json_string_value(json_object_get(
				   json_object_get(first, "parameters"), "state")));
	assert_int_equal(2, later.calls);
	(void)zl_fail(&err, -EHOSTUNREACH, "host 'hv1' is down");
	zl_call_fail(zl_take_ptr(later.call), &err);
	second = zl_kit_receive(&k, fd);
	assert_string_equal(OURS "Unreachable", zl_kit_error(second));
	(void)close(fd);
	zl_kit_done(&k);
}

static void test_later_at_once(void **state)
{
	struct later later = { .at_once = true };
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_later, &later);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	for (int i = 0; i < 3; i++) {
		ZL_AUTO(zl_json) json_t *answer = zl_kit_ask(&k, fd, LIST);

		assert_string_equal("", zl_kit_error(answer));
	}
	(void)close(fd);
	zl_kit_done(&k);
}

static void test_later_client_gone(void **state)
{
	struct later later = { 0 };
	struct zl_error err;
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_later, &later);
	for (int i = 0; i < 2; i++) {
		fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
		assert_true(zl_kit_send(&k, fd, LIST, sizeof(LIST)));
		(void)close(fd);
		zl_kit_turn(&k);
		assert_int_equal(0, zl_control_connections(k.ctl));
		assert_non_null(later.call);
		(void)zl_fail(&err, -EIO, "too late");
		if (i == 0)
			zl_call_reply(zl_take_ptr(later.call), json_object());
		else
			zl_call_fail(zl_take_ptr(later.call), &err);
	}
	zl_kit_done(&k);
}

static void test_later_server_gone(void **state)
{
	struct later later = { 0 };
	struct zl_kit k;
	int fd;

	(void)state;
	zl_kit_init(&k, answer_later, &later);
	fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
	assert_true(zl_kit_send(&k, fd, LIST, sizeof(LIST)));
	zl_kit_done(&k);
	zl_call_reply(zl_take_ptr(later.call), NULL);
	(void)close(fd);
}

/* A handler with no sentence, and one that says it deferred but did not. */
static int answer_badly(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	(void)call;
	(void)ret;
	(void)reterr;
	return *(int *)user;
}

static void test_bad_handlers(void **state)
{
	int results[] = { -ENOENT, ZL_CALL_DEFERRED };
	const char *want[] = { OURS "NotFound", OURS "Failed" };

	(void)state;
	for (size_t i = 0; i < N_ITEMS(results); i++) {
		ZL_AUTO(zl_json) json_t *answer = NULL;
		struct zl_kit k;
		int fd;

		zl_kit_init(&k, answer_badly, &results[i]);
		fd = zl_kit_connect(&k, ZL_ACCESS_ADMIN);
		answer = zl_kit_ask(&k, fd, LIST);
		assert_string_equal(want[i], zl_kit_error(answer));
		(void)close(fd);
		zl_kit_done(&k);
	}
}

static void test_missing_handler(void **state)
{
	zl_call_fn handlers[ZL_METHOD_N] = { 0 };
	struct zl_control *ctl = NULL;
	struct zl_error err;

	(void)state;
	assert_int_equal(-EINVAL, zl_control_new(NULL, -1, handlers, NULL, &ctl, &err));
	assert_null(ctl);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_later_at_once),
		cmocka_unit_test(test_later_client_gone),
		cmocka_unit_test(test_later_server_gone),
		cmocka_unit_test(test_bad_handlers),
		cmocka_unit_test(test_missing_handler),
	};

	return cmocka_run_group_tests_name("control, late", tests, NULL, NULL);
}
