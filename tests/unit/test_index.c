/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: taps, MACs, addresses, names; what comes and goes; conflicts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/index.h"

static const struct zl_wall t0 = { 1000000 };

struct fixture {
	struct zl_index *ix;
	unsigned n_changes, what; /* of the last one */
	char name[ZL_NAME_MAX];
};

static void on_change(const struct zl_index_domain *d, unsigned what, void *user)
{
	struct fixture *f = user;

	f->n_changes++;
	f->what = what;
	(void)snprintf(f->name, sizeof(f->name), "%s", d->name);
}

static int setup(void **state)
{
	static struct fixture f;
	struct zl_error err;

	memset(&f, 0, sizeof(f));
	assert_int_equal(0, zl_index_new(on_change, &f, &f.ix, &err));
	assert_int_equal(0, zl_index_host_put(f.ix, "hv1", t0, &err));
	assert_int_equal(0, zl_index_host_put(f.ix, "hv2", t0, &err));
	assert_int_equal(0, zl_index_host_put(f.ix, "hv2", t0, &err));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zl_index_free(f->ix);
	return 0;
}

static struct zl_mac mac_of(uint8_t n)
{
	return (struct zl_mac){ { 0x52, 0x54, 0, 0, 0, n } };
}

static struct zl_addr addr_of(const char *text)
{
	struct zl_addr a;

	assert_true(zl_addr_parse(text, &a));
	return a;
}

/* Domain number `n`: name "vmN", one NIC with MAC and tap of that number, on br0. */
static struct zl_domain make(uint8_t n)
{
	struct zl_domain d = { .state = ZL_DOMAIN_RUNNING, .n_nics = 1 };

	d.uuid.b[15] = n;
	(void)snprintf(d.name, sizeof(d.name), "vm%u", n);
	d.nics[0].mac = mac_of(n);
	d.nics[0].type = ZL_NIC_BRIDGE;
	(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "vnet%u", n);
	(void)snprintf(d.nics[0].bridge, sizeof(d.nics[0].bridge), "br0");
	return d;
}

static void add_addr(struct zl_domain *d, const char *addr, enum zl_addr_source source)
{
	struct zl_nic *nic = &d->nics[0];

	nic->addrs[nic->n_addrs++] =
		(struct zl_nic_addr){ .addr = addr_of(addr), .source = source };
}

static void put(struct fixture *f, const char *host, const struct zl_domain *d)
{
	struct zl_error err;

	assert_int_equal(0, zl_index_domain_put(f->ix, host, d, t0, &err));
}

static void link_up(struct fixture *f, const char *host, uint32_t ifindex,
	const char *name, uint8_t n)
{
	struct zl_index_link l = {
		.ifindex = ifindex, .mac = mac_of(n), .master = "br0"
	};
	struct zl_error err;

	l.mac.b[0] = 0xfe;
	(void)snprintf(l.name, sizeof(l.name), "%s", name);
	assert_int_equal(0, zl_index_link_put(f->ix, host, &l, t0, &err));
}

static const char *owner(struct fixture *f, const char *host, const char *scope,
	const char *addr, bool *ret_ambiguous)
{
	struct zl_addr a = addr_of(addr);
	struct zl_index_owner o = zl_index_addr(f->ix, host, scope, &a);

	if (ret_ambiguous != NULL)
		*ret_ambiguous = o.ambiguous;
	return o.nic == NULL ? "-" : o.nic->domain->name;
}

