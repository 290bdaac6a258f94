/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flow costs: zonelock beside a counting sink, nfcapd and nfacctd, in one run.
 *
 *	bench [--seconds N] [--rounds N] [--rate FLOWS/S] [--steps N] [--only PART] SUMMARY
 *
 * PART: v5, v9, ipfix, scale, parts.  BENCH_SECONDS is the default of --seconds.
 *
 * CPU: user and system time of all processes of a receiver, by the kernel's per-process
 * clocks, at a rate that all take without loss; the receivers take turns, each figure
 * is the median of its rounds.  Over the loopback interface the kernel's work up to
 * the socket is done in the sender's name, for all receivers alike.
 * Loss-free: the highest rate of a bisection without a datagram dropped at the socket
 * or a record dropped inside, and without more than a tenth of a second of records
 * still waiting; N steps of it, 0: none.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tests/bench/contest.h"
#include "tests/bench/contest_zonelock.h"
#include "tests/bench/generate.h"
#include "tests/bench/parts.h"
#include "tests/bench/summary.h"

enum {
	HOSTS = 1000,
	VMS = 50,
	ZONES = 500,
	RULES = 10000,
	CONVERSATIONS = 1000000,
	SEED = 20240229,
	CONTESTS_MAX = 8,
	ROUNDS_MAX = 16,
	SETTLE_US = 100000,
	SETTLE_TRIES = 100,
};
#define RATE_MILLION 1e6
#define RATE_PRELOAD 125e3 /* the first records of all cost most */
#define RATE_MOST    2.5e6

struct bench {
	double seconds, search_seconds, rate;
	unsigned rounds, steps;
	const char *only;
	char folder[64], programs[ZL_CONTEST_PATH], doubles[ZL_CONTEST_PATH];
	json_t *summary;
	struct zl_contest contests[CONTESTS_MAX];
	unsigned n_contests;
	uint16_t port;
};

static const struct {
	const char *name;
	enum zl_flow_version version;
} versions[] = {
	{ "v5", ZL_FLOW_V5 },
	{ "v9", ZL_FLOW_V9 },
	{ "ipfix", ZL_FLOW_IPFIX },
};

static bool is_wanted(const struct bench *b, const char *part)
{
	return b->only == NULL || strcmp(b->only, part) == 0;
}

static const struct zl_contestant *find(const char *name)
{
	for (unsigned i = 0; i < zl_contestants_len; i++)
		if (strcmp(zl_contestants[i].name, name) == 0)
			return &zl_contestants[i];
	return NULL;
}

static int start(struct bench *b, const struct zl_contestant *who,
	const struct zl_fleet *fleet, struct zl_contest **ret, struct zl_error *reterr)
{
	struct zl_contest *c = &b->contests[b->n_contests++];

	*c = (struct zl_contest){ .who = who,
		.fleet = *fleet,
		.port = b->port++,
		.programs = b->programs,
		.doubles = b->doubles };
	*ret = c;
	return zl_contest_start(c, b->folder, reterr);
}

static void stop_all(struct bench *b)
{
	while (b->n_contests > 0)
		zl_contest_stop(&b->contests[--b->n_contests]);
}

struct outcome {
	double rate, cpu_ns_per_flow;
	uint64_t lost;
	bool is_behind;
};

/* One run: send, let it settle, and see what it took. */
static int run_once(struct zl_contest *c, struct zl_generate *g, double rate,
	double seconds, struct outcome *ret, struct zl_error *reterr)
{
	struct zl_contest_state before, after;
	struct zl_generate_sent sent;
	int r = zl_generate_templates(g, c->port, reterr);

	if (r < 0)
		return r;
	(void)usleep(SETTLE_US);
	zl_contest_look(c, &before);
	r = zl_generate_run(g, c->port, rate, seconds, &sent, reterr);
	if (r < 0)
		return r;
	zl_contest_look(c, &after);
	*ret = (struct outcome){ .rate = (double)sent.flows / sent.seconds };
	ret->is_behind = (double)after.waiting > ret->rate / 10;
	for (unsigned i = 0; i < SETTLE_TRIES; i++) {
		(void)usleep(SETTLE_US);
		zl_contest_look(c, &after);
		if (after.waiting == 0 && after.queued == 0)
			break;
	}
	ret->lost = after.lost - before.lost;
	ret->cpu_ns_per_flow =
		(double)(after.cpu_ns - before.cpu_ns) / (double)sent.flows;
	return 0;
}

