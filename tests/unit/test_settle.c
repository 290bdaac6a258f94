/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settled records: two engines are given the same records and the same changes, and one
 * of them keeps what is settled.  Whatever happens in whatever order, they come to the
 * same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/roles/engine/engine.h"
#include "controller/roles/engine/tally.h"
#include "tests/support/tempdb.h"

enum { TCP = 6, UDP = 17, ICMP = 1, SYN = 2, RST = 4, ACK = 16, FULL = 27 };
enum { STEPS = 4000, QUIET = 3200, QUIET_END = 3600 };
enum { SLOTS = 256, DOMAINS = 4, TAP = 11, START_S = 1700000000 };

struct side {
	struct zl_engine *e;
	struct zl_tempdb *db;
	struct zl_ring *ring;
};

static struct zl_wall now = { START_S * INT64_C(1000000) };
static uint64_t dice_state;
static struct zl_flow before[24]; /* records that may come again */
static unsigned twice[24];	  /* and who else tells of them, and how */
/* An engine ends with its process: nothing takes it apart. */
static struct zl_engine *engines[1024];
static unsigned n_engines;

/* The same secrets for both engines: what a full table forgets depends on them. */
static uint64_t n_secrets;

ssize_t getrandom(void *to, size_t n, unsigned flags)
{
	uint8_t *b = to;

	(void)flags;
	for (size_t i = 0; i < n; i++) {
		uint64_t z = ++n_secrets * UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		b[i] = (uint8_t)(z >> 56);
	}
	return (ssize_t)n;
}

static uint32_t dice(uint32_t n)
{
	uint64_t z = dice_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z >> 33) % n);
}

/* --- the engines --- */

static void must(int r, const struct zl_error *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

static void define(struct side *s, enum zl_object_kind kind, const char *xml)
{
	struct zl_error err = { 0 };
	json_t *ret = NULL;

	must(zl_engine_objects_define(s->e, kind, xml, "test", "test", &ret, &err),
		&err);
	json_decref(ret);
}

static const char *host_xml(unsigned host, unsigned kind)
{
	static char xml[512];

	(void)snprintf(xml, sizeof(xml),
		"<host><name>hv%u</name><libvirt uri='test:///default'/>"
		"<exporter address='172.31.0.%u' interfaces='%s'%s/></host>",
		host, host, kind % 2 == 0 ? "ifindex" : "none",
		kind < 2 ? "" : " sampling='10'");
	return xml;
}

static const char *lock_xml(unsigned kind)
{
	static const char *const inbound[] = {
		"<inbound default='deny'><allow from='web' protocol='tcp' "
		"ports='80'/></inbound>",
		"<inbound default='deny'><allow from='any' protocol='tcp' "
		"ports='80'/><allow from='any' protocol='udp' ports='53'/></inbound>",
		"<inbound default='allow'/>",
		"<inbound default='deny'/><outbound default='deny'/>",
	};
	static char xml[512];

	(void)snprintf(xml, sizeof(xml),
		"<lock><name>db-lock</name><zone>db</zone><mode>%s</mode>%s"
		"<response action='quarantine'/></lock>",
		kind % 2 == 0 ? "enforce" : "monitor", inbound[kind / 2 % 4]);
	return xml;
}

static const char *zone_xml(const char *name, unsigned kind)
{
	static char xml[512];

	(void)snprintf(xml, sizeof(xml),
		"<zone><name>%s</name><members><domain name='%s*'/>%s</members></zone>",
		name, name, kind == 0 ? "" : "<cidr address='10.0.0.4' prefix='30'/>");
	return xml;
}

static void start(struct side *s, bool settles)
{
	struct zl_engine *e = calloc(1, sizeof(*e));
	struct zl_error err = { 0 };
	void *db = NULL;
	int fd = -1;

	n_secrets = 0;
	assert_non_null(e);
	assert_true(n_engines < N_ITEMS(engines));
	engines[n_engines++] = e;
	s->e = e;
	assert_int_equal(0, zl_tempdb_setup(&db));
	s->db = db;
	e->db = s->db->db;
	must(sd_event_new(&e->event), &err);
	zl_map_init(&e->hosts, ZL_NAME, 0);
	zl_map_init(&e->exporters, sizeof(struct zl_addr), 0);
	zl_map_init(&e->holders, sizeof(struct zl_uuid) + 64, 0);
	zl_map_init(&e->leases, sizeof(struct zl_uuid), 0);
	zl_map_init(&e->incidents, sizeof(struct zl_uuid) + 64, 65536);
	zl_tally_init(&e->violations, 65536);
	zl_map_init(&e->releases, sizeof(struct zl_uuid), 0);
	zl_engine_classes_forget(e);
	must(zl_index_new(zl_engine_inventory_on_change, e, &e->index, &err), &err);
	must(zl_engine_holdings_load(e, &err), &err);
	must(zl_engine_leases_load(e, &err), &err);
	must(zl_engine_incidents_load(e, &err), &err);
	must(zl_engine_objects_load(e, &err), &err);
	must(zl_ring_create(sizeof(struct zl_flow), SLOTS, &fd, &err), &err);
	must(zl_ring_map(fd, sizeof(struct zl_flow), &s->ring, &err), &err);
	must(zl_engine_flows_attach(e, fd, eventfd(0, EFD_NONBLOCK), &err), &err);
	/* As if all places had been in use before. */
	for (unsigned i = 0; i < ZL_WINDOW; i++) {
		e->window[i].answered = e->window[i].counted = true;
		e->window[i].by_claim = true;
		e->window[i].twin = ZL_TWIN_COPY;
	}
	assert_non_null(e->settled);
	if (!settles) {
		zl_settled_free(e->settled);
		e->settled = NULL;
	}
	for (unsigned h = 1; h <= 2; h++)
		define(s, ZL_OBJECT_HOST, host_xml(h, 0));
	define(s, ZL_OBJECT_ZONE, zone_xml("web", 0));
	define(s, ZL_OBJECT_ZONE, zone_xml("db", 0));
	define(s, ZL_OBJECT_LOCK, lock_xml(0));
}

static void stop(struct side *s)
{
	void *db = s->db;

	zl_index_free(s->e->index);
	s->e->index = NULL;
	zl_ring_unmap(s->ring);
	(void)zl_tempdb_teardown(&db);
}

/* --- records --- */

static struct zl_addr address(unsigned n)
{
	return n == 7 ? zl_addr_from_v4(0x08080808) : zl_addr_from_v4(0x0a000001 + n);
}

static struct zl_mac mac(unsigned n)
{
	return (struct zl_mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)n } };
}

