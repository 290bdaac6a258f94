/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where domains come from: one host's libvirt, read-only, in a process of its own.
 *
 * zl_source_libvirt_main() is the main of a worker (base/worker.h).  It tells its owner,
 * in frames of inventory/protocol.h:
 *
 *	LIST_BEGIN, DOMAIN..., LIST_END, HOST_STATE up, DHCP...		once
 *	DOMAIN, DOMAIN_GONE, DHCP					as things happen
 *	HOST_STATE stale with a sentence, and the process ends		when it is over
 *
 * Events are subscribed to before the listing, so nothing falls in between.  An event
 * only says "look again": the domain is read anew, so it matters neither what an event
 * claims nor how many come (a migration that failed sends the same one as one that did
 * not).  Only what is different from what was told last is told.
 *
 * There are no events for some changes (a NIC's filter or network, leases): leases are
 * polled, and everything is listed again now and then.  A cheap call every `tick_ms`
 * makes a libvirtd that hangs exceed the worker's deadline.
 *
 * libvirt is called from the main loop alone, never from within one of its callbacks,
 * and every call that goes to the daemon is between zl_worker_begin() and _end().
 */
#ifndef ZL_INVENTORY_SOURCE_LIBVIRT_H
#define ZL_INVENTORY_SOURCE_LIBVIRT_H
#include "base/worker.h"

struct zl_source_libvirt_config {
	const char *host; /* the host object's name */
	const char *uri;
	unsigned tick_ms;      /* probe this often, 0: 2000 */
	unsigned leases_ticks; /* poll DHCP leases every so many ticks, 0: 5 */
	unsigned list_ticks;   /* list everything again, 0: 150 */
};

/* `arg` is a struct zl_source_libvirt_config.  Exit code: 0 the owner went away, else 1. */
int zl_source_libvirt_main(struct zl_worker_self *self, void *arg);

#endif
