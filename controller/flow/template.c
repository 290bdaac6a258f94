/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learning templates, compiling them, and reading records with them. */
#include "controller/flow/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/flow/layout.h"

/* A template as it came, before it is compiled. */
struct field {
	uint32_t pen;
	uint16_t id, length;
};

struct spec {
	uint16_t id;
	unsigned n, n_scope; /* n may exceed the array: fields that were only walked */
	bool is_options;
	bool is_provisional;
	enum zl_template_format format;
	struct zl_cursor raw;
	struct field fields[ZL_TEMPLATE_FIELDS_MAX];
};

static void begin(struct spec *s, struct zl_cursor raw, enum zl_template_format format,
	bool is_options, bool is_provisional)
{
	s->format = format;
	s->is_options = is_options;
	s->n_scope = 0;
	s->is_provisional = is_provisional;
	s->raw = raw;
}

void zl_templates_init(struct zl_templates *t, struct zl_template_room *room)
{
	*t = (struct zl_templates){ .room = room };
	zl_map_init(&t->by_id, sizeof(uint16_t), ZL_TEMPLATES_MAX);
}

static size_t size_of(unsigned n_ops, size_t n_raw)
{
	return sizeof(struct zl_template) + n_ops * sizeof(struct zl_template_op) +
	       n_raw;
}

const uint8_t *zl_template_raw(const struct zl_template *t)
{
	return (const uint8_t *)(t->ops + t->n_ops);
}

static void remove_template(struct zl_templates *t, uint16_t id)
{
	struct zl_template *old = zl_map_remove(&t->by_id, &id);

	if (old == NULL)
		return;
	t->room->used -= size_of(old->n_ops, old->n_raw);
	free(old);
}

void zl_templates_done(struct zl_templates *t)
{
	struct zl_template *old;

	for (size_t i = 0; (old = zl_map_next(&t->by_id, &i)) != NULL;) {
		t->room->used -= size_of(old->n_ops, old->n_raw);
		free(old);
	}
	zl_map_done(&t->by_id);
}

static void evict_oldest(struct zl_templates *t, struct zl_drop_counts *drops)
{
	const struct zl_template *oldest = NULL, *at;

	for (size_t i = 0; (at = zl_map_next(&t->by_id, &i)) != NULL;)
		if (oldest == NULL || at->seen.us < oldest->seen.us)
			oldest = at;
	if (oldest == NULL)
		return;
	remove_template(t, oldest->id);
	zl_drop_count(drops, ZL_DROP_TEMPLATE_EVICTED);
}

/* Scopes of v9 have numbers of their own (RFC 3954, 6.1); the elements that say the same. */
static const struct zl_element *find_v9_scope(const struct field *f)
{
	enum { SCOPE_INTERFACE = 2, SCOPE_TEMPLATE = 5 };
	enum { INGRESS_INTERFACE = 10, TEMPLATE_ID = 145 };

	if (f->length == 0 || f->length > sizeof(uint64_t))
		return NULL;
	switch (f->id) {
	case SCOPE_INTERFACE: return zl_element_find(ZL_PEN_IANA, INGRESS_INTERFACE);
	case SCOPE_TEMPLATE: return zl_element_find(ZL_PEN_IANA, TEMPLATE_ID);
	}
	return NULL;
}

static const struct zl_element *find_element(const struct spec *s, unsigned i)
{
	const struct field *f = &s->fields[i];

	if (s->format == ZL_TEMPLATE_V9 && i < s->n_scope)
		return find_v9_scope(f);
	return zl_element_find(f->pen, f->id);
}

static bool can_have_length(const struct zl_element *e, uint16_t length)
{
	return (length >= e->min && length <= e->max) ||
	       (length == ZL_TEMPLATE_VARIABLE && e->kind == ZL_ELEMENT_TEXT);
}

/* What each field is to us; NULL for those to skip. */
static void choose_elements(const struct spec *s, const struct zl_element **ret,
	struct zl_drop_counts *drops)
{
	uint8_t best[sizeof(struct zl_flow_draft)];

	memset(best, UINT8_MAX, sizeof(best));
	for (unsigned i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const struct zl_element *e = find_element(s, i);

		if (e != NULL && !can_have_length(e, f->length)) {
			zl_drop_count(drops, ZL_DROP_ELEMENT_LENGTH);
			e = NULL;
		}
		if (e != NULL && e->rank < best[e->offset])
			best[e->offset] = e->rank;
		ret[i] = e;
	}
	for (unsigned i = 0; i < s->n; i++)
		if (ret[i] != NULL && ret[i]->rank > best[ret[i]->offset])
			ret[i] = NULL;
}

/* The least bytes that a record has, 0 when no record can be so. */
static uint16_t measure(const struct spec *s)
{
	size_t length = 0;

	for (unsigned i = 0; i < s->n; i++)
		length += s->fields[i].length == ZL_TEMPLATE_VARIABLE
				  ? 1
				  : s->fields[i].length;
	return length <= UINT16_MAX ? (uint16_t)length : 0;
}

