/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structured logging: to the journal with fields when we run under systemd, to
 * standard error as one readable line otherwise.
 *
 * Programs log; libraries return errors.  Levels are those of <syslog.h>.
 * A field's name is upper case and starts with ZONELOCK_.
 */
#ifndef ZL_BASE_LOG_H
#define ZL_BASE_LOG_H
#include <syslog.h>

#include "base/error.h"

struct zl_log_field {
	const char *name, *value;
};

/* `program` is borrowed.  `level`: "debug", "info", "notice", "warning", "err". */
int zl_log_open(const char *program, const char *level, struct zl_error *reterr);

void zl_log(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with `n` fields. */
void zl_log_with(int priority, const struct zl_log_field *fields, unsigned n,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "context: message (hint)"; `context` may be NULL. */
void zl_log_error(int priority, const struct zl_error *err, const char *context);

#endif
