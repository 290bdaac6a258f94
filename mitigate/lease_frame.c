/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases and reports as attributes of a frame. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mitigate/lease.h"

enum {
	A_ID = 1,
	A_DOMAIN,
	A_NAME,
	A_ACTION,
	A_GRADE,
	A_BACKEND,
	A_CREATED,
	A_EXPIRES,
	A_NIC,
	A_BLOCK,
	A_CAUSE
};
enum { N_MAC = 1, N_TAP };
enum { B_DST = 1, B_DPORT, B_PROTO };
enum {
	R_ID = 1,
	R_STATE,
	R_COMMITTED,
	R_ELEMENTS,
	R_OBJECTS,
	R_CODE,
	R_ERROR_ID,
	R_MSG,
	R_HINT
};

/* clang-format off */
static const struct zl_attr nic_attrs[] = {
	[N_MAC] = { .name = "mac", .type = ZL_ATTR_BYTES, .max = 6, .required = true },
	[N_TAP] = { .name = "tap", .type = ZL_ATTR_STRING, .max = ZL_TAP_NAME - 1 },
};

static const struct zl_attr block_attrs[] = {
	[B_DST]	  = { .name = "dst", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[B_DPORT] = { .name = "dport", .type = ZL_ATTR_U16 },
	[B_PROTO] = { .name = "proto", .type = ZL_ATTR_U8, .required = true },
};

const struct zl_attr zl_lease_attrs[ZL_LEASE_ATTRS] = {
	[A_ID]	    = { .name = "id", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[A_DOMAIN]  = { .name = "domain", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[A_NAME]    = { .name = "name", .type = ZL_ATTR_STRING, .max = ZL_DOMAIN_NAME - 1 },
	[A_ACTION]  = { .name = "action", .type = ZL_ATTR_U8, .required = true },
	[A_GRADE]   = { .name = "grade", .type = ZL_ATTR_U8 },
	[A_BACKEND] = { .name = "backend", .type = ZL_ATTR_U8 },
	[A_CREATED] = { .name = "created", .type = ZL_ATTR_U64 },
	[A_EXPIRES] = { .name = "expires", .type = ZL_ATTR_U64, .required = true },
	[A_NIC]	    = { .name = "nic", .type = ZL_ATTR_NEST, .repeated = true, ZL_NESTED(nic_attrs) },
	[A_BLOCK]   = { .name = "block", .type = ZL_ATTR_NEST, .repeated = true, ZL_NESTED(block_attrs) },
	[A_CAUSE]   = { .name = "cause", .type = ZL_ATTR_STRING, .max = ZL_LEASE_TEXT - 1 },
};

const struct zl_attr zl_report_attrs[ZL_REPORT_ATTRS] = {
	[R_ID]	      = { .name = "id", .type = ZL_ATTR_BYTES, .max = 16, .required = true },
	[R_STATE]     = { .name = "state", .type = ZL_ATTR_U8, .required = true },
	[R_COMMITTED] = { .name = "committed", .type = ZL_ATTR_U64 },
	[R_ELEMENTS]  = { .name = "elements", .type = ZL_ATTR_U16 },
	[R_OBJECTS]   = { .name = "objects", .type = ZL_ATTR_STRING, .max = 1023 },
	[R_CODE]      = { .name = "code", .type = ZL_ATTR_U32 },
	[R_ERROR_ID]  = { .name = "error-id", .type = ZL_ATTR_STRING, .max = 47 },
	[R_MSG]	      = { .name = "message", .type = ZL_ATTR_STRING, .max = 255 },
	[R_HINT]      = { .name = "hint", .type = ZL_ATTR_STRING, .max = 191 },
};
/* clang-format on */

void zl_lease_put(struct zl_frame *f, uint16_t attr, const struct zl_lease *lease)
{
	struct nlattr *nest = zl_frame_nest(f, attr);

	zl_frame_put_bytes(f, A_ID, lease->id.b, sizeof(lease->id.b));
	zl_frame_put_bytes(f, A_DOMAIN, lease->domain.b, sizeof(lease->domain.b));
	zl_frame_put_str(f, A_NAME, lease->domain_name);
	zl_frame_put_u8(f, A_ACTION, (uint8_t)lease->action);
	zl_frame_put_u8(f, A_GRADE, (uint8_t)lease->grade);
	zl_frame_put_u8(f, A_BACKEND, (uint8_t)lease->backend);
	zl_frame_put_u64(f, A_CREATED, (uint64_t)lease->created.us);
	zl_frame_put_u64(f, A_EXPIRES, (uint64_t)lease->expires.us);
	zl_frame_put_str(f, A_CAUSE, lease->cause);
	for (unsigned i = 0; i < lease->n_nics; i++) {
		struct nlattr *nic = zl_frame_nest(f, A_NIC);

		zl_frame_put_bytes(f, N_MAC, lease->nics[i].mac.b, 6);
		zl_frame_put_str(f, N_TAP, lease->nics[i].tap);
		zl_frame_nest_end(f, nic);
	}
	for (unsigned i = 0; i < lease->n_blocks; i++) {
		struct nlattr *block = zl_frame_nest(f, A_BLOCK);

		zl_frame_put_bytes(f, B_DST, lease->blocks[i].dst.b, 16);
		zl_frame_put_u16(f, B_DPORT, lease->blocks[i].dport);
		zl_frame_put_u8(f, B_PROTO, lease->blocks[i].proto);
		zl_frame_nest_end(f, block);
	}
	zl_frame_nest_end(f, nest);
}

static void get_text(const struct nlattr *a, char *to, size_t size)
{
	(void)snprintf(to, size, "%s", zl_attr_str(a));
}

static int get_nics(
	const struct nlattr *nest, struct zl_lease *l, struct zl_error *reterr)
{
	const struct nlattr *a, *tb[N_TAP + 1];

	zl_nest_each(a, nest, A_NIC)
	{
		struct zl_lease_nic *nic = &l->nics[l->n_nics];

		if (l->n_nics == ZL_LEASE_NICS_MAX)
			return zl_fail(reterr, -E2BIG, "lease with more than %d NICs",
				ZL_LEASE_NICS_MAX);
		zl_frame_open_nest(a, tb, N_TAP + 1);
		zl_attr_copy(tb[N_MAC], nic->mac.b, 6);
		get_text(tb[N_TAP], nic->tap, sizeof(nic->tap));
		l->n_nics++;
	}
	return 0;
}

static int get_blocks(
	const struct nlattr *nest, struct zl_lease *l, struct zl_error *reterr)
{
	const struct nlattr *a, *tb[B_PROTO + 1];

	zl_nest_each(a, nest, A_BLOCK)
	{
		struct zl_block *block = &l->blocks[l->n_blocks];

		if (l->n_blocks == ZL_LEASE_BLOCKS_MAX)
			return zl_fail(reterr, -E2BIG,
				"lease with more than %d blocked services",
				ZL_LEASE_BLOCKS_MAX);
		zl_frame_open_nest(a, tb, B_PROTO + 1);
		zl_attr_copy(tb[B_DST], block->dst.b, 16);
		block->dport = zl_attr_u16(tb[B_DPORT]);
		block->proto = zl_attr_u8(tb[B_PROTO]);
		l->n_blocks++;
	}
	return 0;
}

int zl_lease_get(
	const struct nlattr *nest, struct zl_lease *ret, struct zl_error *reterr)
{
	const struct nlattr *tb[A_CAUSE + 1];
	struct zl_lease l = { 0 };
	int r;

	zl_frame_open_nest(nest, tb, A_CAUSE + 1);
	zl_attr_copy(tb[A_ID], l.id.b, 16);
	zl_attr_copy(tb[A_DOMAIN], l.domain.b, 16);
	get_text(tb[A_NAME], l.domain_name, sizeof(l.domain_name));
	get_text(tb[A_CAUSE], l.cause, sizeof(l.cause));
	l.action = (enum zl_action)zl_attr_u8(tb[A_ACTION]);
	l.grade = (enum zl_grade)zl_attr_u8(tb[A_GRADE]);
	l.backend = (enum zl_backend_id)zl_attr_u8(tb[A_BACKEND]);
	l.created.us = (int64_t)zl_attr_u64(tb[A_CREATED]);
	l.expires.us = (int64_t)zl_attr_u64(tb[A_EXPIRES]);
	if (l.action >= ZL_ACTION_N || l.grade >= ZL_GRADE_N ||
		l.backend >= ZL_BACKEND_N)
		return zl_fail(reterr, -EPROTO, "lease with an unknown action");
	r = get_nics(nest, &l, reterr);
	if (r >= 0)
		r = get_blocks(nest, &l, reterr);
	if (r < 0)
		return r;
	*ret = l;
	return 0;
}

void zl_lease_report_put(
	struct zl_frame *f, uint16_t attr, const struct zl_lease_report *report)
{
	struct nlattr *nest = zl_frame_nest(f, attr);

	zl_frame_put_bytes(f, R_ID, report->id.b, 16);
	zl_frame_put_u8(f, R_STATE, (uint8_t)report->state);
	zl_frame_put_u64(f, R_COMMITTED, (uint64_t)report->committed.us);
	zl_frame_put_u16(f, R_ELEMENTS, report->n_elements);
	zl_frame_put_str(f, R_OBJECTS, report->objects);
	zl_frame_put_u32(f, R_CODE, (uint32_t)-report->error.code);
	zl_frame_put_str(f, R_ERROR_ID, report->error.id);
	zl_frame_put_str(f, R_MSG, report->error.msg);
	zl_frame_put_str(f, R_HINT, report->error.hint);
	zl_frame_nest_end(f, nest);
}

int zl_lease_report_get(
	const struct nlattr *nest, struct zl_lease_report *ret, struct zl_error *reterr)
{
	const struct nlattr *tb[R_HINT + 1];
	struct zl_lease_report rep = { 0 };

	zl_frame_open_nest(nest, tb, R_HINT + 1);
	zl_attr_copy(tb[R_ID], rep.id.b, 16);
	rep.state = (enum zl_lease_state)zl_attr_u8(tb[R_STATE]);
	if (rep.state >= ZL_LEASE_STATE_N)
		return zl_fail(reterr, -EPROTO, "report with an unknown lease state");
	rep.committed.us = (int64_t)zl_attr_u64(tb[R_COMMITTED]);
	rep.n_elements = zl_attr_u16(tb[R_ELEMENTS]);
	get_text(tb[R_OBJECTS], rep.objects, sizeof(rep.objects));
	rep.error.code = -(int)(zl_attr_u32(tb[R_CODE]) & 0xffff);
	get_text(tb[R_ERROR_ID], rep.error.id, sizeof(rep.error.id));
	get_text(tb[R_MSG], rep.error.msg, sizeof(rep.error.msg));
	get_text(tb[R_HINT], rep.error.hint, sizeof(rep.error.hint));
	*ret = rep;
	return 0;
}
