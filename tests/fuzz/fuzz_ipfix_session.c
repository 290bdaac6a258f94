/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: datagrams of one exporter in a row, state kept between them.
 *
 *	| over TCP:1 length:15 | that many bytes | ...; an hour passes between two
 */
#include "base/cursor.h"
#include "tests/fuzz/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zl_cursor all = { .at = data, .left = size };
	struct zl_exporters x;
	uint64_t now_us = 1;

	zl_fuzz_flow_init(&x);
	while (all.left >= 2) {
		uint16_t head = zl_get_u16(&all);
		struct zl_cursor one = zl_get_window(&all, head & 0x7fff);

		if (!one.bad)
			zl_fuzz_flow_send_over(
				&x, head >> 15 != 0, one.at, one.left, now_us);
		now_us += UINT64_C(3600) * ZL_US_PER_S;
	}
	zl_exporters_done(&x);
	return 0;
}
