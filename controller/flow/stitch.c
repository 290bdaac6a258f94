/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation table and the evidence for who began. */
#include "controller/flow/stitch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/map.h"
#include "policy/service.h"

enum { WAYS = 4, LINE = 64, EPHEMERAL_FIRST = 32768 };
/* Start times in one datagram, in two, and in two whose headers have whole seconds. */
enum { GRAIN_SAME_MS = 1, GRAIN_MS = 2, GRAIN_COARSE_MS = 1002 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };
enum { ECHO_REPLY_4 = 0, ECHO_4 = 8, ECHO_6 = 128, ECHO_REPLY_6 = 129 };

struct key {
	struct zl_addr lo, hi;
	uint64_t scope;
	uint16_t lo_port, hi_port;
	uint8_t proto, pad[3];
};

/* Somebody else's may pass for a side's own packet where its tap is not seen. */
enum began { NOT_BEGAN, BEGAN_SOMEWHERE, BEGAN_AT_TAP };

/* A direction's first packet, and who told us when. */
struct start {
	int64_t ms; /* 0: not seen */
	struct zl_addr exporter;
	struct zl_wall arrival; /* of the datagram: the same one has the same */
	uint16_t exporter_port;
	bool is_coarse;
	bool at_tap; /* of its sender */
};

/* Side 0 is the lower (address, port), side 1 the higher one. */
struct conversation {
	struct key key;
	struct zl_mono seen;
	struct start start[2];
	uint64_t number[2]; /* of that side's last record; 0: none */
	uint8_t initiator;  /* side, when confidence is not NONE */
	uint8_t confidence;
	uint8_t began[2]; /* enum began: that side's own packet said so */
	bool answered[2]; /* likewise */
	bool forged[2];	  /* somebody else has spoken in that side's name */
};

/* An endpoint that answered: (address, port, protocol) as a server. */
struct offer {
	struct zl_addr addr;
	uint64_t scope;
	uint16_t port;
	uint8_t proto, used, pad[4];
};

struct zl_stitch {
	uint64_t seed[2];
	size_t mask;
	struct conversation *table; /* (mask + 1) * WAYS */
	uint32_t *tags;		    /* as many; 0: the place is free */
	struct offer *offers;	    /* mask + 1, direct mapped */
};

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
	s->table = calloc(n_buckets * WAYS, sizeof(*s->table));
	s->tags = calloc(n_buckets * WAYS, sizeof(*s->tags));
	s->offers = calloc(n_buckets, sizeof(*s->offers));
	if (s->table == NULL || s->tags == NULL || s->offers == NULL) {
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
	free(s->table);
	free(s->tags);
	free(s->offers);
	free(s);
}

