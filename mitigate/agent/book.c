/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases, known MACs and tombstones in memory. */
#include "mitigate/agent/book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zl_book *zl_book_new(void)
{
	struct zl_book *b = calloc(1, sizeof(*b));

	if (b != NULL)
		zl_map_init(&b->known, sizeof(struct zl_uuid), ZL_BOOK_KNOWN_MAX);
	return b;
}

void zl_book_free(struct zl_book *b)
{
	void *value;

	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n_leases; i++)
		free(b->leases[i]);
	for (size_t i = 0; (value = zl_map_next(&b->known, &i)) != NULL;)
		free(value);
	zl_map_done(&b->known);
	free(b);
}

struct zl_book_lease *zl_book_find(struct zl_book *b, const struct zl_uuid *id)
{
	for (size_t i = 0; i < b->n_leases; i++)
		if (zl_uuid_eq(&b->leases[i]->lease.id, id))
			return b->leases[i];
	return NULL;
}

/* Add the NICs known of the domain to a quarantine, as far as they fit; did it grow? */
static bool add_known_nics(const struct zl_known *known, struct zl_book_lease *l)
{
	struct zl_lease *lease = &l->lease;
	bool grown = false;

	l->overfull = false;
	if (known == NULL || lease->action != ZL_ACTION_QUARANTINE)
		return false;
	for (size_t i = 0; i < known->n_macs; i++) {
		bool there = false;

		for (unsigned k = 0; k < lease->n_nics; k++)
			there = there ||
				zl_mac_eq(&lease->nics[k].mac, &known->macs[i]);
		if (!there && lease->n_nics == ZL_LEASE_NICS_MAX)
			l->overfull = true;
		if (there || l->overfull)
			continue;
		lease->nics[lease->n_nics++] =
			(struct zl_lease_nic){ .mac = known->macs[i] };
		grown = true;
	}
	return grown;
}

int zl_book_put(struct zl_book *b, const struct zl_lease *lease, struct zl_wall now,
	struct zl_book_lease **ret)
{
	struct zl_book_lease *l = zl_book_find(b, &lease->id);

	if (l == NULL) {
		if (b->n_leases == ZL_BOOK_LEASES_MAX)
			return -ENOBUFS;
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			return -ENOMEM;
		l->taken = now;
		b->leases[b->n_leases++] = l;
	}
	l->lease = *lease;
	memset(l->expected, 0, sizeof(l->expected));
	for (unsigned i = 0; i < lease->n_nics; i++)
		l->expected[i] = lease->nics[i].tap[0] != '\0';
	(void)add_known_nics(zl_map_find(&b->known, &lease->domain), l);
	*ret = l;
	return 0;
}

struct zl_book_lease *zl_book_take(struct zl_book *b, const struct zl_uuid *id)
{
	for (size_t i = 0; i < b->n_leases; i++) {
		struct zl_book_lease *l = b->leases[i];

		if (!zl_uuid_eq(&l->lease.id, id))
			continue;
		b->n_leases--;
		memmove(&b->leases[i], &b->leases[i + 1],
			(b->n_leases - i) * sizeof(struct zl_book_lease *));
		return l;
	}
	return NULL;
}

bool zl_book_has_quarantine(const struct zl_book *b)
{
	for (size_t i = 0; i < b->n_leases; i++)
		if (b->leases[i]->lease.action == ZL_ACTION_QUARANTINE)
			return true;
	return false;
}

int zl_book_know(struct zl_book *b, const struct zl_known *known, bool *ret_grown)
{
	struct zl_known *k = zl_map_find(&b->known, &known->domain);
	bool grown = false;
	int r;

	if (k == NULL) {
		k = calloc(1, sizeof(*k));
		if (k == NULL)
			return -ENOMEM;
		r = zl_map_put(&b->known, &known->domain, k);
		if (r < 0) {
			free(k);
			return r;
		}
	}
	*k = *known;
	for (size_t i = 0; i < b->n_leases; i++)
		if (zl_uuid_eq(&b->leases[i]->lease.domain, &known->domain) &&
			add_known_nics(k, b->leases[i]))
			grown = true;
	*ret_grown = grown;
	return 0;
}

void zl_book_forget(struct zl_book *b, const struct zl_uuid *domain)
{
	free(zl_map_remove(&b->known, domain));
}

bool zl_book_claims(const struct zl_book *b, const struct zl_mac *tap)
{
	const struct zl_known *k;

	for (size_t i = 0; i < b->n_leases; i++)
		for (unsigned n = 0; n < b->leases[i]->lease.n_nics; n++)
			if (zl_mac_is_tap_of(tap, &b->leases[i]->lease.nics[n].mac))
				return true;
	for (size_t i = 0; (k = zl_map_next(&b->known, &i)) != NULL;)
		for (size_t n = 0; n < k->n_macs; n++)
			if (zl_mac_is_tap_of(tap, &k->macs[n]))
				return true;
	return false;
}

bool zl_book_is_others(const struct zl_book *b, const struct zl_uuid *domain,
	const struct zl_mac *nic, struct zl_uuid *ret_owner)
{
	const struct zl_known *k;
	bool others = false;

	for (size_t i = 0; (k = zl_map_next(&b->known, &i)) != NULL;)
		for (size_t n = 0; n < k->n_macs; n++) {
			if (!zl_mac_eq(&k->macs[n], nic))
				continue;
			if (zl_uuid_eq(&k->domain, domain))
				return false;
			others = true;
			*ret_owner = k->domain;
		}
	return others;
}

void zl_book_bury(struct zl_book *b, const struct zl_uuid *id, struct zl_wall when,
	const char *reason)
{
	struct zl_tomb *t = &b->tombs[b->next_tomb];

	if (zl_book_tomb(b, id) != NULL)
		return;
	*t = (struct zl_tomb){ .id = *id, .when = when };
	(void)snprintf(t->reason, sizeof(t->reason), "%s", reason);
	b->next_tomb = (b->next_tomb + 1) % ZL_BOOK_TOMBS_MAX;
	if (b->n_tombs < ZL_BOOK_TOMBS_MAX)
		b->n_tombs++;
}

const struct zl_tomb *zl_book_tomb(const struct zl_book *b, const struct zl_uuid *id)
{
	for (size_t i = 0; i < b->n_tombs; i++)
		if (zl_uuid_eq(&b->tombs[i].id, id))
			return &b->tombs[i];
	return NULL;
}

struct zl_wall zl_book_end(const struct zl_book_lease *l, int64_t cap_s)
{
	int64_t cap = l->taken.us + cap_s * ZL_US_PER_S;

	return (struct zl_wall){ l->lease.expires.us < cap ? l->lease.expires.us
							   : cap };
}
