/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lab's virtual machines run: one static program with a sub-command for
 * each thing a busybox guest cannot do.  `guest help` lists them.
 *
 * Addresses are IPv4 or IPv6 everywhere; servers listen on both.  A sub-command
 * exits with 0 when the peer answered, 1 when it refused, 2 when nothing came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_ITEMS(a) (sizeof(a) / sizeof((a)[0]))

enum { EXIT_ANSWERED = 0, EXIT_REFUSED = 1, EXIT_SILENT = 2, EXIT_USAGE = 64 };
enum { CONNECT_MS = 3000, ECHO_SIZE = 16 * 1024, BEAT_SIZE = 16 };
enum { CTL_LINE_MAX = 64 * 1024, CTL_OUTPUT_MAX = 48 * 1024, FRAME_MAX = 2048 };

/* ------------------------------------------------------------------- helpers */

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void sleep_until_us(int64_t at)
{
	int64_t left = at - clock_us(CLOCK_MONOTONIC);
	struct timespec ts;

	if (left <= 0)
		return;
	ts.tv_sec = left / 1000000;
	ts.tv_nsec = left % 1000000 * 1000;
	nanosleep(&ts, NULL);
}

static long number(const char *text, long fallback)
{
	char *end;
	long v;

	if (text == NULL)
		return fallback;
	v = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' ? v : fallback;
}

/* "10.0.0.5" or "fd00::5"; a link-local address may carry "%eth0". */
static int parse_peer(const char *text, const char *port, struct sockaddr_storage *ret,
	socklen_t *ret_len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;
	char addr[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t len = scope != NULL ? (size_t)(scope - text) : strlen(text);

	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)number(port, 0));
		*ret_len = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)number(port, 0));
		in6->sin6_scope_id = scope != NULL ? if_nametoindex(scope + 1) : 0;
		*ret_len = sizeof(*in6);
		return 0;
	}
	return -EINVAL;
}

static int open_server(int type, const char *port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)number(port, 0)) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	int off = 0, on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
		(type == SOCK_STREAM && listen(fd, 64) < 0)) {
		int r = -errno;

		(void)fprintf(stderr, "guest: port %s: %s\n", port, strerror(-r));
		close(fd);
		return r;
	}
	return fd;
}

/* Connect within CONNECT_MS.  Gives the socket, still non-blocking, or -errno. */
static int open_client(const char *addr, const char *port)
{
	struct pollfd p = { .events = POLLOUT };
	struct sockaddr_storage peer;
	socklen_t len, size = sizeof(int);
	int on = 1, err = 0;

	if (parse_peer(addr, port, &peer, &len) < 0)
		return -EINVAL;
	p.fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		return -errno;
	setsockopt(p.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(p.fd, (struct sockaddr *)&peer, len) < 0 && errno != EINPROGRESS)
		err = errno;
	else if (poll(&p, 1, CONNECT_MS) <= 0)
		err = ETIMEDOUT;
	else
		getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &err, &size);
	if (err != 0) {
		close(p.fd);
		return -err;
	}
	return p.fd;
}

static int exit_of(int err)
{
	return err == ECONNREFUSED || err == ECONNRESET ? EXIT_REFUSED : EXIT_SILENT;
}

/* ------------------------------------------------------------------- servers */

static void echo_stream(int fd)
{
	static char buf[ECHO_SIZE];
	ssize_t n;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			break;
}

static int run_listen(int argc, char **argv)
{
	struct pollfd p[32];
	nfds_t n = 0;

	for (int i = 0; i < argc && n < N_ITEMS(p); i++) {
		p[n].fd = open_server(SOCK_STREAM, argv[i]);
		p[n].events = POLLIN;
		if (p[n].fd < 0)
			return EXIT_REFUSED;
		n++;
	}
	(void)signal(SIGCHLD, SIG_IGN);
	while (n > 0 && poll(p, n, -1) > 0)
		for (nfds_t i = 0; i < n; i++) {
			int fd;

			if ((p[i].revents & POLLIN) == 0)
				continue;
			fd = accept(p[i].fd, NULL, NULL);
			if (fd < 0)
				continue;
			if (fork() == 0) {
				echo_stream(fd);
				_exit(0);
			}
			close(fd);
		}
	return EXIT_REFUSED;
}

