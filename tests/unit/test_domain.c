/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domain XML: what is taken from it, what is refused, what hostile text becomes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/domain.h"

#define DATA "tests/unit/data/domain/"
#define UUID "<uuid>aaaaaaaa-0000-4000-8000-000000000009</uuid>"
#define OURS(inner)                                                                    \
	"<metadata><z:domain xmlns:z='" ZL_METADATA_URI "'>" inner                     \
	"</z:domain></metadata>"
#define NIC(inner)                                                                     \
	"<devices><interface type='bridge'><mac address='52:54:00:00:00:01'/>" inner   \
	"</interface></devices>"

static char *read_file(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(text);
	*ret_n = fread(text, 1, 65535, f);
	assert_int_equal(0, fclose(f));
	return text;
}

static bool has(const struct zl_nic *nic, const char *text, enum zl_addr_source source)
{
	struct zl_addr a;

	assert_true(zl_addr_parse(text, &a));
	for (unsigned i = 0; i < nic->n_addrs; i++)
		if (zl_addr_eq(&nic->addrs[i].addr, &a))
			return nic->addrs[i].source == source;
	return false;
}

static void check_nic(const struct zl_nic *nic, enum zl_nic_type type, const char *tap,
	const char *bridge, const char *network)
{
	assert_int_equal(type, nic->type);
	assert_string_equal(tap, nic->tap);
	assert_string_equal(bridge, nic->bridge);
	assert_string_equal(network, nic->network);
}

static void test_running(void **state)
{
	ZL_AUTO(zl_mem) char *text = NULL;
	struct zl_domain d;
	struct zl_error err;
	char uuid[ZL_UUID_STR];
	size_t n;

	(void)state;
	text = read_file(DATA "web1.xml", &n);
	assert_int_equal(0, zl_domain_parse(text, n, ZL_DOMAIN_RUNNING, &d, &err));
	assert_string_equal("web1", d.name);
	assert_string_equal(
		"aaaaaaaa-0000-4000-8000-000000000001", zl_uuid_format(&d.uuid, uuid));
	assert_int_equal(ZL_DOMAIN_RUNNING, d.state);
	assert_true(d.forwarding);
	assert_false(d.truncated);
	assert_int_equal(2, d.n_zones);
	assert_string_equal("web", d.zones[0]);
	assert_string_equal("dmz", d.zones[1]);
	assert_int_equal(5, d.n_nics);
	check_nic(&d.nics[0], ZL_NIC_BRIDGE, "vnet0", "br0", "");
	check_nic(&d.nics[1], ZL_NIC_NETWORK, "vnet1", "virbr0", "default");
	check_nic(&d.nics[2], ZL_NIC_DIRECT, "macvtap0", "", "");
	check_nic(&d.nics[3], ZL_NIC_BRIDGE, "tap9", "", "");
	check_nic(&d.nics[4], ZL_NIC_OTHER, "", "", "");
	assert_string_equal("clean-traffic", d.nics[0].filter);
	assert_int_equal(4, d.nics[0].n_addrs);
	assert_true(has(&d.nics[0], "10.0.0.5", ZL_ADDR_METADATA));
	assert_true(has(&d.nics[0], "10.0.0.6", ZL_ADDR_NWFILTER));
	assert_true(has(&d.nics[0], "fd00::5", ZL_ADDR_METADATA));
	assert_true(has(&d.nics[0], "fd00::6", ZL_ADDR_NWFILTER));
}

