/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelock-collector: datagrams and TCP connections in, flow records into the ring.
 *
 * The process that reads what anybody may send.  It has sockets, the ring and one
 * channel to the engine, all handed down, and a system call filter that lets it open
 * nothing else.  Malformed datagrams are counted; at most one per reason, exporter
 * and minute is shown, at level debug.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "controller/flow/pace.h"
#include "controller/flow/protocol.h"
#include "controller/flow/tcp.h"

enum {
	SOCKETS_MAX = 16,
	BATCHES_MAX = 16, /* of one socket before the others have their turn */
	SAMPLE_BYTES = 64,
	SAMPLE_EVERY_S = 60,
};
#define TELL_EVERY_US (4 * (uint64_t)ZL_US_PER_S)

struct collector;

struct socket {
	struct collector *collector;
	int fd;
	uint32_t overflow;
	sd_event_source *source;
};

struct collector {
	sd_event *event;
	struct zl_exporters exporters;
	struct zl_receive *receive;
	struct zl_ring *ring;
	int wake;
	struct zl_channel *engine;
	struct socket sockets[SOCKETS_MAX];
	unsigned n_sockets;
	struct zl_tcp *tcp;
	unsigned n_listeners;
	sd_event_source *timer;
	struct zl_collector_totals totals;
	struct zl_pace pace;
	uint64_t paced; /* datagrams, when the last turn of the loop ended */
};

/* --- datagrams --- */

static void on_flow(const struct zl_flow *flow, void *user)
{
	struct collector *c = user;

	c->totals.records++;
	(void)zl_ring_write(c->ring, flow); /* the ring counts what it drops */
}

/* Show the first bytes of a datagram for each reason that was not shown lately. */
static void show_sample(
	struct collector *c, const struct zl_datagram *dg, zl_drop_mask drops)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * SAMPLE_BYTES + 1], from[ZL_ADDR_STR];
	enum zl_drop refused;
	struct zl_exporter *e = zl_exporters_get(&c->exporters, &dg->from, &refused);
	size_t n = dg->n < SAMPLE_BYTES ? dg->n : SAMPLE_BYTES;

	for (unsigned i = 0; i < ZL_DROP_N; i++) {
		if ((drops >> i & 1) == 0 ||
			(e->sampled[i].us != 0 &&
				zl_mono_since(dg->now, e->sampled[i]) <
					SAMPLE_EVERY_S * (uint64_t)ZL_US_PER_S))
			continue;
		e->sampled[i] = dg->now;
		for (size_t k = 0; k < n; k++) {
			hex[2 * k] = digits[dg->bytes[k] >> 4];
			hex[2 * k + 1] = digits[dg->bytes[k] & 15];
		}
		hex[2 * n] = '\0';
		zl_log(LOG_DEBUG, "%s: %s (%s), %zu bytes: %s",
			zl_addr_format(&dg->from, from), zl_drops[i].sentence,
			zl_drops[i].name, dg->n, hex);
	}
}

static void on_datagram(const struct zl_datagram *dg, void *user)
{
	struct collector *c = user;
	zl_drop_mask drops = zl_decode(&c->exporters, dg, on_flow, c);

	c->totals.datagrams++;
	if (drops != 0)
		show_sample(c, dg, drops);
}

static void wake_engine(void *user)
{
	struct collector *c = user;
	uint64_t one = 1;

	/* EAGAIN: the engine has more wake-ups waiting than it can count. */
	if (zl_ring_flush(c->ring) && write(c->wake, &one, sizeof(one)) < 0 &&
		errno != EAGAIN)
		zl_log(LOG_ERR, "cannot wake the engine: %m");
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct socket *s = user;
	struct collector *c = s->collector;
	int n = 0;

	(void)source;
	(void)events;
	for (unsigned i = 0; i < BATCHES_MAX; i++) {
		uint32_t overflow = s->overflow;

		n = zl_receive_batch(c->receive, fd, on_datagram, c, &overflow);
		if (n > 0) {
			c->totals.kernel_drops += overflow - s->overflow;
			s->overflow = overflow;
		}
		if (n < ZL_RECEIVE_BATCH)
			break;
	}
	wake_engine(c);
	/* An ICMP error of somebody else's, say; nothing of ours ends by it. */
	if (n < 0)
		zl_log(LOG_DEBUG, "udp socket %d: %s", fd, strerror(-n));
	return 0;
}

