/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetFlow v9 (RFC 3954). */
#ifndef ZL_FLOW_NETFLOW9_H
#define ZL_FLOW_NETFLOW9_H
#include "controller/flow/decode.h"

void zl_netflow9_decode(struct zl_decode *d, struct zl_cursor c);

#endif
