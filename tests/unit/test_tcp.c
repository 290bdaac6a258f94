/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPFIX over TCP: framing, sessions and their templates, who may connect, and for how long. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/tcp.h"
#include "tests/support/flowgen.h"

enum { SECONDS = 1700000000, TURNS_MAX = 200, TURN_US = 10000 };

/* --- framing --- */

struct frame_case {
	const char *name;
	uint8_t bytes[20];
	size_t n;
	int want;
};

/* clang-format off */
static struct frame_case frame_cases[] = {
	{ "nothing", { 0 }, 0, 0 },
	{ "one byte", { 0 }, 1, 0 },
	{ "IPFIX, so far", { 0, 10 }, 2, 0 },
	{ "NetFlow v9", { 0, 9 }, 2, -EBADMSG },
	{ "half a length", { 0, 10, 0 }, 3, 0 },
	{ "a header is not there yet", { 0, 10, 0, 16 }, 4, 0 },
	{ "shorter than its header", { 0, 10, 0, 15 }, 16, -EBADMSG },
	{ "a length of nothing", { 0, 10, 0, 0 }, 20, -EBADMSG },
	{ "only a header", { 0, 10, 0, 16 }, 16, 16 },
	{ "and something behind it", { 0, 10, 0, 16, [16] = 0, 9 }, 20, 16 },
	{ "one byte is missing", { 0, 10, 0, 20 }, 19, 0 },
};
/* clang-format on */

static void test_frame(void **state)
{
	const struct frame_case *c = *state;

	assert_int_equal(c->want,
		zl_tcp_frame((struct zl_cursor){ .at = c->bytes, .left = c->n }));
}

/* --- connections --- */

struct world {
	sd_event *event;
	struct zl_exporters exporters;
	struct zl_tcp *tcp;
	struct sockaddr_in to;
	zl_drop_mask drops;
	unsigned n_messages, n_batches, n_flows;
	struct zl_flow last;
};

static void on_flow(const struct zl_flow *flow, void *user)
{
	struct world *w = user;

	w->last = *flow;
	w->n_flows++;
}

static void on_message(const struct zl_datagram *message, void *user)
{
	struct world *w = user;

	w->n_messages++;
	w->drops |= zl_decode(&w->exporters, message, on_flow, w);
}

static void on_batch(void *user)
{
	struct world *w = user;

	w->n_batches++;
}

static const struct zl_tcp_handlers handlers = { on_message, on_batch };

static void allow(struct world *w, const char *text)
{
	struct zl_prefix p;

	assert_true(zl_prefix_parse(text, &p));
	assert_int_equal(0, zl_exporters_allow(&w->exporters, &p, 1, NULL));
}

static int setup(void **state)
{
	static struct world w;
	const struct sockaddr_in home = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(w.to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memset(&w, 0, sizeof(w));
	zl_exporters_init(&w.exporters);
	allow(&w, "127.0.0.0/8");
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&home, sizeof(home)));
	assert_int_equal(0, listen(fd, 64));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&w.to, &len));
	assert_true(sd_event_new(&w.event) >= 0);
	assert_int_equal(
		0, zl_tcp_new(w.event, &w.exporters, &handlers, &w, &w.tcp, NULL));
	assert_int_equal(0, zl_tcp_listen(w.tcp, fd, NULL));
	zl_tcp_start(w.tcp);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	zl_tcp_free(w->tcp);
	zl_exporters_done(&w->exporters);
	(void)sd_event_unref(w->event);
	return 0;
}

/* Let happen what is due. */
static void settle(struct world *w)
{
	unsigned i = 0;

	while (i < TURNS_MAX && sd_event_run(w->event, TURN_US) > 0)
		i++;
	assert_int_not_equal(TURNS_MAX, i);
}

/* A client, from a port of its own choice or any. */
static int dial(struct world *w, uint16_t port)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof(from)));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&w->to, sizeof(w->to)));
	settle(w);
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&sin, &len));
	return ntohs(sin.sin_port);
}

static void put(struct world *w, int fd, const void *bytes, size_t n)
{
	assert_int_equal(n, send(fd, bytes, n, MSG_NOSIGNAL));
	settle(w);
}

static void hang_up(struct world *w, int fd)
{
	(void)close(fd);
	settle(w);
}

static bool is_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, 1000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static uint64_t count(struct world *w, enum zl_drop why)
{
	const struct zl_addr home = zl_addr_from_v4(INADDR_LOOPBACK);
	enum zl_drop refused;

	return zl_exporters_get(&w->exporters, &home, &refused)->drops.n[why];
}

/* Messages: a template, data of it, withdrawals. */
static const struct zl_flowgen_field fields[] = { { 8, 4, 0 }, { 1, 4, 0 } };

static void put_template(struct zl_flowgen *g, uint16_t id)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, id, fields, N_ITEMS(fields));
	zl_flowgen_end(g);
}

static void put_data(struct zl_flowgen *g, uint16_t id, uint32_t octets)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, id);
	zl_flowgen_u32(g, 0x0a000001);
	zl_flowgen_u32(g, octets);
	zl_flowgen_end(g);
}

