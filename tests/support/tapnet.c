/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces, bridges, taps and frames for tests. */
#include "tests/support/tapnet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <net/if.h>
#include <net/if_arp.h>

#include <linux/if_tun.h>
#include <linux/sockios.h>

static int control(unsigned long request, void *arg)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -1 : ioctl(fd, request, arg);

	if (r < 0)
		(void)fprintf(
			stderr, "tapnet: ioctl %lx: %s\n", request, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static void named(struct ifreq *to, const char *name)
{
	memset(to, 0, sizeof(*to));
	(void)snprintf(to->ifr_name, sizeof(to->ifr_name), "%s", name);
}

static int bring_up(const char *name)
{
	struct ifreq req;

	named(&req, name);
	req.ifr_flags = IFF_UP | IFF_RUNNING | IFF_PROMISC;
	return control(SIOCSIFFLAGS, &req);
}

/* Frames of the kernel's own IPv6 would only be in the way. */
static void quiet(void)
{
	int fd = open(
		"/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1", 1) < 0)
			(void)0;
		(void)close(fd);
	}
}

bool zl_tapnet_enter(const char **ret_why)
{
	if (geteuid() != 0) {
		*ret_why = "not root";
		return false;
	}
	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		*ret_why = "no /dev/net/tun";
		return false;
	}
	if (unshare(CLONE_NEWNET) < 0) {
		*ret_why = "no new network namespace allowed";
		return false;
	}
	quiet();
	return true;
}

unsigned zl_tapnet_index(const char *name)
{
	return if_nametoindex(name);
}

unsigned zl_tapnet_bridge(const char *name)
{
	char copy[IFNAMSIZ] = "";

	(void)snprintf(copy, sizeof(copy), "%s", name);
	if (control(SIOCBRADDBR, copy) < 0 || bring_up(name) < 0)
		return 0;
	return zl_tapnet_index(name);
}

int zl_tapnet_tap(const char *name, uint8_t last, const char *bridge)
{
	const uint8_t mac[6] = { 0xfe, 0x54, 0, 0, 0, last };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq req;

	named(&req, name);
	req.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req) < 0)
		return -1;
	named(&req, name);
	req.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(req.ifr_hwaddr.sa_data, mac, sizeof(mac));
	if (control(SIOCSIFHWADDR, &req) < 0)
		return -1;
	if (bridge != NULL) {
		named(&req, bridge);
		req.ifr_ifindex = (int)zl_tapnet_index(name);
		if (control(SIOCBRADDIF, &req) < 0)
			return -1;
	}
	return bring_up(name) < 0 ? -1 : fd;
}

bool zl_tapnet_passes(int from, int to, const void *frame, size_t n)
{
	enum { PATIENCE_MS = 30 };
	struct pollfd p = { .fd = to, .events = POLLIN };
	uint8_t got[2048];

	while (read(to, got, sizeof(got)) > 0)
		continue; /* what was there before */
	if (write(from, frame, n) != (ssize_t)n)
		return false;
	while (poll(&p, 1, PATIENCE_MS) > 0) {
		ssize_t m = read(to, got, sizeof(got));

		if (m >= (ssize_t)n && memcmp(got, frame, n) == 0)
			return true;
	}
	return false;
}

int zl_tapnet_run(const char *command)
{
	int r = system(command);

	return WIFEXITED(r) ? WEXITSTATUS(r) : -1;
}

/* --- frames --------------------------------------------------------------------- */

void zl_testframe_bytes(struct zl_testframe *f, const void *b, size_t n)
{
	if (f->n + n > sizeof(f->b))
		abort();
	memcpy(f->b + f->n, b, n);
	f->n += n;
}

static void put_u16(struct zl_testframe *f, uint16_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	zl_testframe_bytes(f, b, 2);
}

static void put_mac(struct zl_testframe *f, uint8_t last)
{
	const uint8_t one[6] = { 0x52, 0x54, 0, 0, 0, last };
	const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	zl_testframe_bytes(f, last == 0xff ? all : one, 6);
}

static void put_ip6(struct zl_testframe *f, uint8_t last)
{
	const uint8_t b[16] = { 0xfd, [15] = last };

	zl_testframe_bytes(f, b, 16);
}

static void put_ip4(struct zl_testframe *f, uint8_t last)
{
	const uint8_t b[4] = { 10, 0, 0, last };

	zl_testframe_bytes(f, b, 4);
}

void zl_testframe_ether(struct zl_testframe *f, uint8_t dst, uint8_t src, uint16_t type)
{
	f->n = 0;
	put_mac(f, dst);
	put_mac(f, src);
	put_u16(f, type);
}

void zl_testframe_tag(struct zl_testframe *f, uint16_t tci, uint16_t inner_type)
{
	put_u16(f, tci);
	put_u16(f, inner_type);
}

void zl_testframe_ip4(
	struct zl_testframe *f, uint8_t src, uint8_t dst, uint8_t proto, uint16_t frag)
{
	enum { TOTAL = 20 + 32 };
	const uint8_t head[4] = { 0x45, 0, 0, TOTAL };
	const uint8_t ttl[4] = { 64, proto, 0, 0 };
	size_t at = f->n;
	uint32_t sum = 0;

	zl_testframe_bytes(f, head, 4);
	put_u16(f, 1);
	put_u16(f, frag);
	zl_testframe_bytes(f, ttl, 4);
	put_ip4(f, src);
	put_ip4(f, dst);
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(f->b[at + i] << 8 | f->b[at + i + 1]);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	f->b[at + 10] = (uint8_t)(~sum >> 8);
	f->b[at + 11] = (uint8_t)~sum;
}

void zl_testframe_ip6(
	struct zl_testframe *f, uint8_t src, uint8_t dst, uint8_t next, uint8_t hops)
{
	const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 32, next, hops };

	zl_testframe_bytes(f, head, 8);
	put_ip6(f, src);
	put_ip6(f, dst);
}

void zl_testframe_ports(struct zl_testframe *f, uint16_t src, uint16_t dst)
{
	static const uint8_t rest[28] = { 0 };

	put_u16(f, src);
	put_u16(f, dst);
	zl_testframe_bytes(f, rest, sizeof(rest));
}

void zl_testframe_arp(
	struct zl_testframe *f, uint16_t op, uint8_t sender, uint8_t target)
{
	const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 };

	zl_testframe_bytes(f, head, 6);
	put_u16(f, op);
	put_mac(f, sender);
	put_ip4(f, sender);
	put_mac(f, 0);
	put_ip4(f, target);
}

void zl_testframe_nd(struct zl_testframe *f, uint8_t type, uint8_t target)
{
	const uint8_t head[8] = { type };

	zl_testframe_bytes(f, head, 8);
	put_ip6(f, target);
	zl_testframe_bytes(f, head + 1, 7); /* padding to 32 */
	zl_testframe_bytes(f, head + 1, 1);
}
