/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: opening them, and what libpcap's link types are to us. */
#include "controller/flow/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <pcap/pcap.h>

struct zl_capture {
	pcap_t *pcap; /* owns the stream */
	char *name;
	enum zl_datagram_link link;
	uint64_t n_packets;
	uint64_t counts[ZL_DATAGRAM_N];
};

/* clang-format off */
static const struct {
	int dlt;
	enum zl_datagram_link link;
} links[] = {
	{ DLT_EN10MB,	  ZL_DATAGRAM_ETHERNET },
	{ DLT_LINUX_SLL,  ZL_DATAGRAM_COOKED },
	{ DLT_LINUX_SLL2, ZL_DATAGRAM_COOKED2 },
	{ DLT_NULL,	  ZL_DATAGRAM_LOOPBACK },
	{ DLT_LOOP,	  ZL_DATAGRAM_LOOPBACK },
	{ DLT_RAW,	  ZL_DATAGRAM_RAW },
	{ DLT_IPV4,	  ZL_DATAGRAM_RAW },
	{ DLT_IPV6,	  ZL_DATAGRAM_RAW },
};
/* clang-format on */

void zl_capture_free(struct zl_capture *c)
{
	if (c == NULL)
		return;
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	free(c->name);
	free(c);
}

static int find_link(struct zl_capture *c, struct zl_error *reterr)
{
	int dlt = pcap_datalink(c->pcap);
	const char *name = pcap_datalink_val_to_name(dlt);

	for (size_t i = 0; i < N_ITEMS(links); i++)
		if (links[i].dlt == dlt) {
			c->link = links[i].link;
			return 0;
		}
	return zl_fail_id(reterr, -EOPNOTSUPP, "capture.link",
		"Ethernet, Linux cooked, loopback and raw IP can be read",
		"%s: captured on a link of type %d (%s), which cannot be read", c->name,
		dlt, name == NULL ? "unknown" : name);
}

int zl_capture_new(
	FILE *file, const char *name, struct zl_capture **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_capture) struct zl_capture *c = calloc(1, sizeof(*c));
	char why[PCAP_ERRBUF_SIZE] = "";
	int r;

	if (c != NULL) {
		c->name = strdup(name);
		c->pcap = pcap_fopen_offline(file, why);
	}
	if ((c == NULL || c->pcap == NULL) && file != stdin)
		(void)fclose(file);
	if (c == NULL || c->name == NULL)
		return zl_fail(reterr, -ENOMEM, "%s: out of memory", name);
	if (c->pcap == NULL)
		return zl_fail_id(reterr, -EBADMSG, "capture.format",
			"pcap and pcapng can be read", "%s: not a capture: %s", name,
			why);
	r = find_link(c, reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(c);
	return 0;
}

int zl_capture_open(const char *path, struct zl_capture **ret, struct zl_error *reterr)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return zl_fail(reterr, -errno, "%s: %m", path);
	return zl_capture_new(file, path, ret, reterr);
}

/* pcapng has 64 bits for it in any unit; what is beyond ours is 1970. */
static struct zl_wall time_of(const struct pcap_pkthdr *head)
{
	int64_t us;

	if (__builtin_mul_overflow((int64_t)head->ts.tv_sec, ZL_US_PER_S, &us) ||
		__builtin_add_overflow(us, (int64_t)head->ts.tv_usec, &us))
		us = 0;
	return (struct zl_wall){ us };
}

int zl_capture_next(
	struct zl_capture *c, struct zl_captured *ret, struct zl_error *reterr)
{
	struct pcap_pkthdr *head;
	const u_char *bytes;
	int r;

	while ((r = pcap_next_ex(c->pcap, &head, &bytes)) == 1) {
		struct zl_datagram_found udp;
		enum zl_datagram_kind kind = zl_datagram_find(c->link,
			(struct zl_cursor){ .at = bytes, .left = head->caplen }, &udp);

		c->n_packets++;
		c->counts[kind]++;
		if (kind != ZL_DATAGRAM_UDP)
			continue;
		ret->time = time_of(head);
		ret->udp = udp;
		return 1;
	}
	if (r == PCAP_ERROR_BREAK) /* the end of the file */
		return 0;
	return zl_fail_id(reterr, -EBADMSG, "capture.broken", "",
		"%s: cannot be read after %" PRIu64 " packet%s: %s", c->name,
		c->n_packets, c->n_packets == 1 ? "" : "s", pcap_geterr(c->pcap));
}

const uint64_t *zl_capture_counts(const struct zl_capture *c)
{
	return c->counts;
}
