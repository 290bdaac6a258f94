/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of zonelockd.conf.  To add one, add a row and a member. */
#include <stddef.h>

#include "controller/roles/parent/parent.h"

#define AT(m) .offset = offsetof(struct zl_parent_config, m)
/* clang-format off */
const struct zl_option zl_parent_options[ZL_PARENT_OPTIONS] = {
	{ "zonelockd", "state-directory", ZL_OPTION_STRING, AT(state_directory), .def = "/var/lib/zonelock",
	  .help = "where zonelock.db is kept" },
	{ "zonelockd", "control-socket", ZL_OPTION_STRING, AT(control_socket), .def = "/run/zonelock/control.sock",
	  .help = "where the zonelock command finds us" },
	{ "zonelockd", "listen", ZL_OPTION_LIST, AT(listen), .def = "0.0.0.0:2055, [::]:2055, 0.0.0.0:4739, [::]:4739, 0.0.0.0:6343, [::]:6343, tcp:0.0.0.0:4739, tcp:[::]:4739",
	  .help = "addresses for flow records: UDP, or TCP (tcp:...)" },
	{ "zonelockd", "user-engine", ZL_OPTION_STRING, AT(user_engine), .def = "zonelock",
	  .help = "user of the engine" },
	{ "zonelockd", "user-collector", ZL_OPTION_STRING, AT(user_collector), .def = "_zonelock-collector",
	  .help = "user of the collector" },
	{ "zonelockd", "user-inventory", ZL_OPTION_STRING, AT(user_inventory), .def = "_zonelock-inventory",
	  .help = "user of the inventory" },
	{ "zonelockd", "user-actuator", ZL_OPTION_STRING, AT(user_actuator), .def = "_zonelock-actuator",
	  .help = "user of the actuator" },
	{ "zonelockd", "actuator", ZL_OPTION_BOOL, AT(actuator), .def = "no",
	  .help = "start the actuator, which the nwfilter backend needs" },
	{ "zonelockd", "forensic-address", ZL_OPTION_LIST, AT(forensic), .def = "",
	  .help = "peers of a forensic quarantine by nwfilter" },
	{ "zonelockd", "log-level", ZL_OPTION_STRING, AT(log_level), .def = "info",
	  .help = "debug, info, notice, warning or err" },
	{ "zonelockd", "receive-buffer", ZL_OPTION_INT, AT(receive_buffer), .min = 65536, .max = 1 << 30, .def = "8388608",
	  .help = "bytes of each UDP receive buffer" },
	{ "zonelockd", "libvirt-deadline", ZL_OPTION_INT, AT(libvirt_deadline), .min = 1, .max = 300, .def = "5",
	  .help = "seconds that a libvirt call may take" },
};
/* clang-format on */
