/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed frames: what our processes say to each other.
 *
 * A frame is a netlink-style message (struct nlmsghdr and attributes, see
 * <linux/netlink.h> and libmnl), in host byte order, one per SOCK_SEQPACKET
 * datagram, at most ZL_FRAME_MAX bytes:
 *
 *	| u32 length | u16 type | u16 flags | u32 seq | u32 version |
 *	| u16 length | u16 attribute | value, padded to 4 | ...
 *
 * `seq` ties an answer to its request (0: none was asked).  Attributes that the
 * reader does not know are ignored, so old and new versions can talk.
 *
 * Each protocol is a table of messages; each message a table of attributes that
 * says type, length and whether it must be there.  zl_frame_parse() checks all of
 * that before any handler sees a value.
 *
 * Building is sticky: puts after the buffer is full do nothing, and
 * zl_frame_end() says so once.
 */
#ifndef ZL_BASE_FRAME_H
#define ZL_BASE_FRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "base/error.h"

enum { ZL_FRAME_MAX = 65536, ZL_FRAME_VERSION = 1, ZL_FRAME_ATTRS = 64 };

enum zl_attr_type {
	ZL_ATTR_U8,
	ZL_ATTR_U16,
	ZL_ATTR_U32,
	ZL_ATTR_U64,
	ZL_ATTR_STRING, /* NUL-terminated; max counts the text without the NUL */
	ZL_ATTR_BYTES,	/* exactly `max` bytes when min is 0, else min..max */
	ZL_ATTR_NEST,	/* attributes of its own, checked against `nested` */
};

/* One attribute of a message; the array index is the attribute's number. */
struct zl_attr {
	const char *name; /* NULL: a hole in the numbering */
	enum zl_attr_type type;
	uint16_t min, max;
	bool required;
	bool repeated; /* may come more than once; walk with zl_frame_each */
	const struct zl_attr *nested;
	uint16_t n_nested;
};

/* One message of a protocol; the array index is the frame's type. */
struct zl_message {
	const char *name; /* NULL: no such message */
	const struct zl_attr *attrs;
	uint16_t n_attrs;
};

#define ZL_ATTRS(a)  .attrs = (a), .n_attrs = sizeof(a) / sizeof((a)[0])
#define ZL_NESTED(a) .nested = (a), .n_nested = sizeof(a) / sizeof((a)[0])

/* --- building --- */
struct zl_frame {
	void *buf;
	size_t size;
	bool full;
	struct nlmsghdr *nlh;
};

void zl_frame_start(
	struct zl_frame *f, void *buf, size_t size, uint16_t type, uint32_t seq);
void zl_frame_put_u8(struct zl_frame *f, uint16_t attr, uint8_t v);
void zl_frame_put_u16(struct zl_frame *f, uint16_t attr, uint16_t v);
void zl_frame_put_u32(struct zl_frame *f, uint16_t attr, uint32_t v);
void zl_frame_put_u64(struct zl_frame *f, uint16_t attr, uint64_t v);
void zl_frame_put_str(struct zl_frame *f, uint16_t attr, const char *s); /* NULL: "" */
void zl_frame_put_bytes(struct zl_frame *f, uint16_t attr, const void *b, size_t n);
struct nlattr *zl_frame_nest(struct zl_frame *f, uint16_t attr); /* NULL when full */
void zl_frame_nest_end(struct zl_frame *f, struct nlattr *nest);

/* The frame's length, or -ENOBUFS when it did not fit. */
ssize_t zl_frame_end(struct zl_frame *f);

/* --- reading --- */
struct zl_frame_in {
	uint16_t type;
	uint32_t seq;
	const struct nlmsghdr *nlh;
	const struct nlattr *tb[ZL_FRAME_ATTRS]; /* the first of each attribute */
};

/*
 * Check `n` bytes against `table`.  `ret` borrows the bytes.
 * -EPROTO: malformed, unknown type, or an attribute breaks its row; reterr names it.
 */
int zl_frame_parse(const void *bytes, size_t n, const struct zl_message *table,
	size_t n_table, struct zl_frame_in *ret, struct zl_error *reterr) ZL_CHECKED;

/* The attributes of a nest that zl_frame_parse() has accepted. */
void zl_frame_open_nest(
	const struct nlattr *nest, const struct nlattr **tb, size_t n_tb);

/* Values of accepted attributes; 0, "" or NULL when the attribute is absent. */
uint8_t zl_attr_u8(const struct nlattr *a);
uint16_t zl_attr_u16(const struct nlattr *a);
uint32_t zl_attr_u32(const struct nlattr *a);
uint64_t zl_attr_u64(const struct nlattr *a);
const char *zl_attr_str(const struct nlattr *a);
const void *zl_attr_bytes(const struct nlattr *a);
/* Copy a BYTES attribute of exactly `n` bytes; zeroes when absent. */
void zl_attr_copy(const struct nlattr *a, void *to, size_t n);

/* Walk the attributes of one number in a frame, or in a nest. */
#define zl_frame_each(a, in, number)                                                   \
	mnl_attr_for_each((a), (in)->nlh, 0) if (mnl_attr_get_type(a) != (number))     \
	{                                                                              \
	}                                                                              \
	else
#define zl_nest_each(a, nest, number)                                                  \
	mnl_attr_for_each_nested((a), (nest)) if (mnl_attr_get_type(a) != (number))    \
	{                                                                              \
	}                                                                              \
	else

#endif
