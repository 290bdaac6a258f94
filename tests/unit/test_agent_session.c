/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zonelock-agent program from outside: a made-up engine on its socket, real
 * taps, real frames, and every way to kill it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/protocol.h"
#include "tests/support/tapnet.h"

enum { GUEST = 1, SECOND = 2, PEER = 9, PATIENCE_MS = 5000 };

static struct {
	char dir[64], config[96], socket[96], program[PATH_MAX];
	pid_t agent;
	int fd; /* of the engine */
	int taps[16];
	uint32_t seq;
	char in[ZL_FRAME_MAX] __attribute__((aligned(8)));
	char out[ZL_FRAME_MAX] __attribute__((aligned(8)));
	struct zl_frame_in frame;
	struct zl_lease_report report;
	struct zl_lease lease;
} t;

/* --- the agent's process ---------------------------------------------------------- */

static void find_program(void)
{
	ssize_t n = readlink("/proc/self/exe", t.program, sizeof(t.program) - 64);
	char *slash;

	assert_true(n > 0);
	t.program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(t.program, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	memcpy(t.program + strlen(t.program), "/bin/zonelock-agent",
		sizeof("/bin/zonelock-agent"));
}

static void write_config(const char *more)
{
	FILE *f = fopen(t.config, "w");

	assert_non_null(f);
	(void)fprintf(f,
		"[agent]\nsocket = %s\nstate-directory = %s/state\nuser "
		"=\nsocket-group =\n"
		"forensic-address = 10.0.0.9, fd00::9\nlog-level = warning\n%s\n",
		t.socket, t.dir, more);
	(void)fclose(f);
}

static void start_agent(void)
{
	t.agent = fork();
	assert_true(t.agent >= 0);
	if (t.agent == 0) {
		(void)execl(t.program, "zonelock-agent", "--config", t.config,
			(char *)NULL);
		_exit(127);
	}
}

static void kill_agent(void)
{
	if (t.agent <= 0)
		return;
	(void)kill(t.agent, SIGKILL);
	(void)waitpid(t.agent, NULL, 0);
	t.agent = 0;
	if (t.fd >= 0)
		(void)close(t.fd);
	t.fd = -1;
}

static int run_agent(const char *arguments)
{
	char command[PATH_MAX + 256];

	(void)snprintf(command, sizeof(command), "%s --config %s %s >%s/out 2>&1",
		t.program, t.config, arguments, t.dir);
	return zl_tapnet_run(command);
}

static bool output_has(const char *text)
{
	char path[96], buf[8192];
	ZL_AUTO(zl_file) FILE *f = NULL;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/out", t.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	if (strstr(buf, text) == NULL)
		(void)printf("output: %s\n", buf);
	return strstr(buf, text) != NULL;
}

/* --- the engine's side -------------------------------------------------------------- */

static bool receive(int ms)
{
	struct pollfd p = { .fd = t.fd, .events = POLLIN };
	struct zl_error err;
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return false;
	n = recv(t.fd, t.in, sizeof(t.in), 0);
	assert_true(n > 0);
	if (zl_frame_parse(t.in, (size_t)n, zl_agent_messages, ZL_AGENT_MESSAGE_N,
		    &t.frame, &err) < 0)
		fail_msg("%s", err.msg);
	if (t.frame.type == ZL_AGENT_LEASE_STATE) {
		assert_int_equal(0, zl_lease_report_get(t.frame.tb[ZL_AGENT_A_REPORT],
					    &t.report, &err));
		if (t.frame.tb[ZL_AGENT_A_LEASE] != NULL)
			assert_int_equal(0, zl_lease_get(t.frame.tb[ZL_AGENT_A_LEASE],
						    &t.lease, &err));
	}
	return true;
}

static void await(uint16_t type)
{
	do
		if (!receive(PATIENCE_MS))
			fail_msg("no %s came", zl_agent_messages[type].name);
	while (t.frame.type != type);
}

/* A lease state with this seq and this state. */
static void await_state(uint32_t seq, enum zl_lease_state state)
{
	do
		await(ZL_AGENT_LEASE_STATE);
	while (t.frame.seq != seq || (seq == 0 && t.report.state != state));
	if (t.report.state != state)
		fail_msg("state %s: %s", zl_lease_state_name(t.report.state),
			t.report.error.msg);
}

static unsigned connect_engine(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	unsigned n = 0;

	memcpy(to.sun_path, t.socket, strlen(t.socket) + 1);
	for (int i = 0; i < 250; i++) {
		t.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (connect(t.fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		(void)close(t.fd);
		t.fd = -1;
		(void)usleep(20000);
	}
	assert_true(t.fd >= 0);
	assert_true(receive(PATIENCE_MS));
	assert_int_equal(ZL_AGENT_HELLO, t.frame.type);
	do {
		assert_true(receive(PATIENCE_MS));
		n += t.frame.type == ZL_AGENT_LEASE_STATE;
	} while (t.frame.type != ZL_AGENT_READY);
	return n;
}

static void send_frame(struct zl_frame *f)
{
	ssize_t n = zl_frame_end(f);

	assert_true(n > 0);
	assert_int_equal(n, send(t.fd, t.out, (size_t)n, 0));
}

static struct zl_lease make_lease(uint8_t id, uint8_t nic, enum zl_grade grade)
{
	struct zl_lease l = { .id = { { id } },
		.domain = { { 0xd0, nic } },
		.action = ZL_ACTION_QUARANTINE,
		.grade = grade,
		.created = zl_wall_now(),
		.n_nics = 1,
		.cause = "test" };

	l.expires.us = l.created.us + 3600 * ZL_US_PER_S;
	(void)snprintf(l.domain_name, sizeof(l.domain_name), "web%u", nic);
	l.nics[0].mac = (struct zl_mac){ { 0x52, 0x54, 0, 0, 0, nic } };
	return l;
}

static uint32_t put(const struct zl_lease *l)
{
	struct zl_frame f;

	zl_frame_start(&f, t.out, sizeof(t.out), ZL_AGENT_LEASE_PUT, ++t.seq);
	zl_lease_put(&f, ZL_AGENT_A_LEASE, l);
	send_frame(&f);
	return t.seq;
}

static uint32_t drop(const struct zl_lease *l)
{
	struct zl_frame f;

	zl_frame_start(&f, t.out, sizeof(t.out), ZL_AGENT_LEASE_DROP, ++t.seq);
	zl_frame_put_bytes(&f, ZL_AGENT_A_ID, l->id.b, 16);
	zl_frame_put_str(&f, ZL_AGENT_A_TEXT, "released by uid 0");
	send_frame(&f);
	return t.seq;
}

static void know(uint8_t domain, const uint8_t *nics, size_t n)
{
	const struct zl_uuid id = { { 0xd0, domain } };
	struct zl_frame f;

	zl_frame_start(&f, t.out, sizeof(t.out), ZL_AGENT_KNOWN, 0);
	zl_frame_put_bytes(&f, ZL_AGENT_A_DOMAIN, id.b, 16);
	for (size_t i = 0; i < n; i++) {
		const struct zl_mac mac = { { 0x52, 0x54, 0, 0, 0, nics[i] } };

		zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, mac.b, 6);
	}
	send_frame(&f);
}

/* Everything sent before has been dealt with. */
static void settle(void)
{
	struct zl_frame f;

	zl_frame_start(&f, t.out, sizeof(t.out), ZL_AGENT_PING, ++t.seq);
	send_frame(&f);
	do
		await(ZL_AGENT_PONG);
	while (t.frame.seq != t.seq);
}

static bool passes(uint8_t from, uint8_t to)
{
	struct zl_testframe f;

	zl_testframe_ether(&f, to, from, 0x0800);
	zl_testframe_ip4(&f, from, to, 6, 0);
	zl_testframe_ports(&f, 40000, 22);
	return zl_tapnet_passes(t.taps[from], t.taps[to], f.b, f.n);
}

static void make_tap(uint8_t nic)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "vnet%u", nic);
	t.taps[nic] = zl_tapnet_tap(name, nic, "br0");
	assert_true(t.taps[nic] >= 0);
}

