/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation table and the evidence for who began. */
#include "controller/flow/stitch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "controller/flow/stitch_priv.h"
#include "policy/service.h"

enum { LINE = 64, EPHEMERAL_FIRST = 32768 };
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

int zl_stitch_new(size_t n_buckets, struct zl_stitch **ret)
{
	struct zl_stitch *s;

	if (n_buckets == 0 || (n_buckets & (n_buckets - 1)) != 0)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->mask = n_buckets - 1;
	s->bulk[0] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->table));
	s->bulk[1] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->pulses));
	s->bulk[2] = zl_bulk_new(n_buckets * ZL_STITCH_WAYS, sizeof(*s->tags));
	s->bulk[3] = zl_bulk_new(n_buckets * ZL_STITCH_OFFERS, sizeof(*s->offers));
	s->table = s->bulk[0].at;
	s->pulses = s->bulk[1].at;
	s->tags = s->bulk[2].at;
	s->offers = s->bulk[3].at;
	if (s->table == NULL || s->pulses == NULL || s->tags == NULL ||
		s->offers == NULL) {
		zl_stitch_free(s);
		return -ENOMEM;
	}
	(void)!getrandom(s->seed, sizeof(s->seed), GRND_NONBLOCK);
	*ret = s;
	return 0;
}

void zl_stitch_free(struct zl_stitch *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < N_ITEMS(s->bulk); i++)
		zl_bulk_free(&s->bulk[i]);
	free(s);
}

/* The side (0, 1) that the record's source is. */
unsigned zl_stitch_side_of(const struct zl_flow *f)
{
	int order = memcmp(f->src.b, f->dst.b, sizeof(f->src.b));

	return order > 0 || (order == 0 && f->sport > f->dport);
}

/* In use everywhere, when there is one in each small page. */
void zl_stitch_tick(struct zl_stitch *s)
{
	for (unsigned i = 0; i < N_ITEMS(s->bulk) && s->n > s->mask; i++)
		zl_bulk_enlarge(&s->bulk[i]);
}

/* Fill the key; returns the side of the source. */
unsigned zl_stitch_make_key(
	const struct zl_flow *f, uint64_t scope, struct zl_stitch_key *ret)
{
	unsigned side = zl_stitch_side_of(f);

	memset(ret, 0, sizeof(*ret));
	ret->lo = side == 0 ? f->src : f->dst;
	ret->hi = side == 0 ? f->dst : f->src;
	ret->lo_port = side == 0 ? f->sport : f->dport;
	ret->hi_port = side == 0 ? f->dport : f->sport;
	ret->scope = scope;
	ret->proto = f->proto;
	/* One ping is one conversation, whatever its type and code are. */
	if (f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6)
		ret->lo_port = ret->hi_port = 0;
	return side;
}

static uint64_t hash_key(const struct zl_stitch *s, const struct zl_stitch_key *key)
{
	return zl_hash(s->seed, key, sizeof(*key));
}

/* The rest of the hash, never 0: a place with another tag need not be looked at. */
static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static struct zl_stitch_conversation *find_hashed(
	const struct zl_stitch *s, const struct zl_stitch_key *key, uint64_t hash)
{
	size_t first = ((size_t)hash & s->mask) * ZL_STITCH_WAYS;

	for (unsigned i = 0; i < ZL_STITCH_WAYS; i++)
		if (s->tags[first + i] == tag_of(hash) &&
			memcmp(&s->table[first + i].key, key, sizeof(*key)) == 0)
			return &s->table[first + i];
	return NULL;
}

struct zl_stitch_conversation *zl_stitch_find(
	const struct zl_stitch *s, const struct zl_stitch_key *key)
{
	return find_hashed(s, key, hash_key(s, key));
}

/* A free place, or that of the longest unseen. */
static size_t make_room(const struct zl_stitch *s, size_t first)
{
	size_t oldest = first;

	for (size_t i = first; i < first + ZL_STITCH_WAYS; i++) {
		if (s->tags[i] == 0)
			return i;
		if ((int32_t)(s->pulses[i].seen_ms - s->pulses[oldest].seen_ms) < 0)
			oldest = i;
	}
	return oldest;
}

struct zl_stitch_pulse *zl_stitch_pulse_of(
	const struct zl_stitch *s, const struct zl_stitch_conversation *c)
{
	return &s->pulses[c - s->table];
}

