/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow that is told more than once.
 *
 * On its way between two machines a flow passes several places where somebody exports it:
 * the tap of its source, the uplinks of both hosts, the tap of its destination; and some
 * exporters tell what enters and what leaves a host apart.  It is one flow.  The records
 * of one place count, those of the others are copies: the place with the strongest
 * evidence for the source, of equals the one that saw it enter.
 *
 * A place is an exporter, an interface where the flow entered, and a direction.  Records
 * that follow each other from one place are parts of the flow and no copies, nor are those
 * of a second tap: the machine has migrated.  A place that has told nothing for longer
 * than exporters hold back a flow makes room for another.
 *
 * The table has a fixed size, and what is pushed out of it counts anew.
 */
#ifndef ZL_FLOW_TWIN_H
#define ZL_FLOW_TWIN_H
#include "base/clock.h"
#include "base/error.h"
#include "controller/flow/evidence.h"
#include "controller/flow/record.h"

enum zl_twin {
	ZL_TWIN_UNKNOWN, /* not asked */
	ZL_TWIN_COUNTS,
	ZL_TWIN_COPY,	/* of what was told by better evidence */
	ZL_TWIN_BETTER, /* what was told before is a copy of this, and has been counted */
};

struct zl_twins;

/* For `n` flows, a power of two. */
int zl_twins_new(size_t n, struct zl_twins **ret) ZL_CHECKED;
void zl_twins_free(struct zl_twins *t);

/* How good a record is as the one that counts; `evidence`: of its source. */
unsigned zl_twin_rank(const struct zl_flow *flow, enum zl_evidence evidence);
/* Are they from the same place? */
bool zl_twin_is_place(const struct zl_flow *a, const struct zl_flow *b);

/* What is this record?  It is remembered; `scope` as in stitch.h. */
enum zl_twin zl_twins_note(struct zl_twins *t, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, struct zl_mono now);

#endif
