/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures of real exporters, our own and those below $ZL_CORPUS, decoded and compared
 * with what other decoders made of them: one test per sequence.
 *
 * index.json lists the sequences of a corpus; <source>/<name>.pcap is one, and
 * <source>/expected/<name>.jsonl has one object per flow, or sFlow flow sample.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <pcap/pcap.h>

#include "base/cleanup.h"
#include "controller/flow/decode.h"

enum { SEQUENCES_MAX = 256, NAME_MAX_ = 128, PATH_MAX_ = 512, SHOWN_MAX = 5 };

struct sequence {
	char name[NAME_MAX_]; /* source/name */
	const char *corpus;
	char source[NAME_MAX_], file[NAME_MAX_];
	bool is_sflow_only;
};

static struct sequence sequences[SEQUENCES_MAX];
static size_t n_sequences;

/* --- what must not be compared, and why --- */

enum {
	NOT_TIMES = 1 << 0,
	BY_NFDUMP = 1 << 1, /* without options, and without fields it does not know */
	NOT_ZERO_FIRST = 1 << 2,
};

/* clang-format off */
static const struct {
	const char *name;
	unsigned not;
	const char *why;
} exceptions[] = {
	{ "local-exporters/pmacctd-v5", NOT_TIMES,
	  "a replayed file: flow times lie before the exporter booted, the uptime wraps" },
	{ "logstash/v9-invalid01", BY_NFDUMP, "the expected flows are nfdump's" },
	{ "graylog-netflow/v9-netflow9", BY_NFDUMP, "the same" },
	{ "graylog-netflow/v9-1", BY_NFDUMP, "the same" },
	{ "ipfixcol/03-odid0", BY_NFDUMP, "the same" },
	{ "logstash/ipfix-softflowd", NOT_ZERO_FIRST, "tshark shows 0 ms after boot as 1970" },
	{ "local-exporters/softflowd-v9-vlan", NOT_ZERO_FIRST, "the same; nfdump agrees with us" },
	{ "local-exporters/softflowd-ipfix", NOT_ZERO_FIRST, "the same" },
};

/* Numbers: the key in the file, and our field. */
#define FIELD(m, b) .offset = offsetof(struct zl_flow, m), \
	.width = sizeof(((struct zl_flow *)0)->m), .bit = (b)
static const struct number {
	const char *key;
	size_t offset, width;
	uint32_t bit; /* 0: always there */
	unsigned not; /* not compared under this exception */
	const char *without; /* nor when the record has this key */
	bool is_strict; /* we must not have it when the file has not */
} numbers[] = {
	{ "proto", FIELD(proto, ZL_FLOW_PROTO), .is_strict = true },
	{ "sport", FIELD(sport, ZL_FLOW_SPORT), .is_strict = true },
	{ "dport", FIELD(dport, ZL_FLOW_DPORT), .is_strict = true },
	{ "bytes", FIELD(octets, ZL_FLOW_OCTETS), .is_strict = true },
	{ "packets", FIELD(packets, ZL_FLOW_PACKETS), .is_strict = true },
	{ "total_bytes", FIELD(total_octets, ZL_FLOW_TOTAL_OCTETS), .is_strict = true },
	{ "total_packets", FIELD(total_packets, ZL_FLOW_TOTAL_PACKETS), .is_strict = true },
	{ "rev_bytes", FIELD(rev_octets, ZL_FLOW_REV_OCTETS) },
	{ "rev_packets", FIELD(rev_packets, ZL_FLOW_REV_PACKETS) },
	{ "rev_total_bytes", FIELD(rev_octets, ZL_FLOW_REV_OCTETS), .without = "rev_bytes" },
	{ "rev_total_packets", FIELD(rev_packets, ZL_FLOW_REV_PACKETS), .without = "rev_packets" },
	{ "responder_bytes", FIELD(rev_octets, ZL_FLOW_REV_OCTETS), .without = "rev_bytes" },
	{ "rev_tcp_flags", FIELD(rev_tcp_flags, ZL_FLOW_REV_TCP_FLAGS) },
	{ "in_if", FIELD(in_if, ZL_FLOW_IN_IF), .is_strict = true },
	{ "out_if", FIELD(out_if, ZL_FLOW_OUT_IF), .is_strict = true },
	{ "in_phys_if", FIELD(in_phys_if, ZL_FLOW_IN_PHYS_IF), .is_strict = true },
	{ "out_phys_if", FIELD(out_phys_if, ZL_FLOW_OUT_PHYS_IF), .is_strict = true },
	{ "tcp_flags", FIELD(tcp_flags, ZL_FLOW_TCP_FLAGS), .is_strict = true },
	{ "tos", FIELD(tos, ZL_FLOW_TOS) },
	{ "direction", FIELD(direction, ZL_FLOW_DIRECTION), .is_strict = true },
	{ "sampling", FIELD(sampling, ZL_FLOW_SAMPLING) },
	{ "first_ms", FIELD(first_ms, ZL_FLOW_FIRST), .is_strict = true, .not = NOT_TIMES },
	{ "last_ms", FIELD(last_ms, ZL_FLOW_LAST), .not = NOT_TIMES },
	{ "icmp_type_code", FIELD(icmp, ZL_FLOW_ICMP) },
	{ "odid", FIELD(odid, 0) },
	{ "tmpl", FIELD(template_id, 0) },
	{ "ipver", FIELD(ip_version, 0) },
};

