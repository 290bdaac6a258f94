/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to start, tell and end pmacctd. */
#include "exporter/keeper.h"

enum {
	SETTLE_MOST = 4, /* times settle_ms, when taps never rest */
	STOP_MS = 5000,	 /* for the last records to be sent */
	/* Who lived that long did not fail to start. */
	GOOD_US = 30 * 1000 * 1000,
};

static struct zl_mono earlier(struct zl_mono a, struct zl_mono b)
{
	return a.us < b.us ? a : b;
}

/* When the pending change is due. */
static struct zl_mono due(const struct zl_keeper *k)
{
	return earlier(zl_mono_add_ms(k->last, k->settle_ms),
		zl_mono_add_ms(k->first, SETTLE_MOST * k->settle_ms));
}

void zl_keeper_changed(struct zl_keeper *k, enum zl_tapmap_change change, bool wanted,
	struct zl_mono now)
{
	if (change != ZL_TAPMAP_SAME && k->pending == ZL_TAPMAP_SAME)
		k->first = now;
	k->last = now;
	k->pending = change;
	k->wanted = wanted;
}

/* `action` at the time `at`. */
static enum zl_keeper_action at_time(enum zl_keeper_action action, struct zl_mono at,
	struct zl_mono now, struct zl_mono *ret_wake)
{
	if (now.us >= at.us)
		return action;
	*ret_wake = at;
	return ZL_KEEPER_WAIT;
}

enum zl_keeper_action zl_keeper_next(
	const struct zl_keeper *k, struct zl_mono now, struct zl_mono *ret_wake)
{
	ret_wake->us = UINT64_MAX;
	switch (k->phase) {
	case ZL_KEEPER_DOWN:
		if (k->leaving)
			return ZL_KEEPER_EXIT;
		if (!k->wanted)
			return ZL_KEEPER_WAIT;
		return at_time(ZL_KEEPER_START, k->not_before, now, ret_wake);
	case ZL_KEEPER_UP:
		if (k->leaving)
			return ZL_KEEPER_STOP;
		if (k->pending == ZL_TAPMAP_SAME)
			return ZL_KEEPER_WAIT;
		return at_time(k->pending == ZL_TAPMAP_ADDED ? ZL_KEEPER_RELOAD
							     : ZL_KEEPER_STOP,
			due(k), now, ret_wake);
	case ZL_KEEPER_ENDING:
		return at_time(ZL_KEEPER_KILL, zl_mono_add_ms(k->since, STOP_MS), now,
			ret_wake);
	}
	return ZL_KEEPER_WAIT;
}

void zl_keeper_did(
	struct zl_keeper *k, enum zl_keeper_action action, struct zl_mono now)
{
	if (action == ZL_KEEPER_RELOAD || action == ZL_KEEPER_START)
		k->pending = ZL_TAPMAP_SAME;
	if (action == ZL_KEEPER_RELOAD)
		return;
	k->phase = action == ZL_KEEPER_START ? ZL_KEEPER_UP : ZL_KEEPER_ENDING;
	k->since = now;
}

void zl_keeper_failed(struct zl_keeper *k, struct zl_mono now)
{
	if (k->phase == ZL_KEEPER_UP && zl_mono_since(now, k->since) > GOOD_US)
		k->n_failures = 0;
	k->failed = true;
	k->phase = ZL_KEEPER_ENDING;
	k->since = now;
}

bool zl_keeper_ended(
	struct zl_keeper *k, struct zl_mono now, uint64_t (*wait_ms)(unsigned n))
{
	bool of_itself = k->failed;

	k->not_before = now;
	if (of_itself)
		k->not_before = zl_mono_add_ms(now, wait_ms(k->n_failures++));
	k->failed = false;
	k->phase = ZL_KEEPER_DOWN;
	k->since = now;
	return of_itself;
}
