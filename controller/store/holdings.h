/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who had which address, from when to when, and how that was known: the answer to a
 * question that is asked after the fact, when the machine may be gone.
 */
#ifndef ZL_STORE_HOLDINGS_H
#define ZL_STORE_HOLDINGS_H
#include "controller/store/db.h"
#include "inventory/domain.h"

struct zl_holding {
	int64_t id; /* 0: not on disk yet */
	struct zl_addr addr;
	char host[64];
	char scope[ZL_NAME_MAX + 16]; /* of inventory/index.h */
	struct zl_uuid domain;
	char name[ZL_NAME_MAX]; /* as it was called then */
	struct zl_mac mac;
	char tap[ZL_IFNAME_MAX];
	enum zl_addr_source source;
	struct zl_wall from,
		until; /* until 0: still; an end before the beginning is it */
};

/* Insert, which sets the id; write down the end of one that is there. */
int zl_holdings_insert(
	struct zl_db *db, struct zl_holding *h, struct zl_error *reterr) ZL_CHECKED;
int zl_holdings_end(struct zl_db *db, int64_t id, struct zl_wall until,
	struct zl_error *reterr) ZL_CHECKED;

/* Those that have not ended. */
int zl_holdings_each_open(struct zl_db *db,
	int (*each)(const struct zl_holding *h, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;
/*
 * The newest `most` of an address, oldest first; when `at` is not 0, only those of some part
 * of the second that it is in.
 */
int zl_holdings_each(struct zl_db *db, const struct zl_addr *addr, struct zl_wall at,
	unsigned most, int (*each)(const struct zl_holding *h, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;

/*
 * Remove what ended more than `days` ago, `most` of it at once, the oldest first.  A clock
 * that is years ahead is not believed alone: the newest that was written down counts then.
 */
int zl_holdings_expire(struct zl_db *db, struct zl_wall now, unsigned days,
	unsigned most, struct zl_error *reterr) ZL_CHECKED;

#endif
