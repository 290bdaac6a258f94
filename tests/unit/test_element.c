/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Information elements: the table is sound, and each kind is stored as it should. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/element.h"

static void test_sorted_and_unique(void **state)
{
	(void)state;
	for (size_t i = 1; i < zl_elements_len; i++) {
		const struct zl_element *a = &zl_elements[i - 1], *b = &zl_elements[i];

		assert_true(a->pen < b->pen || (a->pen == b->pen && a->id < b->id));
	}
	for (size_t i = 0; i < zl_elements_len; i++)
		for (size_t j = i + 1; j < zl_elements_len; j++)
			assert_string_not_equal(
				zl_elements[i].name, zl_elements[j].name);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < zl_elements_len; i++) {
		const struct zl_element *e = &zl_elements[i];

		assert_true(islower((unsigned char)e->name[0]));
		assert_true(e->id != 0 && e->id < 0x8000);
		assert_true(e->min >= 1 && e->min <= e->max &&
			    (e->max <= 16 || e->kind == ZL_ELEMENT_TEXT));
		assert_true(e->bit != 0 && (e->bit & (e->bit - 1)) == 0);
		assert_true(
			(size_t)e->offset + e->width <= sizeof(struct zl_flow_draft));
		if (e->kind == ZL_ELEMENT_ADDR4 || e->kind == ZL_ELEMENT_ADDR6)
			assert_int_equal(16, e->width);
		else if (e->kind == ZL_ELEMENT_MAC)
			assert_int_equal(6, e->width);
		else if (e->kind == ZL_ELEMENT_TEXT)
			assert_true(e->width > 1);
		else
			assert_true(e->width == 1 || e->width == 2 || e->width == 4 ||
				    e->width == 8);
	}
}

/* One bit stands for one member, and the other way round. */
static void test_bits_and_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < zl_elements_len; i++)
		for (size_t j = 0; j < zl_elements_len; j++)
			assert_int_equal(zl_elements[i].bit == zl_elements[j].bit,
				zl_elements[i].offset == zl_elements[j].offset);
}

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < zl_elements_len; i++)
		assert_ptr_equal(&zl_elements[i],
			zl_element_find(zl_elements[i].pen, zl_elements[i].id));
	assert_null(zl_element_find(0, 3));
	assert_null(zl_element_find(ZL_PEN_REVERSE, 8));
	assert_null(zl_element_find(1, 1));
}

struct store_case {
	const char *name;
	uint32_t pen;
	uint16_t id;
	uint8_t bytes[16];
	size_t n;
	size_t offset, width; /* where to look */
	uint64_t want;
};

#define IN(m) offsetof(struct zl_flow_draft, m), sizeof(((struct zl_flow_draft *)0)->m)

enum { EXPORT_S = 1700000000 };

/* clang-format off */
static struct store_case store_cases[] = {
	{ "octets in 1 byte", 0, 1, { 7 }, 1, IN(flow.octets), 7 },
	{ "octets in 3 bytes", 0, 1, { 1, 0, 0 }, 3, IN(flow.octets), 65536 },
	{ "octets in 8 bytes", 0, 1, { 0xff, 0, 0, 0, 0, 0, 0, 1 }, 8, IN(flow.octets), 0xff00000000000001 },
	{ "reverse octets", ZL_PEN_REVERSE, 1, { 9 }, 1, IN(flow.rev_octets), 9 },
	{ "interface in 8 bytes", 0, 10, { 0, 0, 0, 0, 0, 0, 1, 2 }, 8, IN(flow.in_if), 258 },
	{ "interface that does not fit", 0, 10, { 0, 0, 0, 1, 0, 0, 0, 7 }, 8, IN(flow.in_if), 0 },
	{ "port that does not fit", 0, 7, { 0, 1, 0, 22 }, 4, IN(flow.sport), 0 },
	{ "tcp flags of 16 bits", 0, 6, { 0x01, 0x12 }, 2, IN(flow.tcp_flags), 0x12 },
	{ "tcp flags of 8 bits", 0, 6, { 0x12 }, 1, IN(flow.tcp_flags), 0x12 },
	{ "seconds", 0, 150, { 0x65, 0x53, 0xf1, 0x00 }, 4, IN(flow.first_ms), UINT64_C(1700000000000) },
	{ "seconds beyond 32 bits", 0, 150, { 1, 0, 0, 0, 0, 0, 0, 0 }, 8, IN(flow.first_ms), 0 },
	{ "milliseconds", 0, 153, { 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x07 }, 8, IN(flow.last_ms), UINT64_C(1700000000007) },
	/* 1700000000 + 2208988800 = 0xe8fe6480; half a second */
	{ "NTP microseconds", 0, 154, { 0xe8, 0xfe, 0x6f, 0x80, 0x80, 0, 0, 0 }, 8, IN(flow.first_ms), UINT64_C(1700000000500) },
	{ "NTP nanoseconds", 0, 157, { 0xe8, 0xfe, 0x6f, 0x80, 0xff, 0xff, 0xff, 0xff }, 8, IN(flow.last_ms), UINT64_C(1700000000999) },
	{ "microseconds before export", 0, 158, { 0, 0x1e, 0x84, 0x80 }, 4, IN(flow.first_ms), UINT64_C(1699999998000) },
	{ "uptime", 0, 22, { 0, 0, 1, 0 }, 4, IN(first_uptime), 256 },
	{ "boot", 0, 160, { 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0 }, 8, IN(boot_ms), UINT64_C(1700000000000) },
	{ "icmp type and code", 0, 32, { 8, 1 }, 2, IN(flow.icmp), 0x0801 },
	{ "icmp type", 0, 176, { 8 }, 1, IN(flow.icmp), 0x0800 },
	{ "icmp code", 0, 177, { 1 }, 1, IN(flow.icmp), 0x0001 },
	{ "vlan", 0, 58, { 0, 100 }, 2, IN(flow.vlan), 100 },
	{ "802.1Q vlan", 0, 243, { 0, 101 }, 2, IN(flow.vlan), 101 },
	{ "direction", 0, 61, { 1 }, 1, IN(flow.direction), 1 },
	{ "sampling", 0, 34, { 0, 0, 4, 0 }, 4, IN(flow.sampling), 1024 },
	{ "physical interface", 0, 252, { 0, 0, 0, 9 }, 4, IN(flow.in_phys_if), 9 },
};
/* clang-format on */

