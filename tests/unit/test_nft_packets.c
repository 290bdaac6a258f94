/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real frames through a real bridge: what a contained guest can and cannot send and
 * get, and that a bystander is not touched.
 *
 * Guest 1 is contained, guest 2 is a bystander, guest 9 is the forensic peer.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/agent/firewall.h"
#include "tests/support/tapnet.h"

enum { GUEST = 1, OTHER = 2, PEER = 9 };
enum mode { FREE, STRICT, HELD, FORENSIC, STEERED, BLOCK };
enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58, FRAG6 = 44, HOP = 0, DEST = 60 };
enum { MORE = 0x2000, NS = 135, NA = 136 };

static struct {
	bool ready;
	const char *why;
	int taps[PEER + 1];
	uint32_t guest;
	struct zl_firewall fw;
} net;

/* --- frames ------------------------------------------------------------------------- */

typedef void (*frame_fn)(struct zl_testframe *f, uint8_t src, uint8_t dst);

static void tcp4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 0);
	zl_testframe_ports(f, 40000, 22);
}

static void tcp4_other_port(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 0);
	zl_testframe_ports(
		f, 22, 80); /* a blocked number as source port means nothing */
}

static void udp4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, UDP, 0);
	zl_testframe_ports(f, 40000, 22);
}

static void icmp4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, ICMP, 0);
	zl_testframe_ports(f, 0x0800, 1);
}

static void frag4_first(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, MORE);
	zl_testframe_ports(f, 40000, 22);
}

static void frag4_later(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 3);
	zl_testframe_ports(f, 1, 2);
}

static void tcp6(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x86dd);
	zl_testframe_ip6(f, src, dst, TCP, 64);
	zl_testframe_ports(f, 40000, 22);
}

static void ping6(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x86dd);
	zl_testframe_ip6(f, src, dst, ICMP6, 64);
	zl_testframe_ports(f, 0x8000, 1);
}

/* An extension header (8 bytes) in front of the ports. */
static void ext6(struct zl_testframe *f, uint8_t src, uint8_t dst, uint8_t header,
	uint8_t second, uint8_t third, uint8_t fourth)
{
	const uint8_t ext[8] = { TCP, second, third, fourth, 0, 0, 0, 1 };

	zl_testframe_ether(f, dst, src, 0x86dd);
	zl_testframe_ip6(f, src, dst, header, 64);
	zl_testframe_bytes(f, ext, sizeof(ext));
	zl_testframe_ports(f, 40000, 22);
	f->n -= 8; /* the payload stays 32 bytes */
}

static void tcp6_after_options(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	ext6(f, src, dst, DEST, 0, 1, 4); /* PadN of 4 */
}

static void frag6_first(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	ext6(f, src, dst, FRAG6, 0, 0, 1);
}

static void frag6_later(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	ext6(f, src, dst, FRAG6, 0, 0, 0x18);
}

/* A harmless fragment header, then one with an offset: the ports are out of reach. */
static void frag6_nested(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	const uint8_t outer[8] = { FRAG6, 0, 0, 0, 0, 0, 0, 1 };
	const uint8_t inner[8] = { TCP, 0, 0, 0x18, 0, 0, 0, 1 };

	zl_testframe_ether(f, dst, src, 0x86dd);
	zl_testframe_ip6(f, src, dst, FRAG6, 64);
	zl_testframe_bytes(f, outer, sizeof(outer));
	zl_testframe_bytes(f, inner, sizeof(inner));
	zl_testframe_ports(f, 40000, 22);
	f->n -= 16;
}

static void arp(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, 0xff, src, 0x0806);
	zl_testframe_arp(f, 1, src, dst);
}

static void arp_gratuitous(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	(void)dst;
	zl_testframe_ether(f, 0xff, src, 0x0806);
	zl_testframe_arp(f, 1, src, src);
}

static void solicit(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, 0xff, src, 0x86dd);
	zl_testframe_ip6(f, src, 0xaa, ICMP6, 255); /* to a group: no peer's address */
	zl_testframe_nd(f, NS, dst);
}

static void solicit_far(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, 0xff, src, 0x86dd);
	zl_testframe_ip6(f, src, 0xaa, ICMP6, 64); /* not from this link */
	zl_testframe_nd(f, NS, dst);
}

