/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one internal flow record, whatever protocol it came in: what the collector
 * puts into the ring and the engine takes out.
 *
 * Fixed size, no pointers, no padding that matters.  A field that is not in
 * `present` is zero and means nothing.
 *
 *	octets, packets	as sent, not multiplied by `sampling`
 *	first_ms, last_ms	wall milliseconds of the exporter's clock
 *	age_ms		how long before the datagram was sent the flow's last
 *			packet was seen, by the exporter's clock alone: free of
 *			skew between machines; `age_error_ms` says how exact
 *	arrival		our wall clock when the datagram came (SO_TIMESTAMPNS)
 *	in_if, out_if	the exporter's numbers; 0 is no evidence, nor is a number
 *			that ZL_FLOW_IN_NO_IF or ZL_FLOW_OUT_NO_IF says is no interface's
 *	in_phys_if, out_phys_if	the port below (252, 253): behind a Linux bridge, where
 *			in_if is the bridge, this is the tap
 *	vlan		the frame's outer tag (ZL_FLOW_VLAN), or the VLAN in which the
 *			switch took the untagged frame (ZL_FLOW_VLAN_OF_PORT)
 *	biflow		who began a two-way record (RFC 5103, 6.3): 1 the source, 2 the
 *			destination, else nobody knows
 *	tcp_flags	all flags seen in the flow, ORed (RFC 9293: FIN 1, SYN 2, RST 4,
 *			PSH 8, ACK 16, URG 32)
 */
#ifndef ZL_FLOW_RECORD_H
#define ZL_FLOW_RECORD_H
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"

enum zl_flow_field {
	ZL_FLOW_SRC = 1 << 0,
	ZL_FLOW_DST = 1 << 1,
	ZL_FLOW_SPORT = 1 << 2,
	ZL_FLOW_DPORT = 1 << 3,
	ZL_FLOW_PROTO = 1 << 4,
	ZL_FLOW_OCTETS = 1 << 5,
	ZL_FLOW_PACKETS = 1 << 6,
	ZL_FLOW_FIRST = 1 << 7,
	ZL_FLOW_LAST = 1 << 8,
	ZL_FLOW_IN_IF = 1 << 9,
	ZL_FLOW_OUT_IF = 1 << 10,
	ZL_FLOW_TCP_FLAGS = 1 << 11,
	ZL_FLOW_TOS = 1 << 12,
	ZL_FLOW_VLAN = 1 << 13,
	ZL_FLOW_SRC_MAC = 1 << 14,
	ZL_FLOW_DST_MAC = 1 << 15,
	ZL_FLOW_SAMPLING = 1 << 16,
	ZL_FLOW_DIRECTION = 1 << 17,  /* 0 ingress, 1 egress */
	ZL_FLOW_REV_OCTETS = 1 << 18, /* RFC 5103 biflow */
	ZL_FLOW_REV_PACKETS = 1 << 19,
	ZL_FLOW_REV_TCP_FLAGS = 1 << 20,
	ZL_FLOW_TOTAL_OCTETS = 1 << 21, /* octetTotalCount, 85 */
	ZL_FLOW_TOTAL_PACKETS = 1 << 22,
	ZL_FLOW_AGE = 1 << 23,
	ZL_FLOW_ICMP = 1 << 24, /* type << 8 | code */
	ZL_FLOW_IN_PHYS_IF = 1 << 25,
	ZL_FLOW_OUT_PHYS_IF = 1 << 26,
	ZL_FLOW_BIFLOW = 1 << 27,
	ZL_FLOW_FIRST_COARSE = 1 << 28, /* first_ms: by a clock of whole seconds */
	ZL_FLOW_IN_NO_IF = 1 << 29,	/* in_if: several, or the device itself */
	ZL_FLOW_OUT_NO_IF = 1 << 30,	/* out_if: the same, or why it was dropped */
};
/* The last bit, which an enumerator cannot be. */
#define ZL_FLOW_VLAN_OF_PORT (UINT32_C(1) << 31)

enum zl_flow_version {
	ZL_FLOW_V5 = 5,
	ZL_FLOW_V9 = 9,
	ZL_FLOW_IPFIX = 10,
	ZL_FLOW_SFLOW = 105, /* sFlow 5, whose number is NetFlow's too */
};

static inline bool zl_flow_version_is_known(unsigned version)
{
	return version == ZL_FLOW_V5 || version == ZL_FLOW_V9 ||
	       version == ZL_FLOW_IPFIX || version == ZL_FLOW_SFLOW;
}

/* For people: "IPFIX"; "" when it is not known. */
static inline const char *zl_flow_version_name(unsigned version)
{
	switch (version) {
	case ZL_FLOW_V5: return "NetFlow 5";
	case ZL_FLOW_V9: return "NetFlow 9";
	case ZL_FLOW_IPFIX: return "IPFIX";
	case ZL_FLOW_SFLOW: return "sFlow 5";
	}
	return "";
}

struct zl_flow {
	struct zl_addr src, dst;
	struct zl_addr exporter;
	uint64_t octets, packets;
	uint64_t rev_octets, rev_packets;
	uint64_t total_octets, total_packets;
	int64_t first_ms, last_ms;
	struct zl_wall arrival;
	uint32_t present; /* bits of enum zl_flow_field */
	uint32_t odid;	  /* observation domain, source id, v5 engine, sub-agent */
	uint32_t in_if, out_if;
	uint32_t in_phys_if, out_phys_if;
	uint32_t sampling; /* one in this many */
	uint32_t age_ms, age_error_ms;
	uint16_t exporter_port;
	uint16_t sport, dport;
	uint16_t vlan;
	uint16_t template_id; /* 0 for v5 and sFlow */
	uint16_t icmp;
	uint8_t ip_version; /* 4, 6, or 0 when no address was sent */
	uint8_t proto;
	uint8_t tcp_flags, rev_tcp_flags;
	uint8_t tos;
	uint8_t direction;
	uint8_t version; /* enum zl_flow_version */
	uint8_t biflow;
	uint8_t is_provisional; /* read with a template from before a restart */
	uint8_t pad[3];
	struct zl_mac src_mac, dst_mac;
};

#endif
