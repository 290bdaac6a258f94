/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One domain as we find it and change it. */
#include "mitigate/actuator/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void forget_definitions(struct zl_job *job)
{
	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++) {
		free(job->xml[s]);
		job->xml[s] = NULL;
		zl_filterref_done(&job->nics[s]);
	}
}

int zl_job_reload(struct zl_job *job, struct zl_error *reterr)
{
	int r = 0;

	forget_definitions(job);
	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N && r >= 0; s++) {
		r = zl_virt_domain_xml(job->virt, job->dom, s, &job->xml[s], reterr);
		if (r >= 0 && job->xml[s] != NULL)
			r = zl_filterref_read(job->xml[s], &job->nics[s], reterr);
	}
	return r;
}

int zl_job_init(struct zl_job *job, struct zl_virt *virt, const char *dir,
	const struct zl_uuid *domain, struct zl_error *reterr)
{
	int r;

	*job = (struct zl_job){ .virt = virt, .dir = dir, .domain = *domain };
	(void)zl_filter_name(domain, job->filter);
	r = zl_originals_read(dir, domain, &job->originals, reterr);
	if (r >= 0)
		r = zl_virt_open(virt, reterr);
	if (r >= 0)
		r = zl_virt_find_domain(virt, domain, &job->dom, reterr);
	return r < 0 ? r : zl_job_reload(job, reterr);
}

void zl_job_done(struct zl_job *job)
{
	forget_definitions(job);
	zl_originals_done(&job->originals);
	if (job->dom != NULL)
		(void)virDomainFree(job->dom);
	job->dom = NULL;
}

bool zl_job_is_ours(const struct zl_job *job, const struct zl_filterref *nic)
{
	return nic->filter != NULL && strcmp(nic->filter, job->filter) == 0;
}

unsigned zl_job_count_ours(const struct zl_job *job)
{
	unsigned n = 0;

	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++)
		for (unsigned i = 0; i < job->nics[s].n; i++)
			n += zl_job_is_ours(job, &job->nics[s].nic[i]);
	return n;
}

/* What somebody has put in the place of our filter since is the original from now on. */
int zl_job_note(struct zl_job *job, struct zl_error *reterr)
{
	int r = 0;

	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++)
		for (unsigned i = 0; i < job->nics[s].n && r >= 0; i++) {
			const struct zl_filterref *nic = &job->nics[s].nic[i];

			if (!zl_job_is_ours(job, nic))
				r = zl_originals_note(&job->originals, &nic->mac, s,
					nic->ref, reterr);
		}
	return r < 0 ? r : zl_originals_write(job->dir, &job->originals, reterr);
}

/* --- our filter --- */

static int read_filter(struct zl_job *job, char **ret, struct zl_error *reterr)
{
	int r = zl_virt_filter_xml(job->virt, job->filter, ret, reterr);

	if (r >= 0 && !zl_filter_is_ours(*ret, &job->domain))
		return zl_fail_id(reterr, -EEXIST, "actuator.filter.foreign",
			"remove it with virsh nwfilter-undefine",
			"filter '%s' is not ours: its uuid is another", job->filter);
	return r;
}

int zl_job_define(struct zl_job *job, const char *xml, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *now = NULL;
	int r = read_filter(job, &now, reterr);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r >= 0 && zl_filter_is_same(now, xml))
		return 0;
	r = zl_virt_define_filter(job->virt, xml, reterr);
	return r < 0 ? r : 1;
}

int zl_job_check_filter(struct zl_job *job, const char *xml, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *now = NULL;
	int r = read_filter(job, &now, reterr);

	if (r >= 0 && !zl_filter_is_same(now, xml))
		return zl_fail_id(reterr, -ESTALE, "actuator.filter.changed", "",
			"filter '%s' is not as we defined it", job->filter);
	return r;
}

int zl_job_undefine(struct zl_job *job, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *now = NULL;
	int r = read_filter(job, &now, reterr);

	if (r >= 0)
		r = zl_virt_undefine_filter(job->virt, job->filter, reterr);
	return r == -ENOENT ? 0 : r;
}

/* --- interfaces --- */

static int set_ref(struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic, const char *ref, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *xml = NULL;
	char mac[ZL_MAC_STR];
	int r = zl_filterref_replace(job->xml[scope], &nic->mac, ref, &xml, reterr);

	if (r >= 0)
		r = zl_virt_update_device(job->virt, job->dom, scope, xml, reterr);
	if (r < 0)
		zl_error_prefix(reterr, "interface %s, %s",
			zl_mac_format(&nic->mac, mac), zl_filterref_scope_name(scope));
	return r;
}

int zl_job_wrap(struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *ref = zl_filterref_rename(nic->ref, job->filter);

	if (ref == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	return set_ref(job, scope, nic, ref, reterr);
}

int zl_job_restore(struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic, struct zl_error *reterr)
{
	char mac[ZL_MAC_STR];
	const char *ref;

	if (!zl_originals_find(&job->originals, &nic->mac, scope, &ref))
		return zl_fail_id(reterr, -ENODATA, "actuator.original.unknown",
			"set its filterref with virsh edit, then release again",
			"interface %s, %s: not known which filter it had",
			zl_mac_format(&nic->mac, mac), zl_filterref_scope_name(scope));
	return set_ref(job, scope, nic, ref, reterr);
}

bool zl_job_is_wrapped(const struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic)
{
	ZL_AUTO(zl_mem) char *want = NULL;
	const char *ref;

	if (!zl_job_is_ours(job, nic) ||
		!zl_originals_find(&job->originals, &nic->mac, scope, &ref))
		return false;
	want = zl_filterref_rename(ref, job->filter);
	return want != NULL && strcmp(want, nic->ref) == 0;
}

bool zl_job_is_restored(const struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic)
{
	const char *ref;

	return zl_originals_find(&job->originals, &nic->mac, scope, &ref)
		       ? zl_filterref_is_same(ref, nic->ref)
		       : !zl_job_is_ours(job, nic);
}
