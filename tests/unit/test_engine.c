/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole controller, as it is started by zonelockd: libvirt's test driver below it,
 * a flow exporter beside it, an agent of protocol alone behind it.
 *
 * What happens on a host is the lab's business.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "controller/control/client.h"
#include "controller/control/varlink.h"
#include "tests/support/fakeagent.h"
#include "tests/support/flowgen.h"

enum { TRIES = 200, TRY_US = 50000, SYN = 2, ACK = 16, FULL = 27 };

static char dir[] = "/tmp/zl-engine-XXXXXX";
static pid_t daemon_pid, agent_pid, agent2_pid;
static struct zl_client *client;
static uint32_t sequence;
static int port; /* of this process alone: tests run side by side */

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

static const char node[] = "<node>" WEB1 DB1 "</node>";
static const char node_without_web1[] = "<node>" DB1 "</node>";
static const char node_of_web1[] = "<node>" WEB1 "</node>";
static const char node_empty[] = "<node/>";

static const char lock_enforce[] =
	"<lock><name>db-lock</name><zone>db</zone><mode>enforce</mode>"
	"<inbound default='deny'><allow from='web' protocol='tcp' ports='5432'/>"
	"</inbound><response action='quarantine' grade='strict' ttl='600'/></lock>";

static void path_of(const char *name, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	path_of(name, path, sizeof(path));
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
	assert_int_equal(0, chmod(path, 0644));
}

static int call(const char *method, json_t *params, json_t **ret, struct zl_error *err)
{
	json_t *reply = NULL;
	int r = zl_client_call(client, method, params, &reply, err);

	json_decref(params);
	if (ret != NULL)
		*ret = reply;
	else
		json_decref(reply);
	return r;
}

static void must(const char *method, json_t *params, json_t **ret)
{
	struct zl_error err = { 0 };
	int r = call(method, params, ret, &err);

	if (r < 0)
		fail_msg("%s: %s", method, err.msg);
}

static void start_daemon(void)
{
	const char *b = getenv("B");
	char program[256], config[256];

	(void)snprintf(program, sizeof(program), "%s/bin/zonelockd",
		b == NULL ? "build/debug" : b);
	path_of("zonelockd.conf", config, sizeof(config));
	daemon_pid = fork();
	if (daemon_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(program, program, "--config", config, (char *)NULL);
		_exit(127);
	}
	assert_true(daemon_pid > 0);
}

static void connect_client(void)
{
	char socket_path[256];
	struct zl_error err = { 0 };

	path_of("control.sock", socket_path, sizeof(socket_path));
	for (int i = 0; i < TRIES; i++) {
		json_t *status = NULL;

		if (client == NULL)
			(void)!zl_client_open(socket_path, &client, &err);
		if (client != NULL && zl_client_call(client, "DaemonStatus", NULL,
					      &status, &err) >= 0) {
			json_decref(status);
			return;
		}
		zl_client_close(client);
		client = NULL;
		(void)usleep(TRY_US);
	}
	fail_msg("the daemon does not answer: %s", err.msg);
}

/* The first of a list's objects whose `key` is `value`; borrowed from `doc`. */
static json_t *pick(json_t *doc, const char *list, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(doc, list), i,
		item) if (strcmp(json_string_value(json_object_get(item, key)),
				  value) == 0) return item;
	return NULL;
}

/* Wait until the object of that name has that text in `key`. */
static bool await(const char *method, const char *list, const char *id,
	const char *name, const char *key, const char *want)
{
	for (int i = 0; i < TRIES; i++) {
		json_t *doc = NULL, *item;
		const char *got;
		bool ok;

		must(method, NULL, &doc);
		item = pick(doc, list, id, name);
		got = item == NULL ? NULL
				   : json_string_value(json_object_get(item, key));
		ok = got != NULL && strcmp(got, want) == 0;
		json_decref(doc);
		if (ok)
			return true;
		(void)usleep(TRY_US);
	}
	return false;
}

static size_t count(const char *method, json_t *params, const char *list)
{
	json_t *doc = NULL;
	size_t n;

	must(method, params, &doc);
	n = json_array_size(json_object_get(doc, list));
	json_decref(doc);
	return n;
}

static bool await_count(const char *method, const char *list, size_t want)
{
	for (int i = 0; i < TRIES; i++) {
		if (count(method, NULL, list) == want)
			return true;
		(void)usleep(TRY_US);
	}
	return false;
}

