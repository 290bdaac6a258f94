/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may send records, for which host they speak, and what the collector counted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/flow/protocol.h"
#include "controller/roles/engine/engine.h"

/* Exporters shown; the collector itself knows no more of them. */
enum { EXPORTERS_SHOWN_MAX = 4096 + 64 };
/* Silent for longer, an exporter may have been stopped. */
#define ALIVE_US (60 * (uint64_t)ZL_US_PER_S)
/* What a hijacked collector says fills neither the incidents nor the audit log. */
enum { SILENT_MAX = 256, SILENT_NEW_MAX = 8 }; /* at a time; new ones in a second */
#define SILENT_AGAIN_US (15 * 60 * (uint64_t)ZL_US_PER_S) /* of one exporter */
#define SILENT_MOST_US	(7 * 86400 * (uint64_t)ZL_US_PER_S)

/* Which host's, and what the admin says of it. */
static void settle_host(struct zl_engine *e, struct zl_exporter_info *x)
{
	const struct zl_exporter_info old = *x;
	const struct zl_engine_host *h;
	unsigned longest = 0;

	x->host[0] = '\0';
	x->interfaces = ZL_HOST_INTERFACES_NONE;
	x->sampling = 0;
	e->exporter_news++;
	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		for (size_t n = 0; n < h->def->n_exporters; n++) {
			const struct zl_host_exporter *hx = &h->def->exporters[n];

			if (!zl_prefix_has(&hx->prefix, &x->addr) ||
				hx->prefix.len + 1u <= longest)
				continue;
			longest = hx->prefix.len + 1u;
			(void)snprintf(x->host, sizeof(x->host), "%s", h->def->name);
			x->interfaces = hx->interfaces;
			x->sampling = hx->sampling;
		}
	/* What its numbers were taken for before says nothing about them now. */
	if (x->interfaces == old.interfaces && strcmp(x->host, old.host) == 0)
		return;
	zl_recent_forget(&x->records);
	zl_recent_forget(&x->tapped);
	zl_recent_forget(&x->no_interface);
	zl_recent_forget(&x->unknown_interface);
}

static bool is_silent_at(const struct zl_exporter_info *x, struct zl_mono now)
{
	return x->stats.silent_us != 0 &&
	       zl_mono_since(now, x->heard) > x->stats.silent_us;
}

bool zl_engine_exporters_is_silent(const struct zl_exporter_info *x)
{
	return is_silent_at(x, zl_mono_now());
}

/* The collector may be hijacked and name many: the longest unseen makes room, but one of
 * an enrolled host that speaks only when all do. */
static void forget_oldest(struct zl_engine *e)
{
	struct zl_exporter_info *x, *oldest = NULL;
	struct zl_mono now = zl_mono_now();
	bool oldest_speaks = true;

	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;) {
		bool speaks = x->host[0] != '\0' && !is_silent_at(x, now);

		if (oldest != NULL && (speaks > oldest_speaks ||
					      (speaks == oldest_speaks &&
						      x->used.us >= oldest->used.us)))
			continue;
		oldest = x;
		oldest_speaks = speaks;
	}
	if (oldest == NULL)
		return;
	if (oldest->was_silent)
		zl_engine_incidents_speaks(e, &oldest->addr);
	(void)zl_map_remove(&e->exporters, &oldest->addr);
	zl_engine_ifnames_done(oldest);
	zl_interfaces_done(&oldest->counters);
	free(oldest);
}

static struct zl_exporter_info *get(struct zl_engine *e, const struct zl_addr *addr)
{
	struct zl_exporter_info *x = zl_map_find(&e->exporters, addr);

	if (x != NULL)
		return x;
	if (e->exporters.n >= EXPORTERS_SHOWN_MAX)
		forget_oldest(e);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return NULL;
	x->addr = *addr;
	zl_engine_ifnames_init(x);
	zl_interfaces_init(&x->counters);
	settle_host(e, x);
	if (zl_map_put(&e->exporters, addr, x) < 0) {
		free(x);
		return NULL;
	}
	return x;
}

struct zl_exporter_info *zl_engine_exporters_find(
	struct zl_engine *e, const struct zl_addr *addr)
{
	struct zl_exporter_info *x = get(e, addr);

	if (x != NULL)
		x->used = zl_mono_now();
	/* Its host may have been undefined while records were in the ring. */
	return x == NULL || x->host[0] == '\0' ? NULL : x;
}