/* Once in each turn of the loop, before it polls. */
static int on_prepare(sd_event_source *source, void *user)
{
	struct collector *c = user;
	uint64_t n = c->totals.datagrams - c->paced;
	struct timespec pause = { 0 };

	(void)source;
	c->paced = c->totals.datagrams;
	pause.tv_nsec = 1000L * zl_pace(&c->pace, zl_mono_now(), n);
	if (pause.tv_nsec != 0)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	return 0;
}

/* --- the engine --- */

static void tell_exporter(
	struct collector *c, struct zl_exporter *e, bool is_allowed, struct zl_mono now)
{
	struct zl_collector_exporter x;
	struct zl_frame f;

	/* After a quiet time at once; one that always speaks has always news. */
	if (e->datagrams == e->reported ||
		(e->reported != 0 && zl_mono_since(now, e->told) < TELL_EVERY_US))
		return;
	x = zl_collector_exporter_of(e, is_allowed);
	zl_channel_start(c->engine, &f, ZL_COLLECTOR_EXPORTER, 0);
	zl_collector_put_exporter(&f, &x);
	if (zl_channel_send(c->engine, &f) < 0)
		return;
	e->reported = e->datagrams;
	e->told = now;
}

static void tell_template(struct collector *c, const struct zl_exporter *e,
	const struct zl_stream *s, struct zl_template *t)
{
	const struct zl_collector_template told = { .exporter = e->address,
		.key = s->key,
		.is_options = t->is_options,
		.n = t->n_raw,
		.bytes = zl_template_raw(t) };
	struct zl_frame f;

	zl_channel_start(c->engine, &f, ZL_COLLECTOR_TEMPLATE, 0);
	zl_collector_put_template(&f, &told);
	if (zl_channel_send(c->engine, &f) >= 0)
		t->told = zl_mono_now();
}

/*
 * So many that the next collector can take them back; a sender who redefines them all the
 * time has to wait.  What a TCP connection told ends with it.
 */
static void tell_templates(struct collector *c, struct zl_exporter *e)
{
	unsigned left = ZL_COLLECTOR_TEMPLATES_MAX;
	struct zl_template *t;
	struct zl_stream *s;

	if (e->room.n_untold == 0)
		return;
	e->room.n_untold = 0;
	for (size_t i = 0; (s = zl_map_next(&e->streams, &i)) != NULL;)
		for (size_t k = 0; !s->key.is_tcp &&
				   (t = zl_map_next(&s->templates.by_id, &k)) != NULL;)
			if (t->told.us == 0 && left > 0) {
				tell_template(c, e, s, t);
				left--;
			} else if (t->told.us == 0) {
				e->room.n_untold++;
			}
}

static void tell_ifnames(struct collector *c, struct zl_exporter *e)
{
	struct zl_collector_ifname told = { .exporter = e->address };
	struct zl_ifname *i;
	struct zl_frame f;

	for (unsigned left = ZL_COLLECTOR_TEMPLATES_MAX;
		left > 0 && (i = zl_ifnames_untold(&e->ifnames)) != NULL; left--) {
		told.number = i->number;
		memcpy(told.name, i->name, sizeof(told.name));
		zl_channel_start(c->engine, &f, ZL_COLLECTOR_IFNAME, 0);
		zl_collector_put_ifname(&f, &told);
		if (zl_channel_send(c->engine, &f) < 0)
			return;
		i->is_told = true;
		e->ifnames.n_untold--;
	}
}

static void tell_interfaces(struct collector *c, struct zl_exporter *e)
{
	unsigned left = ZL_COLLECTOR_INTERFACES_MAX;
	struct zl_interface *x;
	struct zl_frame f;

	if (e->interfaces.n_untold == 0)
		return;
	e->interfaces.n_untold = 0;
	for (size_t i = 0; (x = zl_map_next(&e->interfaces.by_index, &i)) != NULL;) {
		if (x->is_told)
			continue;
		if (left == 0) {
			e->interfaces.n_untold++;
			return;
		}
		left--;
		zl_channel_start(c->engine, &f, ZL_COLLECTOR_INTERFACE, 0);
		zl_collector_put_interface(&f, &x->counters);
		x->is_told = zl_channel_send(c->engine, &f) >= 0;
	}
}

static void tell_totals(struct collector *c)
{
	struct zl_ring_stats stats;
	struct zl_frame f;

	zl_ring_stats(c->ring, &stats);
	c->totals.ring_dropped = stats.dropped;
	zl_channel_start(c->engine, &f, ZL_COLLECTOR_TOTALS, 0);
	zl_collector_put_totals(&f, &c->totals);
	(void)zl_channel_send(c->engine, &f);
}