/* --- CPU per flow, in turns --- */

static int measure_cpu(struct bench *b, struct zl_generate *g,
	const char *const names[], const char *what, struct zl_error *reterr)
{
	double values[CONTESTS_MAX][ROUNDS_MAX];
	uint64_t lost[CONTESTS_MAX] = { 0 };
	struct outcome o;

	for (unsigned round = 0; round < b->rounds; round++)
		for (unsigned i = 0; i < b->n_contests; i++) {
			int r = run_once(
				&b->contests[i], g, b->rate, b->seconds, &o, reterr);

			if (r < 0)
				return r;
			values[i][round] = o.cpu_ns_per_flow;
			lost[i] += o.lost;
		}
	for (unsigned i = 0; i < b->n_contests; i++) {
		double ns = zl_summary_median(values[i], b->rounds); /* sorts them */

		zl_summary_set(b->summary, ns, "%s.%s.cpu_ns_per_flow", what, names[i]);
		zl_summary_set(
			b->summary, (double)lost[i], "%s.%s.lost", what, names[i]);
		(void)printf("  %-8s %-10s %8.0f ns CPU per flow  (%.0f to %.0f)%s\n",
			strrchr(what, '.') == NULL ? what : strrchr(what, '.') + 1,
			names[i], ns, values[i][0], values[i][b->rounds - 1],
			lost[i] == 0 ? "" : "  with loss!");
	}
	return 0;
}

/* --- the highest rate without loss --- */

static int search_rate(struct bench *b, struct zl_contest *c, struct zl_generate *g,
	const char *version, struct zl_error *reterr)
{
	double low = 0, high = RATE_MOST, rate = b->rate * 3;
	struct outcome o;

	for (unsigned i = 0; i < b->steps && high / (low + 1) > 1.05; i++) {
		int r = run_once(c, g, rate, b->search_seconds, &o, reterr);

		if (r < 0)
			return r;
		if (o.lost == 0 && !o.is_behind)
			low = o.rate > low ? o.rate : low;
		else
			high = rate;
		/* The generator itself gives no more. */
		if (o.lost == 0 && !o.is_behind && o.rate < 0.9 * rate)
			break;
		rate = low == 0 ? high / 2 : sqrt(low * high);
	}
	zl_summary_set(b->summary, low, "ingest.%s.%s.loss_free_flows_per_s", version,
		c->who->name);
	(void)printf("  %-8s %-10s %8.0f flows/s without loss%s\n", version,
		c->who->name, low, low >= 0.9 * RATE_MOST ? " (or more)" : "");
	return 0;
}

static int try_million(struct bench *b, struct zl_contest *c, struct zl_generate *g,
	const char *version, struct zl_error *reterr)
{
	struct outcome o;
	int r = run_once(c, g, RATE_MILLION, b->seconds, &o, reterr);

	if (r < 0)
		return r;
	zl_summary_set(b->summary, (double)o.lost, "million.%s.lost", version);
	zl_summary_set(b->summary, o.rate, "million.%s.flows_per_s", version);
	zl_summary_set(
		b->summary, o.cpu_ns_per_flow, "million.%s.cpu_ns_per_flow", version);
	(void)printf(
		"  %-8s zonelock at a million: %.0f flows/s for %.0f s, lost %llu, "
		"%.0f ns CPU per flow\n",
		version, o.rate, b->seconds, (unsigned long long)o.lost,
		o.cpu_ns_per_flow);
	return 0;
}

