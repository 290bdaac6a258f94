/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quarantine by nwfilter where libvirt cannot do it: libvirt's test driver, which has
 * domains but no filters, and a hypervisor that does not answer; and the queue in front.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mitigate/actuator/contain.h"
#include "mitigate/actuator/originals.h"
#include "mitigate/actuator/queue.h"
#include "mitigate/protocol.h"

#define NOWHERE "qemu+unix:///system?socket=/tmp/zl-no-such-socket"

static const struct zl_uuid web1 = { { 0xbb, 1 } }, bare = { { 0xbb, 2 } },
			    nobody = { { 0xbb, 3 } };
static const struct zl_uuid one = { { 0xaa, 1 } }, two = { { 0xaa, 2 } };
static const struct zl_filter_peers no_peers;

static char dir[64], node[96], uri[128];
static struct zl_worker_self self = { .fd = -1 };
static struct zl_contain contain;

static void write_node(void)
{
	FILE *f = fopen(node, "we");

	assert_non_null(f);
	(void)fputs(
		"<node>"
		"<domain type='test'><name>web1</name>"
		"<uuid>bb010000-0000-0000-0000-000000000000</uuid>"
		"<memory>1024</memory><os><type>hvm</type></os><devices>"
		"<interface type='bridge'><mac address='52:54:00:00:00:05'/>"
		"<source bridge='br0'/><filterref filter='clean-traffic'/></interface>"
		"</devices></domain>"
		"<domain type='test'><name>bare</name>"
		"<uuid>bb020000-0000-0000-0000-000000000000</uuid>"
		"<memory>1024</memory><os><type>hvm</type></os></domain></node>",
		f);
	assert_int_equal(0, fclose(f));
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/zl-contain.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(node, sizeof(node), "%s/node.xml", dir);
	(void)snprintf(uri, sizeof(uri), "test://%s", node);
	write_node();
	contain = (struct zl_contain){
		.virt = { .self = &self, .uri = uri }, .dir = dir, .peers = &no_peers
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zl_virt_close(&contain.virt);
	(void)unlink(node);
	return rmdir(dir); /* no originals are left there */
}

static struct zl_lease make_lease(const struct zl_uuid *domain)
{
	return (struct zl_lease){ .id = one,
		.domain = *domain,
		.action = ZL_ACTION_QUARANTINE,
		.backend = ZL_BACKEND_NWFILTER };
}

static void test_put_refused(void **state)
{
	static const struct {
		const struct zl_uuid *domain;
		enum zl_action action;
		int code;
		const char *says;
	} cases[] = {
		{ &web1, ZL_ACTION_QUARANTINE, -EOPNOTSUPP, "cannot find our filter" },
		{ &bare, ZL_ACTION_QUARANTINE, -EOPNOTSUPP,
			"has no network interface" },
		{ &nobody, ZL_ACTION_QUARANTINE, -ENOENT, "cannot find the domain" },
		{ &web1, ZL_ACTION_BLOCK_FLOW, -EOPNOTSUPP, "does not do block-flow" },
	};
	struct zl_lease_report rep;

	(void)state;
	for (size_t i = 0; i < N_ITEMS(cases); i++) {
		struct zl_lease lease = make_lease(cases[i].domain);

		lease.action = cases[i].action;
		zl_contain_put(&contain, &lease, &rep);
		assert_int_equal(ZL_LEASE_FAILED, rep.state);
		assert_int_equal(cases[i].code, rep.error.code);
		if (strstr(rep.error.msg, cases[i].says) == NULL)
			fail_msg("%s", rep.error.msg);
		assert_true(zl_uuid_eq(&one, &rep.id));
		assert_int_equal(0, rep.committed.us);
		assert_false(zl_contain_should_retry(&rep));
	}
}

static void test_unreachable(void **state)
{
	struct zl_lease lease = make_lease(&web1);
	struct zl_lease_report rep;

	(void)state;
	contain.virt.uri = NOWHERE;
	zl_contain_put(&contain, &lease, &rep);
	assert_int_equal(ZL_LEASE_PENDING, rep.state);
	assert_int_equal(-EHOSTUNREACH, rep.error.code);
	assert_non_null(strstr(rep.error.msg, NOWHERE));
	assert_true(rep.error.hint[0] != '\0');
	assert_true(zl_contain_should_retry(&rep));
	zl_contain_drop(&contain, &one, &web1, &rep);
	assert_int_equal(ZL_LEASE_RELEASING, rep.state);
	assert_true(zl_contain_should_retry(&rep));
}

/* It holds the domain, so what ends the other lease ends nothing. */
static void test_other_lease(void **state)
{
	struct zl_mac mac = { { 0x52 } };
	struct zl_lease_report rep;
	struct zl_originals o;

	(void)state;
	assert_int_equal(0, zl_originals_read(dir, &web1, &o, NULL));
	o.lease = two;
	assert_int_equal(0, zl_originals_note(&o, &mac, ZL_FILTERREF_LIVE, NULL, NULL));
	assert_int_equal(0, zl_originals_write(dir, &o, NULL));
	zl_originals_done(&o);
	zl_contain_drop(&contain, &one, &web1, &rep);
	assert_int_equal(ZL_LEASE_RELEASED, rep.state);
	assert_int_equal(0, rep.error.code);
	assert_int_equal(0, zl_originals_read(dir, &web1, &o, NULL));
	assert_true(zl_uuid_eq(&two, &o.lease));
	assert_int_equal(1, o.n);
	zl_originals_done(&o);
	assert_int_equal(0, zl_originals_remove(dir, &web1, NULL));
}

static void test_drop_of_unknown(void **state)
{
	struct zl_lease_report rep;

	(void)state;
	/* this libvirt cannot even say that our filter is not there */
	zl_contain_drop(&contain, &one, &nobody, &rep);
	assert_int_equal(ZL_LEASE_RELEASING, rep.state);
	assert_int_equal(-EOPNOTSUPP, rep.error.code);
}

/* --- the queue --- */

struct seen {
	sd_event *event; /* its loop */
	unsigned n;
	uint32_t seq;
	struct zl_lease_report last;
};

static void on_report(const void *frame, size_t n, void *user)
{
	struct seen *s = user;
	struct zl_frame_in in;

	assert_int_equal(0, zl_frame_parse(frame, n, zl_agent_messages,
				    ZL_AGENT_MESSAGE_N, &in, NULL));
	assert_int_equal(ZL_AGENT_LEASE_STATE, in.type);
	assert_int_equal(
		0, zl_lease_report_get(in.tb[ZL_AGENT_A_REPORT], &s->last, NULL));
	s->seq = in.seq;
	s->n++;
}

static struct zl_queue *queue_new(struct seen *s, unsigned hosts_max, unsigned idle_ms)
{
	struct zl_queue_config config = { .dir = dir,
		.peers = &no_peers,
		.on_report = on_report,
		.user = s,
		.hosts_max = hosts_max,
		.idle_ms = idle_ms };
	struct zl_queue *q = NULL;

	assert_true(sd_event_new(&config.event) >= 0);
	assert_int_equal(0, zl_queue_new(&config, &q, NULL));
	s->event = config.event;
	return q;
}

static void queue_free(struct seen *s, struct zl_queue *q)
{
	zl_queue_free(q);
	s->event = sd_event_unref(s->event);
}

static void push(struct zl_queue *q, uint16_t type, uint32_t seq, const char *to)
{
	static uint8_t buf[ZL_FRAME_MAX];
	struct zl_lease lease = make_lease(&web1);
	struct zl_frame_in in;
	struct zl_frame f;
	ssize_t n;

	zl_frame_start(&f, buf, sizeof(buf), type, seq);
	if (type == ZL_AGENT_LEASE_PUT)
		zl_lease_put(&f, ZL_AGENT_A_LEASE, &lease);
	else {
		zl_frame_put_bytes(&f, ZL_AGENT_A_ID, one.b, 16);
		zl_frame_put_bytes(&f, ZL_AGENT_A_DOMAIN, web1.b, 16);
	}
	zl_frame_put_str(&f, ZL_AGENT_A_URI, to);
	n = zl_frame_end(&f);
	assert_true(n > 0);
	assert_int_equal(0, zl_frame_parse(buf, (size_t)n, zl_agent_messages,
				    ZL_AGENT_MESSAGE_N, &in, NULL));
	zl_queue_push(q, &in);
}

/* Run until `n` reports were seen, or for `ms`. */
static void run(const struct seen *s, unsigned n, unsigned ms)
{
	struct zl_mono end = zl_mono_add_ms(zl_mono_now(), ms);

	while (s->n < n && zl_mono_now().us < end.us)
		assert_true(sd_event_run(s->event, 20000) >= 0);
}

static void test_queue(void **state)
{
	struct seen s = { .n = 0 };
	struct zl_queue *q = queue_new(&s, 4, 60000);

	(void)state;
	push(q, ZL_AGENT_LEASE_PUT, 1, "");
	assert_int_equal(1, s.n);
	assert_int_equal(ZL_LEASE_FAILED, s.last.state);
	assert_string_equal("no libvirt URI is known for the host", s.last.error.msg);

	push(q, ZL_AGENT_LEASE_PUT, 2, uri);
	run(&s, 2, 5000);
	assert_int_equal(2, s.n);
	assert_int_equal(2, s.seq);
	assert_int_equal(ZL_LEASE_FAILED, s.last.state);
	assert_int_equal(-EOPNOTSUPP, s.last.error.code);

	/* tried again and again, told once; then replaced by its end */
	push(q, ZL_AGENT_LEASE_PUT, 3, NOWHERE);
	run(&s, 4, 1500);
	assert_int_equal(3, s.n);
	assert_int_equal(3, s.seq);
	assert_int_equal(ZL_LEASE_PENDING, s.last.state);
	push(q, ZL_AGENT_LEASE_DROP, 4, NOWHERE);
	run(&s, 5, 1500);
	assert_int_equal(4, s.n);
	assert_int_equal(4, s.seq);
	assert_int_equal(ZL_LEASE_RELEASING, s.last.state);
	queue_free(&s, q);
}

/* A quarantine that was at work when its release came is not tried again after it. */
static void test_superseded(void **state)
{
	struct seen s = { .n = 0 };
	struct zl_queue *q = queue_new(&s, 4, 60000);

	(void)state;
	push(q, ZL_AGENT_LEASE_PUT, 1, NOWHERE);
	push(q, ZL_AGENT_LEASE_DROP, 2, NOWHERE);
	run(&s, 2, 2000);
	assert_int_equal(1, s.n);
	assert_int_equal(2, s.seq);
	assert_int_equal(ZL_LEASE_RELEASING, s.last.state);
	queue_free(&s, q);
}

/* One that has had no work for a while makes room for another. */
static void test_idle(void **state)
{
	struct seen s = { .n = 0 };
	struct zl_queue *q = queue_new(&s, 1, 50);

	(void)state;
	push(q, ZL_AGENT_LEASE_PUT, 1, uri);
	push(q, ZL_AGENT_LEASE_PUT, 2, NOWHERE);
	assert_int_equal(1, s.n);
	assert_int_equal(2, s.seq);
	assert_int_equal(-ENOBUFS, s.last.error.code);
	run(&s, 2, 5000);
	assert_int_equal(1, s.seq);
	run(&s, 3, 500);
	push(q, ZL_AGENT_LEASE_PUT, 3, NOWHERE);
	run(&s, 3, 2000);
	assert_int_equal(3, s.seq);
	assert_int_equal(ZL_LEASE_PENDING, s.last.state);
	run(&s, 4, 300); /* it has work: it stays, and tries again */
	push(q, ZL_AGENT_LEASE_PUT, 4, uri);
	assert_int_equal(-ENOBUFS, s.last.error.code);
	queue_free(&s, q);
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_put_refused),
		IN_DIR(test_unreachable),
		IN_DIR(test_other_lease),
		IN_DIR(test_drop_of_unknown),
		IN_DIR(test_queue),
		IN_DIR(test_superseded),
		IN_DIR(test_idle),
	};

	return cmocka_run_group_tests_name("contain", tests, NULL, NULL);
}
