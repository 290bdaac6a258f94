/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the index knows of addresses, written down as it changes: who had it, since when.
 *
 * Each domain on a host has the list of what it holds now.  When the index says that
 * something of it is different, the list is compared: what is no longer there ends, what
 * is new begins.  Both wait for the next second's transaction; what the database does not
 * take waits on.  Of beginnings only so many wait, the rest is not written down and counted;
 * what ends waits in the place of what was held, so none is lost.  A domain that is shut
 * off holds nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/roles/engine/engine.h"
#include "controller/store/holdings.h"

enum { KEPT_DAYS = 90, EXPIRED_MAX = 8192, WAITING_MAX = 65536 };
/* A guest that changes its addresses all the time fills no disk. */
enum { BEGINS_MAX = 256, BEGINS_PERIOD_S = 3600 };

struct holder_key {
	struct zl_uuid domain;
	char host[64];
};

/* An address that is held now, or whose end is on the way to the disk. */
struct zl_engine_held {
	struct zl_engine_held *next;
	int64_t id;			 /* on disk; 0: not yet */
	struct zl_engine_holding *begin; /* then it waits here */
	uint64_t place;			 /* scope and tap, hashed */
	struct zl_addr addr;
	struct zl_mac mac;
	uint8_t source;
	bool is_held;
	struct zl_wall until; /* of one that has ended */
};

struct holder {
	struct holder_key key;
	struct zl_engine_held *entries;
	struct zl_mono since; /* of this period */
	unsigned n_begins;    /* in it */
};

/* A beginning, maybe with its end, on the way to the disk. */
struct zl_engine_holding {
	struct zl_engine_holding *next;
	struct zl_engine_held *entry; /* what it began and still is; or NULL */
	struct zl_holding h;
};

static struct holder_key make_key(const struct zl_uuid *domain, const char *host)
{
	struct holder_key k;

	memset(&k, 0, sizeof(k));
	k.domain = *domain;
	(void)snprintf(k.host, sizeof(k.host), "%s", host);
	return k;
}

static struct holder *get_holder(
	struct zl_engine *e, const struct zl_uuid *domain, const char *host)
{
	struct holder_key key = make_key(domain, host);
	struct holder *holder = zl_map_find(&e->holders, &key);

	if (holder != NULL)
		return holder;
	holder = calloc(1, sizeof(*holder));
	if (holder == NULL || zl_map_put(&e->holders, &key, holder) < 0) {
		free(holder);
		return NULL;
	}
	holder->key = key;
	return holder;
}

