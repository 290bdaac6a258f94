/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between engine and collector, as a table, and their contents. */
#include "controller/flow/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { PREFIX_BYTES = 17, REASON_MAX = 63 };

/* clang-format off */
#define U64(n) { .name = (n), .type = ZL_ATTR_U64, .required = true }
#define U32(n) { .name = (n), .type = ZL_ATTR_U32, .required = true }

static const struct zl_attr exporters[] = {
	[ZL_COLLECTOR_A_PREFIX] = { .name = "prefix", .type = ZL_ATTR_BYTES, .max = PREFIX_BYTES, .repeated = true },
};
static const struct zl_attr drop[] = {
	[ZL_COLLECTOR_A_REASON] = { .name = "reason", .type = ZL_ATTR_STRING, .max = REASON_MAX, .required = true },
	[ZL_COLLECTOR_A_COUNT]	= U64("count"),
};
static const struct zl_attr exporter[] = {
	[ZL_COLLECTOR_A_ADDRESS]    = { .name = "address", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[ZL_COLLECTOR_A_IS_ALLOWED] = { .name = "is-allowed", .type = ZL_ATTR_U8, .required = true },
	[ZL_COLLECTOR_A_VERSION]    = { .name = "version", .type = ZL_ATTR_U16, .required = true },
	[ZL_COLLECTOR_A_DATAGRAMS]  = U64("datagrams"),
	[ZL_COLLECTOR_A_RECORDS]    = U64("records"),
	[ZL_COLLECTOR_A_OPTIONS]    = U64("options"),
	[ZL_COLLECTOR_A_LOST]	    = U64("lost"),
	[ZL_COLLECTOR_A_UNITS]	    = U64("units"),
	[ZL_COLLECTOR_A_SAMPLES_LOST]	 = U64("samples-lost"),
	[ZL_COLLECTOR_A_SAMPLES_DROPPED] = U64("samples-dropped"),
	[ZL_COLLECTOR_A_FIRST_SEEN] = U64("first-seen"),
	[ZL_COLLECTOR_A_PENDING]    = U32("pending"),
	[ZL_COLLECTOR_A_OFFSET]	    = { .name = "offset", .type = ZL_ATTR_U64 },
	[ZL_COLLECTOR_A_SILENT]	    = U64("silent"),
	[ZL_COLLECTOR_A_SAMPLING]   = { .name = "sampling", .type = ZL_ATTR_U32, .required = true },
	[ZL_COLLECTOR_A_TEMPLATES]  = { .name = "templates", .type = ZL_ATTR_U32, .required = true },
	[ZL_COLLECTOR_A_LAST_SEEN]  = U64("last-seen"),
	[ZL_COLLECTOR_A_DROP]	    = { .name = "drop", .type = ZL_ATTR_NEST, .repeated = true, ZL_NESTED(drop) },
};
static const struct zl_attr totals[] = {
	[ZL_COLLECTOR_A_DATAGRAMS]    = U64("datagrams"),
	[ZL_COLLECTOR_A_RECORDS]      = U64("records"),
	[ZL_COLLECTOR_A_RING_DROPPED] = U64("ring-dropped"),
	[ZL_COLLECTOR_A_KERNEL_DROPS] = U64("kernel-drops"),
	[ZL_COLLECTOR_A_BUFFER]	      = U64("buffer"),
	[ZL_COLLECTOR_A_BUFFER_ASKED] = U64("buffer-asked"),
};
static const struct zl_attr template[] = {
	[ZL_COLLECTOR_A_ADDRESS]    = { .name = "address", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[ZL_COLLECTOR_A_VERSION]    = { .name = "version", .type = ZL_ATTR_U16, .required = true },
	[ZL_COLLECTOR_A_ODID]	    = { .name = "odid", .type = ZL_ATTR_U32, .required = true },
	[ZL_COLLECTOR_A_PORT]	    = { .name = "port", .type = ZL_ATTR_U16, .required = true },
	[ZL_COLLECTOR_A_IS_OPTIONS] = { .name = "is-options", .type = ZL_ATTR_U8, .required = true },
	[ZL_COLLECTOR_A_BYTES]	    = { .name = "bytes", .type = ZL_ATTR_BYTES, .min = 4, .max = ZL_COLLECTOR_TEMPLATE_BYTES, .required = true },
};

static const struct zl_attr ifname[] = {
	[ZL_COLLECTOR_A_ADDRESS] = { .name = "address", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[ZL_COLLECTOR_A_NUMBER]	 = { .name = "number", .type = ZL_ATTR_U32, .required = true },
	[ZL_COLLECTOR_A_NAME]	 = { .name = "name", .type = ZL_ATTR_STRING, .max = ZL_IFNAME_SIZE - 1, .required = true },
};

static const struct zl_attr interface[] = {
	[ZL_COLLECTOR_A_ADDRESS]	  = { .name = "address", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[ZL_COLLECTOR_A_LAST_SEEN]	  = U64("last-seen"),
	[ZL_COLLECTOR_A_ODID]		  = U32("odid"),
	[ZL_COLLECTOR_A_IF_INDEX]	  = U32("if-index"),
	[ZL_COLLECTOR_A_IF_TYPE]	  = U32("if-type"),
	[ZL_COLLECTOR_A_IF_SPEED]	  = U64("if-speed"),
	[ZL_COLLECTOR_A_IF_DUPLEX]	  = U32("if-duplex"),
	[ZL_COLLECTOR_A_IF_STATUS]	  = U32("if-status"),
	[ZL_COLLECTOR_A_IF_IN_OCTETS]	  = U64("if-in-octets"),
	[ZL_COLLECTOR_A_IF_IN_UNICAST]	  = U32("if-in-unicast"),
	[ZL_COLLECTOR_A_IF_IN_MULTICAST]  = U32("if-in-multicast"),
	[ZL_COLLECTOR_A_IF_IN_BROADCAST]  = U32("if-in-broadcast"),
	[ZL_COLLECTOR_A_IF_IN_DISCARDS]	  = U32("if-in-discards"),
	[ZL_COLLECTOR_A_IF_IN_ERRORS]	  = U32("if-in-errors"),
	[ZL_COLLECTOR_A_IF_IN_UNKNOWN]	  = U32("if-in-unknown"),
	[ZL_COLLECTOR_A_IF_OUT_OCTETS]	  = U64("if-out-octets"),
	[ZL_COLLECTOR_A_IF_OUT_UNICAST]	  = U32("if-out-unicast"),
	[ZL_COLLECTOR_A_IF_OUT_MULTICAST] = U32("if-out-multicast"),
	[ZL_COLLECTOR_A_IF_OUT_BROADCAST] = U32("if-out-broadcast"),
	[ZL_COLLECTOR_A_IF_OUT_DISCARDS]  = U32("if-out-discards"),
	[ZL_COLLECTOR_A_IF_OUT_ERRORS]	  = U32("if-out-errors"),
	[ZL_COLLECTOR_A_IF_PROMISCUOUS]	  = U32("if-promiscuous"),
};

/* Where the numbers of an interface are; their widths are those above. */
#define AT(m) offsetof(struct zl_if_counters, m)
static const size_t interface_members[ZL_COLLECTOR_A_N] = {
	[ZL_COLLECTOR_A_ODID]		  = AT(odid),
	[ZL_COLLECTOR_A_IF_INDEX]	  = AT(if_index),
	[ZL_COLLECTOR_A_IF_TYPE]	  = AT(type),
	[ZL_COLLECTOR_A_IF_SPEED]	  = AT(speed),
	[ZL_COLLECTOR_A_IF_DUPLEX]	  = AT(duplex),
	[ZL_COLLECTOR_A_IF_STATUS]	  = AT(status),
	[ZL_COLLECTOR_A_IF_IN_OCTETS]	  = AT(in.octets),
	[ZL_COLLECTOR_A_IF_IN_UNICAST]	  = AT(in.unicast),
	[ZL_COLLECTOR_A_IF_IN_MULTICAST]  = AT(in.multicast),
	[ZL_COLLECTOR_A_IF_IN_BROADCAST]  = AT(in.broadcast),
	[ZL_COLLECTOR_A_IF_IN_DISCARDS]	  = AT(in.discards),
	[ZL_COLLECTOR_A_IF_IN_ERRORS]	  = AT(in.errors),
	[ZL_COLLECTOR_A_IF_IN_UNKNOWN]	  = AT(in_unknown),
	[ZL_COLLECTOR_A_IF_OUT_OCTETS]	  = AT(out.octets),
	[ZL_COLLECTOR_A_IF_OUT_UNICAST]	  = AT(out.unicast),
	[ZL_COLLECTOR_A_IF_OUT_MULTICAST] = AT(out.multicast),
	[ZL_COLLECTOR_A_IF_OUT_BROADCAST] = AT(out.broadcast),
	[ZL_COLLECTOR_A_IF_OUT_DISCARDS]  = AT(out.discards),
	[ZL_COLLECTOR_A_IF_OUT_ERRORS]	  = AT(out.errors),
	[ZL_COLLECTOR_A_IF_PROMISCUOUS]	  = AT(promiscuous),
};

static const struct zl_attr replay[] = {
	[ZL_COLLECTOR_A_DROP]	  = { .name = "drop", .type = ZL_ATTR_NEST, .repeated = true, ZL_NESTED(drop) },
	[ZL_COLLECTOR_A_IS_ENDED] = { .name = "is-ended", .type = ZL_ATTR_U8, .required = true },
	[ZL_COLLECTOR_A_ERROR]	  = { .name = "error", .type = ZL_ATTR_STRING, .max = 255, .required = true },
	[ZL_COLLECTOR_A_HINT]	  = { .name = "hint", .type = ZL_ATTR_STRING, .max = 191, .required = true },
};

const struct zl_message zl_collector_messages[ZL_COLLECTOR_MESSAGE_N] = {
	[ZL_COLLECTOR_EXPORTERS] = { .name = "exporters", ZL_ATTRS(exporters) },
	[ZL_COLLECTOR_EXPORTER]	 = { .name = "exporter", ZL_ATTRS(exporter) },
	[ZL_COLLECTOR_TOTALS]	 = { .name = "totals", ZL_ATTRS(totals) },
	[ZL_COLLECTOR_TEMPLATE]	 = { .name = "template", ZL_ATTRS(template) },
	[ZL_COLLECTOR_REPLAY]	 = { .name = "replay", ZL_ATTRS(replay) },
	[ZL_COLLECTOR_IFNAME]	 = { .name = "ifname", ZL_ATTRS(ifname) },
	[ZL_COLLECTOR_INTERFACE] = { .name = "interface", ZL_ATTRS(interface) },
};
/* clang-format on */

void zl_collector_put_prefix(struct zl_frame *f, const struct zl_prefix *p)
{
	uint8_t b[PREFIX_BYTES];

	memcpy(b, p->addr.b, sizeof(p->addr.b));
	b[PREFIX_BYTES - 1] = p->len;
	zl_frame_put_bytes(f, ZL_COLLECTOR_A_PREFIX, b, sizeof(b));
}

int zl_collector_get_prefixes(
	const struct zl_frame_in *in, struct zl_prefix *ret, size_t most)
{
	const struct nlattr *a;
	int n = 0;

	zl_frame_each(a, in, ZL_COLLECTOR_A_PREFIX)
	{
		const uint8_t *b = zl_attr_bytes(a);
		struct zl_addr addr;

		memcpy(addr.b, b, sizeof(addr.b));
		if (b[PREFIX_BYTES - 1] > 128)
			return -EPROTO;
		if ((size_t)n < most)
			ret[n] = zl_prefix_make(&addr, b[PREFIX_BYTES - 1]);
		n++;
	}
	return n;
}

static void put_drop(struct zl_frame *f, const char *reason, uint64_t n)
{
	struct nlattr *nest;

	if (n == 0)
		return;
	nest = zl_frame_nest(f, ZL_COLLECTOR_A_DROP);
	zl_frame_put_str(f, ZL_COLLECTOR_A_REASON, reason);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_COUNT, n);
	zl_frame_nest_end(f, nest);
}

struct zl_collector_exporter zl_collector_exporter_of(
	struct zl_exporter *e, bool is_allowed)
{
	struct zl_collector_exporter x = { .address = e->address,
		.is_allowed = is_allowed,
		.version = e->version,
		.datagrams = e->datagrams,
		.records = e->records,
		.options = e->options,
		.lost = e->health.lost,
		.units = e->health.units,
		.samples_lost = e->samples_lost,
		.samples_dropped = e->samples_dropped,
		.has_offset = e->health.has_offset,
		.offset_us = e->health.offset_us,
		.silent_us = zl_health_silent_us(&e->health),
		.sampling = e->sampling,
		.first_seen = e->first_seen,
		.last_seen = e->last_seen };

	x.templates = is_allowed ? (uint32_t)zl_exporter_templates(e) : 0;
	x.pending = is_allowed ? (uint32_t)zl_exporter_pending(e) : 0;
	memcpy(x.drops, e->drops.n, sizeof(x.drops));
	return x;
}

void zl_collector_put_exporter(
	struct zl_frame *f, const struct zl_collector_exporter *x)
{
	zl_frame_put_bytes(
		f, ZL_COLLECTOR_A_ADDRESS, x->address.b, sizeof(x->address.b));
	zl_frame_put_u8(f, ZL_COLLECTOR_A_IS_ALLOWED, x->is_allowed);
	zl_frame_put_u16(f, ZL_COLLECTOR_A_VERSION, x->version);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_DATAGRAMS, x->datagrams);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_RECORDS, x->records);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_OPTIONS, x->options);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_LOST, x->lost);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_UNITS, x->units);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_SAMPLES_LOST, x->samples_lost);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_SAMPLES_DROPPED, x->samples_dropped);
	zl_frame_put_u32(f, ZL_COLLECTOR_A_PENDING, x->pending);
	if (x->has_offset)
		zl_frame_put_u64(f, ZL_COLLECTOR_A_OFFSET, (uint64_t)x->offset_us);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_SILENT, x->silent_us);
	zl_frame_put_u32(f, ZL_COLLECTOR_A_SAMPLING, x->sampling);
	zl_frame_put_u32(f, ZL_COLLECTOR_A_TEMPLATES, x->templates);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_FIRST_SEEN, (uint64_t)x->first_seen.us);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_LAST_SEEN, (uint64_t)x->last_seen.us);
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		put_drop(f, zl_drops[i].name, x->drops[i]);
}

