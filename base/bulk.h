/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for large tables that are touched at random: zeroed, from the beginning of a page.
 *
 * A place in a table of hundreds of megabytes costs two misses, one for its page's
 * address and one for itself.  Pages of 2 MiB do away with the first, but one
 * record would then take 2 MiB of memory.  So a table begins with small pages, and once
 * its places are in use everywhere, zl_bulk_enlarge() exchanges some at a time.
 */
#ifndef ZL_BASE_BULK_H
#define ZL_BASE_BULK_H
#include <stddef.h>

struct zl_bulk {
	void *at; /* NULL: out of memory */
	size_t size, enlarged;
};

struct zl_bulk zl_bulk_new(size_t n, size_t size);
void zl_bulk_free(struct zl_bulk *b);

/* The next 16 MiB into large pages: some milliseconds, and no matter if it cannot be. */
void zl_bulk_enlarge(struct zl_bulk *b);

#endif
