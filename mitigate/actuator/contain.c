/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quarantine and release of one domain by nwfilter, from a lease to a report. */
#include "mitigate/actuator/contain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mitigate/actuator/job.h"

/* One put or drop at work. */
struct run {
	struct zl_job job;
	struct zl_lease_report *report;
	struct zl_error first; /* what went wrong first */
	bool changed;	       /* something on the host */
	char *filter_xml;      /* owned: what our filter should be */
	char how[160];	       /* what it does, for people */
	/* interfaces that were given back what they had */
	struct zl_mac restored[ZL_FILTERREF_SCOPE_N][ZL_LEASE_NICS_MAX];
	unsigned n_restored[ZL_FILTERREF_SCOPE_N];
};

static const int retried[] = { -EHOSTUNREACH, -EAGAIN, -ETIMEDOUT, -ENOSPC };

bool zl_contain_should_retry(const struct zl_lease_report *report)
{
	for (size_t i = 0; i < N_ITEMS(retried); i++)
		if (report->error.code == retried[i])
			return true;
	return false;
}

static void done_run(struct run *run)
{
	zl_job_done(&run->job);
	free(run->filter_xml);
}

/* Keep the first failure, go on with the rest. */
static void note_failure(struct run *run, const struct zl_error *err)
{
	if (run->first.code == 0)
		run->first = *err;
}

__attribute__((format(printf, 2, 3))) static void say(
	struct run *run, const char *fmt, ...)
{
	size_t n = strlen(run->report->objects);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(
		run->report->objects + n, sizeof(run->report->objects) - n, fmt, ap);
	va_end(ap);
}

/* The definition that counts now: the running one, or that of the next start. */
static enum zl_filterref_scope scope_in_force(const struct zl_job *job)
{
	return job->xml[ZL_FILTERREF_LIVE] != NULL ? ZL_FILTERREF_LIVE
						   : ZL_FILTERREF_CONFIG;
}

/* --- what our filter should say --- */

/*
 * The user's filter (to be freed), or NULL when the interfaces have none.  One filter of
 * ours serves them all, so -ENOTUNIQ when they differ.
 */
static int find_include(const struct zl_job *job, char **ret)
{
	ZL_AUTO(zl_mem) char *common = NULL;
	bool any = false;

	for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++)
		for (unsigned i = 0; i < job->nics[s].n; i++) {
			ZL_AUTO(zl_mem) char *name = NULL;
			const char *ref = NULL;

			if (!zl_originals_find(
				    &job->originals, &job->nics[s].nic[i].mac, s, &ref))
				continue;
			name = ref == NULL ? NULL : zl_filterref_name(ref);
			if (any && (name == NULL || common == NULL
						   ? name != common
						   : strcmp(name, common) != 0))
				return -ENOTUNIQ;
			if (!any)
				common = zl_take_ptr(name);
			any = true;
		}
	*ret = zl_take_ptr(common);
	return 0;
}

/* Forensic when that can be done, else strict; `how` says which and why. */
static int plan_filter(struct run *run, const struct zl_contain *c, enum zl_grade grade,
	const char *instead)
{
	ZL_AUTO(zl_mem) char *include = NULL;

	free(run->filter_xml);
	run->filter_xml = NULL;
	if (grade == ZL_GRADE_FORENSIC && instead == NULL) {
		if (c->peers->n == 0)
			instead = "no forensic addresses are configured";
		else if (find_include(&run->job, &include) < 0)
			instead = "the interfaces have different filters";
	}
	if (grade == ZL_GRADE_FORENSIC && instead == NULL) {
		run->filter_xml = zl_filter_format(&run->job.domain, c->peers, include);
		(void)snprintf(run->how, sizeof(run->how),
			"drops all but %u forensic addresses%s%s", c->peers->n,
			include == NULL ? "" : ", then ",
			include == NULL ? "" : include);
	} else {
		run->filter_xml = zl_filter_format(&run->job.domain, NULL, NULL);
		(void)snprintf(run->how, sizeof(run->how), "drops everything%s%s",
			instead == NULL ? "" : "; strict because ",
			instead == NULL ? "" : instead);
	}
	return run->filter_xml == NULL ? -ENOMEM : 0;
}

