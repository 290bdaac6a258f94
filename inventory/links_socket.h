/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two RTNETLINK sockets that keep struct zl_links: one for dumps, one that is
 * subscribed to links and neighbours.
 *
 * Subscribe first, dump then: what happens in between comes twice, never not at all.
 */
#ifndef ZL_INVENTORY_LINKS_SOCKET_H
#define ZL_INVENTORY_LINKS_SOCKET_H
#include <libmnl/libmnl.h>

#include "inventory/links.h"

struct zl_links_socket {
	struct mnl_socket *events, *asks;
	char *buf;
	uint32_t seq;
};

int zl_links_socket_open(struct zl_links_socket *s, struct zl_error *reterr) ZL_CHECKED;
void zl_links_socket_close(struct zl_links_socket *s);

/*
 * Dump everything into `l`.  `fresh` as in zl_links_on_message(); interfaces and
 * neighbours that are gone are removed.  `on` (may be NULL) gets what has changed.
 */
int zl_links_socket_dump(struct zl_links_socket *s, struct zl_links *l, bool fresh,
	zl_links_fn on, void *user, struct zl_error *reterr) ZL_CHECKED;

/* Take in all events that wait.  -ENOBUFS: some were lost, dump again. */
int zl_links_socket_events(struct zl_links_socket *s, struct zl_links *l,
	zl_links_fn on, void *user) ZL_CHECKED;

#endif
