/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelock-replay: what the collector is, with a capture in place of sockets.
 *
 * The capture comes through a pipe, and its first byte starts the replay: until then hosts
 * and locks are being defined.  Records arrive when the capture says; a full ring is
 * waited for, not dropped into.  After the end it stays, for its counters to be read.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "controller/flow/capture.h"
#include "controller/flow/decode.h"
#include "controller/flow/portmap.h"
#include "controller/flow/protocol.h"

/* Datagrams before the engine's frames have their turn. */
enum { DATAGRAMS_PER_TURN = 64, FULL_WAIT_NS = 1000000 };

struct replay {
	sd_event *event;
	struct zl_exporters exporters;
	struct zl_portmap ports;
	struct zl_ring *ring;
	int wake, fd;
	const char *name; /* of the capture, for sentences */
	struct zl_channel *engine;
	FILE *file; /* until the capture owns it */
	struct zl_capture *capture;
	struct zl_captured next; /* read, but not due yet */
	bool has_next, is_paced;
	struct zl_wall first; /* when the capture began */
	struct zl_wall last;  /* when the datagram before came */
	struct zl_mono began; /* when we did */
	sd_event_source *input, *turn, *due, *second;
	struct zl_collector_totals totals;
	struct zl_collector_replay told;
};

/* --- to the engine --- */

static void wake_engine(struct replay *p)
{
	uint64_t one = 1;

	if (zl_ring_flush(p->ring) && write(p->wake, &one, sizeof(one)) < 0 &&
		errno != EAGAIN)
		zl_log(LOG_ERR, "cannot wake the engine: %m");
}

static void tell_exporter(struct replay *p, struct zl_exporter *x, bool is_allowed)
{
	const struct zl_collector_exporter told =
		zl_collector_exporter_of(x, is_allowed);
	struct zl_frame f;

	if (x->datagrams == x->reported)
		return;
	zl_channel_start(p->engine, &f, ZL_COLLECTOR_EXPORTER, 0);
	zl_collector_put_exporter(&f, &told);
	if (zl_channel_send(p->engine, &f) >= 0)
		x->reported = x->datagrams;
}

static void tell_all(struct replay *p)
{
	struct zl_exporter *x;
	struct zl_frame f;

	for (size_t i = 0; (x = zl_map_next(&p->exporters.by_address, &i)) != NULL;)
		tell_exporter(p, x, true);
	for (size_t i = 0; i < ZL_EXPORTERS_REFUSED; i++)
		tell_exporter(p, &p->exporters.refused[i], false);
	zl_channel_start(p->engine, &f, ZL_COLLECTOR_TOTALS, 0);
	zl_collector_put_totals(&f, &p->totals);
	(void)zl_channel_send(p->engine, &f);
	if (p->capture != NULL)
		memcpy(p->told.packets, zl_capture_counts(p->capture),
			sizeof(p->told.packets));
	zl_channel_start(p->engine, &f, ZL_COLLECTOR_REPLAY, 0);
	zl_collector_put_replay(&f, &p->told);
	(void)zl_channel_send(p->engine, &f);
}

/* --- datagrams --- */

/* Half of the ring is more than one datagram and what waited for its template. */
static void wait_for_room(struct replay *p)
{
	const struct timespec moment = { .tv_nsec = FULL_WAIT_NS };
	struct zl_ring_stats stats;

	zl_ring_stats(p->ring, &stats);
	while (stats.used > stats.slots / 2) {
		wake_engine(p);
		(void)nanosleep(&moment, NULL);
		zl_ring_stats(p->ring, &stats);
	}
}

static void on_flow(const struct zl_flow *flow, void *user)
{
	struct replay *p = user;

	p->totals.records++;
	(void)zl_ring_write(p->ring, flow);
}

static void take(struct replay *p, const struct zl_captured *captured)
{
	const struct zl_datagram_found *udp = &captured->udp;
	struct zl_datagram datagram = {
		.bytes = udp->bytes,
		.n = udp->n,
		.is_cut = udp->is_cut,
		.from = udp->src,
		.port = udp->sport,
	};

	/* Simple packet blocks of pcapng have no time. */
	if (captured->time.us > 0)
		p->last = captured->time;
	datagram.arrival = p->last;
	datagram.now.us = (uint64_t)p->last.us;
	if (!zl_portmap_takes(&p->ports, udp->dport,
		    (struct zl_cursor){ .at = udp->bytes, .left = udp->n },
		    &p->told.refused))
		return;
	wait_for_room(p);
	p->totals.datagrams++;
	(void)zl_decode(&p->exporters, &datagram, on_flow, p);
}