static void test_store(void **state)
{
	const struct store_case *c = *state;
	const struct zl_element *e = zl_element_find(c->pen, c->id);
	struct zl_flow_draft draft = { .export_ms = EXPORT_S * INT64_C(1000) };
	uint64_t have = 0;

	assert_non_null(e);
	assert_true(c->n >= e->min && c->n <= e->max);
	zl_element_store(e, (struct zl_cursor){ .at = c->bytes, .left = c->n }, &draft);
	memcpy(&have, (const uint8_t *)&draft + c->offset, c->width);
	assert_int_equal(c->want, have);
	assert_true((draft.present & e->bit) != 0);
}

static void store(struct zl_flow_draft *draft, uint16_t id, const void *b, size_t n)
{
	zl_element_store(zl_element_find(0, id),
		(struct zl_cursor){ .at = b, .left = n }, draft);
}

/* Inner and outer header: the first value that is not zero. */
static void test_twice(void **state)
{
	static const uint8_t zero[16], a[4] = { 10, 0, 0, 1 }, b[4] = { 10, 0, 0, 2 };
	static const uint8_t v6[16] = { 0xfd, [15] = 1 };
	static const uint8_t mac[2][6] = { { 2, 1 }, { 2, 2 } };
	struct zl_flow_draft d = { 0 };
	struct zl_addr want = zl_addr_from_v4(0x0a000001);

	(void)state;
	store(&d, 8, zero, 4);
	assert_true(zl_addr_is_v4(&d.flow.src));
	store(&d, 27, zero, 16);
	assert_true(zl_addr_is_v4(&d.flow.src)); /* the family that came first */
	store(&d, 8, a, 4);
	store(&d, 8, b, 4);
	store(&d, 27, v6, 16);
	assert_true(zl_addr_eq(&want, &d.flow.src));
	store(&d, 12, zero, 4);
	store(&d, 28, v6, 16);
	assert_memory_equal(v6, d.flow.dst.b, 16);
	store(&d, 56, zero, 6);
	store(&d, 56, mac[0], 6);
	store(&d, 56, mac[1], 6);
	assert_memory_equal(mac[0], d.flow.src_mac.b, 6);
	store(&d, 7, zero, 2);
	store(&d, 7, a, 2);
	store(&d, 7, mac[0], 2);
	assert_int_equal(0x0a00, d.flow.sport);
}

static void test_icmp_halves(void **state)
{
	static const uint8_t three = 3, one = 1, zero;
	struct zl_flow_draft d = { 0 };

	(void)state;
	store(&d, 177, &one, 1);
	store(&d, 176, &three, 1);
	store(&d, 178, &zero, 1); /* IPv6's, unused */
	store(&d, 179, &zero, 1);
	assert_int_equal(0x0301, d.flow.icmp);
}

int main(void)
{
	enum { N = N_ITEMS(store_cases) };
	static struct CMUnitTest tests[N + 6] = {
		[N] = cmocka_unit_test(test_sorted_and_unique),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bits_and_members),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_icmp_halves),
	};

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = store_cases[i].name,
			.test_func = test_store,
			.initial_state = &store_cases[i] };
	return cmocka_run_group_tests_name("element", tests, NULL, NULL);
}