static void advertise(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x86dd);
	zl_testframe_ip6(
		f, 0xbb, dst, ICMP6, 255); /* from another address of the peer */
	zl_testframe_nd(f, NA, src);
}

static void tagged(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x8100);
	zl_testframe_tag(f, 5, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 0);
	zl_testframe_ports(f, 40000, 22);
}

static void tagged6(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x8100);
	zl_testframe_tag(f, 5, 0x86dd);
	zl_testframe_ip6(f, src, dst, TCP, 64);
	zl_testframe_ports(f, 40000, 22);
}

static void priority_tagged(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x8100);
	zl_testframe_tag(f, 0xe000, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 0);
	zl_testframe_ports(f, 40000, 22);
}

static void qinq(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	zl_testframe_ether(f, dst, src, 0x88a8);
	zl_testframe_tag(f, 7, 0x8100);
	zl_testframe_tag(f, 5, 0x0800);
	zl_testframe_ip4(f, src, dst, TCP, 0);
	zl_testframe_ports(f, 40000, 22);
}

static void other_type(struct zl_testframe *f, uint8_t dst, uint8_t src, uint16_t type)
{
	static const uint8_t body[46] = { 0x11 };

	zl_testframe_ether(f, dst, src, type);
	zl_testframe_bytes(f, body, sizeof(body));
}

static void pppoe(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	other_type(f, dst, src, 0x8864);
}

static void mpls(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	other_type(f, dst, src, 0x8847);
}

static void unknown(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	other_type(f, dst, src, 0x88b5);
}

static void llc(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	other_type(f, dst, src, 46);
}

/* What names the peer but goes to another MAC, or comes from one. */
static void to_neighbour4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp4(f, src, dst);
	f->b[5] = OTHER;
}

static void to_neighbour6(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp6(f, src, dst);
	f->b[5] = OTHER;
}

static void to_all4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp4(f, src, dst);
	memset(f->b, 0xff, 6);
}

static void to_all6(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp6(f, src, dst);
	memset(f->b, 0xff, 6);
}

static void as_stranger4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp4(f, src, dst);
	f->b[11] = 0x77;
}

static void as_stranger_arp(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	arp(f, src, dst);
	f->b[11] = 0x77;
}

static void as_neighbour4(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	tcp4(f, src, dst);
	f->b[11] = OTHER;
}

static void as_peer_arp(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	arp(f, src, dst);
	f->b[11] = PEER;
}

/* Who has the peer's address?  Tell the neighbour's, at my MAC. */
static void arp_as_neighbour(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	arp(f, src, dst);
	f->b[14 + 17] = OTHER;
}

static void solicit_as_neighbour(struct zl_testframe *f, uint8_t src, uint8_t dst)
{
	solicit(f, src, dst);
	f->b[14 + 23] = OTHER;
}

/* --- cases ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	frame_fn make;
} everything[] = {
	{ "IPv4", tcp4 },
	{ "IPv6", tcp6 },
	{ "ARP", arp },
	{ "ICMP", icmp4 },
	{ "neighbour solicitation", solicit },
	{ "fragment", frag4_later },
	{ "IPv6 fragment", frag6_later },
	{ "VLAN", tagged },
	{ "VLAN IPv6", tagged6 },
	{ "priority tag", priority_tagged },
	{ "QinQ", qinq },
	{ "PPPoE", pppoe },
	{ "MPLS", mpls },
	{ "another ethertype", unknown },
	{ "802.3", llc },
};

struct packet_case {
	const char *name;
	enum mode mode;
	frame_fn make;
	bool from_guest;
	uint8_t other; /* end */
	bool passes;
};