static void put_withdrawal(struct zl_flowgen *g, uint16_t id)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, id, NULL, 0);
	zl_flowgen_end(g);
}

static struct zl_flowgen g;

static void send_template(struct world *w, int fd, uint16_t id)
{
	put_template(&g, id);
	put(w, fd, g.bytes, g.n);
}

/* Does data of the template give a record? */
static bool is_known(struct world *w, int fd, uint16_t id)
{
	unsigned before = w->n_flows;

	w->drops = 0;
	put_data(&g, id, 7);
	put(w, fd, g.bytes, g.n);
	assert_int_equal(
		w->n_flows == before ? 1 << ZL_DROP_TEMPLATE_UNKNOWN : 0, w->drops);
	return w->n_flows != before;
}

static void test_messages(void **state)
{
	struct world *w = *state;
	const struct zl_addr home = zl_addr_from_v4(INADDR_LOOPBACK);
	int fd = dial(w, 0);
	uint8_t both[256];
	size_t n;

	put_template(&g, 256);
	memcpy(both, g.bytes, g.n);
	n = g.n;
	put_data(&g, 256, 77);
	memcpy(both + n, g.bytes, g.n);
	put(w, fd, both, n + g.n);
	assert_int_equal(2, w->n_messages);
	assert_int_equal(1, w->n_batches);
	assert_int_equal(1, w->n_flows);
	assert_int_equal(0, w->drops);
	assert_int_equal(77, w->last.octets);
	assert_int_equal(ZL_FLOW_IPFIX, w->last.version);
	assert_int_equal(port_of(fd), w->last.exporter_port);
	assert_true(zl_addr_eq(&home, &w->last.exporter));
	assert_true(w->last.arrival.us > 0);
	/* Byte by byte. */
	for (size_t i = 0; i < g.n; i++) {
		assert_int_equal(1, w->n_flows);
		put(w, fd, g.bytes + i, 1);
	}
	assert_int_equal(2, w->n_flows);
	hang_up(w, fd);
	assert_int_equal(0, zl_tcp_connections(w->tcp));
	assert_int_equal(0, count(w, ZL_DROP_CONNECTION_BROKEN));
}

static void test_longest_message(void **state)
{
	static uint8_t bytes[UINT16_MAX] = { 0, 10, 0xff, 0xff };
	struct world *w = *state;
	int fd = dial(w, 0);

	for (int i = 0; i < 3; i++)
		put(w, fd, bytes, sizeof(bytes));
	assert_int_equal(3, w->n_messages);
	hang_up(w, fd);
}

/* Templates are those of one connection, and end with it. */
static void test_session(void **state)
{
	struct world *w = *state;
	int one = dial(w, 0), two = dial(w, 0);
	uint16_t port = port_of(one);

	send_template(w, one, 256);
	assert_true(is_known(w, one, 256));
	assert_false(is_known(w, two, 256));
	hang_up(w, one);
	one = dial(w, port);
	assert_false(is_known(w, one, 256));
	hang_up(w, one);
	hang_up(w, two);
}

static void test_withdrawal(void **state)
{
	struct world *w = *state;
	int fd = dial(w, 0);

	for (uint16_t id = 256; id < 260; id++)
		send_template(w, fd, id);
	put_withdrawal(&g, 257);
	put(w, fd, g.bytes, g.n);
	assert_int_equal(0, w->drops);
	assert_false(is_known(w, fd, 257));
	assert_true(is_known(w, fd, 256));
	put_withdrawal(&g, 3); /* that of all options templates stands in another set */
	put(w, fd, g.bytes, g.n);
	put_withdrawal(&g, 300); /* never heard of */
	put(w, fd, g.bytes, g.n);
	assert_true(is_known(w, fd, 258));
	put_withdrawal(&g, 2);
	put(w, fd, g.bytes, g.n);
	for (uint16_t id = 256; id < 260; id++)
		assert_false(is_known(w, fd, id));
	send_template(w, fd, 256);
	assert_true(is_known(w, fd, 256));
	hang_up(w, fd);
}

/* Nobody repeats templates on a connection, so they do not expire. */
static void test_no_expiry(void **state)
{
	struct world *w = *state;
	struct zl_datagram dg = { .bytes = g.bytes,
		.from = zl_addr_from_v4(INADDR_LOOPBACK),
		.port = 1,
		.is_tcp = true,
		.now.us = 1 };

	put_template(&g, 256);
	dg.n = g.n;
	assert_int_equal(0, zl_decode(&w->exporters, &dg, on_flow, w));
	put_data(&g, 256, 1);
	dg.n = g.n;
	dg.now.us += 10 * (uint64_t)ZL_TEMPLATE_TTL_S * ZL_US_PER_S;
	assert_int_equal(0, zl_decode(&w->exporters, &dg, on_flow, w));
	assert_int_equal(1, w->n_flows);
}

static void check_broken(struct world *w, const void *bytes, size_t n)
{
	uint64_t before = count(w, ZL_DROP_CONNECTION_BROKEN);
	int fd = dial(w, 0);

	put(w, fd, bytes, n);
	assert_true(is_closed(fd));
	assert_int_equal(before + 1, count(w, ZL_DROP_CONNECTION_BROKEN));
	assert_int_equal(0, zl_tcp_connections(w->tcp));
	(void)close(fd);
}

