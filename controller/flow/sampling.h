/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sampling: one in how many packets stands behind a record, wherever it is said.
 *
 * In the record itself, or in options data for all that comes from the observation domain
 * or for a part of it.  In the order in which they count:
 *
 *	34, 50		one in this many
 *	305, 306	so many taken, so many passed over (packets; 307, 308: time)
 *	309, 310	so many taken out of so many
 *	305		alone: one in this many, as softflowd means it
 *
 * and in options data for
 *
 *	302		what this selector took
 *	48		the same, by its older name
 *	145		records of this template
 *	10		what came in by this interface
 *	nothing of it	everything
 *
 * A record that names a selector of which nothing was told stays without a rate: unknown,
 * not unsampled.  ZL_SAMPLING_MAX rates are kept; a new one takes the place of the
 * first.  Memory comes out of the exporter's room for templates.
 */
#ifndef ZL_FLOW_SAMPLING_H
#define ZL_FLOW_SAMPLING_H
#include "controller/flow/template.h"

enum { ZL_SAMPLING_MAX = 32 };

struct zl_sampling_rate {
	uint64_t id;
	uint32_t rate;
	uint32_t scope; /* index into the table of scopes */
};

struct zl_sampling {
	struct zl_sampling_rate *rates; /* NULL: nothing was told */
	unsigned n, next;
	struct zl_template_room *room;
};

void zl_sampling_init(struct zl_sampling *s, struct zl_template_room *room);
void zl_sampling_done(struct zl_sampling *s);

/* Keep the rate that an options record says, and set it in there, if it says one. */
void zl_sampling_learn(struct zl_sampling *s, struct zl_flow_draft *options);

/* Set the rate of a flow record when it, or what was learned, says it. */
void zl_sampling_apply(
	const struct zl_sampling *s, struct zl_flow_draft *draft, uint16_t template_id);

#endif
