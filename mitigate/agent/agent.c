/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's requests and reports. */
#include "mitigate/agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "mitigate/agent/agent_internal.h"
#include "mitigate/agent/leasefile.h"

int zl_agent_write(struct zl_agent *a)
{
	struct zl_error err;
	int r;

	if (!a->dirty)
		return 0;
	r = zl_leasefile_write(a->config->state_directory, a->book, &err);
	if (r < 0) {
		if (a->write_error.code == 0)
			zl_log_error(LOG_ERR, &err, NULL);
		a->write_error = err;
		return r;
	}
	if (a->write_error.code != 0)
		zl_log(LOG_NOTICE, "leases are on disk again");
	a->write_error = (struct zl_error){ 0 };
	a->dirty = false;
	return 0;
}

struct zl_plan_in zl_agent_plan_in(const struct zl_agent *a)
{
	return (struct zl_plan_in){ .book = a->book,
		.links = &a->links,
		.limits = &a->limits,
		.adopted = &a->adopted,
		.now = zl_mono_now(),
		.hold_ms = (uint64_t)a->config->hold_unknown_ms };
}

static bool is_same_plan(const struct zl_nft_elems *x, const struct zl_nft_elems *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (zl_nft_elem_cmp(&x->at[i], &y->at[i]) != 0)
			return false;
	return true;
}

void zl_agent_note_kernel(struct zl_agent *a, int r)
{
	if (r >= 0) {
		if (a->n_refusals > 0)
			zl_log(LOG_NOTICE, "the kernel is as it should be again");
		a->kernel_error = (struct zl_error){ 0 };
		a->n_refusals = 0;
		return;
	}
	if (a->n_refusals++ == 0)
		zl_log_error(
			LOG_ERR, &a->kernel_error, "the kernel is not as it should be");
}

void zl_agent_leave(
	struct zl_agent *a, const struct zl_lease *lease, enum zl_lease_state state)
{
	struct zl_agent_leaving *all =
		a->n_leaving == ZL_BOOK_LEASES_MAX
			? NULL
			: reallocarray(a->leaving, a->n_leaving + 1, sizeof(*all));

	if (all == NULL)
		return; /* who wants to know can ask */
	a->leaving = all;
	all[a->n_leaving++] =
		(struct zl_agent_leaving){ .lease = *lease, .state = state };
}

int zl_agent_enforce(
	struct zl_agent *a, struct zl_firewall_result *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_plan) struct zl_plan plan = { 0 };
	struct zl_plan_in in = zl_agent_plan_in(a);
	struct zl_plan old;
	bool same, first = !a->planned;
	int r;

	*ret = (struct zl_firewall_result){ 0 };
	r = zl_plan_make(&in, &plan, reterr);
	if (r < 0)
		return r;
	same = a->planned && a->kernel_error.code == 0 &&
	       is_same_plan(&plan.elems, &a->plan.elems);
	old = a->plan;
	a->plan = plan;
	plan = old;
	a->planned = true;
	if (same)
		return 0;
	r = zl_firewall_apply(&a->firewall, &a->plan.elems, ret, &a->kernel_error);
	zl_agent_note_kernel(a, r);
	if (ret->repaired)
		zl_log(first ? LOG_NOTICE : LOG_WARNING, "%s table bridge %s: %s",
			first ? "installed" : "repaired", ZL_NFT_TABLE,
			ret->difference.msg);
	return 0;
}

void zl_agent_report(
	struct zl_agent *a, const struct zl_book_lease *l, struct zl_lease_report *ret)
{
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems elems = { 0 };
	struct zl_plan_in in = zl_agent_plan_in(a);

	if (zl_plan_lease(&in, l, &elems, ret) < 0) {
		ret->state = ZL_LEASE_FAILED;
		(void)zl_fail(&ret->error, -ENOMEM, "out of memory");
		return;
	}
	if (a->kernel_error.code != 0) {
		ret->state = ZL_LEASE_FAILED;
		ret->error = a->kernel_error;
	} else if (a->write_error.code != 0 && ret->state == ZL_LEASE_APPLIED) {
		ret->state = ZL_LEASE_DEGRADED;
		ret->error = a->write_error;
	}
}

static bool is_same_report(
	const struct zl_lease_report *x, const struct zl_lease_report *y)
{
	return x->state == y->state && strcmp(x->objects, y->objects) == 0 &&
	       strcmp(x->error.msg, y->error.msg) == 0;
}

