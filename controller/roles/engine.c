/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock-engine: opens the database, takes over its channels, and runs the loop. */
#include <getopt.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/role.h"
#include "controller/roles/engine/engine.h"
#include "controller/roles/engine/tally.h"
#include "controller/roles/protocol.h"

enum { TICK_US = 1000000, EXPIRE_EVERY = 60, EXPIRE_HOLDINGS_EVERY = 3600 };

/* --- the parent --- */

static struct zl_role_info *get_role(struct zl_engine *e, const char *name)
{
	for (unsigned i = 0; i < e->n_roles; i++)
		if (strcmp(e->roles[i].name, name) == 0)
			return &e->roles[i];
	if (e->n_roles == ZL_ROLES_MAX)
		return NULL;
	(void)snprintf(e->roles[e->n_roles].name, sizeof(e->roles[0].name), "%s", name);
	return &e->roles[e->n_roles++];
}

/* A role that has just started knows nothing: tell it again. */
static void brief_role(struct zl_engine *e, const char *name)
{
	if (strcmp(name, "inventory") == 0)
		zl_engine_inventory_tell_hosts(e);
	else if (strcmp(name, "collector") == 0) {
		zl_engine_templates_recall(e);
		zl_engine_exporters_tell(e);
	} else if (strcmp(name, "actuator") == 0)
		zl_engine_leases_on_actuator_up(e);
}

static void on_parent_frame(
	struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	const char *name = zl_attr_str(in->tb[ZL_PARENT_A_NAME]);
	struct zl_engine *e = user;
	struct zl_role_info *role;
	uint32_t pid;
	bool is_new;

	(void)c;
	if (in->type != ZL_PARENT_ROLE)
		return;
	role = get_role(e, name);
	if (role == NULL)
		return;
	pid = zl_attr_u32(in->tb[ZL_PARENT_A_PID]);
	role->restarts = zl_attr_u32(in->tb[ZL_PARENT_A_RESTARTS]);
	(void)snprintf(role->text, sizeof(role->text), "%s",
		zl_attr_str(in->tb[ZL_PARENT_A_TEXT]));
	is_new = pid != 0 && pid != role->pid;
	role->pid = pid; /* before the briefing: nothing is sent to who is not there */
	if (is_new)
		brief_role(e, name);
}

static void on_parent_closed(
	struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct zl_engine *e = user;

	(void)why;
	zl_channel_close(c);
	e->parent = NULL;
	(void)sd_event_exit(e->event, 1);
}

static const struct zl_channel_handlers parent_handlers = {
	.table = zl_parent_messages,
	.n_table = ZL_PARENT_MESSAGE_N,
	.on_frame = on_parent_frame,
	.on_closed = on_parent_closed,
};

/* --- the clock --- */

