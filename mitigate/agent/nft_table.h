/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the kernel for as long as zonelock is installed: the table
 * `bridge zonelock`, its sets, chains and rules.  All of it is static; a lease
 * only ever adds or removes elements (nft_elem.h).
 *
 *	set		 elements			effect
 *	strict		 taps				no frame from or to the guest
 *	held		 taps nobody has claimed yet	the same, for a moment
 *	forensic	 taps				only the peers below
 *	forensic_nics	 tap . MAC of its guest		the only sender behind that tap
 *	forensic_peers4	 IPv4 addresses			what forensic taps may reach
 *	forensic_peers6	 IPv6 addresses
 *	forensic_macs4	 IPv4 address : MAC		where frames to a peer are sent,
 *	forensic_macs6	 IPv6 address : MAC		whatever the guest wrote
 *	block_taps	 taps with a blocked service	see below
 *	block4, block6	 tap . protocol . destination . port
 *	block_proto4, 6	 tap . protocol . destination	protocols without ports
 *
 * Taps are named by interface index: an index is not reused, so a dead tap leaves an
 * inert number, never somebody else's NIC.  (Not `frag`: that is a keyword of nft, and
 * an operator could not list such a set.)
 *
 * Quarantine.  strict and held drop every frame of every ethertype in both
 * directions.  forensic lets pass what carries, untagged, IPv4 or IPv6 from the
 * guest to a peer or from a peer to the guest, ARP for a peer's address, and neighbour
 * solicitations and advertisements for a peer's address; VLAN-tagged, QinQ and
 * other frames are dropped because the ethertype is read from the frame itself, not
 * from what the kernel made of it.  A frame from another MAC than the NIC's own is
 * dropped, so the bridge never learns a neighbour's or a peer's MAC at a forensic tap.
 *
 * For a peer whose MAC is known (forensic-address = ADDRESS@MAC) the rules write that MAC
 * into each frame, ARP requests and solicitations too: nothing is broadcast, and what names
 * the peer but was sent to somebody else still goes to the peer.  While the bridge has
 * not learned where that MAC is it floods the frame, as any; other machines then drop
 * it for its MAC.  For a peer without a MAC the frame's destination is the guest's
 * choice: it may send frames that name the peer to any MAC on the link, though not to
 * all at once, and its ARP requests and solicitations, which can carry a forged sender,
 * are heard by everybody.
 *
 * A peer must be on the guest's own link; for one behind a router name the peer with the
 * router's MAC, and the router's address.  The address of the sender within what a peer
 * gets is not looked at: the peer must not trust it.  Towards the guest, an accomplice
 * on the link can forge a peer's address.  Where that matters, the grade is strict.
 *
 * Blocked services.  The key is (tap, protocol, destination, destination port), never a
 * source port.  What has no readable ports cannot slip past: a tap in block_taps may
 * send only untagged ARP, IPv4 and IPv6 whose transport header is in this frame.
 * Its IPv4 fragments other than the first, all IPv6 fragments (a second fragment header
 * behind the first hides the ports from the kernel), VLAN-tagged frames (8100, 88a8),
 * PPPoE (8864), MPLS (8847, 8848) and all other ethertypes are dropped.  A tunnel to a third machine
 * is not looked into: to contain a domain, quarantine it.
 *
 * Both chains hang at priority -450, before libvirt's, firewalld's and ebtables' own;
 * they drop, and steer as above: our accept ends our chain and nothing else.  The bridge
 * passes frames to 01:80:c2:00:00:0x (STP, LLDP) to the host itself before any hook
 * sees them; they reach no other machine.
 */
#ifndef ZL_MITIGATE_AGENT_NFT_TABLE_H
#define ZL_MITIGATE_AGENT_NFT_TABLE_H
#include "mitigate/agent/nft_expr.h"

#define ZL_NFT_TABLE "zonelock"

enum { ZL_NFT_PRIORITY = -450 };

enum zl_nft_set_id {
	ZL_SET_STRICT,
	ZL_SET_HELD,
	ZL_SET_FORENSIC,
	ZL_SET_FORENSIC_NICS,
	ZL_SET_FORENSIC_PEERS4,
	ZL_SET_FORENSIC_PEERS6,
	ZL_SET_FORENSIC_MACS4,
	ZL_SET_FORENSIC_MACS6,
	ZL_SET_BLOCK_TAPS,
	ZL_SET_BLOCK4,
	ZL_SET_BLOCK6,
	ZL_SET_BLOCK_PROTO4,
	ZL_SET_BLOCK_PROTO6,
	ZL_SET_N
};

enum zl_nft_chain_id {
	ZL_CHAIN_PREROUTING,
	ZL_CHAIN_POSTROUTING,
	ZL_CHAIN_FORENSIC_FROM,
	ZL_CHAIN_FORENSIC_TO,
	ZL_CHAIN_BLOCK_FROM,
	ZL_CHAIN_N
};

struct zl_nft_set_row {
	const char *name;
	uint32_t type;	  /* nft's numbers of the key's types, 6 bits each */
	uint32_t key_len; /* bytes, every part padded to 4 */
	uint8_t parts[4]; /* unpadded sizes of a concatenated key, or 0 */
	bool host_order;  /* how nft is to print the key: an index, not an address */
	uint32_t size;	  /* most elements; a plan that has more is refused before */
	const char *comment;
	uint32_t data_type, data_len; /* of what a map's keys lead to; 0: a set */
};

struct zl_nft_chain_row {
	const char *name;
	bool base; /* hooked; the others are only gone to */
	uint32_t hook;
	const char *comment;
};

struct zl_nft_rule_row {
	enum zl_nft_chain_id chain;
	const char *typed; /* the rule as an operator would type it */
	const char *comment;
	struct zl_nft_expr exprs[ZL_NFT_EXPRS_MAX]; /* up to the first NONE */
};

extern const struct zl_nft_set_row zl_nft_sets[ZL_SET_N];
extern const struct zl_nft_chain_row zl_nft_chains[ZL_CHAIN_N];
extern const struct zl_nft_rule_row zl_nft_rules[];
extern const size_t zl_nft_rules_len;

#endif
