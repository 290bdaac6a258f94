/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of interfaces and neighbours, from made-up messages and from the kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "inventory/links_socket.h"
#include "tests/support/tapnet.h"

static char buf[1024] __attribute__((aligned(8)));

static struct nlmsghdr *link_msg(uint16_t type, uint8_t family, int index,
	const char *name, const char *kind, uint8_t tun_type, uint8_t last,
	uint32_t master)
{
	const uint8_t mac[6] = { 0xfe, 0x54, 0, 0, 0, last };
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	struct nlattr *info, *data;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = family;
	ifi->ifi_index = index;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);
	if (master != 0)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, IFLA_TUN_TYPE, tun_type);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

static struct nlmsghdr *neigh_msg(
	uint16_t type, uint8_t family, uint16_t nud, uint8_t last)
{
	const uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, last },
		      v4[4] = { 10, 0, 0, last };
	struct nlmsghdr *nlh;
	struct ndmsg *nd;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nd = mnl_nlmsg_put_extra_header(nlh, sizeof(*nd));
	nd->ndm_family = family;
	nd->ndm_ifindex = 3;
	nd->ndm_state = nud;
	mnl_attr_put(nlh, NDA_DST, sizeof(v4), v4);
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac), mac);
	return nlh;
}

static enum zl_link_change feed(
	struct zl_links *l, const struct nlmsghdr *nlh, bool fresh, uint64_t now)
{
	struct zl_link_event e;

	assert_int_equal(
		0, zl_links_on_message(l, nlh, fresh, (struct zl_mono){ now }, &e));
	return e.change;
}

static void test_links(void **state)
{
	const struct zl_mac nic = { { 0x52, 0x54, 0, 0, 0, 7 } };
	const struct zl_link *link;
	struct zl_links l;

	(void)state;
	zl_links_init(&l);
	assert_int_equal(ZL_LINK_CHANGED,
		feed(&l, link_msg(RTM_NEWLINK, 0, 3, "br0", "bridge", 0, 1, 0), false,
			1));
	assert_int_equal(ZL_LINK_CHANGED,
		feed(&l, link_msg(RTM_NEWLINK, 0, 4, "vnet0", "tun", IFF_TAP, 7, 0),
			true, 2));
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, link_msg(RTM_NEWLINK, 0, 4, "vnet0", "tun", IFF_TAP, 7, 0),
			true, 3));
	link = zl_links_find(&l, 4);
	assert_true(link->tap && link->fresh);
	assert_int_equal(2, link->judged.us);
	assert_false(zl_links_on_bridge(&l, link));
	assert_int_equal(ZL_LINK_CHANGED,
		feed(&l, link_msg(RTM_NEWLINK, 0, 4, "vnet0", "tun", IFF_TAP, 7, 3),
			true, 4));
	assert_true(zl_links_on_bridge(&l, zl_links_find(&l, 4)));
	assert_string_equal("br0", zl_links_master_name(&l, zl_links_find(&l, 4)));
	assert_int_equal(2, zl_links_find(&l, 4)->judged.us);
	/* Another MAC is judged anew. */
	(void)feed(&l, link_msg(RTM_NEWLINK, 0, 4, "vnet0", "tun", IFF_TAP, 8, 3), true,
		5);
	assert_int_equal(5, zl_links_find(&l, 4)->judged.us);
	(void)feed(&l, link_msg(RTM_NEWLINK, 0, 4, "vnet0", "tun", IFF_TAP, 7, 3), true,
		6);
	/* A bridge's own message about its port says nothing about the interface. */
	assert_int_equal(ZL_LINK_SAME, feed(&l,
					       link_msg(RTM_DELLINK, AF_BRIDGE, 4,
						       "vnet0", "tun", IFF_TAP, 7, 3),
					       true, 7));

	assert_int_equal(ZL_TAP_ONE, zl_links_tap_of(&l, &nic, "", &link));
	assert_int_equal(4, link->ifindex);
	/* With the same MAC: a tun device, and an interface of another kind. */
	(void)feed(
		&l, link_msg(RTM_NEWLINK, 0, 5, "tun0", "tun", IFF_TUN, 7, 0), true, 8);
	(void)feed(&l, link_msg(RTM_NEWLINK, 0, 6, "veth0", "veth", IFF_TAP, 7, 0),
		true, 8);
	assert_int_equal(ZL_TAP_ONE, zl_links_tap_of(&l, &nic, "tun0", &link));
	(void)feed(&l, link_msg(RTM_NEWLINK, 0, 7, "vnet9", "tun", IFF_TAP, 7, 0), true,
		9);
	assert_int_equal(ZL_TAP_AMBIGUOUS, zl_links_tap_of(&l, &nic, "", &link));
	assert_int_equal(ZL_TAP_AMBIGUOUS, zl_links_tap_of(&l, &nic, "vnet1", &link));
	assert_int_equal(ZL_TAP_ONE, zl_links_tap_of(&l, &nic, "vnet9", &link));
	assert_int_equal(7, link->ifindex);
	assert_int_equal(ZL_LINK_REMOVED,
		feed(&l, link_msg(RTM_DELLINK, 0, 7, "vnet9", "tun", IFF_TAP, 7, 0),
			true, 9));
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, link_msg(RTM_DELLINK, 0, 7, "vnet9", "tun", IFF_TAP, 7, 0),
			true, 9));
	zl_links_done(&l);
}

