/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts: a truth table, and for random conversations the same answer from the memo,
 * from asking the locks, and from the rules as one reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/evaluate.h"
#include "policy/service.h"
#include "tests/support/policies.h"

/* Domains: web*, db*, *box (in box and, as dbbox, in db too); addresses: the ranges. */
static struct policies *make_policy(void)
{
	struct policies *p = policies_new();

	policies_add_zone(p, "web", "<domain name='web*'/>");
	policies_add_zone(p, "db", "<domain name='db*'/>");
	policies_add_zone(p, "box", "<domain name='*box'/>");
	policies_add_zone(p, "quiet", "<domain name='quiet*'/>");
	policies_add_zone(p, "office",
		"<cidr address='10.0.0.0' prefix='8'/>"
		"<cidr address='fd00::' prefix='8'/>");
	policies_add_zone(p, "lab",
		"<cidr address='10.1.0.0' prefix='16'/>"
		"<cidr address='fd00:1::' prefix='32'/>");
	policies_add_lock(p, "db-lock", "db",
		"<mode>enforce</mode>"
		"<inbound default='deny'>"
		"<allow from='web' protocol='tcp' ports='5432,6000-6100'/>"
		"<deny from='web' protocol='tcp' ports='22'/>"
		"<allow from='office' protocol='tcp' ports='22'/>"
		"<allow from='any' protocol='icmp'/>"
		"<allow from='lab' protocol='any'/>"
		"</inbound>"
		"<outbound default='allow'>"
		"<deny to='web' protocol='any'/>"
		"<deny to='any' protocol='udp' ports='53'/>"
		"</outbound>"
		"<intra default='allow'><deny protocol='tcp' ports='22'/>"
		"<allow protocol='tcp' ports='20-30'/></intra>");
	policies_add_lock(p, "box-lock", "box", "<inbound default='deny'/>");
	policies_add_lock(p, "a-web-lock", "web",
		"<outbound default='deny'><allow to='db'/></outbound>");
	policies_add_lock(p, "z-web-lock", "web",
		"<mode>enforce</mode>"
		"<outbound default='allow'><deny to='any' protocol='tcp' ports='25'/>"
		"</outbound>");
	assert_int_equal(0, policies_compile(p, NULL));
	return p;
}

enum {
	TCP = ZL_PROTO_TCP,
	UDP = ZL_PROTO_UDP,
	ICMP = ZL_PROTO_ICMP,
	V6 = ZL_PROTO_ICMPV6
};

struct row {
	const char *from, *to; /* a domain's name; or an address, which has a . or : */
	uint8_t proto;
	uint16_t dport;
	enum zl_verdict_kind want;
	const char *lock, *text;
};

