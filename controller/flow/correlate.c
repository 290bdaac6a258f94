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

static void fill(struct zl_endpoint *end, const struct zl_index_nic *nic,
	enum zl_evidence evidence)
{
	const struct zl_index_domain *d = nic->domain;

	end->evidence = evidence;
	end->domain = d->uuid;
	end->mac = nic->nic.mac;
	end->forwarding = d->forwarding;
	end->n_nics = d->n_nics;
	(void)snprintf(end->name, sizeof(end->name), "%s", d->name);
	(void)snprintf(end->host, sizeof(end->host), "%s", d->host->name);
	(void)snprintf(end->tap, sizeof(end->tap), "%s", nic->nic.tap);
}

static uint64_t mix(uint64_t h, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return h;
}

/*
 * The segment of a NIC as a number (FNV-1a), only to tell segments apart: a bridge is
 * one on all hosts, a libvirt network one of its own on each.
 */
static uint64_t hash_scope(const struct zl_index_nic *nic)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	if (nic == NULL)
		return h;
	h = mix(h, nic->scope);
	return strncmp(nic->scope, "bridge:", 7) == 0 ? h
						      : mix(h, nic->domain->host->name);
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

static const struct zl_index_nic *find_addr(const struct zl_index *index,
	const char *host, const char *scope, const struct zl_addr *addr)
{
	struct zl_index_owner o = zl_index_addr(index, host, scope, addr);

	return o.ambiguous ? NULL : o.nic;
}

static bool is_other(const struct zl_index_nic *a, const struct zl_index_nic *b)
{
	return a != NULL && !zl_uuid_eq(&a->domain->uuid, &b->domain->uuid);
}

/* The source claims to be somebody else: note who, unless the domain may. */
static const struct zl_index_nic *claimed_by(const struct zl_index *index,
	const struct zl_index_nic *tap, const struct zl_flow *flow)
{
	const struct zl_index_nic *owner = NULL;

	if ((flow->present & ZL_FLOW_SRC_MAC) != 0 &&
		!zl_mac_eq(&flow->src_mac, &tap->nic.mac))
		owner = find_mac(index, tap->domain->host->name, &flow->src_mac);
	if (!is_other(owner, tap))
		owner = find_addr(
			index, tap->domain->host->name, tap->scope, &flow->src);
	return is_other(owner, tap) ? owner : NULL;
}

static void note_claim(struct zl_sighting *ret, const struct zl_index_nic *owner)
{
	if (owner == NULL)
		return;
	ret->spoofed = true;
	(void)snprintf(ret->claimed, sizeof(ret->claimed), "%s", owner->domain->name);
}

static void resolve_tap(struct zl_index *index, const struct zl_index_nic *tap,
	const struct zl_flow *flow, struct zl_wall now, struct zl_sighting *ret)
{
	const struct zl_index_nic *owner = claimed_by(index, tap, flow), *holder;

	if (owner != NULL && tap->domain->forwarding) {
		fill(&ret->src, owner, ZL_EVIDENCE_ADDRESS);
		return;
	}
	fill(&ret->src, tap, ZL_EVIDENCE_TAP);
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
	const char *host, const char *scope, const struct zl_flow *flow)
{
	struct zl_index_owner o = zl_index_addr(index, host, scope, &flow->dst);

	if (o.nic == NULL || o.ambiguous || !is_addressee(o.nic, o.source, flow))
		return NULL;
	return o.nic;
}

static const struct zl_index_nic *resolve_dst(const struct zl_index *index,
	const char *host, const char *scope, const struct zl_flow *flow,
	struct zl_endpoint *ret)
{
	const struct zl_index_nic *nic =
		scope == NULL ? NULL : find_dst(index, host, scope, flow);

	if (nic == NULL && (flow->present & ZL_FLOW_DST_MAC) != 0) {
		nic = find_mac(index, NULL, &flow->dst_mac);
		if (nic != NULL && !nic->domain->forwarding &&
			!is_declared_otherwise(nic, &flow->dst)) {
			fill(ret, nic, ZL_EVIDENCE_MAC);
			return nic;
		}
		nic = NULL;
	}
	/* Routed between networks: an address that one domain alone has will do. */
	if (nic == NULL)
		nic = find_dst(index, host, NULL, flow);
	if (nic != NULL)
		fill(ret, nic, ZL_EVIDENCE_ADDRESS);
	return nic;
}

/* Without a tap: by MAC, then by address. */
static const struct zl_index_nic *resolve_src(const struct zl_index *index,
	const char *host, const struct zl_flow *flow, struct zl_sighting *ret)
{
	const struct zl_index_nic *nic = NULL;

	if ((flow->present & ZL_FLOW_SRC_MAC) != 0)
		nic = find_mac(index, host, &flow->src_mac);
	if (nic != NULL && !nic->domain->forwarding) {
		fill(&ret->src, nic, ZL_EVIDENCE_MAC);
		note_claim(ret, claimed_by(index, nic, flow));
		return nic;
	}
	nic = find_addr(index, host, NULL, &flow->src);
	if (nic != NULL)
		fill(&ret->src, nic, ZL_EVIDENCE_ADDRESS);
	return nic;
}

uint32_t zl_correlate_interface(const struct zl_flow *flow)
{
	if ((flow->present & ZL_FLOW_IN_NO_IF) != 0)
		return 0;
	/* On a bridge some exporters name the bridge, and the tap as the physical one. */
	return (flow->present & ZL_FLOW_IN_PHYS_IF) != 0 ? flow->in_phys_if
							 : flow->in_if;
}

void zl_correlate(struct zl_index *index, const char *host, bool interfaces,
	const struct zl_flow *flow, struct zl_wall now, struct zl_sighting *ret)
{
	const struct zl_index_nic *src = NULL, *dst;
	char scope[ZL_SCOPE_MAX] = "";
	uint64_t src_scope;
	uint32_t in_if = zl_correlate_interface(flow);

	memset(ret, 0, sizeof(*ret));
	(void)snprintf(ret->host, sizeof(ret->host), "%s", host == NULL ? "" : host);
	if (host != NULL && interfaces && in_if != 0)
		src = zl_index_tap(index, host, in_if);
	/* Learning changes the index, and what it gave us before is void then. */
	if (src != NULL) {
		src_scope = hash_scope(src);
		(void)snprintf(scope, sizeof(scope), "%s", src->scope);
		resolve_tap(index, src, flow, now, ret);
	} else {
		src = resolve_src(index, host, flow, ret);
		src_scope = hash_scope(src);
		if (src != NULL)
			(void)snprintf(scope, sizeof(scope), "%s", src->scope);
	}
	dst = resolve_dst(
		index, host, scope[0] == '\0' ? NULL : scope, flow, &ret->dst);
	ret->true_scope = ret->scope = src != NULL ? src_scope : hash_scope(dst);
	/* Nothing that a liar says goes into the conversations of whom it pretends to be. */
	if (ret->spoofed)
		ret->scope = mix(mix(ret->scope, ret->src.host), ret->src.name);
}
