/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A controller of one's own for a replay: zonelockd --replay with its roles, in a
 * temporary folder, with a database of its own, and nobody to act on.
 *
 *	r = zl_replay_daemon_start(&d, folder, words, &err);
 *	r = zl_replay_daemon_define(&d, setup, &err);
 *	... write the capture into d.capture, close it, ask d.client ...
 *	zl_replay_daemon_stop(&d);
 */
#ifndef ZL_CLI_REPLAY_DAEMON_H
#define ZL_CLI_REPLAY_DAEMON_H
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "controller/control/client.h"

/* Set to { .capture = -1, .stop = ... } before. */
struct zl_replay_daemon {
	const volatile sig_atomic_t *stop; /* not 0: do not wait any longer */
	char folder[40];		   /* ours alone, removed at the end */
	char *state;			   /* where the database is */
	pid_t pid;
	int capture; /* our end of the pipe, non-blocking; -1: closed */
	struct zl_client *client;
};

/*
 * `state`: the folder for the database, made when it is missing; NULL: a temporary one.
 * `words`: options of zonelock-replay, ended by NULL.  Also on failure call stop.
 * -EEXIST: there is a database already, -ETIMEDOUT: it does not answer.
 */
int zl_replay_daemon_start(struct zl_replay_daemon *d, const char *state,
	char *const *words, struct zl_error *reterr) ZL_CHECKED;

/*
 * Define what is in the folder `setup`: NAME.xml is a host, a zone or a lock, or the
 * "node" that a host's URI names;
 * HOST.links.json the links of that host as `ip -json link` prints them there.  Then wait
 * until the hosts' domains are known, or `*ret_late` is the first host of which
 * they are not (owned; NULL: all are).
 */
int zl_replay_daemon_define(struct zl_replay_daemon *d, const char *setup,
	json_t **ret_late, struct zl_error *reterr) ZL_CHECKED;

/* The answer to a method without parameters. */
int zl_replay_daemon_ask(struct zl_replay_daemon *d, const char *method, json_t **ret,
	struct zl_error *reterr) ZL_CHECKED;

/* End it and wait for that; remove the temporary folder. */
void zl_replay_daemon_stop(struct zl_replay_daemon *d);

#endif
