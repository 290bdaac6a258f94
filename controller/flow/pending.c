/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data sets that wait for their template: a list in the order of arrival. */
#include "controller/flow/pending.h"

#include <stdlib.h>
#include <string.h>

static size_t size_of(const struct zl_pending_set *set)
{
	return sizeof(*set) + set->n;
}

void zl_pending_init(struct zl_pending *p, struct zl_pending_room *room)
{
	*p = (struct zl_pending){ .room = room };
	p->end = &p->first;
}

/* Unlink the set that `*at` names. */
static struct zl_pending_set *unlink_at(
	struct zl_pending *p, struct zl_pending_set **at)
{
	struct zl_pending_set *set = *at;

	*at = set->next;
	if (p->end == &set->next)
		p->end = at;
	p->n--;
	return set;
}

void zl_pending_free(struct zl_pending *p, struct zl_pending_set *set)
{
	if (set == NULL)
		return;
	p->room->used -= size_of(set);
	free(set);
}

void zl_pending_done(struct zl_pending *p)
{
	while (p->first != NULL)
		zl_pending_free(p, unlink_at(p, &p->first));
}

static void give_up_first(struct zl_pending *p, struct zl_drop_counts *drops)
{
	zl_pending_free(p, unlink_at(p, &p->first));
	zl_drop_count(drops, ZL_DROP_TEMPLATE_UNKNOWN);
}

/* Times only grow along the list. */
void zl_pending_expire(
	struct zl_pending *p, struct zl_mono now, struct zl_drop_counts *drops)
{
	while (p->first != NULL &&
		zl_mono_since(now, p->first->since) >
			(uint64_t)ZL_PENDING_TTL_S * (uint64_t)ZL_US_PER_S)
		give_up_first(p, drops);
}

void zl_pending_put(struct zl_pending *p, uint16_t set_id, struct zl_cursor set,
	const struct zl_complete_clock *clock, struct zl_wall arrival,
	struct zl_mono now, struct zl_drop_counts *drops)
{
	size_t size = sizeof(struct zl_pending_set) + set.left;
	struct zl_pending_set *new = NULL;

	zl_pending_expire(p, now, drops);
	while (p->first != NULL &&
		(p->n >= ZL_PENDING_MAX || size > p->room->most - p->room->used))
		give_up_first(p, drops);
	if (size <= p->room->most - p->room->used)
		new = malloc(size);
	if (new == NULL) {
		zl_drop_count(drops, ZL_DROP_TEMPLATE_UNKNOWN);
		return;
	}
	*new = (struct zl_pending_set){
		.clock = *clock,
		.arrival = arrival,
		.since = now,
		.id = set_id,
		.n = (uint16_t)set.left, /* a set's length is 16 bits */
	};
	memcpy(new->bytes, set.at, set.left);
	p->room->used += size;
	p->n++;
	*p->end = new;
	p->end = &new->next;
}

struct zl_pending_set *zl_pending_take(struct zl_pending *p,
	bool (*is_known)(uint16_t set_id, void *user), void *user, struct zl_mono now,
	struct zl_drop_counts *drops)
{
	zl_pending_expire(p, now, drops);
	for (struct zl_pending_set **at = &p->first; *at != NULL; at = &(*at)->next)
		if (is_known((*at)->id, user))
			return unlink_at(p, at);
	return NULL;
}
