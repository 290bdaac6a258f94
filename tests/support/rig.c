/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole controller, started and asked by a test. */
#include "tests/support/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"
#include "tests/support/flowgen.h"

struct zl_rig zl_rig = { .dir = "/tmp/zl-engine-XXXXXX" };

#define WEB1                                                                           \
	"<domain type='test'><name>web1</name>"                                        \
	"<uuid>bbbbbbbb-0000-4000-8000-000000000001</uuid><memory>8192</memory>"       \
	"<os><type>hvm</type></os><devices><interface type='bridge'>"                  \
	"<mac address='52:54:00:00:00:01'/><source bridge='br0'/>"                     \
	"<target dev='tapweb'/></interface></devices></domain>"
#define DB1                                                                            \
	"<domain type='test'><name>db1</name>"                                         \
	"<uuid>bbbbbbbb-0000-4000-8000-000000000002</uuid><memory>8192</memory>"       \
	"<metadata><zonelock:domain xmlns:zonelock="                                   \
	"'http://zonelock.org/xmlns/libvirt/domain/1'>"                                \
	"<zonelock:nic mac='52:54:00:00:00:02'>"                                       \
	"<zonelock:address>10.0.0.2</zonelock:address></zonelock:nic>"                 \
	"</zonelock:domain></metadata>"                                                \
	"<os><type>hvm</type></os><devices><interface type='bridge'>"                  \
	"<mac address='52:54:00:00:00:02'/><source bridge='br0'/>"                     \
	"<target dev='tapdb'/></interface></devices></domain>"

#define WEB2                                                                           \
	"<domain type='test'><name>web2</name>"                                        \
	"<uuid>bbbbbbbb-0000-4000-8000-000000000003</uuid><memory>8192</memory>"       \
	"<metadata><zonelock:domain xmlns:zonelock="                                   \
	"'http://zonelock.org/xmlns/libvirt/domain/1'>"                                \
	"<zonelock:nic mac='52:54:00:00:00:03'>"                                       \
	"<zonelock:address>10.0.0.3</zonelock:address></zonelock:nic>"                 \
	"</zonelock:domain></metadata>"                                                \
	"<os><type>hvm</type></os><devices><interface type='bridge'>"                  \
	"<mac address='52:54:00:00:00:03'/><source bridge='br0'/>"                     \
	"<target dev='tapweb2'/></interface></devices></domain>"

const char zl_rig_node[] = "<node>" WEB1 DB1 WEB2 "</node>";
const char zl_rig_node_without_web1[] = "<node>" DB1 "</node>";
const char zl_rig_node_of_web1[] = "<node>" WEB1 "</node>";
const char zl_rig_node_empty[] = "<node/>";

const char zl_rig_lock[] =
	"<lock><name>db-lock</name><zone>db</zone><mode>enforce</mode>"
	"<inbound default='deny'><allow from='web' protocol='tcp' ports='5432'/>"
	"</inbound><response action='quarantine' grade='strict' ttl='600'/></lock>";

void zl_rig_path(const char *name, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", zl_rig.dir, name);
}

void zl_rig_write(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	zl_rig_path(name, path, sizeof(path));
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
	assert_int_equal(0, chmod(path, 0644));
}

int zl_rig_call(const char *method, json_t *params, json_t **ret, struct zl_error *err)
{
	json_t *reply = NULL;
	int r = zl_client_call(zl_rig.client, method, params, &reply, err);

	json_decref(params);
	if (ret != NULL)
		*ret = reply;
	else
		json_decref(reply);
	return r;
}

void zl_rig_must(const char *method, json_t *params, json_t **ret)
{
	struct zl_error err = { 0 };
	int r = zl_rig_call(method, params, ret, &err);

	if (r < 0)
		fail_msg("%s: %s", method, err.msg);
}

static void start_daemon(void)
{
	const char *b = getenv("B");
	char program[256], config[256];

	(void)snprintf(program, sizeof(program), "%s/bin/zonelockd",
		b == NULL ? "build/debug" : b);
	zl_rig_path("zonelockd.conf", config, sizeof(config));
	zl_rig.daemon = fork();
	if (zl_rig.daemon == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(program, program, "--config", config, (char *)NULL);
		_exit(127);
	}
	assert_true(zl_rig.daemon > 0);
}

