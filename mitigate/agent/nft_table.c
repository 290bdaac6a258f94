/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static table, as rows.
 *
 * To add a rule, add a row: it is built, read back and compared from there.
 * Rules of a chain are in the order in which they stand here.
 */
#include "mitigate/agent/nft_table.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave it alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

#include "base/cleanup.h"

/* nft's numbers of types (include/datatype.h of nftables): what `nft list` goes by. */
enum {
	TYPE_IPADDR = 7,
	TYPE_IP6ADDR = 8,
	TYPE_ETHERADDR = 9,
	TYPE_PROTO = 12,
	TYPE_SERVICE = 13,
	TYPE_IFINDEX = 20
};

/* Parts of a concatenation follow each other, the first in the highest bits. */
#define CONCAT2(a, b)	    ((a) << 6 | (b))
#define CONCAT3(a, b, c)    ((a) << 12 | (b) << 6 | (c))
#define CONCAT4(a, b, c, d) (CONCAT3(a, b, c) << 6 | (d))

enum { TAPS_MAX = 16384, PEERS_MAX = 256, BLOCKS_MAX = 65536 };

/* clang-format off */
const struct zl_nft_set_row zl_nft_sets[ZL_SET_N] = {
	[ZL_SET_STRICT]		 = { "strict", TYPE_IFINDEX, 4, { 0 }, true, TAPS_MAX,
				     "quarantined taps: no frame from or to the guest" },
	[ZL_SET_HELD]		 = { "held", TYPE_IFINDEX, 4, { 0 }, true, TAPS_MAX,
				     "new taps that nobody has claimed yet" },
	[ZL_SET_FORENSIC]	 = { "forensic", TYPE_IFINDEX, 4, { 0 }, true, TAPS_MAX,
				     "quarantined taps that may reach the forensic peers" },
	[ZL_SET_FORENSIC_NICS]	 = { "forensic_nics", CONCAT2(TYPE_IFINDEX, TYPE_ETHERADDR), 12,
				     { 4, 6 }, false, TAPS_MAX,
				     "quarantined taps, and the MAC that may send there" },
	[ZL_SET_FORENSIC_PEERS4] = { "forensic_peers4", TYPE_IPADDR, 4, { 0 }, false, PEERS_MAX,
				     "forensic-address of agent.conf" },
	[ZL_SET_FORENSIC_PEERS6] = { "forensic_peers6", TYPE_IP6ADDR, 16, { 0 }, false, PEERS_MAX,
				     "forensic-address of agent.conf" },
	[ZL_SET_FORENSIC_MACS4]	 = { "forensic_macs4", TYPE_IPADDR, 4, { 0 }, false, PEERS_MAX,
				     "where the peers are", TYPE_ETHERADDR, 6 },
	[ZL_SET_FORENSIC_MACS6]	 = { "forensic_macs6", TYPE_IP6ADDR, 16, { 0 }, false, PEERS_MAX,
				     "where the peers are", TYPE_ETHERADDR, 6 },
	[ZL_SET_BLOCK_TAPS]	 = { "block_taps", TYPE_IFINDEX, 4, { 0 }, true, TAPS_MAX,
				     "taps with a blocked service" },
	[ZL_SET_BLOCK4]		 = { "block4", CONCAT4(TYPE_IFINDEX, TYPE_PROTO, TYPE_IPADDR, TYPE_SERVICE),
				     16, { 4, 1, 4, 2 }, false, BLOCKS_MAX, "blocked services" },
	[ZL_SET_BLOCK6]		 = { "block6", CONCAT4(TYPE_IFINDEX, TYPE_PROTO, TYPE_IP6ADDR, TYPE_SERVICE),
				     28, { 4, 1, 16, 2 }, false, BLOCKS_MAX, "blocked services" },
	[ZL_SET_BLOCK_PROTO4]	 = { "block_proto4", CONCAT3(TYPE_IFINDEX, TYPE_PROTO, TYPE_IPADDR),
				     12, { 4, 1, 4 }, false, BLOCKS_MAX, "blocked protocols without ports" },
	[ZL_SET_BLOCK_PROTO6]	 = { "block_proto6", CONCAT3(TYPE_IFINDEX, TYPE_PROTO, TYPE_IP6ADDR),
				     24, { 4, 1, 16 }, false, BLOCKS_MAX, "blocked protocols without ports" },
};

