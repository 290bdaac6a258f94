/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP protocols and well-known services: numbers and names.
 *
 * Protocol numbers are IANA's (0..255).  ZL_PROTO_ANY stands for all of them.
 * The table of services serves display ("tcp/22 (ssh)") and the question which end
 * of a conversation is the server; it is short on purpose: a port that is there is one
 * that servers listen on and clients do not choose.
 */
#ifndef ZL_POLICY_SERVICE_H
#define ZL_POLICY_SERVICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ZL_PROTO_ICMP = 1,
	ZL_PROTO_TCP = 6,
	ZL_PROTO_UDP = 17,
	ZL_PROTO_ICMPV6 = 58,
	ZL_PROTO_SCTP = 132,
	ZL_PROTO_ANY = 256,
	ZL_PROTO_STR = 16,
};

/* "tcp", "udp", "icmp", "icmpv6", "sctp", "any", or a number from 0 to 255. */
bool zl_service_proto_parse(const char *text, uint16_t *ret);

/* A name when it has one, else the number; returns `buf`.  parse(format(p)) = p. */
const char *zl_service_proto_format(uint16_t proto, char buf[static ZL_PROTO_STR]);

/* Does this protocol have ports, as far as rules are concerned: TCP, UDP, SCTP? */
bool zl_service_has_ports(uint16_t proto);

struct zl_service {
	uint8_t proto;
	uint16_t port;
	const char *name;
};

extern const struct zl_service zl_services[]; /* sorted by port, then protocol */
extern const size_t zl_services_len;

/* NULL: not well known. */
const struct zl_service *zl_service_find(uint8_t proto, uint16_t port);

#endif