void zl_engine_exporters_tell(struct zl_engine *e)
{
	struct zl_exporter_info *x;
	struct zl_engine_host *h;
	struct zl_frame f;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		h->watched_until.us = 0;
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		settle_host(e, x);
	if (e->collector == NULL)
		return;
	zl_channel_start(e->collector, &f, ZL_COLLECTOR_EXPORTERS, 0);
	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		for (size_t n = 0; n < h->def->n_exporters; n++)
			zl_collector_put_prefix(&f, &h->def->exporters[n].prefix);
	if (zl_channel_send(e->collector, &f) < 0)
		zl_log(LOG_ERR, "cannot tell the collector who may send records");
}

/* As far as it can be true. */
static void limit(struct zl_collector_exporter *s)
{
	const uint64_t least = ZL_HEALTH_SILENT_MIN_S * (uint64_t)ZL_US_PER_S;
	struct zl_wall now = zl_wall_now();

	if (s->last_seen.us < 0 || s->last_seen.us > now.us)
		s->last_seen = now;
	if (s->silent_us != 0 && s->silent_us < least)
		s->silent_us = least;
	if (s->silent_us > SILENT_MOST_US)
		s->silent_us = SILENT_MOST_US;
}

/*
 * When a datagram came, by our own clock: the other one may have been set meanwhile.  What
 * is told of it the first time may be old, and a replay has only one clock.
 */
static void note_arrival(const struct zl_engine *e, struct zl_exporter_info *x,
	const struct zl_collector_exporter *s)
{
	struct zl_mono now = zl_mono_now();
	uint64_t age = (uint64_t)(zl_wall_now().us - s->last_seen.us);

	if (x->heard.us != 0 && !e->is_replay) {
		if (s->datagrams != x->stats.datagrams)
			x->heard = now;
		return;
	}
	now.us = age < now.us ? now.us - age : 1;
	if (now.us > x->heard.us)
		x->heard = now;
}

/* What it counted before, when it is the same count that went on. */
static void count_drops(struct zl_engine *e, const struct zl_collector_exporter *before,
	const struct zl_collector_exporter *now)
{
	bool is_same = before->first_seen.us == now->first_seen.us;

	for (unsigned i = 0; i < ZL_DROP_N; i++) {
		uint64_t counted = is_same ? before->drops[i] : 0;

		if (now->drops[i] > counted)
			e->drops[i] += now->drops[i] - counted;
	}
}

static void on_exporter(struct zl_engine *e, const struct zl_frame_in *in)
{
	struct zl_collector_exporter stats;
	struct zl_exporter_info *x;

	zl_collector_get_exporter(in, &stats);
	x = get(e, &stats.address);
	if (x == NULL)
		return;
	x->used = zl_mono_now();
	limit(&stats);
	note_arrival(e, x, &stats);
	/* A replay may be ahead of what it says once a second. */
	if (e->is_replay && stats.last_seen.us < x->stats.last_seen.us)
		stats.last_seen = x->stats.last_seen;
	count_drops(e, &x->stats, &stats);
	x->stats = stats;
	e->exporter_news++;
	zl_recent_set(&x->datagrams, stats.datagrams);
	zl_recent_set(&x->decoded, stats.records);
	zl_recent_set(&x->units, stats.units);
	zl_recent_set(&x->lost, stats.lost);
}

static void on_interface(struct zl_engine *e, const struct zl_frame_in *in)
{
	struct zl_if_counters counters;
	struct zl_exporter_info *x;

	zl_collector_get_interface(in, &counters);
	x = zl_map_find(&e->exporters, &counters.exporter);
	if (x != NULL)
		zl_interfaces_note(&x->counters, &counters);
}

static void on_totals(struct zl_engine *e, const struct zl_frame_in *in)
{
	zl_collector_get_totals(in, &e->totals);
	zl_recent_set(&e->kernel_drops, e->totals.kernel_drops);
	zl_recent_set(&e->ring_drops, e->totals.ring_dropped);
}

void zl_engine_exporters_count(struct zl_engine *e, struct zl_exporter_info *x,
	uint32_t ifindex, const struct zl_seen *s)
{
	x->records.all++;
	if (s->sighting.src.evidence == ZL_EVIDENCE_TAP) {
		x->tapped.all++;
		x->last_tapped = s->flow.arrival;
	} else if (ifindex == 0) {
		x->no_interface.all++;
	} else if (zl_index_link(e->index, x->host, ifindex) == NULL) {
		x->unknown_interface.all++;
	}
}

