/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building all datagrams once, and sending them at a rate. */
#include "tests/bench/generate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "tests/bench/traffic.h"
#include "tests/support/flowgen.h"

enum {
	BURST = 64,
	TEMPLATE_ID = 256,
	V5_FLOWS = 30,
	V9_FLOWS = 30,
	IPFIX_FLOWS = 23, /* of 60 bytes, in 1400 */
	TICK_NS = 200000,
	BEHIND_MAX_NS = 5000000,
	DATAGRAM_MAX = 1500,
	TEMPLATES_PAUSE_US = 500,
};
#define NS_PER_S INT64_C(1000000000)

struct slot {
	uint32_t at, n; /* in the bytes */
	uint16_t host, flows;
};

union control {
	struct cmsghdr align;
	char b[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct zl_generate {
	struct zl_generate_config config;
	uint8_t *bytes;
	size_t used, room;
	struct slot *slots;
	size_t n_slots, n_templates, room_slots; /* the templates come first */
	union control *controls;		 /* of each host */
	uint32_t *sequence;
	size_t next;
	uint64_t records;
	int64_t boot_s;
	int fd;
};

static const struct zl_flowgen_field v9_fields[] = {
	{ 1, 4, 0 },
	{ 2, 4, 0 },
	{ 4, 1, 0 },
	{ 5, 1, 0 },
	{ 6, 1, 0 },
	{ 7, 2, 0 },
	{ 8, 4, 0 },
	{ 10, 4, 0 },
	{ 11, 2, 0 },
	{ 12, 4, 0 },
	{ 14, 4, 0 },
	{ 21, 4, 0 },
	{ 22, 4, 0 },
	{ 9, 1, 0 },
	{ 13, 1, 0 },
	{ 58, 2, 0 },
	{ 61, 1, 0 },
};
static const struct zl_flowgen_field ipfix_fields[] = {
	{ 1, 8, 0 },
	{ 2, 8, 0 },
	{ 4, 1, 0 },
	{ 5, 1, 0 },
	{ 6, 1, 0 },
	{ 7, 2, 0 },
	{ 8, 4, 0 },
	{ 10, 4, 0 },
	{ 11, 2, 0 },
	{ 12, 4, 0 },
	{ 14, 4, 0 },
	{ 152, 8, 0 },
	{ 153, 8, 0 },
	{ 9, 1, 0 },
	{ 13, 1, 0 },
	{ 58, 2, 0 },
	{ 61, 1, 0 },
};

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void poke_u32(uint8_t *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, sizeof(v));
}

static void begin(const struct zl_generate *g, struct zl_flowgen *fg)
{
	switch (g->config.version) {
	case ZL_FLOW_V5: zl_flowgen_v5(fg, 0, 0, 0, 0, 0); return;
	case ZL_FLOW_V9: zl_flowgen_v9(fg, 0, 0, 0, 1); return;
	case ZL_FLOW_IPFIX: zl_flowgen_ipfix(fg, 0, 0, 1); return;
	case ZL_FLOW_SFLOW: return; /* not among the contestants' */
	}
}

static void put_template(const struct zl_generate *g, struct zl_flowgen *fg)
{
	if (g->config.version == ZL_FLOW_V9) {
		zl_flowgen_set(fg, 0);
		zl_flowgen_template(fg, TEMPLATE_ID, v9_fields, N_ITEMS(v9_fields));
	} else {
		zl_flowgen_set(fg, 2);
		zl_flowgen_template(
			fg, TEMPLATE_ID, ipfix_fields, N_ITEMS(ipfix_fields));
	}
}

/* The fields of the templates above, in their order. */
static void put_record(const struct zl_generate *g, struct zl_flowgen *fg,
	const struct zl_traffic_record *r)
{
	bool v9 = g->config.version == ZL_FLOW_V9;
	size_t wide = v9 ? 4 : 8;
	uint64_t boot_ms = v9 ? 0 : (uint64_t)g->boot_s * 1000;

	if (g->config.version == ZL_FLOW_V5) {
		zl_flowgen_v5_record(fg, &(struct zl_flowgen_v5_record){ .src = r->src,
						 .dst = r->dst,
						 .packets = r->packets,
						 .octets = r->octets,
						 .first = r->first_ms,
						 .last = r->last_ms,
						 .in_if = r->in_if,
						 .out_if = r->out_if,
						 .sport = r->sport,
						 .dport = r->dport,
						 .tcp_flags = r->tcp_flags,
						 .proto = r->proto });
		return;
	}
	zl_flowgen_uint(fg, r->octets, wide);
	zl_flowgen_uint(fg, r->packets, wide);
	zl_flowgen_u8(fg, r->proto);
	zl_flowgen_u8(fg, 0);
	zl_flowgen_u8(fg, r->tcp_flags);
	zl_flowgen_u16(fg, r->sport);
	zl_flowgen_u32(fg, r->src);
	zl_flowgen_u32(fg, r->in_if);
	zl_flowgen_u16(fg, r->dport);
	zl_flowgen_u32(fg, r->dst);
	zl_flowgen_u32(fg, r->out_if);
	zl_flowgen_uint(fg, boot_ms + (v9 ? r->last_ms : r->first_ms), wide);
	zl_flowgen_uint(fg, boot_ms + (v9 ? r->first_ms : r->last_ms), wide);
	zl_flowgen_u8(fg, 24);
	zl_flowgen_u8(fg, 24);
	zl_flowgen_u16(fg, 0);
	zl_flowgen_u8(fg, 0);
}

/* Close the datagram and keep it. */
static int keep(
	struct zl_generate *g, struct zl_flowgen *fg, unsigned host, unsigned flows)
{
	zl_flowgen_end(fg);
	if (fg->n > g->room - g->used || g->n_slots == g->room_slots)
		return -ENOBUFS;
	memcpy(g->bytes + g->used, fg->bytes, fg->n);
	g->slots[g->n_slots++] = (struct slot){ .at = (uint32_t)g->used,
		.n = (uint32_t)fg->n,
		.host = (uint16_t)host,
		.flows = (uint16_t)flows };
	g->used += fg->n;
	g->records += flows;
	return 0;
}

static unsigned flows_per_datagram(const struct zl_generate *g)
{
	return g->config.version == ZL_FLOW_IPFIX ? IPFIX_FLOWS
	       : g->config.version == ZL_FLOW_V9  ? V9_FLOWS
						  : V5_FLOWS;
}

/* Datagram `nth` of a host, with the records from nth * per on. */
static int build_datagram(struct zl_generate *g, struct zl_flowgen *fg, unsigned host,
	unsigned nth, unsigned n_records)
{
	unsigned per = flows_per_datagram(g), from = nth * per;
	unsigned to = from + per < n_records ? from + per : n_records;

	begin(g, fg);
	if (g->config.version != ZL_FLOW_V5)
		zl_flowgen_set(fg, TEMPLATE_ID);
	for (unsigned i = from; i < to; i++) {
		struct zl_traffic_record r;

		/* Conversation i / 2 of this host, one way and back. */
		zl_traffic_record(&g->config.fleet, g->config.seed,
			host + i / 2 * g->config.fleet.n_hosts, i % 2 == 1, &r);
		put_record(g, fg, &r);
	}
	return keep(g, fg, host, to - from);
}

static int build(struct zl_generate *g, struct zl_flowgen *fg)
{
	unsigned n_hosts = g->config.fleet.n_hosts;
	unsigned n_records = g->config.n_conversations / n_hosts * 2;
	unsigned per = flows_per_datagram(g), n = (n_records + per - 1) / per;
	int r = 0;

	g->room_slots = (size_t)n_hosts * (n + 1);
	g->room = g->room_slots * DATAGRAM_MAX;
	g->bytes = malloc(g->room);
	g->slots = calloc(g->room_slots, sizeof(*g->slots));
	g->controls = calloc(n_hosts, sizeof(*g->controls));
	g->sequence = calloc(n_hosts, sizeof(*g->sequence));
	if (g->bytes == NULL || g->slots == NULL || g->controls == NULL ||
		g->sequence == NULL)
		return -ENOMEM;
	for (unsigned h = 0; h < n_hosts && r >= 0; h++) {
		if (g->config.version == ZL_FLOW_V5)
			break;
		begin(g, fg);
		put_template(g, fg);
		r = keep(g, fg, h, 0);
	}
	g->next = g->n_templates = g->n_slots;
	/* The exporters take turns. */
	for (unsigned i = 0; i < n && r >= 0; i++)
		for (unsigned h = 0; h < n_hosts && r >= 0; h++)
			r = build_datagram(g, fg, h, i, n_records);
	return r;
}

static void fill_control(union control *c, uint32_t from)
{
	struct cmsghdr *h = &c->align;
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(from) };