static int run_udp_listen(int argc, char **argv)
{
	static char buf[ECHO_SIZE];
	int fd = argc > 0 ? open_server(SOCK_DGRAM, argv[0]) : -EINVAL;

	if (fd < 0)
		return EXIT_REFUSED;
	for (;;) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

/* ------------------------------------------------------------------- clients */

static int run_connect(int argc, char **argv)
{
	int64_t start = clock_us(CLOCK_MONOTONIC);
	long want = number(argc > 2 ? argv[2] : NULL, 16), got = 0;
	static char buf[ECHO_SIZE];
	struct pollfd p = { .events = POLLIN };
	int r = argc >= 2 ? open_client(argv[0], argv[1]) : -EINVAL;

	if (r < 0) {
		(void)printf("connect errno=%d %s\n", -r, strerror(-r));
		return exit_of(-r);
	}
	p.fd = r;
	if (want > (long)sizeof(buf))
		want = sizeof(buf);
	memset(buf, 'z', sizeof(buf));
	if (write(p.fd, buf, (size_t)want) != want)
		want = 0;
	while (got < want && poll(&p, 1, CONNECT_MS) > 0) {
		ssize_t n = read(p.fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		got += n;
	}
	(void)printf("connect ok echoed=%ld ms=%lld\n", got,
		(long long)((clock_us(CLOCK_MONOTONIC) - start) / 1000));
	return got == want ? EXIT_ANSWERED : EXIT_SILENT;
}

struct beat {
	long sent, echoed;
	int64_t last_echo_us; /* wall clock */
	int err;
};

static void read_echoes(int fd, struct beat *b, size_t *partial)
{
	char buf[BEAT_SIZE * 64];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		*partial += (size_t)n;
		b->echoed += (long)(*partial / BEAT_SIZE);
		*partial %= BEAT_SIZE;
		b->last_echo_us = clock_us(CLOCK_REALTIME);
	}
	if (n == 0)
		b->err = EPIPE;
	else if (errno != EAGAIN)
		b->err = errno;
}

/*
 * beat ADDR PORT MS SECONDS [FILE]: one connection, a numbered message of
 * BEAT_SIZE bytes every MS milliseconds; the summary goes to stdout, or to FILE.
 */
static int run_beat(int argc, char **argv)
{
	int64_t gap, next, end;
	struct beat b = { .sent = 0 };
	char msg[BEAT_SIZE + 1];
	size_t partial = 0;
	FILE *out = stdout;
	int fd = argc >= 4 ? open_client(argv[0], argv[1]) : -EINVAL;

	if (argc > 4 && (out = fopen(argv[4], "w")) == NULL)
		out = stdout;
	if (fd < 0) {
		(void)fprintf(
			out, "sent=0 echoed=0 last_echo_wall_ms=0 errno=%d\n", -fd);
		(void)fclose(out);
		return exit_of(-fd);
	}
	gap = number(argv[2], 10) * 1000;
	next = clock_us(CLOCK_MONOTONIC);
	end = next + number(argv[3], 10) * 1000000;
	while (b.err == 0 && clock_us(CLOCK_MONOTONIC) < end) {
		(void)snprintf(msg, sizeof(msg), "beat %010ld\n", b.sent);
		if (write(fd, msg, BEAT_SIZE) == BEAT_SIZE)
			b.sent++;
		else if (errno != EAGAIN)
			b.err = errno;
		read_echoes(fd, &b, &partial);
		next += gap;
		sleep_until_us(next);
	}
	if (b.err == 0)
		read_echoes(fd, &b, &partial);
	(void)fprintf(out, "sent=%ld echoed=%ld last_echo_wall_ms=%lld errno=%d\n",
		b.sent, b.echoed, (long long)(b.last_echo_us / 1000), b.err);
	(void)fclose(out);
	return b.echoed > 0 ? EXIT_ANSWERED : EXIT_SILENT;
}

/* udp ADDR PORT [N] [MS]: N datagrams, MS apart; counts the echoes. */
static int run_udp(int argc, char **argv)
{
	long n = number(argc > 2 ? argv[2] : NULL, 1), got = 0;
	int gap = (int)number(argc > 3 ? argv[3] : NULL, 100);
	struct pollfd p = { .events = POLLIN };
	struct sockaddr_storage peer;
	socklen_t len;
	char buf[64];

	if (argc < 2 || parse_peer(argv[0], argv[1], &peer, &len) < 0)
		return EXIT_USAGE;
	p.fd = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (connect(p.fd, (struct sockaddr *)&peer, len) < 0)
		return EXIT_SILENT;
	for (long i = 0; i < n; i++) {
		int len_sent = snprintf(buf, sizeof(buf), "udp %010ld\n", i);

		if (send(p.fd, buf, (size_t)len_sent, 0) < 0 && errno == ECONNREFUSED)
			break;
		if (poll(&p, 1, i == n - 1 && gap < 1000 ? 1000 : gap) > 0 &&
			recv(p.fd, buf, sizeof(buf), 0) > 0)
			got++;
	}
	(void)printf("udp sent=%ld echoed=%ld\n", n, got);
	return got > 0 ? EXIT_ANSWERED : EXIT_SILENT;
}

/* --------------------------------------------------------------- link, frames */

static size_t parse_hex(const char *text, uint8_t *ret, size_t size)
{
	size_t n = 0;
	unsigned byte;

	while (n < size && sscanf(text, "%2x", &byte) == 1 && text[1] != '\0') {
		ret[n++] = (uint8_t)byte;
		text += 2;
	}
	return n;
}

/* raw IF COUNT MS HEX: put COUNT copies of an ethernet frame on IF, MS apart. */
static int run_raw(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	uint8_t frame[FRAME_MAX];
	long count, sent = 0;
	size_t len;
	int fd;

	if (argc < 4)
		return EXIT_USAGE;
	to.sll_ifindex = (int)if_nametoindex(argv[0]);
	count = number(argv[1], 1);
	len = parse_hex(argv[3], frame, sizeof(frame));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	for (long i = 0; i < count; i++) {
		if (sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) ==
			(ssize_t)len)
			sent++;
		sleep_until_us(clock_us(CLOCK_MONOTONIC) + number(argv[2], 10) * 1000);
	}
	(void)printf("raw sent=%ld\n", sent);
	return sent == count ? EXIT_ANSWERED : EXIT_SILENT;
}

