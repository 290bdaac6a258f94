/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An exporter's loss, clock and rhythm. */
#include "controller/flow/health.h"

enum { OFFSET_SHARE = 16 };

static void note_gap(struct zl_health *h, struct zl_mono now)
{
	uint64_t gap = h->last.us == 0 ? 0 : zl_mono_since(now, h->last);

	h->last = now;
	if (zl_mono_since(now, h->period) >
		ZL_HEALTH_PERIOD_S * (uint64_t)ZL_US_PER_S) {
		h->period = now;
		h->last_gap_us = h->gap_us;
		h->gap_us = 0;
	}
	if (gap > h->gap_us)
		h->gap_us = gap;
	if (h->n_spoken < ZL_HEALTH_SPOKEN_MIN &&
		(h->spoken.us == 0 ||
			zl_mono_since(now, h->spoken) >= (uint64_t)ZL_US_PER_S)) {
		h->spoken = now;
		h->n_spoken++;
	}
}

void zl_health_datagram(struct zl_health *h, struct zl_mono now, struct zl_wall arrival,
	int64_t export_ms, uint32_t step_ms)
{
	int64_t offset;

	note_gap(h, now);
	if (export_ms == 0)
		return;
	offset = arrival.us - export_ms * ZL_US_PER_MS -
		 (int64_t)step_ms * ZL_US_PER_MS / 2;
	if (h->has_offset)
		h->offset_us += (offset - h->offset_us) / OFFSET_SHARE;
	else
		h->offset_us = offset;
	h->has_offset = true;
}

uint32_t zl_health_loss_ppm(uint64_t lost, uint64_t units)
{
	double all = (double)lost + (double)units;

	return lost == 0 ? 0 : (uint32_t)((double)lost / all * 1e6 + 0.5);
}

uint64_t zl_health_silent_us(const struct zl_health *h)
{
	const uint64_t least = (uint64_t)ZL_HEALTH_SILENT_MIN_S * ZL_US_PER_S;
	uint64_t us = h->gap_us > h->last_gap_us ? h->gap_us : h->last_gap_us;

	us *= ZL_HEALTH_SILENT_GAPS;
	if (h->n_spoken < ZL_HEALTH_SPOKEN_MIN)
		return 0;
	return us > least ? us : least;
}