static void test_tap(void **state)
{
	struct fixture *f = *state;
	struct zl_domain d = make(1);
	const struct zl_index_nic *nic;
	struct zl_error err;

	link_up(f, "hv1", 17, "vnet1", 1);
	assert_null(zl_index_tap(f->ix, "hv1", 17));
	put(f, "hv1", &d);
	nic = zl_index_tap(f->ix, "hv1", 17);
	assert_non_null(nic);
	assert_string_equal("vm1", nic->domain->name);
	assert_string_equal("bridge:br0", nic->scope);
	assert_int_equal(17, zl_index_nic_link(f->ix, nic)->ifindex);
	/* Not on another host, not by 0, not by an unknown index or host. */
	assert_null(zl_index_tap(f->ix, "hv2", 17));
	assert_null(zl_index_tap(f->ix, "hv1", 0));
	assert_null(zl_index_tap(f->ix, "hv1", 18));
	assert_null(zl_index_tap(f->ix, "hv9", 17));
	/* The name was given to an interface that is not this NIC's. */
	link_up(f, "hv1", 17, "vnet1", 2);
	assert_null(zl_index_tap(f->ix, "hv1", 17));
	assert_null(zl_index_nic_link(
		f->ix, zl_index_find(f->ix, "hv1", &d.uuid)->nics[0]));
	/* The number was given to another interface. */
	link_up(f, "hv1", 17, "eth0", 1);
	assert_null(zl_index_tap(f->ix, "hv1", 17));
	link_up(f, "hv1", 17, "vnet1", 1);
	assert_non_null(zl_index_tap(f->ix, "hv1", 17));
	/* Paused: incoming migration, the tap is there.  Shut off: it is not. */
	d.state = ZL_DOMAIN_PAUSED;
	put(f, "hv1", &d);
	assert_non_null(zl_index_tap(f->ix, "hv1", 17));
	d.state = ZL_DOMAIN_SHUTOFF;
	put(f, "hv1", &d);
	assert_null(zl_index_tap(f->ix, "hv1", 17));
	d.state = ZL_DOMAIN_RUNNING;
	put(f, "hv1", &d);
	assert_int_equal(0, zl_index_link_gone(f->ix, "hv1", 17, t0, &err));
	assert_int_equal(0, zl_index_link_gone(f->ix, "hv1", 17, t0, &err));
	assert_null(zl_index_tap(f->ix, "hv1", 17));
}

static void test_changes(void **state)
{
	struct fixture *f = *state;
	struct zl_domain d = make(1);
	struct zl_error err;

	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_ADDED, f->what);
	put(f, "hv1", &d);
	assert_int_equal(1, f->n_changes); /* nothing new */
	d.state = ZL_DOMAIN_PAUSED;
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_STATE, f->what);
	(void)snprintf(d.name, sizeof(d.name), "renamed");
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_NAME, f->what);
	(void)snprintf(d.zones[d.n_zones++], sizeof(d.zones[0]), "web");
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_ZONES, f->what);
	d.forwarding = true;
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_ZONES, f->what);
	(void)snprintf(d.nics[0].tap, sizeof(d.nics[0].tap), "vnet9");
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_NICS, f->what);
	add_addr(&d, "10.0.0.1", ZL_ADDR_METADATA);
	put(f, "hv1", &d);
	assert_int_equal(ZL_INDEX_ADDRS, f->what);
	assert_int_equal(7, f->n_changes);
	assert_int_equal(0, zl_index_domain_gone(f->ix, "hv1", &d.uuid, t0, &err));
	assert_int_equal(ZL_INDEX_GONE, f->what);
	assert_string_equal("renamed", f->name);
	assert_int_equal(0, zl_index_domain_gone(f->ix, "hv1", &d.uuid, t0, &err));
	assert_int_equal(8, f->n_changes);
	assert_int_equal(-ENOENT, zl_index_domain_put(f->ix, "hv9", &d, t0, &err));
	assert_non_null(strstr(err.msg, "hv9"));
}

