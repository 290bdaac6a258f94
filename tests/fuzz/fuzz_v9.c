/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: one NetFlow v9 datagram, sent twice, so that data meets its template. */
#include "tests/fuzz/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zl_exporters x;

	if (size > UINT16_MAX)
		return 0;
	zl_fuzz_flow_init(&x);
	zl_fuzz_flow_send(&x, data, size, 1);
	zl_fuzz_flow_send(&x, data, size, 2);
	zl_exporters_done(&x);
	return 0;
}