static void bring_up(const char *name)
{
	struct ifreq req = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP) == 0) {
		req.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &req);
	}
	close(fd);
}

/* links: every ethN is brought up the moment it appears; IPv6 speaks at once. */
static int run_links(int argc, char **argv)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	static char buf[64 * 1024];
	ssize_t n;

	(void)argc;
	(void)argv;
	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0)
		return EXIT_REFUSED;
	do {
		struct if_nameindex *all = if_nameindex();

		for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++)
			if (strncmp(i->if_name, "eth", 3) == 0)
				bring_up(i->if_name);
		if_freenameindex(all);
		n = recv(fd, buf, sizeof(buf), 0);
	} while (n > 0 || errno == ENOBUFS);
	return EXIT_REFUSED;
}

/* ------------------------------------------------------------------ control */

static const char b64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t base64_encode(const uint8_t *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		v |= i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0;
		v |= i + 2 < len ? in[i + 2] : 0;
		out[n++] = b64[v >> 18 & 63];
		out[n++] = b64[v >> 12 & 63];
		out[n++] = i + 1 < len ? b64[v >> 6 & 63] : '=';
		out[n++] = i + 2 < len ? b64[v & 63] : '=';
	}
	return n;
}

static size_t base64_decode(const char *in, uint8_t *out)
{
	uint32_t v = 0;
	unsigned bits = 0;
	size_t n = 0;
	const char *at;

	for (; *in != '\0' && (at = strchr(b64, *in)) != NULL; in++) {
		v = v << 6 | (uint32_t)(at - b64);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(v >> bits);
		}
	}
	return n;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Runs in its own process, so that commands overlap and one may hang. */