/* sFlow counter samples in them; the files say nothing about these. */
static const struct {
	const char *name;
	uint64_t n;
} counters[] = {
	{ "telegraf/sflow_18876", 1 },
	{ "ndpi/sflow", 8 },
	{ "tcpdump/sflow-counters", 144 },
	{ "codec-sflow/counter-1", 1 },
	{ "local-exporters/ovs-sflow", 314 },
	{ "lab/ovs-sflow", 8 },
};
/* clang-format on */

/* --- reading captures --- */

struct decoded {
	struct zl_exporters exporters;
	struct zl_flow *flows;
	size_t n, room;
	uint64_t options, counters;
};

static void keep(const struct zl_flow *flow, void *user)
{
	struct decoded *d = user;

	if (d->n == d->room) {
		d->room = d->room == 0 ? 64 : d->room * 2;
		d->flows = realloc(d->flows, d->room * sizeof(*d->flows));
		assert_non_null(d->flows);
	}
	d->flows[d->n++] = *flow;
}

/* Ethernet, IPv4 or IPv6 without options, UDP; false for anything else. */
static bool unwrap(struct zl_cursor c, struct zl_datagram *ret)
{
	uint16_t type, length;
	uint8_t first;

	zl_skip(&c, 12);
	type = zl_get_u16(&c);
	if (type == 0x0800) {
		first = zl_get_u8(&c);
		zl_skip(&c, 8);
		if (zl_get_u8(&c) != 17)
			return false;
		zl_skip(&c, 2);
		ret->from = zl_addr_from_v4(zl_get_u32(&c));
		zl_skip(&c, 4 + (size_t)((first & 15) - 5) * 4);
	} else if (type == 0x86dd) {
		const uint8_t *from;

		zl_skip(&c, 6);
		if (zl_get_u8(&c) != 17)
			return false;
		zl_skip(&c, 1);
		from = zl_get_bytes(&c, 16);
		if (from == NULL)
			return false;
		ret->from = zl_addr_from_v6(from);
		zl_skip(&c, 16);
	} else {
		return false;
	}
	ret->port = zl_get_u16(&c);
	zl_skip(&c, 2);
	length = zl_get_u16(&c);
	zl_skip(&c, 2);
	if (c.bad || length < 8)
		return false;
	c = zl_get_window(&c, (size_t)length - 8);
	ret->bytes = c.at;
	ret->n = c.left;
	return !c.bad;
}

static void allow_all(struct zl_exporters *x)
{
	struct zl_prefix all[1] = { 0 }; /* ::/0 holds the IPv4 addresses too */

	zl_exporters_init(x);
	assert_int_equal(0, zl_exporters_allow(x, all, 1, NULL));
}

