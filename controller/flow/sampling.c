/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was told about sampling, and finding it again. */
#include "controller/flow/sampling.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { TABLE_SIZE = ZL_SAMPLING_MAX * sizeof(struct zl_sampling_rate) };

/* clang-format off */
/* What options data can be about; the first that a record has counts. */
static const struct {
	uint64_t bit; /* 0: everything */
	uint16_t offset, width;
} scopes[] = {
#define AT(m) offsetof(struct zl_flow_draft, m), sizeof(((struct zl_flow_draft *)0)->m)
	{ ZL_ASIDE_SELECTOR, AT(selector) },
	{ ZL_ASIDE_SAMPLER,  AT(sampler) },
	{ ZL_ASIDE_TEMPLATE, AT(template_id) },
	{ ZL_FLOW_IN_IF,     AT(flow.in_if) },
	{ 0,		     0, 0 },
};
/* clang-format on */

void zl_sampling_init(struct zl_sampling *s, struct zl_template_room *room)
{
	*s = (struct zl_sampling){ .room = room };
}

void zl_sampling_done(struct zl_sampling *s)
{
	if (s->rates != NULL)
		s->room->used -= TABLE_SIZE;
	free(s->rates);
	s->rates = NULL;
	s->n = 0;
}

static uint64_t get_id(const struct zl_flow_draft *d, size_t scope)
{
	uint64_t v = 0;

	/* little-endian, as all we build on */
	memcpy(&v, (const uint8_t *)d + scopes[scope].offset, scopes[scope].width);
	return v;
}

/* One in how many, by the record's own elements; 0: it does not say. */
static uint32_t get_rate(const struct zl_flow_draft *d)
{
	uint64_t of = 0;

	if (d->flow.sampling != 0)
		return d->flow.sampling;
	if ((d->present & ZL_ASIDE_TAKEN) == 0 || d->taken == 0)
		return 0;
	if ((d->present & ZL_ASIDE_POPULATION) != 0)
		of = d->population;
	else if ((d->present & ZL_ASIDE_SPACE) == 0)
		return d->taken <= UINT32_MAX ? (uint32_t)d->taken : 0;
	else if (__builtin_add_overflow(d->taken, d->space, &of))
		return 0;
	of /= d->taken;
	return of <= UINT32_MAX ? (uint32_t)of : 0;
}

static struct zl_sampling_rate *find(
	const struct zl_sampling *s, size_t scope, uint64_t id)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->rates[i].scope == scope && s->rates[i].id == id)
			return &s->rates[i];
	return NULL;
}

static struct zl_sampling_rate *make(struct zl_sampling *s)
{
	unsigned i = s->next;

	if (s->rates == NULL) {
		if (s->room->most - s->room->used < TABLE_SIZE)
			return NULL;
		s->rates = calloc(1, TABLE_SIZE);
		if (s->rates == NULL)
			return NULL;
		s->room->used += TABLE_SIZE;
	}
	s->next = (i + 1) % ZL_SAMPLING_MAX;
	if (s->n < ZL_SAMPLING_MAX)
		s->n++;
	return &s->rates[i];
}

void zl_sampling_learn(struct zl_sampling *s, struct zl_flow_draft *options)
{
	uint32_t rate = get_rate(options);
	struct zl_sampling_rate *at;
	size_t scope = 0;
	uint64_t id;

	if (rate == 0)
		return;
	options->flow.sampling = rate;
	options->present |= ZL_FLOW_SAMPLING;
	while (scopes[scope].bit != 0 && (options->present & scopes[scope].bit) == 0)
		scope++;
	id = get_id(options, scope);
	at = find(s, scope, id);
	if (at == NULL)
		at = make(s);
	if (at != NULL)
		*at = (struct zl_sampling_rate){
			.id = id, .rate = rate, .scope = (uint32_t)scope
		};
}

static uint32_t look_up(const struct zl_sampling *s, const struct zl_flow_draft *d,
	uint16_t template_id)
{
	const struct zl_sampling_rate *at;

	for (size_t scope = 0; scope < N_ITEMS(scopes); scope++) {
		uint64_t bit = scopes[scope].bit;

		if (bit == ZL_ASIDE_TEMPLATE)
			at = find(s, scope, template_id);
		else if (bit == 0 || (d->present & bit) != 0)
			at = find(s, scope, get_id(d, scope));
		else
			continue;
		if (at != NULL)
			return at->rate;
		/* nothing about its selector or sampler, and what is told of others is
		 * not about it */
		if (bit == ZL_ASIDE_SAMPLER ||
			(bit == ZL_ASIDE_SELECTOR &&
				(d->present & ZL_ASIDE_SAMPLER) == 0))
			return 0;
	}
	return 0;
}

void zl_sampling_apply(
	const struct zl_sampling *s, struct zl_flow_draft *draft, uint16_t template_id)
{
	uint32_t rate = get_rate(draft);

	if (rate == 0 && s->n != 0) {
		rate = look_up(s, draft, template_id);
		draft->present |= rate != 0 ? ZL_ASIDE_RATE_BY_OPTIONS : 0;
	}
	if (rate == 0)
		return;
	draft->flow.sampling = rate;
	draft->present |= ZL_FLOW_SAMPLING;
}
