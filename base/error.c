/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling in struct zl_error. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(char *to, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void set_text(char *to, size_t size, const char *fmt, va_list ap)
{
	(void)vsnprintf(to, size, fmt, ap);
}

int zl_fail(struct zl_error *reterr, int code, const char *fmt, ...)
{
	int saved = errno; /* for %m, whatever memset() may do */
	va_list ap;

	if (reterr == NULL)
		return code;
	memset(reterr, 0, sizeof(*reterr));
	reterr->code = code;
	errno = saved;
	va_start(ap, fmt);
	set_text(reterr->msg, sizeof(reterr->msg), fmt, ap);
	va_end(ap);
	return code;
}

int zl_fail_id(struct zl_error *reterr, int code, const char *id, const char *hint,
	const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (reterr == NULL)
		return code;
	memset(reterr, 0, sizeof(*reterr));
	reterr->code = code;
	(void)snprintf(reterr->id, sizeof(reterr->id), "%s", id);
	(void)snprintf(reterr->hint, sizeof(reterr->hint), "%s", hint);
	errno = saved;
	va_start(ap, fmt);
	set_text(reterr->msg, sizeof(reterr->msg), fmt, ap);
	va_end(ap);
	return code;
}

void zl_error_prefix(struct zl_error *reterr, const char *fmt, ...)
{
	char old[sizeof(reterr->msg)];
	size_t n;
	va_list ap;

	if (reterr == NULL)
		return;
	memcpy(old, reterr->msg, sizeof(old));
	va_start(ap, fmt);
	set_text(reterr->msg, sizeof(reterr->msg), fmt, ap);
	va_end(ap);
	n = strlen(reterr->msg);
	(void)snprintf(reterr->msg + n, sizeof(reterr->msg) - n, ": %s", old);
}

void zl_error_hint(struct zl_error *reterr, const char *fmt, ...)
{
	va_list ap;

	if (reterr == NULL)
		return;
	va_start(ap, fmt);
	set_text(reterr->hint, sizeof(reterr->hint), fmt, ap);
	va_end(ap);
}

void zl_error_where(struct zl_error *reterr, const char *fmt, ...)
{
	va_list ap;

	if (reterr == NULL)
		return;
	va_start(ap, fmt);
	set_text(reterr->where, sizeof(reterr->where), fmt, ap);
	va_end(ap);
}

void zl_error_print(const struct zl_error *err, FILE *to)
{
	(void)fprintf(to, "error: %s%s%s\n", err->where,
		err->where[0] == '\0' ? "" : ": ", err->msg);
	if (err->hint[0] != '\0')
		(void)fprintf(to, "hint: %s\n", err->hint);
}
