/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints into classes: every kind of member, ranges, both together, and the bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/class.h"
#include "policy/compile.h"
#include "tests/support/policies.h"

#define UUID "0123abcd-0000-4000-8000-000000000001"

static int set_up(void **state)
{
	struct policies *p = policies_new();

	policies_add_zone(p, "web", "<domain name='web*'/><domain name='*-www'/>");
	policies_add_zone(p, "one", "<domain uuid='" UUID "'/>");
	policies_add_zone(p, "db", "<metadata zone='database'/><metadata zone='sql'/>");
	policies_add_zone(p, "dmz", "<network name='dmz-net'/>");
	policies_add_zone(p, "lan", "<bridge name='br0'/>");
	policies_add_zone(p, "ten", "<cidr address='10.0.0.0' prefix='8'/>");
	policies_add_zone(p, "ten-one",
		"<cidr address='10.1.0.0' prefix='16'/>"
		"<cidr address='fd00:1::' prefix='32'/>");
	policies_add_zone(p, "twin", "<cidr address='10.1.0.0' prefix='16'/>");
	policies_add_zone(p, "six", "<cidr address='fd00::' prefix='8'/>");
	policies_add_zone(p, "host", "<cidr address='10.1.2.3' prefix='32'/>");
	policies_add_zone(p, "none", "");
	assert_int_equal(0, policies_compile(p, NULL));
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	policies_free(*state);
	return 0;
}

static void test_domains(void **state)
{
	static const char *const zones[] = { "other", "sql" },
				 *const nets[] = { "dmz-net" },
				 *const bridges[] = { "br1", "br0" },
				 *const db_only[] = { "db" };
	struct policies *p = *state;
	struct zl_subject s = { .name = "web1" };
	int web, all;

	web = zl_policy_class_of_domain(p->policy, &s);
	assert_true(web > 0);
	assert_string_equal("web", policies_zones_of(p, (uint32_t)web));
	s.name = "shop-www";
	assert_int_equal(web, zl_policy_class_of_domain(p->policy, &s));
	s.name = "db1";
	assert_int_equal(0, zl_policy_class_of_domain(p->policy, &s));
	s.name = NULL;
	assert_int_equal(0, zl_policy_class_of_domain(p->policy, &s));

	/* A zone's own name in metadata says nothing unless a member asks for it. */
	s = (struct zl_subject){ .name = "a", .zones = db_only, .n_zones = 1 };
	assert_int_equal(0, zl_policy_class_of_domain(p->policy, &s));

	s = (struct zl_subject){ .name = "web1",
		.zones = zones,
		.n_zones = 2,
		.networks = nets,
		.n_networks = 1,
		.bridges = bridges,
		.n_bridges = 2 };
	assert_true(zl_uuid_parse(UUID, &s.uuid));
	all = zl_policy_class_of_domain(p->policy, &s);
	assert_string_equal("db,dmz,lan,one,web", policies_zones_of(p, (uint32_t)all));
	assert_int_equal(all, zl_policy_class_of_domain(p->policy, &s));
}

static void test_addresses(void **state)
{
	static const struct {
		const char *addr, *zones;
	} rows[] = {
		{ "10.200.0.1", "ten" },
		{ "10.1.0.1", "ten-one,twin" }, /* the longest prefix alone counts */
		{ "10.1.2.3", "host" },
		{ "10.1.2.4", "ten-one,twin" },
		{ "11.0.0.1", "" },
		{ "fd00:2::1", "six" },
		{ "fd00:1::1", "ten-one" },
		{ "fe00::1", "" },
		{ "::", "" },
	};
	struct policies *p = *state;

	for (size_t i = 0; i < N_ITEMS(rows); i++)
		assert_string_equal(rows[i].zones,
			policies_zones_of(p, policies_class_of_addr(p, rows[i].addr)));
}

static void test_both(void **state)
{
	struct policies *p = *state;
	uint32_t web = policies_class_of_name(p, "web1");
	uint32_t ten = policies_class_of_addr(p, "10.9.9.9");
	int both;

	both = zl_policy_class_of_both(p->policy, web, ten);
	assert_string_equal("ten,web", policies_zones_of(p, (uint32_t)both));
	assert_int_equal(both, zl_policy_class_of_both(p->policy, ten, web));
	assert_int_equal(both, zl_policy_class_of_both(p->policy, web, ten));
	assert_int_equal(both, zl_policy_class_of_both(p->policy, (uint32_t)both, ten));
	assert_int_equal(web, zl_policy_class_of_both(p->policy, web, 0));
	assert_int_equal(web, zl_policy_class_of_both(p->policy, 0, web));
	assert_int_equal(0, zl_policy_class_of_both(p->policy, 0, 0));
	assert_int_equal(-EINVAL, zl_policy_class_of_both(p->policy, web, 4000));
}

