/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed shared-memory ring. */
#include "base/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { RING_MAGIC = 0x5a4c5247, CACHE_LINE = 64, HEADER_SIZE = 4096 };
#define RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct header {
	uint32_t magic, record_size, slots, unused;
	alignas(CACHE_LINE) _Atomic uint64_t head;
	alignas(CACHE_LINE) _Atomic uint64_t tail;
	alignas(CACHE_LINE) _Atomic uint64_t dropped;
	alignas(CACHE_LINE) _Atomic uint32_t sleeping; /* the consumer waits */
};

struct zl_ring {
	struct header *h;
	uint8_t *records;
	size_t map_size, record_size;
	uint32_t slots;	    /* as checked at map time, never read again */
	uint64_t own;	    /* producer: head not yet published; consumer: tail */
	uint64_t published; /* producer: the head others see */
};

int zl_ring_create(
	size_t record_size, uint32_t slots, int *ret_fd, struct zl_error *reterr)
{
	struct header h = { .magic = RING_MAGIC,
		.record_size = (uint32_t)record_size,
		.slots = slots };
	size_t size = HEADER_SIZE + record_size * slots;
	ZL_AUTO(zl_fd) int fd = -1;

	if (slots == 0 || (slots & (slots - 1)) != 0)
		return zl_fail(
			reterr, -EINVAL, "ring: %u slots: not a power of two", slots);
	fd = memfd_create("zonelock-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
		pwrite(fd, &h, offsetof(struct header, head), 0) < 0 ||
		fcntl(fd, F_ADD_SEALS, RING_SEALS) < 0)
		return zl_fail(reterr, -errno, "ring of %zu bytes: %m", size);
	*ret_fd = zl_take_fd(&fd);
	return 0;
}

int zl_ring_map(
	int fd, size_t record_size, struct zl_ring **ret, struct zl_error *reterr)
{
	struct zl_ring *r;
	struct stat st;
	struct header *h;
	uint32_t slots;
	int seals = fcntl(fd, F_GET_SEALS);

	if (fstat(fd, &st) < 0 || seals < 0 || (seals & RING_SEALS) != RING_SEALS)
		return zl_fail(reterr, -EPROTO, "ring: not a sealed memfd");
	h = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return zl_fail(reterr, -errno, "ring: mmap: %m");
	slots = h->slots;
	if (h->magic != RING_MAGIC || h->record_size != record_size || slots == 0 ||
		(slots & (slots - 1)) != 0 ||
		(size_t)st.st_size != HEADER_SIZE + record_size * slots) {
		(void)munmap(h, (size_t)st.st_size);
		return zl_fail(reterr, -EPROTO,
			"ring: made for other records or another version");
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		(void)munmap(h, (size_t)st.st_size);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	r->h = h;
	r->records = (uint8_t *)h + HEADER_SIZE;
	r->map_size = (size_t)st.st_size;
	r->record_size = record_size;
	r->slots = slots;
	/* A restarted producer goes on at head, a restarted consumer at tail. */
	r->own = UINT64_MAX;
	*ret = r;
	return 0;
}

void zl_ring_unmap(struct zl_ring *r)
{
	if (r == NULL)
		return;
	(void)munmap(r->h, r->map_size);
	free(r);
}

static uint8_t *slot(const struct zl_ring *r, uint64_t i)
{
	return r->records + (i & (r->slots - 1)) * r->record_size;
}

bool zl_ring_write(struct zl_ring *r, const void *record)
{
	if (r->own == UINT64_MAX)
		r->own = r->published = atomic_load(&r->h->head);
	/* A lying tail only makes us drop, or overwrite what it has not read. */
	if (r->own - atomic_load_explicit(&r->h->tail, memory_order_acquire) >=
		r->slots) {
		(void)atomic_fetch_add_explicit(
			&r->h->dropped, 1, memory_order_relaxed);
		return false;
	}
	memcpy(slot(r, r->own), record, r->record_size);
	r->own++;
	return true;
}

bool zl_ring_flush(struct zl_ring *r)
{
	if (r->own == UINT64_MAX || r->own == r->published)
		return false; /* nothing written since the start, or the last flush */
	r->published = r->own;
	atomic_store(&r->h->head, r->own);
	return atomic_exchange(&r->h->sleeping, 0) != 0;
}

unsigned zl_ring_read_to(struct zl_ring *r, void *const records[], unsigned most)
{
	uint64_t head = atomic_load_explicit(&r->h->head, memory_order_acquire);
	unsigned n = 0;

	if (r->own == UINT64_MAX)
		r->own = atomic_load(&r->h->tail);
	/* A head that is out of reach: the producer restarted or lies; begin anew. */
	if (head - r->own > r->slots) {
		r->own = head;
		atomic_store(&r->h->tail, head);
		return 0;
	}
	for (; n < most && r->own != head; n++, r->own++)
		memcpy(records[n], slot(r, r->own), r->record_size);
	if (n != 0)
		atomic_store_explicit(&r->h->tail, r->own, memory_order_release);
	return n;
}

bool zl_ring_read(struct zl_ring *r, void *record)
{
	return zl_ring_read_to(r, &record, 1) == 1;
}

bool zl_ring_sleep(struct zl_ring *r)
{
	uint64_t own = r->own == UINT64_MAX ? atomic_load(&r->h->tail) : r->own;

	atomic_store(&r->h->sleeping, 1);
	if (atomic_load(&r->h->head) == own)
		return true;
	atomic_store(&r->h->sleeping, 0);
	return false;
}

void zl_ring_stats(const struct zl_ring *r, struct zl_ring_stats *ret)
{
	uint64_t head = atomic_load(&r->h->head), tail = atomic_load(&r->h->tail);
	uint64_t used = head - tail;

	*ret = (struct zl_ring_stats){ .slots = r->slots,
		.used = used > r->slots ? r->slots : (uint32_t)used,
		.written = head,
		.dropped = atomic_load(&r->h->dropped) };
}
