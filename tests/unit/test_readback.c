/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back: mangled messages are never what we wrote, and never more than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"
#include "mitigate/agent/readback.h"

static void read_message(const struct nlmsghdr *nlh, struct zl_present *to)
{
	if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWCHAIN)
		(void)zl_readback_on_chain(nlh, to);
	else if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWSET)
		(void)zl_readback_on_set(nlh, to);
	else if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWRULE)
		(void)zl_readback_on_rule(nlh, to);
}

/* Each message in a block of exactly its size, with a few bytes changed. */
static void test_mangled(void **state)
{
	enum { ROUNDS = 400, CHANGES = 3 };
	ZL_AUTO(zl_nft_batch) struct zl_nft_batch b = { 0 };
	struct zl_present *p = zl_readback_new();
	unsigned seed = 4711;

	(void)state;
	assert_non_null(p);
	zl_nft_batch_start(&b, 1);
	zl_nft_batch_static(&b);
	for (int round = 0; round < ROUNDS; round++) {
		int left = (int)b.len;

		p->n_chains = p->n_sets = p->n_rules = 0;
		for (const struct nlmsghdr *nlh = (const void *)b.buf;
			mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			uint32_t len = nlh->nlmsg_len;
			uint8_t *copy = malloc(len);

			assert_non_null(copy);
			memcpy(copy, nlh, len);
			for (int i = 0; i < CHANGES && len > NLMSG_HDRLEN; i++)
				copy[NLMSG_HDRLEN + (unsigned)rand_r(&seed) %
							    (len - NLMSG_HDRLEN)] =
					(uint8_t)rand_r(&seed);
			read_message((const struct nlmsghdr *)(void *)copy, p);
			free(copy);
		}
		for (size_t i = 0; i < p->n_rules && i < ZL_READBACK_RULES; i++)
			for (size_t k = 0;
				k < p->rules[i].n_exprs && k < ZL_NFT_EXPRS_MAX; k++) {
				char text[ZL_NFT_EXPR_STR];

				assert_true(
					strlen(zl_nft_expr_format(&p->rules[i].exprs[k],
						text)) < ZL_NFT_EXPR_STR);
			}
	}
	zl_readback_free(p);
}

static void test_empty(void **state)
{
	struct zl_present *p = zl_readback_new();
	struct zl_nft_elem e = zl_nft_elem_tap(ZL_SET_STRICT, 12);
	struct zl_nft_elems wanted = { .at = &e, .n = 1 }, none = { 0 };
	struct zl_error err;

	(void)state;
	assert_true(zl_readback_compare_static(p, &err) < 0);
	assert_string_equal("table bridge zonelock is missing", err.msg);
	p->table = true;
	assert_true(zl_readback_compare_static(p, &err) < 0);
	assert_string_equal("set strict is missing", err.msg);
	assert_int_equal(0, zl_readback_compare_elems(p, &none, &err));
	assert_true(zl_readback_compare_elems(p, &wanted, &err) < 0);
	assert_string_equal(
		"element is missing: table bridge zonelock set strict { 12 }", err.msg);
	zl_readback_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("readback", tests, NULL, NULL);
}
