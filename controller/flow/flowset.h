/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets: the parts of a v9 or IPFIX datagram.
 *
 *	| set id (u16) | length (u16, with these 4 bytes) | body | ...
 *
 *		v9			IPFIX
 *	0	templates		-
 *	1	options templates	-
 *	2	-			templates
 *	3	-			options templates
 *	256..	data of that template	data of that template
 */
#ifndef ZL_FLOW_FLOWSET_H
#define ZL_FLOW_FLOWSET_H
#include "controller/flow/decode.h"

struct zl_flowset_ids {
	uint16_t templates, options;
	enum zl_template_format format;
};

/*
 * Read all sets, and then what had waited for their templates.  Their lengths are checked first, so a datagram that is broken there is
 * refused whole (set_length) and false is returned.
 */
bool zl_flowset_decode(
	struct zl_decode *d, struct zl_cursor sets, const struct zl_flowset_ids *ids);

#endif
