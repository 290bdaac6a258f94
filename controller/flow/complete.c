/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completing a flow record from what was read. */
#include "controller/flow/complete.h"

#include <netinet/in.h>
#include <string.h>

enum { AGE_ERROR_UPTIME_MS = 1, AGE_ERROR_WALL_MS = 1000 };

/* a - b of two clocks modulo 2^32 that are less than 25 days apart. */
static int64_t minus(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* A time after boot as wall time; 0 when the boot time is not known. */
static int64_t wall_of(
	uint32_t uptime, uint64_t boot_ms, const struct zl_complete_clock *clock)
{
	uint64_t export_uptime;

	if (clock->has_uptime)
		return clock->export_ms + minus(uptime, clock->uptime_ms);
	if (boot_ms == 0)
		return 0;
	export_uptime = (uint64_t)clock->export_ms - boot_ms;
	return clock->export_ms + minus(uptime, (uint32_t)export_uptime);
}

/* By a header in whole seconds it is right only among the records of one datagram. */
static void set_first(struct zl_flow_draft *d, uint64_t boot_ms,
	const struct zl_complete_clock *clock)
{
	d->flow.first_ms = wall_of(d->first_uptime, boot_ms, clock);
	if (clock->has_uptime && clock->export_ms % 1000 == 0)
		d->present |= ZL_FLOW_FIRST_COARSE;
}

/* The end that is missing; a start is no more exact than the end, which may be coarse. */
static void set_by_duration(struct zl_flow_draft *d)
{
	struct zl_flow *f = &d->flow;
	int64_t duration = (int64_t)d->duration_ms;

	if (d->duration_ms > UINT32_MAX)
		return;
	if (f->last_ms == 0 && f->first_ms != 0) {
		f->last_ms = f->first_ms + duration;
	} else if (f->first_ms == 0 && f->last_ms > duration) {
		f->first_ms = f->last_ms - duration;
		d->present |= ZL_FLOW_FIRST_COARSE;
	}
}

static void set_times(struct zl_flow_draft *d, const struct zl_complete_clock *clock)
{
	uint64_t boot_ms =
		(d->present & ZL_ASIDE_BOOT) != 0 ? d->boot_ms : clock->boot_ms;
	struct zl_flow *f = &d->flow;

	if ((d->present & ZL_FLOW_FIRST) == 0 &&
		(d->present & ZL_ASIDE_FIRST_UPTIME) != 0)
		set_first(d, boot_ms, clock);
	if ((d->present & ZL_FLOW_LAST) == 0 &&
		(d->present & ZL_ASIDE_LAST_UPTIME) != 0)
		f->last_ms = wall_of(d->last_uptime, boot_ms, clock);
	if ((d->present & ZL_ASIDE_DURATION) != 0)
		set_by_duration(d);
	d->present &= ~(uint64_t)(ZL_FLOW_FIRST | ZL_FLOW_LAST);
	d->present |= f->first_ms != 0 ? ZL_FLOW_FIRST : 0;
	d->present |= f->last_ms != 0 ? ZL_FLOW_LAST : 0;
	f->present = (uint32_t)d->present;
}

static void set_age(struct zl_flow_draft *d, const struct zl_complete_clock *clock)
{
	struct zl_flow *f = &d->flow;
	int64_t age, error;

	if (clock->has_uptime && (d->present & ZL_ASIDE_LAST_UPTIME) != 0) {
		age = minus(clock->uptime_ms, d->last_uptime);
		error = AGE_ERROR_UPTIME_MS;
	} else if ((d->present & ZL_FLOW_LAST) != 0) {
		age = clock->export_ms - f->last_ms;
		error = AGE_ERROR_WALL_MS;
	} else {
		return;
	}
	if (age < -AGE_ERROR_WALL_MS || age > UINT32_MAX)
		return;
	f->age_ms = age > 0 ? (uint32_t)age : 0;
	f->age_error_ms = (uint32_t)error;
	f->present |= ZL_FLOW_AGE;
}

/*
 * A record may have fields of both families, the unused ones zero.  The address
 * that is not zero decides; a zero one beside it is then of its family.
 */
static void set_family(struct zl_flow_draft *d)
{
	static const struct zl_addr v6_zero;
	struct zl_flow *f = &d->flow;
	bool has_src = (d->present & ZL_FLOW_SRC) != 0;
	bool has_dst = (d->present & ZL_FLOW_DST) != 0;
	const struct zl_addr *by = has_src && !zl_addr_is_zero(&f->src) ? &f->src
				   : has_dst				? &f->dst
									: &f->src;
	struct zl_addr zero;

	if (!has_src && !has_dst)
		return;
	f->ip_version = zl_addr_is_v4(by) ? 4 : 6;
	zero = f->ip_version == 4 ? zl_addr_from_v4(0) : v6_zero;
	if (has_src && zl_addr_is_zero(&f->src))
		f->src = zero;
	if (has_dst && zl_addr_is_zero(&f->dst))
		f->dst = zero;
}

/* Without a field of its own, ICMP's type and code come as the destination port. */
static void set_icmp(struct zl_flow_draft *d)
{
	struct zl_flow *f = &d->flow;

	if ((d->present & ZL_FLOW_ICMP) != 0 || (d->present & ZL_FLOW_DPORT) == 0)
		return;
	if (f->proto != IPPROTO_ICMP && f->proto != IPPROTO_ICMPV6)
		return;
	f->icmp = f->dport;
	f->present |= ZL_FLOW_ICMP;
}

/* Totals of the other direction stand in for its differences. */
static void set_reverse(struct zl_flow_draft *d)
{
	struct zl_flow *f = &d->flow;

	if ((d->present & ZL_FLOW_REV_OCTETS) == 0 &&
		(d->present & ZL_ASIDE_REV_TOTAL_OCTETS) != 0) {
		f->rev_octets = d->rev_total_octets;
		f->present |= ZL_FLOW_REV_OCTETS;
	}
	if ((d->present & ZL_FLOW_REV_PACKETS) == 0 &&
		(d->present & ZL_ASIDE_REV_TOTAL_PACKETS) != 0) {
		f->rev_packets = d->rev_total_packets;
		f->present |= ZL_FLOW_REV_PACKETS;
	}
}

void zl_complete(struct zl_flow_draft *draft, const struct zl_complete_clock *clock)
{
	set_times(draft, clock); /* first: takes over what is present */
	set_age(draft, clock);
	set_family(draft);
	set_icmp(draft);
	set_reverse(draft);
	if (draft->flow.sampling == 0) /* no exporter takes one in none: unknown */
		draft->flow.present &= ~(uint32_t)ZL_FLOW_SAMPLING;
}
