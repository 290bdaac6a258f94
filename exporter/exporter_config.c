/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the exporter's options; to add one, add a row. */
#include "exporter/exporter_config.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/cleanup.h"

#define INTO(m) .section = "exporter", .offset = offsetof(struct zl_exporter_config, m)

/* clang-format off */
const struct zl_option zl_exporter_options[] = {
	{ INTO(active_timeout), .name = "active-timeout", .type = ZL_OPTION_INT, .min = 1, .max = 3600,
	  .def = "1", .help = "seconds after which a flow that goes on is reported, with cache = yes" },
	{ INTO(cache), .name = "cache", .type = ZL_OPTION_BOOL, .def = "no",
	  .help = "yes: a record for each flow, when it ends; no: one for each packet" },
	{ INTO(collector), .name = "collector", .type = ZL_OPTION_STRING, .def = "",
	  .help = "address:port of the controller; must be given" },
	{ INTO(idle_timeout), .name = "idle-timeout", .type = ZL_OPTION_INT, .min = 1, .max = 3600,
	  .def = "1", .help = "seconds after which a flow that is silent is reported, with cache = yes" },
	{ INTO(immediate), .name = "immediate", .type = ZL_OPTION_BOOL, .def = "yes",
	  .help = "yes: pmacctd sees each packet at once; no: within a second, for less work" },
	{ INTO(log_level), .name = "log-level", .type = ZL_OPTION_STRING, .def = "info",
	  .help = "debug, info, notice, warning or err" },
	{ INTO(pmacctd), .name = "pmacctd", .type = ZL_OPTION_STRING, .def = "/usr/sbin/pmacctd",
	  .help = "the program" },
	{ INTO(run_directory), .name = "run-directory", .type = ZL_OPTION_STRING,
	  .def = "/run/zonelock-exporter", .help = "where pmacctd's configuration is written" },
	{ INTO(settle_ms), .name = "settle-ms", .type = ZL_OPTION_INT, .min = 0, .max = 60000,
	  .def = "100", .help = "how long taps must be at rest before pmacctd is told of a change" },
	{ INTO(source_address), .name = "source-address", .type = ZL_OPTION_STRING, .def = "",
	  .help = "address to send from; empty: what the routes say" },
	{ INTO(user), .name = "user", .type = ZL_OPTION_STRING, .def = "_zonelock-exporter",
	  .help = "who it becomes, keeping CAP_NET_RAW; empty: stays root" },
	{ INTO(version), .name = "version", .type = ZL_OPTION_INT, .min = 9, .max = 10, .def = "10",
	  .help = "9: NetFlow v9; 10: IPFIX" },
};
/* clang-format on */

const size_t zl_exporter_options_len = N_ITEMS(zl_exporter_options);

static int check(const struct zl_exporter_config *c, struct zl_error *reterr)
{
	struct sockaddr_storage to;
	struct zl_addr from;
	unsigned len;

	if (c->collector[0] == '\0')
		return zl_fail_id(reterr, -EINVAL, "exporter.collector",
			"write 'collector = ADDRESS:2055' below [exporter]",
			"no collector is configured");
	if (!zl_endpoint_parse(c->collector, &to, &len))
		return zl_fail(reterr, -EINVAL,
			"collector = %s: not an ADDRESS:PORT or [ADDRESS]:PORT",
			c->collector);
	if (c->source_address[0] != '\0' && !zl_addr_parse(c->source_address, &from))
		return zl_fail(reterr, -EINVAL, "source-address = %s: not an address",
			c->source_address);
	return 0;
}

int zl_exporter_config_read(
	const char *path, struct zl_exporter_config *ret, struct zl_error *reterr)
{
	const char *file = path == NULL ? ZL_EXPORTER_CONFIG_PATH : path;
	int r = zl_config_read(file, path == NULL, zl_exporter_options,
		zl_exporter_options_len, ret, reterr);

	if (r >= 0) {
		r = check(ret, reterr);
		if (r < 0)
			zl_error_where(reterr, "%s", file);
	}
	if (r < 0)
		zl_exporter_config_done(ret);
	return r;
}

void zl_exporter_config_done(struct zl_exporter_config *c)
{
	zl_config_done(zl_exporter_options, zl_exporter_options_len, c);
}
