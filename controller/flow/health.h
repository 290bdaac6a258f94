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
 * The gap is the longest silence between two datagrams, forgotten slowly (by 1/64 a
 * datagram): what silence is normal for this exporter.
 */
#ifndef ZL_FLOW_HEALTH_H
#define ZL_FLOW_HEALTH_H
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum {
	ZL_HEALTH_GAPS_MIN = 16,     /* datagrams before the gap means anything */
	ZL_HEALTH_SILENT_MIN_S = 60, /* shorter silence is never remarkable */
	ZL_HEALTH_SILENT_GAPS = 3,   /* so many of its gaps are */
};

struct zl_health {
	uint64_t units, lost;
	int64_t offset_us;
	bool has_offset;
	uint64_t gap_us;
	uint32_t n_gaps; /* ZL_HEALTH_GAPS_MIN and no further */
	struct zl_mono last;
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
