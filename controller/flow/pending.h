/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data sets that came before their template: kept for a while, to be read when it comes.
 *
 * After a restart of the collector or of the network between, the first data of a
 * stream is often ahead of its template (RFC 7011, section 8; RFC 3954, section 9: a
 * collector may keep it).  A set keeps the clock and the arrival of its own datagram,
 * so its records are as old as they are.
 *
 * Bounded: all streams of an exporter share a room, of ZL_PENDING_ROOM bytes, a stream has
 * ZL_PENDING_MAX sets, and one waits ZL_PENDING_TTL_S at most.  The oldest of the same
 * stream makes room; what goes unread is counted as template_unknown.
 */
#ifndef ZL_FLOW_PENDING_H
#define ZL_FLOW_PENDING_H
#include "base/clock.h"
#include "base/cursor.h"
#include "controller/flow/complete.h"
#include "controller/flow/drop.h"

enum {
	ZL_PENDING_ROOM = 128 * 1024, /* bytes per exporter, with what keeps them */
	ZL_PENDING_MAX = 64,	      /* sets per stream */
	ZL_PENDING_TTL_S = 60,
};

struct zl_pending_set {
	struct zl_pending_set *next;
	struct zl_complete_clock clock;
	struct zl_wall arrival;
	struct zl_mono since;
	uint16_t id;
	uint16_t n;
	uint8_t bytes[]; /* the set's body */
};

struct zl_pending_room {
	size_t used, most; /* bytes */
};

struct zl_pending {
	struct zl_pending_set *first, **end;
	struct zl_pending_room *room;
	unsigned n;
};

void zl_pending_init(struct zl_pending *p, struct zl_pending_room *room);
void zl_pending_done(struct zl_pending *p);

/* Keep a copy of `set`, the body of a data set for template `set_id`. */
void zl_pending_put(struct zl_pending *p, uint16_t set_id, struct zl_cursor set,
	const struct zl_complete_clock *clock, struct zl_wall arrival,
	struct zl_mono now, struct zl_drop_counts *drops);

/* Give up what has waited too long; for streams that never speak again. */
void zl_pending_expire(
	struct zl_pending *p, struct zl_mono now, struct zl_drop_counts *drops);

/*
 * Take the oldest set out for which `is_known` says yes; NULL when there is none.
 * The caller frees it with zl_pending_free().
 */
struct zl_pending_set *zl_pending_take(struct zl_pending *p,
	bool (*is_known)(uint16_t set_id, void *user), void *user, struct zl_mono now,
	struct zl_drop_counts *drops);
void zl_pending_free(struct zl_pending *p, struct zl_pending_set *set);

#endif