void zl_rig_connect(void)
{
	char socket_path[256];
	struct zl_error err = { 0 };

	zl_rig_path("control.sock", socket_path, sizeof(socket_path));
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		json_t *status = NULL;

		if (zl_rig.client == NULL)
			(void)!zl_client_open(socket_path, &zl_rig.client, &err);
		if (zl_rig.client != NULL &&
			zl_client_call(zl_rig.client, "DaemonStatus", NULL, &status,
				&err) >= 0) {
			json_decref(status);
			return;
		}
		zl_client_close(zl_rig.client);
		zl_rig.client = NULL;
		(void)usleep(ZL_RIG_TRY_US);
	}
	fail_msg("the daemon does not answer: %s", err.msg);
}

const char *zl_rig_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

json_t *zl_rig_pick(json_t *doc, const char *list, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(doc, list), i,
		item) if (strcmp(json_string_value(json_object_get(item, key)),
				  value) == 0) return item;
	return NULL;
}

bool zl_rig_await(const char *method, const char *list, const char *id,
	const char *name, const char *key, const char *want)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		json_t *doc = NULL, *item;
		const char *got;
		bool ok;

		zl_rig_must(method, NULL, &doc);
		item = zl_rig_pick(doc, list, id, name);
		got = item == NULL ? NULL
				   : json_string_value(json_object_get(item, key));
		ok = got != NULL && strcmp(got, want) == 0;
		json_decref(doc);
		if (ok)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

size_t zl_rig_count(const char *method, json_t *params, const char *list)
{
	json_t *doc = NULL;
	size_t n;

	zl_rig_must(method, params, &doc);
	n = json_array_size(json_object_get(doc, list));
	json_decref(doc);
	return n;
}

bool zl_rig_await_count(const char *method, const char *list, size_t want)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		if (zl_rig_count(method, NULL, list) == want)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

void zl_rig_send_datagram(int fd, const struct zl_flowgen *g)
{
	struct sockaddr_storage ss;
	unsigned len;
	char to[32];

	(void)snprintf(to, sizeof(to), "127.0.0.1:%d", zl_rig.port);
	assert_true(zl_endpoint_parse(to, &ss, &len));
	assert_int_equal((int)g->n,
		(int)sendto(fd, g->bytes, g->n, 0, (struct sockaddr *)&ss, len));
}

void zl_rig_send(const struct zl_flowgen_v5_record *records, unsigned n)
{
	struct zl_flowgen g;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	zl_flowgen_v5(&g, ZL_RIG_UPTIME, (uint32_t)(zl_wall_now().us / ZL_US_PER_S),
		zl_rig.sequence, 0, 0);
	zl_rig.sequence += n;
	for (unsigned i = 0; i < n; i++)
		zl_flowgen_v5_record(&g, &records[i]);
	zl_flowgen_end(&g);
	zl_rig_send_datagram(fd, &g);
	(void)close(fd);
}

void zl_rig_flow(uint16_t in_if, uint32_t src, uint32_t dst, uint16_t sport,
	uint16_t dport, uint8_t flags, uint32_t age_ms)
{
	const struct zl_flowgen_v5_record record = { .src = src,
		.dst = dst,
		.packets = 3,
		.octets = 180,
		.first = ZL_RIG_UPTIME - age_ms - 10,
		.last = ZL_RIG_UPTIME - age_ms,
		.in_if = in_if,
		.sport = sport,
		.dport = dport,
		.tcp_flags = flags,
		.proto = 6 };

	zl_rig_send(&record, 1);
}

pid_t zl_rig_run_agent(
	const char *name, enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	struct zl_fakeagent a = { .n_links = 0 };
	char path[256];
	pid_t pid;

	if (more != NULL)
		a = *more;
	zl_rig_path(name, path, sizeof(path));
	a.path = path;
	a.answer = answer;
	a.n_links = 2;
	a.links[0] = (struct zl_fakeagent_link){ 11, "tapweb",
		{ { 0xfe, 0x54, 0, 0, 0, 1 } } };
	a.links[1] = (struct zl_fakeagent_link){ 12, "tapdb",
		{ { 0xfe, 0x54, 0, 0, 0, 2 } } };
	pid = zl_fakeagent_start(&a);
	assert_true(pid > 0);
	return pid;
}

void zl_rig_replace_agent(const char *host, pid_t *pid, const char *name,
	enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	zl_fakeagent_stop(*pid);
	assert_true(zl_rig_await("ListHosts", "hosts", "name", host, "agent", "down"));
	*pid = zl_rig_run_agent(name, answer, more);
	assert_true(zl_rig_await("ListHosts", "hosts", "name", host, "agent", "up"));
}

void zl_rig_start_agent(enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	zl_rig_replace_agent("hv1", &zl_rig.agent, "agent.sock", answer, more);
}

