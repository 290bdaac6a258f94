/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a contained domain's interfaces had for a filter before we came: on disk, one
 * file for each domain, written before the first change.
 *
 *	DIR/DOMAIN-UUID.json
 *	{ "schema": 1, "domain": "...", "lease": "...", "committed_us": 0, "nics": [
 *	  { "mac": "52:54:00:00:00:05", "live": "<filterref .../>", "persistent": null } ] }
 *
 * null: it had no filter.  A key that is not there: not known, never ours to restore.
 *
 * The file is replaced as a whole (a new one, fsync, rename, fsync of the directory);
 * after SIGKILL or power loss there is the old or the new one.  A person can read it,
 * and put the filterrefs back with virsh edit.
 */
#ifndef ZL_ACTUATOR_ORIGINALS_H
#define ZL_ACTUATOR_ORIGINALS_H
#include "base/clock.h"
#include "mitigate/actuator/filterref.h"

/* Interfaces that were unplugged since are remembered too. */
enum { ZL_ORIGINALS_MAX = 64 };

struct zl_original {
	struct zl_mac mac;
	bool known[ZL_FILTERREF_SCOPE_N];
	char *ref[ZL_FILTERREF_SCOPE_N]; /* owned; NULL: no filter */
};

struct zl_originals {
	struct zl_uuid domain, lease;
	struct zl_wall committed; /* when this lease came into force, or 0 */
	struct zl_original nic[ZL_ORIGINALS_MAX];
	unsigned n;
	bool changed; /* since it was read or written */
};

/* Read the domain's file; without one: an empty *ret.  -EBADMSG: damaged. */
int zl_originals_read(const char *dir, const struct zl_uuid *domain,
	struct zl_originals *ret, struct zl_error *reterr) ZL_CHECKED;
/* Write it when it has changed. */
int zl_originals_write(
	const char *dir, struct zl_originals *o, struct zl_error *reterr) ZL_CHECKED;
int zl_originals_remove(const char *dir, const struct zl_uuid *domain,
	struct zl_error *reterr) ZL_CHECKED;
void zl_originals_done(struct zl_originals *o);

/* Remember what interface `mac` has now; `ref` NULL: no filter.  -E2BIG, -ENOMEM. */
int zl_originals_note(struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char *ref,
	struct zl_error *reterr) ZL_CHECKED;
/* False: not known. */
bool zl_originals_find(const struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char **ret_ref);

#endif
