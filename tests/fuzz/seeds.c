/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Write the seeds of the fuzz targets for flow datagrams and captures, built by flowgen and
 * sflowgen: seeds FOLDER makes FOLDER/{v5,v9,ipfix_session,sflow_session,capture}/<name>.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tests/support/capturegen.h"
#include "tests/support/flowgen.h"
#include "tests/support/packetgen.h"
#include "tests/support/sflowgen.h"

enum { SECONDS = 1700000000 };

static const struct zl_flowgen_field flow_fields[] = { { 8, 4, 0 }, { 12, 4, 0 },
	{ 7, 2, 0 }, { 11, 2, 0 }, { 4, 1, 0 }, { 6, 1, 0 }, { 1, 4, 0 }, { 2, 4, 0 },
	{ 22, 4, 0 }, { 21, 4, 0 } };
static const struct zl_flowgen_field biflow_fields[] = { { 27, 16, 0 }, { 28, 16, 0 },
	{ 1, 8, 0 }, { 1, 8, 29305 }, { 6, 1, 29305 }, { 56, 6, 0 }, { 80, 6, 0 },
	{ 58, 2, 0 }, { 154, 8, 0 }, { 155, 8, 0 }, { 176, 1, 0 }, { 177, 1, 0 } };
static const struct zl_flowgen_field variable_fields[] = { { 82, 65535, 0 },
	{ 1, 4, 0 }, { 899, 65535, 6876 } };
static const struct zl_flowgen_field option_fields[] = { { 149, 4, 0 }, { 160, 8, 0 },
	{ 34, 4, 0 } };

static void fill(struct zl_flowgen *g, const struct zl_flowgen_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < fields[i].length; k++)
			zl_flowgen_u8(g, (uint8_t)(i + k));
}

static void build_v5(struct zl_flowgen *g)
{
	const struct zl_flowgen_v5_record r = { .src = 1, .dst = 2, .proto = 6 };

	zl_flowgen_v5(g, 5000, SECONDS, 1, 1, 0);
	zl_flowgen_v5_record(g, &r);
	zl_flowgen_v5_record(g, &r);
	zl_flowgen_end(g);
}

static void build_v9(struct zl_flowgen *g)
{
	zl_flowgen_v9(g, 5000, SECONDS, 1, 1);
	zl_flowgen_set(g, 0);
	zl_flowgen_template(g, 256, flow_fields, N_ITEMS(flow_fields));
	zl_flowgen_set(g, 256);
	fill(g, flow_fields, N_ITEMS(flow_fields));
	zl_flowgen_end(g);
}

static void build_v9_options(struct zl_flowgen *g)
{
	zl_flowgen_v9(g, 5000, SECONDS, 1, 1);
	zl_flowgen_set(g, 1);
	zl_flowgen_options_template(g, 257, option_fields, N_ITEMS(option_fields), 1);
	zl_flowgen_set(g, 257);
	fill(g, option_fields, N_ITEMS(option_fields));
	zl_flowgen_end(g);
}

static void build_biflow(struct zl_flowgen *g)
{
	zl_flowgen_ipfix(g, SECONDS, 0, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, biflow_fields, N_ITEMS(biflow_fields));
	zl_flowgen_set(g, 256);
	fill(g, biflow_fields, N_ITEMS(biflow_fields));
	zl_flowgen_end(g);
}

static void build_variable(struct zl_flowgen *g)
{
	zl_flowgen_ipfix(g, SECONDS, 1, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 257, variable_fields, N_ITEMS(variable_fields));
	zl_flowgen_set(g, 257);
	zl_flowgen_u8(g, 2);
	zl_flowgen_u16(g, 0x6162);
	zl_flowgen_u32(g, 1);
	zl_flowgen_u8(g, 255);
	zl_flowgen_u16(g, 1);
	zl_flowgen_u8(g, 'x');
	zl_flowgen_end(g);
}

static void build_options(struct zl_flowgen *g)
{
	zl_flowgen_ipfix(g, SECONDS, 2, 1);
	zl_flowgen_set(g, 3);
	zl_flowgen_options_template(g, 258, option_fields, N_ITEMS(option_fields), 1);
	zl_flowgen_set(g, 258);
	fill(g, option_fields, N_ITEMS(option_fields));
	zl_flowgen_end(g);
}

