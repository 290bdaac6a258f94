/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: domain XML, through the parser and a frame and back. */
#include <stdint.h>
#include <string.h>

#include "inventory/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t buf[ZL_FRAME_MAX];
	struct zl_domain d, back;
	struct zl_frame_in in;
	struct zl_frame f;
	ssize_t n;

	if (zl_domain_parse(
		    (const char *)data, size, size % ZL_DOMAIN_STATE_N, &d, NULL) < 0)
		return 0;
	zl_frame_start(&f, buf, sizeof(buf), ZL_INV_DOMAIN, 0);
	zl_frame_put_str(&f, ZL_INV_A_HOST, "hv1");
	zl_domain_put(&f, ZL_INV_A_DOMAIN, &d);
	n = zl_frame_end(&f);
	/* What was accepted fits into a frame and comes out of it unchanged. */
	if (n < 0 ||
		zl_frame_parse(buf, (size_t)n, zl_inventory_messages, ZL_INV_MESSAGE_N,
			&in, NULL) < 0 ||
		zl_domain_get(in.tb[ZL_INV_A_DOMAIN], &back, NULL) < 0 ||
		/* both are zeroed first: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		memcmp(&d, &back, sizeof(d)) != 0)
		__builtin_trap();
	return 0;
}
