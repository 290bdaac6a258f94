/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's side: requests of one hypervisor, one after the other.
 */
#ifndef ZL_ACTUATOR_SERVE_H
#define ZL_ACTUATOR_SERVE_H
#include "base/worker.h"
#include "mitigate/actuator/filter.h"

struct zl_serve_config {
	const char *uri, *dir;
	const struct zl_filter_peers *peers;
};

/* The LEASE_STATE frame for a report, of at most ZL_SERVE_REPORT bytes; its size, or < 0. */
enum { ZL_SERVE_REPORT = 8192 };
ssize_t zl_serve_format(uint8_t buf[static ZL_SERVE_REPORT], uint32_t seq,
	const struct zl_lease_report *rep);

/* For zl_worker_config.main, with a struct zl_serve_config; returns when the owner goes. */
int zl_serve_main(struct zl_worker_self *self, void *config);

#endif
