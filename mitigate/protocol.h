/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine and an enforcer (the agent, the actuator) say to each other:
 * frames of base/frame.h over SOCK_SEQPACKET.
 *
 * The agent listens, the engine connects.  Order after connecting:
 *
 *	agent: HELLO, LINK..., NEIGH..., LEASE_STATE..., READY
 *	engine: KNOWN... (whose MACs are on this host), then LEASE_PUT / LEASE_DROP
 *
 * Every LEASE_PUT and LEASE_DROP is answered by one LEASE_STATE with the same
 * seq; LEASE_STATE with seq 0 tells of a change nobody asked for (expiry,
 * break-glass release, repair, a tap that came back).  PUT with a known id replaces
 * (new NICs, new expiry).  DROP of an unknown id is answered "released".
 * PING is answered by PONG at once: silence means the host is unreachable.
 */
#ifndef ZL_MITIGATE_PROTOCOL_H
#define ZL_MITIGATE_PROTOCOL_H
#include "mitigate/lease.h"

enum zl_agent_message {
	ZL_AGENT_HELLO = 1, /* VERSION_TEXT, HOSTNAME, BOOT_ID */
	ZL_AGENT_READY,	    /* everything that was there has been told */
	ZL_AGENT_LINK,	    /* IFINDEX, NAME, MAC, MASTER, MASTER_NAME, FLAGS */
	ZL_AGENT_LINK_GONE, /* IFINDEX */
	ZL_AGENT_NEIGH,	    /* IFINDEX, MAC, ADDR */
	ZL_AGENT_NEIGH_GONE,
	ZL_AGENT_LEASE_STATE, /* REPORT, LEASE (agent: the whole lease; actuator: not) */
	ZL_AGENT_PONG,
	ZL_AGENT_LEASE_PUT,  /* LEASE; to the actuator also URI */
	ZL_AGENT_LEASE_DROP, /* ID, TEXT (why); to the actuator also URI, DOMAIN */
	ZL_AGENT_KNOWN,	     /* DOMAIN, MAC repeated: replaces what was known of it */
	ZL_AGENT_KNOWN_GONE, /* DOMAIN */
	ZL_AGENT_PING,
	ZL_AGENT_MESSAGE_N
};

enum zl_agent_attr {
	ZL_AGENT_A_VERSION = 1, /* string */
	ZL_AGENT_A_HOSTNAME,	/* string */
	ZL_AGENT_A_BOOT_ID,	/* string */
	ZL_AGENT_A_IFINDEX,	/* u32 */
	ZL_AGENT_A_NAME,	/* string, interface name */
	ZL_AGENT_A_MAC,		/* 6 bytes */
	ZL_AGENT_A_MASTER,	/* u32, 0 none */
	ZL_AGENT_A_MASTER_NAME, /* string */
	ZL_AGENT_A_FLAGS,	/* u32: 1 tap, 2 bridge, 4 up */
	ZL_AGENT_A_ADDR,	/* 16 bytes */
	ZL_AGENT_A_REPORT,	/* nest */
	ZL_AGENT_A_LEASE,	/* nest */
	ZL_AGENT_A_ID,		/* 16 bytes */
	ZL_AGENT_A_DOMAIN,	/* 16 bytes */
	ZL_AGENT_A_TEXT,	/* string */
	ZL_AGENT_A_URI,		/* string */
	ZL_AGENT_A_N
};

enum { ZL_LINK_TAP = 1, ZL_LINK_BRIDGE = 2, ZL_LINK_UP = 4 };

extern const struct zl_message zl_agent_messages[ZL_AGENT_MESSAGE_N];

#endif
