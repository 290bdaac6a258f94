/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Varlink messages on a stream: JSON objects, each ended by a NUL byte.
 *
 *	call	{"method": "org.example.Do", "parameters": {...}, "oneway": false}
 *	reply	{"parameters": {...}}
 *	error	{"error": "org.example.Failed", "parameters": {...}}
 *
 * (https://varlink.org/Wire-Protocol.)  Used by the server and by the client.  Nothing
 * here blocks; both directions have a hard size.
 */
#ifndef ZL_CONTROL_VARLINK_H
#define ZL_CONTROL_VARLINK_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

ZL_DEFINE_AUTO(zl_json, json_t, json_decref);

/* What came in and is not yet parsed; zero it, set `most`, and end with done. */
struct zl_varlink_in {
	char *bytes;
	size_t n, size;
	size_t scanned; /* bytes known to hold no NUL */
	size_t most;	/* longest message, without its NUL */
};

/*
 * Read once from `fd`, when no complete message waits.  Returns the number of bytes, 0 at the end of the stream, or
 *	-EAGAIN		nothing there
 *	-E2BIG		a message is longer than `most`
 *	-ENOMEM, or what recv() said
 */
int zl_varlink_fill(struct zl_varlink_in *in, int fd) ZL_CHECKED;

/* A complete message waits. */
bool zl_varlink_has(struct zl_varlink_in *in);

/*
 * Take the next message: 1 and *ret (an object, the caller's), 0 when none is
 * complete, -EBADMSG when it is no JSON object.
 */
int zl_varlink_next(
	struct zl_varlink_in *in, json_t **ret, struct zl_error *reterr) ZL_CHECKED;

void zl_varlink_in_done(struct zl_varlink_in *in);

/* One message on its way out. */
struct zl_varlink_out {
	char *bytes;
	size_t n, at;
};

static inline bool zl_varlink_is_pending(const struct zl_varlink_out *out)
{
	return out->bytes != NULL;
}

/*
 * Queue `message` (borrowed); nothing may be pending.  -E2BIG when its text is longer
 * than `most`, -ENOMEM; nothing is queued then.
 */
int zl_varlink_put(
	struct zl_varlink_out *out, const json_t *message, size_t most) ZL_CHECKED;

/* Send what fits: 0 when all is out, -EAGAIN, or what send() said. */
int zl_varlink_flush(struct zl_varlink_out *out, int fd) ZL_CHECKED;

void zl_varlink_out_done(struct zl_varlink_out *out);

/*
 * A JSON string of any bytes: what is no UTF-8 becomes '?'.  jansson refuses such
 * strings, and guests, libvirt and cut sentences do contain them.
 */
json_t *zl_varlink_text(const char *text);

#endif
