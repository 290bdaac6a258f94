/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control server for tests, in the test's own process: real sockets, a real loop that
 * the test turns by hand, handlers of its choice.
 */
#ifndef ZL_TESTS_CONTROLKIT_H
#define ZL_TESTS_CONTROLKIT_H
#include "controller/control/control.h"

struct zl_kit {
	sd_event *event;
	struct zl_control *ctl;
	zl_call_fn handlers[ZL_METHOD_N];
	unsigned calls; /* of the handler that zl_kit_init() puts everywhere */
};

/* Every method gets `handler` (with `user`), or one that counts and answers {}. */
void zl_kit_init(struct zl_kit *k, zl_call_fn handler, void *user);
void zl_kit_done(struct zl_kit *k);

/* The test's end of a new connection with this access, or -1: none was to be had. */
int zl_kit_connect(struct zl_kit *k, enum zl_access access);

/* Run the loop until nothing happens any more. */
void zl_kit_turn(struct zl_kit *k);

/* Send `n` bytes, turning the loop while they do not fit; false: closed. */
bool zl_kit_send(struct zl_kit *k, int fd, const void *bytes, size_t n);

/* The next answer, or NULL: the connection was closed, or nothing comes. */
json_t *zl_kit_receive(struct zl_kit *k, int fd);

/* Send one message (its NUL too) and take the answer. */
json_t *zl_kit_ask(struct zl_kit *k, int fd, const char *text);

/* The connection was closed by the server, with nothing before. */
bool zl_kit_is_closed(struct zl_kit *k, int fd);

/* "org..." of an error answer, "" of a reply, "closed" of NULL. */
const char *zl_kit_error(const json_t *answer);

#endif
