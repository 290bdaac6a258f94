/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zonelockd, the parent: opens the sockets, starts and supervises the roles, each
 * under its own uid, and parses nothing but its configuration.
 *
 * To add a role, add a row to `roles` and a member to enum role_id.
 *
 * The parent keeps both ends of every channel, so that a restarted role finds the
 * same one; frames sent meanwhile wait in the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "base/worker.h"
#include "controller/flow/record.h"
#include "controller/roles/parent/parent.h"
#include "controller/roles/protocol.h"

enum { LISTEN_MAX = 16, FDS_MAX = LISTEN_MAX + 8, ARGS_MAX = 64 };
enum { RING_SLOTS = 1 << 19 }; /* half a second at a million flows a second */
enum { RESTART_FIRST_MS = 200, RESTART_MOST_MS = 30000, STABLE_MS = 30000 };
/* What does not end on SIGTERM by then is hung, and is killed. */
enum { STOP_MS = 10000 };

enum role_id { ROLE_ENGINE, ROLE_COLLECTOR, ROLE_INVENTORY, ROLE_ACTUATOR, ROLE_N };

/* A channel between two roles: the name by which each end knows the other. */
enum {
	CHANNEL_PARENT,
	CHANNEL_COLLECTOR,
	CHANNEL_INVENTORY,
	CHANNEL_ACTUATOR,
	CHANNEL_N
};

struct role_row {
	const char *name, *program;
	size_t user; /* offset of its user's name in parent_config */
};

static const struct role_row roles[ROLE_N] = {
	[ROLE_ENGINE] = { "engine", "zonelock-engine",
		offsetof(struct zl_parent_config, user_engine) },
	[ROLE_COLLECTOR] = { "collector", "zonelock-collector",
		offsetof(struct zl_parent_config, user_collector) },
	[ROLE_INVENTORY] = { "inventory", "zonelock-inventory",
		offsetof(struct zl_parent_config, user_inventory) },
	[ROLE_ACTUATOR] = { "actuator", "zonelock-actuator",
		offsetof(struct zl_parent_config, user_actuator) },
};

struct role {
	struct parent *parent;
	enum role_id id;
	bool enabled;
	pid_t pid;
	unsigned restarts, backoff;
	struct zl_mono started;
	char ended[128]; /* how it ended last */
	sd_event_source *child, *timer;
};

struct parent {
	struct zl_parent_config cfg;
	char actuator_directory[512];
	sd_event *event;
	struct role role[ROLE_N];
	int pair[CHANNEL_N][2]; /* 0: the engine's end */
	/* A capture in place of exporters: zonelock-replay in place of the collector. */
	bool is_replay;
	int capture;
	char **replay_args; /* for it, ended by NULL */
	int ring, wake, control, udp[LISTEN_MAX], tcp[LISTEN_MAX];
	unsigned n_udp, n_tcp;
	struct zl_channel *engine; /* our end of CHANNEL_PARENT */
	bool ready, stopping;
	int exit_code;
};

struct handed_fds {
	int fd[FDS_MAX];
	const char *name[FDS_MAX];
	unsigned n;
};

struct arguments {
	char *argv[ARGS_MAX + 1];
	unsigned n;
};

static void hand(struct handed_fds *h, const char *name, int fd)
{
	if (fd >= 0 && h->n < FDS_MAX) {
		h->name[h->n] = name;
		h->fd[h->n++] = fd;
	}
}

static void add_word(struct arguments *a, const char *word)
{
	if (a->n < ARGS_MAX)
		a->argv[a->n++] = strdup(word);
}

static void add_arg(struct arguments *a, const char *option, const char *value)
{
	if (value == NULL || a->n + 2 > ARGS_MAX)
		return;
	add_word(a, option);
	add_word(a, value);
}

static void add_number(struct arguments *a, const char *option, long value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%ld", value);
	add_arg(a, option, text);
}

