/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading records whose fields stand at fixed places: nearly all there are.
 *
 * When every field of a template has a length, what to do with each is decided once:
 * its place in the record, and one of a few moves of bytes.  A record is then one check
 * of its length and as many moves.  What is not that simple (an odd width, two fields
 * for one member, a unit to convert) is left to zl_element_store(), so the result is
 * that of zl_template_read() with a cursor, always.
 */
#ifndef ZL_FLOW_LAYOUT_H
#define ZL_FLOW_LAYOUT_H
#include "controller/flow/template.h"

/* Decide for a template that is complete otherwise. */
void zl_layout_settle(struct zl_template *t);

/* Read a record of a template that is_fixed; `set` has all of it. */
bool zl_layout_read(const struct zl_template *t, struct zl_cursor *set,
	struct zl_flow_draft *draft);

#endif