static void test_listing(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2), c = make(3);
	struct zl_error err;

	put(f, "hv1", &a);
	put(f, "hv1", &b);
	put(f, "hv2", &c);
	assert_int_equal(2, zl_index_host(f->ix, "hv1")->n_domains);
	/* Stale forgets nothing. */
	assert_int_equal(0, zl_index_host_state(f->ix, "hv1", ZL_HOST_STALE, "hangs",
				    (struct zl_wall){ 2 }, &err));
	assert_int_equal(2, zl_index_host(f->ix, "hv1")->n_domains);
	assert_string_equal("hangs", zl_index_host(f->ix, "hv1")->reason);
	assert_int_equal(2, zl_index_host(f->ix, "hv1")->since.us);
	/* A listing that is cut off by the next one removes nothing. */
	assert_int_equal(0, zl_index_list_begin(f->ix, "hv1", &err));
	assert_int_equal(0, zl_index_list_begin(f->ix, "hv1", &err));
	put(f, "hv1", &b);
	assert_int_equal(2, zl_index_host(f->ix, "hv1")->n_domains);
	assert_int_equal(0, zl_index_list_end(f->ix, "hv1", t0, &err));
	assert_int_equal(1, zl_index_host(f->ix, "hv1")->n_domains);
	assert_string_equal("vm1", f->name);
	assert_int_equal(0, zl_index_list_end(f->ix, "hv1", t0, &err));
	assert_int_equal(1, zl_index_host(f->ix, "hv1")->n_domains);
	assert_int_equal(1, zl_index_host(f->ix, "hv2")->n_domains);
	assert_int_equal(0, zl_index_host_remove(f->ix, "hv1", &err));
	assert_null(zl_index_host(f->ix, "hv1"));
	assert_null(zl_index_find(f->ix, NULL, &b.uuid));
	assert_int_equal(-ENOENT, zl_index_host_remove(f->ix, "hv1", &err));
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2);
	const struct zl_index_domain *d = NULL, *all[4];
	struct zl_error err;
	char uuid[ZL_UUID_STR];

	put(f, "hv1", &a);
	assert_int_equal(0, zl_index_domain(f->ix, "vm1", &d, &err));
	assert_int_equal(0, zl_index_domain(f->ix, "hv1/vm1", &d, &err));
	assert_int_equal(
		0, zl_index_domain(f->ix, zl_uuid_format(&a.uuid, uuid), &d, &err));
	assert_int_equal(-ENOENT, zl_index_domain(f->ix, "hv2/vm1", &d, &err));
	assert_int_equal(-ENOENT, zl_index_domain(f->ix, "h/vm1", &d, &err));
	assert_int_equal(-ENOENT, zl_index_domain(f->ix, "vm", &d, &err));
	assert_int_equal(-ENOENT, zl_index_domain(f->ix, "", &d, &err));
	/* The same domain on two hosts: the one that runs. */
	a.state = ZL_DOMAIN_PAUSED;
	put(f, "hv2", &a);
	assert_int_equal(0, zl_index_domain(f->ix, "vm1", &d, &err));
	assert_string_equal("hv1", d->host->name);
	put(f, "hv1", &a);
	a.state = ZL_DOMAIN_RUNNING;
	put(f, "hv2", &a);
	assert_int_equal(0, zl_index_domain(f->ix, "vm1", &d, &err));
	assert_string_equal("hv2", d->host->name);
	assert_int_equal(2, zl_index_find_all(f->ix, &a.uuid, all, 4));
	/* Two domains of one name. */
	(void)snprintf(b.name, sizeof(b.name), "vm1");
	put(f, "hv1", &b);
	assert_int_equal(-ENOTUNIQ, zl_index_domain(f->ix, "vm1", &d, &err));
	assert_non_null(strstr(err.msg, "hv1"));
	assert_int_equal(0, zl_index_domain(f->ix, "hv2/vm1", &d, &err));
	assert_string_equal("hv2", d->host->name);
}

static void test_macs(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2);
	const struct zl_index_nic *nics[1];
	struct zl_mac m = mac_of(1), none = mac_of(9);

	a.state = ZL_DOMAIN_SHUTOFF;
	b.nics[0].mac = m;
	put(f, "hv2", &b);
	put(f, "hv1", &a);
	assert_int_equal(2, zl_index_mac(f->ix, NULL, &m, nics, 1));
	assert_string_equal("vm2", nics[0]->domain->name);
	assert_int_equal(1, zl_index_mac(f->ix, "hv1", &m, nics, 1));
	assert_string_equal("vm1", nics[0]->domain->name);
	assert_int_equal(0, zl_index_mac(f->ix, NULL, &none, nics, 1));
}

