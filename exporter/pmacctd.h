/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pmacctd: the text of its configuration, and its process.
 *
 * Its two processes, the core that captures and the plugin that exports, get a session
 * of their own.  What was measured with pmacctd 1.7.7:
 *
 *	SIGINT to both		the plugin sends its flows; gone after 0.05 s
 *	SIGINT to the core	captures nothing for 2 s, then as above
 *	SIGTERM to the plugin	its flows are lost
 *	SIGUSR2 to the core	reads the interface map again, see tapmap.h
 *
 * With `immediate` it is started with immediate.c preloaded, which lies beside our own
 * executable or where it was installed.
 */
#ifndef ZL_EXPORTER_PMACCTD_H
#define ZL_EXPORTER_PMACCTD_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "exporter/exporter_config.h"
#include "exporter/tapmap.h"

#define ZL_PMACCTD_CONFIG  "pmacctd.conf"
#define ZL_PMACCTD_MAP	   "taps.map"
#define ZL_PMACCTD_PRELOAD "zonelock-immediate.so"

/* The text of pmacctd.conf; -E2BIG: does not fit. */
enum { ZL_PMACCTD_TEXT = 4096 };
int zl_pmacctd_format(
	const struct zl_exporter_config *c, char *buf, size_t size) ZL_CHECKED;

/* Start it in its configured run-directory; its process. */
int zl_pmacctd_start(const struct zl_exporter_config *c, pid_t *ret_pid,
	struct zl_error *reterr) ZL_CHECKED;

/* Has it come so far that SIGUSR2 is not its end? */
bool zl_pmacctd_is_ready(pid_t pid);

/* Is there a packet socket in this network namespace for each tap of the map? */
bool zl_pmacctd_hears(const struct zl_tapmap *map);

#endif
