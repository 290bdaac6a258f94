/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, watching and stopping the receivers. */
#include "tests/bench/contest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "tests/bench/contest_zonelock.h"

enum { SINK_BATCH = 64, DATAGRAM_MAX = 65536, TREE_MAX = 64, STOP_TRIES = 100 };
enum { STOP_US = 50000, START_US = 500000 };

/* --- the sink --- */

static void sink(int fd)
{
	static uint8_t bytes[SINK_BATCH][DATAGRAM_MAX];
	static struct mmsghdr msgs[SINK_BATCH];
	static struct iovec iov[SINK_BATCH];
	static volatile uint64_t n_datagrams, n_bytes;

	for (unsigned i = 0; i < SINK_BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		int n = recvmmsg(fd, msgs, SINK_BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++)
			n_bytes = n_bytes + msgs[i].msg_len;
		n_datagrams = n_datagrams + (uint64_t)(n > 0 ? n : 0);
	}
}

static int start_sink(struct zl_contest *c, struct zl_error *reterr)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(c->port) };
	int size = ZL_CONTEST_BUFFER;
	ZL_AUTO(zl_fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return zl_fail(reterr, -errno, "sink: %m");
	c->pid = fork();
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		sink(fd);
	}
	return c->pid < 0 ? zl_fail(reterr, -errno, "fork: %m") : 0;
}

/* --- the others' programs --- */

static int run(struct zl_contest *c, const char *const argv[], struct zl_error *reterr)
{
	char log[ZL_CONTEST_PATH + 8];
	int fd;

	(void)snprintf(log, sizeof(log), "%s/log", c->folder);
	c->pid = fork();
	if (c->pid < 0)
		return zl_fail(reterr, -errno, "fork: %m");
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd >= 0) {
			(void)dup2(fd, STDOUT_FILENO);
			(void)dup2(fd, STDERR_FILENO);
		}
		(void)execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)usleep(START_US);
	if (waitpid(c->pid, NULL, WNOHANG) == c->pid) {
		c->pid = 0;
		return zl_fail(
			reterr, -ECHILD, "%s ended at once: see %s", argv[0], log);
	}
	return 0;
}

static int start_nfcapd(struct zl_contest *c, struct zl_error *reterr)
{
	char port[16], size[16];
	const char *argv[] = { c->who->program, "-p", port, "-b", "127.0.0.1", "-l",
		c->folder, "-B", size, "-t", "3600", NULL };

	(void)snprintf(port, sizeof(port), "%u", c->port);
	(void)snprintf(size, sizeof(size), "%d", ZL_CONTEST_BUFFER);
	return run(c, argv, reterr);
}

static int start_nfacctd(struct zl_contest *c, struct zl_error *reterr)
{
	char path[ZL_CONTEST_PATH + 16];
	const char *argv[] = { c->who->program, "-f", path, NULL };
	ZL_AUTO(zl_file) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "%s/nfacctd.conf", c->folder);
	f = fopen(path, "we");
	if (f == NULL)
		return zl_fail(reterr, -errno, "%s: %m", path);
	(void)fprintf(f,
		"daemonize: false\nnfacctd_ip: 127.0.0.1\nnfacctd_port: %u\n"
		"nfacctd_pipe_size: %d\nplugins: print\n"
		"aggregate: src_host,dst_host,src_port,dst_port,proto\n"
		"print_output_file: %s/flows\nprint_refresh_time: 3600\n"
		"plugin_pipe_size: 67108864\nplugin_buffer_size: 65536\n"
		"print_cache_entries: 1000003\n",
		c->port, ZL_CONTEST_BUFFER, c->folder);
	(void)fclose(zl_take_ptr(f));
	return run(c, argv, reterr);
}

/* --- the table --- */

const struct zl_contestant zl_contestants[] = {
	{ .name = "sink", .start = start_sink },
	{ .name = "zonelock",
		.start = zl_contest_zonelock_start,
		.inside = zl_contest_zonelock_inside,
		.stop = zl_contest_zonelock_stop },
	{ .name = "nfcapd", .program = "/usr/bin/nfcapd", .start = start_nfcapd },
	{ .name = "nfacctd", .program = "/usr/sbin/nfacctd", .start = start_nfacctd },
};
const unsigned zl_contestants_len = N_ITEMS(zl_contestants);

