/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols, lists of ports and the table of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/ports.h"
#include "policy/service.h"

static void test_protocols(void **state)
{
	static const char *const wrong[] = { "", "TCP", "256", "-1", "6x", "0x6",
		"1000", " 6", "tcp ", "http" };
	char buf[ZL_PROTO_STR];
	uint16_t p = 0, q = 0;

	(void)state;
	for (unsigned i = 0; i <= ZL_PROTO_ANY; i++) {
		assert_true(zl_service_proto_parse(
			zl_service_proto_format((uint16_t)i, buf), &p));
		assert_int_equal(i, p);
	}
	assert_true(zl_service_proto_parse("6", &p));
	assert_true(zl_service_proto_parse("tcp", &q));
	assert_int_equal(p, q);
	for (size_t i = 0; i < N_ITEMS(wrong); i++)
		assert_false(zl_service_proto_parse(wrong[i], &p));
	assert_int_equal(6, p);
	assert_true(zl_service_has_ports(ZL_PROTO_SCTP));
	assert_false(zl_service_has_ports(ZL_PROTO_ICMP));
	assert_false(zl_service_has_ports(ZL_PROTO_ANY));
}

struct ports_case {
	const char *name, *text, *want; /* want NULL: refused */
};

/* clang-format off */
static struct ports_case ports_cases[] = {
	{ "one port", "22", "22" },
	{ "list with range", "22,80,8000-8100", "22,80,8000-8100" },
	{ "white space", " 22 ,\t80\n, 1 - 2 ", "22,80,1-2" },
	{ "whole range", "1-65535", "1-65535" },
	{ "range of one", "80-80", "80" },
	{ "leading zeros", "00022", "22" },
	{ "order is kept", "80,22", "80,22" },
	{ "empty", "", NULL },
	{ "port 0", "0", NULL },
	{ "too large", "65536", NULL },
	{ "very large", "4294967318", NULL },
	{ "reversed", "90-80", NULL },
	{ "open end", "80-", NULL },
	{ "open start", "-80", NULL },
	{ "two dashes", "1-2-3", NULL },
	{ "comma at the end", "22,", NULL },
	{ "comma at the start", ",22", NULL },
	{ "name", "ssh", NULL },
	{ "sign", "+22", NULL },
};
/* clang-format on */

static void test_ports(void **state)
{
	const struct ports_case *c = *state;
	struct zl_ports p = { .n = 7 }, again;
	char buf[ZL_PORTS_STR];
	const char *why = zl_ports_parse(c->text, &p);

	if (c->want == NULL) {
		assert_non_null(why);
		assert_int_equal(7, p.n);
		return;
	}
	assert_null(why);
	assert_string_equal(c->want, zl_ports_format(&p, buf));
	assert_null(zl_ports_parse(buf, &again));
	assert_memory_equal(&p, &again, sizeof(p));
}

static void test_ports_has(void **state)
{
	struct zl_ports p, all = { .n = 0 };

	(void)state;
	assert_null(zl_ports_parse("22,8000-8100,65535", &p));
	assert_true(zl_ports_has(&p, 22));
	assert_false(zl_ports_has(&p, 21));
	assert_false(zl_ports_has(&p, 7999));
	assert_true(zl_ports_has(&p, 8000));
	assert_true(zl_ports_has(&p, 8100));
	assert_false(zl_ports_has(&p, 8101));
	assert_true(zl_ports_has(&p, 65535));
	assert_false(zl_ports_has(&p, 0));
	assert_true(zl_ports_has(&all, 0));
}

/* The longest list there can be. */
static void test_ports_longest(void **state)
{
	char text[ZL_PORTS_STR] = "", buf[ZL_PORTS_STR];
	struct zl_ports p;

	(void)state;
	for (unsigned i = 0; i < ZL_PORTS_MAX; i++)
		memcpy(text + i * 12, "10000-65535,", 12);
	text[ZL_PORTS_MAX * 12 - 1] = '\0';
	assert_null(zl_ports_parse(text, &p));
	assert_string_equal(text, zl_ports_format(&p, buf));
	text[ZL_PORTS_MAX * 12 - 1] = ',';
	assert_non_null(zl_ports_parse(text, &p));
}

static void test_services(void **state)
{
	(void)state;
	for (size_t i = 0; i < zl_services_len; i++) {
		const struct zl_service *s = &zl_services[i], *before = s - 1;

		assert_ptr_equal(s, zl_service_find(s->proto, s->port));
		if (i > 0)
			assert_true(
				before->port < s->port ||
				(before->port == s->port && before->proto < s->proto));
	}
	assert_null(zl_service_find(ZL_PROTO_TCP, 65535));
	assert_null(zl_service_find(ZL_PROTO_UDP, 22));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_ports_has),
		cmocka_unit_test(test_ports_longest),
		cmocka_unit_test(test_services),
	};
	struct CMUnitTest tests[N_ITEMS(ports_cases) + N_ITEMS(others)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(ports_cases); i++)
		tests[i] = (struct CMUnitTest){ .name = ports_cases[i].name,
			.test_func = test_ports,
			.initial_state = &ports_cases[i] };
	memcpy(tests + N_ITEMS(ports_cases), others, sizeof(others));
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
