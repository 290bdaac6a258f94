/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains that the admin declared as forwarding, besides those whose metadata do. */
#ifndef ZL_STORE_FORWARDING_H
#define ZL_STORE_FORWARDING_H
#include "base/addr.h"
#include "base/clock.h"
#include "controller/store/db.h"

/* Nothing changes when it is there already, or not there. */
int zl_forwarding_put(struct zl_db *db, const struct zl_uuid *domain,
	struct zl_wall since, struct zl_error *reterr) ZL_CHECKED;
int zl_forwarding_remove(struct zl_db *db, const struct zl_uuid *domain,
	struct zl_error *reterr) ZL_CHECKED;
int zl_forwarding_each(struct zl_db *db,
	int (*each)(const struct zl_uuid *domain, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;

#endif
