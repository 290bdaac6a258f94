/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invalid set: one file for each rule that a zone, lock or host can break, in
 * tests/unit/data/policy/invalid, with the line and the sentence that it must give.
 *
 * To add one, write the file and its row.
 */
#include <dirent.h>
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
#include "base/xml.h"
#include "inventory/host.h"
#include "policy/lock.h"
#include "policy/zone.h"
#include "tests/support/textfile.h"

#define FOLDER "tests/unit/data/policy/invalid"

/* Who notices it: the XML reader, the schema too, or only our own checks beyond it. */
enum who { NOT_XML, SCHEMA, BEYOND };

struct invalid {
	const char *file; /* without .xml; begins with the kind of object */
	enum who who;
	int line;
	const char *msg; /* how the sentence begins, after file and line */
};

/* clang-format off */
static struct invalid invalid[] = {
	{ "host_actuator_uri_empty", SCHEMA, 3,
	  "element 'libvirt': attribute 'actuator-uri' is not a libvirt URI such as 'qemu:///syst" },
	{ "host_agent_relative", SCHEMA, 4,
	  "element 'agent': attribute 'address' is not 'unix://' and an absolute path: 'unix://ru" },
	{ "host_agent_tcp", SCHEMA, 4,
	  "element 'agent': attribute 'address' is not 'unix://' and an absolute path: 'tcp://10." },
	{ "host_agent_too_long", SCHEMA, 4,
	  "element 'agent': attribute 'address' has a path that no socket can have: more than 107 bytes" },
	{ "host_agent_twice", SCHEMA, 5,
	  "element 'agent': stands twice inside 'host'" },
	{ "host_exporter_address", SCHEMA, 4,
	  "element 'exporter': attribute 'address' is not an address or a range such as '10.0.0.0" },
	{ "host_exporter_address_missing", SCHEMA, 4,
	  "element 'exporter': attribute 'address' is missing" },
	{ "host_exporter_interfaces", SCHEMA, 4,
	  "element 'exporter': attribute 'interfaces' 'ifname' is none of: none, ifindex, openflow, fixed" },
	{ "host_exporter_prefix", BEYOND, 4,
	  "element 'exporter': attribute 'address' is not an address or a range such as '10.0.0.0" },
	{ "host_exporter_sampling_huge", SCHEMA, 4,
	  "element 'exporter': attribute 'sampling' is not a number from 1 to 1000000000: '1000000001'" },
	{ "host_exporter_sampling_text", SCHEMA, 4,
	  "element 'exporter': attribute 'sampling' is not a number from 1 to 1000000000: 'all'" },
	{ "host_exporter_sampling_zero", SCHEMA, 4,
	  "element 'exporter': attribute 'sampling' is not a number from 1 to 1000000000: '0'" },
	{ "host_exporter_twice", BEYOND, 5,
	  "element 'exporter': the same address stands twice" },
	{ "host_exporters_too_many", BEYOND, 68,
	  "element 'exporter': more than 64 exporters" },
	{ "host_libvirt_missing", SCHEMA, 1,
	  "element 'host': element 'libvirt' is missing" },
	{ "host_root", SCHEMA, 1,
	  "element 'hosts': a host starts with element 'host', in no namespace" },
	{ "host_uri_ampersand", NOT_XML, 3,
	  "EntityRef: expecting ';'" },
	{ "host_uri_missing", SCHEMA, 3,
	  "element 'libvirt': attribute 'uri' is missing" },
	{ "host_uri_no_scheme", SCHEMA, 3,
	  "element 'libvirt': attribute 'uri' is not a libvirt URI such as 'qemu:///system': '/ru" },
	{ "host_uri_space", SCHEMA, 3,
	  "element 'libvirt': attribute 'uri' is not a libvirt URI such as 'qemu:///system': 'qem" },
	{ "lock_default", SCHEMA, 4,
	  "element 'inbound': attribute 'default' 'drop' is none of: deny, allow" },
	{ "lock_default_missing", SCHEMA, 4,
	  "element 'inbound': attribute 'default' is missing" },
	{ "lock_element_unknown", SCHEMA, 4,
	  "element 'forward': not known inside 'lock'" },
	{ "lock_inbound_twice", SCHEMA, 5,
	  "element 'inbound': stands twice inside 'lock'" },
	{ "lock_intra_from", SCHEMA, 5,
	  "element 'allow': attribute 'from' is not known" },
	{ "lock_mode", SCHEMA, 4,
	  "element 'mode': text 'block' is none of: monitor, enforce" },
	{ "lock_ports_comma", SCHEMA, 5,
	  "element 'allow': attribute 'ports' wants numbers from 1 to 65535, as in '22,80,8000-81" },
	{ "lock_ports_empty", SCHEMA, 5,
	  "element 'allow': attribute 'ports' wants numbers from 1 to 65535, as in '22,80,8000-81" },
	{ "lock_ports_icmp", BEYOND, 5,
	  "element 'allow': attribute 'ports' needs protocol tcp, udp or sctp" },
	{ "lock_ports_name", SCHEMA, 5,
	  "element 'allow': attribute 'ports' wants numbers from 1 to 65535, as in '22,80,8000-81" },
	{ "lock_ports_reversed", BEYOND, 5,
	  "element 'allow': attribute 'ports' has a range whose end is below its start: '8100-800" },
	{ "lock_ports_too_large", BEYOND, 5,
	  "element 'allow': attribute 'ports' wants numbers from 1 to 65535, as in '22,80,8000-81" },
	{ "lock_ports_too_many", BEYOND, 5,
	  "element 'allow': attribute 'ports' has more than 32 ranges: '1,2,3,4,5,6,7,8,9,10,11,1" },
	{ "lock_ports_without_protocol", BEYOND, 5,
	  "element 'allow': attribute 'ports' needs protocol tcp, udp or sctp" },
	{ "lock_ports_zero", BEYOND, 5,
	  "element 'allow': attribute 'ports' wants numbers from 1 to 65535, as in '22,80,8000-81" },
	{ "lock_protocol", SCHEMA, 5,
	  "element 'allow': attribute 'protocol' 'http' is none of: tcp, udp, icmp, icmpv6, sctp," },
	{ "lock_protocol_number", SCHEMA, 5,
	  "element 'allow': attribute 'protocol' '256' is none of: tcp, udp, icmp, icmpv6, sctp, " },
	{ "lock_response_action", SCHEMA, 4,
	  "element 'response': attribute 'action' 'reboot' is none of: alert, quarantine, block-f" },
	{ "lock_response_action_missing", SCHEMA, 4,
	  "element 'response': attribute 'action' is missing" },
	{ "lock_response_backend", SCHEMA, 4,
	  "element 'response': attribute 'backend' 'iptables' is none of: nftables, nwfilter" },
	{ "lock_response_grade", SCHEMA, 4,
	  "element 'response': attribute 'grade' 'soft' is none of: forensic, strict" },
	{ "lock_response_ttl_large", SCHEMA, 4,
	  "element 'response': attribute 'ttl' is not a number from 60 to 604800: '604801'" },
	{ "lock_response_ttl_small", SCHEMA, 4,
	  "element 'response': attribute 'ttl' is not a number from 60 to 604800: '59'" },
	{ "lock_response_ttl_unit", SCHEMA, 4,
	  "element 'response': attribute 'ttl' is not a number from 60 to 604800: '1h'" },
	{ "lock_response_twice", SCHEMA, 5,
	  "element 'response': stands twice inside 'lock'" },
	{ "lock_root", SCHEMA, 1,
	  "element 'zone': a lock starts with element 'lock', in no namespace" },
	{ "lock_rule_attribute", SCHEMA, 5,
	  "element 'allow': attribute 'port' is not known" },
	{ "lock_rule_from_missing", SCHEMA, 5,
	  "element 'allow': attribute 'from' is missing" },
	{ "lock_rule_from_name", SCHEMA, 5,
	  "element 'allow': attribute 'from' is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the fir" },
	{ "lock_rule_text", SCHEMA, 5,
	  "element 'allow': text does not belong here" },
	{ "lock_rule_to_inbound", SCHEMA, 5,
	  "element 'allow': attribute 'to' is not known" },
	{ "lock_rule_unknown", SCHEMA, 5,
	  "element 'reject': not known inside 'inbound'" },
	{ "lock_rules_too_many", BEYOND, 261,
	  "element 'allow': more than 256 rules" },
	{ "lock_zone_any", BEYOND, 3,
	  "element 'zone': a lock guards one zone, not 'any'" },
	{ "lock_zone_missing", SCHEMA, 1,
	  "element 'lock': element 'zone' is missing" },
	{ "lock_zone_name", SCHEMA, 3,
	  "element 'zone': text is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a letter o" },
	{ "lock_zone_twice", SCHEMA, 4,
	  "element 'zone': stands twice inside 'lock'" },
	{ "zone_attribute_on_root", SCHEMA, 1,
	  "element 'zone': attribute 'name' is not known" },
	{ "zone_bridge_too_long", SCHEMA, 4,
	  "element 'bridge': attribute 'name' is longer than 15 bytes" },
	{ "zone_cidr_address", BEYOND, 4,
	  "element 'cidr': attribute 'address' is not an IP address: '10.0.0'" },
	{ "zone_cidr_host_bits", BEYOND, 4,
	  "element 'cidr': address '10.9.0.1' has bits beyond prefix 16; write '10.9.0.0'" },
	{ "zone_cidr_prefix_missing", SCHEMA, 4,
	  "element 'cidr': attribute 'prefix' is missing" },
	{ "zone_cidr_prefix_sign", SCHEMA, 4,
	  "element 'cidr': attribute 'prefix' is not a number from 0 to 32: '+8'" },
	{ "zone_cidr_prefix_v4", BEYOND, 4,
	  "element 'cidr': attribute 'prefix' is not a number from 0 to 32: '33'" },
	{ "zone_cidr_prefix_v6", SCHEMA, 4,
	  "element 'cidr': attribute 'prefix' is not a number from 0 to 128: '129'" },
	{ "zone_depth", NOT_XML, 66,
	  "elements are nested too deeply" },
	{ "zone_description_too_long", BEYOND, 3,
	  "element 'description': longer than 1024 bytes" },
	{ "zone_doctype", NOT_XML, 2,
	  "a DOCTYPE is not accepted" },
	{ "zone_doctype_external", NOT_XML, 1,
	  "a DOCTYPE is not accepted" },
	{ "zone_domain_both", SCHEMA, 4,
	  "element 'domain': wants either attribute 'name' or attribute 'uuid'" },
	{ "zone_domain_empty", SCHEMA, 4,
	  "element 'domain': wants either attribute 'name' or attribute 'uuid'" },
	{ "zone_domain_name_empty", SCHEMA, 4,
	  "element 'domain': attribute 'name' is empty" },
	{ "zone_domain_uuid", SCHEMA, 4,
	  "element 'domain': attribute 'uuid' is not a UUID: 'web'" },
	{ "zone_element_unknown", SCHEMA, 3,
	  "element 'member': not known inside 'zone'" },
	{ "zone_entity_unknown", NOT_XML, 2,
	  "Entity 'a' not defined" },
	{ "zone_member_twice", BEYOND, 5,
	  "element 'domain': the same member stands on line 4 already" },
	{ "zone_member_unknown", SCHEMA, 4,
	  "element 'host': not known inside 'members'" },
	{ "zone_members_twice", SCHEMA, 4,
	  "element 'members': stands twice inside 'zone'" },
	{ "zone_metadata_attribute", SCHEMA, 4,
	  "element 'metadata': attribute 'name' is not known" },
	{ "zone_metadata_name", SCHEMA, 4,
	  "element 'metadata': attribute 'zone' is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the " },
	{ "zone_name_any", BEYOND, 2,
	  "element 'name': 'any' stands for everybody in rules and cannot name a zone" },
	{ "zone_name_empty", SCHEMA, 2,
	  "element 'name': text is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a letter o" },
	{ "zone_name_first_character", SCHEMA, 2,
	  "element 'name': text is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a letter o" },
	{ "zone_name_missing", SCHEMA, 1,
	  "element 'zone': element 'name' is missing" },
	{ "zone_name_space", SCHEMA, 2,
	  "element 'name': text is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a letter o" },
	{ "zone_name_too_long", SCHEMA, 2,
	  "element 'name': text is not a name (1 to 63 of A-Z a-z 0-9 . _ -, the first a letter o" },
	{ "zone_name_twice", SCHEMA, 3,
	  "element 'name': stands twice inside 'zone'" },
	{ "zone_name_with_element", SCHEMA, 2,
	  "element 'b': not known inside 'name'" },
	{ "zone_namespace", SCHEMA, 1,
	  "element 'zone': a zone starts with element 'zone', in no namespace" },
	{ "zone_network_missing", SCHEMA, 4,
	  "element 'network': attribute 'name' is missing" },
	{ "zone_not_closed", NOT_XML, 3,
	  "Premature end of data in tag zone line 1" },
	{ "zone_not_xml", NOT_XML, 1,
	  "Start tag expected, '<' not found" },
	{ "zone_root", SCHEMA, 1,
	  "element 'zones': a zone starts with element 'zone', in no namespace" },
	{ "zone_text", SCHEMA, 1,
	  "element 'zone': text does not belong here" },
	{ "zone_two_roots", NOT_XML, 4,
	  "Extra content at the end of the document" },
	{ "zone_uuid", SCHEMA, 3,
	  "element 'uuid': not a UUID: '12345678-1234-1234-1234-12345678901'" },
};
/* clang-format on */