/* Which descriptors and arguments a role gets. */
static void equip(
	struct parent *p, enum role_id id, struct handed_fds *h, struct arguments *a)
{
	add_arg(a, "--log-level", p->cfg.log_level);
	switch (id) {
	case ROLE_ENGINE:
		hand(h, "parent", p->pair[CHANNEL_PARENT][0]);
		hand(h, "collector", p->pair[CHANNEL_COLLECTOR][0]);
		hand(h, "inventory", p->pair[CHANNEL_INVENTORY][0]);
		if (p->cfg.actuator)
			hand(h, "actuator", p->pair[CHANNEL_ACTUATOR][0]);
		hand(h, "ring", p->ring);
		hand(h, "wake", p->wake);
		hand(h, "control", p->control);
		add_arg(a, "--state-directory", p->cfg.state_directory);
		if (p->is_replay)
			add_word(a, "--replay");
		return;
	case ROLE_COLLECTOR:
		hand(h, "engine", p->pair[CHANNEL_COLLECTOR][1]);
		hand(h, "ring", p->ring);
		hand(h, "wake", p->wake);
		for (unsigned i = 0; i < p->n_udp; i++)
			hand(h, "udp", p->udp[i]);
		for (unsigned i = 0; i < p->n_tcp; i++)
			hand(h, "tcp", p->tcp[i]);
		hand(h, "capture", p->capture);
		if (!p->is_replay)
			add_number(a, "--receive-buffer", p->cfg.receive_buffer);
		for (unsigned i = 0; p->is_replay && p->replay_args[i] != NULL; i++)
			add_word(a, p->replay_args[i]);
		return;
	case ROLE_INVENTORY:
		hand(h, "engine", p->pair[CHANNEL_INVENTORY][1]);
		add_number(a, "--deadline", p->cfg.libvirt_deadline);
		return;
	case ROLE_ACTUATOR:
		hand(h, "engine", p->pair[CHANNEL_ACTUATOR][1]);
		add_arg(a, "--state-directory", p->actuator_directory);
		if (p->cfg.forensic[0] != '\0')
			add_arg(a, "--forensic", p->cfg.forensic);
		return;
	case ROLE_N: return;
	}
}

/* Beside our own program first (a build tree), then where `make install` put it. */
static int find_program(const char *name, char *ret, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL)
			*slash = '\0';
		(void)snprintf(ret, size, "%s/%s", self, name);
		if (access(ret, X_OK) == 0)
			return 0;
	}
	(void)snprintf(ret, size, "%s/%s", ZL_LIBEXECDIR, name);
	return access(ret, X_OK) == 0 ? 0 : -errno;
}

/* In the child: descriptors to 3, 4, ..., identity, exec.  Never returns. */
static void run_role(struct parent *p, enum role_id id, const char *path)
{
	struct handed_fds h = { .n = 0 };
	struct arguments a = { .argv = { strdup(path) }, .n = 1 };
	struct zl_error err;
	char env[512] = "ZL_FDS=";
	sigset_t none;
	const char *user;
	int program;

	memcpy(&user, (char *)&p->cfg + roles[id].user, sizeof(user));
	equip(p, id, &h, &a);
	/* Out of the way first, so that no dup2 overwrites one still needed. */
	for (unsigned i = 0; i < h.n; i++)
		h.fd[i] = fcntl(h.fd[i], F_DUPFD, 3 + FDS_MAX * 4);
	for (unsigned i = 0; i < h.n; i++) {
		size_t used = strlen(env);

		if (h.fd[i] < 0 || dup2(h.fd[i], 3 + (int)i) < 0)
			_exit(71);
		(void)snprintf(env + used, sizeof(env) - used, "%s%s=%u",
			i == 0 ? "" : ",", h.name[i], 3 + i);
	}
	if (close_range(3 + h.n, ~0U, 0) < 0)
		_exit(71);
	/* Its user need not be able to reach the folder: a build tree below /root. */
	program = open(path, O_PATH | O_CLOEXEC);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (zl_sandbox_become(user, 0, &err) < 0) {
		zl_log_error(LOG_ERR, &err, roles[id].name);
		_exit(78);
	}
	/* Tables of hundreds of megabytes, read at random: fewer pages, fewer misses. */
	if (id == ROLE_ENGINE)
		(void)setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0);
	if (program >= 0 && putenv(env) == 0)
		(void)fexecve(program, a.argv, environ);
	zl_log(LOG_ERR, "cannot start %s: %m", path);
	_exit(71);
}