/* One v5 record from 127.0.0.1; its last packet was seen `age_ms` ago. */
static void send_flow(uint16_t in_if, uint32_t src, uint32_t dst, uint16_t sport,
	uint16_t dport, uint8_t flags, uint32_t age_ms)
{
	struct sockaddr_storage ss;
	struct zl_flowgen g;
	unsigned len;
	char to[32];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to, sizeof(to), "127.0.0.1:%d", port);
	assert_true(zl_endpoint_parse(to, &ss, &len));
	zl_flowgen_v5(&g, 1000000, (uint32_t)(zl_wall_now().us / ZL_US_PER_S),
		sequence++, 0, 0);
	zl_flowgen_v5_record(&g, &(struct zl_flowgen_v5_record){ .src = src,
					 .dst = dst,
					 .packets = 3,
					 .octets = 180,
					 .first = 1000000 - age_ms - 10,
					 .last = 1000000 - age_ms,
					 .in_if = in_if,
					 .sport = sport,
					 .dport = dport,
					 .tcp_flags = flags,
					 .proto = 6 });
	zl_flowgen_end(&g);
	assert_int_equal((int)g.n,
		(int)sendto(fd, g.bytes, g.n, 0, (struct sockaddr *)&ss, len));
	(void)close(fd);
}

/* An agent of hv1 or hv2 that answers so; the rest is in `more`, or NULL. */
static pid_t run_agent(
	const char *name, enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	struct zl_fakeagent a = { .n_links = 0 };
	char path[256];
	pid_t pid;

	if (more != NULL)
		a = *more;
	path_of(name, path, sizeof(path));
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

/* Another agent in place of the one of `host`. */
static void replace_agent(const char *host, pid_t *pid, const char *name,
	enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	zl_fakeagent_stop(*pid);
	assert_true(await("ListHosts", "hosts", "name", host, "agent", "down"));
	*pid = run_agent(name, answer, more);
	assert_true(await("ListHosts", "hosts", "name", host, "agent", "up"));
}

static void start_agent(enum zl_lease_state answer, const struct zl_fakeagent *more)
{
	replace_agent("hv1", &agent_pid, "agent.sock", answer, more);
}

static void define_host(const char *name, const char *node_file, const char *agent,
	const char *exporter)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		"<host><name>%s</name><libvirt uri='test://%s/%s'/>"
		"<agent address='unix://%s/%s'/>%s</host>",
		name, dir, node_file, dir, agent, exporter);
	must("DefineHost", json_pack("{s:s}", "xml", text), NULL);
}

static void kill_role(const char *name)
{
	json_t *doc = NULL, *role;

	must("DaemonStatus", NULL, &doc);
	role = pick(doc, "roles", "name", name);
	assert_int_equal(0,
		kill((pid_t)json_integer_value(json_object_get(role, "pid")), SIGKILL));
	json_decref(doc);
}

static int setup(void **state)
{
	const char *user = geteuid() == 0 ? "nobody" : "";
	char text[1024];

	(void)state;
	port = 20000 + getpid() % 10000;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(0, chmod(dir, 0755));
	write_file("node.xml", node);
	(void)snprintf(text, sizeof(text),
		"[zonelockd]\nstate-directory = %s/state\ncontrol-socket = "
		"%s/control.sock\nlisten = 127.0.0.1:%d\nuser-engine = "
		"%s\nuser-collector = %s\nuser-inventory = %s\nlog-level = warning\n",
		dir, dir, port, user, user, user);
	write_file("zonelockd.conf", text);
	agent_pid = run_agent("agent.sock", ZL_LEASE_APPLIED, NULL);
	start_daemon();
	connect_client();
	define_host("hv1", "node.xml", "agent.sock",
		"<exporter address='127.0.0.1' interfaces='ifindex'/>");
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	zl_client_close(client);
	client = NULL;
	if (daemon_pid > 0) {
		(void)kill(daemon_pid, SIGTERM);
		(void)waitpid(daemon_pid, NULL, 0);
	}
	zl_fakeagent_stop(agent_pid);
	zl_fakeagent_stop(agent2_pid);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_objects(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	assert_true(await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>web</name><members><domain "
			"name='web*'/></members></zone>"),
		NULL);
	must("DefineZone",
		json_pack("{s:s}", "xml",
			"<zone><name>db</name><members><domain "
			"name='db*'/></members></zone>"),
		NULL);
	assert_true(call("DefineLock",
			    json_pack("{s:s, s:s}", "xml",
				    "<lock><name>l</name><zone>nowhere</zone></lock>",
				    "file", "l.xml"),
			    NULL, &err) < 0);
	assert_non_null(strstr(err.msg, "nowhere"));
	assert_int_equal(0, count("ListLocks", NULL, "locks"));
	must("DefineLock", json_pack("{s:s}", "xml", lock_enforce), NULL);
	assert_true(
		call("UndefineZone", json_pack("{s:s}", "name", "db"), NULL, &err) < 0);
	assert_int_equal(2, count("ListZones", NULL, "zones"));
}

