/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting by name. */
#include "controller/roles/engine/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_key(char key[static ZL_TALLY_NAME], const char *name)
{
	memset(key, 0, ZL_TALLY_NAME);
	(void)snprintf(key, ZL_TALLY_NAME, "%s", name);
}

void zl_tally_init(struct zl_map *tallies, size_t most)
{
	zl_map_init(tallies, ZL_TALLY_NAME, most);
}

void zl_tally_done(struct zl_map *tallies)
{
	struct zl_tally *t;

	for (size_t i = 0; (t = zl_map_next(tallies, &i)) != NULL;)
		free(t);
	zl_map_done(tallies);
}

void zl_tally_add(struct zl_map *tallies, const char *name, uint64_t n)
{
	char key[ZL_TALLY_NAME];
	struct zl_tally *t;

	make_key(key, name);
	t = zl_map_find(tallies, key);
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		if (t == NULL || zl_map_put(tallies, key, t) < 0) {
			free(t);
			return;
		}
		memcpy(t->name, key, sizeof(key));
	}
	t->n += n;
}

uint64_t zl_tally_of(const struct zl_map *tallies, const char *name)
{
	char key[ZL_TALLY_NAME];
	const struct zl_tally *t;

	make_key(key, name);
	t = zl_map_find(tallies, key);
	return t == NULL ? 0 : t->n;
}
