/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the flow path, timed one by one. */
#include "tests/bench/parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "controller/flow/correlate.h"
#include "controller/flow/decode.h"
#include "controller/flow/stitch.h"
#include "inventory/index.h"
#include "tests/bench/generate.h"
#include "tests/bench/summary.h"

enum {
	HOSTS = 1000,
	VMS = 50,
	CONVERSATIONS = 250000,
	FLOWS = 500000,
	BUCKETS = 1 << 17
};

enum { BATCH = 32 };

static const struct zl_fleet fleet = { HOSTS, VMS, 500, 10000 };

struct keep {
	struct zl_flow *flows;
	size_t n;
};

static void on_flow(const struct zl_flow *flow, void *user)
{
	struct keep *k = user;

	if (k->flows != NULL && k->n < FLOWS)
		k->flows[k->n] = *flow;
	k->n++;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void tell(json_t *summary, const char *name, uint64_t ns, size_t n)
{
	double per = n == 0 ? 0 : (double)ns / (double)n;

	zl_summary_set(summary, per, "part.%s_ns", name);
	(void)printf("  part %-14s %6.0f ns per flow\n", name, per);
}

/* All datagrams through the decoder once; flows are kept where there is room. */
static size_t decode_all(
	struct zl_exporters *x, const struct zl_generate *g, struct keep *k)
{
	struct zl_datagram dg = {
		.port = 9000, .arrival = zl_wall_now(), .now = zl_mono_now()
	};

	k->n = 0;
	for (size_t i = 0; k->n < FLOWS; i++) {
		uint32_t exporter;
		unsigned flows;

		dg.bytes = zl_generate_datagram(g, i, &dg.n, &exporter, &flows);
		dg.from = zl_addr_from_v4(exporter);
		(void)zl_decode(x, &dg, on_flow, k);
	}
	return k->n;
}

static int time_decode(json_t *summary, const char *name, enum zl_flow_version version,
	struct keep *keep, struct zl_error *reterr)
{
	struct zl_generate_config config = { .fleet = fleet,
		.version = version,
		.n_conversations = CONVERSATIONS,
		.seed = 1 };
	struct zl_prefix all = { .len = 0 };
	static struct zl_exporters x;
	struct keep none = { 0 };
	struct zl_generate *g = NULL;
	uint64_t t;
	size_t n;
	int r = zl_generate_new(&config, &g, reterr);

	if (r < 0)
		return r;
	zl_exporters_init(&x);
	r = zl_exporters_allow(&x, &all, 1, reterr);
	(void)decode_all(&x, g, keep); /* the templates are known from here on */
	t = cpu_ns();
	n = decode_all(&x, g, &none);
	t = cpu_ns() - t;
	tell(summary, name, t, n);
	zl_exporters_done(&x);
	zl_generate_free(g);
	return r;
}

static int fill_index(struct zl_index *ix, struct zl_error *reterr)
{
	static struct zl_domain d;
	struct zl_wall now = zl_wall_now();
	char name[ZL_FLEET_NAME];
	int r = 0;

	for (unsigned h = 0; h < HOSTS && r >= 0; h++) {
		(void)zl_fleet_host(h, name);
		r = zl_index_host_put(ix, name, now, reterr);
		for (unsigned v = 0; v < VMS && r >= 0; v++) {
			struct zl_index_link link = { .ifindex =
							      ZL_FLEET_FIRST_TAP + v };

			zl_fleet_domain(&fleet, h * VMS + v, &d);
			r = zl_index_domain_put(ix, name, &d, now, reterr);
			link.mac = d.nics[0].mac;
			link.mac.b[0] = 0xfe;
			(void)zl_fleet_tap(v, link.name);
			if (r >= 0)
				r = zl_index_link_put(ix, name, &link, now, reterr);
		}
	}
	return r;
}

static unsigned host_of(const struct zl_flow *f)
{
	return ((unsigned)f->exporter.b[14] << 8 | f->exporter.b[15]) - 256;
}

/* As the engine does it (engine/flows.c). */
static void correlate_batch(
	struct zl_index *ix, const struct zl_flow *flows, uint64_t *ret_scopes)
{
	static struct zl_index_fetch fetch[BATCH];
	static char names[BATCH][ZL_FLEET_NAME];
	static struct zl_sighting s;
	struct zl_wall now = zl_wall_now();

	for (unsigned i = 0; i < BATCH; i++)
		fetch[i] = (struct zl_index_fetch){
			.host = zl_fleet_host(host_of(&flows[i]), names[i]),
			.ifindex = flows[i].in_if,
			.src = &flows[i].src,
			.dst = &flows[i].dst
		};
	for (unsigned step = 0; step < ZL_INDEX_FETCH_STEPS; step++)
		for (unsigned i = 0; i < BATCH; i++)
			zl_index_fetch(ix, &fetch[i], step);
	for (unsigned i = 0; i < BATCH; i++) {
		zl_correlate_fetched(ix, &fetch[i], true, &flows[i], now, &s);
		ret_scopes[i] = s.scope;
	}
}

static void stitch_batch(struct zl_stitch *stitch, const struct zl_flow *flows,
	const uint64_t *scopes, size_t number)
{
	struct zl_mono now = zl_mono_now();
	uint64_t hash[BATCH];

	for (unsigned step = 0; step < 2; step++)
		for (unsigned i = 0; i < BATCH; i++)
			zl_stitch_fetch(stitch, &flows[i], scopes[i], step, &hash[i]);
	for (unsigned i = 0; i < BATCH; i++)
		(void)zl_stitch(stitch, &flows[i], scopes[i], ZL_EVIDENCE_TAP,
			number + i + 1, now);
}

static int time_engine(json_t *summary, const struct keep *k, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) uint64_t *scopes = calloc(k->n, sizeof(*scopes));
	struct zl_stitch *stitch = NULL;
	struct zl_index *ix = NULL;
	uint64_t t;
	int r = zl_index_new(NULL, NULL, &ix, reterr);

	if (r < 0)
		return r;
	r = scopes == NULL || zl_stitch_new(BUCKETS, &stitch) < 0
		    ? zl_fail(reterr, -ENOMEM, "out of memory")
		    : fill_index(ix, reterr);
	for (unsigned round = 0; r >= 0 && round < 2; round++) {
		t = cpu_ns();
		for (size_t i = 0; i + BATCH <= k->n; i += BATCH)
			correlate_batch(ix, &k->flows[i], &scopes[i]);
		t = cpu_ns() - t;
		if (round == 1)
			tell(summary, "correlate", t, k->n);
		t = cpu_ns();
		for (size_t i = 0; i + BATCH <= k->n; i += BATCH)
			stitch_batch(stitch, &k->flows[i], &scopes[i], i);
		t = cpu_ns() - t;
		if (round == 1)
			tell(summary, "stitch", t, k->n);
	}
	zl_stitch_free(stitch);
	zl_index_free(ix);
	return r;
}

int zl_parts_run(json_t *summary, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_flow *flows = calloc(FLOWS, sizeof(*flows));
	struct keep k = { .flows = flows };
	int r = flows == NULL ? zl_fail(reterr, -ENOMEM, "out of memory") : 0;

	if (r >= 0)
		r = time_decode(summary, "decode_v5", ZL_FLOW_V5, &k, reterr);
	if (r >= 0)
		r = time_decode(summary, "decode_ipfix", ZL_FLOW_IPFIX, &k, reterr);
	if (r >= 0)
		r = time_decode(summary, "decode_v9", ZL_FLOW_V9, &k, reterr);
	k.n = k.n < FLOWS ? k.n : FLOWS;
	return r < 0 ? r : time_engine(summary, &k, reterr);
}