static const uint8_t flags[] = { FULL, FULL, ACK, ACK, SYN, SYN | ACK, RST };

/* Mostly what was there before, so that there is something to settle. */
static struct zl_flow make_record(void)
{
	static const uint16_t ports[] = { 80, 40000, 53, 50051 };
	static const uint8_t protos[] = { TCP, TCP, TCP, UDP, UDP, ICMP };
	unsigned who = dice(DOMAINS), pair = dice(12);
	struct zl_flow f = { .present = ZL_FLOW_SRC | ZL_FLOW_DST | ZL_FLOW_SPORT |
					ZL_FLOW_DPORT | ZL_FLOW_PROTO | ZL_FLOW_IN_IF |
					ZL_FLOW_PACKETS | ZL_FLOW_AGE |
					ZL_FLOW_SAMPLING,
		.version = ZL_FLOW_V9,
		.ip_version = 4,
		.sampling = 1,
		.packets = 1 + dice(3),
		.arrival = now,
		.exporter = zl_addr_from_v4(0xac1f0001 + dice(2)),
		.src = address(who),
		.dst = address(dice(16) == 0 ? 4 + dice(4) : (who + 1) % DOMAINS),
		.sport = ports[pair % 4],
		.dport = ports[(pair + 1) % 4],
		.proto = protos[pair % 6],
		.in_if = dice(8) == 0 ? (dice(2) == 0 ? 0 : 99) : TAP + who };