static void get_drop(const struct nlattr *nest, struct zl_collector_exporter *ret)
{
	const struct nlattr *tb[ZL_COLLECTOR_A_N] = { 0 };
	const char *reason;

	zl_frame_open_nest(nest, tb, ZL_COLLECTOR_A_N);
	reason = zl_attr_str(tb[ZL_COLLECTOR_A_REASON]);
	for (unsigned i = 0; i < ZL_DROP_N; i++)
		if (strcmp(reason, zl_drops[i].name) == 0)
			ret->drops[i] = zl_attr_u64(tb[ZL_COLLECTOR_A_COUNT]);
}

void zl_collector_get_exporter(
	const struct zl_frame_in *in, struct zl_collector_exporter *ret)
{
	const struct nlattr *a;

	*ret = (struct zl_collector_exporter){
		.is_allowed = zl_attr_u8(in->tb[ZL_COLLECTOR_A_IS_ALLOWED]) != 0,
		.version = zl_attr_u16(in->tb[ZL_COLLECTOR_A_VERSION]),
		.datagrams = zl_attr_u64(in->tb[ZL_COLLECTOR_A_DATAGRAMS]),
		.records = zl_attr_u64(in->tb[ZL_COLLECTOR_A_RECORDS]),
		.options = zl_attr_u64(in->tb[ZL_COLLECTOR_A_OPTIONS]),
		.lost = zl_attr_u64(in->tb[ZL_COLLECTOR_A_LOST]),
		.units = zl_attr_u64(in->tb[ZL_COLLECTOR_A_UNITS]),
		.samples_lost = zl_attr_u64(in->tb[ZL_COLLECTOR_A_SAMPLES_LOST]),
		.samples_dropped = zl_attr_u64(in->tb[ZL_COLLECTOR_A_SAMPLES_DROPPED]),
		.pending = zl_attr_u32(in->tb[ZL_COLLECTOR_A_PENDING]),
		.has_offset = in->tb[ZL_COLLECTOR_A_OFFSET] != NULL,
		.offset_us = (int64_t)zl_attr_u64(in->tb[ZL_COLLECTOR_A_OFFSET]),
		.silent_us = zl_attr_u64(in->tb[ZL_COLLECTOR_A_SILENT]),
		.sampling = zl_attr_u32(in->tb[ZL_COLLECTOR_A_SAMPLING]),
		.templates = zl_attr_u32(in->tb[ZL_COLLECTOR_A_TEMPLATES]),
		.first_seen.us =
			(int64_t)zl_attr_u64(in->tb[ZL_COLLECTOR_A_FIRST_SEEN]),
		.last_seen.us = (int64_t)zl_attr_u64(in->tb[ZL_COLLECTOR_A_LAST_SEEN]),
	};
	zl_attr_copy(
		in->tb[ZL_COLLECTOR_A_ADDRESS], ret->address.b, sizeof(ret->address.b));
	zl_frame_each(a, in, ZL_COLLECTOR_A_DROP) get_drop(a, ret);
}