/* A frame passes, or does not any more, within a moment. */
static bool becomes(uint8_t from, uint8_t to, bool wanted)
{
	for (int i = 0; i < 100; i++) {
		if (passes(from, to) == wanted)
			return true;
		(void)usleep(10000);
	}
	return false;
}

static bool begin(const char *more)
{
	const char *why = "";

	if (!zl_tapnet_enter(&why)) {
		(void)printf("skip: test_agent_session: %s\n", why);
		return false;
	}
	memset(&t, 0, sizeof(t));
	t.fd = -1;
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/zl-agent-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	(void)snprintf(t.config, sizeof(t.config), "%s/agent.conf", t.dir);
	(void)snprintf(t.socket, sizeof(t.socket), "%s/sock", t.dir);
	find_program();
	write_config(more);
	assert_true(zl_tapnet_bridge("br0") != 0);
	make_tap(GUEST);
	make_tap(SECOND);
	make_tap(PEER);
	start_agent();
	assert_int_equal(0, connect_engine());
	return true;
}

static int end(void **state)
{
	char command[96];

	(void)state;
	kill_agent();
	if (t.dir[0] != '\0') {
		(void)snprintf(command, sizeof(command), "rm -rf %s", t.dir);
		(void)zl_tapnet_run(command);
	}
	for (size_t i = 0; i < N_ITEMS(t.taps); i++)
		if (t.taps[i] > 0)
			(void)close(t.taps[i]);
	return 0;
}