static void tell_engine(struct parent *p, const struct role *r)
{
	struct zl_frame f;

	if (p->engine == NULL || !r->enabled || p->role[ROLE_ENGINE].pid == 0)
		return;
	zl_channel_start(p->engine, &f, ZL_PARENT_ROLE, 0);
	zl_frame_put_str(&f, ZL_PARENT_A_NAME, roles[r->id].name);
	zl_frame_put_u32(&f, ZL_PARENT_A_PID, (uint32_t)r->pid);
	zl_frame_put_u32(&f, ZL_PARENT_A_RESTARTS, r->restarts);
	zl_frame_put_str(&f, ZL_PARENT_A_TEXT, r->ended);
	(void)zl_channel_send(p->engine, &f);
}

static int start_role(struct role *r);

static int on_restart(sd_event_source *s, uint64_t usec, void *user)
{
	struct role *r = user;

	(void)usec;
	sd_event_source_disable_unref(s);
	r->timer = NULL;
	r->restarts++;
	return start_role(r);
}

static bool all_stopped(const struct parent *p)
{
	for (unsigned i = 0; i < ROLE_N; i++)
		if (p->role[i].pid != 0)
			return false;
	return true;
}

static void signal_all(struct parent *p, int number)
{
	for (unsigned i = 0; i < ROLE_N; i++)
		if (p->role[i].pid != 0)
			(void)kill(p->role[i].pid, number);
}

static int on_stop_late(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	zl_log(LOG_WARNING, "not all roles have ended: killed");
	signal_all(user, SIGKILL);
	return 0;
}

static void stop_all(struct parent *p, int exit_code)
{
	if (p->stopping)
		return;
	p->stopping = true;
	p->exit_code = exit_code;
	(void)sd_notify(0, "STOPPING=1");
	/* Nor may one that waits for its restart come back. */
	for (unsigned i = 0; i < ROLE_N; i++)
		p->role[i].timer = sd_event_source_disable_unref(p->role[i].timer);
	signal_all(p, SIGTERM);
	(void)sd_event_add_time_relative(p->event, NULL, CLOCK_BOOTTIME,
		STOP_MS * ZL_US_PER_MS, 0, on_stop_late, p);
	if (all_stopped(p))
		(void)sd_event_exit(p->event, exit_code);
}

static int on_role_ended(sd_event_source *s, const siginfo_t *si, void *user)
{
	struct role *r = user;
	struct parent *p = r->parent;
	uint64_t wait_ms;

	r->child = sd_event_source_unref(s);
	r->pid = 0;
	zl_parent_format_end(si, r->ended, sizeof(r->ended));
	if (p->stopping) {
		if (all_stopped(p))
			(void)sd_event_exit(p->event, p->exit_code);
		return 0;
	}
	/* Half of a replay would pass for a whole one. */
	if (p->is_replay && r->id != ROLE_INVENTORY) {
		zl_log(LOG_ERR, "%s ended: %s", roles[r->id].name, r->ended);
		stop_all(p, EXIT_FAILURE);
		return 0;
	}
	/* Before we were ever ready it is the configuration or the machine: say so and stop. */
	if (!p->ready) {
		zl_log(LOG_ERR, "%s did not start (%s): see the message above",
			roles[r->id].name, r->ended);
		stop_all(p, EXIT_FAILURE);
		return 0;
	}
	if (zl_mono_since(zl_mono_now(), r->started) > STABLE_MS * ZL_US_PER_MS)
		r->backoff = 0;
	wait_ms = zl_backoff_ms(r->backoff++, RESTART_FIRST_MS, RESTART_MOST_MS);
	zl_log(LOG_WARNING, "%s ended: %s; it is started again in %" PRIu64 " ms",
		roles[r->id].name, r->ended, wait_ms);
	tell_engine(p, r);
	return sd_event_add_time_relative(p->event, &r->timer, CLOCK_BOOTTIME,
		wait_ms * ZL_US_PER_MS, 0, on_restart, r);
}

