/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How well an exporter does: loss, how its clock goes, how often it speaks.
 *
 * Loss is counted by sequence numbers in each version's own unit (stream.h); the units
 * that came are counted beside, so that there is a share.
 *
 * The offset is our clock at the arrival minus the exporter's clock when it sent: its
 * skew and the way here together, a mean over about 16 datagrams.  v9 and IPFIX
 * tell whole seconds; half of one is taken off, and the mean is good to some 100 ms.
 *
 * The gap is the longest silence between two datagrams within the last one to two hours,
 * however many came: what silence is normal for this exporter.
 */
#ifndef ZL_FLOW_HEALTH_H
#define ZL_FLOW_HEALTH_H
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum {
	ZL_HEALTH_SPOKEN_MIN = 16,   /* seconds with datagrams before the gap counts */
	ZL_HEALTH_PERIOD_S = 3600,   /* the gap is that of this and of the last */
	ZL_HEALTH_SILENT_MIN_S = 60, /* shorter silence is never remarkable */
	ZL_HEALTH_SILENT_GAPS = 3,   /* so many of its gaps are */
};

struct zl_health {
	uint64_t units, lost;
	int64_t offset_us;
	bool has_offset;
	uint64_t gap_us, last_gap_us; /* the longest of this period, and of the last */
	uint32_t n_spoken; /* seconds with datagrams, ZL_HEALTH_SPOKEN_MIN at most */
	struct zl_mono last, spoken, period;
};

/* A datagram came; `export_ms` is its own time (0: it tells none), in steps of `step_ms`. */
void zl_health_datagram(struct zl_health *h, struct zl_mono now, struct zl_wall arrival,
	int64_t export_ms, uint32_t step_ms);

/* Lost of all that were sent, in parts per million. */
uint32_t zl_health_loss_ppm(uint64_t lost, uint64_t units);

/*
 * The silence, in microseconds, after which an exporter with this gap is remarkable; 0:
 * it has not sent enough to say.
 */
uint64_t zl_health_silent_us(const struct zl_health *h);

#endif
