/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libvirt source: DHCP leases of libvirt's networks, by polling. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/source_priv.h"

/* No padding: it is compared byte by byte. */
struct lease_key {
	uint64_t network; /* hash of its name */
	struct zl_addr addr;
	struct zl_mac mac;
	uint8_t zero[2];
};
_Static_assert(sizeof(struct lease_key) == 32, "struct lease_key has padding");

struct lease {
	struct lease_key key;
	char network[ZL_NAME_MAX];
	struct zl_wall expires; /* 0: never */
	bool seen;		/* in this poll */
};

/* A time that is long past: the lease is gone. */
static const struct zl_wall gone = { 1 };

static void tell_lease(
	struct zl_source *s, const struct lease *l, struct zl_wall expires)
{
	struct zl_frame f;

	zl_source_start(s, &f, ZL_INV_DHCP);
	zl_frame_put_bytes(&f, ZL_INV_A_MAC, l->key.mac.b, sizeof(l->key.mac.b));
	zl_frame_put_bytes(&f, ZL_INV_A_ADDR, l->key.addr.b, sizeof(l->key.addr.b));
	zl_frame_put_str(&f, ZL_INV_A_TEXT, l->network);
	zl_frame_put_u64(&f, ZL_INV_A_EXPIRES, (uint64_t)expires.us);
	zl_source_send(s, &f);
}

static void note_lease(
	struct zl_source *s, const char *network, const virNetworkDHCPLease *from)
{
	struct lease_key key = { .network =
					 zl_hash(s->seed, network, strlen(network)) };
	struct zl_wall expires = { from->expirytime * ZL_US_PER_S };
	struct lease *l;

	if (from->mac == NULL || from->ipaddr == NULL ||
		!zl_mac_parse(from->mac, &key.mac) ||
		!zl_addr_parse(from->ipaddr, &key.addr))
		return;
	l = zl_map_find(&s->leases, &key);
	if (l != NULL && l->expires.us == expires.us) {
		l->seen = true;
		return;
	}
	if (l == NULL) {
		l = calloc(1, sizeof(*l));
		if (l == NULL || zl_map_put(&s->leases, &key, l) < 0) {
			free(l);
			return;
		}
		l->key = key;
		(void)zl_domain_copy_text(l->network, sizeof(l->network), network);
	}
	l->expires = expires;
	l->seen = true;
	tell_lease(s, l, expires);
}

/* A network that could not be asked has the leases that it had. */
static void keep_leases(struct zl_source *s, const char *network)
{
	uint64_t hash = zl_hash(s->seed, network, strlen(network));
	struct lease *l;

	for (size_t i = 0; (l = zl_map_next(&s->leases, &i)) != NULL;)
		if (l->key.network == hash)
			l->seen = true;
}

static void poll_network(struct zl_source *s, virNetworkPtr network)
{
	const char *name = virNetworkGetName(network);
	virNetworkDHCPLeasePtr *leases = NULL;
	int n;

	if (name == NULL || name[0] == '\0')
		return;
	zl_worker_begin(s->self, "virNetworkGetDHCPLeases");
	n = virNetworkGetDHCPLeases(network, NULL, &leases, 0);
	zl_worker_end(s->self);
	if (n < 0) {
		/* Networks without DHCP refuse, too. */
		(void)zl_source_is_lost(s);
		keep_leases(s, name);
		return;
	}
	for (int i = 0; i < n; i++) {
		note_lease(s, name, leases[i]);
		virNetworkDHCPLeaseFree(leases[i]);
	}
	free(leases);
}

/* Tell of one that was not there any more; false: there is none. */
static bool drop_unseen(struct zl_source *s)
{
	struct lease *l;

	for (size_t i = 0; (l = zl_map_next(&s->leases, &i)) != NULL;) {
		if (l->seen)
			continue;
		tell_lease(s, l, gone);
		(void)zl_map_remove(&s->leases, &l->key);
		free(l);
		return true;
	}
	return false;
}

void zl_source_poll_leases(struct zl_source *s)
{
	virNetworkPtr *networks = NULL;
	struct lease *l;
	int n;

	if (s->leases_off)
		return;
	if (s->leases.key_size == 0)
		zl_map_init(&s->leases, sizeof(struct lease_key), ZL_SOURCE_LEASES_MAX);
	zl_worker_begin(s->self, "virConnectListAllNetworks");
	n = virConnectListAllNetworks(
		s->conn, &networks, VIR_CONNECT_LIST_NETWORKS_ACTIVE);
	zl_worker_end(s->self);
	if (n < 0) {
		/* Not every driver has networks. */
		s->leases_off = virGetLastErrorCode() == VIR_ERR_NO_SUPPORT;
		(void)zl_source_is_lost(s);
		return;
	}
	for (size_t i = 0; (l = zl_map_next(&s->leases, &i)) != NULL;)
		l->seen = false;
	for (int i = 0; i < n; i++) {
		if (!s->over)
			poll_network(s, networks[i]);
		(void)virNetworkFree(networks[i]);
	}
	free(networks);
	while (!s->over && drop_unseen(s))
		;
}