/* clang-format off */
#define NONE  ZL_VERDICT_NONE
#define ALLOW ZL_VERDICT_ALLOW
#define DENY  ZL_VERDICT_DENY
static struct row rows[] = {
	/* no lock */
	{ "x",       "y",          TCP,    22, NONE,  "",           "" },
	{ "x",       "quiet1",     TCP,    22, NONE,  "",           "" },
	{ "10.2.0.1", "10.1.0.1",  TCP,    22, NONE,  "",           "" },
	/* inbound: first match, ranges, default, any */
	{ "web1",    "db1",        TCP,  5432, ALLOW, "db-lock",    "inbound rule 1: allow from web tcp/5432,6000-6100" },
	{ "web1",    "db1",        TCP,  6000, ALLOW, "db-lock",    "inbound rule 1: allow from web tcp/5432,6000-6100" },
	{ "web1",    "db1",        TCP,  6100, ALLOW, "db-lock",    "inbound rule 1: allow from web tcp/5432,6000-6100" },
	{ "web1",    "db1",        TCP,  6101, DENY,  "db-lock",    "inbound default" },
	{ "web1",    "db1",        TCP,  5999, DENY,  "db-lock",    "inbound default" },
	{ "web1",    "db1",        TCP,    22, DENY,  "db-lock",    "inbound rule 2: deny from web tcp/22" },
	{ "web1",    "db1",        UDP,  5432, DENY,  "db-lock",    "inbound default" },
	{ "x",       "db1",        TCP,  5432, DENY,  "db-lock",    "inbound default" },
	{ "x",       "db1",        ICMP,    0, ALLOW, "db-lock",    "inbound rule 4: allow from any icmp" },
	{ "x",       "db1",        ICMP, 2048, ALLOW, "db-lock",    "inbound rule 4: allow from any icmp" },
	{ "x",       "db1",        V6,  32768, DENY,  "db-lock",    "inbound default" },
	{ "x",       "db1",        47,      0, DENY,  "db-lock",    "inbound default" },
	/* addresses: the longest prefix alone */
	{ "10.2.0.1", "db1",       TCP,    22, ALLOW, "db-lock",    "inbound rule 3: allow from office tcp/22" },
	{ "10.2.0.1", "db1",       TCP,    23, DENY,  "db-lock",    "inbound default" },
	{ "10.1.0.1", "db1",       TCP,    23, ALLOW, "db-lock",    "inbound rule 5: allow from lab any" },
	{ "10.1.0.1", "db1",       TCP,    22, ALLOW, "db-lock",    "inbound rule 5: allow from lab any" },
	{ "11.0.0.1", "db1",       TCP,    22, DENY,  "db-lock",    "inbound default" },
	{ "fd00:2::1", "db1",      TCP,    22, ALLOW, "db-lock",    "inbound rule 3: allow from office tcp/22" },
	{ "fd00:1::1", "db1",      47,      0, ALLOW, "db-lock",    "inbound rule 5: allow from lab any" },
	{ "fe80::1", "db1",        TCP,    22, DENY,  "db-lock",    "inbound default" },
	/* outbound */
	{ "db1",     "x",          TCP,    80, ALLOW, "db-lock",    "outbound default" },
	{ "db1",     "x",          UDP,    53, DENY,  "db-lock",    "outbound rule 2: deny to any udp/53" },
	{ "db1",     "web1",       TCP,    80, DENY,  "db-lock",    "outbound rule 1: deny to web any" },
	{ "db1",     "8.8.8.8",    UDP,    53, DENY,  "db-lock",    "outbound rule 2: deny to any udp/53" },
	/* intra: neither inbound nor outbound is asked */
	{ "db1",     "db2",        TCP,  5432, ALLOW, "db-lock",    "intra default" },
	{ "db1",     "db2",        TCP,    22, DENY,  "db-lock",    "intra rule 1: deny tcp/22" },
	{ "db1",     "db2",        TCP,    23, ALLOW, "db-lock",    "intra rule 2: allow tcp/20-30" },
	{ "db1",     "db2",        UDP,    53, ALLOW, "db-lock",    "intra default" },
	/* zones that overlap: every lock is asked */
	{ "db1",     "dbbox",      TCP,  5432, DENY,  "box-lock",   "inbound default" },
	{ "db1",     "dbbox",      TCP,    22, DENY,  "db-lock",    "intra rule 1: deny tcp/22" },
	{ "x",       "dbbox",      TCP,    22, DENY,  "db-lock",    "inbound default" },
	{ "x",       "dbbox",      ICMP,    0, DENY,  "box-lock",   "inbound default" },
	{ "dbbox",   "x",          TCP,    80, ALLOW, "db-lock",    "outbound default" },
	{ "dbbox",   "xbox",       TCP,    80, ALLOW, "db-lock",    "outbound default" },
	/* two locks of one zone: enforce is named before monitor */
	{ "web1",    "x",          TCP,    80, DENY,  "a-web-lock", "outbound default" },
	{ "web1",    "x",          TCP,    25, DENY,  "z-web-lock", "outbound rule 1: deny to any tcp/25" },
	{ "web1",    "web2",       TCP,    25, ALLOW, "z-web-lock", "intra default" },
};
/* clang-format on */

static uint32_t class_of(struct policies *p, const char *end)
{
	if (strchr(end, '.') != NULL || strchr(end, ':') != NULL)
		return policies_class_of_addr(p, end);
	return policies_class_of_name(p, end);
}

static void check(const struct row *row, const struct zl_verdict *v)
{
	char text[ZL_VERDICT_STR];

	assert_int_equal(row->want, v->kind);
	assert_string_equal(row->lock, v->lock == NULL ? "" : v->lock->name);
	assert_string_equal(row->text, zl_evaluate_format(v, text));
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct policies *p = make_policy();
	struct zl_conversation c = { .initiator = class_of(p, row->from),
		.responder = class_of(p, row->to),
		.proto = row->proto,
		.dport = row->dport };
	struct zl_verdict v;

	zl_evaluate(p->policy, &c, &v);
	check(row, &v);
	for (int i = 0; i < 2; i++) { /* put in, taken out */
		memset(&v, 0xff, sizeof(v));
		zl_evaluate_memo(p->policy, &c, &v);
		check(row, &v);
	}
	policies_free(p);
}

