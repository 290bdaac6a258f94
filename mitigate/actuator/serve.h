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

/* For zl_worker_config.main, with a struct zl_serve_config; returns when the owner goes. */
int zl_serve_main(struct zl_worker_self *self, void *config);

#endif
