/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A blocking Varlink client. */
#include "controller/control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/clock.h"
#include "controller/control/fault.h"
#include "controller/control/methods.h"
#include "controller/control/varlink.h"

struct zl_client {
	int fd;
	struct zl_varlink_in in;
	char fault[96];
};

static int say_unreachable(const char *path, int code, struct zl_error *reterr)
{
	errno = -code;
	(void)zl_fail(reterr, code, "cannot connect to zonelockd at '%s': %m", path);
	if (code == -ENOENT || code == -ECONNREFUSED)
		zl_error_hint(reterr,
			"is the daemon running? try: systemctl status zonelockd");
	else if (code == -EACCES)
		zl_error_hint(reterr,
			"you may not open the socket: ask to join group zonelock");
	else if (code == -EAGAIN)
		zl_error_hint(reterr, "the daemon is busy or hangs: try again");
	return code;
}

int zl_client_open(const char *path, struct zl_client **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_client) struct zl_client *c = calloc(1, sizeof(*c));
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ZL_CLIENT_PATIENCE_S };

	if (c == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	c->in.most = ZL_CLIENT_IN_MAX;
	c->fd = -1;
	if (strlen(path) >= sizeof(addr.sun_path))
		return zl_fail(reterr, -ENAMETOOLONG,
			"the socket's path '%s' is longer than %zu bytes", path,
			sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return zl_fail(reterr, -errno, "make a socket: %m");
	/* bounds connect() on a daemon that does not accept, see socket(7) */
	if (setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return zl_fail(reterr, -errno, "set the socket's time limit: %m");
	if (connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return say_unreachable(path, -errno, reterr);
	*ret = zl_take_ptr(c);
	return 0;
}

void zl_client_close(struct zl_client *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		(void)close(c->fd);
	zl_varlink_in_done(&c->in);
	free(c);
}

const char *zl_client_fault(const struct zl_client *c)
{
	return c->fault;
}

/* Wait for `events`, never beyond `since` + patience. */
static int wait_for(struct zl_client *c, short events, struct zl_mono since,
	struct zl_error *reterr)
{
	uint64_t most_ms = (uint64_t)ZL_CLIENT_PATIENCE_S * 1000;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = events };
		uint64_t gone_ms = zl_mono_since(zl_mono_now(), since) / ZL_US_PER_MS;
		int r;

		if (gone_ms >= most_ms)
			return zl_fail_id(reterr, -ETIMEDOUT, "control.timeout",
				"the daemon may hang; what was asked may still happen",
				"zonelockd did not answer within %d seconds",
				ZL_CLIENT_PATIENCE_S);
		r = poll(&p, 1, (int)(most_ms - gone_ms));
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return zl_fail(reterr, -errno, "wait for zonelockd: %m");
	}
}

static int send_call(struct zl_client *c, const char *method, const json_t *params,
	struct zl_mono since, struct zl_error *reterr)
{
	ZL_AUTO(zl_json)
	json_t *message = json_pack("{s:s+, s:O?}", "method", ZL_METHODS_INTERFACE ".",
		method, "parameters", params);
	struct zl_varlink_out out = { 0 };
	int r;

	if (message == NULL || zl_varlink_put(&out, message, SIZE_MAX - 1) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	while ((r = zl_varlink_flush(&out, c->fd)) == -EAGAIN) {
		r = wait_for(c, POLLOUT, since, reterr);
		if (r < 0)
			break;
	}
	zl_varlink_out_done(&out);
	if (r == -EPIPE || r == -ECONNRESET)
		return 0; /* what it said before it closed is worth reading */
	if (r < 0 && r != -ETIMEDOUT) {
		errno = -r;
		return zl_fail(reterr, r, "send to zonelockd: %m");
	}
	return r;
}

static int receive(struct zl_client *c, struct zl_mono since, json_t **ret,
	struct zl_error *reterr)
{
	for (;;) {
		int r = zl_varlink_next(&c->in, ret, reterr);

		if (r == 1)
			return 0;
		if (r < 0)
			return zl_fail(
				reterr, -EPROTO, "zonelockd answered with no JSON");
		r = wait_for(c, POLLIN, since, reterr);
		if (r < 0)
			return r;
		r = zl_varlink_fill(&c->in, c->fd);
		if (r == 0 || r == -ECONNRESET)
			return zl_fail_id(reterr, -ECONNRESET, "control.closed",
				"it was restarted, or has too many clients: try again",
				"zonelockd closed the connection");
		if (r < 0 && r != -EAGAIN) {
			errno = -r;
			return zl_fail(reterr, r, "read from zonelockd: %m");
		}
	}
}

int zl_client_call(struct zl_client *c, const char *method, const json_t *params,
	json_t **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_json) json_t *message = NULL;
	struct zl_mono since = zl_mono_now();
	const char *fault;
	json_t *reply;
	int r;

	c->fault[0] = '\0';
	r = send_call(c, method, params, since, reterr);
	if (r < 0)
		return r;
	r = receive(c, since, &message, reterr);
	if (r < 0)
		return r;
	fault = json_string_value(json_object_get(message, "error"));
	if (fault != NULL) {
		(void)snprintf(c->fault, sizeof(c->fault), "%s", fault);
		return zl_fault_read(message, reterr);
	}
	reply = json_object_get(message, "parameters");
	if (reply == NULL || !json_is_object(reply))
		return zl_fail(
			reterr, -EPROTO, "zonelockd answered without parameters");
	*ret = json_incref(reply);
	return 0;
}
