/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: what a client sends to the control socket, at each level of access. */
#include <stdint.h>
#include <unistd.h>

#include "tests/support/controlkit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zl_kit k; /* one server for all inputs, as in life */

	if (k.ctl == NULL)
		zl_kit_init(&k, NULL, NULL);
	for (int access = ZL_ACCESS_NONE; access < ZL_ACCESS_N; access++) {
		int fd = zl_kit_connect(&k, (enum zl_access)access);

		(void)zl_kit_send(&k, fd, data, size);
		(void)close(fd);
		zl_kit_turn(&k);
		if (zl_control_connections(k.ctl) != 0)
			__builtin_trap(); /* who is gone is forgotten */
	}
	return 0;
}
