/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: IP (always 128 bits), prefixes, MACs, UUIDs, endpoints.
 *
 * An IPv4 address is held as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2), so one
 * comparison, one hash and one tree serve both families.  Prefix lengths count
 * in the 128 bits: 10.0.0.0/8 has len 104.  parse(format(x)) = x for all of them.
 */
#ifndef ZL_BASE_ADDR_H
#define ZL_BASE_ADDR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sockaddr_storage;

struct zl_addr {
	uint8_t b[16]; /* network byte order */
};

struct zl_prefix {
	struct zl_addr addr; /* host bits are zero */
	uint8_t len;	     /* 0..128; IPv4 /n is 96 + n */
};

struct zl_mac {
	uint8_t b[6];
};

struct zl_uuid {
	uint8_t b[16];
};

enum { ZL_ADDR_STR = 46, ZL_PREFIX_STR = 50, ZL_MAC_STR = 18, ZL_UUID_STR = 37 };

struct zl_addr zl_addr_from_v4(uint32_t host_order);
struct zl_addr zl_addr_from_v4_be(const uint8_t b[static 4]);
struct zl_addr zl_addr_from_v6(const uint8_t b[static 16]);
bool zl_addr_is_v4(const struct zl_addr *a);
bool zl_addr_is_zero(const struct zl_addr *a);	    /* ::, or 0.0.0.0 */
bool zl_addr_is_multicast(const struct zl_addr *a); /* also 255.255.255.255 */
bool zl_addr_is_link_local(const struct zl_addr *a);

/* Text.  format() returns `buf`; parse() takes the whole string or fails. */
const char *zl_addr_format(const struct zl_addr *a, char buf[static ZL_ADDR_STR]);
bool zl_addr_parse(const char *text, struct zl_addr *ret);
const char *zl_prefix_format(const struct zl_prefix *p, char buf[static ZL_PREFIX_STR]);
bool zl_prefix_parse(const char *text, struct zl_prefix *ret); /* no "/n": one host */
const char *zl_mac_format(const struct zl_mac *m, char buf[static ZL_MAC_STR]);
bool zl_mac_parse(const char *text, struct zl_mac *ret);
const char *zl_uuid_format(const struct zl_uuid *u, char buf[static ZL_UUID_STR]);
bool zl_uuid_parse(const char *text, struct zl_uuid *ret);

/* A random (version 4) UUID. */
struct zl_uuid zl_uuid_random(void);

/* Make a prefix of `len` bits (of 128) with its host bits cleared. */
struct zl_prefix zl_prefix_make(const struct zl_addr *a, uint8_t len);
bool zl_prefix_has(const struct zl_prefix *p, const struct zl_addr *a);

/* "10.0.0.1:2055" or "[::1]:2055" into what bind() takes; the sender of a datagram. */
bool zl_endpoint_parse(
	const char *text, struct sockaddr_storage *ret, unsigned *ret_len);
struct zl_addr zl_addr_from_sockaddr(
	const struct sockaddr_storage *ss, uint16_t *ret_port);

static inline bool zl_addr_eq(const struct zl_addr *a, const struct zl_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool zl_mac_eq(const struct zl_mac *a, const struct zl_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool zl_uuid_eq(const struct zl_uuid *a, const struct zl_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool zl_mac_is_zero(const struct zl_mac *m)
{
	static const struct zl_mac zero;

	return zl_mac_eq(m, &zero);
}

/* Broadcast and multicast MACs have the group bit. */
static inline bool zl_mac_is_group(const struct zl_mac *m)
{
	return (m->b[0] & 1) != 0;
}

/*
 * Is `tap` what libvirt gives the tap of a NIC with MAC `nic`: the same with the
 * first byte fe (virnetdevtap.c, so that the bridge never takes the tap's MAC)?
 */
static inline bool zl_mac_is_tap_of(const struct zl_mac *tap, const struct zl_mac *nic)
{
	return tap->b[0] == 0xfe && memcmp(tap->b + 1, nic->b + 1, 5) == 0;
}

#endif