void zl_collector_put_template(
	struct zl_frame *f, const struct zl_collector_template *t)
{
	zl_frame_put_bytes(
		f, ZL_COLLECTOR_A_ADDRESS, t->exporter.b, sizeof(t->exporter.b));
	zl_frame_put_u16(f, ZL_COLLECTOR_A_VERSION, t->key.version);
	zl_frame_put_u32(f, ZL_COLLECTOR_A_ODID, t->key.odid);
	zl_frame_put_u16(f, ZL_COLLECTOR_A_PORT, t->key.port);
	zl_frame_put_u8(f, ZL_COLLECTOR_A_IS_OPTIONS, t->is_options);
	zl_frame_put_bytes(f, ZL_COLLECTOR_A_BYTES, t->bytes, t->n);
}

void zl_collector_get_template(
	const struct zl_frame_in *in, struct zl_collector_template *ret)
{
	const struct nlattr *bytes = in->tb[ZL_COLLECTOR_A_BYTES];

	*ret = (struct zl_collector_template){
		.key.version = zl_attr_u16(in->tb[ZL_COLLECTOR_A_VERSION]),
		.key.odid = zl_attr_u32(in->tb[ZL_COLLECTOR_A_ODID]),
		.key.port = zl_attr_u16(in->tb[ZL_COLLECTOR_A_PORT]),
		.is_options = zl_attr_u8(in->tb[ZL_COLLECTOR_A_IS_OPTIONS]) != 0,
		.n = mnl_attr_get_payload_len(bytes),
		.bytes = zl_attr_bytes(bytes),
	};
	zl_attr_copy(in->tb[ZL_COLLECTOR_A_ADDRESS], ret->exporter.b,
		sizeof(ret->exporter.b));
}

