/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two kinds of time that cannot be mixed up: structs, not integers.
 *
 * struct zl_mono	microseconds of CLOCK_BOOTTIME: for durations; goes on
 *			in suspend, never jumps; means nothing after a reboot.
 * struct zl_wall	microseconds since 1970-01-01 UTC: for records, for what is
 *			kept on disk, and to compare with other machines.
 */
#ifndef ZL_BASE_CLOCK_H
#define ZL_BASE_CLOCK_H
#include <stddef.h>
#include <stdint.h>

struct zl_mono {
	uint64_t us;
};

struct zl_wall {
	int64_t us;
};

#define ZL_US_PER_S  INT64_C(1000000)
#define ZL_US_PER_MS INT64_C(1000)

struct zl_mono zl_mono_now(void);
struct zl_wall zl_wall_now(void);

/*
 * From now on both clocks of this process stand still at `now`, until told again: for who
 * works through what was recorded.  They do not go back.
 */
void zl_clock_tell(struct zl_wall now);

/* Microseconds from `since` to `now`, 0 when `now` is not later. */
static inline uint64_t zl_mono_since(struct zl_mono now, struct zl_mono since)
{
	return now.us > since.us ? now.us - since.us : 0;
}

static inline struct zl_mono zl_mono_add_ms(struct zl_mono t, uint64_t ms)
{
	return (struct zl_mono){ t.us + ms * ZL_US_PER_MS };
}

static inline int64_t zl_wall_ms(struct zl_wall t)
{
	return t.us / ZL_US_PER_MS;
}

/* "2026-11-23T20:04:05.123Z" (RFC 3339, UTC); returns `buf`. */
enum { ZL_WALL_STR = 32 };
const char *zl_wall_format(struct zl_wall t, char buf[static ZL_WALL_STR]);

#endif