const struct zl_nft_chain_row zl_nft_chains[ZL_CHAIN_N] = {
	[ZL_CHAIN_PREROUTING]	 = { "prerouting", true, NF_BR_PRE_ROUTING, "from the guests" },
	[ZL_CHAIN_POSTROUTING]	 = { "postrouting", true, NF_BR_POST_ROUTING, "to the guests" },
	[ZL_CHAIN_FORENSIC_FROM] = { "forensic_from", false, 0, "what a guest may still send" },
	[ZL_CHAIN_FORENSIC_TO]	 = { "forensic_to", false, 0, "what a guest may still get" },
	[ZL_CHAIN_BLOCK_FROM]	 = { "block_from", false, 0, "guests with a blocked service" },
};

/* Parts of rules.  Registers as nft takes them: 1 alone, 9, 10, 11, 14 in a concatenation. */
#define META(what, r)	   { .kind = ZL_NFT_META, .key = NFT_META_##what, .reg = (r) }
#define LOAD(base, o, l, r) { .kind = ZL_NFT_PAYLOAD, .key = NFT_PAYLOAD_##base##_HEADER, \
			      .offset = (o), .len = (l), .reg = (r) }
#define CMP(op, l, ...)	   { .kind = ZL_NFT_CMP, .key = NFT_CMP_##op, .len = (l), .reg = 1, \
			     .data = { __VA_ARGS__ } }
#define MASK(l, ...)	   { .kind = ZL_NFT_BITWISE, .len = (l), .reg = 1, .data = { __VA_ARGS__ } }
#define IN(set)		   { .kind = ZL_NFT_LOOKUP, .reg = 1, .name = set }
#define MAP(map)	   { .kind = ZL_NFT_MAP, .reg = 1, .key = 1, .name = map }
/* Write the MAC in register 1 as the frame's destination. */
#define STEER		   { .kind = ZL_NFT_PAYLOAD_SET, .key = NFT_PAYLOAD_LL_HEADER, \
			     .offset = 0, .len = 6, .reg = 1 }
#define COUNTER		   { .kind = ZL_NFT_COUNTER }
#define DROP		   { .kind = ZL_NFT_VERDICT, .key = NF_DROP }
#define ACCEPT		   { .kind = ZL_NFT_VERDICT, .key = NF_ACCEPT }
#define GOTO(chain)	   { .kind = ZL_NFT_VERDICT, .key = NFT_GOTO, .name = chain }
/* The ethertype in the frame: 8100 for a tagged one, whatever is inside. */
#define ETHER_TYPE(hi, lo) LOAD(LL, 12, 2, 1), CMP(EQ, 2, hi, lo)
#define IP		   ETHER_TYPE(0x08, 0x00)
#define ARP		   ETHER_TYPE(0x08, 0x06)
#define IP6		   ETHER_TYPE(0x86, 0xdd)
/* Hardware 1, protocol 0800, lengths 6 and 4: the addresses are where we look. */
#define ARP_IP		   ARP, LOAD(NETWORK, 0, 6, 1), CMP(EQ, 6, 0, 1, 8, 0, 6, 4)
#define ND(type)	   IP6, LOAD(NETWORK, 7, 1, 1), CMP(EQ, 1, 255), META(L4PROTO, 1), \
			   CMP(EQ, 1, IPPROTO_ICMPV6), LOAD(TRANSPORT, 0, 1, 1), CMP(EQ, 1, type), \
			   LOAD(TRANSPORT, 8, 16, 1)
/* To one machine, not to many. */
#define UNICAST		   LOAD(LL, 0, 1, 1), MASK(1, 1), CMP(EQ, 1, 0)
enum { ND_SOLICIT = 135, ND_ADVERT = 136 };

