/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control server of the tests. */
#include "tests/support/controlkit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS_MAX = 100000, ANSWER_MAX = 32 * 1024 * 1024 };

static int count(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	struct zl_kit *k = user;

	(void)call;
	(void)ret;
	(void)reterr;
	k->calls++;
	return 0;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "controlkit: %s failed\n", what);
	abort();
}

void zl_kit_init(struct zl_kit *k, zl_call_fn handler, void *user)
{
	*k = (struct zl_kit){ 0 };
	for (size_t i = 0; i < ZL_METHOD_N; i++)
		k->handlers[i] = handler == NULL ? count : handler;
	must(sd_event_new(&k->event) >= 0, "sd_event_new");
	must(zl_control_new(k->event, -1, k->handlers, handler == NULL ? k : user,
		     &k->ctl, NULL) == 0,
		"zl_control_new");
}

void zl_kit_done(struct zl_kit *k)
{
	zl_control_free(k->ctl);
	(void)sd_event_unref(k->event);
}

int zl_kit_connect(struct zl_kit *k, enum zl_access access)
{
	struct zl_peer peer = { .uid = 1234, .access = access, .actor = "uid 1234" };
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) ==
			0,
		"socketpair");
	if (zl_control_adopt(k->ctl, pair[1], &peer, NULL) == 0)
		return pair[0];
	(void)close(pair[0]);
	return -1;
}

void zl_kit_turn(struct zl_kit *k)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		if (sd_event_run(k->event, 0) <= 0)
			return;
	}
	must(false, "the loop does not come to rest");
}

bool zl_kit_send(struct zl_kit *k, int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	for (int i = 0; n > 0 && i < TURNS_MAX; i++) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
		} else if (errno != EAGAIN) {
			return false;
		} else {
			zl_kit_turn(k);
		}
	}
	zl_kit_turn(k);
	return n == 0;
}

/* One byte at a time would be slow, more would take from the next answer: peek. */
static ssize_t read_some(int fd, char *to, size_t room)
{
	ssize_t got = recv(fd, to, room, MSG_PEEK | MSG_DONTWAIT);
	const char *end;

	if (got <= 0)
		return got;
	end = memchr(to, '\0', (size_t)got);
	if (end != NULL)
		got = end - to + 1;
	return recv(fd, to, (size_t)got, MSG_DONTWAIT);
}

json_t *zl_kit_receive(struct zl_kit *k, int fd)
{
	char *text = malloc(ANSWER_MAX);
	json_t *answer = NULL;
	size_t n = 0;

	must(text != NULL, "malloc");
	for (int idle = 0; idle < 2 && n < ANSWER_MAX;) {
		ssize_t got;

		zl_kit_turn(k);
		got = read_some(fd, text + n, ANSWER_MAX - n);
		if (got == 0)
			break;
		if (got < 0) {
			idle++;
			continue;
		}
		idle = 0;
		n += (size_t)got;
		if (text[n - 1] == '\0') {
			answer = json_loads(text, 0, NULL);
			break;
		}
	}
	free(text);
	return answer;
}

json_t *zl_kit_ask(struct zl_kit *k, int fd, const char *text)
{
	if (!zl_kit_send(k, fd, text, strlen(text) + 1))
		return NULL;
	return zl_kit_receive(k, fd);
}

bool zl_kit_is_closed(struct zl_kit *k, int fd)
{
	char byte;

	zl_kit_turn(k);
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

const char *zl_kit_error(const json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "error"));

	if (answer == NULL)
		return "closed";
	return name == NULL ? "" : name;
}
