/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building frames with libmnl and checking them against their tables. */
#include "base/frame.h"

#include <errno.h>
#include <string.h>

void zl_frame_start(
	struct zl_frame *f, void *buf, size_t size, uint16_t type, uint32_t seq)
{
	*f = (struct zl_frame){ .buf = buf, .size = size };
	if (size < MNL_NLMSG_HDRLEN) {
		f->full = true;
		return;
	}
	f->nlh = mnl_nlmsg_put_header(buf);
	f->nlh->nlmsg_type = type;
	f->nlh->nlmsg_seq = seq;
	f->nlh->nlmsg_pid = ZL_FRAME_VERSION;
}

void zl_frame_put_bytes(struct zl_frame *f, uint16_t attr, const void *b, size_t n)
{
	/* An attribute's length has 16 bits, its own 4-byte header included. */
	if (f->full || n > UINT16_MAX - MNL_ATTR_HDRLEN ||
		!mnl_attr_put_check(f->nlh, f->size, attr, n, b))
		f->full = true;
}

void zl_frame_put_u8(struct zl_frame *f, uint16_t attr, uint8_t v)
{
	zl_frame_put_bytes(f, attr, &v, sizeof(v));
}

void zl_frame_put_u16(struct zl_frame *f, uint16_t attr, uint16_t v)
{
	zl_frame_put_bytes(f, attr, &v, sizeof(v));
}

void zl_frame_put_u32(struct zl_frame *f, uint16_t attr, uint32_t v)
{
	zl_frame_put_bytes(f, attr, &v, sizeof(v));
}

void zl_frame_put_u64(struct zl_frame *f, uint16_t attr, uint64_t v)
{
	zl_frame_put_bytes(f, attr, &v, sizeof(v));
}

void zl_frame_put_str(struct zl_frame *f, uint16_t attr, const char *s)
{
	if (s == NULL)
		s = "";
	zl_frame_put_bytes(f, attr, s, strlen(s) + 1);
}

struct nlattr *zl_frame_nest(struct zl_frame *f, uint16_t attr)
{
	struct nlattr *nest = NULL;

	if (!f->full)
		nest = mnl_attr_nest_start_check(f->nlh, f->size, attr);
	if (nest == NULL)
		f->full = true;
	return nest;
}

void zl_frame_nest_end(struct zl_frame *f, struct nlattr *nest)
{
	const char *tail;

	if (nest == NULL || f->full)
		return;
	tail = mnl_nlmsg_get_payload_tail(f->nlh);
	if (tail - (const char *)nest > UINT16_MAX) {
		f->full = true; /* the nest's length has 16 bits too */
		return;
	}
	mnl_attr_nest_end(f->nlh, nest);
}

ssize_t zl_frame_end(struct zl_frame *f)
{
	return f->full ? -ENOBUFS : (ssize_t)f->nlh->nlmsg_len;
}

/* Is the value of `a` what the row allows?  Nests are looked into by the caller. */
static bool has_valid_size(const struct nlattr *a, const struct zl_attr *row)
{
	size_t n = mnl_attr_get_payload_len(a);
	const char *text = mnl_attr_get_payload(a);

	switch (row->type) {
	case ZL_ATTR_U8: return n == 1;
	case ZL_ATTR_U16: return n == 2;
	case ZL_ATTR_U32: return n == 4;
	case ZL_ATTR_U64: return n == 8;
	case ZL_ATTR_STRING:
		return n >= 1 && n - 1 >= row->min && n - 1 <= row->max &&
		       memchr(text, '\0', n) == text + n - 1;
	case ZL_ATTR_BYTES:
		return row->min == 0 ? n == row->max : n >= row->min && n <= row->max;
	case ZL_ATTR_NEST: return true;
	}
	return false;
}

