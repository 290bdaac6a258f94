/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench's double of zonelock-inventory: speaks its protocol, and tells the machines
 * of a pretended fleet instead of asking a thousand libvirt daemons.
 *
 * Started by zonelockd from the folder in which it lies beside the real programs.  The
 * URI of each host says which it is: test:///bench/HOST/MACHINES/ZONES.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/role.h"
#include "inventory/protocol.h"
#include "tests/bench/fleet.h"

static uint8_t out[ZL_FRAME_MAX], in_bytes[ZL_FRAME_MAX];

static void start(struct zl_frame *f, uint16_t type, const char *host)
{
	zl_frame_start(f, out, sizeof(out), type, 0);
	zl_frame_put_str(f, ZL_INV_A_HOST, host);
}

static bool finish(struct zl_frame *f, int fd)
{
	ssize_t n = zl_frame_end(f);

	return n > 0 && send(fd, out, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Everything about one host, as after a connection to its libvirt. */
static bool tell_host(
	int fd, const char *name, unsigned host, const struct zl_fleet *fleet)
{
	static struct zl_domain d;
	struct zl_frame f;
	bool ok;

	start(&f, ZL_INV_HOST_STATE, name);
	zl_frame_put_u8(&f, ZL_INV_A_STATE, ZL_HOST_UP);
	zl_frame_put_str(&f, ZL_INV_A_TEXT, "");
	ok = finish(&f, fd);
	start(&f, ZL_INV_LIST_BEGIN, name);
	ok = ok && finish(&f, fd);
	for (unsigned v = 0; ok && v < fleet->n_vms; v++) {
		zl_fleet_domain(fleet, host * fleet->n_vms + v, &d);
		start(&f, ZL_INV_DOMAIN, name);
		zl_domain_put(&f, ZL_INV_A_DOMAIN, &d);
		ok = finish(&f, fd);
	}
	start(&f, ZL_INV_LIST_END, name);
	return ok && finish(&f, fd);
}

static bool serve(int fd, const struct zl_frame_in *in)
{
	const char *uri = zl_attr_str(in->tb[ZL_INV_A_URI]);
	struct zl_fleet fleet = { 0 };
	unsigned host;

	if (in->type != ZL_INV_HOST_PUT)
		return true;
	/* NOLINTNEXTLINE(cert-err34-c): our own numbers */
	if (sscanf(uri, "test:///bench/%u/%u/%u", &host, &fleet.n_vms,
		    &fleet.n_zones) != 3)
		return false;
	return tell_host(fd, zl_attr_str(in->tb[ZL_INV_A_HOST]), host, &fleet);
}

int main(void)
{
	struct zl_error err = { 0 };
	struct zl_frame_in in;
	int fd = -1, flags;
	ssize_t n;

	if (zl_role_start("zl-inventory", &err) >= 0)
		fd = zl_role_need_fd("engine", &err);
	flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
		(void)fprintf(stderr, "bench inventory: %s\n", err.msg);
		return 1;
	}
	while ((n = recv(fd, in_bytes, sizeof(in_bytes), 0)) > 0)
		if (zl_frame_parse(in_bytes, (size_t)n, zl_inventory_messages,
			    ZL_INV_MESSAGE_N, &in, NULL) < 0 ||
			!serve(fd, &in))
			return 1;
	return 0;
}
