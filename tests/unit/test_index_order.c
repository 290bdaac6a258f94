/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A property of the index: whatever the order in which different things are told, and
 * however often, the index that comes out is the same.
 *
 * Each thing (a domain on a host, a link, a neighbour, a lease) has a history of its own,
 * whose order channels keep; histories are mixed at random, and the latest word about a
 * thing is repeated at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/index.h"

enum {
	HOSTS = 2,
	N = 5,	     /* of each kind on a host */
	HISTORY = 4, /* words about one thing */
	KINDS = 4,
	THINGS = HOSTS * N * KINDS,
	ROUNDS = 300,
};

static const struct zl_wall now = { 1000000 };
static const char *const hosts[HOSTS] = { "hv1", "hv2" };

static uint64_t random_next(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static uint64_t pick(uint64_t *s, uint64_t n)
{
	return (random_next(s) >> 11) % n;
}

static struct zl_mac mac_of(uint64_t n)
{
	return (struct zl_mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)n } };
}

static struct zl_domain random_domain(uint64_t *s, unsigned n)
{
	struct zl_domain d = { .state = pick(s, ZL_DOMAIN_STATE_N) };

	d.uuid.b[0] = (uint8_t)n;
	(void)snprintf(d.name, sizeof(d.name), "vm%u", (unsigned)pick(s, N));
	d.forwarding = pick(s, 4) == 0;
	d.n_zones = (uint8_t)pick(s, 3);
	for (unsigned i = 0; i < d.n_zones; i++)
		(void)snprintf(d.zones[i], sizeof(d.zones[i]), "z%u", i);
	d.n_nics = (uint8_t)pick(s, 3);
	for (unsigned i = 0; i < d.n_nics; i++) {
		struct zl_nic *nic = &d.nics[i];

		nic->mac = mac_of(pick(s, N));
		nic->type = pick(s, 2) == 0 ? ZL_NIC_BRIDGE : ZL_NIC_NETWORK;
		(void)snprintf(nic->bridge, sizeof(nic->bridge), "br0");
		if (nic->type == ZL_NIC_NETWORK)
			(void)snprintf(nic->network, sizeof(nic->network), "default");
		if (d.state != ZL_DOMAIN_SHUTOFF)
			(void)snprintf(nic->tap, sizeof(nic->tap), "vnet%u",
				(unsigned)pick(s, N));
		nic->n_addrs = (uint8_t)pick(s, 2);
		if (nic->n_addrs != 0) {
			nic->addrs[0].addr =
				zl_addr_from_v4(0x0a000000u + (uint32_t)pick(s, N) + 1);
			nic->addrs[0].source = pick(s, 2);
		}
	}
	return d;
}

/* Say word number `word` about thing number `thing`; the same each time. */
static void say(struct zl_index *ix, uint64_t seed, unsigned thing, unsigned word)
{
	uint64_t s = (seed * THINGS + thing) * HISTORY + word + 0x9e3779b97f4a7c15u;
	const char *host = hosts[thing % HOSTS];
	unsigned kind = thing / HOSTS % KINDS, n = thing / HOSTS / KINDS;
	struct zl_addr addr = zl_addr_from_v4(0x0a000000u + n + 1);
	struct zl_index_link link = { .ifindex = n + 1 };
	struct zl_error err;
	struct zl_domain d;
	struct zl_mac mac;
	bool gone;
	int r;

	for (int i = 0; i < 8; i++)
		(void)random_next(&s);
	gone = pick(&s, 4) == 0;
	mac = mac_of(pick(&s, N));
	switch (kind) {
	case 0:
		d = random_domain(&s, n);
		r = gone ? zl_index_domain_gone(ix, host, &d.uuid, now, &err)
			 : zl_index_domain_put(ix, host, &d, now, &err);
		break;
	case 1:
		link.mac = mac;
		link.mac.b[0] = 0xfe;
		(void)snprintf(
			link.name, sizeof(link.name), "vnet%u", (unsigned)pick(&s, N));
		r = gone ? zl_index_link_gone(ix, host, link.ifindex, now, &err)
			 : zl_index_link_put(ix, host, &link, now, &err);
		break;
	case 2:
		r = gone ? zl_index_neighbour_gone(ix, host, 3, &addr, now, &err)
			 : zl_index_neighbour_put(ix, host, 3, &addr, &mac, now, &err);
		break;
	default:
		r = zl_index_dhcp(ix, host, &mac, &addr, "default",
			(struct zl_wall){ gone ? 1 : 0 }, now, &err);
		break;
	}
	assert_int_equal(0, r);
}

/* --- everything that one can ask, as sorted lines --- */

struct dump {
	char lines[2048][160];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void line(
	struct dump *d, const char *fmt, ...)
{
	va_list ap;