static void test_allowed_and_replies(void **state)
{
	(void)state;
	/* What the lock allows; its reply; and db1's answer to a stranger. */
	send_flow(11, 0x0a000001, 0x0a000002, 40000, 5432, FULL, 0);
	send_flow(12, 0x0a000002, 0x0a000001, 5432, 40000, FULL, 0);
	send_flow(12, 0x0a000002, 0x0a0000c8, 22, 40001, FULL, 0);
	assert_true(await_count("ListFlows", "flows", 3));
	assert_int_equal(0,
		count("ListMitigations", json_pack("{s:b}", "all", 1), "mitigations"));
}

static void test_reply_alone_is_an_alert_about_the_client(void **state)
{
	json_t *doc = NULL, *item;

	(void)state;
	send_flow(12, 0x0a000002, 0x0a000001, 22, 40002, FULL, 0);
	assert_true(await_count("ListIncidents", "incidents", 2));
	must("ListIncidents", NULL, &doc);
	item = pick(doc, "incidents", "domain", "web1");
	assert_non_null(item);
	assert_string_equal(
		"alert", json_string_value(json_object_get(item, "decision")));
	json_decref(doc);
	assert_int_equal(0,
		count("ListMitigations", json_pack("{s:b}", "all", 1), "mitigations"));
}

static void test_violation_quarantines_once(void **state)
{
	json_t *doc = NULL, *item;

	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		send_flow(
			11, 0x0a000001, 0x0a000002, (uint16_t)(41000 + i), 22, SYN, 0);
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"applied"));
	assert_int_equal(1, count("ListMitigations", NULL, "mitigations"));
	assert_int_equal(2, count("ListIncidents", NULL, "incidents"));
	must("ListMitigations", NULL, &doc);
	item = pick(doc, "mitigations", "domain", "web1");
	assert_string_equal(
		"lock db-lock", json_string_value(json_object_get(item, "actor")));
	assert_string_equal(
		"strict", json_string_value(json_object_get(item, "grade")));
	json_decref(doc);
}

/* The database is what counts: the engine dies and knows it all again. */
static void test_engine_killed(void **state)
{
	json_t *doc = NULL;

	(void)state;
	kill_role("engine");
	zl_client_close(client);
	client = NULL;
	connect_client();
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"applied"));
	assert_true(await("ListHosts", "hosts", "name", "hv1", "state", "up"));
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}

static void test_release_holds(void **state)
{
	(void)state;
	must("Release", json_pack("{s:s, s:s}", "domain", "web1", "reason", "test"),
		NULL);
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	/* Records of traffic from before the release come late. */
	send_flow(11, 0x0a000001, 0x0a000002, 42000, 22, SYN, 30000);
	send_flow(11, 0x0a000001, 0x0a000002, 42001, 22, SYN, 5000);
	assert_true(await_count("ListIncidents", "incidents", 3));
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	(void)usleep(300000);
	send_flow(11, 0x0a000001, 0x0a000002, 42002, 22, SYN, 0);
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"applied"));
	must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
}

/* The host refuses: said once, not tried for every record, and nothing is claimed. */
static void test_refused_by_the_host(void **state)
{
	json_t *doc = NULL;
	struct zl_error err = { 0 };

	(void)state;
	start_agent(ZL_LEASE_FAILED,
		&(struct zl_fakeagent){ .message = "refused by never-touch" });
	assert_true(call("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL,
			    &err) < 0);
	assert_non_null(strstr(err.msg, "never-touch"));
	(void)usleep(300000);
	for (uint16_t i = 0; i < 10; i++)
		send_flow(
			11, 0x0a000001, 0x0a000002, (uint16_t)(43000 + i), 22, SYN, 0);
	assert_true(await_count("ListIncidents", "incidents", 4));
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	must("ListMitigations", json_pack("{s:b}", "all", 1), &doc);
	assert_int_equal(4, json_array_size(json_object_get(doc, "mitigations")));
	json_decref(doc);
	must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}

