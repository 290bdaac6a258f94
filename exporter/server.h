/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop of zonelock-exporter: taps on one side, pmacctd on the other. */
#ifndef ZL_EXPORTER_SERVER_H
#define ZL_EXPORTER_SERVER_H
#include <systemd/sd-event.h>

#include "exporter/keeper.h"
#include "exporter/pmacctd.h"
#include "inventory/links_socket.h"

struct zl_exporter {
	const struct zl_exporter_config *config; /* borrowed */
	sd_event *event;
	sd_event_source *timer;
	struct zl_links_socket socket;
	struct zl_links links;
	struct zl_keeper keeper;
	struct zl_tapmap now;	 /* what there is */
	struct zl_tapmap read;	 /* what pmacctd has read */
	struct zl_tapmap wanted; /* what it is to read next */
	struct zl_mono verify;	 /* when it must hear all; 0: never */
	pid_t pid;		 /* of its first process, 0: none */
	int dir;		 /* run-directory */
	int lock;		 /* held by each pmacctd too */
	bool told_left_out;
};

/*
 * Take the lock, list the taps, and be ready to run.  -EBUSY: another one, or a pmacctd
 * of it, runs with this run-directory.  Closes itself on failure.
 */
int zl_exporter_open(struct zl_exporter *x, const struct zl_exporter_config *config,
	struct zl_error *reterr) ZL_CHECKED;

/* Until SIGTERM or SIGINT; pmacctd has ended then. */
int zl_exporter_run(struct zl_exporter *x, struct zl_error *reterr) ZL_CHECKED;
void zl_exporter_close(struct zl_exporter *x);

#endif