static int define_filter(
	struct run *run, const struct zl_contain *c, enum zl_grade grade)
{
	struct zl_error err = { 0 };
	int r = plan_filter(run, c, grade, NULL);

	if (r >= 0)
		r = zl_job_define(&run->job, run->filter_xml, &err);
	if ((r == -EIO || r == -EOPNOTSUPP) && grade == ZL_GRADE_FORENSIC) {
		/* contained strictly is better than not contained */
		r = plan_filter(run, c, grade, "libvirt refused the forensic filter");
		if (r >= 0)
			r = zl_job_define(&run->job, run->filter_xml, &err);
	}
	if (r < 0)
		note_failure(run, &err);
	run->changed |= r > 0;
	return r;
}

/* --- put --- */

static void wrap_scope(struct run *run, enum zl_filterref_scope scope)
{
	struct zl_job *job = &run->job;

	for (unsigned i = 0; i < job->nics[scope].n; i++) {
		const struct zl_filterref *nic = &job->nics[scope].nic[i];
		struct zl_error err = { 0 };

		if (!zl_filterref_is_possible(nic) || zl_job_is_ours(job, nic))
			continue;
		if (zl_job_wrap(job, scope, nic, &err) < 0)
			note_failure(run, &err);
		else
			run->changed = true;
	}
}

/* Compare one definition with what we want; how many interfaces are contained. */
static unsigned check_scope(struct run *run, enum zl_filterref_scope scope)
{
	const struct zl_job *job = &run->job;
	unsigned n = 0;

	for (unsigned i = 0; i < job->nics[scope].n; i++) {
		const struct zl_filterref *nic = &job->nics[scope].nic[i];
		struct zl_error err = { 0 };
		char mac[ZL_MAC_STR];

		(void)zl_mac_format(&nic->mac, mac);
		if (!zl_filterref_is_possible(nic))
			(void)zl_fail_id(&err, -EOPNOTSUPP, "actuator.nic.type",
				"detach it, or pause the domain",
				"interface %s of type '%s' cannot be filtered", mac,
				nic->type);
		else if (!zl_job_is_ours(job, nic))
			(void)zl_fail(&err, -ESTALE,
				"interface %s, %s: not under our filter", mac,
				zl_filterref_scope_name(scope));
		else if (!zl_job_is_wrapped(job, scope, nic))
			(void)zl_fail_id(&err, -ESTALE, "actuator.nic.changed", "",
				"interface %s, %s: its parameters have changed", mac,
				zl_filterref_scope_name(scope));
		if (err.code != 0)
			note_failure(run, &err);
		if (!zl_job_is_ours(job, nic))
			continue;
		n++;
		run->report->n_elements++;
		say(run, "interface %s %s, %s\n", nic->tap, mac,
			zl_filterref_scope_name(scope));
	}
	return n;
}

/* Read everything back; the lease's state is what was found. */
static void read_back(struct run *run)
{
	struct zl_job *job = &run->job;
	struct zl_error err = { 0 };
	unsigned contained = 0;
	int r = zl_job_reload(job, &err);

	if (r >= 0) {
		say(run, "filter %s: %s\n", job->filter, run->how);
		for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N; s++) {
			unsigned n = check_scope(run, s);

			if (s == scope_in_force(job))
				contained = n;
		}
		r = zl_job_check_filter(job, run->filter_xml, &err);
		run->report->n_elements += r >= 0;
		/* without its filter, what refers to it contains nothing */
		if (r == -ENOENT || r == -EEXIST)
			contained = 0;
	}
	if (r < 0)
		note_failure(run, &err);
	if (contained == 0)
		run->report->state = ZL_LEASE_FAILED;
	else
		run->report->state =
			run->first.code != 0 ? ZL_LEASE_DEGRADED : ZL_LEASE_APPLIED;
}