/* clang-format off */
static struct packet_case cases[] = {
	{ "forensic: IPv4 to the peer",		   FORENSIC, tcp4, true, PEER, true },
	{ "forensic: IPv4 from the peer",	   FORENSIC, tcp4, false, PEER, true },
	{ "forensic: IPv4 to another",		   FORENSIC, tcp4, true, OTHER, false },
	{ "forensic: IPv4 from another",	   FORENSIC, tcp4, false, OTHER, false },
	{ "forensic: fragment to the peer",	   FORENSIC, frag4_later, true, PEER, true },
	{ "forensic: fragment to another",	   FORENSIC, frag4_later, true, OTHER, false },
	{ "forensic: IPv6 to the peer",		   FORENSIC, tcp6, true, PEER, true },
	{ "forensic: IPv6 from the peer",	   FORENSIC, tcp6, false, PEER, true },
	{ "forensic: IPv6 to another",		   FORENSIC, tcp6, true, OTHER, false },
	{ "forensic: IPv6 from another",	   FORENSIC, tcp6, false, OTHER, false },
	{ "forensic: ARP for the peer",		   FORENSIC, arp, true, PEER, true },
	{ "forensic: ARP from the peer",	   FORENSIC, arp, false, PEER, true },
	{ "forensic: ARP for another",		   FORENSIC, arp, true, OTHER, false },
	{ "forensic: ARP from another",		   FORENSIC, arp, false, OTHER, false },
	{ "forensic: gratuitous ARP",		   FORENSIC, arp_gratuitous, true, PEER, false },
	{ "forensic: solicitation for the peer",   FORENSIC, solicit, true, PEER, true },
	{ "forensic: solicitation for another",	   FORENSIC, solicit, true, OTHER, false },
	{ "forensic: solicitation from afar",	   FORENSIC, solicit_far, true, PEER, false },
	{ "forensic: advertisement of the peer",   FORENSIC, advertise, false, PEER, true },
	{ "forensic: advertisement of another",	   FORENSIC, advertise, false, OTHER, false },
	{ "forensic: VLAN to the peer",		   FORENSIC, tagged, true, PEER, false },
	{ "forensic: VLAN from the peer",	   FORENSIC, tagged, false, PEER, false },
	{ "forensic: VLAN IPv6 to the peer",	   FORENSIC, tagged6, true, PEER, false },
	{ "forensic: priority tag to the peer",	   FORENSIC, priority_tagged, true, PEER, false },
	{ "forensic: QinQ to the peer",		   FORENSIC, qinq, true, PEER, false },
	{ "forensic: PPPoE to the peer",	   FORENSIC, pppoe, true, PEER, false },
	{ "forensic: another ethertype",	   FORENSIC, unknown, true, PEER, false },
	{ "forensic: IPv4 to all",		   FORENSIC, to_all4, true, PEER, false },
	{ "forensic: IPv6 to all",		   FORENSIC, to_all6, true, PEER, false },
	{ "forensic: another MAC",		   FORENSIC, as_stranger4, true, PEER, false },
	{ "forensic: ARP from another MAC",	   FORENSIC, as_stranger_arp, true, PEER, false },
	{ "steered: IPv4 to the peer",		   STEERED, tcp4, true, PEER, true },
	{ "steered: IPv4 from the peer",	   STEERED, tcp4, false, PEER, true },
	{ "steered: IPv6 to the peer",		   STEERED, tcp6, true, PEER, true },
	{ "steered: IPv4 to another",		   STEERED, tcp4, true, OTHER, false },
	{ "steered: ARP from the peer",		   STEERED, arp, false, PEER, true },
	{ "steered: ARP for another",		   STEERED, arp, true, OTHER, false },
	{ "steered: another MAC",		   STEERED, as_stranger4, true, PEER, false },