uint32_t zl_stitch_ms_of(struct zl_mono now)
{
	return (uint32_t)(now.us / (uint64_t)ZL_US_PER_MS);
}

static struct zl_stitch_conversation *get_conversation(
	struct zl_stitch *s, const struct zl_stitch_key *key, struct zl_mono now)
{
	uint64_t hash = hash_key(s, key);
	struct zl_stitch_conversation *c = find_hashed(s, key, hash);
	size_t at;

	if (c == NULL) {
		at = make_room(s, ((size_t)hash & s->mask) * ZL_STITCH_WAYS);
		s->n += s->tags[at] == 0;
		s->tags[at] = tag_of(hash);
		c = &s->table[at];
		memset(c, 0, sizeof(*c));
		c->key = *key;
		s->pulses[at].number[0] = s->pulses[at].number[1] = 0;
		s->pulses[at].scope = key->scope;
		s->pulses[at].changes++;
	}
	zl_stitch_pulse_of(s, c)->seen_ms = zl_stitch_ms_of(now);
	return c;
}

struct zl_stitch_offer zl_stitch_make_offer(
	const struct zl_addr *addr, uint16_t port, uint8_t proto, uint64_t scope)
{
	struct zl_stitch_offer o;

	memset(&o, 0, sizeof(o));
	o.addr = *addr;
	o.scope = scope;
	o.port = port;
	o.proto = proto;
	o.used = 1;
	return o;
}

struct zl_stitch_offer *zl_stitch_offer_slot(
	const struct zl_stitch *s, const struct zl_stitch_offer *o)
{
	return &s->offers[(size_t)zl_hash(s->seed, o, sizeof(*o)) &
			  ((s->mask + 1) * ZL_STITCH_OFFERS - 1)];
}

