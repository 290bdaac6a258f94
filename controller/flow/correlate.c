/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of a record, by the strongest evidence there is. */
#include "controller/flow/correlate.h"

#include <stdio.h>
#include <string.h>

#include "controller/flow/moment.h"

static const char *const evidence_names[ZL_EVIDENCE_N] = {
	[ZL_EVIDENCE_NONE] = "none",
	[ZL_EVIDENCE_ADDRESS] = "address",
	[ZL_EVIDENCE_MAC] = "mac",
	[ZL_EVIDENCE_TAP] = "tap",
};

const char *zl_evidence_name(enum zl_evidence e)
{
	return e < ZL_EVIDENCE_N ? evidence_names[e] : "?";
}

/* Keep a name of the index, of `size` bytes at most: there is room for all of them. */
static const char *keep(struct zl_sighting *s, const char *from, size_t size)
{
	char *to = &s->text[s->n_text];
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
	s->n_text = (uint16_t)(s->n_text + n + 1);
	return to;
}

static void fill(struct zl_sighting *s, struct zl_endpoint *end,
	const struct zl_index_nic *nic, enum zl_evidence evidence)
{
	const struct zl_index_domain *d = nic->domain;

	end->evidence = evidence;
	end->domain = d->uuid;
	end->mac = nic->nic.mac;
	end->forwarding = d->forwarding;
	end->n_nics = d->n_nics;
	end->name = keep(s, d->name, sizeof(d->name));
	end->host = keep(s, d->host->name, sizeof(d->host->name));
	end->tap = keep(s, nic->nic.tap, sizeof(nic->nic.tap));
}

/* Who it was then; how many NICs it has now is not asked any more. */
static void fill_former(struct zl_sighting *s, struct zl_endpoint *end,
	const struct zl_index_former *f, enum zl_evidence evidence)
{
	end->evidence = evidence;
	end->domain = f->domain;
	end->mac = f->mac;
	end->forwarding = f->forwarding;
	end->n_nics = 0;
	end->name = keep(s, f->name, sizeof(f->name));
	end->host = keep(s, f->host, sizeof(f->host));
	end->tap = keep(s, f->tap, sizeof(f->tap));
}

static uint64_t mix(uint64_t h, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return h;
}

/* The one domain that has this MAC, or NULL. */
static const struct zl_index_nic *find_mac(
	const struct zl_index *index, const char *host, const struct zl_mac *mac)
{
	const struct zl_index_nic *nics[2];
	size_t n;

	if (zl_mac_is_zero(mac) || zl_mac_is_group(mac))
		return NULL;
	n = zl_index_mac(index, host, mac, nics, 2);
	if (n == 0 ||
		(n > 1 && !zl_uuid_eq(&nics[0]->domain->uuid, &nics[1]->domain->uuid)))
		return NULL;
	return nics[0];
}

/* A record, and what is asked about it. */
struct question {
	struct zl_index *index;
	const struct zl_index_fetch *at;
	const struct zl_flow *flow;
	struct zl_wall now;
	bool has_past; /* something may have had another owner at the time */
	struct zl_sighting *ret;
};

/* Where the addresses of somebody are meant; segment 0: he is not known. */
struct place {
	uint64_t scope, segment;
};

/*
 * `scope` 0: anywhere, as far as the record does not say better, which of somebody who is
 * known by no tap or MAC it does by its VLAN.
 */
static struct zl_index_owner find_src(const struct question *q, uint64_t scope)
{
	const struct zl_index_fetch *at = q->at;
	struct zl_index_owner o;

	if (scope == 0)
		o = zl_index_addr_in_vlan(q->index, at->host,
			zl_correlate_vlan(q->flow), at->src, at->src_hash);
	else
		o = zl_index_addr_hashed(
			q->index, at->host, scope, at->src, at->src_hash);
	if (o.ambiguous)
		o.nic = NULL;
	return o;
}

static bool is_other(const struct zl_index_nic *a, const struct zl_index_nic *b)
{
	return a != NULL && !zl_uuid_eq(&a->domain->uuid, &b->domain->uuid);
}

/* --- who it was at the time --- */

/* Whom to take for it instead of the present owner, or NULL; why that is not sure. */
static const struct zl_index_former *find_former(
	struct question *q, const struct zl_index_claim *claim, bool is_dst)
{
	const struct zl_index_former *f = NULL;
	struct zl_sighting *ret = q->ret;
	enum zl_index_past how;

