/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements: keys, lists, differences. */
#include "mitigate/agent/nft_elem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Where an IPv4 address sits within the 128 bits. */
enum { V4_AT = 12 };

struct zl_nft_elem zl_nft_elem_tap(enum zl_nft_set_id set, uint32_t ifindex)
{
	struct zl_nft_elem e = { .set = set };

	memcpy(e.key, &ifindex, sizeof(ifindex));
	return e;
}

struct zl_nft_elem zl_nft_elem_peer(const struct zl_addr *addr)
{
	bool v4 = zl_addr_is_v4(addr);
	struct zl_nft_elem e = { .set = v4 ? ZL_SET_FORENSIC_PEERS4
					   : ZL_SET_FORENSIC_PEERS6 };

	memcpy(e.key, addr->b + (v4 ? V4_AT : 0), v4 ? 4 : 16);
	return e;
}

struct zl_nft_elem zl_nft_elem_nic(uint32_t ifindex, const struct zl_mac *guest)
{
	struct zl_nft_elem e = zl_nft_elem_tap(ZL_SET_FORENSIC_NICS, ifindex);

	memcpy(e.key + 4, guest->b, sizeof(guest->b));
	return e;
}

struct zl_nft_elem zl_nft_elem_peer_mac(
	const struct zl_addr *addr, const struct zl_mac *mac)
{
	struct zl_nft_elem e = zl_nft_elem_peer(addr);

	e.set = e.set == ZL_SET_FORENSIC_PEERS4 ? ZL_SET_FORENSIC_MACS4
						: ZL_SET_FORENSIC_MACS6;
	memcpy(e.key + zl_nft_sets[e.set].key_len, mac->b, sizeof(mac->b));
	return e;
}

struct zl_nft_elem zl_nft_elem_block(
	uint32_t ifindex, uint8_t proto, const struct zl_addr *dst, uint16_t dport)
{
	bool v4 = zl_addr_is_v4(dst);
	size_t size = v4 ? 4 : 16;
	struct zl_nft_elem e = { .set = v4 ? ZL_SET_BLOCK4 : ZL_SET_BLOCK6 };

	memcpy(e.key, &ifindex, sizeof(ifindex));
	e.key[4] = proto;
	memcpy(e.key + 8, dst->b + (v4 ? V4_AT : 0), size);
	if (dport == 0) {
		e.set = v4 ? ZL_SET_BLOCK_PROTO4 : ZL_SET_BLOCK_PROTO6;
		return e;
	}
	e.key[8 + size] = (uint8_t)(dport >> 8);
	e.key[9 + size] = (uint8_t)dport;
	return e;
}

uint32_t zl_nft_elem_ifindex(const struct zl_nft_elem *e)
{
	uint32_t ifindex;

	if (e->set == ZL_SET_FORENSIC_PEERS4 || e->set == ZL_SET_FORENSIC_PEERS6 ||
		e->set == ZL_SET_FORENSIC_MACS4 || e->set == ZL_SET_FORENSIC_MACS6)
		return 0;
	memcpy(&ifindex, e->key, sizeof(ifindex));
	return ifindex;
}

void zl_nft_elem_comment(struct zl_nft_elem *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(e->comment, sizeof(e->comment), fmt, ap);
	va_end(ap);
	for (char *c = e->comment; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\' ||
			(unsigned char)*c >= 0x7f)
			*c = '?';
}

int zl_nft_elem_cmp(const struct zl_nft_elem *a, const struct zl_nft_elem *b)
{
	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	return memcmp(a->key, b->key, sizeof(a->key));
}

static const char *format_mac(const uint8_t *at, char buf[static ZL_MAC_STR])
{
	struct zl_mac mac;

	memcpy(mac.b, at, sizeof(mac.b));
	return zl_mac_format(&mac, buf);
}

