/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a capture, its packets read as they stand in it and once more as if they came
 * from each other link, and what is found decoded.
 */
#include "controller/flow/capture.h"
#include "tests/fuzz/flow.h"

static void read_as_others(const struct zl_captured *c)
{
	struct zl_cursor bytes = { .at = c->udp.bytes, .left = c->udp.n };
	struct zl_datagram_found found;

	for (unsigned link = ZL_DATAGRAM_ETHERNET; link <= ZL_DATAGRAM_RAW; link++)
		if (zl_datagram_find((enum zl_datagram_link)link, bytes, &found) ==
				ZL_DATAGRAM_UDP &&
			(found.bytes < bytes.at || found.n > bytes.left))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zl_capture *capture = NULL;
	struct zl_captured c;
	struct zl_exporters x;
	struct zl_error err;
	void *lent;
	FILE *f;

	if (size == 0)
		return 0;
	memcpy(&lent, &data, sizeof(lent)); /* opened for reading only */
	f = fmemopen(lent, size, "r");
	if (f == NULL || zl_capture_new(f, "x", &capture, &err) < 0)
		return 0;
	zl_fuzz_flow_init(&x);
	while (zl_capture_next(capture, &c, &err) > 0) {
		zl_fuzz_flow_send(&x, c.udp.bytes, c.udp.n, 1);
		read_as_others(&c);
	}
	zl_exporters_done(&x);
	zl_capture_free(capture);
	return 0;
}
