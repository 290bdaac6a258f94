/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A moment as people write it:
 *
 *	2026-11-23 20:04[:05]	in local time; T for the space, Z at the end for UTC
 *	2026-11-23		its beginning
 *	@1795464245		seconds since 1970
 *	90s, 15m, 2h, 1d	so long ago, as journalctl's --since=-15m
 */
#ifndef ZL_CLI_WHEN_H
#define ZL_CLI_WHEN_H
#include <stdbool.h>

#include "base/clock.h"

bool zl_when_parse(const char *text, struct zl_wall now, struct zl_wall *ret);

#endif
