/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: a capture through the whole controller, offline. */
#ifndef ZL_CLI_REPLAY_H
#define ZL_CLI_REPLAY_H
#include "controller/cli/args.h"
#include "controller/cli/cli.h"

/*
 * Prints on cli->out what came of it, and on cli->err, when it is a terminal, how far it is.
 * We only pass the capture's bytes on: who reads them is sandboxed.
 */
int zl_replay_run(struct zl_cli *cli, const struct zl_args *args);

#endif
