/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latest counters of an exporter's interfaces. */
#include "controller/flow/interfaces.h"

#include <stdlib.h>

void zl_interfaces_init(struct zl_interfaces *x)
{
	*x = (struct zl_interfaces){ 0 };
	zl_map_init(&x->by_index, sizeof(uint32_t), ZL_INTERFACES_MAX);
}

void zl_interfaces_done(struct zl_interfaces *x)
{
	struct zl_interface *i;

	for (size_t at = 0; (i = zl_map_next(&x->by_index, &at)) != NULL;)
		free(i);
	zl_map_done(&x->by_index);
}

/* The one longest unheard, out of the map; NULL: not again so soon. */
static struct zl_interface *make_room(struct zl_interfaces *x, struct zl_wall now)
{
	struct zl_interface *i, *oldest = NULL;

	/* `now` may go back. */
	if (now.us >= x->evicted.us && now.us - x->evicted.us < ZL_US_PER_S)
		return NULL;
	x->evicted = now;
	for (size_t at = 0; (i = zl_map_next(&x->by_index, &at)) != NULL;)
		if (oldest == NULL ||
			i->counters.arrival.us < oldest->counters.arrival.us)
			oldest = i;
	return oldest == NULL ? NULL
			      : zl_map_remove(&x->by_index, &oldest->counters.if_index);
}

void zl_interfaces_note(struct zl_interfaces *x, const struct zl_if_counters *counters)
{
	struct zl_interface *i = zl_map_find(&x->by_index, &counters->if_index);

	if (i == NULL) {
		i = x->by_index.n < ZL_INTERFACES_MAX ? malloc(sizeof(*i))
						      : make_room(x, counters->arrival);
		if (i == NULL)
			return;
		if (zl_map_put(&x->by_index, &counters->if_index, i) < 0) {
			free(i);
			return;
		}
	}
	*i = (struct zl_interface){ .counters = *counters };
	x->n_untold++;
}
