/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the locks say about a conversation.
 *
 * A conversation is asked about once, from its initiator to the service it wants:
 * replies are never judged.  A lock of zone Z applies
 *
 *	inbound		when the responder is in Z and the initiator is not
 *	outbound	when the initiator is in Z and the responder is not
 *	intra		when both are
 *
 * and its first rule that fits decides, or the direction's default.  Every lock that
 * applies is asked; one denial is a violation.  Of several denying locks the one to
 * act on is named: enforce before monitor, then by name.  The offender is the
 * initiator.
 */
#ifndef ZL_POLICY_EVALUATE_H
#define ZL_POLICY_EVALUATE_H
#include <stddef.h>
#include <stdint.h>

#include "policy/compile.h"

struct zl_conversation {
	uint32_t initiator, responder; /* classes of the same policy */
	uint16_t dport;		       /* of the responder; without ports: anything */
	uint8_t proto;
};

enum zl_verdict_kind {
	ZL_VERDICT_NONE,  /* no lock applies */
	ZL_VERDICT_ALLOW, /* all that apply allow it */
	ZL_VERDICT_DENY,
	ZL_VERDICT_N
};

struct zl_verdict {
	enum zl_verdict_kind kind;
	const struct zl_lock *lock; /* who denies; or the first that allows; or NULL */
	enum zl_direction direction;
	unsigned rule; /* counted from 1; 0: the default */
};

const char *zl_evaluate_kind_name(enum zl_verdict_kind k); /* "allow", "deny", "none" */

/* Ask all locks.  Pure. */
void zl_evaluate(const struct zl_policy *p, const struct zl_conversation *c,
	struct zl_verdict *ret);

/* The same answer, from a memo of fixed size where it was asked before: per flow. */
void zl_evaluate_memo(
	struct zl_policy *p, const struct zl_conversation *c, struct zl_verdict *ret);

/*
 * "inbound default", "inbound rule 2: deny from any tcp/22", "" when no lock applies;
 * returns `buf`.
 */
enum { ZL_VERDICT_STR = ZL_RULE_STR + 32 };
const char *zl_evaluate_format(
	const struct zl_verdict *v, char buf[static ZL_VERDICT_STR]);

#endif
