/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetFlow v5 (Cisco, "NetFlow Services Solutions Guide", appendix: export datagram format). */
#ifndef ZL_FLOW_NETFLOW5_H
#define ZL_FLOW_NETFLOW5_H
#include "controller/flow/decode.h"

void zl_netflow5_decode(struct zl_decode *d, struct zl_cursor c);

#endif
