/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporters: who may send, and their streams. */
#include "controller/flow/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void zl_exporters_init(struct zl_exporters *x)
{
	*x = (struct zl_exporters){ .pending_most = ZL_PENDING_ROOM };
	zl_map_init(&x->by_address, sizeof(struct zl_addr), ZL_EXPORTERS_MAX);
}

static void free_exporter(struct zl_exporter *e)
{
	struct zl_stream *s;

	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		zl_stream_free(s);
	zl_map_done(&e->streams);
	zl_ifnames_done(&e->ifnames);
	zl_interfaces_done(&e->interfaces);
	free(e);
}

void zl_exporters_done(struct zl_exporters *x)
{
	struct zl_exporter *e;

	for (size_t i = 0; (e = zl_map_next(&x->by_address, &i)) != NULL;)
		free_exporter(e);
	zl_map_done(&x->by_address);
	free(x->allowed);
	x->allowed = NULL;
	x->n_allowed = 0;
}

bool zl_exporters_may_send(const struct zl_exporters *x, const struct zl_addr *address)
{
	for (size_t i = 0; i < x->n_allowed; i++)
		if (zl_prefix_has(&x->allowed[i], address))
			return true;
	return false;
}

/* The map must not change while it is walked, so one at a time. */
static bool forget_one(struct zl_exporters *x)
{
	struct zl_exporter *e;

	for (size_t i = 0; (e = zl_map_next(&x->by_address, &i)) != NULL;)
		if (!zl_exporters_may_send(x, &e->address)) {
			(void)zl_map_remove(&x->by_address, &e->address);
			free_exporter(e);
			return true;
		}
	return false;
}

int zl_exporters_allow(struct zl_exporters *x, const struct zl_prefix *prefixes,
	size_t n, struct zl_error *reterr)
{
	struct zl_prefix *copy;

	if (n > ZL_EXPORTERS_ALLOWED_MAX)
		return zl_fail(reterr, -E2BIG, "%zu exporter addresses: more than %d",
			n, ZL_EXPORTERS_ALLOWED_MAX);
	copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	if (n != 0)
		memcpy(copy, prefixes, n * sizeof(*copy));
	free(x->allowed);
	x->allowed = copy;
	x->n_allowed = n;
	while (forget_one(x))
		;
	memset(x->refused, 0, sizeof(x->refused));
	return 0;
}

/* The entry of this address, else the one longest unseen. */
static struct zl_exporter *get_refused(
	struct zl_exporters *x, const struct zl_addr *address)
{
	struct zl_exporter *oldest = &x->refused[0];

	for (size_t i = 0; i < N_ITEMS(x->refused); i++) {
		struct zl_exporter *at = &x->refused[i];

		if (at->datagrams != 0 && zl_addr_eq(&at->address, address))
			return at;
		if (at->last_seen.us < oldest->last_seen.us)
			oldest = at;
	}
	*oldest = (struct zl_exporter){ .address = *address };
	return oldest;
}

/* NULL: no memory, or too many. */
static struct zl_exporter *make(struct zl_exporters *x, const struct zl_addr *address)
{
	struct zl_exporter *e = calloc(1, sizeof(*e));

	if (e == NULL || zl_map_put(&x->by_address, address, e) < 0) {
		free(e);
		return NULL;
	}
	e->address = *address;
	e->room.most = ZL_TEMPLATE_ROOM;
	e->pending_room.most = x->pending_most;
	zl_ifnames_init(&e->ifnames, &e->room);
	zl_map_init(&e->streams, sizeof(struct zl_stream_key), 0);
	zl_interfaces_init(&e->interfaces);
	return e;
}

struct zl_exporter *zl_exporters_get(
	struct zl_exporters *x, const struct zl_addr *address, enum zl_drop *ret_drop)
{
	struct zl_exporter *e = zl_map_find(&x->by_address, address);

	*ret_drop = ZL_DROP_N;
	if (e != NULL)
		return e;
	if (!zl_exporters_may_send(x, address)) {
		*ret_drop = ZL_DROP_EXPORTER_UNKNOWN;
		return get_refused(x, address);
	}
	e = make(x, address);
	if (e == NULL) {
		*ret_drop = ZL_DROP_EXPORTER_LIMIT;
		return get_refused(x, address);
	}
	return e;
}

/* The stream that makes room for one more of the version, or NULL: there is room. */
static struct zl_stream *find_oldest(const struct zl_exporter *e, uint8_t version)
{
	struct zl_stream *oldest = NULL, *s;
	unsigned n = 0;

	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;) {
		if (s->key.version != version)
			continue;
		n++;
		if (oldest == NULL || s->seen.us < oldest->seen.us)
			oldest = s;
	}
	return n < ZL_STREAMS_MAX ? NULL : oldest;
}

/* Keep a version within its bound; streams of one never push out another's. */
static void make_room(struct zl_exporter *e, uint8_t version)
{
	struct zl_stream *oldest = find_oldest(e, version);

	if (oldest == NULL)
		return;
	(void)zl_map_remove(&e->streams, &oldest->key);
	zl_stream_free(oldest);
	zl_drop_count(&e->drops, ZL_DROP_STREAM_EVICTED);
}

struct zl_stream *zl_exporter_stream(struct zl_exporter *e,
	const struct zl_stream_key *key, bool make, struct zl_mono now)
{
	struct zl_stream *s = zl_map_find(&e->streams, key);

	if (s != NULL) {
		s->seen = now;
		return s;
	}
	if (!make)
		return NULL;
	make_room(e, key->version);
	s = zl_stream_new(key, &e->room, &e->pending_room, now);
	if (s == NULL || zl_map_put(&e->streams, key, s) < 0) {
		zl_stream_free(s);
		return NULL;
	}
	return s;
}

bool zl_exporters_recall(struct zl_exporters *x, const struct zl_addr *address,
	const struct zl_stream_key *key, struct zl_cursor raw, bool is_options,
	struct zl_mono now)
{
	struct zl_exporter *e = zl_map_find(&x->by_address, address);
	struct zl_stream *s = NULL;

	if (key->version != ZL_FLOW_V9 && key->version != ZL_FLOW_IPFIX)
		return false;
	if (e == NULL)
		e = make(x, address);
	if (e != NULL)
		s = zl_exporter_stream(
			e, key, find_oldest(e, key->version) == NULL, now);
	return s != NULL &&
	       zl_templates_recall(&s->templates, raw,
		       key->version == ZL_FLOW_V9 ? ZL_TEMPLATE_V9 : ZL_TEMPLATE_IPFIX,
		       is_options, now, &e->drops);
}

void zl_exporter_end_session(struct zl_exporter *e, uint16_t port)
{
	struct zl_stream *s;

	/* The map must not change while it is walked, so one at a time. */
	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		if (s->key.is_tcp && s->key.port == port) {
			(void)zl_map_remove(&e->streams, &s->key);
			zl_stream_free(s);
			i = 0;
		}
}

void zl_exporter_tidy(struct zl_exporter *e, struct zl_mono now)
{
	struct zl_stream *s;

	if (e->pending_room.used == 0)
		return;
	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		zl_pending_expire(&s->pending, now, &e->drops);
}

size_t zl_exporter_templates(const struct zl_exporter *e)
{
	const struct zl_stream *s;
	size_t n = 0;

	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		n += s->templates.by_id.n;
	return n;
}

size_t zl_exporter_pending(const struct zl_exporter *e)
{
	const struct zl_stream *s;
	size_t n = 0;

	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		n += s->pending.n;
	return n;
}
