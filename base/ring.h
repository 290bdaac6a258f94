/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shared-memory ring: one producer process, one consumer process, records of
 * one size.
 *
 * The memory is a memfd sealed against resizing (F_SEAL_SHRINK, F_SEAL_GROW,
 * F_SEAL_SEAL), so that neither side can make the other die of SIGBUS.  Neither
 * trusts the indices in it: each keeps its own and clamps the other's.  The wake-up
 * is an eventfd, written only when the consumer may sleep.
 *
 *	page 0	| magic u32 | record size u32 | slots u32 (power of two) |
 *		| head u64, alone in its cache line: records ever written |
 *		| tail u64, alone in its cache line: records ever read |
 *		| dropped u64: records that found the ring full |
 *	page 1	slots * record size bytes
 *
 * A full ring drops the newest record and counts it.  The consumer copies a
 * record out once and only then looks at it.
 */
#ifndef ZL_BASE_RING_H
#define ZL_BASE_RING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct zl_ring;

/* Make the sealed memory; the parent does this once.  `slots`: a power of two. */
int zl_ring_create(size_t record_size, uint32_t slots, int *ret_fd,
	struct zl_error *reterr) ZL_CHECKED;

/* Map it.  -EPROTO when size, seals or header are not what we expect. */
int zl_ring_map(int fd, size_t record_size, struct zl_ring **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_ring_unmap(struct zl_ring *r); /* NULL is fine */

/* Producer: false when full (counted).  Publish with zl_ring_flush() after a batch;
 * it returns true when the consumer should be woken. */
bool zl_ring_write(struct zl_ring *r, const void *record);
bool zl_ring_flush(struct zl_ring *r);

/* Consumer: at most `most` records, oldest first, each to its place; how many there
 * were.  zl_ring_sleep() before waiting: false when something came meanwhile. */
unsigned zl_ring_read_to(struct zl_ring *r, void *const records[], unsigned most);
bool zl_ring_read(struct zl_ring *r, void *record);
bool zl_ring_sleep(struct zl_ring *r);

struct zl_ring_stats {
	uint32_t slots, used;
	uint64_t written, dropped;
};
void zl_ring_stats(const struct zl_ring *r, struct zl_ring_stats *ret);

#endif
