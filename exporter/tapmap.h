/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pmacctd's interface map: the taps of this host's guests, one line for each.
 *
 *	ifindex=17 ifname=vnet3 direction=in
 *
 * direction=in is what comes in from the tap: what its guest sends, nothing else.
 *
 * pmacctd 1.7.7 reads the map when it starts, and again at SIGUSR2.  Then it opens what
 * is new and keeps the rest with all that waits there, as long as the lines from before
 * stay in their places: the direction of an interface is looked up by the place of its
 * line, and without it its records say interface 0.  So lines are only added while it
 * runs.  A tap that goes leaves its line, which costs nothing; everything else (a name
 * that means another tap now, too many lines) needs a new pmacctd with a new map.
 */
#ifndef ZL_EXPORTER_TAPMAP_H
#define ZL_EXPORTER_TAPMAP_H
#include <stdbool.h>
#include <stddef.h>

#include "inventory/links.h"

enum {
	ZL_TAPMAP_MAX = 500, /* pmacctd aborts at 511: two descriptors each, select() */
	ZL_TAPMAP_GONE_MAX = 100, /* lines without a tap that we bear */
	ZL_TAPMAP_LINE = 64,	  /* longest line */
};

struct zl_tapmap_line {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	bool gone;    /* the tap is not there any more */
	bool waiting; /* it is not up yet: pmacctd could not open it */
};

struct zl_tapmap {
	struct zl_tapmap_line at[ZL_TAPMAP_MAX];
	size_t n;
	size_t n_left_out; /* taps without a line: too many, or a name that cannot stand there */
};

enum zl_tapmap_change {
	ZL_TAPMAP_SAME,	 /* nothing for pmacctd to do */
	ZL_TAPMAP_ADDED, /* lines were added at the end: read the map again */
	ZL_TAPMAP_OTHER, /* another map: start again */
};

/*
 * The guests' taps by their index: kind tun, type tap, and the MAC fe:... that libvirt
 * gives them.  Those that are not up are `waiting`.
 */
void zl_tapmap_list(const struct zl_links *links, struct zl_tapmap *ret);

/*
 * Make the map that pmacctd has read, `map`, follow the list `now`, and say how.  A tap
 * comes in when it is up, and stays in when it goes down for a while.
 */
enum zl_tapmap_change zl_tapmap_follow(
	struct zl_tapmap *map, const struct zl_tapmap *now);

/* The lines whose taps are there. */
size_t zl_tapmap_present(const struct zl_tapmap *map);

/* The file's text, ended by NUL; its length.  `size` at least ZL_TAPMAP_TEXT. */
enum { ZL_TAPMAP_TEXT = ZL_TAPMAP_MAX * ZL_TAPMAP_LINE + 1 };
size_t zl_tapmap_format(const struct zl_tapmap *map, char *buf, size_t size);

#endif