	{ "block: the service",			   BLOCK, tcp4, true, PEER, false },
	{ "block: the service from the other side", BLOCK, tcp4, false, PEER, true },
	{ "block: another port",		   BLOCK, tcp4_other_port, true, PEER, true },
	{ "block: another protocol",		   BLOCK, udp4, true, PEER, true },
	{ "block: another machine",		   BLOCK, tcp4, true, OTHER, true },
	{ "block: protocol without ports",	   BLOCK, icmp4, true, PEER, false },
	{ "block: the same to another machine",	   BLOCK, icmp4, true, OTHER, true },
	{ "block: first fragment",		   BLOCK, frag4_first, true, PEER, false },
	{ "block: later fragment",		   BLOCK, frag4_later, true, PEER, false },
	{ "block: later fragment to another",	   BLOCK, frag4_later, true, OTHER, false },
	{ "block: fragments to the guest",	   BLOCK, frag4_later, false, OTHER, true },
	{ "block: IPv6 service",		   BLOCK, tcp6, true, PEER, false },
	{ "block: IPv6 service at another",	   BLOCK, tcp6, true, OTHER, true },
	{ "block: IPv6 after an extension header", BLOCK, tcp6_after_options, true, PEER, false },
	{ "block: IPv6 first fragment",		   BLOCK, frag6_first, true, PEER, false },
	{ "block: IPv6 later fragment",		   BLOCK, frag6_later, true, PEER, false },
	{ "block: IPv6 nested fragments",	   BLOCK, frag6_nested, true, PEER, false },
	{ "block: ping6",			   BLOCK, ping6, true, PEER, false },
	{ "block: ping6 to another",		   BLOCK, ping6, true, OTHER, true },
	{ "block: ARP",				   BLOCK, arp, true, PEER, true },
	{ "block: neighbour solicitation",	   BLOCK, solicit, true, OTHER, true },
	{ "block: VLAN",			   BLOCK, tagged, true, PEER, false },
	{ "block: VLAN to another",		   BLOCK, tagged, true, OTHER, false },
	{ "block: priority tag",		   BLOCK, priority_tagged, true, PEER, false },
	{ "block: QinQ",			   BLOCK, qinq, true, PEER, false },
	{ "block: PPPoE",			   BLOCK, pppoe, true, PEER, false },
	{ "block: MPLS",			   BLOCK, mpls, true, PEER, false },
	{ "block: another ethertype",		   BLOCK, unknown, true, PEER, false },
	{ "block: VLAN to the guest",		   BLOCK, tagged, false, OTHER, true },
};
/* clang-format on */

static const struct zl_mac mac_of_guest = { { 0x52, 0x54, 0, 0, 0, GUEST } };
static const struct zl_mac mac_of_peer = { { 0x52, 0x54, 0, 0, 0, PEER } };

static void add(struct zl_nft_elems *l, struct zl_nft_elem e)
{
	assert_int_equal(0, zl_nft_elems_add(l, &e));
}

static void set_mode(enum mode mode)
{
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems l = { 0 };
	struct zl_firewall_result result = { 0 };
	struct zl_addr peer4, peer6;
	struct zl_error err;

	assert_true(zl_addr_parse("10.0.0.9", &peer4));
	assert_true(zl_addr_parse("fd00::9", &peer6));
	add(&l, zl_nft_elem_peer(&peer4));
	add(&l, zl_nft_elem_peer(&peer6));
	if (mode == STRICT)
		add(&l, zl_nft_elem_tap(ZL_SET_STRICT, net.guest));
	if (mode == HELD)
		add(&l, zl_nft_elem_tap(ZL_SET_HELD, net.guest));
	if (mode == FORENSIC || mode == STEERED) {
		add(&l, zl_nft_elem_tap(ZL_SET_FORENSIC, net.guest));
		add(&l, zl_nft_elem_nic(net.guest, &mac_of_guest));
	}
	if (mode == STEERED) {
		add(&l, zl_nft_elem_peer_mac(&peer4, &mac_of_peer));
		add(&l, zl_nft_elem_peer_mac(&peer6, &mac_of_peer));
	}
	if (mode == BLOCK) {
		add(&l, zl_nft_elem_tap(ZL_SET_BLOCK_TAPS, net.guest));
		add(&l, zl_nft_elem_block(net.guest, TCP, &peer4, 22));
		add(&l, zl_nft_elem_block(net.guest, TCP, &peer6, 22));
		add(&l, zl_nft_elem_block(net.guest, ICMP, &peer4, 0));
		add(&l, zl_nft_elem_block(net.guest, ICMP6, &peer6, 0));
	}
	zl_nft_elems_sort(&l);
	if (zl_firewall_apply(&net.fw, &l, &result, &err) < 0)
		fail_msg("%s", err.msg);
}

static bool passes(frame_fn make, uint8_t from, uint8_t to)
{
	struct zl_testframe f;

	make(&f, from, to);
	return zl_tapnet_passes(net.taps[from], net.taps[to], f.b, f.n);
}