/* A known domain speaking from an address in a range: both count. */
static void test_domain_with_address(void **state)
{
	struct policies *p = make_policy();
	int both = zl_policy_class_of_both(p->policy, policies_class_of_name(p, "web1"),
		policies_class_of_addr(p, "10.2.0.1"));
	struct zl_conversation c = { .initiator = (uint32_t)both,
		.responder = policies_class_of_name(p, "db1"),
		.proto = TCP,
		.dport = 22 };
	struct zl_verdict v;
	char text[ZL_VERDICT_STR];

	(void)state;
	zl_evaluate(p->policy, &c, &v);
	assert_int_equal(DENY, v.kind);
	assert_string_equal(
		"inbound rule 2: deny from web tcp/22", zl_evaluate_format(&v, text));
	policies_free(p);
}

/* A class of another policy, or none: nothing is in it; never out of bounds. */
static void test_foreign_class(void **state)
{
	struct policies *p = make_policy();
	struct zl_conversation c = {
		.initiator = UINT32_MAX, .responder = 70000, .proto = TCP, .dport = 22
	};
	struct zl_verdict v;

	(void)state;
	zl_evaluate_memo(p->policy, &c, &v);
	assert_int_equal(NONE, v.kind);
	c.responder = policies_class_of_name(p, "db1");
	zl_evaluate_memo(p->policy, &c, &v);
	assert_int_equal(DENY, v.kind);
	policies_free(p);
}

static uint32_t random_below(uint32_t n)
{
	static uint64_t s = 88172645463325252; /* xorshift64: the same on every run */

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return (uint32_t)(s >> 32) % n;
}

static const char *const zone_names[] = { "a", "b", "c", "d", "e", "any" };
static const char *const protos[] = { "tcp", "udp", "icmp", "any", "132" };

static void random_side(FILE *f, const char *side, const char *peer)
{
	(void)fprintf(f, "<%s default='%s'>", side, random_below(2) ? "allow" : "deny");
	for (uint32_t n = random_below(4); n > 0; n--) {
		const char *proto = protos[random_below(N_ITEMS(protos))];

		(void)fprintf(f, "<%s", random_below(2) ? "allow" : "deny");
		if (peer != NULL)
			(void)fprintf(f, " %s='%s'", peer, zone_names[random_below(6)]);
		(void)fprintf(f, " protocol='%s'", proto);
		if (strcmp(proto, "any") != 0 && strcmp(proto, "icmp") != 0 &&
			random_below(2))
			(void)fprintf(f, " ports='%u,%u-%u'", 1 + random_below(20),
				1 + random_below(10), 10 + random_below(10));
		(void)fputs("/>", f);
	}
	(void)fprintf(f, "</%s>", side);
}

static struct policies *random_policy(void)
{
	struct policies *p = policies_new();

	for (unsigned i = 0; i < 5; i++) {
		char member[64];

		(void)snprintf(
			member, sizeof(member), "<metadata zone='%s'/>", zone_names[i]);
		policies_add_zone(p, zone_names[i], member);
	}
	for (unsigned i = 0; i < 8; i++) {
		char name[16], *rest = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&rest, &size);

		assert_non_null(f);
		(void)snprintf(name, sizeof(name), "lock%u", i);
		(void)fputs(random_below(2) ? "<mode>enforce</mode>" : "", f);
		random_side(f, "inbound", "from");
		random_side(f, "outbound", "to");
		random_side(f, "intra", NULL);
		assert_int_equal(0, fclose(f));
		policies_add_lock(p, name, zone_names[random_below(5)], rest);
		free(rest);
	}
	assert_int_equal(0, policies_compile(p, NULL));
	return p;
}

/* A set of zones as bits, in the order of zone_names; its class. */
static uint32_t class_of_set(struct policies *p, unsigned set)
{
	const char *zones[5];
	struct zl_subject s = { .zones = zones };
	int r;

	for (unsigned i = 0; i < 5; i++)
		if (set >> i & 1)
			zones[s.n_zones++] = zone_names[i];
	r = zl_policy_class_of_domain(p->policy, &s);
	assert_true(r >= 0);
	return (uint32_t)r;
}

