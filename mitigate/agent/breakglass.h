/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands for the administrator of the host, when everything else is dead.
 *
 * `list` reads the lease file and the kernel itself and never asks the agent.
 * `release` asks the agent when one runs, and otherwise does its work: the lock in
 * the state directory sees to it that never both write.
 */
#ifndef ZL_MITIGATE_AGENT_BREAKGLASS_H
#define ZL_MITIGATE_AGENT_BREAKGLASS_H
#include <stdbool.h>

/* The id of an error that means: done, but not all is well (exit status 7). */
#define ZL_BREAKGLASS_DEGRADED "agent.degraded"

#include "mitigate/agent/agent_config.h"

/*
 * A damaged lease file is listed as far as it can be read; then -EBADMSG, degraded, with
 * the file's name.
 */
int zl_breakglass_list(const struct zl_agent_config *config, const char *config_path,
	bool json, struct zl_error *reterr) ZL_CHECKED;

/*
 * `what`: a lease id, a domain's uuid, or "--all".  Prints what was released.
 * -ENOENT: no such lease; -ETIMEDOUT: an agent runs but does not answer.  Degraded: it
 * is released, but the lease file could not be written and would bring it back.
 */
int zl_breakglass_release(const struct zl_agent_config *config, const char *config_path,
	const char *what, struct zl_error *reterr) ZL_CHECKED;

#endif
