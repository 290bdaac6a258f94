/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the table back from the kernel. */
#include "mitigate/agent/readback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"

enum { ATTRS_MAX = 32, READ_TRIES = 8 };

/* The attributes of a message after its nfgenmsg, the first of each number. */
static void open_message(const struct nlmsghdr *nlh, const struct nlattr **tb)
{
	const struct nlattr *a;

	memset(tb, 0, ATTRS_MAX * sizeof(*tb));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
		return;
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		uint16_t number = mnl_attr_get_type(a);

		if (number < ATTRS_MAX && tb[number] == NULL)
			tb[number] = a;
	}
}

static void open_nest(const struct nlattr *nest, const struct nlattr **tb)
{
	const struct nlattr *a;

	memset(tb, 0, ATTRS_MAX * sizeof(*tb));
	if (nest == NULL)
		return;
	mnl_attr_for_each_nested(a, nest)
	{
		uint16_t number = mnl_attr_get_type(a);

		if (number < ATTRS_MAX && tb[number] == NULL)
			tb[number] = a;
	}
}

static uint32_t get_u32(const struct nlattr *a)
{
	if (a == NULL || mnl_attr_get_payload_len(a) != sizeof(uint32_t))
		return 0;
	return ntohl(mnl_attr_get_u32(a));
}

/* A name that is too long for us is none of ours: it becomes "". */
static void get_name(const struct nlattr *a, char to[static ZL_NFT_NAME])
{
	size_t n = a == NULL ? 0 : mnl_attr_get_payload_len(a);

	to[0] = '\0';
	if (n == 0 || n > ZL_NFT_NAME)
		return;
	memcpy(to, mnl_attr_get_payload(a), n);
	to[n - 1] = '\0';
}

static bool is_ours(const struct nlattr *table)
{
	size_t n = table == NULL ? 0 : mnl_attr_get_payload_len(table);

	return n == sizeof(ZL_NFT_TABLE) &&
	       memcmp(mnl_attr_get_payload(table), ZL_NFT_TABLE, n) == 0;
}

static bool is_bridge(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*g) &&
	       g->nfgen_family == NFPROTO_BRIDGE;
}

static int on_table(const struct nlmsghdr *nlh, void *to)
{
	const struct nlattr *tb[ATTRS_MAX];
	struct zl_present *p = to;

	open_message(nlh, tb);
	if (is_bridge(nlh) && is_ours(tb[NFTA_TABLE_NAME])) {
		p->table = true;
		p->table_flags = get_u32(tb[NFTA_TABLE_FLAGS]);
	}
	return MNL_CB_OK;
}

int zl_readback_on_chain(const struct nlmsghdr *nlh, void *to)
{
	const struct nlattr *tb[ATTRS_MAX], *hook[ATTRS_MAX];
	struct zl_present *p = to;
	struct zl_present_chain *c;

	open_message(nlh, tb);
	if (!is_bridge(nlh) || !is_ours(tb[NFTA_CHAIN_TABLE]))
		return MNL_CB_OK; /* chains cannot be filtered by table */
	if (p->n_chains++ >= ZL_READBACK_CHAINS)
		return MNL_CB_OK;
	c = &p->chains[p->n_chains - 1];
	*c = (struct zl_present_chain){ 0 };
	get_name(tb[NFTA_CHAIN_NAME], c->name);
	get_name(tb[NFTA_CHAIN_TYPE], c->type);
	c->base = tb[NFTA_CHAIN_HOOK] != NULL;
	c->policy = get_u32(tb[NFTA_CHAIN_POLICY]);
	open_nest(tb[NFTA_CHAIN_HOOK], hook);
	c->hook = get_u32(hook[NFTA_HOOK_HOOKNUM]);
	c->priority = (int32_t)get_u32(hook[NFTA_HOOK_PRIORITY]);
	return MNL_CB_OK;
}

int zl_readback_on_set(const struct nlmsghdr *nlh, void *to)
{
	const struct nlattr *tb[ATTRS_MAX];
	struct zl_present *p = to;
	struct zl_present_set *s;

	open_message(nlh, tb);
	if (!is_bridge(nlh) || !is_ours(tb[NFTA_SET_TABLE]) ||
		p->n_sets++ >= ZL_READBACK_SETS)
		return MNL_CB_OK;
	s = &p->sets[p->n_sets - 1];
	get_name(tb[NFTA_SET_NAME], s->name);
	s->flags = get_u32(tb[NFTA_SET_FLAGS]);
	s->key_len = get_u32(tb[NFTA_SET_KEY_LEN]);
	s->key_type = get_u32(tb[NFTA_SET_KEY_TYPE]);
	s->data_len = get_u32(tb[NFTA_SET_DATA_LEN]);
	return MNL_CB_OK;
}

int zl_readback_on_rule(const struct nlmsghdr *nlh, void *to)
{
	const struct nlattr *tb[ATTRS_MAX], *a;
	struct zl_present *p = to;
	struct zl_present_rule *r;

	open_message(nlh, tb);
	if (!is_bridge(nlh) || !is_ours(tb[NFTA_RULE_TABLE]) ||
		p->n_rules++ >= ZL_READBACK_RULES)
		return MNL_CB_OK;
	r = &p->rules[p->n_rules - 1];
	r->n_exprs = 0;
	get_name(tb[NFTA_RULE_CHAIN], r->chain);
	if (tb[NFTA_RULE_EXPRESSIONS] == NULL)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(a, tb[NFTA_RULE_EXPRESSIONS])
	{
		if (r->n_exprs < ZL_NFT_EXPRS_MAX)
			r->exprs[r->n_exprs] = zl_nft_expr_parse(a);
		r->n_exprs++;
	}
	return MNL_CB_OK;
}

