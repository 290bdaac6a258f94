/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receivers that are measured side by side: each a row of one table.
 *
 *	sink		recvmmsg() and two counters: what receiving alone costs
 *	zonelock	zonelockd with its real parent, collector and engine
 *	nfcapd		of nfdump, writing its files
 *	nfacctd		of pmacct, with one table of flows by address, port, protocol
 *
 * All listen on a port of their own at 127.0.0.1 with the same receive buffer.
 */
#ifndef ZL_BENCH_CONTEST_H
#define ZL_BENCH_CONTEST_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "tests/bench/fleet.h"

enum { ZL_CONTEST_BUFFER = 4 << 20, ZL_CONTEST_PATH = 256 };

struct zl_contest;

struct zl_contestant {
	const char *name;
	/* Is the program there?  NULL: it always is. */
	const char *program;
	/* Start it; *ret->pid is the first of its processes. */
	int (*start)(struct zl_contest *c, struct zl_error *reterr);
	/* Flow records lost inside, and waiting inside, so far; or NULL. */
	void (*inside)(struct zl_contest *c, uint64_t *ret_lost, uint64_t *ret_waiting);
	void (*stop)(struct zl_contest *c); /* besides its processes; or NULL */
};

extern const struct zl_contestant zl_contestants[];
extern const unsigned zl_contestants_len;

/* One that runs. */
struct zl_contest {
	const struct zl_contestant *who;
	struct zl_fleet fleet; /* zonelock alone knows it */
	uint16_t port;
	char folder[ZL_CONTEST_PATH]; /* its own, made by zl_contest_start() */
	const char *programs;	      /* $(B)/bin, $(B)/bench */
	const char *doubles;
	pid_t pid, agents;
	struct zl_client *client;
};

bool zl_contest_is_there(const struct zl_contestant *who);

/* Fill in `who`, `fleet`, `port`, `programs`, `doubles` before; `folder` is made new. */
int zl_contest_start(
	struct zl_contest *c, const char *folder, struct zl_error *reterr) ZL_CHECKED;
void zl_contest_stop(struct zl_contest *c);

struct zl_contest_state {
	uint64_t cpu_ns;  /* user and system, of all its processes */
	uint64_t lost;	  /* datagrams at the socket + records inside */
	uint64_t waiting; /* records inside that nobody has looked at yet */
	uint64_t queued;  /* bytes of the socket's buffer in use */
};
void zl_contest_look(struct zl_contest *c, struct zl_contest_state *ret);

/* Resident memory of its own (not the ring), KiB, of the process whose name begins so. */
uint64_t zl_contest_memory(const struct zl_contest *c, const char *name);

#endif