/* --- side by side --- */

static void put_ratio(
	struct bench *b, const char *version, const char *a, const char *by)
{
	double x =
		zl_summary_get(b->summary, "ingest.%s.%s.cpu_ns_per_flow", version, a);
	double y =
		zl_summary_get(b->summary, "ingest.%s.%s.cpu_ns_per_flow", version, by);

	if (x == 0 || y == 0)
		return;
	zl_summary_set(b->summary, x / y, "ratio.%s.%s_to_%s", version, a, by);
	(void)printf("  %-8s %s / %s = %.2f\n", version, a, by, x / y);
}

static int make_generator(const struct zl_fleet *fleet, enum zl_flow_version version,
	struct zl_generate **ret, struct zl_error *reterr)
{
	struct zl_generate_config config = { .fleet = *fleet,
		.version = version,
		.n_conversations = CONVERSATIONS,
		.seed = SEED };

	return zl_generate_new(&config, ret, reterr);
}

/*
 * Every conversation, until all are live: what their first records cost, and then the
 * second, is not what the later ones do.
 */
static int preload(struct bench *b, struct zl_contest *c, struct zl_generate *g,
	const char *name, struct zl_error *reterr)
{
	static const char *const turns[] = { "first", "second" };
	struct outcome o;
	int r = 0;

	for (unsigned i = 0; i < N_ITEMS(turns) && r >= 0; i++) {
		r = run_once(c, g, RATE_PRELOAD,
			(double)zl_generate_records(g) / RATE_PRELOAD, &o, reterr);
		if (r < 0 || name == NULL)
			continue;
		zl_summary_set(b->summary, o.cpu_ns_per_flow,
			"ingest.%s.zonelock.%s_record_cpu_ns", name, turns[i]);
		(void)printf("  %-8s %-10s %8.0f ns CPU of the %s record of each\n",
			name, c->who->name, o.cpu_ns_per_flow, turns[i]);
	}
	return r;
}

static int run_version(struct bench *b, unsigned v, const struct zl_fleet *fleet,
	struct zl_contest *zonelock, bool first, struct zl_error *reterr)
{
	const char *names[CONTESTS_MAX];
	struct zl_generate *g = NULL;
	char what[32];
	uint64_t engine = zl_contest_memory(zonelock, "zl-engine");
	uint64_t collector = zl_contest_memory(zonelock, "zl-collector");
	int r = make_generator(fleet, versions[v].version, &g, reterr);

	if (r >= 0 && first) {
		r = preload(b, zonelock, g, versions[v].name, reterr);
		zl_summary_set(b->summary,
			(double)(zl_contest_memory(zonelock, "zl-engine") - engine) *
				1024 / CONVERSATIONS,
			"memory.engine_bytes_per_conversation");
		zl_summary_set(b->summary,
			(double)(zl_contest_memory(zonelock, "zl-collector") -
				 collector) *
				1024 / HOSTS,
			"memory.collector_bytes_per_exporter");
	}
	(void)snprintf(what, sizeof(what), "ingest.%s", versions[v].name);
	for (unsigned i = 0; i < b->n_contests; i++)
		names[i] = b->contests[i].who->name;
	if (r >= 0)
		r = measure_cpu(b, g, names, what, reterr);
	put_ratio(b, versions[v].name, "zonelock", "nfcapd");
	put_ratio(b, versions[v].name, "zonelock", "sink");
	put_ratio(b, versions[v].name, "zonelock", "nfacctd");
	for (unsigned i = 0; r >= 0 && b->steps != 0 && i < b->n_contests; i++)
		r = search_rate(b, &b->contests[i], g, versions[v].name, reterr);
	if (r >= 0)
		r = try_million(b, zonelock, g, versions[v].name, reterr);
	zl_generate_free(g);
	return r;
}

