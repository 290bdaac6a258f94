/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a SOCK_SEQPACKET connection that carries frames, on an sd-event loop.
 *
 * Frames that the socket does not take at once are queued, at most
 * ZL_CHANNEL_QUEUE_MAX bytes; a peer that reads nothing for so long is closed with
 * -ENOBUFS.  Received frames are checked against the protocol's table before
 * `on_frame` sees them; a malformed one closes the channel with -EPROTO.
 *
 * `on_frame` may send, and may close the channel.  `on_closed` comes exactly once,
 * from the event loop, when the peer went away or broke the protocol (never after
 * zl_channel_close()); the channel is already closed then, its owner frees it.
 */
#ifndef ZL_BASE_CHANNEL_H
#define ZL_BASE_CHANNEL_H
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/frame.h"

struct zl_channel;

enum { ZL_CHANNEL_QUEUE_MAX = 16 * 1024 * 1024 };

struct zl_channel_handlers {
	const struct zl_message *table;
	size_t n_table;
	void (*on_frame)(
		struct zl_channel *c, const struct zl_frame_in *in, void *user);
	void (*on_closed)(struct zl_channel *c, const struct zl_error *why, void *user);
};

/* Take over `fd` (closed on failure too).  `handlers` must outlive the channel. */
int zl_channel_new(sd_event *event, int fd, const struct zl_channel_handlers *handlers,
	void *user, struct zl_channel **ret, struct zl_error *reterr) ZL_CHECKED;

/* Connect to a listening socket in the file system; never blocks for long. */
int zl_channel_connect(sd_event *event, const char *path,
	const struct zl_channel_handlers *handlers, void *user, struct zl_channel **ret,
	struct zl_error *reterr) ZL_CHECKED;

/* Listen at `path` (mode `mode`, group `gid` or -1), replacing a dead socket there. */
int zl_channel_listen(const char *path, unsigned mode, int gid, int *ret_fd,
	struct zl_error *reterr) ZL_CHECKED;

/* Remove the socket of a process that has ended; any other file stays (connect() says
 * ECONNREFUSED to both). */
void zl_channel_remove_dead(const char *path);

/* Close and free; on_closed does not come.  NULL is fine. */
void zl_channel_close(struct zl_channel *c);

/*
 * A buffer of ZL_FRAME_MAX bytes to build the next frame in, and sending it:
 *
 *	struct zl_frame f;
 *	zl_channel_start(c, &f, ZL_AGENT_PING, seq);
 *	zl_frame_put_...(&f, ...);
 *	r = zl_channel_send(c, &f);
 *
 * -ENOBUFS: frame or queue too large; -EPIPE: closed.  on_closed() follows later.
 */
void zl_channel_start(
	struct zl_channel *c, struct zl_frame *f, uint16_t type, uint32_t seq);
int zl_channel_send(struct zl_channel *c, struct zl_frame *f);

/* Send bytes that are a frame already (to pass one on). */
int zl_channel_send_raw(struct zl_channel *c, const void *bytes, size_t n);

/* The peer as the kernel knows it (SO_PEERCRED). */
int zl_channel_peer(const struct zl_channel *c, uid_t *ret_uid, pid_t *ret_pid);

#endif
