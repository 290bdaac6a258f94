/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence for who began a conversation, and what is remembered of it. */
#include "controller/flow/stitch.h"

#include <netinet/in.h>

#include "controller/flow/stitch_priv.h"
#include "policy/service.h"

enum { EPHEMERAL_FIRST = 32768 };
/* Start times in one datagram, in two, and in two whose headers have whole seconds. */
enum { GRAIN_SAME_MS = 1, GRAIN_MS = 2, GRAIN_COARSE_MS = 1002 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };
enum { ECHO_REPLY_4 = 0, ECHO_4 = 8, ECHO_6 = 128, ECHO_REPLY_6 = 129 };

static const char *const confidence_names[ZL_CONFIDENCE_N] = {
	[ZL_CONFIDENCE_NONE] = "none",
	[ZL_CONFIDENCE_GUESS] = "guess",
	[ZL_CONFIDENCE_SERVICE] = "service",
	[ZL_CONFIDENCE_TIME] = "time",
	[ZL_CONFIDENCE_FLAGS] = "flags",
};

const char *zl_confidence_name(enum zl_confidence c)
{
	return c < ZL_CONFIDENCE_N ? confidence_names[c] : "?";
}

const char *zl_side_name(enum zl_side s)
{
	return s == ZL_SIDE_SRC ? "src" : s == ZL_SIDE_DST ? "dst" : "unknown";
}

/* Of SYN, FIN, RST, PSH and URG nothing but these; whether ACK was there is no matter. */
static bool is_only(const struct zl_flow *f, uint8_t flags)
{
	return f->proto == IPPROTO_TCP && (f->present & ZL_FLOW_TCP_FLAGS) != 0 &&
	       (f->tcp_flags & (FIN | SYN | RST | PSH | URG)) == flags;
}

static bool is_syn_ack(const struct zl_flow *f)
{
	return is_only(f, SYN) && (f->tcp_flags & ACK) != 0;
}

/* One packet of several: what came before it was perhaps not seen. */
static bool is_sampled(const struct zl_flow *f)
{
	return (f->present & ZL_FLOW_SAMPLING) != 0 && f->sampling > 1;
}

/* What this record alone says by its flags or ICMP type. */
static enum zl_side by_flags(const struct zl_flow *f)
{
	uint8_t type = (uint8_t)(f->icmp >> 8);

	if (f->proto == IPPROTO_TCP && (f->present & ZL_FLOW_TCP_FLAGS) != 0) {
		if ((f->tcp_flags & (SYN | ACK)) == SYN)
			return ZL_SIDE_SRC;
		/* Nobody begins with a reset: it is how a host refuses what it got.  Of
		 * a connection whose packets are not all seen it may be the end. */
		if (is_only(f, RST) && !is_sampled(f))
			return ZL_SIDE_DST;
		/* SYN and ACK but nothing else ever: a lone SYN-ACK. */
		if (is_syn_ack(f) && (f->present & ZL_FLOW_PACKETS) != 0 &&
			f->packets == 1)
			return ZL_SIDE_DST;
	}
	if ((f->present & ZL_FLOW_ICMP) != 0) {
		if ((f->proto == IPPROTO_ICMP && type == ECHO_4) ||
			(f->proto == IPPROTO_ICMPV6 && type == ECHO_6))
			return ZL_SIDE_SRC;
		if ((f->proto == IPPROTO_ICMP && type == ECHO_REPLY_4 &&
			    f->icmp != 0) ||
			(f->proto == IPPROTO_ICMPV6 && type == ECHO_REPLY_6))
			return ZL_SIDE_DST;
	}
	return ZL_SIDE_UNKNOWN;
}

static bool is_icmp(const struct zl_flow *f)
{
	return f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6;
}

/* A beginning that was not seen at its tap is not held against who is seen there. */
static uint8_t began_for(
	const struct zl_stitch_conversation *c, unsigned side, bool at_tap)
{
	return at_tap && c->began[side] != ZL_STITCH_BEGAN_AT_TAP ? ZL_STITCH_NOT_BEGAN
								  : c->began[side];
}

/*
 * The same with what earlier records of the conversation said.  A packet is believed
 * about its own sender, for good.  That the other side began is believed for this
 * record only, or one forged refusal would make a client of a server.
 */
