/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of locks, indexed by their enums; for lock*.c only. */
#ifndef ZL_POLICY_LOCK_WORDS_H
#define ZL_POLICY_LOCK_WORDS_H
#include "policy/lock.h"

extern const char *const zl_lock_modes[ZL_LOCK_MODE_N];
extern const char *const zl_response_actions[ZL_RESPONSE_ACTION_N];
extern const char *const zl_response_grades[ZL_RESPONSE_GRADE_N];
extern const char *const zl_response_backends[ZL_RESPONSE_BACKEND_N];

/* The attribute that names a rule's other side: "from", "to", NULL in intra. */
const char *zl_lock_peer_attr(enum zl_direction d);

#endif
