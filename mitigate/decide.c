/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guards.
 *
 * To add one, write a function that fills in a sentence and returns true when it
 * objects, and add its row; the order is the order in which they are asked.
 */
#include "mitigate/decide.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static bool by_mode(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "lock '%s' is in mode monitor", c->lock);
	return !c->enforce;
}

static bool by_response(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "lock '%s' asks for an alert only", c->lock);
	return c->response == ZL_ACTION_ALERT;
}

static bool by_offender(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "the initiator is not a domain that we know");
	return !c->offender_known;
}

static bool by_confidence(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"who began the conversation is not sure enough (evidence: %s)",
		c->confidence);
	return !c->initiator_certain;
}

static bool by_evidence(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"the domain is named by its %s, and nothing was seen at its tap: "
		"automatic action needs that",
		zl_evidence_name(c->evidence));
	return c->evidence != ZL_EVIDENCE_TAP;
}

static bool by_owner(const struct zl_case *c, char *why, size_t n)
{
	static const char *const had[] = {
		[ZL_INDEX_KIND_TAP] = "the interface",
		[ZL_INDEX_KIND_MAC] = "the MAC",
		[ZL_INDEX_KIND_ADDR] = "the address",
	};
	const struct zl_past *p = &c->past;
	const char *whose = p->is_dst ? "destination" : "source";
	char until[ZL_WALL_STR];

	(void)zl_wall_format(p->until, until);
	switch (p->how) {
	case ZL_INDEX_PAST_SAME: return false;
	case ZL_INDEX_PAST_FORMER:
		(void)snprintf(why, n,
			"the traffic is from before %s, when %s of the %s was still "
			"that of domain '%.100s'",
			until, had[p->kind], whose, p->name);
		return true;
	case ZL_INDEX_PAST_DOUBT:
		(void)snprintf(why, n,
			"%s of the %s was that of domain '%.100s' until %s, and the "
			"traffic may be from before that",
			had[p->kind], whose, p->name, until);
		return true;
	case ZL_INDEX_PAST_LOST: break;
	}
	(void)snprintf(why, n,
		"the traffic is from so long ago that it is not known any more whose "
		"%s of the %s was then",
		had[p->kind] + strlen("the "), whose);
	return true;
}

static bool by_template(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"the record was read with a template from before a restart, which the "
		"exporter has not sent again yet");
	return c->provisional;
}

static bool by_sampling(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"nobody says whether the exporter samples: name sampling='1' (all "
		"packets) "
		"or sampling='N' (one in N) in the <exporter> of its host");
	return !c->sampling_known;
}

static bool by_forwarding(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"the domain is declared as forwarding: the traffic may be another's");
	return c->forwarding;
}

static bool by_claim(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"the zone of its address may do that, but nothing except its traffic "
		"says that the address is its own");
	return c->by_claim;
}

static bool by_release(const struct zl_case *c, char *why, size_t n)
{
	char when[ZL_WALL_STR];

	(void)snprintf(why, n, "the traffic is from before the release of %s",
		zl_wall_format(c->released, when));
	return c->released.us != 0 && c->seen.us <= c->released.us;
}

/*
 * A connection that was cut dies after the release: what its guest had not got through
 * comes again, for up to minutes, with the FIN, and what the other end had not is
 * acknowledged.  One that lives on soon sends more than that.
 */
static bool by_ending(const struct zl_case *c, char *why, size_t n)
{
	char when[ZL_WALL_STR];

	(void)snprintf(why, n,
		"it is what is left of a connection from before the release of %s",
		zl_wall_format(c->released, when));
	return c->began.us != 0 && c->began.us <= c->released.us &&
	       (c->ends || c->leftover <= ZL_DECISION_LEFTOVER_MAX);
}

static bool by_nics(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "the domain has no network interface that we know");
	return c->n_nics == 0;
}

static bool by_inventory(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "what we know of its host is stale");
	return !c->host_fresh;
}

static bool by_enforcer(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n, "the %s of its host cannot be reached",
		c->backend == ZL_BACKEND_NWFILTER ? "actuator" : "agent");
	return !c->enforcer_up;
}

/* The last one: but for it, this would be done. */
static bool by_replay(const struct zl_case *c, char *why, size_t n)
{
	(void)snprintf(why, n,
		"would be %s, as lock '%s' asks for it, but this is a replay",
		zl_action_name(c->response), c->lock);
	return c->replayed;
}

static const struct {
	const char *name;
	bool (*objects)(const struct zl_case *c, char *why, size_t n);
} guards[] = {
	{ "mode", by_mode },
	{ "response", by_response },
	{ "offender", by_offender },
	{ "confidence", by_confidence },
	{ "evidence", by_evidence },
	{ "owner", by_owner },
	{ "template", by_template },
	{ "sampling", by_sampling },
	{ "forwarding", by_forwarding },
	{ "claim", by_claim },
	{ "release", by_release },
	{ "ending", by_ending },
	{ "interfaces", by_nics },
	{ "inventory", by_inventory },
	{ "enforcer", by_enforcer },
	{ ZL_DECISION_REPLAY, by_replay },
};

void zl_decide(const struct zl_case *c, struct zl_decision *ret)
{
	for (size_t i = 0; i < N_ITEMS(guards); i++)
		if (guards[i].objects(c, ret->reason, sizeof(ret->reason))) {
			ret->action = ZL_ACTION_ALERT;
			ret->guard = guards[i].name;
			return;
		}
	ret->action = c->response;
	ret->guard = "";
	(void)snprintf(ret->reason, sizeof(ret->reason),
		"lock '%s' is in mode enforce and asks for %s", c->lock,
		zl_action_name(c->response));
}
