/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to start, tell and end pmacctd: decisions only, with the time passed in.
 *
 *	down --start--> up --stop--> ending --(all of it has ended)--> down
 *
 * There is one pmacctd or none: it is down only when its last process has ended.
 */
#ifndef ZL_EXPORTER_KEEPER_H
#define ZL_EXPORTER_KEEPER_H
#include <stdbool.h>

#include "base/clock.h"
#include "exporter/tapmap.h"

enum zl_keeper_phase { ZL_KEEPER_DOWN, ZL_KEEPER_UP, ZL_KEEPER_ENDING };

enum zl_keeper_action {
	ZL_KEEPER_WAIT,
	ZL_KEEPER_START,  /* write the map and start it */
	ZL_KEEPER_RELOAD, /* write the map and have it read */
	ZL_KEEPER_STOP,	  /* ask it to flush and end */
	ZL_KEEPER_KILL,	  /* it did not */
	ZL_KEEPER_EXIT,	  /* we are to end, and it has */
};

struct zl_keeper {
	enum zl_keeper_phase phase;
	uint64_t settle_ms; /* how long taps must be at rest */
	bool wanted;	    /* there are taps */
	bool leaving;	    /* we are to end */
	enum zl_tapmap_change pending;
	struct zl_mono first, last; /* pending since, last change */
	struct zl_mono since;	    /* of the phase */
	struct zl_mono not_before;  /* of the next start */
	bool failed;		    /* it ends, or never began, of itself */
	unsigned n_failures;	    /* in a row */
};

/* The taps have changed; `change` is all that pmacctd does not know, together. */
void zl_keeper_changed(struct zl_keeper *k, enum zl_tapmap_change change, bool wanted,
	struct zl_mono now);

/* What to do now; WAIT: until *ret_wake (UINT64_MAX: for ever) or an event. */
enum zl_keeper_action zl_keeper_next(
	const struct zl_keeper *k, struct zl_mono now, struct zl_mono *ret_wake);

/* That was done: START, RELOAD or STOP. */
void zl_keeper_did(
	struct zl_keeper *k, enum zl_keeper_action action, struct zl_mono now);

/* Its first process has ended, or it could not be started: nobody asked for that. */
void zl_keeper_failed(struct zl_keeper *k, struct zl_mono now);

/*
 * Its last process has ended; true: of itself.  `wait_ms` says how long to wait after
 * the n-th failure (from 0) in a row.
 */
bool zl_keeper_ended(
	struct zl_keeper *k, struct zl_mono now, uint64_t (*wait_ms)(unsigned n));

#endif
