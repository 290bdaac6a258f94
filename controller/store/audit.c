/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit log: appending to the hash chain, reading it, verifying it. */
#include "controller/store/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "controller/store/query.h"

#define AUDIT_COLUMNS "seq, time_us, actor, verb, object, cause, result, evidence, hash"

enum {
	C_SEQ,
	C_TIME,
	C_ACTOR,
	C_VERB,
	C_OBJECT,
	C_CAUSE,
	C_RESULT,
	C_EVIDENCE,
	C_HASH
};

struct head {
	uint64_t seq;
	uint8_t hash[ZL_AUDIT_HASH];
};

/* A name that a guest has chosen may be no UTF-8; the record must be written anyway. */
static json_t *format_text(const char *text)
{
	ZL_AUTO(zl_mem) char *ascii = NULL;
	json_t *j = json_string(text != NULL ? text : "");

	if (j != NULL || text == NULL)
		return j;
	ascii = strdup(text);
	for (char *c = ascii; c != NULL && *c != '\0'; c++)
		if (*c & 0x80)
			*c = '?';
	return ascii == NULL ? NULL : json_string(ascii);
}

/* hash(n) = SHA-256(canonical(record n) || hash(n - 1)) */
static int hash_record(const json_t *record, const uint8_t *before, uint8_t *ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	gnutls_hash_hd_t hash;
	int rc;

	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "audit: out of memory");
	rc = gnutls_hash_init(&hash, GNUTLS_DIG_SHA256);
	if (rc < 0)
		return zl_fail(reterr, -EIO, "audit: SHA-256: %s", gnutls_strerror(rc));
	rc = gnutls_hash(hash, text, strlen(text));
	if (rc >= 0)
		rc = gnutls_hash(hash, before, ZL_AUDIT_HASH);
	gnutls_hash_deinit(hash, ret);
	if (rc < 0)
		return zl_fail(reterr, -EIO, "audit: SHA-256: %s", gnutls_strerror(rc));
	return 0;
}

static int read_head(struct zl_db *db, struct head *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q =
		zl_query_make(db, "SELECT seq, hash FROM audit_head", reterr);
	int r = zl_query_step(&q, reterr);

	if (r < 0)
		return r;
	if (r == 0 || sqlite3_column_bytes(q.stmt, 1) != ZL_AUDIT_HASH)
		return zl_fail_id(reterr, -ENODATA, "store.audit.head",
			"the database was edited: keep a copy, and restore a backup",
			"audit: the head of the chain is missing");
	ret->seq = (uint64_t)zl_query_get_i64(&q, 0);
	memcpy(ret->hash, sqlite3_column_blob(q.stmt, 1), ZL_AUDIT_HASH);
	return 0;
}

int zl_audit_count(struct zl_db *db, uint64_t *ret, struct zl_error *reterr)
{
	struct head head;
	int r = read_head(db, &head, reterr);

	if (r >= 0)
		*ret = head.seq;
	return r;
}

/* --- appending --- */

static json_t *format_record(const struct zl_audit_record *rec, uint64_t seq)
{
	json_t *evidence =
		rec->evidence != NULL ? json_incref(rec->evidence) : json_null();

	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "seq",
		(json_int_t)seq, "time_us", (json_int_t)rec->time.us, "actor",
		format_text(rec->actor), "verb", format_text(rec->verb), "object",
		format_text(rec->object), "cause", format_text(rec->cause), "result",
		format_text(rec->result), "evidence", evidence);
}

static int insert_record(struct zl_db *db, const json_t *record, const uint8_t *hash,
	struct zl_error *reterr)
{
	static const char *const texts[] = { "actor", "verb", "object", "cause",
		"result" };
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"INSERT INTO audit (" AUDIT_COLUMNS
		") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		reterr);

	zl_query_i64(&q, json_integer_value(json_object_get(record, "seq")));
	zl_query_i64(&q, json_integer_value(json_object_get(record, "time_us")));
	for (size_t i = 0; i < N_ITEMS(texts); i++)
		zl_query_text(&q, json_string_value(json_object_get(record, texts[i])));
	zl_query_json(&q, json_object_get(record, "evidence"));
	zl_query_blob(&q, hash, ZL_AUDIT_HASH);
	return zl_query_run(&q, reterr);
}