static struct zl_template *compile(const struct spec *s, struct zl_drop_counts *drops)
{
	const struct zl_element *elements[ZL_TEMPLATE_FIELDS_MAX];
	struct zl_template *t;
	unsigned n_ops = 0;
	uint16_t skip = 0;

	choose_elements(s, elements, drops);
	for (unsigned i = 0; i < s->n; i++)
		if (elements[i] != NULL || s->fields[i].length == ZL_TEMPLATE_VARIABLE)
			n_ops++;
	t = calloc(1, size_of(n_ops, s->raw.left));
	if (t == NULL)
		return NULL;
	t->id = s->id;
	t->is_options = s->is_options;
	t->min_length = measure(s);
	for (unsigned i = 0; i < s->n; i++) {
		uint16_t length = s->fields[i].length;

		if (elements[i] == NULL && length != ZL_TEMPLATE_VARIABLE) {
			skip = (uint16_t)(skip + length); /* <= min_length */
			continue;
		}
		t->ops[t->n_ops++] = (struct zl_template_op){
			.element = elements[i],
			.skip = skip,
			.width = length,
		};
		skip = 0;
	}
	t->tail = skip;
	t->n_raw = (uint16_t)s->raw.left; /* part of a set */
	t->is_provisional = s->is_provisional;
	memcpy(t->ops + t->n_ops, s->raw.at, s->raw.left);
	zl_layout_settle(t);
	return t;
}

/* When the caller told of just this template, unless it should do so again. */
static struct zl_mono find_told(
	const struct zl_templates *t, const struct spec *s, struct zl_mono now)
{
	const struct zl_template *old = zl_map_find(&t->by_id, &s->id);

	if (s->is_provisional)
		return now;
	if (old != NULL && old->is_options == s->is_options &&
		old->n_raw == s->raw.left &&
		memcmp(zl_template_raw(old), s->raw.at, s->raw.left) == 0 &&
		zl_mono_since(now, old->told) <
			(uint64_t)ZL_TEMPLATE_TELL_S * (uint64_t)ZL_US_PER_S)
		return old->told;
	return (struct zl_mono){ 0 };
}

/* Take a complete template in, or refuse it; the old one goes either way. */
static bool add(struct zl_templates *t, const struct spec *s, struct zl_mono now,
	struct zl_drop_counts *drops)
{
	struct zl_mono told = find_told(t, s, now);
	struct zl_template *new;
	size_t size;

	remove_template(t, s->id);
	if (s->n > ZL_TEMPLATE_FIELDS_MAX) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_FIELDS);
		return false;
	}
	if (s->is_options &&
		(s->n_scope > s->n ||
			(s->n_scope == 0 && s->format == ZL_TEMPLATE_IPFIX))) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_SCOPE);
		return false;
	}
	if (measure(s) == 0) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_LENGTH);
		return false;
	}
	new = compile(s, drops);
	size = new == NULL ? 0 : size_of(new->n_ops, new->n_raw);
	if (new == NULL || size > t->room->most - t->room->used) {
		free(new);
		zl_drop_count(drops, ZL_DROP_TEMPLATE_LIMIT);
		return false;
	}
	if (t->by_id.n >= ZL_TEMPLATES_MAX)
		evict_oldest(t, drops);
	new->seen = now;
	new->told = told;
	if (zl_map_put(&t->by_id, &new->id, new) < 0) {
		free(new);
		zl_drop_count(drops, ZL_DROP_TEMPLATE_LIMIT);
		return false;
	}
	t->room->used += size;
	t->room->n_untold += told.us == 0;
	return true;
}

static void read_fields(struct zl_cursor *set, struct spec *s)
{
	for (unsigned i = 0; i < s->n && !set->bad; i++) {
		struct field f = { 0 };

		f.id = zl_get_u16(set);
		f.length = zl_get_u16(set);
		if (s->format == ZL_TEMPLATE_IPFIX && (f.id & 0x8000) != 0) {
			f.id &= 0x7fff;
			f.pen = zl_get_u32(set);
		}
		if (i < ZL_TEMPLATE_FIELDS_MAX)
			s->fields[i] = f;
	}
}

/* The head of one template; false when there is none any more, or no good one. */
static bool read_head(struct zl_templates *t, struct zl_cursor *set, struct spec *s,
	struct zl_drop_counts *drops)
{
	uint16_t scope_bytes, option_bytes;

