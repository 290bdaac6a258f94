/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members, and a small writer. */
#include "controller/cli/flow_json.h"

#include <string.h>

#include "base/cleanup.h"

enum kind { NUMBER, ADDR, MAC, TEXT };

enum { LINE_SIZE = 4096, HEAD_SIZE = 256, MEMBER_SIZE = 80, DIGITS = 20 };

struct member {
	const char *key; /* ,"name": */
	uint64_t bit;	 /* in zl_flow_draft.present */
	uint64_t unless; /* likewise: then it is not the record's own */
	uint16_t offset, width;
	uint8_t key_n, kind;
};

/* clang-format off */
#define KEY(name) .key = ",\"" name "\":", .key_n = sizeof(",\"" name "\":") - 1
#define AT(m) .offset = offsetof(struct zl_flow_draft, m), \
	.width = sizeof(((struct zl_flow_draft *)0)->m)
#define FLOW(m) AT(flow.m)

static const struct member members[] = {
	{ KEY("src"),		 .bit = ZL_FLOW_SRC,		FLOW(src), .kind = ADDR },
	{ KEY("dst"),		 .bit = ZL_FLOW_DST,		FLOW(dst), .kind = ADDR },
	{ KEY("sport"),		 .bit = ZL_FLOW_SPORT,		FLOW(sport) },
	{ KEY("dport"),		 .bit = ZL_FLOW_DPORT,		FLOW(dport) },
	{ KEY("proto"),		 .bit = ZL_FLOW_PROTO,		FLOW(proto) },
	{ KEY("bytes"),		 .bit = ZL_FLOW_OCTETS,	FLOW(octets) },
	{ KEY("packets"),	 .bit = ZL_FLOW_PACKETS,	FLOW(packets) },
	{ KEY("first_ms"),	 .bit = ZL_FLOW_FIRST,		FLOW(first_ms) },
	{ KEY("last_ms"),	 .bit = ZL_FLOW_LAST,		FLOW(last_ms) },
	{ KEY("in_if"),		 .bit = ZL_FLOW_IN_IF,		FLOW(in_if) },
	{ KEY("out_if"),	 .bit = ZL_FLOW_OUT_IF,	FLOW(out_if) },
	{ KEY("in_phys_if"),	 .bit = ZL_FLOW_IN_PHYS_IF,	FLOW(in_phys_if) },
	{ KEY("out_phys_if"),	 .bit = ZL_FLOW_OUT_PHYS_IF,	FLOW(out_phys_if) },
	{ KEY("tcp_flags"),	 .bit = ZL_FLOW_TCP_FLAGS,	FLOW(tcp_flags) },
	{ KEY("tos"),		 .bit = ZL_FLOW_TOS,		FLOW(tos) },
	{ KEY("vlan"),		 .bit = ZL_FLOW_VLAN,		FLOW(vlan) },
	{ KEY("src_mac"),	 .bit = ZL_FLOW_SRC_MAC,	FLOW(src_mac), .kind = MAC },
	{ KEY("dst_mac"),	 .bit = ZL_FLOW_DST_MAC,	FLOW(dst_mac), .kind = MAC },
	{ KEY("sampling"),	 .bit = ZL_FLOW_SAMPLING,	FLOW(sampling), .unless = ZL_ASIDE_RATE_BY_OPTIONS },
	{ KEY("direction"),	 .bit = ZL_FLOW_DIRECTION,	FLOW(direction) },
	{ KEY("icmp_type_code"), .bit = ZL_FLOW_ICMP,		FLOW(icmp) },
	{ KEY("rev_bytes"),	 .bit = ZL_FLOW_REV_OCTETS,	FLOW(rev_octets) },
	{ KEY("rev_packets"),	 .bit = ZL_FLOW_REV_PACKETS,	FLOW(rev_packets) },
	{ KEY("rev_tcp_flags"),	 .bit = ZL_FLOW_REV_TCP_FLAGS, FLOW(rev_tcp_flags) },
	{ KEY("rev_tos"),	 .bit = ZL_ASIDE_REV_TOS,	AT(rev_tos) },
	{ KEY("rev_vlan"),	 .bit = ZL_ASIDE_REV_VLAN,	AT(rev_vlan) },
	{ KEY("rev_icmp_type_code"), .bit = ZL_ASIDE_REV_ICMP,	AT(rev_icmp) },
	{ KEY("rev_total_bytes"), .bit = ZL_ASIDE_REV_TOTAL_OCTETS, AT(rev_total_octets) },
	{ KEY("rev_total_packets"), .bit = ZL_ASIDE_REV_TOTAL_PACKETS, AT(rev_total_packets) },
	{ KEY("biflow_direction"), .bit = ZL_FLOW_BIFLOW,	FLOW(biflow) },
	{ KEY("total_bytes"),	 .bit = ZL_FLOW_TOTAL_OCTETS,	FLOW(total_octets) },
	{ KEY("total_packets"),	 .bit = ZL_FLOW_TOTAL_PACKETS, FLOW(total_packets) },
	{ KEY("sys_init_ms"),	 .bit = ZL_ASIDE_BOOT,		AT(boot_ms) },
	{ KEY("if_name"),	 .bit = ZL_ASIDE_IF_NAME,	AT(if_name), .kind = TEXT },
	{ KEY("sampler_id"),	 .bit = ZL_ASIDE_SAMPLER,	AT(sampler) },
	{ KEY("selector_id"),	 .bit = ZL_ASIDE_SELECTOR,	AT(selector) },
};
/* clang-format on */

