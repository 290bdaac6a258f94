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

static void learn(struct zl_decode *d, struct zl_cursor set, bool is_options,
	const struct zl_flowset_ids *ids)
{
	const struct zl_datagram *dg = d->datagram;

	if (d->stream == NULL)
		d->stream = zl_exporter_stream(d->exporter, &d->key, true, dg->now);
	if (d->stream == NULL) {
		zl_decode_drop(d, ZL_DROP_TEMPLATE_LIMIT);
		return;
	}
	(void)zl_templates_learn(&d->stream->templates, set, ids->format, is_options,
		dg->now, &d->exporter->drops);
}

/* Options tell about the exporter: when it booted, how it samples. */
static void take_options(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	d->exporter->options++;
	d->n_records++;
	if ((draft->present & ZL_ASIDE_BOOT) != 0)
		d->clock.boot_ms = d->stream->boot_ms = draft->boot_ms;
	zl_sampling_learn(&d->stream->sampling, draft);
	zl_decode_emit_options(d, draft, template_id);
}

static void take_flow(
	struct zl_decode *d, struct zl_flow_draft *draft, uint16_t template_id)
{
	/* Exporters that do not keep these times send zeros (nProbe); v5 ones do keep
	 * them, and there a flow of one packet may begin and end at boot. */
	if (draft->last_uptime == 0 && draft->first_uptime == 0)
		draft->present &= ~(ZL_ASIDE_FIRST_UPTIME | ZL_ASIDE_LAST_UPTIME);
	if (draft->present != 0)
		zl_sampling_apply(&d->stream->sampling, draft, template_id);
	if ((draft->present & ZL_ASIDE_BOOT) != 0)
		d->clock.boot_ms = d->stream->boot_ms = draft->boot_ms;
	if (draft->present != 0) {
		zl_decode_emit(d, draft, template_id);
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

static void read_data(struct zl_decode *d, struct zl_cursor set, uint16_t id)
{
	const struct zl_template *t = NULL;

	if (d->stream != NULL)
		t = zl_templates_find(&d->stream->templates, id, d->datagram->now,
			&d->exporter->drops);
	if (t == NULL) {
		zl_decode_drop(d, ZL_DROP_TEMPLATE_UNKNOWN);
		d->is_counted = false;
		return;
	}
	while (set.left >= t->min_length) {
		struct zl_flow_draft draft = { .export_ms = d->clock.export_ms };

		if (!zl_template_read(t, &set, &draft))
			break;
		if (t->is_options)
			take_options(d, &draft, id);
		else
			take_flow(d, &draft, id);
	}
	if (set.bad || (set.left >= SET_HEADER && !is_fill(set)))
		zl_decode_drop(d, ZL_DROP_RECORD_CUT);
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
			learn(d, set, id == ids->options, ids);
	}
	return true;
}