static void build_redefinition(struct zl_flowgen *g)
{
	zl_flowgen_ipfix(g, SECONDS, 3, 1);
	zl_flowgen_set(g, 2);
	zl_flowgen_template(g, 256, flow_fields, 3);
	zl_flowgen_template(g, 257, NULL, 0); /* a withdrawal */
	zl_flowgen_set(g, 256);
	fill(g, flow_fields, 3);
	zl_flowgen_end(g);
}

/* --- sFlow --- */

#define MACS 0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1
#define IPV4 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define IPV6                                                                           \
	0x60, 0, 0, 0, 0, 32, 0, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define DST6  0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define PORTS 0x9c, 0x40, 0, 22
static const uint8_t tcp4[] = { MACS, 8, 0, IPV4, PORTS, 0, 0, 0, 1, 0, 0, 0, 0, 0x50,
	2 };
static const uint8_t udp6[] = { MACS, 0x88, 0xa8, 0, 100, 0x81, 0, 0, 42, 0x86, 0xdd,
	IPV6, DST6, 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 1, PORTS };
static const uint8_t mpls[] = { MACS, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64, IPV4,
	PORTS };
static const uint8_t snap[] = { MACS, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, IPV4,
	PORTS };

static void put_switch(struct zl_sflowgen *s)
{
	zl_sflowgen_record(s, 1001);
	zl_flowgen_u64(&s->g, UINT64_C(42) << 32);
	zl_flowgen_u64(&s->g, 0);
}

static void put_sample(struct zl_sflowgen *s, bool is_expanded)
{
	zl_sflowgen_flow(s, &(struct zl_sflowgen_flow){ .is_expanded = is_expanded,
				    .source = 3,
				    .seq = 9,
				    .sampling = 64,
				    .in = 3,
				    .out = ZL_SFLOWGEN_MANY | 2 });
}

static void finish(struct zl_sflowgen *s, struct zl_flowgen *g)
{
	zl_sflowgen_end(s);
	*g = s->g;
}

static void build_sflow_packets(struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	zl_sflowgen_start(&s, 0x0a000001, 0, 1);
	put_sample(&s, false);
	put_switch(&s);
	zl_sflowgen_packet(&s, 1, 1500, tcp4, sizeof(tcp4));
	put_sample(&s, true);
	zl_sflowgen_packet(&s, 1, 99, udp6, sizeof(udp6));
	put_sample(&s, false);
	zl_sflowgen_packet(&s, 1, 99, mpls, sizeof(mpls));
	put_sample(&s, false);
	zl_sflowgen_packet(&s, 1, 99, snap, sizeof(snap));
	put_sample(&s, false);
	zl_sflowgen_packet(&s, 11, 40, tcp4 + 14, sizeof(tcp4) - 14);
	finish(&s, g);
}

static void build_sflow_fields(struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	zl_sflowgen_start6(&s, 1, 2);
	put_sample(&s, true);
	zl_sflowgen_record(&s, 2);
	for (size_t i = 0; i < 6; i++)
		zl_flowgen_u32(&s.g, 64);
	zl_sflowgen_record(&s, 3);
	for (size_t i = 0; i < 8; i++)
		zl_flowgen_u32(&s.g, 6);
	put_sample(&s, false);
	zl_sflowgen_record(&s, 4);
	for (size_t i = 0; i < 14; i++)
		zl_flowgen_u32(&s.g, 17);
	zl_sflowgen_record(&s, 4413 << 12 | 1);
	zl_flowgen_u32(&s.g, 1);
	finish(&s, g);
}

static void build_sflow_counters(struct zl_flowgen *g)
{
	static struct zl_sflowgen s;

	zl_sflowgen_start(&s, 0x0a000001, 0, 4);
	zl_sflowgen_counters(&s, false, 3, 1);
	zl_sflowgen_generic(&s, 3);
	zl_sflowgen_counters(&s, true, 3, 4);
	zl_sflowgen_record(&s, 2);
	zl_flowgen_u64(&s.g, 0);
	zl_sflowgen_generic(&s, 3);
	zl_sflowgen_sample(&s, 5);
	zl_flowgen_u64(&s.g, 0);
	finish(&s, g);
}

/* --- captures --- */

