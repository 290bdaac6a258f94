/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of information elements, and how each kind is stored. */
#include "controller/flow/element.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Offset and width come from one name, so that they cannot disagree. */
#define MEMBER(m)                                                                      \
	.offset = offsetof(struct zl_flow_draft, m),                                   \
	.width = sizeof(((struct zl_flow_draft *)0)->m)
#define FLOW(m, b)  .bit = (b), MEMBER(flow.m)
#define ASIDE(m, b) .bit = (b), MEMBER(m)

/* clang-format off */
#define UINT  .kind = ZL_ELEMENT_UINT, .min = 1, .max = 8
#define BYTE  .kind = ZL_ELEMENT_UINT, .min = 1, .max = 2
#define FLAGS .kind = ZL_ELEMENT_FLAGS, .min = 1, .max = 2
#define PORT  .kind = ZL_ELEMENT_UINT, .min = 1, .max = 4
#define ADDR4 .kind = ZL_ELEMENT_ADDR4, .min = 4, .max = 4
#define ADDR6 .kind = ZL_ELEMENT_ADDR6, .min = 16, .max = 16
#define MAC   .kind = ZL_ELEMENT_MAC, .min = 6, .max = 6
#define S     .kind = ZL_ELEMENT_SECONDS, .min = 4, .max = 8
#define MS    .kind = ZL_ELEMENT_MS, .min = 6, .max = 8
#define NTP   .kind = ZL_ELEMENT_NTP, .min = 8, .max = 8
#define AGO   .kind = ZL_ELEMENT_DELTA_US, .min = 1, .max = 8
#define SPAN  .kind = ZL_ELEMENT_SPAN_US, .min = 1, .max = 8
#define TYPE  .kind = ZL_ELEMENT_ICMP_TYPE, .min = 1, .max = 1
#define CODE  .kind = ZL_ELEMENT_ICMP_CODE, .min = 1, .max = 1
#define TEXT  .kind = ZL_ELEMENT_TEXT, .min = 1, .max = UINT8_MAX

#define OCTETS	  FLOW(octets, ZL_FLOW_OCTETS)
#define PACKETS	  FLOW(packets, ZL_FLOW_PACKETS)
#define R_OCTETS  FLOW(rev_octets, ZL_FLOW_REV_OCTETS)
#define R_PACKETS FLOW(rev_packets, ZL_FLOW_REV_PACKETS)
#define FIRST	  FLOW(first_ms, ZL_FLOW_FIRST)
#define LAST	  FLOW(last_ms, ZL_FLOW_LAST)
#define SPORT	  FLOW(sport, ZL_FLOW_SPORT)
#define DPORT	  FLOW(dport, ZL_FLOW_DPORT)
#define VLAN	  FLOW(vlan, ZL_FLOW_VLAN)
#define ICMP	  FLOW(icmp, ZL_FLOW_ICMP)
/* clang-format on */

/*
 * Ranks.  Octets and packets: 23 and 24 are the same packets after the exporter changed
 * them (OUT_BYTES), so they stand in only when 1 and 2 are not sent; they are never
 * the other direction.  231 and 298 count from the initiator (Cisco NSEL).  MACs: on
 * a bridge the frame leaves as it came, so 57 and 81 (after the exporter) stand in.
 * Times: the finer unit.  158 and 159 lie before the export time.
 */
