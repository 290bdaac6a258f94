/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table between our error codes and the names of Varlink errors.
 *
 * On the wire an error is
 *
 *	{"error": "org.zonelock.Controller.NotFound",
 *	 "parameters": {"id": "domain.unknown", "message": "...", "hint": "..."}}
 */
#ifndef ZL_CONTROL_FAULT_H
#define ZL_CONTROL_FAULT_H
#include <jansson.h>

#include "base/error.h"

/* The name (with its interface) for a negative errno; never NULL. */
const char *zl_fault_name(int code);

/* The negative errno that a client reports for a name; -EIO for unknown ones. */
int zl_fault_code(const char *name);

/* A complete error message.  NULL only when memory is short. */
json_t *zl_fault_message(const struct zl_error *err);

/*
 * Read an error message from the other side into `reterr`; returns its code.
 * Missing and odd members give a sentence all the same.
 */
int zl_fault_read(const json_t *message, struct zl_error *reterr) ZL_CHECKED;

#endif
