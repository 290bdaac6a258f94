/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder of captured packets. */
#include "tests/support/packetgen.h"

#include <netinet/in.h>
#include <string.h>

static void skip(struct zl_flowgen *g, size_t n)
{
	while (n-- > 0)
		zl_flowgen_u8(g, 0);
}

static void put_link(const struct zl_packetgen *p, struct zl_flowgen *g)
{
	uint16_t type = p->type != 0 ? p->type : p->is_ipv6 ? 0x86dd : 0x0800;
	uint16_t first = p->tags[0] != 0 ? p->tags[0] : type;

	switch (p->link) {
	case ZL_DATAGRAM_ETHERNET:
		skip(g, 12);
		zl_flowgen_u16(g, first);
		break;
	case ZL_DATAGRAM_COOKED:
		skip(g, 14);
		zl_flowgen_u16(g, first);
		break;
	case ZL_DATAGRAM_COOKED2:
		zl_flowgen_u16(g, first);
		skip(g, 18);
		break;
	case ZL_DATAGRAM_LOOPBACK: zl_flowgen_u32(g, 0x02000000); return;
	case ZL_DATAGRAM_RAW: return;
	}
	for (size_t i = 0; i < 3 && p->tags[i] != 0; i++) {
		zl_flowgen_u16(g, 100);
		zl_flowgen_u16(g, i < 2 && p->tags[i + 1] != 0 ? p->tags[i + 1] : type);
	}
}

static uint16_t lie(uint16_t said, size_t truth)
{
	return said == 0 ? (uint16_t)truth : said == UINT16_MAX ? 0 : said;
}

static size_t size_of_extension(uint8_t type)
{
	return type == IPPROTO_FRAGMENT || type == IPPROTO_AH ? 8 : 16;
}

static void put_ipv6(const struct zl_packetgen *p, struct zl_flowgen *g, size_t n)
{
	static const uint8_t net[15] = { 0xfd };
	uint8_t last = p->protocol != 0 ? p->protocol : IPPROTO_UDP;
	size_t n_ext = 0;

	for (size_t i = 0; i < 4 && p->extensions[i] != 0; i++)
		n_ext += size_of_extension(p->extensions[i]);
	zl_flowgen_u32(g, 0x60000000);
	zl_flowgen_u16(g, lie(p->ip_length, n_ext + n));
	zl_flowgen_u8(g, p->extensions[0] == 0	   ? last
			 : p->extensions[0] == 255 ? 0
						   : p->extensions[0]);
	zl_flowgen_u8(g, 64);
	zl_flowgen_bytes(g, net, sizeof(net));
	zl_flowgen_u8(g, 1);
	zl_flowgen_bytes(g, net, sizeof(net));
	zl_flowgen_u8(g, 2);
	for (size_t i = 0; i < 4 && p->extensions[i] != 0; i++) {
		uint8_t is = p->extensions[i];

		zl_flowgen_u8(g, i < 3 && p->extensions[i + 1] != 0
					 ? p->extensions[i + 1]
					 : last);
		if (is == IPPROTO_FRAGMENT) {
			zl_flowgen_u8(g, 0);
			zl_flowgen_u16(g, p->fragment);
			skip(g, 4);
		} else {
			/* in units of 8 bytes beyond the first; of 4 minus 2 */
			zl_flowgen_u8(g, is == IPPROTO_AH ? 0 : 1);
			skip(g, size_of_extension(is) - 2);
		}
	}
}

static void put_ipv4(const struct zl_packetgen *p, struct zl_flowgen *g, size_t n)
{
	size_t n_options = p->extensions[0] == 0 ? 0 : 8;

	zl_flowgen_u8(g, p->first != 0 ? p->first : (uint8_t)(0x45 + n_options / 4));
	zl_flowgen_u8(g, 0);
	zl_flowgen_u16(g, lie(p->ip_length, 20 + n_options + n));
	zl_flowgen_u16(g, 7);
	zl_flowgen_u16(g, p->fragment);
	zl_flowgen_u8(g, 64);
	zl_flowgen_u8(g, p->protocol != 0 ? p->protocol : IPPROTO_UDP);
	zl_flowgen_u16(g, 0);
	zl_flowgen_u32(g, 0x0a000001);
	zl_flowgen_u32(g, 0x0a000002);
	skip(g, n_options);
}

void zl_packetgen_build(const struct zl_packetgen *p, struct zl_flowgen *g)
{
	size_t n = p->n_payload;

	if (n == 0 && p->payload != NULL)
		n = strlen(p->payload);
	*g = (struct zl_flowgen){ 0 };
	put_link(p, g);
	if (p->is_ipv6)
		put_ipv6(p, g, 8 + n);
	else
		put_ipv4(p, g, 8 + n);
	zl_flowgen_u16(g, 1000);
	zl_flowgen_u16(g, 2055);
	zl_flowgen_u16(g, lie(p->udp_length, 8 + n));
	zl_flowgen_u16(g, 0);
	zl_flowgen_bytes(g, p->payload, n);
	skip(g, p->padding);
	g->n -= p->cut;
}