	if (dice(3) == 0) { /* the other direction */
		struct zl_addr addr = f.src;
		uint16_t port = f.sport;

		f.src = f.dst;
		f.dst = addr;
		f.sport = f.dport;
		f.dport = port;
		f.in_if = dice(4) == 0 ? 2 : TAP + (who + 1) % DOMAINS;
	}
	if (dice(40) == 0) /* a lie, or an address that is new */
		f.src = address(dice(8));
	if (f.proto == TCP && dice(10) != 0) {
		f.present |= ZL_FLOW_TCP_FLAGS;
		f.tcp_flags = dice(3) != 0 ? FULL : flags[dice(N_ITEMS(flags))];
	}
	if (f.proto == ICMP) {
		f.present |= ZL_FLOW_ICMP;
		f.icmp = dice(2) == 0 ? 0 : 8 << 8;
	}
	if (dice(3) != 0) {
		f.present |= ZL_FLOW_FIRST;
		f.first_ms = zl_wall_ms(now) - 50 + (int64_t)dice(60);
	}
	if (dice(6) == 0) {
		f.present |= ZL_FLOW_DST_MAC | ZL_FLOW_SRC_MAC;
		f.src_mac = mac(dice(8) == 0 ? dice(5) : 1 + who);
		f.dst_mac = mac(dice(5));
	}
	if (dice(10) == 0) {
		f.present |= ZL_FLOW_REV_PACKETS | ZL_FLOW_BIFLOW;
		f.rev_packets = 1;
		f.biflow = (uint8_t)dice(3);
	}
	if (dice(6) == 0) {
		f.present |= dice(2) == 0 ? ZL_FLOW_VLAN : ZL_FLOW_VLAN_OF_PORT;
		f.vlan = (uint16_t)dice(3);
	}
	f.is_provisional = dice(30) == 0;
	return f;
}

/* How long ago it was, and for how long. */
static void set_time(struct zl_flow *f)
{
	static const uint32_t ages[] = { 100, 1000, 8000, 100000, 3700000 };

	f->arrival = now;
	f->age_ms = dice(10) == 0 ? ages[dice(N_ITEMS(ages))] : 0;
	f->age_error_ms = dice(10) == 0 ? dice(3000) : 0;
	if (dice(30) == 0)
		f->present ^= ZL_FLOW_AGE;
	if ((f->present & ZL_FLOW_FIRST) != 0)
		f->first_ms = zl_wall_ms(now) - (int64_t)dice(60);
	if (dice(8) == 0) {
		f->present |= ZL_FLOW_LAST;
		f->last_ms = zl_wall_ms(now) - (int64_t)dice(dice(3) == 0 ? 20000 : 20);
	}
	if (dice(8) == 0 && (f->present & ZL_FLOW_FIRST) != 0)
		f->first_ms -= dice(20000);
}

/* As the other exporter sees it, or as the same one sees it leave. */
static void set_place(struct zl_flow *f, unsigned how)
{
	f->present |= ZL_FLOW_DIRECTION;
	f->direction = how & 1;
	if ((how & 2) == 0)
		return;
	f->exporter = zl_addr_from_v4(f->exporter.b[15] == 1 ? 0xac1f0002 : 0xac1f0001);
	f->in_if = (how & 4) == 0 ? 2 : TAP + how % DOMAINS;
	if ((how & 8) == 0)
		return;
	f->present |= ZL_FLOW_SRC_MAC;
	f->src_mac = mac(f->src.b[15] % 8);
}

/* A new one, or, mostly, one more of a conversation that goes on. */
static struct zl_flow next_record(void)
{
	unsigned i = dice(N_ITEMS(before));
	struct zl_flow f;

	if (dice(8) == 0 || before[i].version == 0) {
		before[i] = make_record();
		twice[i] = dice(3) == 0 ? 1 + dice(15) : 0;
	}
	if (dice(40) == 0) /* the same by another VLAN */
		before[i].vlan = (uint16_t)dice(3);
	f = before[i];
	if (dice(12) == 0 && f.proto == TCP) {
		f.present |= ZL_FLOW_TCP_FLAGS;
		f.tcp_flags = flags[dice(N_ITEMS(flags))];
		f.present &= dice(2) == 0 ? ~(uint32_t)ZL_FLOW_FIRST : UINT32_MAX;
	}
	set_time(&f);
	if (twice[i] != 0 && dice(2) == 0)
		set_place(&f, twice[i]);
	return f;
}

/* --- changes --- */

