/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the sets of v9 and IPFIX. */
#include "controller/flow/flowset.h"

enum { SET_HEADER = 4 };

/* Split the next set off: its id, and its body as `ret`.  False: none, or broken. */
static bool next_set(struct zl_cursor *sets, uint16_t *ret_id, struct zl_cursor *ret)
{
	uint16_t length;

	if (sets->left < SET_HEADER)
		return false; /* up to 3 bytes of padding */
	*ret_id = zl_get_u16(sets);
	length = zl_get_u16(sets);
	if (length < SET_HEADER || (size_t)length - SET_HEADER > sets->left) {
		sets->bad = true;
		return false;
	}
	*ret = zl_get_window(sets, (size_t)(length - SET_HEADER));
	return true;
}

/* Options tell about the exporter: when it booted, how it samples, its interfaces. */
static void take_options(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	d->exporter->options++;
	d->n_records++;
	if ((draft->present & ZL_ASIDE_BOOT) != 0)
		d->clock.boot_ms = d->stream->boot_ms = draft->boot_ms;
	zl_sampling_learn(&d->stream->sampling, draft);
	zl_ifnames_learn(&d->exporter->ifnames, draft);
	zl_decode_emit_options(d, draft, template_id);
}

static void take_flow(
	struct zl_decode *d, struct zl_flow_draft *draft, const struct zl_template *t)
{
	/* Exporters that do not keep these times send zeros (nProbe); v5 ones do keep
	 * them, and there a flow of one packet may begin and end at boot. */
	if (draft->last_uptime == 0 && draft->first_uptime == 0)
		draft->present &= ~(ZL_ASIDE_FIRST_UPTIME | ZL_ASIDE_LAST_UPTIME);
	if (draft->present != 0)
		zl_sampling_apply(&d->stream->sampling, draft, t->id);
	if ((draft->present & ZL_ASIDE_BOOT) != 0)
		d->clock.boot_ms = d->stream->boot_ms = draft->boot_ms;
	if (draft->present != 0) {
		draft->flow.is_provisional = t->is_provisional;
		zl_decode_emit(d, draft, t->id);
		return;
	}
	d->n_records++;
	zl_decode_drop(d, ZL_DROP_RECORD_EMPTY);
}

/* What is left is fill when it is shorter than a record and nothing but zeros. */
static bool is_fill(struct zl_cursor rest)
{
	while (rest.left > 0)
		if (zl_get_u8(&rest) != 0)
			return false;
	return !rest.bad;
}

static void read_records(
	struct zl_decode *d, const struct zl_template *t, struct zl_cursor set)
{
	while (set.left >= t->min_length) {
		struct zl_flow_draft draft = { .export_ms = d->clock.export_ms };

		if (!zl_template_read(t, &set, &draft))
			break;
		if (t->is_options)
			take_options(d, &draft, t->id);
		else
			take_flow(d, &draft, t);
	}
	if (set.bad || (set.left >= SET_HEADER && !is_fill(set)))
		zl_decode_drop(d, ZL_DROP_RECORD_CUT);
}

/* The stream of this datagram, made when there is none yet. */
static bool need_stream(struct zl_decode *d)
{
	if (d->stream == NULL)
		d->stream = zl_exporter_stream(
			d->exporter, &d->key, true, d->datagram->now);
	return d->stream != NULL;
}

static void read_data(struct zl_decode *d, struct zl_cursor set, uint16_t id)
{
	const struct zl_template *t;

	if (set.left == 0)
		return; /* not even fill: there is nothing to wait with */
	if (!need_stream(d)) {
		d->is_counted = false;
		zl_decode_drop(d, ZL_DROP_TEMPLATE_UNKNOWN);
		return;
	}
	t = zl_templates_find(
		&d->stream->templates, id, d->datagram->now, &d->exporter->drops);
	if (t != NULL) {
		read_records(d, t, set);
		return;
	}
	d->is_counted = false;
	if (d->key.is_tcp) /* nothing overtakes there */
		zl_decode_drop(d, ZL_DROP_TEMPLATE_UNKNOWN);
	else
		zl_pending_put(&d->stream->pending, id, set, &d->clock,
			d->datagram->arrival, d->datagram->now, &d->exporter->drops);
}

