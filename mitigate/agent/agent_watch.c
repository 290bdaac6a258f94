/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent does unasked: start, repair, follow taps, end leases. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "mitigate/agent/agent.h"
#include "mitigate/agent/agent_internal.h"
#include "mitigate/agent/leasefile.h"

/* --- start and end ---------------------------------------------------------------- */

/* Keep the taps that the kernel contains: nobody can say any more for whom. */
static int adopt(struct zl_agent *a, struct zl_error *reterr)
{
	const struct zl_nft_elems *present = &a->firewall.read->elems;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < present->n; i++) {
		struct zl_nft_elem e = present->at[i];

		if (zl_nft_elem_ifindex(&e) == 0 || e.set == ZL_SET_HELD)
			continue;
		zl_nft_elem_comment(&e, "found at start, lease unknown");
		r = zl_nft_elems_add(&a->adopted, &e);
	}
	if (r < 0)
		return zl_fail(reterr, r, "out of memory");
	if (a->adopted.n > 0)
		zl_log(LOG_WARNING,
			"no lease file explains %zu elements of table bridge %s: they "
			"stay until a controller connects and does not claim them",
			a->adopted.n, ZL_NFT_TABLE);
	return 0;
}

static int read_book(struct zl_agent *a, struct zl_error *reterr)
{
	const char *dir = a->config->state_directory;
	char aside[256];
	int r;

	a->book = zl_book_new();
	if (a->book == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = zl_leasefile_read(dir, a->book, reterr);
	if (r >= 0)
		return 0;
	if (r != -ENOENT && r != -EBADMSG && r != -ENOBUFS)
		return r;
	zl_book_free(a->book);
	a->book = zl_book_new();
	if (a->book == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (r != -ENOENT) {
		zl_log_error(LOG_ERR, reterr, "the leases of before are lost");
		r = zl_leasefile_set_aside(dir, aside, sizeof(aside), reterr);
		if (r < 0)
			return r;
		zl_log(LOG_ERR,
			"the damaged file is now %s; contained taps stay contained "
			"until the controller sends its leases again",
			aside);
	}
	return adopt(a, reterr);
}

static int open_all(struct zl_agent *a, const char *config_path, pid_t *ret_pid,
	struct zl_error *reterr)
{
	struct zl_firewall_result result;
	int r;

	r = zl_limits_parse(a->config->never_touch, a->config->forensic_address,
		config_path, &a->limits, reterr);
	if (r >= 0)
		r = zl_leasefile_lock(
			a->config->state_directory, &a->lock_fd, ret_pid, reterr);
	if (r >= 0)
		r = zl_links_socket_open(&a->links_socket, reterr);
	if (r >= 0)
		r = zl_links_socket_dump(
			&a->links_socket, &a->links, false, NULL, NULL, reterr);
	if (r >= 0)
		r = zl_firewall_open(&a->firewall, reterr);
	if (r >= 0)
		r = zl_firewall_read(&a->firewall, reterr);
	if (r >= 0)
		r = read_book(a, reterr);
	if (r < 0)
		return r;
	r = zl_agent_enforce(a, &result, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->book->n_leases; i++)
		zl_agent_report(a, a->book->leases[i], &a->book->leases[i]->told);
	return 0;
}

int zl_agent_open(struct zl_agent *a, const struct zl_agent_config *config,
	const char *config_path, pid_t *ret_pid, struct zl_error *reterr)
{
	int r;

	*a = (struct zl_agent){ .config = config, .lock_fd = -1 };
	*ret_pid = 0;
	zl_links_init(&a->links);
	r = open_all(a, config_path, ret_pid, reterr);
	if (r < 0)
		zl_agent_close(a);
	return r;
}

void zl_agent_close(struct zl_agent *a)
{
	zl_firewall_close(&a->firewall);
	zl_links_socket_close(&a->links_socket);
	zl_links_done(&a->links);
	zl_plan_done(&a->plan);
	zl_nft_elems_done(&a->adopted);
	free(a->leaving);
	zl_book_free(a->book);
	if (a->lock_fd >= 0)
		(void)close(a->lock_fd);
	*a = (struct zl_agent){ .lock_fd = -1 };
}

/* --- taps that came while no agent ran ------------------------------------------------ */

void zl_agent_boot_id(char to[static ZL_BOOK_BOOT_ID])
{
	ZL_AUTO(zl_file) FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f == NULL || fgets(to, ZL_BOOK_BOOT_ID, f) == NULL)
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

void zl_agent_look_at_taps(struct zl_agent *a)
{
	char boot_id[ZL_BOOK_BOOT_ID];

	zl_agent_boot_id(boot_id);
	if (strcmp(boot_id, a->book->boot_id) != 0)
		a->book->seen_ifindex = 0; /* of another boot: it says nothing */
	memcpy(a->book->boot_id, boot_id, sizeof(boot_id));
	if (zl_book_has_quarantine(a->book))
		zl_links_mark_fresh(&a->links, a->book->seen_ifindex);
	zl_agent_refresh(a);
}

/* All taps have been looked at but those that are held, and what came after them. */
static void note_seen(struct zl_agent *a)
{
	const struct zl_link *link;
	uint32_t seen = 0;

	for (size_t i = 0; (link = zl_map_next(&a->links.by_index, &i)) != NULL;)
		if (link->tap && link->ifindex > seen)
			seen = link->ifindex;
	for (size_t i = 0; i < a->plan.elems.n; i++) {
		const struct zl_nft_elem *e = &a->plan.elems.at[i];

		if (e->set == ZL_SET_HELD && zl_nft_elem_ifindex(e) <= seen)
			seen = zl_nft_elem_ifindex(e) - 1;
	}
	if (seen <= a->book->seen_ifindex)
		return;
	a->book->seen_ifindex = seen;
	a->dirty = true;
}

/* --- interfaces --------------------------------------------------------------------- */

void zl_agent_on_link(struct zl_agent *a, const struct zl_link_event *e)
{
	if (e->change != ZL_LINK_REMOVED || !e->link.tap)
		return;
	/* The domain was stopped, or the NIC unplugged: its absence is no problem now. */
	for (size_t i = 0; i < a->book->n_leases; i++) {
		struct zl_book_lease *l = a->book->leases[i];

		for (unsigned n = 0; n < l->lease.n_nics; n++)
			if (zl_mac_is_tap_of(&e->link.mac, &l->lease.nics[n].mac)) {
				l->expected[n] = false;
				l->lease.nics[n].tap[0] = '\0';
			}
	}
}

static void end_adoption(struct zl_agent *a)
{
	if (a->adopted.n == 0 || a->adopted_until.us == 0 ||
		zl_mono_now().us < a->adopted_until.us)
		return;
	zl_log(LOG_WARNING, "let go of %zu elements that no controller has claimed",
		a->adopted.n);
	zl_nft_elems_done(&a->adopted);
}

void zl_agent_refresh(struct zl_agent *a)
{
	struct zl_firewall_result result;
	struct zl_error err;
	bool held = a->plan.holds;

	end_adoption(a);
	if (zl_agent_enforce(a, &result, &err) < 0) {
		zl_log_error(LOG_ERR, &err, "cannot follow a change of the interfaces");
		return;
	}
	if (a->plan.holds && !held)
		zl_log(LOG_WARNING,
			"cut off a new tap for a moment: nobody has claimed it, and a "
			"domain of this host is quarantined");
	if (held && !a->plan.holds)
		zl_log(LOG_NOTICE, "no new tap is held any more");
	note_seen(a);
	zl_agent_tell(a, &result);
}

/* --- somebody else's changes --------------------------------------------------------- */

void zl_agent_check(struct zl_agent *a, const char *who)
{
	struct zl_firewall_result result = { 0 };
	struct zl_lease_report report;
	int r = zl_firewall_check(
		&a->firewall, &a->plan.elems, &result, &a->kernel_error);

	zl_agent_note_kernel(a, r);
	if (r < 0) {
		zl_agent_tell(a, &result);
		return;
	}
	if (result.repaired)
		zl_log(LOG_WARNING, "repaired table bridge %s, changed by %s: %s",
			ZL_NFT_TABLE, who[0] == '\0' ? "somebody" : who,
			result.difference.msg);
	for (size_t i = 0; result.repaired && i < a->book->n_leases; i++) {
		struct zl_book_lease *l = a->book->leases[i];

		l->committed = result.committed;
		zl_agent_report(a, l, &l->told);
		report = l->told;
		if (report.error.msg[0] == '\0')
			(void)zl_fail_id(&report.error, 0, "agent.repaired", "",
				"repaired after a change by %s: %s",
				who[0] == '\0' ? "somebody" : who,
				result.difference.msg);
		if (a->on_report != NULL)
			a->on_report(&report, &l->lease, a->user);
	}
	zl_agent_tell(a, &result);
}

/* --- the end of leases ---------------------------------------------------------------- */

/* Take one lease that is due out of the book; NULL: none. */
static struct zl_book_lease *take_due(struct zl_agent *a, struct zl_wall now)
{
	int64_t cap = a->config->hard_cap;

	for (size_t i = 0; i < a->book->n_leases; i++) {
		struct zl_book_lease *l = a->book->leases[i];

		if (zl_book_end(l, cap).us > now.us)
			continue;
		/* It must not begin anew when it is put again. */
		if (l->lease.expires.us > now.us)
			zl_book_bury(a->book, &l->lease.id, now,
				"hard-cap of the agent's host");
		return zl_book_take(a->book, &l->lease.id);
	}
	return NULL;
}

static void tell_expired(struct zl_agent *a, const struct zl_book_lease *l,
	const struct zl_firewall_result *result, struct zl_wall now)
{
	struct zl_lease_report report = { .id = l->lease.id,
		.state = ZL_LEASE_EXPIRED,
		.committed = result->changed ? result->committed : now };
	char id[ZL_UUID_STR];

	if (a->kernel_error.code != 0) {
		report.state = ZL_LEASE_RELEASING;
		report.error = a->kernel_error;
		zl_agent_leave(a, &l->lease, ZL_LEASE_EXPIRED);
	} else if (a->write_error.code != 0) {
		report.error = a->write_error;
	}
	zl_log(LOG_NOTICE, "%s of %s (lease %s) has expired",
		zl_action_name(l->lease.action), l->lease.domain_name,
		zl_uuid_format(&l->lease.id, id));
	if (a->on_report != NULL)
		a->on_report(&report, &l->lease, a->user);
}

void zl_agent_expire(struct zl_agent *a, struct zl_wall now, struct zl_wall *ret_next)
{
	ZL_AUTO(zl_mem)
	struct zl_book_lease **due =
		calloc(ZL_BOOK_LEASES_MAX, sizeof(struct zl_book_lease *));
	struct zl_firewall_result result;
	struct zl_error err;
	size_t n = 0;

	while (due != NULL && n < ZL_BOOK_LEASES_MAX &&
		(due[n] = take_due(a, now)) != NULL)
		n++;
	if (n > 0) {
		if (zl_agent_enforce(a, &result, &err) < 0)
			zl_log_error(LOG_ERR, &err, "cannot end leases");
		a->dirty = true;
		(void)zl_agent_write(a);
	}
	for (size_t i = 0; i < n; i++) {
		tell_expired(a, due[i], &result, now);
		free(due[i]);
	}
	if (n > 0)
		zl_agent_tell(a, &result);
	ret_next->us = INT64_MAX;
	for (size_t i = 0; i < a->book->n_leases; i++) {
		struct zl_wall end =
			zl_book_end(a->book->leases[i], a->config->hard_cap);

		if (end.us < ret_next->us)
			*ret_next = end;
	}
}