static void decode_file(const char *path, struct decoded *d)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, err);
	struct pcap_pkthdr *head;
	const u_char *bytes;

	if (p == NULL)
		fail_msg("%s: %s", path, err);
	assert_int_equal(DLT_EN10MB, pcap_datalink(p));
	while (pcap_next_ex(p, &head, &bytes) == 1) {
		struct zl_datagram dg = {
			.arrival.us = (int64_t)head->ts.tv_sec * ZL_US_PER_S +
				      head->ts.tv_usec,
			.now.us = 1,
		};

		if (!unwrap((struct zl_cursor){ .at = bytes, .left = head->caplen },
			    &dg))
			fail_msg("%s: a packet that is not UDP", path);
		(void)zl_decode(&d->exporters, &dg, keep, d);
	}
	pcap_close(p);
}

/* --- comparing --- */

struct comparison {
	const struct sequence *seq;
	unsigned not ;
	size_t line;
	unsigned n_wrong;
};

static void wrong(
	struct comparison *c, const char *key, const char *want, const char *have)
{
	if (c->n_wrong++ < SHOWN_MAX)
		print_message("%s, flow %zu: %s: expected %s, decoded %s\n",
			c->seq->name, c->line, key, want, have);
}

static int64_t load(const struct zl_flow *f, const struct number *n)
{
	const uint8_t *at = (const uint8_t *)f + n->offset;
	uint64_t v = 0;

	memcpy(&v, at, n->width); /* little-endian, as all we build on */
	return (int64_t)v;
}

/* Is `have` among the values of `<key>_all`: outer and inner header? */
static bool is_alternative(const json_t *want, const char *key, const char *have)
{
	char all[64], text[64];
	const json_t *v;
	size_t i;

	(void)snprintf(all, sizeof(all), "%s_all", key);
	json_array_foreach(json_object_get(want, all), i, v)
	{
		if (json_is_string(v))
			(void)snprintf(text, sizeof(text), "%s", json_string_value(v));
		else
			(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
				json_integer_value(v));
		if (strcmp(text, have) == 0)
			return true;
	}
	return false;
}

static void compare_number(struct comparison *c, const struct number *n,
	const json_t *want, const struct zl_flow *f)
{
	const json_t *v = json_object_get(want, n->key);
	char text[2][32];
	bool is_there = n->bit == 0 || (f->present & n->bit) != 0;

	if (v == NULL && n->is_strict && is_there && (c->not &BY_NFDUMP) == 0)
		wrong(c, n->key, "nothing", "something");
	if (v == NULL || (n->not &c->not ) != 0)
		return;
	if ((c->not &NOT_ZERO_FIRST) != 0 && strcmp(n->key, "first_ms") == 0 &&
		json_integer_value(v) == 0)
		return;
	if (n->without != NULL && json_object_get(want, n->without) != NULL)
		return;
	(void)snprintf(text[0], sizeof(text[0]), "%" JSON_INTEGER_FORMAT,
		json_integer_value(v));
	(void)snprintf(text[1], sizeof(text[1]), "%" PRId64, load(f, n));
	if (strcmp(text[0], text[1]) != 0 && !is_alternative(want, n->key, text[1]))
		wrong(c, n->key, text[0], text[1]);
	else if (!is_there && json_integer_value(v) != 0)
		wrong(c, n->key, text[0], "nothing");
}

static void compare_text(
	struct comparison *c, const char *key, const json_t *want, const char *have)
{
	const char *text = json_string_value(json_object_get(want, key));

	if (text != NULL && strcmp(text, have) != 0 && !is_alternative(want, key, have))
		wrong(c, key, text, have);
}

/* Fields with several sources, in the order in which they count. */
static void compare_vlan(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	static const char *const keys[] = { "vlan", "dot1q_vlan", "post_vlan",
		"post_dot1q_vlan" };
	const json_t *found = NULL;
	char text[2][32];

	for (size_t i = 0; i < N_ITEMS(keys); i++) {
		const json_t *v = json_object_get(want, keys[i]);

		if (v == NULL || (found != NULL && i >= 2))
			continue;
		if (found == NULL || json_integer_value(found) == 0)
			found = v;
	}
	if (found == NULL || json_integer_value(found) == f->vlan)
		return;
	(void)snprintf(text[0], sizeof(text[0]), "%" JSON_INTEGER_FORMAT,
		json_integer_value(found));
	(void)snprintf(text[1], sizeof(text[1]), "%u", f->vlan);
	wrong(c, "vlan", text[0], text[1]);
}

