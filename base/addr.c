/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, prefixes, MACs and UUIDs: text and bits. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

static const uint8_t v4_head[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct zl_addr zl_addr_from_v4_be(const uint8_t b[static 4])
{
	struct zl_addr a;

	memcpy(a.b, v4_head, sizeof(v4_head));
	memcpy(a.b + sizeof(v4_head), b, 4);
	return a;
}

struct zl_addr zl_addr_from_v4(uint32_t host_order)
{
	uint32_t be = htonl(host_order);
	uint8_t b[4];

	memcpy(b, &be, sizeof(b));
	return zl_addr_from_v4_be(b);
}

struct zl_addr zl_addr_from_v6(const uint8_t b[static 16])
{
	struct zl_addr a;

	memcpy(a.b, b, sizeof(a.b));
	return a;
}

bool zl_addr_is_v4(const struct zl_addr *a)
{
	return memcmp(a->b, v4_head, sizeof(v4_head)) == 0;
}

bool zl_addr_is_zero(const struct zl_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, 16) == 0 ||
	       (zl_addr_is_v4(a) && memcmp(a->b + 12, zero, 4) == 0);
}

bool zl_addr_is_multicast(const struct zl_addr *a)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	if (zl_addr_is_v4(a))
		return (a->b[12] & 0xf0) == 0xe0 || memcmp(a->b + 12, all, 4) == 0;
	return a->b[0] == 0xff;
}

bool zl_addr_is_link_local(const struct zl_addr *a)
{
	if (zl_addr_is_v4(a))
		return a->b[12] == 169 && a->b[13] == 254;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

const char *zl_addr_format(const struct zl_addr *a, char buf[static ZL_ADDR_STR])
{
	const char *s = zl_addr_is_v4(a)
				? inet_ntop(AF_INET, a->b + 12, buf, ZL_ADDR_STR)
				: inet_ntop(AF_INET6, a->b, buf, ZL_ADDR_STR);

	if (s == NULL)
		buf[0] = '\0';
	return buf;
}

bool zl_addr_parse(const char *text, struct zl_addr *ret)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, text, b) == 1)
		*ret = zl_addr_from_v4_be(b);
	else if (inet_pton(AF_INET6, text, b) == 1)
		*ret = zl_addr_from_v6(b);
	else
		return false;
	return true;
}

struct zl_prefix zl_prefix_make(const struct zl_addr *a, uint8_t len)
{
	struct zl_prefix p = { .addr = *a, .len = len > 128 ? 128 : len };

	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = p.len > i * 8 ? p.len - i * 8 : 0;

		if (bits < 8)
			p.addr.b[i] &= (uint8_t)(0xff00 >> bits);
	}
	return p;
}

bool zl_prefix_has(const struct zl_prefix *p, const struct zl_addr *a)
{
	size_t whole = p->len / 8;
	unsigned rest = p->len % 8;

	/* For every flow, several times. */
	return memcmp(a->b, p->addr.b, whole) == 0 &&
	       (rest == 0 ||
		       (a->b[whole] & (uint8_t)(0xff00 >> rest)) == p->addr.b[whole]);
}

const char *zl_prefix_format(const struct zl_prefix *p, char buf[static ZL_PREFIX_STR])
{
	char text[ZL_ADDR_STR];
	bool v4 = p->len >= 96 && zl_addr_is_v4(&p->addr);

	(void)snprintf(buf, ZL_PREFIX_STR, "%s/%u", zl_addr_format(&p->addr, text),
		v4 ? p->len - 96u : p->len);
	return buf;
}

bool zl_prefix_parse(const char *text, struct zl_prefix *ret)
{
	char copy[ZL_PREFIX_STR], *slash, *end;
	struct zl_addr a;
	unsigned long len, most;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (!zl_addr_parse(copy, &a))
		return false;
	most = zl_addr_is_v4(&a) && strchr(copy, ':') == NULL ? 32 : 128;
	len = most;
	if (slash != NULL) {
		if (*slash < '0' || *slash > '9')
			return false;
		len = strtoul(slash, &end, 10);
		if (*end != '\0' || len > most)
			return false;
	}
	*ret = zl_prefix_make(&a, (uint8_t)(128 - most + len));
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Two hex digits at `s` into *ret. */
static bool get_hex(const char *s, uint8_t *ret)
{
	int hi = hex_digit(s[0]), lo = hi < 0 ? -1 : hex_digit(s[1]);

	if (lo < 0)
		return false;
	*ret = (uint8_t)(hi << 4 | lo);
	return true;
}

const char *zl_mac_format(const struct zl_mac *m, char buf[static ZL_MAC_STR])
{
	(void)snprintf(buf, ZL_MAC_STR, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0],
		m->b[1], m->b[2], m->b[3], m->b[4], m->b[5]);
	return buf;
}

bool zl_mac_parse(const char *text, struct zl_mac *ret)
{
	struct zl_mac m;

	if (strlen(text) != ZL_MAC_STR - 1)
		return false;
	for (size_t i = 0; i < sizeof(m.b); i++) {
		if (!get_hex(text + i * 3, &m.b[i]))
			return false;
		if (i < 5 && text[i * 3 + 2] != ':')
			return false;
	}
	*ret = m;
	return true;
}

const char *zl_uuid_format(const struct zl_uuid *u, char buf[static ZL_UUID_STR])
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof(u->b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf[at++] = '-';
		(void)snprintf(buf + at, ZL_UUID_STR - at, "%02x", u->b[i]);
		at += 2;
	}
	return buf;
}

bool zl_uuid_parse(const char *text, struct zl_uuid *ret)
{
	struct zl_uuid u;
	const char *s = text;

	for (size_t i = 0; i < sizeof(u.b); i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *s == '-')
			s++;
		if (!get_hex(s, &u.b[i]))
			return false;
		s += 2;
	}
	if (*s != '\0')
		return false;
	*ret = u;
	return true;
}

struct zl_uuid zl_uuid_random(void)
{
	struct zl_uuid u = { 0 };

	while (getrandom(u.b, sizeof(u.b), 0) < 0 && errno == EINTR)
		;
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}

bool zl_endpoint_parse(
	const char *text, struct sockaddr_storage *ret, unsigned *ret_len)
{
	char host[64], *colon, *end;
	unsigned long port;
	struct zl_addr a;

	if (snprintf(host, sizeof(host), "%s", text) >= (int)sizeof(host))
		return false;
	colon = strrchr(host, ':');
	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port == 0 || port > 65535)
		return false;
	*colon = '\0';
	memset(ret, 0, sizeof(*ret));
	if (host[0] == '[') {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

		if (colon[-1] != ']')
			return false;
		colon[-1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(*in6);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
	}
	if (!zl_addr_parse(host, &a) || !zl_addr_is_v4(&a))
		return false;
	((struct sockaddr_in *)ret)->sin_family = AF_INET;
	((struct sockaddr_in *)ret)->sin_port = htons((uint16_t)port);
	memcpy(&((struct sockaddr_in *)ret)->sin_addr, a.b + 12, 4);
	*ret_len = sizeof(struct sockaddr_in);
	return true;
}

struct zl_addr zl_addr_from_sockaddr(
	const struct sockaddr_storage *ss, uint16_t *ret_port)
{
	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		*ret_port = ntohs(in->sin_port);
		return zl_addr_from_v4(ntohl(in->sin_addr.s_addr));
	}
	if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

		*ret_port = ntohs(in6->sin6_port);
		return zl_addr_from_v6(in6->sin6_addr.s6_addr);
	}
	*ret_port = 0;
	return (struct zl_addr){ 0 };
}