static const char *format_key(const struct zl_nft_elem *e, char *buf, size_t size)
{
	const struct zl_nft_set_row *row = &zl_nft_sets[e->set];
	uint32_t ifindex = zl_nft_elem_ifindex(e);
	char text[ZL_ADDR_STR], mac[ZL_MAC_STR];
	struct zl_addr addr;
	size_t at = row->parts[0] == 0 ? 0 : 8,
	       n = row->key_len == 4 ? 4 : row->parts[2];

	if (row->parts[0] == 0 && ifindex != 0) {
		(void)snprintf(buf, size, "%u", ifindex);
		return buf;
	}
	if (e->set == ZL_SET_FORENSIC_NICS) {
		(void)snprintf(
			buf, size, "%u . %s", ifindex, format_mac(e->key + 4, mac));
		return buf;
	}
	if (row->parts[0] == 0)
		n = row->key_len;
	addr = n == 4 ? zl_addr_from_v4_be(e->key + at) : zl_addr_from_v6(e->key + at);
	zl_addr_format(&addr, text);
	if (row->data_len != 0)
		(void)snprintf(buf, size, "%s : %s", text, format_mac(e->key + n, mac));
	else if (row->parts[0] == 0)
		(void)snprintf(buf, size, "%s", text);
	else if (row->parts[3] == 0)
		(void)snprintf(buf, size, "%u . %u . %s", ifindex, e->key[4], text);
	else
		(void)snprintf(buf, size, "%u . %u . %s . %u", ifindex, e->key[4], text,
			(unsigned)(e->key[8 + n] << 8 | e->key[9 + n]));
	return buf;
}

const char *zl_nft_elem_format(
	const struct zl_nft_elem *e, char buf[static ZL_NFT_ELEM_STR])
{
	char key[96];

	(void)snprintf(buf, ZL_NFT_ELEM_STR, "table bridge %s set %s { %s }%s%s",
		ZL_NFT_TABLE, zl_nft_sets[e->set].name, format_key(e, key, sizeof(key)),
		e->comment[0] == '\0' ? "" : " # ", e->comment);
	return buf;
}

int zl_nft_elems_add(struct zl_nft_elems *l, const struct zl_nft_elem *e)
{
	if (l->n == l->room) {
		size_t room = l->room == 0 ? 16 : l->room * 2;
		struct zl_nft_elem *at = reallocarray(l->at, room, sizeof(*at));

		if (at == NULL)
			return -ENOMEM;
		l->at = at;
		l->room = room;
	}
	l->at[l->n++] = *e;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return zl_nft_elem_cmp(a, b);
}

void zl_nft_elems_sort(struct zl_nft_elems *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->at, l->n, sizeof(*l->at), compare);
	for (size_t i = 1; i < l->n; i++)
		if (zl_nft_elem_cmp(&l->at[n], &l->at[i]) != 0)
			l->at[++n] = l->at[i];
	l->n = n + 1;
}

const struct zl_nft_elem *zl_nft_elems_find(
	const struct zl_nft_elems *sorted, const struct zl_nft_elem *e)
{
	if (sorted->n == 0)
		return NULL;
	return bsearch(e, sorted->at, sorted->n, sizeof(*e), compare);
}

void zl_nft_elems_done(struct zl_nft_elems *l)
{
	free(l->at);
	*l = (struct zl_nft_elems){ 0 };
}

int zl_nft_elems_diff(const struct zl_nft_elems *wanted,
	const struct zl_nft_elems *present, struct zl_nft_elems *ret_add,
	struct zl_nft_elems *ret_del)
{
	size_t w = 0, p = 0;
	int r = 0;

	while (r >= 0 && (w < wanted->n || p < present->n)) {
		int c = w == wanted->n ? 1
			: p == present->n
				? -1
				: zl_nft_elem_cmp(&wanted->at[w], &present->at[p]);

		if (c < 0)
			r = zl_nft_elems_add(ret_add, &wanted->at[w++]);
		else if (c > 0)
			r = zl_nft_elems_add(ret_del, &present->at[p++]);
		else
			w++, p++;
	}
	return r;
}
