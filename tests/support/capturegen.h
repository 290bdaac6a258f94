/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build captures in all formats, pcap and pcapng, in memory.
 *
 *	*g = (struct zl_flowgen){ 0 };
 *	zl_capturegen_head(g, &format);
 *	zl_capturegen_packet(g, &format, 0, &packet);
 *
 * Every packet was captured at 2023-11-14T22:13:20.123456Z.
 */
#ifndef ZL_SUPPORT_CAPTUREGEN_H
#define ZL_SUPPORT_CAPTUREGEN_H
#include <stdbool.h>

#include "controller/flow/datagram.h"
#include "tests/support/flowgen.h"

enum { ZL_CAPTUREGEN_SECONDS = 1700000000, ZL_CAPTUREGEN_US = 123456 };

/* Blocks of pcapng that hold a packet. */
enum { ZL_CAPTUREGEN_PB = 2, ZL_CAPTUREGEN_SPB = 3, ZL_CAPTUREGEN_EPB = 6 };

struct zl_capturegen {
	const char *name;
	bool is_big_endian, is_ng;
	uint32_t magic; /* pcap */
	uint32_t per_second;
	int tsresol; /* pcapng: the option's value; 0: none */
	int block;
	unsigned n_sections, n_interfaces; /* of pcapng */
	uint16_t dlt;			   /* as in the file */
	enum zl_datagram_link link;
};

void zl_capturegen_head(struct zl_flowgen *g, const struct zl_capturegen *f);

/* A further section of pcapng; the head holds the first. */
void zl_capturegen_section(struct zl_flowgen *g, const struct zl_capturegen *f);

/* The packet number `i`: interfaces take turns. */
void zl_capturegen_packet(struct zl_flowgen *g, const struct zl_capturegen *f,
	unsigned i, const struct zl_flowgen *packet);

#endif