struct elem_reading {
	struct zl_nft_elems *to;
	enum zl_nft_set_id set;
};

/* The value of a key or of a map's data; false: it is not of that length. */
static bool read_value(const struct nlattr *nest, uint8_t *to, uint32_t len)
{
	const struct nlattr *tb[ATTRS_MAX], *v;

	open_nest(nest, tb);
	v = tb[NFTA_DATA_VALUE];
	if (v == NULL || mnl_attr_get_payload_len(v) != len)
		return false;
	memcpy(to, mnl_attr_get_payload(v), len);
	return true;
}

static int read_elem(const struct nlattr *elem, struct elem_reading *rd)
{
	const struct zl_nft_set_row *row = &zl_nft_sets[rd->set];
	struct zl_nft_elem e = { .set = rd->set };
	const struct nlattr *tb[ATTRS_MAX];

	open_nest(elem, tb);
	/* A key that is not ours will differ from all wanted. */
	if (!read_value(tb[NFTA_SET_ELEM_KEY], e.key, row->key_len) ||
		(row->data_len != 0 && !read_value(tb[NFTA_SET_ELEM_DATA],
					       e.key + row->key_len, row->data_len)))
		memset(e.key, 0xff, sizeof(e.key));
	/* It would end by itself, match all, or match only under a condition. */
	if (tb[NFTA_SET_ELEM_TIMEOUT] != NULL || tb[NFTA_SET_ELEM_EXPR] != NULL ||
		tb[NFTA_SET_ELEM_EXPRESSIONS] != NULL ||
		get_u32(tb[NFTA_SET_ELEM_FLAGS]) != 0)
		memset(e.key, 0xff, sizeof(e.key));
	return zl_nft_elems_add(rd->to, &e);
}

static int on_elems(const struct nlmsghdr *nlh, void *user)
{
	const struct nlattr *tb[ATTRS_MAX], *a;
	struct elem_reading *rd = user;

	open_message(nlh, tb);
	if (tb[NFTA_SET_ELEM_LIST_ELEMENTS] == NULL)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(
		a, tb[NFTA_SET_ELEM_LIST_ELEMENTS]) if (read_elem(a, rd) < 0)
	{
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int on_generation(const struct nlmsghdr *nlh, void *to)
{
	const struct nlattr *tb[ATTRS_MAX];

	open_message(nlh, tb);
	*(uint32_t *)to = get_u32(tb[NFTA_GEN_ID]);
	return MNL_CB_OK;
}

static void ask_table(struct nlmsghdr *nlh, const void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, arg);
}

static void ask_rules(struct nlmsghdr *nlh, const void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, arg);
}

static void ask_sets(struct nlmsghdr *nlh, const void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, arg);
}

static void ask_elems(struct nlmsghdr *nlh, const void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, ZL_NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, arg);
}

struct zl_present *zl_readback_new(void)
{
	return calloc(1, sizeof(struct zl_present));
}

void zl_readback_free(struct zl_present *p)
{
	if (p == NULL)
		return;
	zl_nft_elems_done(&p->elems);
	free(p);
}

/* Everything once; -EINTR when it changed meanwhile. */
static int read_once(struct zl_nft_socket *s, struct zl_present *p)
{
	uint32_t after = 0;
	int r;

	p->table = false;
	p->table_flags = 0;
	p->n_chains = p->n_sets = p->n_rules = 0;
	p->elems.n = 0;
	r = zl_nft_socket_ask(
		s, NFT_MSG_GETGEN, false, NULL, NULL, on_generation, &p->generation);
	if (r >= 0)
		r = zl_nft_socket_ask(s, NFT_MSG_GETTABLE, false, ask_table,
			ZL_NFT_TABLE, on_table, p);
	if (r == -ENOENT || (r >= 0 && !p->table))
		return 0;
	if (r >= 0)
		r = zl_nft_socket_ask(
			s, NFT_MSG_GETCHAIN, true, NULL, NULL, zl_readback_on_chain, p);
	if (r >= 0)
		r = zl_nft_socket_ask(s, NFT_MSG_GETRULE, true, ask_rules, ZL_NFT_TABLE,
			zl_readback_on_rule, p);
	if (r >= 0)
		r = zl_nft_socket_ask(s, NFT_MSG_GETSET, true, ask_sets, ZL_NFT_TABLE,
			zl_readback_on_set, p);
	for (unsigned i = 0; r >= 0 && i < ZL_SET_N; i++) {
		struct elem_reading rd = { &p->elems, (enum zl_nft_set_id)i };

		r = zl_nft_socket_ask(s, NFT_MSG_GETSETELEM, true, ask_elems,
			zl_nft_sets[i].name, on_elems, &rd);
		if (r == -ENOENT)
			r = 0; /* the comparison of the sets will say so */
	}
	if (r >= 0)
		r = zl_nft_socket_ask(
			s, NFT_MSG_GETGEN, false, NULL, NULL, on_generation, &after);
	if (r >= 0 && after != p->generation)
		return -EINTR;
	return r;
}

int zl_readback_read(
	struct zl_nft_socket *s, struct zl_present *ret, struct zl_error *reterr)
{
	int r = -EINTR;

	for (int i = 0; i < READ_TRIES && r == -EINTR; i++)
		r = read_once(s, ret);
	if (r == -EINTR)
		return zl_fail(reterr, -ESTALE,
			"nft: the ruleset changes faster than it can be read back");
	if (r < 0)
		return zl_fail(
			reterr, r, "nft: cannot read the table back: %s", strerror(-r));
	zl_nft_elems_sort(&ret->elems);
	return 0;
}
