/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each part costs by itself, in one process: decode, correlate, stitch, judge.
 *
 * The same datagrams and the same fleet as in the whole; no sockets, no ring.
 */
#ifndef ZL_BENCH_PARTS_H
#define ZL_BENCH_PARTS_H
#include <jansson.h>

#include "base/error.h"

/* Prints ns per flow, and sets part.* in the summary. */
int zl_parts_run(json_t *summary, struct zl_error *reterr) ZL_CHECKED;

#endif