/* A capture of one v5 datagram and of what is none. */
static void build_capture(struct zl_flowgen *g, const struct zl_capturegen *f)
{
	static struct zl_flowgen v5, packet;
	struct zl_packetgen p = { .link = f->link };

	build_v5(&v5);
	*g = (struct zl_flowgen){ 0 };
	zl_capturegen_head(g, f);
	p.payload = (const char *)v5.bytes;
	p.n_payload = v5.n;
	zl_packetgen_build(&p, &packet);
	zl_capturegen_packet(g, f, 0, &packet);
	p.payload = "x";
	p.n_payload = 1;
	p.is_ipv6 = true;
	p.extensions[0] = 60;
	p.extensions[1] = 44;
	zl_packetgen_build(&p, &packet);
	zl_capturegen_packet(g, f, 1, &packet);
}

static void build_pcap(struct zl_flowgen *g)
{
	static const struct zl_capturegen f = {
		.magic = 0xa1b2c3d4, .per_second = 1000000, .dlt = 1
	};

	build_capture(g, &f);
}

static void build_pcap_cooked(struct zl_flowgen *g)
{
	static const struct zl_capturegen f = { .magic = 0xa1b23c4d,
		.is_big_endian = true,
		.per_second = 1000000000,
		.dlt = 276,
		.link = ZL_DATAGRAM_COOKED2 };

	build_capture(g, &f);
}

static void build_pcapng(struct zl_flowgen *g)
{
	static const struct zl_capturegen f = { .is_ng = true,
		.per_second = 1000000000,
		.tsresol = 9,
		.block = ZL_CAPTUREGEN_EPB,
		.n_sections = 1,
		.n_interfaces = 2,
		.dlt = 113,
		.link = ZL_DATAGRAM_COOKED };

	build_capture(g, &f);
}

static void build_pcapng_simple(struct zl_flowgen *g)
{
	static const struct zl_capturegen f = { .is_ng = true,
		.is_big_endian = true,
		.per_second = 1000000,
		.block = ZL_CAPTUREGEN_SPB,
		.n_sections = 1,
		.n_interfaces = 1,
		.dlt = 1 };

	build_capture(g, &f);
}

typedef void (*build_fn)(struct zl_flowgen *g);

/* clang-format off */
static const struct {
	const char *target, *name;
	build_fn build[4]; /* datagrams; with their lengths when the target takes several */
} seeds[] = {
	{ "v5",		   "two_records",  { build_v5 } },
	{ "v9",		   "data",	   { build_v9 } },
	{ "v9",		   "options",	   { build_v9_options } },
	{ "ipfix_session", "biflow",	   { build_biflow, build_biflow } },
	{ "ipfix_session", "variable",	   { build_variable, build_options } },
	{ "ipfix_session", "redefinition", { build_biflow, build_redefinition, build_variable } },
	{ "capture",	   "pcap",	   { build_pcap } },
	{ "capture",	   "pcap_cooked",  { build_pcap_cooked } },
	{ "capture",	   "pcapng",	   { build_pcapng } },
	{ "capture",	   "pcapng_simple", { build_pcapng_simple } },
	{ "ipfix_session", "mixed",	   { build_v5, build_v9, build_biflow, build_v9_options } },
	{ "ipfix_session", "tcp",	   { build_biflow, build_redefinition, build_options } },
	{ "sflow_session", "packets",	   { build_sflow_packets, build_sflow_packets } },
	{ "sflow_session", "fields",	   { build_sflow_fields } },
	{ "sflow_session", "counters",	   { build_sflow_counters, build_sflow_packets } },
};
/* clang-format on */

static int write_seed(const char *folder, size_t i)
{
	static struct zl_flowgen g;
	ZL_AUTO(zl_file) FILE *f = NULL;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, seeds[i].target);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	(void)snprintf(
		path, sizeof(path), "%s/%s/%s", folder, seeds[i].target, seeds[i].name);
	f = fopen(path, "we");
	if (f == NULL)
		return -errno;
	for (size_t k = 0; k < N_ITEMS(seeds[i].build) && seeds[i].build[k] != NULL;
		k++) {
		seeds[i].build[k](&g);
		if (strstr(seeds[i].target, "_session") != NULL) {
			(void)fputc(
				(int)(g.n >> 8) |
					(strcmp(seeds[i].name, "tcp") == 0 ? 0x80 : 0),
				f);
			(void)fputc((int)(g.n & 255), f);
		}
		(void)fwrite(g.bytes, 1, g.n, f);
	}
	return ferror(f) != 0 ? -EIO : 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: seeds FOLDER\n");
		return 2;
	}
	for (size_t i = 0; i < N_ITEMS(seeds); i++) {
		int r = write_seed(argv[1], i);

		if (r < 0) {
			(void)fprintf(stderr, "seeds: %s: %s\n", argv[1], strerror(-r));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
