/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow-decode: the records of a capture, without a daemon. */
#ifndef ZL_CLI_FLOW_DECODE_H
#define ZL_CLI_FLOW_DECODE_H
#include "controller/cli/args.h"
#include "controller/cli/cli.h"

/*
 * Prints a line of JSON for each record on cli->out, and on cli->err, at the end, one
 * object with what was not used: {"<reason>":count,...} by the names of drop.c,
 * those of datagram.c for packets that hold no datagram, and "packet_other_port".
 */
int zl_flow_decode_run(struct zl_cli *cli, const struct zl_args *args);

#endif
