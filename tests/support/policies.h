/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy from zones and locks as XML texts, for tests. */
#ifndef ZL_TESTS_POLICIES_H
#define ZL_TESTS_POLICIES_H
#include <stddef.h>

#include "policy/compile.h"

enum { POLICIES_MAX = 4200 };

struct policies {
	struct zl_zone *zones[POLICIES_MAX];
	size_t n_zones;
	struct zl_lock *locks[POLICIES_MAX];
	size_t n_locks;
	struct zl_policy *policy;
};

struct policies *policies_new(void);
void policies_free(struct policies *p);

/* "<zone><name>NAME</name><members>MEMBERS</members></zone>" */
void policies_add_zone(struct policies *p, const char *name, const char *members);

/* The same with the rest of a lock after its name and zone. */
void policies_add_lock(
	struct policies *p, const char *name, const char *zone, const char *rest);

/* Compile; the result of zl_policy_new(). */
int policies_compile(struct policies *p, struct zl_error *reterr);

/* Classes; a failure fails the test. */
uint32_t policies_class_of_name(struct policies *p, const char *domain);
uint32_t policies_class_of_addr(struct policies *p, const char *addr);

/* The zones of a class: "db,web", "" for none; in a static buffer. */
const char *policies_zones_of(struct policies *p, uint32_t class_);

#endif