static bool set_has(unsigned set, const char *zone)
{
	for (unsigned i = 0; i < 5; i++)
		if (strcmp(zone_names[i], zone) == 0)
			return set >> i & 1;
	return strcmp(zone, "any") == 0 || zone[0] == '\0';
}

/* The rules as one reads them: 1 allowed, 0 denied, -1 the lock does not apply. */
static int read_lock(const struct zl_lock *l, unsigned from, unsigned to,
	const struct zl_conversation *c)
{
	bool in_from = set_has(from, l->zone), in_to = set_has(to, l->zone);
	const struct zl_rules *side;

	if (!in_from && !in_to)
		return -1;
	side = &l->side[in_from && in_to ? ZL_DIRECTION_INTRA
			: in_from	 ? ZL_DIRECTION_OUTBOUND
					 : ZL_DIRECTION_INBOUND];
	for (size_t i = 0; i < side->n; i++) {
		const struct zl_rule *r = &side->rules[i];

		if (set_has(in_from ? to : from, r->peer) &&
			(r->proto == ZL_PROTO_ANY || r->proto == c->proto) &&
			zl_ports_has(&r->ports, c->dport))
			return r->allow;
	}
	return side->allow;
}

static void compare_all(
	struct policies *p, unsigned from, unsigned to, const struct zl_conversation *c)
{
	struct zl_verdict direct, memo;
	const struct zl_lock *worst = NULL;
	int applied = 0;

	for (size_t i = 0; i < p->n_locks; i++) {
		const struct zl_lock *l = p->locks[i];
		int r = read_lock(l, from, to, c);

		applied += r >= 0;
		if (r == 0 && (worst == NULL || l->mode > worst->mode ||
				      (l->mode == worst->mode &&
					      strcmp(l->name, worst->name) < 0)))
			worst = l;
	}
	zl_evaluate(p->policy, c, &direct);
	zl_evaluate_memo(p->policy, c, &memo);
	assert_int_equal(worst != NULL ? DENY
			 : applied > 0 ? ALLOW
				       : NONE,
		direct.kind);
	if (worst != NULL)
		assert_ptr_equal(worst, direct.lock);
	assert_int_equal(direct.kind, memo.kind);
	assert_ptr_equal(direct.lock, memo.lock);
	assert_int_equal(direct.direction, memo.direction);
	assert_int_equal(direct.rule, memo.rule);
}

static void test_random(void **state)
{
	static const uint8_t numbers[] = { TCP, UDP, ICMP, ZL_PROTO_SCTP, 47, 0, 255 };

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct policies *p = random_policy();

		for (unsigned i = 0; i < 3000; i++) {
			unsigned from = random_below(32), to = random_below(32);
			struct zl_conversation c = { .initiator = class_of_set(p, from),
				.responder = class_of_set(p, to),
				.proto = numbers[random_below(N_ITEMS(numbers))],
				.dport = (uint16_t)random_below(24) };

			compare_all(p, from, to, &c);
		}
		policies_free(p);
	}
}

/* More distinct conversations than the memo holds: it forgets, and stays right. */
static void test_memo_overflow(void **state)
{
	struct policies *p = make_policy();
	struct zl_conversation c = { .initiator = policies_class_of_name(p, "web1"),
		.responder = policies_class_of_name(p, "db1") };
	struct zl_verdict direct, memo;

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		c.proto = i % 3 == 0 ? TCP : i % 3 == 1 ? UDP : ZL_PROTO_SCTP;
		c.dport = (uint16_t)random_below(65536);
		zl_evaluate(p->policy, &c, &direct);
		zl_evaluate_memo(p->policy, &c, &memo);
		assert_true(direct.kind == memo.kind && direct.lock == memo.lock &&
			    direct.rule == memo.rule &&
			    direct.direction == memo.direction);
	}
	policies_free(p);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_domain_with_address),
		cmocka_unit_test(test_foreign_class),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_memo_overflow),
	};
	struct CMUnitTest tests[N_ITEMS(rows) + N_ITEMS(others)] = { 0 };
	static char names[N_ITEMS(rows)][64];

	for (size_t i = 0; i < N_ITEMS(rows); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s -> %s %u/%u",
			rows[i].from, rows[i].to, rows[i].proto, rows[i].dport);
		tests[i] = (struct CMUnitTest){ .name = names[i],
			.test_func = test_row,
			.initial_state = &rows[i] };
	}
	memcpy(tests + N_ITEMS(rows), others, sizeof(others));
	return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