/* clang-format off */
const struct zl_element zl_elements[] = {
	{ .id = 1,   .name = "octetDeltaCount",		     UINT,  OCTETS },
	{ .id = 2,   .name = "packetDeltaCount",	     UINT,  PACKETS },
	{ .id = 4,   .name = "protocolIdentifier",	     BYTE,  FLOW(proto, ZL_FLOW_PROTO) },
	{ .id = 5,   .name = "ipClassOfService",	     BYTE,  FLOW(tos, ZL_FLOW_TOS) },
	{ .id = 6,   .name = "tcpControlBits",		     FLAGS, FLOW(tcp_flags, ZL_FLOW_TCP_FLAGS) },
	{ .id = 7,   .name = "sourceTransportPort",	     PORT,  SPORT },
	{ .id = 8,   .name = "sourceIPv4Address",	     ADDR4, FLOW(src, ZL_FLOW_SRC) },
	{ .id = 10,  .name = "ingressInterface",	     UINT,  FLOW(in_if, ZL_FLOW_IN_IF) },
	{ .id = 11,  .name = "destinationTransportPort",     PORT,  DPORT },
	{ .id = 12,  .name = "destinationIPv4Address",	     ADDR4, FLOW(dst, ZL_FLOW_DST) },
	{ .id = 14,  .name = "egressInterface",		     UINT,  FLOW(out_if, ZL_FLOW_OUT_IF) },
	{ .id = 21,  .name = "flowEndSysUpTime",	     UINT,  ASIDE(last_uptime, ZL_ASIDE_LAST_UPTIME) },
	{ .id = 22,  .name = "flowStartSysUpTime",	     UINT,  ASIDE(first_uptime, ZL_ASIDE_FIRST_UPTIME) },
	{ .id = 23,  .name = "postOctetDeltaCount",	     UINT,  OCTETS, .rank = 2 },
	{ .id = 24,  .name = "postPacketDeltaCount",	     UINT,  PACKETS, .rank = 2 },
	{ .id = 27,  .name = "sourceIPv6Address",	     ADDR6, FLOW(src, ZL_FLOW_SRC) },
	{ .id = 28,  .name = "destinationIPv6Address",	     ADDR6, FLOW(dst, ZL_FLOW_DST) },
	{ .id = 32,  .name = "icmpTypeCodeIPv4",	     PORT,  ICMP },
	{ .id = 34,  .name = "samplingInterval",	     UINT,  FLOW(sampling, ZL_FLOW_SAMPLING) },
	{ .id = 48,  .name = "samplerId",		     UINT,  ASIDE(sampler, ZL_ASIDE_SAMPLER) },
	{ .id = 50,  .name = "samplerRandomInterval",	     UINT,  FLOW(sampling, ZL_FLOW_SAMPLING), .rank = 1 },
	{ .id = 56,  .name = "sourceMacAddress",	     MAC,   FLOW(src_mac, ZL_FLOW_SRC_MAC) },
	{ .id = 57,  .name = "postDestinationMacAddress",    MAC,   FLOW(dst_mac, ZL_FLOW_DST_MAC), .rank = 1 },
	{ .id = 58,  .name = "vlanId",			     PORT,  VLAN },
	{ .id = 59,  .name = "postVlanId",		     PORT,  VLAN, .rank = 1 },
	{ .id = 61,  .name = "flowDirection",		     BYTE,  FLOW(direction, ZL_FLOW_DIRECTION) },
	{ .id = 80,  .name = "destinationMacAddress",	     MAC,   FLOW(dst_mac, ZL_FLOW_DST_MAC) },
	{ .id = 81,  .name = "postSourceMacAddress",	     MAC,   FLOW(src_mac, ZL_FLOW_SRC_MAC), .rank = 1 },
	{ .id = 82,  .name = "interfaceName",		     TEXT,  ASIDE(if_name, ZL_ASIDE_IF_NAME) },
	{ .id = 85,  .name = "octetTotalCount",		     UINT,  FLOW(total_octets, ZL_FLOW_TOTAL_OCTETS) },
	{ .id = 86,  .name = "packetTotalCount",	     UINT,  FLOW(total_packets, ZL_FLOW_TOTAL_PACKETS) },
	{ .id = 139, .name = "icmpTypeCodeIPv6",	     PORT,  ICMP },
	{ .id = 145, .name = "templateId",		     UINT,  ASIDE(template_id, ZL_ASIDE_TEMPLATE) },
	{ .id = 150, .name = "flowStartSeconds",	     S,     FIRST, .rank = 1 },
	{ .id = 151, .name = "flowEndSeconds",		     S,     LAST, .rank = 1 },
	{ .id = 152, .name = "flowStartMilliseconds",	     MS,    FIRST },
	{ .id = 153, .name = "flowEndMilliseconds",	     MS,    LAST },
	{ .id = 154, .name = "flowStartMicroseconds",	     NTP,   FIRST },
	{ .id = 155, .name = "flowEndMicroseconds",	     NTP,   LAST },
	{ .id = 156, .name = "flowStartNanoseconds",	     NTP,   FIRST },
	{ .id = 157, .name = "flowEndNanoseconds",	     NTP,   LAST },
	{ .id = 158, .name = "flowStartDeltaMicroseconds",   AGO,   FIRST },
	{ .id = 159, .name = "flowEndDeltaMicroseconds",     AGO,   LAST },
	{ .id = 160, .name = "systemInitTimeMilliseconds",   UINT,  ASIDE(boot_ms, ZL_ASIDE_BOOT) },
	{ .id = 161, .name = "flowDurationMilliseconds",     UINT,  ASIDE(duration_ms, ZL_ASIDE_DURATION) },
	{ .id = 162, .name = "flowDurationMicroseconds",     SPAN,  ASIDE(duration_ms, ZL_ASIDE_DURATION), .rank = 1 },
	{ .id = 176, .name = "icmpTypeIPv4",		     TYPE,  ICMP, .rank = 1 },
	{ .id = 177, .name = "icmpCodeIPv4",		     CODE,  ICMP, .rank = 1 },
	{ .id = 178, .name = "icmpTypeIPv6",		     TYPE,  ICMP, .rank = 1 },
	{ .id = 179, .name = "icmpCodeIPv6",		     CODE,  ICMP, .rank = 1 },
	{ .id = 180, .name = "udpSourcePort",		     PORT,  SPORT, .rank = 1 },
	{ .id = 181, .name = "udpDestinationPort",	     PORT,  DPORT, .rank = 1 },
	{ .id = 182, .name = "tcpSourcePort",		     PORT,  SPORT, .rank = 1 },
	{ .id = 183, .name = "tcpDestinationPort",	     PORT,  DPORT, .rank = 1 },
	{ .id = 231, .name = "initiatorOctets",		     UINT,  OCTETS, .rank = 1 },
	{ .id = 232, .name = "responderOctets",		     UINT,  R_OCTETS, .rank = 1 },
	{ .id = 239, .name = "biflowDirection",		     BYTE,  FLOW(biflow, ZL_FLOW_BIFLOW) },
	{ .id = 243, .name = "dot1qVlanId",		     PORT,  VLAN },
	{ .id = 252, .name = "ingressPhysicalInterface",     UINT,  FLOW(in_phys_if, ZL_FLOW_IN_PHYS_IF) },
	{ .id = 253, .name = "egressPhysicalInterface",	     UINT,  FLOW(out_phys_if, ZL_FLOW_OUT_PHYS_IF) },
	{ .id = 254, .name = "postDot1qVlanId",		     PORT,  VLAN, .rank = 1 },
	{ .id = 298, .name = "initiatorPackets",	     UINT,  PACKETS, .rank = 1 },
	{ .id = 299, .name = "responderPackets",	     UINT,  R_PACKETS, .rank = 1 },
	{ .id = 302, .name = "selectorId",		     UINT,  ASIDE(selector, ZL_ASIDE_SELECTOR) },
	{ .id = 305, .name = "samplingPacketInterval",	     UINT,  ASIDE(taken, ZL_ASIDE_TAKEN) },
	{ .id = 306, .name = "samplingPacketSpace",	     UINT,  ASIDE(space, ZL_ASIDE_SPACE) },
	{ .id = 307, .name = "samplingTimeInterval",	     UINT,  ASIDE(taken, ZL_ASIDE_TAKEN), .rank = 1 },
	{ .id = 308, .name = "samplingTimeSpace",	     UINT,  ASIDE(space, ZL_ASIDE_SPACE), .rank = 1 },
	{ .id = 309, .name = "samplingSize",		     UINT,  ASIDE(taken, ZL_ASIDE_TAKEN) },
	{ .id = 310, .name = "samplingPopulation",	     UINT,  ASIDE(population, ZL_ASIDE_POPULATION) },
	{ .pen = ZL_PEN_REVERSE, .id = 1,   .name = "reverseOctetDeltaCount",  UINT,  R_OCTETS },
	{ .pen = ZL_PEN_REVERSE, .id = 2,   .name = "reversePacketDeltaCount", UINT,  R_PACKETS },
	{ .pen = ZL_PEN_REVERSE, .id = 5,   .name = "reverseIpClassOfService", BYTE,  ASIDE(rev_tos, ZL_ASIDE_REV_TOS) },
	{ .pen = ZL_PEN_REVERSE, .id = 6,   .name = "reverseTcpControlBits",   FLAGS, FLOW(rev_tcp_flags, ZL_FLOW_REV_TCP_FLAGS) },
	{ .pen = ZL_PEN_REVERSE, .id = 32,  .name = "reverseIcmpTypeCodeIPv4", PORT,  ASIDE(rev_icmp, ZL_ASIDE_REV_ICMP) },
	{ .pen = ZL_PEN_REVERSE, .id = 58,  .name = "reverseVlanId",	       PORT,  ASIDE(rev_vlan, ZL_ASIDE_REV_VLAN) },
	{ .pen = ZL_PEN_REVERSE, .id = 85,  .name = "reverseOctetTotalCount",  UINT,  ASIDE(rev_total_octets, ZL_ASIDE_REV_TOTAL_OCTETS) },
	{ .pen = ZL_PEN_REVERSE, .id = 86,  .name = "reversePacketTotalCount", UINT,  ASIDE(rev_total_packets, ZL_ASIDE_REV_TOTAL_PACKETS) },
	{ .pen = ZL_PEN_REVERSE, .id = 139, .name = "reverseIcmpTypeCodeIPv6", PORT,  ASIDE(rev_icmp, ZL_ASIDE_REV_ICMP) },
};
/* clang-format on */

