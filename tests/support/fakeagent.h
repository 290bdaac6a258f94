/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An agent made of its protocol alone: what the engine's tests talk to.
 *
 * A child process that listens at a socket, tells two links, and answers every
 * LEASE_PUT with the report that it was told to give, its own path as the object on the
 * host; an id that was dropped is
 * "released" from then on, as with the real one.  It has no firewall: what
 * an agent does to a host is tested with the agent itself.
 */
#ifndef ZL_SUPPORT_FAKEAGENT_H
#define ZL_SUPPORT_FAKEAGENT_H
#include <sys/types.h>

#include "mitigate/lease.h"

struct zl_fakeagent_link {
	uint32_t ifindex;
	const char *name;
	struct zl_mac mac;
};

struct zl_fakeagent {
	const char *path;
	struct zl_fakeagent_link links[4];
	unsigned n_links;
	enum zl_lease_state answer;   /* to LEASE_PUT */
	const char *message;	      /* with it, or NULL */
	bool clings;		      /* cannot end a lease: LEASE_DROP has no effect */
	unsigned floods;	      /* so many reports more after each LEASE_PUT */
	const struct zl_lease *keeps; /* told at the start as in force; or NULL */
};

/* Fork it; its pid, or negative. */
pid_t zl_fakeagent_start(const struct zl_fakeagent *agent);
void zl_fakeagent_stop(pid_t pid);

#endif
