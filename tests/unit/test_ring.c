/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring: two processes, full, either side restarted, and a partner that lies. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ring.h"

enum { SLOTS = 8, HEAD_AT = 64, TAIL_AT = 128, HEADER = 4096, MANY = 200000 };

struct record {
	uint64_t n, check;
};

static struct record make(uint64_t n)
{
	return (struct record){ n, ~n };
}

static struct zl_ring *map(int fd)
{
	struct zl_ring *r = NULL;
	struct zl_error err = { 0 };

	if (zl_ring_map(fd, sizeof(struct record), &r, &err) < 0)
		fail_msg("%s", err.msg);
	return r;
}

static int create(uint32_t slots)
{
	struct zl_error err = { 0 };
	int fd = -1;

	if (zl_ring_create(sizeof(struct record), slots, &fd, &err) < 0)
		fail_msg("%s", err.msg);
	return fd;
}

static bool put(struct zl_ring *r, uint64_t n)
{
	struct record rec = make(n);

	return zl_ring_write(r, &rec);
}

static void expect(struct zl_ring *r, uint64_t n)
{
	struct record rec;

	assert_true(zl_ring_read(r, &rec));
	assert_int_equal(n, rec.n);
	assert_int_equal(~n, rec.check);
}

static void expect_empty(struct zl_ring *r)
{
	struct record rec;

	assert_false(zl_ring_read(r, &rec));
}

static void test_in_order(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);
	struct zl_ring *w = map(fd), *r = map(fd);

	(void)state;
	expect_empty(r);
	for (uint64_t n = 0; n < 5 * SLOTS; n += 2) {
		assert_true(put(w, n));
		assert_true(put(w, n + 1));
		expect_empty(r); /* not published yet */
		(void)zl_ring_flush(w);
		expect(r, n);
		expect(r, n + 1);
	}
	expect_empty(r);
	zl_ring_unmap(w);
	zl_ring_unmap(r);
	zl_ring_unmap(NULL);
}

static void test_some(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);
	struct zl_ring *w = map(fd), *r = map(fd);
	struct record recs[SLOTS];
	void *to[SLOTS];
	uint64_t n = 0, seen = 0;

	(void)state;
	/* The places need not stand side by side. */
	for (unsigned i = 0; i < SLOTS; i++)
		to[i] = &recs[SLOTS - 1 - i];
	assert_int_equal(0, zl_ring_read_to(r, to, SLOTS));
	/* Six at a time come, at most four at a time go, over the end of the slots. */
	for (unsigned i = 0; i < 5; i++) {
		for (unsigned k = 0; k < 6; k++)
			assert_true(put(w, n++));
		(void)zl_ring_flush(w);
		for (unsigned got, want = 4; seen < n; seen += got, want = 2) {
			got = zl_ring_read_to(r, to, 4);
			assert_int_equal(want, got);
			for (unsigned k = 0; k < got; k++)
				assert_int_equal(seen + k, recs[SLOTS - 1 - k].n);
		}
	}
	zl_ring_unmap(w);
	zl_ring_unmap(r);
}

static void test_full(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);
	struct zl_ring *w = map(fd), *r = map(fd);
	struct zl_ring_stats st;

	(void)state;
	for (uint64_t n = 0; n < SLOTS; n++)
		assert_true(put(w, n));
	assert_false(put(w, 100));
	assert_false(put(w, 101));
	(void)zl_ring_flush(w);
	zl_ring_stats(r, &st);
	assert_int_equal(SLOTS, st.slots);
	assert_int_equal(SLOTS, st.used);
	assert_int_equal(SLOTS, st.written);
	assert_int_equal(2, st.dropped);
	expect(r, 0);
	assert_true(put(w, SLOTS));
	(void)zl_ring_flush(w);
	for (uint64_t n = 1; n <= SLOTS; n++)
		expect(r, n);
	expect_empty(r);
	zl_ring_unmap(w);
	zl_ring_unmap(r);
}

/* The consumer is woken when it sleeps, and only then. */
static void test_wake(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);
	struct zl_ring *w = map(fd), *r = map(fd);

	(void)state;
	assert_false(zl_ring_flush(w));
	assert_true(put(w, 0));
	assert_false(zl_ring_flush(w)); /* nobody sleeps */
	assert_false(zl_ring_sleep(r)); /* there is something */
	expect(r, 0);
	assert_true(zl_ring_sleep(r));
	assert_true(put(w, 1));
	assert_true(zl_ring_flush(w));
	assert_true(put(w, 2));
	assert_false(zl_ring_flush(w)); /* woken already */
	expect(r, 1);
	expect(r, 2);
	zl_ring_unmap(w);
	zl_ring_unmap(r);
}

/* A role that is started again goes on where the one before it was. */
static void test_restart(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);
	struct zl_ring *w = map(fd), *r = map(fd);

	(void)state;
	for (uint64_t n = 0; n < 4; n++)
		assert_true(put(w, n));
	(void)zl_ring_flush(w);
	expect(r, 0);
	zl_ring_unmap(r);
	r = map(fd);
	expect(r, 1);
	/* What the producer wrote and did not publish dies with it. */
	assert_true(put(w, 77));
	zl_ring_unmap(w);
	w = map(fd);
	assert_true(put(w, 4));
	(void)zl_ring_flush(w);
	for (uint64_t n = 2; n <= 4; n++)
		expect(r, n);
	expect_empty(r);
	zl_ring_unmap(w);
	zl_ring_unmap(r);
}

