/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches for nf_tables: the messages of one transaction, all or nothing.
 *
 *	| BATCH_BEGIN | message, seq n | message, seq n+1 | ... | BATCH_END |
 *
 * What fails is named by the `intent` given with the message; sequence numbers tie the
 * two together.  See nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c.
 */
#ifndef ZL_MITIGATE_AGENT_NFT_BATCH_H
#define ZL_MITIGATE_AGENT_NFT_BATCH_H
#include "mitigate/agent/nft_elem.h"

struct nlmsghdr;

struct zl_nft_intent {
	uint32_t seq;
	char text[96];
};

/* Building is sticky: after -ENOMEM the rest does nothing and sending says so. */
struct zl_nft_batch {
	char *buf;
	size_t len, room;
	struct zl_nft_intent *intents;
	size_t n_intents, intents_room;
	struct nlmsghdr *last;
	uint32_t seq;
	bool failed;
};

void zl_nft_batch_start(struct zl_nft_batch *b, uint32_t seq);
void zl_nft_batch_done(struct zl_nft_batch *b);

static inline void zl_nft_batch_autop(struct zl_nft_batch *b)
{
	zl_nft_batch_done(b);
}

/* "add table", "delete table" (which must exist), and all chains, sets and rules. */
void zl_nft_batch_table(struct zl_nft_batch *b, bool add);
void zl_nft_batch_static(struct zl_nft_batch *b);
/* Delete all rules; chains, sets and elements stay. */
void zl_nft_batch_flush(struct zl_nft_batch *b);
/* All of `l` (sorted by set), added or deleted. */
void zl_nft_batch_elems(struct zl_nft_batch *b, const struct zl_nft_elems *l, bool add);

#endif
