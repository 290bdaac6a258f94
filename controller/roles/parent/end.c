/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a role ended, in words. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "controller/roles/parent/parent.h"

void zl_parent_format_end(const siginfo_t *si, char *buf, size_t size)
{
	if (si->si_code == CLD_EXITED)
		(void)snprintf(buf, size, "exit code %d", si->si_status);
	else
		(void)snprintf(buf, size, "signal %d (%s)", si->si_status,
			si->si_status == SIGSYS
				? "a system call that its sandbox forbids"
				: strsignal(si->si_status));
}