static enum zl_side by_openings(struct zl_stitch_conversation *c, unsigned src_side,
	const struct zl_flow *f, bool at_tap)
{
	enum zl_side side = by_flags(f);
	uint8_t own, other = c->began[1 - src_side];

	if (side == ZL_SIDE_SRC && c->began[src_side] != ZL_STITCH_BEGAN_AT_TAP)
		c->began[src_side] =
			at_tap ? ZL_STITCH_BEGAN_AT_TAP : ZL_STITCH_BEGAN_SOMEWHERE;
	own = began_for(c, src_side, at_tap);
	/* Each ping is a beginning of its own.  Who tells types at all means 0 by 0. */
	if (is_icmp(f) && (f->present & ZL_FLOW_ICMP) != 0) {
		if (side == ZL_SIDE_UNKNOWN && f->icmp == ECHO_REPLY_4 &&
			(own != ZL_STITCH_NOT_BEGAN || other != ZL_STITCH_NOT_BEGAN))
			side = ZL_SIDE_DST;
		return side;
	}
	if (side == ZL_SIDE_DST)
		c->answered[src_side] = true;
	if (side == ZL_SIDE_SRC || own == other)
		return side;
	return own > other ? ZL_SIDE_SRC : ZL_SIDE_DST;
}

static bool is_server_port(uint8_t proto, uint16_t port)
{
	return port != 0 &&
	       (port < EPHEMERAL_FIRST || zl_service_find(proto, port) != NULL);
}

static enum zl_side by_service(
	const struct zl_stitch *s, const struct zl_flow *f, uint64_t scope)
{
	bool src_offers, dst_offers, src_known, dst_known;

	if (f->proto != IPPROTO_TCP && f->proto != IPPROTO_UDP &&
		f->proto != IPPROTO_SCTP)
		return ZL_SIDE_UNKNOWN;
	src_offers = zl_stitch_is_offered(s, &f->src, f->sport, f->proto, scope);
	dst_offers = zl_stitch_is_offered(s, &f->dst, f->dport, f->proto, scope);
	if (src_offers != dst_offers)
		return dst_offers ? ZL_SIDE_SRC : ZL_SIDE_DST;
	src_known = is_server_port(f->proto, f->sport);
	dst_known = is_server_port(f->proto, f->dport);
	if (src_known != dst_known)
		return dst_known ? ZL_SIDE_SRC : ZL_SIDE_DST;
	/* Two low ports: the one in the table of services, if only one is. */
	src_known = zl_service_find(f->proto, f->sport) != NULL;
	dst_known = zl_service_find(f->proto, f->dport) != NULL;
	if (src_known != dst_known)
		return dst_known ? ZL_SIDE_SRC : ZL_SIDE_DST;
	return ZL_SIDE_UNKNOWN;
}

static int64_t grain_of(
	const struct zl_stitch_start *a, const struct zl_stitch_start *b)
{
	if (a->arrival.us == b->arrival.us && a->exporter_port == b->exporter_port)
		return GRAIN_SAME_MS;
	return a->is_coarse || b->is_coarse ? GRAIN_COARSE_MS : GRAIN_MS;
}

/* Both directions seen by one exporter: whose first packet was earlier? */
enum zl_side zl_stitch_by_time(
	const struct zl_stitch_conversation *c, unsigned src_side, bool at_tap)
{
	const struct zl_stitch_start *src = &c->start[src_side],
				     *dst = &c->start[1 - src_side];
	int64_t ahead = dst->ms - src->ms;

	if (src->ms == 0 || dst->ms == 0 ||
		!zl_addr_eq(&src->exporter, &dst->exporter) || (at_tap && !src->at_tap))
		return ZL_SIDE_UNKNOWN;
	if (ahead >= grain_of(src, dst))
		return ZL_SIDE_SRC;
	return -ahead >= grain_of(src, dst) ? ZL_SIDE_DST : ZL_SIDE_UNKNOWN;
}

/* RFC 5103, 6.3: without it, or with "arbitrary", the direction says nothing. */
static enum zl_side by_biflow(const struct zl_flow *f)
{
	enum { BY_INITIATOR = 1, REVERSE_INITIATOR = 2 };

	if ((f->present & ZL_FLOW_REV_PACKETS) == 0 || f->rev_packets == 0 ||
		(f->present & ZL_FLOW_BIFLOW) == 0)
		return ZL_SIDE_UNKNOWN;
	return f->biflow == BY_INITIATOR	? ZL_SIDE_SRC
	       : f->biflow == REVERSE_INITIATOR ? ZL_SIDE_DST
						: ZL_SIDE_UNKNOWN;
}

/*
 * The numbers of the ports name the source, but it may have been asked: it was seen to
 * answer, or shows half an opening (several SYN-ACKs, or the SYN and the ACK of a
 * connection without data), or its own port is no client's and only not in the table.
 */
static bool may_answer(const struct zl_stitch *s,
	const struct zl_stitch_conversation *c, unsigned src_side,
	const struct zl_flow *f, uint64_t scope)
{
	return c->answered[src_side] || is_syn_ack(f) ||
	       (is_server_port(f->proto, f->sport) &&
		       !zl_stitch_is_offered(s, &f->dst, f->dport, f->proto, scope));
}

