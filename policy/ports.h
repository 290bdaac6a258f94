/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of ports as rules write them: "22,80,8000-8100".
 *
 * Ports are 1..65535; white space around numbers is fine.  At most ZL_PORTS_MAX
 * ranges.  No range at all means every port.
 */
#ifndef ZL_POLICY_PORTS_H
#define ZL_POLICY_PORTS_H
#include <stdbool.h>
#include <stdint.h>

enum { ZL_PORTS_MAX = 32, ZL_PORTS_STR = ZL_PORTS_MAX * 12 + 1 };

struct zl_port_range {
	uint16_t first, last;
};

struct zl_ports {
	struct zl_port_range range[ZL_PORTS_MAX]; /* in the order written */
	uint16_t n;
};

/* Returns NULL, or what is wrong with the text as the end of a sentence. */
const char *zl_ports_parse(const char *text, struct zl_ports *ret);

/* "" for every port; returns `buf`.  parse(format(p)) = p when p has a range. */
const char *zl_ports_format(const struct zl_ports *p, char buf[static ZL_PORTS_STR]);

bool zl_ports_has(const struct zl_ports *p, uint16_t port);

#endif
