/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a capture to what would have been decided about it. */
#include "controller/cli/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "controller/cli/replay_daemon.h"
#include "controller/cli/view.h"
#include "controller/control/varlink.h"
#include "controller/flow/datagram.h"
#include "controller/flow/portmap.h"

enum {
	CHUNK = 65536,
	LOOK_MS = 200, /* how often we ask how far it is */
	BAR = 30,
	WORDS_MAX = 4 + 2 * ZL_COMMAND_REPEATED_MAX,
};

struct run {
	struct zl_cli *cli;
	struct zl_replay_daemon daemon;
	const char *name; /* of the capture */
	int input;
	uint64_t size, passed_on; /* size 0: not known */
	bool at_end, ended, shows;
	uint8_t chunk[CHUNK];
	size_t at, left; /* what of it is to be passed on */
	struct zl_mono began, looked;
	json_t *status; /* DaemonStatus of the last look */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static json_int_t number_at(const json_t *object, const char *a, const char *b)
{
	return json_integer_value(json_object_get(json_object_get(object, a), b));
}

/* --- how far it is --- */

static void show_progress(const struct run *run)
{
	json_int_t records = json_integer_value(json_object_get(run->status, "flows"));
	double s = (double)zl_mono_since(zl_mono_now(), run->began) / 1e6;
	char bar[BAR + 1];
	size_t full = BAR;

	if (!run->shows)
		return;
	if (run->size != 0) {
		if (run->passed_on < run->size)
			full = (size_t)(run->passed_on * BAR / run->size);
		memset(bar, ' ', BAR);
		memset(bar, '#', full);
		bar[BAR] = '\0';
		(void)fprintf(run->cli->err, "\r[%s] %3" PRIu64 "%%", bar,
			run->passed_on >= run->size ? 100
						    : run->passed_on * 100 / run->size);
	} else {
		(void)fprintf(
			run->cli->err, "\r%" PRIu64 " KiB", run->passed_on / 1024);
	}
	(void)fprintf(run->cli->err, "  %" JSON_INTEGER_FORMAT " records, %.0f/s\x1b[K",
		records, s > 0 ? (double)records / s : 0.0);
	(void)fflush(run->cli->err);
}

static void end_progress(const struct run *run)
{
	if (run->shows)
		(void)fputs("\r\x1b[K", run->cli->err);
}

static int look(struct run *run, struct zl_error *reterr)
{
	json_t *status = NULL;
	int r = zl_replay_daemon_ask(&run->daemon, "DaemonStatus", &status, reterr);

	if (r < 0)
		return r;
	json_decref(run->status);
	run->status = status;
	run->looked = zl_mono_now();
	run->ended = json_is_true(
		json_object_get(json_object_get(status, "replay"), "ended"));
	show_progress(run);
	return 0;
}

/* --- passing the bytes on --- */

static int fill(struct run *run, struct zl_error *reterr)
{
	ssize_t n = read(run->input, run->chunk, sizeof(run->chunk));

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return zl_fail(reterr, -errno, "%s: %m", run->name);
	run->at = 0;
	run->left = n > 0 ? (size_t)n : 0;
	run->at_end = n == 0;
	return 0;
}

/* Who reads may have ended before, at something broken: it says so itself. */
static void pass_on(struct run *run)
{
	ssize_t n = write(run->daemon.capture, run->chunk + run->at, run->left);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		run->at_end = true;
	if (n <= 0)
		return;
	run->at += (size_t)n;
	run->left -= (size_t)n;
	run->passed_on += (uint64_t)n;
}

/* All of the input, then the rest of the work; until it has ended, or we are. */
static int pump(struct run *run, struct zl_error *reterr)
{
	int r = 0;

	while (r >= 0 && !run->ended && !interrupted) {
		struct pollfd fd = { .fd = run->left > 0 ? run->daemon.capture
							 : run->input,
			.events = run->left > 0 ? POLLOUT : POLLIN };

		if (run->at_end) {
			if (run->daemon.capture >= 0)
				(void)close(zl_take_fd(&run->daemon.capture));
			fd.fd = -1;
		}
		if (poll(&fd, 1, run->at_end ? LOOK_MS / 4 : LOOK_MS) > 0) {
			if (run->left > 0)
				pass_on(run);
			else
				r = fill(run, reterr);
		}
		if (r >= 0 &&
			(run->at_end || zl_mono_since(zl_mono_now(), run->looked) >
						LOOK_MS * (uint64_t)ZL_US_PER_MS))
			r = look(run, reterr);
	}
	return r;
}

/* --- what came of it --- */

/* clang-format off */
static const struct zl_column columns[] = {
	{ .title = "Capture",   .key = "capture" },
	{ .title = "Datagrams", .key = "datagrams" },
	{ .title = "Records",   .key = "records" },
	{ .title = "Allowed",   .key = "allowed" },
	{ .title = "Denied",    .key = "denied" },
	{ .title = "No lock", .key = "no_lock" },
	{ .title = "Database",  .key = "database" },
};

static const struct zl_column unused_columns[] = {
	{ .title = "Reason", .key = "reason" },
	{ .title = "Count",  .key = "count" },
};

static const struct zl_column incident_columns[] = {
	{ .title = "Id",       .key = "id" },
	{ .title = "Domain",   .key = "domain" },
	{ .title = "Host",     .key = "host" },
	{ .title = "Lock",     .key = "lock" },
	{ .title = "Count",    .key = "count" },
	{ .title = "Opened",   .key = "opened_ms", .format = zl_format_time },
	{ .title = "Decision", .key = "decision" },
	{ .title = "Because",  .key = "decision_reason" },
};

static const struct zl_view parts[] = {
	{ .title = "Not used",  .list = "not_used",  ZL_COLUMNS(unused_columns) },
	{ .title = "Incidents", .list = "incidents", ZL_COLUMNS(incident_columns) },
};

static const struct zl_view view = { ZL_COLUMNS(columns), ZL_PARTS(parts) };
/* clang-format on */

static void add_counts(json_t *sums, const json_t *counts)
{
	const char *reason;
	json_t *n;

	json_object_foreach((json_t *)(uintptr_t)counts, reason, n)
	{
		json_int_t sum = json_integer_value(json_object_get(sums, reason));

		(void)json_object_set_new(
			sums, reason, json_integer(sum + json_integer_value(n)));
	}
}

/* Packets and parts of datagrams by reason: [{reason, count}]. */
static json_t *list_unused(const json_t *status, const json_t *exporters)
{
	ZL_AUTO(zl_json) json_t *sums = json_object();
	json_t *list = json_array(), *item, *n;
	const char *reason;
	size_t i;

	add_counts(sums, json_object_get(json_object_get(status, "replay"), "packets"));
	(void)json_object_del(sums, zl_datagram_kinds[ZL_DATAGRAM_UDP].name);
	json_array_foreach(json_object_get(exporters, "exporters"), i, item)
	{
		add_counts(sums, json_object_get(item, "drops"));
	}
	json_object_foreach(sums, reason, n)
	{
		(void)json_array_append_new(
			list, json_pack("{s:s, s:O}", "reason", reason, "count", n));
	}
	return list;
}

static int sum_up(
	struct run *run, const char *database, json_t **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_json) json_t *exporters = NULL;
	ZL_AUTO(zl_json) json_t *incidents = NULL;
	const json_t *replay, *verdicts;
	int r = look(run, reterr);

