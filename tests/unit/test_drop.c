/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop reasons: the table is sound, and each is produced, by a datagram or a connection. */
#include <ctype.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/flow/tcp.h"
#include "tests/support/flowcase.h"
#include "tests/support/sflowgen.h"

enum { SECONDS = 1700000000 };

static const struct zl_flowgen_field octets[] = { { 1, 4, 0 } };

/* Each makes `g` a datagram that gives the reason; it may send others before. */
typedef void (*make_fn)(struct zl_flowcase *c, struct zl_flowgen *g);

static void put_good(struct zl_flowgen *g)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, octets, 1);
	zl_flowgen_set(g, 256);
	zl_flowgen_u32(g, 1);
}

static void make_good(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_good(g);
	zl_flowgen_end(g);
}

static void make_exporter_unknown(struct zl_flowcase *c, struct zl_flowgen *g)
{
	assert_int_equal(0, zl_exporters_allow(&c->exporters, NULL, 0, NULL));
	make_good(c, g);
}

static void make_exporter_limit(struct zl_flowcase *c, struct zl_flowgen *g)
{
	struct zl_addr home = c->from;

	make_good(c, g);
	for (uint32_t i = 0; i < ZL_EXPORTERS_MAX; i++) {
		c->from = zl_addr_from_v4(0x0b000000 + i);
		assert_int_equal(0, zl_flowcase_send(c, g));
	}
	c->from = home;
}

static void make_header_short(struct zl_flowcase *c, struct zl_flowgen *g)
{
	make_good(c, g);
	zl_flowgen_cut(g, g->n - 15);
}

static void make_version(struct zl_flowcase *c, struct zl_flowgen *g)
{
	make_good(c, g);
	zl_flowgen_set_version(g, 8);
}

static void make_v5_count(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	zl_flowgen_v5(g, 1000, SECONDS, 0, 0, 0);
	zl_flowgen_v5_record(g, &(struct zl_flowgen_v5_record){ 0 });
	zl_flowgen_end(g);
	zl_flowgen_set_count(g, 2);
}

static void make_message_length(struct zl_flowcase *c, struct zl_flowgen *g)
{
	make_good(c, g);
	zl_flowgen_cut(g, 1);
}

static void make_set_length(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_good(g);
	zl_flowgen_set_set_length(g, 9);
	zl_flowgen_end(g);
}

static void make_set_id(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_good(g);
	zl_flowgen_set(g, 4);
	zl_flowgen_u32(g, 0);
	zl_flowgen_end(g);
}

/* A template set with the words given. */
static void put_words(struct zl_flowgen *g, const uint16_t *words, size_t n)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	for (size_t i = 0; i < n; i++)
		zl_flowgen_u16(g, words[i]);
	zl_flowgen_end(g);
}

#define WORDS(...)                                                                     \
	(const uint16_t[]){ __VA_ARGS__ }, N_ITEMS(((const uint16_t[]){ __VA_ARGS__ }))

static void make_template_id(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_words(g, WORDS(255, 1, 1, 4));
}

static void make_template_cut(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_words(g, WORDS(256, 2, 1, 4));
}

static void make_template_length(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_words(g, WORDS(256, 1, 1, 0));
}

static void make_template_withdrawn(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_words(g, WORDS(256, 0));
}

static void make_element_length(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_words(g, WORDS(256, 1, 8, 3));
}

/* `count` templates from `id` on, of `n` fields each. */
static void put_many(
	struct zl_flowgen *g, uint16_t odid, unsigned id, unsigned count, size_t n)
{
	static struct zl_flowgen_field many[ZL_TEMPLATE_FIELDS_MAX + 1];

	for (size_t i = 0; i < n; i++)
		many[i] = octets[0];
	zl_flowgen_ipfix(g, SECONDS, 0, odid);
	zl_flowgen_set(g, 2);
	for (unsigned i = 0; i < count; i++)
		zl_flowgen_template(g, (uint16_t)(id + i), many, n);
	zl_flowgen_end(g);
}