static int parse(
	const char *kind, const char *text, const char *file, struct zl_error *err)
{
	struct zl_zone *zone = NULL;
	struct zl_lock *lock = NULL;
	struct zl_host *host = NULL;
	int r;

	if (strncmp(kind, "zone", 4) == 0)
		r = zl_zone_parse(text, file, &zone, err);
	else if (strncmp(kind, "lock", 4) == 0)
		r = zl_lock_parse(text, file, &lock, err);
	else
		r = zl_host_parse(text, file, &host, err);
	assert_true(r < 0 && zone == NULL && lock == NULL && host == NULL);
	return r;
}

static const char *schema_of(const char *kind)
{
	if (strncmp(kind, "zone", 4) == 0)
		return "policy/zone.rng";
	return strncmp(kind, "lock", 4) == 0 ? "policy/lock.rng" : "inventory/host.rng";
}

static void test_refused(void **state)
{
	const struct invalid *c = *state;
	struct zl_error err = { 0 };
	char path[128], where[96];
	ZL_AUTO(zl_mem) char *text = NULL;
	const char *msg;

	(void)snprintf(path, sizeof(path), FOLDER "/%s.xml", c->file);
	(void)snprintf(where, sizeof(where), "%s:%d", c->file, c->line);
	text = textfile_read(path);
	assert_int_equal(-EBADMSG, parse(c->file, text, c->file, &err));
	assert_string_equal(where, err.where);
	assert_int_equal(c->who == NOT_XML, strcmp(err.id, "xml.invalid") != 0);
	msg = err.msg + strlen(where) + 2;
	if (strncmp(c->msg, msg, strlen(c->msg)) != 0)
		fail_msg("%s: says: %s", c->file, err.msg);
}