static void test_vlan(void **state)
{
	static const struct {
		const char *xml;
		uint16_t want;
	} cases[] = {
		{ "", 0 },
		{ "<vlan><tag id='42'/></vlan>", 42 },
		{ "<vlan trunk='no'><tag id='4094'/></vlan>", 4094 },
		/* The guest tags its frames itself. */
		{ "<vlan trunk='yes'><tag id='42'/></vlan>", 0 },
		{ "<vlan><tag id='42'/><tag id='43'/></vlan>", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		char xml[512];
		struct zl_domain d;

		(void)snprintf(xml, sizeof(xml),
			"<domain><name>x</name><uuid>aaaaaaaa-0000-4000-8000-"
			"000000000001</uuid><devices><interface type='bridge'>"
			"<mac address='52:54:00:00:00:01'/>%s</interface></devices>"
			"</domain>",
			cases[i].xml);
		assert_int_equal(0,
			zl_domain_parse(xml, strlen(xml), ZL_DOMAIN_RUNNING, &d, NULL));
		assert_false(d.truncated);
		assert_int_equal(cases[i].want, d.nics[0].vlan);
	}
}

static void test_shut_off_has_no_taps(void **state)
{
	ZL_AUTO(zl_mem) char *text = NULL;
	struct zl_domain d;
	size_t n;

	(void)state;
	text = read_file(DATA "web1.xml", &n);
	assert_int_equal(0, zl_domain_parse(text, n, ZL_DOMAIN_SHUTOFF, &d, NULL));
	assert_int_equal(5, d.n_nics);
	for (unsigned i = 0; i < d.n_nics; i++)
		assert_string_equal("", d.nics[i].tap);
}

/* Every file of the invalid set is refused, with a sentence, and *ret stays. */
static void test_invalid(void **state)
{
	ZL_AUTO(zl_mem) char *text = NULL;
	struct zl_domain d = { .n_nics = 7 };
	struct zl_error err = { 0 };
	size_t n;

	text = read_file(*state, &n);
	assert_int_equal(
		-EBADMSG, zl_domain_parse(text, n, ZL_DOMAIN_RUNNING, &d, &err));
	assert_int_equal(-EBADMSG, err.code);
	assert_true(strlen(err.msg) > 10);
	assert_null(strstr(err.msg, "root:")); /* nothing of a file it points to */
	assert_int_equal(7, d.n_nics);
}

struct odd_case {
	const char *name, *xml, *want_name;
	unsigned n_nics, n_addrs, n_zones;
	bool truncated;
};

/* clang-format off */
static struct odd_case odd_cases[] = {
	{ "plain", "<domain><name>x</name>" UUID "</domain>", "x", 0, 0, 0, false },
	{ "character reference that draws lines",
	  "<domain><name>a&#10;b&#9;c</name>" UUID "</domain>", "a?b?c", 0, 0, 0, false },
	{ "C1 control and writing direction",
	  "<domain><name>a&#x9b;b&#x202e;c&#xe9;</name>" UUID "</domain>", "a?b?c\xc3\xa9",
	  0, 0, 0, false },
	{ "other namespace", "<domain><name>x</name>" UUID
	  "<metadata><z:domain xmlns:z='http://example.org/'><z:zone name='web'/>"
	  "</z:domain></metadata></domain>", "x", 0, 0, 0, false },
	{ "zone that is no name", "<domain><name>x</name>" UUID
	  OURS("<z:zone name='a b'/><z:zone/><z:zone name='web'/>") "</domain>",
	  "x", 0, 0, 1, true },
	{ "metadata for a NIC that is not there", "<domain><name>x</name>" UUID
	  OURS("<z:nic mac='52:54:00:00:00:77'><z:address>10.0.0.1</z:address></z:nic>")
	  NIC("") "</domain>", "x", 1, 0, 0, false },
	{ "metadata with a bad MAC", "<domain><name>x</name>" UUID
	  OURS("<z:nic mac='52:54'><z:address>10.0.0.1</z:address></z:nic>")
	  NIC("") "</domain>", "x", 1, 0, 0, true },
	{ "addresses that are none", "<domain><name>x</name>" UUID
	  OURS("<z:nic mac='52:54:00:00:00:01'><z:address>10.0.0.999</z:address>"
	       "<z:address>0.0.0.0</z:address><z:address>ff02::1</z:address>"
	       "<z:address>10.0.0.1</z:address></z:nic>")
	  NIC("") "</domain>", "x", 1, 1, 0, true },
	{ "NIC without MAC", "<domain><name>x</name>" UUID
	  "<devices><interface type='bridge'/></devices></domain>", "x", 0, 0, 0, true },
	{ "tap name that is too long", "<domain><name>x</name>" UUID
	  NIC("<target dev='abcdefghijklmnopq'/>") "</domain>", "x", 1, 0, 0, true },
	{ "tap name with a newline", "<domain><name>x</name>" UUID
	  NIC("<target dev='a&#10;b'/>") "</domain>", "x", 1, 0, 0, true },
	{ "a VLAN that is none", "<domain><name>x</name>" UUID
	  NIC("<vlan><tag id='4095'/></vlan>") "</domain>", "x", 1, 0, 0, true },
	{ "one that is no number", "<domain><name>x</name>" UUID
	  NIC("<vlan><tag id='42x'/></vlan>") "</domain>", "x", 1, 0, 0, true },
	{ "one without a number", "<domain><name>x</name>" UUID
	  NIC("<vlan><tag/></vlan>") "</domain>", "x", 1, 0, 0, true },
	{ "filter parameter without value", "<domain><name>x</name>" UUID
	  NIC("<filterref filter='f'><parameter name='IP'/><parameter/></filterref>")
	  "</domain>", "x", 1, 0, 0, true },
};
/* clang-format on */

static void test_odd(void **state)
{
	const struct odd_case *c = *state;
	struct zl_domain d;
	struct zl_error err = { 0 };

	assert_int_equal(0,
		zl_domain_parse(c->xml, strlen(c->xml), ZL_DOMAIN_RUNNING, &d, &err));
	assert_string_equal(c->want_name, d.name);
	assert_int_equal(c->n_nics, d.n_nics);
	assert_int_equal(c->n_addrs, d.n_nics == 0 ? 0 : d.nics[0].n_addrs);
	assert_int_equal(c->n_zones, d.n_zones);
	assert_int_equal(c->truncated, d.truncated);
	if (d.n_nics != 0)
		assert_string_equal("", d.nics[0].tap);
}

/* A document with `n` times `part` between head and tail. */
static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
	size_t size = strlen(head) + n * strlen(part) + strlen(tail) + 1;
	char *text = malloc(size), *at = text;

	assert_non_null(text);
	at += snprintf(at, size, "%s", head);
	for (size_t i = 0; i < n; i++) {
		memcpy(at, part, strlen(part));
		at += strlen(part);
	}
	(void)snprintf(at, size - (size_t)(at - text), "%s", tail);
	return text;
}

