/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of a record, by the strongest evidence there is. */
#include "controller/flow/correlate.h"

#include <stdio.h>
#include <string.h>

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

static uint64_t mix(uint64_t h, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t segment_of(const struct zl_index_nic *nic)
{
	return nic == NULL ? 0 : nic->segment;
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

static const struct zl_index_nic *find_src(const struct zl_index *index,
	const char *host, uint64_t scope, const struct zl_index_fetch *at)
{
	struct zl_index_owner o =
		zl_index_addr_hashed(index, host, scope, at->src, at->src_hash);

	return o.ambiguous ? NULL : o.nic;
}

static bool is_other(const struct zl_index_nic *a, const struct zl_index_nic *b)
{
	return a != NULL && !zl_uuid_eq(&a->domain->uuid, &b->domain->uuid);
}

/* The source claims to be somebody else: note who, unless the domain may. */
static const struct zl_index_nic *claimed_by(const struct zl_index *index,
	const struct zl_index_nic *tap, const struct zl_flow *flow,
	const struct zl_index_fetch *at)
{
	const struct zl_index_nic *owner = NULL;

	if ((flow->present & ZL_FLOW_SRC_MAC) != 0 &&
		!zl_mac_eq(&flow->src_mac, &tap->nic.mac))
		owner = find_mac(index, tap->domain->host->name, &flow->src_mac);
	if (!is_other(owner, tap) && !zl_index_is_sole_owner(tap, &flow->src))
		owner = find_src(index, tap->domain->host->name, tap->scope_nr, at);
	return is_other(owner, tap) ? owner : NULL;
}

static void note_claim(struct zl_sighting *ret, const struct zl_index_nic *owner)
{
	if (owner == NULL)
		return;
	ret->spoofed = true;
	ret->claimed = keep(ret, owner->domain->name, sizeof(owner->domain->name));
}

static void resolve_tap(struct zl_index *index, const struct zl_index_nic *tap,
	const struct zl_flow *flow, const struct zl_index_fetch *at, struct zl_wall now,
	struct zl_sighting *ret)
{
	const struct zl_index_nic *owner = claimed_by(index, tap, flow, at), *holder;

	if (owner != NULL && tap->domain->forwarding) {
		fill(ret, &ret->src, owner, ZL_EVIDENCE_ADDRESS);
		return;
	}
	fill(ret, &ret->src, tap, ZL_EVIDENCE_TAP);
	note_claim(ret, owner);
	if (ret->spoofed)
		return;
	if (!tap->domain->forwarding)
		ret->learned = zl_index_learn(index, tap, &flow->src, now, &holder) > 0;
}

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

static const struct zl_index_nic *find_dst(const struct zl_index *index,
	const struct zl_index_fetch *at, uint64_t scope, const struct zl_flow *flow,
	bool *ret_unknown)
{
	struct zl_index_owner o =
		zl_index_addr_hashed(index, at->host, scope, at->dst, at->dst_hash);

	*ret_unknown = o.unknown;
	if (o.nic == NULL || o.ambiguous || !is_addressee(o.nic, o.source, flow))
		return NULL;
	return o.nic;
}

static const struct zl_index_nic *resolve_dst(const struct zl_index *index,
	const struct zl_index_fetch *at, uint64_t scope, const struct zl_flow *flow,
	struct zl_sighting *ret)
{
	bool unknown = false;
	const struct zl_index_nic *nic =
		scope == 0 ? NULL : find_dst(index, at, scope, flow, &unknown);

	if (nic == NULL && (flow->present & ZL_FLOW_DST_MAC) != 0) {
		nic = find_mac(index, NULL, &flow->dst_mac);
		if (nic != NULL && !nic->domain->forwarding &&
			!is_declared_otherwise(nic, &flow->dst)) {
			fill(ret, &ret->dst, nic, ZL_EVIDENCE_MAC);
			return nic;
		}
		nic = NULL;
	}
	/* Routed between networks: an address that one domain alone has will do. */
	if (nic == NULL && !unknown)
		nic = find_dst(index, at, 0, flow, &unknown);
	if (nic != NULL)
		fill(ret, &ret->dst, nic, ZL_EVIDENCE_ADDRESS);
	return nic;
}

/* Without a tap: by MAC, then by address. */
static const struct zl_index_nic *resolve_src(const struct zl_index *index,
	const struct zl_index_fetch *at, const struct zl_flow *flow,
	struct zl_sighting *ret)
{
	const struct zl_index_nic *nic = NULL;

	if ((flow->present & ZL_FLOW_SRC_MAC) != 0)
		nic = find_mac(index, at->host, &flow->src_mac);
	if (nic != NULL && !nic->domain->forwarding) {
		fill(ret, &ret->src, nic, ZL_EVIDENCE_MAC);
		note_claim(ret, claimed_by(index, nic, flow, at));
		return nic;
	}
	nic = find_src(index, at->host, 0, at);
	if (nic != NULL)
		fill(ret, &ret->src, nic, ZL_EVIDENCE_ADDRESS);
	return nic;
}

/* A network by name, or 0: where addresses are meant is not known. */
static uint64_t scope_of(const struct zl_index_nic *nic)
{
	return nic == NULL || nic->scope_nr == ZL_INDEX_SCOPE_NONE ? 0 : nic->scope_nr;
}

void zl_correlate_fetched(struct zl_index *index, const struct zl_index_fetch *at,
	bool interfaces, const struct zl_flow *flow, struct zl_wall now,
	struct zl_sighting *ret)
{
	const struct zl_index_nic *src = NULL, *dst;
	uint64_t scope, src_segment;
	bool by_tap;

	memset(ret, 0, offsetof(struct zl_sighting, text));
	ret->src.name = ret->src.host = ret->src.tap = ret->claimed = "";
	ret->dst.name = ret->dst.host = ret->dst.tap = "";
	ret->host = keep(ret, at->host == NULL ? "" : at->host, 64);
	if (interfaces)
		src = zl_index_tap_fetched(index, at);
	by_tap = src != NULL;
	if (!by_tap)
		src = resolve_src(index, at, flow, ret);
	/* Learning changes the index, and what it gave us before is void then. */
	scope = scope_of(src);
	src_segment = segment_of(src);
	if (by_tap)
		resolve_tap(index, src, flow, at, now, ret);
	dst = resolve_dst(index, at, scope, flow, ret);
	ret->true_scope = ret->scope = src != NULL ? src_segment : segment_of(dst);
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
		.dst = &flow->dst };

	zl_index_fetch(index, &at, 0);
	zl_correlate_fetched(index, &at, interfaces, flow, now, ret);
}