	if (r >= 0)
		r = zl_replay_daemon_ask(
			&run->daemon, "ListExporters", &exporters, reterr);
	if (r >= 0)
		r = zl_replay_daemon_ask(
			&run->daemon, "ListIncidents", &incidents, reterr);
	if (r < 0)
		return r;
	replay = json_object_get(run->status, "replay");
	verdicts = json_object_get(replay, "verdicts");
	*ret = json_pack("{s:i, s:o, s:b, s:I, s:I, s:O*, s:O*, s:O*, s:o, s:o, s:O*, "
			 "s:O*}",
		"schema", 1, "capture", zl_varlink_text(run->name), "complete",
		run->ended && zl_cli_text(replay, "error")[0] == '\0', "datagrams",
		number_at(run->status, "collector", "datagrams"), "records",
		json_integer_value(json_object_get(run->status, "flows")), "allowed",
		json_object_get(verdicts, "allow"), "denied",
		json_object_get(verdicts, "deny"), "no_lock",
		json_object_get(verdicts, "none"), "database",
		zl_varlink_text(database == NULL ? "" : database), "not_used",
		list_unused(run->status, exporters), "exporters",
		json_object_get(exporters, "exporters"), "incidents",
		json_object_get(incidents, "incidents"));
	return *ret == NULL ? zl_fail(reterr, -ENOMEM, "out of memory") : 0;
}