/* --- tests ---------------------------------------------------------------------------- */

static void test_quarantine(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before = zl_wall_now();

	(void)state;
	if (!begin(""))
		skip();
	assert_true(passes(GUEST, PEER));
	await_state(put(&l), ZL_LEASE_APPLIED);
	assert_true(t.report.committed.us >= before.us);
	assert_int_equal(1, t.report.n_elements);
	assert_int_equal(0,
		strncmp(t.report.objects, "table bridge zonelock set strict { ", 35));
	assert_non_null(strstr(t.report.objects, "# vnet1 web1"));
	assert_false(passes(GUEST, PEER));
	assert_false(passes(PEER, GUEST));
	assert_true(passes(SECOND, PEER));

	l.grade = ZL_GRADE_FORENSIC; /* put again: replaces */
	await_state(put(&l), ZL_LEASE_APPLIED);
	assert_true(passes(GUEST, PEER));
	assert_false(passes(GUEST, SECOND));

	assert_int_equal(0, run_agent("list"));
	assert_true(output_has("quarantine forensic applied"));
	assert_int_equal(0, run_agent("list --json"));
	assert_true(output_has("\"as_planned\": true"));

	await_state(drop(&l), ZL_LEASE_RELEASED);
	assert_true(passes(GUEST, SECOND));
	await_state(drop(&l), ZL_LEASE_RELEASED); /* again: unknown is released */
}

static void test_block(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	l.action = ZL_ACTION_BLOCK_FLOW;
	await_state(put(&l), ZL_LEASE_FAILED); /* no service */
	l.n_blocks = 1;
	l.blocks[0] = (struct zl_block){ .dport = 22, .proto = 6 };
	assert_true(zl_addr_parse("10.0.0.9", &l.blocks[0].dst));
	await_state(put(&l), ZL_LEASE_APPLIED);
	assert_false(passes(GUEST, PEER));
	assert_true(passes(PEER, GUEST));
	assert_true(passes(GUEST, SECOND));
}

