/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmacctd's configuration and process. */
#include "exporter/pmacctd.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Flows that it keeps at most; over that it reports the oldest early. */
enum { FLOWS_MAX = 65536, EXIT_NO_EXEC = 127 };

/*
 * Everything that identifies a flow for zonelock; in_iface is the tap.  It may be
 * neither root nor promiscuous: a tap gives all that its guest sends anyway.
 */
static const char fixed[] =
	"! Written by zonelock-exporter; changes are lost.\n"
	"daemonize: false\n"
	"debug: false\n"
	"promisc: false\n"
	"pmacctd_nonroot: true\n"
	"core_proc_name: zonelock\n"
	"pcap_ifindex: map\n"
	"aggregate: src_mac, dst_mac, vlan, src_host, dst_host, src_port, dst_port, "
	"proto, tos, tcpflags, in_iface\n"
	"plugins: nfprobe\n";

int zl_pmacctd_format(const struct zl_exporter_config *c, char *buf, size_t size)
{
	const long idle = c->idle_timeout;
	int n = snprintf(buf, size,
		"%spcap_interfaces_map: %s/" ZL_PMACCTD_MAP "\n"
		"nfprobe_receiver: %s\n"
		"%s%s%s"
		"nfprobe_version: %ld\n"
		"nfprobe_maxflows: %d\n"
		"nfprobe_timeouts: tcp=%ld:tcp.rst=%ld:tcp.fin=%ld:udp=%ld:icmp=%ld:"
		"general=%ld:maxlife=%ld:expint=1\n"
		"nfprobe_dont_cache: %s\n",
		fixed, c->run_directory, c->collector,
		c->source_address[0] == '\0' ? "" : "nfprobe_source_ip: ",
		c->source_address, c->source_address[0] == '\0' ? "" : "\n", c->version,
		FLOWS_MAX, idle, idle, idle, idle, idle, idle, c->active_timeout,
		c->cache ? "false" : "true");

	return n < 0 || (size_t)n >= size ? -E2BIG : 0;
}

/* Where the library is; false: nowhere. */
static bool find_preload(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	buf[n < 0 ? 0 : n] = '\0';
	slash = strrchr(buf, '/');
	if (slash != NULL &&
		(size_t)(slash + 1 - buf) + sizeof(ZL_PMACCTD_PRELOAD) <= size) {
		memcpy(slash + 1, ZL_PMACCTD_PRELOAD, sizeof(ZL_PMACCTD_PRELOAD));
		if (access(buf, R_OK) == 0)
			return true;
	}
	(void)snprintf(buf, size, "%s", ZL_LIBEXECDIR "/" ZL_PMACCTD_PRELOAD);
	return access(buf, R_OK) == 0;
}

/* In the child: become pmacctd. */
__attribute__((noreturn)) static void run(
	const struct zl_exporter_config *c, const char *file, const char *preload)
{
	sigset_t none;

	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (preload[0] != '\0')
		(void)setenv("LD_PRELOAD", preload, 1);
	(void)execl(c->pmacctd, c->pmacctd, "-f", file, (char *)NULL);
	_exit(EXIT_NO_EXEC);
}

int zl_pmacctd_start(
	const struct zl_exporter_config *c, pid_t *ret_pid, struct zl_error *reterr)
{
	char file[PATH_MAX], preload[PATH_MAX] = "";
	pid_t parent = getpid(), pid;
	int n = snprintf(file, sizeof(file), "%s/" ZL_PMACCTD_CONFIG, c->run_directory);

	if (n < 0 || (size_t)n >= sizeof(file))
		return zl_fail(reterr, -ENAMETOOLONG, "run-directory: too long");
	if (access(c->pmacctd, X_OK) < 0)
		return zl_fail_id(reterr, -errno, "exporter.pmacctd",
			"install the package pmacct", "cannot run %s: %m", c->pmacctd);
	if (c->immediate && !find_preload(preload, sizeof(preload)))
		return zl_fail_id(reterr, -ENOENT, "exporter.preload",
			"install it, or write 'immediate = no'", "there is no %s",
			preload);
	pid = fork();
	if (pid < 0)
		return zl_fail(reterr, -errno, "cannot start %s: %m", c->pmacctd);
	if (pid > 0) {
		*ret_pid = pid;
		return 0;
	}
	/* Without us nobody would tell it of new taps. */
	(void)prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(EXIT_NO_EXEC);
	run(c, file, preload);
}

bool zl_pmacctd_is_ready(pid_t pid)
{
	char path[64], line[256];
	uint64_t caught = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	ZL_AUTO(zl_file) FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "SigCgt: %" SCNx64, &caught) == 1)
			break;
	return (caught >> (SIGUSR2 - 1) & 1) != 0;
}

/* The interface of a line of /proc/net/packet; 0: none. */
static uint32_t line_interface(const char *line)
{
	int ifindex = 0;

	if (sscanf(line, "%*s %*s %*s %*s %d", &ifindex) != 1 || ifindex < 0)
		return 0;
	return (uint32_t)ifindex;
}

bool zl_pmacctd_hears(const struct zl_tapmap *map)
{
	ZL_AUTO(zl_file) FILE *f = fopen("/proc/net/packet", "re");
	bool heard[ZL_TAPMAP_MAX] = { false };
	char line[256];

	if (f == NULL)
		return true; /* cannot be known here */
	while (fgets(line, sizeof(line), f) != NULL)
		for (size_t i = 0; i < map->n; i++)
			heard[i] |= map->at[i].ifindex == line_interface(line);
	for (size_t i = 0; i < map->n; i++)
		if (!map->at[i].gone && !heard[i])
			return false;
	return true;
}
