/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain as we find it and change it: its two definitions, our filter, and what its
 * interfaces had before.
 *
 * Every change is written ahead (originals.h), every step can be repeated, and each leaves
 * a state from which the next attempt goes on: SIGKILL at any point loses nothing.
 * An interface is "ours" when its filterref names our filter.
 */
#ifndef ZL_ACTUATOR_JOB_H
#define ZL_ACTUATOR_JOB_H
#include "mitigate/actuator/filter.h"
#include "mitigate/actuator/originals.h"
#include "mitigate/actuator/virt.h"

struct zl_job {
	struct zl_virt *virt; /* borrowed */
	const char *dir;      /* of the originals; borrowed */
	struct zl_uuid domain;
	char filter[ZL_FILTER_NAME];
	virDomainPtr dom;
	char *xml[ZL_FILTERREF_SCOPE_N]; /* NULL: it has no such definition */
	struct zl_filterref_list nics[ZL_FILTERREF_SCOPE_N];
	struct zl_originals originals;
};

/*
 * Read the originals, connect, find the domain, read its definitions.  The caller calls
 * zl_job_done() in any case; what was read before a failure is there (the originals also
 * when the host cannot be reached).
 */
int zl_job_init(struct zl_job *job, struct zl_virt *virt, const char *dir,
	const struct zl_uuid *domain, struct zl_error *reterr) ZL_CHECKED;
void zl_job_done(struct zl_job *job);

/* Read the definitions again. */
int zl_job_reload(struct zl_job *job, struct zl_error *reterr) ZL_CHECKED;

bool zl_job_is_ours(const struct zl_job *job, const struct zl_filterref *nic);
/* How many interfaces are ours, in both definitions. */
unsigned zl_job_count_ours(const struct zl_job *job);

/* Remember, on disk, what every interface has that is not ours yet. */
int zl_job_note(struct zl_job *job, struct zl_error *reterr) ZL_CHECKED;

/* Define our filter; 1 when that changed something.  -EEXIST: the name is somebody else's. */
int zl_job_define(
	struct zl_job *job, const char *xml, struct zl_error *reterr) ZL_CHECKED;
/* Our filter is as `xml` says. */
int zl_job_check_filter(
	struct zl_job *job, const char *xml, struct zl_error *reterr) ZL_CHECKED;
/* Remove our filter; nothing when there is none. */
int zl_job_undefine(struct zl_job *job, struct zl_error *reterr) ZL_CHECKED;

/* Point one interface to our filter, or back to what it had (-ENODATA: not known). */
int zl_job_wrap(struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic, struct zl_error *reterr) ZL_CHECKED;
int zl_job_restore(struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic, struct zl_error *reterr) ZL_CHECKED;

/* The interface has what it should: our filter with its parameters, or its original. */
bool zl_job_is_wrapped(const struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic);
bool zl_job_is_restored(const struct zl_job *job, enum zl_filterref_scope scope,
	const struct zl_filterref *nic);

#endif