const size_t zl_elements_len = N_ITEMS(zl_elements);

static int compare(const void *a, const void *b)
{
	const struct zl_element *x = a, *y = b;

	if (x->pen != y->pen)
		return x->pen < y->pen ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

const struct zl_element *zl_element_find(uint32_t pen, uint16_t id)
{
	const struct zl_element key = { .pen = pen, .id = id };

	return bsearch(&key, zl_elements, N_ITEMS(zl_elements), sizeof(key), compare);
}

/* Whole seconds between 1900 (NTP, era 0) and 1970. */
#define NTP_TO_UNIX INT64_C(2208988800)

static uint64_t ntp_to_ms(uint64_t ntp)
{
	int64_t seconds = (int64_t)(ntp >> 32) - NTP_TO_UNIX;
	uint64_t ms = ((ntp & UINT32_MAX) * 1000) >> 32;

	return (uint64_t)(seconds * 1000) + ms;
}

static bool is_all_zero(const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (b[i] != 0)
			return false;
	return true;
}

/* The number in a member of 1, 2, 4 or 8 bytes. */
static uint64_t load(const uint8_t *at, size_t width)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (width) {
	case 1: return *at;
	case 2: memcpy(&v16, at, sizeof(v16)); return v16;
	case 4: memcpy(&v32, at, sizeof(v32)); return v32;
	}
	memcpy(&v64, at, sizeof(v64));
	return v64;
}

