/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock-exporter: tap evidence from a host with Linux bridges, by pmacctd. */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "exporter/server.h"

enum { EXIT_USAGE = 2, RUN_MODE = 0700 };

/* The directory belongs to the user we become. */
static int prepare(const struct zl_exporter_config *c, struct zl_error *reterr)
{
	const struct passwd *pw;

	if (mkdir(c->run_directory, RUN_MODE) < 0 && errno != EEXIST)
		return zl_fail(reterr, -errno, "cannot make the directory %s: %m",
			c->run_directory);
	if (geteuid() != 0 || c->user[0] == '\0')
		return 0;
	pw = getpwnam(c->user); /* zl_sandbox_become() says when there is none */
	if (pw != NULL && lchown(c->run_directory, pw->pw_uid, pw->pw_gid) < 0)
		return zl_fail(reterr, -errno, "cannot give %s to user %s: %m",
			c->run_directory, c->user);
	return zl_sandbox_become(c->user, 1ULL << CAP_NET_RAW, reterr);
}

static int serve(const struct zl_exporter_config *c, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_exporter *x = calloc(1, sizeof(*x));
	int r;

	if (x == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = prepare(c, reterr);
	if (r >= 0)
		r = zl_exporter_open(x, c, reterr);
	if (r < 0)
		return r;
	r = zl_exporter_run(x, reterr);
	zl_exporter_close(x);
	return r;
}

static void print_help(FILE *to)
{
	(void)fprintf(to,
		"usage: zonelock-exporter [--config FILE]\n"
		"\n"
		"options in section [exporter] of %s:\n",
		ZL_EXPORTER_CONFIG_PATH);
	zl_config_help(zl_exporter_options, zl_exporter_options_len, to);
}

static int fail(const struct zl_error *err)
{
	zl_error_print(err, stderr);
	return err->code == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct zl_exporter_config config = { 0 };
	struct zl_error err = { 0 };
	const char *path = NULL;
	int c, r;

	(void)umask(022);
	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
		switch (c) {
		case 'c': path = optarg; break;
		case 'h': print_help(stdout); return EXIT_SUCCESS;
		case 'V':
			(void)printf("zonelock-exporter %s\n", ZL_VERSION);
			return EXIT_SUCCESS;
		default: print_help(stderr); return EXIT_USAGE;
		}
	if (optind != argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	r = zl_exporter_config_read(path, &config, &err);
	if (r < 0)
		return fail(&err);
	r = zl_log_open("zonelock-exporter", config.log_level, &err);
	if (r >= 0)
		r = serve(&config, &err);
	zl_exporter_config_done(&config);
	return r < 0 ? fail(&err) : EXIT_SUCCESS;
}
