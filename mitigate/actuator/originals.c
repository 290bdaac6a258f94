/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What interfaces had for a filter before we came, on disk. */
#include "mitigate/actuator/originals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { SCHEMA = 1, FILE_NAME = ZL_UUID_STR + 8 };

static void json_autop(json_t **j)
{
	json_decref(*j);
}

static const char *file_name(const struct zl_uuid *domain, char buf[static FILE_NAME])
{
	char uuid[ZL_UUID_STR];

	(void)snprintf(buf, FILE_NAME, "%s.json", zl_uuid_format(domain, uuid));
	return buf;
}

static int open_dir(const char *dir, struct zl_error *reterr)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return zl_fail_id(reterr, -EIO, "actuator.state",
			"make it and give it to the actuator's user",
			"state directory %s: %m", dir);
	return fd;
}

/* --- in memory --- */

void zl_originals_done(struct zl_originals *o)
{
	for (unsigned i = 0; i < o->n; i++)
		for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++)
			free(o->nic[i].ref[s]);
	o->n = 0;
}

static struct zl_original *find_nic(struct zl_originals *o, const struct zl_mac *mac)
{
	for (unsigned i = 0; i < o->n; i++)
		if (zl_mac_eq(&o->nic[i].mac, mac))
			return &o->nic[i];
	return NULL;
}

int zl_originals_note(struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char *ref, struct zl_error *reterr)
{
	struct zl_original *nic = find_nic(o, mac);
	char *own = NULL;

	if (nic != NULL && nic->known[scope] &&
		zl_filterref_is_same(nic->ref[scope], ref))
		return 0;
	if (nic == NULL && o->n == ZL_ORIGINALS_MAX)
		return zl_fail(reterr, -E2BIG,
			"more than %d interfaces were plugged in during one quarantine",
			ZL_ORIGINALS_MAX);
	if (ref != NULL && (own = strdup(ref)) == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (nic == NULL) {
		nic = &o->nic[o->n++];
		*nic = (struct zl_original){ .mac = *mac };
	}
	free(nic->ref[scope]);
	nic->ref[scope] = own;
	nic->known[scope] = true;
	o->changed = true;
	return 0;
}

bool zl_originals_find(const struct zl_originals *o, const struct zl_mac *mac,
	enum zl_filterref_scope scope, const char **ret_ref)
{
	for (unsigned i = 0; i < o->n; i++)
		if (zl_mac_eq(&o->nic[i].mac, mac) && o->nic[i].known[scope]) {
			*ret_ref = o->nic[i].ref[scope];
			return true;
		}
	return false;
}

/* --- as JSON --- */

static int parse_nic(const json_t *j, struct zl_originals *o, struct zl_error *reterr)
{
	const char *mac = json_string_value(json_object_get(j, "mac"));
	struct zl_mac m;
	int r = 0;

	if (mac == NULL || !zl_mac_parse(mac, &m))
		return -EBADMSG;
	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N && r >= 0; s++) {
		const json_t *ref = json_object_get(j, zl_filterref_scope_name(s));

		if (ref != NULL && (json_is_string(ref) || json_is_null(ref)))
			r = zl_originals_note(o, &m, s, json_string_value(ref), reterr);
		else if (ref != NULL)
			r = -EBADMSG;
	}
	return r;
}

static int parse_file(const json_t *j, struct zl_originals *o, struct zl_error *reterr)
{
	const json_t *nics = json_object_get(j, "nics");
	const char *domain = json_string_value(json_object_get(j, "domain"));
	const char *lease = json_string_value(json_object_get(j, "lease"));
	struct zl_uuid want = o->domain;
	int r = 0;

	if (json_integer_value(json_object_get(j, "schema")) != SCHEMA ||
		domain == NULL || !zl_uuid_parse(domain, &o->domain) ||
		!zl_uuid_eq(&want, &o->domain) || lease == NULL ||
		!zl_uuid_parse(lease, &o->lease) || !json_is_array(nics))
		return -EBADMSG;
	o->committed.us = json_integer_value(json_object_get(j, "committed_us"));
	for (size_t i = 0; i < json_array_size(nics) && r >= 0; i++)
		r = parse_nic(json_array_get(nics, i), o, reterr);
	o->changed = false;
	return r;
}

static json_t *format_nic(const struct zl_original *nic)
{
	char mac[ZL_MAC_STR];
	json_t *j = json_pack("{s:s}", "mac", zl_mac_format(&nic->mac, mac));

	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++)
		if (nic->known[s])
			(void)json_object_set_new(j, zl_filterref_scope_name(s),
				nic->ref[s] == NULL ? json_null()
						    : json_string(nic->ref[s]));
	return j;
}

static json_t *format_file(const struct zl_originals *o)
{
	char domain[ZL_UUID_STR], lease[ZL_UUID_STR];
	json_t *nics = json_array();

	for (unsigned i = 0; i < o->n; i++)
		(void)json_array_append_new(nics, format_nic(&o->nic[i]));
	return json_pack("{s:i, s:s, s:s, s:I, s:o}", "schema", SCHEMA, "domain",
		zl_uuid_format(&o->domain, domain), "lease",
		zl_uuid_format(&o->lease, lease), "committed_us",
		(json_int_t)o->committed.us, "nics", nics);
}

/* --- on disk --- */

int zl_originals_read(const char *dir, const struct zl_uuid *domain,
	struct zl_originals *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int at = open_dir(dir, reterr);
	ZL_AUTO(zl_fd) int fd = -1;
	ZL_AUTO(json) json_t *j = NULL;
	struct zl_originals o = { .domain = *domain };
	char name[FILE_NAME];
	int r;

	if (at < 0)
		return at;
	fd = openat(at, file_name(domain, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		*ret = o;
		return 0;
	}
	if (fd < 0)
		return zl_fail(reterr, -errno, "state file %s/%s: %m", dir, name);
	j = json_loadfd(fd, 0, NULL);
	r = j == NULL ? -EBADMSG : parse_file(j, &o, reterr);
	if (r < 0) {
		zl_originals_done(&o);
		return zl_fail_id(reterr, r, "actuator.state.damaged",
			"put the filters back with virsh edit, then remove it",
			"state file %s/%s is damaged", dir, name);
	}
	*ret = o;
	return 0;
}

int zl_originals_write(const char *dir, struct zl_originals *o, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int at = -1;
	ZL_AUTO(json) json_t *j = NULL;
	ZL_AUTO(zl_mem) char *text = NULL;
	char name[FILE_NAME];
	int r;

	if (!o->changed)
		return 0;
	at = open_dir(dir, reterr);
	if (at < 0)
		return at;
	j = format_file(o);
	text = json_dumps(j, JSON_INDENT(2));
	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = zl_file_replace(at, file_name(&o->domain, name), text, strlen(text));
	if (r < 0)
		return zl_fail_id(reterr, r, "actuator.state",
			"free space there: what is not recorded is not changed",
			"state file %s/%s: %s", dir, name, strerror(-r));
	o->changed = false;
	return 0;
}

int zl_originals_remove(
	const char *dir, const struct zl_uuid *domain, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd) int at = open_dir(dir, reterr);
	char name[FILE_NAME];

	if (at < 0)
		return at;
	if (unlinkat(at, file_name(domain, name), 0) < 0 && errno != ENOENT)
		return zl_fail(reterr, -errno, "state file %s/%s: %m", dir, name);
	(void)fsync(at);
	return 0;
}
