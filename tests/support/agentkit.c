/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's process, and the engine's side of its socket. */
#include "tests/support/agentkit.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/support/tapnet.h"

enum {
	GUEST = ZL_AGENTKIT_GUEST,
	SECOND = ZL_AGENTKIT_SECOND,
	PEER = ZL_AGENTKIT_PEER
};
enum { PATIENCE_MS = ZL_AGENTKIT_PATIENCE_MS };

struct zl_agentkit zl_agentkit;
static struct zl_agentkit *const t = &zl_agentkit;

/* --- the agent's process ---------------------------------------------------------- */

static void find_program(void)
{
	ssize_t n = readlink("/proc/self/exe", t->program, sizeof(t->program) - 64);
	char *slash;

	assert_true(n > 0);
	t->program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(t->program, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	memcpy(t->program + strlen(t->program), "/bin/zonelock-agent",
		sizeof("/bin/zonelock-agent"));
}

static void write_config(const char *more)
{
	FILE *f = fopen(t->config, "w");

	assert_non_null(f);
	(void)fprintf(f,
		"[agent]\nsocket = %s\nstate-directory = %s/state\nuser "
		"=\nsocket-group =\n"
		"forensic-address = 10.0.0.9, fd00::9\nlog-level = warning\n%s\n",
		t->socket, t->dir, more);
	(void)fclose(f);
}

void zl_agentkit_start(void)
{
	t->agent = fork();
	assert_true(t->agent >= 0);
	if (t->agent == 0) {
		(void)execl(t->program, "zonelock-agent", "--config", t->config,
			(char *)NULL);
		_exit(127);
	}
}

void zl_agentkit_kill(void)
{
	if (t->agent <= 0)
		return;
	(void)kill(t->agent, SIGKILL);
	(void)waitpid(t->agent, NULL, 0);
	t->agent = 0;
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = -1;
}

int zl_agentkit_run(const char *arguments)
{
	char command[PATH_MAX + 256];

	(void)snprintf(command, sizeof(command), "%s --config %s %s >%s/out 2>&1",
		t->program, t->config, arguments, t->dir);
	return zl_tapnet_run(command);
}

bool zl_agentkit_printed(const char *text)
{
	char path[96], buf[8192];
	ZL_AUTO(zl_file) FILE *f = NULL;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/out", t->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	if (strstr(buf, text) == NULL)
		(void)printf("output: %s\n", buf);
	return strstr(buf, text) != NULL;
}

/* --- the engine's side -------------------------------------------------------------- */

bool zl_agentkit_receive(int ms)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	struct zl_error err;
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return false;
	n = recv(t->fd, t->in, sizeof(t->in), 0);
	assert_true(n > 0);
	if (zl_frame_parse(t->in, (size_t)n, zl_agent_messages, ZL_AGENT_MESSAGE_N,
		    &t->frame, &err) < 0)
		fail_msg("%s", err.msg);
	if (t->frame.type == ZL_AGENT_LEASE_STATE) {
		assert_int_equal(0, zl_lease_report_get(t->frame.tb[ZL_AGENT_A_REPORT],
					    &t->report, &err));
		if (t->frame.tb[ZL_AGENT_A_LEASE] != NULL)
			assert_int_equal(0, zl_lease_get(t->frame.tb[ZL_AGENT_A_LEASE],
						    &t->lease, &err));
	}
	return true;
}

static void await(uint16_t type)
{
	do
		if (!zl_agentkit_receive(PATIENCE_MS))
			fail_msg("no %s came", zl_agent_messages[type].name);
	while (t->frame.type != type);
}

/* A lease state with this seq and this state. */
void zl_agentkit_await_state(uint32_t seq, enum zl_lease_state state)
{
	do
		await(ZL_AGENT_LEASE_STATE);
	while (t->frame.seq != seq || (seq == 0 && t->report.state != state));
	if (t->report.state != state)
		fail_msg("state %s: %s", zl_lease_state_name(t->report.state),
			t->report.error.msg);
}

