/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock with a pretended fleet. */
#include "tests/bench/contest_zonelock.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "controller/control/client.h"
#include "controller/store/objects.h"
#include "tests/bench/agents.h"

enum { TRIES = 1200, TRY_US = 100000 };

static const char *const programs[] = { "zonelockd", "zonelock-collector",
	"zonelock-engine" };

/* The programs into one folder, for zonelockd looks for the others beside itself. */
static int copy_program(const struct zl_contest *c, const char *from, const char *name,
	const char *to, struct zl_error *reterr)
{
	char path[2 * ZL_CONTEST_PATH];
	ZL_AUTO(zl_fd) int in = -1;
	ZL_AUTO(zl_fd) int out = -1;
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", from, name);
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in >= 0) {
		(void)snprintf(path, sizeof(path), "%s/%s", c->folder, to);
		out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	}
	while (out >= 0 && (n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	return n < 0 ? zl_fail(reterr, -errno, "%s: %m", path) : 0;
}

static int set_up(struct zl_contest *c, struct zl_error *reterr)
{
	const char *user = geteuid() == 0 ? "nobody" : "";
	ZL_AUTO(zl_file) FILE *f = NULL;
	char path[2 * ZL_CONTEST_PATH];
	int r = copy_program(c, c->doubles, "inventory", "zonelock-inventory", reterr);

	for (size_t i = 0; r >= 0 && i < N_ITEMS(programs); i++)
		r = copy_program(c, c->programs, programs[i], programs[i], reterr);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/zonelockd.conf", c->folder);
	f = fopen(path, "we");
	if (f == NULL)
		return zl_fail(reterr, -errno, "%s: %m", path);
	(void)fprintf(f,
		"[zonelockd]\nstate-directory = %s/state\n"
		"control-socket = %s/control.sock\nlisten = 127.0.0.1:%u\n"
		"user-engine = %s\nuser-collector = %s\nuser-inventory = %s\n"
		"log-level = err\nreceive-buffer = %d\n",
		c->folder, c->folder, c->port, user, user, user, ZL_CONTEST_BUFFER);
	(void)snprintf(path, sizeof(path), "%s/agents", c->folder);
	if (mkdir(path, 0755) < 0)
		return zl_fail(reterr, -errno, "%s: %m", path);
	c->agents = zl_agents_start(&c->fleet, path);
	return c->agents < 0 ? zl_fail(reterr, c->agents, "agents do not start") : 0;
}

static int connect_client(struct zl_contest *c, struct zl_error *reterr)
{
	char path[2 * ZL_CONTEST_PATH];
	int r = -ETIMEDOUT;

	(void)snprintf(path, sizeof(path), "%s/control.sock", c->folder);
	for (unsigned i = 0; i < TRIES && r < 0; i++) {
		(void)usleep(TRY_US);
		r = zl_client_open(path, &c->client, reterr);
	}
	return r;
}

/* One object into the database, with a uuid behind its name. */
static int put_object(struct zl_db *db, enum zl_object_kind kind, const char *name,
	const char *xml, struct zl_error *reterr)
{
	const char *end = strstr(xml, "</name>") + strlen("</name>");
	char full[ZL_FLEET_XML + 64], text[ZL_UUID_STR];
	struct zl_uuid uuid = zl_uuid_random();
	uint32_t revision;
	bool created;

	(void)snprintf(full, sizeof(full), "%.*s<uuid>%s</uuid>%s", (int)(end - xml),
		xml, zl_uuid_format(&uuid, text), end);
	return zl_objects_put(db, kind, name, &uuid, full, zl_wall_now(), &revision,
		&created, reterr);
}

/*
 * Everything.  Defining one by one takes time in proportion to how many
 * there are, and thousands of them would take longer than the bench.
 */
static int seed(struct zl_contest *c, struct zl_db *db, struct zl_error *reterr)
{
	char xml[ZL_FLEET_XML], agents[2 * ZL_CONTEST_PATH], name[ZL_FLEET_NAME];
	int r = zl_db_begin(db, reterr);

	(void)snprintf(agents, sizeof(agents), "%s/agents", c->folder);
	for (unsigned i = 0; i < c->fleet.n_zones && r >= 0; i++) {
		(void)snprintf(name, sizeof(name), "z%03u", i);
		zl_fleet_zone_xml(i, xml);
		r = put_object(db, ZL_OBJECT_ZONE, name, xml, reterr);
	}
	for (unsigned i = 0; i < c->fleet.n_zones && r >= 0; i++) {
		(void)snprintf(name, sizeof(name), "l%03u", i);
		zl_fleet_lock_xml(&c->fleet, i, xml);
		r = put_object(db, ZL_OBJECT_LOCK, name, xml, reterr);
	}
	for (unsigned i = 0; i < c->fleet.n_hosts && r >= 0; i++) {
		zl_fleet_host_xml(&c->fleet, i, agents, xml);
		r = put_object(db, ZL_OBJECT_HOST, zl_fleet_host(i, name), xml, reterr);
	}
	return zl_db_end(db, r, reterr);
}

static int make_state(struct zl_contest *c, struct zl_error *reterr)
{
	const struct passwd *nobody = geteuid() == 0 ? getpwnam("nobody") : NULL;
	char path[2 * ZL_CONTEST_PATH], file[3 * ZL_CONTEST_PATH];
	struct zl_db *db = NULL;
	int r;

	(void)snprintf(path, sizeof(path), "%s/state", c->folder);
	(void)snprintf(file, sizeof(file), "%s/zonelock.db", path);
	if (mkdir(path, 0711) < 0)
		return zl_fail(reterr, -errno, "%s: %m", path);
	r = zl_db_open(file, &db, reterr);
	if (r >= 0)
		r = seed(c, db, reterr);
	zl_db_close(db);
	if (r >= 0 && nobody != NULL &&
		(chown(path, nobody->pw_uid, nobody->pw_gid) < 0 ||
			chown(file, nobody->pw_uid, nobody->pw_gid) < 0))
		r = zl_fail(reterr, -errno, "%s: %m", file);
	return r;
}

static int define(struct zl_contest *c, const char *method, const char *xml,
	struct zl_error *reterr)
{
	json_t *params = json_pack("{s:s}", "xml", xml), *reply = NULL;
	int r = zl_client_call(c->client, method, params, &reply, reterr);

	json_decref(params);
	json_decref(reply);
	return r < 0 ? r : 0;
}

/* The first of each kind once more, as an operator does. */
static int define_rest(struct zl_contest *c, struct zl_error *reterr)
{
	char xml[ZL_FLEET_XML], agents[2 * ZL_CONTEST_PATH];
	int r;

	(void)snprintf(agents, sizeof(agents), "%s/agents", c->folder);
	zl_fleet_zone_xml(0, xml);
	r = define(c, "DefineZone", xml, reterr);
	zl_fleet_lock_xml(&c->fleet, 0, xml);
	if (r >= 0)
		r = define(c, "DefineLock", xml, reterr);
	zl_fleet_host_xml(&c->fleet, 0, agents, xml);
	return r < 0 ? r : define(c, "DefineHost", xml, reterr);
}

/* Does every host have all its machines and its agent? */
static bool is_complete(struct zl_contest *c)
{
	json_t *reply = NULL, *host;
	size_t i, n = 0;

	if (zl_client_call(c->client, "ListHosts", NULL, &reply, NULL) < 0)
		return false;
	json_array_foreach(json_object_get(reply, "hosts"), i, host) n +=
		json_integer_value(json_object_get(host, "domains")) ==
			(json_int_t)c->fleet.n_vms &&
		strcmp(json_string_value(json_object_get(host, "agent")), "up") == 0;
	json_decref(reply);
	return n == c->fleet.n_hosts;
}

int zl_contest_zonelock_start(struct zl_contest *c, struct zl_error *reterr)
{
	char program[2 * ZL_CONTEST_PATH], config[2 * ZL_CONTEST_PATH];
	int r = set_up(c, reterr);

	if (r >= 0)
		r = make_state(c, reterr);
	if (r < 0)
		return r;
	(void)snprintf(program, sizeof(program), "%s/zonelockd", c->folder);
	(void)snprintf(config, sizeof(config), "%s/zonelockd.conf", c->folder);
	c->pid = fork();
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(program, program, "--config", config, (char *)NULL);
		_exit(127);
	}
	if (c->pid < 0)
		return zl_fail(reterr, -errno, "fork: %m");
	r = connect_client(c, reterr);
	if (r >= 0)
		r = define_rest(c, reterr);
	for (unsigned i = 0; r >= 0 && i < TRIES; i++) {
		if (is_complete(c))
			return 0;
		(void)usleep(TRY_US);
	}
	return r < 0 ? r : zl_fail(reterr, -ETIMEDOUT, "not all hosts came up");
}

void zl_contest_zonelock_inside(
	struct zl_contest *c, uint64_t *ret_lost, uint64_t *ret_waiting)
{
	json_t *reply = NULL, *ring;

	if (zl_client_call(c->client, "DaemonStatus", NULL, &reply, NULL) < 0)
		return;
	ring = json_object_get(reply, "ring");
	*ret_lost = (uint64_t)json_integer_value(json_object_get(ring, "dropped"));
	*ret_waiting = (uint64_t)json_integer_value(json_object_get(ring, "used"));
	json_decref(reply);
}

uint64_t zl_contest_zonelock_flows(struct zl_contest *c)
{
	json_t *reply = NULL;
	uint64_t n;

	if (zl_client_call(c->client, "DaemonStatus", NULL, &reply, NULL) < 0)
		return 0;
	n = (uint64_t)json_integer_value(json_object_get(reply, "flows"));
	json_decref(reply);
	return n;
}

void zl_contest_zonelock_stop(struct zl_contest *c)
{
	zl_client_close(c->client);
	c->client = NULL;
	if (c->agents > 0) {
		(void)kill(c->agents, SIGKILL);
		(void)waitpid(c->agents, NULL, 0);
		c->agents = 0;
	}
}