bool zl_stitch_is_offered(const struct zl_stitch *s, const struct zl_addr *addr,
	uint16_t port, uint8_t proto, uint64_t scope)
{
	struct zl_stitch_offer o = zl_stitch_make_offer(addr, port, proto, scope);

	return memcmp(zl_stitch_offer_slot(s, &o), &o, sizeof(o)) == 0;
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

/*
 * The same with what earlier records of the conversation said.  A packet is believed
 * about its own sender, for good.  That the other side began is believed for this
 * record only, or one forged refusal would make a client of a server.
 */
static enum zl_side by_openings(
	struct zl_stitch_conversation *c, unsigned src_side, const struct zl_flow *f)
{
	enum zl_side side = by_flags(f);

	/* Each ping is a beginning of its own.  Who tells types at all means 0 by 0. */
	if (is_icmp(f) && (f->present & ZL_FLOW_ICMP) != 0) {
		c->began[src_side] |= side == ZL_SIDE_SRC;
		if (side == ZL_SIDE_UNKNOWN && f->icmp == ECHO_REPLY_4 &&
			(c->began[0] || c->began[1]))
			side = ZL_SIDE_DST;
		return side;
	}
	if (side == ZL_SIDE_SRC)
		c->began[src_side] = true;
	if (side == ZL_SIDE_DST)
		c->answered[src_side] = true;
	if (side == ZL_SIDE_SRC || c->began[0] == c->began[1])
		return side;
	return c->began[src_side] ? ZL_SIDE_SRC : ZL_SIDE_DST;
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
	const struct zl_stitch_conversation *c, unsigned src_side)
{
	const struct zl_stitch_start *src = &c->start[src_side],
				     *dst = &c->start[1 - src_side];
	int64_t ahead = dst->ms - src->ms;

	if (src->ms == 0 || dst->ms == 0 || !zl_addr_eq(&src->exporter, &dst->exporter))
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
	return f->proto != IPPROTO_TCP ||
	       ((f->present & ZL_FLOW_TCP_FLAGS) != 0 && (f->tcp_flags & SYN) != 0);
}

static void remember_start(
	struct zl_stitch_conversation *c, unsigned side, const struct zl_flow *f)
{
	struct zl_stitch_start *start = &c->start[side];

	if (!zl_stitch_tells_start(f))
		return;
	if (start->ms != 0 && (start->ms <= f->first_ms ||
				      !zl_addr_eq(&start->exporter, &f->exporter)))
		return;
	*start = (struct zl_stitch_start){ .ms = f->first_ms,
		.exporter = f->exporter,
		.arrival = f->arrival,
		.exporter_port = f->exporter_port,
		.is_coarse = (f->present & ZL_FLOW_FIRST_COARSE) != 0 };
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
	const struct zl_flow *f, uint64_t scope)
{
	enum zl_side time = zl_stitch_by_time(c, src_side);
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

/* Who began, and what `c` knows after this record. */
struct zl_initiator zl_stitch_look(const struct zl_stitch *s,
	struct zl_stitch_conversation *c, const struct zl_stitch_pulse *p,
	unsigned src_side, const struct zl_flow *flow)
{
	struct zl_initiator is = { .confidence = ZL_CONFIDENCE_FLAGS };
	const struct zl_stitch_start *start;

	remember_start(c, src_side, flow);
	is.side = by_openings(c, src_side, flow);
	if (is.side == ZL_SIDE_UNKNOWN)
		is = weigh(s, c, src_side, flow, c->key.scope);
	if (is.side == ZL_SIDE_SRC &&
		!may_have_begun(c, src_side, flow->proto, flow->sport))
		is.confidence = ZL_CONFIDENCE_GUESS;
	if (is.confidence >= c->confidence) {
		c->confidence = (uint8_t)is.confidence;
		c->initiator =
			(uint8_t)(is.side == ZL_SIDE_SRC ? src_side : 1 - src_side);
	}
	is.other = p->number[1 - src_side];
	is.first = p->number[src_side] == 0;
	is.proves = !flow->is_provisional && is.other != 0 && is.side == ZL_SIDE_DST &&
		    is.confidence == ZL_CONFIDENCE_TIME &&
		    may_have_begun(c, 1 - src_side, flow->proto, flow->dport);
	is.ends = flow->proto == IPPROTO_TCP &&
		  (flow->present & ZL_FLOW_TCP_FLAGS) != 0 &&
		  (flow->tcp_flags & SYN) == 0 && (flow->tcp_flags & (FIN | RST)) != 0;
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
	       a->is_coarse == b->is_coarse;
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
	uint64_t scope, uint64_t number, struct zl_mono now)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	struct zl_stitch_conversation *c = get_conversation(s, &key, now), after = *c;
	struct zl_stitch_pulse *p = zl_stitch_pulse_of(s, c);
	struct zl_initiator is = zl_stitch_look(s, &after, p, src_side, flow);

	/* What an unconfirmed template says leaves nothing behind, and proves nothing. */
	if (flow->is_provisional)
		return is;
	if (is.first || !zl_stitch_is_same(c, &after)) {
		*c = after;
		p->changes++;
	}
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

	c = get_conversation(s, &key, now);
	if (!c->forged[src_side])
		zl_stitch_pulse_of(s, c)->changes++;
	c->forged[src_side] = true;
}

bool zl_stitch_is_answer_to_forged(
	const struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope)
{
	struct zl_stitch_key key;
	unsigned src_side = zl_stitch_make_key(flow, scope, &key);
	const struct zl_stitch_conversation *c = zl_stitch_find(s, &key);

	return c != NULL && c->forged[1 - src_side];
}

void zl_stitch_fetch(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, unsigned step, uint64_t *hash)
{
	const struct zl_stitch_conversation *c;
	struct zl_stitch_offer src, dst;
	struct zl_stitch_key key;

	if (step == 0) {
		(void)zl_stitch_make_key(flow, scope, &key);
		*hash = hash_key(s, &key);
		__builtin_prefetch(
			&s->tags[((size_t)*hash & s->mask) * ZL_STITCH_WAYS]);
		src = zl_stitch_make_offer(&flow->src, flow->sport, flow->proto, scope);
		dst = zl_stitch_make_offer(&flow->dst, flow->dport, flow->proto, scope);
		__builtin_prefetch(zl_stitch_offer_slot(s, &src));
		__builtin_prefetch(zl_stitch_offer_slot(s, &dst));
		return;
	}
	for (size_t i = ((size_t)*hash & s->mask) * ZL_STITCH_WAYS,
		    end = i + ZL_STITCH_WAYS;
		i < end; i++) {
		if (s->tags[i] != 0 && s->tags[i] != tag_of(*hash))
			continue;
		c = &s->table[i];
		__builtin_prefetch(c, 1);
		__builtin_prefetch((const char *)c + LINE, 1);
		__builtin_prefetch((const char *)(c + 1) - 1, 1);
		__builtin_prefetch(zl_stitch_pulse_of(s, c), 1);
		return;
	}
}
