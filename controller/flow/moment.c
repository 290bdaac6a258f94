/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between which moments the last packet of a flow was seen. */
#include "controller/flow/moment.h"

/* Records without a usable time are taken to be as old as exporters let them get. */
#define UNKNOWN_AGE_US (60 * ZL_US_PER_S)
/* From the header's time stamp to our socket, on a busy exporter. */
#define TRANSIT_US (100 * ZL_US_PER_MS)
/* The usual offset is no more exact than that (flow/health.h). */
#define OFFSET_GRAIN_US (2 * ZL_US_PER_S)
/* More than that is a clock that was set, and not a way. */
#define DELAY_MOST_US (24 * 3600 * ZL_US_PER_S)

/* How much longer than usual the datagram was on its way. */
static int64_t delay_of(const struct zl_flow *f, int64_t offset_us)
{
	int64_t sent_us, delay;

	if (offset_us == ZL_MOMENT_NO_OFFSET || (f->present & ZL_FLOW_LAST) == 0 ||
		__builtin_mul_overflow(f->last_ms, ZL_US_PER_MS, &sent_us) ||
		__builtin_add_overflow(
			sent_us, (int64_t)f->age_ms * ZL_US_PER_MS, &sent_us) ||
		__builtin_sub_overflow(f->arrival.us, sent_us, &delay) ||
		__builtin_sub_overflow(delay, offset_us, &delay))
		return 0;
	if (delay <= OFFSET_GRAIN_US)
		return 0;
	return delay < DELAY_MOST_US ? delay : DELAY_MOST_US;
}

static int64_t duration_of(const struct zl_flow *f)
{
	const uint32_t both = ZL_FLOW_FIRST | ZL_FLOW_LAST;
	int64_t ms;

	if ((f->present & both) != both ||
		__builtin_sub_overflow(f->last_ms, f->first_ms, &ms) || ms < 0)
		return 0;
	return ms < UINT32_MAX ? ms * ZL_US_PER_MS : 0;
}

struct zl_index_when zl_moment(const struct zl_flow *f, int64_t offset_us)
{
	struct zl_index_when w = { .earliest = f->arrival, .latest = f->arrival };

	w.earliest.us -= TRANSIT_US;
	if ((f->present & ZL_FLOW_AGE) == 0) {
		w.earliest.us -= UNKNOWN_AGE_US;
	} else {
		int64_t age = (int64_t)f->age_ms, error = (int64_t)f->age_error_ms;

		w.earliest.us -= (age + error) * ZL_US_PER_MS + delay_of(f, offset_us);
		w.latest.us -= (age > error ? age - error : 0) * ZL_US_PER_MS;
	}
	w.start.us = w.earliest.us - duration_of(f);
	return w;
}