static void test_scopes(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2), c = make(3);
	bool ambiguous;

	/* The same address on a bridge, and on the NAT networks of two hosts. */
	add_addr(&a, "192.168.122.10", ZL_ADDR_METADATA);
	add_addr(&b, "192.168.122.10", ZL_ADDR_METADATA);
	add_addr(&c, "192.168.122.10", ZL_ADDR_METADATA);
	b.nics[0].type = c.nics[0].type = ZL_NIC_NETWORK;
	(void)snprintf(b.nics[0].network, ZL_NAME_MAX, "default");
	(void)snprintf(c.nics[0].network, ZL_NAME_MAX, "default");
	put(f, "hv1", &a);
	put(f, "hv1", &b);
	put(f, "hv2", &c);
	assert_string_equal(
		"vm1", owner(f, NULL, "bridge:br0", "192.168.122.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal("-", owner(f, NULL, "bridge:br1", "192.168.122.10", NULL));
	(void)owner(f, NULL, NULL, "192.168.122.10", &ambiguous);
	assert_true(ambiguous);
	(void)owner(f, NULL, "network:default", "192.168.122.10", &ambiguous);
	assert_true(ambiguous);
	assert_string_equal("vm2",
		owner(f, "hv1", "network:default", "192.168.122.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal("vm3",
		owner(f, "hv2", "network:default", "192.168.122.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal("-", owner(f, NULL, NULL, "192.168.122.11", &ambiguous));
	/* A network of libvirt that is a bridge of the host is that bridge. */
	b.nics[0].type = ZL_NIC_BRIDGE;
	put(f, "hv1", &b);
	assert_string_equal(
		"bridge:br0", zl_index_find(f->ix, "hv1", &b.uuid)->nics[0]->scope);
}

/* The same address in two VLANs of a bridge, and in none. */
static void test_vlans(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2), c = make(3);
	bool ambiguous;

	add_addr(&a, "10.0.0.10", ZL_ADDR_METADATA);
	add_addr(&b, "10.0.0.10", ZL_ADDR_METADATA);
	add_addr(&c, "10.0.0.10", ZL_ADDR_METADATA);
	a.nics[0].vlan = 10;
	b.nics[0].vlan = 20;
	put(f, "hv1", &a);
	put(f, "hv1", &b);
	put(f, "hv2", &c);
	assert_string_equal(
		"vm1", owner(f, NULL, "bridge:br0/10", "10.0.0.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal(
		"vm2", owner(f, NULL, "bridge:br0/20", "10.0.0.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal(
		"vm3", owner(f, NULL, "bridge:br0", "10.0.0.10", &ambiguous));
	assert_false(ambiguous);
	assert_string_equal("-", owner(f, NULL, "bridge:br0/30", "10.0.0.10", NULL));
	/* It is moved to the other one. */
	a.nics[0].vlan = 20;
	put(f, "hv1", &a);
	assert_string_equal("-", owner(f, NULL, "bridge:br0/10", "10.0.0.10", NULL));
	(void)owner(f, "hv1", "bridge:br0/20", "10.0.0.10", &ambiguous);
	assert_true(ambiguous);
}

static void test_precedence(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2), off;
	struct zl_addr addr = addr_of("10.0.0.9");
	struct zl_mac m2 = mac_of(2);
	struct zl_error err;
	bool ambiguous;

	/* A neighbour entry that another guest forged does not beat the admin's word ... */
	add_addr(&a, "10.0.0.9", ZL_ADDR_METADATA);
	put(f, "hv1", &a);
	put(f, "hv2", &b);
	assert_int_equal(
		0, zl_index_neighbour_put(f->ix, "hv2", 3, &addr, &m2, t0, &err));
	assert_string_equal(
		"vm1", owner(f, "hv2", "bridge:br0", "10.0.0.9", &ambiguous));
	assert_false(ambiguous);
	/* ... but one that was only observed is as good as another. */
	a.nics[0].addrs[0].source = ZL_ADDR_LEARNED;
	put(f, "hv1", &a);
	(void)owner(f, NULL, NULL, "10.0.0.9", &ambiguous);
	assert_true(ambiguous);
	/* Of two that say the same, the one that runs. */
	off = make(3);
	off.state = ZL_DOMAIN_SHUTOFF;
	a.nics[0].addrs[0].source = ZL_ADDR_METADATA;
	put(f, "hv1", &a);
	add_addr(&off, "10.0.0.9", ZL_ADDR_METADATA);
	put(f, "hv1", &off);
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.9", &ambiguous));
	assert_false(ambiguous);
}

static void test_facts(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2);
	struct zl_addr addr = addr_of("192.168.122.5"), neigh = addr_of("fd00::7");
	struct zl_addr local = addr_of("fe80::1");
	struct zl_mac m1 = mac_of(1), m2 = mac_of(2);
	struct zl_wall end = { t0.us + 100 };
	struct zl_error err;

	(void)snprintf(a.nics[0].network, ZL_NAME_MAX, "default");
	(void)snprintf(b.nics[0].network, ZL_NAME_MAX, "other");
	/* Told before the domain is known. */
	assert_int_equal(
		0, zl_index_dhcp(f->ix, "hv1", &m1, &addr, "default", end, t0, &err));
	assert_int_equal(
		0, zl_index_neighbour_put(f->ix, "hv1", 3, &neigh, &m1, t0, &err));
	assert_int_equal(
		0, zl_index_neighbour_put(f->ix, "hv1", 3, &local, &m1, t0, &err));
	put(f, "hv1", &a);
	assert_string_equal("vm1", owner(f, NULL, NULL, "192.168.122.5", NULL));
	assert_string_equal("vm1", owner(f, NULL, NULL, "fd00::7", NULL));
	assert_string_equal("-", owner(f, NULL, NULL, "fe80::1", NULL));
	/* The lease and the entry go to another MAC; its NIC is on another network. */
	put(f, "hv1", &b);
	assert_int_equal(
		0, zl_index_dhcp(f->ix, "hv1", &m2, &addr, "default", end, t0, &err));
	assert_string_equal("-", owner(f, NULL, NULL, "192.168.122.5", NULL));
	assert_int_equal(
		0, zl_index_neighbour_put(f->ix, "hv1", 3, &neigh, &m2, t0, &err));
	assert_string_equal("vm2", owner(f, NULL, NULL, "fd00::7", NULL));
	assert_int_equal(0, zl_index_neighbour_gone(f->ix, "hv1", 3, &neigh, t0, &err));
	assert_string_equal("-", owner(f, NULL, NULL, "fd00::7", NULL));
	/* A lease ends: by time, or by word. */
	assert_int_equal(
		0, zl_index_dhcp(f->ix, "hv1", &m1, &addr, "default", end, t0, &err));
	assert_string_equal("vm1", owner(f, NULL, NULL, "192.168.122.5", NULL));
	zl_index_expire(f->ix, t0);
	assert_string_equal("vm1", owner(f, NULL, NULL, "192.168.122.5", NULL));
	f->n_changes = 0;
	zl_index_expire(f->ix, end);
	assert_string_equal("-", owner(f, NULL, NULL, "192.168.122.5", NULL));
	assert_int_equal(1, f->n_changes);
	assert_int_equal(ZL_INDEX_ADDRS, f->what);
	end.us = 0; /* never */
	assert_int_equal(
		0, zl_index_dhcp(f->ix, "hv1", &m1, &addr, "default", end, t0, &err));
	zl_index_expire(f->ix, (struct zl_wall){ INT64_MAX });
	assert_string_equal("vm1", owner(f, NULL, NULL, "192.168.122.5", NULL));
	end.us = 1;
	assert_int_equal(
		0, zl_index_dhcp(f->ix, "hv1", &m1, &addr, "default", end, t0, &err));
	assert_string_equal("-", owner(f, NULL, NULL, "192.168.122.5", NULL));
}

static void test_agent_report(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2);
	struct zl_addr x = addr_of("10.0.0.1"), y = addr_of("10.0.0.2");
	struct zl_mac m1 = mac_of(1), m2 = mac_of(2);
	struct zl_error err;

	put(f, "hv1", &a);
	put(f, "hv1", &b);
	link_up(f, "hv1", 1, "vnet1", 1);
	link_up(f, "hv1", 2, "vnet2", 2);
	assert_int_equal(0, zl_index_neighbour_put(f->ix, "hv1", 3, &x, &m1, t0, &err));
	assert_int_equal(0, zl_index_neighbour_put(f->ix, "hv1", 3, &y, &m2, t0, &err));
	/* It comes back and tells of one of each. */
	assert_int_equal(0, zl_index_agent_begin(f->ix, "hv1", &err));
	link_up(f, "hv1", 2, "vnet2", 2);
	assert_int_equal(0, zl_index_neighbour_put(f->ix, "hv1", 3, &y, &m2, t0, &err));
	assert_non_null(zl_index_tap(f->ix, "hv1", 1));
	assert_int_equal(0, zl_index_agent_end(f->ix, "hv1", t0, &err));
	assert_null(zl_index_tap(f->ix, "hv1", 1));
	assert_non_null(zl_index_tap(f->ix, "hv1", 2));
	assert_string_equal("-", owner(f, NULL, NULL, "10.0.0.1", NULL));
	assert_string_equal("vm2", owner(f, NULL, NULL, "10.0.0.2", NULL));
}

static const struct zl_index_nic *nic_of(struct fixture *f, const char *host, uint8_t n)
{
	struct zl_uuid uuid = { { [15] = n } };

	return zl_index_find(f->ix, host, &uuid)->nics[0];
}

static int learn(struct fixture *f, const char *host, uint8_t n, const char *addr,
	int64_t at, const char **ret_holder)
{
	struct zl_addr a = addr_of(addr);
	const struct zl_index_nic *holder = NULL;
	int r = zl_index_learn(
		f->ix, nic_of(f, host, n), &a, (struct zl_wall){ at }, &holder);

	if (ret_holder != NULL)
		*ret_holder = holder == NULL ? "-" : holder->domain->name;
	return r;
}

static void test_learn(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1), b = make(2), c = make(3), router = make(4);
	const char *holder;

	(void)snprintf(c.nics[0].bridge, ZL_IFNAME_MAX, "br1");
	router.forwarding = true;
	add_addr(&b, "10.0.0.2", ZL_ADDR_METADATA);
	put(f, "hv1", &a);
	put(f, "hv2", &b);
	put(f, "hv1", &c);
	put(f, "hv1", &router);
	assert_int_equal(1, learn(f, "hv1", 1, "10.0.0.1", 1, NULL));
	assert_int_equal(ZL_INDEX_ADDRS, f->what);
	assert_int_equal(0, learn(f, "hv1", 1, "10.0.0.1", 2, NULL));
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.1", NULL));
	/* The first holder keeps it, on all hosts of the segment; elsewhere it is free. */
	assert_int_equal(-EEXIST, learn(f, "hv2", 2, "10.0.0.1", 3, &holder));
	assert_string_equal("vm1", holder);
	assert_int_equal(-EEXIST, learn(f, "hv1", 1, "10.0.0.2", 3, &holder));
	assert_string_equal("vm2", holder);
	assert_int_equal(1, learn(f, "hv1", 3, "10.0.0.1", 3, NULL));
	/* A stronger claim that comes later makes the holder a conflict. */
	add_addr(&b, "10.0.0.1", ZL_ADDR_METADATA);
	put(f, "hv2", &b);
	assert_int_equal(-EEXIST, learn(f, "hv1", 1, "10.0.0.1", 4, &holder));
	assert_string_equal("vm2", holder);
	/* Nothing to learn. */
	assert_int_equal(0, learn(f, "hv1", 4, "10.0.0.77", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "0.0.0.0", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "255.255.255.255", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "224.0.0.1", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "127.0.0.1", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "169.254.1.1", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "::", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "::1", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "ff02::1", 1, NULL));
	assert_int_equal(0, learn(f, "hv1", 1, "fe80::1", 1, NULL));
	assert_int_equal(1, nic_of(f, "hv1", 1)->n_addrs);
}

/* By the admin, before and after the domain is known, and beside its metadata. */
static void test_forwarding(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1);

	assert_int_equal(0, zl_index_set_forwarding(f->ix, &a.uuid, true, t0, NULL));
	put(f, "hv1", &a);
	assert_true(nic_of(f, "hv1", 1)->domain->forwarding);
	assert_int_equal(0, learn(f, "hv1", 1, "10.0.0.9", 1, NULL));
	assert_int_equal(0, zl_index_set_forwarding(f->ix, &a.uuid, false, t0, NULL));
	assert_false(nic_of(f, "hv1", 1)->domain->forwarding);
	assert_int_equal(1, learn(f, "hv1", 1, "10.0.0.9", 1, NULL));
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.9", NULL));
	/* What was learned is not its own now. */
	assert_int_equal(0, zl_index_set_forwarding(f->ix, &a.uuid, true, t0, NULL));
	assert_true(nic_of(f, "hv1", 1)->domain->forwarding);
	assert_int_equal(0, nic_of(f, "hv1", 1)->n_addrs);
	put(f, "hv1", &a); /* the same again */
	assert_true(nic_of(f, "hv1", 1)->domain->forwarding);
	a.forwarding = true;
	put(f, "hv1", &a);
	assert_int_equal(0, zl_index_set_forwarding(f->ix, &a.uuid, false, t0, NULL));
	assert_true(nic_of(f, "hv1", 1)->domain->forwarding);
}

