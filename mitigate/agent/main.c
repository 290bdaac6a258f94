/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock-agent: the program on the hypervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "mitigate/agent/breakglass.h"
#include "mitigate/agent/leasefile.h"
#include "mitigate/agent/server.h"

enum {
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_DEGRADED = 7,
	SOCKET_MODE = 0660,
	STATE_MODE = 0700,
	RUN_MODE = 0755
};

/* Make a missing directory (not its parents). */
static int make_directory(const char *path, mode_t mode, struct zl_error *reterr)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return zl_fail(
			reterr, -errno, "cannot make the directory %s: %m", path);
	return 0;
}

/*
 * Give one file to the user we become.  That user owns the directory and may have put
 * anything there: neither a link nor a second name of somebody else's file is given.
 */
static int give(const char *path, const struct passwd *pw, struct zl_error *reterr)
{
	ZL_AUTO(zl_fd)
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return zl_fail(reterr, -errno, "cannot open %s: %m", path);
	if (!S_ISDIR(st.st_mode) && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
		return zl_fail(
			reterr, -EPERM, "%s is not a file of ours: remove it", path);
	if (fchown(fd, pw->pw_uid, pw->pw_gid) < 0)
		return zl_fail(reterr, -errno, "cannot give %s to user %s: %m", path,
			pw->pw_name);
	return 0;
}

/* The state directory and what is in it belong to the user we become. */
static int prepare_state(const struct zl_agent_config *config, struct zl_error *reterr)
{
	static const char *const names[] = { "", "/" ZL_LEASEFILE_NAME, "/lock" };
	const struct passwd *pw = NULL;
	char path[PATH_MAX];
	int r = make_directory(config->state_directory, STATE_MODE, reterr);

	if (r < 0 || geteuid() != 0 || config->user[0] == '\0')
		return r;
	pw = getpwnam(config->user);
	for (size_t i = 0; r >= 0 && pw != NULL && i < N_ITEMS(names); i++) {
		(void)snprintf(
			path, sizeof(path), "%s%s", config->state_directory, names[i]);
		r = give(path, pw, reterr);
	}
	return r;
}

static gid_t find_group(const struct zl_agent_config *config)
{
	const struct group *gr =
		config->socket_group[0] == '\0' ? NULL : getgrnam(config->socket_group);

	if (gr != NULL)
		return gr->gr_gid;
	if (config->socket_group[0] != '\0')
		zl_log(LOG_WARNING,
			"socket-group = %s: no such group; only root may connect",
			config->socket_group);
	return (gid_t)-1;
}

static void warn_of_peers(const struct zl_limits *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_peers; i++)
		n += zl_mac_is_zero(&l->peers[i].mac);
	if (n > 0)
		zl_log(LOG_NOTICE,
			"%zu of %zu forensic addresses have no MAC (ADDRESS@MAC): what "
			"a "
			"quarantined domain sends there can be sent to others on its "
			"link",
			n, l->n_peers);
}

static int serve(const struct zl_agent_config *config, const char *config_path,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_server *s = calloc(1, sizeof(*s));
	ZL_AUTO(zl_mem) char *copy = strdup(config->socket);
	gid_t group = find_group(config);
	pid_t other = 0;
	int fd = -1, r;

	if (s == NULL || copy == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = prepare_state(config, reterr);
	if (r >= 0)
		r = make_directory(dirname(copy), RUN_MODE, reterr);
	if (r >= 0)
		r = zl_channel_listen(config->socket, SOCKET_MODE,
			group == (gid_t)-1 ? -1 : (int)group, &fd, reterr);
	if (r >= 0 && config->user[0] != '\0')
		r = zl_sandbox_become(config->user, 1ULL << CAP_NET_ADMIN, reterr);
	if (r < 0) {
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	r = zl_server_open(s, config, config_path, group, fd, &other, reterr);
	if (r == -EBUSY)
		return zl_fail(reterr, r, "another zonelock-agent runs (process %d)",
			(int)other);
	if (r < 0)
		return r;
	zl_log(LOG_NOTICE, "zonelock-agent %s: %zu leases, listening at %s", ZL_VERSION,
		s->agent.book->n_leases, config->socket);
	warn_of_peers(&s->agent.limits);
	(void)sd_notify(0, "READY=1");
	r = zl_server_run(s, reterr);
	(void)sd_notify(0, "STOPPING=1");
	zl_server_close(s);
	return r;
}

static void print_help(FILE *to)
{
	(void)fprintf(to,
		"usage: zonelock-agent [--config FILE] [COMMAND]\n"
		"\n"
		"  (none)                             run\n"
		"  list [--json]                      list the leases of this host\n"
		"  release LEASE | DOMAIN-UUID | --all\n"
		"        end leases, whether an agent runs or not\n"
		"\n"
		"options in section [agent] of %s:\n",
		ZL_AGENT_CONFIG_PATH);
	zl_config_help(zl_agent_options, zl_agent_options_len, to);
}

static int fail(const struct zl_error *err)
{
	zl_error_print(err, stderr);
	return strcmp(err->id, ZL_BREAKGLASS_DEGRADED) == 0 ? EXIT_DEGRADED
	       : strcmp(err->id, "agent.usage") == 0	    ? EXIT_USAGE
	       : err->code == -ENOENT			    ? EXIT_NOT_FOUND
							    : EXIT_FAILURE;
}

/* The command after the options; 0, or a negative errno. */
static int run(int argc, char **argv, const char *path, struct zl_error *reterr)
{
	struct zl_agent_config config = { 0 };
	const char *config_path = NULL;
	const char *command = argc > 0 ? argv[0] : "";
	int r = zl_agent_config_read(path, &config, &config_path, reterr);

	if (r >= 0)
		r = zl_log_open("zonelock-agent", config.log_level, reterr);
	if (r < 0)
		command = NULL;
	else if (argc == 0)
		r = serve(&config, config_path, reterr);
	else if (strcmp(command, "list") == 0 &&
		 (argc == 1 || (argc == 2 && strcmp(argv[1], "--json") == 0)))
		r = zl_breakglass_list(&config, config_path, argc == 2, reterr);
	else if (strcmp(command, "release") == 0 && argc == 2)
		r = zl_breakglass_release(&config, config_path, argv[1], reterr);
	else
		r = zl_fail_id(reterr, -EINVAL, "agent.usage", "",
			"no such command; see 'zonelock-agent --help'");
	zl_agent_config_done(&config);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct zl_error err = { 0 };
	const char *path = NULL;
	int c;

	(void)umask(022); /* what is private is made so by its own mode */
	while ((c = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1)
		switch (c) {
		case 'c': path = optarg; break;
		case 'h': print_help(stdout); return EXIT_SUCCESS;
		case 'V':
			(void)printf("zonelock-agent %s\n", ZL_VERSION);
			return EXIT_SUCCESS;
		default: print_help(stderr); return EXIT_USAGE;
		}
	if (run(argc - optind, argv + optind, path, &err) < 0)
		return fail(&err);
	return EXIT_SUCCESS;
}
