/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the clocks and writing wall time. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return (int64_t)ts.tv_sec * ZL_US_PER_S + ts.tv_nsec / 1000;
}

/* Set: what the clocks say instead, and what zl_mono is ahead of zl_wall. */
static struct {
	bool is_set;
	int64_t wall, ahead;
} told;

void zl_clock_tell(struct zl_wall now)
{
	if (!told.is_set)
		told.ahead = read_clock(CLOCK_BOOTTIME) - now.us;
	if (!told.is_set || now.us > told.wall)
		told.wall = now.us;
	told.is_set = true;
}

struct zl_mono zl_mono_now(void)
{
	return (struct zl_mono){ (uint64_t)(told.is_set ? told.wall + told.ahead
							: read_clock(CLOCK_BOOTTIME)) };
}

struct zl_wall zl_wall_now(void)
{
	return (struct zl_wall){ told.is_set ? told.wall : read_clock(CLOCK_REALTIME) };
}

const char *zl_wall_format(struct zl_wall t, char buf[static ZL_WALL_STR])
{
	int64_t s = t.us / ZL_US_PER_S, us = t.us % ZL_US_PER_S;
	struct tm tm;
	time_t whole;
	char date[24];

	if (us < 0) {
		us += ZL_US_PER_S;
		s--;
	}
	whole = (time_t)s;
	if (gmtime_r(&whole, &tm) == NULL ||
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		(void)snprintf(buf, ZL_WALL_STR, "-");
		return buf;
	}
	(void)snprintf(buf, ZL_WALL_STR, "%s.%03dZ", date, (int)(us / 1000));
	return buf;
}
