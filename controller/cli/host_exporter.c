/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which a host can send flow records that show its taps, as a table of what to
 * type there.
 *
 * In the lines %c is the collector's address and port, %b the bridge, %h the host's name,
 * %a the address from which the host sends.  To add a way, add a row.
 */
#include "controller/cli/host_exporter.h"

#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "inventory/host.h"

enum { PORT = 4739, COLLECTOR_MAX = 80, BRIDGE_MAX = 15 };

struct way {
	const char *title;
	const char *lines[4];
};

/*
 * enable-output-sampling=true turns it off, whatever its name says (docs/exporters.md):
 * without it each packet is told once more for each port that it leaves by.
 */
/* clang-format off */
static const struct way ways[] = {
	{ "Taps on Linux bridges: pmacctd, kept at all taps by zonelock-exporter. In /etc/zonelock/exporter.conf:",
	  { "collector = %c" } },
	{ "and then:",
	  { "systemctl enable --now zonelock-exporter" } },
	{ "Open vSwitch, bridge %b: IPFIX of every packet, without a cache (a record comes within 1 ms):",
	  { "ovs-vsctl -- --id=@i create IPFIX 'targets=\"%c\"' sampling=1 obs_domain_id=1 \\",
	    "    obs_point_id=1 cache_active_timeout=0 cache_max_flows=0 \\",
	    "    other_config:enable-output-sampling=true -- set Bridge %b ipfix=@i" } },
	{ "and to end it:",
	  { "ovs-vsctl clear Bridge %b ipfix" } },
	{ "Open vSwitch, bridge %b, in place of that: sFlow (a datagram comes about once a second):",
	  { "ovs-vsctl -- --id=@s create sFlow agent=%b 'targets=\"%c\"' sampling=1 \\",
	    "    polling=10 header=128 -- set Bridge %b sflow=@s" } },
	{ "and to end it:",
	  { "ovs-vsctl clear Bridge %b sflow" } },
	{ "In the XML of host %h (zonelock host-dumpxml %h, host-define), for each of these:",
	  { "<exporter address='%a' interfaces='ifindex' sampling='1'/>" } },
	{ "Does it work?",
	  { "zonelock host-doctor %h" } },
};
/* clang-format on */

struct words {
	const char *host, *address, *bridge;
	char collector[COLLECTOR_MAX];
};

static const char *word_of(const struct words *w, char letter)
{
	switch (letter) {
	case 'c': return w->collector;
	case 'b': return w->bridge;
	case 'h': return w->host;
	case 'a': return w->address;
	default: return "%";
	}
}

static void put_line(FILE *to, const char *line, const struct words *w)
{
	for (const char *c = line; *c != '\0'; c++)
		if (*c == '%' && c[1] != '\0')
			(void)fputs(word_of(w, *++c), to);
		else
			(void)fputc(*c, to);
	(void)fputc('\n', to);
}

/* It goes into lines that are typed into a shell: a name of an interface and no more. */
static bool is_interface(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && n <= BRIDGE_MAX && text[n] == '\0' && text[0] != '-' &&
	       text[0] != '.';
}

/* An address with or without a port, into "10.0.0.1:4739" or "[fd00::1]:4739". */
static bool read_collector(const char *text, char ret[static COLLECTOR_MAX])
{
	struct sockaddr_storage ss;
	char plain[ZL_ADDR_STR];
	struct zl_addr addr;
	uint16_t port = PORT;
	unsigned len;

	if (zl_endpoint_parse(text, &ss, &len))
		addr = zl_addr_from_sockaddr(&ss, &port);
	else if (!zl_addr_parse(text, &addr))
		return false;
	if (zl_addr_is_zero(&addr))
		return false;
	(void)snprintf(ret, COLLECTOR_MAX, zl_addr_is_v4(&addr) ? "%s:%u" : "[%s]:%u",
		zl_addr_format(&addr, plain), port);
	return true;
}

static int read_words(struct zl_cli *cli, const struct zl_args *args, struct words *w)
{
	const char *collector = zl_args_text(args, "collector");
	const char *bridge = zl_args_text(args, "bridge");

	if (!zl_args_given(args, "show")) {
		zl_cli_complain(cli, "zonelock changes nothing on the host by itself",
			"say --show, to see what to type on the host");
		return ZL_EXIT_USAGE;
	}
	if (collector == NULL || !read_collector(collector, w->collector)) {
		zl_cli_complain(cli,
			"one that the host can reach, with a port of listen = in "
			"zonelockd.conf: --collector 192.0.2.1:4739",
			"%s: not the address of this controller, with or without a "
			"port",
			collector == NULL ? "--collector" : collector);
		return ZL_EXIT_USAGE;
	}
	w->bridge = bridge == NULL ? "br0" : bridge;
	if (is_interface(w->bridge))
		return ZL_EXIT_OK;
	zl_cli_complain(cli, "", "--bridge %s: not the name of a bridge", bridge);
	return ZL_EXIT_USAGE;
}

int zl_host_exporter_print(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply)
{
	ZL_AUTO(zl_host) struct zl_host *h = NULL;
	char address[ZL_PREFIX_STR] = "ADDRESS";
	struct zl_error err = { 0 };
	struct words w = { .address = address };
	int code = read_words(cli, args, &w);

	if (code != ZL_EXIT_OK || args->json)
		return code;
	if (zl_host_parse(zl_cli_text(reply, "xml"), "the host", &h, &err) < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_FAILURE;
	}
	w.host = h->name;
	if (h->n_exporters > 0 && h->exporters[0].prefix.len == 128)
		(void)zl_addr_format(&h->exporters[0].prefix.addr, address);
	for (size_t i = 0; i < N_ITEMS(ways); i++) {
		(void)fputs(i == 0 ? "# " : "\n# ", cli->out);
		put_line(cli->out, ways[i].title, &w);
		for (size_t n = 0; n < N_ITEMS(ways[i].lines) && ways[i].lines[n]; n++)
			put_line(cli->out, ways[i].lines[n], &w);
	}
	return ZL_EXIT_OK;
}