static int start_role(struct role *r)
{
	struct parent *p = r->parent;
	char path[640];
	int k;

	k = find_program(p->is_replay && r->id == ROLE_COLLECTOR ? "zonelock-replay"
								 : roles[r->id].program,
		path, sizeof(path));
	if (k < 0) {
		zl_log(LOG_ERR, "cannot find %s: is the installation complete?", path);
		stop_all(p, EXIT_FAILURE);
		return 0;
	}
	r->pid = fork();
	if (r->pid == 0)
		run_role(p, r->id, path);
	if (r->pid < 0) {
		zl_log(LOG_ERR, "cannot start %s: %m", roles[r->id].name);
		r->pid = 0;
		stop_all(p, EXIT_FAILURE);
		return 0;
	}
	r->started = zl_mono_now();
	k = sd_event_add_child(p->event, &r->child, r->pid, WEXITED, on_role_ended, r);
	if (k < 0)
		return k;
	if (r->id == ROLE_ENGINE)
		for (unsigned i = 0; i < ROLE_N; i++)
			tell_engine(p, &p->role[i]);
	else
		tell_engine(p, r);
	return 0;
}

static void on_engine_frame(
	struct zl_channel *c, const struct zl_frame_in *in, void *user)
{
	struct parent *p = user;

	(void)c;
	if (in->type != ZL_PARENT_READY || p->ready)
		return;
	p->ready = true;
	zl_log(LOG_INFO, "ready, control socket %s", p->cfg.control_socket);
	(void)sd_notify(0, "READY=1");
}

static void on_engine_closed(
	struct zl_channel *c, const struct zl_error *why, void *user)
{
	struct parent *p = user;

	zl_log_error(LOG_ERR, why, "channel to the engine");
	zl_channel_close(c);
	p->engine = NULL;
	stop_all(p, EXIT_FAILURE);
}

static const struct zl_channel_handlers engine_handlers = {
	.table = zl_parent_messages,
	.n_table = ZL_PARENT_MESSAGE_N,
	.on_frame = on_engine_frame,
	.on_closed = on_engine_closed,
};

/* One of the list: "ADDRESS:PORT", or "tcp:ADDRESS:PORT". */
static int open_listener(struct parent *p, const char *item, struct zl_error *reterr)
{
	static const char tcp[] = "tcp:";
	int r;

	if (p->n_udp + p->n_tcp == LISTEN_MAX)
		return zl_fail(
			reterr, -E2BIG, "listen: more than %d addresses", LISTEN_MAX);
	if (strncmp(item, tcp, sizeof(tcp) - 1) == 0) {
		r = zl_parent_open_tcp(
			item + sizeof(tcp) - 1, &p->tcp[p->n_tcp], reterr);
		p->n_tcp += r >= 0;
	} else {
		r = zl_parent_open_udp(
			item, p->cfg.receive_buffer, &p->udp[p->n_udp], reterr);
		p->n_udp += r >= 0;
	}
	return r;
}

static int open_all(struct parent *p, struct zl_error *reterr)
{
	const char *at = p->cfg.listen;
	char item[96];
	int r;

	/* The actuator passes through to its own directory; the database is 0600. */
	r = zl_parent_make_directory(
		p->cfg.state_directory, p->cfg.user_engine, 0711, reterr);
	(void)snprintf(p->actuator_directory, sizeof(p->actuator_directory),
		"%s/actuator", p->cfg.state_directory);
	if (r >= 0 && p->cfg.actuator)
		r = zl_parent_make_directory(
			p->actuator_directory, p->cfg.user_actuator, 0700, reterr);
	if (r >= 0)
		r = zl_parent_open_control(&p->cfg, &p->control, reterr);
	while (r >= 0 && !p->is_replay && zl_config_each(&at, item, sizeof(item)))
		r = open_listener(p, item, reterr);
	if (r >= 0)
		r = zl_ring_create(
			sizeof(struct zl_flow), RING_SLOTS, &p->ring, reterr);
	if (r < 0)
		return r;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		return zl_fail(reterr, -errno, "eventfd: %m");
	for (unsigned i = 0; i < CHANNEL_N; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0, p->pair[i]) < 0)
			return zl_fail(reterr, -errno, "socketpair: %m");
	return zl_channel_new(p->event,
		fcntl(p->pair[CHANNEL_PARENT][1], F_DUPFD_CLOEXEC, 3), &engine_handlers,
		p, &p->engine, reterr);
}

