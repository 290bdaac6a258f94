/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about flow records: flow-decode, flow-list, replay. */
#include "controller/cli/cli.h"
#include "controller/cli/flow_decode.h"
#include "controller/cli/flows.h"
#include "controller/cli/replay.h"

/* clang-format off */
static const struct zl_view list_view = {
	.list = "flows", ZL_COLUMNS(zl_flows_columns),
};

static const struct zl_arg decode_args[] = {
	{ .name = "file",    .type = ZL_ARG_FILE, .positional = true,
	  .help = "a capture, pcap or pcapng; - is standard input" },
	{ .name = "options", .type = ZL_ARG_FLAG,
	  .help = "print options data too, marked by \"options\":true" },
	{ .name = "port",    .type = ZL_ARG_STRING, .repeated = true,
	  .help = "what a UDP port carries, like 9995=netflow or 9996=sflow" },
};

static const struct zl_arg list_args[] = {
	{ .name = "domain", .type = ZL_ARG_STRING,
	  .help = "only flows from or to this domain" },
	{ .name = "limit",  .type = ZL_ARG_INT,
	  .help = "at most this many, the newest" },
};

static const struct zl_arg replay_args[] = {
	{ .name = "file",  .type = ZL_ARG_FILE, .positional = true,
	  .help = "a capture, pcap or pcapng; - is standard input" },
	{ .name = "setup", .type = ZL_ARG_STRING,
	  .help = "folder with hosts, zones, locks (*.xml) and links (HOST.links.json)" },
	{ .name = "speed", .type = ZL_ARG_STRING,
	  .help = "capture: as it was; max: as fast as it can, the default" },
	{ .name = "state-directory", .type = ZL_ARG_STRING,
	  .help = "folder to keep the database in" },
	{ .name = "port",  .type = ZL_ARG_STRING, .repeated = true,
	  .help = "what a UDP port carries, like 9995=netflow or 9996=sflow" },
};

const struct zl_command zl_commands_flow[] = {
	{ .name = "flow-decode", .run = zl_flow_decode_run, ZL_ARGS(decode_args),
	  .summary = "print the flow records of a capture as JSON, one a line",
	  .description = "Needs no daemon. What was not used is counted by reason, as JSON on standard error." },
	{ .name = "flow-list", .method = "ListFlows", ZL_ARGS(list_args),
	  .view = &list_view,
	  .summary = "list recent flow records, newest last",
	  .description = "The window is in memory and bounded: it is for looking now, not for history." },
	{ .name = "replay", .run = zl_replay_run, ZL_ARGS(replay_args),
	  .summary = "run a capture through a controller of its own, offline",
	  .description = "No agent is asked and nothing is enforced: it shows what would have been decided." },
};
/* clang-format on */
const size_t zl_commands_flow_n = N_ITEMS(zl_commands_flow);