static void save(uint8_t *at, size_t width, uint64_t v)
{
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (width) {
	case 1: *at = (uint8_t)v; return;
	case 2: memcpy(at, &v16, sizeof(v16)); return;
	case 4: memcpy(at, &v32, sizeof(v32)); return;
	}
	memcpy(at, &v, sizeof(v));
}

static void store_addr(const struct zl_element *e, struct zl_cursor value,
	struct zl_flow_draft *draft, struct zl_addr *to)
{
	const uint8_t *b = zl_get_bytes(&value, e->min);

	if (b == NULL || ((draft->present & e->bit) != 0 && !zl_addr_is_zero(to)))
		return;
	if (is_all_zero(b, e->min) && (draft->present & e->bit) != 0)
		return; /* nothing new: keep the family that came first */
	*to = e->kind == ZL_ELEMENT_ADDR4 ? zl_addr_from_v4_be(b) : zl_addr_from_v6(b);
	draft->present |= e->bit;
}

/* A value as it is kept. */
static uint64_t convert(
	const struct zl_element *e, uint64_t v, const struct zl_flow_draft *draft)
{
	switch ((enum zl_element_kind)e->kind) {
	case ZL_ELEMENT_SECONDS: return v <= UINT32_MAX ? v * 1000 : 0;
	case ZL_ELEMENT_MS: return v <= INT64_MAX / 2 ? v : 0;
	case ZL_ELEMENT_NTP: return ntp_to_ms(v);
	case ZL_ELEMENT_DELTA_US: return (uint64_t)draft->export_ms - v / 1000;
	case ZL_ELEMENT_SPAN_US: return v / 1000;
	case ZL_ELEMENT_UINT: return e->width == 8 || v >> 8 * e->width == 0 ? v : 0;
	case ZL_ELEMENT_FLAGS:
	case ZL_ELEMENT_ADDR4:
	case ZL_ELEMENT_ADDR6:
	case ZL_ELEMENT_MAC:
	case ZL_ELEMENT_ICMP_TYPE:
	case ZL_ELEMENT_ICMP_CODE:
	case ZL_ELEMENT_TEXT: return v;
	}
	return v;
}