static void put_domain(struct side *s, const uint32_t *r)
{
	static const char *const zones[] = { "web", "db", "misc" };
	unsigned who = r[0] % DOMAINS, host = r[1] % 8 == 0 ? 2 - who / 2 : 1 + who / 2;
	struct zl_domain d = { .state = r[2] % 8 == 0 ? ZL_DOMAIN_SHUTOFF
						      : ZL_DOMAIN_RUNNING,
		.n_nics = r[3] % 10 == 0 ? 0 : 1,
		.forwarding = r[4] % 10 == 0 };
	struct zl_nic *nic = &d.nics[0];
	struct zl_error err = { 0 };
	char name[8];

	d.uuid.b[15] = (uint8_t)(1 + who);
	(void)snprintf(d.name, sizeof(d.name), "%s%u",
		zones[r[5] % 6 == 0 ? r[6] % 3 : who % 2], who);
	nic->mac = mac(1 + who);
	nic->type = ZL_NIC_BRIDGE;
	(void)snprintf(nic->tap, sizeof(nic->tap), "tap%u",
		r[7] % 10 == 0 ? (who + 1) % DOMAINS : who);
	(void)snprintf(
		nic->bridge, sizeof(nic->bridge), "br%u", r[8] % 10 == 0 ? 1u : 0u);
	nic->vlan = r[13] % 8 == 0 ? (uint16_t)(1 + r[14] % 2) : 0;
	nic->n_addrs = r[9] % 3 == 0 ? 0 : 1;
	nic->addrs[0].addr = address(r[10] % 12 == 0 ? r[11] % 8 : who);
	nic->addrs[0].source = ZL_ADDR_METADATA;
	(void)snprintf(name, sizeof(name), "hv%u", host);
	if (r[12] % 20 == 0)
		(void)!zl_index_domain_gone(s->e->index, name, &d.uuid, now, &err);
	else
		must(zl_index_domain_put(s->e->index, name, &d, now, &err), &err);
}

static void put_link(struct side *s, const uint32_t *r)
{
	unsigned who = r[0] % DOMAINS, host = 1 + who / 2;
	struct zl_index_link link = { .ifindex = TAP + who,
		.mac = mac(1 + (r[1] % 8 == 0 ? r[2] % DOMAINS : who)) };
	struct zl_error err = { 0 };
	char name[8];

	link.mac.b[0] = 0xfe;
	(void)snprintf(name, sizeof(name), "hv%u", host);
	(void)snprintf(link.name, sizeof(link.name), "tap%u",
		r[3] % 8 == 0 ? r[4] % DOMAINS : who);
	if (r[5] % 8 == 0)
		must(zl_index_link_gone(s->e->index, name, link.ifindex, now, &err),
			&err);
	else
		must(zl_index_link_put(s->e->index, name, &link, now, &err), &err);
}

static void put_fact(struct side *s, const uint32_t *r)
{
	struct zl_addr addr = address(r[0] % 8);
	struct zl_mac of = mac(1 + r[1] % DOMAINS);
	const char *host = r[2] % 2 == 0 ? "hv1" : "hv2";
	struct zl_error err = { 0 };

	if (r[3] % 2 == 0)
		must(zl_index_neighbour_put(
			     s->e->index, host, TAP + r[1] % 4, &addr, &of, now, &err),
			&err);
	else
		must(zl_index_neighbour_gone(
			     s->e->index, host, TAP + r[1] % 4, &addr, now, &err),
			&err);
}

/* Its datagrams take longer or shorter than usual. */
static void set_offset(struct side *s, const uint32_t *r)
{
	const struct zl_addr addr = zl_addr_from_v4(0xac1f0001 + r[0] % 2);
	struct zl_exporter_info *x = zl_map_find(&s->e->exporters, &addr);

	if (x == NULL)
		return;
	x->stats.has_offset = r[1] % 3 != 0;
	x->stats.offset_us = (int64_t)(r[2] % 8) * -1000000;
}

static void change(struct side *s, unsigned what, const uint32_t *r)
{
	struct zl_uuid uuid = { { [15] = (uint8_t)(1 + r[0] % DOMAINS) } };
	struct zl_error err = { 0 };

	switch (what) {
	case 0: define(s, ZL_OBJECT_LOCK, lock_xml(r[0] % 8)); return;
	case 1:
		must(zl_engine_objects_set_mode(s->e, "db-lock",
			     r[0] % 2 == 0 ? ZL_LOCK_MONITOR : ZL_LOCK_ENFORCE, "test",
			     &err),
			&err);
		return;
	case 2:
		define(s, ZL_OBJECT_ZONE,
			zone_xml(r[0] % 2 == 0 ? "web" : "db", r[1] % 2));
		return;
	case 3:
		define(s, ZL_OBJECT_HOST,
			host_xml(1 + r[0] % 2, r[1] % 3 == 0 ? r[2] % 4 : 0));
		return;
	case 4:
		must(zl_index_set_forwarding(
			     s->e->index, &uuid, r[1] % 3 == 0, now, &err),
			&err);
		return;
	case 5: zl_engine_flows_tick(s->e, zl_mono_now()); return;
	case 6: zl_index_expire(s->e->index, now); return;
	case 7: put_fact(s, r); return;
	case 8: put_link(s, r); return;
	case 9: set_offset(s, r); return;
	default: put_domain(s, r); return;
	}
}