static void test_learn_bounds(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1);
	char text[32];

	put(f, "hv1", &a);
	for (int i = 0; i < ZL_INDEX_LEARNED_MAX + 3; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%d", i + 1);
		assert_int_equal(i < ZL_INDEX_LEARNED_MAX ? 1 : -ENOBUFS,
			learn(f, "hv1", 1, text, 1, NULL));
	}
	/* Kept over other changes, by the strong ones not pushed out without need ... */
	add_addr(&a, "10.0.9.9", ZL_ADDR_METADATA);
	put(f, "hv1", &a);
	assert_int_equal(ZL_INDEX_LEARNED_MAX + 1, nic_of(f, "hv1", 1)->n_addrs);
	assert_int_equal(ZL_ADDR_METADATA, nic_of(f, "hv1", 1)->addrs[0].source);
	/* ... forgotten when idle (one was seen later) ... */
	assert_int_equal(0, learn(f, "hv1", 1, "10.0.0.3", 5, NULL));
	zl_index_expire(f->ix, (struct zl_wall){ 1 + ZL_INDEX_LEARNED_IDLE_US });
	assert_int_equal(2, nic_of(f, "hv1", 1)->n_addrs);
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.3", NULL));
	assert_string_equal("-", owner(f, NULL, NULL, "10.0.0.1", NULL));
	/* ... and when the domain is shut off. */
	a.state = ZL_DOMAIN_SHUTOFF;
	put(f, "hv1", &a);
	assert_string_equal("-", owner(f, NULL, NULL, "10.0.0.3", NULL));
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.9.9", NULL));
}