static int on_tick(sd_event_source *s, uint64_t usec, void *user)
{
	static unsigned n;
	struct zl_engine *e = user;
	struct zl_wall now = zl_wall_now();

	if (!e->is_replay) {
		zl_engine_flows_tick(e, zl_mono_now());
		zl_engine_exporters_tick(e);
	}
	zl_engine_incidents_flush(e);
	zl_engine_templates_flush(e);
	zl_engine_holdings_flush(e);
	zl_engine_leases_tick(e, now);
	if (++n % EXPIRE_EVERY == 0) {
		zl_index_expire(e->index, now);
		zl_engine_incidents_close_idle(e);
		zl_engine_leases_forget_releases(e, now);
		zl_engine_holdings_reconcile(e);
		if (n % EXPIRE_HOLDINGS_EVERY == 0)
			zl_engine_holdings_expire(e);
	}
	/* From now, not from `usec`: a suspended machine need not catch up. */
	(void)usec;
	(void)sd_event_source_set_time_relative(s, TICK_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *user)
{
	struct zl_engine *e = user;

	(void)s;
	(void)si;
	zl_engine_incidents_flush(e);
	zl_engine_templates_flush(e);
	zl_engine_holdings_flush(e);
	return sd_event_exit(e->event, 0);
}

static int watch_time_and_signals(struct zl_engine *e)
{
	sigset_t set;
	int r;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	r = sd_event_add_signal(e->event, NULL, SIGTERM, on_signal, e);
	if (r >= 0)
		r = sd_event_add_signal(e->event, NULL, SIGINT, on_signal, e);
	if (r >= 0)
		r = sd_event_add_time_relative(
			e->event, NULL, CLOCK_BOOTTIME, TICK_US, 0, on_tick, e);
	return r;
}

/* --- start --- */

static int open_state(struct zl_engine *e, struct zl_error *reterr)
{
	char path[512];
	int r;

	(void)snprintf(path, sizeof(path), "%s/zonelock.db", e->state_directory);
	r = zl_db_open(path, &e->db, reterr);
	if (r >= 0)
		r = zl_index_new(zl_engine_inventory_on_change, e, &e->index, reterr);
	if (r >= 0)
		r = zl_engine_forwarding_load(e, reterr);
	if (r >= 0)
		r = zl_engine_holdings_load(e, reterr);
	if (r >= 0)
		r = zl_engine_leases_load(e, reterr);
	if (r >= 0)
		r = zl_engine_incidents_load(e, reterr);
	if (r >= 0)
		r = zl_engine_objects_load(e, reterr);
	return r;
}

/* The descriptor of that name into `attach`. */
static int attach(struct zl_engine *e, const char *name,
	int (*attach_fn)(struct zl_engine *e, int fd, struct zl_error *reterr),
	struct zl_error *reterr)
{
	int fd = zl_role_need_fd(name, reterr);

	return fd < 0 ? fd : attach_fn(e, fd, reterr);
}

static int attach_parent(struct zl_engine *e, int fd, struct zl_error *reterr)
{
	return zl_channel_new(e->event, fd, &parent_handlers, e, &e->parent, reterr);
}

static int attach_control(struct zl_engine *e, int fd, struct zl_error *reterr)
{
	return zl_control_new(e->event, fd, zl_engine_handlers, e, &e->control, reterr);
}

static int attach_ring(struct zl_engine *e, int fd, struct zl_error *reterr)
{
	int wake = zl_role_need_fd("wake", reterr);

	return wake < 0 ? wake : zl_engine_flows_attach(e, fd, wake, reterr);
}

static int attach_all(struct zl_engine *e, struct zl_error *reterr)
{
	int r = attach(e, "inventory", zl_engine_inventory_attach, reterr);

	if (r >= 0)
		r = attach(e, "collector", zl_engine_exporters_attach, reterr);
	if (r >= 0 && zl_role_fd("actuator", 0) >= 0)
		r = attach(e, "actuator", zl_engine_leases_attach_actuator, reterr);
	if (r >= 0)
		r = attach(e, "ring", attach_ring, reterr);
	if (r >= 0)
		r = attach(e, "control", attach_control, reterr);
	if (r >= 0)
		r = attach(e, "parent", attach_parent, reterr);
	return r;
}

static void say_ready(struct zl_engine *e)
{
	struct zl_frame f;

	zl_channel_start(e->parent, &f, ZL_PARENT_READY, 0);
	(void)zl_channel_send(e->parent, &f);
}

static int run(struct zl_engine *e, struct zl_error *reterr)
{
	int r = sd_event_default(&e->event);

	if (r >= 0)
		r = watch_time_and_signals(e);
	if (r >= 0)
		r = zl_engine_agents_init(e);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	zl_map_init(&e->exporters, sizeof(struct zl_addr), 0);
	zl_map_init(&e->holders, sizeof(struct zl_uuid) + 64, 0);
	zl_map_init(&e->leases, sizeof(struct zl_uuid), 0);
	zl_map_init(&e->incidents, sizeof(struct zl_uuid) + 64, 65536);
	zl_tally_init(&e->violations, 65536);
	zl_map_init(&e->releases, sizeof(struct zl_uuid), 0);
	zl_engine_classes_forget(e);
	zl_engine_replay_begin(e);
	e->started = zl_wall_now();
	r = open_state(e, reterr);
	if (r >= 0)
		r = attach_all(e, reterr);
	if (r < 0)
		return r;
	zl_engine_inventory_tell_hosts(e);
	zl_engine_templates_recall(e);
	zl_engine_exporters_tell(e);
	say_ready(e);
	r = sd_event_loop(e->event);
	zl_db_close(e->db);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "state-directory", required_argument,
						       NULL, 's' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "replay", no_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	static struct zl_engine e = { .state_directory = "/var/lib/zonelock" };
	const char *level = "info";
	struct zl_error err = { 0 };
	int c, r;

	while ((c = getopt_long(argc, argv, "s:l:r", longs, NULL)) != -1) {
		if (c == 's')
			e.state_directory = optarg;
		else if (c == 'l')
			level = optarg;
		else if (c == 'r')
			e.is_replay = true;
		else
			return 2;
	}
	r = zl_role_start("zl-engine", &err);
	if (r >= 0)
		r = zl_log_open("zonelock-engine", level, &err);
	if (r >= 0)
		r = run(&e, &err);
	if (r < 0)
		zl_log_error(LOG_ERR, &err, NULL);
	return r < 0 ? EXIT_FAILURE : r;
}