static void test_killed(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	kill_agent();
	assert_false(passes(GUEST, PEER));
	assert_int_equal(0, run_agent("list"));
	assert_true(output_has("applied"));
	start_agent();
	assert_int_equal(1, connect_engine());
	assert_int_equal(ZL_LEASE_APPLIED, t.report.state);
	assert_true(zl_uuid_eq(&l.id, &t.lease.id));
	assert_false(passes(GUEST, PEER));
	assert_true(passes(SECOND, PEER));
	await_state(drop(&l), ZL_LEASE_RELEASED);
	assert_true(passes(GUEST, PEER));
}

/* The domain is stopped and started: a new tap, another index. */
static void test_restarted_domain(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	(void)snprintf(l.nics[0].tap, sizeof(l.nics[0].tap), "vnet1");
	await_state(put(&l), ZL_LEASE_APPLIED);
	(void)close(t.taps[GUEST]);
	t.taps[GUEST] = -1;
	await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(0, t.report.n_elements);
	make_tap(GUEST);
	await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(1, t.report.n_elements);
	assert_true(t.report.committed.us > 0);
	assert_false(passes(GUEST, PEER));
}

static void test_flushed(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before;
	uint32_t seq;

	(void)state;
	if (!begin(""))
		skip();
	if (zl_tapnet_run("command -v nft >/dev/null") != 0)
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	assert_int_equal(0, zl_tapnet_run("nft flush ruleset"));
	before = zl_wall_now();
	await_state(0, ZL_LEASE_APPLIED);
	assert_string_equal("agent.repaired", t.report.error.id);
	assert_int_equal(0, t.report.error.code);
	assert_non_null(
		strstr(t.report.error.msg, "repaired after a change by nft (process "));
	assert_true(t.report.committed.us - before.us < 50 * ZL_US_PER_MS);
	assert_false(passes(GUEST, PEER));
	/* "applied" is never from before a flush, even when nothing is to change. */
	(void)kill(t.agent, SIGSTOP);
	assert_int_equal(0, zl_tapnet_run("nft flush ruleset"));
	seq = put(&l);
	(void)kill(t.agent, SIGCONT);
	await_state(seq, ZL_LEASE_APPLIED);
	assert_false(passes(GUEST, PEER));
	/* What is not ours is left alone. */
	assert_int_equal(0, zl_tapnet_run("nft add table inet other"));
	settle();
	assert_int_equal(0, zl_tapnet_run("nft list table inet other >/dev/null"));
}

/* A tap that nobody knows is cut off until it is claimed. */
static void test_held(void **state)
{
	static const uint8_t guest_nics[] = { GUEST, 4 }, other_nics[] = { 5 };
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin("hold-unknown-ms = 600"))
		skip();
	make_tap(3);
	assert_true(becomes(3, PEER, true)); /* nobody is quarantined: nobody is held */
	await_state(put(&l), ZL_LEASE_APPLIED);
	(void)usleep(700000);
	assert_true(passes(3, PEER)); /* was there before */
	know(5, other_nics, 1);
	settle();
	make_tap(5); /* known: free at once */
	make_tap(4);
	assert_true(becomes(4, PEER, false));
	assert_true(passes(5, PEER));
	know(GUEST, guest_nics, 2); /* it was a new NIC of the quarantined domain */
	await_state(0, ZL_LEASE_APPLIED);
	assert_int_equal(2, t.lease.n_nics);
	(void)usleep(800000);
	assert_false(passes(4, PEER));
	make_tap(6);
	assert_true(becomes(6, PEER, false));
	assert_true(becomes(6, PEER, true)); /* nobody claimed it in time */
}