void zl_collector_put_ifname(struct zl_frame *f, const struct zl_collector_ifname *i)
{
	zl_frame_put_bytes(
		f, ZL_COLLECTOR_A_ADDRESS, i->exporter.b, sizeof(i->exporter.b));
	zl_frame_put_u32(f, ZL_COLLECTOR_A_NUMBER, i->number);
	zl_frame_put_str(f, ZL_COLLECTOR_A_NAME, i->name);
}

int zl_collector_get_ifname(
	const struct zl_frame_in *in, struct zl_collector_ifname *ret)
{
	*ret = (struct zl_collector_ifname){ .number = zl_attr_u32(
						     in->tb[ZL_COLLECTOR_A_NUMBER]) };
	zl_attr_copy(in->tb[ZL_COLLECTOR_A_ADDRESS], ret->exporter.b,
		sizeof(ret->exporter.b));
	(void)snprintf(ret->name, sizeof(ret->name), "%s",
		zl_attr_str(in->tb[ZL_COLLECTOR_A_NAME]));
	return zl_ifnames_is_name(ret->name) ? 0 : -EPROTO;
}

void zl_collector_put_totals(struct zl_frame *f, const struct zl_collector_totals *t)
{
	zl_frame_put_u64(f, ZL_COLLECTOR_A_DATAGRAMS, t->datagrams);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_RECORDS, t->records);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_RING_DROPPED, t->ring_dropped);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_KERNEL_DROPS, t->kernel_drops);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_BUFFER, t->buffer);
	zl_frame_put_u64(f, ZL_COLLECTOR_A_BUFFER_ASKED, t->buffer_asked);
}

