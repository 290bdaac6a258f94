/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches for nf_tables and the one socket through which they go.
 *
 * A batch is one sendmsg() and one transaction: all or nothing.  Only its last
 * message asks for an acknowledgement (one for each of thousands would overflow
 * the socket while the transaction commits).  What fails is named by the `intent`
 * given with the message; sequence numbers tie the two together.
 *
 *	| BATCH_BEGIN | message, seq n | message, seq n+1 | ... | BATCH_END |
 *
 * See nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c.
 */
#ifndef ZL_MITIGATE_AGENT_NFT_SOCKET_H
#define ZL_MITIGATE_AGENT_NFT_SOCKET_H
#include <libmnl/libmnl.h>

#include "base/clock.h"
#include "base/error.h"
#include "mitigate/agent/nft_elem.h"

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
/* All of `l` (sorted by set), added or deleted. */
void zl_nft_batch_elems(struct zl_nft_batch *b, const struct zl_nft_elems *l, bool add);

struct zl_nft_socket {
	struct mnl_socket *nl;
	uint32_t portid, seq;
	char *buf;
};

int zl_nft_socket_open(struct zl_nft_socket *s, struct zl_error *reterr) ZL_CHECKED;
void zl_nft_socket_close(struct zl_nft_socket *s);

/*
 * Commit `b`.  *ret_committed is the time right after the kernel's answer.
 * -ESTALE	the outcome is unknown: read back (the answer was lost)
 * other	nothing was changed; reterr names the message that failed
 */
int zl_nft_socket_commit(struct zl_nft_socket *s, struct zl_nft_batch *b,
	struct zl_wall *ret_committed, struct zl_error *reterr) ZL_CHECKED;

/*
 * Send one request (built by `build` into its header) and hand every answer to `on`.
 * -EINTR: the ruleset changed during the dump.  -ENOENT: no such table or set.
 */
int zl_nft_socket_ask(struct zl_nft_socket *s, uint16_t type, bool dump,
	void (*build)(struct nlmsghdr *nlh, const void *arg), const void *arg,
	mnl_cb_t on, void *user) ZL_CHECKED;

#endif
