/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder of captures. */
#include "tests/support/capturegen.h"

static void put(
	struct zl_flowgen *g, const struct zl_capturegen *f, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		zl_flowgen_u8(
			g, (uint8_t)(v >> 8 * (f->is_big_endian ? n - 1 - i : i)));
}

/* A block of pcapng around its body. */
static void put_block(struct zl_flowgen *g, const struct zl_capturegen *f,
	uint32_t type, const struct zl_flowgen *body)
{
	size_t padded = (body->n + 3) / 4 * 4;

	put(g, f, type, 4);
	put(g, f, padded + 12, 4);
	zl_flowgen_bytes(g, body->bytes, body->n);
	put(g, f, 0, padded - body->n);
	put(g, f, padded + 12, 4);
}

void zl_capturegen_section(struct zl_flowgen *g, const struct zl_capturegen *f)
{
	static struct zl_flowgen body;

	body.n = 0;
	put(&body, f, 0x1a2b3c4d, 4);
	put(&body, f, 1, 2);
	put(&body, f, 0, 2);
	put(&body, f, UINT64_MAX, 8);
	put_block(g, f, 0x0a0d0d0a, &body);
	for (unsigned i = 0; i < f->n_interfaces; i++) {
		body.n = 0;
		put(&body, f, f->dlt, 2);
		put(&body, f, 0, 2);
		put(&body, f, 65535, 4);
		if (f->tsresol != 0) {
			put(&body, f, 9, 2); /* if_tsresol */
			put(&body, f, 1, 2);
			zl_flowgen_u8(&body, (uint8_t)f->tsresol);
			put(&body, f, 0, 3);
			put(&body, f, 0, 4); /* end of options */
		}
		put_block(g, f, 1, &body);
	}
}

void zl_capturegen_head(struct zl_flowgen *g, const struct zl_capturegen *f)
{
	if (f->is_ng) {
		zl_capturegen_section(g, f);
		return;
	}
	put(g, f, f->magic, 4);
	put(g, f, 2, 2);
	put(g, f, 4, 2);
	put(g, f, 0, 8);
	put(g, f, 65535, 4);
	put(g, f, f->dlt, 4);
}

void zl_capturegen_packet(struct zl_flowgen *g, const struct zl_capturegen *f,
	unsigned i, const struct zl_flowgen *packet)
{
	static struct zl_flowgen body;
	uint32_t part =
		(uint32_t)((uint64_t)ZL_CAPTUREGEN_US * f->per_second / 1000000 + 1);
	uint64_t stamp = (uint64_t)ZL_CAPTUREGEN_SECONDS * f->per_second + part;

	if (!f->is_ng) {
		put(g, f, ZL_CAPTUREGEN_SECONDS, 4);
		put(g, f, f->per_second == 1000000 ? ZL_CAPTUREGEN_US : part, 4);
		put(g, f, packet->n, 4);
		put(g, f, packet->n, 4);
		zl_flowgen_bytes(g, packet->bytes, packet->n);
		return;
	}
	if (f->per_second == 1000000)
		stamp--;
	body.n = 0;
	if (f->block == ZL_CAPTUREGEN_EPB)
		put(&body, f, i % f->n_interfaces, 4);
	if (f->block == ZL_CAPTUREGEN_PB) {
		put(&body, f, i % f->n_interfaces, 2);
		put(&body, f, 0, 2);
	}
	if (f->block != ZL_CAPTUREGEN_SPB) {
		put(&body, f, stamp >> 32, 4);
		put(&body, f, stamp & UINT32_MAX, 4);
		put(&body, f, packet->n, 4);
	}
	put(&body, f, packet->n, 4);
	zl_flowgen_bytes(&body, packet->bytes, packet->n);
	put_block(g, f, (uint32_t)f->block, &body);
}
