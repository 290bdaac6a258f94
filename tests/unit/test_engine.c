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

#include "base/cleanup.h"
#include "controller/control/client.h"
#include "controller/control/varlink.h"
#include "tests/support/fakeagent.h"
#include "tests/support/flowgen.h"

enum { TRIES = 200, TRY_US = 50000, SYN = 2, ACK = 16, FULL = 27 };

static char dir[] = "/tmp/zl-engine-XXXXXX";
static pid_t daemon_pid, agent_pid;
static struct zl_client *client;
static uint32_t sequence;
static int port; /* of this process alone: tests run side by side */

static const char node[] =
	"<node><domain type='test'><name>web1</name>"
	"<uuid>bbbbbbbb-0000-4000-8000-000000000001</uuid><memory>8192</memory>"
	"<os><type>hvm</type></os><devices><interface type='bridge'>"
	"<mac address='52:54:00:00:00:01'/><source bridge='br0'/>"
	"<target dev='tapweb'/></interface></devices></domain>"
	"<domain type='test'><name>db1</name>"
	"<uuid>bbbbbbbb-0000-4000-8000-000000000002</uuid><memory>8192</memory>"
	"<metadata><zonelock:domain xmlns:zonelock="
	"'http://zonelock.org/xmlns/libvirt/domain/1'>"
	"<zonelock:nic mac='52:54:00:00:00:02'>"
	"<zonelock:address>10.0.0.2</zonelock:address></zonelock:nic>"
	"</zonelock:domain></metadata>"
	"<os><type>hvm</type></os><devices><interface type='bridge'>"
	"<mac address='52:54:00:00:00:02'/><source bridge='br0'/>"
	"<target dev='tapdb'/></interface></devices></domain></node>";

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

static void start_agent(enum zl_lease_state answer, const char *message)
{
	char path[256];
	struct zl_fakeagent a = {
		.path = path, .n_links = 2, .answer = answer, .message = message
	};

	path_of("agent.sock", path, sizeof(path));
	a.links[0] = (struct zl_fakeagent_link){ 11, "tapweb",
		{ { 0xfe, 0x54, 0, 0, 0, 1 } } };
	a.links[1] = (struct zl_fakeagent_link){ 12, "tapdb",
		{ { 0xfe, 0x54, 0, 0, 0, 2 } } };
	zl_fakeagent_stop(agent_pid);
	agent_pid = zl_fakeagent_start(&a);
	assert_true(agent_pid > 0);
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
	start_agent(ZL_LEASE_APPLIED, NULL);
	start_daemon();
	connect_client();
	(void)snprintf(text, sizeof(text),
		"<host><name>hv1</name><libvirt uri='test://%s/node.xml'/>"
		"<agent address='unix://%s/agent.sock'/>"
		"<exporter address='127.0.0.1' interfaces='ifindex'/></host>",
		dir, dir);
	must("DefineHost", json_pack("{s:s, s:s}", "xml", text, "file", "hv1.xml"),
		NULL);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	zl_client_close(client);
	client = NULL;
	(void)kill(daemon_pid, SIGTERM);
	(void)waitpid(daemon_pid, NULL, 0);
	zl_fakeagent_stop(agent_pid);
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
	json_t *doc = NULL, *role;

	(void)state;
	must("DaemonStatus", NULL, &doc);
	role = pick(doc, "roles", "name", "engine");
	(void)kill((pid_t)json_integer_value(json_object_get(role, "pid")), SIGKILL);
	json_decref(doc);
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
	start_agent(ZL_LEASE_FAILED, "refused by never-touch");
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "down") ||
		    await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
	assert_true(await("ListHosts", "hosts", "name", "hv1", "agent", "up"));
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
	};

	return cmocka_run_group_tests_name("engine", tests, setup, teardown);
}
