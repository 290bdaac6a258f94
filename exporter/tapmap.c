/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface map and how it follows the taps. */
#include "exporter/tapmap.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIBVIRT_TAP = 0xfe };

/* In pmacctd's file blanks end a value, and '!' and '#' begin a comment. */
static bool can_stand_in_map(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._-@:+", *c) == NULL)
			return false;
	return name[0] != '\0';
}

static bool is_guest_tap(const struct zl_link *link)
{
	return link->tap && link->mac.b[0] == LIBVIRT_TAP;
}

static int compare(const void *a, const void *b)
{
	const struct zl_tapmap_line *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

void zl_tapmap_list(const struct zl_links *links, struct zl_tapmap *ret)
{
	const struct zl_link *link;

	ret->n = ret->n_left_out = 0;
	for (size_t i = 0; (link = zl_map_next(&links->by_index, &i)) != NULL;) {
		if (!is_guest_tap(link))
			continue;
		if (ret->n == ZL_TAPMAP_MAX || !can_stand_in_map(link->name)) {
			ret->n_left_out++;
			continue;
		}
		ret->at[ret->n] = (struct zl_tapmap_line){ .ifindex = link->ifindex,
			.waiting = !link->up };
		memcpy(ret->at[ret->n++].name, link->name, sizeof(link->name));
	}
	qsort(ret->at, ret->n, sizeof(ret->at[0]), compare);
}

static const struct zl_tapmap_line *find(const struct zl_tapmap *m, uint32_t ifindex)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].ifindex == ifindex)
			return &m->at[i];
	return NULL;
}

static bool has_name(const struct zl_tapmap *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->at[i].name, name) == 0)
			return true;
	return false;
}

/* Add the taps of `now` that have no line; false: a new map is needed. */
static bool add_new(struct zl_tapmap *map, const struct zl_tapmap *now, size_t *ret_n)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct zl_tapmap_line *known = find(map, now->at[i].ifindex);

		/* Renamed: pmacctd's socket hangs on the index. */
		if (now->at[i].waiting || (known != NULL && !known->gone))
			continue;
		if (known != NULL || map->n == ZL_TAPMAP_MAX ||
			has_name(map, now->at[i].name))
			return false;
		map->at[map->n++] = now->at[i];
		(*ret_n)++;
	}
	return true;
}

enum zl_tapmap_change zl_tapmap_follow(
	struct zl_tapmap *map, const struct zl_tapmap *now)
{
	size_t n_added = 0;

	for (size_t i = 0; i < map->n; i++)
		if (find(now, map->at[i].ifindex) == NULL)
			map->at[i].gone = true;
	map->n_left_out = now->n_left_out;
	if (!add_new(map, now, &n_added) ||
		map->n - zl_tapmap_present(map) > ZL_TAPMAP_GONE_MAX) {
		map->n = 0;
		(void)add_new(map, now, &n_added);
		return ZL_TAPMAP_OTHER;
	}
	return n_added > 0 ? ZL_TAPMAP_ADDED : ZL_TAPMAP_SAME;
}

size_t zl_tapmap_present(const struct zl_tapmap *map)
{
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += !map->at[i].gone;
	return n;
}

size_t zl_tapmap_format(const struct zl_tapmap *map, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < map->n && size - at >= ZL_TAPMAP_LINE; i++)
		at += (size_t)snprintf(buf + at, size - at,
			"ifindex=%" PRIu32 " ifname=%s direction=in\n",
			map->at[i].ifindex, map->at[i].name);
	return at;
}