static int move_head(struct zl_db *db, const struct head *head, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q =
		zl_query_make(db, "UPDATE audit_head SET seq = ?, hash = ?", reterr);

	zl_query_u64(&q, head->seq);
	zl_query_blob(&q, head->hash, sizeof(head->hash));
	return zl_query_run(&q, reterr);
}

static int append(struct zl_db *db, const struct zl_audit_record *rec, struct head *ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query_json) json_t *record = NULL;
	struct head head, next;
	int r = read_head(db, &head, reterr);

	if (r < 0)
		return r;
	next.seq = head.seq + 1;
	record = format_record(rec, next.seq);
	if (record == NULL)
		return zl_fail(reterr, -ENOMEM, "audit: out of memory");
	r = hash_record(record, head.hash, next.hash, reterr);
	if (r >= 0)
		r = insert_record(db, record, next.hash, reterr);
	if (r >= 0)
		r = move_head(db, &next, reterr);
	if (r >= 0)
		*ret = next;
	return r;
}

int zl_audit_append(
	struct zl_db *db, struct zl_audit_record *record, struct zl_error *reterr)
{
	struct head head = { 0 };
	bool own;
	int r = zl_db_join(db, &own, reterr);

	if (r < 0)
		return r;
	r = zl_db_leave(db, own, append(db, record, &head, reterr), reterr);
	if (r < 0)
		return r;
	record->seq = head.seq;
	memcpy(record->hash, head.hash, sizeof(head.hash));
	return 0;
}

/* --- reading --- */

static int tell(const struct zl_query *q,
	int (*each)(const struct zl_audit_record *record, void *user), void *user)
{
	ZL_AUTO(zl_query_json) json_t *evidence = zl_query_get_json(q, C_EVIDENCE);
	struct zl_audit_record rec = {
		.seq = (uint64_t)zl_query_get_i64(q, C_SEQ),
		.time = zl_query_get_wall(q, C_TIME),
		.actor = zl_query_get_str(q, C_ACTOR),
		.verb = zl_query_get_str(q, C_VERB),
		.object = zl_query_get_str(q, C_OBJECT),
		.cause = zl_query_get_str(q, C_CAUSE),
		.result = zl_query_get_str(q, C_RESULT),
		.evidence = json_is_null(evidence) ? NULL : evidence,
	};

	if (sqlite3_column_bytes(q->stmt, C_HASH) == ZL_AUDIT_HASH)
		memcpy(rec.hash, sqlite3_column_blob(q->stmt, C_HASH), ZL_AUDIT_HASH);
	return each(&rec, user);
}

