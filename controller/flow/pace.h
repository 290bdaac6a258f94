/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to look for datagrams: at once when there is little to do, in steps of
 * ZL_PACE_PAUSE_US when there is much.
 *
 * Waking up for each datagram costs more than decoding it, in this process and in the
 * one that takes the records.  Who looks less often finds more at once.  A record that
 * comes after a quiet time is never kept waiting.
 *
 *	each turn of the loop:	n = what was received in this turn
 *				us = zl_pace(&pace, now, n)
 *				sleep for us microseconds before polling again
 */
#ifndef ZL_FLOW_PACE_H
#define ZL_FLOW_PACE_H
#include <stdbool.h>

#include "base/clock.h"

enum {
	ZL_PACE_PAUSE_US = 5000,
	ZL_PACE_NEAR_US = 500, /* turns that follow each other so soon ... */
	ZL_PACE_TURNS = 16,    /* ... and so often: busy */
	ZL_PACE_FEW = 4,       /* busy no more, when a pause gathers fewer */
};

/* All zero in the beginning. */
struct zl_pace {
	struct zl_mono last; /* when the last turn that had datagrams ended */
	unsigned turns;
	bool has_paused;
};

/* How long to pause after a turn that received `n` datagrams; 0: not at all. */
unsigned zl_pace(struct zl_pace *p, struct zl_mono now, uint64_t n);

#endif
