/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Longest prefix match by a binary tree with compressed paths. */
#include "policy/lpm.h"

#include <errno.h>
#include <stdlib.h>

void zl_lpm_done(struct zl_lpm *t)
{
	free(t->nodes);
	*t = (struct zl_lpm){ 0 };
}

/* Bit `i` (0 is the first on the wire); callers keep i below 128. */
static unsigned bit_of(const struct zl_addr *a, unsigned i)
{
	return a->b[i / 8] >> (7 - i % 8) & 1u;
}

/* How many leading bits the two have in common. */
static unsigned common_bits(const struct zl_prefix *a, const struct zl_prefix *b)
{
	unsigned most = a->len < b->len ? a->len : b->len, n = 0;

	while (n + 8 <= most && a->addr.b[n / 8] == b->addr.b[n / 8])
		n += 8;
	while (n < most && bit_of(&a->addr, n) == bit_of(&b->addr, n))
		n++;
	return n;
}

static int reserve(struct zl_lpm *t, size_t n_more)
{
	size_t room = t->room == 0 ? 64 : t->room;
	struct zl_lpm_node *nodes;

	while (room < t->n + n_more)
		room *= 2;
	if (room > UINT32_MAX / 2)
		return -ENOMEM;
	if (room == t->room)
		return 0;
	nodes = reallocarray(t->nodes, room, sizeof(*nodes));
	if (nodes == NULL)
		return -ENOMEM;
	t->nodes = nodes;
	t->room = room;
	return 0;
}

static uint32_t add_node(
	struct zl_lpm *t, const struct zl_prefix *prefix, uint32_t value)
{
	t->nodes[t->n] = (struct zl_lpm_node){ .prefix = *prefix, .value = value };
	return (uint32_t)t->n++;
}

/* Put a node for `prefix` where `child` (which it does not hold) hangs below `parent`. */
static void split(struct zl_lpm *t, uint32_t parent, uint32_t child,
	const struct zl_prefix *prefix, uint32_t value)
{
	unsigned common = common_bits(&t->nodes[child].prefix, prefix);
	struct zl_prefix fork = zl_prefix_make(&prefix->addr, (uint8_t)common);
	unsigned side = bit_of(&prefix->addr, t->nodes[parent].prefix.len);
	bool is_fork = common < prefix->len;
	uint32_t new_node = add_node(t, &fork, is_fork ? ZL_LPM_NONE : value);

	t->nodes[parent].child[side] = new_node;
	t->nodes[new_node].child[bit_of(&t->nodes[child].prefix.addr, common)] = child;
	if (is_fork) {
		uint32_t leaf = add_node(t, prefix, value);

		t->nodes[new_node].child[bit_of(&prefix->addr, common)] = leaf;
	}
}

int zl_lpm_put(struct zl_lpm *t, const struct zl_prefix *prefix, uint32_t value)
{
	static const struct zl_prefix all = { .len = 0 };
	uint32_t at = 0;
	int r = reserve(t, 3); /* root, fork, leaf */

	if (r < 0)
		return r;
	if (t->n == 0)
		(void)add_node(t, &all, ZL_LPM_NONE);
	while (t->nodes[at].prefix.len < prefix->len) {
		unsigned side = bit_of(&prefix->addr, t->nodes[at].prefix.len);
		uint32_t child = t->nodes[at].child[side];

		if (child == 0) {
			uint32_t leaf = add_node(t, prefix, value);

			t->nodes[at].child[side] = leaf;
			return 0;
		}
		if (common_bits(&t->nodes[child].prefix, prefix) <
			t->nodes[child].prefix.len) {
			split(t, at, child, prefix, value);
			return 0;
		}
		at = child;
	}
	t->nodes[at].value = value;
	return 0;
}

uint32_t zl_lpm_find(const struct zl_lpm *t, const struct zl_addr *addr)
{
	uint32_t best = ZL_LPM_NONE, at = 0;

	if (t->n == 0)
		return ZL_LPM_NONE;
	for (;;) {
		const struct zl_lpm_node *n = &t->nodes[at];

		if (!zl_prefix_has(&n->prefix, addr))
			return best;
		if (n->value != ZL_LPM_NONE)
			best = n->value;
		if (n->prefix.len == 128)
			return best;
		at = n->child[bit_of(addr, n->prefix.len)];
		if (at == 0)
			return best;
	}
}
