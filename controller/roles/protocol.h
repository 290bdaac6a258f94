/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parent and the engine say to each other (base/frame.h over
 * SOCK_SEQPACKET).
 *
 *	engine: READY once it serves the control socket
 *	parent: ROLE for every role, at the engine's start and on every change; a
 *		role that has just started knows nothing, so the engine tells it again
 */
#ifndef ZL_ROLES_PROTOCOL_H
#define ZL_ROLES_PROTOCOL_H
#include "base/frame.h"

enum zl_parent_message {
	ZL_PARENT_READY = 1,
	ZL_PARENT_ROLE, /* NAME, PID, RESTARTS, TEXT */
	ZL_PARENT_MESSAGE_N
};

enum zl_parent_attr {
	ZL_PARENT_A_NAME = 1, /* string */
	ZL_PARENT_A_PID,      /* u32, 0 while it is down */
	ZL_PARENT_A_RESTARTS, /* u32 */
	ZL_PARENT_A_TEXT,     /* string: how it ended last, or "" */
	ZL_PARENT_A_N
};

extern const struct zl_message zl_parent_messages[ZL_PARENT_MESSAGE_N];

#endif