static int run_ingest(struct bench *b, struct zl_error *reterr)
{
	const struct zl_fleet fleet = { HOSTS, VMS, ZONES, RULES };
	struct zl_contest *c, *zonelock = NULL;
	bool first = true;
	int r = 0;

	(void)printf("%d exporters, %d machines, %d zones, %d rules, %d conversations, "
		     "%.0f flows/s, median of %u rounds of %.0f s\n",
		HOSTS, HOSTS * VMS, ZONES, RULES, CONVERSATIONS, b->rate, b->rounds,
		b->seconds);
	for (unsigned i = 0; r >= 0 && i < zl_contestants_len; i++) {
		if (!zl_contest_is_there(&zl_contestants[i])) {
			(void)printf("  %s is not installed: left out\n",
				zl_contestants[i].name);
			continue;
		}
		r = start(b, &zl_contestants[i], &fleet, &c, reterr);
		if (zl_contestants[i].inside != NULL)
			zonelock = c;
	}
	for (unsigned v = 0; r >= 0 && v < N_ITEMS(versions); v++) {
		if (!is_wanted(b, versions[v].name))
			continue;
		r = run_version(b, v, &fleet, zonelock, first, reterr);
		first = false;
	}
	stop_all(b);
	return r;
}

/* --- more machines, more rules --- */

static const struct {
	const char *name;
	struct zl_fleet fleet;
} shapes[] = {
	{ "nics_1000", { HOSTS, 1, ZONES, RULES } },
	{ "nics_100000", { HOSTS, 100, ZONES, RULES } },
	{ "rules_10", { HOSTS, VMS, 5, 10 } },
	{ "rules_10000", { HOSTS, VMS, ZONES, RULES } },
};

static int run_scale(struct bench *b, struct zl_error *reterr)
{
	struct zl_generate *g[N_ITEMS(shapes)] = { 0 };
	double ns[N_ITEMS(shapes)][ROUNDS_MAX], median[N_ITEMS(shapes)];
	uint64_t memory[N_ITEMS(shapes)] = { 0 };
	struct outcome o;
	struct zl_contest *c;
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < N_ITEMS(shapes); i++) {
		r = start(b, find("zonelock"), &shapes[i].fleet, &c, reterr);
		memory[i] = r < 0 ? 0 : zl_contest_memory(c, "zl-engine");
		if (r >= 0)
			r = make_generator(&shapes[i].fleet, ZL_FLOW_V9, &g[i], reterr);
		if (r >= 0)
			r = preload(b, c, g[i], NULL, reterr);
	}
	for (unsigned round = 0; round < b->rounds; round++)
		for (unsigned i = 0; r >= 0 && i < N_ITEMS(shapes); i++) {
			r = run_once(
				&b->contests[i], g[i], b->rate, b->seconds, &o, reterr);
			ns[i][round] = o.cpu_ns_per_flow;
		}
	stop_all(b);
	for (unsigned i = 0; i < N_ITEMS(shapes); i++)
		zl_generate_free(g[i]);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < N_ITEMS(shapes); i++) {
		median[i] = zl_summary_median(ns[i], b->rounds);
		zl_summary_set(b->summary, median[i], "scale.cpu_ns_per_flow.%s",
			shapes[i].name);
		(void)printf(
			"  %-14s %8.0f ns CPU per flow\n", shapes[i].name, median[i]);
	}
	zl_summary_set(b->summary, median[1] / median[0], "scale.nics");
	zl_summary_set(b->summary, median[3] / median[2], "scale.rules");
	zl_summary_set(b->summary,
		(double)(memory[1] - memory[0]) * 1024 / (99.0 * HOSTS),
		"memory.engine_bytes_per_nic");
	(void)printf("  100 000 machines cost %.2f times 1000; 10 000 rules %.2f times "
		     "10\n",
		median[1] / median[0], median[3] / median[2]);
	return 0;
}