static void end(struct replay *p, const struct zl_error *why)
{
	(void)sd_event_source_set_enabled(p->turn, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(p->second, SD_EVENT_OFF);
	if (why != NULL) {
		(void)snprintf(p->told.error, sizeof(p->told.error), "%s", why->msg);
		(void)snprintf(p->told.hint, sizeof(p->told.hint), "%s", why->hint);
	}
	p->told.is_ended = true;
	wake_engine(p);
	tell_all(p);
	/* Who writes into the pipe need not go on. */
	zl_capture_free(p->capture);
	p->capture = NULL;
}

/* Microseconds until the datagram is due, by the capture's own clock. */
static uint64_t wait_us(const struct replay *p, const struct zl_captured *captured)
{
	uint64_t at, now = zl_mono_since(zl_mono_now(), p->began);

	if (!p->is_paced || captured->time.us <= p->first.us)
		return 0;
	at = (uint64_t)captured->time.us - (uint64_t)p->first.us;
	return at > now ? at - now : 0;
}

static bool has_input(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* 1: go on; 0: it is not due yet, or the end. */
static int step(struct replay *p)
{
	struct zl_error err = { 0 };
	uint64_t wait;
	int r = 1;

	if (!p->has_next) {
		/* We may wait here: what there is must not. */
		if (!has_input(p->fd))
			wake_engine(p);
		r = zl_capture_next(p->capture, &p->next, &err);
		if (r <= 0) {
			end(p, r < 0 ? &err : NULL);
			return 0;
		}
		p->has_next = true;
		if (p->first.us == 0)
			p->first = p->next.time;
	}
	wait = wait_us(p, &p->next);
	if (wait > 0) {
		(void)sd_event_source_set_enabled(p->turn, SD_EVENT_OFF);
		(void)sd_event_source_set_time_relative(p->due, wait);
		(void)sd_event_source_set_enabled(p->due, SD_EVENT_ONESHOT);
		return 0;
	}
	p->has_next = false;
	take(p, &p->next);
	return 1;
}

static int on_turn(sd_event_source *source, void *user)
{
	struct replay *p = user;

	(void)source;
	for (unsigned i = 0; i < DATAGRAMS_PER_TURN && step(p) > 0; i++)
		;
	wake_engine(p);
	return 0;
}

static int on_due(sd_event_source *source, uint64_t usec, void *user)
{
	struct replay *p = user;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(p->turn, SD_EVENT_ON);
}

static int on_second(sd_event_source *source, uint64_t usec, void *user)
{
	int r;

	(void)usec;
	tell_all(user);
	r = sd_event_source_set_time_relative(source, (uint64_t)ZL_US_PER_S);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The first byte, or the end of nothing. */
static int on_input(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct replay *p = user;
	struct zl_error err = { 0 };

	(void)fd;
	(void)events;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (zl_capture_new(zl_take_ptr(p->file), p->name, &p->capture, &err) < 0) {
		end(p, &err);
		return 0;
	}
	p->began = zl_mono_now();
	return sd_event_source_set_enabled(p->turn, SD_EVENT_ON);
}

/* --- from the engine --- */

static void on_frame(
	struct zl_channel *channel, const struct zl_frame_in *in, void *user)
{
	static struct zl_prefix prefixes[ZL_EXPORTERS_ALLOWED_MAX];
	struct replay *p = user;
	struct zl_error err = { 0 };
	int n;

	(void)channel;
	if (in->type != ZL_COLLECTOR_EXPORTERS)
		return;
	n = zl_collector_get_prefixes(in, prefixes, N_ITEMS(prefixes));
	if (n < 0 || zl_exporters_allow(&p->exporters, prefixes, (size_t)n, &err) < 0)
		zl_log(LOG_ERR, "the list of exporters was not taken: %s", err.msg);
}

static void on_closed(
	struct zl_channel *channel, const struct zl_error *why, void *user)
{
	struct replay *p = user;

	(void)channel;
	zl_log_error(LOG_ERR, why, "channel to the engine");
	(void)sd_event_exit(p->event, EXIT_FAILURE);
}

static const struct zl_channel_handlers handlers = {
	.table = zl_collector_messages,
	.n_table = ZL_COLLECTOR_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

/* --- start --- */

static int take_descriptors(struct replay *p, struct zl_error *reterr)
{
	int ring = zl_role_need_fd("ring", reterr), engine, r;

	if (ring < 0)
		return ring;
	p->wake = zl_role_need_fd("wake", reterr);
	if (p->wake < 0)
		return p->wake;
	p->fd = zl_role_need_fd("capture", reterr);
	if (p->fd < 0)
		return p->fd;
	engine = zl_role_need_fd("engine", reterr);
	if (engine < 0)
		return engine;
	p->file = fdopen(p->fd, "re");
	if (p->file == NULL)
		return zl_fail(reterr, -errno, "the capture's pipe: %m");
	r = zl_ring_map(ring, sizeof(struct zl_flow), &p->ring, reterr);
	if (r < 0)
		return r;
	return zl_channel_new(p->event, engine, &handlers, p, &p->engine, reterr);
}

/* The turn comes last of all, so that who may send is known before. */
static int make_sources(struct replay *p)
{
	int r = sd_event_add_io(p->event, &p->input, p->fd, EPOLLIN, on_input, p);

	if (r >= 0)
		r = sd_event_source_set_priority(p->input, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_add_defer(p->event, &p->turn, on_turn, p);
	if (r >= 0)
		r = sd_event_source_set_priority(p->turn, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->turn, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(
			p->event, &p->due, CLOCK_BOOTTIME, 0, 1, on_due, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->due, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(p->event, &p->second, CLOCK_BOOTTIME,
			(uint64_t)ZL_US_PER_S, 0, on_second, p);
	return r;
}

static int start(struct replay *p, struct zl_error *reterr)
{
	char text[ZL_WALL_STR];
	sd_id128_t boot;
	int r = zl_role_start("zl-replay", reterr);

	if (r < 0)
		return r;
	zl_exporters_init(&p->exporters);
	r = sd_event_new(&p->event);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	r = take_descriptors(p, reterr);
	if (r < 0)
		return r;
	r = make_sources(p);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	/* What libraries open at first use, they must open now. */
	(void)zl_wall_format(zl_wall_now(), text);
	(void)sd_id128_get_boot(&boot);
	return zl_sandbox_enter(ZL_SANDBOX_COLLECTOR, reterr);
}

static int parse_args(int argc, char **argv, struct replay *p, const char **ret_level,
	struct zl_error *reterr)
{
	static const struct option options[] = {
		{ "log-level", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "paced", no_argument, NULL, 's' },
		{ "port", required_argument, NULL, 'p' },
		{ 0 },
	};
	int o, r = 0;

	while (r == 0 &&
		(o = getopt_long(argc, argv, "l:n:p:s", options, NULL)) != -1) {
		if (o == 'l')
			*ret_level = optarg;
		else if (o == 'n')
			p->name = optarg;
		else if (o == 's')
			p->is_paced = true;
		else if (o == 'p')
			r = zl_portmap_parse(&p->ports, optarg, reterr);
		else
			r = zl_fail(reterr, -EINVAL,
				"usage: zonelock-replay [--log-level LEVEL] [--name "
				"NAME] "
				"[--paced] [--port PORT=PROTOCOL]");
	}
	return r;
}

int main(int argc, char **argv)
{
	static struct replay p = { .name = "the capture", .last = { ZL_US_PER_S } };
	const char *level = "info";
	struct zl_error err = { 0 };
	int r;

	zl_portmap_init(&p.ports);
	r = parse_args(argc, argv, &p, &level, &err);
	if (r < 0) {
		(void)fprintf(
			stderr, "%s\nThis program is started by zonelockd.\n", err.msg);
		return 2;
	}
	if (zl_log_open("zonelock-replay", level, &err) < 0 || start(&p, &err) < 0) {
		zl_log_error(LOG_ERR, &err, NULL);
		return EXIT_FAILURE;
	}
	r = sd_event_loop(p.event);
	return r < 0 ? EXIT_FAILURE : r;
}
