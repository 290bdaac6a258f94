/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one socket through which nf_tables is changed and asked.
 *
 * A batch is one sendmsg() and one transaction.  Only its last message asks for an
 * acknowledgement: one for each of thousands would overflow the socket while the
 * transaction commits.
 */
#ifndef ZL_MITIGATE_AGENT_NFT_SOCKET_H
#define ZL_MITIGATE_AGENT_NFT_SOCKET_H
#include <libmnl/libmnl.h>

#include "base/clock.h"
#include "base/error.h"
#include "mitigate/agent/nft_batch.h"

struct zl_nft_socket {
	struct mnl_socket *nl;
	uint32_t portid, seq;
	char *buf;
};

int zl_nft_socket_open(struct zl_nft_socket *s, struct zl_error *reterr) ZL_CHECKED;
void zl_nft_socket_close(struct zl_nft_socket *s);

/*
 * If `r` is what a kernel answers that has no nftables, no such family or no such
 * expression, and finds no module of it, then say so before what `reterr` says.  Debian
 * has all of these as modules, and an update of the kernel may remove those of the
 * running one.  The result is `r`.
 */
int zl_nft_socket_explain(int r, struct zl_error *reterr);

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
