/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelock-actuator: the program with the read-write libvirt connections.
 *
 * Started by zonelockd, with the engine at the other end of descriptor "engine".  It
 * parses only typed frames of the engine; what hypervisors answer is parsed in the
 * workers.  It keeps no leases: the engine sends them again after a restart.  On disk
 * is only what interfaces had before (originals.h), in --state-directory.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/role.h"
#include "mitigate/actuator/queue.h"
#include "mitigate/protocol.h"

struct actuator {
	sd_event *event;
	struct zl_channel *engine;
	struct zl_queue *queue;
	struct zl_filter_peers peers;
	const char *log_level, *state_directory;
};

static void on_report(const void *frame, size_t n, void *user)
{
	struct actuator *a = user;

	/* a broken channel ends us by on_closed */
	(void)zl_channel_send_raw(a->engine, frame, n);
}

static void on_frame(struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct actuator *a = user;
	struct zl_frame f;

	if (in->type == ZL_AGENT_PING) {
		zl_channel_start(c, &f, ZL_AGENT_PONG, in->seq);
		(void)zl_channel_send(c, &f);
	} else if (in->type == ZL_AGENT_LEASE_PUT || in->type == ZL_AGENT_LEASE_DROP)
		zl_queue_push(a->queue, in);
}

static void on_closed(struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct actuator *a = user;

	(void)c;
	zl_log_error(LOG_NOTICE, why, "channel to the engine");
	(void)sd_event_exit(a->event, why->code == -EPIPE ? 0 : 1);
}

static const struct zl_channel_handlers engine_handlers = {
	.table = zl_agent_messages,
	.n_table = ZL_AGENT_MESSAGE_N,
	.on_frame = on_frame,
	.on_closed = on_closed,
};

static int parse_arguments(
	struct actuator *a, int argc, char **argv, struct zl_error *reterr)
{
	static const struct option options[] = {
		{ "log-level", required_argument, NULL, 'l' },
		{ "state-directory", required_argument, NULL, 's' },
		{ "forensic", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l': a->log_level = optarg; break;
		case 's': a->state_directory = optarg; break;
		case 'f':
			r = zl_filter_parse_peers(optarg, &a->peers, reterr);
			if (r < 0)
				return r;
			break;
		default: return zl_fail(reterr, -EINVAL, "unknown option");
		}
	}
	return optind == argc ? 0 : zl_fail(reterr, -EINVAL, "unexpected argument");
}

/* The state directory becomes the current one, for the workers too. */
static int enter_state_directory(const struct actuator *a, struct zl_error *reterr)
{
	if (chdir(a->state_directory) < 0 || access(".", W_OK) < 0)
		return zl_fail_id(reterr, -errno, "actuator.state",
			"make it and give it to the actuator's user",
			"state directory %s: %m", a->state_directory);
	return 0;
}

static int open_actuator(struct actuator *a, struct zl_error *reterr)
{
	struct zl_queue_config config = { .dir = ".",
		.peers = &a->peers,
		.on_report = on_report,
		.user = a,
		.hosts_max = ZL_QUEUE_HOSTS_MAX,
		.idle_ms = ZL_QUEUE_IDLE_MS };
	sigset_t mask;
	int fd, r;

	r = enter_state_directory(a, reterr);
	if (r < 0)
		return r;
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_new(&a->event);
	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	config.event = a->event;
	r = zl_queue_new(&config, &a->queue, reterr);
	if (r < 0)
		return r;
	fd = zl_role_need_fd("engine", reterr);
	if (fd < 0)
		return fd;
	return zl_channel_new(a->event, fd, &engine_handlers, a, &a->engine, reterr);
}

int main(int argc, char **argv)
{
	struct actuator a = { .log_level = "info",
		.state_directory = "/var/lib/zonelock/actuator" };
	struct zl_error err = { 0 };
	int r = parse_arguments(&a, argc, argv, &err);

	if (r >= 0)
		r = zl_log_open("zonelock-actuator", a.log_level, &err);
	if (r >= 0)
		r = zl_role_start("zl-actuator", &err);
	if (r >= 0)
		r = open_actuator(&a, &err);
	if (r < 0)
		zl_log_error(LOG_ERR, &err, NULL);
	else
		r = sd_event_loop(a.event);
	zl_queue_free(a.queue);
	zl_channel_close(a.engine);
	sd_event_unref(a.event);
	return r == 0 ? 0 : 1;
}