/* The kernel has let go of what ended while it refused to. */
static void tell_left(struct zl_agent *a, const struct zl_firewall_result *result)
{
	struct zl_wall when = result->changed ? result->committed : zl_wall_now();

	if (a->kernel_error.code != 0)
		return;
	for (size_t i = 0; i < a->n_leaving; i++) {
		const struct zl_agent_leaving *gone = &a->leaving[i];
		struct zl_lease_report report = {
			.id = gone->lease.id, .state = gone->state, .committed = when
		};

		if (a->on_report != NULL)
			a->on_report(&report, &gone->lease, a->user);
	}
	free(a->leaving);
	a->leaving = NULL;
	a->n_leaving = 0;
}

void zl_agent_tell(struct zl_agent *a, const struct zl_firewall_result *result)
{
	struct zl_lease_report report;

	tell_left(a, result);
	for (size_t i = 0; i < a->book->n_leases; i++) {
		struct zl_book_lease *l = a->book->leases[i];

		zl_agent_report(a, l, &report);
		if (is_same_report(&report, &l->told))
			continue;
		if (result->changed && strcmp(report.objects, l->told.objects) != 0)
			l->committed = report.committed = result->committed;
		l->told = report;
		if (a->on_report != NULL)
			a->on_report(&report, &l->lease, a->user);
	}
}

static void log_lease(
	const struct zl_lease *l, const struct zl_lease_report *r, const char *reason)
{
	char id[ZL_UUID_STR];
	const struct zl_log_field fields[] = { { "ZONELOCK_LEASE",
		zl_uuid_format(&l->id, id) } };
	bool well = r->state == ZL_LEASE_APPLIED || r->state == ZL_LEASE_RELEASED ||
		    r->state == ZL_LEASE_EXPIRED;

	zl_log_with(well ? LOG_NOTICE : LOG_WARNING, fields, N_ITEMS(fields),
		"%s of %s (lease %s, %s): %s%s%s%s%s", zl_action_name(l->action),
		l->domain_name[0] == '\0' ? "a domain" : l->domain_name, id, l->cause,
		zl_lease_state_name(r->state), r->error.msg[0] == '\0' ? "" : ": ",
		r->error.msg, reason[0] == '\0' ? "" : ": ", reason);
}

/* The engine has spoken: what nobody claims within a minute from now is let go. */
static void start_adoption_clock(struct zl_agent *a)
{
	if (a->adopted.n > 0 && a->adopted_until.us == 0)
		a->adopted_until = zl_mono_add_ms(zl_mono_now(), ZL_AGENT_ADOPT_MS);
}

/* Keep it and bring it into force; on -E2BIG and the like all is as before. */
static int keep(struct zl_agent *a, const struct zl_lease *lease, struct zl_wall now,
	struct zl_firewall_result *result, struct zl_book_lease **ret,
	struct zl_error *reterr)
{
	struct zl_book_lease *l = zl_book_find(a->book, &lease->id), old = { 0 };
	bool replaced = l != NULL;
	int r;

	if (replaced)
		old = *l;
	r = zl_book_put(a->book, lease, now, &l);
	if (r == -ENOBUFS)
		return zl_fail(reterr, r, "the agent keeps at most %d leases",
			ZL_BOOK_LEASES_MAX);
	if (r < 0)
		return zl_fail(reterr, r, "out of memory");
	r = zl_agent_enforce(a, result, reterr);
	if (r >= 0) {
		*ret = l;
		return 0;
	}
	if (replaced)
		*l = old;
	else
		free(zl_book_take(a->book, &lease->id));
	return r;
}

/* Answers that need no kernel; true when `ret` holds one. */
static bool answer_early(struct zl_agent *a, const struct zl_lease *lease,
	struct zl_wall now, struct zl_lease_report *ret)
{
	const struct zl_tomb *tomb = zl_book_tomb(a->book, &lease->id);
	struct zl_book_lease *known = zl_book_find(a->book, &lease->id);

	if (tomb != NULL) {
		ret->state = ZL_LEASE_RELEASED;
		(void)zl_fail_id(&ret->error, 0, "agent.released", "",
			"released on the host: %s", tomb->reason);
		return true;
	}
	if (zl_plan_check(lease, &a->limits, &ret->error) < 0) {
		ret->state = known == NULL ? ZL_LEASE_FAILED : ZL_LEASE_DEGRADED;
		return true;
	}
	if (lease->expires.us <= now.us) {
		zl_agent_drop(a, &lease->id, "it has expired", now, ret);
		if (ret->state == ZL_LEASE_RELEASED)
			ret->state = ZL_LEASE_EXPIRED;
		return true;
	}
	return false;
}

/*
 * Another lease had put all its elements there before: it is in force from when they have
 * been read back for it.
 */