static void assert_audit_ok(void)
{
	json_t *doc = NULL;

	must("VerifyAudit", NULL, &doc);
	assert_true(json_is_true(json_object_get(doc, "ok")));
	json_decref(doc);
}

/* What was in force and has trouble is still ours. */
static void test_trouble_does_not_end_a_lease(void **state)
{
	(void)state;
	start_agent(ZL_LEASE_APPLIED, NULL);
	must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	start_agent(ZL_LEASE_FAILED,
		&(struct zl_fakeagent){
			.message = "the kernel is not as it should be" });
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"degraded"));
	start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"applied"));
	must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
}

/* The host cannot end it: that is said, recorded, and tried until it can. */
static void test_release_is_tried_again(void **state)
{
	json_t *doc = NULL;

	(void)state;
	start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .clings = true });
	must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	must("Release", json_pack("{s:s}", "domain", "web1"), &doc);
	assert_string_equal(
		"releasing", json_string_value(json_object_get(doc, "state")));
	json_decref(doc);
	must("ListAudit", NULL, &doc);
	assert_non_null(pick(doc, "records", "verb", "lease-releasing"));
	json_decref(doc);
	start_agent(ZL_LEASE_APPLIED, NULL);
	assert_true(await_count("ListMitigations", "mitigations", 0));
	assert_audit_ok();
}

static void move_web1(const char *on_hv1, const char *on_hv2, const char *to)
{
	write_file("node.xml", on_hv1);
	write_file("node2.xml", on_hv2);
	kill_role("inventory");
	assert_true(
		await("ListMitigations", "mitigations", "domain", "web1", "host", to));
	assert_true(await("ListMitigations", "mitigations", "domain", "web1", "state",
		"applied"));
}

/* There and back again: contained on both ways, released on all hosts. */
static void test_lease_follows_the_domain(void **state)
{
	(void)state;
	write_file("node2.xml", node_empty);
	agent2_pid = run_agent("agent2.sock", ZL_LEASE_APPLIED, NULL);
	define_host("hv2", "node2.xml", "agent2.sock", "");
	assert_true(await("ListHosts", "hosts", "name", "hv2", "agent", "up"));
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	move_web1(node_without_web1, node_of_web1, "hv2");
	move_web1(node, node_empty, "hv1");
	(void)usleep(300000); /* no late report ends it */
	assert_int_equal(1, count("ListMitigations", NULL, "mitigations"));
	must("Release", json_pack("{s:s}", "domain", "web1"), NULL);
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
}

/* An agent speaks for its host: what it makes up about others has no effect. */
static void test_hijacked_agent(void **state)
{
	struct zl_lease lie = { .action = ZL_ACTION_QUARANTINE, .n_nics = 1 };

	(void)state;
	lie.expires.us = INT64_MAX;
	lie.id.b[0] = 7;
	assert_true(zl_uuid_parse("bbbbbbbb-0000-4000-8000-000000000002", &lie.domain));
	replace_agent("hv2", &agent2_pid, "agent2.sock", ZL_LEASE_APPLIED,
		&(struct zl_fakeagent){ .keeps = &lie });
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	/* Nor may it have the actuator act. */
	lie.backend = ZL_BACKEND_NWFILTER;
	start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .keeps = &lie });
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	/* What is really its own is kept, and can be released. */
	lie.backend = ZL_BACKEND_NFTABLES;
	start_agent(ZL_LEASE_APPLIED, &(struct zl_fakeagent){ .keeps = &lie });
	assert_true(await_count("ListMitigations", "mitigations", 1));
	must("Release", json_pack("{s:s}", "domain", "db1"), NULL);
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
}

