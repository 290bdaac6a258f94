/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, furnishing and ending a replay's own controller. */
#include "controller/cli/replay_daemon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "controller/cli/params.h"
#include "controller/control/varlink.h"

enum { TRIES = 300, TRY_US = 50000, STOP_TRIES = 300, NAMES_MAX = 4096 };
enum { CAPTURE_FD = 3, OPENED_AT_ONCE = 16 };
#define LINKS ".links.json"

/* --- start --- */

/* Beside our own program (a build tree), or as `make install` puts it. */
static int find_daemon(char *ret, size_t size)
{
	static const char *const places[] = { "zonelockd", "../sbin/zonelockd" };
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n < 0 ? 0 : n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return -ENOENT;
	*slash = '\0';
	for (size_t i = 0; i < N_ITEMS(places); i++) {
		(void)snprintf(ret, size, "%s/%s", self, places[i]);
		if (access(ret, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* Root's roles need users; where zonelock is not installed there is always nobody. */
static const char *user_of(const char *name)
{
	return getpwnam(name) != NULL ? name : "nobody";
}

static int write_config(const struct zl_replay_daemon *d, struct zl_error *reterr)
{
	char path[64];
	ZL_AUTO(zl_file) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "%s/zonelockd.conf", d->folder);
	f = fopen(path, "we");
	if (f == NULL)
		return zl_fail(reterr, -errno, "cannot write %s: %m", path);
	if (fprintf(f,
		    "[zonelockd]\nstate-directory = %s\ncontrol-socket = "
		    "%s/control.sock\nuser-engine = %s\nuser-collector = %s\n"
		    "user-inventory = %s\nlog-level = err\n",
		    d->state, d->folder, user_of("zonelock"),
		    user_of("_zonelock-collector"),
		    user_of("_zonelock-inventory")) < 0 ||
		fflush(f) != 0)
		return zl_fail(reterr, -errno, "cannot write %s: %m", path);
	return 0;
}

static int make_folder(const char *path, mode_t mode, struct zl_error *reterr)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return zl_fail(reterr, -errno, "cannot make the folder %s: %m", path);
	/* Its other users' processes pass through: not as the umask has it. */
	if (chmod(path, mode) < 0)
		return zl_fail(reterr, -errno,
			"cannot set the mode of the folder %s: %m", path);
	return 0;
}

/* The folders, and nobody else's database in them. */
static int make_folders(
	struct zl_replay_daemon *d, const char *state, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *links = NULL;
	ZL_AUTO(zl_mem) char *database = NULL;
	int r;

	(void)snprintf(d->folder, sizeof(d->folder), "/tmp/zonelock-replay-XXXXXX");
	if (mkdtemp(d->folder) == NULL) {
		d->folder[0] = '\0';
		return zl_fail(reterr, -errno, "cannot make a folder in /tmp: %m");
	}
	r = make_folder(d->folder, 0711, reterr);
	if (r < 0)
		return r;
	if (state == NULL) {
		if (asprintf(&d->state, "%s/state", d->folder) < 0)
			d->state = NULL;
	} else if (mkdir(state, 0711) < 0 && errno != EEXIST) {
		return zl_fail(reterr, -errno, "cannot make the folder %s: %m", state);
	} else {
		d->state = realpath(state, NULL);
	}
	if (d->state == NULL || asprintf(&links, "%s/links", d->state) < 0 ||
		asprintf(&database, "%s/zonelock.db", d->state) < 0)
		return zl_fail(reterr, -errno, "the folder for the database: %m");
	if (access(database, F_OK) == 0)
		return zl_fail_id(reterr, -EEXIST, "replay.database",
			"name a folder that is empty or does not exist",
			"%s exists: a replay goes into a database of its own",
			database);
	r = make_folder(d->state, 0711, reterr);
	return r < 0 ? r : make_folder(links, 0711, reterr);
}

/* In the child.  Never returns. */
static void run_daemon(const char *program, const struct zl_replay_daemon *d, int fd,
	char *const *words)
{
	char config[64], env[] = "ZL_FDS=capture=3";
	char *argv[64] = { strdup("zonelockd"), strdup("--config"), config,
		strdup("--replay"), strdup("--") };
	size_t n = 5;

	(void)snprintf(config, sizeof(config), "%s/zonelockd.conf", d->folder);
	while (*words != NULL && n + 1 < N_ITEMS(argv))
		argv[n++] = *words++;
	/* A Ctrl-C is for us: it ends when we say so, or end. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (fd == CAPTURE_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, CAPTURE_FD) < 0)
		_exit(71);
	(void)close_range(CAPTURE_FD + 1, ~0U, 0);
	(void)unsetenv("NOTIFY_SOCKET");
	if (putenv(env) == 0)
		(void)execv(program, argv);
	_exit(71);
}

/* True once it is no more. */
static bool has_ended(struct zl_replay_daemon *d)
{
	if (d->pid > 0 && waitpid(d->pid, NULL, WNOHANG) == d->pid)
		d->pid = 0;
	return d->pid <= 0;
}

static int await_answer(struct zl_replay_daemon *d, struct zl_error *reterr)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/control.sock", d->folder);
	for (int i = 0; i < TRIES && !has_ended(d) && !*d->stop; i++) {
		if (access(path, F_OK) == 0 &&
			zl_client_open(path, &d->client, reterr) >= 0)
			return 0;
		(void)usleep(TRY_US);
	}
	if (*d->stop)
		return zl_fail(reterr, -EINTR, "interrupted");
	return zl_fail(reterr, -ETIMEDOUT,
		d->pid <= 0 ? "the replay's own zonelockd has ended"
			    : "the replay's own zonelockd does not answer");
}

int zl_replay_daemon_start(struct zl_replay_daemon *d, const char *state,
	char *const *words, struct zl_error *reterr)
{
	char program[640];
	int fd[2], r;

	if (find_daemon(program, sizeof(program)) < 0)
		return zl_fail_id(reterr, -ENOENT, "replay.program",
			"is the installation complete?", "cannot find zonelockd");
	r = make_folders(d, state, reterr);
	if (r >= 0)
		r = write_config(d, reterr);
	if (r < 0)
		return r;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return zl_fail(reterr, -errno, "pipe: %m");
	d->capture = fd[1];
	(void)fcntl(d->capture, F_SETFL, O_NONBLOCK);
	d->pid = fork();
	if (d->pid == 0)
		run_daemon(program, d, fd[0], words);
	(void)close(fd[0]);
	if (d->pid < 0)
		return zl_fail(reterr, -errno, "cannot start zonelockd: %m");
	return await_answer(d, reterr);
}

int zl_replay_daemon_ask(struct zl_replay_daemon *d, const char *method, json_t **ret,
	struct zl_error *reterr)
{
	int r;

	if (has_ended(d))
		return zl_fail(
			reterr, -ECONNRESET, "the replay's own zonelockd has ended");
	r = zl_client_call(d->client, method, NULL, ret, reterr);
	if (r < 0) {
		zl_error_prefix(reterr, "the replay's own controller");
		zl_error_hint(reterr, "%s", "");
	}
	return r;
}

/* --- define --- */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

static int is_wanted(const struct dirent *e)
{
	return e->d_name[0] != '.' &&
	       (ends_with(e->d_name, ".xml") || ends_with(e->d_name, LINKS));
}

static int read_file(
	const char *path, char **ret, size_t *ret_n, struct zl_error *reterr)
{
	ZL_AUTO(zl_file) FILE *f = fopen(path, "re");
	ZL_AUTO(zl_mem) char *text = malloc(ZL_PARAMS_FILE_MAX + 1);

	if (f == NULL)
		return zl_fail(reterr, -errno, "cannot open '%s': %m", path);
	if (text == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	*ret_n = fread(text, 1, ZL_PARAMS_FILE_MAX, f);
	if (ferror(f))
		return zl_fail(reterr, -errno, "cannot read '%s': %m", path);
	if (!feof(f))
		return zl_fail(reterr, -EFBIG, "'%s' is longer than %d bytes", path,
			ZL_PARAMS_FILE_MAX);
	text[*ret_n] = '\0';
	*ret = zl_take_ptr(text);
	return 0;
}

/*
 * The first element's name says what it is, "" for what is not ours to define; what else
 * is wrong the engine says.
 */
static const char *method_of(const char *xml)
{
	static const struct {
		const char *element, *method;
	} kinds[] = {
		{ "zone", "DefineZone" }, { "lock", "DefineLock" },
		{ "host", "DefineHost" },
		{ "node", "" }, /* for libvirt's test driver, which a host names */
	};

	for (; (xml = strchr(xml, '<')) != NULL; xml++)
		if (isalpha((unsigned char)xml[1])) {
			for (size_t i = 0; i < N_ITEMS(kinds); i++)
				if (strncmp(xml + 1, kinds[i].element, 4) == 0)
					return kinds[i].method;
			return NULL;
		}
	return NULL;
}

static int define(struct zl_replay_daemon *d, const char *path, const char *xml,
	size_t n, const char *only, struct zl_error *reterr)
{
	ZL_AUTO(zl_json) json_t *params = NULL;
	ZL_AUTO(zl_json) json_t *reply = NULL;
	const char *method = method_of(xml);
	json_t *text;

	if (method == NULL)
		return zl_fail(reterr, -EBADMSG,
			"'%s' is neither a host nor a zone nor a lock", path);
	if (strcmp(method, only) != 0)
		return 0;
	text = memchr(xml, '\0', n) == NULL ? json_stringn(xml, n) : NULL;
	if (text == NULL)
		return zl_fail(reterr, -EILSEQ, "'%s' is not UTF-8 text", path);
	params = json_pack("{s:o, s:o}", "xml", text, "file", zl_varlink_text(path));
	return zl_client_call(d->client, method, params, &reply, reterr);
}

static int copy_links(struct zl_replay_daemon *d, const char *name, const char *text,
	size_t n, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *path = NULL;
	ZL_AUTO(zl_file) FILE *f = NULL;

	if (asprintf(&path, "%s/links/%.*s", d->state,
		    (int)(strlen(name) - strlen(LINKS)), name) < 0) {
		path = NULL;
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	f = fopen(path, "we");
	if (f == NULL || fwrite(text, 1, n, f) != n || fflush(f) != 0 ||
		fchmod(fileno(f), 0644) < 0)
		return zl_fail(reterr, -errno, "cannot write '%s': %m", path);
	return 0;
}

static int take_file(struct zl_replay_daemon *d, const char *setup, const char *name,
	const char *only, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *path = NULL;
	ZL_AUTO(zl_mem) char *text = NULL;
	bool is_links = ends_with(name, LINKS);
	size_t n = 0;
	int r;

	if (is_links != (only == NULL))
		return 0;
	if (asprintf(&path, "%s/%s", setup, name) < 0) {
		path = NULL;
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	r = read_file(path, &text, &n, reterr);
	if (r < 0)
		return r;
	return is_links ? copy_links(d, name, text, n, reterr)
			: define(d, path, text, n, only, reterr);
}

/* Hosts come up when all else is there. */
static int await_hosts(
	struct zl_replay_daemon *d, json_t **ret_late, struct zl_error *reterr)
{
	json_t *reply = NULL, *item;
	size_t i;
	int r = 0;

	for (int try = 0;; try++) {
		const json_t *late = NULL;

		r = zl_replay_daemon_ask(d, "ListHosts", &reply, reterr);
		if (r < 0)
			return r;
		json_array_foreach(json_object_get(reply, "hosts"), i, item)
		{
			const char *state =
				json_string_value(json_object_get(item, "state"));

			if (late == NULL && state != NULL && strcmp(state, "up") != 0)
				late = item;
		}
		*ret_late = late == NULL ? NULL : json_deep_copy(late);
		json_decref(reply);
		if (late == NULL || try == TRIES || *d->stop)
			return 0;
		json_decref(*ret_late);
		(void)usleep(TRY_US);
	}
}

int zl_replay_daemon_define(struct zl_replay_daemon *d, const char *setup,
	json_t **ret_late, struct zl_error *reterr)
{
	/* NULL: links, which are read when their host is defined. */
	static const char *const order[] = { NULL, "DefineZone", "DefineLock",
		"DefineHost" };
	struct dirent **names = NULL;
	int n = scandir(setup, &names, is_wanted, alphasort), r = 0;

	if (n < 0)
		return zl_fail(reterr, -errno, "the folder '%s': %m", setup);
	if (n > NAMES_MAX)
		r = zl_fail(reterr, -E2BIG, "the folder '%s' has more than %d files",
			setup, NAMES_MAX);
	for (size_t k = 0; k < N_ITEMS(order); k++)
		for (int i = 0; i < n && r >= 0; i++)
			r = take_file(d, setup, names[i]->d_name, order[k], reterr);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return r < 0 ? r : await_hosts(d, ret_late, reterr);
}

/* --- stop --- */

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	(void)remove(path);
	return 0;
}

void zl_replay_daemon_stop(struct zl_replay_daemon *d)
{
	if (d->capture >= 0)
		(void)close(zl_take_fd(&d->capture));
	zl_client_close(d->client);
	d->client = NULL;
	if (d->pid > 0)
		(void)kill(d->pid, SIGTERM);
	for (int i = 0; i < STOP_TRIES && !has_ended(d); i++)
		(void)usleep(TRY_US);
	if (d->pid > 0) {
		(void)kill(d->pid, SIGKILL);
		(void)waitpid(d->pid, NULL, 0);
		d->pid = 0;
	}
	if (d->folder[0] != '\0')
		(void)nftw(d->folder, remove_one, OPENED_AT_ONCE, FTW_DEPTH | FTW_PHYS);
	free(d->state);
	d->state = NULL;
}