/* --- comparing --- */

static bool is_same_initiator(
	const struct zl_initiator *x, const struct zl_initiator *y)
{
	return x->other == y->other && x->same == y->same && x->first == y->first &&
	       x->proves == y->proves && x->answers == y->answers &&
	       x->ends == y->ends &&
	       (x->began.us == y->began.us || zl_stitch_is_certain(x->confidence));
}

static bool is_same_past(const struct zl_past *x, const struct zl_past *y)
{
	return x->how == y->how && x->kind == y->kind && x->is_dst == y->is_dst &&
	       x->until.us == y->until.us && strcmp(x->name, y->name) == 0;
}

static void compare_seen(struct side *a, struct side *b, uint64_t number)
{
	struct zl_seen *x = zl_engine_flows_seen(a->e, number);
	struct zl_seen *y = zl_engine_flows_seen(b->e, number);
	json_t *p, *q;

	assert_non_null(x);
	assert_non_null(y);
	p = zl_engine_flows_to_json(x);
	q = zl_engine_flows_to_json(y);
	if (!json_equal(p, q) || x->answered != y->answered ||
		x->counted != y->counted || x->by_claim != y->by_claim ||
		x->twin != y->twin ||
		!is_same_initiator(&x->initiator, &y->initiator) ||
		!is_same_past(&x->sighting.past, &y->sighting.past) ||
		strcmp(x->sighting.held_by, y->sighting.held_by) != 0 ||
		x->sighting.scope != y->sighting.scope ||
		x->sighting.true_scope != y->sighting.true_scope ||
		!zl_uuid_eq(&x->sighting.src.domain, &y->sighting.src.domain) ||
		!zl_uuid_eq(&x->sighting.dst.domain, &y->sighting.dst.domain) ||
		!zl_mac_eq(&x->sighting.src.mac, &y->sighting.src.mac) ||
		strcmp(x->sighting.dst.host, y->sighting.dst.host) != 0 ||
		x->sighting.src.n_nics != y->sighting.src.n_nics ||
		x->sighting.dst.forwarding != y->sighting.dst.forwarding)
		fail_msg("record %llu:\n%s\n%s", (unsigned long long)number,
			json_dumps(p, 0), json_dumps(q, 0));
	json_decref(p);
	json_decref(q);
}

/* What flow-list calls a copy of what. */
static void compare_copies(struct side *a, struct side *b)
{
	struct zl_map p, q;
	struct zl_seen *x, *y;
	unsigned n = 0;

	assert_true(zl_engine_copies_gather(a->e, &p) >= 0);
	assert_true(zl_engine_copies_gather(b->e, &q) >= 0);
	for (uint64_t i = a->e->n_seen; (x = zl_engine_flows_seen(a->e, i)) != NULL;
		i--) {
		const struct zl_seen *of = zl_engine_copies_of(&p, x), *that;

		y = zl_engine_flows_seen(b->e, i);
		assert_non_null(y);
		that = zl_engine_copies_of(&q, y);
		assert_int_equal(of == NULL ? -1 : of - a->e->window,
			that == NULL ? -1 : that - b->e->window);
		n += of != NULL;
	}
	assert_true(n != 0);
	zl_map_done(&p);
	zl_map_done(&q);
}

static void compare_incidents(struct side *a, struct side *b)
{
	struct zl_engine_incident *x, *y;
	struct {
		struct zl_uuid domain;
		char lock[64];
	} key;

	assert_int_equal(a->e->incidents.n, b->e->incidents.n);
	for (size_t i = 0; (x = zl_map_next(&a->e->incidents, &i)) != NULL;) {
		memset(&key, 0, sizeof(key));
		key.domain = x->row.domain;
		(void)snprintf(key.lock, sizeof(key.lock), "%s", x->row.lock);
		y = zl_map_find(&b->e->incidents, &key);
		assert_non_null(y);
		assert_int_equal(x->row.count, y->row.count);
		assert_string_equal(x->row.rule, y->row.rule);
		assert_string_equal(x->row.decision, y->row.decision);
		assert_string_equal(x->row.decision_reason, y->row.decision_reason);
		assert_true(json_equal(x->evidence, y->evidence));
	}
}