/* Fill the key; returns the side (0, 1) that the record's source is. */
static unsigned make_key(const struct zl_flow *f, uint64_t scope, struct key *ret)
{
	int order = memcmp(f->src.b, f->dst.b, sizeof(f->src.b));
	unsigned side = order > 0 || (order == 0 && f->sport > f->dport);

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

static uint64_t hash_key(const struct zl_stitch *s, const struct key *key)
{
	return zl_hash(s->seed, key, sizeof(*key));
}

/* The rest of the hash, never 0: a place with another tag need not be looked at. */
static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static struct conversation *find_hashed(
	const struct zl_stitch *s, const struct key *key, uint64_t hash)
{
	size_t first = ((size_t)hash & s->mask) * WAYS;

	for (unsigned i = 0; i < WAYS; i++)
		if (s->tags[first + i] == tag_of(hash) &&
			memcmp(&s->table[first + i].key, key, sizeof(*key)) == 0)
			return &s->table[first + i];
	return NULL;
}

/* A free place, or that of the longest unseen. */
static size_t make_room(const struct zl_stitch *s, size_t first)
{
	size_t oldest = first;

	for (size_t i = first; i < first + WAYS; i++) {
		if (s->tags[i] == 0)
			return i;
		if (s->table[i].seen.us < s->table[oldest].seen.us)
			oldest = i;
	}
	return oldest;
}

static struct conversation *get_conversation(
	struct zl_stitch *s, const struct key *key, struct zl_mono now)
{
	uint64_t hash = hash_key(s, key);
	struct conversation *c = find_hashed(s, key, hash);
	size_t at;

	if (c == NULL) {
		at = make_room(s, ((size_t)hash & s->mask) * WAYS);
		s->tags[at] = tag_of(hash);
		c = &s->table[at];
		memset(c, 0, sizeof(*c));
		c->key = *key;
	}
	c->seen = now;
	return c;
}

static struct offer make_offer(
	const struct zl_addr *addr, uint16_t port, uint8_t proto, uint64_t scope)
{
	struct offer o;

	memset(&o, 0, sizeof(o));
	o.addr = *addr;
	o.scope = scope;
	o.port = port;
	o.proto = proto;
	o.used = 1;
	return o;
}

static struct offer *offer_slot(const struct zl_stitch *s, const struct offer *o)
{
	return &s->offers[(size_t)zl_hash(s->seed, o, sizeof(*o)) & s->mask];
}

static bool is_offered(const struct zl_stitch *s, const struct zl_addr *addr,
	uint16_t port, uint8_t proto, uint64_t scope)
{
	struct offer o = make_offer(addr, port, proto, scope);

	return memcmp(offer_slot(s, &o), &o, sizeof(o)) == 0;
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
static uint8_t began_for(const struct conversation *c, unsigned side, bool at_tap)
{
	return at_tap && c->began[side] != BEGAN_AT_TAP ? NOT_BEGAN : c->began[side];
}

/*
 * The same with what earlier records of the conversation said.  A packet is believed
 * about its own sender, for good.  That the other side began is believed for this
 * record only, or one forged refusal would make a client of a server.
 */
static enum zl_side by_openings(
	struct conversation *c, unsigned src_side, const struct zl_flow *f, bool at_tap)
{
	enum zl_side side = by_flags(f);
	uint8_t own, other = c->began[1 - src_side];

	if (side == ZL_SIDE_SRC && c->began[src_side] != BEGAN_AT_TAP)
		c->began[src_side] = at_tap ? BEGAN_AT_TAP : BEGAN_SOMEWHERE;
	own = began_for(c, src_side, at_tap);
	/* Each ping is a beginning of its own.  Who tells types at all means 0 by 0. */
	if (is_icmp(f) && (f->present & ZL_FLOW_ICMP) != 0) {
		if (side == ZL_SIDE_UNKNOWN && f->icmp == ECHO_REPLY_4 &&
			(own != NOT_BEGAN || other != NOT_BEGAN))
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
	src_offers = is_offered(s, &f->src, f->sport, f->proto, scope);
	dst_offers = is_offered(s, &f->dst, f->dport, f->proto, scope);
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

static int64_t grain_of(const struct start *a, const struct start *b)
{
	if (a->arrival.us == b->arrival.us && a->exporter_port == b->exporter_port)
		return GRAIN_SAME_MS;
	return a->is_coarse || b->is_coarse ? GRAIN_COARSE_MS : GRAIN_MS;
}

/* Both directions seen by one exporter: whose first packet was earlier? */
static enum zl_side by_time(
	const struct conversation *c, unsigned src_side, bool at_tap)
{
	const struct start *src = &c->start[src_side], *dst = &c->start[1 - src_side];
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
static bool may_answer(const struct zl_stitch *s, const struct conversation *c,
	unsigned src_side, const struct zl_flow *f, uint64_t scope)
{
	return c->answered[src_side] || is_syn_ack(f) ||
	       (is_server_port(f->proto, f->sport) &&
		       !is_offered(s, &f->dst, f->dport, f->proto, scope));
}

/*
 * Anybody can make a server send a datagram: who asked may be unseen, or have asked in
 * another's name.
 */
static bool may_have_begun(
	const struct conversation *c, unsigned side, uint8_t proto, uint16_t port)
{
	return proto != IPPROTO_UDP ||
	       (!is_server_port(proto, port) && !c->forged[1 - side]);
}

static void remember_start(
	struct conversation *c, unsigned side, const struct zl_flow *f, bool at_tap)
{
	struct start *start = &c->start[side];
	bool is_better = at_tap && !start->at_tap;

	if ((f->present & ZL_FLOW_FIRST) == 0 || is_icmp(f))
		return;
	/* Of a connection that was there before us it is no start. */
	if (f->proto == IPPROTO_TCP &&
		((f->present & ZL_FLOW_TCP_FLAGS) == 0 || (f->tcp_flags & SYN) == 0))
		return;
	if (start->at_tap && !at_tap)
		return;
	if (start->ms != 0 && !is_better &&
		(start->ms <= f->first_ms ||
			!zl_addr_eq(&start->exporter, &f->exporter)))
		return;
	*start = (struct start){ .ms = f->first_ms,
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
	struct offer o = side == ZL_SIDE_SRC
				 ? make_offer(&f->dst, f->dport, f->proto, scope)
				 : make_offer(&f->src, f->sport, f->proto, scope);

	if (f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP)
		*offer_slot(s, &o) = o;
}

/* What times and ports say, when nothing in the packets themselves does. */
static struct zl_initiator weigh(const struct zl_stitch *s,
	const struct conversation *c, unsigned src_side, const struct zl_flow *f,
	uint64_t scope, bool at_tap)
{
	enum zl_side time = by_time(c, src_side, at_tap);
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
	const struct conversation *c, unsigned side, const struct zl_flow *f)
{
	return f->proto == IPPROTO_TCP && c->forged[1 - side] &&
	       c->began[side] != BEGAN_AT_TAP;
}

struct zl_initiator zl_stitch(struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_evidence evidence, uint64_t number, struct zl_mono now)
{
	const bool at_tap = evidence == ZL_EVIDENCE_TAP;
	struct zl_initiator is = { .confidence = ZL_CONFIDENCE_FLAGS };
	struct key key;
	unsigned src_side = make_key(flow, scope, &key);
	struct conversation *c = get_conversation(s, &key, now), unproven;
	const struct start *start;

	/* What an unconfirmed template says leaves nothing behind, and proves nothing. */
	if (flow->is_provisional) {
		unproven = *c;
		c = &unproven;
	}
	remember_start(c, src_side, flow, at_tap);
	is.side = by_openings(c, src_side, flow, at_tap);
	if (is.side == ZL_SIDE_UNKNOWN) {
		is = weigh(s, c, src_side, flow, scope, at_tap);
	} else if (is.side == ZL_SIDE_DST) {
		is.answers = true;
		/* Only its own packet shows for sure that the other one began. */
		if (c->began[1 - src_side] == NOT_BEGAN)
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
	/* Only a real answer makes a server; a refusal or a scan does not. */
	if (is.confidence == ZL_CONFIDENCE_TIME && !flow->is_provisional)
		remember_offer(s, flow, is.side, scope);
	is.other = c->number[1 - src_side];
	is.same = c->number[src_side];
	is.first = is.same == 0;
	is.proves = !flow->is_provisional && is.other != 0 && is.side == ZL_SIDE_DST &&
		    is.confidence == ZL_CONFIDENCE_TIME &&
		    c->start[1 - src_side].at_tap &&
		    may_have_begun(c, 1 - src_side, flow->proto, flow->dport) &&
		    !is_blamed_for_forgery(c, 1 - src_side, flow);
	is.ends = flow->proto == IPPROTO_TCP &&
		  (flow->present & ZL_FLOW_TCP_FLAGS) != 0 &&
		  (flow->tcp_flags & SYN) == 0 && (flow->tcp_flags & (FIN | RST)) != 0;
	start = &c->start[is.side == ZL_SIDE_DST ? 1 - src_side : src_side];
	if (start->ms != 0)
		is.began = start->arrival;
	c->number[src_side] = number;
	return is;
}

void zl_stitch_forged(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	struct zl_mono now)
{
	struct key key;
	unsigned src_side = make_key(flow, scope, &key);

	get_conversation(s, &key, now)->forged[src_side] = true;
}

/* The conversation that the record is of, or NULL. */
static struct conversation *find_of(const struct zl_stitch *s,
	const struct zl_flow *flow, uint64_t scope, unsigned *ret_side)
{
	struct key key;

	*ret_side = make_key(flow, scope, &key);
	return find_hashed(s, &key, hash_key(s, &key));
}

void zl_stitch_restore(struct zl_stitch *s, const struct zl_flow *flow, uint64_t scope,
	uint64_t number)
{
	unsigned side;
	struct conversation *c = find_of(s, flow, scope, &side);

	if (c != NULL)
		c->number[side] = number;
}

bool zl_stitch_is_forged(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, enum zl_side whose)
{
	unsigned side;
	const struct conversation *c = find_of(s, flow, scope, &side);

	return c != NULL && c->forged[whose == ZL_SIDE_SRC ? side : 1 - side];
}

void zl_stitch_fetch(const struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, unsigned step, uint64_t *hash)
{
	const struct conversation *c;
	struct offer src, dst;
	struct key key;

	if (step == 0) {
		(void)make_key(flow, scope, &key);
		*hash = hash_key(s, &key);
		__builtin_prefetch(&s->tags[((size_t)*hash & s->mask) * WAYS]);
		src = make_offer(&flow->src, flow->sport, flow->proto, scope);
		dst = make_offer(&flow->dst, flow->dport, flow->proto, scope);
		__builtin_prefetch(offer_slot(s, &src));
		__builtin_prefetch(offer_slot(s, &dst));
		return;
	}
	for (size_t i = ((size_t)*hash & s->mask) * WAYS, end = i + WAYS; i < end;
		i++) {
		if (s->tags[i] != 0 && s->tags[i] != tag_of(*hash))
			continue;
		c = &s->table[i];
		__builtin_prefetch(c, 1);
		__builtin_prefetch((const char *)c + LINE, 1);
		__builtin_prefetch((const char *)(c + 1) - 1, 1);
		return;
	}
}
