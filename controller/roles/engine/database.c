/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the database takes what is written: for daemon-status, and once in the log. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "controller/roles/engine/engine.h"

void zl_engine_database_failed(
	struct zl_engine *e, const struct zl_error *why, const char *what)
{
	if (strcmp(e->db_error, why->msg) != 0)
		zl_log_error(LOG_ERR, why, what);
	(void)snprintf(e->db_error, sizeof(e->db_error), "%s", why->msg);
}

void zl_engine_database_works(struct zl_engine *e)
{
	e->db_error[0] = '\0';
}
