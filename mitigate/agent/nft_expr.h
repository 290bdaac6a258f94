/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few nftables expressions that our rules are made of, as values.
 *
 * One value both builds an expression (libnftnl) and is what the kernel's dump is
 * read into, so that "is the rule in the kernel the one we wrote?" is a comparison
 * of values.  What the dump holds beyond these kinds (or with options that we never
 * use) becomes ZL_NFT_FOREIGN, which equals nothing.
 *
 *	kind	 | reg		 | key		| offset, len	   | data	| name
 *	META	 | destination	 | NFT_META_*	|		   |		|
 *	PAYLOAD	 | destination	 | NFT_PAYLOAD_*| bytes		   |		|
 *	EXTHDR	 | destination	 | header type	| (IPv6: is there one?) |	|
 *	BITWISE	 | both		 |		| -, bytes	   | mask	|
 *	CMP	 | source	 | NFT_CMP_*	| -, bytes	   | value	|
 *	PAYLOAD_SET | source	 | NFT_PAYLOAD_*| bytes, no checksum |		|
 *	LOOKUP	 | source	 |		|		   |		| set
 *	MAP	 | source	 | destination	|		   |		| map
 *	COUNTER	 |		 |		|		   |		|
 *	VERDICT	 |		 | NF_DROP, NF_ACCEPT, NFT_GOTO |  |		| chain
 */
#ifndef ZL_MITIGATE_AGENT_NFT_EXPR_H
#define ZL_MITIGATE_AGENT_NFT_EXPR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nftnl_expr;
struct nftnl_rule;
struct nlattr;

enum zl_nft_expr_kind {
	ZL_NFT_NONE, /* ends a rule */
	ZL_NFT_META,
	ZL_NFT_PAYLOAD,
	ZL_NFT_PAYLOAD_SET,
	ZL_NFT_EXTHDR,
	ZL_NFT_BITWISE,
	ZL_NFT_CMP,
	ZL_NFT_LOOKUP,
	ZL_NFT_MAP,
	ZL_NFT_COUNTER,
	ZL_NFT_VERDICT,
	ZL_NFT_FOREIGN, /* only ever read from the kernel */
	ZL_NFT_EXPR_N
};

enum { ZL_NFT_NAME = 32, ZL_NFT_EXPRS_MAX = 16, ZL_NFT_EXPR_STR = 96 };

struct zl_nft_expr {
	enum zl_nft_expr_kind kind;
	uint32_t reg;
	int32_t key;
	uint32_t offset, len;
	uint8_t data[16];
	char name[ZL_NFT_NAME];
};

/* Add it to a rule that is being built; -ENOMEM, -EINVAL for NONE and FOREIGN. */
int zl_nft_expr_add(struct nftnl_rule *rule, const struct zl_nft_expr *e);

/* Read one NFTA_LIST_ELEM of NFTA_RULE_EXPRESSIONS; never fails, see FOREIGN. */
struct zl_nft_expr zl_nft_expr_parse(const struct nlattr *elem);

bool zl_nft_expr_eq(const struct zl_nft_expr *a, const struct zl_nft_expr *b);

/* As `nft --debug=netlink` shows it: "[ lookup reg 1 set strict ]"; returns `buf`. */
const char *zl_nft_expr_format(
	const struct zl_nft_expr *e, char buf[static ZL_NFT_EXPR_STR]);

#endif