static void test_case(void **state)
{
	const struct packet_case *c = *state;
	uint8_t from = c->from_guest ? GUEST : c->other;
	uint8_t to = c->from_guest ? c->other : GUEST;

	if (!net.ready)
		skip();
	set_mode(FREE);
	assert_true(passes(c->make, from, to));
	set_mode(c->mode);
	assert_int_equal(c->passes, passes(c->make, from, to));
	assert_true(passes(c->make, OTHER, PEER));
	assert_true(passes(c->make, PEER, OTHER));
	set_mode(FREE);
	assert_true(passes(c->make, from, to));
}

static const struct {
	const char *name;
	frame_fn make;
	bool arrives; /* at the peer */
} steered[] = {
	{ "IPv4", tcp4, true },
	{ "IPv6", tcp6, true },
	{ "IPv4 with a neighbour's MAC", to_neighbour4, true },
	{ "IPv6 with a neighbour's MAC", to_neighbour6, true },
	{ "IPv4 to all", to_all4, true },
	{ "IPv6 to all", to_all6, true },
	{ "ARP", arp, true },
	{ "ARP in a neighbour's name", arp_as_neighbour, true },
	{ "solicitation", solicit, true },
	{ "solicitation in a neighbour's name", solicit_as_neighbour, true },
	{ "from a neighbour's MAC", as_neighbour4, false },
	{ "ARP from the peer's MAC", as_peer_arp, false },
};

/* How many copies of the frame, whatever its destination, wait at a tap. */
static unsigned count(int tap, const struct zl_testframe *f, const uint8_t *dst)
{
	unsigned n = 0;
	uint8_t got[2048];
	ssize_t m;

	while ((m = read(tap, got, sizeof(got))) > 0)
		n += m >= (ssize_t)f->n && memcmp(got + 6, f->b + 6, f->n - 6) == 0 &&
		     (dst == NULL || memcmp(got, dst, 6) == 0);
	return n;
}

/* With the peer's MAC known no frame of the guest reaches anybody else. */
static void test_steered(void **state)
{
	enum { PATIENCE_US = 20000 };
	struct zl_testframe f;

	(void)state;
	if (!net.ready)
		skip();
	for (size_t i = 0; i < N_ITEMS(steered); i++) {
		set_mode(STEERED);
		assert_true(passes(tcp4, PEER, OTHER)); /* the bridge learns both */
		assert_true(passes(tcp4, OTHER, PEER));
		steered[i].make(&f, GUEST, PEER);
		(void)count(net.taps[OTHER], &f, NULL);
		(void)count(net.taps[PEER], &f, NULL);
		assert_int_equal(f.n, write(net.taps[GUEST], f.b, f.n));
		(void)usleep(PATIENCE_US);
		if (count(net.taps[PEER], &f, mac_of_peer.b) != steered[i].arrives)
			fail_msg("%s: wrong at the peer", steered[i].name);
		if (count(net.taps[OTHER], &f, NULL) != 0)
			fail_msg("%s reaches a neighbour", steered[i].name);
		assert_true(passes(tcp4, OTHER, PEER)); /* nothing was learned */
	}
	set_mode(FREE);
}

static void test_nothing_passes(enum mode mode)
{
	if (!net.ready)
		skip();
	for (size_t i = 0; i < N_ITEMS(everything); i++) {
		frame_fn make = everything[i].make;

		set_mode(FREE);
		if (!passes(make, GUEST, PEER) || !passes(make, PEER, GUEST))
			fail_msg("%s does not pass when free", everything[i].name);
		set_mode(mode);
		if (passes(make, GUEST, PEER))
			fail_msg("%s passes from the guest", everything[i].name);
		if (passes(make, PEER, GUEST))
			fail_msg("%s passes to the guest", everything[i].name);
		if (!passes(make, OTHER, PEER) || !passes(make, PEER, OTHER))
			fail_msg("%s of a bystander does not pass", everything[i].name);
	}
}

static void test_strict(void **state)
{
	(void)state;
	test_nothing_passes(STRICT);
}

static void test_held(void **state)
{
	(void)state;
	test_nothing_passes(HELD);
}

