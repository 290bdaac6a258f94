/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which protocol the datagrams to a UDP port carry, where nobody listens on the port:
 * in captures.
 *
 *	zl_portmap_init(&ports);			the usual ports
 *	r = zl_portmap_parse(&ports, "9995=netflow", &err);
 *	if (zl_portmap_takes(&ports, dport, payload, &refused))
 *
 * NetFlow and IPFIX number their versions alike and are sent to each other's ports, so
 * either name takes all of them.  To add a protocol, add a row in portmap.c.
 */
#ifndef ZL_FLOW_PORTMAP_H
#define ZL_FLOW_PORTMAP_H
#include "base/cursor.h"
#include "base/error.h"

enum { ZL_PORTMAP_MAX = 32, ZL_PORTMAP_VERSIONS_MAX = 3 };

struct zl_portmap_protocol {
	const char *name;
	uint16_t port; /* the usual one */
	/* What its datagrams begin with (u16): the version, but for sFlow, whose
	 * version has 32 bits. */
	uint16_t first[ZL_PORTMAP_VERSIONS_MAX];
	size_t n_first;
};

extern const struct zl_portmap_protocol zl_portmap_protocols[];
extern const size_t zl_portmap_protocols_n;

struct zl_portmap {
	struct {
		uint16_t port;
		const struct zl_portmap_protocol *protocol;
	} at[ZL_PORTMAP_MAX];
	size_t n;
};

void zl_portmap_init(struct zl_portmap *p);

/* "PORT=PROTOCOL" replaces what the port was for.  -EINVAL, -E2BIG. */
int zl_portmap_parse(
	struct zl_portmap *p, const char *text, struct zl_error *reterr) ZL_CHECKED;

/* NULL: not a port for flow datagrams. */
const struct zl_portmap_protocol *zl_portmap_find(
	const struct zl_portmap *p, uint16_t port);

struct zl_portmap_refused {
	uint64_t other_port; /* that is none for flow records */
	uint64_t other_protocol;
};

/*
 * Is that a port for flow datagrams, and can the datagram be one of its protocol?  One
 * that is too short to say so can.  Who is not taken is counted by why.
 */
bool zl_portmap_takes(const struct zl_portmap *p, uint16_t port,
	struct zl_cursor datagram, struct zl_portmap_refused *count);

#endif