static void answer(int port, const char *id, char *command)
{
	static uint8_t output[CTL_OUTPUT_MAX];
	static char reply[CTL_OUTPUT_MAX / 3 * 4 + 256];
	char path[64];
	ssize_t size;
	size_t len;
	int fd, status = 0, lock;
	pid_t child;

	(void)snprintf(path, sizeof(path), "/tmp/ctl.%d", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink(path);
	child = fork();
	if (child == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	size = pread(fd, output, sizeof(output), 0);
	len = (size_t)snprintf(reply, sizeof(reply), "%s %d ", id,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	len += base64_encode(output, size > 0 ? (size_t)size : 0, reply + len);
	reply[len++] = '\n';
	lock = open("/tmp/ctl.lock", O_RDWR | O_CREAT, 0600);
	if (lockf(lock, F_LOCK, 0) == 0)
		write_all(port, reply, len);
}

/*
 * ctl DEVICE: serve commands on a virtio-serial port until the end of time.
 * Request "ID base64(command)\n", reply "ID status base64(output)\n".
 */
static int run_ctl(int argc, char **argv)
{
	static char line[CTL_LINE_MAX];
	static uint8_t command[CTL_LINE_MAX];
	size_t len = 0;
	int port = argc > 0 ? open(argv[0], O_RDWR | O_CLOEXEC) : -1;

	if (port < 0)
		return EXIT_REFUSED;
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		ssize_t n = read(port, line + len, sizeof(line) - 1 - len);
		char *end;

		if (n <= 0) { /* nobody is connected on the other side */
			usleep(20000);
			continue;
		}
		len += (size_t)n;
		line[len] = '\0';
		while ((end = strchr(line, '\n')) != NULL) {
			char *space = memchr(line, ' ', (size_t)(end - line));

			*end = '\0';
			if (space != NULL && fork() == 0) {
				*space = '\0';
				(void)signal(SIGCHLD, SIG_DFL);
				command[base64_decode(space + 1, command)] = '\0';
				answer(port, line, (char *)command);
				_exit(0);
			}
			len -= (size_t)(end + 1 - line);
			memmove(line, end + 1, len + 1);
		}
		if (len == sizeof(line) - 1)
			len = 0;
	}
}

/* --------------------------------------------------------------------- main */

static const struct command {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "beat", "ADDR PORT MS SECONDS [FILE]", "numbered echo on one connection",
		run_beat },
	{ "connect", "ADDR PORT [BYTES]", "connect and expect an echo", run_connect },
	{ "ctl", "DEVICE", "run commands that come by a virtio port", run_ctl },
	{ "links", "", "bring up every ethN as it appears", run_links },
	{ "listen", "PORT...", "TCP echo server", run_listen },
	{ "raw", "IF COUNT MS HEX", "send one ethernet frame COUNT times", run_raw },
	{ "udp", "ADDR PORT [N] [MS]", "datagrams, counting echoes", run_udp },
	{ "udp-listen", "PORT", "UDP echo server", run_udp_listen },
};

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < N_ITEMS(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 2, argv + 2);
	for (size_t i = 0; i < N_ITEMS(commands); i++)
		(void)printf("guest %-10s %-28s %s\n", commands[i].name,
			commands[i].args, commands[i].help);
	return argc > 1 && strcmp(argv[1], "help") == 0 ? 0 : EXIT_USAGE;
}
