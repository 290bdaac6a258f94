/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions: building them with libnftnl, reading them with libmnl. */
#include "mitigate/agent/nft_expr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* --- building ---------------------------------------------------------------- */

static void set_meta(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, (uint32_t)e->key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, e->reg);
}

static void set_payload(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, (uint32_t)e->key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, e->offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, e->len);
}

static void set_payload_set(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, (uint32_t)e->key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_SREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, e->offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, e->len);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_NONE);
}

static void set_exthdr(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_EXTHDR_DREG, e->reg);
	nftnl_expr_set_u8(x, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t)e->key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
	nftnl_expr_set_u32(x, NFTNL_EXPR_EXTHDR_OFFSET, e->offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_EXTHDR_LEN, e->len);
	nftnl_expr_set_u32(x, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
}

static void set_bitwise(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	static const uint8_t zero[sizeof(e->data)];

	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_SREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_DREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_LEN, e->len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_MASK, e->data, e->len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_XOR, zero, e->len);
}

static void set_cmp(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, (uint32_t)e->key);
	nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, e->data, e->len);
}

static void set_lookup(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, e->reg);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, e->name);
}

static void set_map(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	set_lookup(x, e);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, (uint32_t)e->key);
}

static void set_counter(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	(void)x;
	(void)e;
}

static void set_verdict(struct nftnl_expr *x, const struct zl_nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, (uint32_t)e->key);
	if (e->name[0] != '\0')
		nftnl_expr_set_str(x, NFTNL_EXPR_IMM_CHAIN, e->name);
}

/* --- reading: attributes of one expression, validated, by number ---------------- */

enum { ATTRS_MAX = 16 };

struct attrs {
	const struct nlattr *tb[ATTRS_MAX];
	bool bad; /* one was missing or had a wrong size */
};

static void open_attrs(const struct nlattr *nest, struct attrs *to)
{
	const struct nlattr *a;

	memset(to, 0, sizeof(*to));
	if (nest == NULL) {
		to->bad = true;
		return;
	}
	mnl_attr_for_each_nested(a, nest)
	{
		uint16_t number = mnl_attr_get_type(a);

		if (number < ATTRS_MAX && to->tb[number] == NULL)
			to->tb[number] = a;
	}
}

/* A 32-bit value, which nftables has in network order. */
static uint32_t get_u32(struct attrs *from, uint16_t number)
{
	const struct nlattr *a = from->tb[number];

	if (a == NULL || mnl_attr_get_payload_len(a) != sizeof(uint32_t)) {
		from->bad = true;
		return 0;
	}
	return ntohl(mnl_attr_get_u32(a));
}

static uint32_t get_u32_or(struct attrs *from, uint16_t number, uint32_t def)
{
	return from->tb[number] == NULL ? def : get_u32(from, number);
}

static void get_name(struct attrs *from, uint16_t number, char to[static ZL_NFT_NAME])
{
	const struct nlattr *a = from->tb[number];
	size_t n = a == NULL ? 0 : mnl_attr_get_payload_len(a);

	if (n == 0 || n > ZL_NFT_NAME ||
		memchr(mnl_attr_get_payload(a), '\0', n) == NULL) {
		from->bad = true;
		return;
	}
	memcpy(to, mnl_attr_get_payload(a), n);
	to[n - 1] = '\0';
}

/* The value within a NFTA_DATA nest, at most 16 bytes. */
static uint32_t get_data(struct attrs *from, uint16_t number, uint8_t to[static 16])
{
	struct attrs data;
	const struct nlattr *v;
	size_t n;

	open_attrs(from->tb[number], &data);
	v = data.tb[NFTA_DATA_VALUE];
	n = v == NULL ? 0 : mnl_attr_get_payload_len(v);
	if (n == 0 || n > 16) {
		from->bad = true;
		return 0;
	}
	memcpy(to, mnl_attr_get_payload(v), n);
	return (uint32_t)n;
}

static void get_meta(struct attrs *from, struct zl_nft_expr *e)
{
	e->key = (int32_t)get_u32(from, NFTA_META_KEY);
	e->reg = get_u32(from, NFTA_META_DREG);
}

static void get_payload(struct attrs *from, struct zl_nft_expr *e)
{
	e->key = (int32_t)get_u32(from, NFTA_PAYLOAD_BASE);
	e->reg = get_u32(from, NFTA_PAYLOAD_DREG);
	e->offset = get_u32(from, NFTA_PAYLOAD_OFFSET);
	e->len = get_u32(from, NFTA_PAYLOAD_LEN);
}

static void get_payload_set(struct attrs *from, struct zl_nft_expr *e)
{
	e->key = (int32_t)get_u32(from, NFTA_PAYLOAD_BASE);
	e->reg = get_u32(from, NFTA_PAYLOAD_SREG);
	e->offset = get_u32(from, NFTA_PAYLOAD_OFFSET);
	e->len = get_u32(from, NFTA_PAYLOAD_LEN);
	if (get_u32_or(from, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_NONE) !=
			NFT_PAYLOAD_CSUM_NONE ||
		get_u32_or(from, NFTA_PAYLOAD_CSUM_FLAGS, 0) != 0)
		from->bad = true;
}

