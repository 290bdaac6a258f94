/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agent.c and agent_watch.c share. */
#ifndef ZL_MITIGATE_AGENT_AGENT_INTERNAL_H
#define ZL_MITIGATE_AGENT_AGENT_INTERNAL_H
#include "mitigate/agent/agent.h"

struct zl_plan_in zl_agent_plan_in(const struct zl_agent *a);

/*
 * Plan and apply.  Negative only when there is no plan (nothing has changed then); what the
 * kernel made of it is in a->kernel_error.
 */
int zl_agent_enforce(struct zl_agent *a, struct zl_firewall_result *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* Note what came of a change or a check in the kernel: a->kernel_error is set if r < 0. */
void zl_agent_note_kernel(struct zl_agent *a, int r);

/* This lease has ended, and the kernel did not follow: tell `state` when it has. */
void zl_agent_leave(
	struct zl_agent *a, const struct zl_lease *lease, enum zl_lease_state state);

/* Report every lease whose state, objects or problem is not what was last told. */
void zl_agent_tell(struct zl_agent *a, const struct zl_firewall_result *result);

#endif
