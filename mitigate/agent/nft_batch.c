/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building batches: the messages for the static table and for elements. */
#include "mitigate/agent/nft_batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/batch.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"

/*
 * libnftnl writes without looking at the end, so every message finds this much
 * room; the largest we build is a full load of elements, about 8 KiB.
 */
enum { MESSAGE_ROOM = 32 * 1024, ELEMS_PER_MESSAGE = 32, UDATA_MAX = 256 };

ZL_DEFINE_AUTO(nftnl_table, struct nftnl_table, nftnl_table_free);
ZL_DEFINE_AUTO(nftnl_chain, struct nftnl_chain, nftnl_chain_free);
ZL_DEFINE_AUTO(nftnl_rule, struct nftnl_rule, nftnl_rule_free);
ZL_DEFINE_AUTO(nftnl_set, struct nftnl_set, nftnl_set_free);

static void *room_for_message(struct zl_nft_batch *b)
{
	if (b->failed)
		return NULL;
	if (b->room - b->len < MESSAGE_ROOM) {
		size_t room = b->room * 2 + MESSAGE_ROOM;
		size_t last = b->last == NULL ? 0 : (size_t)((char *)b->last - b->buf);
		char *buf = realloc(b->buf, room);

		if (buf == NULL) {
			b->failed = true;
			return NULL;
		}
		if (b->last != NULL)
			b->last = (struct nlmsghdr *)(void *)(buf + last);
		b->buf = buf;
		b->room = room;
	}
	memset(b->buf + b->len, 0, MESSAGE_ROOM);
	return b->buf + b->len;
}

static void remember(struct zl_nft_batch *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void remember(struct zl_nft_batch *b, const char *fmt, va_list ap)
{
	struct zl_nft_intent *i;

	if (b->n_intents == b->intents_room) {
		size_t room = b->intents_room * 2 + 64;

		i = reallocarray(b->intents, room, sizeof(*i));
		if (i == NULL) {
			b->failed = true;
			return;
		}
		b->intents = i;
		b->intents_room = room;
	}
	i = &b->intents[b->n_intents++];
	i->seq = b->seq;
	(void)vsnprintf(i->text, sizeof(i->text), fmt, ap);
}

/* Start a message that the kernel will answer for with `fmt`. */
static struct nlmsghdr *start(struct zl_nft_batch *b, uint16_t type, uint16_t flags,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static struct nlmsghdr *start(
	struct zl_nft_batch *b, uint16_t type, uint16_t flags, const char *fmt, ...)
{
	char *at = room_for_message(b);
	va_list ap;

	if (at == NULL)
		return NULL;
	b->seq++;
	va_start(ap, fmt);
	remember(b, fmt, ap);
	va_end(ap);
	if (b->failed)
		return NULL;
	b->last = nftnl_nlmsg_build_hdr(at, type, NFPROTO_BRIDGE, flags, b->seq);
	return b->last;
}

static void finish(struct zl_nft_batch *b, const struct nlmsghdr *nlh)
{
	b->len += MNL_ALIGN(nlh->nlmsg_len);
}

void zl_nft_batch_start(struct zl_nft_batch *b, uint32_t seq)
{
	char *at;

	*b = (struct zl_nft_batch){ .seq = seq };
	at = room_for_message(b);
	if (at == NULL)
		return;
	nftnl_batch_begin(at, b->seq);
	finish(b, (struct nlmsghdr *)(void *)at);
}

void zl_nft_batch_done(struct zl_nft_batch *b)
{
	free(b->buf);
	free(b->intents);
	*b = (struct zl_nft_batch){ 0 };
}

/* nft keeps comments as type-length-value in the user data of an object. */
static uint32_t comment_udata(
	uint8_t type, const char *comment, uint8_t out[static UDATA_MAX])
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(UDATA_MAX);
	uint32_t n = 0;

	if (buf == NULL)
		return 0;
	if (comment[0] != '\0' && nftnl_udata_put_strz(buf, type, comment)) {
		n = nftnl_udata_buf_len(buf);
		memcpy(out, nftnl_udata_buf_data(buf), n);
	}
	nftnl_udata_buf_free(buf);
	return n;
}

/* nft add table bridge zonelock { comment "..." ; } */
void zl_nft_batch_table(struct zl_nft_batch *b, bool add)
{
	static const char comment[] =
		"zonelock: managed by zonelock-agent, which repairs changes";
	ZL_AUTO(nftnl_table) struct nftnl_table *t = nftnl_table_alloc();
	uint8_t udata[UDATA_MAX];
	struct nlmsghdr *nlh;
	uint32_t n;

	if (t == NULL) {
		b->failed = true;
		return;
	}
	nftnl_table_set_u32(t, NFTNL_TABLE_FAMILY, NFPROTO_BRIDGE);
	nftnl_table_set_str(t, NFTNL_TABLE_NAME, ZL_NFT_TABLE);
	n = comment_udata(NFTNL_UDATA_TABLE_COMMENT, comment, udata);
	if (add)
		nftnl_table_set_data(t, NFTNL_TABLE_USERDATA, udata, n);
	nlh = start(b, add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE,
		add ? NLM_F_CREATE : 0, "%s table bridge %s", add ? "add" : "delete",
		ZL_NFT_TABLE);
	if (nlh == NULL)
		return;
	nftnl_table_nlmsg_build_payload(nlh, t);
	finish(b, nlh);
}

/* nft flush table bridge zonelock */
void zl_nft_batch_flush(struct zl_nft_batch *b)
{
	ZL_AUTO(nftnl_rule) struct nftnl_rule *all = nftnl_rule_alloc();
	struct nlmsghdr *nlh;

	if (all == NULL) {
		b->failed = true;
		return;
	}
	nftnl_rule_set_u32(all, NFTNL_RULE_FAMILY, NFPROTO_BRIDGE);
	nftnl_rule_set_str(all, NFTNL_RULE_TABLE, ZL_NFT_TABLE);
	nlh = start(b, NFT_MSG_DELRULE, 0, "flush table bridge %s", ZL_NFT_TABLE);
	if (nlh == NULL)
		return;
	nftnl_rule_nlmsg_build_payload(nlh, all);
	finish(b, nlh);
}

/* nft add chain bridge zonelock prerouting
 *	{ type filter hook prerouting priority -450 ; policy accept ; } */
static void add_chain(struct zl_nft_batch *b, const struct zl_nft_chain_row *row)
{
	ZL_AUTO(nftnl_chain) struct nftnl_chain *c = nftnl_chain_alloc();
	uint8_t udata[UDATA_MAX];
	struct nlmsghdr *nlh;
	uint32_t n;

	if (c == NULL) {
		b->failed = true;
		return;
	}
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, ZL_NFT_TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, row->name);
	n = comment_udata(NFTNL_UDATA_CHAIN_COMMENT, row->comment, udata);
	nftnl_chain_set_data(c, NFTNL_CHAIN_USERDATA, udata, n);
	if (row->base) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, row->hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, ZL_NFT_PRIORITY);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nlh = start(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add chain %s", row->name);
	if (nlh == NULL)
		return;
	nftnl_chain_nlmsg_build_payload(nlh, c);
	finish(b, nlh);
}

