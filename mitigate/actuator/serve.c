/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker's side: requests of one hypervisor, one after the other. */
#include "mitigate/actuator/serve.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "mitigate/actuator/contain.h"
#include "mitigate/protocol.h"

static void handle(
	struct zl_contain *c, const struct zl_frame_in *in, struct zl_lease_report *ret)
{
	struct zl_uuid id = { 0 }, domain = { 0 };
	struct zl_lease lease;

	if (in->type == ZL_AGENT_LEASE_PUT) {
		*ret = (struct zl_lease_report){ .state = ZL_LEASE_FAILED };
		if (zl_lease_get(in->tb[ZL_AGENT_A_LEASE], &lease, &ret->error) >= 0)
			zl_contain_put(c, &lease, ret);
		return;
	}
	zl_attr_copy(in->tb[ZL_AGENT_A_ID], id.b, sizeof(id.b));
	if (in->tb[ZL_AGENT_A_DOMAIN] == NULL) {
		*ret = (struct zl_lease_report){ .id = id,
			.state = ZL_LEASE_RELEASING };
		(void)zl_fail(&ret->error, -EINVAL, "the request names no domain");
		return;
	}
	zl_attr_copy(in->tb[ZL_AGENT_A_DOMAIN], domain.b, sizeof(domain.b));
	zl_contain_drop(c, &id, &domain, ret);
}

ssize_t zl_serve_format(uint8_t buf[static ZL_SERVE_REPORT], uint32_t seq,
	const struct zl_lease_report *rep)
{
	struct zl_frame f;

	zl_frame_start(&f, buf, ZL_SERVE_REPORT, ZL_AGENT_LEASE_STATE, seq);
	zl_lease_report_put(&f, ZL_AGENT_A_REPORT, rep);
	return zl_frame_end(&f);
}

static int answer(const struct zl_worker_self *self, uint32_t seq,
	const struct zl_lease_report *rep)
{
	uint8_t buf[ZL_SERVE_REPORT];
	ssize_t n = zl_serve_format(buf, seq, rep);

	if (n < 0 || send(self->fd, buf, (size_t)n, MSG_NOSIGNAL) < 0)
		return -EPIPE;
	return 0;
}

int zl_serve_main(struct zl_worker_self *self, void *config)
{
	const struct zl_serve_config *cfg = config;
	struct zl_contain c = { .virt = { .self = self, .uri = cfg->uri },
		.dir = cfg->dir,
		.peers = cfg->peers };
	static uint8_t buf[ZL_FRAME_MAX];

	for (;;) {
		struct zl_lease_report rep;
		struct zl_frame_in in;
		ssize_t n = recv(self->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (zl_frame_parse(buf, (size_t)n, zl_agent_messages,
			    ZL_AGENT_MESSAGE_N, &in, NULL) < 0)
			return 1;
		if (in.type != ZL_AGENT_LEASE_PUT && in.type != ZL_AGENT_LEASE_DROP)
			continue;
		handle(&c, &in, &rep);
		if (answer(self, in.seq, &rep) < 0)
			break;
	}
	zl_virt_close(&c.virt);
	return 0;
}
