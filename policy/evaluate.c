/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the locks say about a conversation. */
#include "policy/evaluate.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/compiled.h"
#include "policy/service.h"

static const char *const kinds[ZL_VERDICT_N] = {
	[ZL_VERDICT_NONE] = "none",
	[ZL_VERDICT_ALLOW] = "allow",
	[ZL_VERDICT_DENY] = "deny",
};

const char *zl_evaluate_kind_name(enum zl_verdict_kind k)
{
	return kinds[k];
}

static bool service_fits(const struct zl_rule *rule, const struct zl_conversation *c)
{
	if (rule->proto != ZL_PROTO_ANY && rule->proto != c->proto)
		return false;
	return rule->ports.n == 0 || zl_ports_has(&rule->ports, c->dport);
}

/* Which direction of the lock this is; ZL_DIRECTION_N: it does not apply. */
static enum zl_direction direction_of(const struct zl_policy *p,
	const struct zl_compiled_lock *l, const struct zl_conversation *c)
{
	bool from = zl_classes_has(&p->classes, c->initiator, l->zone);
	bool to = zl_classes_has(&p->classes, c->responder, l->zone);

	if (from && to)
		return ZL_DIRECTION_INTRA;
	if (from)
		return ZL_DIRECTION_OUTBOUND;
	return to ? ZL_DIRECTION_INBOUND : ZL_DIRECTION_N;
}

/* Ask one lock; false when it does not apply. */
static bool ask(const struct zl_policy *p, const struct zl_compiled_lock *l,
	const struct zl_conversation *c, struct zl_verdict *ret)
{
	enum zl_direction d = direction_of(p, l, c);
	uint32_t other = d == ZL_DIRECTION_INBOUND ? c->initiator : c->responder;
	const struct zl_rules *side;
	bool allow;

	if (d == ZL_DIRECTION_N)
		return false;
	side = &l->lock->side[d];
	allow = side->allow;
	*ret = (struct zl_verdict){ .lock = l->lock, .direction = d };
	for (size_t i = 0; i < side->n; i++) {
		uint32_t peer = l->peers[d][i];

		if (peer != ZL_PEER_ANY && !zl_classes_has(&p->classes, other, peer))
			continue;
		if (!service_fits(&side->rules[i], c))
			continue;
		allow = side->rules[i].allow;
		ret->rule = (unsigned)i + 1;
		break;
	}
	ret->kind = allow ? ZL_VERDICT_ALLOW : ZL_VERDICT_DENY;
	return true;
}

/* The locks are in the order in which they win, so the first denial is the answer. */
static struct zl_verdict ask_all(
	const struct zl_policy *p, const struct zl_conversation *c, size_t *ret_lock)
{
	struct zl_verdict first = { .kind = ZL_VERDICT_NONE }, v;

	*ret_lock = 0;
	for (size_t i = 0; i < p->n_locks; i++) {
		if (!ask(p, &p->locks[i], c, &v))
			continue;
		if (v.kind == ZL_VERDICT_DENY || first.kind == ZL_VERDICT_NONE) {
			first = v;
			*ret_lock = i;
		}
		if (v.kind == ZL_VERDICT_DENY)
			break;
	}
	return first;
}

void zl_evaluate(const struct zl_policy *p, const struct zl_conversation *c,
	struct zl_verdict *ret)
{
	size_t lock;

	*ret = ask_all(p, c, &lock);
}

/*
 *	key	| 1 | 7: 0 | initiator:16 | responder:16 | proto:8 | dport:16 |
 *	value	| lock:32 | rule:16 | direction:8 | kind:8 |
 */
static uint64_t key_of(const struct zl_conversation *c)
{
	uint16_t dport = zl_service_has_ports(c->proto) ? c->dport : 0;

	return UINT64_C(1) << 63 | (uint64_t)(uint16_t)c->initiator << 40 |
	       (uint64_t)(uint16_t)c->responder << 24 | (uint64_t)c->proto << 16 |
	       dport;
}

void zl_evaluate_memo(
	struct zl_policy *p, const struct zl_conversation *c, struct zl_verdict *ret)
{
	uint64_t key = key_of(c), value;
	size_t lock;

	_Static_assert(
		ZL_CLASSES_MAX <= UINT16_MAX, "a class fits its part of the key");
	_Static_assert(
		ZL_LOCK_RULES_MAX < UINT16_MAX, "a rule fits its part of the value");
	if (c->initiator >= p->classes.n || c->responder >= p->classes.n) {
		zl_evaluate(p, c, ret); /* no class of ours: nothing to remember */
		return;
	}
	if (!zl_memo_find(&p->verdicts, key, &value)) {
		*ret = ask_all(p, c, &lock);
		value = (uint64_t)lock << 32 | (uint64_t)ret->rule << 16 |
			(uint64_t)ret->direction << 8 | (uint64_t)ret->kind;
		zl_memo_put(&p->verdicts, key, value);
		return;
	}
	*ret = (struct zl_verdict){
		.kind = (enum zl_verdict_kind)(value & 0xff),
		.direction = (enum zl_direction)(value >> 8 & 0xff),
		.rule = value >> 16 & 0xffff,
	};
	if (ret->kind != ZL_VERDICT_NONE)
		ret->lock = p->locks[value >> 32].lock;
}

const char *zl_evaluate_format(
	const struct zl_verdict *v, char buf[static ZL_VERDICT_STR])
{
	char rule[ZL_RULE_STR];

	if (v->kind == ZL_VERDICT_NONE)
		buf[0] = '\0';
	else if (v->rule == 0)
		(void)snprintf(buf, ZL_VERDICT_STR, "%s default",
			zl_direction_name(v->direction));
	else
		(void)snprintf(buf, ZL_VERDICT_STR, "%s rule %u: %s",
			zl_direction_name(v->direction), v->rule,
			zl_lock_format_rule(v->direction,
				&v->lock->side[v->direction].rules[v->rule - 1], rule));
	return buf;
}