static void get_exthdr(struct attrs *from, struct zl_nft_expr *e)
{
	const struct nlattr *type = from->tb[NFTA_EXTHDR_TYPE];

	if (type == NULL || mnl_attr_get_payload_len(type) != 1 ||
		get_u32_or(from, NFTA_EXTHDR_FLAGS, 0) != NFT_EXTHDR_F_PRESENT ||
		get_u32_or(from, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_IPV6) !=
			NFT_EXTHDR_OP_IPV6) {
		from->bad = true;
		return;
	}
	e->key = mnl_attr_get_u8(type);
	e->reg = get_u32(from, NFTA_EXTHDR_DREG);
	e->offset = get_u32(from, NFTA_EXTHDR_OFFSET);
	e->len = get_u32(from, NFTA_EXTHDR_LEN);
}

static void get_bitwise(struct attrs *from, struct zl_nft_expr *e)
{
	static const uint8_t zero[16];
	uint8_t xor [16] = { 0 };

	e->reg = get_u32(from, NFTA_BITWISE_SREG);
	e->len = get_u32(from, NFTA_BITWISE_LEN);
	if (get_u32(from, NFTA_BITWISE_DREG) != e->reg ||
		get_u32_or(from, NFTA_BITWISE_OP, NFT_BITWISE_BOOL) !=
			NFT_BITWISE_BOOL ||
		get_data(from, NFTA_BITWISE_MASK, e->data) != e->len ||
		get_data(from, NFTA_BITWISE_XOR, xor) != e->len ||
		memcmp(xor, zero, sizeof(zero)) != 0)
		from->bad = true;
}

static void get_cmp(struct attrs *from, struct zl_nft_expr *e)
{
	e->reg = get_u32(from, NFTA_CMP_SREG);
	e->key = (int32_t)get_u32(from, NFTA_CMP_OP);
	e->len = get_data(from, NFTA_CMP_DATA, e->data);
}

static void get_lookup(struct attrs *from, struct zl_nft_expr *e)
{
	e->reg = get_u32(from, NFTA_LOOKUP_SREG);
	get_name(from, NFTA_LOOKUP_SET, e->name);
	if (get_u32_or(from, NFTA_LOOKUP_FLAGS, 0) != 0 ||
		from->tb[NFTA_LOOKUP_DREG] != NULL)
		from->bad = true; /* "!=", or a map */
}

static void get_map(struct attrs *from, struct zl_nft_expr *e)
{
	e->reg = get_u32(from, NFTA_LOOKUP_SREG);
	e->key = (int32_t)get_u32(from, NFTA_LOOKUP_DREG);
	get_name(from, NFTA_LOOKUP_SET, e->name);
	if (get_u32_or(from, NFTA_LOOKUP_FLAGS, 0) != 0)
		from->bad = true;
}

static void get_counter(struct attrs *from, struct zl_nft_expr *e)
{
	(void)from;
	(void)e; /* what it counted is no part of the rule */
}

static void get_verdict(struct attrs *from, struct zl_nft_expr *e)
{
	struct attrs data, verdict;

	open_attrs(from->tb[NFTA_IMMEDIATE_DATA], &data);
	open_attrs(data.tb[NFTA_DATA_VERDICT], &verdict);
	e->key = (int32_t)get_u32(&verdict, NFTA_VERDICT_CODE);
	if (verdict.tb[NFTA_VERDICT_CHAIN] != NULL)
		get_name(&verdict, NFTA_VERDICT_CHAIN, e->name);
	if (get_u32(from, NFTA_IMMEDIATE_DREG) != NFT_REG_VERDICT || verdict.bad)
		from->bad = true;
}

/* --- the table of kinds ----------------------------------------------------------- */

static const struct kind {
	const char *name; /* as the kernel calls it; two kinds may have one name */
	void (*set)(struct nftnl_expr *x, const struct zl_nft_expr *e);
	void (*get)(struct attrs *from, struct zl_nft_expr *e);
} kinds[ZL_NFT_EXPR_N] = {
	[ZL_NFT_META] = { "meta", set_meta, get_meta },
	[ZL_NFT_PAYLOAD] = { "payload", set_payload, get_payload },
	[ZL_NFT_PAYLOAD_SET] = { "payload", set_payload_set, get_payload_set },
	[ZL_NFT_EXTHDR] = { "exthdr", set_exthdr, get_exthdr },
	[ZL_NFT_BITWISE] = { "bitwise", set_bitwise, get_bitwise },
	[ZL_NFT_CMP] = { "cmp", set_cmp, get_cmp },
	[ZL_NFT_LOOKUP] = { "lookup", set_lookup, get_lookup },
	[ZL_NFT_MAP] = { "lookup", set_map, get_map },
	[ZL_NFT_COUNTER] = { "counter", set_counter, get_counter },
	[ZL_NFT_VERDICT] = { "immediate", set_verdict, get_verdict },
};

