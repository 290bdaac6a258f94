/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exporter's configuration, and what pmacctd is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "exporter/pmacctd.h"

/* Read a file of these lines below [exporter]. */
static int read_text(
	const char *text, struct zl_exporter_config *ret, struct zl_error *reterr)
{
	char path[] = "/tmp/zl-test-exporter.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(11, write(fd, "[exporter]\n", 11));
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	(void)close(fd);
	memset(ret, 0, sizeof(*ret));
	r = zl_exporter_config_read(path, ret, reterr);
	(void)unlink(path);
	return r;
}

static struct bad_case {
	const char *name, *text, *says;
} bad_cases[] = {
	{ "no collector", "version = 10\n", "no collector is configured" },
	{ "no port", "collector = 192.0.2.1\n", "not an ADDRESS:PORT" },
	{ "a name", "collector = controller:2055\n", "not an ADDRESS:PORT" },
	{ "NetFlow v5", "collector = 192.0.2.1:2055\nversion = 5\n", "version" },
	{ "source", "collector = 192.0.2.1:2055\nsource-address = eth0\n",
		"not an address" },
};

static void test_bad(void **state)
{
	const struct bad_case *c = *state;
	struct zl_exporter_config config;
	struct zl_error err = { 0 };

	assert_int_equal(-EINVAL, read_text(c->text, &config, &err));
	if (strstr(err.msg, c->says) == NULL)
		fail_msg("'%s' does not say '%s'", err.msg, c->says);
}

static const char *told(const char *text)
{
	static char buf[ZL_PMACCTD_TEXT];
	struct zl_exporter_config config;
	struct zl_error err = { 0 };

	if (read_text(text, &config, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(0, zl_pmacctd_format(&config, buf, sizeof(buf)));
	zl_exporter_config_done(&config);
	return buf;
}

static void has(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("no '%s' in\n%s", line, text);
}

static void test_told(void **state)
{
	const char *text;

	(void)state;
	text = told("collector = 192.0.2.1:2055\n");
	has(text, "\nnfprobe_receiver: 192.0.2.1:2055\n");
	has(text, "\npcap_interfaces_map: /run/zonelock-exporter/taps.map\n");
	has(text, "\nnfprobe_version: 10\n");
	has(text, "\nnfprobe_dont_cache: true\n");
	assert_null(strstr(text, "nfprobe_source_ip"));
	text = told(
		"collector = [2001:db8::1]:4739\nsource-address = 2001:db8::2\n"
		"version = 9\ncache = yes\nactive-timeout = 60\nidle-timeout = 15\n");
	has(text, "\nnfprobe_receiver: [2001:db8::1]:4739\n");
	has(text, "\nnfprobe_source_ip: 2001:db8::2\n");
	has(text, "\nnfprobe_version: 9\n");
	has(text, "\nnfprobe_timeouts: tcp=15:tcp.rst=15:tcp.fin=15:udp=15:icmp=15:"
		  "general=15:maxlife=60:expint=1\n");
	has(text, "\nnfprobe_dont_cache: false\n");
}

static void test_process(void **state)
{
	(void)state;
	/* cmocka catches nothing of SIGUSR2, and init is not ours to ask. */
	assert_false(zl_pmacctd_is_ready(getpid()));
	assert_false(zl_pmacctd_is_ready(0));
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(bad_cases) + 2] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_process),
	};

	for (size_t i = 0; i < N_ITEMS(bad_cases); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = bad_cases[i].name,
			.test_func = test_bad,
			.initial_state = &bad_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