static void make_template_fields(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_many(g, 1, 256, 1, ZL_TEMPLATE_FIELDS_MAX + 1);
}

static void make_template_scope(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 3);
	zl_flowgen_options_template(g, 256, octets, 1, 0);
	zl_flowgen_end(g);
}

static void make_template_limit(struct zl_flowcase *c, struct zl_flowgen *g)
{
	zl_drop_mask drops = 0;

	for (uint16_t i = 0; i < 1024 && drops == 0; i++) {
		put_many(g, i / 8, 256 + i % 8 * 32, 32, ZL_TEMPLATE_FIELDS_MAX);
		drops = zl_flowcase_send(c, g);
	}
	assert_int_not_equal(0, drops);
	assert_true(zl_flowcase_exporter(c)->room.used <= ZL_TEMPLATE_ROOM);
}

static void make_template_evicted(struct zl_flowcase *c, struct zl_flowgen *g)
{
	put_many(g, 1, 256, ZL_TEMPLATES_MAX, 1);
	assert_int_equal(0, zl_flowcase_send(c, g));
	put_many(g, 1, 999, 1, 1);
}

static void make_template_expired(struct zl_flowcase *c, struct zl_flowgen *g)
{
	make_good(c, g);
	assert_int_equal(0, zl_flowcase_send(c, g));
	c->now.us += ((uint64_t)ZL_TEMPLATE_TTL_S + 1) * 1000000;
	zl_flowgen_ipfix(g, SECONDS, 1, 1);
	zl_flowgen_set(g, 256);
	zl_flowgen_u32(g, 1);
	zl_flowgen_end(g);
}

static void make_template_unknown(struct zl_flowcase *c, struct zl_flowgen *g)
{
	(void)c;
	put_good(g);
	zl_flowgen_set(g, 257);
	zl_flowgen_u32(g, 1);
	zl_flowgen_end(g);
}

static void make_record_cut(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static const struct zl_flowgen_field fields[] = { { 83, 65535, 0 },
		{ 1, 4, 0 } };

	(void)c;
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, fields, N_ITEMS(fields));
	zl_flowgen_set(g, 256);
	zl_flowgen_u8(g, 200); /* bytes of the first field */
	zl_flowgen_u64(g, 0);
	zl_flowgen_end(g);
}

static void make_record_empty(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static const struct zl_flowgen_field unknown[] = { { 1, 4, 9999 } };

	(void)c;
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, unknown, 1);
	zl_flowgen_set(g, 256);
	zl_flowgen_u32(g, 1);
	zl_flowgen_end(g);
}

static void make_stream_evicted(struct zl_flowcase *c, struct zl_flowgen *g)
{
	make_good(c, g);
	for (unsigned i = 0; i < ZL_STREAMS_MAX; i++, c->port++)
		assert_int_equal(0, zl_flowcase_send(c, g));
}

/* One flow sample of a packet without any contents; `*g` is what was built. */
static void put_sample(struct zl_flowgen *g, struct zl_sflowgen *s)
{
	zl_sflowgen_start(s, 0x0a000001, 0, 1);
	zl_sflowgen_flow(s, &(struct zl_sflowgen_flow){ .seq = 1, .sampling = 1 });
	zl_sflowgen_packet(s, 1, 64, "", 0);
	zl_sflowgen_end(s);
	*g = s->g;
}

static void make_agent_address(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	(void)c;
	put_sample(g, &s);
	g->bytes[7] = 3;
}

static void make_sample_length(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	(void)c;
	put_sample(g, &s);
	g->bytes[s.sample + 7] += 4;
}

static void make_sample_unknown(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	(void)c;
	put_sample(g, &s);
	g->bytes[s.sample + 3] = 5; /* a discarded packet */
}

static void make_sample_cut(struct zl_flowcase *c, struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	(void)c;
	put_sample(g, &s);
	g->bytes[s.record + 7] += 4;
}

/* --- connections: what a datagram cannot do --- */

static int connect_to(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, (const struct sockaddr *)to, sizeof(*to)));
	return fd;
}

