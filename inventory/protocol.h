/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine and the inventory say to each other (base/frame.h over
 * SOCK_SEQPACKET), and the inventory and its workers among themselves.
 *
 *	engine: HOST_PUT (define, or change of URI), HOST_GONE
 *	inventory: HOST_STATE on every change; after (re)connecting LIST_BEGIN,
 *		DOMAIN..., LIST_END: domains not named in between are gone; then
 *		DOMAIN and DOMAIN_GONE as events come.  STALE keeps everything.
 */
#ifndef ZL_INVENTORY_PROTOCOL_H
#define ZL_INVENTORY_PROTOCOL_H
#include "inventory/domain.h"

enum zl_inventory_message {
	ZL_INV_HOST_PUT = 1, /* HOST, URI */
	ZL_INV_HOST_GONE,    /* HOST */
	ZL_INV_HOST_STATE,   /* HOST, STATE, TEXT */
	ZL_INV_LIST_BEGIN,   /* HOST */
	ZL_INV_LIST_END,     /* HOST */
	ZL_INV_DOMAIN,	     /* HOST, DOMAIN */
	ZL_INV_DOMAIN_GONE,  /* HOST, UUID */
	ZL_INV_DHCP,	     /* HOST, MAC, ADDR, TEXT (network), EXPIRES */
	ZL_INV_MESSAGE_N
};

enum zl_inventory_attr {
	ZL_INV_A_HOST = 1, /* string, the host object's name */
	ZL_INV_A_URI,	   /* string */
	ZL_INV_A_STATE,	   /* u8, enum zl_host_state */
	ZL_INV_A_TEXT,	   /* string */
	ZL_INV_A_DOMAIN,   /* nest */
	ZL_INV_A_UUID,	   /* 16 bytes */
	ZL_INV_A_MAC,	   /* 6 bytes */
	ZL_INV_A_ADDR,	   /* 16 bytes */
	ZL_INV_A_EXPIRES,  /* u64, wall us */
	ZL_INV_A_N
};

enum zl_host_state {
	ZL_HOST_CONNECTING, /* never been up since we started */
	ZL_HOST_UP,
	ZL_HOST_STALE, /* was up; what we know may be old; nothing is forgotten */
	ZL_HOST_STATE_N
};

const char *zl_host_state_name(enum zl_host_state s); /* "stale" */

extern const struct zl_message zl_inventory_messages[ZL_INV_MESSAGE_N];

#endif
