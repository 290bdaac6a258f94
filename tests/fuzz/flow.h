/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the targets for flow datagrams share: an exporter that may send, and a sink that checks. */
#ifndef ZL_FUZZ_FLOW_H
#define ZL_FUZZ_FLOW_H
#include <stdlib.h>

#include "controller/flow/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void zl_fuzz_flow_sink(const struct zl_flow *f, void *user)
{
	size_t *n = user;

	if ((f->ip_version != 0 && f->ip_version != 4 && f->ip_version != 6) ||
		!zl_flow_version_is_known(f->version) || ++*n > UINT16_MAX)
		abort();
}

static inline void zl_fuzz_flow_init(struct zl_exporters *x)
{
	const struct zl_prefix all = { 0 };

	zl_exporters_init(x);
	if (zl_exporters_allow(x, &all, 1, NULL) < 0)
		abort();
}

/* One datagram; no more records come from it than it has bytes. */
static inline void zl_fuzz_flow_send_over(struct zl_exporters *x, bool is_tcp,
	const uint8_t *data, size_t size, uint64_t now_us)
{
	struct zl_datagram dg = { .bytes = data,
		.n = size,
		.port = 1,
		.is_tcp = is_tcp,
		.now.us = now_us,
		.from = zl_addr_from_v4(1) };
	size_t n = 0;

	(void)zl_decode(x, &dg, zl_fuzz_flow_sink, &n);
}

static inline void zl_fuzz_flow_send(
	struct zl_exporters *x, const uint8_t *data, size_t size, uint64_t now_us)
{
	zl_fuzz_flow_send_over(x, false, data, size, now_us);
}

#endif