void zl_collector_get_totals(
	const struct zl_frame_in *in, struct zl_collector_totals *ret)
{
	*ret = (struct zl_collector_totals){
		.datagrams = zl_attr_u64(in->tb[ZL_COLLECTOR_A_DATAGRAMS]),
		.records = zl_attr_u64(in->tb[ZL_COLLECTOR_A_RECORDS]),
		.ring_dropped = zl_attr_u64(in->tb[ZL_COLLECTOR_A_RING_DROPPED]),
		.kernel_drops = zl_attr_u64(in->tb[ZL_COLLECTOR_A_KERNEL_DROPS]),
		.buffer = zl_attr_u64(in->tb[ZL_COLLECTOR_A_BUFFER]),
		.buffer_asked = zl_attr_u64(in->tb[ZL_COLLECTOR_A_BUFFER_ASKED]),
	};
}

void zl_collector_put_interface(struct zl_frame *f, const struct zl_if_counters *x)
{
	zl_frame_put_bytes(
		f, ZL_COLLECTOR_A_ADDRESS, x->exporter.b, sizeof(x->exporter.b));
	zl_frame_put_u64(f, ZL_COLLECTOR_A_LAST_SEEN, (uint64_t)x->arrival.us);
	for (uint16_t a = 0; a < N_ITEMS(interface); a++) {
		const uint8_t *at = (const uint8_t *)x + interface_members[a];
		uint64_t v64;
		uint32_t v32;

		if (interface_members[a] == 0)
			continue;
		if (interface[a].type == ZL_ATTR_U64) {
			memcpy(&v64, at, sizeof(v64));
			zl_frame_put_u64(f, a, v64);
		} else {
			memcpy(&v32, at, sizeof(v32));
			zl_frame_put_u32(f, a, v32);
		}
	}
}

