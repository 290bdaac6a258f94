/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: sFlow datagrams of one exporter in a row, state kept between them.
 *
 *	| length (u16) | that many bytes | ...; the version need not be there: it is
 *	written over the first four
 */
#include <string.h>

#include "base/cursor.h"
#include "tests/fuzz/flow.h"

struct found {
	size_t n;
	const struct zl_datagram *datagram;
};

static void on_flow(const struct zl_flow *f, void *user)
{
	struct found *found = user;

	if (f->version != ZL_FLOW_SFLOW || f->packets != 1 ||
		(f->present & ZL_FLOW_OCTETS) == 0 ||
		((f->present & ZL_FLOW_SRC) != 0) != (f->ip_version != 0) ||
		++found->n > found->datagram->n)
		abort();
}

static void on_counters(const struct zl_if_counters *counters, void *user)
{
	struct found *found = user;

	(void)counters;
	if (++found->n > found->datagram->n)
		abort();
}

static void send(struct zl_exporters *x, struct zl_cursor one, uint64_t now_us)
{
	struct zl_datagram dg = {
		.n = one.left, .port = 1, .now.us = now_us, .from = zl_addr_from_v4(1)
	};
	struct found found = { .datagram = &dg };
	const struct zl_decode_sinks sinks = {
		.flow = on_flow, .counters = on_counters, .user = &found
	};
	uint8_t *exact = malloc(one.left == 0 ? 1 : one.left);

	if (exact == NULL)
		return;
	memcpy(exact, one.at, one.left);
	if (one.left >= 4)
		memcpy(exact, (const uint8_t[]){ 0, 0, 0, 5 }, 4);
	dg.bytes = exact;
	(void)zl_decode_to(x, &dg, &sinks);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zl_cursor all = { .at = data, .left = size };
	struct zl_exporters x;
	uint64_t now_us = 1;

	zl_fuzz_flow_init(&x);
	while (all.left >= 2) {
		struct zl_cursor one = zl_get_window(&all, zl_get_u16(&all));

		if (!one.bad)
			send(&x, one, now_us++);
	}
	zl_exporters_done(&x);
	return 0;
}