static uint64_t *index_of(void *header, size_t at)
{
	return (uint64_t *)((uint8_t *)header + at);
}

/* Whatever stands in the shared indices, nobody leaves the slots or waits for ever. */
static void test_lies(void **state)
{
	static const uint64_t lies[] = { 1, SLOTS, SLOTS + 1, 1000, UINT64_MAX,
		UINT64_MAX - SLOTS, UINT64_C(1) << 63 };
	struct record rec;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(lies); i++) {
		ZL_AUTO(zl_fd) int fd = create(SLOTS);
		void *header =
			mmap(NULL, HEADER, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		struct zl_ring *w = map(fd), *r = map(fd);
		unsigned n = 0;

		assert_true(header != MAP_FAILED);
		/* A producer that claims to be far ahead: at most a ring full of rubbish. */
		assert_true(put(w, 0));
		(void)zl_ring_flush(w);
		expect(r, 0);
		*index_of(header, HEAD_AT) = lies[i];
		while (zl_ring_read(r, &rec))
			assert_true(++n <= SLOTS);
		/* It recovers as soon as the head is within reach of what it believes. */
		*index_of(header, HEAD_AT) += 1;
		assert_true(zl_ring_read(r, &rec) || lies[i] == UINT64_MAX);
		/* A consumer that claims to have read what was never written, or nothing. */
		*index_of(header, TAIL_AT) = lies[i];
		for (unsigned k = 0; k < 4 * SLOTS; k++)
			(void)put(w, k);
		(void)zl_ring_flush(w);
		(void)munmap(header, HEADER);
		zl_ring_unmap(w);
		zl_ring_unmap(r);
	}
}

static void test_sealed(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(SLOTS);

	(void)state;
	assert_int_equal(-1, ftruncate(fd, 0));
	assert_int_equal(EPERM, errno);
	assert_int_equal(-1, ftruncate(fd, 1 << 20));
	assert_int_equal(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

static void refuse(int fd, size_t record_size)
{
	struct zl_ring *r = NULL;
	struct zl_error err = { 0 };

	assert_int_equal(-EPROTO, zl_ring_map(fd, record_size, &r, &err));
	assert_null(r);
	assert_true(err.msg[0] != '\0');
}

static int make_memfd(size_t size, unsigned seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, (off_t)size));
	assert_int_equal(0, fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void test_refused(void **state)
{
	enum { ALL = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };
	ZL_AUTO(zl_fd) int good = create(SLOTS);
	ZL_AUTO(zl_fd) int unsealed = make_memfd(HEADER, F_SEAL_GROW);
	ZL_AUTO(zl_fd) int zeroes = make_memfd(2 * HEADER, ALL);
	ZL_AUTO(zl_fd) int tiny = make_memfd(10, ALL);
	ZL_AUTO(zl_fd) int no_memfd = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t *header;

	(void)state;
	refuse(good, sizeof(struct record) + 8);
	refuse(unsealed, sizeof(struct record));
	refuse(zeroes, sizeof(struct record));
	refuse(tiny, sizeof(struct record));
	refuse(no_memfd, sizeof(struct record));
	header = mmap(NULL, HEADER, PROT_READ | PROT_WRITE, MAP_SHARED, good, 0);
	assert_true(header != MAP_FAILED);
	header[2] = SLOTS * 2; /* more than the memory holds */
	refuse(good, sizeof(struct record));
	header[2] = SLOTS - 1;
	refuse(good, sizeof(struct record));
	header[2] = 0;
	refuse(good, sizeof(struct record));
	(void)munmap(header, HEADER);
}

static void test_slots(void **state)
{
	struct zl_error err = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(-EINVAL, zl_ring_create(16, 0, &fd, &err));
	assert_int_equal(-EINVAL, zl_ring_create(16, 12, &fd, &err));
	assert_string_equal("ring: 12 slots: not a power of two", err.msg);
	assert_int_equal(-1, fd);
}

/* As fast as it can, in batches; some find the ring full. */
static void produce(int fd)
{
	struct zl_ring *w = map(fd);
	struct zl_ring_stats st;

	for (uint64_t n = 0; n < MANY; n++) {
		(void)put(w, n);
		if (n % 7 == 0)
			(void)zl_ring_flush(w);
	}
	(void)zl_ring_flush(w);
	zl_ring_stats(w, &st);
	_exit(st.written + st.dropped == MANY ? 0 : 1);
}

static void test_two_processes(void **state)
{
	ZL_AUTO(zl_fd) int fd = create(1024);
	struct zl_ring *r;
	struct zl_ring_stats st;
	struct record rec;
	uint64_t got = 0, next = 0;
	int status = -1;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		produce(fd);
	r = map(fd);
	for (bool ended = false;;) {
		while (zl_ring_read(r, &rec)) {
			/* Whole, each once and in order, though some are missing. */
			assert_true(rec.check == ~rec.n);
			assert_true(rec.n >= next);
			next = rec.n + 1;
			got++;
		}
		if (ended)
			break;
		ended = waitpid(pid, &status, WNOHANG) == pid;
	}
	assert_int_equal(0, status);
	zl_ring_stats(r, &st);
	assert_int_equal(MANY, got + st.dropped);
	assert_true(got >= 1024);
	zl_ring_unmap(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_two_processes),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
