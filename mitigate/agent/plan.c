/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning: which elements, and what to say about each lease. */
#include "mitigate/agent/plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* Protocols whose transport header has the destination port in bytes 2 and 3. */
static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

int zl_plan_check(const struct zl_lease *lease, const struct zl_limits *limits,
	struct zl_error *reterr)
{
	if (lease->backend != ZL_BACKEND_NFTABLES)
		return zl_fail(reterr, -EOPNOTSUPP,
			"the agent enforces by nftables, not by %s",
			zl_backend_name(lease->backend));
	if (lease->action != ZL_ACTION_QUARANTINE &&
		lease->action != ZL_ACTION_BLOCK_FLOW)
		return zl_fail(reterr, -EOPNOTSUPP,
			"the agent has nothing to do for action %s",
			zl_action_name(lease->action));
	if (lease->action == ZL_ACTION_BLOCK_FLOW && lease->n_blocks == 0)
		return zl_fail(
			reterr, -EINVAL, "block-flow lease without a blocked service");
	for (unsigned i = 0; i < lease->n_blocks; i++)
		if (has_ports(lease->blocks[i].proto) != (lease->blocks[i].dport != 0))
			return zl_fail(reterr, -EINVAL,
				"blocked service of protocol %u %s a port",
				lease->blocks[i].proto,
				lease->blocks[i].dport == 0 ? "lacks" : "has");
	return zl_limits_check_lease(limits, lease, reterr);
}

/* What one lease has come to so far. */
struct outcome {
	struct zl_lease_report *report;
	unsigned n_taps, n_problems;
	size_t text; /* length of report->objects */
};

/* The first problem is told; further ones only count. */
static struct zl_error *problem(struct outcome *o)
{
	return o->n_problems++ == 0 ? &o->report->error : NULL;
}

static int add(struct zl_nft_elems *to, struct zl_nft_elem *e,
	const struct zl_lease *lease, const struct zl_link *tap, struct outcome *o)
{
	enum { SIZE = sizeof(o->report->objects), TAIL = 16 };
	char line[ZL_NFT_ELEM_STR];
	int n;

	zl_nft_elem_comment(e, "%s%s%s", tap->name,
		lease->domain_name[0] == '\0' ? "" : " ", lease->domain_name);
	zl_nft_elem_format(e, line);
	if (o->text + strlen(line) + 1 + TAIL < SIZE) {
		n = snprintf(o->report->objects + o->text, SIZE - o->text, "%s%s",
			o->text == 0 ? "" : "\n", line);
		o->text += (size_t)n;
	} else if (o->text != 0 && o->report->objects[o->text] == '\0') {
		(void)snprintf(
			o->report->objects + o->text, SIZE - o->text, "\nand more");
	}
	o->report->n_elements++;
	return zl_nft_elems_add(to, e);
}

static int contain(const struct zl_lease *lease, const struct zl_mac *guest,
	const struct zl_link *tap, struct zl_nft_elems *to, struct outcome *o)
{
	struct zl_nft_elem e;
	int r = 0;

	if (lease->action == ZL_ACTION_QUARANTINE && lease->grade == ZL_GRADE_STRICT) {
		e = zl_nft_elem_tap(ZL_SET_STRICT, tap->ifindex);
		return add(to, &e, lease, tap, o);
	}
	if (lease->action == ZL_ACTION_QUARANTINE) {
		e = zl_nft_elem_tap(ZL_SET_FORENSIC, tap->ifindex);
		r = add(to, &e, lease, tap, o);
		if (r < 0)
			return r;
		e = zl_nft_elem_nic(tap->ifindex, guest);
		return add(to, &e, lease, tap, o);
	}
	e = zl_nft_elem_tap(ZL_SET_BLOCK_TAPS, tap->ifindex);
	r = add(to, &e, lease, tap, o);
	for (unsigned i = 0; r >= 0 && i < lease->n_blocks; i++) {
		const struct zl_block *b = &lease->blocks[i];

		e = zl_nft_elem_block(tap->ifindex, b->proto, &b->dst, b->dport);
		r = add(to, &e, lease, tap, o);
	}
	return r;
}

