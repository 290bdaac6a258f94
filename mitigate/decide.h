/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a violation to a decision: which action, or why none.
 *
 * Pure: the caller fills in what is known, gets an action and the sentence for it.
 * Guards are a table (decide.c); each can only make the outcome milder, never harsher.
 * The first guard that objects names itself in the decision, so "why was this
 * machine not cut off?" has one answer.
 */
#ifndef ZL_MITIGATE_DECIDE_H
#define ZL_MITIGATE_DECIDE_H
#include <stdbool.h>

#include "base/clock.h"
#include "controller/flow/evidence.h"
#include "mitigate/lease.h"

enum { ZL_DECISION_LEFTOVER_MAX = 8 };

struct zl_case {
	/* what the lock asks for */
	const char *lock;
	bool enforce; /* mode of the lock */
	enum zl_action response;
	enum zl_backend_id backend;
	/* who, and how sure */
	bool offender_known;	/* a domain of ours */
	bool initiator_certain; /* zl_stitch_is_certain() (flow/stitch.h) */
	const char *confidence; /* its name */
	enum zl_evidence evidence;
	bool provisional;    /* read with a template of before a restart */
	bool sampling_known; /* one in how many packets it stands for */
	bool forwarding;     /* may carry other people's traffic */
	bool by_claim;	     /* if its address is its own, it may */
	struct zl_past past; /* why it may have been another domain */
	/* when */
	struct zl_wall seen;	 /* the traffic's last packet, at the earliest */
	struct zl_wall released; /* the domain's last release; 0: never */
	struct zl_wall began;	 /* the opening was heard of; 0: it was not */
	bool ends;		 /* a connection is closed by it, and none opened */
	uint64_t leftover; /* packets since the release, with these, that do neither, of
			    * connections from before it */
	/* can we? */
	bool host_fresh;  /* the inventory of its host is up */
	bool enforcer_up; /* agent, or actuator */
	unsigned n_nics;
	bool replayed; /* out of a capture: nobody is to be touched for it */
};

/* The guard that objects in a replay to what all the others let pass. */
#define ZL_DECISION_REPLAY "replay"

struct zl_decision {
	enum zl_action action; /* ZL_ACTION_ALERT when a guard objected */
	const char *guard;     /* its name, or "" */
	char reason[256];
};

void zl_decide(const struct zl_case *c, struct zl_decision *ret);

#endif
