/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the agent's options; to add one, add a row. */
#include "mitigate/agent/agent_config.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mitigate/agent/limits.h"

#define INTO(m) .section = "agent", .offset = offsetof(struct zl_agent_config, m)

/* clang-format off */
const struct zl_option zl_agent_options[] = {
	{ INTO(forensic_address), .name = "forensic-address", .type = ZL_OPTION_LIST, .def = "",
	  .help = "address@MAC, ...: whom a domain in forensic quarantine may still talk to" },
	{ INTO(hard_cap), .name = "hard-cap", .type = ZL_OPTION_INT, .min = 1, .max = 315360000,
	  .def = "604800", .help = "seconds after which every lease ends, whatever it says" },
	{ INTO(hold_unknown_ms), .name = "hold-unknown-ms", .type = ZL_OPTION_INT, .min = 0,
	  .max = 600000, .def = "5000",
	  .help = "how long a new tap is cut off while nobody claims it and a domain of "
		  "this host is quarantined; 0 never" },
	{ INTO(log_level), .name = "log-level", .type = ZL_OPTION_STRING, .def = "info",
	  .help = "debug, info, notice, warning or err" },
	{ INTO(never_touch), .name = "never-touch", .type = ZL_OPTION_LIST, .def = "",
	  .help = "domain uuids, MACs and interfaces that no lease may touch" },
	{ INTO(socket), .name = "socket", .type = ZL_OPTION_STRING,
	  .def = "/run/zonelock-agent/agent.sock", .help = "where the engine connects" },
	{ INTO(socket_group), .name = "socket-group", .type = ZL_OPTION_STRING, .def = "zonelock",
	  .help = "group whose members may connect, beside root" },
	{ INTO(state_directory), .name = "state-directory", .type = ZL_OPTION_STRING,
	  .def = "/var/lib/zonelock-agent", .help = "where the leases are kept" },
	{ INTO(user), .name = "user", .type = ZL_OPTION_STRING, .def = "_zonelock-agent",
	  .help = "who the agent becomes, keeping CAP_NET_ADMIN; empty: stays root" },
};
/* clang-format on */

const size_t zl_agent_options_len = N_ITEMS(zl_agent_options);

int zl_agent_config_read(const char *path, struct zl_agent_config *ret,
	const char **ret_path, struct zl_error *reterr)
{
	const char *file = path == NULL ? ZL_AGENT_CONFIG_PATH : path;
	bool optional = path == NULL && access(file, F_OK) < 0;
	int r;

	if (!optional) {
		r = zl_limits_check_file(file, geteuid(), reterr);
		if (r < 0)
			return r;
	}
	r = zl_config_read(
		file, optional, zl_agent_options, zl_agent_options_len, ret, reterr);
	if (r < 0) {
		zl_agent_config_done(ret);
		return r;
	}
	*ret_path = file;
	return 0;
}

void zl_agent_config_done(struct zl_agent_config *c)
{
	zl_config_done(zl_agent_options, zl_agent_options_len, c);
}
