/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book on disk: one file of frames in the state directory, replaced as a whole.
 *
 *	| HEADER version, seen taps | LEASE ... | KNOWN ... | TOMB ... | END count, SHA-256 |
 *
 * The checksum covers every byte before END.  Writing: a temporary file, fsync,
 * rename, fsync of the directory, so a crash leaves the old file or the new one.
 * Beside it lies `lock`: the running agent, or a break-glass command, holds it.
 */
#ifndef ZL_MITIGATE_AGENT_LEASEFILE_H
#define ZL_MITIGATE_AGENT_LEASEFILE_H
#include <sys/types.h>

#include "mitigate/agent/book.h"

#define ZL_LEASEFILE_NAME "leases"

/* -ENOSPC and the like, with a sentence that names the path and what to do. */
int zl_leasefile_write(const char *dir, const struct zl_book *book,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * Read into an empty book.  -ENOENT: no file.  -EBADMSG: damaged (reterr says which file
 * and how); the book then has what stood before the damage, true or not: it may be
 * shown, but not acted on.
 */
int zl_leasefile_read(
	const char *dir, struct zl_book *book, struct zl_error *reterr) ZL_CHECKED;

/* Move a damaged file out of the way: "leases.damaged-2026-11-23T20:04:05.123Z". */
int zl_leasefile_set_aside(const char *dir, char *ret_name, size_t size,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * Take the lock; *ret_fd holds it until closed.  -EBUSY: *ret_pid has it (0: not known).
 */
int zl_leasefile_lock(const char *dir, int *ret_fd, pid_t *ret_pid,
	struct zl_error *reterr) ZL_CHECKED;

#endif