/* A child that sends from the guest to `to` without a pause; what waits there is read. */
static int flood(struct zl_testframe *f, uint8_t to)
{
	uint8_t got[2048];
	int child;

	tcp4(f, GUEST, to);
	while (read(net.taps[to], got, sizeof(got)) > 0)
		continue;
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 10000000; i++)
			if (write(net.taps[GUEST], f->b, f->n) < 0)
				continue;
		_exit(0);
	}
	return child;
}

/* How many frames of the flood have come since. */
static int leaked(const struct zl_testframe *f, uint8_t to)
{
	uint8_t got[2048];
	int n = 0;

	while (read(net.taps[to], got, sizeof(got)) > 0)
		n += memcmp(got, f->b, 14) == 0;
	return n;
}

/* Not one frame passes while elements and rules are repaired, again and again. */
static void test_no_gap(void **state)
{
	enum { ROUNDS = 200, RULE_EVERY = 10 };
	const bool nft = access("/usr/sbin/nft", X_OK) == 0;
	struct zl_testframe f;
	int child, n = 0;

	(void)state;
	if (!net.ready)
		skip();
	set_mode(STRICT);
	child = flood(&f, PEER);
	for (int i = 0; i < ROUNDS; i++) {
		struct zl_nft_elem foreign = zl_nft_elem_tap(ZL_SET_STRICT, 4711);
		struct zl_nft_elem mine = zl_nft_elem_tap(ZL_SET_STRICT, net.guest);
		struct zl_nft_elems one = { .at = &mine, .n = 1 },
				    two = { .at = &foreign, .n = 1 };
		ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
		struct zl_firewall_result result = { 0 };
		struct zl_wall committed;
		struct zl_error err;

		zl_nft_batch_start(&b, net.fw.socket.seq + 1);
		zl_nft_batch_elems(&b, &two, true);
		assert_int_equal(
			0, zl_nft_socket_commit(&net.fw.socket, &b, &committed, &err));
		if (nft && i % RULE_EVERY == 0)
			assert_int_equal(
				0, zl_tapnet_run("nft add rule bridge zonelock "
						 "prerouting counter"));
		assert_int_equal(0, zl_firewall_check(&net.fw, &one, &result, &err));
		assert_true(result.repaired);
		n += leaked(&f, PEER);
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	assert_int_equal(0, n);
	set_mode(FREE);
}

/* Nor while a tap goes from one set that drops to another. */
static void test_no_gap_between_sets(void **state)
{
	static const enum mode modes[] = { FORENSIC, STRICT, HELD, STRICT };
	enum { ROUNDS = 120 };
	struct zl_testframe f;
	int child, n = 0;

	(void)state;
	if (!net.ready)
		skip();
	set_mode(STRICT);
	child = flood(&f, OTHER);
	for (int i = 0; i < ROUNDS; i++) {
		set_mode(modes[i % (int)N_ITEMS(modes)]);
		n += leaked(&f, OTHER);
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	assert_int_equal(0, n);
	set_mode(FREE);
}

static int setup(void **state)
{
	struct zl_error err;

	(void)state;
	if (!zl_tapnet_enter(&net.why)) {
		(void)printf("skip: test_nft_packets: %s\n", net.why);
		return 0;
	}
	if (zl_tapnet_bridge("br0") == 0)
		return -1;
	net.taps[GUEST] = zl_tapnet_tap("vnet1", GUEST, "br0");
	net.taps[OTHER] = zl_tapnet_tap("vnet2", OTHER, "br0");
	net.taps[PEER] = zl_tapnet_tap("vnet9", PEER, "br0");
	net.guest = zl_tapnet_index("vnet1");
	if (net.taps[GUEST] < 0 || net.taps[OTHER] < 0 || net.taps[PEER] < 0 ||
		zl_firewall_open(&net.fw, &err) < 0)
		return -1;
	net.ready = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (net.ready)
		zl_firewall_close(&net.fw);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_steered),
		cmocka_unit_test(test_no_gap),
		cmocka_unit_test(test_no_gap_between_sets),
	};
	struct CMUnitTest tests[N_ITEMS(fixed) + N_ITEMS(cases)] = { 0 };

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[N_ITEMS(fixed) + i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("nft_packets", tests, setup, teardown);
}