static void test_broken(void **state)
{
	struct world *w = *state;
	int fd;

	check_broken(w, "GET / HTTP/1.1\r\n\r\n", 18);
	check_broken(w, "\0\x0a\0\x0f", 4);
	put_template(&g, 256);
	memcpy(g.bytes + g.n, "\0\x09", 2);
	check_broken(w, g.bytes, g.n + 2);
	assert_int_equal(1, w->n_messages); /* what came before it counts */
	fd = dial(w, 0);
	put(w, fd, g.bytes, 10);
	hang_up(w, fd); /* within a message */
	assert_int_equal(4, count(w, ZL_DROP_CONNECTION_BROKEN));
}

static void test_unknown_exporter(void **state)
{
	struct world *w = *state;
	int fd;

	allow(w, "192.0.2.1");
	fd = dial(w, 0);
	assert_true(is_closed(fd));
	assert_int_equal(1, count(w, ZL_DROP_EXPORTER_UNKNOWN));
	assert_int_equal(0, zl_tcp_connections(w->tcp));
	assert_int_equal(0, w->exporters.by_address.n);
	(void)close(fd);
}

static void test_limit(void **state)
{
	struct world *w = *state;
	int fds[ZL_TCP_PER_EXPORTER_MAX], one;

	for (unsigned i = 0; i < N_ITEMS(fds); i++)
		fds[i] = dial(w, 0);
	one = dial(w, 0);
	assert_true(is_closed(one));
	assert_int_equal(1, count(w, ZL_DROP_CONNECTION_LIMIT));
	assert_int_equal(N_ITEMS(fds), zl_tcp_connections(w->tcp));
	(void)close(one);
	hang_up(w, fds[0]);
	fds[0] = dial(w, 0);
	send_template(w, fds[0], 256);
	assert_int_equal(1, w->n_messages);
	for (unsigned i = 0; i < N_ITEMS(fds); i++)
		hang_up(w, fds[i]);
}

static void test_tidy(void **state)
{
	struct world *w = *state;
	int idle = dial(w, 0), stalled = dial(w, 0);
	struct zl_mono now;

	put_template(&g, 256);
	put(w, stalled, g.bytes, 10);
	now = zl_mono_now();
	zl_tcp_tidy(w->tcp, now);
	assert_int_equal(2, zl_tcp_connections(w->tcp));
	now.us += (uint64_t)ZL_TCP_STALL_S * ZL_US_PER_S;
	zl_tcp_tidy(w->tcp, now);
	assert_true(is_closed(stalled));
	assert_int_equal(1, count(w, ZL_DROP_CONNECTION_BROKEN));
	assert_int_equal(1, zl_tcp_connections(w->tcp));
	now.us += (uint64_t)ZL_TCP_IDLE_S * ZL_US_PER_S;
	zl_tcp_tidy(w->tcp, now);
	assert_true(is_closed(idle));
	assert_int_equal(1, count(w, ZL_DROP_CONNECTION_BROKEN));
	(void)close(idle);
	(void)close(stalled);
}

/* Without a descriptor for it, who waits is not tried again at once, but a second later. */
static void test_no_descriptors(void **state)
{
	struct world *w = *state;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct rlimit old, none;
	struct zl_mono now;

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &old));
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(0, connect(fd, (struct sockaddr *)&w->to, sizeof(w->to)));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
	settle(w);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &old));
	now = zl_mono_now();
	zl_tcp_tidy(w->tcp, now);
	settle(w);
	assert_int_equal(0, zl_tcp_connections(w->tcp));
	now.us += (uint64_t)ZL_US_PER_S;
	zl_tcp_tidy(w->tcp, now);
	settle(w);
	assert_int_equal(1, zl_tcp_connections(w->tcp));
	hang_up(w, fd);
}

/* Its host was undefined: what is open is closed too. */
static void test_not_allowed_any_more(void **state)
{
	struct world *w = *state;
	int fd = dial(w, 0);

	send_template(w, fd, 256);
	allow(w, "192.0.2.1");
	zl_tcp_tidy(w->tcp, zl_mono_now());
	assert_true(is_closed(fd));
	assert_int_equal(0, zl_tcp_connections(w->tcp));
	(void)close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest others[] = {
		CASE(test_messages),
		CASE(test_longest_message),
		CASE(test_session),
		CASE(test_withdrawal),
		CASE(test_no_expiry),
		CASE(test_broken),
		CASE(test_unknown_exporter),
		CASE(test_limit),
		CASE(test_tidy),
		CASE(test_no_descriptors),
		CASE(test_not_allowed_any_more),
	};
	struct CMUnitTest tests[N_ITEMS(others) + N_ITEMS(frame_cases)];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < N_ITEMS(frame_cases); i++)
		tests[N_ITEMS(others) + i] = (struct CMUnitTest){
			.name = frame_cases[i].name,
			.test_func = test_frame,
			.initial_state = &frame_cases[i],
		};
	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