unsigned zl_agentkit_connect(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	unsigned n = 0;

	memcpy(to.sun_path, t->socket, strlen(t->socket) + 1);
	for (int i = 0; i < 250; i++) {
		t->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (connect(t->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		(void)close(t->fd);
		t->fd = -1;
		(void)usleep(20000);
	}
	assert_true(t->fd >= 0);
	assert_true(zl_agentkit_receive(PATIENCE_MS));
	assert_int_equal(ZL_AGENT_HELLO, t->frame.type);
	do {
		assert_true(zl_agentkit_receive(PATIENCE_MS));
		n += t->frame.type == ZL_AGENT_LEASE_STATE;
	} while (t->frame.type != ZL_AGENT_READY);
	return n;
}

static void send_frame(struct zl_frame *f)
{
	ssize_t n = zl_frame_end(f);

	assert_true(n > 0);
	assert_int_equal(n, send(t->fd, t->out, (size_t)n, 0));
}

struct zl_lease zl_agentkit_lease(uint8_t id, uint8_t nic, enum zl_grade grade)
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

uint32_t zl_agentkit_put(const struct zl_lease *l)
{
	struct zl_frame f;

	zl_frame_start(&f, t->out, sizeof(t->out), ZL_AGENT_LEASE_PUT, ++t->seq);
	zl_lease_put(&f, ZL_AGENT_A_LEASE, l);
	send_frame(&f);
	return t->seq;
}

uint32_t zl_agentkit_drop(const struct zl_lease *l)
{
	struct zl_frame f;

	zl_frame_start(&f, t->out, sizeof(t->out), ZL_AGENT_LEASE_DROP, ++t->seq);
	zl_frame_put_bytes(&f, ZL_AGENT_A_ID, l->id.b, 16);
	zl_frame_put_str(&f, ZL_AGENT_A_TEXT, "released by uid 0");
	send_frame(&f);
	return t->seq;
}

void zl_agentkit_know(uint8_t domain, const uint8_t *nics, size_t n)
{
	const struct zl_uuid id = { { 0xd0, domain } };
	struct zl_frame f;

	zl_frame_start(&f, t->out, sizeof(t->out), ZL_AGENT_KNOWN, 0);
	zl_frame_put_bytes(&f, ZL_AGENT_A_DOMAIN, id.b, 16);
	for (size_t i = 0; i < n; i++) {
		const struct zl_mac mac = { { 0x52, 0x54, 0, 0, 0, nics[i] } };

		zl_frame_put_bytes(&f, ZL_AGENT_A_MAC, mac.b, 6);
	}
	send_frame(&f);
}

/* Everything sent before has been dealt with. */
void zl_agentkit_settle(void)
{
	struct zl_frame f;

	zl_frame_start(&f, t->out, sizeof(t->out), ZL_AGENT_PING, ++t->seq);
	send_frame(&f);
	do
		await(ZL_AGENT_PONG);
	while (t->frame.seq != t->seq);
}

bool zl_agentkit_passes(uint8_t from, uint8_t to)
{
	struct zl_testframe f;

	zl_testframe_ether(&f, to, from, 0x0800);
	zl_testframe_ip4(&f, from, to, 6, 0);
	zl_testframe_ports(&f, 40000, 22);
	return zl_tapnet_passes(t->taps[from], t->taps[to], f.b, f.n);
}

void zl_agentkit_make_tap(uint8_t nic)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "vnet%u", nic);
	t->taps[nic] = zl_tapnet_tap(name, nic, "br0");
	assert_true(t->taps[nic] >= 0);
}

/* A frame passes, or does not any more, within a moment. */
bool zl_agentkit_becomes(uint8_t from, uint8_t to, bool wanted)
{
	for (int i = 0; i < 100; i++) {
		if (zl_agentkit_passes(from, to) == wanted)
			return true;
		(void)usleep(10000);
	}
	return false;
}

bool zl_agentkit_begin(const char *more)
{
	const char *why = "";

	if (!zl_tapnet_enter(&why)) {
		(void)printf("skip: %s\n", why);
		return false;
	}
	memset(t, 0, sizeof(*t));
	t->fd = -1;
	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/zl-agent-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	(void)snprintf(t->config, sizeof(t->config), "%s/agent.conf", t->dir);
	(void)snprintf(t->socket, sizeof(t->socket), "%s/sock", t->dir);
	find_program();
	write_config(more);
	assert_true(zl_tapnet_bridge("br0") != 0);
	zl_agentkit_make_tap(GUEST);
	zl_agentkit_make_tap(SECOND);
	zl_agentkit_make_tap(PEER);
	zl_agentkit_start();
	assert_int_equal(0, zl_agentkit_connect());
	return true;
}

int zl_agentkit_end(void **state)
{
	char command[96];

	(void)state;
	zl_agentkit_kill();
	if (t->dir[0] != '\0') {
		(void)snprintf(command, sizeof(command), "rm -rf %s", t->dir);
		(void)zl_tapnet_run(command);
	}
	for (size_t i = 0; i < N_ITEMS(t->taps); i++)
		if (t->taps[i] > 0)
			(void)close(t->taps[i]);
	return 0;
}