/* --- templates, and what waited for them --- */

static bool is_known(uint16_t id, void *user)
{
	struct zl_decode *d = user;

	return zl_templates_find(&d->stream->templates, id, d->datagram->now,
		       &d->exporter->drops) != NULL;
}

/* With the clock and the arrival that they came with. */
static void read_pending(struct zl_decode *d)
{
	struct zl_pending *p = &d->stream->pending;
	struct zl_mono now = d->datagram->now;
	struct zl_pending_set *set;

	while ((set = zl_pending_take(p, is_known, d, now, &d->exporter->drops)) !=
		NULL) {
		struct zl_datagram then = *d->datagram;
		struct zl_decode late = *d;
		struct zl_cursor c = { .at = set->bytes, .left = set->n };

		then.arrival = set->arrival;
		late.datagram = &then;
		late.clock = set->clock;
		late.clock.boot_ms = d->stream->boot_ms;
		read_records(&late,
			zl_templates_find(&d->stream->templates, set->id, now,
				&d->exporter->drops),
			c);
		zl_pending_free(p, set);
	}
}

/* How many. */
static unsigned learn(struct zl_decode *d, struct zl_cursor set, bool is_options,
	const struct zl_flowset_ids *ids)
{
	if (need_stream(d))
		return zl_templates_learn(&d->stream->templates, set, ids->format,
			is_options, d->datagram->now, &d->exporter->drops);
	zl_decode_drop(d, ZL_DROP_TEMPLATE_LIMIT);
	return 0;
}

static bool is_reserved(uint16_t id, const struct zl_flowset_ids *ids)
{
	return id < ZL_TEMPLATE_ID_MIN && id != ids->templates && id != ids->options;
}

/*
 * Check the lengths of all sets before one is read.  v9 has no message length, so
 * bytes behind its last set look like one: where the lengths stop making sense behind a
 * set with a reserved id, `sets` is cut down to what stands before that set.
 */
static bool check_lengths(
	struct zl_decode *d, struct zl_cursor *sets, const struct zl_flowset_ids *ids)
{
	struct zl_cursor look = *sets, set;
	size_t good = SIZE_MAX;
	uint16_t id;

	for (size_t left = look.left; next_set(&look, &id, &set); left = look.left)
		if (good == SIZE_MAX && is_reserved(id, ids))
			good = sets->left - left;
	if (!look.bad)
		return true;
	zl_decode_drop(d, ZL_DROP_SET_LENGTH);
	if (good == SIZE_MAX || ids->format != ZL_TEMPLATE_V9)
		return false;
	*sets = zl_get_window(sets, good);
	return true;
}

bool zl_flowset_decode(
	struct zl_decode *d, struct zl_cursor sets, const struct zl_flowset_ids *ids)
{
	struct zl_cursor set;
	unsigned learned = 0;
	uint16_t id;

	if (!check_lengths(d, &sets, ids))
		return false;
	d->stream = zl_exporter_stream(d->exporter, &d->key, false, d->datagram->now);
	d->clock.boot_ms = d->stream == NULL ? 0 : d->stream->boot_ms;
	while (next_set(&sets, &id, &set)) {
		if (is_reserved(id, ids))
			zl_decode_drop(d, ZL_DROP_SET_ID);
		else if (id >= ZL_TEMPLATE_ID_MIN)
			read_data(d, set, id);
		else
			learned += learn(d, set, id == ids->options, ids);
	}
	/* Once: sets of many templates beside many that wait would cost their product. */
	if (learned != 0)
		read_pending(d);
	return true;
}