const struct zl_nft_rule_row zl_nft_rules[] = {
	{ ZL_CHAIN_PREROUTING,
	  "iif @strict counter drop",
	  "quarantined: nothing from the guest",
	  { META(IIF, 1), IN("strict"), COUNTER, DROP } },
	{ ZL_CHAIN_PREROUTING,
	  "iif @held counter drop",
	  "unclaimed: nothing from the guest",
	  { META(IIF, 1), IN("held"), COUNTER, DROP } },
	{ ZL_CHAIN_PREROUTING,
	  "iif . ether saddr @forensic_nics goto forensic_from",
	  "quarantined, forensic grade",
	  { META(IIF, 1), LOAD(LL, 6, 6, 9), IN("forensic_nics"), GOTO("forensic_from") } },
	{ ZL_CHAIN_PREROUTING,
	  "iif @forensic counter drop",
	  "the same, from another MAC than its own",
	  { META(IIF, 1), IN("forensic"), COUNTER, DROP } },
	{ ZL_CHAIN_PREROUTING,
	  "iif @block_taps goto block_from",
	  "guests with a blocked service",
	  { META(IIF, 1), IN("block_taps"), GOTO("block_from") } },

	{ ZL_CHAIN_POSTROUTING,
	  "oif @strict counter drop",
	  "quarantined: nothing to the guest",
	  { META(OIF, 1), IN("strict"), COUNTER, DROP } },
	{ ZL_CHAIN_POSTROUTING,
	  "oif @held counter drop",
	  "unclaimed: nothing to the guest",
	  { META(OIF, 1), IN("held"), COUNTER, DROP } },
	{ ZL_CHAIN_POSTROUTING,
	  "oif @forensic goto forensic_to",
	  "quarantined, forensic grade",
	  { META(OIF, 1), IN("forensic"), GOTO("forensic_to") } },

	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip ether daddr set ip daddr map @forensic_macs4 accept",
	  "IPv4 to a peer, and to nobody else",
	  { IP, LOAD(NETWORK, 16, 4, 1), MAP("forensic_macs4"), STEER, ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip6 ether daddr set ip6 daddr map @forensic_macs6 accept",
	  "IPv6 to a peer, and to nobody else",
	  { IP6, LOAD(NETWORK, 24, 16, 1), MAP("forensic_macs6"), STEER, ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 "
	  "ether daddr set arp daddr ip map @forensic_macs4 accept",
	  "ARP to a peer, and to nobody else",
	  { ARP_IP, LOAD(NETWORK, 24, 4, 1), MAP("forensic_macs4"), STEER, ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip6 ip6 hoplimit 255 icmpv6 type nd-neighbor-solicit "
	  "ether daddr set icmpv6 taddr map @forensic_macs6 accept",
	  "who has a peer's IPv6 address? asked of the peer",
	  { ND(ND_SOLICIT), MAP("forensic_macs6"), STEER, ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip @ll,0,8 & 1 == 0 ip daddr @forensic_peers4 accept",
	  "IPv4 to a peer",
	  { IP, UNICAST, LOAD(NETWORK, 16, 4, 1), IN("forensic_peers4"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip6 @ll,0,8 & 1 == 0 ip6 daddr @forensic_peers6 accept",
	  "IPv6 to a peer",
	  { IP6, UNICAST, LOAD(NETWORK, 24, 16, 1), IN("forensic_peers6"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 "
	  "arp daddr ip @forensic_peers4 accept",
	  "ARP to a peer",
	  { ARP_IP, LOAD(NETWORK, 24, 4, 1), IN("forensic_peers4"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM,
	  "ether type ip6 ip6 hoplimit 255 icmpv6 type nd-neighbor-solicit "
	  "icmpv6 taddr @forensic_peers6 accept",
	  "who has a peer's IPv6 address?",
	  { ND(ND_SOLICIT), IN("forensic_peers6"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_FROM, "counter drop", "nothing else from the guest",
	  { COUNTER, DROP } },

	{ ZL_CHAIN_FORENSIC_TO,
	  "ether type ip ip saddr @forensic_peers4 accept",
	  "IPv4 from a peer",
	  { IP, LOAD(NETWORK, 12, 4, 1), IN("forensic_peers4"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_TO,
	  "ether type ip6 ip6 saddr @forensic_peers6 accept",
	  "IPv6 from a peer",
	  { IP6, LOAD(NETWORK, 8, 16, 1), IN("forensic_peers6"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_TO,
	  "ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 "
	  "arp saddr ip @forensic_peers4 accept",
	  "ARP from a peer",
	  { ARP_IP, LOAD(NETWORK, 14, 4, 1), IN("forensic_peers4"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_TO,
	  "ether type ip6 ip6 hoplimit 255 icmpv6 type nd-neighbor-advert "
	  "icmpv6 taddr @forensic_peers6 accept",
	  "here is a peer's IPv6 address",
	  { ND(ND_ADVERT), IN("forensic_peers6"), ACCEPT } },
	{ ZL_CHAIN_FORENSIC_TO, "counter drop", "nothing else to the guest",
	  { COUNTER, DROP } },

	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip ip frag-off & 0x1fff != 0 counter drop",
	  "a fragment without ports, IPv4",
	  { IP, LOAD(NETWORK, 6, 2, 1), MASK(2, 0x1f, 0xff), CMP(NEQ, 2, 0, 0), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  /* Any: behind a harmless one may stand another that hides the ports. */
	  "ether type ip6 exthdr frag exists counter drop",
	  "a fragment, IPv6",
	  { IP6, { .kind = ZL_NFT_EXTHDR, .key = IPPROTO_FRAGMENT, .len = 1, .reg = 1 },
	    CMP(EQ, 1, 1), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip iif . ip protocol . ip daddr . th dport @block4 counter drop",
	  "blocked service, IPv4",
	  { IP, META(IIF, 1), LOAD(NETWORK, 9, 1, 9), LOAD(NETWORK, 16, 4, 10),
	    LOAD(TRANSPORT, 2, 2, 11), IN("block4"), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip iif . ip protocol . ip daddr @block_proto4 counter drop",
	  "blocked protocol, IPv4",
	  { IP, META(IIF, 1), LOAD(NETWORK, 9, 1, 9), LOAD(NETWORK, 16, 4, 10),
	    IN("block_proto4"), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip6 iif . meta l4proto . ip6 daddr . th dport @block6 counter drop",
	  "blocked service, IPv6",
	  { IP6, META(IIF, 1), META(L4PROTO, 9), LOAD(NETWORK, 24, 16, 10),
	    LOAD(TRANSPORT, 2, 2, 14), IN("block6"), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip6 iif . meta l4proto . ip6 daddr @block_proto6 counter drop",
	  "blocked protocol, IPv6",
	  { IP6, META(IIF, 1), META(L4PROTO, 9), LOAD(NETWORK, 24, 16, 10),
	    IN("block_proto6"), COUNTER, DROP } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip @th,0,8 >= 0 accept",
	  "IPv4 with a transport header to look at",
	  { IP, LOAD(TRANSPORT, 0, 1, 1), CMP(GTE, 1, 0), ACCEPT } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type ip6 @th,0,8 >= 0 accept",
	  "IPv6 with a transport header to look at",
	  { IP6, LOAD(TRANSPORT, 0, 1, 1), CMP(GTE, 1, 0), ACCEPT } },
	{ ZL_CHAIN_BLOCK_FROM,
	  "ether type arp accept",
	  "ARP",
	  { ARP, ACCEPT } },
	{ ZL_CHAIN_BLOCK_FROM, "counter drop", "tagged, tunnelled or without ports",
	  { COUNTER, DROP } },
};
/* clang-format on */

const size_t zl_nft_rules_len = N_ITEMS(zl_nft_rules);