/* The schema alone must notice what it can: it is what editors and others use. */
static void test_schema(void **state)
{
	const struct invalid *c = *state;
	ZL_AUTO(zl_mem) char *rng = textfile_read(schema_of(c->file));
	ZL_AUTO(zl_mem) char *text = NULL;
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	struct zl_error err = { 0 };
	char path[128];
	int r;

	(void)snprintf(path, sizeof(path), FOLDER "/%s.xml", c->file);
	text = textfile_read(path);
	r = zl_xml_parse(text, strlen(text), path, &x, &err);
	assert_int_equal(c->who == NOT_XML ? -EBADMSG : 0, r);
	if (r < 0)
		return;
	r = zl_xml_validate(x, rng, strlen(rng), &err);
	assert_int_equal(c->who == SCHEMA ? -EBADMSG : 0, r);
}

static int has_row(const char *file)
{
	size_t n = strlen(file) - strlen(".xml");

	for (size_t i = 0; i < N_ITEMS(invalid); i++)
		if (strlen(invalid[i].file) == n &&
			strncmp(invalid[i].file, file, n) == 0)
			return 1;
	return 0;
}

static void test_every_file_has_a_row(void **state)
{
	DIR *dir = opendir(FOLDER);
	const struct dirent *e;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (!has_row(e->d_name))
			fail_msg("%s has no row", e->d_name);
		n++;
	}
	(void)closedir(dir);
	assert_int_equal(N_ITEMS(invalid), n);
}

int main(void)
{
	enum { N = N_ITEMS(invalid) };
	struct CMUnitTest tests[2 * N + 1] = { 0 };
	static char names[N][64];

	for (size_t i = 0; i < N; i++) {
		(void)snprintf(
			names[i], sizeof(names[i]), "schema: %s", invalid[i].file);
		tests[2 * i] = (struct CMUnitTest){ .name = invalid[i].file,
			.test_func = test_refused,
			.initial_state = &invalid[i] };
		tests[2 * i + 1] = (struct CMUnitTest){ .name = names[i],
			.test_func = test_schema,
			.initial_state = &invalid[i] };
	}
	tests[2 * N] = (struct CMUnitTest)cmocka_unit_test(test_every_file_has_a_row);
	return cmocka_run_group_tests_name("xml_invalid", tests, NULL, NULL);
}