	assert_true(d->n < N_ITEMS(d->lines));
	va_start(ap, fmt);
	(void)vsnprintf(d->lines[d->n++], sizeof(d->lines[0]), fmt, ap);
	va_end(ap);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void dump_nic(struct dump *to, const struct zl_index *ix,
	const struct zl_index_domain *d, unsigned i)
{
	const struct zl_index_nic *nic = d->nics[i];
	bool linked = zl_index_nic_link(ix, nic) != NULL;
	char mac[ZL_MAC_STR], addr[ZL_ADDR_STR];

	line(to, "%s %02x nic %u %s %s %s linked %d", d->host->name, d->uuid.b[0], i,
		zl_mac_format(&nic->nic.mac, mac), nic->nic.tap, nic->scope, linked);
	for (unsigned k = 0; k < nic->n_addrs; k++)
		line(to, "%s %02x nic %u addr %u %s %s", d->host->name, d->uuid.b[0], i,
			k, zl_addr_format(&nic->addrs[k].addr, addr),
			zl_addr_source_name(nic->addrs[k].source));
}

static void dump_questions(struct dump *to, const struct zl_index *ix, const char *host)
{
	static const char *const scopes[] = { NULL, "bridge:br0", "network:default" };

	for (unsigned n = 0; n < N; n++) {
		struct zl_addr addr = zl_addr_from_v4(0x0a000000u + n + 1);
		struct zl_mac mac = mac_of(n);
		const struct zl_index_nic *nic;

		for (size_t s = 0; s < N_ITEMS(scopes); s++) {
			struct zl_index_owner o =
				zl_index_addr(ix, host, scopes[s], &addr);

			line(to, "%s owner %u %zu %d %02x ambiguous %d",
				host == NULL ? "-" : host, n, s, o.nic != NULL,
				o.nic == NULL ? 0 : o.nic->domain->uuid.b[0],
				o.ambiguous);
		}
		line(to, "%s mac %u %zu", host == NULL ? "-" : host, n,
			zl_index_mac(ix, host, &mac, NULL, 0));
		if (host == NULL)
			continue;
		nic = zl_index_tap(ix, host, n + 1);
		line(to, "%s tap %u %s", host, n, nic == NULL ? "-" : "nic");
	}
}

static void make_dump(struct dump *to, const struct zl_index *ix)
{
	const struct zl_index_domain *d;

	to->n = 0;
	memset(to->lines, 0, sizeof(to->lines));
	for (size_t at = 0; (d = zl_index_next(ix, &at)) != NULL;) {
		line(to, "%s %02x %s %d %d zones %u nics %u of %u", d->host->name,
			d->uuid.b[0], d->name, (int)d->state, d->forwarding, d->n_zones,
			d->n_nics, d->host->n_domains);
		for (unsigned i = 0; i < d->n_nics; i++)
			dump_nic(to, ix, d, i);
	}
	for (unsigned h = 0; h < HOSTS; h++)
		dump_questions(to, ix, hosts[h]);
	dump_questions(to, ix, NULL);
	qsort(to->lines, to->n, sizeof(to->lines[0]), compare_lines);
}

/* Tell all histories; `order` 0: one after the other, each once. */
static void tell(struct dump *to, uint64_t seed, uint64_t order)
{
	unsigned said[THINGS] = { 0 }, left = THINGS * HISTORY;
	struct zl_index *ix = NULL;
	struct zl_error err;

	assert_int_equal(0, zl_index_new(NULL, NULL, &ix, &err));
	for (unsigned h = 0; h < HOSTS; h++)
		assert_int_equal(0, zl_index_host_put(ix, hosts[h], now, &err));
	for (unsigned thing = 0; order == 0 && thing < THINGS; thing++)
		for (unsigned word = 0; word < HISTORY; word++)
			say(ix, seed, thing, word);
	while (order != 0 && left != 0) {
		unsigned thing = (unsigned)pick(&order, THINGS);
		bool again = said[thing] != 0 && pick(&order, 3) == 0;

		if (again) {
			say(ix, seed, thing, said[thing] - 1);
		} else if (said[thing] < HISTORY) {
			say(ix, seed, thing, said[thing]++);
			left--;
		}
	}
	make_dump(to, ix);
	zl_index_free(ix);
}

static void test_order(void **state)
{
	static struct dump want, got;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		tell(&want, seed, 0);
		assert_true(want.n > 50);
		for (uint64_t order = 1; order <= 3; order++) {
			tell(&got, seed, seed * 7919 + order);
			for (size_t i = 0; i < want.n && i < got.n; i++)
				if (strcmp(want.lines[i], got.lines[i]) != 0)
					fail_msg("seed %lu order %lu: '%s' is '%s'",
						(unsigned long)seed,
						(unsigned long)order, want.lines[i],
						got.lines[i]);
			assert_int_equal(want.n, got.n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests_name("index_order", tests, NULL, NULL);
}
