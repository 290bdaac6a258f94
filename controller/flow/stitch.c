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

enum { WAYS = 4, EPHEMERAL_FIRST = 32768, TIME_GRAIN_MS = 2 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };
enum { ECHO_REPLY_4 = 0, ECHO_4 = 8, ECHO_6 = 128, ECHO_REPLY_6 = 129 };

struct key {
	struct zl_addr lo, hi;
	uint64_t scope;
	uint16_t lo_port, hi_port;
	uint8_t proto, pad[3];
};

/* Side 0 is the lower (address, port), side 1 the higher one. */
struct conversation {
	struct key key;
	struct zl_mono seen;
	struct zl_addr exporter[2]; /* who showed us that side's first packet */
	int64_t first_ms[2];	    /* 0: not seen */
	uint8_t initiator;	    /* side, when confidence is not NONE */
	uint8_t confidence;
	bool began[2];	  /* that side's own packet said so */
	bool answered[2]; /* likewise */
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
	s->offers = calloc(n_buckets, sizeof(*s->offers));
	if (s->table == NULL || s->offers == NULL) {
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

static struct conversation *get_conversation(
	struct zl_stitch *s, const struct key *key, struct zl_mono now)
{
	size_t bucket = (size_t)zl_hash(s->seed, key, sizeof(*key)) & s->mask;
	struct conversation *c = &s->table[bucket * WAYS], *oldest = c;

	for (unsigned i = 0; i < WAYS; i++) {
		if (memcmp(&c[i].key, key, sizeof(*key)) == 0) {
			c[i].seen = now;
			return &c[i];
		}
		if (c[i].seen.us < oldest->seen.us)
			oldest = &c[i];
	}
	memset(oldest, 0, sizeof(*oldest));
	oldest->key = *key;
	oldest->seen = now;
	return oldest;
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

/*
 * The same with what earlier records of the conversation said.  A packet is believed
 * about its own sender, for good.  That the other side began is believed for this
 * record only, or one forged refusal would make a client of a server.
 */
static enum zl_side by_openings(
	struct conversation *c, unsigned src_side, const struct zl_flow *f)
{
	enum zl_side side = by_flags(f);

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

/* Both directions seen by one exporter: whose first packet was earlier? */
static enum zl_side by_time(const struct conversation *c, unsigned src_side)
{
	int64_t ahead = c->first_ms[1 - src_side] - c->first_ms[src_side];

	if (c->first_ms[0] == 0 || c->first_ms[1] == 0 ||
		!zl_addr_eq(&c->exporter[0], &c->exporter[1]))
		return ZL_SIDE_UNKNOWN;
	if (ahead >= TIME_GRAIN_MS)
		return ZL_SIDE_SRC;
	return ahead <= -TIME_GRAIN_MS ? ZL_SIDE_DST : ZL_SIDE_UNKNOWN;
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

/* Anybody can make a server send that: without a connection, who asked may be unseen. */
static bool is_datagram_of_server(const struct zl_flow *f)
{
	return f->proto == IPPROTO_UDP && is_server_port(f->proto, f->sport);
}

static void remember_start(
	struct conversation *c, unsigned side, const struct zl_flow *f)
{
	if ((f->present & ZL_FLOW_FIRST) == 0)
		return;
	/* Of a connection that was there before us it is no start. */
	if (f->proto == IPPROTO_TCP && (f->present & ZL_FLOW_TCP_FLAGS) != 0 &&
		(f->tcp_flags & SYN) == 0)
		return;
	if (c->first_ms[side] != 0 &&
		(c->first_ms[side] <= f->first_ms ||
			!zl_addr_eq(&c->exporter[side], &f->exporter)))
		return;
	c->first_ms[side] = f->first_ms;
	c->exporter[side] = f->exporter;
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

struct zl_initiator zl_stitch(struct zl_stitch *s, const struct zl_flow *flow,
	uint64_t scope, struct zl_mono now)
{
	struct zl_initiator is = { ZL_SIDE_UNKNOWN, ZL_CONFIDENCE_NONE };
	struct key key;
	unsigned src_side = make_key(flow, scope, &key);
	struct conversation *c = get_conversation(s, &key, now);

	remember_start(c, src_side, flow);
	is.side = by_openings(c, src_side, flow);
	is.confidence = ZL_CONFIDENCE_FLAGS;
	if (is.side == ZL_SIDE_UNKNOWN) {
		is.side = by_time(c, src_side);
		is.confidence = ZL_CONFIDENCE_TIME;
	}
	if (is.side == ZL_SIDE_UNKNOWN && (flow->present & ZL_FLOW_REV_PACKETS) != 0 &&
		flow->rev_packets != 0) {
		is.side = ZL_SIDE_SRC;
		is.confidence = ZL_CONFIDENCE_TIME;
	}
	if (is.side == ZL_SIDE_UNKNOWN) {
		is.side = by_service(s, flow, scope);
		is.confidence = is.side == ZL_SIDE_SRC &&
						may_answer(s, c, src_side, flow, scope)
					? ZL_CONFIDENCE_GUESS
					: ZL_CONFIDENCE_SERVICE;
	}
	if (is.side == ZL_SIDE_UNKNOWN) {
		is.side =
			c->confidence != ZL_CONFIDENCE_NONE && c->initiator != src_side
				? ZL_SIDE_DST
				: ZL_SIDE_SRC;
		is.confidence = ZL_CONFIDENCE_GUESS;
	}
	if (is.side == ZL_SIDE_SRC && is_datagram_of_server(flow))
		is.confidence = ZL_CONFIDENCE_GUESS;
	if (is.confidence >= c->confidence) {
		c->confidence = (uint8_t)is.confidence;
		c->initiator =
			(uint8_t)(is.side == ZL_SIDE_SRC ? src_side : 1 - src_side);
	}
	/* Only a real answer makes a server; a refusal or a scan does not. */
	if (is.confidence == ZL_CONFIDENCE_TIME)
		remember_offer(s, flow, is.side, scope);
	return is;
}