int zl_nft_expr_add(struct nftnl_rule *rule, const struct zl_nft_expr *e)
{
	struct nftnl_expr *x;

	if (e->kind >= ZL_NFT_EXPR_N || kinds[e->kind].name == NULL)
		return -EINVAL;
	x = nftnl_expr_alloc(kinds[e->kind].name);
	if (x == NULL)
		return -ENOMEM;
	kinds[e->kind].set(x, e);
	nftnl_rule_add_expr(rule, x);
	return 0;
}

struct zl_nft_expr zl_nft_expr_parse(const struct nlattr *elem)
{
	struct zl_nft_expr foreign = { .kind = ZL_NFT_FOREIGN };
	char name[ZL_NFT_NAME] = "";
	struct attrs outer, inner;

	open_attrs(elem, &outer);
	get_name(&outer, NFTA_EXPR_NAME, name);
	(void)snprintf(foreign.name, sizeof(foreign.name), "%s", name);
	if (outer.bad)
		return foreign;
	for (unsigned k = 0; k < ZL_NFT_EXPR_N; k++) {
		struct zl_nft_expr e = { .kind = (enum zl_nft_expr_kind)k };

		if (kinds[k].name == NULL || strcmp(kinds[k].name, name) != 0)
			continue;
		open_attrs(outer.tb[NFTA_EXPR_DATA], &inner);
		kinds[k].get(&inner, &e);
		if (!inner.bad)
			return e;
	}
	return foreign;
}

bool zl_nft_expr_eq(const struct zl_nft_expr *a, const struct zl_nft_expr *b)
{
	return a->kind == b->kind && a->kind != ZL_NFT_FOREIGN && a->reg == b->reg &&
	       a->key == b->key && a->offset == b->offset && a->len == b->len &&
	       memcmp(a->data, b->data, sizeof(a->data)) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

static const char *hex_of(const struct zl_nft_expr *e, char buf[static 36])
{
	size_t n = e->len < sizeof(e->data) ? e->len : sizeof(e->data);

	(void)snprintf(buf, 36, "0x");
	for (size_t i = 0; i < n; i++)
		(void)snprintf(buf + 2 + 2 * i, 3, "%02x", e->data[i]);
	return buf;
}

const char *zl_nft_expr_format(
	const struct zl_nft_expr *e, char buf[static ZL_NFT_EXPR_STR])
{
	static const char *const ops[] = { "eq", "neq", "lt", "lte", "gt", "gte" };
	static const char *const bases[] = { "link", "network", "transport" };
	enum { SIZE = ZL_NFT_EXPR_STR };
	char hex[36];

	switch (e->kind) {
	case ZL_NFT_META:
		(void)snprintf(buf, SIZE, "[ meta load %d => reg %u ]", e->key, e->reg);
		break;
	case ZL_NFT_PAYLOAD:
		(void)snprintf(buf, SIZE,
			"[ payload load %ub @ %s header + %u => reg %u ]", e->len,
			e->key >= 0 && e->key < 3 ? bases[e->key] : "other", e->offset,
			e->reg);
		break;
	case ZL_NFT_PAYLOAD_SET:
		(void)snprintf(buf, SIZE,
			"[ payload write reg %u => %ub @ %s header + %u ]", e->reg,
			e->len, e->key >= 0 && e->key < 3 ? bases[e->key] : "other",
			e->offset);
		break;
	case ZL_NFT_EXTHDR:
		(void)snprintf(buf, SIZE,
			"[ exthdr load ipv6 %ub @ %d + %u present => reg %u ]", e->len,
			e->key, e->offset, e->reg);
		break;
	case ZL_NFT_BITWISE:
		(void)snprintf(
			buf, SIZE, "[ bitwise reg %u & %s ]", e->reg, hex_of(e, hex));
		break;
	case ZL_NFT_CMP:
		(void)snprintf(buf, SIZE, "[ cmp %s reg %u %s ]",
			e->key >= 0 && e->key < 6 ? ops[e->key] : "?", e->reg,
			hex_of(e, hex));
		break;
	case ZL_NFT_LOOKUP:
		(void)snprintf(buf, SIZE, "[ lookup reg %u set %s ]", e->reg, e->name);
		break;
	case ZL_NFT_MAP:
		(void)snprintf(buf, SIZE, "[ lookup reg %u set %s dreg %d ]", e->reg,
			e->name, e->key);
		break;
	case ZL_NFT_COUNTER: (void)snprintf(buf, SIZE, "[ counter ]"); break;
	case ZL_NFT_VERDICT:
		(void)snprintf(buf, SIZE, "[ %s%s ]",
			e->key == NF_DROP     ? "drop"
			: e->key == NF_ACCEPT ? "accept"
			: e->key == NFT_GOTO  ? "goto "
					      : "another verdict ",
			e->name);
		break;
	case ZL_NFT_FOREIGN:
	case ZL_NFT_NONE:
	case ZL_NFT_EXPR_N:
		(void)snprintf(
			buf, SIZE, "[ %s ]", e->name[0] == '\0' ? "nothing" : e->name);
		break;
	}
	return buf;
}