_Static_assert(N_ITEMS(members) * MEMBER_SIZE + HEAD_SIZE <= LINE_SIZE,
	"a line may be longer than its buffer");

/* How a version is shown; as the number that it is when it is not here. */
static const struct {
	enum zl_flow_version version;
	const char *shown;
} versions[] = {
	{ ZL_FLOW_V5, "5" },
	{ ZL_FLOW_V9, "9" },
	{ ZL_FLOW_IPFIX, "10" },
	{ ZL_FLOW_SFLOW, "\"sflow5\"" },
};

struct line {
	size_t n;
	char at[LINE_SIZE];
};

static void put(struct line *l, const char *text, size_t n)
{
	memcpy(l->at + l->n, text, n);
	l->n += n;
}

#define PUT(l, literal) put(l, literal, sizeof(literal) - 1)

static void put_number(struct line *l, uint64_t v)
{
	char digits[DIGITS];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	put(l, digits + i, sizeof(digits) - i);
}

static void put_addr(struct line *l, const struct zl_addr *a)
{
	char text[ZL_ADDR_STR];

	l->at[l->n++] = '"';
	if (zl_addr_is_v4(a)) {
		for (size_t i = 12; i < 16; i++) {
			put_number(l, a->b[i]);
			l->at[l->n++] = '.';
		}
		l->n--;
	} else {
		zl_addr_format(a, text);
		put(l, text, strlen(text));
	}
	l->at[l->n++] = '"';
}

static void put_mac(struct line *l, const struct zl_mac *mac)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = "\"00:00:00:00:00:00\"";

	for (size_t i = 0; i < sizeof(mac->b); i++) {
		text[1 + 3 * i] = hex[mac->b[i] >> 4];
		text[2 + 3 * i] = hex[mac->b[i] & 15];
	}
	put(l, text, sizeof(text) - 1);
}

/* The number in a member; times before 1970 do not occur. */
static uint64_t load(const uint8_t *at, size_t width)
{
	uint64_t v = 0;

	memcpy(&v, at, width); /* little-endian, as all we build on */
	return v;
}

/* What could not stand between quotes as it is comes as '?'. */
static void put_text(struct line *l, const char *text, size_t width)
{
	l->at[l->n++] = '"';
	for (size_t i = 0; i < width && text[i] != '\0'; i++)
		l->at[l->n++] = text[i] < ' ' || text[i] > '~' || text[i] == '"' ||
						text[i] == '\\'
					? '?'
					: text[i];
	l->at[l->n++] = '"';
}

static void put_member(
	struct line *l, const struct member *m, const struct zl_flow_draft *d)
{
	const uint8_t *at = (const uint8_t *)d + m->offset;
	struct zl_addr addr;
	struct zl_mac mac;

	put(l, m->key, m->key_n);
	switch ((enum kind)m->kind) {
	case NUMBER: put_number(l, load(at, m->width)); return;
	case ADDR:
		memcpy(&addr, at, sizeof(addr));
		put_addr(l, &addr);
		return;
	case MAC:
		memcpy(&mac, at, sizeof(mac));
		put_mac(l, &mac);
		return;
	case TEXT: put_text(l, (const char *)at, m->width); return;
	}
}

static void put_version(struct line *l, uint8_t version)
{
	for (size_t i = 0; i < N_ITEMS(versions); i++)
		if (versions[i].version == version) {
			put(l, versions[i].shown, strlen(versions[i].shown));
			return;
		}
	put_number(l, version);
}

static void put_head(struct line *l, const struct zl_flow *f, bool is_options)
{
	PUT(l, "{\"exporter\":");
	put_addr(l, &f->exporter);
	PUT(l, ",\"ver\":");
	put_version(l, f->version);
	if (f->template_id != 0) { /* the others have no domain */
		PUT(l, ",\"odid\":");
		put_number(l, f->odid);
		PUT(l, ",\"tmpl\":");
		put_number(l, f->template_id);
	}
	if (is_options)
		PUT(l, ",\"options\":true");
	if (f->ip_version != 0) {
		PUT(l, ",\"ipver\":");
		put_number(l, f->ip_version);
	}
}

void zl_flow_json_write(const struct zl_flow_draft *d, bool is_options, FILE *to)
{
	struct line l;

	l.n = 0;
	put_head(&l, &d->flow, is_options);
	for (size_t i = 0; i < N_ITEMS(members); i++)
		if ((d->present & members[i].bit) != 0 &&
			(d->present & members[i].unless) == 0)
			put_member(&l, &members[i], d);
	PUT(&l, "}\n");
	(void)fwrite(l.at, 1, l.n, to);
}