	if (!q->has_past)
		return NULL;
	how = zl_index_past(q->index, claim, &q->at->when, q->now, &f);
	if (how != ZL_INDEX_PAST_SAME && ret->past.how == ZL_INDEX_PAST_SAME) {
		ret->past.how = how;
		ret->past.kind = claim->kind;
		ret->past.is_dst = is_dst;
		if (f != NULL) {
			ret->past.until = f->until;
			ret->past.name = keep(ret, f->name, sizeof(f->name));
		}
	}
	/* In doubt the likelier one: the way here is shorter than it may be. */
	return how == ZL_INDEX_PAST_FORMER ||
			       (how == ZL_INDEX_PAST_DOUBT &&
				       f->until.us > q->at->when.latest.us)
		       ? f
		       : NULL;
}

static const struct zl_uuid *uuid_of(const struct zl_index_nic *nic)
{
	return nic == NULL ? NULL : &nic->domain->uuid;
}

static const struct zl_index_former *find_former_tap(
	struct question *q, const struct zl_index_nic *tap)
{
	const struct zl_index_claim claim = { .kind = ZL_INDEX_KIND_TAP,
		.host_id = q->at->host_id,
		.ifindex = q->at->ifindex,
		.owner = uuid_of(tap) };

	return claim.host_id == 0 || claim.ifindex == 0 ? NULL
							: find_former(q, &claim, false);
}

static const struct zl_index_former *find_former_mac(struct question *q,
	const struct zl_mac *mac, const struct zl_index_nic *owner, bool is_dst)
{
	const struct zl_index_claim claim = { .kind = ZL_INDEX_KIND_MAC,
		.mac = mac,
		.owner = uuid_of(owner),
		.asker = is_dst ? &q->ret->src.domain : NULL };

	return find_former(q, &claim, is_dst);
}

static const struct zl_index_former *find_former_addr(struct question *q,
	const struct zl_addr *addr, uint64_t scope, const struct zl_index_owner *o,
	bool is_dst)
{
	const struct zl_index_claim claim = { .kind = ZL_INDEX_KIND_ADDR,
		.addr = addr,
		.scope_nr = scope,
		.owner = uuid_of(o->nic),
		.source = o->source,
		.asker = is_dst ? &q->ret->src.domain : NULL };

	return find_former(q, &claim, is_dst);
}

/* It used an address that is another's now, when it was its own. */
static bool was_its_own(const struct question *q, const struct zl_index_nic *tap,
	enum zl_addr_source source)
{
	const struct zl_index_claim claim = {
		.kind = ZL_INDEX_KIND_ADDR, .addr = q->at->src, .source = source
	};

	return q->has_past &&
	       zl_index_had_addr(q->index, &claim, &tap->domain->uuid, &q->at->when);
}

/* A network by name, or 0: where addresses are meant is not known. */
static struct place place_of(uint64_t scope_nr, uint64_t segment)
{
	return (struct place){ scope_nr == ZL_INDEX_SCOPE_NONE ? 0 : scope_nr,
		segment };
}

static struct place place_of_nic(const struct zl_index_nic *nic)
{
	if (nic == NULL)
		return (struct place){ 0 };
	return place_of(nic->scope_nr, nic->segment);
}

static struct place take_former(struct question *q, struct zl_endpoint *end,
	const struct zl_index_former *f, enum zl_evidence evidence)
{
	fill_former(q->ret, end, f, evidence);
	return place_of(f->scope_nr, f->segment);
}

/* --- the source --- */

/* The source claims to be somebody else: note who, unless the domain may. */
static const struct zl_index_nic *claimed_by(
	const struct question *q, const struct zl_index_nic *tap)
{
	const struct zl_flow *flow = q->flow;
	struct zl_index_owner o;
	const struct zl_index_nic *owner = NULL;

	if ((flow->present & ZL_FLOW_SRC_MAC) != 0 &&
		!zl_mac_eq(&flow->src_mac, &tap->nic.mac))
		owner = find_mac(q->index, tap->domain->host->name, &flow->src_mac);
	if (is_other(owner, tap))
		return owner;
	if (zl_index_is_sole_owner(tap, &flow->src))
		return NULL;
	o = find_src(q, tap->scope_nr);
	if (!is_other(o.nic, tap))
		return NULL;
	q->ret->excused = was_its_own(q, tap, o.source);
	return q->ret->excused ? NULL : o.nic;
}

static void note_claim(struct zl_sighting *ret, const struct zl_index_nic *owner)
{
	if (owner == NULL)
		return;
	ret->spoofed = true;
	ret->claimed = keep(ret, owner->domain->name, sizeof(owner->domain->name));
}

