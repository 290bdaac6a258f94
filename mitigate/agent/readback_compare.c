/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing what was read back with what stands in nft_table.c and in the plan. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "mitigate/agent/readback.h"

static int compare_chain(const struct zl_present *p, const struct zl_nft_chain_row *row,
	struct zl_error *reterr)
{
	const struct zl_present_chain *c = NULL;

	for (size_t i = 0; i < p->n_chains; i++)
		if (strcmp(p->chains[i].name, row->name) == 0)
			c = &p->chains[i];
	if (c == NULL)
		return zl_fail(reterr, -ESTALE, "chain %s is missing", row->name);
	if (c->base != row->base)
		return zl_fail(reterr, -ESTALE, "chain %s %s hooked", row->name,
			c->base ? "is" : "is not");
	if (!row->base)
		return 0;
	if (c->hook != row->hook || strcmp(c->type, "filter") != 0)
		return zl_fail(reterr, -ESTALE, "chain %s hangs at hook %u of type %s",
			row->name, c->hook, c->type);
	if (c->priority != ZL_NFT_PRIORITY)
		return zl_fail(reterr, -ESTALE,
			"chain %s has priority %d instead of %d", row->name,
			c->priority, ZL_NFT_PRIORITY);
	if (c->policy != NF_ACCEPT)
		return zl_fail(reterr, -ESTALE,
			"chain %s has policy drop instead of accept", row->name);
	return 0;
}

static int compare_set(const struct zl_present *p, const struct zl_nft_set_row *row,
	struct zl_error *reterr)
{
	/* Kernels before 5.7 do not know NFT_SET_CONCAT; it changes nothing here. */
	uint32_t ignored = NFT_SET_CONCAT;
	uint32_t flags = row->data_len == 0 ? 0 : NFT_SET_MAP;

	for (size_t i = 0; i < p->n_sets; i++) {
		const struct zl_present_set *s = &p->sets[i];

		if (strcmp(s->name, row->name) != 0)
			continue;
		if (s->key_len != row->key_len || s->key_type != row->type ||
			s->data_len != row->data_len || (s->flags & ~ignored) != flags)
			return zl_fail(reterr, -ESTALE,
				"set %s has another type (key of %u bytes, flags %#x)",
				row->name, s->key_len, s->flags);
		return 0;
	}
	return zl_fail(reterr, -ESTALE, "set %s is missing", row->name);
}

static size_t count_exprs(const struct zl_nft_rule_row *row)
{
	size_t n = 0;

	while (n < ZL_NFT_EXPRS_MAX && row->exprs[n].kind != ZL_NFT_NONE)
		n++;
	return n;
}

static int compare_rule(const struct zl_present_rule *r,
	const struct zl_nft_rule_row *row, struct zl_error *reterr)
{
	const char *chain = zl_nft_chains[row->chain].name;
	size_t n = count_exprs(row);
	char want[ZL_NFT_EXPR_STR], have[ZL_NFT_EXPR_STR];

	for (size_t i = 0; i < n && i < r->n_exprs; i++)
		if (!zl_nft_expr_eq(&r->exprs[i], &row->exprs[i]))
			return zl_fail(reterr, -ESTALE,
				"chain %s: rule '%s' has %s instead of %s", chain,
				row->typed, zl_nft_expr_format(&r->exprs[i], have),
				zl_nft_expr_format(&row->exprs[i], want));
	if (r->n_exprs != n)
		return zl_fail(reterr, -ESTALE,
			"chain %s: rule '%s' has %zu parts instead of %zu", chain,
			row->typed, r->n_exprs, n);
	return 0;
}

/* The rules of one chain, in order: ours and no others. */
static int compare_rules(
	const struct zl_present *p, enum zl_nft_chain_id chain, struct zl_error *reterr)
{
	const char *name = zl_nft_chains[chain].name;
	size_t at = 0;
	int r;

	for (size_t i = 0; i < zl_nft_rules_len; i++) {
		const struct zl_nft_rule_row *row = &zl_nft_rules[i];

		if (row->chain != chain)
			continue;
		while (at < p->n_rules && strcmp(p->rules[at].chain, name) != 0)
			at++;
		if (at == p->n_rules)
			return zl_fail(reterr, -ESTALE,
				"chain %s: rule '%s' is missing", name, row->typed);
		r = compare_rule(&p->rules[at++], row, reterr);
		if (r < 0)
			return r;
	}
	for (; at < p->n_rules; at++)
		if (strcmp(p->rules[at].chain, name) == 0)
			return zl_fail(reterr, -ESTALE,
				"chain %s has a rule that is not ours", name);
	return 0;
}

int zl_readback_compare_static(const struct zl_present *p, struct zl_error *reterr)
{
	int r = 0;

	if (!p->table)
		return zl_fail(
			reterr, -ESTALE, "table bridge %s is missing", ZL_NFT_TABLE);
	if (p->table_flags != 0)
		return zl_fail(reterr, -ESTALE, "table bridge %s has flags %#x%s",
			ZL_NFT_TABLE, p->table_flags,
			p->table_flags & NFT_TABLE_F_DORMANT ? " (dormant)" : "");
	if (p->n_chains > ZL_CHAIN_N || p->n_sets > ZL_SET_N ||
		p->n_rules > zl_nft_rules_len)
		return zl_fail(reterr, -ESTALE,
			"table bridge %s has %zu chains, %zu sets and "
			"%zu rules instead of %d, %d and %zu",
			ZL_NFT_TABLE, p->n_chains, p->n_sets, p->n_rules, ZL_CHAIN_N,
			ZL_SET_N, zl_nft_rules_len);
	for (unsigned i = 0; r >= 0 && i < ZL_SET_N; i++)
		r = compare_set(p, &zl_nft_sets[i], reterr);
	for (unsigned i = 0; r >= 0 && i < ZL_CHAIN_N; i++)
		r = compare_chain(p, &zl_nft_chains[i], reterr);
	for (unsigned i = 0; r >= 0 && i < ZL_CHAIN_N; i++)
		r = compare_rules(p, (enum zl_nft_chain_id)i, reterr);
	return r;
}

int zl_readback_compare_elems(const struct zl_present *p,
	const struct zl_nft_elems *wanted, struct zl_error *reterr)
{
	char text[ZL_NFT_ELEM_STR];
	size_t i = 0, j = 0;

	while (i < wanted->n || j < p->elems.n) {
		int c = i == wanted->n ? 1
			: j == p->elems.n
				? -1
				: zl_nft_elem_cmp(&wanted->at[i], &p->elems.at[j]);

		if (c < 0)
			return zl_fail(reterr, -ESTALE, "element is missing: %s",
				zl_nft_elem_format(&wanted->at[i], text));
		if (c > 0)
			return zl_fail(reterr, -ESTALE, "element is not ours: %s",
				zl_nft_elem_format(&p->elems.at[j], text));
		i++;
		j++;
	}
	return 0;
}
