/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy from zones and locks as XML texts, for tests. */
#include "tests/support/policies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct policies *policies_new(void)
{
	struct policies *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	return p;
}

void policies_free(struct policies *p)
{
	zl_policy_free(p->policy);
	for (size_t i = 0; i < p->n_zones; i++)
		zl_zone_free(p->zones[i]);
	for (size_t i = 0; i < p->n_locks; i++)
		zl_lock_free(p->locks[i]);
	free(p);
}

void policies_add_zone(struct policies *p, const char *name, const char *members)
{
	struct zl_error err = { 0 };
	char *xml = NULL;

	assert_true(p->n_zones < POLICIES_MAX);
	assert_true(asprintf(&xml, "<zone><name>%s</name><members>%s</members></zone>",
			    name, members) > 0);
	if (zl_zone_parse(xml, name, &p->zones[p->n_zones++], &err) < 0)
		fail_msg("%s", err.msg);
	free(xml);
}

void policies_add_lock(
	struct policies *p, const char *name, const char *zone, const char *rest)
{
	struct zl_error err = { 0 };
	char *xml = NULL;

	assert_true(p->n_locks < POLICIES_MAX);
	assert_true(asprintf(&xml, "<lock><name>%s</name><zone>%s</zone>\n%s</lock>",
			    name, zone, rest) > 0);
	if (zl_lock_parse(xml, name, &p->locks[p->n_locks++], &err) < 0)
		fail_msg("%s", err.msg);
	free(xml);
}

int policies_compile(struct policies *p, struct zl_error *reterr)
{
	const struct zl_zone *zones[POLICIES_MAX];
	const struct zl_lock *locks[POLICIES_MAX];

	zl_policy_free(p->policy);
	p->policy = NULL;
	for (size_t i = 0; i < p->n_zones; i++)
		zones[i] = p->zones[i];
	for (size_t i = 0; i < p->n_locks; i++)
		locks[i] = p->locks[i];
	return zl_policy_new(zones, p->n_zones, locks, p->n_locks, &p->policy, reterr);
}

uint32_t policies_class_of_name(struct policies *p, const char *domain)
{
	const struct zl_subject s = { .name = domain };
	int r = zl_policy_class_of_domain(p->policy, &s);

	assert_true(r >= 0);
	return (uint32_t)r;
}

uint32_t policies_class_of_addr(struct policies *p, const char *addr)
{
	struct zl_addr a;

	assert_true(zl_addr_parse(addr, &a));
	return zl_policy_class_of_addr(p->policy, &a);
}

const char *policies_zones_of(struct policies *p, uint32_t class_)
{
	static char text[1024];
	const char *names[16];
	size_t n = zl_policy_class_zones(p->policy, class_, names, 16), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && i < 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
			i == 0 ? "" : ",", names[i]);
	return text;
}