static void test_too_many(void **state)
{
	ZL_AUTO(zl_mem)
	char *nics = repeat("<domain><name>x</name>" UUID "<devices>",
		"<interface type='bridge'><mac "
		"address='52:54:00:00:00:01'/></interface>",
		40, "</devices></domain>");
	ZL_AUTO(zl_mem)
	char *name =
		repeat("<domain><name>", "\xc3\xa9", 100, "</name>" UUID "</domain>");
	ZL_AUTO(zl_mem)
	char *huge = repeat("<domain><name>", "a", 1 << 20, "</name>" UUID "</domain>");
	struct zl_domain d;
	struct zl_error err = { 0 };

	(void)state;
	assert_int_equal(
		0, zl_domain_parse(nics, strlen(nics), ZL_DOMAIN_RUNNING, &d, NULL));
	assert_int_equal(ZL_DOMAIN_NICS_MAX, d.n_nics);
	assert_true(d.truncated);
	assert_int_equal(40 - ZL_DOMAIN_NICS_MAX, d.n_left);
	assert_string_equal("52:54:00:00:00:01, 52:54:00:00:00:01, 52:54:00:00:00:01, "
			    "52:54:00:00:00:01",
		d.left);
	/* Cut between characters: 63 of two bytes fit into 127. */
	assert_int_equal(
		0, zl_domain_parse(name, strlen(name), ZL_DOMAIN_RUNNING, &d, NULL));
	assert_int_equal(126, strlen(d.name));
	assert_true(d.truncated);
	assert_int_equal(-EBADMSG,
		zl_domain_parse(huge, strlen(huge), ZL_DOMAIN_RUNNING, &d, &err));
	assert_non_null(strstr(err.msg, "larger"));
}

static void test_copy_text(void **state)
{
	char buf[8];

	(void)state;
	assert_true(zl_domain_copy_text(buf, sizeof(buf), "1234567"));
	assert_false(zl_domain_copy_text(buf, sizeof(buf), "12345678"));
	assert_string_equal("1234567", buf);
	assert_true(zl_domain_copy_text(buf, sizeof(buf), "\xff\xc3x\x1b"));
	assert_string_equal("??x?", buf);
	assert_true(zl_domain_copy_text(buf, sizeof(buf), "\xe2\x82")); /* cut short */
	assert_string_equal("??", buf);
}

static void test_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ZL_DOMAIN_STATE_N; i++)
		assert_string_not_equal("unknown", zl_domain_state_name(i));
	for (unsigned i = 0; i < ZL_ADDR_SOURCE_N; i++)
		assert_string_not_equal("unknown", zl_addr_source_name(i));
	for (unsigned i = 0; i < ZL_NIC_TYPE_N; i++)
		assert_string_not_equal("unknown", zl_nic_type_name(i));
	assert_string_equal("unknown", zl_domain_state_name(ZL_DOMAIN_STATE_N));
}

static const char *const invalid_files[] = {
	DATA "invalid_control_character.xml",
	DATA "invalid_cut_short.xml",
	DATA "invalid_doctype.xml",
	DATA "invalid_empty.xml",
	DATA "invalid_empty_name.xml",
	DATA "invalid_entity.xml",
	DATA "invalid_external_entity.xml",
	DATA "invalid_no_name.xml",
	DATA "invalid_no_uuid.xml",
	DATA "invalid_other_root.xml",
	DATA "invalid_uuid_is_none.xml",
};

int main(void)
{
	struct CMUnitTest tests[5 + N_ITEMS(invalid_files) + N_ITEMS(odd_cases)] = {
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_shut_off_has_no_taps),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_copy_text),
		cmocka_unit_test(test_words),
	};
	size_t n = 5;

	for (size_t i = 0; i < N_ITEMS(invalid_files); i++)
		tests[n++] =
			(struct CMUnitTest){ .name = invalid_files[i] + strlen(DATA),
				.test_func = test_invalid,
				.initial_state = (void *)(uintptr_t)invalid_files[i] };
	for (size_t i = 0; i < N_ITEMS(odd_cases); i++)
		tests[n++] = (struct CMUnitTest){ .name = odd_cases[i].name,
			.test_func = test_odd,
			.initial_state = &odd_cases[i] };
	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