static void resolve_tap(struct question *q, const struct zl_index_nic *tap)
{
	const struct zl_index_nic *owner = claimed_by(q, tap), *holder;
	const struct zl_index_former *last;
	struct zl_sighting *ret = q->ret;
	struct zl_uuid uuid;
	uint64_t scope;

	if (owner != NULL && tap->domain->forwarding) {
		fill(ret, &ret->src, owner, ZL_EVIDENCE_ADDRESS);
		return;
	}
	fill(ret, &ret->src, tap, ZL_EVIDENCE_TAP);
	note_claim(ret, owner);
	/* Nothing is learned of whom it may not have been. */
	if (ret->spoofed || tap->domain->forwarding ||
		ret->past.how != ZL_INDEX_PAST_SAME)
		return;
	/* The index may move what it knows of the tap when it learns. */
	uuid = tap->domain->uuid;
	scope = tap->scope_nr;
	ret->learned =
		zl_index_learn(q->index, tap, &q->flow->src, q->now, &holder) > 0;
	last = ret->learned
		       ? zl_index_last_holder(q->index, &q->flow->src, scope, &uuid)
		       : NULL;
	if (last != NULL)
		ret->held_by = keep(ret, last->name, sizeof(last->name));
}

/* Without a tap: by MAC, then by address. */
static struct place resolve_src(struct question *q)
{
	const struct zl_index_nic *nic = NULL;
	const struct zl_index_former *f = NULL;
	struct zl_sighting *ret = q->ret;
	struct zl_index_owner o;

	if ((q->flow->present & ZL_FLOW_SRC_MAC) != 0) {
		nic = find_mac(q->index, q->at->host, &q->flow->src_mac);
		f = find_former_mac(q, &q->flow->src_mac, nic, false);
	}
	if (f != NULL && !f->forwarding)
		return take_former(q, &ret->src, f, ZL_EVIDENCE_MAC);
	if (f == NULL && nic != NULL && !nic->domain->forwarding) {
		fill(ret, &ret->src, nic, ZL_EVIDENCE_MAC);
		note_claim(ret, claimed_by(q, nic));
		return place_of_nic(nic);
	}
	o = find_src(q, 0);
	f = find_former_addr(q, q->at->src, 0, &o, false);
	if (f != NULL)
		return take_former(q, &ret->src, f, ZL_EVIDENCE_ADDRESS);
	if (o.nic != NULL)
		fill(ret, &ret->src, o.nic, ZL_EVIDENCE_ADDRESS);
	return place_of_nic(o.nic);
}

static struct place resolve_source(struct question *q, bool interfaces)
{
	const struct zl_index_nic *tap =
		interfaces ? zl_index_tap_fetched(q->index, q->at) : NULL;
	const struct zl_index_former *f = interfaces ? find_former_tap(q, tap) : NULL;
	struct place place = place_of_nic(tap);

	if (f != NULL)
		return take_former(q, &q->ret->src, f, ZL_EVIDENCE_TAP);
	if (tap == NULL)
		return resolve_src(q);
	/* Learning changes the index, and what it gave us before is void then. */
	resolve_tap(q, tap);
	return place;
}

/* --- the destination --- */

/*
 * It is known for sure which addresses this NIC has, and this is none of them.  What it
 * then only used as a source, or told its neighbours by ARP, may be somebody else's.
 */
static bool is_declared_otherwise(
	const struct zl_index_nic *nic, const struct zl_addr *addr)
{
	bool declared = false;

	if (zl_addr_is_link_local(addr))
		return false;
	for (unsigned i = 0; i < nic->n_addrs; i++) {
		const struct zl_index_addr *a = &nic->addrs[i];

		if (a->source >= ZL_ADDR_NEIGHBOUR ||
			zl_addr_is_v4(&a->addr) != zl_addr_is_v4(addr))
			continue;
		if (zl_addr_eq(&a->addr, addr))
			return false;
		declared = true;
	}
	return declared;
}

/* Does the frame go to that NIC, by all that the record and the inventory say? */
static bool is_addressee(const struct zl_index_nic *nic, enum zl_addr_source source,
	const struct zl_flow *flow)
{
	if (source < ZL_ADDR_NEIGHBOUR)
		return true;
	if ((flow->present & ZL_FLOW_DST_MAC) != 0 && !zl_mac_is_zero(&flow->dst_mac) &&
		!zl_mac_eq(&flow->dst_mac, &nic->nic.mac))
		return false;
	return !is_declared_otherwise(nic, &flow->dst);
}

static struct zl_index_owner find_dst(const struct question *q, uint64_t scope)
{
	const struct zl_index_fetch *at = q->at;
	struct zl_index_owner o;

