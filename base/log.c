/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The logger: journal or standard error. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* Journal fields only: the file and line of this wrapper would say nothing. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { LOG_FIELDS_MAX = 16, LOG_LINE_MAX = 1024 };

/* The one piece of state that is not handed down: everybody logs. */
static struct {
	const char *program;
	int level;
	bool journal;
} logger = { .program = "zonelock", .level = LOG_INFO };

static const char *const levels[] = { [LOG_ERR] = "err",
	[LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug" };

static void to_journal(
	int priority, const struct zl_log_field *fields, unsigned n, const char *line)
{
	char text[LOG_FIELDS_MAX][LOG_LINE_MAX];
	struct iovec iov[LOG_FIELDS_MAX];
	int n_iov = 0;

	(void)snprintf(text[0], LOG_LINE_MAX, "MESSAGE=%s", line);
	(void)snprintf(text[1], LOG_LINE_MAX, "PRIORITY=%d", priority);
	(void)snprintf(text[2], LOG_LINE_MAX, "SYSLOG_IDENTIFIER=%s", logger.program);
	n_iov = 3;
	for (unsigned i = 0; i < n && n_iov < LOG_FIELDS_MAX; i++, n_iov++)
		(void)snprintf(text[n_iov], LOG_LINE_MAX, "%s=%s", fields[i].name,
			fields[i].value);
	for (int i = 0; i < n_iov; i++)
		iov[i] = (struct iovec){ text[i], strlen(text[i]) };
	(void)sd_journal_sendv(iov, n_iov);
}

int zl_log_open(const char *program, const char *level, struct zl_error *reterr)
{
	logger.program = program;
	logger.journal = getenv("JOURNAL_STREAM") != NULL;
	for (size_t i = 0; i < N_ITEMS(levels); i++)
		if (levels[i] != NULL && strcmp(levels[i], level) == 0) {
			logger.level = (int)i;
			/* The first message opens the journal's socket, which a system
			 * call filter would forbid later. */
			if (logger.journal)
				to_journal(LOG_DEBUG, NULL, 0, "log opened");
			return 0;
		}
	return zl_fail(reterr, -EINVAL,
		"log-level = %s: not one of debug, info, notice, warning, err", level);
}

static void write_line(int priority, const struct zl_log_field *fields, unsigned n,
	const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void write_line(int priority, const struct zl_log_field *fields, unsigned n,
	const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX], when[ZL_WALL_STR];

	if (priority > logger.level)
		return;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	/* Guests and peers choose some of this text: one line stays one line. */
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (logger.journal) {
		to_journal(priority, fields, n, line);
		return;
	}
	(void)fprintf(stderr, "%s %s: %s%s\n", zl_wall_format(zl_wall_now(), when),
		logger.program,
		priority <= LOG_ERR	  ? "error: "
		: priority == LOG_WARNING ? "warning: "
					  : "",
		line);
}

void zl_log(int priority, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	write_line(priority, NULL, 0, fmt, ap);
	va_end(ap);
	errno = saved;
}

void zl_log_with(int priority, const struct zl_log_field *fields, unsigned n,
	const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	write_line(priority, fields, n, fmt, ap);
	va_end(ap);
	errno = saved;
}

void zl_log_error(int priority, const struct zl_error *err, const char *context)
{
	const struct zl_log_field id = { "ZONELOCK_ERROR_ID", err->id };

	zl_log_with(priority, &id, err->id[0] == '\0' ? 0 : 1, "%s%s%s%s%s%s",
		context == NULL ? "" : context, context == NULL ? "" : ": ", err->msg,
		err->hint[0] == '\0' ? "" : " (", err->hint,
		err->hint[0] == '\0' ? "" : ")");
}