/* A tap that came while no agent ran is new too; one that was there is not. */
static void test_held_after_restart(void **state)
{
	static const uint8_t other_nics[] = { 5 };
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin("hold-unknown-ms = 1500"))
		skip();
	know(5, other_nics, 1);
	await_state(put(&l), ZL_LEASE_APPLIED);
	kill_agent();
	make_tap(3);
	make_tap(5); /* known: free at once */
	assert_true(passes(3, PEER));
	start_agent();
	assert_int_equal(1, connect_engine());
	assert_false(passes(3, PEER));
	assert_true(passes(5, PEER));
	assert_true(passes(SECOND, PEER));
	(void)usleep(400000);
	kill_agent(); /* no way out */
	start_agent();
	assert_int_equal(1, connect_engine());
	assert_false(passes(3, PEER));
	(void)usleep(1600000);
	assert_true(becomes(3, PEER, true)); /* nobody claimed it in time */
	(void)usleep(400000);
	kill_agent(); /* once is enough */
	start_agent();
	assert_int_equal(1, connect_engine());
	assert_true(passes(3, PEER));
}

static void test_expiry(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease capped = make_lease(2, SECOND, ZL_GRADE_STRICT);

	(void)state;
	if (!begin("hard-cap = 2"))
		skip();
	l.expires.us = zl_wall_now().us + 700 * ZL_US_PER_MS;
	await_state(put(&l), ZL_LEASE_APPLIED);
	await_state(put(&capped), ZL_LEASE_APPLIED);
	assert_false(passes(GUEST, PEER));
	await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&l.id, &t.report.id));
	assert_true(zl_wall_now().us >= l.expires.us);
	assert_true(zl_wall_now().us < l.expires.us + 500 * ZL_US_PER_MS);
	assert_true(passes(GUEST, PEER));
	assert_false(passes(SECOND, PEER));
	await_state(put(&l), ZL_LEASE_EXPIRED); /* too late */
	await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&capped.id, &t.report.id));
	assert_true(passes(SECOND, PEER));
	await_state(put(&capped), ZL_LEASE_RELEASED); /* the cap is not renewed */
	assert_true(passes(SECOND, PEER));
}

static void test_refused(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease twice = make_lease(3, PEER, ZL_GRADE_STRICT);

	(void)state;
	if (!begin("never-touch = 52:54:00:00:00:01, vnet2"))
		skip();
	await_state(put(&l), ZL_LEASE_FAILED);
	assert_int_equal(-EPERM, t.report.error.code);
	assert_non_null(strstr(
		t.report.error.msg, "refused by never-touch 52:54:00:00:00:01 in "));
	l = make_lease(2, SECOND, ZL_GRADE_STRICT);
	await_state(put(&l), ZL_LEASE_FAILED);
	assert_non_null(strstr(t.report.error.msg, "refused by never-touch vnet2 in "));
	assert_true(passes(GUEST, PEER));
	assert_true(passes(SECOND, PEER));

	/* Two taps with the MAC: only a named one is touched. */
	t.taps[10] = zl_tapnet_tap("vnet10", PEER, "br0");
	settle();
	await_state(put(&twice), ZL_LEASE_FAILED);
	assert_non_null(strstr(t.report.error.msg, "two taps have libvirt's MAC"));
	(void)snprintf(twice.nics[0].tap, sizeof(twice.nics[0].tap), "vnet9");
	await_state(put(&twice), ZL_LEASE_APPLIED);
	assert_non_null(strstr(t.report.objects, "# vnet9 web9"));
}

static void test_not_here(void **state)
{
	struct zl_lease l = make_lease(1, 12, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED); /* the domain is off */
	assert_int_equal(0, t.report.n_elements);
	(void)snprintf(l.nics[0].tap, sizeof(l.nics[0].tap), "vnet12");
	await_state(put(&l), ZL_LEASE_FAILED); /* it runs, and its tap is not here */
	assert_non_null(strstr(t.report.error.msg, "no tap with libvirt's MAC"));
	l = make_lease(2, 13, ZL_GRADE_STRICT);
	t.taps[13] = zl_tapnet_tap("vnet13", 13, NULL);
	settle();
	await_state(put(&l), ZL_LEASE_DEGRADED);
	assert_non_null(
		strstr(t.report.error.msg, "tap vnet13 is not a port of a bridge"));
}

