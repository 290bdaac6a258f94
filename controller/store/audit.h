/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: an append-only table with a hash chain.
 *
 *	hash(n) = SHA-256(canonical(record n) || hash(n - 1)), hash(0) = 32 zero bytes
 *
 * The canonical form is JSON with sorted keys, no blanks (jansson JSON_COMPACT |
 * JSON_SORT_KEYS) of seq, time_us, actor, verb, object, cause, result, evidence.
 * Whoever can write the database can also rewrite the chain from some record on; the head
 * (seq and hash) is therefore also logged to the journal with every record of verb
 * "quarantine" and "release", so that a copy elsewhere can be compared.
 */
#ifndef ZL_STORE_AUDIT_H
#define ZL_STORE_AUDIT_H
#include <jansson.h>
#include <stdint.h>

#include "base/clock.h"
#include "controller/store/db.h"

enum { ZL_AUDIT_HASH = 32 };

struct zl_audit_record {
	uint64_t seq; /* set by append */
	struct zl_wall time;
	const char *actor;  /* "uid 0 (root)", "lock db-lock", "agent hv1" */
	const char *verb;   /* "quarantine", "lease-applied", "zone-define", ... */
	const char *object; /* "domain web1 <uuid>", "zone db", "lease <uuid>" */
	const char *cause;  /* why: reason given, lock and rule, incident */
	const char *result; /* "pending", "applied: 2 elements", "refused: ..." */
	json_t *evidence;   /* flow records, read-back; borrowed; may be NULL */
	uint8_t hash[ZL_AUDIT_HASH]; /* set by append */
};

/*
 * Within the caller's transaction when one is open, else in its own.  Text that is not
 * UTF-8 is recorded with '?' for what is not ASCII.
 */
int zl_audit_append(struct zl_db *db, struct zl_audit_record *record,
	struct zl_error *reterr) ZL_CHECKED;

/* Newest `limit` records (0: all), oldest first; `record` is valid during the call only. */
int zl_audit_each(struct zl_db *db, uint64_t limit,
	int (*each)(const struct zl_audit_record *record, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;
int zl_audit_get(struct zl_db *db, uint64_t seq,
	int (*each)(const struct zl_audit_record *record, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED; /* -ENOENT */

/* How many there are, by the head of the chain. */
int zl_audit_count(struct zl_db *db, uint64_t *ret, struct zl_error *reterr) ZL_CHECKED;

struct zl_audit_check {
	bool ok;
	uint64_t records;
	uint64_t first_bad; /* seq, 0 when ok */
	char reason[160]; /* "record 17 was changed", "records 18 to 20 are missing" */
};

/*
 * Recompute the whole chain and compare its end with the head, which is kept in a second
 * table and moves in the same transaction.  Finds a changed, missing, moved or added
 * record, a cut tail and a changed head.  The result is in *ret; negative only when the
 * database cannot be read.
 */
int zl_audit_verify(struct zl_db *db, struct zl_audit_check *ret,
	struct zl_error *reterr) ZL_CHECKED;

#endif