/* The VLAN in which an untagged frame was taken, if there is one. */
static void compare_in_vlan(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	const char *text = json_string_value(json_object_get(want, "in_vlan"));
	char have[32];

	if (text == NULL || json_object_get(want, "vlan") != NULL ||
		strcmp(text, "4294967295") == 0)
		return;
	(void)snprintf(have, sizeof(have), "%u", f->vlan);
	if (strcmp(text, have) != 0 || (f->present & ZL_FLOW_VLAN) != 0)
		wrong(c, "in_vlan", text, have);
}

/* Only one interface is one, and not the device itself. */
static void compare_no_if(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	bool in = json_integer_value(json_object_get(want, "in_if")) == 0x3fffffff;
	bool out = json_integer_value(json_object_get(want, "out_if")) == 0x3fffffff ||
		   json_integer_value(json_object_get(want, "out_if_format")) != 0;

	if (in != ((f->present & ZL_FLOW_IN_NO_IF) != 0) ||
		out != ((f->present & ZL_FLOW_OUT_NO_IF) != 0))
		wrong(c, "in_if, out_if", "(see the file)", "something else");
}

static void compare_version(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	const json_t *v = json_object_get(want, "ver");
	json_int_t number = json_is_string(v) ? ZL_FLOW_SFLOW : json_integer_value(v);

	if (v == NULL)
		return;
	if (f->version != number)
		wrong(c, "ver", "(see the file)", "another");
	if (number == ZL_FLOW_SFLOW) {
		compare_in_vlan(c, want, f);
		compare_no_if(c, want, f);
	}
}

static void compare_mac(struct comparison *c, const char *key, const char *second,
	const json_t *want, const struct zl_mac *have)
{
	char text[ZL_MAC_STR];

	compare_text(c, json_object_get(want, key) != NULL ? key : second, want,
		zl_mac_format(have, text));
}

static void compare_icmp(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	const json_t *type = json_object_get(want, "icmp_type");
	const json_t *code = json_object_get(want, "icmp_code");

	if (type == NULL || code == NULL ||
		json_object_get(want, "icmp_type_code") != NULL)
		return;
	if (json_integer_value(type) << 8 != (f->icmp & 0xff00) ||
		json_integer_value(code) != (f->icmp & 0xff))
		wrong(c, "icmp_type, icmp_code", "(see the file)", "something else");
}

static void compare_flow(
	struct comparison *c, const json_t *want, const struct zl_flow *f)
{
	char text[ZL_ADDR_STR];

	for (size_t i = 0; i < N_ITEMS(numbers); i++)
		compare_number(c, &numbers[i], want, f);
	compare_text(c, "src", want, zl_addr_format(&f->src, text));
	compare_text(c, "dst", want, zl_addr_format(&f->dst, text));
	compare_mac(c, "src_mac", "post_src_mac", want, &f->src_mac);
	compare_mac(c, "dst_mac", "post_dst_mac", want, &f->dst_mac);
	compare_vlan(c, want, f);
	compare_version(c, want, f);
	compare_icmp(c, want, f);
}

static size_t count_lines(const char *path)
{
	ZL_AUTO(zl_file) FILE *f = fopen(path, "re");
	size_t n = 0;
	int ch;

	while (f != NULL && (ch = fgetc(f)) != EOF)
		n += ch == '\n';
	return n;
}