static void test_break_glass(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = make_lease(2, SECOND, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	await_state(put(&m), ZL_LEASE_APPLIED);
	/* With the agent: the engine is told. */
	assert_int_equal(0, run_agent("release d0010000-0000-0000-0000-000000000000"));
	assert_true(output_has("released lease 01000000-"));
	await_state(0, ZL_LEASE_RELEASED);
	assert_non_null(strstr(t.report.error.msg, "break-glass by uid 0"));
	assert_true(passes(GUEST, PEER));
	assert_false(passes(SECOND, PEER));
	assert_int_equal(3, run_agent("release d0010000-0000-0000-0000-000000000000"));
	assert_int_equal(2, run_agent("release nonsense"));
	/* Without: by itself. */
	kill_agent();
	assert_int_equal(0, run_agent("release --all"));
	assert_true(passes(SECOND, PEER));
	start_agent();
	assert_int_equal(0, connect_engine());
	await_state(put(&m), ZL_LEASE_RELEASED);
	assert_non_null(strstr(t.report.error.msg, "break-glass"));
	assert_true(passes(SECOND, PEER));
	/* An agent that hangs is named. */
	(void)kill(t.agent, SIGSTOP);
	assert_int_equal(1, run_agent("release --all"));
	assert_true(output_has("does not answer"));
	assert_int_equal(0, run_agent("list"));
}

/* What an operator gave as the reason is neither acted on nor a reason to list less. */
static void test_list_texts(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);

	(void)state;
	if (!begin(""))
		skip();
	/* red, and a character that was cut in two */
	(void)snprintf(l.cause, sizeof(l.cause), "uid 0: \033[31m\303");
	await_state(put(&l), ZL_LEASE_APPLIED);
	assert_int_equal(0, run_agent("list"));
	assert_true(output_has("cause: uid 0: ?[31m?"));
	assert_int_equal(0, run_agent("list --json"));
	assert_true(output_has("\"id\": \"01000000-"));
	assert_int_equal(0, run_agent("release --all"));
	assert_int_equal(0, run_agent("release --all"));
	assert_true(output_has("no lease to release"));
}

static void test_damaged_file(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	char command[256];

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	kill_agent();
	(void)snprintf(command, sizeof(command),
		"printf X | dd of=%s/state/leases bs=1 seek=60 conv=notrunc "
		"2>/dev/null",
		t.dir);
	assert_int_equal(0, zl_tapnet_run(command));
	assert_int_equal(7, run_agent("list"));
	assert_true(output_has("01000000-")); /* what can be read is listed */
	assert_true(output_has("/state/leases: damaged: "));
	assert_true(output_has("zonelock-agent release --all"));
	assert_int_equal(7, run_agent("list --json"));
	assert_true(output_has("\"damaged\": \"lease file "));
	start_agent();
	assert_int_equal(0, connect_engine());
	assert_false(passes(GUEST, PEER)); /* nobody knows why, but it stays */
	(void)snprintf(command, sizeof(command),
		"ls %s/state | grep -q leases.damaged-", t.dir);
	assert_int_equal(0, zl_tapnet_run(command));
	await_state(put(&l), ZL_LEASE_APPLIED);
	await_state(drop(&l), ZL_LEASE_RELEASED);
	assert_false(passes(GUEST, PEER)); /* still kept for the unknown lease ... */
	assert_int_equal(0, run_agent("release --all"));
	assert_true(passes(GUEST, PEER)); /* ... until somebody says so */
}

static void test_disk_full(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	char path[96];

	(void)state;
	if (!begin(""))
		skip();
	(void)snprintf(path, sizeof(path), "%s/state/leases.new", t.dir);
	assert_int_equal(0, mkdir(path, 0700)); /* no file can be made there */
	await_state(put(&l), ZL_LEASE_DEGRADED);
	assert_string_equal("agent.leasefile.write", t.report.error.id);
	assert_false(passes(GUEST, PEER));
	assert_int_equal(0, rmdir(path));
	await_state(0, ZL_LEASE_APPLIED); /* tried again by itself */
}

