/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ties a flow record to a domain, weakest first. */
#ifndef ZL_FLOW_EVIDENCE_H
#define ZL_FLOW_EVIDENCE_H

enum zl_evidence {
	ZL_EVIDENCE_NONE,
	ZL_EVIDENCE_ADDRESS,
	ZL_EVIDENCE_MAC,
	ZL_EVIDENCE_TAP, /* the exporter saw it enter at that domain's tap */
	ZL_EVIDENCE_N
};

const char *zl_evidence_name(enum zl_evidence e); /* "tap" */

#endif