static int print(struct run *run, const struct zl_args *args, json_t *sum)
{
	if (!args->json)
		return zl_view_print(
			&view, sum, run->cli->now, run->cli->quiet, run->cli->out);
	if (json_dumpf(sum, run->cli->out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		return -ENOMEM;
	(void)fputc('\n', run->cli->out);
	return 0;
}

/* --- all of it --- */

static int check_args(const struct zl_args *args, struct zl_error *reterr)
{
	const char *speed = zl_args_text(args, "speed");
	struct zl_portmap ports;
	int r = 0;

	if (speed != NULL && strcmp(speed, "max") != 0 && strcmp(speed, "capture") != 0)
		return zl_fail(reterr, -EINVAL,
			"speed '%s': must be one of capture, max", speed);
	zl_portmap_init(&ports);
	for (size_t i = 0; i < args->n_repeated && r == 0; i++)
		r = zl_portmap_parse(&ports, args->repeated[i], reterr);
	return r;
}

static int open_input(struct run *run, const char *file, struct zl_error *reterr)
{
	struct stat st;

	if (strcmp(file, "-") == 0) {
		run->name = "standard input";
		run->input = fileno(run->cli->in);
	} else {
		run->name = file;
		run->input = open(file, O_RDONLY | O_CLOEXEC);
	}
	if (run->input < 0 || fstat(run->input, &st) < 0)
		return zl_fail(reterr, -errno, "%s: %m", run->name);
	if (S_ISDIR(st.st_mode))
		return zl_fail(reterr, -EISDIR, "%s: Is a directory", run->name);
	run->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return 0;
}

static int start(struct run *run, const struct zl_args *args, struct zl_error *reterr)
{
	const char *setup = zl_args_text(args, "setup");
	const char *speed = zl_args_text(args, "speed");
	char *words[WORDS_MAX] = { strdup("--name"), strdup(run->name) };
	json_t *late = NULL;
	size_t n = 2;
	int r;

	if (speed != NULL && strcmp(speed, "capture") == 0)
		words[n++] = strdup("--paced");
	for (size_t i = 0; i < args->n_repeated && n + 2 < N_ITEMS(words); i++) {
		words[n++] = strdup("--port");
		words[n++] = strdup(args->repeated[i]);
	}
	r = zl_replay_daemon_start(
		&run->daemon, zl_args_text(args, "state-directory"), words, reterr);
	if (r >= 0 && setup != NULL)
		r = zl_replay_daemon_define(&run->daemon, setup, &late, reterr);
	for (size_t i = 0; i < n; i++)
		free(words[i]);
	if (r >= 0 && late != NULL && !run->cli->quiet)
		(void)fprintf(run->cli->err,
			"warning: host '%s' is not up, and nothing is known of its "
			"domains\n",
			zl_cli_text(late, "name"));
	json_decref(late);
	return r;
}

/* Its end and ours: where it was left, and what is wrong with the capture. */
static int finish(struct run *run, const struct zl_args *args, struct zl_error *reterr)
{
	ZL_AUTO(zl_json) json_t *sum = NULL;
	int r = sum_up(run,
		zl_args_given(args, "state-directory") ? run->daemon.state : NULL, &sum,
		reterr);
	const json_t *replay = json_object_get(run->status, "replay");
	const char *why = zl_cli_text(replay, "error");

	end_progress(run);
	if (r >= 0 && (why[0] == '\0' ||
			      number_at(run->status, "collector", "datagrams") > 0))
		r = print(run, args, sum);
	if (r < 0)
		return r;
	if (interrupted && !run->ended)
		return zl_fail(reterr, -EINTR,
			"interrupted: what came before has been replayed");
	if (why[0] != '\0')
		return zl_fail_id(reterr, -EBADMSG, "replay.capture",
			zl_cli_text(replay, "hint"), "%s", why);
	return 0;
}

static int replay(struct run *run, const struct zl_args *args, struct zl_error *reterr)
{
	int r = open_input(run, zl_args_text(args, "file"), reterr);

	if (r >= 0)
		r = start(run, args, reterr);
	if (r < 0)
		return r;
	run->shows = isatty(fileno(run->cli->err)) && !run->cli->quiet;
	run->began = zl_mono_now();
	r = pump(run, reterr);
	if (r < 0) {
		end_progress(run);
		return r;
	}
	return finish(run, args, reterr);
}

int zl_replay_run(struct zl_cli *cli, const struct zl_args *args)
{
	const struct sigaction stop = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction pipe_before;
	ZL_AUTO(zl_mem) struct run *run = calloc(1, sizeof(*run));
	struct zl_error err = { 0 };
	int r;

	if (run == NULL) {
		zl_cli_complain(cli, "", "out of memory");
		return ZL_EXIT_FAILURE;
	}
	if (check_args(args, &err) < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_USAGE;
	}
	run->cli = cli;
	run->input = -1;
	run->daemon.capture = -1;
	run->daemon.stop = &interrupted;
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGPIPE, &ignore, &pipe_before);
	r = replay(run, args, &err);
	zl_replay_daemon_stop(&run->daemon);
	(void)sigaction(SIGPIPE, &pipe_before, NULL);
	if (run->input >= 0 && run->input != fileno(cli->in))
		(void)close(run->input);
	json_decref(run->status);
	if (r < 0) {
		zl_cli_complain(cli, err.hint, "%s", err.msg);
		return ZL_EXIT_FAILURE;
	}
	return ZL_EXIT_OK;
}