/*
 * What cannot be taken out of the file comes back: that is said, with the agent and
 * without it.
 */
static void test_disk_full_release(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = make_lease(2, SECOND, ZL_GRADE_STRICT);
	char path[96];

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	await_state(put(&m), ZL_LEASE_APPLIED);
	(void)snprintf(path, sizeof(path), "%s/state/leases.new", t.dir);
	assert_int_equal(0, mkdir(path, 0700));
	assert_int_equal(7, run_agent("release d0010000-0000-0000-0000-000000000000"));
	assert_true(output_has("released lease 01000000-"));
	assert_true(output_has("it comes back if the agent starts again"));
	assert_true(passes(GUEST, PEER));
	await_state(drop(&m), ZL_LEASE_RELEASED);
	assert_string_equal("agent.released.unwritten", t.report.error.id);
	assert_int_not_equal(0, t.report.error.code);
	/* Indeed. */
	kill_agent();
	start_agent();
	assert_int_equal(2, connect_engine());
	assert_false(passes(GUEST, PEER));
	kill_agent();
	assert_int_equal(7, run_agent("release --all"));
	assert_true(output_has("released lease 01000000-"));
	assert_true(output_has("released lease 02000000-"));
	assert_true(output_has("release it again"));
	assert_int_equal(0, rmdir(path));
	assert_int_equal(0, run_agent("release --all"));
	start_agent();
	assert_int_equal(0, connect_engine());
	assert_true(passes(GUEST, PEER));
}

/* A lease that finds everything in the kernel already is in force from now on. */
static void test_second_lease(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_lease m = make_lease(2, GUEST, ZL_GRADE_STRICT);
	struct zl_wall before;

	(void)state;
	if (!begin(""))
		skip();
	await_state(put(&l), ZL_LEASE_APPLIED);
	before = zl_wall_now();
	await_state(put(&m), ZL_LEASE_APPLIED);
	assert_int_equal(1, t.report.n_elements);
	assert_true(t.report.committed.us >= before.us);
	await_state(drop(&l), ZL_LEASE_RELEASED);
	assert_false(passes(GUEST, PEER));
	await_state(drop(&m), ZL_LEASE_RELEASED);
	assert_true(passes(GUEST, PEER));
}

/* More NICs than a lease has room for: what cannot be contained is said. */
static void test_overfull(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	uint8_t nics[ZL_LEASE_NICS_MAX + 1] = { GUEST };

	(void)state;
	if (!begin(""))
		skip();
	for (uint8_t i = 1; i < N_ITEMS(nics); i++)
		nics[i] = 100 + i;
	know(GUEST, nics, N_ITEMS(nics) - 1);
	await_state(put(&l), ZL_LEASE_APPLIED);
	know(GUEST, nics, N_ITEMS(nics));
	await_state(0, ZL_LEASE_DEGRADED);
	assert_string_equal("agent.lease.overfull", t.report.error.id);
	assert_false(passes(GUEST, PEER));
	(void)usleep(500000); /* what is known is written soon */
	kill_agent();
	start_agent();
	assert_int_equal(1, connect_engine());
	assert_int_equal(ZL_LEASE_DEGRADED, t.report.state);
	await_state(put(&l), ZL_LEASE_DEGRADED);
	know(GUEST, nics, 2);
	await_state(0, ZL_LEASE_APPLIED);
}