/* What was learned on the source is known on the destination, and is no conflict. */
static void test_learn_migrates(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1);
	struct zl_error err;
	bool ambiguous;

	put(f, "hv1", &a);
	assert_int_equal(1, learn(f, "hv1", 1, "10.0.0.1", 1, NULL));
	a.state = ZL_DOMAIN_PAUSED;
	(void)snprintf(a.nics[0].tap, ZL_IFNAME_MAX, "vnet36");
	put(f, "hv2", &a);
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.1", &ambiguous));
	assert_false(ambiguous);
	assert_int_equal(0, learn(f, "hv2", 1, "10.0.0.1", 2, NULL));
	assert_int_equal(0, zl_index_domain_gone(f->ix, "hv1", &a.uuid, t0, &err));
	assert_string_equal("vm1", owner(f, "hv2", NULL, "10.0.0.1", NULL));
	assert_int_equal(1, nic_of(f, "hv2", 1)->addrs[0].since.us);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1);
	struct zl_mac m = mac_of(1);
	struct zl_error err;
	int r = 0;
	unsigned n = 0;

	for (; r == 0 && n <= ZL_INDEX_FACTS_MAC_MAX + 1; n++) {
		struct zl_addr addr = zl_addr_from_v4(0x0a000001u + n);

		r = zl_index_neighbour_put(f->ix, "hv1", 3, &addr, &m, t0, &err);
	}
	assert_int_equal(-ENOBUFS, r);
	assert_int_equal(ZL_INDEX_FACTS_MAC_MAX + 1, n);
	put(f, "hv1", &a);
	assert_int_equal(ZL_NIC_ADDRS_MAX, nic_of(f, "hv1", 1)->n_addrs);
	for (n = 0, r = 0; r == 0 && n <= ZL_INDEX_DOMAINS_MAX; n++) {
		struct zl_domain d = { .name = "x",
			.uuid = { { 9, (uint8_t)(n >> 8), (uint8_t)n } } };

		r = zl_index_domain_put(f->ix, "hv2", &d, t0, &err);
	}
	assert_int_equal(-ENOBUFS, r);
	assert_int_equal(ZL_INDEX_DOMAINS_MAX, zl_index_host(f->ix, "hv2")->n_domains);
}

