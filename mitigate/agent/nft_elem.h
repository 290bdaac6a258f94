/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of our sets: keys, sorted lists of them, and their difference.
 *
 * A key is laid out as the kernel's registers are: every part of a concatenation
 * padded to 4 bytes, interface indexes in host order, all else in network order.
 *
 *	block4	| u32 ifindex | u8 proto, 0, 0, 0 | 4 bytes address | be16 port, 0, 0 |
 *
 * What an element of a map leads to stands behind its key.
 *
 * The comment is for people; elements are equal when set, key and data are.
 */
#ifndef ZL_MITIGATE_AGENT_NFT_ELEM_H
#define ZL_MITIGATE_AGENT_NFT_ELEM_H
#include "base/addr.h"
#include "base/error.h"
#include "mitigate/agent/nft_table.h"

enum { ZL_NFT_KEY_MAX = 28, ZL_NFT_COMMENT = 80, ZL_NFT_ELEM_STR = 256 };

struct zl_nft_elem {
	enum zl_nft_set_id set;
	uint8_t key[ZL_NFT_KEY_MAX]; /* key_len, then data_len bytes; the rest 0 */
	char comment[ZL_NFT_COMMENT];
};

/* A growing list; sorted and free of duplicates after zl_nft_elems_sort(). */
struct zl_nft_elems {
	struct zl_nft_elem *at;
	size_t n, room;
};

struct zl_nft_elem zl_nft_elem_tap(enum zl_nft_set_id set, uint32_t ifindex);
struct zl_nft_elem zl_nft_elem_nic(uint32_t ifindex, const struct zl_mac *guest);
struct zl_nft_elem zl_nft_elem_peer(const struct zl_addr *addr);
struct zl_nft_elem zl_nft_elem_peer_mac(
	const struct zl_addr *addr, const struct zl_mac *mac);
/* dport 0: the whole protocol (block_proto4/6). */
struct zl_nft_elem zl_nft_elem_block(
	uint32_t ifindex, uint8_t proto, const struct zl_addr *dst, uint16_t dport);

/* The interface index in the key; 0 for the peers. */
uint32_t zl_nft_elem_ifindex(const struct zl_nft_elem *e);

/* Set the comment; what nft could not print within quotes becomes '?'. */
void zl_nft_elem_comment(struct zl_nft_elem *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

int zl_nft_elem_cmp(const struct zl_nft_elem *a, const struct zl_nft_elem *b);

/* "table bridge zonelock set forensic { 12 } # vnet3"; returns `buf`. */
const char *zl_nft_elem_format(
	const struct zl_nft_elem *e, char buf[static ZL_NFT_ELEM_STR]);

int zl_nft_elems_add(
	struct zl_nft_elems *l, const struct zl_nft_elem *e) ZL_CHECKED; /* -ENOMEM */
void zl_nft_elems_sort(struct zl_nft_elems *l);
const struct zl_nft_elem *zl_nft_elems_find(
	const struct zl_nft_elems *sorted, const struct zl_nft_elem *e);
void zl_nft_elems_done(struct zl_nft_elems *l);

static inline void zl_nft_elems_autop(struct zl_nft_elems *l)
{
	zl_nft_elems_done(l);
}

/*
 * What must be added to and deleted from `present` to get `wanted` (both sorted).
 * `ret_add` and `ret_del` are appended to.
 */
int zl_nft_elems_diff(const struct zl_nft_elems *wanted,
	const struct zl_nft_elems *present, struct zl_nft_elems *ret_add,
	struct zl_nft_elems *ret_del) ZL_CHECKED;

#endif
