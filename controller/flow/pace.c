/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often to look for datagrams. */
#include "controller/flow/pace.h"

unsigned zl_pace(struct zl_pace *p, struct zl_mono now, uint64_t n)
{
	uint64_t since = zl_mono_since(now, p->last);

	if (n == 0)
		return 0;
	p->last = now;
	if (p->turns < ZL_PACE_TURNS) {
		p->turns = since < ZL_PACE_NEAR_US ? p->turns + 1 : 0;
		return 0;
	}
	/* What a pause has gathered is what counts, not what came before it. */
	if (p->has_paused && n < ZL_PACE_FEW) {
		*p = (struct zl_pace){ .last = now };
		return 0;
	}
	p->has_paused = true;
	return ZL_PACE_PAUSE_US;
}