static unsigned connect_too_many(const struct sockaddr_in *to, int *fds)
{
	for (unsigned i = 0; i <= ZL_TCP_PER_EXPORTER_MAX; i++)
		fds[i] = connect_to(to);
	return ZL_TCP_PER_EXPORTER_MAX + 1;
}

static unsigned connect_and_say_nonsense(const struct sockaddr_in *to, int *fds)
{
	fds[0] = connect_to(to);
	assert_int_equal(3, send(fds[0], "GET", 3, MSG_NOSIGNAL));
	return 1;
}

static void ignore_message(const struct zl_datagram *message, void *user)
{
	(void)message;
	(void)user;
}

static void ignore_batch(void *user)
{
	(void)user;
}

/* `make` connects, and gives the exporter's counts, which the caller looks at. */
static void run_connections(
	struct zl_flowcase *c, unsigned (*make)(const struct sockaddr_in *to, int *fds))
{
	static const struct zl_tcp_handlers handlers = { ignore_message, ignore_batch };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fds[ZL_TCP_PER_EXPORTER_MAX + 1],
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(to);
	struct zl_tcp *tcp = NULL;
	sd_event *event = NULL;
	unsigned n;

	assert_int_equal(0, bind(fd, (struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(0, listen(fd, 64));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&to, &len));
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(0, zl_tcp_new(event, &c->exporters, &handlers, c, &tcp, NULL));
	assert_int_equal(0, zl_tcp_listen(tcp, fd, NULL));
	zl_tcp_start(tcp);
	n = make(&to, fds);
	while (sd_event_run(event, 50000) > 0)
		;
	while (n > 0)
		(void)close(fds[--n]);
	zl_tcp_free(tcp);
	(void)sd_event_unref(event);
}

struct drop_case {
	const char *name;
	make_fn make;
	unsigned (*connect)(const struct sockaddr_in *to, int *fds);
};

/* clang-format off */
static struct drop_case cases[ZL_DROP_N] = {
	[ZL_DROP_EXPORTER_UNKNOWN]   = { "exporter_unknown", make_exporter_unknown },
	[ZL_DROP_EXPORTER_LIMIT]     = { "exporter_limit", make_exporter_limit },
	[ZL_DROP_DATAGRAM_CUT]	     = { "datagram_cut", make_good },
	[ZL_DROP_HEADER_SHORT]	     = { "header_short", make_header_short },
	[ZL_DROP_VERSION]	     = { "version", make_version },
	[ZL_DROP_V5_COUNT]	     = { "v5_count", make_v5_count },
	[ZL_DROP_MESSAGE_LENGTH]     = { "message_length", make_message_length },
	[ZL_DROP_SET_LENGTH]	     = { "set_length", make_set_length },
	[ZL_DROP_SET_ID]	     = { "set_id", make_set_id },
	[ZL_DROP_TEMPLATE_ID]	     = { "template_id", make_template_id },
	[ZL_DROP_TEMPLATE_CUT]	     = { "template_cut", make_template_cut },
	[ZL_DROP_TEMPLATE_FIELDS]    = { "template_fields", make_template_fields },
	[ZL_DROP_TEMPLATE_SCOPE]     = { "template_scope", make_template_scope },
	[ZL_DROP_TEMPLATE_LENGTH]    = { "template_length", make_template_length },
	[ZL_DROP_TEMPLATE_LIMIT]     = { "template_limit", make_template_limit },
	[ZL_DROP_TEMPLATE_EVICTED]   = { "template_evicted", make_template_evicted },
	[ZL_DROP_TEMPLATE_EXPIRED]   = { "template_expired", make_template_expired },
	[ZL_DROP_TEMPLATE_UNKNOWN]   = { "template_unknown", make_template_unknown },
	[ZL_DROP_TEMPLATE_WITHDRAWN] = { "template_withdrawn", make_template_withdrawn },
	[ZL_DROP_ELEMENT_LENGTH]     = { "element_length", make_element_length },
	[ZL_DROP_RECORD_CUT]	     = { "record_cut", make_record_cut },
	[ZL_DROP_RECORD_EMPTY]	     = { "record_empty", make_record_empty },
	[ZL_DROP_STREAM_EVICTED]     = { "stream_evicted", make_stream_evicted },
	[ZL_DROP_AGENT_ADDRESS]	     = { "agent_address", make_agent_address },
	[ZL_DROP_SAMPLE_LENGTH]	     = { "sample_length", make_sample_length },
	[ZL_DROP_SAMPLE_UNKNOWN]     = { "sample_unknown", make_sample_unknown },
	[ZL_DROP_SAMPLE_CUT]	     = { "sample_cut", make_sample_cut },
	[ZL_DROP_CONNECTION_LIMIT]   = { "connection_limit", .connect = connect_too_many },
	[ZL_DROP_CONNECTION_BROKEN]  = { "connection_broken", .connect = connect_and_say_nonsense },
};
/* clang-format on */

static void ignore(const struct zl_flow *flow, void *user)
{
	(void)flow;
	(void)user;
}

/* That connection counts once, for that reason. */
static void check_connections(const struct drop_case *dc, enum zl_drop want)
{
	static struct zl_flowcase c;

	zl_flowcase_init(&c);
	c.from = zl_addr_from_v4(INADDR_LOOPBACK);
	run_connections(&c, dc->connect);
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		assert_int_equal(i == want, zl_flowcase_exporter(&c)->drops.n[i]);
	zl_flowcase_done(&c);
}

static void test_produced(void **state)
{
	const struct drop_case *dc = *state;
	enum zl_drop want = (enum zl_drop)(dc - cases);
	static struct zl_flowcase c;
	static struct zl_flowgen g;
	struct zl_datagram dg;
	zl_drop_mask drops;

	assert_string_equal(dc->name, zl_drops[want].name);
	if (dc->connect != NULL) {
		check_connections(dc, want);
		return;
	}
	zl_flowcase_init(&c);
	dc->make(&c, &g);
	dg = (struct zl_datagram){ .bytes = g.bytes,
		.n = g.n,
		.from = c.from,
		.port = c.port,
		.now = c.now,
		.is_cut = want == ZL_DROP_DATAGRAM_CUT };
	drops = zl_decode(&c.exporters, &dg, ignore, NULL);
	if (want == ZL_DROP_TEMPLATE_EXPIRED) /* its data is then without template */
		drops &= ~(zl_drop_mask)(1 << ZL_DROP_TEMPLATE_UNKNOWN);
	assert_int_equal((zl_drop_mask)1 << want, drops);
	zl_flowcase_done(&c);
}

static void test_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ZL_DROP_N; i++) {
		const struct zl_drop_info *d = &zl_drops[i];

		assert_non_null(d->name);
		for (const char *p = d->name; *p != '\0'; p++)
			assert_true(islower((unsigned char)*p) || *p == '_' ||
				    isdigit((unsigned char)*p));
		assert_true(strcmp(d->unit, "datagram") == 0 ||
			    strcmp(d->unit, "set") == 0 ||
			    strcmp(d->unit, "template") == 0 ||
			    strcmp(d->unit, "record") == 0 ||
			    strcmp(d->unit, "field") == 0 ||
			    strcmp(d->unit, "connection") == 0);
		assert_true(islower((unsigned char)d->sentence[0]));
		assert_int_not_equal('.', d->sentence[strlen(d->sentence) - 1]);
		assert_true(d->source[0] != '\0');
		for (unsigned j = i + 1; j < ZL_DROP_N; j++)
			assert_string_not_equal(d->name, zl_drops[j].name);
	}
}

/* A reason without a case has no name here. */
static void test_all_have_a_case(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		assert_true((cases[i].make != NULL) != (cases[i].connect != NULL));
}

int main(void)
{
	static struct CMUnitTest tests[ZL_DROP_N + 2] = {
		[ZL_DROP_N] = cmocka_unit_test(test_table),
		cmocka_unit_test(test_all_have_a_case),
	};

	for (size_t i = 0; i < ZL_DROP_N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_produced,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