/* Somebody else owns our table, and the kernel refuses every change. */
static void test_refused_by_kernel(void **state)
{
	struct zl_lease l = make_lease(1, GUEST, ZL_GRADE_STRICT);
	struct zl_wall end_of_refusal;
	FILE *owner;

	(void)state;
	if (!begin(""))
		skip();
	if (zl_tapnet_run("command -v nft >/dev/null") != 0)
		skip();
	l.expires.us = zl_wall_now().us + 1500 * ZL_US_PER_MS;
	await_state(put(&l), ZL_LEASE_APPLIED);
	owner = popen("exec nft -i >/dev/null 2>&1", "we");
	assert_non_null(owner);
	(void)fprintf(owner, "delete table bridge zonelock; "
			     "add table bridge zonelock { flags owner; }\n");
	(void)fflush(owner);
	await_state(0, ZL_LEASE_FAILED);
	assert_true(l.expires.us > zl_wall_now().us);
	await_state(0, ZL_LEASE_RELEASING);
	assert_true(zl_uuid_eq(&l.id, &t.report.id));
	(void)pclose(owner);
	end_of_refusal = zl_wall_now();
	await_state(0, ZL_LEASE_EXPIRED);
	assert_true(zl_uuid_eq(&l.id, &t.report.id));
	assert_true(t.report.committed.us >= end_of_refusal.us - ZL_US_PER_S);
	assert_true(zl_wall_now().us < end_of_refusal.us + 4 * ZL_US_PER_S);
	assert_int_equal(
		0, zl_tapnet_run("nft list set bridge zonelock strict >/dev/null"));
}

static long cpu_ticks(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	ZL_AUTO(zl_file) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(2,
		fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system));
	return (long)(user + system);
}

/* Without a descriptor for a connection the agent rests instead of trying all the time. */
static void test_no_descriptor(void **state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct rlimit old, none;
	long before;
	int engine;

	(void)state;
	if (!begin(""))
		skip();
	assert_int_equal(0, prlimit(t.agent, RLIMIT_NOFILE, NULL, &old));
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(0, prlimit(t.agent, RLIMIT_NOFILE, &none, NULL));
	engine = t.fd;
	memcpy(to.sun_path, t.socket, strlen(t.socket) + 1);
	t.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(0, connect(t.fd, (struct sockaddr *)&to, sizeof(to)));
	before = cpu_ticks(t.agent);
	assert_false(receive(1500));
	assert_true(cpu_ticks(t.agent) - before < sysconf(_SC_CLK_TCK) / 5);
	assert_int_equal(0, prlimit(t.agent, RLIMIT_NOFILE, &old, NULL));
	assert_true(receive(PATIENCE_MS)); /* nobody is forgotten */
	assert_int_equal(ZL_AGENT_HELLO, t.frame.type);
	(void)close(engine);
}

/* A config that others can write is no never-touch list. */
static void test_config(void **state)
{
	(void)state;
	if (!begin(""))
		skip();
	assert_int_equal(0, chmod(t.config, 0666));
	assert_int_equal(1, run_agent("list"));
	assert_true(output_has("writable by nobody else"));
	assert_int_equal(0, chmod(t.config, 0644));
	assert_int_equal(1, run_agent("")); /* a second agent */
	assert_true(output_has("error: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_quarantine, end),
		cmocka_unit_test_teardown(test_block, end),
		cmocka_unit_test_teardown(test_killed, end),
		cmocka_unit_test_teardown(test_restarted_domain, end),
		cmocka_unit_test_teardown(test_flushed, end),
		cmocka_unit_test_teardown(test_held, end),
		cmocka_unit_test_teardown(test_held_after_restart, end),
		cmocka_unit_test_teardown(test_expiry, end),
		cmocka_unit_test_teardown(test_refused, end),
		cmocka_unit_test_teardown(test_not_here, end),
		cmocka_unit_test_teardown(test_break_glass, end),
		cmocka_unit_test_teardown(test_list_texts, end),
		cmocka_unit_test_teardown(test_damaged_file, end),
		cmocka_unit_test_teardown(test_disk_full, end),
		cmocka_unit_test_teardown(test_disk_full_release, end),
		cmocka_unit_test_teardown(test_second_lease, end),
		cmocka_unit_test_teardown(test_overfull, end),
		cmocka_unit_test_teardown(test_refused_by_kernel, end),
		cmocka_unit_test_teardown(test_no_descriptor, end),
		cmocka_unit_test_teardown(test_config, end),
	};

	return cmocka_run_group_tests_name("agent_session", tests, NULL, NULL);
}