static uint64_t place_of(const struct zl_engine *e, const char *scope, const char *tap)
{
	char text[ZL_SCOPE_MAX + ZL_IFNAME_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s %s", scope, tap);

	return zl_hash(e->holders.seed, text, (size_t)n);
}

static struct zl_engine_held *add_entry(
	struct zl_engine *e, struct holder *holder, const struct zl_holding *h)
{
	struct zl_engine_held *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->id = h->id;
	entry->place = place_of(e, h->scope, h->tap);
	entry->addr = h->addr;
	entry->mac = h->mac;
	entry->source = (uint8_t)h->source;
	entry->next = holder->entries;
	holder->entries = entry;
	return entry;
}

static int load_one(const struct zl_holding *h, void *user)
{
	struct zl_engine *e = user;
	struct holder *holder = get_holder(e, &h->domain, h->host);

	return holder == NULL || add_entry(e, holder, h) == NULL ? -ENOMEM : 0;
}

int zl_engine_holdings_load(struct zl_engine *e, struct zl_error *reterr)
{
	int r;

	e->holdings_end = &e->holdings;
	r = zl_holdings_each_open(e->db, load_one, e, reterr);
	return r == -ENOMEM ? zl_fail(reterr, r, "out of memory") : r;
}

/* NULL: too much waits; then it is not written down who has the address. */
static struct zl_engine_holding *wait_for_disk(
	struct zl_engine *e, const struct zl_holding *h)
{
	struct zl_engine_holding *w = NULL;

	if (e->n_holdings < WAITING_MAX)
		w = calloc(1, sizeof(*w));
	if (w == NULL) {
		if (e->n_holdings_lost++ == 0)
			zl_log(LOG_ERR,
				"%zu changes of addresses wait for the database: what "
				"else changes is not written down",
				e->n_holdings);
		return NULL;
	}
	w->h = *h;
	*e->holdings_end = w;
	e->holdings_end = &w->next;
	e->n_holdings++;
	return w;
}

/* May one more be written down? */
static bool may_begin(struct holder *holder)
{
	struct zl_mono now = zl_mono_now();

	if (zl_mono_since(now, holder->since) >
		BEGINS_PERIOD_S * (uint64_t)ZL_US_PER_S) {
		holder->since = now;
		holder->n_begins = 0;
	}
	if (holder->n_begins++ == BEGINS_MAX)
		zl_log(LOG_WARNING,
			"a domain on host '%s' has changed its addresses %d times "
			"within the hour: no more of it is written down",
			holder->key.host, BEGINS_MAX);
	return holder->n_begins <= BEGINS_MAX;
}

static void begin(struct zl_engine *e, struct holder *holder,
	const struct zl_index_domain *d, const struct zl_index_nic *nic,
	const struct zl_index_addr *a)
{
	struct zl_holding h = { .addr = a->addr,
		.domain = d->uuid,
		.mac = nic->nic.mac,
		.source = a->source,
		.from = zl_wall_now() };
	struct zl_engine_held *entry;

	(void)snprintf(h.host, sizeof(h.host), "%s", d->host->name);
	(void)snprintf(h.name, sizeof(h.name), "%s", d->name);
	(void)snprintf(h.scope, sizeof(h.scope), "%s", nic->scope);
	(void)snprintf(h.tap, sizeof(h.tap), "%s", nic->nic.tap);
	entry = add_entry(e, holder, &h);
	if (entry == NULL)
		return;
	entry->is_held = true;
	if (may_begin(holder))
		entry->begin = wait_for_disk(e, &h);
	if (entry->begin != NULL)
		entry->begin->entry = entry;
}

/* Takes the entry. */
static void end(struct zl_engine *e, struct zl_engine_held *entry)
{
	entry->until = zl_wall_now();
	if (entry->id != 0) {
		entry->next = e->holdings_ended;
		e->holdings_ended = entry;
		return;
	}
	if (entry->begin != NULL) {
		entry->begin->h.until = entry->until;
		entry->begin->entry = NULL;
	}
	free(entry);
}

/* What was not found to be held any more ends now. */
static void end_others(struct zl_engine *e, struct holder *holder)
{
	struct zl_engine_held **at = &holder->entries, *entry;

	while ((entry = *at) != NULL) {
		if (entry->is_held) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		end(e, entry);
	}
}

static void forget_holder(struct zl_engine *e, struct holder *holder)
{
	for (struct zl_engine_held *at = holder->entries; at != NULL; at = at->next)
		at->is_held = false;
	end_others(e, holder);
	(void)zl_map_remove(&e->holders, &holder->key);
	free(holder);
}

static void hold(struct zl_engine *e, struct holder *holder,
	const struct zl_index_domain *d, const struct zl_index_nic *nic,
	const struct zl_index_addr *a)
{
	uint64_t place = place_of(e, nic->scope, nic->nic.tap);

	for (struct zl_engine_held *at = holder->entries; at != NULL; at = at->next)
		if (at->place == place && at->source == a->source &&
			zl_addr_eq(&at->addr, &a->addr) &&
			zl_mac_eq(&at->mac, &nic->nic.mac)) {
			at->is_held = true;
			return;
		}
	begin(e, holder, d, nic, a);
}

void zl_engine_holdings_on_domain(
	struct zl_engine *e, const struct zl_index_domain *d, bool gone)
{
	struct holder *holder = get_holder(e, &d->uuid, d->host->name);
	bool has_none = d->state == ZL_DOMAIN_SHUTOFF;

	if (holder == NULL)
		return;
	if (gone) {
		forget_holder(e, holder);
		return;
	}
	for (struct zl_engine_held *at = holder->entries; at != NULL; at = at->next)
		at->is_held = false;
	for (unsigned i = 0; !has_none && i < d->n_nics; i++)
		for (unsigned k = 0; k < d->nics[i]->n_addrs; k++)
			hold(e, holder, d, d->nics[i], &d->nics[i]->addrs[k]);
	end_others(e, holder);
}

/* Has it gone while nobody looked?  Known once its host has told everything. */
static bool is_gone(const struct zl_engine *e, const struct holder *holder)
{
	const struct zl_index_host *host = zl_index_host(e->index, holder->key.host);

	return (host == NULL || host->state == ZL_HOST_UP) &&
	       zl_index_find(e->index, holder->key.host, &holder->key.domain) == NULL;
}

void zl_engine_holdings_reconcile(struct zl_engine *e)
{
	struct holder *holder;

	for (size_t i = 0; (holder = zl_map_next(&e->holders, &i)) != NULL;) {
		if (!is_gone(e, holder))
			continue;
		forget_holder(e, holder);
		i--; /* the next one may have moved into its slot */
	}
}

/* --- to the disk --- */

static int write_all(struct zl_engine *e, struct zl_error *reterr)
{
	int r = zl_db_begin(e->db, reterr);

	for (struct zl_engine_holding *w = e->holdings; r >= 0 && w != NULL;
		w = w->next)
		r = zl_holdings_insert(e->db, &w->h, reterr);
	for (const struct zl_engine_held *at = e->holdings_ended; r >= 0 && at != NULL;
		at = at->next)
		r = zl_holdings_end(e->db, at->id, at->until, reterr);
	return zl_db_end(e->db, r, reterr);
}

static void forget_written(struct zl_engine *e)
{
	struct zl_engine_holding *w;
	struct zl_engine_held *at;

	while ((w = e->holdings) != NULL) {
		e->holdings = w->next;
		if (w->entry != NULL) {
			w->entry->id = w->h.id;
			w->entry->begin = NULL;
		}
		free(w);
	}
	e->holdings_end = &e->holdings;
	e->n_holdings = 0;
	while ((at = e->holdings_ended) != NULL) {
		e->holdings_ended = at->next;
		free(at);
	}
}

void zl_engine_holdings_flush(struct zl_engine *e)
{
	struct zl_error err = { 0 };

	if (e->holdings == NULL && e->holdings_ended == NULL)
		return;
	if (write_all(e, &err) < 0) {
		zl_engine_database_failed(e, &err, "who has which address waits");
		return;
	}
	forget_written(e);
	if (e->n_holdings_lost != 0)
		zl_log(LOG_ERR,
			"of %llu addresses it was not written down who has them",
			(unsigned long long)e->n_holdings_lost);
	e->n_holdings_lost = 0;
	zl_engine_database_works(e);
}

void zl_engine_holdings_expire(struct zl_engine *e)
{
	struct zl_error err = { 0 };

	if (zl_holdings_expire(e->db, zl_wall_now(), KEPT_DAYS, EXPIRED_MAX, &err) < 0)
		zl_engine_database_failed(e, &err, "former holders of addresses");
}
