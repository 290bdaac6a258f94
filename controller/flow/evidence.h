/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ties a flow record to a domain, weakest first. */
#ifndef ZL_FLOW_EVIDENCE_H
#define ZL_FLOW_EVIDENCE_H
#include "inventory/index.h"

enum zl_evidence {
	ZL_EVIDENCE_NONE,
	ZL_EVIDENCE_ADDRESS,
	ZL_EVIDENCE_MAC,
	ZL_EVIDENCE_TAP, /* the exporter saw it enter at that domain's tap */
	ZL_EVIDENCE_N
};

const char *zl_evidence_name(enum zl_evidence e); /* "tap" */

/*
 * Why it is not sure who that was: what ties the record to a domain has had another owner.
 * Nobody is acted upon for such a record.
 */
struct zl_past {
	enum zl_index_past how; /* SAME: nothing of the kind */
	enum zl_index_kind kind;
	bool is_dst;	      /* it is about the destination */
	struct zl_wall until; /* FORMER, DOUBT: when the other one lost it */
	const char *name;     /* of that domain */
};

#endif