	h->cmsg_level = IPPROTO_IP;
	h->cmsg_type = IP_PKTINFO;
	h->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(h), &info, sizeof(info));
}

int zl_generate_new(const struct zl_generate_config *config, struct zl_generate **ret,
	struct zl_error *reterr)
{
	struct zl_generate *g = calloc(1, sizeof(*g));
	ZL_AUTO(zl_mem) struct zl_flowgen *fg = calloc(1, sizeof(*fg));
	int r, size = 4 << 20;

	if (g == NULL || fg == NULL) {
		free(g);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	g->config = *config;
	g->boot_s = time(NULL) - ZL_TRAFFIC_UPTIME_S;
	g->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = g->fd < 0 ? -errno : build(g, fg);
	if (r < 0) {
		zl_generate_free(g);
		return zl_fail(reterr, r, "building datagrams: %s", strerror(-r));
	}
	(void)setsockopt(g->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (unsigned h = 0; h < config->fleet.n_hosts; h++)
		fill_control(&g->controls[h], zl_fleet_exporter(h));
	*ret = g;
	return 0;
}

void zl_generate_free(struct zl_generate *g)
{
	if (g == NULL)
		return;
	if (g->fd >= 0)
		(void)close(g->fd);
	free(g->bytes);
	free(g->slots);
	free(g->controls);
	free(g->sequence);
	free(g);
}

/* Time and sequence number of a datagram that goes out now. */
static void stamp(struct zl_generate *g, const struct slot *s, int64_t wall_s)
{
	uint8_t *b = g->bytes + s->at;
	uint32_t *sequence = &g->sequence[s->host];

	switch (g->config.version) {
	case ZL_FLOW_V5:
		poke_u32(b + 4, (uint32_t)(wall_s - g->boot_s) * 1000);
		poke_u32(b + 8, (uint32_t)wall_s);
		poke_u32(b + 16, *sequence);
		*sequence += s->flows;
		return;
	case ZL_FLOW_V9:
		poke_u32(b + 4, (uint32_t)(wall_s - g->boot_s) * 1000);
		poke_u32(b + 8, (uint32_t)wall_s);
		poke_u32(b + 12, (*sequence)++);
		return;
	case ZL_FLOW_IPFIX:
		poke_u32(b + 4, (uint32_t)wall_s);
		poke_u32(b + 8, *sequence);
		*sequence += s->flows;
		return;
	case ZL_FLOW_SFLOW: return;
	}
}

/* Send `n` datagrams from slot `from` on, which all are there. */
static int send_slots(struct zl_generate *g, uint16_t port, size_t from, unsigned n,
	struct zl_generate_sent *sent)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct mmsghdr msgs[BURST];
	struct iovec iov[BURST];
	int64_t wall_s = time(NULL);
	unsigned done = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < n; i++) {
		const struct slot *s = &g->slots[from + i];

		stamp(g, s, wall_s);
		iov[i] = (struct iovec){ g->bytes + s->at, s->n };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = &g->controls[s->host],
			.msg_controllen = sizeof(g->controls[0]) };
		sent->datagrams++;
		sent->flows += s->flows;
		sent->bytes += s->n;
	}
	while (done < n) {
		int r = sendmmsg(g->fd, msgs + done, n - done, 0);

		/* ECONNREFUSED is what an earlier datagram met. */
		if (r < 0 && errno != EINTR && errno != ECONNREFUSED)
			return -errno;
		done += r > 0 ? (unsigned)r : 0;
	}
	return 0;
}