bool zl_contest_is_there(const struct zl_contestant *who)
{
	return who->program == NULL || access(who->program, X_OK) == 0;
}

/* A process and all below it. */
static unsigned list_tree(pid_t root, pid_t *ret)
{
	unsigned n = 1;

	ret[0] = root;
	for (unsigned i = 0; i < n; i++) {
		ZL_AUTO(zl_file) FILE *f = NULL;
		char path[64];
		long pid;

		(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", ret[i],
			ret[i]);
		f = fopen(path, "re");
		/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
		while (f != NULL && n < TREE_MAX && fscanf(f, "%ld", &pid) == 1)
			ret[n++] = (pid_t)pid;
	}
	return n;
}

int zl_contest_start(struct zl_contest *c, const char *folder, struct zl_error *reterr)
{
	(void)snprintf(c->folder, sizeof(c->folder), "%s/%s-%u", folder, c->who->name,
		c->port);
	if (mkdir(c->folder, 0755) < 0)
		return zl_fail(reterr, -errno, "%s: %m", c->folder);
	return c->who->start(c, reterr);
}

void zl_contest_stop(struct zl_contest *c)
{
	pid_t tree[TREE_MAX];
	unsigned n = c->pid <= 0 ? 0 : list_tree(c->pid, tree);
	bool gone = c->pid <= 0;

	if (c->who->stop != NULL)
		c->who->stop(c);
	for (unsigned i = 0; !gone && i < STOP_TRIES; i++) {
		if (i == 0)
			(void)kill(c->pid, SIGTERM);
		gone = waitpid(c->pid, NULL, WNOHANG) == c->pid;
		if (!gone)
			(void)usleep(STOP_US);
	}
	if (!gone) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
		/* What it started, and cannot end any more: its plugins. */
		for (unsigned i = 1; i < n; i++)
			(void)kill(tree[i], SIGKILL);
	}
	c->pid = 0;
}

/* --- watching --- */

/* By the kernel's own accounting, exact to the nanosecond, all threads of it. */
static uint64_t cpu_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Datagrams dropped at the socket, and bytes that wait in it. */
static void look_at_socket(uint16_t port, struct zl_contest_state *ret)
{
	ZL_AUTO(zl_file) FILE *f = fopen("/proc/net/udp", "re");
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned at, queued;
		unsigned long drops;

		/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
		if (sscanf(line,
			    " %*u: %*x:%x %*x:%*x %*x %*x:%x %*x:%*x %*x %*u %*u %*u "
			    "%*u %*x %lu",
			    &at, &queued, &drops) != 3 ||
			at != port)
			continue;
		ret->lost += drops;
		ret->queued += queued;
	}
}

void zl_contest_look(struct zl_contest *c, struct zl_contest_state *ret)
{
	pid_t tree[TREE_MAX];
	unsigned n = list_tree(c->pid, tree);
	uint64_t lost = 0, waiting = 0;

	memset(ret, 0, sizeof(*ret));
	look_at_socket(c->port, ret);
	if (c->who->inside != NULL)
		c->who->inside(c, &lost, &waiting);
	ret->lost += lost;
	ret->waiting = waiting;
	for (unsigned i = 0; i < n; i++)
		ret->cpu_ns += cpu_of(tree[i]);
}

uint64_t zl_contest_memory(const struct zl_contest *c, const char *name)
{
	pid_t tree[TREE_MAX];
	unsigned n = list_tree(c->pid, tree);

	for (unsigned i = 0; i < n; i++) {
		ZL_AUTO(zl_file) FILE *f = NULL;
		char path[64], line[128];
		bool is_it = false;
		uint64_t kib;

		(void)snprintf(path, sizeof(path), "/proc/%d/status", tree[i]);
		f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
			if (strncmp(line, "Name:\t", 6) == 0)
				is_it = strncmp(line + 6, name, strlen(name)) == 0;
			/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
			if (is_it && sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
				return kib;
		}
	}
	return 0;
}
