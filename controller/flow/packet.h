/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a packet, as an exporter saw it, into the fields of a flow record.
 *
 *	Ethernet II or 802.3 with LLC and SNAP, VLAN tags, MPLS labels
 *	IPv4 with options, IPv6 with extension headers, fragments of both
 *	TCP and SCTP and UDP ports, TCP flags, type and code of ICMP and ICMPv6
 *
 * Exporters send the first 64 to 256 bytes, so a packet may end anywhere: a field is set
 * when all of it is there.  What a guest wrote is never refused: a field that
 * cannot be told (the ports of a later fragment, the protocol behind an extension
 * header that is cut) is missing from `present`.  Loops are bounded by ZL_PACKET_*.
 *
 * Sources: IEEE 802.1Q and 802.1ad, 802.3, RFC 791, RFC 8200, RFC 9293, RFC 792,
 * RFC 4443, RFC 3032.
 */
#ifndef ZL_FLOW_PACKET_H
#define ZL_FLOW_PACKET_H
#include "base/cursor.h"
#include "controller/flow/record.h"

enum {
	ZL_PACKET_TAGS_MAX = 8,	       /* VLAN tags; the outermost is the record's */
	ZL_PACKET_LABELS_MAX = 16,     /* MPLS */
	ZL_PACKET_EXTENSIONS_MAX = 16, /* IPv6 */
};

/* What the bytes begin with. */
enum zl_packet_layer {
	ZL_PACKET_ETHERNET,
	ZL_PACKET_IPV4,
	ZL_PACKET_IPV6,
	ZL_PACKET_MPLS,
};

/*
 * Set addresses, ports, protocol, TCP flags, ToS, ICMP, VLAN and MACs, as far as the
 * packet tells them, and their bits in `flow->present`.  Nothing else is touched.
 */
void zl_packet_read(
	struct zl_cursor packet, enum zl_packet_layer layer, struct zl_flow *flow);

#endif
