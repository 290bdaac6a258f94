/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session per host with its agent.
 *
 * Silence is the only sign of a stopped or hung agent, so it is asked every two
 * seconds; after ANSWER_MS without a word the session is closed and tried again.
 * "Cannot be reached" changes nothing about its leases.
 *
 * One timer asks them all, a few at a time: one for each would wake us as often as there
 * are hosts, and all at once would have their answers in each other's way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/worker.h"
#include "controller/roles/engine/engine.h"

/* In a minute, besides some for each of its leases. */
enum { UNASKED_MOST = 60, UNASKED_PER_LEASE = 4, FLOOD_PAUSE_MS = 60000 };
enum { PING_MS = 2000, ANSWER_MS = 5000, RETRY_FIRST_MS = 200, RETRY_MOST_MS = 5000 };
#define BEAT_US (PING_MS * ZL_US_PER_MS / ZL_ENGINE_BEATS)

static void connect_agent(struct zl_engine_host *h);

static void make_key(const char *host, char key[static ZL_NAME])
{
	memset(key, 0, ZL_NAME);
	(void)snprintf(key, ZL_NAME, "%s", host);
}

struct zl_engine_host *zl_engine_agents_find(struct zl_engine *e, const char *host)
{
	char key[ZL_NAME];

	make_key(host, key);
	return zl_map_find(&e->hosts, key);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *user);