static int on_second(sd_event_source *source, uint64_t usec, void *user)
{
	struct zl_mono now = zl_mono_now();
	struct collector *c = user;
	struct zl_exporter *e;
	int r;

	(void)usec;
	zl_tcp_tidy(c->tcp, now);
	for (size_t i = 0; (e = zl_map_next(&c->exporters.by_address, &i)) != NULL;) {
		zl_exporter_tidy(e, now);
		tell_exporter(c, e, true, now);
		tell_templates(c, e);
		tell_ifnames(c, e);
		tell_interfaces(c, e);
	}
	for (size_t i = 0; i < ZL_EXPORTERS_REFUSED; i++)
		tell_exporter(c, &c->exporters.refused[i], false, now);
	tell_totals(c);
	r = sd_event_source_set_time_relative(source, (uint64_t)ZL_US_PER_S);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void recall_template(struct collector *c, const struct zl_frame_in *in)
{
	struct zl_collector_template t;

	zl_collector_get_template(in, &t);
	(void)zl_exporters_recall(&c->exporters, &t.exporter, &t.key,
		(struct zl_cursor){ .at = t.bytes, .left = t.n }, t.is_options,
		zl_mono_now());
}

/* Datagrams wait in the sockets until we know who may send. */
static void start_reading(struct collector *c)
{
	for (unsigned i = 0; i < c->n_sockets; i++)
		(void)sd_event_source_set_enabled(c->sockets[i].source, SD_EVENT_ON);
	zl_tcp_start(c->tcp);
}

static void on_frame(
	struct zl_channel *channel, const struct zl_frame_in *in, void *user)
{
	static struct zl_prefix prefixes[ZL_EXPORTERS_ALLOWED_MAX];
	struct collector *c = user;
	struct zl_exporter *e;
	struct zl_error err;
	int n;

	(void)channel;
	if (in->type == ZL_COLLECTOR_TEMPLATE)
		recall_template(c, in);
	if (in->type != ZL_COLLECTOR_EXPORTERS)
		return;
	n = zl_collector_get_prefixes(in, prefixes, N_ITEMS(prefixes));
	if (n < 0) {
		zl_log(LOG_ERR,
			"the list of exporters has an invalid prefix: kept the old");
		return;
	}
	if (zl_exporters_allow(&c->exporters, prefixes, (size_t)n, &err) < 0) {
		zl_log_error(LOG_ERR, &err, "the list of exporters: kept the old");
		return;
	}
	zl_log(LOG_INFO, "%d exporter address%s may send", n, n == 1 ? "" : "es");
	for (size_t i = 0; (e = zl_map_next(&c->exporters.by_address, &i)) != NULL;) {
		e->reported = 0;
		zl_ifnames_tell_again(&e->ifnames);
	}
	zl_tcp_tidy(c->tcp, zl_mono_now());
	start_reading(c);
}

static void on_closed(
	struct zl_channel *channel, const struct zl_error *why, void *user)
{
	struct collector *c = user;

	(void)channel;
	zl_log_error(LOG_ERR, why, "channel to the engine");
	(void)sd_event_exit(c->event, EXIT_FAILURE);
}

static const struct zl_channel_handlers handlers = {
	.table = zl_collector_messages,
	.n_table = ZL_COLLECTOR_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

/* --- start --- */

static int take_sockets(struct collector *c, struct zl_error *reterr)
{
	uint64_t buffer;
	int fd, r;

	while ((fd = zl_role_fd("udp", c->n_sockets)) >= 0) {
		struct socket *s = &c->sockets[c->n_sockets];

		if (c->n_sockets == SOCKETS_MAX)
			return zl_fail(reterr, -E2BIG, "more than %d udp sockets",
				SOCKETS_MAX);
		r = zl_receive_prepare(fd, reterr);
		if (r < 0)
			return r;
		buffer = zl_receive_buffer(fd);
		if (c->totals.buffer == 0 || buffer < c->totals.buffer)
			c->totals.buffer = buffer;
		*s = (struct socket){ .collector = c, .fd = fd };
		r = sd_event_add_io(c->event, &s->source, fd, EPOLLIN, on_readable, s);
		if (r >= 0)
			r = sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
		if (r < 0)
			return zl_fail(reterr, r, "event loop: %s", strerror(-r));
		c->n_sockets++;
	}
	return 0;
}

static const struct zl_tcp_handlers tcp_handlers = {
	.on_message = on_datagram,
	.on_batch = wake_engine,
};

static int take_listeners(struct collector *c, struct zl_error *reterr)
{
	int fd, r = zl_tcp_new(
			c->event, &c->exporters, &tcp_handlers, c, &c->tcp, reterr);

	for (unsigned i = 0; r >= 0 && (fd = zl_role_fd("tcp", i)) >= 0; i++) {
		r = zl_tcp_listen(c->tcp, fd, reterr);
		c->n_listeners += r >= 0;
	}
	if (r >= 0 && c->n_sockets + c->n_listeners == 0)
		return zl_role_need_fd("udp", reterr);
	return r;
}

static int take_descriptors(struct collector *c, struct zl_error *reterr)
{
	int ring, engine, r;

	ring = zl_role_need_fd("ring", reterr);
	if (ring < 0)
		return ring;
	c->wake = zl_role_need_fd("wake", reterr);
	if (c->wake < 0)
		return c->wake;
	engine = zl_role_need_fd("engine", reterr);
	if (engine < 0)
		return engine;
	r = zl_ring_map(ring, sizeof(struct zl_flow), &c->ring, reterr);
	if (r < 0)
		return r;
	r = zl_channel_new(c->event, engine, &handlers, c, &c->engine, reterr);
	if (r < 0)
		return r;
	r = take_sockets(c, reterr);
	return r < 0 ? r : take_listeners(c, reterr);
}

static int start(struct collector *c, struct zl_error *reterr)
{
	char text[ZL_WALL_STR];
	sd_id128_t boot;
	int r = zl_role_start("zl-collector", reterr);

	if (r < 0)
		return r;
	zl_exporters_init(&c->exporters);
	r = sd_event_new(&c->event);
	if (r >= 0)
		r = sd_event_set_signal_exit(c->event, true);
	if (r >= 0)
		r = sd_event_add_time_relative(c->event, &c->timer, CLOCK_MONOTONIC,
			(uint64_t)ZL_US_PER_S, 0, on_second, c);
	if (r >= 0)
		r = sd_event_source_set_prepare(c->timer, on_prepare);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	r = zl_receive_new(&c->receive, reterr);
	if (r < 0)
		return r;
	r = take_descriptors(c, reterr);
	if (r < 0)
		return r;
	/* What libraries open at first use, they must open now: the time zone for
	 * dates, the boot id for sd-event's timers, the journal's socket. */
	(void)zl_wall_format(zl_wall_now(), text);
	(void)sd_id128_get_boot(&boot);
	zl_log(LOG_INFO, "collector: %u sockets", c->n_sockets + c->n_listeners);
	return zl_sandbox_enter(ZL_SANDBOX_COLLECTOR, reterr);
}

static void stop(struct collector *c)
{
	for (unsigned i = 0; i < c->n_sockets; i++)
		(void)sd_event_source_disable_unref(c->sockets[i].source);
	(void)sd_event_source_disable_unref(c->timer);
	zl_channel_close(c->engine);
	zl_tcp_free(c->tcp);
	zl_exporters_done(&c->exporters);
	zl_receive_free(c->receive);
	zl_ring_unmap(c->ring);
	(void)sd_event_unref(c->event);
}

static int parse_args(
	int argc, char **argv, const char **ret_level, uint64_t *ret_buffer)
{
	static const struct option options[] = {
		{ "log-level", required_argument, NULL, 'l' },
		{ "receive-buffer", required_argument, NULL, 'r' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "l:", options, NULL)) != -1) {
		if (o == 'l')
			*ret_level = optarg;
		else if (o == 'r')
			*ret_buffer = strtoull(optarg, NULL, 10);
		else
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static struct collector c;
	const char *level = "info";
	struct zl_error err;
	int r;

	if (parse_args(argc, argv, &level, &c.totals.buffer_asked) < 0) {
		(void)fprintf(stderr, "usage: zonelock-collector [--log-level LEVEL] "
				      "[--receive-buffer BYTES]\n"
				      "This program is started by zonelockd.\n");
		return 2;
	}
	if (zl_log_open("zonelock-collector", level, &err) < 0 || start(&c, &err) < 0) {
		zl_log_error(LOG_ERR, &err, NULL);
		return EXIT_FAILURE;
	}
	r = sd_event_loop(c.event);
	stop(&c);
	return r < 0 ? EXIT_FAILURE : r;
}
