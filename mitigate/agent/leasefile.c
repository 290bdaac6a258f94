/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading, writing and locking the lease file. */
#include "mitigate/agent/leasefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <gnutls/crypto.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/frame.h"

enum { FILE_VERSION = 1, FILE_MAX = 64 * 1024 * 1024, SHA_SIZE = 32 };

enum { F_HEADER = 1, F_LEASE, F_KNOWN, F_TOMB, F_END, F_N };
enum {
	A_VERSION = 1,
	A_LEASE,
	A_TAKEN,
	A_COMMITTED,
	A_DOMAIN,
	A_MAC,
	A_ID,
	A_WHEN,
	A_TEXT,
	A_COUNT,
	A_SHA,
	A_BOOT_ID,
	A_SEEN
};

/* clang-format off */
static const struct zl_attr header[] = {
	[A_VERSION]   = { .name = "version", .type = ZL_ATTR_U32, .required = true },
	[A_BOOT_ID]   = { .name = "boot_id", .type = ZL_ATTR_STRING, .max = ZL_BOOK_BOOT_ID - 1 },
	[A_SEEN]      = { .name = "seen", .type = ZL_ATTR_U32 },
};
static const struct zl_attr lease[] = {
	[A_LEASE]     = { .name = "lease", .type = ZL_ATTR_NEST, .required = true,
			  .nested = zl_lease_attrs, .n_nested = ZL_LEASE_ATTRS },
	[A_TAKEN]     = { .name = "taken", .type = ZL_ATTR_U64, .required = true },
	[A_COMMITTED] = { .name = "committed", .type = ZL_ATTR_U64 },
};
static const struct zl_attr known[] = {
	[A_DOMAIN]    = { .name = "domain", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[A_MAC]	      = { .name = "mac", .type = ZL_ATTR_BYTES, .max = 6, .repeated = true },
};
static const struct zl_attr tomb[] = {
	[A_ID]	      = { .name = "id", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[A_WHEN]      = { .name = "when", .type = ZL_ATTR_U64, .required = true },
	[A_TEXT]      = { .name = "text", .type = ZL_ATTR_STRING, .max = ZL_LEASE_TEXT - 1 },
};
static const struct zl_attr end[] = {
	[A_COUNT]     = { .name = "count", .type = ZL_ATTR_U32, .required = true },
	[A_SHA]	      = { .name = "sha256", .type = ZL_ATTR_BYTES, .max = SHA_SIZE, .required = true },
};
static const struct zl_message messages[F_N] = {
	[F_HEADER] = { .name = "header", ZL_ATTRS(header) },
	[F_LEASE]  = { .name = "lease", ZL_ATTRS(lease) },
	[F_KNOWN]  = { .name = "known", ZL_ATTRS(known) },
	[F_TOMB]   = { .name = "tomb", ZL_ATTRS(tomb) },
	[F_END]	   = { .name = "end", ZL_ATTRS(end) },
};
/* clang-format on */

/* The file's bytes while they are put together; sticky failure. */
struct image {
	char *at;
	size_t n, room;
	uint32_t count;
	bool failed;
};

static void image_autop(struct image *im)
{
	free(im->at);
}

static void start(struct image *im, struct zl_frame *f, uint16_t type)
{
	if (!im->failed && im->room - im->n < ZL_FRAME_MAX) {
		size_t room = im->room * 2 + ZL_FRAME_MAX;
		char *at = realloc(im->at, room);

		im->failed = at == NULL;
		if (at != NULL) {
			im->at = at;
			im->room = room;
		}
	}
	zl_frame_start(
		f, im->at + im->n, im->failed ? 0 : ZL_FRAME_MAX, type, ++im->count);
}

static void finish(struct image *im, struct zl_frame *f)
{
	ssize_t n = zl_frame_end(f);

	if (n < 0)
		im->failed = true;
	else
		im->n += (size_t)n;
}

static void put_leases(struct image *im, const struct zl_book *book)
{
	struct zl_frame f;

	for (size_t i = 0; i < book->n_leases; i++) {
		const struct zl_book_lease *l = book->leases[i];

		start(im, &f, F_LEASE);
		zl_lease_put(&f, A_LEASE, &l->lease);
		zl_frame_put_u64(&f, A_TAKEN, (uint64_t)l->taken.us);
		zl_frame_put_u64(&f, A_COMMITTED, (uint64_t)l->committed.us);
		finish(im, &f);
	}
}

static void put_known(struct image *im, const struct zl_book *book)
{
	const struct zl_known *k;
	struct zl_frame f;

	for (size_t i = 0; (k = zl_map_next(&book->known, &i)) != NULL;) {
		start(im, &f, F_KNOWN);
		zl_frame_put_bytes(&f, A_DOMAIN, k->domain.b, sizeof(k->domain.b));
		for (size_t m = 0; m < k->n_macs; m++)
			zl_frame_put_bytes(
				&f, A_MAC, k->macs[m].b, sizeof(k->macs[m].b));
		finish(im, &f);
	}
}

/* Oldest first, so that reading them back buries them in the same order. */
static void put_tombs(struct image *im, const struct zl_book *book)
{
	size_t first = book->n_tombs < ZL_BOOK_TOMBS_MAX ? 0 : book->next_tomb;
	struct zl_frame f;

	for (size_t i = 0; i < book->n_tombs; i++) {
		const struct zl_tomb *t = &book->tombs[(first + i) % ZL_BOOK_TOMBS_MAX];

		start(im, &f, F_TOMB);
		zl_frame_put_bytes(&f, A_ID, t->id.b, sizeof(t->id.b));
		zl_frame_put_u64(&f, A_WHEN, (uint64_t)t->when.us);
		zl_frame_put_str(&f, A_TEXT, t->reason);
		finish(im, &f);
	}
}

static int make_image(struct image *im, const struct zl_book *book)
{
	uint8_t sha[SHA_SIZE];
	struct zl_frame f;

	start(im, &f, F_HEADER);
	zl_frame_put_u32(&f, A_VERSION, FILE_VERSION);
	zl_frame_put_str(&f, A_BOOT_ID, book->boot_id);
	zl_frame_put_u32(&f, A_SEEN, book->seen_ifindex);
	finish(im, &f);
	put_leases(im, book);
	put_known(im, book);
	put_tombs(im, book);
	if (im->failed || gnutls_hash_fast(GNUTLS_DIG_SHA256, im->at, im->n, sha) < 0)
		return -ENOMEM;
	start(im, &f, F_END);
	zl_frame_put_u32(&f, A_COUNT, im->count);
	zl_frame_put_bytes(&f, A_SHA, sha, sizeof(sha));
	finish(im, &f);
	return im->failed ? -ENOMEM : 0;
}

int zl_leasefile_write(
	const char *dir, const struct zl_book *book, struct zl_error *reterr)
{
	__attribute__((cleanup(image_autop))) struct image im = { 0 };
	ZL_AUTO(zl_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	if (r >= 0)
		r = make_image(&im, book);
	if (r >= 0)
		r = zl_file_replace(fd, ZL_LEASEFILE_NAME, im.at, im.n);
	if (r >= 0)
		return 0;
	return zl_fail_id(reterr, r, "agent.leasefile.write",
		"make room or mend the permissions there; it is tried again",
		"leases could not be written to %s/%s: %s", dir, ZL_LEASEFILE_NAME,
		strerror(-r));
}

/* --- reading --------------------------------------------------------------------- */

static int damaged(struct zl_error *reterr, const char *what)
{
	return zl_fail_id(
		reterr, -EBADMSG, "agent.leasefile.damaged", "", "damaged: %s", what);
}

static int take_lease(
	const struct zl_frame_in *in, struct zl_book *book, struct zl_error *reterr)
{
	struct zl_book_lease *l;
	struct zl_lease from;
	int r = zl_lease_get(in->tb[A_LEASE], &from, reterr);

	if (r < 0)
		return damaged(reterr, "a lease that makes no sense");
	r = zl_book_put(book, &from,
		(struct zl_wall){ (int64_t)zl_attr_u64(in->tb[A_TAKEN]) }, &l);
	if (r < 0)
		return zl_fail(reterr, r, "%s", strerror(-r));
	l->committed.us = (int64_t)zl_attr_u64(in->tb[A_COMMITTED]);
	/* A tap named long ago says nothing about now. */
	memset(l->expected, 0, sizeof(l->expected));
	return 0;
}

static int take_known(
	const struct zl_frame_in *in, struct zl_book *book, struct zl_error *reterr)
{
	struct zl_known k = { 0 };
	const struct nlattr *a;
	bool grown;
	int r;

	zl_attr_copy(in->tb[A_DOMAIN], k.domain.b, sizeof(k.domain.b));
	zl_frame_each(a, in, A_MAC) if (k.n_macs < ZL_KNOWN_MACS_MAX)
		zl_attr_copy(a, k.macs[k.n_macs++].b, 6);
	r = zl_book_know(book, &k, &grown);
	if (r < 0)
		return zl_fail(reterr, r, "%s", strerror(-r));
	return 0;
}

static int take_frame(
	const struct zl_frame_in *in, struct zl_book *book, struct zl_error *reterr)
{
	struct zl_uuid id;

	switch (in->type) {
	case F_HEADER:
		if (zl_attr_u32(in->tb[A_VERSION]) != FILE_VERSION)
			return damaged(reterr, "of another version");
		(void)snprintf(book->boot_id, sizeof(book->boot_id), "%s",
			zl_attr_str(in->tb[A_BOOT_ID]));
		book->seen_ifindex = zl_attr_u32(in->tb[A_SEEN]);
		return 0;
	case F_LEASE: return take_lease(in, book, reterr);
	case F_KNOWN: return take_known(in, book, reterr);
	case F_TOMB:
		zl_attr_copy(in->tb[A_ID], id.b, sizeof(id.b));
		zl_book_bury(book, &id,
			(struct zl_wall){ (int64_t)zl_attr_u64(in->tb[A_WHEN]) },
			zl_attr_str(in->tb[A_TEXT]));
		return 0;
	default: return damaged(reterr, "frame of unknown type");
	}
}

static int check_end(const struct zl_frame_in *in, const char *at, size_t n,
	size_t size, uint32_t count, struct zl_error *reterr)
{
	uint8_t sha[SHA_SIZE];

	if (n + in->nlh->nlmsg_len != size)
		return damaged(reterr, "bytes after the end");
	if (zl_attr_u32(in->tb[A_COUNT]) != count)
		return damaged(reterr, "frames are missing");
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, at, n, sha) < 0 ||
		memcmp(sha, zl_attr_bytes(in->tb[A_SHA]), SHA_SIZE) != 0)
		return damaged(reterr, "wrong checksum");
	return 0;
}

/* Whether the checksum holds is known at the end. */
static int parse(
	const char *at, size_t size, struct zl_book *book, struct zl_error *reterr)
{
	size_t n = 0;

	for (uint32_t count = 1; n + MNL_NLMSG_HDRLEN <= size; count++) {
		const struct nlmsghdr *nlh = (const void *)(at + n);
		struct zl_frame_in in;
		int r;

		if (nlh->nlmsg_len > size - n || nlh->nlmsg_len % 4 != 0)
			return damaged(reterr, "frame cut short");
		if (zl_frame_parse(nlh, nlh->nlmsg_len, messages, F_N, &in, reterr) < 0)
			return damaged(reterr, "malformed frame");
		if ((in.type == F_HEADER) != (count == 1))
			return damaged(reterr, "no header");
		if (in.type == F_END)
			return check_end(&in, at, n, size, count, reterr);
		r = take_frame(&in, book, reterr);
		if (r < 0)
			return r;
		n += nlh->nlmsg_len;
	}
	return damaged(reterr, "cut short");
}

static int read_file(const char *path, struct zl_book *book, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *bytes = NULL;
	ZL_AUTO(zl_file) FILE *f = NULL;
	struct stat st;

	f = fopen(path, "re");
	if (f == NULL || fstat(fileno(f), &st) < 0)
		return zl_fail(reterr, -errno, "cannot be read: %m");
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > FILE_MAX)
		return damaged(reterr, "empty, or no file of ours");
	bytes = malloc((size_t)st.st_size);
	if (bytes == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		return damaged(reterr, "cannot be read whole");
	return parse(bytes, (size_t)st.st_size, book, reterr);
}

int zl_leasefile_read(const char *dir, struct zl_book *book, struct zl_error *reterr)
{
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, ZL_LEASEFILE_NAME);
	r = read_file(path, book, reterr);
	if (r < 0)
		zl_error_prefix(reterr, "lease file %s", path);
	return r;
}