static void set_timer(struct zl_engine_host *h, uint64_t ms)
{
	if (h->timer == NULL) {
		(void)sd_event_add_time_relative(h->e->event, &h->timer, CLOCK_BOOTTIME,
			ms * ZL_US_PER_MS, 1000, on_timer, h);
		return;
	}
	(void)sd_event_source_set_time_relative(h->timer, ms * ZL_US_PER_MS);
	(void)sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

/* The session is over; try again later. */
static void lose(struct zl_engine_host *h, const char *why)
{
	if (h->agent == ZL_AGENT_UP || strcmp(h->agent_reason, why) != 0)
		zl_log(LOG_WARNING, "host '%s': agent: %s", h->def->name, why);
	(void)snprintf(h->agent_reason, sizeof(h->agent_reason), "%s", why);
	h->agent = ZL_AGENT_DOWN;
	zl_channel_close(h->channel);
	h->channel = NULL;
	set_timer(h, zl_backoff_ms(h->tries++, RETRY_FIRST_MS, RETRY_MOST_MS));
}

static void send_ping(struct zl_engine_host *h)
{
	struct zl_frame f;

	zl_channel_start(h->channel, &f, ZL_AGENT_PING, 0);
	(void)zl_channel_send(h->channel, &f);
}

/* To connect, or to part from who floods us. */
static int on_timer(sd_event_source *s, uint64_t usec, void *user)
{
	struct zl_engine_host *h = user;

	(void)s;
	(void)usec;
	if (h->channel == NULL) {
		connect_agent(h);
	} else if (h->is_flooding) {
		lose(h, "it reported changes without end; it is asked again in a "
			"minute: is the host in good hands?");
		h->is_flooding = false;
		set_timer(h, FLOOD_PAUSE_MS);
	}
	return 0;
}

static void check(struct zl_engine_host *h, struct zl_mono now)
{
	char why[sizeof(h->agent_reason) + 64];

	if (h->channel == NULL)
		return;
	if (zl_mono_since(now, h->heard) <= ANSWER_MS * ZL_US_PER_MS) {
		send_ping(h);
		return;
	}
	(void)snprintf(why, sizeof(why),
		"it has not answered at %s for %d s: is it stopped or hung?",
		h->def->agent_path, ANSWER_MS / 1000);
	lose(h, why);
}

static int on_beat(sd_event_source *s, uint64_t usec, void *user)
{
	struct zl_engine *e = user;

	(void)usec;
	for (struct zl_engine_host *h = e->beats[e->beat]; h != NULL; h = h->next)
		check(h, zl_mono_now());
	e->beat = (e->beat + 1) % ZL_ENGINE_BEATS;
	(void)sd_event_source_set_time_relative(s, BEAT_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int zl_engine_agents_init(struct zl_engine *e)
{
	zl_map_init(&e->hosts, ZL_NAME, 0);
	return sd_event_add_time_relative(
		e->event, NULL, CLOCK_BOOTTIME, BEAT_US, 0, on_beat, e);
}

/* Those of one beat are as many as those of another, give or take those that went. */
static void join(struct zl_engine_host *h)
{
	h->beat = h->e->n_joined++ % ZL_ENGINE_BEATS;
	h->next = h->e->beats[h->beat];
	h->e->beats[h->beat] = h;
}

static void leave(struct zl_engine_host *h)
{
	struct zl_engine_host **at = &h->e->beats[h->beat];

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
}

static unsigned count_leases(const struct zl_engine_host *h)
{
	const struct zl_engine_lease *l;
	unsigned n = 0;

	for (size_t i = 0; (l = zl_engine_leases_next(h->e, &i)) != NULL;)
		n += strcmp(l->row.host, h->def->name) == 0;
	return n;
}

void zl_engine_agents_note_unasked(struct zl_engine_host *h)
{
	struct zl_mono now = zl_mono_now();

	if (zl_mono_since(now, h->unasked_since) > 60 * (uint64_t)ZL_US_PER_S) {
		h->unasked_since = now;
		h->unasked = 0;
	}
	if (++h->unasked <= UNASKED_MOST || h->is_flooding ||
		h->unasked <= UNASKED_MOST + UNASKED_PER_LEASE * count_leases(h))
		return;
	h->is_flooding = true;
	set_timer(h, 0); /* not from within its own frame */
}

static void on_link(struct zl_engine_host *h, const struct zl_frame_in *in)
{
	struct zl_index_link link = { .ifindex =
					      zl_attr_u32(in->tb[ZL_AGENT_A_IFINDEX]) };
	struct zl_error err = { 0 };

	(void)snprintf(link.name, sizeof(link.name), "%s",
		zl_attr_str(in->tb[ZL_AGENT_A_NAME]));
	(void)snprintf(link.master, sizeof(link.master), "%s",
		zl_attr_str(in->tb[ZL_AGENT_A_MASTER_NAME]));
	zl_attr_copy(in->tb[ZL_AGENT_A_MAC], link.mac.b, sizeof(link.mac.b));
	if (zl_index_link_put(h->e->index, h->def->name, &link, zl_wall_now(), &err) >=
		0)
		return;
	zl_log_error(LOG_WARNING, &err, h->def->name);
	zl_engine_agents_note_unasked(h);
}

static void on_neighbour(
	struct zl_engine_host *h, const struct zl_frame_in *in, bool gone)
{
	uint32_t ifindex = zl_attr_u32(in->tb[ZL_AGENT_A_IFINDEX]);
	struct zl_wall now = zl_wall_now();
	struct zl_addr addr;
	struct zl_mac mac;

	zl_attr_copy(in->tb[ZL_AGENT_A_ADDR], addr.b, sizeof(addr.b));
	zl_attr_copy(in->tb[ZL_AGENT_A_MAC], mac.b, sizeof(mac.b));
	if (gone)
		(void)!zl_index_neighbour_gone(
			h->e->index, h->def->name, ifindex, &addr, now, NULL);
	else
		(void)!zl_index_neighbour_put(
			h->e->index, h->def->name, ifindex, &addr, &mac, now, NULL);
}

static void on_lease_state(struct zl_engine_host *h, const struct zl_frame_in *in)
{
	ZL_AUTO(zl_mem) struct zl_lease *lease = calloc(1, sizeof(*lease));
	const struct nlattr *has_lease = in->tb[ZL_AGENT_A_LEASE];
	struct zl_lease_report rep;
	struct zl_error err = { 0 };
	int r = zl_lease_report_get(in->tb[ZL_AGENT_A_REPORT], &rep, &err);

	if (r >= 0 && has_lease != NULL && lease != NULL)
		r = zl_lease_get(has_lease, lease, &err);
	if (r < 0) {
		zl_log_error(LOG_ERR, &err, h->def->name);
		zl_engine_agents_note_unasked(h);
		return;
	}
	zl_engine_leases_on_report(
		h->e, h->def->name, &rep, has_lease == NULL ? NULL : lease);
}

static void tell_all_known(struct zl_engine_host *h);

static void on_ready(struct zl_engine_host *h)
{
	(void)!zl_index_agent_end(h->e->index, h->def->name, zl_wall_now(), NULL);
	h->agent = ZL_AGENT_UP;
	h->agent_reason[0] = '\0';
	h->tries = 0;
	zl_log(LOG_INFO, "host '%s': agent is up", h->def->name);
	tell_all_known(h);
	zl_engine_leases_on_host_up(h->e, h->def->name);
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct zl_engine_host *h = user;

	(void)c;
	if (h->is_flooding)
		return;
	h->heard = zl_mono_now();
	switch (in->type) {
	case ZL_AGENT_HELLO:
		(void)!zl_index_agent_begin(h->e->index, h->def->name, NULL);
		return;
	case ZL_AGENT_LINK: on_link(h, in); return;
	case ZL_AGENT_LINK_GONE:
		(void)!zl_index_link_gone(h->e->index, h->def->name,
			zl_attr_u32(in->tb[ZL_AGENT_A_IFINDEX]), zl_wall_now(), NULL);
		return;
	case ZL_AGENT_NEIGH:
	case ZL_AGENT_NEIGH_GONE:
		on_neighbour(h, in, in->type == ZL_AGENT_NEIGH_GONE);
		return;
	case ZL_AGENT_LEASE_STATE: on_lease_state(h, in); return;
	case ZL_AGENT_READY: on_ready(h); return;
	default: /* PONG; and what a newer agent may say */ return;
	}
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	(void)c;
	lose(user, why->msg);
}

static const struct zl_channel_handlers handlers = {
	.table = zl_agent_messages,
	.n_table = ZL_AGENT_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

static void connect_agent(struct zl_engine_host *h)
{
	struct zl_error err = { 0 };
	char why[sizeof(h->agent_reason) + 64];

	if (zl_channel_connect(h->e->event, h->def->agent_path, &handlers, h,
		    &h->channel, &err) < 0) {
		h->channel = NULL;
		(void)snprintf(why, sizeof(why), "%s: is zonelock-agent running there?",
			err.msg);
		lose(h, why);
		return;
	}
	h->agent = ZL_AGENT_GREETING;
	h->heard = zl_mono_now();
	(void)snprintf(h->agent_reason, sizeof(h->agent_reason),
		"connected to %s, it has not said anything yet", h->def->agent_path);
}

static void free_host(struct zl_engine_host *h)
{
	leave(h);
	(void)sd_event_source_disable_unref(h->timer);
	zl_channel_close(h->channel);
	zl_host_free(h->def);
	free(h);
}

int zl_engine_agents_add(
	struct zl_engine *e, struct zl_host *def, struct zl_error *reterr)
{
	struct zl_engine_host *h = calloc(1, sizeof(*h));
	char key[ZL_NAME];
	int r;

	if (h == NULL) {
		zl_host_free(def);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	h->e = e;
	h->def = def;
	join(h);
	zl_engine_agents_remove(e, def->name);
	make_key(def->name, key);
	r = zl_map_put(&e->hosts, key, h);
	if (r < 0) {
		free_host(h);
		return zl_fail(reterr, r, "no room for one more host");
	}
	if (e->is_replay) {
		h->agent = ZL_AGENT_NONE;
		(void)snprintf(h->agent_reason, sizeof(h->agent_reason),
			"in a replay nothing is asked of it");
		return 0;
	}
	if (def->agent_path == NULL) {
		h->agent = ZL_AGENT_NONE;
		(void)snprintf(h->agent_reason, sizeof(h->agent_reason),
			"the host has no agent");
		return 0;
	}
	h->agent = ZL_AGENT_DOWN;
	(void)snprintf(h->agent_reason, sizeof(h->agent_reason), "not connected yet");
	set_timer(h, 0);
	return 0;
}

void zl_engine_agents_remove(struct zl_engine *e, const char *host)
{
	struct zl_engine_host *h;
	char key[ZL_NAME];

	make_key(host, key);
	h = zl_map_remove(&e->hosts, key);
	if (h != NULL)
		free_host(h);
}

/* --- whose MACs are on the host --- */

static void tell_known(struct zl_engine_host *h, const struct zl_index_domain *d)
{
	struct zl_frame f;

	zl_channel_start(h->channel, &f, ZL_AGENT_KNOWN, 0);
	zl_frame_put_bytes(&f, ZL_AGENT_A_DOMAIN, d->uuid.b, sizeof(d->uuid.b));
	for (unsigned i = 0; i < d->n_nics; i++)
		zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, d->nics[i]->nic.mac.b, 6);
	(void)zl_channel_send(h->channel, &f);
}

static void tell_all_known(struct zl_engine_host *h)
{
	const struct zl_index_domain *d;

	for (size_t i = 0; (d = zl_index_next(h->e->index, &i)) != NULL;)
		if (strcmp(d->host->name, h->def->name) == 0)
			tell_known(h, d);
}

void zl_engine_agents_tell_known(
	struct zl_engine *e, const struct zl_index_domain *d, bool gone)
{
	struct zl_engine_host *h = zl_engine_agents_find(e, d->host->name);
	struct zl_frame f;

	if (h == NULL || h->agent != ZL_AGENT_UP)
		return;
	if (!gone) {
		tell_known(h, d);
		return;
	}
	zl_channel_start(h->channel, &f, ZL_AGENT_KNOWN_GONE, 0);
	zl_frame_put_bytes(&f, ZL_AGENT_A_DOMAIN, d->uuid.b, sizeof(d->uuid.b));
	(void)zl_channel_send(h->channel, &f);
}