static int apply(struct fixture *f, struct zl_frame *frame, struct zl_error *reterr)
{
	struct zl_frame_in in;
	ssize_t n = zl_frame_end(frame);

	assert_true(n > 0);
	assert_int_equal(0, zl_frame_parse(frame->buf, (size_t)n, zl_inventory_messages,
				    ZL_INV_MESSAGE_N, &in, reterr));
	return zl_index_apply(f->ix, &in, t0, reterr);
}

static void start(struct zl_frame *f, enum zl_inventory_message type)
{
	static _Alignas(8) uint8_t buf[ZL_FRAME_MAX];

	zl_frame_start(f, buf, sizeof(buf), (uint16_t)type, 0);
	zl_frame_put_str(f, ZL_INV_A_HOST, "hv1");
}

static void test_apply(void **state)
{
	struct fixture *f = *state;
	struct zl_domain a = make(1);
	struct zl_addr addr = addr_of("10.0.0.5");
	struct zl_frame frame;
	struct zl_error err;

	(void)snprintf(a.nics[0].network, ZL_NAME_MAX, "default");
	start(&frame, ZL_INV_LIST_BEGIN);
	assert_int_equal(0, apply(f, &frame, &err));
	start(&frame, ZL_INV_DOMAIN);
	zl_domain_put(&frame, ZL_INV_A_DOMAIN, &a);
	assert_int_equal(0, apply(f, &frame, &err));
	start(&frame, ZL_INV_LIST_END);
	assert_int_equal(0, apply(f, &frame, &err));
	start(&frame, ZL_INV_HOST_STATE);
	zl_frame_put_u8(&frame, ZL_INV_A_STATE, ZL_HOST_UP);
	assert_int_equal(0, apply(f, &frame, &err));
	assert_int_equal(ZL_HOST_UP, zl_index_host(f->ix, "hv1")->state);
	start(&frame, ZL_INV_DHCP);
	zl_frame_put_bytes(&frame, ZL_INV_A_MAC, a.nics[0].mac.b, 6);
	zl_frame_put_bytes(&frame, ZL_INV_A_ADDR, addr.b, 16);
	zl_frame_put_str(&frame, ZL_INV_A_TEXT, "default");
	zl_frame_put_u64(&frame, ZL_INV_A_EXPIRES, 0);
	assert_int_equal(0, apply(f, &frame, &err));
	assert_string_equal("vm1", owner(f, NULL, NULL, "10.0.0.5", NULL));
	start(&frame, ZL_INV_DOMAIN_GONE);
	zl_frame_put_bytes(&frame, ZL_INV_A_UUID, a.uuid.b, 16);
	assert_int_equal(0, apply(f, &frame, &err));
	assert_int_equal(0, zl_index_host(f->ix, "hv1")->n_domains);
	start(&frame, ZL_INV_HOST_STATE);
	zl_frame_put_u8(&frame, ZL_INV_A_STATE, ZL_HOST_STATE_N);
	assert_int_equal(-EPROTO, apply(f, &frame, &err));
	start(&frame, ZL_INV_HOST_GONE);
	assert_int_equal(-EPROTO, apply(f, &frame, &err));
}

