/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of the control server; private to control.c, connection.c, call.c
 * and dispatch.c.
 *
 *	reading --message--> (dispatch) --answer--> writing --all sent--> reading
 *	                         \--deferred--> waiting --reply--> writing
 *
 * A connection is owned by its server's list and frees itself by zl_connection_close().
 */
#ifndef ZL_CONTROL_CONNECTION_H
#define ZL_CONTROL_CONNECTION_H
#include "controller/control/control.h"
#include "controller/control/varlink.h"

struct zl_control {
	sd_event *event;
	int fd; /* listening, or -1 */
	sd_event_source *listening;
	sd_event_source *breath; /* turns `listening` on again after EMFILE */
	struct zl_access_rules rules;
	const zl_call_fn *handlers;
	void *user;
	struct zl_connection *first;
	size_t n;
};

struct zl_connection {
	struct zl_control *ctl;
	struct zl_connection *prev, *next;
	int fd;
	struct zl_peer peer;
	sd_event_source *io, *again, *deadline;
	struct zl_varlink_in in;
	struct zl_varlink_out out;
	struct zl_call *call; /* being handled or deferred; owned by who deferred it */
	bool ended;	      /* the peer sends no more */
	bool is_late;	      /* the deadline runs */
	bool in_handler;      /* answers are only queued */
};

int zl_connection_new(struct zl_control *ctl, int fd, const struct zl_peer *peer,
	struct zl_error *reterr) ZL_CHECKED;
void zl_connection_close(struct zl_connection *c);

/* Go on after something changed: send, take the next call, wait.  May free `c`. */
void zl_connection_advance(struct zl_connection *c);

/* Queue an answer (taken; NULL: out of memory). */
void zl_connection_answer(struct zl_connection *c, json_t *message);

/* Do what `message` (taken) asks. */
void zl_dispatch(struct zl_connection *c, json_t *message);

#endif
