/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which taps stand in pmacctd's map, and how the map follows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "exporter/tapmap.h"

static void put(struct zl_links *l, uint32_t ifindex, const char *name, bool tap,
	bool up, uint8_t first)
{
	struct zl_link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	*link = (struct zl_link){ .ifindex = ifindex, .tap = tap, .up = up };
	link->mac.b[0] = first;
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	assert_int_equal(0, zl_map_put(&l->by_index, &link->ifindex, link));
}

static void test_list(void **state)
{
	struct zl_links l;
	struct zl_tapmap m;
	char text[ZL_TAPMAP_TEXT];

	(void)state;
	zl_links_init(&l);
	put(&l, 12, "vnet1", true, true, 0xfe);
	put(&l, 9, "vnet0", true, true, 0xfe);
	put(&l, 2, "eth0", false, true, 0xfe);
	put(&l, 3, "vpn0", true, true, 0x52); /* a tap, but no guest's */
	put(&l, 14, "vnet2", true, false, 0xfe);
	put(&l, 15, "a#b", true, true, 0xfe);
	put(&l, 16, "a\nb=c", true, true, 0xfe);
	zl_tapmap_list(&l, &m);
	assert_int_equal(3, m.n);
	assert_int_equal(2, m.n_left_out);
	assert_true(m.at[2].waiting && !m.at[1].waiting);
	m.n = 2;
	(void)zl_tapmap_format(&m, text, sizeof(text));
	assert_string_equal("ifindex=9 ifname=vnet0 direction=in\n"
			    "ifindex=12 ifname=vnet1 direction=in\n",
		text);
	zl_links_done(&l);
}

/* Maps as text: "7a 8b! 9c?": index, name, gone, waiting. */
static void parse(const char *text, struct zl_tapmap *ret)
{
	unsigned index;
	char name[8];
	int n;

	memset(ret, 0, sizeof(*ret));
	for (; sscanf(text, " %u%7[a-z]%n", &index, name, &n) == 2; text += n) {
		struct zl_tapmap_line *line = &ret->at[ret->n++];

		line->ifindex = index;
		memcpy(line->name, name, sizeof(name));
		line->gone = text[n] == '!';
		line->waiting = text[n] == '?';
		n += line->gone || line->waiting;
	}
}

static const char *format(const struct zl_tapmap *m)
{
	static char text[256];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < m->n && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u%s%s",
			i > 0 ? " " : "", m->at[i].ifindex, m->at[i].name,
			m->at[i].gone ? "!" : "");
	return text;
}

static struct follow_case {
	const char *name, *map, *now, *after;
	enum zl_tapmap_change change;
} follow_cases[] = {
	{ "nothing", "", "", "", ZL_TAPMAP_SAME },
	{ "first", "", "7a 8b", "7a 8b", ZL_TAPMAP_ADDED },
	{ "the same", "7a 8b", "7a 8b", "7a 8b", ZL_TAPMAP_SAME },
	{ "one more goes to the end", "8b 9c", "7a 8b 9c", "8b 9c 7a",
		ZL_TAPMAP_ADDED },
	{ "one less keeps its line", "7a 8b 9c", "7a 9c", "7a 8b! 9c", ZL_TAPMAP_SAME },
	{ "one for another", "7a 8b", "7a 9c", "7a 8b! 9c", ZL_TAPMAP_ADDED },
	{ "the last is gone", "7a", "", "7a!", ZL_TAPMAP_SAME },
	{ "a new one after that", "7a!", "9c", "7a! 9c", ZL_TAPMAP_ADDED },
	{ "the name of one that is gone", "7a! 8b", "8b 9a", "8b 9a", ZL_TAPMAP_OTHER },
	{ "the name of another now", "7a 8b", "8b 9a", "8b 9a", ZL_TAPMAP_OTHER },
	{ "renamed", "7a", "7z", "7a", ZL_TAPMAP_SAME },
	{ "renamed, and its name used again", "7a", "7z 8a", "7z 8a", ZL_TAPMAP_OTHER },
	{ "back with its index", "7a! 8b", "7a 8b", "7a 8b", ZL_TAPMAP_OTHER },
	{ "not up yet", "7a", "7a 8b?", "7a", ZL_TAPMAP_SAME },
	{ "down for a while", "7a 8b", "7a 8b?", "7a 8b", ZL_TAPMAP_SAME },
	{ "other, and one not up yet", "7a", "8a 9b?", "8a", ZL_TAPMAP_OTHER },
};

static void test_follow(void **state)
{
	const struct follow_case *c = *state;
	static struct zl_tapmap map, now;

	parse(c->map, &map);
	parse(c->now, &now);
	assert_int_equal(c->change, zl_tapmap_follow(&map, &now));
	assert_string_equal(c->after, format(&map));
	/* And then there is nothing more to do. */
	assert_int_equal(ZL_TAPMAP_SAME, zl_tapmap_follow(&map, &now));
}

/* However long taps come and go, the map stays within its bounds. */
static void test_bounds(void **state)
{
	static struct zl_tapmap map, now;
	unsigned n_other = 0;

	(void)state;
	memset(&map, 0, sizeof(map));
	for (uint32_t i = 1; i < 2000; i++) {
		now.n = 1;
		now.at[0] = (struct zl_tapmap_line){ .ifindex = i };
		(void)snprintf(now.at[0].name, sizeof(now.at[0].name), "v%u", i);
		n_other += zl_tapmap_follow(&map, &now) == ZL_TAPMAP_OTHER;
		assert_true(map.n <= ZL_TAPMAP_GONE_MAX + 1);
		assert_int_equal(1, zl_tapmap_present(&map));
	}
	assert_in_range(n_other, 1, 2000 / ZL_TAPMAP_GONE_MAX);
	/* As many as fit, and one more. */
	now.n = ZL_TAPMAP_MAX;
	for (uint32_t i = 0; i < ZL_TAPMAP_MAX; i++)
		now.at[i] = (struct zl_tapmap_line){ .ifindex = 5000 + i, .name = "x" };
	for (uint32_t i = 0; i < ZL_TAPMAP_MAX; i++)
		(void)snprintf(now.at[i].name, sizeof(now.at[i].name), "w%u", i);
	(void)zl_tapmap_follow(&map, &now);
	assert_int_equal(ZL_TAPMAP_MAX, zl_tapmap_present(&map));
	(void)snprintf(now.at[0].name, sizeof(now.at[0].name), "another");
	now.at[0].ifindex = 9999;
	assert_int_equal(ZL_TAPMAP_OTHER, zl_tapmap_follow(&map, &now));
	assert_int_equal(ZL_TAPMAP_MAX, map.n);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(follow_cases) + 2] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_bounds),
	};

	for (size_t i = 0; i < N_ITEMS(follow_cases); i++)
		tests[i + 2] = (struct CMUnitTest){ .name = follow_cases[i].name,
			.test_func = test_follow,
			.initial_state = &follow_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