static void test_neighs(void **state)
{
	struct zl_links l;

	(void)state;
	zl_links_init(&l);
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_INCOMPLETE, 1), true, 0));
	assert_int_equal(ZL_NEIGH_CHANGED,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_REACHABLE, 1), true, 0));
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_STALE, 1), true, 0));
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_BRIDGE, NUD_PERMANENT, 2), true,
			0));
	assert_int_equal(ZL_NEIGH_REMOVED,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_FAILED, 1), true, 0));
	assert_int_equal(ZL_NEIGH_CHANGED,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_PERMANENT, 1), true, 0));
	assert_int_equal(ZL_NEIGH_REMOVED,
		feed(&l, neigh_msg(RTM_DELNEIGH, AF_INET, NUD_PERMANENT, 1), true, 0));
	/* A listing that does not have it any more. */
	assert_int_equal(ZL_NEIGH_CHANGED,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_REACHABLE, 1), true, 0));
	zl_links_start(&l);
	assert_int_equal(ZL_LINK_SAME,
		feed(&l, neigh_msg(RTM_NEWNEIGH, AF_INET, NUD_REACHABLE, 1), true, 0));
	zl_links_sweep(&l, NULL, NULL);
	assert_int_equal(1, l.neighs.n);
	zl_links_start(&l);
	zl_links_sweep(&l, NULL, NULL);
	assert_int_equal(0, l.neighs.n);
	zl_links_done(&l);
}

static void test_short(void **state)
{
	struct zl_link_event e;
	struct zl_links l;
	struct nlmsghdr *nlh;

	(void)state;
	zl_links_init(&l);
	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWLINK;
	assert_int_equal(-EBADMSG,
		zl_links_on_message(&l, nlh, true, (struct zl_mono){ 0 }, &e));
	nlh->nlmsg_type = RTM_NEWNEIGH;
	assert_int_equal(-EBADMSG,
		zl_links_on_message(&l, nlh, true, (struct zl_mono){ 0 }, &e));
	nlh->nlmsg_type = RTM_NEWADDR;
	assert_int_equal(
		0, zl_links_on_message(&l, nlh, true, (struct zl_mono){ 0 }, &e));
	zl_links_done(&l);
}

static void count(const struct zl_link_event *e, void *user)
{
	unsigned *n = user;

	n[e->change]++;
}

static void test_kernel(void **state)
{
	const struct zl_mac nic = { { 0x52, 0x54, 0, 0, 0, 7 } };
	unsigned n[ZL_NEIGH_REMOVED + 1] = { 0 };
	struct zl_links_socket s;
	const struct zl_link *tap;
	const char *why = "";
	struct zl_links l;
	struct zl_error err;
	int fd;

	(void)state;
	if (!zl_tapnet_enter(&why)) {
		(void)printf("skip: test_links: %s\n", why);
		skip();
	}
	zl_links_init(&l);
	assert_int_equal(0, zl_links_socket_open(&s, &err));
	assert_true(zl_tapnet_bridge("br7") != 0);
	assert_int_equal(0, zl_links_socket_dump(&s, &l, false, NULL, NULL, &err));
	assert_non_null(zl_links_find(&l, zl_tapnet_index("br7")));
	fd = zl_tapnet_tap("vnet7", 7, "br7");
	assert_true(fd >= 0);
	assert_int_equal(0, zl_links_socket_events(&s, &l, count, n));
	assert_true(n[ZL_LINK_CHANGED] > 0);
	assert_int_equal(ZL_TAP_ONE, zl_links_tap_of(&l, &nic, "", &tap));
	assert_string_equal("br7", zl_links_master_name(&l, tap));
	assert_true(zl_links_on_bridge(&l, tap) && tap->fresh && tap->up);
	(void)close(fd);
	/* A dump finds out as well that it is gone. */
	assert_int_equal(0, zl_links_socket_dump(&s, &l, true, count, n, &err));
	assert_int_equal(1, n[ZL_LINK_REMOVED]);
	assert_int_equal(0, zl_links_socket_events(&s, &l, count, n));
	assert_int_equal(ZL_TAP_NONE, zl_links_tap_of(&l, &nic, "", &tap));
	zl_links_socket_close(&s);
	zl_links_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_neighs),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
