/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zonelock-agent program for tests: it runs in a network namespace of its own with
 * three taps on a bridge, and the test is the engine on its socket.
 *
 *	if (!zl_agentkit_begin("never-touch = vnet2"))
 *		skip();
 *	zl_agentkit_await_state(zl_agentkit_put(&lease), ZL_LEASE_APPLIED);
 *
 * What is not as expected fails the test.  NICs are named by the last byte of their MAC;
 * NIC 9 has the forensic address.
 */
#ifndef ZL_TESTS_AGENTKIT_H
#define ZL_TESTS_AGENTKIT_H
#include <limits.h>
#include <sys/types.h>

#include "mitigate/protocol.h"

enum {
	ZL_AGENTKIT_GUEST = 1,
	ZL_AGENTKIT_SECOND = 2,
	ZL_AGENTKIT_PEER = 9,
	ZL_AGENTKIT_PATIENCE_MS = 5000
};

/* One agent; the last frame that came from it, and what was in it. */
extern struct zl_agentkit {
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
} zl_agentkit;

/* With `more` lines of configuration; false: it cannot be run here. */
bool zl_agentkit_begin(const char *more);
int zl_agentkit_end(void **state); /* a teardown of cmocka */

void zl_agentkit_start(void);
void zl_agentkit_kill(void);
/* Another one, with a break-glass command: its exit status; what it said is kept ... */
int zl_agentkit_run(const char *arguments);
/* ... and has this in it? */
bool zl_agentkit_printed(const char *text);

/* How many leases it told. */
unsigned zl_agentkit_connect(void);
/* The next frame within `ms`. */
bool zl_agentkit_receive(int ms);
/* The answer to this seq is this state, or (seq 0) it tells this state unasked. */
void zl_agentkit_await_state(uint32_t seq, enum zl_lease_state state);
/* Everything sent before has been dealt with. */
void zl_agentkit_settle(void);

struct zl_lease zl_agentkit_lease(uint8_t id, uint8_t nic, enum zl_grade grade);
uint32_t zl_agentkit_put(const struct zl_lease *l); /* the seq */
uint32_t zl_agentkit_drop(const struct zl_lease *l);
void zl_agentkit_know(uint8_t domain, const uint8_t *nics, size_t n);

void zl_agentkit_make_tap(uint8_t nic);
/* Does a frame pass from one NIC to another?  And within a moment? */
bool zl_agentkit_passes(uint8_t from, uint8_t to);
bool zl_agentkit_becomes(uint8_t from, uint8_t to, bool wanted);

#endif