/* The tap of one NIC, if it may and can be contained; otherwise NULL and perhaps a problem. */
static const struct zl_link *tap_of(const struct zl_plan_in *in,
	const struct zl_book_lease *l, unsigned i, struct outcome *o)
{
	const struct zl_lease_nic *nic = &l->lease.nics[i];
	const struct zl_link *tap = NULL;
	char mac[ZL_MAC_STR], owner[ZL_UUID_STR];
	struct zl_error never;
	struct zl_uuid other;

	zl_mac_format(&nic->mac, mac);
	switch (zl_links_tap_of(in->links, &nic->mac, nic->tap, &tap)) {
	case ZL_TAP_NONE:
		if (l->expected[i])
			(void)zl_fail(problem(o), -ENODEV,
				"no tap with libvirt's MAC for NIC %s (%s was named): "
				"contained when there is one",
				mac, nic->tap);
		return NULL;
	case ZL_TAP_AMBIGUOUS:
		(void)zl_fail(problem(o), -ENOTUNIQ,
			"two taps have libvirt's MAC for NIC %s: none is touched while "
			"the lease names none of them",
			mac);
		return NULL;
	case ZL_TAP_ONE: break;
	}
	if (zl_book_is_others(in->book, &l->lease.domain, &nic->mac, &other)) {
		(void)zl_fail(problem(o), -EPERM,
			"NIC %s belongs to domain %s: not touched", mac,
			zl_uuid_format(&other, owner));
		return NULL;
	}
	if (zl_limits_check_tap(in->limits, tap->name, &tap->mac, &never) < 0) {
		struct zl_error *e = problem(o);

		if (e != NULL)
			*e = never;
		return NULL;
	}
	return tap;
}

/* The table bridge only sees what goes through a Linux bridge. */
static bool is_enforceable(
	const struct zl_plan_in *in, const struct zl_link *tap, struct outcome *o)
{
	struct zl_error *e;

	if (zl_links_on_bridge(in->links, tap))
		return true;
	e = problem(o);
	if (tap->master == 0)
		(void)zl_fail(
			e, -ENOTCONN, "tap %s is not a port of a bridge", tap->name);
	else
		(void)zl_fail(e, -EOPNOTSUPP,
			"tap %s is a port of %s, which is no Linux bridge: "
			"nftables cannot contain it there",
			tap->name, zl_links_master_name(in->links, tap));
	zl_error_hint(
		e, "take the link down ('virsh domif-setlink') or pause the domain");
	return tap->master == 0;
}

int zl_plan_lease(const struct zl_plan_in *in, const struct zl_book_lease *l,
	struct zl_nft_elems *to, struct zl_lease_report *ret)
{
	struct outcome o = { .report = ret };
	int r = 0;

	*ret = (struct zl_lease_report){ .id = l->lease.id, .committed = l->committed };
	if (l->lease.n_nics == 0)
		(void)zl_fail(problem(&o), -EINVAL, "lease without NICs");
	if (l->overfull)
		(void)zl_fail_id(problem(&o), -E2BIG, "agent.lease.overfull",
			"unplug some, or shut the domain off",
			"the domain has more than %d NICs: the others are not "
			"contained",
			ZL_LEASE_NICS_MAX);
	for (unsigned i = 0; r >= 0 && i < l->lease.n_nics; i++) {
		const struct zl_link *tap = tap_of(in, l, i, &o);

		if (tap == NULL)
			continue;
		if (is_enforceable(in, tap, &o))
			o.n_taps++;
		r = contain(&l->lease, &l->lease.nics[i].mac, tap, to, &o);
	}
	ret->state = o.n_problems == 0 ? ZL_LEASE_APPLIED
		     : o.n_taps > 0    ? ZL_LEASE_DEGRADED
				       : ZL_LEASE_FAILED;
	if (r >= 0 && ret->n_elements == 0 && o.n_problems == 0)
		(void)snprintf(ret->objects, sizeof(ret->objects),
			"# no tap of this domain here: contained when one appears");
	return r;
}