static void compare_exporters(struct side *a, struct side *b)
{
	const struct zl_exporter_info *x, *y;

	for (size_t i = 0; (x = zl_map_next(&a->e->exporters, &i)) != NULL;) {
		y = zl_map_find(&b->e->exporters, &x->addr);
		assert_non_null(y);
		assert_int_equal(x->records.all, y->records.all);
		assert_int_equal(x->tapped.all, y->tapped.all);
		assert_int_equal(x->no_interface.all, y->no_interface.all);
		assert_int_equal(x->unknown_interface.all, y->unknown_interface.all);
		assert_int_equal(x->last_tapped.us, y->last_tapped.us);
	}
}

/* --- tests --- */

static void feed(struct side *s, const struct zl_flow *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_true(zl_ring_write(s->ring, &f[i]));
	(void)zl_ring_flush(s->ring);
	zl_engine_flows_drain(s->e);
}

static void pass_time(unsigned nr)
{
	now.us += (int64_t)dice(20) == 0 ? dice(5000000) : dice(20000);
	if (nr >= QUIET && nr < QUIET_END && dice(16) == 0)
		now.us += (int64_t)dice(500) * 1000000;
	zl_clock_tell(now);
}

/* Nothing changes for an hour or so in each run. */
static void step(struct side sides[2], unsigned nr)
{
	struct zl_flow f[8];
	uint32_t r[16];
	unsigned n = 1 + (dice(10) == 0 ? dice(8) : 0), what = dice(16);

	pass_time(nr);
	if (dice(50) == 0 && (nr < QUIET || nr >= QUIET_END)) {
		for (unsigned i = 0; i < N_ITEMS(r); i++)
			r[i] = dice(1 << 30);
		for (unsigned i = 0; i < 2; i++)
			change(&sides[i], what, r);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		f[i] = next_record();
	for (unsigned i = 0; i < 2; i++)
		feed(&sides[i], f, n);
	assert_int_equal(sides[0].e->n_seen, sides[1].e->n_seen);
	assert_int_equal(sides[0].e->n_doubts, sides[1].e->n_doubts);
	compare_incidents(&sides[0], &sides[1]);
	/* Some at once, all the others only when they may be called something else. */
	if (dice(3) == 0)
		compare_seen(&sides[0], &sides[1], sides[0].e->n_seen);
}

static void run(uint64_t seed)
{
	struct side sides[2];
	uint32_t r[16] = { 0 };

	dice_state = seed;
	memset(before, 0, sizeof(before));
	memset(twice, 0, sizeof(twice));
	for (unsigned i = 0; i < 2; i++) {
		start(&sides[i], i == 0);
		for (unsigned d = 0; d < DOMAINS; d++) {
			for (unsigned k = 0; k < N_ITEMS(r); k++)
				r[k] = 1;
			r[0] = d;
			put_domain(&sides[i], r);
			put_link(&sides[i], r);
		}
	}
	for (unsigned i = 0; i < STEPS; i++)
		step(sides, i);
	compare_copies(&sides[0], &sides[1]);
	for (uint64_t k = 1; k <= sides[0].e->n_seen; k++)
		if (sides[0].e->n_seen - k < ZL_WINDOW)
			compare_seen(&sides[0], &sides[1], k);
	compare_exporters(&sides[0], &sides[1]);
	print_message("%llu of %llu settled, %zu incidents\n",
		(unsigned long long)sides[0].e->n_settled,
		(unsigned long long)sides[0].e->n_seen, sides[0].e->incidents.n);
	assert_true(sides[0].e->n_settled * 20 > sides[0].e->n_seen);
	for (unsigned i = 0; i < 2; i++)
		stop(&sides[i]);
}

static void test_same_outcome(void **state)
{
	const char *seed = getenv("ZL_SEED"), *runs = getenv("ZL_RUNS");
	uint64_t from = seed == NULL ? 1 : strtoull(seed, NULL, 10);
	uint64_t n = runs == NULL ? 4 : strtoull(runs, NULL, 10);

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		run(from + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_outcome),
	};

	zl_clock_tell(now);
	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