/* The attributes in `len` bytes at `first`, against `rows`. */
static int check_attrs(const char *message, const struct nlattr *first, size_t len,
	const struct zl_attr *rows, uint16_t n_rows, int depth, struct zl_error *reterr)
{
	uint64_t seen = 0;
	const char *end = (const char *)first + len;
	const struct nlattr *a = first;

	for (; (const char *)a < end; a = mnl_attr_next(a)) {
		uint16_t number;
		int r;

		if (!mnl_attr_ok(a, (int)(end - (const char *)a)))
			return zl_fail(reterr, -EPROTO, "frame %s: attribute cut short",
				message);
		number = mnl_attr_get_type(a);
		if (number >= n_rows || rows[number].name == NULL)
			continue;
		if (!has_valid_size(a, &rows[number]))
			return zl_fail(reterr, -EPROTO,
				"frame %s: attribute %s has a wrong size", message,
				rows[number].name);
		if ((seen & 1ULL << number) != 0 && !rows[number].repeated)
			return zl_fail(reterr, -EPROTO,
				"frame %s: attribute %s comes twice", message,
				rows[number].name);
		seen |= 1ULL << number;
		if (rows[number].type != ZL_ATTR_NEST || depth == 0)
			continue;
		r = check_attrs(message, mnl_attr_get_payload(a),
			mnl_attr_get_payload_len(a), rows[number].nested,
			rows[number].n_nested, depth - 1, reterr);
		if (r < 0)
			return r;
	}
	for (uint16_t i = 0; i < n_rows; i++)
		if (rows[i].required && (seen & 1ULL << i) == 0)
			return zl_fail(reterr, -EPROTO,
				"frame %s: attribute %s is missing", message,
				rows[i].name);
	return 0;
}

int zl_frame_parse(const void *bytes, size_t n, const struct zl_message *table,
	size_t n_table, struct zl_frame_in *ret, struct zl_error *reterr)
{
	enum { DEPTH = 3 }; /* nests within nests; our deepest has two */
	const struct nlmsghdr *nlh = bytes;
	const struct zl_message *m;
	const struct nlattr *a;
	int r;

	if (n < MNL_NLMSG_HDRLEN || n > ZL_FRAME_MAX || nlh->nlmsg_len != n)
		return zl_fail(
			reterr, -EPROTO, "frame of %zu bytes has a wrong length", n);
	if (nlh->nlmsg_type >= n_table || table[nlh->nlmsg_type].name == NULL)
		return zl_fail(
			reterr, -EPROTO, "frame of unknown type %u", nlh->nlmsg_type);
	m = &table[nlh->nlmsg_type];
	r = check_attrs(m->name, mnl_nlmsg_get_payload(nlh), n - MNL_NLMSG_HDRLEN,
		m->attrs, m->n_attrs, DEPTH, reterr);
	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	ret->type = nlh->nlmsg_type;
	ret->seq = nlh->nlmsg_seq;
	ret->nlh = nlh;
	mnl_attr_for_each(a, nlh, 0)
	{
		uint16_t number = mnl_attr_get_type(a);

		if (number < m->n_attrs && number < ZL_FRAME_ATTRS &&
			ret->tb[number] == NULL)
			ret->tb[number] = a;
	}
	return 0;
}

void zl_frame_open_nest(
	const struct nlattr *nest, const struct nlattr **tb, size_t n_tb)
{
	const struct nlattr *a;

	memset(tb, 0, n_tb * sizeof(*tb));
	if (nest == NULL)
		return;
	mnl_attr_for_each_nested(a, nest)
	{
		uint16_t number = mnl_attr_get_type(a);

		if (number < n_tb && tb[number] == NULL)
			tb[number] = a;
	}
}

uint8_t zl_attr_u8(const struct nlattr *a)
{
	return a == NULL ? 0 : mnl_attr_get_u8(a);
}

uint16_t zl_attr_u16(const struct nlattr *a)
{
	return a == NULL ? 0 : mnl_attr_get_u16(a);
}

uint32_t zl_attr_u32(const struct nlattr *a)
{
	return a == NULL ? 0 : mnl_attr_get_u32(a);
}

uint64_t zl_attr_u64(const struct nlattr *a)
{
	return a == NULL ? 0 : mnl_attr_get_u64(a);
}

const char *zl_attr_str(const struct nlattr *a)
{
	return a == NULL ? "" : mnl_attr_get_str(a);
}

const void *zl_attr_bytes(const struct nlattr *a)
{
	return a == NULL ? NULL : mnl_attr_get_payload(a);
}

void zl_attr_copy(const struct nlattr *a, void *to, size_t n)
{
	if (a == NULL || mnl_attr_get_payload_len(a) != n)
		memset(to, 0, n);
	else
		memcpy(to, mnl_attr_get_payload(a), n);
}