/* --- all together ------------------------------------------------------------------- */

static bool must_hold(const struct zl_plan_in *in, const struct zl_link *link)
{
	return link->tap && link->fresh && link->mac.b[0] == 0xfe &&
	       in->now.us < zl_mono_add_ms(link->judged, in->hold_ms).us &&
	       !zl_book_claims(in->book, &link->mac) &&
	       zl_limits_check_tap(in->limits, link->name, &link->mac, NULL) >= 0;
}

static int plan_holds(const struct zl_plan_in *in, struct zl_plan *plan)
{
	const struct zl_link *link;
	int r = 0;

	if (in->hold_ms == 0 || !zl_book_has_quarantine(in->book))
		return 0;
	for (size_t i = 0;
		r >= 0 && (link = zl_map_next(&in->links->by_index, &i)) != NULL;) {
		struct zl_nft_elem e = zl_nft_elem_tap(ZL_SET_HELD, link->ifindex);
		struct zl_mono ends = zl_mono_add_ms(link->judged, in->hold_ms);

		if (!must_hold(in, link))
			continue;
		zl_nft_elem_comment(&e, "%s unclaimed", link->name);
		r = zl_nft_elems_add(&plan->elems, &e);
		if (!plan->holds || ends.us < plan->hold_ends.us)
			plan->hold_ends = ends;
		plan->holds = true;
	}
	return r;
}

/* Elements of an unknown owner stay while their interface lives and no lease names it. */
static int plan_adopted(
	const struct zl_plan_in *in, struct zl_plan *plan, size_t n_leased)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && in->adopted != NULL && i < in->adopted->n; i++) {
		uint32_t ifindex = zl_nft_elem_ifindex(&in->adopted->at[i]);
		bool leased = false;

		for (size_t k = 0; k < n_leased && !leased; k++)
			leased = zl_nft_elem_ifindex(&plan->elems.at[k]) == ifindex;
		if (!leased && zl_links_find(in->links, ifindex) != NULL)
			r = zl_nft_elems_add(&plan->elems, &in->adopted->at[i]);
	}
	return r;
}

static int check_sizes(const struct zl_nft_elems *l, struct zl_error *reterr)
{
	size_t n[ZL_SET_N] = { 0 };

	for (size_t i = 0; i < l->n; i++)
		if (++n[l->at[i].set] > zl_nft_sets[l->at[i].set].size)
			return zl_fail(reterr, -E2BIG,
				"set %s holds at most %u elements",
				zl_nft_sets[l->at[i].set].name,
				zl_nft_sets[l->at[i].set].size);
	return 0;
}

int zl_plan_make(
	const struct zl_plan_in *in, struct zl_plan *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_plan) struct zl_plan plan = { 0 };
	struct zl_lease_report report;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < in->book->n_leases; i++)
		r = zl_plan_lease(in, in->book->leases[i], &plan.elems, &report);
	if (r >= 0)
		r = plan_adopted(in, &plan, plan.elems.n);
	if (r >= 0)
		r = plan_holds(in, &plan);
	for (size_t i = 0; r >= 0 && i < in->limits->n_peers; i++) {
		const struct zl_peer *peer = &in->limits->peers[i];
		struct zl_nft_elem e = zl_nft_elem_peer(&peer->addr);

		r = zl_nft_elems_add(&plan.elems, &e);
		if (r < 0 || zl_mac_is_zero(&peer->mac))
			continue;
		e = zl_nft_elem_peer_mac(&peer->addr, &peer->mac);
		r = zl_nft_elems_add(&plan.elems, &e);
	}
	if (r < 0)
		return zl_fail(reterr, r, "plan: out of memory");
	zl_nft_elems_sort(&plan.elems);
	r = check_sizes(&plan.elems, reterr);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct zl_plan){ 0 };
	return 0;
}

void zl_plan_done(struct zl_plan *plan)
{
	zl_nft_elems_done(&plan->elems);
}