/* Root stays, but only to start roles under their uids and to end them. */
static int drop_capabilities(struct zl_error *reterr)
{
	if (geteuid() != 0) {
		zl_log(LOG_NOTICE, "not root: all roles run as uid %d", (int)geteuid());
		return 0;
	}
	return zl_sandbox_keep(1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
				       1ULL << CAP_SETPCAP | 1ULL << CAP_KILL |
				       1ULL << CAP_DAC_READ_SEARCH,
		reterr);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *user)
{
	(void)s;
	(void)si;
	stop_all(user, EXIT_SUCCESS);
	return 0;
}

static int run_parent(struct parent *p, struct zl_error *reterr)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	sigset_t blocked;
	int r;

	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < N_ITEMS(signals); i++)
		(void)sigaddset(&blocked, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r = sd_event_default(&p->event);
	if (r < 0)
		return zl_fail(reterr, r, "event loop: %s", strerror(-r));
	r = open_all(p, reterr);
	if (r < 0)
		return r;
	r = drop_capabilities(reterr);
	if (r < 0)
		return r;
	(void)sd_event_add_signal(p->event, NULL, SIGTERM, on_signal, p);
	(void)sd_event_add_signal(p->event, NULL, SIGINT, on_signal, p);
	(void)sd_event_add_signal(p->event, NULL, SIGHUP, on_signal, p);
	for (unsigned i = 0; i < ROLE_N && r >= 0; i++) {
		p->role[i].parent = p;
		p->role[i].id = (enum role_id)i;
		p->role[i].enabled = i != ROLE_ACTUATOR || p->cfg.actuator;
		if (p->role[i].enabled)
			r = start_role(&p->role[i]);
	}
	if (r < 0)
		return zl_fail(reterr, r, "cannot start the roles: %s", strerror(-r));
	/* The socket file stays: without CAP_DAC_OVERRIDE it is not ours to remove. */
	return sd_event_loop(p->event);
}

static void usage(FILE *to)
{
	(void)fprintf(to,
		"usage: zonelockd [--config FILE]\n"
		"       zonelockd --config FILE --replay [-- OPTION...]   (started by "
		"zonelock replay)\n\n"
		"Configuration (default " ZL_SYSCONFDIR "/zonelock/zonelockd.conf):\n");
	zl_config_help(zl_parent_options, ZL_PARENT_OPTIONS, to);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "config", required_argument, NULL,
						       'c' },
		{ "replay", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	static struct parent p = {
		.ring = -1, .wake = -1, .control = -1, .capture = -1
	};
	const char *path = ZL_SYSCONFDIR "/zonelock/zonelockd.conf";
	bool optional = true;
	struct zl_error err = { 0 };
	int c, r;

	while ((c = getopt_long(argc, argv, "c:hrV", longs, NULL)) != -1) {
		if (c == 'c') {
			path = optarg;
			optional = false;
		} else if (c == 'r') {
			p.is_replay = true;
		} else if (c == 'V') {
			(void)puts("zonelockd " ZL_VERSION);
			return EXIT_SUCCESS;
		} else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	r = zl_config_read(
		path, optional, zl_parent_options, ZL_PARENT_OPTIONS, &p.cfg, &err);
	if (r >= 0)
		r = zl_log_open("zonelockd", p.cfg.log_level, &err);
	if (r >= 0 && p.is_replay) {
		p.cfg.actuator = false;
		p.replay_args = argv + optind;
		r = p.capture = zl_role_need_fd("capture", &err);
	}
	if (r >= 0)
		r = run_parent(&p, &err);
	if (r < 0)
		zl_log_error(LOG_ERR, &err, NULL);
	zl_config_done(zl_parent_options, ZL_PARENT_OPTIONS, &p.cfg);
	return r < 0 ? EXIT_FAILURE : r;
}