void zl_collector_get_interface(
	const struct zl_frame_in *in, struct zl_if_counters *ret)
{
	*ret = (struct zl_if_counters){ .arrival.us = (int64_t)zl_attr_u64(
						in->tb[ZL_COLLECTOR_A_LAST_SEEN]) };
	zl_attr_copy(in->tb[ZL_COLLECTOR_A_ADDRESS], ret->exporter.b,
		sizeof(ret->exporter.b));
	for (uint16_t a = 0; a < N_ITEMS(interface); a++) {
		uint8_t *at = (uint8_t *)ret + interface_members[a];
		uint64_t v64;
		uint32_t v32;

		if (interface_members[a] == 0)
			continue;
		if (interface[a].type == ZL_ATTR_U64) {
			v64 = zl_attr_u64(in->tb[a]);
			memcpy(at, &v64, sizeof(v64));
		} else {
			v32 = zl_attr_u32(in->tb[a]);
			memcpy(at, &v32, sizeof(v32));
		}
	}
}

void zl_collector_put_replay(struct zl_frame *f, const struct zl_collector_replay *p)
{
	zl_frame_put_u8(f, ZL_COLLECTOR_A_IS_ENDED, p->is_ended);
	zl_frame_put_str(f, ZL_COLLECTOR_A_ERROR, p->error);
	zl_frame_put_str(f, ZL_COLLECTOR_A_HINT, p->hint);
	for (unsigned i = 0; i < ZL_DATAGRAM_N; i++)
		put_drop(f, zl_datagram_kinds[i].name, p->packets[i]);
	put_drop(f, ZL_COLLECTOR_OTHER_PORT, p->refused.other_port);
	put_drop(f, ZL_COLLECTOR_OTHER_PROTOCOL, p->refused.other_protocol);
}

static void get_packets(const struct nlattr *nest, struct zl_collector_replay *ret)
{
	const struct nlattr *tb[ZL_COLLECTOR_A_N] = { 0 };
	const char *reason;
	uint64_t n;

	zl_frame_open_nest(nest, tb, ZL_COLLECTOR_A_N);
	reason = zl_attr_str(tb[ZL_COLLECTOR_A_REASON]);
	n = zl_attr_u64(tb[ZL_COLLECTOR_A_COUNT]);
	for (unsigned i = 0; i < ZL_DATAGRAM_N; i++)
		if (strcmp(reason, zl_datagram_kinds[i].name) == 0)
			ret->packets[i] = n;
	if (strcmp(reason, ZL_COLLECTOR_OTHER_PORT) == 0)
		ret->refused.other_port = n;
	if (strcmp(reason, ZL_COLLECTOR_OTHER_PROTOCOL) == 0)
		ret->refused.other_protocol = n;
}

void zl_collector_get_replay(
	const struct zl_frame_in *in, struct zl_collector_replay *ret)
{
	const struct nlattr *a;

	*ret = (struct zl_collector_replay){
		.is_ended = zl_attr_u8(in->tb[ZL_COLLECTOR_A_IS_ENDED]) != 0,
	};
	(void)snprintf(ret->error, sizeof(ret->error), "%s",
		zl_attr_str(in->tb[ZL_COLLECTOR_A_ERROR]));
	(void)snprintf(ret->hint, sizeof(ret->hint), "%s",
		zl_attr_str(in->tb[ZL_COLLECTOR_A_HINT]));
	zl_frame_each(a, in, ZL_COLLECTOR_A_DROP) get_packets(a, ret);
}
