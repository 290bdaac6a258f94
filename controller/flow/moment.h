/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When was the traffic that a record tells of, by our own clock?
 *
 * Not by the exporter's clock, which may be wrong: how old the flow's end was when the
 * datagram was sent is a difference of two times of that clock, and is subtracted from
 * the datagram's arrival.  A guest has no influence on either.
 *
 * What makes it inexact is counted in: the way from the exporter to us; the grain of its
 * times; that it gives none, when the flow is taken to be as old as exporters let them
 * get; and a datagram that took longer than others of that exporter, which shows as a
 * difference between its clock and ours that is larger than usual.
 */
#ifndef ZL_FLOW_MOMENT_H
#define ZL_FLOW_MOMENT_H
#include "controller/flow/record.h"
#include "inventory/index.h"

/* `offset_us`: our clock minus the exporter's at the arrival of its datagrams, as usual. */
struct zl_index_when zl_moment(const struct zl_flow *flow, int64_t offset_us);

/* Where the offset is not known: the same without what it would show. */
#define ZL_MOMENT_NO_OFFSET INT64_MAX

#endif
