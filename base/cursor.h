/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader over bytes that we do not trust.
 *
 * Every read is bounds-checked.  The first short read sets `bad`, and from
 * then on all reads give 0, so a parser reads a whole header and asks once:
 *
 *	id = zl_get_u16(&c);
 *	n  = zl_get_u16(&c);
 *	if (c.bad)
 *		return -EBADMSG;
 *
 * Numbers are in network byte order.  The cursor never owns the bytes.
 */
#ifndef ZL_BASE_CURSOR_H
#define ZL_BASE_CURSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zl_cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static inline const uint8_t *zl_get_bytes(struct zl_cursor *c, size_t n)
{
	const uint8_t *at = c->at;

	if (c->bad || n > c->left) {
		c->bad = true;
		c->left = 0;
		return NULL;
	}
	c->at += n;
	c->left -= n;
	return at;
}

/* An unsigned number of 1 to 8 bytes (RFC 7011, section 6.2: reduced size). */
static inline uint64_t zl_get_uint(struct zl_cursor *c, size_t n)
{
	const uint8_t *b = zl_get_bytes(c, n);
	uint64_t v = 0;

	if (b == NULL || n > 8)
		return 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

static inline uint8_t zl_get_u8(struct zl_cursor *c)
{
	return (uint8_t)zl_get_uint(c, 1);
}

static inline uint16_t zl_get_u16(struct zl_cursor *c)
{
	return (uint16_t)zl_get_uint(c, 2);
}

static inline uint32_t zl_get_u32(struct zl_cursor *c)
{
	return (uint32_t)zl_get_uint(c, 4);
}

static inline uint64_t zl_get_u64(struct zl_cursor *c)
{
	return zl_get_uint(c, 8);
}

static inline void zl_skip(struct zl_cursor *c, size_t n)
{
	(void)zl_get_bytes(c, n);
}

/* Split off the next `n` bytes; reads through the result cannot leave them. */
static inline struct zl_cursor zl_get_window(struct zl_cursor *c, size_t n)
{
	const uint8_t *at = zl_get_bytes(c, n);

	return (struct zl_cursor){
		.at = at, .left = at == NULL ? 0 : n, .bad = c->bad
	};
}

#endif
