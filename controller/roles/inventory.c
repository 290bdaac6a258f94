/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelock-inventory: watches the libvirt of all enrolled hosts for the engine.
 *
 * Started by zonelockd with the descriptor "engine".  The engine says which hosts; what
 * their workers find goes to it (inventory/protocol.h).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/role.h"
#include "inventory/protocol.h"
#include "inventory/watch.h"

enum { DEADLINE_S_MAX = 300 };

struct inventory {
	sd_event *event;
	struct zl_channel *engine;
	struct zl_watch *watch;
	uint64_t deadline_ms;
	const char *log_level;
};

static void on_watch_frame(const void *bytes, size_t n, void *user)
{
	struct inventory *inv = user;

	/* When it fails, on_engine_closed() follows. */
	(void)zl_channel_send_raw(inv->engine, bytes, n);
}

static void on_host_state(const char *host, int state, const char *reason, void *user)
{
	const struct zl_log_field fields[] = { { "ZONELOCK_HOST", host } };

	(void)user;
	if (state == ZL_HOST_UP)
		zl_log_with(
			LOG_INFO, fields, 1, "host %s: connected to libvirtd", host);
	else
		zl_log_with(state == ZL_HOST_STALE ? LOG_WARNING : LOG_NOTICE, fields,
			1, "host %s: %s", host, reason);
}

static void on_engine_frame(
	struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	const char *host = zl_attr_str(in->tb[ZL_INV_A_HOST]);
	const char *uri = zl_attr_str(in->tb[ZL_INV_A_URI]);
	struct inventory *inv = user;
	struct zl_error err = { 0 };

	(void)c;
	switch ((enum zl_inventory_message)in->type) {
	case ZL_INV_HOST_PUT:
		if (zl_watch_put(inv->watch, host, uri, &err) < 0)
			zl_log_error(LOG_ERR, &err, host);
		return;
	case ZL_INV_HOST_GONE: zl_watch_remove(inv->watch, host); return;
	case ZL_INV_HOST_STATE:
	case ZL_INV_LIST_BEGIN:
	case ZL_INV_LIST_END:
	case ZL_INV_DOMAIN:
	case ZL_INV_DOMAIN_GONE:
	case ZL_INV_DHCP:
	case ZL_INV_MESSAGE_N: break;
	}
	zl_log(LOG_WARNING, "the engine sent a message that is not for us (type %u)",
		in->type);
}

/* The parent starts both of us again. */
static void on_engine_closed(
	struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct inventory *inv = user;

	(void)c;
	zl_log_error(LOG_NOTICE, why, "channel to the engine");
	(void)sd_event_exit(inv->event, EXIT_FAILURE);
}

static const struct zl_channel_handlers engine_handlers = {
	.table = zl_inventory_messages,
	.n_table = ZL_INV_MESSAGE_N,
	.on_frame = on_engine_frame,
	.on_closed = on_engine_closed,
};

static int add_signals(sd_event *event)
{
	sigset_t mask;
	int r;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	/* Without a handler they end the loop with 0. */
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	return r < 0 ? r : sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
}

static int set_up(struct inventory *inv, struct zl_error *reterr)
{
	struct zl_watch_config config = { .deadline_ms = inv->deadline_ms,
		.on_frame = on_watch_frame,
		.on_state = on_host_state,
		.user = inv };
	int fd, r = zl_role_start("zl-inventory", reterr);

	if (r < 0)
		return r;
	fd = zl_role_need_fd("engine", reterr);
	if (fd < 0)
		return fd;
	r = sd_event_default(&inv->event);
	if (r >= 0)
		r = add_signals(inv->event);
	if (r < 0)
		return zl_fail(
			reterr, r, "cannot make an event loop: %s", strerror(-r));
	r = zl_watch_new(inv->event, &config, &inv->watch, reterr);
	if (r < 0)
		return r;
	return zl_channel_new(
		inv->event, fd, &engine_handlers, inv, &inv->engine, reterr);
}

static bool parse_deadline(const char *text, uint64_t *ret_ms)
{
	char *end;
	unsigned long s = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || s < 1 || s > DEADLINE_S_MAX)
		return false;
	*ret_ms = s * 1000;
	return true;
}

static int parse_args(int argc, char **argv, struct inventory *inv)
{
	static const struct option longs[] = {
		{ "deadline", required_argument, NULL, 'd' },
		{ "log-level", required_argument, NULL, 'l' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:l:", longs, NULL)) != -1) {
		if (c == 'd' && parse_deadline(optarg, &inv->deadline_ms))
			continue;
		if (c == 'l') {
			inv->log_level = optarg;
			continue;
		}
		if (c == 'd')
			(void)fprintf(stderr,
				"zonelock-inventory: --deadline is 1 to %d seconds\n",
				DEADLINE_S_MAX);
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct inventory inv = { .deadline_ms = 5000, .log_level = "info" };
	struct zl_error err = { 0 };
	int r;

	if (parse_args(argc, argv, &inv) < 0)
		return 2;
	r = zl_log_open("zonelock-inventory", inv.log_level, &err);
	if (r >= 0)
		r = set_up(&inv, &err);
	if (r < 0)
		zl_log_error(LOG_ERR, &err, NULL);
	else
		r = sd_event_loop(inv.event);
	zl_watch_free(inv.watch);
	zl_channel_close(inv.engine);
	(void)sd_event_unref(inv.event);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