/*
 * Anybody can make a server send a datagram: who asked may be unseen, or have asked in
 * another's name.
 */
static bool may_have_begun(const struct zl_stitch_conversation *c, unsigned side,
	uint8_t proto, uint16_t port)
{
	return proto != IPPROTO_UDP ||
	       (!is_server_port(proto, port) && !c->forged[1 - side]);
}

/* Of a connection that was there before us it is no start. */
bool zl_stitch_tells_start(const struct zl_flow *f)
{
	if ((f->present & ZL_FLOW_FIRST) == 0 || is_icmp(f))
		return false;
	/* Of one packet in many the first that was seen is any of them. */
	if (f->proto != IPPROTO_TCP)
		return !is_sampled(f);
	return (f->present & ZL_FLOW_TCP_FLAGS) != 0 && (f->tcp_flags & SYN) != 0;
}

static void remember_start(struct zl_stitch_conversation *c, unsigned side,
	const struct zl_flow *f, bool at_tap)
{
	struct zl_stitch_start *start = &c->start[side];
	bool is_better = at_tap && !start->at_tap;

	if (!zl_stitch_tells_start(f) || (start->at_tap && !at_tap))
		return;
	if (start->ms != 0 && !is_better &&
		(start->ms <= f->first_ms ||
			!zl_addr_eq(&start->exporter, &f->exporter)))
		return;
	*start = (struct zl_stitch_start){ .ms = f->first_ms,
		.exporter = f->exporter,
		.arrival = f->arrival,
		.exporter_port = f->exporter_port,
		.is_coarse = (f->present & ZL_FLOW_FIRST_COARSE) != 0,
		.at_tap = at_tap };
}

/* The endpoint that did not begin offers a service: keep that. */
static void remember_offer(
	struct zl_stitch *s, const struct zl_flow *f, enum zl_side side, uint64_t scope)
{
	struct zl_stitch_offer o =
		side == ZL_SIDE_SRC
			? zl_stitch_make_offer(&f->dst, f->dport, f->proto, scope)
			: zl_stitch_make_offer(&f->src, f->sport, f->proto, scope);

	if (f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP)
		*zl_stitch_offer_slot(s, &o) = o;
}

/* What times and ports say, when nothing in the packets themselves does. */
static struct zl_initiator weigh(const struct zl_stitch *s,
	const struct zl_stitch_conversation *c, unsigned src_side,
	const struct zl_flow *f, uint64_t scope, bool at_tap)
{
	enum zl_side time = zl_stitch_by_time(c, src_side, at_tap);
	enum zl_side service = by_service(s, f, scope);
	bool is_sure = f->proto != IPPROTO_UDP || time == service;

	if (time != ZL_SIDE_UNKNOWN)
		return (struct zl_initiator){ .side = time,
			.confidence =
				is_sure ? ZL_CONFIDENCE_TIME : ZL_CONFIDENCE_GUESS };
	time = by_biflow(f);
	if (time != ZL_SIDE_UNKNOWN)
		return (struct zl_initiator){ .side = time,
			.confidence = ZL_CONFIDENCE_TIME };
	if (service != ZL_SIDE_UNKNOWN)
		return (struct zl_initiator){ .side = service,
			.confidence =
				service == ZL_SIDE_SRC &&
						may_answer(s, c, src_side, f, scope)
					? ZL_CONFIDENCE_GUESS
					: ZL_CONFIDENCE_SERVICE };
	return (struct zl_initiator){ .side = c->confidence != ZL_CONFIDENCE_NONE &&
							      c->initiator != src_side
						      ? ZL_SIDE_DST
						      : ZL_SIDE_SRC,
		.confidence = ZL_CONFIDENCE_GUESS };
}

/*
 * Who was only answered, because somebody else asked in that name, has not begun: only an
 * opening of its own, at its tap, shows that.
 */
static bool is_blamed_for_forgery(
	const struct zl_stitch_conversation *c, unsigned side, const struct zl_flow *f)
{
	return f->proto == IPPROTO_TCP && c->forged[1 - side] &&
	       c->began[side] != ZL_STITCH_BEGAN_AT_TAP;
}

bool zl_stitch_ends(const struct zl_flow *f)
{
	return f->proto == IPPROTO_TCP && (f->present & ZL_FLOW_TCP_FLAGS) != 0 &&
	       (f->tcp_flags & SYN) == 0 && (f->tcp_flags & (FIN | RST)) != 0;
}