	s->id = zl_get_u16(set);
	if (s->is_options && s->format == ZL_TEMPLATE_V9) {
		scope_bytes = zl_get_u16(set);
		option_bytes = zl_get_u16(set);
		s->n_scope = scope_bytes / 4;
		s->n = s->n_scope + option_bytes / 4;
		if (!set->bad && (scope_bytes % 4 != 0 || option_bytes % 4 != 0)) {
			remove_template(t, s->id);
			zl_drop_count(drops, ZL_DROP_TEMPLATE_SCOPE);
			return false;
		}
	} else {
		s->n = zl_get_u16(set);
		if (s->is_options && s->n != 0)
			s->n_scope = zl_get_u16(set);
	}
	if (set->bad) {
		remove_template(t, s->id);
		zl_drop_count(drops, ZL_DROP_TEMPLATE_CUT);
		return false;
	}
	/* A withdrawal, whose id may be that of the set: of all its templates. */
	if (s->n == 0 && s->format == ZL_TEMPLATE_IPFIX &&
		(s->id >= ZL_TEMPLATE_ID_MIN || s->id == (s->is_options ? 3 : 2)))
		return true;
	if (s->id < ZL_TEMPLATE_ID_MIN) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_ID);
		return false;
	}
	return true;
}

/* Fewer bytes than a head, or zeros (some exporters pad to more than 4 bytes). */
static bool is_padding(struct zl_cursor rest)
{
	if (rest.left < 4)
		return true;
	while (rest.left > 0)
		if (zl_get_u8(&rest) != 0)
			return false;
	return true;
}

/* RFC 7011, section 8.1: the id of the set, 2 or 3, stands for all of its kind. */
static void withdraw(struct zl_templates *t, const struct spec *s)
{
	const struct zl_template *at;

	if (s->id >= ZL_TEMPLATE_ID_MIN) {
		remove_template(t, s->id);
		return;
	}
	if (s->id != (s->is_options ? 3 : 2))
		return;
	/* The map must not change while it is walked, so one at a time. */
	for (size_t i = 0; (at = zl_map_next(&t->by_id, &i)) != NULL;)
		if (at->is_options == s->is_options) {
			remove_template(t, at->id);
			i = 0;
		}
}

unsigned zl_templates_learn(struct zl_templates *t, struct zl_cursor set,
	enum zl_template_format format, bool is_options, struct zl_mono now,
	struct zl_drop_counts *drops)
{
	unsigned learned = 0;

	while (!is_padding(set)) {
		struct spec s;

		begin(&s, set, format, is_options, false);
		if (!read_head(t, &set, &s, drops))
			return learned;
		if (s.n == 0 && format == ZL_TEMPLATE_IPFIX) {
			if (t->is_session)
				withdraw(t, &s);
			else
				zl_drop_count(drops, ZL_DROP_TEMPLATE_WITHDRAWN);
			continue;
		}
		read_fields(&set, &s);
		if (set.bad) {
			remove_template(t, s.id);
			zl_drop_count(drops, ZL_DROP_TEMPLATE_CUT);
			return learned;
		}
		s.raw.left -= set.left;
		learned += add(t, &s, now, drops);
	}
	return learned;
}

bool zl_templates_recall(struct zl_templates *t, struct zl_cursor raw,
	enum zl_template_format format, bool is_options, struct zl_mono now,
	struct zl_drop_counts *drops)
{
	struct spec s;

	begin(&s, raw, format, is_options, true);
	if (!read_head(t, &raw, &s, drops) || s.n == 0)
		return false;
	if (zl_map_find(&t->by_id, &s.id) != NULL)
		return true;
	read_fields(&raw, &s);
	if (raw.bad || raw.left != 0) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_CUT);
		return false;
	}
	return add(t, &s, now, drops);
}

const struct zl_template *zl_templates_find(struct zl_templates *t, uint16_t id,
	struct zl_mono now, struct zl_drop_counts *drops)
{
	const struct zl_template *found = zl_map_find(&t->by_id, &id);

	if (found == NULL || t->is_session ||
		zl_mono_since(now, found->seen) <=
			(uint64_t)ZL_TEMPLATE_TTL_S * (uint64_t)ZL_US_PER_S)
		return found;
	remove_template(t, id);
	zl_drop_count(drops, ZL_DROP_TEMPLATE_EXPIRED);
	return NULL;
}

/* The length of a variable field stands before it (RFC 7011, section 7). */
static size_t get_length(struct zl_cursor *set)
{
	uint8_t length = zl_get_u8(set);

	return length < 255 ? length : zl_get_u16(set);
}

bool zl_template_read(
	const struct zl_template *t, struct zl_cursor *set, struct zl_flow_draft *draft)
{
	if (t->is_fixed && set->left >= t->min_length)
		return zl_layout_read(t, set, draft);
	for (unsigned i = 0; i < t->n_ops && !set->bad; i++) {
		const struct zl_template_op *op = &t->ops[i];
		struct zl_cursor value;

		zl_skip(set, op->skip);
		value = zl_get_window(set, op->width == ZL_TEMPLATE_VARIABLE
						   ? get_length(set)
						   : op->width);
		if (!value.bad && op->element != NULL)
			zl_element_store(op->element, value, draft);
	}
	zl_skip(set, t->tail);
	return !set->bad;
}
