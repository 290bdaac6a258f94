/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing, parsing and sending of Varlink messages. */
#include "controller/control/varlink.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { READ_CHUNK = 64 * 1024, ROOM_FIRST = 4096 };

bool zl_varlink_has(struct zl_varlink_in *in)
{
	const char *end;

	if (in->scanned >= in->n)
		return false;
	end = memchr(in->bytes + in->scanned, '\0', in->n - in->scanned);
	in->scanned = end == NULL ? in->n : (size_t)(end - in->bytes);
	return end != NULL;
}

/* Room for at least one byte more; never beyond the longest message and its NUL. */
static int make_room(struct zl_varlink_in *in)
{
	size_t size = in->size == 0 ? ROOM_FIRST : in->size * 2;
	char *bytes;

	if (in->n < in->size)
		return 0;
	if (in->size > in->most)
		return -E2BIG;
	if (size > in->most + 1)
		size = in->most + 1;
	bytes = realloc(in->bytes, size);
	if (bytes == NULL)
		return -ENOMEM;
	in->bytes = bytes;
	in->size = size;
	return 0;
}

int zl_varlink_fill(struct zl_varlink_in *in, int fd)
{
	size_t room;
	ssize_t got;
	int r = make_room(in);

	if (r < 0)
		return r;
	room = in->size - in->n;
	if (room > READ_CHUNK)
		room = READ_CHUNK;
	do
		got = recv(fd, in->bytes + in->n, room, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	in->n += (size_t)got;
	if (in->n > in->most && !zl_varlink_has(in))
		return -E2BIG;
	return (int)got;
}

int zl_varlink_next(struct zl_varlink_in *in, json_t **ret, struct zl_error *reterr)
{
	json_error_t why;
	json_t *message;
	size_t used;

	if (!zl_varlink_has(in))
		return 0;
	message = json_loadb(in->bytes, in->scanned, JSON_REJECT_DUPLICATES, &why);
	used = in->scanned + 1;
	memmove(in->bytes, in->bytes + used, in->n - used);
	in->n -= used;
	in->scanned = 0;
	if (in->n == 0) /* an idle connection keeps no buffer */
		zl_varlink_in_done(in);
	if (message == NULL)
		return zl_fail(
			reterr, -EBADMSG, "control: no JSON, column %d", why.column);
	if (!json_is_object(message)) {
		json_decref(message);
		return zl_fail(
			reterr, -EBADMSG, "control: a message must be a JSON object");
	}
	*ret = message;
	return 1;
}

void zl_varlink_in_done(struct zl_varlink_in *in)
{
	free(in->bytes);
	*in = (struct zl_varlink_in){ .most = in->most };
}

int zl_varlink_put(struct zl_varlink_out *out, const json_t *message, size_t most)
{
	char *text = json_dumps(message, JSON_COMPACT);
	size_t len;

	if (text == NULL)
		return -ENOMEM;
	len = strlen(text);
	if (len > most) {
		free(text);
		return -E2BIG;
	}
	*out = (struct zl_varlink_out){ .bytes = text, .n = len + 1 };
	return 0;
}

int zl_varlink_flush(struct zl_varlink_out *out, int fd)
{
	while (out->at < out->n) {
		ssize_t sent = send(fd, out->bytes + out->at, out->n - out->at,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		out->at += (size_t)sent;
	}
	zl_varlink_out_done(out);
	return 0;
}

void zl_varlink_out_done(struct zl_varlink_out *out)
{
	free(out->bytes);
	*out = (struct zl_varlink_out){ 0 };
}

/* Length of the well-formed UTF-8 sequence at `s` (RFC 3629), or 0. */
static size_t sequence_length(const unsigned char *s)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		lo = 0xa0; /* overlong */
	else if (s[0] == 0xed)
		hi = 0x9f; /* surrogates */
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f; /* beyond U+10FFFF */
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	}
	return n;
}

json_t *zl_varlink_text(const char *text)
{
	json_t *whole = json_string(text);
	ZL_AUTO(zl_mem) char *copy = NULL;

	if (whole != NULL)
		return whole;
	copy = strdup(text);
	if (copy == NULL)
		return NULL;
	for (size_t i = 0; copy[i] != '\0';) {
		size_t n = sequence_length((const unsigned char *)copy + i);

		if (n == 0)
			copy[i] = '?';
		i += n == 0 ? 1 : n;
	}
	return json_string(copy);
}
