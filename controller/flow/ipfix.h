/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPFIX over UDP (RFC 7011). */
#ifndef ZL_FLOW_IPFIX_H
#define ZL_FLOW_IPFIX_H
#include "controller/flow/decode.h"

void zl_ipfix_decode(struct zl_decode *d, struct zl_cursor c);

#endif