/* Type and code that come apart share one member. */
static uint64_t join_icmp(const struct zl_element *e, uint64_t v, uint64_t old)
{
	if (e->kind == ZL_ELEMENT_ICMP_TYPE)
		return (old & 0xff00) != 0 ? old : old | v << 8;
	return (old & 0xff) != 0 ? old : old | v;
}

/* The first that is not empty counts: of entry, where the other follows. */
static void store_text(const struct zl_element *e, struct zl_cursor value, char *to)
{
	size_t n = value.left;
	const uint8_t *b = zl_get_bytes(&value, n);

	if (b == NULL || to[0] != '\0')
		return;
	n = strnlen((const char *)b, n);
	if (n < e->width)
		memcpy(to, b, n);
}

void zl_element_store(
	const struct zl_element *e, struct zl_cursor value, struct zl_flow_draft *draft)
{
	uint8_t *at = (uint8_t *)draft + e->offset;
	uint64_t old, v;

	if (e->kind == ZL_ELEMENT_ADDR4 || e->kind == ZL_ELEMENT_ADDR6) {
		store_addr(e, value, draft, (struct zl_addr *)(void *)at);
		return;
	}
	if (e->kind == ZL_ELEMENT_MAC) {
		const uint8_t *b = zl_get_bytes(&value, e->width);

		if (b != NULL && is_all_zero(at, e->width))
			memcpy(at, b, e->width);
		draft->present |= e->bit;
		return;
	}
	if (e->kind == ZL_ELEMENT_TEXT) {
		store_text(e, value, (char *)at);
		draft->present |= e->bit;
		return;
	}
	v = zl_get_uint(&value, value.left);
	old = load(at, e->width);
	if (e->kind == ZL_ELEMENT_ICMP_TYPE || e->kind == ZL_ELEMENT_ICMP_CODE)
		save(at, e->width, join_icmp(e, v, old));
	else if (old == 0)
		save(at, e->width, convert(e, v, draft));
	draft->present |= e->bit;
	if (e->kind == ZL_ELEMENT_DELTA_US && e->bit == ZL_FLOW_FIRST)
		draft->present |= ZL_FLOW_FIRST_COARSE;
}
