/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, for a human: fixed size, on the caller's stack, so that
 * reporting cannot fail and errors can cross a socket.
 *
 * The one form of failing is
 *
 *	return zl_fail(reterr, -ENOENT, "zone 'dmz': unknown parent '%s'", name);
 *
 * `reterr` may be NULL.  Who returns an error does not log it; who handles it
 * logs it once.  Errnos with a fixed meaning: -EBADMSG malformed input from
 * outside, -EPROTO a peer broke our protocol, -EINVAL the caller's argument,
 * -ENOENT, -EEXIST, -EPERM policy forbids, -E2BIG and -ENOBUFS a limit of ours,
 * -ESTALE a foreign change underneath, -EHOSTUNREACH, -ETIMEDOUT, -ENOMEM.
 */
#ifndef ZL_BASE_ERROR_H
#define ZL_BASE_ERROR_H
#include <stdio.h>

struct zl_error {
	int code;	/* negative errno, the value that the function returned */
	char id[48];	/* stable name for scripts: "policy.zone.unknown", or "" */
	char msg[256];	/* what failed, with the object */
	char hint[192]; /* what to do, or "" */
	char where[96]; /* file:line of the input, or the object's name, or "" */
};

/* Fill in `reterr` (forgetting what it held) and return `code`; %m works. */
int zl_fail(struct zl_error *reterr, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a stable id and a hint ("" for none). */
int zl_fail_id(struct zl_error *reterr, int code, const char *id, const char *hint,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Put "prefix: " before the message: context on the way up. */
void zl_error_prefix(struct zl_error *reterr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Say what to do about it. */
void zl_error_hint(struct zl_error *reterr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Say where in the input it is. */
void zl_error_where(struct zl_error *reterr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* On everything whose int result must be looked at. */
/* As a program says it that ends for it: "error: WHERE: SENTENCE", and "hint: ...". */
void zl_error_print(const struct zl_error *err, FILE *to);

#define ZL_CHECKED __attribute__((warn_unused_result))

#endif