/* What nft needs to print the elements: the order of the key's bytes, and the comment. */
static uint32_t set_udata(
	const struct zl_nft_set_row *row, uint8_t out[static UDATA_MAX])
{
	enum { HOST_ORDER = 1, NETWORK_ORDER = 2 }; /* enum byteorder of nftables */
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(UDATA_MAX);
	uint32_t n = 0;

	if (buf == NULL)
		return 0;
	if ((row->parts[0] != 0 ||
		    nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_KEYBYTEORDER,
			    row->host_order ? HOST_ORDER : NETWORK_ORDER)) &&
		(row->data_len == 0 ||
			nftnl_udata_put_u32(
				buf, NFTNL_UDATA_SET_DATABYTEORDER, NETWORK_ORDER)) &&
		nftnl_udata_put_strz(buf, NFTNL_UDATA_SET_COMMENT, row->comment)) {
		n = nftnl_udata_buf_len(buf);
		memcpy(out, nftnl_udata_buf_data(buf), n);
	}
	nftnl_udata_buf_free(buf);
	return n;
}

/* nft add set bridge zonelock strict { type iface_index ; size 16384 ; } */
static void add_set(
	struct zl_nft_batch *b, const struct zl_nft_set_row *row, uint32_t id)
{
	ZL_AUTO(nftnl_set) struct nftnl_set *s = nftnl_set_alloc();
	uint8_t udata[UDATA_MAX];
	struct nlmsghdr *nlh;
	uint32_t n, n_parts = 0, flags = row->parts[0] == 0 ? 0 : NFT_SET_CONCAT;

