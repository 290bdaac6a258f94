/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts: canonical XML and round trips; and all examples that we ship.  What is
 * refused: test_xml_invalid.c.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/host.h"
#include "policy/lock.h"
#include "policy/zone.h"
#include "tests/support/textfile.h"

static const char full[] =
	"<host>\n"
	"  <name>hv1</name>\n"
	"  <uuid>0123abcd-0000-4000-8000-0000000000ff</uuid>\n"
	"  <description>rack 7</description>\n"
	"  <libvirt uri='qemu+unix:///system?socket=/run/a-ro&amp;mode=direct' "
	"actuator-uri='qemu+ssh://root@hv1/system?keyfile=/k&amp;no_tty=1'/>\n"
	"  <agent address='unix:///run/it&apos;s/agent.sock'/>\n"
	"  <exporter address='172.31.0.1' interfaces='ifindex' sampling='1'/>\n"
	"  <exporter address='172.31.1.0/24' interfaces='none'/>\n"
	"  <exporter address='fd00::1' interfaces='ifindex'/>\n"
	"  <exporter address='fd00:1::/64' interfaces='openflow' "
	"sampling='1000000000'/>\n"
	"  <exporter address='172.31.2.1' interfaces='fixed'/>\n"
	"</host>\n";

struct canonical_case {
	const char *name, *xml, *want;
};

/* clang-format off */
static struct canonical_case canonical_cases[] = {
	{ "everything", full, full },
	{ "smallest", "<host><name>a</name><libvirt uri='test:///default'/></host>",
	  "<host>\n  <name>a</name>\n  <libvirt uri='test:///default'/>\n</host>\n" },
	{ "interfaces mean nothing by default",
	  "<host><exporter address='10.0.0.1'/><libvirt uri='qemu:///system'/><name>a</name></host>",
	  "<host>\n  <name>a</name>\n  <libvirt uri='qemu:///system'/>\n"
	  "  <exporter address='10.0.0.1' interfaces='none'/>\n</host>\n" },
};
/* clang-format on */

static void test_canonical(void **state)
{
	const struct canonical_case *c = *state;
	ZL_AUTO(zl_host) struct zl_host *h = NULL, *again = NULL;
	ZL_AUTO(zl_mem) char *text = NULL, *twice = NULL;
	struct zl_error err = { 0 };

	if (zl_host_parse(c->xml, "host.xml", &h, &err) != 0)
		fail_msg("%s", err.msg);
	text = zl_host_format(h);
	assert_non_null(text);
	assert_string_equal(c->want, text);
	assert_int_equal(0, zl_host_parse(text, "host.xml", &again, &err));
	twice = zl_host_format(again);
	assert_string_equal(text, twice);
}

static void test_fields(void **state)
{
	ZL_AUTO(zl_host) struct zl_host *h = NULL, *small = NULL;
	char text[ZL_PREFIX_STR];

	(void)state;
	assert_int_equal(0, zl_host_parse(full, "host.xml", &h, NULL));
	assert_string_equal("qemu+unix:///system?socket=/run/a-ro&mode=direct", h->uri);
	assert_string_equal("qemu+ssh://root@hv1/system?keyfile=/k&no_tty=1",
		zl_host_actuator_uri(h));
	assert_string_equal("/run/it's/agent.sock", h->agent_path);
	assert_int_equal(5, h->n_exporters);
	assert_int_equal(1, h->exporters[0].sampling);
	assert_int_equal(0, h->exporters[1].sampling);
	assert_int_equal(1000000000, h->exporters[3].sampling);
	assert_int_equal(ZL_HOST_INTERFACES_FIXED, h->exporters[4].interfaces);
	assert_int_equal(128, h->exporters[0].prefix.len);
	assert_int_equal(ZL_HOST_INTERFACES_IFINDEX, h->exporters[0].interfaces);
	assert_string_equal(
		"172.31.1.0/24", zl_prefix_format(&h->exporters[1].prefix, text));
	assert_int_equal(ZL_HOST_INTERFACES_NONE, h->exporters[1].interfaces);
	assert_string_equal(
		"ifindex", zl_host_interfaces_name(ZL_HOST_INTERFACES_IFINDEX));

	assert_int_equal(0, zl_host_parse(canonical_cases[1].xml, NULL, &small, NULL));
	assert_null(small->agent_path);
	assert_string_equal("test:///default", zl_host_actuator_uri(small));
}

/* The kind of object is how the file's name begins: zone-web.xml. */
static void check_example(const char *path, const char *file)
{
	ZL_AUTO(zl_mem) char *text = textfile_read(path);
	ZL_AUTO(zl_zone) struct zl_zone *zone = NULL;
	ZL_AUTO(zl_lock) struct zl_lock *lock = NULL;
	ZL_AUTO(zl_host) struct zl_host *host = NULL;
	struct zl_error err = { 0 };
	int r = -1;

	if (strncmp(file, "zone", 4) == 0)
		r = zl_zone_parse(text, file, &zone, &err);
	else if (strncmp(file, "lock", 4) == 0)
		r = zl_lock_parse(text, file, &lock, &err);
	else if (strncmp(file, "host", 4) == 0)
		r = zl_host_parse(text, file, &host, &err);
	if (r < 0)
		fail_msg("%s: %s", path, err.msg);
}

static void test_examples(void **state)
{
	DIR *dir = opendir("examples");
	const struct dirent *e;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		const char *dot = strrchr(e->d_name, '.');
		char path[300];

		if (dot == NULL || strcmp(dot, ".xml") != 0)
			continue;
		(void)snprintf(path, sizeof(path), "examples/%s", e->d_name);
		check_example(path, e->d_name);
		n++;
	}
	(void)closedir(dir);
	assert_true(n > 0);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_examples),
	};
	struct CMUnitTest tests[N_ITEMS(canonical_cases) + N_ITEMS(others)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(canonical_cases); i++)
		tests[i] = (struct CMUnitTest){ .name = canonical_cases[i].name,
			.test_func = test_canonical,
			.initial_state = &canonical_cases[i] };
	memcpy(tests + N_ITEMS(canonical_cases), others, sizeof(others));
	return cmocka_run_group_tests_name("host_xml", tests, NULL, NULL);
}