static void compare_all(struct comparison *c, const struct decoded *d)
{
	char path[PATH_MAX_];
	ZL_AUTO(zl_mem) char *line = NULL;
	ZL_AUTO(zl_file) FILE *f = NULL;
	size_t room = 0, options;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s/expected/%s.jsonl", c->seq->corpus,
		c->seq->source, c->seq->file);
	f = fopen(path, "re");
	if (f == NULL && (errno != ENOENT || !c->seq->is_sflow_only))
		fail_msg("%s: %s", path, strerror(errno));
	while (f != NULL && (n = getline(&line, &room, f)) > 0) {
		json_t *want = json_loadb(line, (size_t)n, 0, NULL);

		if (want == NULL && n <= 1)
			continue;
		assert_non_null(want);
		if (c->line < d->n)
			compare_flow(c, want, &d->flows[c->line]);
		c->line++;
		json_decref(want);
	}
	if (c->line != d->n)
		fail_msg("%s: %zu flows expected, %zu decoded", c->seq->name, c->line,
			d->n);
	(void)snprintf(path, sizeof(path), "%s/%s/expected/%s.options.jsonl",
		c->seq->corpus, c->seq->source, c->seq->file);
	options = count_lines(path);
	if (options != d->options && (c->not &BY_NFDUMP) == 0)
		fail_msg("%s: %zu options records expected, %" PRIu64 " decoded",
			c->seq->name, options, d->options);
	for (size_t i = 0; i < N_ITEMS(counters); i++)
		if (strcmp(counters[i].name, c->seq->name) == 0)
			assert_int_equal(counters[i].n, d->counters);
	if (c->n_wrong != 0)
		fail_msg("%s: %u differences", c->seq->name, c->n_wrong);
}

static void test_sequence(void **state)
{
	struct comparison c = { .seq = *state };
	struct decoded d = { 0 };
	const struct zl_exporter *e;
	char path[PATH_MAX_];

	for (size_t i = 0; i < N_ITEMS(exceptions); i++)
		if (strcmp(exceptions[i].name, c.seq->name) == 0)
			c.not = exceptions[i].not ;
	allow_all(&d.exporters);
	(void)snprintf(path, sizeof(path), "%s/%s/%s.pcap", c.seq->corpus,
		c.seq->source, c.seq->file);
	decode_file(path, &d);
	for (size_t i = 0; (e = zl_map_next(&d.exporters.by_address, &i)) != NULL;) {
		d.options += e->options;
		d.counters += e->counters;
	}
	compare_all(&c, &d);
	zl_exporters_done(&d.exporters);
	free(d.flows);
}

static void test_no_corpus(void **state)
{
	(void)state;
	print_message("skip: corpus: ZL_CORPUS does not name a folder of captures\n");
	skip();
}

static void read_index(const char *corpus)
{
	char path[PATH_MAX_];
	json_t *index, *row;
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/index.json", corpus);
	index = json_load_file(path, 0, NULL);
	json_array_foreach(index, i, row)
	{
		const char *source = json_string_value(json_object_get(row, "source"));
		const char *name = json_string_value(json_object_get(row, "name"));
		const json_t *protos = json_object_get(row, "protos");
		struct sequence *s = &sequences[n_sequences];

		if (source == NULL || name == NULL || n_sequences == SEQUENCES_MAX)
			continue;
		s->corpus = corpus;
		s->is_sflow_only = json_object_get(protos, "sflow") != NULL &&
				   json_object_size(protos) == 1;
		(void)snprintf(s->source, sizeof(s->source), "%s", source);
		(void)snprintf(s->file, sizeof(s->file), "%s", name);
		(void)snprintf(s->name, sizeof(s->name), "%.60s/%.60s", source, name);
		n_sequences++;
	}
	json_decref(index);
}

int main(void)
{
	static struct CMUnitTest tests[SEQUENCES_MAX + 1];
	const char *other = getenv("ZL_CORPUS");
	size_t n;

	read_index("tests/unit/data/captures");
	assert(n_sequences != 0);
	if (other != NULL)
		read_index(other);
	n = n_sequences;
	for (size_t i = 0; i < n_sequences; i++)
		tests[i] = (struct CMUnitTest){ .name = sequences[i].name,
			.test_func = test_sequence,
			.initial_state = &sequences[i] };
	if (other == NULL)
		tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_corpus);
	return _cmocka_run_group_tests("corpus", tests, n, NULL, NULL);
}
