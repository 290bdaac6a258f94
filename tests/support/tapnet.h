/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace with a Linux bridge and taps, for tests that send real frames.
 *
 * What is written to a tap's descriptor is what a guest sends; what can be read from it
 * is what the guest gets.  Everything disappears with the process.
 */
#ifndef ZL_TESTS_SUPPORT_TAPNET_H
#define ZL_TESTS_SUPPORT_TAPNET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enter a new namespace; false when that is not possible here (*ret_why says why). */
bool zl_tapnet_enter(const char **ret_why);

/* A bridge that is up; its index. */
unsigned zl_tapnet_bridge(const char *name);

/* A tap as libvirt makes it: MAC fe:54:00:00:00:`last`, up, a port of `bridge` (or NULL). */
int zl_tapnet_tap(const char *name, uint8_t last, const char *bridge);

/* The index of an interface, 0 when there is none. */
unsigned zl_tapnet_index(const char *name);

/* Send a frame as the guest of `from`; does the guest of `to` get it? */
bool zl_tapnet_passes(int from, int to, const void *frame, size_t n);

/* Run a shell command; its exit status. */
int zl_tapnet_run(const char *command);

/* --- frames: put one together part by part --- */
struct zl_testframe {
	uint8_t b[256];
	size_t n;
};

/* Destination and source 52:54:00:00:00:xx (dst 0xff: broadcast), then the ethertype. */
void zl_testframe_ether(
	struct zl_testframe *f, uint8_t dst, uint8_t src, uint16_t type);
void zl_testframe_tag(struct zl_testframe *f, uint16_t tci, uint16_t inner_type);
/* 10.0.0.x; `frag` is the field of flags and offset. */
void zl_testframe_ip4(
	struct zl_testframe *f, uint8_t src, uint8_t dst, uint8_t proto, uint16_t frag);
/* fd00::x */
void zl_testframe_ip6(
	struct zl_testframe *f, uint8_t src, uint8_t dst, uint8_t next, uint8_t hops);
void zl_testframe_ports(struct zl_testframe *f, uint16_t src, uint16_t dst);
void zl_testframe_arp(
	struct zl_testframe *f, uint16_t op, uint8_t sender, uint8_t target);
void zl_testframe_nd(struct zl_testframe *f, uint8_t type, uint8_t target);
void zl_testframe_bytes(struct zl_testframe *f, const void *b, size_t n);

#endif