/*
 * Leave nothing behind when nothing refers to our filter.  While that is not certain
 * the originals stay: without them nobody could put the interfaces back.
 */
static void clean_up(struct run *run)
{
	if (zl_job_reload(&run->job, NULL) < 0 || zl_job_count_ours(&run->job) != 0)
		return;
	(void)!zl_job_undefine(&run->job, NULL);
	(void)!zl_originals_remove(run->job.dir, &run->job.domain, NULL);
}

static void set_lease(struct zl_originals *o, const struct zl_uuid *lease)
{
	if (zl_uuid_eq(&o->lease, lease))
		return;
	o->lease = *lease;
	o->committed.us = 0;
	o->changed = true;
}

static int put(
	struct run *run, const struct zl_contain *c, const struct zl_lease *lease)
{
	struct zl_job *job = &run->job;
	struct zl_error err = { 0 };
	int r;

	if (job->nics[scope_in_force(job)].n == 0) {
		r = zl_fail(&err, -EOPNOTSUPP, "the domain has no network interface");
		note_failure(run, &err);
		return r;
	}
	set_lease(&job->originals, &lease->id);
	r = zl_job_note(job, &err);
	if (r < 0) {
		note_failure(run, &err);
		return r;
	}
	r = define_filter(run, c, lease->grade);
	if (r < 0)
		return r;
	wrap_scope(run, ZL_FILTERREF_LIVE);
	if (run->changed || job->originals.committed.us == 0) {
		job->originals.committed = zl_wall_now();
		job->originals.changed = true;
	}
	wrap_scope(run, ZL_FILTERREF_CONFIG);
	if (job->xml[ZL_FILTERREF_LIVE] == NULL && run->changed)
		job->originals.committed = zl_wall_now();
	read_back(run);
	return 0;
}

static void finish_put(struct run *run, const struct zl_lease *lease, int r)
{
	struct zl_lease_report *rep = run->report;
	struct zl_originals *o = &run->job.originals;
	struct zl_error err = { 0 };

	rep->error = run->first;
	if (r < 0)
		rep->state = ZL_LEASE_FAILED;
	if (rep->state == ZL_LEASE_FAILED && rep->error.code == 0)
		(void)zl_fail(&rep->error, -ESTALE, "no interface is contained");
	if (rep->state == ZL_LEASE_FAILED && zl_contain_should_retry(rep))
		rep->state = zl_uuid_eq(&o->lease, &lease->id) && o->committed.us != 0
				     ? ZL_LEASE_DEGRADED
				     : ZL_LEASE_PENDING;
	if (rep->state == ZL_LEASE_FAILED && run->job.dom != NULL)
		clean_up(run);
	if (rep->state != ZL_LEASE_APPLIED && rep->state != ZL_LEASE_DEGRADED)
		return;
	rep->committed = o->committed;
	if (zl_originals_write(run->job.dir, o, &err) < 0 && rep->error.code == 0) {
		rep->error = err;
		rep->state = ZL_LEASE_DEGRADED;
	}
}

void zl_contain_put(
	struct zl_contain *c, const struct zl_lease *lease, struct zl_lease_report *ret)
{
	struct run run = { .report = ret };
	int r;

	*ret = (struct zl_lease_report){ .id = lease->id, .state = ZL_LEASE_FAILED };
	if (lease->action != ZL_ACTION_QUARANTINE ||
		lease->backend != ZL_BACKEND_NWFILTER) {
		(void)zl_fail_id(&ret->error, -EOPNOTSUPP, "actuator.action",
			"use the nftables backend",
			"the nwfilter backend does not do %s",
			zl_action_name(lease->action));
		return;
	}
	r = zl_job_init(&run.job, &c->virt, c->dir, &lease->domain, &run.first);
	if (r >= 0)
		r = put(&run, c, lease);
	finish_put(&run, lease, r);
	done_run(&run);
}

