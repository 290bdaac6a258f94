/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Apply, check, repair. */
#include "mitigate/agent/firewall.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include "base/cleanup.h"

int zl_firewall_open(struct zl_firewall *fw, struct zl_error *reterr)
{
	int r;

	*fw = (struct zl_firewall){ .read = zl_readback_new() };
	if (fw->read == NULL)
		return zl_fail(reterr, -ENOMEM, "nft: out of memory");
	r = zl_nft_socket_open(&fw->socket, reterr);
	if (r < 0) {
		zl_readback_free(fw->read);
		fw->read = NULL;
	}
	return r;
}

void zl_firewall_close(struct zl_firewall *fw)
{
	zl_nft_socket_close(&fw->socket);
	zl_readback_free(fw->read);
	fw->read = NULL;
}

int zl_firewall_read(struct zl_firewall *fw, struct zl_error *reterr)
{
	int r = zl_readback_read(&fw->socket, fw->read, reterr);

	return r < 0 ? zl_nft_socket_explain(r, reterr) : 0;
}

/*
 * nft -f - <<END
 * flush table bridge zonelock
 * table bridge zonelock { all of nft_table.c }	(what is there stays)
 * delete element ...; add element ...			(what differs)
 * END
 */
static int mend(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret)
{
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems add = { 0 }, del = { 0 };
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	int r = zl_nft_elems_diff(wanted, &fw->read->elems, &add, &del);

	if (r < 0)
		return r;
	zl_nft_batch_start(&b, fw->socket.seq + 1);
	zl_nft_batch_flush(&b);
	zl_nft_batch_static(&b);
	zl_nft_batch_elems(&b, &del, false);
	zl_nft_batch_elems(&b, &add, true);
	r = zl_nft_socket_commit(&fw->socket, &b, &ret->committed, NULL);
	if (r >= 0)
		ret->changed = true;
	return r;
}

/*
 * nft -f - <<END
 * add table bridge zonelock		(so that the next line cannot fail)
 * delete table bridge zonelock
 * table bridge zonelock { all of nft_table.c, all elements }
 * END
 */
static int reinstall(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	int r;

	zl_nft_batch_start(&b, fw->socket.seq + 1);
	zl_nft_batch_table(&b, true);
	zl_nft_batch_table(&b, false);
	zl_nft_batch_table(&b, true);
	zl_nft_batch_static(&b);
	zl_nft_batch_elems(&b, wanted, true);
	r = zl_nft_socket_commit(&fw->socket, &b, &ret->committed, reterr);
	/* It is all of its own making: what is not there, the kernel does not have. */
	if (r < 0)
		return zl_nft_socket_explain(r, reterr);
	ret->changed = true;
	return 0;
}

/*
 * Until every frame that a processor works on now has gone its way: frames are handled
 * within RCU's read sections, and this waits for a grace period (8 to 20 ms, see
 * kernel/sched/membarrier.c).  Kernels with nohz_full refuse it.
 */
static void wait_for_frames(void)
{
	enum { NO_FRAME_TAKES_US = 1000 };

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		(void)usleep(NO_FRAME_TAKES_US);
}

static int commit(struct zl_firewall *fw, const struct zl_nft_elems *del,
	const struct zl_nft_elems *add, struct zl_firewall_result *ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	int r;

	if (add->n == 0 && del->n == 0)
		return 0;
	zl_nft_batch_start(&b, fw->socket.seq + 1);
	zl_nft_batch_elems(&b, del, false);
	zl_nft_batch_elems(&b, add, true);
	r = zl_nft_socket_commit(&fw->socket, &b, &ret->committed, reterr);
	if (r >= 0)
		ret->changed = true;
	return r;
}

/* Move what is no map's to `ret`: a map's element cannot be added beside its old value. */
static int take_sets(struct zl_nft_elems *from, struct zl_nft_elems *ret)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < from->n; i++)
		if (zl_nft_sets[from->at[i].set].data_len == 0)
			r = zl_nft_elems_add(ret, &from->at[i]);
		else
			from->at[n++] = from->at[i];
	from->n = n;
	return r;
}

/*
 * Wanted minus present, then present minus wanted; nothing to do is success.
 *
 * In two transactions, because a frame looks into one set after the other: a tap that
 * goes from one to another is in the new set before it leaves the old one, and no frame
 * is left that saw neither.
 */
static int change(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems add = { 0 }, del = { 0 };
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems first = { 0 };
	const struct zl_nft_elems none = { 0 };
	int r = zl_nft_elems_diff(wanted, &fw->read->elems, &add, &del);

	if (r >= 0 && del.n != 0)
		r = take_sets(&add, &first);
	if (r < 0)
		return zl_fail(reterr, r, "nft: out of memory");
	if (first.n != 0) {
		r = commit(fw, &none, &first, ret, reterr);
		if (r < 0)
			return r;
		wait_for_frames();
	}
	return commit(fw, &del, &add, ret, reterr);
}

static int compare(const struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_error *reterr)
{
	int r = zl_readback_compare_static(fw->read, reterr);

	return r < 0 ? r : zl_readback_compare_elems(fw->read, wanted, reterr);
}

/* In place if that does, or the whole table. */
static int repair(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr)
{
	int r;

	if (fw->read->table && mend(fw, wanted, ret) >= 0 &&
		zl_firewall_read(fw, NULL) >= 0 && compare(fw, wanted, NULL) >= 0)
		return 0;
	r = reinstall(fw, wanted, ret, reterr);
	if (r >= 0)
		r = zl_firewall_read(fw, reterr);
	if (r >= 0)
		r = compare(fw, wanted, reterr);
	return r;
}

int zl_firewall_check(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr)
{
	int r = zl_firewall_read(fw, reterr);

	if (r < 0)
		return r;
	r = compare(fw, wanted, &ret->difference);
	if (r >= 0)
		return 0;
	r = repair(fw, wanted, ret, reterr);
	if (r < 0) {
		zl_error_prefix(
			reterr, "cannot repair the table bridge %s", ZL_NFT_TABLE);
		if (reterr != NULL && reterr->hint[0] == '\0')
			zl_error_hint(reterr,
				"see 'nft list table bridge %s' and 'nft monitor'",
				ZL_NFT_TABLE);
		return r;
	}
	ret->repaired = true;
	return 0;
}

int zl_firewall_apply(struct zl_firewall *fw, const struct zl_nft_elems *wanted,
	struct zl_firewall_result *ret, struct zl_error *reterr)
{
	int r = change(fw, wanted, ret, reterr);

	if (r < 0 && r != -ENOMEM) {
		r = zl_firewall_read(fw, reterr);
		if (r >= 0 && zl_readback_compare_static(fw->read, NULL) >= 0)
			r = change(fw, wanted, ret, reterr);
		/* A broken table is for the check below, which makes it anew. */
	}
	if (r < 0)
		return r;
	return zl_firewall_check(fw, wanted, ret, reterr);
}