/* Who began, and what `c` knows after this record. */
struct zl_initiator zl_stitch_look(const struct zl_stitch *s,
	struct zl_stitch_conversation *c, const struct zl_stitch_pulse *p,
	unsigned src_side, const struct zl_flow *flow, bool at_tap)
{
	const uint64_t scope = c->key.scope;
	struct zl_initiator is = { .confidence = ZL_CONFIDENCE_FLAGS };
	const struct zl_stitch_start *start;

	remember_start(c, src_side, flow, at_tap);
	is.side = by_openings(c, src_side, flow, at_tap);
	if (is.side == ZL_SIDE_UNKNOWN) {
		is = weigh(s, c, src_side, flow, scope, at_tap);
	} else if (is.side == ZL_SIDE_DST) {
		is.answers = true;
		/* Only its own packet shows for sure that the other one began. */
		if (c->began[1 - src_side] == ZL_STITCH_NOT_BEGAN)
			is.confidence = by_service(s, flow, scope) == ZL_SIDE_DST
						? ZL_CONFIDENCE_SERVICE
						: ZL_CONFIDENCE_GUESS;
	}
	if (is.side == ZL_SIDE_SRC &&
		(!may_have_begun(c, src_side, flow->proto, flow->sport) ||
			is_blamed_for_forgery(c, src_side, flow)))
		is.confidence = ZL_CONFIDENCE_GUESS;
	if (is.confidence >= c->confidence) {
		c->confidence = (uint8_t)is.confidence;
		c->initiator =
			(uint8_t)(is.side == ZL_SIDE_SRC ? src_side : 1 - src_side);
	}
	is.other = p->number[1 - src_side];
	is.same = p->number[src_side];
	is.first = is.same == 0;
	is.proves = !flow->is_provisional && is.other != 0 && is.side == ZL_SIDE_DST &&
		    is.confidence == ZL_CONFIDENCE_TIME &&
		    c->start[1 - src_side].at_tap &&
		    may_have_begun(c, 1 - src_side, flow->proto, flow->dport) &&
		    !is_blamed_for_forgery(c, 1 - src_side, flow);
	is.ends = zl_stitch_ends(flow);
	start = &c->start[is.side == ZL_SIDE_DST ? 1 - src_side : src_side];
	if (start->ms != 0)
		is.began = start->arrival;
	return is;
}

static bool is_same_start(
	const struct zl_stitch_start *a, const struct zl_stitch_start *b)
{
	return a->ms == b->ms && zl_addr_eq(&a->exporter, &b->exporter) &&
	       a->arrival.us == b->arrival.us && a->exporter_port == b->exporter_port &&
	       a->is_coarse == b->is_coarse && a->at_tap == b->at_tap;
}

bool zl_stitch_is_same(
	const struct zl_stitch_conversation *a, const struct zl_stitch_conversation *b)
{
	for (unsigned i = 0; i < 2; i++)
		if (!is_same_start(&a->start[i], &b->start[i]) ||
			a->began[i] != b->began[i] ||
			a->answered[i] != b->answered[i] ||
			a->forged[i] != b->forged[i])
			return false;
	return a->initiator == b->initiator && a->confidence == b->confidence;
}

struct zl_initiator zl_stitch(struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, uint64_t number, struct zl_mono now)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	struct zl_stitch_conversation *c = zl_stitch_get(s, &key, now), after = *c;
	struct zl_stitch_pulse *p = zl_stitch_pulse_of(s, c);
	struct zl_initiator is = zl_stitch_look(
		s, &after, p, src_side, flow, evidence == ZL_EVIDENCE_TAP);

	/* What an unconfirmed template says leaves nothing behind, and proves nothing. */
	if (flow->is_provisional)
		return is;
	p->changes += is.first || !zl_stitch_is_same(c, &after);
	*c = after;
	/* Only a real answer makes a server; a refusal or a scan does not. */
	if (is.confidence == ZL_CONFIDENCE_TIME)
		remember_offer(s, flow, is.side, scope);
	p->number[src_side] = number;
	return is;
}

bool zl_stitch_is_plain(const struct zl_flow *f)
{
	return !f->is_provisional && !is_icmp(f) && by_flags(f) == ZL_SIDE_UNKNOWN &&
	       !is_syn_ack(f);
}

enum zl_side zl_stitch_biflow(const struct zl_flow *f)
{
	return by_biflow(f);
}

void zl_stitch_forged(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	struct zl_mono now)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	struct zl_stitch_conversation *c;

	c = zl_stitch_get(s, &key, now);
	if (!c->forged[src_side])
		zl_stitch_pulse_of(s, c)->changes++;
	c->forged[src_side] = true;
}

void zl_stitch_restore(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	uint64_t number)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	const struct zl_stitch_conversation *c = zl_stitch_find(s, &key);

	if (c != NULL)
		zl_stitch_pulse_of(s, c)->number[src_side] = number;
}

bool zl_stitch_is_forged(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_side whose)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	const struct zl_stitch_conversation *c = zl_stitch_find(s, &key);

	return c != NULL && c->forged[whose == ZL_SIDE_SRC ? src_side : 1 - src_side];
}
