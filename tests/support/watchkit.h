/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a zl_watch that feeds an index, and waiting for what should come. */
#ifndef ZL_TESTS_SUPPORT_WATCHKIT_H
#define ZL_TESTS_SUPPORT_WATCHKIT_H
#include "inventory/index.h"
#include "inventory/watch.h"

struct zl_watchkit {
	sd_event *event;
	struct zl_watch *watch;
	struct zl_index *index;
	unsigned n_frames[ZL_INV_MESSAGE_N];
	unsigned n_states; /* how often on_state came */
};

/* `config`: deadline, waits and intervals; the rest is filled in. */
void zl_watchkit_init(struct zl_watchkit *k, struct zl_watch_config config);
void zl_watchkit_done(struct zl_watchkit *k);

/* Enrol and watch. */
void zl_watchkit_put(struct zl_watchkit *k, const char *host, const char *uri);

/* Run the loop until `is_there` says so; false: `ms` are over. */
bool zl_watchkit_wait(struct zl_watchkit *k, unsigned ms,
	bool (*is_there)(struct zl_watchkit *k, void *arg), void *arg);

/* Run until the host is in that state. */
bool zl_watchkit_wait_state(
	struct zl_watchkit *k, unsigned ms, const char *host, enum zl_host_state state);

/* Run until the domain is in that state (ZL_DOMAIN_STATE_N: is not there). */
bool zl_watchkit_wait_domain(struct zl_watchkit *k, unsigned ms, const char *name,
	enum zl_domain_state state);

#endif