/* --- drop --- */

static void restore_scope(struct run *run, enum zl_filterref_scope scope)
{
	struct zl_job *job = &run->job;

	for (unsigned i = 0; i < job->nics[scope].n; i++) {
		const struct zl_filterref *nic = &job->nics[scope].nic[i];
		struct zl_error err = { 0 };

		if (!zl_job_is_ours(job, nic))
			continue;
		if (zl_job_restore(job, scope, nic, &err) < 0)
			note_failure(run, &err);
		else
			run->restored[scope][run->n_restored[scope]++] = nic->mac;
	}
}

static bool was_restored(
	const struct run *run, enum zl_filterref_scope scope, const struct zl_mac *mac)
{
	for (unsigned i = 0; i < run->n_restored[scope]; i++)
		if (zl_mac_eq(&run->restored[scope][i], mac))
			return true;
	return false;
}

/* A filter that somebody has set meanwhile is theirs: only what we set is compared. */
static void check_restored(struct run *run, enum zl_filterref_scope scope)
{
	const struct zl_job *job = &run->job;

	for (unsigned i = 0; i < job->nics[scope].n; i++) {
		const struct zl_filterref *nic = &job->nics[scope].nic[i];
		bool ours = zl_job_is_ours(job, nic);
		struct zl_error err = { 0 };
		char mac[ZL_MAC_STR];

		run->report->n_elements++;
		if (!ours && (!was_restored(run, scope, &nic->mac) ||
				     zl_job_is_restored(job, scope, nic)))
			continue;
		(void)zl_fail(&err, -ESTALE, "interface %s, %s: %s",
			zl_mac_format(&nic->mac, mac), zl_filterref_scope_name(scope),
			ours ? "still under our filter"
			     : "its filter is not what it was before");
		note_failure(run, &err);
	}
}

static int drop(struct run *run)
{
	struct zl_job *job = &run->job;
	struct zl_error err = { 0 };
	int r;

	if (job->dom != NULL) {
		restore_scope(run, ZL_FILTERREF_LIVE);
		restore_scope(run, ZL_FILTERREF_CONFIG);
		r = zl_job_reload(job, &err);
		if (r < 0)
			note_failure(run, &err);
		for (unsigned s = 0; s < ZL_FILTERREF_SCOPE_N && r >= 0; s++)
			check_restored(run, s);
	}
	run->report->committed = zl_wall_now();
	if (run->first.code != 0)
		return run->first.code;
	r = zl_job_undefine(job, &err);
	if (r >= 0)
		r = zl_originals_remove(job->dir, &job->domain, &err);
	if (r < 0)
		note_failure(run, &err);
	return r;
}

void zl_contain_drop(struct zl_contain *c, const struct zl_uuid *lease,
	const struct zl_uuid *domain, struct zl_lease_report *ret)
{
	static const struct zl_uuid none;
	struct run run = { .report = ret };
	const struct zl_originals *o = &run.job.originals;
	int r;

	*ret = (struct zl_lease_report){ .id = *lease, .state = ZL_LEASE_RELEASED };
	r = zl_job_init(&run.job, &c->virt, c->dir, domain, &run.first);
	if (!zl_uuid_eq(&o->lease, &none) && !zl_uuid_eq(&o->lease, lease)) {
		done_run(&run);
		return;
	}
	/* the domain is gone from this host: only our filter is left */
	if (r == -ENOENT && run.job.dom == NULL && run.job.virt->conn != NULL) {
		run.first.code = 0;
		r = 0;
	}
	if (r >= 0)
		r = drop(&run);
	if (r < 0) {
		ret->state = ZL_LEASE_RELEASING;
		ret->committed.us = 0;
		ret->error = run.first;
	}
	done_run(&run);
}
