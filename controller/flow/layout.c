/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed places of fields, and the moves. */
#include "controller/flow/layout.h"

#include <endian.h>
#include <string.h>

enum move {
	MOVE_STORE, /* zl_element_store() */
	MOVE_8,
	MOVE_16,
	MOVE_32,
	MOVE_64,
	MOVE_32_TO_64,
	MOVE_16_TO_32,
	MOVE_MS, /* 64 bits, of which some are no time */
	MOVE_ADDR4,
	MOVE_ADDR6,
	MOVE_MAC,
};

/* The plain moves of numbers, by bytes on the wire and bytes in the member. */
static const struct {
	uint8_t from, to, move;
} moves[] = {
	{ 1, 1, MOVE_8 },
	{ 2, 2, MOVE_16 },
	{ 4, 4, MOVE_32 },
	{ 8, 8, MOVE_64 },
	{ 4, 8, MOVE_32_TO_64 },
	{ 2, 4, MOVE_16_TO_32 },
};

static enum move choose_number(const struct zl_template_op *op)
{
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].from == op->width && moves[i].to == op->element->width)
			return (enum move)moves[i].move;
	return MOVE_STORE;
}

static enum move choose(const struct zl_template *t, const struct zl_template_op *op)
{
	/* Of two for one member, the values decide. */
	for (unsigned i = 0; i < t->n_ops; i++)
		if (&t->ops[i] != op &&
			t->ops[i].element->offset == op->element->offset)
			return MOVE_STORE;
	if (op->element->kind == ZL_ELEMENT_UINT ||
		op->element->kind == ZL_ELEMENT_FLAGS)
		return choose_number(op);
	if (op->element->kind == ZL_ELEMENT_MS && op->width == 8)
		return MOVE_MS;
	if (op->element->kind == ZL_ELEMENT_ADDR4)
		return MOVE_ADDR4;
	if (op->element->kind == ZL_ELEMENT_ADDR6)
		return MOVE_ADDR6;
	return op->element->kind == ZL_ELEMENT_MAC ? MOVE_MAC : MOVE_STORE;
}

void zl_layout_settle(struct zl_template *t)
{
	size_t at = 0;

	t->is_fixed = true;
	for (unsigned i = 0; i < t->n_ops; i++)
		if (t->ops[i].element == NULL ||
			t->ops[i].width == ZL_TEMPLATE_VARIABLE)
			t->is_fixed = false;
	if (!t->is_fixed)
		return;
	for (unsigned i = 0; i < t->n_ops; i++) {
		struct zl_template_op *op = &t->ops[i];

		op->at = (uint16_t)(at + op->skip); /* < min_length */
		op->move = (uint8_t)choose(t, op);
		at = (size_t)op->at + op->width;
		if (op->move != MOVE_STORE)
			t->bits |= op->element->bit;
	}
}

static uint16_t get_16(const uint8_t *from)
{
	uint16_t v;

	memcpy(&v, from, sizeof(v));
	return be16toh(v);
}

static uint32_t get_32(const uint8_t *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return be32toh(v);
}

static uint64_t get_64(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return be64toh(v);
}

static void put(void *to, const void *v, size_t n)
{
	memcpy(to, v, n);
}

static void move(const struct zl_template_op *op, const uint8_t *from,
	struct zl_flow_draft *draft)
{
	uint8_t *to = (uint8_t *)draft + op->element->offset;
	struct zl_addr addr;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch ((enum move)op->move) {
	case MOVE_STORE:
		zl_element_store(op->element,
			(struct zl_cursor){ .at = from, .left = op->width }, draft);
		return;
	case MOVE_8: *to = *from; return;
	case MOVE_16:
		v16 = get_16(from);
		put(to, &v16, sizeof(v16));
		return;
	case MOVE_32:
		v32 = get_32(from);
		put(to, &v32, sizeof(v32));
		return;
	case MOVE_64:
		v64 = get_64(from);
		put(to, &v64, sizeof(v64));
		return;
	case MOVE_32_TO_64:
		v64 = get_32(from);
		put(to, &v64, sizeof(v64));
		return;
	case MOVE_16_TO_32:
		v32 = get_16(from);
		put(to, &v32, sizeof(v32));
		return;
	case MOVE_MS:
		v64 = get_64(from);
		if (v64 <= INT64_MAX / 2)
			put(to, &v64, sizeof(v64));
		return;
	case MOVE_ADDR4:
		addr = zl_addr_from_v4_be(from);
		put(to, &addr, sizeof(addr));
		return;
	case MOVE_ADDR6: put(to, from, sizeof(addr)); return;
	case MOVE_MAC: put(to, from, sizeof(struct zl_mac)); return;
	}
}

bool zl_layout_read(
	const struct zl_template *t, struct zl_cursor *set, struct zl_flow_draft *draft)
{
	const uint8_t *record = zl_get_bytes(set, t->min_length);

	if (record == NULL)
		return false;
	for (unsigned i = 0; i < t->n_ops; i++)
		move(&t->ops[i], record + t->ops[i].at, draft);
	draft->present |= t->bits;
	return true;
}
