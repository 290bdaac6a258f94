/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may call what: the level of a peer, and every method at every level. */
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/control/varlink.h"
#include "tests/support/controlkit.h"

#define ADMINS	4001
#define VIEWERS 4002
#define NOBODY	65534

static const struct zl_access_rules rules = {
	.daemon = 990, .admin = ADMINS, .read = VIEWERS
};
static const struct zl_access_rules no_groups = {
	.daemon = 990, .admin = (gid_t)-1, .read = (gid_t)-1
};

struct level_case {
	const char *name;
	const struct zl_access_rules *rules;
	uid_t uid;
	gid_t gids[3];
	size_t n;
	enum zl_access want;
};

/* clang-format off */
static struct level_case level_cases[] = {
	{ "root",                     &rules,     0,    { 0 },                1, ZL_ACCESS_ADMIN },
	{ "the daemon's uid",         &rules,     990,  { 990 },              1, ZL_ACCESS_ADMIN },
	{ "admin by primary group",   &rules,     1000, { ADMINS },           1, ZL_ACCESS_ADMIN },
	{ "admin by supplementary",   &rules,     1000, { 1000, 7, ADMINS },  3, ZL_ACCESS_ADMIN },
	{ "viewer",                   &rules,     1000, { 1000, VIEWERS },    2, ZL_ACCESS_READ },
	{ "viewer and admin",         &rules,     1000, { VIEWERS, ADMINS },  2, ZL_ACCESS_ADMIN },
	{ "stranger",                 &rules,     1000, { 1000, 7 },          2, ZL_ACCESS_NONE },
	{ "no groups at all",         &rules,     1000, { 0 },                0, ZL_ACCESS_NONE },
	{ "group root is not root",   &rules,     1000, { 0 },                1, ZL_ACCESS_NONE },
	{ "missing groups admit none", &no_groups, 1000, { (gid_t)-1 },        1, ZL_ACCESS_NONE },
	{ "root without groups",      &no_groups, 0,    { 0 },                1, ZL_ACCESS_ADMIN },
};
/* clang-format on */

static void test_level(void **state)
{
	const struct level_case *c = *state;

	assert_string_equal(zl_access_name(c->want),
		zl_access_name(zl_access_of(c->rules, c->uid, c->gids, c->n)));
}

static void test_peer_is_us(void **state)
{
	struct zl_access_rules ours;
	struct zl_peer peer;
	char want[96];
	int pair[2];

	(void)state;
	zl_access_rules_init(&ours);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	assert_int_equal(0, zl_access_peer(&ours, pair[0], &peer, NULL));
	assert_int_equal(geteuid(), peer.uid);
	assert_int_equal(ZL_ACCESS_ADMIN, peer.access);
	zl_access_actor(geteuid(), want, sizeof(want));
	assert_string_equal(want, peer.actor);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void test_actor(void **state)
{
	char text[96];

	(void)state;
	zl_access_actor(0, text, sizeof(text));
	assert_string_equal("uid 0 (root)", text);
	zl_access_actor(3999999999u, text, sizeof(text));
	assert_string_equal("uid 3999999999", text);
}

/* Another process with many supplementary groups, VIEWERS the last of them. */
static void test_peer_with_groups(void **state)
{
	enum { MANY = 300 };
	struct zl_peer peer;
	gid_t gids[MANY];
	int pair[2], status = -1;
	pid_t child;

	(void)state;
	if (geteuid() != 0) {
		print_message("skip: changing groups needs root\n");
		skip();
	}
	for (size_t i = 0; i < MANY; i++)
		gids[i] = (gid_t)(5000 + i);
	gids[MANY - 1] = VIEWERS;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int own[2];

		/* the credentials of a pair are those of its maker */
		if (setgroups(MANY, gids) < 0 || setgid(NOBODY) < 0 ||
			setuid(NOBODY) < 0 ||
			socketpair(AF_UNIX, SOCK_STREAM, 0, own) < 0 ||
			zl_access_peer(&rules, own[0], &peer, NULL) < 0)
			_exit(100);
		_exit((int)peer.access + (peer.uid == NOBODY ? 10 : 0));
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(10 + ZL_ACCESS_READ, WEXITSTATUS(status));
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* --- every method x every level --- */

struct access_case {
	char name[64];
	enum zl_method_id id;
	enum zl_access access;
};

static struct access_case access_cases[ZL_METHOD_N * ZL_ACCESS_N];

/* A call that satisfies the row. */
static char *make_call(const struct zl_method *m)
{
	ZL_AUTO(zl_json)
	json_t *call = json_pack("{s:s+, s:{}}", "method", ZL_METHODS_INTERFACE ".",
		m->name, "parameters");
	json_t *params = json_object_get(call, "parameters");

	for (size_t i = 0; i < m->n_params; i++) {
		const struct zl_param *p = &m->params[i];
		json_t *value = NULL;

		switch (p->type) {
		case ZL_PARAM_STRING:
			value = p->choices == NULL ? json_string("x")
						   : json_stringn(p->choices,
							     strcspn(p->choices, "|"));
			break;
		case ZL_PARAM_INT: value = json_integer(1); break;
		case ZL_PARAM_BOOL: value = json_true(); break;
		case ZL_PARAM_TYPE_N: break;
		}
		assert_int_equal(0, json_object_set_new(params, p->name, value));
	}
	return json_dumps(call, 0);
}

static void test_access(void **state)
{
	const struct access_case *c = *state;
	const struct zl_method *m = &zl_methods[c->id];
	bool allowed = c->access >= m->access;
	ZL_AUTO(zl_mem) char *call = make_call(m);
	ZL_AUTO(zl_json) json_t *answer = NULL;
	const json_t *params;
	struct zl_kit k;
	int fd;

	zl_kit_init(&k, NULL, NULL);
	fd = zl_kit_connect(&k, c->access);
	answer = zl_kit_ask(&k, fd, call);
	assert_string_equal(allowed ? "" : ZL_METHODS_INTERFACE ".PermissionDenied",
		zl_kit_error(answer));
	assert_int_equal(allowed ? 1 : 0, k.calls);
	if (!allowed) {
		params = json_object_get(answer, "parameters");
		assert_string_equal("control.access",
			json_string_value(json_object_get(params, "id")));
		assert_non_null(
			strstr(json_string_value(json_object_get(params, "hint")),
				m->access == ZL_ACCESS_ADMIN ? "group zonelock"
							     : "group zonelock-view"));
	}
	(void)close(fd);
	zl_kit_done(&k);
}

int main(void)
{
	enum { LEVELS = N_ITEMS(level_cases), ALL = N_ITEMS(access_cases), MORE = 3 };
	static struct CMUnitTest tests[LEVELS + ALL + MORE];
	size_t n = 0;

	for (size_t i = 0; i < LEVELS; i++)
		tests[n++] = (struct CMUnitTest){ .name = level_cases[i].name,
			.test_func = test_level,
			.initial_state = &level_cases[i] };
	for (size_t i = 0; i < ALL; i++) {
		struct access_case *c = &access_cases[i];

		c->id = (enum zl_method_id)(i / ZL_ACCESS_N);
		c->access = (enum zl_access)(i % ZL_ACCESS_N);
		(void)snprintf(c->name, sizeof(c->name), "%s as %s",
			zl_methods[c->id].name, zl_access_name(c->access));
		tests[n++] = (struct CMUnitTest){
			.name = c->name, .test_func = test_access, .initial_state = c
		};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_peer_is_us);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_actor);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_peer_with_groups);
	return _cmocka_run_group_tests("access", tests, n, NULL, NULL);
}