static void fetch_all(
	struct fixture *f, const char *host, uint32_t ifindex, const char *addr)
{
	struct zl_addr a = addr_of(addr);
	struct zl_index_fetch fetch = {
		.host = host, .ifindex = ifindex, .src = &a, .dst = &a
	};

	for (unsigned step = 0; step < ZL_INDEX_FETCH_STEPS; step++)
		zl_index_fetch(f->ix, &fetch, step);
}

static void test_sole_owner(void **state)
{
	struct fixture *f = *state;
	struct zl_domain d = make(1), other = make(2);
	struct zl_addr a = addr_of("10.0.0.1");
	struct zl_error err;

	fetch_all(f, "hv1", 17, "10.0.0.1"); /* of nothing */
	assert_true(zl_index_addr(f->ix, "hv1", NULL, &a).unknown);
	add_addr(&d, "10.0.0.1", ZL_ADDR_METADATA);
	put(f, "hv1", &d);
	link_up(f, "hv1", 17, "vnet1", 1);
	fetch_all(f, "hv1", 17, "10.0.0.1");
	fetch_all(f, "hv9", 17, "10.0.0.9");
	assert_true(zl_index_is_sole_owner(zl_index_tap(f->ix, "hv1", 17), &a));
	assert_false(zl_index_addr(f->ix, "hv1", "network:other", &a).unknown);
	/* Another one has it as well, on whatever segment; and has it no more. */
	add_addr(&other, "10.0.0.1", ZL_ADDR_DHCP);
	put(f, "hv2", &other);
	assert_false(zl_index_is_sole_owner(zl_index_tap(f->ix, "hv1", 17), &a));
	assert_int_equal(0, zl_index_domain_gone(f->ix, "hv2", &other.uuid, t0, &err));
	assert_true(zl_index_is_sole_owner(zl_index_tap(f->ix, "hv1", 17), &a));
	a = addr_of("10.0.0.2");
	assert_false(zl_index_is_sole_owner(zl_index_tap(f->ix, "hv1", 17), &a));
}

#define ROW(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_tap),
		ROW(test_changes),
		ROW(test_listing),
		ROW(test_names),
		ROW(test_macs),
		ROW(test_scopes),
		ROW(test_vlans),
		ROW(test_precedence),
		ROW(test_sole_owner),
		ROW(test_facts),
		ROW(test_agent_report),
		ROW(test_learn),
		ROW(test_forwarding),
		ROW(test_learn_bounds),
		ROW(test_learn_migrates),
		ROW(test_limits),
		ROW(test_apply),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
