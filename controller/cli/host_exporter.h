/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-exporter: how to let a host send flow records that show its taps. */
#ifndef ZL_CLI_HOST_EXPORTER_H
#define ZL_CLI_HOST_EXPORTER_H
#include "controller/cli/cli.h"

/*
 * Prints, out of a table, what to type on the host whose XML `reply` (of DumpHost) holds;
 * nothing is done anywhere.
 */
int zl_host_exporter_print(
	struct zl_cli *cli, const struct zl_args *args, const json_t *reply);

#endif
