/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains in frames: get(put(d)) = d, also the largest; what breaks the rules is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/protocol.h"

static _Alignas(8) uint8_t buf[ZL_FRAME_MAX];

static ssize_t put(const struct zl_domain *d)
{
	struct zl_frame f;

	zl_frame_start(&f, buf, sizeof(buf), ZL_INV_DOMAIN, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, "hv1");
	zl_domain_put(&f, ZL_INV_A_DOMAIN, d);
	return zl_frame_end(&f);
}

static int get(ssize_t n, struct zl_domain *ret, struct zl_error *reterr)
{
	struct zl_frame_in in;
	int r = zl_frame_parse(
		buf, (size_t)n, zl_inventory_messages, ZL_INV_MESSAGE_N, &in, reterr);

	return r < 0 ? r : zl_domain_get(in.tb[ZL_INV_A_DOMAIN], ret, reterr);
}

/* Everything as large as it can be. */
static void fill(struct zl_domain *d)
{
	memset(d, 0, sizeof(*d));
	memset(d->uuid.b, 0xab, sizeof(d->uuid.b));
	memset(d->name, 'n', sizeof(d->name) - 1);
	d->state = ZL_DOMAIN_PAUSED;
	d->forwarding = d->truncated = true;
	d->n_left = UINT16_MAX;
	memset(d->left, 'l', sizeof(d->left) - 1);
	for (d->n_zones = 0; d->n_zones < ZL_DOMAIN_ZONES_MAX; d->n_zones++)
		memset(d->zones[d->n_zones], 'z', sizeof(d->zones[0]) - 1);
	for (d->n_nics = 0; d->n_nics < ZL_DOMAIN_NICS_MAX; d->n_nics++) {
		struct zl_nic *nic = &d->nics[d->n_nics];

		memset(nic->mac.b, d->n_nics, sizeof(nic->mac.b));
		nic->type = d->n_nics % ZL_NIC_TYPE_N;
		nic->vlan = (uint16_t)(ZL_VLAN_LAST - d->n_nics);
		memset(nic->tap, 't', sizeof(nic->tap) - 1);
		memset(nic->bridge, 'b', sizeof(nic->bridge) - 1);
		memset(nic->network, 'w', sizeof(nic->network) - 1);
		memset(nic->filter, 'f', sizeof(nic->filter) - 1);
		for (; nic->n_addrs < ZL_NIC_ADDRS_MAX; nic->n_addrs++) {
			struct zl_nic_addr *a = &nic->addrs[nic->n_addrs];

			a->addr = zl_addr_from_v4(0x0a000000u + nic->n_addrs);
			a->source = nic->n_addrs % ZL_ADDR_SOURCE_N;
			a->since.us = 1000 + nic->n_addrs;
		}
	}
}

static void test_round_trip(void **state)
{
	struct zl_domain small = { .name = "x" }, large, back;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, get(put(&small), &back, &err));
	assert_memory_equal(&small, &back, sizeof(small));
	fill(&large);
	assert_true(put(&large) > 8192);
	assert_int_equal(0, get(put(&large), &back, &err));
	assert_memory_equal(&large, &back, sizeof(large));
}

static void test_out_of_range(void **state)
{
	struct zl_domain d = { .name = "x", .n_nics = 1 }, back = { .n_nics = 9 };
	struct zl_error err = { 0 };

	(void)state;
	d.state = ZL_DOMAIN_STATE_N;
	assert_int_equal(-EPROTO, get(put(&d), &back, &err));
	d.state = ZL_DOMAIN_RUNNING;
	d.nics[0].type = ZL_NIC_TYPE_N;
	assert_int_equal(-EPROTO, get(put(&d), &back, &err));
	d.nics[0].type = ZL_NIC_BRIDGE;
	d.nics[0].n_addrs = 1;
	d.nics[0].addrs[0].source = ZL_ADDR_SOURCE_N;
	assert_int_equal(-EPROTO, get(put(&d), &back, &err));
	d.nics[0].addrs[0].source = ZL_ADDR_DHCP;
	assert_int_equal(0, get(put(&d), &back, &err));
	(void)snprintf(d.name, sizeof(d.name), "%s", "");
	assert_int_equal(-EPROTO, get(put(&d), &back, &err)); /* a name is not empty */
}

/* More NICs or zones than fit: the numbers are those of domain_frame.c. */
static void test_too_many(void **state)
{
	enum { A_ZONE = 5, A_NIC = 6 };
	static const uint16_t attrs[] = { A_ZONE, A_NIC };
	static const int most[] = { ZL_DOMAIN_ZONES_MAX, ZL_DOMAIN_NICS_MAX };
	char want[32];

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct zl_domain back;
		struct zl_error err = { 0 };
		struct nlattr *nest, *nic;
		struct zl_frame f;

		zl_frame_start(&f, buf, sizeof(buf), ZL_INV_DOMAIN, 0);
		zl_frame_put_str(&f, ZL_INV_A_HOST, "hv1");
		nest = zl_frame_nest(&f, ZL_INV_A_DOMAIN);
		zl_frame_put_bytes(&f, 1, "0123456789abcdef", 16);
		zl_frame_put_str(&f, 2, "x");
		zl_frame_put_u8(&f, 3, ZL_DOMAIN_RUNNING);
		for (int i = 0; i <= most[k]; i++) {
			if (attrs[k] == A_ZONE) {
				zl_frame_put_str(&f, A_ZONE, "web");
				continue;
			}
			nic = zl_frame_nest(&f, A_NIC);
			zl_frame_put_bytes(&f, 1, "123456", 6);
			zl_frame_put_u8(&f, 2, ZL_NIC_BRIDGE);
			zl_frame_nest_end(&f, nic);
		}
		zl_frame_nest_end(&f, nest);
		assert_int_equal(-EPROTO, get(zl_frame_end(&f), &back, &err));
		(void)snprintf(want, sizeof(want), "more than %d", most[k]);
		assert_non_null(strstr(err.msg, want));
	}
}

/* Text is made harmless again: the sender may have been taken over. */
static void test_hostile_text(void **state)
{
	struct zl_domain d = { .name = "a\x1b[2J" }, back;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(0, get(put(&d), &back, &err));
	assert_string_equal("a?[2J", back.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_hostile_text),
	};

	return cmocka_run_group_tests_name("domain_frame", tests, NULL, NULL);
}
