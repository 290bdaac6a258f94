/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for large tables. */
#include "base/bulk.h"

#include <stdint.h>
#include <sys/mman.h>

enum { STEP = 16 << 20 };
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

struct zl_bulk zl_bulk_new(size_t n, size_t size)
{
	struct zl_bulk b = { .size = n * size };

	if (size != 0 && n > SIZE_MAX / size)
		return (struct zl_bulk){ 0 };
	b.at = mmap(NULL, b.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (b.at == MAP_FAILED)
		b.at = NULL;
	return b;
}

void zl_bulk_free(struct zl_bulk *b)
{
	if (b->at != NULL)
		(void)munmap(b->at, b->size);
	*b = (struct zl_bulk){ 0 };
}

void zl_bulk_enlarge(struct zl_bulk *b)
{
	size_t left = b->size - b->enlarged, n = left < STEP ? left : STEP;
	char *from = (char *)b->at + b->enlarged;

	if (n == 0)
		return;
	/* What is touched from now on, and what there is. */
	(void)madvise(from, n, MADV_HUGEPAGE);
	(void)madvise(from, n, MADV_COLLAPSE);
	b->enlarged += n;
}
