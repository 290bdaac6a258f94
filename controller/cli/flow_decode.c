/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a capture's datagrams to lines, and what was not used. */
#include "controller/cli/flow_decode.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "controller/cli/flow_json.h"
#include "controller/flow/capture.h"
#include "controller/flow/decode.h"
#include "controller/flow/portmap.h"

struct run {
	struct zl_cli *cli;
	struct zl_capture *capture;
	struct zl_exporters exporters;
	struct zl_portmap ports;
	bool with_options;
	bool is_stream; /* records must not wait for more to come */
	struct zl_portmap_refused refused;
	uint64_t n_datagrams;
};

static void show(const struct zl_flow_draft *draft, bool is_options, void *user)
{
	const struct run *run = user;

	if (!is_options || run->with_options)
		zl_flow_json_write(draft, is_options, run->cli->out);
}

static void take(struct run *run, const struct zl_captured *captured)
{
	const struct zl_decode_sinks sinks = { .show = show, .user = run };
	const struct zl_datagram_found *udp = &captured->udp;
	struct zl_datagram datagram = {
		.bytes = udp->bytes,
		.n = udp->n,
		.is_cut = udp->is_cut,
		.from = udp->src,
		.port = udp->sport,
		.arrival = captured->time,
		/* counts datagrams: the order matters, but nothing ages in a file */
		.now.us = ++run->n_datagrams,
	};

	if (zl_portmap_takes(&run->ports, udp->dport,
		    (struct zl_cursor){ .at = udp->bytes, .left = udp->n },
		    &run->refused))
		(void)zl_decode_to(&run->exporters, &datagram, &sinks);
}

static void add_drops(uint64_t *sums, const struct zl_exporter *e)
{
	for (size_t i = 0; i < ZL_DROP_N; i++)
		sums[i] += e->drops.n[i];
}

static void say_count(FILE *to, const char **comma, const char *name, uint64_t n)
{
	if (n == 0)
		return;
	(void)fprintf(to, "%s\"%s\":%" PRIu64, *comma, name, n);
	*comma = ",";
}

static void say_drops(const struct run *run)
{
	const uint64_t *packets = zl_capture_counts(run->capture);
	uint64_t sums[ZL_DROP_N] = { 0 };
	const struct zl_exporter *e;
	const char *comma = "";
	FILE *to = run->cli->err;

	for (size_t i = 0; (e = zl_map_next(&run->exporters.by_address, &i)) != NULL;)
		add_drops(sums, e);
	for (size_t i = 0; i < ZL_EXPORTERS_REFUSED; i++)
		add_drops(sums, &run->exporters.refused[i]);
	sums[ZL_DROP_VERSION] += run->refused.other_protocol;
	(void)fflush(run->cli->out);
	(void)fputc('{', to);
	for (size_t i = 0; i < ZL_DATAGRAM_N; i++)
		if (i != ZL_DATAGRAM_UDP)
			say_count(to, &comma, zl_datagram_kinds[i].name, packets[i]);
	say_count(to, &comma, "packet_other_port", run->refused.other_port);
	for (size_t i = 0; i < ZL_DROP_N; i++)
		say_count(to, &comma, zl_drops[i].name, sums[i]);
	(void)fputs("}\n", to);
}

static bool has_input(FILE *f)
{
	struct pollfd fd = { .fd = fileno(f), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static int decode_all(struct run *run, struct zl_error *reterr)
{
	const struct zl_prefix all = { 0 }; /* ::/0 holds the IPv4 addresses too */
	struct zl_captured captured;
	int r = zl_exporters_allow(&run->exporters, &all, 1, reterr);

	while (r >= 0) {
		r = zl_capture_next(run->capture, &captured, reterr);
		if (r == 0)
			break;
		if (r > 0)
			take(run, &captured);
		if (run->is_stream && !has_input(run->cli->in))
			(void)fflush(run->cli->out);
		if (ferror(run->cli->out)) /* the reason comes from who flushes */
			break;
	}
	say_drops(run);
	return r;
}

static int open_capture(struct run *run, const char *file, struct zl_error *reterr)
{
	if (run->is_stream)
		return zl_capture_new(
			run->cli->in, "standard input", &run->capture, reterr);
	return zl_capture_open(file, &run->capture, reterr);
}

int zl_flow_decode_run(struct zl_cli *cli, const struct zl_args *args)
{
	struct run run = { .cli = cli };
	struct zl_error err = { 0 };
	int r = 0;

	run.is_stream = strcmp(zl_args_text(args, "file"), "-") == 0;
	run.with_options = zl_args_given(args, "options");
	zl_portmap_init(&run.ports);
	for (size_t i = 0; i < args->n_repeated && r == 0; i++)
		r = zl_portmap_parse(&run.ports, args->repeated[i], &err);
	if (r < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_USAGE;
	}
	r = open_capture(&run, zl_args_text(args, "file"), &err);
	if (r == 0) {
		zl_exporters_init(&run.exporters);
		/* What no tool shows that reads a capture once, in order. */
		run.exporters.pending_most = 0;
		r = decode_all(&run, &err);
		zl_exporters_done(&run.exporters);
	}
	zl_capture_free(run.capture);
	if (r < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_FAILURE;
	}
	return ZL_EXIT_OK;
}