static void confirm(
	struct zl_agent *a, struct zl_book_lease *l, struct zl_firewall_result *result)
{
	int r;

	if (a->kernel_error.code != 0)
		return;
	r = zl_firewall_check(&a->firewall, &a->plan.elems, result, &a->kernel_error);
	zl_agent_note_kernel(a, r);
	if (r >= 0)
		l->committed = result->changed ? result->committed : zl_wall_now();
}

void zl_agent_put(struct zl_agent *a, const struct zl_lease *lease, struct zl_wall now,
	struct zl_lease_report *ret)
{
	struct zl_firewall_result result = { 0 };
	struct zl_lease_report report = { .id = lease->id };
	struct zl_book_lease *l = NULL;

	start_adoption_clock(a);
	if (answer_early(a, lease, now, &report)) {
		*ret = report;
		log_lease(lease, ret, "");
		return;
	}
	if (keep(a, lease, now, &result, &l, &report.error) < 0) {
		report.state = zl_book_find(a->book, &lease->id) == NULL
				       ? ZL_LEASE_FAILED
				       : ZL_LEASE_DEGRADED;
		*ret = report;
		log_lease(lease, ret, "");
		return;
	}
	if (result.changed)
		l->committed = result.committed;
	zl_agent_report(a, l, &l->told);
	if (l->committed.us == 0 && l->told.n_elements > 0)
		confirm(a, l, &result);
	a->dirty = true;
	(void)zl_agent_write(a); /* containment stays; the report below says so */
	zl_agent_report(a, l, &l->told);
	*ret = l->told;
	log_lease(lease, ret, "");
	zl_agent_tell(a, &result);
}

static void drop_adopted(struct zl_agent *a, struct zl_lease_report *ret)
{
	struct zl_firewall_result result;

	zl_nft_elems_done(&a->adopted);
	if (zl_agent_enforce(a, &result, &ret->error) < 0 || a->kernel_error.code != 0)
		ret->state = ZL_LEASE_RELEASING;
	ret->committed = result.committed;
	zl_agent_tell(a, &result);
}

/* Out of the kernel, but still in the file, which is read at the next start. */
static void say_unwritten(const struct zl_agent *a, struct zl_error *to)
{
	(void)zl_fail_id(to, a->write_error.code, "agent.released.unwritten",
		a->write_error.hint,
		"released, but it comes back if the agent starts again before this is "
		"mended: %s",
		a->write_error.msg);
}

void zl_agent_drop(struct zl_agent *a, const struct zl_uuid *id, const char *reason,
	struct zl_wall now, struct zl_lease_report *ret)
{
	static const struct zl_uuid nil;
	struct zl_firewall_result result = { 0 };
	ZL_AUTO(zl_mem) struct zl_book_lease *l = zl_book_take(a->book, id);
	struct zl_lease_report report = { .id = *id, .state = ZL_LEASE_RELEASED };

	if (l == NULL) {
		if (zl_uuid_eq(id, &nil))
			drop_adopted(a, &report);
		/* It may have been dropped before, but not in the kernel. */
		if (a->kernel_error.code != 0) {
			report.state = ZL_LEASE_RELEASING;
			report.error = a->kernel_error;
		}
		*ret = report;
		return;
	}
	zl_book_bury(a->book, id, now, reason[0] == '\0' ? "dropped" : reason);
	if (zl_agent_enforce(a, &result, &report.error) < 0 ||
		a->kernel_error.code != 0) {
		report.state = ZL_LEASE_RELEASING;
		if (a->kernel_error.code != 0) {
			report.error = a->kernel_error;
			zl_agent_leave(a, &l->lease, ZL_LEASE_RELEASED);
		}
	}
	report.committed = result.changed ? result.committed : now;
	a->dirty = true;
	if (zl_agent_write(a) < 0 && report.error.code == 0)
		say_unwritten(a, &report.error);
	*ret = report;
	log_lease(&l->lease, ret, reason);
	zl_agent_tell(a, &result);
}

void zl_agent_know(struct zl_agent *a, const struct zl_known *known)
{
	bool grown = false;

	start_adoption_clock(a);
	if (zl_book_know(a->book, known, &grown) < 0) {
		zl_log(LOG_WARNING, "more than %d domains are known here",
			ZL_BOOK_KNOWN_MAX);
		return;
	}
	a->dirty = true;
	zl_agent_refresh(a);
	if (grown)
		(void)zl_agent_write(a);
}

void zl_agent_forget(struct zl_agent *a, const struct zl_uuid *domain)
{
	zl_book_forget(a->book, domain);
	a->dirty = true;
}
