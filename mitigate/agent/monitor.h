/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noticing that somebody else has committed a ruleset.
 *
 * Each commit ends with a NEWGEN notification that carries the committing socket's
 * port id and the process's name.  What exactly changed does not matter: we read
 * back and compare.  A lost notification counts as a foreign change.
 */
#ifndef ZL_MITIGATE_AGENT_MONITOR_H
#define ZL_MITIGATE_AGENT_MONITOR_H
#include <stdbool.h>

#include <libmnl/libmnl.h>

#include "base/error.h"

struct zl_monitor {
	struct mnl_socket *nl;
	char *buf;
};

enum { ZL_MONITOR_WHO = 48 };

int zl_monitor_open(struct zl_monitor *m, struct zl_error *reterr) ZL_CHECKED;
void zl_monitor_close(struct zl_monitor *m);

/*
 * Take in all that waits.  True: somebody but the socket `own_portid` has committed;
 * `who` is "nft (process 123)", or "" when that is not known.
 */
bool zl_monitor_drain(
	struct zl_monitor *m, uint32_t own_portid, char who[static ZL_MONITOR_WHO]);

#endif