/* A host that never comes back can be let go of, once its domains are released. */
static void test_host_is_gone_for_good(void **state)
{
	struct zl_error err = { 0 };

	(void)state;
	must("Quarantine", json_pack("{s:s}", "domain", "web1"), NULL);
	zl_fakeagent_stop(agent_pid);
	agent_pid = 0;
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "down"));
	assert_true(call("UndefineHost", json_pack("{s:s}", "name", "hv1"), NULL,
			    &err) < 0);
	assert_true(
		call("Release", json_pack("{s:s}", "domain", "web1"), NULL, &err) < 0);
	assert_int_equal(-EHOSTUNREACH, err.code);
	assert_int_equal(1, count("ListMitigations", NULL, "mitigations"));
	must("UndefineHost", json_pack("{s:s}", "name", "hv1"), NULL);
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	assert_audit_ok();
}

/* Another program holds the database, as a full disk would: for us the same failure. */
static sqlite3 *hold_database(void)
{
	sqlite3 *db = NULL;
	char path[256];

	path_of("state/zonelock.db", path, sizeof(path));
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	assert_int_equal(
		SQLITE_OK, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	return db;
}

static size_t count_audit(const char *verb)
{
	json_t *doc = NULL, *item;
	size_t i, n = 0;

	must("ListAudit", json_pack("{s:i}", "limit", 1000), &doc);
	json_array_foreach(json_object_get(doc, "records"), i, item) n +=
		strcmp(verb, json_string_value(json_object_get(item, "verb"))) == 0;
	json_decref(doc);
	return n;
}

static bool await_audit(const char *verb, size_t want)
{
	for (int i = 0; i < TRIES; i++) {
		if (count_audit(verb) == want)
			return true;
		(void)usleep(TRY_US);
	}
	return false;
}

/* Nothing is begun that is not recorded; what happens anyway is recorded later. */
static void test_database_cannot_be_written(void **state)
{
	struct zl_error err = { 0 };
	size_t n_opened, n_expired;
	sqlite3 *db;

	(void)state;
	start_agent(ZL_LEASE_APPLIED, NULL);
	must("Quarantine", json_pack("{s:s, s:i}", "domain", "web1", "ttl", 600), NULL);
	n_opened = count_audit("incident-open");
	n_expired = count_audit("lease-expired");
	db = hold_database();
	assert_true(call("Quarantine", json_pack("{s:s}", "domain", "db1"), NULL,
			    &err) < 0);
	assert_non_null(strstr(err.msg, "nothing was done"));
	assert_int_equal(1, count("ListMitigations", NULL, "mitigations"));
	/* An incident opens, and the lease ends on its host. */
	send_flow(11, 0x0a000001, 0x0a000002, 44000, 22, SYN, 0);
	start_agent(ZL_LEASE_EXPIRED, NULL);
	(void)usleep(500000);
	assert_int_equal(n_expired, count_audit("lease-expired"));
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
	assert_int_equal(SQLITE_OK, sqlite3_close(db));
	assert_true(await_audit("lease-expired", n_expired + 1));
	assert_true(await_audit("incident-open", n_opened + 1));
	assert_int_equal(0, count("ListMitigations", NULL, "mitigations"));
	assert_audit_ok();
	start_agent(ZL_LEASE_APPLIED, NULL);
}

/* Who waits for its restart does not come back while all are stopped. */
static void test_stop_while_a_role_is_down(void **state)
{
	pid_t ended = 0;

	(void)state;
	kill_role("collector");
	(void)usleep(50000);
	assert_int_equal(0, kill(daemon_pid, SIGTERM));
	for (int i = 0; i < TRIES && ended == 0; i++) {
		ended = waitpid(daemon_pid, NULL, WNOHANG);
		(void)usleep(TRY_US / 2);
	}
	assert_int_equal(daemon_pid, ended);
	daemon_pid = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_allowed_and_replies),
		cmocka_unit_test(test_reply_alone_is_an_alert_about_the_client),
		cmocka_unit_test(test_violation_quarantines_once),
		cmocka_unit_test(test_engine_killed),
		cmocka_unit_test(test_release_holds),
		cmocka_unit_test(test_refused_by_the_host),
		cmocka_unit_test(test_trouble_does_not_end_a_lease),
		cmocka_unit_test(test_release_is_tried_again),
		cmocka_unit_test(test_lease_follows_the_domain),
		cmocka_unit_test(test_hijacked_agent),
		cmocka_unit_test(test_database_cannot_be_written),
		cmocka_unit_test(test_host_is_gone_for_good),
		cmocka_unit_test(test_stop_while_a_role_is_down),
	};

	return cmocka_run_group_tests_name("engine", tests, setup, teardown);
}
