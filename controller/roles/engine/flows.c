/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records out of the ring: who, who began, may they?
 *
 * A record is copied out once, checked, and then worked on.  What the collector writes
 * is hostile: it parses hostile bytes.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/engine.h"

/* Records in one go before the loop looks at anything else. */
enum { FLOWS_PER_WAKE = 512 };
/* The year 9999. */
#define START_MOST_MS INT64_C(253402300800000)

static bool is_sane(const struct zl_flow *f)
{
	const uint32_t needed = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_PROTO;

	return (f->present & needed) == needed && f->arrival.us > 0 &&
	       zl_flow_version_is_known(f->version);
}

/* A time that cannot be is none: differences of those that are left do not overflow. */
static void drop_absurd_start(struct zl_flow *f)
{
	if (f->first_ms > 0 && f->first_ms < START_MOST_MS)
		return;
	f->present &= ~(uint32_t)ZL_FLOW_FIRST;
	f->first_ms = 0;
}

/* The service that the initiator wanted. */
static void judge(struct zl_engine *e, struct zl_seen *s, struct zl_verdict *ret)
{
	bool forward = s->initiator.side != ZL_SIDE_DST;
	const struct zl_flow *f = &s->flow;
	struct zl_conversation c = { .proto = f->proto,
		.dport = forward ? f->dport : f->sport };

	c.initiator =
		zl_engine_classes_of(e, forward ? &s->sighting.src : &s->sighting.dst,
			forward ? &f->src : &f->dst);
	c.responder =
		zl_engine_classes_of(e, forward ? &s->sighting.dst : &s->sighting.src,
			forward ? &f->dst : &f->src);
	zl_evaluate_memo(e->policy, &c, ret);
	(void)snprintf(
		s->verdict, sizeof(s->verdict), "%s", zl_evaluate_kind_name(ret->kind));
	(void)snprintf(s->lock, sizeof(s->lock), "%s",
		ret->lock == NULL ? "" : ret->lock->name);
}

static void take_record(struct zl_engine *e, const struct zl_flow *flow)
{
	struct zl_seen *s = &e->window[e->n_seen % ZL_WINDOW];
	const struct zl_exporter_info *x = zl_engine_exporters_find(e, &flow->exporter);
	struct zl_verdict verdict;

	e->n_records++;
	if (!is_sane(flow) || x == NULL)
		return;
	e->n_seen++;
	memset(s, 0, sizeof(*s));
	s->flow = *flow;
	drop_absurd_start(&s->flow);
	zl_correlate(e->index, x->host, x->interfaces, &s->flow, zl_wall_now(),
		&s->sighting);
	s->initiator = zl_stitch(e->stitch, &s->flow, s->sighting.scope, zl_mono_now());
	judge(e, s, &verdict);
	if (verdict.kind == ZL_VERDICT_DENY)
		zl_engine_incidents_violation(e, s, &verdict);
}

/*
 * False: there is more, and the rest of the loop has its turn first.  A producer that
 * lies can make the ring look neither empty nor readable, so tries are what is counted.
 */
static bool drain(struct zl_engine *e)
{
	struct zl_flow flow;

	for (unsigned i = 0; i < FLOWS_PER_WAKE; i++)
		if (zl_ring_read(e->ring, &flow))
			take_record(e, &flow);
		else if (zl_ring_sleep(e->ring))
			return true;
	return false;
}

static int on_wake(sd_event_source *s, int fd, uint32_t revents, void *user)
{
	struct zl_engine *e = user;
	eventfd_t n;

	(void)s;
	(void)revents;
	(void)eventfd_read(fd, &n);
	if (!drain(e))
		(void)eventfd_write(fd, 1);
	return 0;
}

int zl_engine_flows_attach(
	struct zl_engine *e, int ring, int wake, struct zl_error *reterr)
{
	int r = zl_ring_map(ring, sizeof(struct zl_flow), &e->ring, reterr);

	if (r < 0)
		return r;
	e->wake = wake;
	e->window = calloc(ZL_WINDOW, sizeof(*e->window));
	if (e->window == NULL || zl_stitch_new(ZL_STITCH_BUCKETS, &e->stitch) < 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = sd_event_add_io(e->event, NULL, wake, EPOLLIN, on_wake, e);
	if (r < 0)
		return zl_fail(reterr, r, "cannot watch the ring: %s", strerror(-r));
	(void)eventfd_write(wake, 1); /* what came while we were away */
	return 0;
}

json_t *zl_engine_flows_to_json(const struct zl_seen *s)
{
	const struct zl_flow *f = &s->flow;
	const struct zl_sighting *at = &s->sighting;
	char exporter[ZL_ADDR_STR], src[ZL_ADDR_STR], dst[ZL_ADDR_STR];
	enum zl_evidence evidence =
		s->initiator.side == ZL_SIDE_DST ? at->dst.evidence : at->src.evidence;

	return json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}",
		"arrival_ms", (json_int_t)zl_wall_ms(f->arrival), "exporter",
		zl_addr_format(&f->exporter, exporter), "host", at->host, "src",
		zl_addr_format(&f->src, src), "dst", zl_addr_format(&f->dst, dst),
		"sport", (json_int_t)f->sport, "dport", (json_int_t)f->dport, "proto",
		(json_int_t)f->proto, "bytes", (json_int_t)f->octets, "packets",
		(json_int_t)f->packets, "tcp_flags", (json_int_t)f->tcp_flags, "in_if",
		(json_int_t)f->in_if, "arrival_us", (json_int_t)f->arrival.us,
		"src_domain", zl_varlink_text(at->src.name), "dst_domain",
		zl_varlink_text(at->dst.name), "src_tap", at->src.tap, "evidence",
		zl_evidence_name(evidence), "src_evidence",
		zl_evidence_name(at->src.evidence), "initiator",
		zl_side_name(s->initiator.side), "confidence",
		zl_confidence_name(s->initiator.confidence), "verdict", s->verdict,
		"lock", s->lock, "spoofed",
		zl_varlink_text(at->spoofed ? at->claimed : ""));
}
