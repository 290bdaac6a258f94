/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock, the command: see zonelock(1). */
#include <time.h>

#include "controller/cli/cli.h"

int main(int argc, char **argv)
{
	struct zl_cli cli = {
		.in = stdin, .out = stdout, .err = stderr, .now = zl_wall_now()
	};

	/* SIGPIPE keeps its default: "zonelock flow-list | head" ends quietly. */
	tzset();
	return zl_cli_main(&cli, argc, argv);
}
