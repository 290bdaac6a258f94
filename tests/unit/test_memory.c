/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile sender costs time, not memory: whatever one exporter sends, its state stays below
 * ZL_EXPORTER_MEMORY, and all of them below that for each of ZL_EXPORTERS_MAX.
 *
 * What is measured is what the allocator has handed out, with its own overhead.  The worst that
 * is known is built first, all of it at once; then hundreds of thousands of datagrams are made up,
 * out of a fixed seed.  That it would be noticed is tested with the caps that can be lifted.
 */
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/tcp.h"
#include "tests/support/flowcase.h"
#include "tests/support/sflowgen.h"

enum { SECONDS = 1700000000, STORM = 300000, LOOK_EVERY = 500 };

/* AddressSanitizer's; its allocator is not the one that mallinfo2() knows. */
size_t asan_allocated(void) __asm__("__sanitizer_get_current_allocated_bytes")
	__attribute__((weak));

static size_t allocated(void)
{
	struct mallinfo2 m;

	if (asan_allocated != NULL)
		return asan_allocated();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* --- one exporter --- */

static struct zl_flowcase c;
static struct zl_flowgen g;
static struct zl_sflowgen s;
static size_t base, most;

static void look(void)
{
	size_t now = allocated();

	if (now > base && now - base > most)
		most = now - base;
}

static void send_over(bool is_tcp)
{
	const struct zl_datagram dg = { .bytes = g.bytes,
		.n = g.n,
		.from = c.from,
		.port = c.port,
		.is_tcp = is_tcp,
		.now = c.now,
		.arrival.us = SECONDS * ZL_US_PER_S + (int64_t)c.now.us };
	const struct zl_decode_sinks none = { 0 };

	(void)zl_decode_to(&c.exporters, &dg, &none);
}

static void send_sflow(void)
{
	zl_sflowgen_end(&s);
	memcpy(g.bytes, s.g.bytes, s.g.n);
	g.n = s.g.n;
	send_over(false);
}

static void start(void)
{
	zl_flowcase_init(&c);
	c.exporters.pending_most = ZL_PENDING_ROOM;
	malloc_trim(0);
	base = allocated();
	most = 0;
}

static void start_message(bool is_ipfix, uint32_t odid)
{
	if (is_ipfix)
		zl_flowgen_ipfix(&g, SECONDS, 0, odid);
	else
		zl_flowgen_v9(&g, 1000, SECONDS, 0, odid);
}

/* As many templates of `n` fields as a domain may have; none of them is known, or all are. */
static void fill_templates(bool is_ipfix, uint32_t odid, size_t n, uint16_t element)
{
	struct zl_flowgen_field fields[ZL_TEMPLATE_FIELDS_MAX];

	for (size_t i = 0; i < n; i++)
		fields[i] = (struct zl_flowgen_field){ element, 4, 0 };
	for (unsigned id = 0; id < ZL_TEMPLATES_MAX;) {
		start_message(is_ipfix, odid);
		zl_flowgen_set(&g, is_ipfix ? 2 : 0);
		for (; id < ZL_TEMPLATES_MAX && g.n < 60000; id++)
			zl_flowgen_template(&g, (uint16_t)(256 + id), fields, n);
		zl_flowgen_end(&g);
		send_over(false);
	}
}

/* Sets of so many bytes that wait for templates which never come. */
static void fill_pending(uint32_t odid, size_t n)
{
	static const uint8_t zeros[1400];

	for (size_t used = 0; used < 2 * ZL_PENDING_ROOM;) {
		start_message(true, odid);
		for (; g.n < 30000; used += n + sizeof(struct zl_pending_set)) {
			zl_flowgen_set(&g, 9999);
			zl_flowgen_bytes(&g, zeros, n);
		}
		zl_flowgen_end(&g);
		send_over(false);
	}
}

/* A rate in options data, out of each stream's table. */
static void fill_sampling(uint32_t odid)
{
	static const struct zl_flowgen_field fields[] = { { 302, 4, 0 }, { 34, 4, 0 } };

	start_message(true, odid);
	zl_flowgen_set(&g, 3);
	zl_flowgen_options_template(&g, 300, fields, N_ITEMS(fields), 1);
	zl_flowgen_set(&g, 300);
	for (uint32_t i = 0; i < 100; i++) {
		zl_flowgen_u32(&g, i);
		zl_flowgen_u32(&g, 2 + i);
	}
	zl_flowgen_end(&g);
	send_over(false);
}

static void fill_sflow(uint32_t agent)
{
	for (uint32_t i = 0; i < 2 * ZL_INTERFACES_MAX;) {
		zl_sflowgen_start(&s, agent, 0, i);
		for (; i < 2 * ZL_INTERFACES_MAX && s.g.n < 60000; i++) {
			zl_sflowgen_flow(&s, &(struct zl_sflowgen_flow){ .source = i });
			zl_sflowgen_packet(&s, 1, 64, "", 0);
			zl_sflowgen_counters(&s, true, i, 1);
			zl_sflowgen_generic(&s, i);
		}
		send_sflow();
	}
}

static void fill_v5(uint16_t engine)
{
	zl_flowgen_v5(&g, 1000, SECONDS, 0, engine, 0);
	zl_flowgen_v5_record(&g, &(struct zl_flowgen_v5_record){ .octets = 1 });
	zl_flowgen_end(&g);
	send_over(false);
}

/* Everything at once: the streams of all versions, and each room full. */
static void fill_all(size_t n_fields, uint16_t element, size_t pending)
{
	for (uint32_t i = 0; i < 2 * ZL_STREAMS_MAX; i++) {
		c.now.us++;
		fill_sampling(i);
		fill_v5((uint16_t)i);
		fill_sflow(i);
	}
	/* The last of these, for what comes in the first would be pushed out. */
	for (uint32_t i = ZL_STREAMS_MAX; i < 2 * ZL_STREAMS_MAX; i++) {
		fill_templates(true, i, n_fields, element);
		fill_templates(false, i, n_fields, element);
	}
	fill_pending(ZL_STREAMS_MAX, pending);
	look();
}

struct worst_case {
	const char *name;
	size_t n_fields;
	uint16_t element;
	size_t pending;
};

static struct worst_case worst[] = {
	{ "many small templates", 1, 1, 4 },
	{ "many small templates of nothing known", 1, 9999, 4 },
	{ "some templates", 10, 1, 40 },
	{ "few large templates", ZL_TEMPLATE_FIELDS_MAX, 1, 1400 },
};

static void test_worst(void **state)
{
	const struct worst_case *w = *state;

	start();
	fill_all(w->n_fields, w->element, w->pending);
	print_message(
		"%s: %zu KiB of %d\n", w->name, most / 1024, ZL_EXPORTER_MEMORY / 1024);
	assert_true(most <= ZL_EXPORTER_MEMORY);
	zl_flowcase_done(&c);
}

/* --- whatever comes --- */

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static void put_any_sets(bool is_ipfix)
{
	struct zl_flowgen_field fields[ZL_TEMPLATE_FIELDS_MAX + 8];

	for (uint32_t k = 1 + any(4); k > 0; k--) {
		size_t n = any(20) != 0 ? 1 + any(12) : any(N_ITEMS(fields));

		for (size_t i = 0; i < n; i++)
			fields[i] = (struct zl_flowgen_field){ (uint16_t)any(400),
				(uint16_t)(any(9) != 0 ? any(17) : any(65536)),
				is_ipfix && any(10) == 0 ? any(100000) : 0 };
		switch (any(4)) {
		case 0:
			zl_flowgen_set(&g, is_ipfix ? 2 : 0);
			zl_flowgen_template(&g, (uint16_t)(250 + any(600)), fields, n);
			break;
		case 1:
			zl_flowgen_set(&g, is_ipfix ? 3 : 1);
			zl_flowgen_options_template(&g, (uint16_t)(250 + any(600)),
				fields, n, n == 0 ? 0 : any((uint32_t)n));
			break;
		default:
			zl_flowgen_set(&g, (uint16_t)any(900));
			for (uint32_t i = any(300); i > 0; i--)
				zl_flowgen_u32(&g, any(UINT32_MAX));
		}
	}
}

static void make_any_sflow(void)
{
	zl_sflowgen_start(&s, any(200), any(3), any(100));
	for (uint32_t k = any(5); k > 0; k--) {
		if (any(2) == 0) {
			zl_sflowgen_counters(&s, any(2), any(UINT32_MAX), any(100));
			zl_sflowgen_generic(&s, any(UINT32_MAX));
		} else {
			zl_sflowgen_flow(&s,
				&(struct zl_sflowgen_flow){ .is_expanded = any(2) != 0,
					.source = any(UINT32_MAX),
					.seq = any(100) });
			zl_sflowgen_packet(&s, any(14), 64, s.g.bytes, any(60));
		}
	}
	zl_sflowgen_end(&s);
	memcpy(g.bytes, s.g.bytes, s.g.n);
	g.n = s.g.n;
}

/* Out of few ports and domains, so that they fill, or out of many, so that they come and go. */
static void send_any(uint32_t spread)
{
	uint32_t kind = any(20);
	bool is_tcp = any(8) == 0;

	c.port = (uint16_t)any(spread);
	c.now.us += any(3) == 0 ? any(5000) : 0;
	if (kind < 3) {
		make_any_sflow();
	} else if (kind == 3) {
		zl_flowgen_v5(&g, any(1000), SECONDS, any(99), (uint16_t)any(999), 0);
		zl_flowgen_v5_record(&g, &(struct zl_flowgen_v5_record){ 0 });
		zl_flowgen_end(&g);
	} else {
		start_message(kind < 13, any(4 * spread));
		put_any_sets(kind < 13);
		zl_flowgen_end(&g);
	}
	if (any(4) == 0)
		for (uint32_t i = 1 + any(3); i > 0; i--)
			g.bytes[any((uint32_t)g.n)] ^= (uint8_t)(1 << any(8));
	if (any(50) == 0)
		g.n = any((uint32_t)g.n);
	send_over(is_tcp);
	if (any(1000) == 0)
		zl_exporter_end_session(zl_flowcase_exporter(&c), c.port);
}

static void test_storm(void **state)
{
	size_t settled = 0;

	(void)state;
	start();
	seed = 1;
	for (unsigned i = 0; i < STORM; i++) {
		send_any(1 + i / 5000 % 10 * 5);
		if (i % LOOK_EVERY == 0)
			look();
		if (i == STORM / 2)
			settled = most;
	}
	print_message("%d datagrams: %zu KiB of %d\n", STORM, most / 1024,
		ZL_EXPORTER_MEMORY / 1024);
	assert_true(most <= ZL_EXPORTER_MEMORY);
	/* Nor does it go on growing, however slowly. */
	assert_true(most - settled <= most / 8);
	fill_all(1, 1, 4);
	assert_true(most <= ZL_EXPORTER_MEMORY);
	zl_flowcase_done(&c);
}

/* --- it would be noticed --- */

static void test_templates_lifted(void **state)
{
	(void)state;
	start();
	fill_v5(0);
	zl_flowcase_exporter(&c)->room.most = SIZE_MAX;
	fill_all(ZL_TEMPLATE_FIELDS_MAX, 1, 4);
	assert_true(most > ZL_EXPORTER_MEMORY);
	zl_flowcase_done(&c);
}

static void test_pending_lifted(void **state)
{
	(void)state;
	start();
	fill_v5(0);
	zl_flowcase_exporter(&c)->pending_room.most = SIZE_MAX;
	for (uint32_t i = 0; i < ZL_STREAMS_MAX; i++)
		fill_pending(i, 1400);
	look();
	assert_true(most > ZL_EXPORTER_MEMORY);
	zl_flowcase_done(&c);
}

/* --- many exporters --- */

/* Beyond ZL_EXPORTERS_MAX a new sender costs nothing, nor does one who may not send. */
static void test_senders(void **state)
{
	size_t full = 0;

	(void)state;
	start();
	for (uint32_t i = 0; i < 20 * ZL_EXPORTERS_MAX; i++) {
		c.from = zl_addr_from_v4(0x0a000000 + i);
		fill_v5(0);
		if (i == ZL_EXPORTERS_MAX + 1)
			full = allocated();
	}
	assert_int_equal(ZL_EXPORTERS_MAX, c.exporters.by_address.n);
	assert_true(allocated() <= full);
	assert_int_equal(0, zl_exporters_allow(&c.exporters, NULL, 0, NULL));
	full = allocated();
	for (uint32_t i = 0; i < 20 * ZL_EXPORTERS_MAX; i++) {
		c.from = zl_addr_from_v4(0x0a000000 + i);
		fill_v5(0);
	}
	assert_true(allocated() <= full);
	zl_flowcase_done(&c);
}

/* --- connections --- */

static void ignore(const struct zl_datagram *message, void *user)
{
	(void)message;
	(void)user;
}

static void ignore_batch(void *user)
{
	(void)user;
}

/* So many connections from 127.0.0.1, .2, ...: each within the longest message there is. */
static unsigned connect_all(const struct sockaddr_in *to, int *fds, unsigned n)
{
	static const uint8_t message[60000] = { 0, 10, 0xff, 0xff };
	unsigned open = 0;

	for (unsigned i = 0; i < n; i++) {
		struct sockaddr_in from = { .sin_family = AF_INET,
			.sin_addr.s_addr =
				htonl(INADDR_LOOPBACK + i / ZL_TCP_PER_EXPORTER_MAX) };

		fds[open] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fds[open], (struct sockaddr *)&from, sizeof(from)) < 0 ||
			connect(fds[open], (const struct sockaddr *)to, sizeof(*to)) <
				0 ||
			send(fds[open], message, sizeof(message),
				MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			(void)close(fds[open]);
		else
			open++;
	}
	return open;
}

static void test_connections(void **state)
{
	static const struct zl_tcp_handlers handlers = { ignore, ignore_batch };
	static int fds[ZL_TCP_MAX + 64];
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(to);
	struct zl_tcp *tcp = NULL;
	sd_event *event = NULL;
	unsigned n;

	(void)state;
	start();
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(0, listen(fd, 4096));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&to, &len));
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(0, zl_tcp_new(event, &c.exporters, &handlers, &c, &tcp, NULL));
	assert_int_equal(0, zl_tcp_listen(tcp, fd, NULL));
	zl_tcp_start(tcp);
	n = connect_all(&to, fds, N_ITEMS(fds));
	for (unsigned i = 0; i < 20000 && sd_event_run(event, 20000) > 0; i++)
		if (i % 16 == 0)
			look();
	look();
	assert_int_equal(ZL_TCP_MAX, zl_tcp_connections(tcp));
	print_message("%d connections: %zu KiB of %zu\n", ZL_TCP_MAX, most / 1024,
		(size_t)ZL_TCP_MEMORY / 1024);
	/* And what each of the exporters has by itself. */
	assert_true(most <= ZL_TCP_MEMORY + (ZL_TCP_MAX / ZL_TCP_PER_EXPORTER_MAX + 8) *
						    (size_t)4096);
	while (n > 0)
		(void)close(fds[--n]);
	zl_tcp_free(tcp);
	(void)sd_event_unref(event);
	zl_flowcase_done(&c);
}

int main(void)
{
	static struct CMUnitTest tests[N_ITEMS(worst) + 5] = {
		[N_ITEMS(worst)] = cmocka_unit_test(test_storm),
		cmocka_unit_test(test_templates_lifted),
		cmocka_unit_test(test_pending_lifted),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_connections),
	};

	for (size_t i = 0; i < N_ITEMS(worst); i++)
		tests[i] = (struct CMUnitTest){ .name = worst[i].name,
			.test_func = test_worst,
			.initial_state = &worst[i] };
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