	/* What a machine of ours writes into its frames does not choose whom they reach. */
	if (scope == 0 && q->ret->src.evidence == ZL_EVIDENCE_NONE)
		o = zl_index_addr_in_vlan(q->index, at->host,
			zl_correlate_vlan(q->flow), at->dst, at->dst_hash);
	else
		o = zl_index_addr_hashed(
			q->index, at->host, scope, at->dst, at->dst_hash);
	if (o.nic != NULL && (o.ambiguous || !is_addressee(o.nic, o.source, q->flow)))
		o.nic = NULL;
	return o;
}

static const struct zl_index_nic *find_dst_by_mac(const struct question *q)
{
	const struct zl_index_nic *nic;

	if ((q->flow->present & ZL_FLOW_DST_MAC) == 0)
		return NULL;
	nic = find_mac(q->index, NULL, &q->flow->dst_mac);
	return nic != NULL && !nic->domain->forwarding &&
			       !is_declared_otherwise(nic, &q->flow->dst)
		       ? nic
		       : NULL;
}

static struct place resolve_destination(struct question *q, uint64_t scope)
{
	struct zl_index_owner o = { .nic = NULL };
	const struct zl_index_nic *by_mac = NULL;
	const struct zl_index_former *f;
	struct zl_endpoint *end = &q->ret->dst;
	enum zl_evidence evidence = ZL_EVIDENCE_ADDRESS;

	if (scope != 0)
		o = find_dst(q, scope);
	if (o.nic == NULL)
		by_mac = find_dst_by_mac(q);
	/* Routed between networks: an address that one domain alone has will do. */
	if (o.nic == NULL && by_mac == NULL && !o.unknown) {
		struct zl_index_owner anywhere = find_dst(q, 0);

		if (anywhere.nic != NULL) {
			o = anywhere;
			scope = 0;
		}
	}
	if (by_mac != NULL) {
		evidence = ZL_EVIDENCE_MAC;
		o.nic = by_mac;
		f = find_former_mac(q, &q->flow->dst_mac, by_mac, true);
	} else {
		f = find_former_addr(q, q->at->dst, scope, &o, true);
	}
	if (f != NULL)
		return take_former(q, end, f, evidence);
	if (o.nic != NULL)
		fill(q->ret, end, o.nic, evidence);
	return place_of_nic(o.nic);
}

void zl_correlate_fetched(struct zl_index *index, const struct zl_index_fetch *at,
	bool interfaces, const struct zl_flow *flow, struct zl_wall now,
	struct zl_sighting *ret)
{
	struct question q = { .index = index,
		.at = at,
		.flow = flow,
		.now = now,
		.has_past = zl_index_has_past(index, &at->when, now),
		.ret = ret };
	struct place src, dst;

	memset(ret, 0, offsetof(struct zl_sighting, text));
	ret->src.name = ret->src.host = ret->src.tap = ret->claimed = "";
	ret->dst.name = ret->dst.host = ret->dst.tap = ret->past.name = "";
	ret->held_by = "";
	ret->host = keep(ret, at->host == NULL ? "" : at->host, 64);
	src = resolve_source(&q, interfaces);
	dst = resolve_destination(&q, src.scope);
	ret->true_scope = ret->scope = src.segment != 0 ? src.segment : dst.segment;
	/* Nothing that a liar says goes into the conversations of whom it pretends to be. */
	if (ret->spoofed)
		ret->scope = mix(mix(ret->scope, ret->src.host), ret->src.name);
}

void zl_correlate(struct zl_index *index, const char *host, bool interfaces,
	const struct zl_flow *flow, struct zl_wall now, struct zl_sighting *ret)
{
	struct zl_index_fetch at = { .host = host,
		.ifindex = zl_correlate_interface(flow),
		.src = &flow->src,
		.dst = &flow->dst,
		.when = zl_moment(flow, ZL_MOMENT_NO_OFFSET) };

	zl_index_fetch(index, &at, 0);
	zl_correlate_fetched(index, &at, interfaces, flow, now, ret);
}

static const char *moved(
	const char *p, struct zl_sighting *to, const struct zl_sighting *from)
{
	return p >= from->text && p < from->text + sizeof(from->text)
		       ? to->text + (p - from->text)
		       : p;
}

void zl_correlate_copy(struct zl_sighting *to, const struct zl_sighting *from)
{
	memcpy(to, from, offsetof(struct zl_sighting, text) + from->n_text);
	to->src.name = moved(to->src.name, to, from);
	to->src.host = moved(to->src.host, to, from);
	to->src.tap = moved(to->src.tap, to, from);
	to->dst.name = moved(to->dst.name, to, from);
	to->dst.host = moved(to->dst.host, to, from);
	to->dst.tap = moved(to->dst.tap, to, from);
	to->host = moved(to->host, to, from);
	to->claimed = moved(to->claimed, to, from);
	to->held_by = moved(to->held_by, to, from);
	to->past.name = moved(to->past.name, to, from);
}