int zl_generate_templates(struct zl_generate *g, uint16_t port, struct zl_error *reterr)
{
	struct zl_generate_sent sent = { 0 };

	for (size_t i = 0; i < g->n_templates; i += 16) {
		unsigned n =
			g->n_templates - i < 16 ? (unsigned)(g->n_templates - i) : 16;
		int r = send_slots(g, port, i, n, &sent);

		if (r < 0)
			return zl_fail(
				reterr, r, "sending templates: %s", strerror(-r));
		(void)usleep(TEMPLATES_PAUSE_US);
	}
	return 0;
}

static void wait_until(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* How many datagrams may go now, at most BURST; waits when none may. */
static unsigned pace(const struct zl_generate *g, double flows_per_s, int64_t *start,
	uint64_t flows, int64_t now)
{
	int64_t due_ns;
	double ahead;

	if (flows_per_s <= 0)
		return BURST;
	due_ns = *start + (int64_t)((double)flows / flows_per_s * 1e9);
	if (now - due_ns > BEHIND_MAX_NS)
		*start += now - due_ns - BEHIND_MAX_NS;
	if (due_ns > now) {
		wait_until(due_ns > now + TICK_NS ? due_ns : now + TICK_NS);
		return 0;
	}
	ahead = (double)(now - due_ns) / 1e9 * flows_per_s / flows_per_datagram(g);
	return ahead >= BURST ? BURST : (unsigned)ahead + 1;
}

int zl_generate_run(struct zl_generate *g, uint16_t port, double flows_per_s,
	double seconds, struct zl_generate_sent *ret, struct zl_error *reterr)
{
	struct zl_generate_sent sent = { 0 };
	int64_t begun = now_ns(), start = begun, now = begun;
	int64_t end = begun + (int64_t)(seconds * 1e9);

	for (; now < end; now = now_ns()) {
		unsigned n = pace(g, flows_per_s, &start, sent.flows, now);
		int r;

		if (n > g->n_slots - g->next)
			n = (unsigned)(g->n_slots - g->next);
		if (n == 0)
			continue;
		r = send_slots(g, port, g->next, n, &sent);
		if (r < 0)
			return zl_fail(reterr, r, "sending: %s", strerror(-r));
		g->next += n;
		if (g->next == g->n_slots)
			g->next = 0;
	}
	sent.seconds = (double)(now - begun) / 1e9;
	*ret = sent;
	return 0;
}

uint64_t zl_generate_records(const struct zl_generate *g)
{
	return g->records;
}

const uint8_t *zl_generate_datagram(const struct zl_generate *g, size_t i,
	size_t *ret_n, uint32_t *ret_exporter, unsigned *ret_flows)
{
	const struct slot *s = &g->slots[i % g->n_slots];

	*ret_n = s->n;
	*ret_exporter = zl_fleet_exporter(s->host);
	*ret_flows = s->flows;
	return g->bytes + s->at;
}
