/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UDP datagrams of a capture file, one after the other: pcap and pcapng, from a file
 * or a stream, through libpcap.
 *
 *	r = zl_capture_open("x.pcap", &capture, &err);
 *	while ((r = zl_capture_next(capture, &datagram, &err)) > 0)
 *		...
 *	zl_capture_free(capture);
 *
 * One packet is in memory at a time; libpcap bounds its size (256 KiB in pcap, 16 MiB for
 * a block of pcapng).  All four magics of pcap; of pcapng both byte orders, all
 * resolutions of time, several sections and interfaces.  What libpcap 1.10 refuses:
 * interfaces with different link types or snapshot lengths in one file, two interfaces
 * with raw IP, and sections with different byte orders.  Link types: Ethernet, Linux cooked (both), loopback, raw IP.
 */
#ifndef ZL_FLOW_CAPTURE_H
#define ZL_FLOW_CAPTURE_H
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "controller/flow/datagram.h"

struct zl_capture;

/*
 * Start reading the file `path`.
 *
 *	-ENOENT, ...	it cannot be opened
 *	-EBADMSG	it is no capture, or none that can be read
 *	-EOPNOTSUPP	its link type is none of ours
 */
int zl_capture_open(
	const char *path, struct zl_capture **ret, struct zl_error *reterr) ZL_CHECKED;

/*
 * The same from a stream, which may be a pipe; `name` is for sentences.  It is closed with
 * the capture, and when this fails, unless it is stdin.
 */
int zl_capture_new(FILE *file, const char *name, struct zl_capture **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_capture_free(struct zl_capture *c);
ZL_DEFINE_AUTO(zl_capture, struct zl_capture, zl_capture_free);

struct zl_captured {
	struct zl_wall time;
	struct zl_datagram_found udp; /* its bytes are valid until the next call */
};

/*
 * The next UDP datagram; packets that hold none are counted and passed over.
 * 1, 0 at the end, or -EBADMSG: broken or cut short here, or an interface that libpcap
 * refuses; what came before stands.
 */
int zl_capture_next(struct zl_capture *c, struct zl_captured *ret,
	struct zl_error *reterr) ZL_CHECKED;

/* Packets read so far, by what they are. */
const uint64_t *zl_capture_counts(const struct zl_capture *c); /* [ZL_DATAGRAM_N] */

#endif