	if (s == NULL) {
		b->failed = true;
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, ZL_NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, row->name);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	if (row->data_len != 0)
		flags |= NFT_SET_MAP;
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, row->type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, row->key_len);
	nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, row->size);
	while (n_parts < sizeof(row->parts) && row->parts[n_parts] != 0)
		n_parts++;
	if (n_parts != 0)
		nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, row->parts, n_parts);
	if (row->data_len != 0) {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, row->data_type);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, row->data_len);
	}
	n = set_udata(row, udata);
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, udata, n);
	nlh = start(b, NFT_MSG_NEWSET, NLM_F_CREATE, "add set %s", row->name);
	if (nlh == NULL)
		return;
	nftnl_set_nlmsg_build_payload(nlh, s);
	finish(b, nlh);
}

/* nft add rule bridge zonelock CHAIN, as row->typed says */
static void add_rule(struct zl_nft_batch *b, const struct zl_nft_rule_row *row)
{
	ZL_AUTO(nftnl_rule) struct nftnl_rule *rule = nftnl_rule_alloc();
	uint8_t udata[UDATA_MAX];
	struct nlmsghdr *nlh;
	uint32_t n;

	if (rule == NULL) {
		b->failed = true;
		return;
	}
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_BRIDGE);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, ZL_NFT_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, zl_nft_chains[row->chain].name);
	n = comment_udata(NFTNL_UDATA_RULE_COMMENT, row->comment, udata);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, udata, n);
	for (size_t i = 0; i < ZL_NFT_EXPRS_MAX && row->exprs[i].kind != ZL_NFT_NONE;
		i++)
		if (zl_nft_expr_add(rule, &row->exprs[i]) < 0) {
			b->failed = true;
			return;
		}
	nlh = start(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add rule %s %s",
		zl_nft_chains[row->chain].name, row->typed);
	if (nlh == NULL)
		return;
	nftnl_rule_nlmsg_build_payload(nlh, rule);
	finish(b, nlh);
}

void zl_nft_batch_static(struct zl_nft_batch *b)
{
	for (unsigned i = 0; i < ZL_SET_N; i++)
		add_set(b, &zl_nft_sets[i], i + 1);
	for (unsigned i = 0; i < ZL_CHAIN_N; i++)
		add_chain(b, &zl_nft_chains[i]);
	for (size_t i = 0; i < zl_nft_rules_len; i++)
		add_rule(b, &zl_nft_rules[i]);
}

static int put_elem(struct nftnl_set *s, const struct zl_nft_elem *e, bool add)
{
	const struct zl_nft_set_row *row = &zl_nft_sets[e->set];
	struct nftnl_set_elem *x = nftnl_set_elem_alloc();
	uint8_t udata[UDATA_MAX];
	uint32_t n;

	if (x == NULL)
		return -ENOMEM;
	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, e->key, row->key_len);
	if (add && row->data_len != 0)
		nftnl_set_elem_set(
			x, NFTNL_SET_ELEM_DATA, e->key + row->key_len, row->data_len);
	n = add ? comment_udata(NFTNL_UDATA_SET_ELEM_COMMENT, e->comment, udata) : 0;
	if (n > 0)
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_USERDATA, udata, n);
	nftnl_set_elem_add(s, x);
	return 0;
}

/* nft add element bridge zonelock strict { 12 comment "web1 vnet3" } */
static void put_elems(
	struct zl_nft_batch *b, const struct zl_nft_elem *e, size_t n, bool add)
{
	ZL_AUTO(nftnl_set) struct nftnl_set *s = nftnl_set_alloc();
	char text[ZL_NFT_ELEM_STR];
	struct nlmsghdr *nlh;

	if (s == NULL) {
		b->failed = true;
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, ZL_NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, zl_nft_sets[e->set].name);
	for (size_t i = 0; i < n; i++)
		if (put_elem(s, &e[i], add) < 0) {
			b->failed = true;
			return;
		}
	nlh = start(b, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		add ? NLM_F_CREATE : 0, "%s element %s%s", add ? "add" : "delete",
		zl_nft_elem_format(e, text), n > 1 ? " and more" : "");
	if (nlh == NULL)
		return;
	nftnl_set_elems_nlmsg_build_payload(nlh, s);
	finish(b, nlh);
}

void zl_nft_batch_elems(struct zl_nft_batch *b, const struct zl_nft_elems *l, bool add)
{
	size_t from = 0;

	while (from < l->n) {
		size_t n = 1;

		while (from + n < l->n && n < ELEMS_PER_MESSAGE &&
			l->at[from + n].set == l->at[from].set)
			n++;
		put_elems(b, &l->at[from], n, add);
		from += n;
	}
}