static void print_memory(const struct bench *b)
{
	(void)printf("memory: engine %.0f bytes per NIC, %.0f per conversation; "
		     "collector %.0f per exporter\n",
		zl_summary_get(b->summary, "memory.engine_bytes_per_nic"),
		zl_summary_get(b->summary, "memory.engine_bytes_per_conversation"),
		zl_summary_get(b->summary, "memory.collector_bytes_per_exporter"));
}

/* --- start --- */

static int set_folders(struct bench *b, const char *self, struct zl_error *reterr)
{
	const char *tmp = getenv("TMPDIR"), *slash = strrchr(self, '/');
	int n = slash == NULL ? 1 : (int)(slash - self);

	(void)snprintf(
		b->doubles, sizeof(b->doubles), "%.*s", n, slash == NULL ? "." : self);
	(void)snprintf(b->programs, sizeof(b->programs), "%.*s/../bin", n,
		slash == NULL ? "." : self);
	(void)snprintf(b->folder, sizeof(b->folder), "%s/zl-bench-XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(b->folder) == NULL || chmod(b->folder, 0755) < 0)
		return zl_fail(reterr, -errno, "%s: %m", b->folder);
	return 0;
}

static void remove_folder(const struct bench *b)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", b->folder);
	if (system(command) != 0)
		(void)fprintf(stderr, "%s is left behind\n", b->folder);
}

static double number(const char *text, double least)
{
	double v = text == NULL ? 0 : strtod(text, NULL);

	return v < least ? least : v;
}

static const char *parse_args(int argc, char **argv, struct bench *b)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'n' },
		{ "rate", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'o' },
		{ "steps", required_argument, NULL, 'b' },
		{ 0 },
	};
	int o;

	if (getenv("BENCH_SECONDS") != NULL)
		b->seconds = number(getenv("BENCH_SECONDS"), 1);
	while ((o = getopt_long(argc, argv, "s:n:r:o:b:", options, NULL)) != -1) {
		if (o == 's')
			b->seconds = number(optarg, 1);
		else if (o == 'n')
			b->rounds = (unsigned)number(optarg, 1) % (ROUNDS_MAX + 1);
		else if (o == 'r')
			b->rate = number(optarg, 1000);
		else if (o == 'o')
			b->only = optarg;
		else if (o == 'b')
			b->steps = (unsigned)number(optarg, 0);
		else
			return NULL;
	}
	return optind + 1 == argc ? argv[optind] : NULL;
}

int main(int argc, char **argv)
{
	static struct bench b = { .seconds = 2,
		.search_seconds = 1.5,
		.rate = 200e3,
		.rounds = 3,
		.steps = 6,
		.port = 29950 };
	const char *path = parse_args(argc, argv, &b);
	struct zl_error err = { 0 };
	int r;

	if (path == NULL) {
		(void)fprintf(stderr,
			"usage: bench [--seconds N] [--rounds N] [--rate FLOWS/S] "
			"[--steps N] [--only v5|v9|ipfix|scale|parts] SUMMARY\n");
		return 2;
	}
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	b.summary = zl_summary_load(path);
	r = set_folders(&b, argv[0], &err);
	if (r >= 0 && is_wanted(&b, "parts"))
		r = zl_parts_run(b.summary, &err);
	if (r >= 0 &&
		(is_wanted(&b, "v5") || is_wanted(&b, "v9") || is_wanted(&b, "ipfix")))
		r = run_ingest(&b, &err);
	if (r >= 0 && is_wanted(&b, "scale"))
		r = run_scale(&b, &err);
	stop_all(&b);
	print_memory(&b);
	if (r >= 0)
		r = zl_summary_save(b.summary, path, &err);
	json_decref(b.summary);
	if (r < 0)
		(void)fprintf(stderr, "error: %s\n", err.msg);
	else
		remove_folder(&b);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