int zl_leasefile_set_aside(
	const char *dir, char *ret_name, size_t size, struct zl_error *reterr)
{
	char from[PATH_MAX], to[PATH_MAX], when[ZL_WALL_STR];

	(void)snprintf(from, sizeof(from), "%s/%s", dir, ZL_LEASEFILE_NAME);
	(void)snprintf(to, sizeof(to), "%s/%s.damaged-%s", dir, ZL_LEASEFILE_NAME,
		zl_wall_format(zl_wall_now(), when));
	if (rename(from, to) < 0)
		return zl_fail(reterr, -errno, "cannot rename %s: %m", from);
	(void)snprintf(ret_name, size, "%s", to);
	return 0;
}

int zl_leasefile_lock(
	const char *dir, int *ret_fd, pid_t *ret_pid, struct zl_error *reterr)
{
	char path[PATH_MAX], text[16] = "";
	ZL_AUTO(zl_fd) int fd = -1;

	*ret_pid = 0;
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return zl_fail(reterr, -errno, "cannot open %s: %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return zl_fail(reterr, -errno, "cannot lock %s: %m", path);
		if (read(fd, text, sizeof(text) - 1) > 0)
			*ret_pid = (pid_t)strtol(text, NULL, 10);
		return zl_fail(reterr, -EBUSY, "%s is held by process %d", path,
			(int)*ret_pid);
	}
	(void)snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		(void)0; /* who holds it is for messages only; a full disk must not stop us */
	*ret_fd = zl_take_fd(&fd);
	return 0;
}