void zl_rig_define_host(const char *name, const char *node_file, const char *agent,
	const char *exporter)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		"<host><name>%s</name><libvirt uri='test://%s/%s'/>"
		"<agent address='unix://%s/%s'/>%s</host>",
		name, zl_rig.dir, node_file, zl_rig.dir, agent, exporter);
	zl_rig_must("DefineHost", json_pack("{s:s}", "xml", text), NULL);
}

void zl_rig_kill_role(const char *name)
{
	json_t *doc = NULL, *role;

	zl_rig_must("DaemonStatus", NULL, &doc);
	role = zl_rig_pick(doc, "roles", "name", name);
	assert_int_equal(0,
		kill((pid_t)json_integer_value(json_object_get(role, "pid")), SIGKILL));
	json_decref(doc);
}

static sqlite3 *blocker;

void zl_rig_block_database(void)
{
	char path[256];

	zl_rig_path("state/zonelock.db", path, sizeof(path));
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &blocker));
	(void)sqlite3_busy_timeout(blocker, 5000);
	assert_int_equal(
		SQLITE_OK, sqlite3_exec(blocker, "BEGIN IMMEDIATE", NULL, NULL, NULL));
}

void zl_rig_unblock_database(void)
{
	(void)sqlite3_close(blocker);
	blocker = NULL;
}

bool zl_rig_await_database(bool is_ok)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		json_t *doc = NULL;
		bool found;

		zl_rig_must("DaemonStatus", NULL, &doc);
		found = (strcmp(zl_rig_text(doc, "database"), "ok") == 0) == is_ok;
		json_decref(doc);
		if (found)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

void zl_rig_define_policy(void)
{
	zl_rig_must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>web</name><members><domain "
			"name='web*'/></members></zone>"),
		NULL);
	zl_rig_must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>db</name><members><domain "
			"name='db*'/></members></zone>"),
		NULL);
	zl_rig_must("DefineLock", json_pack("{s:s}", "xml", zl_rig_lock), NULL);
}

int zl_rig_setup(void **state)
{
	const char *user = geteuid() == 0 ? "nobody" : "";
	char text[1024];

	(void)state;
	zl_rig.port = 20000 + getpid() % 10000;
	assert_non_null(mkdtemp(zl_rig.dir));
	assert_int_equal(0, chmod(zl_rig.dir, 0755));
	zl_rig_write("node.xml", zl_rig_node);
	(void)snprintf(text, sizeof(text),
		"[zonelockd]\nstate-directory = %s/state\ncontrol-socket = "
		"%s/control.sock\nlisten = 127.0.0.1:%d\nuser-engine = "
		"%s\nuser-collector = %s\nuser-inventory = %s\nlog-level = warning\n",
		zl_rig.dir, zl_rig.dir, zl_rig.port, user, user, user);
	zl_rig_write("zonelockd.conf", text);
	zl_rig.agent = zl_rig_run_agent("agent.sock", ZL_LEASE_APPLIED, NULL);
	start_daemon();
	zl_rig_connect();
	zl_rig_define_host("hv1", "node.xml", "agent.sock",
		"<exporter address='127.0.0.1' interfaces='ifindex' sampling='1'/>");
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(zl_rig_await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	return 0;
}

int zl_rig_setup_with_policy(void **state)
{
	int r = zl_rig_setup(state);

	zl_rig_define_policy();
	return r;
}

int zl_rig_teardown(void **state)
{
	char command[64];

	(void)state;
	zl_client_close(zl_rig.client);
	zl_rig.client = NULL;
	if (zl_rig.daemon > 0) {
		(void)kill(zl_rig.daemon, SIGTERM);
		(void)waitpid(zl_rig.daemon, NULL, 0);
	}
	zl_fakeagent_stop(zl_rig.agent);
	zl_fakeagent_stop(zl_rig.agent2);
	(void)snprintf(command, sizeof(command), "rm -rf %s", zl_rig.dir);
	return system(command);
}

size_t zl_rig_count_audit(const char *verb)
{
	json_t *doc = NULL, *item;
	size_t i, n = 0;

	zl_rig_must("ListAudit", json_pack("{s:i}", "limit", 1000), &doc);
	json_array_foreach(json_object_get(doc, "records"), i, item) n +=
		strcmp(verb, json_string_value(json_object_get(item, "verb"))) == 0;
	json_decref(doc);
	return n;
}

bool zl_rig_await_audit(const char *verb, size_t want)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		if (zl_rig_count_audit(verb) == want)
			return true;
		(void)usleep(ZL_RIG_TRY_US);
	}
	return false;
}

void zl_rig_assert_audit_ok(void)
{
	json_t *doc = NULL;

	zl_rig_must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}