static void test_empty_policy(void **state)
{
	struct policies *p = policies_new();

	(void)state;
	assert_int_equal(0, zl_policy_new(NULL, 0, NULL, 0, &p->policy, NULL));
	assert_int_equal(0, policies_class_of_name(p, "web1"));
	assert_int_equal(0, policies_class_of_addr(p, "10.0.0.1"));
	assert_int_equal(0, zl_policy_class_zones(p->policy, 0, NULL, 0));
	policies_free(p);
}

static void test_unknown_zones(void **state)
{
	struct policies *p = policies_new();
	struct zl_error err = { 0 };

	(void)state;
	policies_add_lock(p, "web-lock", "web", "");
	assert_int_equal(-ENOENT, policies_compile(p, &err));
	assert_null(p->policy);
	assert_string_equal("policy.zone.unknown", err.id);
	assert_string_equal("lock 'web-lock' line 1: unknown zone 'web'", err.msg);
	assert_string_equal("define zone 'web' first", err.hint);
	assert_string_equal("web-lock:1", err.where);

	policies_add_zone(p, "web", "");
	assert_int_equal(0, policies_compile(p, &err));
	policies_add_lock(p, "a-lock", "web",
		"<inbound default='deny'>\n<allow from='any'/>\n"
		"<allow from='ops' protocol='tcp' ports='22'/></inbound>"
		"<intra default='deny'><allow/></intra>");
	assert_int_equal(-ENOENT, policies_compile(p, &err));
	assert_string_equal("lock 'a-lock' line 4: unknown zone 'ops'", err.msg);
	policies_add_zone(p, "ops", "");
	assert_int_equal(0, policies_compile(p, &err));
	policies_free(p);
}

static void test_duplicates(void **state)
{
	struct policies *p = policies_new();
	struct zl_error err = { 0 };

	(void)state;
	policies_add_zone(p, "web", "");
	policies_add_zone(p, "db", "");
	policies_add_zone(p, "web", "");
	assert_int_equal(-EEXIST, policies_compile(p, &err));
	assert_string_equal("policy: two zones are called 'web'", err.msg);
	zl_zone_free(p->zones[--p->n_zones]);
	policies_add_lock(p, "l", "web", "");
	policies_add_lock(p, "l", "db", "");
	assert_int_equal(-EEXIST, policies_compile(p, &err));
	assert_string_equal("policy: two locks are called 'l'", err.msg);
	policies_free(p);
}

/* 13 networks make 2^13 sets of zones: more than there may be classes. */
static void test_class_bound(void **state)
{
	enum { NETS = 13 };
	struct policies *p = policies_new();
	char names[NETS][16];
	uint32_t web = 0;
	int r = 0, last = 0;

	(void)state;
	for (unsigned i = 0; i < NETS; i++) {
		char member[64];

		(void)snprintf(names[i], sizeof(names[i]), "n%u", i);
		(void)snprintf(
			member, sizeof(member), "<network name='%s'/>", names[i]);
		policies_add_zone(p, names[i], member);
	}
	policies_add_zone(p, "web", "<domain name='web1'/>");
	assert_int_equal(0, policies_compile(p, NULL));
	web = policies_class_of_name(p, "web1");
	for (unsigned set = 0; set < 1u << NETS; set++) {
		const char *nets[NETS];
		struct zl_subject s = { .name = "a", .networks = nets };

		for (unsigned i = 0; i < NETS; i++)
			if (set >> i & 1)
				nets[s.n_networks++] = names[i];
		r = zl_policy_class_of_domain(p->policy, &s);
		if (r < 0)
			break;
		assert_true(r < ZL_CLASSES_MAX);
		last = r;
	}
	assert_int_equal(-ENOBUFS, r);
	assert_int_equal(ZL_CLASSES_MAX - 1, last);
	/* Those that are there go on working; a new union is refused, too. */
	assert_int_equal(web, policies_class_of_name(p, "web1"));
	assert_int_equal(
		-ENOBUFS, zl_policy_class_of_both(p->policy, web, (uint32_t)last));
	policies_free(p);
}

/* Every zone its own range: each is a class, and the last one is too many. */
static void test_too_many_ranges(void **state)
{
	struct policies *p = policies_new();
	struct zl_error err = { 0 };

	(void)state;
	for (unsigned i = 0; i < ZL_CLASSES_MAX; i++) {
		char name[16], member[80];

		(void)snprintf(name, sizeof(name), "z%u", i);
		(void)snprintf(member, sizeof(member),
			"<cidr address='10.%u.%u.0' prefix='24'/>", i / 256, i % 256);
		policies_add_zone(p, name, member);
		if (i == ZL_CLASSES_MAX - 2)
			assert_int_equal(0, policies_compile(p, &err));
	}
	assert_int_equal(-ENOBUFS, policies_compile(p, &err));
	policies_add_zone(p, "more", "");
	assert_int_equal(-E2BIG, policies_compile(p, &err));
	assert_string_equal("policy: more than 4096 zones", err.msg);
	policies_free(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_domains, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_both, set_up, tear_down),
		cmocka_unit_test(test_empty_policy),
		cmocka_unit_test(test_unknown_zones),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_class_bound),
		cmocka_unit_test(test_too_many_ranges),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
