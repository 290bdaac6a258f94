/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sFlow version 5 (sflow.org, "sFlow Version 5", July 2004).
 *
 * A flow sample is one packet: its record has 1 packet, the length of the frame as
 * octets, and the sampling rate.  It has no times; an agent may keep a sample for a
 * second at most (section 4.1), which is its age.  Packets that are not IP give a record
 * too, without addresses.  Counter samples give the generic counters of an
 * interface (zl_if_counters); other counters are skipped.
 *
 * To add a flow record, add a row in sflow.c.
 */
#ifndef ZL_FLOW_SFLOW_H
#define ZL_FLOW_SFLOW_H
#include "controller/flow/decode.h"

void zl_sflow_decode(struct zl_decode *d, struct zl_cursor c);

#endif