int zl_audit_each(struct zl_db *db, uint64_t limit,
	int (*each)(const struct zl_audit_record *record, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(db,
		"SELECT * FROM (SELECT " AUDIT_COLUMNS " FROM audit"
		" ORDER BY seq DESC LIMIT ?) ORDER BY seq",
		reterr);
	int r;

	zl_query_i64(&q, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
	while ((r = zl_query_step(&q, reterr)) > 0) {
		r = tell(&q, each, user);
		if (r < 0)
			return r;
	}
	return r;
}

int zl_audit_get(struct zl_db *db, uint64_t seq,
	int (*each)(const struct zl_audit_record *record, void *user), void *user,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq = ?", reterr);
	int r;

	zl_query_u64(&q, seq);
	r = zl_query_step(&q, reterr);
	if (r == 0)
		return zl_fail_id(reterr, -ENOENT, "store.audit.unknown", "",
			"audit record %" PRIu64 ": there is none", seq);
	return r < 0 ? r : tell(&q, each, user);
}

/* --- verifying --- */

__attribute__((format(printf, 3, 4))) static void find_bad(
	struct zl_audit_check *c, uint64_t seq, const char *fmt, ...)
{
	va_list ap;

	c->ok = false;
	c->first_bad = seq;
	va_start(ap, fmt);
	(void)vsnprintf(c->reason, sizeof(c->reason), fmt, ap);
	va_end(ap);
}

static void find_missing(struct zl_audit_check *c, uint64_t from, uint64_t to)
{
	if (from == to)
		find_bad(c, from, "record %" PRIu64 " is missing", from);
	else
		find_bad(c, from, "records %" PRIu64 " to %" PRIu64 " are missing",
			from, to);
}

/* The row byte by byte as it is stored; NULL when it cannot be a record of ours. */
static json_t *format_row(const struct zl_query *q)
{
	ZL_AUTO(zl_mem) char *canonical = NULL;
	ZL_AUTO(zl_query_json) json_t *evidence = zl_query_get_json(q, C_EVIDENCE);
	json_t *text[C_EVIDENCE] = { NULL };

	if (evidence == NULL)
		return NULL;
	canonical =
		json_dumps(evidence, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (canonical == NULL ||
		strcmp(canonical, zl_query_get_str(q, C_EVIDENCE)) != 0)
		return NULL;
	for (int i = C_ACTOR; i < C_EVIDENCE; i++) {
		const char *s = zl_query_get_str(q, i);

		text[i] = json_stringn(s, (size_t)sqlite3_column_bytes(q->stmt, i));
	}
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:O}", "seq",
		(json_int_t)zl_query_get_i64(q, C_SEQ), "time_us",
		(json_int_t)zl_query_get_i64(q, C_TIME), "actor", text[C_ACTOR], "verb",
		text[C_VERB], "object", text[C_OBJECT], "cause", text[C_CAUSE],
		"result", text[C_RESULT], "evidence", evidence);
}

/* Does the row follow from `at`?  Moves `at` to it. */
static int verify_row(const struct zl_query *q, struct head *at,
	struct zl_audit_check *c, struct zl_error *reterr)
{
	ZL_AUTO(zl_query_json) json_t *record = NULL;
	uint8_t hash[ZL_AUDIT_HASH];
	uint64_t seq = (uint64_t)zl_query_get_i64(q, C_SEQ);
	int r;

	if ((int64_t)seq < 1) {
		find_bad(c, 1, "a record %" PRId64 " was put before the first",
			(int64_t)seq);
		return 0;
	}
	if (seq != at->seq + 1) {
		find_missing(c, at->seq + 1, seq - 1);
		return 0;
	}
	at->seq = seq;
	record = format_row(q);
	if (record == NULL) {
		find_bad(c, seq, "record %" PRIu64 " was changed", seq);
		return 0;
	}
	r = hash_record(record, at->hash, hash, reterr);
	if (r < 0)
		return r;
	memcpy(at->hash, hash, sizeof(hash));
	if (sqlite3_column_bytes(q->stmt, C_HASH) != ZL_AUDIT_HASH ||
		memcmp(sqlite3_column_blob(q->stmt, C_HASH), hash, sizeof(hash)) != 0)
		find_bad(c, seq,
			"record %" PRIu64
			" was changed, or it does not follow from the one"
			" before it",
			seq);
	return 0;
}

/* The chain is sound up to `at`: is that where the head says it ends? */
static void verify_end(
	const struct head *at, const struct head *head, struct zl_audit_check *c)
{
	if (head->seq > at->seq)
		find_missing(c, at->seq + 1, head->seq);
	else if (head->seq < at->seq)
		find_bad(c, head->seq + 1,
			"records from %" PRIu64
			" on are not known to the head of the chain",
			head->seq + 1);
	else if (memcmp(head->hash, at->hash, sizeof(at->hash)) != 0)
		find_bad(c, at->seq,
			"the head of the chain was changed, or record %" PRIu64
			" was rewritten",
			at->seq);
}

int zl_audit_verify(
	struct zl_db *db, struct zl_audit_check *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_query)
	struct zl_query q = zl_query_make(
		db, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", reterr);
	struct zl_audit_check c = { .ok = true };
	struct head head, at = { 0 };
	int r = q.r < 0 ? q.r : read_head(db, &head, reterr);

	if (r == -ENODATA) {
		find_bad(&c, 1, "the head of the chain is missing");
		*ret = c;
		return 0;
	}
	if (r < 0)
		return r;
	while ((r = zl_query_step(&q, reterr)) > 0) {
		c.records++;
		if (c.ok)
			r = verify_row(&q, &at, &c, reterr);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (c.ok)
		verify_end(&at, &head, &c);
	*ret = c;
	return 0;
}
