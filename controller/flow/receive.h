/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving datagrams in batches, with the time each arrived (SO_TIMESTAMPNS) and how
 * many the kernel had to drop before (SO_RXQ_OVFL).
 *
 * Buffers hold the largest datagram there is, so that none is cut; memory that no
 * datagram has touched costs nothing.
 */
#ifndef ZL_FLOW_RECEIVE_H
#define ZL_FLOW_RECEIVE_H
#include "base/error.h"
#include "controller/flow/decode.h"

enum { ZL_RECEIVE_BATCH = 64 };

struct zl_receive;

int zl_receive_new(struct zl_receive **ret, struct zl_error *reterr) ZL_CHECKED;
void zl_receive_free(struct zl_receive *r);

/* Ask the kernel for times and drop counts; make it non-blocking. */
int zl_receive_prepare(int fd, struct zl_error *reterr) ZL_CHECKED;

/* The size of its receive buffer in bytes, as it was asked for. */
uint64_t zl_receive_buffer(int fd);

typedef void (*zl_receive_fn)(const struct zl_datagram *datagram, void *user);

/*
 * Take what waits on a socket, at most ZL_RECEIVE_BATCH datagrams, and call `each`.
 * Returns how many there were (0: nothing waits), or a negative errno.
 * *ret_overflow is the socket's own count of drops when a datagram told it.
 */
int zl_receive_batch(struct zl_receive *r, int fd, zl_receive_fn each, void *user,
	uint32_t *ret_overflow) ZL_CHECKED;

#endif