static void on_replay(struct zl_engine *e, const struct zl_frame_in *in)
{
	struct zl_collector_replay told;

	if (!e->is_replay || e->replay.told.is_ended)
		return;
	zl_collector_get_replay(in, &told);
	if (told.is_ended)
		zl_engine_replay_end(e);
	e->replay.told = told;
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_engine *e = user;

	(void)c;
	if (in->type == ZL_COLLECTOR_EXPORTER)
		on_exporter(e, in);
	else if (in->type == ZL_COLLECTOR_TEMPLATE)
		zl_engine_templates_note(e, in);
	else if (in->type == ZL_COLLECTOR_INTERFACE)
		on_interface(e, in);
	else if (in->type == ZL_COLLECTOR_IFNAME)
		zl_engine_ifnames_note(e, in);
	else if (in->type == ZL_COLLECTOR_TOTALS)
		on_totals(e, in);
	else if (in->type == ZL_COLLECTOR_REPLAY)
		on_replay(e, in);
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct zl_engine *e = user;

	/* It parses hostile bytes: what it says may not end the engine. */
	zl_log_error(LOG_ERR, why,
		"channel to the collector: new exporters are refused until zonelockd "
		"is restarted");
	zl_channel_close(c);
	e->collector = NULL;
}

static const struct zl_channel_handlers handlers = {
	.table = zl_collector_messages,
	.n_table = ZL_COLLECTOR_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

int zl_engine_exporters_attach(struct zl_engine *e, int fd, struct zl_error *reterr)
{
	return zl_channel_new(e->event, fd, &handlers, e, &e->collector, reterr);
}

/* One of them that is alive, or 0: until when it counts as that. */
static struct zl_mono find_watcher(
	const struct zl_engine *e, const char *host, struct zl_mono now)
{
	const struct zl_exporter_info *x;

	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		if (zl_host_interfaces_show_taps(x->interfaces) &&
			strcmp(x->host, host) == 0 && x->heard.us != 0 &&
			zl_mono_since(now, x->heard) < ALIVE_US)
			return (struct zl_mono){ x->heard.us + ALIVE_US };
	return (struct zl_mono){ 0 };
}

/* Asked for many records, so all are looked at only when there is news of one. */
bool zl_engine_exporters_watch(struct zl_engine *e, const char *host)
{
	struct zl_engine_host *h = zl_engine_agents_find(e, host);
	struct zl_mono now = zl_mono_now();

	if (h == NULL)
		return false;
	if (now.us < h->watched_until.us)
		return true;
	if (h->unwatched_at == e->exporter_news + 1)
		return false;
	h->watched_until = find_watcher(e, host, now);
	h->unwatched_at = e->exporter_news + 1;
	return now.us < h->watched_until.us;
}

static void turn_recent(struct zl_engine *e)
{
	struct zl_exporter_info *x;

	e->turned = zl_mono_now();
	zl_recent_turn(&e->kernel_drops);
	zl_recent_turn(&e->ring_drops);
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;) {
		zl_recent_turn(&x->records);
		zl_recent_turn(&x->tapped);
		zl_recent_turn(&x->no_interface);
		zl_recent_turn(&x->unknown_interface);
		zl_recent_turn(&x->datagrams);
		zl_recent_turn(&x->decoded);
		zl_recent_turn(&x->units);
		zl_recent_turn(&x->lost);
	}
}

static size_t count_silent(const struct zl_engine *e)
{
	const struct zl_exporter_info *x;
	size_t n = 0;

	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		n += x->was_silent;
	return n;
}

/* One that is silent now: it was said already, or may be. */
static bool may_say(struct zl_exporter_info *x, size_t *n_left)
{
	struct zl_mono now = zl_mono_now();

	if (x->was_silent)
		return true;
	if (*n_left == 0 ||
		(x->silence_said.us != 0 &&
			zl_mono_since(now, x->silence_said) < SILENT_AGAIN_US))
		return false;
	x->silence_said = now;
	(*n_left)--;
	return true;
}

void zl_engine_exporters_tick(struct zl_engine *e)
{
	size_t n_silent = count_silent(e), n_left = SILENT_NEW_MAX;
	struct zl_exporter_info *x;

	if (zl_mono_since(zl_mono_now(), e->turned) >
		ZL_RECENT_TURN_S * (uint64_t)ZL_US_PER_S)
		turn_recent(e);
	if (n_left > SILENT_MAX - n_silent)
		n_left = SILENT_MAX - n_silent;
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;) {
		bool is_silent = x->host[0] != '\0' &&
				 zl_engine_exporters_is_silent(x) &&
				 may_say(x, &n_left);

		if (is_silent)
			zl_engine_incidents_silent(
				e, &x->addr, x->host, x->stats.silent_us / ZL_US_PER_S);
		else if (x->was_silent)
			zl_engine_incidents_speaks(e, &x->addr);
		x->was_silent = is_silent;
	}
}
