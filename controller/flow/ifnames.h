/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of an exporter's interfaces, as its options data tell them: interfaceName (82)
 * of ingressInterface (10), or of the interface that is the scope (RFC 3954, 6.1).
 *
 * Some exporters count interfaces on their own, and only these names say which tap one is.
 * A name is what Linux takes for one: up to 15 characters without '/' and blanks.
 * ZL_IFNAMES_MAX are kept; a new one takes the place of the first.  Memory comes out of
 * the exporter's room for templates.
 */
#ifndef ZL_FLOW_IFNAMES_H
#define ZL_FLOW_IFNAMES_H
#include "controller/flow/template.h"

enum { ZL_IFNAMES_MAX = 512, ZL_IFNAME_SIZE = 16 };

struct zl_ifname {
	uint32_t number;
	bool is_told; /* by whoever reports it */
	char name[ZL_IFNAME_SIZE];
};

struct zl_ifnames {
	struct zl_ifname *at; /* NULL: none */
	unsigned n, next, n_untold;
	struct zl_template_room *room;
};

void zl_ifnames_init(struct zl_ifnames *names, struct zl_template_room *room);
void zl_ifnames_done(struct zl_ifnames *names);

/* Could Linux have an interface of that name? */
bool zl_ifnames_is_name(const char *name);

/* Keep what an options record says, if it says one. */
void zl_ifnames_learn(struct zl_ifnames *names, const struct zl_flow_draft *options);

/* One that was not told yet, or NULL; who tells it sets `is_told`, and counts it off. */
struct zl_ifname *zl_ifnames_untold(struct zl_ifnames *names);
/* All are to be told again. */
void zl_ifnames_tell_again(struct zl_ifnames *names);

#endif
